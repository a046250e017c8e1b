"""Sub-pixel convolution: the results of a period are channels of a plain convolution, and are interleaved.

In: any task but dE/dw; it is meant for those whose input is dilated (dE/da of a layer with a stride).  Out: a program.

Where the input is dilated by u, most products of im2col are with zeros. The u results of a period read the same places
of the input, each with other taps: so they are ``u*M`` channels of one convolution without dilation. (W. Shi et al.,
Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network, 2016.)
The blocks and the kernel are those of `symconv.lowering.algorithms.toeplitz`.
"""

from __future__ import annotations

from symconv.lowering.algorithms.toeplitz import IMAGE, Block, joined, windows, written
from symconv.lowering.nodes import Copy, Each, MatMul, Node, axis, loop, merge, split, transposed, view
from symconv.lowering.problem import Task
from symconv.polynomial import Polynomial

PLACE = loop("r")


def subpixel(task: Task, blocks: tuple[Block, ...]) -> Node:
    """One image at a time: the windows of all blocks as columns, and one product for each group."""
    p = task.problem
    lead, n = len(p.lead), p.ndim
    groups = tuple(range(lead))
    order = (*groups, *range(lead + n, lead + 1 + 2 * n), *range(lead, lead + n))
    columns: Node = Copy(transposed(windows(task, blocks), order))  # (*G, C, *span, *counts)
    columns = merge(merge(columns, lead + 1 + n, n), lead, 1 + n)
    order = (*groups, *range(lead + 1 + n, lead + 2 + 2 * n), *range(lead, lead + 1 + n))
    taps = Copy(transposed(written(task, blocks), order))  # (*G, M, *results, C, *span)
    product = MatMul(merge(merge(taps, lead + 1 + n, 1 + n), lead, 1 + n), columns)
    parts = split(product, lead + 1, tuple(b.count for b in blocks))
    parts = split(parts, lead, (p.out_channels, *(b.results for b in blocks)))  # (*G, M, *results, *counts)
    pairs = [place for at in range(n) for place in (lead + 1 + n + at, lead + 1 + at)]
    apart = transposed(parts, (*groups, lead, *pairs))
    last = len(apart.shape) - 1
    index = (*map(axis, range(last)), Polynomial.of(PLACE))  # results of a block lie apart: place by place
    one = view(apart, apart.shape[:-1], index)
    return Each(IMAGE, p.batch, joined(p, Each(PLACE, blocks[-1].results, one, last)), 0)
