"""Recognising a correlation: from a sum with solved indices to the array expression that means it.

In: the last formula of a derivation.  Out: Pad, Dilate, Rotate and Correlate with the numbers read off the formula.
Never: the table of the theorem: the strides, gaps and low pads are the coefficients of the indices, and the high pad
is what makes the result as long as the tensor it is the gradient of.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arrays import ArrayExpression, Correlate, Dilate, Input, Merge, Pad, Split, Sum, Transpose, rot180, shape
from symconv.errors import BrokenDerivation
from symconv.forward import input_index, output_index, tap_index
from symconv.layer import Conv
from symconv.polynomial import Polynomial, Quotient
from symconv.steps import Gradient
from symconv.terms import At, Formula, number


@dataclass(frozen=True)
class Reading:
    """``(stride*i + dilation*k - low) / factor``: how one axis of a correlation reads its dilated, padded operand."""

    stride: int
    dilation: int
    low: int
    factor: int


def recognise(layer: Conv, of: Gradient, derived: Formula) -> ArrayExpression:
    """The array expression that a derived formula means."""
    factors = {f.tensor: f for f in derived.terms[0].factors if isinstance(f, At)}
    match of:
        case Gradient.INPUT:
            return _input(layer, factors["delta"], factors["w"])
        case Gradient.WEIGHT:
            return _weight(layer, factors["a"])
        case Gradient.BIAS:
            return Sum(Input("delta", layer.output_shape), (0, *range(2, 2 + layer.ndim)))


def _input(layer: Conv, delta: At, w: At) -> ArrayExpression:
    readings = [_reading(p, input_index(j), tap_index(j)) for j, p in enumerate(delta.index[2:])]
    operand = _surrounded(Input("delta", layer.output_shape), readings, layer.kernel_size, layer.input_size)
    kernel: ArrayExpression = Input("w", layer.weight_shape)
    if layer.weight_layout == "OI":
        kernel = _exchanged(kernel, layer.groups)
    reversed_taps = [p.coefficient(tap_index(j)) < 0 for j, p in enumerate(w.index[2:])]
    if any(reversed_taps):
        kernel = rot180(kernel)
    return Correlate(
        operand, kernel, tuple(r.stride for r in readings), tuple(r.dilation for r in readings), layer.groups
    )


def _weight(layer: Conv, a: At) -> ArrayExpression:
    taps = [
        p if _numerator(p)[0].coefficient(tap_index(j)) > 0 else _reversed(p, tap_index(j), layer.kernel_size[j])
        for j, p in enumerate(a.index[2:])
    ]
    readings = [_reading(p, tap_index(j), output_index(j)) for j, p in enumerate(taps)]
    spatial = tuple(range(2, 2 + layer.ndim))
    by_group = Transpose(Split(Input("a", layer.input_shape), 1, layer.groups), (2, 1, 0, *(j + 1 for j in spatial)))
    correlated = Correlate(
        _surrounded(Merge(by_group, 1), readings, layer.output_size, layer.kernel_size),
        Transpose(Input("delta", layer.output_shape), (1, 0, *spatial)),
        tuple(r.stride for r in readings),
        tuple(r.dilation for r in readings),
        layer.groups,
    )
    plain: ArrayExpression = Transpose(correlated, (1, 0, *spatial))
    if layer.weight_layout == "IO":
        plain = _exchanged(plain, layer.groups)
    return rot180(plain) if list(a.index[2:]) != taps else plain


def _exchanged(kernel: ArrayExpression, groups: int) -> ArrayExpression:
    grouped = Split(kernel, 0, groups)
    return Merge(Transpose(grouped, (0, 2, 1, *range(3, len(shape(grouped))))), 0)


def _reversed(p: Polynomial, name: str, size: int) -> Polynomial:
    return p.substitute({name: size - 1 - Polynomial.of(name)})


def _numerator(p: Polynomial) -> tuple[Polynomial, int]:
    match list(p.coefficients.items()):
        case [((Quotient(numerator, divisor),), 1)]:
            return numerator, number(divisor)
        case _:
            return p, 1


def _reading(p: Polynomial, moving: str, tap: str) -> Reading:
    numerator, factor = _numerator(p)
    found = Reading(numerator.coefficient(moving), numerator.coefficient(tap), -numerator.constant, factor)
    rest = numerator - found.stride * Polynomial.of(moving) - found.dilation * Polynomial.of(tap) + found.low
    if rest or found.stride < 1 or found.dilation < 1:
        raise BrokenDerivation(f"the index {p} is no reading of a correlation along {moving} and {tap}")
    return found


def _surrounded(
    operand: ArrayExpression, readings: list[Reading], taps: tuple[int, ...], result: tuple[int, ...]
) -> ArrayExpression:
    """Dilated by the divisors, padded low as read, and high as far as the last window reaches."""
    factors = tuple(r.factor for r in readings)
    dilated = Dilate(operand, factors) if any(f > 1 for f in factors) else operand
    lengths = shape(dilated)[2:]
    padding = tuple(
        (r.low, r.stride * (n - 1) + r.dilation * (k - 1) + 1 - r.low - length)
        for r, n, k, length in zip(readings, result, taps, lengths, strict=True)
    )
    return Pad(dilated, padding) if any(pair != (0, 0) for pair in padding) else dilated
