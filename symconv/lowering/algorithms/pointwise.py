"""Pointwise: a kernel of one tap is a product of matrices, and nothing else.

In: a task in one group, one tap along each axis, stride and input dilation 1, no padding.  Out: a program.
"""

from __future__ import annotations

from symconv.lowering.nodes import Copy, MatMul, Node, merge, split
from symconv.lowering.problem import Problem, Task


def pointwise(task: Task) -> Node:
    """All images at once."""
    p = task.problem
    images = merge(task.operand, 2, p.ndim)
    return split(MatMul(Copy(merge(task.kernel, 1, 1 + p.ndim)), images), 2, p.output_size)


def fits(p: Problem) -> bool:
    """Whether a problem of numbers is in the domain."""
    return all(
        line.kernel_size == line.stride == line.input_dilation == 1
        and line.low == 0
        and line.padded_size == line.input_size
        for line in p.lines
    )
