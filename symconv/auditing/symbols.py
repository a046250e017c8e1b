"""An implementation run on symbols: where it takes arrays of objects, its results are polynomials, and decide.

In: a runner, a layer.  Out: whether every entry is the theorem's polynomial, for that layer a proof.
Never: a denial: code that does not take objects, or treats them in another way than numbers, says nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from symconv.auditing.forms import FACTORS
from symconv.auditing.probing import theorem
from symconv.auditing.protocol import Array
from symconv.auditing.running import Call, Returned, Runner
from symconv.layer import Conv
from symconv.polynomial import Entry, Polynomial

MONOMIALS = 400  # products in z at most


def symbolic_layers(layers: Iterable[Conv]) -> list[Conv]:
    """For each rank, the layer with the most products that is still small."""
    small = [layer for layer in layers if layer.monomials <= MONOMIALS]
    ranks = sorted({layer.ndim for layer in small})
    return [max((layer for layer in small if layer.ndim == rank), key=_telling) for rank in ranks]


def _telling(layer: Conv) -> tuple[int, int, str]:
    """Kernels longer than 1 along many axes first, then many products."""
    return sum(size > 1 for size in layer.kernel_size), layer.monomials, repr(layer)


def proved_on_symbols(runner: Runner, layer: Conv, slots: tuple[str, ...]) -> set[str]:
    """The gradients that come out as the polynomials of the theorem, entry by entry."""
    shapes = {"delta": layer.output_shape, "a": layer.input_shape, "w": layer.weight_shape, "b": layer.bias_shape}
    forward = slots == ("forward",)
    names = ("a", "w", "b") if forward else ("delta", "a", "w")
    (seen,) = runner.run([Call(layer, tuple(_symbols(name, shapes[name]) for name in names), forward)])
    if not isinstance(seen, Returned):
        return set()
    return {
        slot
        for slot, result in zip(slots, seen.arrays, strict=True)
        if result is not None and result.dtype == np.dtype(object) and _is_theorem(slot, layer, result)
    }


def _symbols(name: str, shape: tuple[int, ...]) -> Array:
    array = np.empty(shape, dtype=object)
    for at in np.ndindex(shape):
        array[at] = Polynomial.of(Entry(name, at))
    return array


def _is_theorem(slot: str, layer: Conv, result: Array) -> bool:
    expected: dict[tuple[int, ...], Polynomial] = {}
    known = theorem(slot, layer)
    for term in known.products:
        value = Polynomial.of(int(term.coefficient))
        for name, at in zip(FACTORS[slot], term.at, strict=True):
            value = value * Polynomial.of(Entry(name, at))
        expected[term.entry] = expected.get(term.entry, Polynomial()) + value
    if slot == "forward":
        for at in np.ndindex(layer.output_shape):
            expected[at] = expected.get(at, Polynomial()) + Polynomial.of(Entry("b", (at[1],)))
    return result.shape == known.shape and all(
        _polynomial(result[at]) == expected.get(at, Polynomial()) for at in np.ndindex(known.shape)
    )


def _polynomial(value: object) -> object:
    """A whole number counts as a constant; anything that is no polynomial equals none."""
    if isinstance(value, Polynomial):
        return value
    if isinstance(value, float | np.floating):  # NaN and infinity are none
        value = int(value) if float(value).is_integer() else None
    return Polynomial.of(int(value)) if isinstance(value, int | np.integer) else None
