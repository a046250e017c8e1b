"""The exact value of a formula: its monomials, counted.

In: formulas (index notation with integer sizes).  Out: their polynomials, entry by entry, or the table of index tuples
that each independent part of a sum runs through.  Sums whose parts share no index are taken apart first, so the cost
is the sum and not the product of the axes.
Never: an answer that rests on overflow or on sampling; what is too large raises `TooLarge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import assert_never

import numpy as np
import numpy.typing as npt

from symconv.errors import SymconvError
from symconv.polynomial import Entry, Monomial, Polynomial, Quotient
from symconv.terms import (
    At,
    Binder,
    Divides,
    Equal,
    Formula,
    Guard,
    Size,
    Term,
    Within,
    canonical,
    number,
    polynomials,
    sizes_of,
    substitute_guard,
)

CELLS = 30_000_000  # index tuples that are visited at most for one part of a sum
EXACT_CELLS = 100_000  # index tuples up to which numbers beyond 62 bits are computed with Python's integers
ENTRIES = 2_000_000  # entries that are written out at most
WORD = 2**62  # what int64 arithmetic is trusted with

Integers = npt.NDArray[np.int64]
Slot = tuple[int, int]  # an axis of the result: (-1, axis); an axis that a factor is read at: (factor, axis)


class TooLarge(SymconvError):
    """More index tuples than are enumerated; no verdict rests on them."""


@dataclass(frozen=True)
class Part:
    """The part of a term that a set of slots and indices makes, sharing no index with the rest.

    A term is the product of its parts: its monomials are the combinations of one row from each.
    """

    slots: tuple[Slot, ...]
    values: tuple[Polynomial, ...]
    binders: tuple[Binder, ...]
    guards: tuple[Guard, ...]


def slots_of(formula: Formula, term: Term) -> dict[Slot, Polynomial]:
    """Every place an index is put: the axes of the result, then the axes of each factor, factors by tensor name."""
    slots: dict[Slot, Polynomial] = {(-1, axis): p for axis, p in enumerate(formula.index)}
    for at, factor in enumerate(ordered_factors(term)):
        slots |= {(at, axis): p for axis, p in enumerate(factor.index)}
    return slots


def ordered_factors(term: Term) -> tuple[At, ...]:
    """The factors of a term by tensor name: the order of the slots."""
    plain = [f for f in term.factors if isinstance(f, At)]
    if len(plain) != len(term.factors):
        raise TypeError("a partial derivative has no value of its own: differentiate it first")
    return tuple(sorted(plain, key=lambda f: f.tensor))


def independent_slots(formula: Formula, term: Term) -> list[set[Slot]]:
    """The finest partition of the slots in which no two blocks share an index."""
    slots = slots_of(formula, term)
    blocks: list[tuple[set[str], set[Slot]]] = [(set(p.names), {slot}) for slot, p in slots.items()]
    blocks += [({n for p in polynomials(g) for n in p.names}, set()) for g in term.guards]
    blocks += [({b.name}, set()) for b in term.binders]
    joined: list[tuple[set[str], set[Slot]]] = []
    for names, block in blocks:
        here = (set(names), set(block))
        apart = []
        for other in joined:
            if here[0] & other[0]:
                here = (here[0] | other[0], here[1] | other[1])
            else:
                apart.append(other)
        joined = [*apart, here]
    return [block for _, block in joined if block]


def join(partitions: list[list[set[Slot]]]) -> list[set[Slot]]:
    """The finest partition that each of these refines."""
    joined: list[set[Slot]] = []
    for block in (b for partition in partitions for b in partition):
        meeting = [other for other in joined if other & block]
        joined = [other for other in joined if not other & block] + [set(block).union(*meeting)]
    return sorted(joined, key=min)


def parts(formula: Formula, term: Term, partition: list[set[Slot]]) -> tuple[Part, ...]:
    """The parts of a term for a partition of its slots (one that `independent_slots` refines).

    Guards and binders that touch no slot (they only count) go to the first part.
    """
    slots = slots_of(formula, term)
    found = []
    left_binders, left_guards = [*formula.free, *term.binders], list(term.guards)
    for at, block in enumerate(partition):
        names = {n for slot in block for n in slots[slot].names}
        reached = _closure(names, left_guards)
        loose = _loose(slots, term, formula) if at == 0 else set()
        mine = [b for b in left_binders if b.name in reached | loose]
        guards = [g for g in left_guards if _names(g) <= reached | loose and (_names(g) or at == 0)]
        left_binders = [b for b in left_binders if b not in mine]
        left_guards = [g for g in left_guards if g not in guards]
        order = tuple(sorted(block))
        found.append(Part(order, tuple(slots[s] for s in order), tuple(mine), tuple(guards)))
    return tuple(found)


def _names(guard: Guard) -> set[str]:
    return {n for p in polynomials(guard) for n in p.names}


def _closure(names: set[str], guards: list[Guard]) -> set[str]:
    """The indices reached from these through guards."""
    reached = set(names)
    while grown := {n for g in guards if _names(g) & reached for n in _names(g)} - reached:
        reached |= grown
    return reached


def _loose(slots: Mapping[Slot, Polynomial], term: Term, formula: Formula) -> set[str]:
    """The indices that reach no slot."""
    placed = _closure({n for p in slots.values() for n in p.names}, list(term.guards))
    return {b.name for b in (*formula.free, *term.binders)} - placed


def alike(left: Part, right: Part) -> bool:
    """Whether two parts are the same index notation, up to the names of bound indices: nothing is enumerated."""
    return left.slots == right.slots and _as_term(left) == _as_term(right)


def _as_term(part: Part) -> tuple[Term, frozenset[Binder]]:
    outputs = {n for slot, p in zip(part.slots, part.values, strict=True) if slot[0] < 0 for n in p.names}
    bound = tuple(b for b in part.binders if b.name not in outputs)
    term = canonical(Term(bound, part.guards, (At("", part.values),)))
    return term, frozenset(b for b in part.binders if b.name in outputs)


def rows(part: Part) -> Integers:
    """Every tuple of slot values that a part runs through, one row for each combination of its indices.

    Equations are solved for the index with the largest range; the others are enumerated.

    Raises
    ------
    TooLarge
        If more than `CELLS` combinations would have to be visited, or an index leaves 62 bits.
    """
    binders, guards, values = _solved(part)
    sizes = sizes_of(part.binders)
    shape = tuple(number(b.size) for b in binders)
    cells = prod(shape)
    if cells > CELLS:
        raise TooLarge(f"{cells} index tuples are more than the {CELLS} that are enumerated")
    kind = _arithmetic([*values, *(p for g in guards for p in polynomials(g))], guards, sizes, cells)
    grid: dict[str, Integers] = {
        b.name: np.arange(size).astype(kind).reshape([-1 if j == at else 1 for j in range(len(binders))])
        for at, (b, size) in enumerate(zip(binders, shape, strict=True))
    }
    holds = np.ones(shape, dtype=bool)
    for guard in guards:
        holds &= _holds(guard, grid, kind)
    table = np.empty((int(holds.sum()), len(values)), dtype=np.int64)
    for column, value in enumerate(values):
        found = np.broadcast_to(_value(value, grid, kind), shape)[holds]
        if kind is object and any(abs(n) >= WORD for n in found.tolist()):
            raise TooLarge("an index leaves 62 bits")
        table[:, column] = found
    return table


def _arithmetic(values: list[Polynomial], guards: list[Guard], sizes: Mapping[str, Size], cells: int) -> type:
    """NumPy's int64 where no number can leave 62 bits; Python's own integers for a few cells; else nothing."""
    largest = max((_magnitude(p, sizes) for p in values), default=0)
    largest = max([largest, *(number(g.divisor) for g in guards if isinstance(g, Divides))])
    if largest < WORD:
        return np.int64
    if cells <= EXACT_CELLS:
        return object
    raise TooLarge("an index leaves 62 bits")


def _magnitude(p: Polynomial, sizes: Mapping[str, Size]) -> int:
    """No number met when p is computed, in whatever order, is larger."""
    total = 0
    for monomial, c in p.coefficients.items():
        product = abs(c)
        for atom in monomial:
            if isinstance(atom, Quotient):
                inner = max(_magnitude(atom.numerator, sizes), number(atom.divisor))
                product = max(product, 1) * max(inner, 1)
            elif isinstance(atom, str):
                product *= max(number(sizes[atom]) - 1, 1)
        total += product
    return total


def _solved(part: Part) -> tuple[tuple[Binder, ...], list[Guard], list[Polynomial]]:
    """The part with every equation that is linear in some index solved for the largest such index."""
    binders, guards, values = list(part.binders), list(part.guards), list(part.values)
    for equation in [g for g in part.guards if isinstance(g, Equal)]:
        at = guards.index(equation) if equation in guards else -1
        if at < 0:
            continue
        found = _solution(equation, binders)
        if found is None:
            continue
        binder, divisor, numerator = found
        value = Polynomial.of(Quotient(numerator, divisor)) if divisor > 1 else numerator
        put = {binder.name: value}
        del guards[at]
        guards = [substitute_guard(g, put) for g in guards]
        guards += [Divides(divisor, numerator)] if divisor > 1 else []
        guards.append(Within(value, binder.size))
        values = [p.substitute(put) for p in values]
        binders.remove(binder)
        return _solved(Part(part.slots, tuple(values), tuple(binders), tuple(guards)))
    return tuple(binders), guards, values


def _solution(equation: Equal, binders: list[Binder]) -> tuple[Binder, int, Polynomial] | None:
    """``q*v = m`` for the index v of the largest range among those that occur linearly: (v, q, m)."""
    gap = equation.left - equation.right
    linear = []
    for binder in binders:
        q = gap.coefficient(binder.name)
        rest = gap - q * Polynomial.of(binder.name)
        if q and binder.name not in rest.names:
            linear.append((binder, abs(q), -rest if q > 0 else rest))
    return max(linear, key=lambda found: number(found[0].size), default=None)


def _value(p: Polynomial, grid: Mapping[str, Integers], kind: type) -> Integers:
    total: Integers = np.zeros((), dtype=kind)
    for monomial, coefficient in p.coefficients.items():
        term: Integers = np.full((), coefficient, dtype=kind)
        for atom in monomial:
            if isinstance(atom, str):
                term = term * grid[atom]
            elif isinstance(atom, Quotient):
                term = term * (_value(atom.numerator, grid, kind) // number(atom.divisor))
            else:
                raise TypeError(f"{atom} is not an index")
        total = total + term
    return total


def _holds(guard: Guard, grid: Mapping[str, Integers], kind: type) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_]
    match guard:
        case Equal(left, right):
            result = _value(left - right, grid, kind) == 0
        case Within(value, size):
            values = _value(value, grid, kind)
            result = (values >= 0) & (values < number(size))
        case Divides(divisor, value):
            result = _value(value, grid, kind) % number(divisor) == 0
        case _:
            assert_never(guard)
    return np.asarray(result, dtype=bool)


def sorted_rows(table: Integers) -> Integers:
    """The rows in lexicographic order: equal as arrays exactly when equal as multisets of tuples."""
    if table.shape[1] == 0:
        return table
    low, high = (table.min(axis=0), table.max(axis=0)) if len(table) else (np.zeros(table.shape[1]),) * 2
    spans = [int(h) - int(least) + 1 for least, h in zip(low, high, strict=True)]
    if prod(spans) < WORD:
        weights = np.array([prod(spans[at + 1 :]) for at in range(len(spans))], dtype=np.int64)
        return table[np.argsort((table - low.astype(np.int64)) @ weights, kind="stable")]
    return table[np.lexsort(table.T[::-1])]


def monomial_count(formula: Formula) -> int:
    """How many products of entries a formula is, written out."""
    return sum(
        prod(len(rows(p)) for p in parts(formula, t, join([independent_slots(formula, t)]))) for t in formula.terms
    )


def table(formula: Formula, term: Term) -> Integers:
    """Every monomial of a term, one row each: the axes of the result, then the axes of each factor.

    Raises
    ------
    TooLarge
        If there are more than `CELLS` monomials, or a part is too large by itself.
    """
    partition = join([independent_slots(formula, term)])
    pieces = parts(formula, term, partition)
    tables = [rows(p) for p in pieces]
    if prod(len(t) for t in tables) > CELLS:
        raise TooLarge(f"{prod(len(t) for t in tables)} monomials are more than the {CELLS} that are written out")
    grid = np.indices([len(t) for t in tables]).reshape(len(tables), -1)
    columns = {
        slot: t[at, column]
        for t, at, piece in zip(tables, grid, pieces, strict=True)
        for column, slot in enumerate(piece.slots)
    }
    return np.stack([columns[slot] for slot in sorted(columns)], axis=1)


def entry_size(formula: Formula, at: tuple[int, ...]) -> int:
    """How many products one entry of the result has, without writing them out.

    Raises
    ------
    TooLarge
        If even one part of it is too large to be enumerated.
    """
    here = _pins(formula, at)
    total = 0
    for term in formula.terms:
        pinned = Term(term.binders, here + term.guards, term.factors, term.coefficient)
        pieces = parts(formula, pinned, join([independent_slots(formula, pinned)]))
        total += prod(len(rows(piece)) for piece in pieces)
    return total


def _pins(formula: Formula, at: tuple[int, ...]) -> tuple[Guard, ...]:
    return tuple(Equal(p, Polynomial.of(v)) for p, v in zip(formula.index, at, strict=True))


def entry(formula: Formula, at: tuple[int, ...]) -> Polynomial:
    """One entry of the result, written out as an exact polynomial in tensor entries.

    Examples
    --------
    >>> from symconv import Conv
    >>> from symconv.forward import weighted_input
    >>> print(entry(weighted_input(Conv(3, 2)), (0, 0, 1)))
    a[0, 0, 1]*w[0, 0, 0] + a[0, 0, 2]*w[0, 0, 1] + b[0]
    """
    here = _pins(formula, at)
    counts: dict[Monomial, int] = {}
    for term in formula.terms:
        pinned = Term(term.binders, here + term.guards, term.factors, term.coefficient)
        for _, monomial in _monomials(formula, pinned):
            counts[monomial] = counts.get(monomial, 0) + term.coefficient
    return Polynomial(counts)


def positions(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every index of a tensor in order, one at a time: nothing is held, however large the tensor is."""
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        for rest in positions(shape[1:]):
            yield (first, *rest)


def written_out(formula: Formula) -> dict[Entry, Polynomial]:
    """All entries of the result as exact polynomials, in the order of their indices.

    Raises
    ------
    TooLarge
        If the result has too many entries or monomials to be written out.
    """
    if prod(formula.numbers) > ENTRIES:
        raise TooLarge(f"{prod(formula.numbers)} entries are more than the {ENTRIES} that are written out")
    counts: dict[tuple[int, ...], dict[Monomial, int]] = {at: {} for at in positions(formula.numbers)}
    for term in formula.terms:
        for at, monomial in _monomials(formula, term):
            here = counts[at]
            here[monomial] = here.get(monomial, 0) + term.coefficient
    return {Entry(formula.tensor, at): Polynomial(found) for at, found in counts.items()}


def _monomials(formula: Formula, term: Term) -> Iterator[tuple[tuple[int, ...], Monomial]]:
    axes = len(formula.index)
    factors = []
    at = axes
    for factor in ordered_factors(term):
        factors.append((factor.tensor, at, at + len(factor.index)))
        at += len(factor.index)
    for row in map(tuple, table(formula, term).tolist()):
        yield row[:axes], tuple(sorted(Entry(tensor, row[start:stop]) for tensor, start, stop in factors))
