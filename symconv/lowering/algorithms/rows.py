"""Rows: im2col along all axes but the first, whose taps are added one after the other.

In: a task with two spatial axes at least, of input dilation 1.  Out: a program: one image at a time (`rows`), or one
channel at a time, summed (`rows_sum`: for dE/dw, whose channels are the images).

The columns have K1 copies of the image where those of `windows` have K0*K1. The rows that one tap reads are stride
apart; sorted by the remainder of their number, they lie next to each other, and the tap ``k = s*t + b`` reads the rows
from ``d*t`` on of the remainder b. Where the stride does not divide the number of taps, the kernel is filled up with
zeros.
"""

from __future__ import annotations

from symconv.lowering.nodes import (
    Copy,
    Each,
    MatMul,
    Node,
    Pad,
    Total,
    at_place,
    axis,
    loop,
    merge,
    product,
    split,
    transposed,
    view,
)
from symconv.lowering.problem import Line, Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

IMAGE, TAP = loop("i"), loop("t")


def rows(task: Task, steps: Size) -> Node:
    """One image at a time; ``s * steps`` taps along the first axis hold those of the kernel."""
    p = task.problem
    lead, first = len(p.lead), p.lines[0]
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))  # (*G, C, *L)
    height = first.output_size + first.dilation * (steps - 1)
    columns = _sorted_columns(p, image, first, height, positions_last=True)  # (*G, s, C, *K1, R O1)
    under = _read(columns, product(p.output_size[1:]), first, p)
    taps = at_place(_taps(task.kernel, p, steps), 0, Polynomial.of(TAP))
    of_tap = MatMul(merge(taps, lead + 1, 1 + p.ndim), under)
    z = split(Total(TAP, steps, of_tap), lead + 1, p.output_size)
    return Each(IMAGE, p.batch, z, 0)


def rows_sum(task: Task, steps: Size) -> Node:
    """One channel at a time, summed; ``d * steps`` places along the first axis hold those of the result."""
    p = task.problem
    lead, first = len(p.lead), p.lines[0]
    channel = Polynomial.of(IMAGE)
    x = at_place(task.operand, 1 + lead, channel)  # (N, *G, *L)
    x = transposed(x, (*range(1, lead + 1), 0, *range(lead + 1, lead + 1 + p.ndim)))
    height = first.kernel_size + first.stride * (steps - 1)
    columns = _sorted_columns(p, x, first.turned, height, positions_last=False)  # (*G, d, N, *O1, R K1)
    under = _read(columns, product(p.kernel_size[1:]), first.turned, p)
    kernel = at_place(task.kernel, lead + 1, channel)  # (*G, M, *K)
    turned = transposed(kernel, (*range(lead), *range(lead + 1, lead + 1 + p.ndim), lead))
    of_places = Each(TAP, steps, MatMul(under, merge(turned, lead, p.ndim)), lead)
    total = Total(IMAGE, p.in_channels, of_places)  # (*G, t, d N O1, M)
    rest = p.output_size[1:]
    if first.dilation == 1:
        parts = split(total, lead + 1, (p.batch, *rest))
        return transposed(parts, (lead + 1, *range(lead), lead + 1 + p.ndim, lead, *range(lead + 2, lead + 1 + p.ndim)))
    parts = split(total, lead + 1, (first.dilation, p.batch, *rest))
    order = (lead + 2, *range(lead), lead + 2 + p.ndim, lead, lead + 1, *range(lead + 3, lead + 2 + p.ndim))
    whole = merge(Copy(transposed(parts, order)), lead + 2, 2)
    return view(whole, (*whole.shape[: lead + 2], *p.output_size), _kept(lead + 2 + p.ndim))


def steps_for(p: Problem, *, summed: bool) -> int:
    """The steps of a problem of numbers."""
    first = p.lines[0]
    if summed:
        return -(-number(first.output_size) // number(first.dilation))
    return -(-number(first.kernel_size) // number(first.stride))


def entries(p: Problem, *, summed: bool) -> int:
    """The entries of all workspaces."""
    turned = p.lines[0].turned if summed else p.lines[0]
    steps, stride = steps_for(p, summed=summed), number(turned.stride)
    height = number(turned.output_size) + number(turned.dilation) * (steps - 1)
    ins = number(p.groups) * number(p.batch if summed else p.in_channels)
    outs = number(p.groups) * number(p.out_channels)
    rest = [(number(line.padded_size), number(line.kernel_size), number(line.output_size)) for line in p.lines[1:]]
    padded = number(turned.padded_size) + stride * height
    columns, taps, results = stride * height, stride * steps, number(p.lines[0].output_size)
    for size, kernel, output in rest:
        padded, columns, taps, results = padded * size, columns * kernel * output, taps * kernel, results * output
    if summed:
        return ins * (padded + columns) + 3 * ins * outs // number(p.groups) * results * stride
    return ins * (padded + columns) + 2 * ins * outs // number(p.groups) * taps + 2 * outs * results


def _sorted_columns(p: Problem, x: Node, first: Line, height: Size, *, positions_last: bool) -> Node:
    """The windows along the other axes, of rows sorted by remainders: (*G, s, C, *K1, R O1), or with O1 for K1."""
    lead, s, d = len(p.lead), first.stride, first.dilation
    rest = p.lines[1:]
    channels = x.shape[lead]
    sizes = (s * (height - 1) + d * (s - 1) + 1, *(line.padded_size for line in rest))
    padded = Pad(x, tuple(line.low for line in p.lines), sizes)
    taps, positions = p.kernel_size[1:], p.output_size[1:]
    outer, inner = (taps, positions) if positions_last else (positions, taps)
    row = lead + 2 + len(rest)
    places = []
    for at, line in enumerate(rest):
        tap, position = axis(lead + 2 + at), axis(row + 1 + at)
        if not positions_last:
            tap, position = position, tap
        places.append(line.stride * position + line.dilation * tap)
    index = (*_kept(lead), axis(lead + 1), s * axis(row) + d * axis(lead), *places)
    columns = Copy(view(padded, (*p.lead, s, channels, *outer, height, *inner), index))
    return merge(columns, row, p.ndim)


def _read(columns: Node, width: Size, first: Line, p: Problem) -> Node:
    """The rows that a tap reads, and all before them as one axis: (*G, s C K1, O)."""
    last = len(columns.shape) - 1
    place = axis(last) + width * first.dilation * Polynomial.of(TAP)
    under = view(columns, (*columns.shape[:-1], first.output_size * width), (*_kept(last), place))
    return merge(under, len(p.lead), 1 + p.ndim)


def _taps(kernel: Node, p: Problem, steps: Size) -> Node:
    """The kernel as (t, *G, M, s, C, *K1)."""
    lead, s = len(p.lead), p.lines[0].stride
    if s * steps != p.kernel_size[0]:
        kernel = Pad(kernel, (0,) * p.ndim, (s * steps, *p.kernel_size[1:]))
    rest = tuple(axis(lead + 4 + at) for at in range(p.ndim - 1))
    index = (*(axis(1 + at) for at in range(lead)), axis(lead + 1), axis(lead + 3), s * axis(0) + axis(lead + 2), *rest)
    size = (steps, *p.lead, p.out_channels, s, p.in_channels, *p.kernel_size[1:])
    return Copy(view(kernel, size, index))


def _kept(count: int) -> tuple[Polynomial, ...]:
    return tuple(map(axis, range(count)))
