"""Scatter: multiply first, then add every tap's product to where it belongs (col2im).

In: a task of stride 1, whose kernel fits the padding (``d*(K-1) >= low``): dE/da of most layers.  Out: a program.

With k' = K-1-k the axis relation reads ``i + d*(K-1) - low = u*x + d*k'``: the product of tap k' and input position x
lands there. Where the kernel is a rotated one, the rotation here undoes it.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.lowering.algorithms.windows import Bands
from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Overlap,
    Pad,
    Shape,
    Total,
    at_place,
    axis,
    loop,
    merge,
    split,
    transposed,
    view,
)
from symconv.lowering.problem import Line, Problem, Task, reversed_spatial
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE, BAND, CHANNEL = loop("i"), loop("t"), loop("m")


def scatter(task: Task, landing: Shape, banded: Bands | None = None) -> Node:
    """One image at a time, perhaps in bands of its rows; `landing` are the sizes of the array that is added to."""
    return Each(IMAGE, task.problem.batch, _one_image(task, landing, banded), 0)


def scatter_by_channel(task: Task, landing: Shape, banded: Bands) -> Node:
    """One image and one channel of the result at a time, for results that are large."""
    p = task.problem
    lead = len(p.lead)
    size = (*p.lead, 1, *task.kernel.shape[lead + 1 :])
    index = [axis(at) for at in range(len(size))]
    index[lead] = Polynomial.of(CHANNEL)
    single = Task(replace(p, out_channels=1), task.operand, view(task.kernel, size, tuple(index)))
    one = at_place(_one_image(single, landing, banded), lead, 0)
    return Each(IMAGE, p.batch, Each(CHANNEL, p.out_channels, one, lead), 0)


def _one_image(task: Task, landing: Shape, banded: Bands | None) -> Node:
    p = task.problem
    lead = len(p.lead)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    sizes, first = p.input_size, Polynomial()
    if banded is not None:
        sizes = (banded.rows, *sizes[1:])
        image = _band(p, image, banded)
        first = p.lines[0].input_dilation * banded.rows * Polynomial.of(BAND)
    product = MatMul(_taps_first(task), merge(image, lead + 1, p.ndim))
    parts = split(split(product, lead + 1, sizes), lead, (*p.kernel_size, p.out_channels))
    taps = tuple(range(lead, lead + p.ndim))
    index = [
        line.input_dilation * axis(lead + p.ndim + 1 + at) + line.dilation * axis(lead + at)
        for at, line in enumerate(p.lines)
    ]
    index[0] = index[0] + first
    kept = [*map(axis, range(lead)), axis(lead + p.ndim)]
    landed: Node = Overlap(parts, (*p.lead, p.out_channels, *landing), (*kept, *index), taps)
    if banded is not None:
        landed = Total(BAND, banded.bands, landed)
    return _cropped(task, landed)


def _band(p: Problem, image: Node, banded: Bands) -> Node:
    """Some rows of an image, which is made longer by rows of zeros where the bands are."""
    kept = len(image.shape) - p.ndim
    whole = Pad(image, (0,) * p.ndim, (banded.bands * banded.rows, *p.input_size[1:]))
    place = axis(kept) + banded.rows * Polynomial.of(BAND)
    rest = tuple(axis(kept + at) for at in range(1, p.ndim))
    longer = image if whole.shape == image.shape else whole
    return view(longer, (*image.shape[:kept], banded.rows, *p.input_size[1:]), (*map(axis, range(kept)), place, *rest))


def scatter_plane(task: Task, landing: Shape) -> Node:
    """The same for input dilation 1, with every row as long as those of the result: each tap is one contiguous sum."""
    p = task.problem
    lead = len(p.lead)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    sizes: Shape = (p.input_size[0], *landing[1:])
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


def first_place(line: Line) -> int:
    """Where the first position of the result is: d*(K-1) - low, which the domain wants to be at least 0."""
    return number(line.dilation * (line.kernel_size - 1) - line.low)


def landing_sizes(p: Problem, *, plane: bool, rows: int = 0) -> tuple[int, ...]:
    """The sizes of the array that is added to, for a problem of numbers; `rows` are the rows of all bands, if any."""
    sizes = []
    for at, line in enumerate(p.lines):
        size = rows if rows and at == 0 else line.input_size
        spread = line.input_dilation * (size - 1) + line.dilation * (line.kernel_size - 1) + 1
        sizes.append(max(number(spread), first_place(line) + number(line.output_size)))
    if plane and p.ndim > 1:  # the zeros that end the last row run over by less than a row
        sizes[0] += 1
    return tuple(sizes)


def wide_sizes(p: Problem, landing: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of an image whose rows are as long as those of the array that is added to."""
    return (number(p.input_size[0]), *landing[1:])
