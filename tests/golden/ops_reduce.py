"""The cases of ops.json: reductions."""
import torch

from recorder import INF, NAN, case, f64, ints, mask, x


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
