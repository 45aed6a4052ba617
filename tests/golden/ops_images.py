"""The cases of ops.json: convolution and pooling."""
import torch
import torch.nn.functional as F

from recorder import INF, NAN, case, f64, x


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
