"""Scatter: multiply first, then add every tap's product to where it belongs (col2im).

In: a task of stride 1, whose kernel fits the padding (``d*(K-1) >= low``): dE/da of most layers.  Out: a program.

With k' = K-1-k the axis relation reads ``i + d*(K-1) - low = u*x + d*k'``: the product of tap k' and input position x
lands there. Where the kernel is a rotated one, the rotation here undoes it.
"""

from __future__ import annotations

from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Overlap,
    Pad,
    Shape,
    at_place,
    axis,
    loop,
    merge,
    split,
    transposed,
    view,
)
from symconv.lowering.problem import Task, reversed_spatial
from symconv.polynomial import Polynomial
from symconv.terms import Size

IMAGE = loop("i")


def scatter(task: Task, landing: Shape) -> Node:
    """One image at a time; `landing` are the sizes of the array that is added to."""
    p = task.problem
    lead = len(p.lead)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    product = MatMul(_taps_first(task), merge(image, lead + 1, p.ndim))
    parts = split(split(product, lead + 1, p.input_size), lead, (*p.kernel_size, p.out_channels))
    taps = tuple(range(lead, lead + p.ndim))
    index = [
        line.input_dilation * axis(lead + p.ndim + 1 + at) + line.dilation * axis(lead + at)
        for at, line in enumerate(p.lines)
    ]
    kept = [*map(axis, range(lead)), axis(lead + p.ndim)]
    landed = Overlap(parts, (*p.lead, p.out_channels, *landing), (*kept, *index), taps)
    return Each(IMAGE, p.batch, _cropped(task, landed), 0)


def scatter_plane(task: Task, landing: Shape) -> Node:
    """The same for input dilation 1, with every row as long as those of the result: each tap is one contiguous sum."""
    p = task.problem
    lead = len(p.lead)
    *_, row = landing
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    sizes: Shape = (*p.input_size[:-1], row) if p.ndim > 1 else p.input_size
    for at in range(1, p.ndim - 1):
        sizes = (*sizes[:at], landing[at], *sizes[at + 1 :])
    wide = merge(Pad(image, (0,) * p.ndim, sizes), lead + 1, p.ndim)
    parts = split(MatMul(_taps_first(task), wide), lead, (*p.kernel_size, p.out_channels))
    taps = tuple(range(lead, lead + p.ndim))
    steps: list[Size] = [1]
    for size in reversed(landing[1:]):
        steps.insert(0, steps[0] * size)
    place = axis(lead + p.ndim + 1)
    for at, (line, step) in enumerate(zip(p.lines, steps, strict=True)):
        place = place + line.dilation * step * axis(lead + at)
    whole: Size = landing[0] * steps[0]
    kept = [*map(axis, range(lead)), axis(lead + p.ndim)]
    landed = Overlap(parts, (*p.lead, p.out_channels, whole), (*kept, place), taps)
    return Each(IMAGE, p.batch, _cropped(task, split(landed, lead + 1, landing)), 0)


def _taps_first(task: Task) -> Node:
    """The kernel as a matrix (*G, K' M, C), rotated."""
    p = task.problem
    lead = len(p.lead)
    spatial = range(lead + 2, lead + 2 + p.ndim)
    turned = transposed(reversed_spatial(task.kernel, p.ndim), (*range(lead), *spatial, lead, lead + 1))
    return Copy(merge(turned, lead, p.ndim + 1))


def _cropped(task: Task, landed: Node) -> Node:
    """The positions of the result: the first of them is d*(K-1) - low."""
    p = task.problem
    kept = len(p.lead) + 1
    start = [line.dilation * (line.kernel_size - 1) - line.low for line in p.lines]
    index = (*map(axis, range(kept)), *(axis(kept + at) + first for at, first in enumerate(start)))
    return view(landed, (*landed.shape[:kept], *p.output_size), index)


def landing_sizes(task: Task, *, plane: bool) -> tuple[int, ...]:
    """The sizes of the array that is added to, for a problem of numbers."""
    p = task.problem
    sizes = []
    for line in p.lines:
        spread = Polynomial.of(line.input_dilation * (line.input_size - 1) + line.dilation * (line.kernel_size - 1) + 1)
        end = Polynomial.of(line.dilation * (line.kernel_size - 1) - line.low + line.output_size)
        sizes.append(max(spread.constant, end.constant))
    if plane and p.ndim > 1:  # the zeros that end the last row run over by less than a row
        sizes[0] += 1
    return tuple(sizes)
