"""Winograd for dE/dw along the first axis, F(3, 2): two thirds of the products of three taps.

In: the task of dE/dw with one or two spatial axes, three taps along the first, all strides and dilations 1.
Out: a program.

The three taps are the results, and the positions are summed over, two rows at a time. The matrices obey the identity of
`symconv.lowering.algorithms.winograd` with three results, and two rows of delta for the taps. The second axis, if there
is one, has flat windows, as in `plane`: those of one tap at a time are multiplied where they lie.
"""

from __future__ import annotations

from math import prod

from symconv.lowering.algorithms.blocks import Blocks, in_blocks, rows_in_blocks, whole
from symconv.lowering.algorithms.plane import Tiling
from symconv.lowering.algorithms.winograd import HALF, matrix
from symconv.lowering.nodes import (
    Combine,
    Copy,
    Node,
    Pad,
    Shape,
    Total,
    at_place,
    axis,
    loop,
    merge,
    transposed,
    view,
)
from symconv.lowering.problem import Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE, TILE = loop("i"), loop("t")
STEP, TAPS, PRODUCTS = 2, 3, 4

A = matrix((1, HALF, HALF, 0), (0, HALF, -HALF, 0), (0, HALF, HALF, 1))  # r, q
G = matrix((1, 0), (1, 1), (1, -1), (0, 1))  # q, k
B = matrix((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1))  # q, j


def winograd_sum(task: Task, tiling: Tiling, blocks: Blocks) -> Node:
    """One image at a time, one tile of its flat pairs of rows at a time."""
    p = task.problem
    image = Polynomial.of(IMAGE)
    row = p.lines[1].padded_size if p.ndim > 1 else 1
    values = _mixed_image(p, at_place(task.operand, 1, image), tiling, row)  # (q, C, F)
    kernel = _mixed_kernel(p, at_place(task.kernel, 1, image), tiling, row, blocks)  # (q, M1, F, M0)
    of_tap = p.output_size[1:]
    first = 1 + len(of_tap)  # the axis behind the taps
    begin = tiling.tile * Polynomial.of(TILE) if tiling.tiles != 1 else Polynomial()
    shift = axis(first + 1) + begin + (axis(1) if of_tap else 0)
    windows = view(values, (PRODUCTS, *of_tap, p.batch, tiling.tile), (axis(0), axis(first), shift))
    stack = (PRODUCTS, *of_tap, blocks.column_blocks, tiling.tile, blocks.columns)
    place = (axis(0), axis(first), axis(first + 1) + begin, axis(first + 2))
    product: Node = in_blocks(rows_in_blocks(windows, first, blocks), view(kernel, stack, place))
    if tiling.tiles != 1:
        product = Total(TILE, tiling.tiles, product)
    total = Total(IMAGE, p.in_channels, product)  # (q, *K1, C1, M1, C0, M0)
    taps = whole(Combine(A, tuple(at_place(total, 0, q) for q in range(PRODUCTS))), first)
    return transposed(taps, (p.ndim, p.ndim + 1, *range(p.ndim)))


def _mixed_image(p: Problem, image: Node, tiling: Tiling, row: Size) -> Node:
    """The four rows that a pair of rows of delta meets, mixed by B, at every flat place and some beyond the last."""
    sizes: Shape = (STEP * tiling.rows, *(line.padded_size for line in p.lines[1:]))
    padded = Pad(image, tuple(line.low for line in p.lines), sizes)
    rest = tuple(axis(3 + at) for at in range(p.ndim - 1))
    phases = view(padded, (STEP, p.batch, tiling.rows, *sizes[1:]), (axis(1), STEP * axis(2) + axis(0), *rest))
    flat = merge(Copy(phases), 2, p.ndim)  # (rho, C, F')
    places = tiling.tiles * tiling.tile
    if p.ndim > 1:
        places = places + p.lines[1].output_size - 1
    parts = [
        view(flat, (p.batch, places), (Polynomial.of(j % STEP), axis(0), axis(1) + (j // STEP) * row))
        for j in range(PRODUCTS)
    ]
    return Combine(B, tuple(parts))


def _mixed_kernel(p: Problem, delta: Node, tiling: Tiling, row: Size, blocks: Blocks) -> Node:
    """Pairs of rows of delta, each as long as a row of the padded image, mixed by G."""
    sizes: Shape = (STEP * tiling.kernel_rows, *((row,) if p.ndim > 1 else ()))
    padded = Pad(delta, (0,) * p.ndim, sizes)
    rest = tuple(axis(3 + at) for at in range(p.ndim - 1))
    column = blocks.columns * axis(1) + axis(2 + p.ndim)
    size = (STEP, blocks.column_blocks, tiling.kernel_rows, *sizes[1:], blocks.columns)
    phases = Copy(view(padded, size, (column, STEP * axis(2) + axis(0), *rest)))
    flat = merge(phases, 2, p.ndim)  # (rho, M1, F, M0)
    return Combine(G, tuple(at_place(flat, 0, k) for k in range(STEP)))


def tiling_for(p: Problem, largest: int) -> Tiling:
    """Tiles of equal size, at most `largest`, for a problem of numbers."""
    pairs = -(-number(p.kernel_size[0]) // STEP)
    row = number(p.lines[1].padded_size) if p.ndim > 1 else 1
    places = (pairs - 1) * row + (number(p.kernel_size[1]) if p.ndim > 1 else 1)
    tiles = -(-places // largest)
    tile = -(-places // tiles)
    reach = number(p.output_size[1]) - 1 if p.ndim > 1 else 0
    return Tiling(tiles, tile, -(-(tiles * tile + reach) // row) + 1, -(-tiles * tile // row))


def entries(p: Problem, tiling: Tiling) -> int:
    """The entries of all workspaces."""
    row = number(p.lines[1].padded_size) if p.ndim > 1 else 1
    ins, outs, taps = number(p.batch), number(p.out_channels), prod(map(number, p.output_size[1:]))
    rows, kernel_rows = number(tiling.rows), number(tiling.kernel_rows)
    image = (2 * STEP + PRODUCTS) * ins * rows * row
    delta = (2 * STEP + PRODUCTS) * outs * kernel_rows * row
    return image + delta + (2 * PRODUCTS + 2 * TAPS) * taps * ins * outs
