"""Makes tests/golden/safetensors/*.safetensors with the format's own library (safetensors 0.8.0, numpy 2.4.6)."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

folder = Path(__file__).parent / "safetensors"
folder.mkdir(exist_ok=True)

save_file(
    {
        "out.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
        "out.bias": np.array([-1.5, 2.5, 1e-30], dtype=np.float32),
        "wide": np.array([[np.pi], [-0.0]]),
        "steps": np.array([2**62, -1, 0], dtype=np.int64),
        "count": np.array(-7, dtype=np.int32),
        "pixels": np.array([0, 16, 255], dtype=np.uint8),
        "mask": np.array([[True, False], [False, True]]),
        "empty": np.zeros((0, 4), dtype=np.float32),
        'gewöhnlich "1"\n': np.array([1], dtype=np.uint8),
    },
    folder / "all.safetensors",
    metadata={"format": "pt"},
)
save_file({"b": np.array([1, 2, 3], dtype=np.uint8)}, folder / "plain.safetensors")
save_file({}, folder / "nothing.safetensors")
