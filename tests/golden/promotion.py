"""Writes promotion.json: what types PyTorch's results have, and their values.

    python3 tests/golden/promotion.py        (PyTorch 2.13)

`two`: results of two operands. left and right are dtypes of tensors [1, 0, 3, 2] and [2, 1, 1, 3]
("float32"), of a tensor without dimensions ("float32()") or a number of Python's ("float");
those are 2.5, 3 or true. `one`: results of [1, 0, 3, 2] in that dtype. An op with underscore works
in place. Where PyTorch throws, only `error` is there.
"""
import pathlib

import torch
import torch.nn.functional as F

from recorder import encode_values, mask, name_of, write

DTYPES = ["boolean", "uint8", "int32", "int64", "float32", "float64"]
LEFT, RIGHT = [1, 0, 3, 2], [2, 1, 1, 3]
NUMBERS = {"bool": True, "int": 3, "float": 2.5}

INPLACE = ["add_", "sub_", "mul_", "div_", "pow_"]
TWO = {op: getattr(torch, op) for op in ["add", "mul", "maximum", "minimum", "eq", "lt", "dot"]}
TWO |= {
    "sub": lambda a, b: a - b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "cat": lambda a, b: torch.cat([a, b]),
    "where": lambda a, b: torch.where(mask([True, False, False, True]), a, b),
} | {op: lambda a, b, op=op: getattr(a, op)(b) for op in INPLACE}
WITH_NUMBERS = ["add", "sub", "mul", "div", "pow", "lt", "where", "add_", "mul_", "div_"]
NUMBER_FIRST = ["sub", "div", "pow"]

FIRST = [True, False, False, False]
ONE = {op: getattr(torch, op) for op in [
    "neg", "abs", "sign", "square", "exp", "log", "sqrt", "sigmoid", "tanh", "relu", "sum", "mean",
    "var", "max", "min", "amax", "argmax", "argmin"]}
ONE |= {
    "cumsum": lambda t: torch.cumsum(t, 0),
    "logsumexp": lambda t: torch.logsumexp(t, 0),
    "softmax": lambda t: torch.softmax(t, 0),
    "log_softmax": lambda t: torch.log_softmax(t, 0),
    "triu": lambda t: torch.triu(t.reshape(2, 2)),
    "flip": lambda t: torch.flip(t, [0]),
    "clamp": lambda t: torch.clamp(t, 1, 2),
    "clamp_fraction": lambda t: torch.clamp(t, 0.5, 2.5),
    "masked_fill": lambda t: t.masked_fill(mask(FIRST), 7),
    "masked_fill_fraction": lambda t: t.masked_fill(mask(FIRST), 0.5),
    "mm": lambda t: torch.mm(t.reshape(2, 2), t.reshape(2, 2)),
    "pad": lambda t: F.pad(t, [1, 1], value=2),
    "max_pool2d": lambda t: F.max_pool2d(t.reshape(1, 1, 2, 2), 2),
    "exp_": lambda t: t.exp_(),
    "neg_": lambda t: t.neg_(),
    "clamp_": lambda t: t.clamp_(0.5, 2.5),
} | {"to_" + d: lambda t, d=d: (t * 1.75).to(torch_type(d)) for d in DTYPES}


def torch_type(name):
    return getattr(torch, name.replace("boolean", "bool"))


def kind_of(dtype):
    return "float" if dtype.is_floating_point else "bool" if dtype == torch.bool else "int"


def operand(kind, data):
    if kind in NUMBERS:
        return NUMBERS[kind]
    dtype = torch_type(kind.removesuffix("()"))
    if kind.endswith("()"):
        return torch.tensor(NUMBERS[kind_of(dtype)], dtype=dtype)
    return torch.tensor(data).to(dtype)


def outcome(f):
    try:
        y = f()
    except (RuntimeError, TypeError, IndexError):
        return {"error": True}
    return {"dtype": name_of(y.dtype), "shape": list(y.shape), "data": encode_values(y)}


def pairs(op):
    yield from ((a, b) for a in DTYPES for b in DTYPES)
    if op in WITH_NUMBERS:
        yield from ((a, b) for a in DTYPES for b in [*(d + "()" for d in DTYPES), *NUMBERS])
    if op in NUMBER_FIRST:
        yield from ((a, b) for a in ["float64()", "int64()", *NUMBERS] for b in DTYPES)


def of_two(op, left, right):
    y = outcome(lambda: TWO[op](operand(left, LEFT), operand(right, RIGHT)))
    return {"op": op, "left": left, "right": right, **y}


def of_one(op, dtype):
    return {"op": op, "left": dtype, **outcome(lambda: ONE[op](operand(dtype, LEFT)))}


def main():
    torch.set_num_threads(1)
    two = [of_two(op, left, right) for op in TWO for left, right in pairs(op)]
    one = [of_one(op, dtype) for op in ONE for dtype in DTYPES]
    out = {"pytorch": torch.__version__, "two": two, "one": one}
    write(pathlib.Path(__file__).with_suffix(".json"), out)
    print(len(two), "of two operands,", len(one), "of one")


main()
