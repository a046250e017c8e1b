"""Block-Toeplitz: a block of results is one product, with the kernel written at every place that it takes in the block.

In: a task with two spatial axes, all strides and dilations 1.  Out: a program.

With few channels and many taps im2col copies much and multiplies thin matrices. Here a block of ``h * w`` results plays
the part of channels: ``T[c, y, x, m, i, j] = w[m, c, y - i, x - j]``, zero outside of the kernel.
"""

from __future__ import annotations

from math import prod

from symconv.lowering.algorithms.winograd import joined
from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Pad,
    at_place,
    axis,
    loop,
    merge,
    split,
    transposed,
    view,
)
from symconv.lowering.problem import Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE = loop("i")


def toeplitz(task: Task, block: tuple[Size, Size], tiles: tuple[Size, Size]) -> Node:
    """One image at a time, in `tiles` blocks of ``block`` results."""
    p = task.problem
    (high, wide), (down, across) = block, tiles
    reach = [line.kernel_size - 1 for line in p.lines]
    around = Pad(task.kernel, (high - 1, wide - 1), (reach[0] + 2 * high - 1, reach[1] + 2 * wide - 1))
    span = (high + reach[0], wide + reach[1])
    index = (axis(3), axis(0), axis(1) - axis(4) + (high - 1), axis(2) - axis(5) + (wide - 1))
    written = Copy(view(around, (p.in_channels, *span, p.out_channels, high, wide), index))
    matrix = merge(merge(written, 3, 3), 0, 3)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    padded = Pad(image, tuple(line.low for line in p.lines), (high * down + reach[0], wide * across + reach[1]))
    windows = view(padded, (down, across, p.in_channels, *span),
                   (axis(2), high * axis(0) + axis(3), wide * axis(1) + axis(4)))  # fmt: skip
    columns = merge(merge(Copy(windows), 2, 3), 0, 2)
    blocks = split(split(MatMul(columns, matrix), 1, (p.out_channels, high, wide)), 0, tiles)
    parts = transposed(blocks, (3, 4, 2, 0, 1))  # (i, j, M, t1, t2)
    return Each(IMAGE, p.batch, joined(parts, p.out_channels, p.output_size, block), 0)


BLOCK = (4, 16)  # results of a block: rows are long, so that the columns are copied in long pieces


def block_for(p: Problem) -> tuple[int, int]:
    """The block, not larger than the result."""
    first, second = (min(step, number(size)) for step, size in zip(BLOCK, p.output_size, strict=True))
    return first, second


def tiles_for(p: Problem, block: tuple[int, int]) -> tuple[int, int]:
    """How many blocks there are along each axis."""
    first, second = (-(-number(size) // step) for size, step in zip(p.output_size, block, strict=True))
    return first, second


def entries(p: Problem, block: tuple[int, int]) -> int:
    """The entries of all workspaces."""
    span = prod(step + number(k) - 1 for step, k in zip(block, p.kernel_size, strict=True))
    tiles = prod(tiles_for(p, block))
    ins, outs = number(p.in_channels), number(p.out_channels) * prod(block)
    image = ins * prod(
        step * t + number(k) for step, t, k in zip(block, tiles_for(p, block), p.kernel_size, strict=True)
    )
    return ins * span * outs + tiles * ins * span + tiles * outs + image
