"""The closed forms of the theorem, written from the layer by its table and never from a derivation.

In: a `Conv`.  Out: array expressions for z, dE/da, dE/dw and dE/db.

======  ==================  ================================  ======  ========  ==============  =================
of      is the convolution  with kernel                       stride  dilation  input dilation  padding
======  ==================  ================================  ======  ========  ==============  =================
z       of a                w                                 s       d         u               (p_lo, p_hi)
dE/da   of delta            rot180(w), channels exchanged     u       d         s               (d(K-1) - p_lo,
                                                                                                d(K-1) - p_hi + r)
dE/dw   of a                delta                             d       s         u               (p_lo, p_hi - r)
======  ==================  ================================  ======  ========  ==============  =================

With ``flip`` the forward kernel is rotated, dE/da takes w as it is, and dE/dw is rotated.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arrays import (
    Add,
    ArrayExpression,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Split,
    Sum,
    Transpose,
    rot180,
    shape,
)
from symconv.forward import BATCH, GROUP, IN, OUT, input_index, output_index, tap_index
from symconv.general_layer import GeneralConv
from symconv.layer import Conv
from symconv.polynomial import Polynomial
from symconv.terms import At, Divides, Guard, Term, Within, binders, exact_quotient


def forward(layer: Conv) -> ArrayExpression:
    """``z = corr(pad(dilate(a, u), p), w) + b``."""
    z: ArrayExpression = Correlate(
        dilated_and_padded(Input("a", layer.input_shape), layer.input_dilation, layer.padding),
        _plain_kernel(layer),
        layer.stride,
        layer.dilation,
        layer.groups,
    )
    return Add(z, Broadcast(Input("b", layer.bias_shape), layer.output_shape)) if layer.bias else z


def input_gradient(layer: Conv) -> ArrayExpression:
    """``dE/da = corr(pad(dilate(delta, s), (d(K-1) - p_lo, d(K-1) - p_hi + r)), rot180(w))``.

    The kernel's input and output channels are exchanged within each group.

    Examples
    --------
    >>> input_gradient(Conv((3, 3), (2, 2))).operand
    Pad(operand=Input(name='delta', shape=(1, 1, 2, 2)), padding=((1, 1), (1, 1)))
    """
    padding = tuple((a.dilated_kernel_size - 1 - a.low, a.dilated_kernel_size - 1 - a.high + a.remainder)
                    for a in layer.axes)  # fmt: skip
    w = Input("w", layer.weight_shape)
    exchanged = w if layer.weight_layout == "IO" else exchange_channels(w, layer.groups)
    return Correlate(
        dilated_and_padded(Input("delta", layer.output_shape), layer.stride, padding),
        exchanged if layer.flip else rot180(exchanged),
        layer.input_dilation,
        layer.dilation,
        layer.groups,
    )


def weight_gradient(layer: Conv) -> ArrayExpression:
    """``dE/dw = corr(pad(dilate(a, u), (p_lo, p_hi - r)), delta)``, stride and dilation exchanged.

    The batch is what is summed over: a is read as (C/g, g*N, *L) and delta as (M, N, *O).
    """
    spatial = tuple(range(2, 2 + layer.ndim))
    a = Split(Input("a", layer.input_shape), 1, layer.groups)  # (N, g, C/g, *L)
    channels_first = Transpose(a, (2, 1, 0, *(j + 1 for j in spatial)))  # (C/g, g, N, *L)
    padding = tuple((low, high - r) for (low, high), r in zip(layer.padding, layer.remainder, strict=True))
    by_channel = Correlate(
        dilated_and_padded(Merge(channels_first, 1), layer.input_dilation, padding),
        Transpose(Input("delta", layer.output_shape), (1, 0, *spatial)),
        layer.dilation,
        layer.stride,
        layer.groups,
    )  # (C/g, M, *K)
    plain: ArrayExpression = Transpose(by_channel, (1, 0, *spatial))
    laid_out = exchange_channels(plain, layer.groups) if layer.weight_layout == "IO" else plain
    return rot180(laid_out) if layer.flip else laid_out


def bias_gradient(layer: Conv) -> ArrayExpression:
    """``dE/db[o]``: the sum of delta over batch and positions."""
    return Sum(Input("delta", layer.output_shape), (0, *range(2, 2 + layer.ndim)))


def exchange_channels(kernel: ArrayExpression, groups: int) -> ArrayExpression:
    """Exchange input and output channels of a kernel within each group: (g*A, B, *K) becomes (g*B, A, *K).

    Its own inverse, and the step between the two weight layouts.
    """
    if groups == 1:
        return Transpose(kernel, (1, 0, *range(2, len(shape(kernel)))))
    grouped = Split(kernel, 0, groups)
    return Merge(Transpose(grouped, (0, 2, 1, *range(3, len(shape(grouped))))), 0)


def dilated_and_padded(
    operand: ArrayExpression, factors: tuple[int, ...], padding: tuple[tuple[int, int], ...]
) -> ArrayExpression:
    """Zeros between the entries, then around them; an operation that would do nothing is not written."""
    dilated = Dilate(operand, factors) if any(f > 1 for f in factors) else operand
    return Pad(dilated, padding) if any(pair != (0, 0) for pair in padding) else dilated


def _plain_kernel(layer: Conv) -> ArrayExpression:
    w = Input("w", layer.weight_shape)
    plain = exchange_channels(w, layer.groups) if layer.weight_layout == "IO" else w
    return rot180(plain) if layer.flip else plain


def general_closed_form(layer: GeneralConv, by: str, tensors: tuple[str, str, str] = ("delta", "w", "a")) -> Term:
    """A row of the theorem as a sum over taps, with symbols for every number: what the array operations mean.

    `by` is the slot (delta for the forward map, w, a or b); `tensors` are what stands in the slots of delta, w and a.
    An array that is dilated by q and padded with `low` zeros reads, at position m + low, its entry m/q if q divides m
    and 0 <= m < q*(n-1) + 1, and zero otherwise.
    """
    delta, w, a = tensors
    axes = layer.axes
    n, g, o, c = (Polynomial.of(name) for name in (BATCH, GROUP, OUT, IN))
    outputs, inputs = layer.out_channels_per_group * g + o, layer.in_channels_per_group * g + c
    i, k, x = ([Polynomial.of(name(j)) for j in range(layer.ndim)] for name in (output_index, tap_index, input_index))
    mirrored = [axis.kernel_size - 1 - tap for axis, tap in zip(axes, k, strict=True)]
    taps = binders(*((tap_index(j), axis.kernel_size) for j, axis in enumerate(axes)))
    positions = binders(*((output_index(j), axis.output_size) for j, axis in enumerate(axes)))
    match by:
        case "b":
            return Term((*binders((BATCH, layer.batch)), *positions), (), (At(delta, (n, outputs, *i)),))
        case "a":  # stride u, dilation d, dilated by s, low padding d(K-1) - p
            low = [axis.dilation * (axis.kernel_size - 1) - axis.low for axis in axes]
            reads = [
                Reading(axis.input_dilation * at + axis.dilation * tap - p, axis.stride, axis.output_size)
                for axis, at, tap, p in zip(axes, x, k, low, strict=True)
            ]
            kernel = At(w, (outputs, c, *(k if layer.flip else mirrored)))
            operand = At(delta, (n, outputs, *(r.index for r in reads)))
            return Term((*binders((OUT, layer.out_channels_per_group)), *taps), _guards(reads), (operand, kernel))
        case "delta":  # stride s, dilation d, dilated by u, low padding p
            reads = [
                Reading(axis.stride * at + axis.dilation * tap - axis.low, axis.input_dilation, axis.input_size)
                for axis, at, tap in zip(axes, i, k, strict=True)
            ]
            kernel = At(w, (outputs, c, *(mirrored if layer.flip else k)))
            operand = At(a, (n, inputs, *(r.index for r in reads)))
            return Term((*binders((IN, layer.in_channels_per_group)), *taps), _guards(reads), (operand, kernel))
        case _:  # w: stride d, dilation s, dilated by u, low padding p; the result of a flipped layer is rotated
            reads = [
                Reading(axis.dilation * tap + axis.stride * at - axis.low, axis.input_dilation, axis.input_size)
                for axis, at, tap in zip(axes, i, mirrored if layer.flip else k, strict=True)
            ]
            operand, kernel = At(a, (n, inputs, *(r.index for r in reads))), At(delta, (n, outputs, *i))
            return Term((*binders((BATCH, layer.batch)), *positions), _guards(reads), (operand, kernel))


@dataclass(frozen=True)
class Reading:
    """The entry m/q of an array of length n that is dilated by q: where it stands, and when it is there."""

    place: Polynomial
    factor: Polynomial
    length: Polynomial

    @property
    def index(self) -> Polynomial:
        """m/q."""
        return exact_quotient(self.place, self.factor)

    @property
    def guards(self) -> tuple[Guard, ...]:
        """q divides m, and m lies in the dilated array."""
        within = Within(self.place, self.factor * (self.length - 1) + 1)
        return (within,) if self.factor == 1 else (Divides(self.factor, self.place), within)


def _guards(readings: list[Reading]) -> tuple[Guard, ...]:
    return tuple(g for r in readings for g in r.guards)
