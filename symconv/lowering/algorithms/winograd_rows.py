"""Winograd along the first axis alone, F(4, 3): half of the products, at the price of more rounding.

In: a task with one or two spatial axes, three taps along the first, all strides and dilations 1.  Out: a program.

Rows are taken four at a time; along the second axis, if there is one, taps are columns of flat windows, as in `plane`.
The matrices obey the identity of `symconv.lowering.algorithms.winograd` with four results and six products; the points
0, 1, -1, 2, -2 make them (A. Lavin and S. Gray, 2016, section 4.3).
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from symconv.lowering.algorithms.winograd import matrix
from symconv.lowering.nodes import (
    Combine,
    Copy,
    Each,
    MatMul,
    Node,
    Pad,
    Shape,
    at_place,
    axis,
    ceil_divided,
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
STEP, TAPS, PRODUCTS = 4, 3, 6

A = matrix((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))  # r, q
B = matrix(
    (4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0), (0, 4, 0, -5, 0, 1),
)  # fmt: skip
_SIXTH, _TWELFTH, _TWENTY_FOURTH = Fraction(1, 6), Fraction(1, 12), Fraction(1, 24)
G = matrix(
    (Fraction(1, 4), 0, 0), (-_SIXTH, -_SIXTH, -_SIXTH), (-_SIXTH, _SIXTH, -_SIXTH),
    (_TWENTY_FOURTH, _TWELFTH, _SIXTH), (_TWENTY_FOURTH, -_TWELFTH, _SIXTH), (0, 0, 1),
)  # fmt: skip


def winograd_rows(task: Task, tiles: Size) -> Node:
    """One image at a time; `tiles` are those of the rows, one more than hold results."""
    p = task.problem
    row = p.lines[1].padded_size if p.ndim > 1 else 1
    flat = tiles * row  # places of a channel in one phase
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    values = _mixed_image(p, image, tiles, row)  # (q, C F + reach)
    taps = p.kernel_size[1:]
    place = axis(1) * flat + axis(2 + len(taps))
    if taps:
        place = place + axis(2)
    windows = view(values, (PRODUCTS, p.in_channels, *taps, flat), (axis(0), place))
    columns = merge(Copy(windows), 1, 1 + len(taps))  # (q, C K1, F)
    product = MatMul(_mixed_kernel(task.kernel, p), columns)  # (q, M, F)
    rows = Combine(A, tuple(at_place(product, 0, q) for q in range(PRODUCTS)))  # (r, M, F)
    return Each(IMAGE, p.batch, _joined(p, rows, tiles, row), 0)


def _mixed_kernel(kernel: Node, p: Problem) -> Node:
    first = Copy(transposed(kernel, (2, 0, 1, *range(3, 2 + p.ndim))))  # (k0, M, C, K1)
    return merge(Combine(G, tuple(at_place(first, 0, k) for k in range(TAPS))), 2, p.ndim)


def _mixed_image(p: Problem, image: Node, tiles: Size, row: Size) -> Node:
    """The six rows that a tile reads, mixed by B, at every flat place of every channel, and some beyond the last."""
    low = tuple(line.low for line in p.lines)
    sizes: Shape = (p.in_channels + 1, STEP * tiles, *(line.padded_size for line in p.lines[1:]))
    padded = Pad(image, (0, *low), sizes)  # a channel of zeros lets every shift end in bounds
    rest = tuple(axis(3 + at) for at in range(p.ndim - 1))
    phases = view(padded, (STEP, p.in_channels + 1, tiles, *sizes[2:]), (axis(1), STEP * axis(2) + axis(0), *rest))
    flat = merge(Copy(phases), 1, 1 + p.ndim)  # (rho, (C+1) F)
    whole = p.in_channels * tiles * row
    if p.ndim > 1:
        whole = whole + p.lines[1].kernel_size - 1
    parts = [view(flat, (whole,), (Polynomial.of(j % STEP), axis(0) + (j // STEP) * row)) for j in range(PRODUCTS)]
    return Combine(B, tuple(parts))


def _joined(p: Problem, rows: Node, tiles: Size, row: Size) -> Node:
    """(r, M, F) read as (M, 4*t + r, i1), as far as there are results."""
    kept = ceil_divided(p.output_size[0], STEP)
    parts = split(rows, 2, (tiles, row)) if p.ndim > 1 else rows
    rest = tuple(axis(3 + at) for at in range(p.ndim - 1))
    apart = view(parts, (p.out_channels, kept, STEP, *p.output_size[1:]), (axis(2), axis(0), axis(1), *rest))
    whole = merge(apart, 1, 2)
    if whole.shape[1:] == p.output_size:
        return whole
    return view(Copy(whole), (p.out_channels, *p.output_size), tuple(map(axis, range(1 + p.ndim))))


def tiles_for(p: Problem) -> int:
    """The tiles that hold all rows of the result, and one more, for the shifts to read."""
    return -(-number(p.output_size[0]) // STEP) + 1


def entries(p: Problem) -> int:
    """The entries of all workspaces."""
    flat = tiles_for(p) * prod(number(line.padded_size) for line in p.lines[1:])
    taps = prod(map(number, p.kernel_size[1:]))
    ins, outs = number(p.in_channels), number(p.out_channels)
    return (2 * STEP + PRODUCTS) * (ins + 1) * flat + PRODUCTS * ins * taps * flat + (PRODUCTS + STEP) * outs * flat
