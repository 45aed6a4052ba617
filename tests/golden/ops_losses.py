"""The cases of ops.json: softmax and losses."""
import torch
import torch.nn.functional as F

from recorder import INF, NAN, case, f64, ints, rows, x


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
