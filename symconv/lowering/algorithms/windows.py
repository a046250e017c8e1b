"""Windows: im2col with exact windows, for any stride, dilation and input dilation.

In: any task.  Out: a program: for one image at a time (`windows`), or for one channel at a time, summed
(`windows_sum`: for dE/dw, whose channels are the images), or for all of these channels at once (`columns_sum`).

A kernel of one tap with stride 1 reads the image as it is; then the columns are no copy, and a layer is one product.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.lowering.algorithms.blocks import Blocks, columns_in_blocks, in_blocks, whole
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
    swapped,
    transposed,
    view,
)
from symconv.lowering.problem import Line, Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size

IMAGE, BAND = loop("i"), loop("t")


@dataclass(frozen=True)
class Bands:
    """``bands`` bands of so many rows: of positions for `windows`, of taps for `windows_sum`."""

    bands: Size
    rows: Size


def windows(task: Task, banded: Bands | None = None) -> Node:
    """One image at a time, perhaps in bands of rows of the result, each with the rows of the image that it reads."""
    p = task.problem
    lead = len(p.lead)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    rows = p.lines[0].output_size if banded is None else banded.rows
    padded = spread_and_padded(p, image, None if banded is None else _band(p.lines[0], banded.rows))
    positions = (rows, *p.output_size[1:])
    columns = merge(_under(p, padded, lead + 1, p.kernel_size, positions), lead, 1 + p.ndim)
    columns = merge(columns, lead + 1, p.ndim)
    product: Node = MatMul(Copy(merge(task.kernel, lead + 1, 1 + p.ndim)), columns)
    product = split(product, lead + 1, positions)
    if banded is not None:
        whole = merge(Each(BAND, banded.bands, product, lead + 1), lead + 1, 2)
        kept = (*whole.shape[: lead + 1], *p.output_size)
        product = view(whole, kept, tuple(map(axis, range(lead + 1 + p.ndim))))
    return Each(IMAGE, p.batch, product, 0)


def windows_sum(task: Task, banded: Bands | None = None, blocks: Blocks | None = None) -> Node:
    """One channel at a time, summed, perhaps in bands of rows of taps, and in blocks of images and output channels.

    The columns have a row for each image and position of the result.
    """
    p = task.problem
    lead = len(p.lead)
    channel = Polynomial.of(IMAGE)
    x = at_place(task.operand, 1 + lead, channel)  # (N, *G, *L)
    x = transposed(x, (*range(1, lead + 1), 0, *range(lead + 1, lead + 1 + p.ndim)))
    kernel = at_place(task.kernel, lead + 1, channel)
    rows = p.lines[0].kernel_size if banded is None else banded.rows
    taps = (rows, *p.kernel_size[1:])
    padded = spread_and_padded(p, x, None if banded is None else _band(p.lines[0].turned, banded.rows))
    if banded is not None:
        if banded.bands * banded.rows != p.kernel_size[0]:
            kernel = Pad(kernel, (0,) * p.ndim, (banded.bands * banded.rows, *p.kernel_size[1:]))
        place = axis(lead + 1) + banded.rows * Polynomial.of(BAND)
        kept = tuple(map(axis, range(lead + 1)))
        rest = tuple(axis(lead + 1 + at) for at in range(1, p.ndim))
        kernel = view(kernel, (*kernel.shape[: lead + 1], *taps), (*kept, place, *rest))
    under = _under(p, padded, lead + 1, taps, p.output_size)  # (*G, N, *K, *O)
    columns = _positions_first(p, under, lead + 1)
    flat = merge(kernel, lead + 1, p.ndim)
    if blocks is None:
        columns = merge(merge(columns, lead, 1 + p.ndim), lead + 1, p.ndim)
        total = _total(p, banded, MatMul(columns, swapped(flat)))
    else:
        apart = split(merge(columns, lead + 1 + p.ndim, p.ndim), lead, (blocks.row_blocks, blocks.rows))
        rows_of_blocks = merge(apart, lead + 1, 1 + p.ndim)
        total = whole(_total(p, banded, in_blocks(rows_of_blocks, columns_in_blocks(flat, lead, blocks))), lead)
    parts = split(total, lead, (p.batch, *p.output_size))
    return transposed(parts, (lead, *range(lead), lead + 1 + p.ndim, *range(lead + 1, lead + 1 + p.ndim)))


def _total(p: Problem, banded: Bands | None, product: Node) -> Node:
    """The sum over bands and channels."""
    return Total(IMAGE, p.in_channels, product if banded is None else Total(BAND, banded.bands, product))


def columns_sum(task: Task) -> Node:
    """All channels at once, in one product: a large result is written once, and in the order in which w lies."""
    p = task.problem
    lead = len(p.lead)
    first = lead + 2
    spatial = tuple(range(first, first + p.ndim))
    groups = tuple(range(1, lead + 1))
    padded = spread_and_padded(p, transposed(task.operand, (*groups, 0, lead + 1, *spatial)))  # (*G, N, C, *L)
    under = _under(p, padded, first, p.kernel_size, p.output_size)  # (*G, N, C, *K, *O)
    order = (*range(lead + 1), *range(first + p.ndim, first + 2 * p.ndim), lead + 1, *spatial)
    columns = Copy(transposed(under.operand if isinstance(under, Copy) else under, order))  # (*G, N, *O, C, *K)
    flat = merge(merge(columns, lead + 1 + p.ndim, 1 + p.ndim), lead, 1 + p.ndim)
    product = MatMul(merge(task.kernel, lead + 1, 1 + p.ndim), swapped(flat))
    parts = split(product, lead + 1, (p.batch, *p.output_size))  # (*G, M, N, *O)
    return transposed(parts, (lead + 1, *range(lead + 1), *spatial))


def _band(line: Line, rows: Size) -> tuple[Size, Size]:
    """Where the padded image's first row lies in a band, and how many rows the band has."""
    low = line.low - rows * line.stride * Polynomial.of(BAND)
    return low, line.stride * (rows - 1) + line.dilation * (line.kernel_size - 1) + 1


def spread_and_padded(p: Problem, image: Node, band: tuple[Size, Size] | None = None) -> Node:
    """Zeros between the entries of an image, where the input is dilated, and around them; only a band of it."""
    if any(line.input_dilation != 1 for line in p.lines):
        kept = len(image.shape) - p.ndim
        size: Shape = tuple(line.input_dilation * (line.input_size - 1) + 1 for line in p.lines)
        index = (*map(axis, range(kept)),
                 *(line.input_dilation * axis(kept + at) for at, line in enumerate(p.lines)))  # fmt: skip
        image = Overlap(image, (*image.shape[:kept], *size), index, ())
    low, sizes = [line.low for line in p.lines], [line.padded_size for line in p.lines]
    if band is not None:
        low[0], sizes[0] = band
    elif all(line.low == 0 for line in p.lines) and tuple(sizes) == image.shape[-p.ndim :]:
        return image
    return Pad(image, tuple(low), tuple(sizes))


def _under(p: Problem, padded: Node, kept: int, taps: Shape, positions: Shape) -> Node:
    """What lies under the kernel (..., *K, *O), as a copy where it is not the image itself."""
    places = [
        line.stride * axis(kept + p.ndim + at) + line.dilation * axis(kept + at) for at, line in enumerate(p.lines)
    ]
    found = view(padded, (*padded.shape[:kept], *taps, *positions), (*map(axis, range(kept)), *places))
    return found if is_itself(p) else Copy(found)


def is_itself(p: Problem) -> bool:
    """Whether there is one tap or one position along each axis, and every place is read once, in order."""
    return all(
        (line.kernel_size == 1 or line.output_size == 1)
        and (line.output_size == 1 or line.stride == 1)
        and (line.kernel_size == 1 or line.dilation == 1)
        for line in p.lines
    )


def _positions_first(p: Problem, under: Node, kept: int) -> Node:
    """(..., *K, *O) to (..., *O, *K), below the copy, so that it is made in this order."""
    order = (*range(kept), *range(kept + p.ndim, kept + 2 * p.ndim), *range(kept, kept + p.ndim))
    if isinstance(under, Copy):
        return Copy(transposed(under.operand, order))
    return transposed(under, order)
