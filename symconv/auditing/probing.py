"""What does the code compute? Its coefficients, found by probing it with one entry of each tensor at a time.

In: a runner, a layer, the name of a gradient.  Out: every product that each entry of the gradient is made of.
Never: index notation; that is `symconv.auditing.lifting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product as iterate
from math import prod

import numpy as np

from symconv.auditing.exact import Tensors, dtype_of
from symconv.auditing.forms import FACTORS
from symconv.auditing.protocol import Array
from symconv.auditing.running import BACKWARD, Call, Observation, Returned, Runner
from symconv.layer import Axis, Conv

Index = tuple[int, ...]
NOISE = 1e-12  # of a coefficient: what rounding leaves
PROBES = 1500  # calls at most


@dataclass(frozen=True, order=True)
class Product:
    """One term of one entry: ``coefficient * tensor[at] * ...``, the tensors being the factors of the gradient."""

    entry: Index
    at: tuple[Index, ...]
    coefficient: Fraction = Fraction(1)


@dataclass(frozen=True)
class Computed:
    """Every product of every entry of one gradient on one layer."""

    slot: str
    layer: Conv
    products: tuple[Product, ...]
    shape: tuple[int, ...]

    def of_entry(self, entry: Index) -> tuple[Product, ...]:
        """The products of one entry."""
        return tuple(p for p in self.products if p.entry == entry)


def shapes(layer: Conv) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a layer."""
    return {"delta": layer.output_shape, "w": layer.weight_shape, "a": layer.input_shape, "b": layer.bias_shape}


def probes_needed(slot: str, layer: Conv) -> int:
    """How many calls `probe` makes."""
    return prod(prod(shapes(layer)[name]) for name in FACTORS[slot])


def probe(runner: Runner, slot: str, layer: Conv, dtype: str) -> Computed | None:
    """The products that an implementation adds up; None if it fails, or is not linear in each tensor.

    With one entry of each factor at 1 and all else at 0, the result holds the coefficient of that product everywhere.
    """
    if probes_needed(slot, layer) > PROBES:
        return None
    points = list(_points(slot, layer))
    calls = [_call(slot, layer, dict(zip(FACTORS[slot], at, strict=True)), dtype) for at in points]
    nothing = call_on_zeros(slot, layer, dtype)
    found: list[Product] = []
    shape: tuple[int, ...] = ()
    for at, observation in zip([None, *points], runner.run([nothing, *calls]), strict=True):
        values = result_of(slot, observation)
        if values is None or not np.isfinite(values).all():
            return None
        if at is None and values.any():
            return None  # something is added that is no product
        shape = values.shape
        if at is not None:
            found += [Product(entry, at, value) for entry, value in _entries(values)]
    return Computed(slot, layer, tuple(sorted(found)), shape)


def call_on_zeros(slot: str, layer: Conv, dtype: str) -> Call:
    """A call whose every product is zero."""
    return _call(slot, layer, {}, dtype)


def result_of(slot: str, observation: Observation) -> Array | None:
    """What came back for one gradient, in float64; None where nothing did."""
    if not isinstance(observation, Returned):
        return None
    result = observation.arrays[0 if slot == "forward" else BACKWARD.index(slot)]
    return None if result is None else np.asarray(result).astype(np.float64)


def theorem(slot: str, layer: Conv) -> Computed:
    """The products of the theorem: one for each triple of the axis relations, each label, each sample."""
    sizes = shapes(layer)
    shape = sizes[{"forward": "delta", "input": "a", "weight": "w", "bias": "b"}[slot]]
    if slot == "bias":
        sums = sorted(Product(at[1:2], (at,)) for at in np.ndindex(layer.output_shape))
        return Computed(slot, layer, tuple(sums), shape)
    outs, ins = layer.out_channels_per_group, layer.in_channels_per_group
    meetings = list(iterate(*(_triples(axis) for axis in layer.axes)))
    found = []
    for n, o, c in iterate(range(layer.batch), range(layer.out_channels), range(ins)):
        for meeting in meetings:
            i, k, x = zip(*meeting, strict=True)
            delta, w, a = (n, o, *i), (o, c, *k), (n, o // outs * ins + c, *x)
            match slot:
                case "input":
                    found.append(Product(a, (delta, w)))
                case "weight":
                    found.append(Product(w, (delta, a)))
                case _:
                    found.append(Product(delta, (w, a)))
    return Computed(slot, layer, tuple(sorted(found)), shape)


def _triples(axis: Axis) -> list[tuple[int, int, int]]:
    """The (i, k, x) with ``x = s*i + d*k - p``."""
    every = iterate(range(axis.output_size), range(axis.kernel_size))
    return [
        (i, k, x)
        for i, k in every
        if 0 <= (x := axis.stride * i + axis.dilation * k - axis.low) < axis.input_size
    ]  # fmt: skip


def predicts(computed: Computed, tensors: Tensors, returned: Array) -> bool:
    """Whether the products add up to what was returned on other data: then the code is linear in each tensor."""
    numbers = tensors.in_float64()
    total = np.zeros(returned.shape)
    for product in computed.products:
        if len(product.entry) != returned.ndim or any(
            i >= n for i, n in zip(product.entry, returned.shape, strict=True)
        ):
            return False
        value = float(product.coefficient)
        for name, at in zip(FACTORS[computed.slot], product.at, strict=True):
            value *= float(numbers[name][at])
        total[product.entry] += value
    if computed.slot == "forward":
        total += np.asarray(tensors.b).astype(np.float64).reshape(-1, *[1] * computed.layer.ndim)
    return bool(np.allclose(total, returned, rtol=1e-6, atol=1e-6))


def _within(entry: Index, shape: tuple[int, ...]) -> bool:
    return len(entry) == len(shape) and all(i < n for i, n in zip(entry, shape, strict=True))


def _points(slot: str, layer: Conv) -> Iterator[tuple[Index, ...]]:
    """Every choice of one entry of each factor."""
    sizes = shapes(layer)
    names = FACTORS[slot]
    if len(names) == 1:
        yield from ((at,) for at in np.ndindex(sizes[names[0]]))
        return
    for first in np.ndindex(sizes[names[0]]):
        for second in np.ndindex(sizes[names[1]]):
            yield (first, second)


def _tensors(layer: Conv, ones: dict[str, Index], dtype: str) -> Tensors:
    kind = dtype_of(dtype)
    made = {name: np.zeros(shape, dtype=kind) for name, shape in shapes(layer).items()}
    for name, at in ones.items():
        made[name][at] = 1
    return Tensors(made["delta"], made["a"], made["w"], made["b"])


def _call(slot: str, layer: Conv, ones: dict[str, Index], dtype: str) -> Call:
    tensors = _tensors(layer, ones, dtype)
    forward = slot == "forward"
    return Call(layer, tensors.forward if forward else tensors.backward, forward)


def _entries(values: Array) -> Iterator[tuple[Index, Fraction]]:
    for at in np.argwhere(np.abs(values) > NOISE):
        entry = tuple(int(i) for i in at)
        yield entry, _fraction(float(values[entry]))


def _fraction(value: float) -> Fraction:
    """A short fraction, if it is the number up to rounding; else the number itself."""
    short = Fraction(value).limit_denominator(1000)
    return short if abs(float(short) - value) <= NOISE * abs(value) else Fraction(value)
