"""The cases of ops.json: element by element."""
import torch

from recorder import INF, NAN, case, f64, ints, mask, x


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
