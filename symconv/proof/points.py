"""The points at which loops that add up products must give the theorem's numbers, and then are the theorem's form.

In: a layer and a map.  Out: `Points`, each of which says what the operands hold and what the theorem gives.
Never: a program that computes what the theorem gives: it is read off the relation along each axis.

A form is ``sum of c[i, j] * x[i] * w[j]`` at each place t of the result, with natural numbers c; w stands for the other
operand, which is delta for dE/dw. `symconv.proof.loops` says why loops are such a form, and the points that follow
settle its c.

1. **The points.** Each operand is an outer product of natural numbers along its axes. Then so is what the theorem
   gives, and it follows from the relation along each axis alone: no program has to compute it. It is below 2**53, and
   the loops, in float64, must give just that. Then they have not rounded: natural numbers below 2**53 are added and
   multiplied exactly, and what once was 2**53 or more remains so, because rounding keeps the order.

2. **Which products.** The theorem's products are those for which a few equations hold: the images are the same, the
   channels are, and ``u*x = s*o + d*k - p`` along each axis. Each says that a sum ``e = p(i) + q(j) + r(t)`` is 0. In
   ``e**2`` each term is a number that depends on t, times one of 1, p, p**2, q, q**2, p*q. At these six points the
   loops give what the theorem gives, so ``sum of c[i, j] * e**2`` is what it is for the theorem, which is 0. No term
   is negative, so c is 0 wherever e is not.

3. **How often.** For the products that are left, j determines i, and c is a number for each j. At the point of ones
   they add up to the number of the theorem's products at t. Take at most 53 of the j, and 1, 2, 4, 8, ... for these and
   0 for all others. The loops give the sum N of those powers that the theorem has at t, and ``sum of c[j] * power`` is
   N. These are as many powers of two as N has ones in binary, or more: while a power stands there twice, both can be
   replaced by the next one, which is one power less, and when none does, they are those of N in binary. So the c of
   these j add up to the number of the theorem's products among them, or to more. All c add up to no more than all those
   products; so each of these sums is just that number, no power stands there twice, and every c is 1.

The third step takes a point for 53 places of w that an entry of the result may read: for dE/dw, for 53 positions of all
images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from symconv.layer import Axis, Conv

DIGITS = 53  # below 2**53 float64 has every natural number
ENTRY = 60  # an entry takes as long as so many products

ROLES = {"forward": ("a", "w", "z"), "input": ("z", "w", "a"), "weight": ("a", "z", "w")}  # x, the other, the result


@dataclass(frozen=True)
class Link:
    """What the theorem says of one axis of a, w and z: which places belong together.

    Attributes
    ----------
    triples
        The places of a, of w and of z, of each product.
    sizes
        The lengths of the axes.
    equations
        The numbers p(i), q(j) and r(t) of each, without their factors, for those of a, w and z that it has. All of them
        hold for the triples, and for no others.
    classes
        A number for each place of the other operand, from 0; two that an entry of the result reads have two.
    """

    triples: dict[str, Any]
    sizes: dict[str, int]
    equations: tuple[dict[str, Any], ...]
    classes: Any


def links(layer: Conv, of: str) -> tuple[Link, ...]:
    """The relation of a layer: of images, of channels, and of each axis.

    Images are an axis of length 1 of w, both of whose axes of channels are read as one.
    """
    other = ROLES[of][1]
    images = np.arange(layer.batch)
    batch = Link({"a": images, "w": 0 * images, "z": images}, {"a": layer.batch, "w": 1, "z": layer.batch},
                 ({"a": images, "z": images},), images if other == "z" else images[:1])  # fmt: skip
    return (batch, _channels(layer, of), *(_axis(axis, layer.flip, other) for axis in layer.axes))


def _channels(layer: Conv, of: str) -> Link:
    ins, outs = layer.in_channels_per_group, layer.out_channels_per_group
    rows, columns = (place.ravel() for place in np.indices(layer.weight_shape[:2]))
    if layer.weight_layout == "IO":
        c, m = rows, rows // ins * outs + columns
    else:
        c, m = rows // outs * ins + columns, rows
    into, out = np.arange(layer.in_channels), np.arange(layer.out_channels)
    sizes = {"a": layer.in_channels, "w": len(rows), "z": layer.out_channels}
    classes = {"forward": c % ins, "input": m % outs, "weight": 0 * out}[of]
    return Link({"a": c, "w": np.arange(len(rows)), "z": m}, sizes, ({"a": into, "w": c}, {"w": m, "z": out}), classes)


def _axis(axis: Axis, flip: bool, other: str) -> Link:
    sizes = {"a": axis.input_size, "w": axis.kernel_size, "z": axis.output_size}
    x, k, o = (np.arange(sizes[name]) for name in "awz")
    read = axis.stride * o[:, None] + axis.dilation * k - axis.low
    at, tap = np.nonzero((read % axis.input_dilation == 0) & (0 <= read) & (read < axis.input_dilation * len(x)))
    taps = k[::-1] if flip else k  # of each place of w
    triples = {"a": read[at, tap] // axis.input_dilation, "w": taps[tap], "z": at}
    return Link(triples, sizes, ({"a": x, "w": taps, "z": o},), o if other == "z" else k)


@dataclass(frozen=True)
class Point:
    """Numbers along each axis: of x, of the other operand, and of what the theorem gives; arrays are their products."""

    x: tuple[Any, ...]
    other: tuple[Any, ...]
    wanted: tuple[Any, ...]

    @property
    def all(self) -> tuple[tuple[Any, ...], ...]:
        """The three of them."""
        return self.x, self.other, self.wanted

    @property
    def largest(self) -> float:
        """The largest number of the three arrays."""
        return max(prod(float(along.max()) for along in each) for each in self.all)


@dataclass(frozen=True)
class Points:
    """The points at which a natural form that gives the theorem's numbers is the theorem's.

    Attributes
    ----------
    layer, of
        The layer, with the batch that they are about, and the map.
    """

    layer: Conv
    of: str

    def __iter__(self) -> Iterator[Point]:
        """The point of ones, those of the equations, and those of the digits."""
        first, other, _ = ROLES[self.of]
        x, w = (tuple(np.ones(link.sizes[role]) for link in self.links) for role in (first, other))
        yield self._point(x, w)
        for at, p, q in self._equations:
            one, two = (np.ones(1) if along is None else along for along in (p, q))
            for first_power, other_power in ((1, 0), (2, 0), (0, 1), (0, 2), (1, 1)):
                if (p is None and first_power) or (q is None and other_power):
                    continue
                yield self._point((*x[:at], x[at] * one**first_power, *x[at + 1 :]),
                                  (*w[:at], w[at] * two**other_power, *w[at + 1 :]))  # fmt: skip
        sides = self._sides
        steps = [prod(sides[at + 1 :]) for at in range(len(sides))]
        for part in product(*map(range, self._parts)):
            yield self._point(x, tuple(
                np.where(link.classes // side == here, 2.0 ** (link.classes % side * step), 0)
                for link, side, here, step in zip(self.links, sides, part, steps, strict=True)
            ))  # fmt: skip

    @property
    def count(self) -> int:
        """How many points there are."""
        powers = sum(5 if p is not None and q is not None else 2 for _, p, q in self._equations)
        return 1 + powers + prod(self._parts)

    @property
    def work(self) -> float:
        """How many products all points take, and what takes as long."""
        return float(self.count * (self.layer.monomials + ENTRY * sum(map(prod, self.shapes))))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The relation."""
        return links(self.layer, self.of)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the operand x, the other operand, and the result."""
        layer = self.layer
        of = {"a": layer.input_shape, "w": layer.weight_shape, "z": layer.output_shape}
        return [of[role] for role in ROLES[self.of]]

    def _point(self, x: tuple[Any, ...], w: tuple[Any, ...]) -> Point:
        first, other, result = ROLES[self.of]
        wanted = (
            np.bincount(link.triples[result], p[link.triples[first]] * q[link.triples[other]], link.sizes[result])
            for link, p, q in zip(self.links, x, w, strict=True)
        )
        return Point(x, w, tuple(wanted))

    @cached_property
    def _equations(self) -> list[tuple[int, Any, Any]]:
        """The axis, p and q of each equation; None where a number is the same everywhere."""
        first, other, _ = ROLES[self.of]
        found = [
            (at, *(_varying(equation.get(role)) for role in (first, other)))
            for at, link in enumerate(self.links)
            for equation in link.equations
        ]
        return [(at, p, q) for at, p, q in found if p is not None or q is not None]

    @cached_property
    def _sides(self) -> tuple[int, ...]:
        """How many classes of each axis a part has; the product is at most the number of digits."""
        counts = self._counts
        return min(_boxes(counts, DIGITS), key=lambda sides: prod(map(_upwards, counts, sides)))

    @property
    def _counts(self) -> tuple[int, ...]:
        return tuple(int(link.classes.max()) + 1 for link in self.links)

    @property
    def _parts(self) -> tuple[int, ...]:
        return tuple(map(_upwards, self._counts, self._sides))


def fill(array: Any, vectors: tuple[Any, ...]) -> None:
    """The outer product of vectors."""
    *lead, last = vectors
    rows = reduce(np.multiply.outer, lead).reshape(-1)
    np.multiply.outer(rows, last, out=array.reshape(len(rows), len(last)))


def _varying(numbers: Any) -> Any:
    return None if numbers is None or numbers.min() == numbers.max() else numbers.astype(float)


def _boxes(counts: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
    """The sides of all boxes of so many places at most."""
    if not counts:
        yield ()
        return
    for side in range(1, min(counts[0], most) + 1):
        for others in _boxes(counts[1:], most // side):
            yield (side, *others)


def _upwards(count: int, side: int) -> int:
    return -(-count // side)
