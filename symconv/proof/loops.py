"""Loops for numba are not array programs, which could be read: they are proved by what they give at a few points.

In: lowered code whose maps are loops.  Out: `LoopsTested`, which says of one map what is known.
Never: a proof by random numbers. Loops that are not proved are UNDECIDED, with how unlikely it is that a mistake was
not seen.

A small layer's loops are run on symbols. Those of any other are proved for some batches and a number of threads:

1. **The form.** `symconv.proof.natural` reads the text. What it accepts gives at each place t of the result
   ``sum of c[i, j] * x[i] * w[j]``, where the c are natural numbers that no entry has to do with; w stands for the
   other operand, which is delta for dE/dw. It only remains to find the c, by calls with numbers.

2. **The places.** No index depends on an entry, so one call in which every index is checked shows that all of them are
   inside. Where results are written and not added to, each thread is given an array of its own, full of NaN, and each
   place must be a number in exactly one of them. So none is left out, none has a part of what was there before, and it
   does not matter which thread comes first.

3. **The points.** Each operand is an outer product of natural numbers along its axes. Then so is what the theorem
   gives, and it follows from the relation along each axis alone: no program has to compute it. It is below 2**53, and
   the loops, in float64, must give just that. Then they have not rounded: natural numbers below 2**53 are added and
   multiplied exactly, and what once was 2**53 or more remains so, because rounding keeps the order.

4. **Which products.** The theorem's products are those for which a few equations hold: the images are the same, the
   channels are, and ``u*x = s*o + d*k - p`` along each axis. Each says that a sum ``e = p(i) + q(j) + r(t)`` is 0. In
   ``e**2`` each term is a number that depends on t, times one of 1, p, p**2, q, q**2, p*q. At these six points the
   loops give what the theorem gives, so ``sum of c[i, j] * e**2`` is what it is for the theorem, which is 0. No term
   is negative, so c is 0 wherever e is not.

5. **How often.** For the products that are left, j determines i, and c is a number for each j. At the point of ones
   they add up to the number of the theorem's products at t. Take at most 53 of the j, and 1, 2, 4, 8, ... for these and
   0 for all others. The loops give the sum N of those powers that the theorem has at t, and ``sum of c[j] * power`` is
   N. These are as many powers of two as N has ones in binary, or more: while a power stands there twice, both can be
   replaced by the next one, which is one power less, and when none does, they are those of N in binary. So the c of
   these j add up to the number of the theorem's products among them, or to more. All c add up to no more than all those
   products; so each of these sums is just that number, no power stands there twice, and every c is 1.

Step 5 takes a point for 53 places of w that an entry of the result may read: for dE/dw, for 53 positions of all images.
Where these are too many, loops are proved for fewer batches, or are UNDECIDED.

Then they are run on random integers modulo 2**64. Two forms that differ give the same for them hardly ever. Let
``2**v`` be the highest power of two that divides all numbers of their difference ``sum of c[i, j] * x[i] * w[j]``. For
one i at least, the factor of x[i], ``sum over j of c[i, j] * w[j]``, is a multiple of ``2**t``, t >= v, with a chance
of ``2**(v - t)``; and then the whole is zero with a chance of ``2**(t - 64)``. Over all t these are
``65 * 2**(v - 64)`` at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from importlib import import_module
from itertools import product
from math import prod
from typing import Any

import numpy as np

from symconv.layer import Axis, Conv
from symconv.lowering import Lowered, lower
from symconv.lowering.choice import CLOSED
from symconv.lowering.numba_backend import FAST_MATH, Compiled
from symconv.proof.execution import run_forward_and_gradients, smaller
from symconv.proof.natural import Kind, unnatural

SYMBOLS = 3_000  # products of an image up to which the loops are run on symbols for the layer itself
BATCHES = 3  # then of so many images and fewer
DIGITS = 53  # below 2**53 float64 has every natural number
ONE_IMAGE = 100e9  # products up to which a proof for one image is made: some seconds of a core
MORE_IMAGES = 40e9  # and up to which one is made for more
ENTRY = 60  # an entry takes as long as so many products
DRAWS = 2
WORD = 64  # bits of the integers

ROLES = {"forward": ("a", "w", "z"), "input": ("z", "w", "a"), "weight": ("a", "z", "w")}  # x, the other, the result


@dataclass(frozen=True)
class LoopsTested:
    """What is known of the loops of one map.

    Attributes
    ----------
    proved
        Whether they are proved for the layer itself.
    sentences
        What was done, one after the other.
    """

    proved: bool
    sentences: tuple[str, ...]


class LoopsDiffer(AssertionError):
    """The loops do not compute the convolution; the message says where."""


def run_loops(code: Lowered, of: str) -> LoopsTested:
    """Prove the loops of "forward", "input" or "weight", or run them on random integers.

    Raises
    ------
    LoopsDiffer
        If they do not compute the convolution.
    """
    layer = code.layer
    if layer.monomials // layer.batch <= SYMBOLS:
        for batch in range(1, BATCHES + 1):
            _run_on_symbols(code, of, batch)
        sentence = f"PROVED for batches up to {BATCHES}: run on symbols, the loops give the theorem's polynomials"
        return LoopsTested(True, (sentence,))
    found = prove_loops(code.loops[of])
    if found.proved:
        return found
    small = smaller(layer)
    stand_in = lower(small, backend="numba", threads=code.options.threads)
    sentences = [*found.sentences, _run_on_integers(code, of)]
    if of in stand_in.loops:
        _run_on_symbols(stand_in, of, BATCHES)
        sentences.append(f"its loops, run on symbols for {small!r}, give the theorem's polynomials")
    return LoopsTested(False, tuple(sentences))


def _run_on_symbols(code: Lowered, of: str, batch: int) -> None:
    wrong = run_forward_and_gradients(code, of, batch)
    if wrong is not None:
        raise LoopsDiffer(f"the loops of {of} for {code.layer!r}: {wrong}")


# The proof by points.


def prove_loops(loops: Compiled) -> LoopsTested:
    """Prove loops for as many of the batches 1, 2, 3 and the layer's as there is work for.

    Raises
    ------
    LoopsDiffer
        If they do not compute the convolution.
    """
    if reason := _unnatural(loops):
        return _undecided(f"the text is of no form that is proved: {reason}")
    seen = watched(loops)
    if seen is None:
        return _undecided("NUMBA_BOUNDSCHECK=0 is set, and a proof needs the checks of indices")
    layer = seen.layer
    proved: list[int] = []
    work, most, reason = 0.0, 0, "loops of this size are not proved, which would take too long"
    for batch in dict.fromkeys((1, layer.batch, *range(2, BATCHES + 1))):
        points = Points(replace(layer, batch=batch), loops.of)
        if work + points.work > (MORE_IMAGES if proved else ONE_IMAGE):
            continue
        if not _compared(seen, points):
            reason = "the points of a proof would have numbers that float64 rounds"
            continue
        proved.append(batch)
        work, most = work + points.work, max(most, points.count)
    if not proved:
        return _undecided(reason)
    return LoopsTested(True, (_proved(sorted(proved), loops.threads, most),))


def _undecided(reason: str) -> LoopsTested:
    return LoopsTested(False, (f"UNDECIDED: {reason}",))


def _proved(batches: list[int], threads: int, points: int) -> str:
    *before, last = map(str, batches)
    which = f"batches {', '.join(before)} and {last}" if before else f"a batch of {last}"
    return (
        f"PROVED for {which}, on {_threads(threads)}: the loops add up products of entries, no index is outside its "
        f"array, and at {points} points they give the theorem's numbers, as no other such form does"
    )


def _unnatural(loops: Compiled) -> str | None:
    return unnatural(loops.kernel.source, Kind.OTHER if loops.of == "weight" else Kind.PRODUCT)


def watched(loops: Compiled) -> Watched | None:
    """The same loops with every index checked, which Python always does; None if numba is told not to."""
    function = loops.plain
    if loops.fast is not loops.plain:
        numba = import_module("numba")
        if numba.config.BOUNDSCHECK == 0:
            return None
        function = numba.njit(boundscheck=True, fastmath=set(FAST_MATH), nogil=True)(loops.plain)
    return Watched(replace(loops.layer, bias=False), loops.of, loops.threads, loops.kernel, function)


@dataclass(frozen=True)
class Watched(Compiled):
    """Loops whose function checks every index, and keeps what each thread writes apart.

    Attributes
    ----------
    checking
        The function.
    apart
        The results of the last run, one of each thread.
    """

    checking: Callable[..., None]
    apart: list[Any] = field(default_factory=list)

    @cached_property
    def fast(self) -> Callable[..., None]:
        """The function that is called by each thread."""

        def watched(x: Any, other: Any, result: Any, *rest: Any) -> None:
            own = result if self.kernel.adds else np.full_like(result, np.nan)
            self.checking(x, other, own, *rest)
            self.apart.append(own)

        return watched

    def run(self, x: Any, other: Any) -> Any:
        """What the loops give; NaN where nothing was written, or where more than one thread writes."""
        self.apart.clear()
        result = self(other, x) if self.of == "weight" else self(x, other)
        if self.kernel.adds:
            return result
        whole, *others = self.apart
        for more in others:
            whole = np.where(np.isnan(whole), more, np.where(np.isnan(more), whole, np.nan))
        return whole


def _compared(loops: Watched, points: Points) -> bool:
    """Compare the loops with the theorem at all points; False if the numbers are too large for that."""
    about = f"the loops of {loops.of} for {points.layer!r}"
    x, other, wanted = arrays = [np.empty(shape) for shape in points.shapes]
    filled: tuple[Any, ...] = (None, None, None)
    for number, point in enumerate(points):
        if point.largest >= 2.0**DIGITS:
            return False
        for array, vectors, before in zip(arrays, point.all, filled, strict=True):
            if vectors is not before:
                _fill(array, vectors)
        filled = point.all
        try:
            got = loops.run(x, other)
        except IndexError as error:
            raise LoopsDiffer(f"{about} leave an array: {error}") from error
        if not np.array_equal(got, wanted):
            at = tuple(int(n) for n in np.argwhere(got != wanted)[0])
            raise LoopsDiffer(
                f"{about} give {got[at]:.0f} at {at}, not {wanted[at]:.0f}, at point {number} of the proof"
            )
    return True


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


def _fill(array: Any, vectors: tuple[Any, ...]) -> None:
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


# Random integers, where nothing is proved.


def _run_on_integers(code: Lowered, of: str) -> str:
    """Compare the loops with the closed form on random integers modulo 2**64."""
    plain = replace(code.layer, bias=False)
    draw = np.random.default_rng(DRAWS)
    for _ in range(DRAWS):
        got, wanted = _both(code, of, [_drawn(draw, size) for size in shapes(plain, of)])
        if not np.array_equal(got, wanted):
            at = tuple(int(n) for n in np.argwhere(got != wanted)[0])
            which = f"the loops of {of} for {plain!r}"
            raise LoopsDiffer(f"{which} give {got[at]} at {at}, not {wanted[at]}, modulo 2**64")
    return (
        f"on {DRAWS} draws of random integers modulo 2**64 they give what the closed form gives, for a batch of "
        f"{code.layer.batch} and {_threads(code.options.threads)}{_chance(code, of)}"
    )


def _chance(code: Lowered, of: str) -> str:
    """How unlikely it is that a mistake was not seen; nothing where that is not known."""
    if _unnatural(code.loops[of]):
        return ""
    ones = [np.ones(size, np.int64) for size in shapes(code.layer, of)]
    most = max(int(result.max()) for result in _both(code, of, ones))  # no number of either form is larger
    chance = DRAWS * (WORD - most.bit_length() - (WORD + 1).bit_length())
    return f"; another bilinear form would do so with a chance below 2**-{chance}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _both(code: Lowered, of: str, arrays: list[Any]) -> tuple[Any, Any]:
    """What the loops give, and what the closed form gives."""
    closed = lower(replace(code.layer, bias=False), program=CLOSED)
    match of:
        case "forward":
            wanted = closed.forward(*arrays)
        case "input":
            wanted = closed.input_gradient(*arrays)
        case _:
            wanted = closed.weight_gradient(*arrays)
    with np.errstate(over="ignore"):  # it is what integers modulo 2**64 do
        return code.loops[of](*arrays), wanted


def shapes(layer: Conv, of: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of the two arrays that a map is of."""
    a, w, delta = layer.input_shape, layer.weight_shape, layer.output_shape
    return {"forward": (a, w), "input": (delta, w), "weight": (delta, a)}[of]


def _drawn(draw: np.random.Generator, size: tuple[int, ...]) -> Any:
    whole = np.iinfo(np.int64)
    return draw.integers(whole.min, whole.max, size, np.int64, endpoint=True)
