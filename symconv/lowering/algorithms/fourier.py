"""Fourier: by the convolution theorem, for kernels of many taps.

In: a task in one group, all strides and dilations 1.  Out: a program, whose results are rounded.

The padded image lies on a circle that is at least as long, so that no product that is kept goes around it.
"""

from __future__ import annotations

from symconv.lowering.nodes import Circular, Each, Node, Pad, Shape, Total, at_place, axis, loop, view
from symconv.lowering.problem import Task
from symconv.polynomial import Polynomial

IMAGE, PLACE = loop("i"), loop("j")


def fourier(task: Task, circle: Shape) -> Node:
    """One image at a time, its channels summed over for every frequency."""
    p = task.problem
    image = at_place(task.operand, 0, Polynomial.of(IMAGE))
    padded = Pad(image, tuple(line.low for line in p.lines), tuple(line.padded_size for line in p.lines))
    whole = Circular(padded, task.kernel, circle)
    z = view(whole, (p.out_channels, *p.output_size), tuple(map(axis, range(1 + p.ndim))))
    return Each(IMAGE, p.batch, z, 0)


def fourier_sum(task: Task, circle: Shape) -> Node:
    """One channel at a time, summed: for dE/dw the channels are the images, and the kernel is delta."""
    p = task.problem
    channel = Polynomial.of(IMAGE)
    x, kernel = at_place(task.operand, 1, channel), at_place(task.kernel, 1, channel)  # (N, *L) and (M, *K)
    image = at_place(x, 0, Polynomial.of(PLACE))
    padded = Pad(image, tuple(line.low for line in p.lines), tuple(line.padded_size for line in p.lines))
    spatial = tuple(line.padded_size for line in p.lines)
    single = view(padded, (1, *spatial), tuple(axis(1 + at) for at in range(p.ndim)))
    filters = view(kernel, (p.out_channels, 1, *p.kernel_size), (axis(0), *(axis(2 + at) for at in range(p.ndim))))
    whole = Circular(single, filters, circle)
    z = view(whole, (p.out_channels, *p.output_size), tuple(map(axis, range(1 + p.ndim))))
    return Total(IMAGE, p.in_channels, Each(PLACE, p.batch, z, 0))


def fast_length(least: int) -> int:
    """The smallest length of at least so many places whose prime factors are 2, 3 and 5."""
    found = least
    while not _smooth(found):
        found += 1
    return found


def _smooth(number: int) -> bool:
    for prime in (2, 3, 5):
        while number % prime == 0:
            number //= prime
    return number == 1
