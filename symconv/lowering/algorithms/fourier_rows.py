"""Fourier along the last axis alone, by products of matrices: for several taps there, and many channels.

In: a task whose axes have input dilation 1, but for the last.  Out: a program, whose results are rounded.

Each row of the padded image lies on a circle of its own length n. `Waves` turns it, and each row of the kernel, into
one number for each of about ``3*n/2`` products, and sums over channels and over the taps of the other axes are products
of matrices for each of those: ``3*n/2`` for a row of results, where direct summation has ``O*K``. Strides, dilations
and zeros at the ends of a row say at which places of the circle the waves are read, and cost nothing.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Pad,
    Waves,
    at_place,
    axis,
    loop,
    merge,
    split,
    swapped,
    transposed,
    view,
    wave_count,
)
from symconv.lowering.problem import Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE = loop("i")


def fourier_rows(task: Task, *, padded: bool) -> Node:
    """One image at a time; if `padded`, a last axis of input dilation 1 has its zeros made, or its ends cut, first."""
    p = task.problem
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    single = view(image, (1, *image.shape), tuple(axis(1 + at) for at in range(len(image.shape))))
    z = _convolved(replace(p, batch=1), single, _weights(task), padded=padded)
    return Each(IMAGE, p.batch, at_place(z, 0, 0), 0)


def fourier_rows_at_once(task: Task, *, padded: bool) -> Node:
    """All images at once: for those of few rows, and for dE/dw, whose images are the channels."""
    return _convolved(task.problem, task.operand, _weights(task), padded=padded)


def _weights(task: Task) -> Node:
    """The rows of the kernel, made for one output channel after the other: (r, *G, M, C K')."""
    p, last = task.problem, task.problem.lines[-1]
    lead = len(p.lead)
    waves = _read(Waves("kernel", last.padded_size), last.kernel_size, last.dilation * axis(1))
    mixed = MatMul(waves, swapped(merge(task.kernel, lead + 1, p.ndim)))  # (*G, M, r, C K')
    return transposed(mixed, (lead + 1, *range(lead + 1), lead + 2))


def _convolved(p: Problem, x: Node, weights: Node, *, padded: bool) -> Node:
    """The result, (N, *G, M, *O)."""
    *outer, last = p.lines
    lead, n = len(p.lead), last.padded_size
    low, width = (Polynomial.of(0), n) if padded else (Polynomial.of(last.low), last.input_size)
    first = (*(line.low for line in outer), last.low if padded else 0)
    whole = Pad(x, first, (*(line.padded_size for line in outer), width))
    columns = _columns(p, _mixed(Waves("operand", n), low + last.input_dilation * axis(1), whole))
    flat = merge(MatMul(weights, columns), 1, 2 + lead)  # (r, G M N O')
    rows = MatMul(transposed(flat, (1, 0)), _read(Waves("result", n), last.output_size, last.stride * axis(1)))
    z = split(rows, 0, (*p.lead, p.out_channels, p.batch, *(line.output_size for line in outer)))
    return transposed(z, (lead + 1, *range(lead + 1), *range(lead + 2, lead + 2 + p.ndim)))


def _read(waves: Waves, count: Size, place: Polynomial) -> Node:
    """So many columns of the waves, at these places of the circle."""
    return view(waves, (waves.shape[0], count), (axis(0), place))


def _mixed(waves: Waves, place: Polynomial, x: Node) -> Node:
    """(r, *X) for an array (*X, W), whose entries along the last axis lie at these places of the circle."""
    flat = merge(x, 0, len(x.shape) - 1)
    return split(MatMul(_read(waves, x.shape[-1], place), transposed(flat, (1, 0))), 1, x.shape[:-1])


def _columns(p: Problem, mixed: Node) -> Node:
    """The windows of (r, N, *G, C, *L') along all axes but the last, as (r, *G, C K', N O')."""
    outer = p.lines[:-1]
    lead, count = len(p.lead), len(outer)
    image = 2 + lead + count
    places = (line.stride * axis(image + 1 + at) + line.dilation * axis(2 + lead + at) for at, line in enumerate(outer))
    index = (axis(0), axis(image), *(axis(1 + at) for at in range(lead + 1)), *places)
    taps, results = (tuple(sizes[:-1]) for sizes in (p.kernel_size, p.output_size))
    size = (mixed.shape[0], *p.lead, p.in_channels, *taps, p.batch, *results)
    return merge(merge(Copy(view(mixed, size, index)), image, 1 + count), 1 + lead, 1 + count)


def unpadded(p: Problem) -> bool:
    """Whether all places of the image along the last axis are in its padded row."""
    last = p.lines[-1]
    low, reach = number(last.low), number(last.input_dilation) * (number(last.input_size) - 1)
    return 0 <= low < number(last.padded_size) - reach


def entries(p: Problem, *, summed: bool) -> tuple[int, int]:
    """The entries of all workspaces: for each image, and besides. The images are summed over if it is `summed`."""
    *outer, last = p.lines
    rows = number(wave_count(last.padded_size))
    groups = number(p.groups)
    padded, taps, results = (
        prod(map(number, sizes))
        for sizes in (
            [line.padded_size for line in outer],
            [line.kernel_size for line in outer],
            [line.output_size for line in outer],
        )
    )
    ins, outs = number(p.batch if summed else p.in_channels), number(p.out_channels)
    weights, product = (taps, results) if not summed else (results, taps)
    width, whole = number(last.padded_size), number(last.output_size)
    image = groups * ins * (padded * (width + rows) + rows * taps * results)
    image += groups * outs * product * (rows + (0 if summed else whole))
    besides = groups * ins * outs * (weights * (rows + (whole if summed else number(last.kernel_size))))
    return image, besides + rows * (2 * width + number(last.kernel_size))
