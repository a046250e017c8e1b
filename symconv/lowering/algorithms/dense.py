"""Dense: the whole layer as one matrix, for layers of a few entries.

In: a task of dilation 1 in one group.  Out: a program without loops: the matrix (C*L, M*O) is looked up in the kernel,
with a zero where no tap joins an entry to a position, and one product with it serves all images.
"""

from __future__ import annotations

from symconv.lowering.nodes import MatMul, Node, Take, axis, merge, split
from symconv.lowering.problem import Task


def dense(task: Task) -> Node:
    """By the axis relation ``k = u*x - s*i + low``: the tap that joins input x to position i, if there is one."""
    p = task.problem
    ndim = p.ndim
    sizes = (p.in_channels, *p.input_size, p.out_channels, *p.output_size)
    taps = [
        line.input_dilation * axis(1 + at) - line.stride * axis(2 + ndim + at) + line.low
        for at, line in enumerate(p.lines)
    ]
    matrix = Take(task.kernel, sizes, (axis(1 + ndim), axis(0), *taps))
    product = MatMul(merge(task.operand, 1, 1 + ndim), merge(merge(matrix, 0, 1 + ndim), 1, 1 + ndim))
    return split(product, 1, (p.out_channels, *p.output_size))
