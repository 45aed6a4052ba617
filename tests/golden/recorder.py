"""Records what PyTorch gives: results, and gradients of both orders; ops.py says in which form."""
import json
import math
import zlib

import torch

NAN, INF = float("nan"), float("inf")

cases = []
values = torch.Generator().manual_seed(2024)


def x(*shape, low=-2.0, high=2.0):
    """Random numbers of three decimals in [low, high], no two near each other."""
    n = max(math.prod(shape), 1) * 8
    places = torch.randperm(n, generator=values)[: math.prod(shape)].double()
    return (low + (high - low) * (places + 0.5) / n).mul(1000).round().div(1000).reshape(shape)


def f64(data):
    return torch.tensor(data, dtype=torch.float64)


def ints(data):
    return torch.tensor(data, dtype=torch.int64)


def mask(data):
    return torch.tensor(data, dtype=torch.bool)


def case(op, f, *inputs, order=2, fixed=0, **args):
    """f(*inputs) gives one tensor or several. order: of the derivatives to record (0, 1 or 2), in
    all float64 inputs but the last `fixed`."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{op} {len(cases)}".encode()))
    inputs = [t.detach().clone() if t is not None else None for t in inputs]
    for t in inputs[: len(inputs) - fixed]:
        if t is not None and t.dtype == torch.float64 and order:
            t.requires_grad_()
    y = f(*inputs)
    outputs = [y] if isinstance(y, torch.Tensor) else list(y)
    c = {"op": op, "args": args, "inputs": [encode(t) for t in inputs],
         "outputs": [encode(t) for t in outputs]}
    if order and any(t.requires_grad for t in outputs):
        add_gradients(c, inputs, outputs, generator, order)
    cases.append(c)


def rows(op, names, f, table, **options):
    """A case a row: the shape of x, then the arguments that `names` lists."""
    for shape, *args in table:
        named = dict(zip(names.split(), args))
        case(op, lambda t: f(t, *args), x(*shape), **named, **options)


def add_gradients(c, inputs, outputs, generator, order):
    wanted_x = [t is not None and t.requires_grad for t in inputs]
    wanted_y = [t.requires_grad for t in outputs]
    xs = [t for t, wanted in zip(inputs, wanted_x) if wanted]
    ys = [t for t, wanted in zip(outputs, wanted_y) if wanted]
    dys = [draw(y.shape, generator).requires_grad_() for y in ys]
    grads = torch.autograd.grad(ys, xs, dys, create_graph=order == 2, allow_unused=True)
    grads = or_zeros(grads, xs)
    c["dy"], c["grads"] = put_back(dys, wanted_y), put_back(grads, wanted_x)
    if order == 2:
        vs = [draw(g.shape, generator) for g in grads]
        second = gradients_of(sum((g * v).sum() for g, v in zip(grads, vs)), xs + dys)
        c["v"] = put_back(vs, wanted_x)
        c["grads2"] = put_back(second[: len(xs)], wanted_x)
        c["grads2_dy"] = put_back(second[len(xs):], wanted_y)


def gradients_of(total, tensors):
    if not total.requires_grad:
        return [torch.zeros_like(t) for t in tensors]
    return or_zeros(torch.autograd.grad(total, tensors, allow_unused=True), tensors)


def or_zeros(gradients, tensors):
    """Zeros also for gradients without memory, such as the second of abs."""
    return [torch.zeros_like(t) if g is None or g._is_zerotensor() else g
            for g, t in zip(gradients, tensors)]


def draw(shape, generator):
    return torch.randn(shape, generator=generator, dtype=torch.float64).mul(1000).round() / 1000


def put_back(tensors, wanted):
    """The tensors where wanted says so, None elsewhere."""
    tensors = iter(tensors)
    return [encode(next(tensors)) if w else None for w in wanted]


def encode(t):
    if t is None:
        return None
    out = {"shape": list(t.shape), "data": encode_values(t)}
    return out if t.dtype == torch.float64 else {"dtype": name_of(t.dtype), **out}


def encode_values(t):
    return [encode_number(v) for v in t.detach().flatten().tolist()]


def encode_number(v):
    if not math.isfinite(v):
        return "nan" if math.isnan(v) else "inf" if v > 0 else "-inf"
    minus_zero = v == 0 and math.copysign(1, v) < 0
    return int(v) if v == int(v) and not minus_zero else v


def name_of(dtype):
    return str(dtype).removeprefix("torch.").replace("bool", "boolean")


def write(path, out):
    """JSON, a case a line."""
    text = json.dumps(out, separators=(",", ":"), allow_nan=False)
    path.write_text(text.replace('{"op"', '\n{"op"') + "\n")
