"""Writes nn.json: initial values and steps of SGD in PyTorch.

    python3 tests/golden/nn.py        (PyTorch 2.13)

`init`: after manual_seed(seed), the values that a layer or an init function draws, in the order of the
parameters. `sgd`: for each set of options the values of w after each step, starting from `start`, where
the gradient of step i is `gradients[i]`; a null gradient is none.
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


def init(seed, function, shape, **options):
    torch.manual_seed(seed)
    return flat([function(torch.empty(shape), **options)])


def inits():
    i = nn.init
    return {
        "linear": layer(0, lambda: nn.Linear(3, 4)),
        "linear_no_bias": layer(1, lambda: nn.Linear(5, 2, bias=False)),
        "conv2d": layer(2, lambda: nn.Conv2d(4, 6, (3, 2), groups=2)),
        "uniform_": init(3, i.uniform_, [5], a=-0.5, b=0.25),
        "normal_": init(3, i.normal_, [4, 5], mean=1.0, std=0.5),
        "kaiming_uniform_": init(3, i.kaiming_uniform_, [4, 3, 2], nonlinearity="relu"),
        "kaiming_uniform_fan_out": init(3, i.kaiming_uniform_, [4, 3, 2], a=0.5, mode="fan_out"),
        "kaiming_normal_": init(3, i.kaiming_normal_, [4, 6]),
        "xavier_uniform_": init(3, i.xavier_uniform_, [4, 6], gain=2.0),
        "xavier_normal_": init(3, i.xavier_normal_, [4, 6]),
    }


START = [0.5, -1.25, 2.0]
GRADIENTS = [[1.0, -2.0, 0.5], [0.25, 0.5, -1.0], None, [-1.5, 3.0, 0.125], [0.75, -0.5, 1.0]]


def sgd(**options):
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], **options)
    steps = []
    for g in GRADIENTS:
        w.grad = None if g is None else torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        steps.append(w.tolist())
    return {"options": options, "steps": steps}


def main():
    runs = [sgd(lr=0.1), sgd(lr=0.1, weight_decay=0.3), sgd(lr=0.2, momentum=0.9),
            sgd(lr=0.2, momentum=0.9, dampening=0.4, weight_decay=0.1),
            sgd(lr=0.05, momentum=0.8, weight_decay=0.01, nesterov=True)]
    out = {"pytorch": torch.__version__, "init": inits(),
           "sgd": {"start": START, "gradients": GRADIENTS, "runs": runs}}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
