"""The cases of ops.json: products, joins, borders and pickings."""
import torch
import torch.nn.functional as F

from recorder import INF, NAN, case, f64, ints, rows, x


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
