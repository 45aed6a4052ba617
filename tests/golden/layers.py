"""Writes layers.json: layers in training, initial values and steps of Adam in PyTorch.

    python3 tests/golden/layers.py        (PyTorch 2.13)

`init`: after manual_seed(seed), the parameters of a layer, one after the other. `batch_norm`: the output and the
buffers of BatchNorm2d after each of `inputs`, the last one in evaluation. `lstm`: names of the parameters, and
for the parameters' initial values the output and the state. `adam`, `adamw`: for each set of options the values
of w after each step, starting from `start`, where the gradient of step i is `gradients[i]`; a null gradient is
none.
"""
import json
import pathlib

import torch
from torch import nn

torch.set_num_threads(1)


def flat(tensors):
    return [v for t in tensors for v in t.detach().double().flatten().tolist()]


def layer(seed, make):
    torch.manual_seed(seed)
    return flat(make().parameters())


def inits():
    return {
        "batch_norm": layer(0, lambda: nn.BatchNorm2d(3)),
        "layer_norm": layer(0, lambda: nn.LayerNorm([2, 3])),
        "embedding": layer(1, lambda: nn.Embedding(5, 4)),
        "embedding_padded": layer(2, lambda: nn.Embedding(5, 4, padding_idx=-2)),
        "lstm": layer(3, lambda: nn.LSTM(2, 3)),
        "lstm_both": layer(4, lambda: nn.LSTM(2, 3, num_layers=2, bidirectional=True, bias=False)),
    }


def batch_norm(**options):
    values = torch.Generator().manual_seed(5)
    norm = nn.BatchNorm2d(2, **options)
    inputs, steps = [], []
    for step in range(4):
        x = torch.randn(3, 2, 2, 1, generator=values).mul(100).round() / 100
        norm.train(step < 3)
        y = norm(x)
        inputs.append(flat([x]))
        steps.append({"y": flat([y]), "buffers": flat(norm.buffers())})
    return {"options": options, "inputs": inputs, "steps": steps}


def lstm(seed, **options):
    torch.manual_seed(seed)
    net = nn.LSTM(2, 3, **options)
    y, (h, c) = net(torch.arange(12.0).reshape(3, 2, 2) / 4 - 1)
    return {"seed": seed, "options": options, "names": [n for n, _ in net.named_parameters()],
            "shape": list(y.shape), "y": flat([y]), "h": flat([h]), "c": flat([c])}


START = [0.5, -1.25, 2.0]
GRADIENTS = [[1.0, -2.0, 0.5], [0.25, 0.5, -1.0], None, [-1.5, 3.0, 0.125], [0.75, -0.5, 0.0]]


def adam(kind, **options):
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = kind([w], **options)
    steps = []
    for g in GRADIENTS:
        w.grad = None if g is None else torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        steps.append(w.tolist())
    return {"options": options, "steps": steps}


def adams(kind):
    return [adam(kind), adam(kind, lr=0.1), adam(kind, lr=0.1, weight_decay=0.3),
            adam(kind, lr=0.1, betas=(0.5, 0.8), eps=0.01),
            adam(kind, lr=0.05, betas=(0.8, 0.7), weight_decay=0.2, amsgrad=True)]


def main():
    norms = [batch_norm(), batch_norm(momentum=None), batch_norm(momentum=0.5, eps=0.1, affine=False),
             batch_norm(track_running_stats=False)]
    lstms = [lstm(6), lstm(7, num_layers=2, bias=False), lstm(8, bidirectional=True),
             lstm(9, batch_first=True, num_layers=2, bidirectional=True)]
    out = {"pytorch": torch.__version__, "init": inits(), "batch_norm": norms, "lstm": lstms,
           "start": START, "gradients": GRADIENTS,
           "adam": adams(torch.optim.Adam), "adamw": adams(torch.optim.AdamW)}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
