"""Tiny: for layers of a few entries, where every call counts: one look-up in a constant table and one product.

In: a task in one group.  Out: a program without loops; zeros of the padding are looked up like entries.
"""

from __future__ import annotations

from symconv.lowering.nodes import Copy, MatMul, Node, Take, axis, merge, split, transposed
from symconv.lowering.problem import Task


def tiny(task: Task) -> Node:
    """All images at once, a product for each of them."""
    p = task.problem
    sizes = (*p.kernel_size, *p.output_size)
    places = [line.stride * axis(p.ndim + at) + line.dilation * axis(at) - line.low for at, line in enumerate(p.lines)]
    columns = merge(merge(Take(task.operand, sizes, tuple(places)), 1, 1 + p.ndim), 2, p.ndim)
    return split(MatMul(Copy(merge(task.kernel, 1, 1 + p.ndim)), columns), 2, p.output_size)


def tiny_of_one(task: Task) -> Node:
    """For one output channel: one product of a matrix and a vector, for all images and positions."""
    p = task.problem
    sizes = (*p.output_size, p.in_channels, *p.kernel_size)
    channel = axis(p.ndim)
    places = [line.stride * axis(at) + line.dilation * axis(p.ndim + 1 + at) - line.low
              for at, line in enumerate(p.lines)]  # fmt: skip
    windows = merge(Take(task.operand, sizes, (channel, *places)), 0, 1 + p.ndim)
    flat = merge(windows, 1, 1 + p.ndim)  # (N O, C K)
    column = split(merge(task.kernel, 0, 2 + p.ndim), 0, (flat.shape[1], 1))
    return split(merge(MatMul(flat, column), 0, 2), 0, (p.batch, 1, *p.output_size))


def tiny_sum(task: Task) -> Node:
    """One product for all images and channels: for dE/dw, the positions of delta in all images against the taps."""
    p = task.problem
    spatial = range(2, 2 + p.ndim)
    images = transposed(task.operand, (1, 0, *spatial))
    sizes = (*p.kernel_size, p.batch, *p.output_size)
    channel = axis(p.ndim)
    places = [line.stride * axis(p.ndim + 1 + at) + line.dilation * axis(at) - line.low
              for at, line in enumerate(p.lines)]  # fmt: skip
    columns = merge(merge(Take(images, sizes, (channel, *places)), 0, 1 + p.ndim), 1, 1 + p.ndim)
    product = MatMul(merge(task.kernel, 1, 1 + p.ndim), columns)
    return transposed(split(product, 1, (p.batch, *p.output_size)), (1, 0, *spatial))
