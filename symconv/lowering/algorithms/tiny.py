"""Tiny: for layers of a few entries, where every call counts: one look-up in a constant table and one product.

In: a task in one group.  Out: a program without loops; zeros of the padding are looked up like entries.
"""

from __future__ import annotations

from symconv.lowering.nodes import Copy, MatMul, Node, Take, axis, merge, split
from symconv.lowering.problem import Task


def tiny(task: Task) -> Node:
    """All images at once."""
    p = task.problem
    sizes = (*p.kernel_size, *p.output_size)
    places = [line.stride * axis(p.ndim + at) + line.dilation * axis(at) - line.low for at, line in enumerate(p.lines)]
    columns = merge(merge(Take(task.operand, sizes, tuple(places)), 1, 1 + p.ndim), 2, p.ndim)
    return split(MatMul(Copy(merge(task.kernel, 1, 1 + p.ndim)), columns), 2, p.output_size)
