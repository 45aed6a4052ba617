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

from ops_images import convolutions, poolings
from ops_losses import softmaxes, losses
from ops_pointwise import unaries, binaries, clamps, selections, comparisons
from ops_reduce import sums, extremes, log_sums
from ops_shapes import products, joins, borders, pickings
from ops_views import reshapes, views, indexing, assignments, factories
from recorder import cases, write


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
