"""Winograd: fewer products for kernels of three taps, F(2x2, 3x3).

In: a task with two spatial axes, three taps along each, all strides and dilations 1.  Out: a program.

For one axis, with t the tile, the matrices A, G and B of `MATRICES` obey

    sum over q of  A[r, q] * G[q, k] * B[q, j]  =  1 if j = r + k else 0

so that four products per tile give its two results of three products each. (S. Winograd, Arithmetic Complexity of
Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.)
Everything is done on flat phases: what a tile shares with the next one is read at a shifted place.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from symconv.lowering.nodes import (
    Combine,
    Copy,
    Each,
    MatMul,
    Node,
    Pad,
    Row,
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

IMAGE, PLACE = loop("i"), loop("r")
STEP = 2  # results in a tile, along each axis
TAPS = 3


def matrix(*rows: tuple[int | Fraction, ...]) -> tuple[Row, ...]:
    """A matrix of exact numbers."""
    return tuple(tuple(map(Fraction, row)) for row in rows)


HALF = Fraction(1, 2)
A = matrix((1, 1, 1, 0), (0, 1, -1, -1))  # r, q
G = matrix((1, 0, 0), (HALF, HALF, HALF), (HALF, -HALF, HALF), (0, 0, 1))  # q, k
B = matrix((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))  # q, j


def winograd(task: Task, tiles: tuple[Size, Size]) -> Node:
    """One image at a time; `tiles` are the tiles along the two axes, one more than hold results."""
    p = task.problem
    mixed = _mixed_kernel(task.kernel)  # (q2, q1, M, C)
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    values = _mixed_image(image, tuple(line.low for line in p.lines), tiles)  # (q2, q1, C, F)
    product = MatMul(merge(mixed, 0, 2), merge(values, 0, 2))
    flat = split(merge(product, 1, 2), 0, (4, 4))  # (q2, q1, M F)
    across = Combine(A, tuple(at_place(flat, 0, q) for q in range(4)))  # (r2, q1, M F)
    down = Combine(A, tuple(at_place(across, 1, q) for q in range(4)))  # (r1, r2, M F)
    parts = split(down, 2, (p.out_channels, *tiles))
    return Each(IMAGE, p.batch, joined(parts, p.out_channels, p.output_size, (STEP, STEP)), 0)


def joined(parts: Node, channels: Size, output_size: tuple[Size, ...], steps: tuple[Size, Size]) -> Node:
    """(r1, r2, M, t1, t2) read as (M, h*t1 + r1, w*t2 + r2) for steps h and w, as far as there are results."""
    (first, second), (high, wide) = output_size, steps
    kept = (ceil_divided(first, high), ceil_divided(second, wide))
    apart: Node
    if wide == STEP:  # place by place: pairs would be copied one by one
        one = view(
            parts, (channels, kept[0], high, kept[1]), (axis(2), Polynomial.of(PLACE), axis(0), axis(1), axis(3))
        )
        apart = Each(PLACE, wide, one, 4)
    else:
        apart = view(parts, (channels, kept[0], high, kept[1], wide), (axis(2), axis(4), axis(0), axis(1), axis(3)))
    whole = merge(merge(apart, 3, 2), 1, 2)
    if whole.shape[1:] == output_size:
        return whole
    return view(Copy(whole), (channels, *output_size), (axis(0), axis(1), axis(2)))


def _mixed_kernel(kernel: Node) -> Node:
    taps = Copy(transposed(kernel, (2, 3, 0, 1)))  # (k1, k2, M, C)
    down = Combine(G, tuple(at_place(taps, 0, k) for k in range(TAPS)))  # (q1, k2, M, C)
    return Combine(G, tuple(at_place(down, 1, k) for k in range(TAPS)))  # (q2, q1, M, C)


def _phases(image: Node, low: tuple[Size, ...], tiles: tuple[Size, Size]) -> Node:
    """(C, *L) as (rho1, rho2, (C + 1) F): the padded image at the places 2*t + rho, flat.

    A channel of zeros at the end lets every shift end in bounds.
    """
    channels = image.shape[0] + 1
    padded = Pad(image, (0, *low), (channels, STEP * tiles[0], STEP * tiles[1]))
    index = (axis(2), STEP * axis(3) + axis(0), STEP * axis(4) + axis(1))
    phases = Copy(view(padded, (STEP, STEP, channels, *tiles), index))
    return merge(phases, 2, 3)


def _mixed_image(image: Node, low: tuple[Size, ...], tiles: tuple[Size, Size]) -> Node:
    """(q2, q1, C, F): along each axis the four places that a tile reads, mixed by B."""
    channels = image.shape[0]
    flat = _phases(image, low, tiles)
    whole = channels * tiles[0] * tiles[1]
    rows = [
        view(flat, (STEP, whole + 1), (Polynomial.of(j % STEP), axis(0), axis(1) + (j // STEP) * tiles[1]))
        for j in range(4)
    ]
    down = Combine(B, tuple(rows))  # (q1, rho2, C F + 1)
    columns = [view(down, (4, whole), (axis(0), Polynomial.of(j % STEP), axis(1) + j // STEP)) for j in range(4)]
    across = Combine(B, tuple(columns))  # (q2, q1, C F)
    return split(across, 2, (channels, tiles[0] * tiles[1]))


def tiles_for(sizes: tuple[Size, ...]) -> tuple[int, int]:
    """The tiles that hold so many results along each axis, and one more, for the shifts to read."""
    first, second = (-(-Polynomial.of(size).constant // STEP) + 1 for size in sizes)
    return first, second


def entries(p: Problem) -> int:
    """The entries of all workspaces of `winograd`."""
    flat = prod(tiles_for(p.output_size))
    ins, outs = number(p.in_channels), number(p.out_channels)
    image = 2 * 4 * (ins + 1) * flat + (8 + 16) * ins * flat
    return image + (16 + 8 + 4) * outs * flat + (9 + 12 + 16) * ins * outs
