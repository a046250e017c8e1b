"""Two formulas for one tensor: are they the same exact polynomials, and if not, at which entry do they first differ?

In: two formulas with the same free indices.  Out: `Same`, `Differs` (an evaluated entry) or `Open` (a reason).
Where a sum falls apart into parts that share no index, the parts are compared one by one: that may only conclude
`Same`. `Differs` always comes from an entry of the whole tensor, written out on both sides.
Never: a difference that was not evaluated, or an equality that was sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from symconv.enumeration import (
    Integers,
    Part,
    TooLarge,
    alike,
    entry,
    independent_slots,
    join,
    monomial_count,
    ordered_factors,
    parts,
    positions,
    rows,
    slots_of,
    sorted_rows,
    written_out,
)
from symconv.polynomial import Polynomial
from symconv.terms import Formula

FIRST_ENTRIES = 64  # entries that are looked at one by one before everything is written out
WHOLE = 1_000_000  # monomials that are written out at most to compare formulas that do not fall apart

LABEL_AXES = 2  # the first axes of a, w and delta: batch and channels

At = tuple[int, ...]


@dataclass(frozen=True)
class Same:
    """Equal as exact polynomials; `text` says what was compared."""

    text: str


@dataclass(frozen=True)
class Differs:
    """Both sides of the first entry where they differ."""

    at: At
    left: Polynomial
    right: Polynomial


@dataclass(frozen=True)
class Open:
    """Not decided, for this reason."""

    reason: str


Comparison = Same | Differs | Open


def compare(left: Formula, right: Formula) -> Comparison:
    """Compare two formulas with the same free indices, index and shape.

    Examples
    --------
    >>> from symconv import Conv
    >>> from symconv.forward import weighted_input
    >>> z = weighted_input(Conv((5, 5), (3, 3), bias=False))
    >>> compare(z, z).text
    'part by part: 9 + 9 index tuples, the same on both sides'
    """
    if (left.free, left.index, left.shape) != (right.free, right.index, right.shape):
        raise ValueError("formulas are compared over the same free indices, index and shape")
    try:
        pairs = _paired_parts(left, right)
        if pairs is None:
            return _whole(left, right)
        unlike = [(p, q) for p, q in pairs if not (_only_labels(p) and alike(p, q))]
        tables = [(p, sorted_rows(rows(p)), sorted_rows(rows(q))) for p, q in unlike]
        if left.terms[0].coefficient == right.terms[0].coefficient and all(
            np.array_equal(one, other) for _, one, other in tables
        ):
            return Same(_what_was_compared(tables))
        return _first_difference(left, right, tables) or _whole(left, right)
    except TooLarge as error:
        return Open(str(error))


def _only_labels(part: Part) -> bool:
    """Whether a part touches only batch and channel axes: labels, which are compared as notation and not enumerated."""
    return all(axis < LABEL_AXES for _, axis in part.slots)


def _what_was_compared(tables: list[tuple[Part, Integers, Integers]]) -> str:
    if not tables:
        return "part by part: nothing to enumerate, the index notation is the same"
    counts = " + ".join(str(len(one)) for _, one, _ in tables)
    return f"part by part: {counts} index tuples, the same on both sides"


def _paired_parts(left: Formula, right: Formula) -> list[tuple[Part, Part]] | None:
    """The parts of both sides over the finest partition that suits both; None if they are no single products alike."""
    if len(left.terms) != 1 or len(right.terms) != 1:
        return None
    one, other = left.terms[0], right.terms[0]
    names = [f.tensor for f in ordered_factors(one)]
    if names != [f.tensor for f in ordered_factors(other)] or len(set(names)) != len(names):
        return None
    if slots_of(left, one).keys() != slots_of(right, other).keys():
        return None
    partition = join([independent_slots(left, one), independent_slots(right, other)])
    return list(zip(parts(left, one, partition), parts(right, other, partition), strict=True))


def _first_difference(left: Formula, right: Formula, tables: list[tuple[Part, Integers, Integers]]) -> Differs | None:
    """Evaluate the entries where unlike parts say that a difference may first show, smallest index first."""
    choices = [_first_of_each_kind(part, one, other) for part, one, other in tables]
    candidates = set()
    for combination in product(*choices):
        placed = dict(pair for pairs in combination for pair in pairs)
        candidates.add(tuple(placed.get(axis, 0) for axis in range(len(left.index))))
    for at in sorted(candidates)[:FIRST_ENTRIES]:
        one, other = entry(left, at), entry(right, at)
        if one != other:
            return Differs(at, one, other)
    return None


def _first_of_each_kind(part: Part, left: Integers, right: Integers) -> list[tuple[tuple[int, int], ...]]:
    """Of the output positions of a part, the first that only one side reaches, that differs, that agrees.

    Whether an entry of the whole is wrong depends only on these kinds, so the smallest wrong entry is among the
    combinations of the firsts.
    """
    axes = [(slot[1], column) for column, slot in enumerate(part.slots) if slot[0] < 0]
    groups: list[dict[At, list[At]]] = [{}, {}]
    for group, table in zip(groups, (left, right), strict=True):
        for row in map(tuple, table.tolist()):
            group.setdefault(tuple(row[column] for _, column in axes), []).append(row)
    firsts: dict[tuple[bool, bool, bool], At] = {}
    for at in sorted(groups[0].keys() | groups[1].keys()):
        one, other = groups[0].get(at), groups[1].get(at)
        firsts.setdefault((one is None, other is None, one == other), at)
    return [tuple(zip((axis for axis, _ in axes), at, strict=True)) for at in firsts.values()]


def _whole(left: Formula, right: Formula) -> Comparison:
    """Entry by entry: the first few one by one, then, within bounds, all of them."""
    for count, at in enumerate(positions(left.numbers)):
        if count == FIRST_ENTRIES:
            break
        one, other = entry(left, at), entry(right, at)
        if one != other:
            return Differs(at, one, other)
    total = max(monomial_count(left), monomial_count(right))
    if max(total, prod(left.numbers)) > WHOLE:
        return Open(f"the formulas do not fall apart, and {total} monomials are more than the {WHOLE} written out")
    lefts, rights = written_out(left), written_out(right)
    for here, one in lefts.items():
        if one != rights[here]:
            return Differs(here.indices, one, rights[here])
    return Same(f"entry by entry: {len(lefts)} entries with {total} monomials, the same on both sides")
