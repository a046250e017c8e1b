"""Chunks: a program of a grouped layer for some of its groups at a time, so that its workspaces stay near.

In: a task with an axis for the groups, and how another program is built.  Out: a program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symconv.lowering.nodes import Each, Node, axis, loop, merge, view
from symconv.lowering.problem import Task
from symconv.polynomial import Polynomial
from symconv.terms import Size

CHUNK = loop("g")


def in_chunks(task: Task, build: Callable[[Task], Node], count: Size, size: Size) -> Node:
    """``count * size`` groups: what `build` makes of `size` of them, for one chunk after the other."""
    x, kernel = task.operand, task.kernel
    first = size * Polynomial.of(CHUNK)
    rest = tuple(axis(at) for at in range(2, len(x.shape)))
    part_of_x = view(x, (x.shape[0], size, *x.shape[2:]), (axis(0), axis(1) + first, *rest))
    part_of_kernel = view(kernel, (size, *kernel.shape[1:]), (axis(0) + first, axis(1), *rest))
    part = Task(replace(task.problem, groups=size), part_of_x, part_of_kernel)
    return merge(Each(CHUNK, count, build(part), 1), 1, 2)
