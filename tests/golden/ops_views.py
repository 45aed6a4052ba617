"""The cases of ops.json: views, indexing and factories."""
import torch
import torch.nn.functional as F

from recorder import case, ints, mask, rows, x


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
