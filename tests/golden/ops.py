"""Writes ops.json: what PyTorch gives for every op, with gradients of both orders.

    python3 tests/golden/ops.py        (PyTorch 2.13)

A case: op, args (names as in PyTorch), inputs (null: left out), outputs; where the op is
differentiable also dy (one an output, null: none) and grads (one an input, null: none) of
sum(y * dy); for order 2 also v (one a gradient), grads2 and grads2_dy, the gradients of
sum(grads * v) with respect to inputs and dy.
A tensor: shape, dtype (left out: float64), data (row-major; "nan", "inf", "-inf" as text).
"""
import pathlib

import torch
import torch.nn.functional as F

from recorder import INF, NAN, case, cases, f64, ints, mask, rows, write, x


# ---- element by element

def unary(op, low=-2.0, high=2.0, special=(), order=2):
    """Three shapes, then points where the gradient is a matter of choice, then values alone."""
    f = getattr(torch, op)
    case(op, f, x(2, 3, low=low, high=high), order=order)
    case(op, f, x(low=low, high=high), order=order)
    case(op, f, x(2, 0), order=order)
    if special:
        case(op, f, f64(special), order=1)
    case(op, f, f64([NAN, INF, -INF, 0.0, -0.0]), order=0)


def unaries():
    unary("neg")
    unary("abs", special=[0.0, -0.0])
    unary("sign", special=[0.0, 1.5], order=1)
    unary("square", special=[0.0])
    unary("exp", special=[-800.0, 700.0])
    unary("log", 0.3, 3, special=[0.0])
    unary("sqrt", 0.3, 3, special=[0.0])
    unary("sigmoid", -4, 4, special=[0.0, 40.0, -40.0, 800.0, -800.0])
    unary("tanh", special=[0.0, 30.0, -30.0])
    unary("relu", special=[0.0, -0.0])


BROADCASTS = [
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((2, 1, 3), (4, 1)), ((), ()),
    ((0, 3), (1,)), ((1, 1), (3,)),
]


def binary(op, low=-2.0, high=2.0):
    f = getattr(torch, op)
    for a, b in BROADCASTS:
        case(op, f, x(*a, low=low, high=high), x(*b, low=low, high=high))
    special = f64([NAN, 1.0, INF, -INF, 0.0, -1.0, INF, 0.0])
    case(op, f, special, f64([1.0, NAN, INF, 1.0, 0.0, 0.0, -INF, -0.0]), order=0)
    for number in [1.5, 2]:
        case(op, lambda a: f(a, number), x(4, low=low, high=high), other=number)


def binaries():
    binary("add")
    binary("sub")
    binary("mul")
    binary("div", 0.4, 2)
    binary("pow", 0.4, 2)
    case("sub", lambda a: 3.0 - a, x(2, 2), self=3.0)
    case("div", lambda a: 3.0 / a, x(2, 2, low=0.4), self=3.0)
    case("pow", lambda a: 3.0**a, x(2, 2), self=3.0)
    case("mul", lambda a: a * a, x(3), both=1)
    case("pow", torch.pow, f64([0, 0, 0, -2, -2, -1.5]), f64([0, 1, 2, 2, 3, -1]), order=1)
    for exponent in [0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0]:
        low = -2 if exponent == int(exponent) else 0.4
        case("pow", lambda a: torch.pow(a, exponent), x(4, low=low), other=exponent)
    case("pow", lambda a: torch.pow(a, 2), f64([0.0]), other=2)
    case("div", torch.div, f64([1, -1, 0, 0]), f64([0, 0, 0, -0.0]), order=0)
    for op, f in [("maximum", torch.maximum), ("minimum", torch.minimum)]:
        for a, b in [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (2, 2)), ((), ()), ((0,), (1,))]:
            case(op, f, x(*a), x(*b))
        case(op, f, f64([1, 2, 0.0]), f64([1, 2, -0.0]), order=1)
        case(op, f, f64([NAN, 1, NAN, INF, -INF]), f64([1, NAN, NAN, NAN, 2]), order=0)


def clamps():
    def clamp(t, order=2, **args):
        case("clamp", lambda t: torch.clamp(t, **args), t, order=order, **args)

    clamp(x(2, 4), min=-0.5, max=0.8)
    clamp(x(5), min=0.1)
    clamp(x(5), max=0.1)
    clamp(x(), min=-0.5, max=0.5)
    clamp(x(0, 2), min=0.0, max=1.0)
    clamp(x(4), min=1.0, max=-1.0)  # max wins
    clamp(f64([-1, 2, -1.5, 2.5, 0]), order=1, min=-1, max=2)
    clamp(f64([NAN, INF, -INF]), order=0, min=-1, max=2)
    case("clamp", torch.clamp, x(2, 3), x(3, low=-1, high=0), x(2, 1, low=0, high=1))
    case("clamp", torch.clamp, x(3), x(3), None)


def selections():
    case("where", torch.where, mask([[True, False, True], [False, False, True]]), x(2, 3), x(2, 3))
    case("where", torch.where, mask([True, False]), x(3, 2), x(3, 1))
    case("where", torch.where, mask(True), x(2), x())
    case("where", torch.where, mask([]), x(0), x(0))
    case("where", lambda c, a: torch.where(c, a, 0.5), mask([True, False]), x(2), other=0.5)
    case("where", lambda c, a: torch.where(c, 0.5, a), mask([True, False]), x(2), self=0.5)

    def masked_fill(t, m, value):
        as_text = "-inf" if value == -INF else value
        case("masked_fill", lambda t, m: t.masked_fill(m, value), t, m, value=as_text)

    masked_fill(x(2, 3), mask([[True, False, True]] * 2), -1.5)
    masked_fill(x(2, 3), mask([True, False, False]), -INF)
    masked_fill(x(2, 1), mask([True, False, False]), 2)
    by_tensor = lambda t, m, v: t.masked_fill(m, v)
    case("masked_fill", by_tensor, x(2, 3), mask([[True], [False]]), x())


def comparisons():
    for op in ["eq", "ne", "lt", "le", "gt", "ge"]:
        f = getattr(torch, op)
        a, b = f64([[1, 2, 3], [NAN, 0.0, INF]]), f64([[1, 3, 2], [NAN, -0.0, INF]])
        case(op, f, a, b, order=0)
        case(op, f, f64([1, 2, 3]), f64([[2], [3]]), order=0)
        case(op, f, f64(1), f64([1, 2]), order=0)
        for number in [2, 1.5]:
            case(op, lambda a: f(a, number), ints([1, 2, 3]), order=0, other=number)
        case(op, f, ints([1, 2, 3]), f64([0.5, 2, 3.5]), order=0)
        case(op, f, f64([]), f64([[1.0]]), order=0)


# ---- reductions

DIMS = [
    {}, {"dims": [0]}, {"dims": [-1], "keepdim": True}, {"dims": [0, 2]},
    {"dims": [2, 0, 1], "keepdim": True},
]


def reduce(op, t, order=2, **args):
    """`dims` is what PyTorch calls dim."""
    arguments = {"dim" if k == "dims" else k: v for k, v in args.items()}
    case(op, lambda t: getattr(torch, op)(t, **arguments), t, order=order, **args)


def sums():
    for op in ["sum", "mean", "var"]:
        for args in DIMS:
            reduce(op, x(2, 3, 4), **args)
        reduce(op, x(2, 0), order=0, dims=[1])
        reduce(op, x(2, 0), order=1, dims=[0])
        reduce(op, x(0, 3), order=0)
        reduce(op, f64([1, NAN, 2]), order=0)
        reduce(op, f64([1, INF, -INF]), order=0)
        reduce(op, x(), order=0 if op == "var" else 2)
    for dim in [0, -1]:
        reduce("sum", x(), dims=[dim])
    reduce("sum", mask([True, False, True]))
    reduce("sum", torch.tensor([[200, 1], [100, 2]], dtype=torch.uint8), dims=[0])
    for correction in [0, 2]:
        reduce("var", x(3, 4), dims=[1], correction=correction)
    reduce("var", x(2, 1), order=0, dims=[1])
    reduce("var", f64([[2, 2, 2], [1e8, 1e8 + 1, 1e8 + 2]]), order=1, dims=[1])


TIED = f64([[3, 1, 3, 3], [0, 0, 0, 0], [-1, 5, 5, -INF]])
NANS = f64([[1, NAN, 3, NAN], [NAN, 0, INF, 0]])


def extremes():
    for op in ["amax", "amin"]:
        for args in DIMS:
            reduce(op, x(2, 3, 4), **args)
        for args in [{}, {"dims": [1]}, {"dims": [0]}]:
            reduce(op, TIED, order=1, **args)
            reduce(op, NANS, order=0, **args)
        reduce(op, x(2, 0), order=1, dims=[0])
        reduce(op, x())
    for op in ["max", "min"]:
        extreme_with_index(op)
    for op in ["argmax", "argmin"]:
        f = getattr(torch, op)
        for t in [x(3, 4), TIED, NANS, ints([[2, 7, 7, 2]] * 2)]:
            case(op, f, t, order=0)
            for dim, keepdim in [(0, False), (1, True)]:
                case(op, lambda t: f(t, dim, keepdim), t, order=0, dim=dim, keepdim=keepdim)
        case(op, f, x(), order=0)
        case(op, lambda t: f(t, 0), x(2, 0), order=0, dim=0, keepdim=False)


def extreme_with_index(op):
    f = getattr(torch, op)

    def along(dim, keepdim, t, order=2):
        case(op, lambda t: f(t, dim, keepdim), t, order=order, dim=dim, keepdim=keepdim)

    case(op, f, x(2, 3))
    case(op, f, x())
    case(op, f, TIED, order=1)
    case(op, f, NANS, order=0)
    case(op, f, ints([[3, 1], [4, 1]]))
    for dim, keepdim in [(0, False), (1, True), (-1, False)]:
        along(dim, keepdim, x(2, 3, 4))
        along(dim, keepdim, TIED, order=1)
        along(dim, keepdim, NANS, order=0)
    along(0, False, x())
    along(0, False, x(2, 0), order=1)
    along(1, False, ints([[3, 1, 3], [4, 1, 1]]))


def log_sums():
    def logsumexp(t, dims, keepdim=False, order=2):
        f = lambda t: torch.logsumexp(t, dims, keepdim)
        case("logsumexp", f, t, order=order, dims=dims, keepdim=keepdim)

    logsumexp(x(2, 3, 4), [1])
    logsumexp(x(2, 3, 4), [0, -1], True)
    logsumexp(x(), [0])
    logsumexp(f64([[1000, 1000.5, 999], [-1000, -1000.5, -999]]), [1])
    logsumexp(f64([[-INF, 0.5], [-INF, 1.0]]), [1], order=1)
    logsumexp(f64([[INF, 1.0], [NAN, 1.0], [-INF, -INF]]), [1], order=0)
    logsumexp(x(2, 0), [1], order=0)
    logsumexp(x(0, 2), [1], order=0)
    for t, dim in [
        (x(2, 3, 4), 0), (x(2, 3, 4), 1), (x(2, 3, 4), -1), (x(), 0), (x(2, 0), 1), (x(0, 2), 1),
        (ints([[1, 2, 3]]), 1), (mask([True, True, False]), 0), (f64([1, NAN, 2]), 0),
    ]:
        order = 0 if t.isnan().any() else 2
        case("cumsum", lambda t: torch.cumsum(t, dim), t, order=order, dim=dim)


# ---- products

MATMULS = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)), ((1, 2, 3), (2, 3, 1)), ((2, 0, 3), (3, 2)), ((2, 2, 0), (0, 2)),
    ((0,), (0,)),
]


def products():
    mm = [((2, 3), (3, 4)), ((1, 3), (3, 1)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((5, 6), (6, 7))]
    bmm = [((2, 3, 4), (2, 4, 2)), ((1, 1, 1), (1, 1, 1)), ((0, 2, 3), (0, 3, 2)),
           ((2, 2, 0), (2, 0, 2))]
    for op, shapes in [("mm", mm), ("bmm", bmm), ("matmul", MATMULS)]:
        for a, b in shapes:
            case(op, getattr(torch, op), x(*a), x(*b))
    for n in [4, 1, 0]:
        case("dot", torch.dot, x(n), x(n))
    case("mm", lambda a, b: torch.mm(a.t(), b.t()), x(3, 2), x(4, 3), transposed=1)
    case("mm", torch.mm, ints([[1, 2], [3, 4]]), ints([[5, 6], [7, 8]]))
    case("mm", torch.mm, f64([[1, INF], [NAN, 0]]), f64([[1, 0], [0, 1]]), order=0)
    for shape in [(4, 3), (3,), (2, 2, 3), (0, 3)]:
        case("linear", F.linear, x(*shape), x(2, 3), x(2))
    case("linear", F.linear, x(4, 3), x(2, 3), None)
    dense = lambda t, w: torch.cat([t, t.new_ones(*t.shape[:-1], 1)], -1) @ w
    for n in [4, 1, 0]:
        case("dense", dense, x(n, 3), x(4, 2))


# ---- shapes

def joins():
    def cat(*tensors, dim):
        case("cat", lambda *t: torch.cat(t, dim), *tensors, dim=dim)

    cat(x(2, 3), x(1, 3), dim=0)
    cat(x(2, 3), x(2, 1), x(2, 2), dim=1)
    cat(x(2, 1, 2), x(2, 1, 2), dim=-2)
    cat(x(3), dim=0)
    cat(x(2, 0), x(2, 2), dim=1)
    cat(x(0), x(2, 2), dim=1)
    cat(ints([1, 2]), f64([0.5]), dim=0)
    for dim in [0, 1, -1]:
        case("stack", lambda *t: torch.stack(t, dim), x(2, 3), x(2, 3), dim=dim)
    case("stack", lambda *t: torch.stack(t, 0), x(), x(), x(), dim=0)
    rows("split", "split_size dim", torch.split, [
        ((5, 4), 2, 0), ((5, 4), 1, 1), ((2, 4), 3, -1), ((5, 4), [1, 3], 1),
        ((5, 4), [2, 0, 3], 0),
    ])
    rows("chunk", "chunks dim", torch.chunk, [
        ((7, 2), 3, 0), ((2, 5), 4, 1), ((2, 2), 3, 0), ((2, 4), 1, 1),
    ])


def dilate(t, dilation):
    h, w = dilation
    out = t.new_zeros(*t.shape[:-2], (t.shape[-2] - 1) * h + 1, (t.shape[-1] - 1) * w + 1)
    out[..., ::h, ::w] = t
    return out


def unpad(t, size):
    h, w = size
    return t[..., h:t.shape[-2] - h, w:t.shape[-1] - w]


def borders():
    rows("pad", "pad value", lambda t, pad, value: F.pad(t, pad, value=value), [
        ((2, 3), [1, 2], 0), ((2, 3), [1, 0, 0, 2], 0.5), ((1, 2, 2, 2), [1, 1, 2, 2], 0),
        ((2, 4), [-1, -2], 0), ((2, 3), [-1, 2, 1, -1], 1.5), ((0, 2), [1, 1], 0),
        ((2,), [0, 0], 0),
    ])
    case("add_pad", lambda t: F.pad(t, [1, 1, 1, 1], value=0.5), x(1, 2, 2, 3), size=1, value=0.5)
    rows("unpad", "size", unpad, [((1, 2, 5, 4), [h, w]) for h, w in [(1, 1), (2, 1), (0, 0)]])
    rows("dilate", "dilation", dilate, [
        ((1, 2, 2, 3), [2, 2]), ((2, 2), [3, 1]), ((1, 1, 2, 2), [1, 2]), ((1, 1, 1, 1), [4, 4]),
    ])
    rows("flip", "dims", torch.flip, [
        ((2, 3), [0]), ((2, 3), [-2, -1]), ((2, 2, 3), [0, 2]), ((0, 2), [0]), ((), []),
    ])
    for op in ["triu", "tril"]:
        f = getattr(torch, op)
        rows(op, "diagonal", f, [
            ((3, 3), 0), ((3, 4), 1), ((4, 3), -1), ((2, 2, 3), 0), ((2, 3), 5), ((2, 3), -5),
        ])
        case(op, f, ints([[1, 2], [3, 4]]), diagonal=0)
        case(op, f, f64([[NAN, INF], [NAN, INF]]), order=0, diagonal=0)


def pickings():
    def gather(t, dim, index):
        case("gather", lambda t, i: torch.gather(t, dim, i), t, index, dim=dim)

    def scatter_add(t, dim, index, src, order=2):
        f = lambda t, i, s: torch.scatter_add(t, dim, i, s)
        case("scatter_add", f, t, ints(index), src, order=order, dim=dim)

    def index_select(t, dim, index):
        case("index_select", lambda t, i: torch.index_select(t, dim, i), t, index.long(), dim=dim)

    gather(x(3, 4), 0, ints([[0, 2, 1, 2]]))
    gather(x(3, 4), 1, ints([[0, 0, 3], [1, 1, 1], [2, 3, 0]]))
    gather(x(2, 3), -1, ints([[2], [2]]))
    gather(x(2, 3, 2), 1, ints([[[0, 1], [0, 2]]]))
    gather(x(4), 0, ints([3, 3, 0]))
    gather(x(), 0, ints(0))
    gather(x(2, 2), 0, ints([]).reshape(0, 2))
    scatter_add(x(3, 4), 0, [[0, 2, 1, 2], [0, 0, 1, 2]], x(2, 4))
    scatter_add(x(4), 0, [1, 1, 1], x(3))
    scatter_add(x(2, 3), 1, [[2, 2]], x(1, 2))
    scatter_add(x(2, 3), 1, [[2, 2], [0, 1]], x(3, 3), order=0)  # PyTorch has no gradient for
    scatter_add(x(4), 0, [1, 2], x(3), order=0)                  # a source larger than the index
    index_select(x(3, 2), 0, ints([2, 0, 0]))
    index_select(x(2, 3), 1, ints([1]))
    index_select(x(2, 3, 2), -1, ints([1, 0]))
    index_select(x(3, 2), 0, ints([]))


# ---- convolution and pooling

CONVOLUTIONS = [  # input, weight, bias or not, arguments
    ((2, 1, 4, 4), (2, 1, 3, 3), 1, {}),
    ((2, 1, 4, 5), (2, 1, 3, 3), 1, {"padding": [1, 1]}),
    ((1, 2, 3, 3), (3, 2, 1, 1), 0, {}),
    ((1, 2, 4, 4), (2, 2, 2, 3), 1, {}),
    ((1, 1, 8, 8), (1, 1, 3, 3), 0, {"stride": [2, 2], "padding": [1, 1]}),  # a last row left over
    ((1, 2, 7, 6), (2, 2, 3, 2), 1, {"stride": [3, 2]}),
    ((1, 1, 6, 6), (2, 1, 2, 2), 1, {"dilation": [2, 2]}),
    ((1, 2, 7, 7), (2, 2, 3, 3), 0, {"stride": [2, 2], "padding": [2, 2], "dilation": [2, 2]}),
    ((1, 4, 4, 4), (4, 2, 3, 3), 1, {"padding": [1, 1], "groups": 2}),
    ((2, 3, 3, 3), (3, 1, 2, 2), 1, {"groups": 3}),
    ((1, 2, 4, 4), (4, 1, 2, 2), 0, {"stride": [2, 1], "padding": [0, 1], "groups": 2}),
    ((1, 2, 5, 7), (2, 1, 2, 3), 1,
     {"stride": [2, 3], "padding": [1, 2], "dilation": [2, 1], "groups": 2}),
    ((1, 1, 2, 2), (1, 1, 2, 2), 1, {"padding": [3, 3]}),
    ((1, 1, 5, 5), (1, 1, 5, 5), 0, {}),
    ((2, 4, 4), (2, 2, 3, 3), 1, {"padding": [1, 1]}),  # without batch
    ((0, 1, 4, 4), (2, 1, 3, 3), 1, {}),
]


def convolutions():
    for shape, weight, bias, args in CONVOLUTIONS:
        b = x(weight[0]) if bias else None
        case("conv2d", lambda t, w, b: F.conv2d(t, w, b, **args), x(*shape), x(*weight), b, **args)


POOLINGS = [  # input, kernel, arguments
    ((2, 2, 4, 4), [2, 2], {}),
    ((1, 1, 5, 5), [2, 2], {}),
    ((1, 2, 5, 4), [3, 2], {"stride": [1, 1]}),
    ((1, 1, 7, 7), [2, 2], {"stride": [3, 3]}),
    ((1, 1, 5, 6), [2, 3], {"stride": [2, 1]}),
    ((1, 1, 4, 4), [3, 3], {"stride": [2, 2], "padding": [1, 1]}),
    ((2, 4, 4), [2, 2], {}),
    ((0, 1, 4, 4), [2, 2], {}),
]
TIED_IMAGE = f64([[[[0, 1, 1, 0, 2], [1, 1, 0, 2, 2], [0, 0, 0, 0, 0], [3, 3, 3, 1, 0]]]])
NAN_IMAGE = f64([[[[1, NAN, 2, 3], [NAN, 0, 4, 3], [-INF, -INF, INF, 1], [-INF, -INF, 2, INF]]]])


def poolings():
    def maximum(t, kernel, order=2, **args):
        f = lambda t: F.max_pool2d(t, kernel, return_indices=True, **args)
        case("max_pool2d_with_indices", f, t, order=order, kernel=kernel, **args)

    def average(t, kernel, order=2, **args):
        f = lambda t: F.avg_pool2d(t, kernel, **args)
        case("avg_pool2d", f, t, order=order, kernel=kernel, **args)

    for shape, kernel, args in POOLINGS:
        maximum(x(*shape), kernel, **args)
        average(x(*shape), kernel, **args)
    maximum(x(1, 1, 5, 5), [2, 2], stride=[1, 1], dilation=[2, 2])
    maximum(x(1, 1, 5, 5), [2, 2], ceil_mode=True)
    maximum(TIED_IMAGE, [2, 2], order=1)
    maximum(TIED_IMAGE, [3, 3], order=1, stride=[1, 1])
    maximum(NAN_IMAGE, [2, 2], order=0)
    maximum(NAN_IMAGE, [3, 3], order=0, stride=[1, 1])
    average(x(1, 1, 4, 4), [3, 3], stride=[2, 2], padding=[1, 1], count_include_pad=False)
    average(NAN_IMAGE, [2, 2], order=0)
    for t, kernel, stride in [(x(1, 2, 4, 4), 2, 2), (x(1, 1, 5, 5), 2, 2), (TIED_IMAGE, 2, 2),
                              (x(1, 1, 4, 4), 3, 1)]:
        case("max_pool", lambda t: max_pool(t, kernel, stride), t, order=0, k=kernel, stride=stride)


def max_pool(t, kernel, stride):
    """The report's: output, and where in t the (first) maxima of the windows are."""
    y, index = F.max_pool2d(t, kernel, stride, return_indices=True)
    return y, torch.zeros_like(t).flatten(2).scatter(2, index.flatten(2), 1).reshape(t.shape)


# ---- softmax and losses

def softmaxes():
    for op, f in [("softmax", torch.softmax), ("log_softmax", torch.log_softmax)]:
        rows(op, "dim", f, [
            ((2, 3), 1), ((2, 3), 0), ((2, 3, 2), 1), ((3,), -1), ((), 0), ((2, 1), 1), ((0, 3), 1),
            ((3, 0), 1),
        ])
        case(op, lambda t: f(t, 1), f64([[1000, 1001, 999.5], [-1000, -1001, -999.5]]), dim=1)
        case(op, lambda t: f(t, 1), f64([[-INF, 1, 2]]), order=1, dim=1)
        case(op, lambda t: f(t, 1), f64([[-INF, -INF], [NAN, 1], [INF, 1]]), order=0, dim=1)


CLASSES = ints([2, 0, 1, 2])
ONE_HOT = f64([[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
PROBABILITIES = f64([[0.2, 0.3, 0.5], [1, 0, 0], [0.25, 0.25, 0.5], [0, 0.5, 0.5]])


def loss(op, *inputs, order=2, **args):
    case(op, lambda *t: getattr(F, op)(*t, **args), *inputs, order=order, **args)


def losses():
    for reduction in [{}, {"reduction": "sum"}, {"reduction": "none"}]:
        loss("cross_entropy", x(4, 3), CLASSES, **reduction)
        loss("cross_entropy", x(4, 3), PROBABILITIES, **reduction)
        loss("nll_loss", x(4, 3), CLASSES, **reduction)
        loss("mse_loss", x(4, 3), x(4, 3), **reduction)
    loss("cross_entropy", x(4, 3), ONE_HOT)
    for op in ["cross_entropy", "nll_loss"]:
        losses_by_class(op)
    loss("cross_entropy", x(4, 3), CLASSES, label_smoothing=0.1)
    loss("cross_entropy", f64([[1000, -1000, 0], [-1000, 1000, 0]]), ints([0, 0]), order=1)
    loss("cross_entropy", x(2, 3, 2), torch.softmax(x(2, 3, 2), 1))
    loss("mse_loss", x(0, 3), x(0, 3), order=0)
    loss("mse_loss", x(), x())


def losses_by_class(op):
    loss(op, x(4, 3), ints([2, -100, 1, -100]))
    loss(op, x(4, 3), CLASSES, ignore_index=2)
    loss(op, x(2, 3), ints([-100, -100]), order=0)
    loss(op, x(3), ints(1))
    loss(op, x(2, 3, 2), ints([[0, 1], [2, 2]]))
    loss(op, x(0, 3), ints([]), order=0)
    weighted = lambda t, c, w: getattr(F, op)(t, c, weight=w)
    case(op, weighted, x(4, 3), CLASSES, f64([0.5, 2, 1]), fixed=1)


# ---- views and indexing

def reshapes():
    sizes = [((2, 6), [3, 4]), ((2, 6), [-1]), ((2, 3), [2, 1, 3]), ((), [1, 1]), ((1,), []),
             ((0, 3), [3, 0])]
    rows("view", "size", torch.Tensor.view, sizes)
    rows("reshape", "size", torch.reshape, sizes)
    case("reshape", lambda t: t.t().reshape(2, 3), x(2, 3), size=[2, 3], transposed=1)
    rows("flatten", "start_dim end_dim", torch.flatten, [
        ((2, 3, 2), 0, -1), ((2, 3, 2), 1, -1), ((2, 3, 2), 0, 1), ((2, 3, 2), 2, 2), ((), 0, -1),
    ])
    rows("expand", "size", torch.Tensor.expand, [
        ((3,), [2, 3]), ((2, 1), [-1, 3]), ((), [2, 2]), ((1, 2, 1), [3, 2, 2]), ((1,), [0]),
    ])
    rows("squeeze", "", torch.squeeze, [((1, 2, 1),)])
    rows("squeeze", "dim", torch.squeeze, [((1, 2), 0), ((1, 2), 1), ((2, 1), -1), ((), 0)])
    rows("unsqueeze", "dim", torch.unsqueeze, [((2, 3), 0), ((2, 3), 2), ((2, 3), -1), ((), 0)])


def views():
    rows("permute", "dims", torch.permute, [((2, 3, 4), [2, 0, 1]), ((2, 3), [-1, 0]), ((), [])])
    rows("transpose", "dim0 dim1", torch.transpose, [
        ((2, 3), 0, 1), ((2, 3, 2), -1, 0), ((), 0, -1),
    ])
    rows("t", "", torch.t, [((2, 3),), ((3,),), ((),)])
    rows("unfold", "dim size step", torch.Tensor.unfold, [
        ((7,), 0, 3, 2), ((2, 5), 1, 2, 1), ((4, 2), -2, 2, 3), ((5,), 0, 5, 1), ((), 0, 1, 1),
    ])
    rows("diagonal", "offset dim1 dim2", torch.diagonal, [
        ((3, 4), 0, 0, 1), ((3, 4), 1, 0, 1), ((3, 4), -2, 0, 1), ((2, 3, 3), 0, 1, 2),
        ((2, 3, 4), 1, -1, 0), ((2, 3), 3, 0, 1),
    ])
    rows("as_strided", "size stride storage_offset", torch.as_strided, [
        ((6,), [2, 2], [3, 1], 1), ((5,), [3, 3], [1, 1], 0), ((4,), [2, 3], [0, 1], 1),
        ((3,), [], [], 2),
    ])
    rows("narrow", "dim start length", torch.narrow, [
        ((5, 2), 0, 1, 3), ((2, 4), -1, 2, 0), ((2, 4), 1, -3, 2),
    ])
    rows("select", "dim index", torch.select, [((3, 2), 0, 1), ((2, 3), -1, -1), ((4,), 0, 2)])
    rows("slice", "dim start end step", torch.ops.aten.slice, [
        ((6, 2), 0, 1, 5, 2), ((2, 5), 1, -3, 9, 1), ((5,), 0, 3, 2, 1), ((5,), 0, 0, 5, 3),
    ])


def index_args(index):
    """{"int": i}, {"slice": [start, stop, step]}, "none", "ellipsis", or "input": the next input."""
    def entry(i):
        if isinstance(i, slice):
            return {"slice": [i.start, i.stop, i.step]}
        if isinstance(i, torch.Tensor):
            return "input"
        return "none" if i is None else "ellipsis" if i is Ellipsis else {"int": i}
    return [entry(i) for i in index]


def tensors_of(index):
    return [i for i in index if isinstance(i, torch.Tensor)]


def fill_in(index, tensors):
    tensors = iter(tensors)
    return tuple(next(tensors) if isinstance(i, torch.Tensor) else i for i in index)


ALL = slice(None)
PICKS = ints([2, 0, -1])
COLUMNS = mask([[True, False, True, False]] * 3)
INDICES = [
    ((3, 4), [1]), ((3, 4), [-1, ALL]), ((3, 4), [ALL, slice(1, None, 2)]), ((3, 4), [Ellipsis, 0]),
    ((3, 4), [None, 1, None]), ((2, 3, 2), [0, Ellipsis, -1]), ((2, 3), [Ellipsis]),
    ((4,), [slice(-3, -1)]), ((4,), [slice(2, 100)]), ((3, 4), [1, 2]), ((), [None]),
    ((3, 4), [PICKS]), ((3, 4), [ALL, PICKS]), ((3, 4), [PICKS, PICKS]),
    ((3, 4), [ints([[0, 1], [2, 0]])]), ((3, 4), [PICKS, ints([[1], [3]])]),
    ((3, 2, 4), [PICKS, ALL, PICKS]), ((3, 2, 4), [ALL, ints([0, 1]), ints([3, 1])]),
    ((3, 2, 4), [PICKS, 1]), ((3, 4), [PICKS, None]), ((3, 2, 4), [Ellipsis, PICKS]),
    ((3, 2, 4), [1, ALL, PICKS]), ((3, 4), [slice(1, 3), PICKS]), ((3, 4), [ints(1)]),
    ((3, 4), [ints([])]), ((3, 4), [COLUMNS]), ((3, 4), [COLUMNS[0, :3]]),
    ((3, 4), [ALL, COLUMNS[0]]), ((2, 3), [mask([[False] * 3] * 2)]),
    ((3, 4), [COLUMNS[0, :3], ints([1, 3])]), ((3,), [mask(True)]),
]


def indexing():
    for shape, index in INDICES:
        f = lambda t, *i: t[fill_in(index, i)]
        case("index", f, x(*shape), *tensors_of(index), index=index_args(index))


def assignments():
    def put(shape, index, values, accumulate=False):
        """Inputs: the tensor, the values, the index tensors."""
        def f(t, values, *i):
            out = t.clone()
            if accumulate:
                return out.index_put_(fill_in(index, i), values, accumulate=True)
            out[fill_in(index, i)] = values
            return out
        case("index_put", f, x(*shape), values, *tensors_of(index), index=index_args(index),
             accumulate=accumulate)

    put((3, 4), [1], x(4))
    put((3, 4), [ALL, slice(0, None, 2)], x(3, 2))
    put((3, 4), [slice(1, None)], x())
    put((3, 4), [Ellipsis, -1], x(3))
    put((3, 4), [ints([2, 0])], x(2, 4))
    put((3, 4), [ints([2, 0]), ints([1, 3])], x(2))
    put((3, 4), [ints([2, 0])], x(4))
    put((3, 4), [ALL, ints([3, 1])], x(3, 2))
    put((3, 4), [COLUMNS], x(6))
    put((3, 4), [COLUMNS], x())
    put((3, 4), [mask([False, True, True])], x(2, 4))
    put((3, 4), [mask([[False] * 4] * 3)], x())
    put((3, 4), [ints([0, 0, 2])], x(3, 4), accumulate=True)
    put((4,), [ints([1, 1, -3])], x(3), accumulate=True)
    put((3, 4), [mask([True, False, True])], x(4), accumulate=True)


def factories():
    def made(op, f, dtype, **args):
        case(op, lambda: f(*args.values(), dtype=getattr(torch, dtype)), dtype=dtype, **args)

    for start, end, step in [(0, 5, 1), (1, 10, 3), (5, 0, -2), (0.0, 1.0, 0.3), (1.0, -1.0, -0.5),
                             (2, 2, 1)]:
        for dtype in ["float64", "float32"] + ["int64"] * isinstance(start, int):
            made("arange", torch.arange, dtype, start=start, end=end, step=step)
    for start, end, steps in [(0, 1, 5), (-1.5, 2, 7), (3, 3, 1), (1, 0, 4), (0, 1, 0),
                              (-0.1, 0.3, 10)]:
        for dtype in ["float64", "float32"]:
            made("linspace", torch.linspace, dtype, start=start, end=end, steps=steps)
    for n, m in [(3, 3), (2, 4), (3, 1), (0, 2)]:
        made("eye", torch.eye, "float64", n=n, m=m)
    case("one_hot", F.one_hot, ints([[1, 0], [2, 1]]), num_classes=-1)
    case("one_hot", lambda t: F.one_hot(t, 4), ints([1, 3]), num_classes=4)


def main():
    torch.set_num_threads(1)
    for group in [
        unaries, binaries, clamps, selections, comparisons, sums, extremes, log_sums, products,
        joins, borders, pickings, convolutions, poolings, softmaxes, losses, reshapes, views,
        indexing, assignments, factories,
    ]:
        group()
    out = {"pytorch": torch.__version__, "cases": cases}
    write(pathlib.Path(__file__).with_suffix(".json"), out)
    print(len(cases), "cases of", len({c["op"] for c in cases}), "ops")


main()
