"""Plane: flat windows. Padded once, every tap of the kernel reads one long contiguous stretch of memory.

In: a task of stride and input dilation 1 (`plane`), or of dilation and input dilation 1 (`plane_sum`, `taps_sum`).
Out: a program.

The last two spatial axes of the padded image are one flat axis, on which the window of tap k that belongs to position i
begins at ``flat(i) + flat(d*k)``: the columns of im2col are contiguous copies. Positions that reach over the end of a
row are computed too, and left out of the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symconv.lowering.algorithms.blocks import Blocks, columns_in_blocks, in_blocks, rows_in_blocks, whole
from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
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

IMAGE, TILE, SLAB = loop("i"), loop("t"), loop("h")


@dataclass(frozen=True)
class Tiling:
    """``tiles * tile`` flat positions, and how many rows the padded image and kernel have so that all lies in them."""

    tiles: Size
    tile: Size
    rows: Size
    kernel_rows: Size = 0


def plane(task: Task, tiling: Tiling) -> Node:
    """One image at a time, one tile of its flat positions at a time."""
    p = task.problem
    lead = len(p.lead)
    slabs, rows = p.lines[:-2], p.lines[-2:]
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    flat = _flat(p, image, tiling)
    heights = [Polynomial.of(f"{SLAB}{at}") for at in range(len(slabs))]
    windows = _windows(p, flat, tiling, heights, lead + 1)
    columns = merge(Copy(windows), lead, 1 + p.ndim)
    product: Node = MatMul(Copy(merge(task.kernel, lead + 1, 1 + p.ndim)), columns)
    if tiling.tiles != 1:
        product = merge(Each(TILE, tiling.tiles, product, lead + 1), lead + 1, 2)
    place = _place(p, [axis(lead + 1 + at) for at in range(len(rows))])
    z = view(product, (*p.lead, p.out_channels, *(line.output_size for line in rows)),
             (*map(axis, range(lead + 1)), place))  # fmt: skip
    for at in reversed(range(len(slabs))):
        z = Each(f"{SLAB}{at}", slabs[at].output_size, z, lead + 1)
    return Each(IMAGE, p.batch, z, 0)


def plane_sum(task: Task, tiling: Tiling) -> Node:
    """One channel at a time, summed: for dE/dw the channels are the images, and the kernel is delta.

    The flat axis runs along the kernel, whose dilation is 1, as the windows of `plane` run along the positions.
    """
    p = task.problem
    lead = len(p.lead)
    windows, kernel, heights = _summed(task, tiling)
    product: Node = MatMul(merge(Copy(windows), lead, 1 + p.ndim), swapped(kernel))
    total = split(_totals(p, product, tiling, heights), lead, (p.batch, *p.output_size))
    return transposed(total, (lead, *range(lead), lead + 1 + p.ndim, *range(lead + 1, lead + 1 + p.ndim)))


def taps_sum(task: Task, tiling: Tiling, blocks: Blocks | None = None, *, packed: bool) -> Node:
    """The same without a copy of the windows: they are multiplied where they lie, those of one tap at a time.

    The kernel is `packed` where a product of many channels is quicker with its rows in order. Of very many channels
    there are `blocks`.
    """
    p = task.problem
    lead = len(p.lead)
    windows, kernel, heights = _summed(task, tiling)
    *before, tile = windows.shape
    ins, taps = before[lead], before[lead + 1 :]
    groups, last = tuple(map(axis, range(lead))), len(before)
    of_tap = tuple(map(axis, range(lead, lead + p.ndim)))
    rows = view(windows, (*before[:lead], *taps, ins, tile), (*groups, axis(last - 1), *of_tap, axis(last)))
    order = (last - 1, *range(lead), last, *range(lead, lead + p.ndim))
    if blocks is not None:
        columns = columns_in_blocks(kernel, lead, blocks)
        place = tuple(axis(last - 1 + at) for at in range(3))
        stack = (*before[:lead], *taps, blocks.column_blocks, tile, blocks.columns)
        product = in_blocks(rows_in_blocks(rows, last - 1, blocks), view(columns, stack, (*groups, *place)))
        return transposed(whole(_totals(p, product, tiling, heights), last - 1), order)
    columns = Copy(swapped(kernel)) if packed else swapped(kernel)
    outs = kernel.shape[lead]
    stacked = view(columns, (*before[:lead], *taps, tile, outs), (*groups, axis(last - 1), axis(last)))
    total = _totals(p, MatMul(rows, stacked), tiling, heights)  # (*G, *O, N, M)
    return transposed(total, order)


def _summed(task: Task, tiling: Tiling) -> tuple[Node, Node, list[Polynomial]]:
    """The windows (*G, N, *O, tile) of one channel, its kernel (*G, M, tile), and the slabs that they are in."""
    p = task.problem
    lead = len(p.lead)
    channel = Polynomial.of(IMAGE)
    x = at_place(task.operand, 1 + lead, channel)  # (N, *G, *L)
    x = transposed(x, (*range(1, lead + 1), 0, *range(lead + 1, lead + 1 + p.ndim)))
    heights = [Polynomial.of(f"{SLAB}{at}") for at in range(p.ndim - 2)]
    turned = replace(p, lines=tuple(line.turned for line in p.lines))
    windows = _windows(turned, _flat(p, x, tiling), tiling, heights, lead + 1)
    return windows, _flat_kernel(p, at_place(task.kernel, lead + 1, channel), tiling, heights), heights


def _totals(p: Problem, product: Node, tiling: Tiling, heights: list[Polynomial]) -> Node:
    """The sum over tiles, slabs and channels."""
    if tiling.tiles != 1:
        product = Total(TILE, tiling.tiles, product)
    for at in reversed(range(len(heights))):
        product = Total(f"{SLAB}{at}", p.lines[at].kernel_size, product)
    return Total(IMAGE, p.in_channels, product)


def _flat(p: Problem, image: Node, tiling: Tiling) -> Node:
    """An image padded, its last two axes as one."""
    *before, last = (line.padded_size for line in p.lines)
    sizes: Shape = (*before[:-1], tiling.rows, last) if p.ndim > 1 else (tiling.rows,)
    padded = Pad(image, tuple(line.low for line in p.lines), sizes)
    return merge(padded, len(padded.shape) - min(p.ndim, 2), min(p.ndim, 2))


def _windows(p: Problem, flat: Node, tiling: Tiling, heights: list[Polynomial], kept: int) -> Node:
    """The flat windows (..., *K, tile) of one tile, in one slab."""
    taps = [axis(kept + at) for at in range(p.ndim)]
    place = axis(kept + p.ndim)
    if tiling.tiles != 1:
        place = place + tiling.tile * Polynomial.of(TILE)
    slabs = [h + line.dilation * tap for h, line, tap in zip(heights, p.lines[:-2], taps, strict=False)]
    spread = [line.dilation * tap for line, tap in zip(p.lines, taps, strict=True)]
    place = place + _place(p, spread[len(slabs) :])
    return view(flat, (*flat.shape[:kept], *p.kernel_size, tiling.tile), (*map(axis, range(kept)), *slabs, place))


def _flat_kernel(p: Problem, kernel: Node, tiling: Tiling, heights: list[Polynomial]) -> Node:
    """The kernel of one channel (*G, M, *K) with its rows as long as those of the padded image, one tile of it."""
    for h in heights:
        kernel = at_place(kernel, len(p.lead) + 1, h)
    lines = p.lines[-2:]
    kept = len(kernel.shape) - len(lines)
    sizes: Shape = (tiling.tiles * tiling.tile,) if p.ndim == 1 else (tiling.kernel_rows, lines[-1].padded_size)
    kernel = merge(Pad(kernel, (0,) * len(lines), sizes), kept, len(lines))
    place = axis(kept) + (tiling.tile * Polynomial.of(TILE) if tiling.tiles != 1 else 0)
    return view(kernel, (*kernel.shape[:kept], tiling.tile), (*map(axis, range(kept)), place))


def _place(p: Problem, at: list[Polynomial]) -> Polynomial:
    """Where a place of the last two axes is on the flat axis."""
    return at[0] if p.ndim == 1 else p.lines[-1].padded_size * at[0] + at[1]


def flat_tiling(problem: Problem, largest: int, *, of_kernel: bool = False) -> Tiling:
    """Tiles of equal size, at most `largest`, for a problem of numbers."""
    p = problem if not of_kernel else replace(problem, lines=tuple(line.turned for line in problem.lines))
    rows = [_Numbers.of(line) for line in p.lines[-2:]]
    length = rows[-1].padded if p.ndim > 1 else 1
    positions = (rows[0].positions - 1) * length + (rows[-1].positions if p.ndim > 1 else 1)
    tiles = -(-positions // largest)
    tile = -(-positions // tiles)
    if p.ndim == 1:
        return Tiling(tiles, tile, max(rows[0].padded, tiles * tile + rows[0].reach))
    reach = rows[0].reach * length + rows[1].reach
    return Tiling(tiles, tile, max(rows[0].padded, -(-(tiles * tile + reach) // length)), -(-tiles * tile // length))


@dataclass(frozen=True)
class _Numbers:
    """Numbers of a line."""

    padded: int
    positions: int
    reach: int

    @classmethod
    def of(cls, line: Line) -> _Numbers:
        padded, positions = Polynomial.of(line.padded_size).constant, Polynomial.of(line.output_size).constant
        reach = Polynomial.of(line.dilation).constant * (Polynomial.of(line.kernel_size).constant - 1)
        return cls(padded, positions, reach)
