"""Writes optdigits.json: how the report's network learns the handwritten digits in PyTorch.

    python3 tests/golden/optdigits.py FOLDER        (PyTorch 2.13; FOLDER: optdigits.tra and .tes)

Draws, right after manual_seed: conv weight, hidden layer, output layer (bias in their last row)
from U(-0.5, 0.5), then one randperm an epoch. `official` trains on the official split, `fallback`
on the first 1,347 rows of optdigits.tes and tests on its last 450. Losses are means over the samples
of an epoch while it trains; train_right and test_right count right answers after the epoch.
NNPACK stays off (its convolution alone moves the first epoch by a percent) and so does oneDNN: like
this the losses are those of float64 to 1e-7. `fallback` has no seed 2: within a rounding error of
its path lies a kink; with oneDNN, or noise of 1e-7 on the weights, its losses change by a percent.
"""
import argparse
import json
import pathlib

import torch
from torch.nn.functional import conv2d, cross_entropy, max_pool2d, relu


def read(path):
    """Images [N, 1, 8, 8] in 0..1 and classes [N]."""
    rows = [[int(v) for v in line.split(",")] for line in path.read_text().split()]
    table = torch.tensor(rows)
    return table[:, :64].float().reshape(-1, 1, 8, 8) / 16, table[:, 64]


def splits(folder):
    train, test = read(folder / "optdigits.tra"), read(folder / "optdigits.tes")
    (images, labels) = test
    fallback = (images[:1347], labels[:1347]), (images[-450:], labels[-450:])
    return {"official": (train, test), "fallback": fallback}


def parameters():
    shapes = [(4, 1, 3, 3), (65, 32), (33, 10)]
    conv, hidden, out = (torch.empty(s).uniform_(-0.5, 0.5) for s in shapes)
    return [p.requires_grad_() for p in (conv, torch.zeros(4), hidden, out)]


def dense(x, w):
    return torch.cat([x, x.new_ones(len(x), 1)], 1) @ w


def net(x, p):
    conv, bias, hidden, out = p
    x = max_pool2d(relu(conv2d(x, conv, bias, padding=1)), 2).flatten(1)
    return dense(relu(dense(x, hidden)), out)


def train_epoch(images, labels, p):
    total = 0.0
    for batch in torch.randperm(len(images)).split(64):
        loss = cross_entropy(net(images[batch], p), labels[batch])
        gradients = torch.autograd.grad(loss, p)
        with torch.no_grad():
            for w, g in zip(p, gradients):
                w -= 0.2 * g
        total += loss.item() * len(batch)
    return total / len(images)


@torch.no_grad()
def right_answers(images, labels, p):
    return int((net(images, p).argmax(1) == labels).sum())


def run(split, seed, epochs):
    train, test = split
    torch.manual_seed(seed)
    p = parameters()
    losses, train_right, test_right = [], [], []
    for _ in range(epochs):
        losses.append(train_epoch(*train, p))
        train_right.append(right_answers(*train, p))
        test_right.append(right_answers(*test, p))
    return {"seed": seed, "losses": losses, "train_right": train_right, "test_right": test_right}


def describe(split, runs):
    (_, train), (_, test) = split
    return {"train_images": len(train), "test_images": len(test), "runs": runs}


def long_run(split, seeds, epochs):
    """Test accuracies in percent at the end, a seed each."""
    n = len(split[1][1])
    accuracies = [100 * run(split, s, epochs)["test_right"][-1] / n for s in seeds]
    return {"seeds": len(seeds), "epochs": epochs, "test_accuracies": accuracies,
            "mean": sum(accuracies) / len(accuracies)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    torch.backends.nnpack.set_flags(False)
    torch.backends.mkldnn.set_flags(False)
    data = splits(folder)
    out = {"pytorch": torch.__version__}
    for name, seeds in {"official": [0, 1, 2], "fallback": [0, 1, 3]}.items():
        split = data[name]
        out[name] = describe(split, [run(split, seed, 3) for seed in seeds])
        out[name]["pytorch_30_epochs"] = long_run(split, range(10), 30)
    text = json.dumps(out, indent=1)
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


if __name__ == "__main__":
    main()
