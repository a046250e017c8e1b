"""What a program has to compute: one plain convolution, whichever of a layer's maps it is.

In: a layer, and which of z, dE/da and dE/dw is wanted.  Out: a `Problem`, and the arrays that it is about.
Never: an algorithm. The gradients of a convolution are convolutions (the theorem's table), so every algorithm is
written once, for ``z = corr(pad(dilate(x, u), p), kernel)``, and serves all three.

Arrays have an axis for the groups if there are several: x is (N, G, C, *L), the kernel (G, M, C, *K), z (N, G, M, *O),
with C and M the channels in a group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symconv.layer import Axis, Conv
from symconv.lowering.nodes import Node, Operand, Shape, axis, merge, split, transposed, view
from symconv.polynomial import Polynomial
from symconv.steps import Gradient
from symconv.terms import Size

BATCH = Polynomial.of("n")


@dataclass(frozen=True)
class Line:
    """The sizes along one spatial axis; `padded_size` is the length of the dilated and padded input."""

    input_size: Size
    kernel_size: Size
    output_size: Size
    stride: Size
    dilation: Size
    input_dilation: Size
    low: Size
    padded_size: Size

    @property
    def turned(self) -> Line:
        """Positions and taps exchanged: the windows of one are those of the other."""
        return replace(self, kernel_size=self.output_size, output_size=self.kernel_size, stride=self.dilation,
                       dilation=self.stride)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A plain convolution by its sizes; `grouped` says whether its arrays have an axis for the groups."""

    batch: Size
    groups: Size
    in_channels: Size  # in a group
    out_channels: Size
    lines: tuple[Line, ...]
    grouped: bool

    @property
    def ndim(self) -> int:
        """The number of spatial axes."""
        return len(self.lines)

    @property
    def lead(self) -> Shape:
        """The sizes of the axes of groups: one of them, or none."""
        return (self.groups,) if self.grouped else ()

    @property
    def input_size(self) -> Shape:
        """L along each axis."""
        return tuple(line.input_size for line in self.lines)

    @property
    def kernel_size(self) -> Shape:
        """K along each axis."""
        return tuple(line.kernel_size for line in self.lines)

    @property
    def output_size(self) -> Shape:
        """O along each axis."""
        return tuple(line.output_size for line in self.lines)

    @property
    def output_shape(self) -> Shape:
        """The shape of z: (N, G, M, *O), without G where there is one group."""
        return (self.batch, *self.lead, self.out_channels, *self.output_size)


@dataclass(frozen=True)
class Task:
    """A problem with its two operands, and the layer's axes of the result that they stand for."""

    problem: Problem
    operand: Node
    kernel: Node


def forward_task(layer: Conv) -> Task:
    """z, without the bias, from a and w."""
    kernel = _kernel(layer, transpose=False)
    return Task(_problem(layer, layer.axes, BATCH, layer.in_channels_per_group, layer.out_channels_per_group),
                _grouped(Operand("a", (BATCH, *layer.input_shape[1:])), layer.groups),
                reversed_spatial(kernel, layer.ndim) if layer.flip else kernel)  # fmt: skip


def input_gradient_task(layer: Conv) -> Task:
    """dE/da, from delta and w: the row dE/da of the theorem's table."""
    axes = tuple(
        Axis(a.output_size, a.kernel_size, a.input_dilation, a.dilation, a.stride,
             a.dilated_kernel_size - 1 - a.low, a.dilated_kernel_size - 1 - a.high + a.remainder)
        for a in layer.axes
    )  # fmt: skip
    kernel = _kernel(layer, transpose=True)
    return Task(_problem(layer, axes, BATCH, layer.out_channels_per_group, layer.in_channels_per_group),
                _grouped(Operand("delta", (BATCH, *layer.output_shape[1:])), layer.groups),
                kernel if layer.flip else reversed_spatial(kernel, layer.ndim))  # fmt: skip


def weight_gradient_task(layer: Conv) -> Task:
    """dE/dw as (C, G, M, *K), from a and delta: the row dE/dw of the theorem's table; the batch is summed over."""
    axes = tuple(
        Axis(a.input_size, a.output_size, a.dilation, a.stride, a.input_dilation, a.low, a.high - a.remainder)
        for a in layer.axes
    )
    spatial = range(2 + (layer.groups > 1), 2 + (layer.groups > 1) + layer.ndim)
    a = _grouped(Operand("a", (BATCH, *layer.input_shape[1:])), layer.groups)
    delta = _grouped(Operand("delta", (BATCH, *layer.output_shape[1:])), layer.groups)
    order = (2, 1, 0) if layer.groups > 1 else (1, 0)
    to_kernel = (1, 2, 0) if layer.groups > 1 else (1, 0)
    problem = _problem(layer, axes, layer.in_channels_per_group, BATCH, layer.out_channels_per_group)
    return Task(problem, transposed(a, (*order, *spatial)), transposed(delta, (*to_kernel, *spatial)))


def task(layer: Conv, of: str) -> Task:
    """The task of "forward", "input" or "weight"."""
    return {"forward": forward_task, "input": input_gradient_task, "weight": weight_gradient_task}[of](layer)


def as_result(layer: Conv, of: str, z: Node) -> Node:
    """The result of a task in the layer's own layout."""
    grouped = layer.groups > 1
    if of != Gradient.WEIGHT:
        return merge(z, 1, 2) if grouped else z
    spatial = tuple(range(2 + grouped, 2 + grouped + layer.ndim))
    if layer.weight_layout == "IO":  # (C, G, M, *K) to (G*C, M, *K)
        laid_out = transposed(z, (1, 0, 2, *spatial)) if grouped else z
    else:
        laid_out = transposed(z, (1, 2, 0, *spatial)) if grouped else transposed(z, (1, 0, *spatial))
    whole = reversed_spatial(laid_out, layer.ndim) if layer.flip else laid_out
    return merge(whole, 0, 2) if grouped else whole


def reversed_spatial(kernel: Node, ndim: int) -> Node:
    """Rotated by 180 degrees: the last axes reversed."""
    size = kernel.shape
    kept = len(size) - ndim
    index = [axis(at) if at < kept else size[at] - 1 - axis(at) for at in range(len(size))]
    return view(kernel, size, tuple(index))


def _grouped(operand: Node, groups: int) -> Node:
    if groups == 1:
        return operand
    channels = operand.shape[1]
    assert isinstance(channels, int)
    return split(operand, 1, (groups, channels // groups))


def _kernel(layer: Conv, *, transpose: bool) -> Node:
    """w as (G, out, in, *K): out and in channels exchanged for the input gradient or the other layout, not for both."""
    w: Node = Operand("w", layer.weight_shape)
    first, second = (0, 1) if (layer.weight_layout == "IO") == transpose else (1, 0)
    grouped = layer.groups > 1
    if grouped:
        w = split(w, 0, (layer.groups, layer.weight_shape[0] // layer.groups))
    order = (first + grouped, second + grouped)
    return transposed(w, (*range(grouped), *order, *range(2 + grouped, 2 + grouped + layer.ndim)))


def _problem(layer: Conv, axes: tuple[Axis, ...], batch: Size, ins: Size, outs: Size) -> Problem:
    lines = tuple(
        Line(a.input_size, a.kernel_size, a.output_size, a.stride, a.dilation, a.input_dilation, a.low,
             a.dilated_input_size + a.low + a.high)
        for a in axes
    )  # fmt: skip
    return Problem(batch, layer.groups, ins, outs, lines, layer.groups > 1)
