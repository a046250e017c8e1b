"""Loops for numba are not array programs, which could be read: they are run, on symbols or on random integers.

In: lowered code whose maps are loops.  Out: `LoopsTested`, which says of one map what is known.
Never: a proof by random numbers. Where a layer is too large to be run on symbols, its loops are UNDECIDED, with how
unlikely it is that a mistake was not seen.

The loops have no branch that depends on an entry, so whatever the dtype they compute one bilinear form of the entries.
Two that differ give the same for random integers modulo 2**64 hardly ever. Let ``2**v`` be the highest power of two
that divides all numbers of their difference ``sum of c[i, j] * x[i] * w[j]``. For one i at least, the factor of x[i],
``sum over j of c[i, j] * w[j]``, is a multiple of ``2**t``, t >= v, with a chance of ``2**(v - t)``; and then the whole
is zero with a chance of ``2**(t - 64)``. Over all t these are ``65 * 2**(v - 64)`` at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symconv.layer import Conv
from symconv.lowering import Lowered, lower
from symconv.lowering.choice import CLOSED
from symconv.proof.execution import run_forward_and_gradients, smaller

SYMBOLS = 3_000  # products of an image up to which the loops are run on symbols for the layer itself
BATCHES = 3  # then of so many images and fewer
DRAWS = 2
WORD = 64  # bits of the integers


@dataclass(frozen=True)
class LoopsTested:
    """What is known of the loops of one map.

    Attributes
    ----------
    proved
        Whether they were run on symbols for the layer itself.
    sentences
        What was done, one after the other.
    """

    proved: bool
    sentences: tuple[str, ...]


class LoopsDiffer(AssertionError):
    """The loops do not compute the convolution; the message says where."""


def run_loops(code: Lowered, of: str) -> LoopsTested:
    """Run the loops of "forward", "input" or "weight".

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
    small = smaller(layer)
    stand_in = lower(small, backend="numba", threads=code.options.threads)
    sentences = [_run_on_integers(code, of)]
    if of in stand_in.loops:
        _run_on_symbols(stand_in, of, BATCHES)
        sentences.append(f"its loops, run on symbols for {small!r}, give the theorem's polynomials")
    return LoopsTested(False, tuple(sentences))


def _run_on_symbols(code: Lowered, of: str, batch: int) -> None:
    wrong = run_forward_and_gradients(code, of, batch)
    if wrong is not None:
        raise LoopsDiffer(f"the loops of {of} for {code.layer!r}: {wrong}")


def _run_on_integers(code: Lowered, of: str) -> str:
    """Compare the loops with the closed form on random integers modulo 2**64."""
    plain = replace(code.layer, bias=False)
    ones = [np.ones(size, np.int64) for size in shapes(plain, of)]
    most = max(int(result.max()) for result in _both(code, of, ones))  # no number of either form is larger
    draw = np.random.default_rng(DRAWS)
    for _ in range(DRAWS):
        got, wanted = _both(code, of, [_drawn(draw, size) for size in shapes(plain, of)])
        if not np.array_equal(got, wanted):
            at = tuple(int(n) for n in np.argwhere(got != wanted)[0])
            which = f"the loops of {of} for {plain!r}"
            raise LoopsDiffer(f"{which} give {got[at]} at {at}, not {wanted[at]}, modulo 2**64")
    chance = DRAWS * (WORD - most.bit_length() - (WORD + 1).bit_length())
    return (
        "UNDECIDED: loops are no array program, and this layer is too large to run them on symbols. "
        f"On {DRAWS} draws of random integers modulo 2**64 they give what the closed form gives, for a batch of "
        f"{code.layer.batch} and {code.options.threads} thread{'s' if code.options.threads > 1 else ''}; "
        f"another bilinear form would do so with a chance below 2**-{chance}"
    )


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
