"""Writes generator.json: the numbers that PyTorch's CPU generator draws, call after call.

    python3 tests/golden/generator.py     (PyTorch 2.13 on an AMD CPU; on Intel its wheels draw
                                           bernoulli_ and exponential_ through MKL instead)

A sequence is a seed and calls on one generator: function, dtype, arguments, n, and what came.
Results longer than 100 are stored as their first and last four elements. `state` is the FNV-1a hash
of the generator's state after the last call.
"""
import json
import pathlib
import random

import torch

SIZES = [1, 5, 15, 16, 17, 35, 100]
FLOATS = ["float32", "float64"]
ALL = ["bool", "uint8", "int32", "int64", *FLOATS]


def probabilities(n):
    """The i-th of n probabilities, exact in float32."""
    return [(i * 7 % 33) / 32 for i in range(n)]


def draw(generator, function, dtype, n, args):
    empty = torch.empty(n, dtype=getattr(torch, dtype))
    if function == "randperm":
        return torch.randperm(n, generator=generator)
    if function.startswith("bernoulli_by_"):
        p = torch.tensor(probabilities(n), dtype=getattr(torch, function[len("bernoulli_by_"):]))
        return empty.bernoulli_(p, generator=generator)
    method = "random_" if function.startswith("random_") else function + "_"
    return getattr(empty, method)(*args, generator=generator)


def sequence(name, seed, calls):
    generator = torch.Generator().manual_seed(seed)
    done = []
    for function, dtype, n, args in calls:
        values = draw(generator, function, dtype, n, args).tolist()
        data = values if n <= 100 else values[:4] + values[-4:]
        data = [int(v) if isinstance(v, bool) else v for v in data]
        done.append({"function": function, "dtype": dtype, "n": n, "args": args, "data": data})
    state = bytes(generator.get_state().tolist())
    return {"name": name, "seed": seed, "calls": done, "state": fnv1a(state)}


def fnv1a(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def each(function, dtypes, argument_lists, sizes=SIZES):
    return [(function, d, n, args) for d in dtypes for args in argument_lists for n in sizes]


def integer_ranges():
    small = each("random_range", ALL[1:], [[0, 10], [3, 200]], [5, 17])
    signed = each("random_range", ALL[2:], [[-7, 8], [-2**20, 2**20]], [5])
    edges = [("random_range", "bool", 17, [0, 2])]
    edges += [("random_range", d, 5, [0, 2**28 + k]) for d in ["int32", "int64"] for k in [-1, 0, 1]]
    edges += [("random_range", "int32", 5, [-2**31, 2**31 - 1])]
    edges += [("random_range", "int64", 5, r) for r in [[0, 2**40], [-2**63, 2**63 - 1]]]
    edges += [("random_range", "float32", 17, r) for r in [[0, 2**24 + 1], [2**24 + 1, 2**24 + 4],
                                                          [-2**24 - 7, 2**25 - 1], [0, 2**40 + 3]]]
    edges += [("random_range", "float64", 17, r) for r in [[0, 2**53 + 1], [-2**53 - 3, 2**60 + 5]]]
    return small + signed + edges


def mixed(seed, count=40):
    """Calls in an order of chance: odd numbers of normals leave one behind for the next."""
    pick = random.Random(seed)
    makers = [
        lambda n: ("uniform", pick.choice(FLOATS), n, [-0.5, 0.5]),
        lambda n: ("normal", pick.choice(FLOATS), n, [0.0, 1.0]),
        lambda n: ("normal", pick.choice(FLOATS), pick.choice([1, 3, 15]), [2.0, 0.5]),
        lambda n: ("random_range", "int64", n, [0, 100]),
        lambda n: ("random_full", pick.choice(ALL), n, []),
        lambda n: ("bernoulli", pick.choice(ALL), n, [0.3]),
        lambda n: ("exponential", pick.choice(FLOATS), n, [1.5]),
        lambda n: ("randperm", "int64", n, []),
    ]
    return [pick.choice(makers)(pick.choice([1, 2, 5, 16, 19])) for _ in range(count)]


def sequences():
    bounds = [[0.0, 1.0], [-0.5, 0.5], [-1 / 3, 0.7]]
    yield "uniform", 0, each("uniform", FLOATS, bounds)
    unit = [0.0, 1.0]
    yield "uniform", 1, [("uniform", "float32", 100000, unit), ("uniform", "float64", 5, unit)]
    yield "normal", 0, each("normal", FLOATS, [[0.0, 1.0], [-1.0, 0.25]])
    yield "normal", 3, [("normal", "float32", 100003, unit), ("normal", "float64", 5, unit)]
    yield "exponential", 0, each("exponential", FLOATS, [[1.0], [0.3]], [1, 5, 17, 35])
    yield "random_range", 0, integer_ranges()
    yield "random_full", 0, each("random_full", ALL, [[]], [1, 5, 17])
    yield "bernoulli", 0, each("bernoulli", ALL, [[0.5], [0.0], [1.0], [0.1]], [5, 17])
    for probability in FLOATS:
        yield "bernoulli", 7, each("bernoulli_by_" + probability, ALL, [[]], [5, 35])
    yield "randperm", 0, each("randperm", ["int64"], [[]], [0, 1, 2, *SIZES, 3823, 100000])
    for seed in [0, 1, 42, 2**32 + 5, 2**64 - 1]:
        yield "mixed", seed, mixed(seed)
    yield "state", 12, []
    yield "state", 12, [("random_full", "int32", 623, [])]
    yield "state", 12, [("random_full", "int32", 624, [])]
    yield "state", 12, [("normal", "float64", 3, [0.0, 1.0])]


def main():
    torch.set_num_threads(1)
    out = {"pytorch": torch.__version__, "sequences": [sequence(*s) for s in sequences()]}
    text = json.dumps(out).replace('{"name"', '\n{"name"').replace('{"function"', '\n  {"function"')
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


main()
