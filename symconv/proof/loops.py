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

3. **The points.** At those of `symconv.proof.points` the loops give just what the theorem gives, in float64 and without
   rounding. The c are the theorem's then: no other natural numbers give that.

Where the points are too many, loops are proved for fewer batches, or are UNDECIDED. Then they are run on random
integers modulo 2**64. Two forms that differ give the same for them hardly ever. Let ``2**v`` be the highest power of
two that divides all numbers of their difference ``sum of c[i, j] * x[i] * w[j]``. For one i at least, the factor of
x[i], ``sum over j of c[i, j] * w[j]``, is a multiple of ``2**t``, t >= v, with a chance of ``2**(v - t)``; and then
the whole is zero with a chance of ``2**(t - 64)``. Over all t these are ``65 * 2**(v - 64)`` at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from symconv.layer import Conv
from symconv.lowering import Lowered, lower
from symconv.lowering.choice import CLOSED
from symconv.lowering.numba_backend import FAST_MATH, Compiled
from symconv.proof.execution import run_forward_and_gradients, smaller
from symconv.proof.natural import Kind, unnatural
from symconv.proof.points import DIGITS, Points, fill

SYMBOLS = 3_000  # products of an image up to which the loops are run on symbols for the layer itself
BATCHES = 3  # then of so many images and fewer
ONE_IMAGE = 100e9  # products up to which a proof for one image is made: some seconds of a core
MORE_IMAGES = 40e9  # and up to which one is made for more
DRAWS = 2
WORD = 64  # bits of the integers


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
    found = prove_loops(code.loops[of], ONE_IMAGE)
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


def prove_loops(loops: Compiled, largest: float = ONE_IMAGE) -> LoopsTested:
    """Prove loops for as many of the batches 1, 2, 3 and the layer's as there is work for.

    Parameters
    ----------
    loops
        The loops of a map, as in `Lowered.loops`.
    largest
        Products up to which a proof for one image is made; with ``math.inf`` it is made however long it takes.

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
        if work + points.work > (MORE_IMAGES if proved else largest):
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
                fill(array, vectors)
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
