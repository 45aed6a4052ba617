"""Writes network_ops.json: what PyTorch gives for normalisation, embeddings, LSTMs and the like.

    python3 tests/golden/network_ops.py        (PyTorch 2.13)

The form is that of ops.json, which ops.py tells.
"""
import pathlib

import torch
import torch.nn.functional as F

from recorder import INF, NAN, case, cases, f64, ints, rows, write, x


def activations():
    special = f64([NAN, INF, -INF, 0.0, -0.0, 30.0, -30.0])
    for shape in [(2, 3), (), (2, 0)]:
        case("erf", torch.erf, x(*shape))
        for approximate in ["none", "tanh"]:
            f = lambda t: F.gelu(t, approximate=approximate)
            case("gelu", f, x(*shape), approximate=approximate)
    case("erf", torch.erf, special, order=0)
    for approximate in ["none", "tanh"]:
        f = lambda t: F.gelu(t, approximate=approximate)
        case("gelu", f, f64([0.0, 8.0, -8.0, -12.0, 20.0]), order=1, approximate=approximate)
        case("gelu", f, special[:2], order=0, approximate=approximate)


def batch_norms():
    """Inputs: x, weight, bias, running mean and variance; outputs: y and, in training, the last two."""
    def norm(t, w, b, mean, var, training, order=2, **args):
        def f(t, w, b, mean, var):
            moved = [None if s is None else s.detach().clone() for s in (mean, var)]
            y = F.batch_norm(t, *moved, w, b, training, **args)
            return (y, *moved) if training and mean is not None else y
        case("batch_norm", f, t, w, b, mean, var, order=order, fixed=2, training=training, **args)

    for shape in [(4, 3), (2, 3, 4), (2, 3, 2, 2), (1, 2, 3, 2, 2)]:
        c = shape[1]
        stats = lambda: (x(c), x(c, low=0.5, high=2))
        norm(x(*shape), x(c), x(c), *stats(), True)
        norm(x(*shape), x(c), x(c), *stats(), False)
        norm(x(*shape), x(c), x(c), None, None, True)
        norm(x(*shape), None, None, *stats(), True, momentum=0.3, eps=0.01)
        norm(x(*shape), None, None, *stats(), False, eps=0.01)
    norm(x(3, 2), x(2), None, x(2), x(2, low=1), True, momentum=1.0)
    norm(x(3, 2, 2) + 1000, x(2), x(2), x(2), x(2, low=1), True, order=1)
    norm(f64([[1, 2], [1, 3]]), x(2), x(2), x(2), x(2, low=1), True, order=1)  # a variance of 0


def layer_norms():
    def norm(t, shape, w, b, **args):
        f = lambda t, w, b: F.layer_norm(t, shape, w, b, **args)
        case("layer_norm", f, t, w, b, normalized_shape=shape, **args)

    norm(x(3, 4), [4], x(4), x(4))
    norm(x(2, 3, 4), [4], None, None)
    norm(x(2, 3, 4), [3, 4], x(3, 4), x(3, 4), eps=0.01)
    norm(x(2, 3, 4), [2, 3, 4], x(2, 3, 4), None)
    norm(x(4), [4], x(4), x(4))
    norm(x(2, 1), [1], x(1), x(1))
    norm(x(0, 4), [4], x(4), x(4))


def embeddings():
    def embed(weight, indices, padding_idx=None, order=2):
        f = lambda w, i: F.embedding(i, w, padding_idx)
        none = -1 if padding_idx is None else padding_idx
        case("embedding", f, weight, indices, order=order, padding_idx=none)

    embed(x(4, 3), ints([0, 3, 1, 1]))
    embed(x(4, 3), ints([[0, 2], [2, 2]]), 2)
    embed(x(4, 1), ints(3))
    embed(x(4, 3), ints([]), order=1)  # PyTorch has no second order for none


def adaptive_pools():
    rows("adaptive_avg_pool2d", "output_size", F.adaptive_avg_pool2d, [
        ((2, 2, 4, 4), [1, 1]), ((2, 2, 4, 4), [2, 2]), ((1, 2, 7, 5), [3, 2]), ((2, 3, 4), [5, 6]),
        ((1, 1, 1, 6), [1, 4]), ((1, 2, 7, 7), [7, 7]), ((0, 1, 4, 4), [2, 2]),
    ])


def lstms():
    """Inputs: x, h_0, c_0, then the parameters."""
    def lstm(t, batch, hidden, layers=1, bias=True, bidirectional=False, batch_first=False):
        ways = 2 if bidirectional else 1
        parameters = []
        for layer in range(layers):
            n = t.shape[2] if layer == 0 else hidden * ways
            for _ in range(ways):
                parameters += [x(4 * hidden, n, low=-1, high=1),
                               x(4 * hidden, hidden, low=-1, high=1)]
                parameters += [x(4 * hidden), x(4 * hidden)] if bias else []
        f = lambda t, h, c, *p: torch.lstm(
            t, (h, c), p, bias, layers, 0.0, True, bidirectional, batch_first)
        state = [x(layers * ways, batch, hidden) for _ in range(2)]
        case("lstm", f, t, *state, *parameters, has_biases=bias, num_layers=layers,
             bidirectional=bidirectional, batch_first=batch_first)

    lstm(x(3, 2, 2), 2, 3)
    lstm(x(1, 1, 1), 1, 1)
    lstm(x(3, 2, 2), 2, 2, bias=False)
    lstm(x(2, 3, 2), 2, 2, batch_first=True)
    lstm(x(3, 2, 2), 2, 2, bidirectional=True)
    lstm(x(3, 2, 2), 2, 2, layers=2)
    lstm(x(3, 2, 1), 2, 2, layers=2, bidirectional=True, bias=False)


def main():
    torch.set_num_threads(1)
    for group in [activations, batch_norms, layer_norms, embeddings, adaptive_pools, lstms]:
        group()
    write(pathlib.Path(__file__).with_suffix(".json"), {"pytorch": torch.__version__, "cases": cases})
    print(len(cases), "cases of", len({c["op"] for c in cases}), "ops")


main()
