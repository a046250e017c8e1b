"""Block-Toeplitz: a block of results is one product, with the kernel written at every place that it takes in the block.

In: any task but dE/dw.  Out: a program.

With few channels im2col copies much and multiplies thin matrices. Here a block of neighbouring results plays the part
of channels. Along one axis, with s, d and u the stride, dilation and input dilation, a block has ``u*v`` results and
the next one reads ``s*v`` places further; for result r of a block and place t of what it reads, the axis relation
``u*x = s*i + d*k - low`` says that the tap k is written at ``d*k = u*(t - before) - s*r + low``, and zero elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Overlap,
    Pad,
    at_place,
    axis,
    loop,
    merge,
    split,
    transposed,
    view,
)
from symconv.lowering.problem import Line, Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE = loop("i")


def _size(p: Polynomial) -> Size:
    return p.constant if p.is_constant else p


@dataclass(frozen=True)
class Block:
    """Along one axis: `count` blocks, each of `results` results.

    Each reads `span` places of the input, `step` after those of the one before; the first begins `before` its first.
    """

    results: Size
    step: Size
    before: Size
    span: Size
    count: Size

    @property
    def padded(self) -> Size:
        """The places that all blocks read."""
        return _size(self.step * (Polynomial.of(self.count) - 1) + self.span)


def toeplitz(task: Task, blocks: tuple[Block, ...]) -> Node:
    """One image at a time, in blocks of results: the windows of the blocks, and one product for each group."""
    p = task.problem
    lead = len(p.lead)
    counts = tuple(b.count for b in blocks)
    columns = merge(merge(Copy(windows(task, blocks)), lead + p.ndim, 1 + p.ndim), lead, p.ndim)
    matrix = merge(merge(Copy(written(task, blocks)), lead + 1 + p.ndim, 1 + p.ndim), lead, 1 + p.ndim)
    results = split(MatMul(columns, matrix), lead + 1, (p.out_channels, *(b.results for b in blocks)))
    parts = split(results, lead, counts)  # (*G, *counts, M, *results)
    pairs = [place for at in range(p.ndim) for place in (lead + at, lead + p.ndim + 1 + at)]
    apart = transposed(parts, (*range(lead), lead + p.ndim, *pairs))
    return Each(IMAGE, p.batch, joined(p, apart), 0)


def windows(task: Task, blocks: tuple[Block, ...]) -> Node:
    """What each block reads: (*G, *counts, C, *span), of one image."""
    p = task.problem
    lead = len(p.lead)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    padded = Pad(image, tuple(b.before for b in blocks), tuple(b.padded for b in blocks))
    channel, reads = lead + p.ndim, lead + p.ndim + 1
    places = (b.step * axis(lead + at) + axis(reads + at) for at, b in enumerate(blocks))
    size = (*p.lead, *(b.count for b in blocks), p.in_channels, *(b.span for b in blocks))
    return view(padded, size, (*map(axis, range(lead)), axis(channel), *places))


def written(task: Task, blocks: tuple[Block, ...]) -> Node:
    """The kernel at every place of a block: (*G, C, *span, M, *results)."""
    p = task.problem
    lead = len(p.lead)
    low: list[Size] = []
    sizes: list[Size] = []
    index: list[Polynomial] = []
    for at, (line, b) in enumerate(zip(p.lines, blocks, strict=True)):
        s, u = line.stride, line.input_dilation
        last = s * (Polynomial.of(b.results) - 1)  # the place of the last result comes first: no index is negative
        low.append(_size(last - (line.low - u * Polynomial.of(b.before))))
        sizes.append(_size(last + u * (Polynomial.of(b.span) - 1) + 1))
        index.append(u * axis(lead + 1 + at) - s * axis(lead + 2 + p.ndim + at) + last)
    around = Pad(_spread(p, task.kernel), tuple(low), tuple(sizes))
    size = (*p.lead, p.in_channels, *(b.span for b in blocks), p.out_channels, *(b.results for b in blocks))
    return view(around, size, (*map(axis, range(lead)), axis(lead + 1 + p.ndim), axis(lead), *index))


def _spread(p: Problem, kernel: Node) -> Node:
    """Zeros between the taps, where the kernel is dilated."""
    if all(line.dilation == 1 for line in p.lines):
        return kernel
    kept = len(kernel.shape) - p.ndim
    size = tuple(line.dilation * (line.kernel_size - 1) + 1 for line in p.lines)
    index = (line.dilation * axis(kept + at) for at, line in enumerate(p.lines))
    return Overlap(kernel, (*kernel.shape[:kept], *size), (*map(axis, range(kept)), *index), ())


def joined(p: Problem, apart: Node) -> Node:
    """(*G, M, count, result, count, result, ...) read as (*G, M, *O), as far as there are results."""
    lead = len(p.lead)
    whole = apart
    for at in range(p.ndim):
        whole = merge(whole, lead + 1 + at, 2)
    if whole.shape[lead + 1 :] == p.output_size:
        return whole
    kept = (*whole.shape[: lead + 1], *p.output_size)
    return view(Copy(whole), kept, tuple(map(axis, range(len(kept)))))


def block_for(line: Line, times: int) -> Block:
    """So many `times` the shortest block that joins up with the next one, but not longer than the result needs."""
    s, d, u, low = map(number, (line.stride, line.dilation, line.input_dilation, line.low))
    whole = number(line.output_size)
    v = min(times, -(-whole // u))
    before = low // u
    last = u * before - low + s * (u * v - 1) + d * (number(line.kernel_size) - 1)
    return Block(u * v, s * v, before, last // u + 1, -(-whole // (u * v)))


TIMES = (1, 2, 4, 8, 16, 32)  # lengths of blocks that are tried along the last axis
ROWS = (1, 2, 4)  # and along the one before it


def blocks_for(p: Problem) -> Iterator[tuple[Block, ...]]:
    """The blocks that are worth a try: long along the last axis, for there they are copied in long pieces."""
    choices = [(1,)] * (p.ndim - 2) + [ROWS] * (p.ndim > 1) + [TIMES]
    along = [dict.fromkeys(block_for(line, v) for v in times) for line, times in zip(p.lines, choices, strict=True)]
    return product(*along)


def entries(p: Problem, blocks: tuple[Block, ...]) -> int:
    """The entries of all workspaces."""
    windows, results, table = moved(p, blocks)
    groups, ins, outs = map(number, (p.groups, p.in_channels, p.out_channels))
    image = groups * ins * prod(number(b.padded) for b in blocks)
    around = groups * ins * outs * prod(map(_around, p.lines, blocks))
    return image + windows + 2 * results + around + table


def _around(line: Line, block: Block) -> int:
    """The places of the kernel and the zeros around it."""
    s, u = number(line.stride), number(line.input_dilation)
    return s * (number(block.results) - 1) + u * (number(block.span) - 1) + 1


def moved(p: Problem, blocks: tuple[Block, ...]) -> tuple[int, int, int]:
    """The entries of the windows of an image, of the blocks of results, and of the kernel at every place."""
    groups, ins, outs = map(number, (p.groups, p.in_channels, p.out_channels))
    inner = ins * prod(number(b.span) for b in blocks)
    results = outs * prod(number(b.results) for b in blocks)
    count = prod(number(b.count) for b in blocks)
    return groups * count * inner, groups * count * results, groups * inner * results
