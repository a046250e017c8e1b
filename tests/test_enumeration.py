"""Formulas counted out: parts, tables and entries against brute force, and refusal of what is too large."""

from collections import Counter
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.enumeration import (
    CELLS,
    WORD,
    Part,
    TooLarge,
    alike,
    entry,
    independent_slots,
    join,
    monomial_count,
    ordered_factors,
    parts,
    rows,
    slots_of,
    sorted_rows,
    table,
    written_out,
)
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.polynomial import Polynomial, Quotient
from symconv.terms import At, Binder, Divides, Equal, Formula, PartialAt, Term, Within
from tests import indices as small
from tests.indices import everywhere, holds, value
from tests.plain import plain

I, K, X, G = map(Polynomial.of, "ikxg")  # noqa: E741
FREE = ("x", "g")
BOUND = ("i", "k")


ALL = (*FREE, *BOUND)
GUARD_LISTS = st.lists(small.guards(ALL), max_size=3).map(tuple)
INDEX_LISTS = st.lists(small.polynomials(ALL), min_size=1, max_size=2).map(tuple)


@st.composite
def formulas(draw, most_terms=3):
    """Formulas of one or two axes in the free indices x and g, with up to two factors in each term."""
    x, g = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    free = (Binder("x", x), Binder("g", g))
    index, shape = draw(st.sampled_from([((G, X), (g, x)), ((x * G + X,), (x * g,)), ((X, G), (x, g))]))
    return Formula("y", free, index, shape, tuple(draw(st.lists(terms(), min_size=1, max_size=most_terms))))


@st.composite
def terms(draw):
    bound = tuple(Binder(name, draw(st.integers(1, 3))) for name in BOUND)
    names = draw(st.sampled_from([("a",), ("w", "a"), ("a", "a")]))
    factors = tuple(At(name, draw(INDEX_LISTS)) for name in names)
    return Term(bound, draw(GUARD_LISTS), factors, draw(st.integers(-2, 2)))


def by_brute_force(formula):
    """Every entry as a plain polynomial: each index is given each value."""
    found = {at: Counter() for at in np.ndindex(formula.shape)}
    for term in formula.terms:
        for at in everywhere({b.name: b.size for b in (*formula.free, *term.binders)}):
            if all(holds(guard, at) for guard in term.guards):
                here = found[tuple(value(p, at) for p in formula.index)]
                here[monomial(term, at)] += term.coefficient
    return {at: {m: c for m, c in polynomial.items() if c} for at, polynomial in found.items()}


def monomial(term, at):
    return tuple(sorted((f.tensor, tuple(value(p, at) for p in f.index)) for f in term.factors))


def tuples_of(part):
    return small.tuples(part.values, part.binders, part.guards)


@settings(deadline=None, max_examples=200)
@given(formulas())
def test_a_formula_written_out_is_what_brute_force_finds(formula):
    assert {e.indices: plain(p) for e, p in written_out(formula).items()} == by_brute_force(formula)


@settings(deadline=None, max_examples=100)
@given(formulas(), st.data())
def test_one_entry_is_the_entry_of_all(formula, data):
    at = tuple(data.draw(st.integers(0, n - 1)) for n in formula.shape)
    assert plain(entry(formula, at)) == by_brute_force(formula)[at]


def test_an_entry_beyond_the_shape_is_zero():
    formula = Formula("y", (Binder("x", 3),), (X,), (3,), (Term((), (), (At("a", (X,)),)),))
    assert entry(formula, (3,)) == 0


@settings(deadline=None, max_examples=150)
@given(formulas(most_terms=1))
def test_a_table_has_one_row_for_each_monomial(formula):
    (term,) = formula.terms
    places = [*formula.index, *(p for f in ordered_factors(term) for p in f.index)]
    expected = small.tuples(places, (*formula.free, *term.binders), term.guards)
    assert sorted(map(tuple, table(formula, term).tolist())) == expected
    assert monomial_count(formula) == len(expected)


@settings(deadline=None, max_examples=150)
@given(formulas(most_terms=1))
def test_the_parts_of_a_term_share_nothing_and_lose_nothing(formula):
    (term,) = formula.terms
    partition = join([independent_slots(formula, term)])
    found = parts(formula, term, partition)
    assert sorted(slot for part in found for slot in part.slots) == sorted(slots_of(formula, term))
    assert Counter(b for part in found for b in part.binders) == Counter((*formula.free, *term.binders))
    assert Counter(g for part in found for g in part.guards) == Counter(term.guards)
    assert prod(len(rows(part)) for part in found) == monomial_count(formula)


@settings(deadline=None, max_examples=200)
@given(small.ranges(), st.lists(small.guards(), max_size=3), st.lists(small.polynomials(), min_size=1, max_size=3))
def test_a_part_runs_through_exactly_its_tuples(sizes, guards, values):
    part = Part(tuple((0, j) for j in range(len(values))), tuple(values), small.bound(sizes), tuple(guards))
    assert sorted(map(tuple, rows(part).tolist())) == tuples_of(part)


EQUATIONS = [
    (Equal(2 * I, X),),
    (Equal(2 * I + 3 * K, X + 1), Equal(I, K)),
    (Equal(I, K), Equal(K, X), Equal(X, I)),
    (Equal(I, K), Equal(I, K)),
    (Equal(Polynomial.of(Quotient(I + K, 2)), X), Divides(2, I + K)),
    (Equal(-3 * I, 2 * K - X),),
    (Equal(I * K, X),),
    (Equal(Polynomial.of(0), Polynomial.of(1)),),
    (Equal(I, I + 1),),
    (Equal(I, Polynomial.of(7)),),
    (Equal(Polynomial.of(Quotient(I, 2)) + I, X),),
]


@pytest.mark.parametrize("guards", EQUATIONS, ids=str)
def test_equations_that_are_solved_keep_their_solutions(guards):
    part = Part(((0, 0), (0, 1), (0, 2)), (I, K, X), small.bound({"i": 4, "k": 5, "x": 6}), guards)
    assert sorted(map(tuple, rows(part).tolist())) == tuples_of(part)


def test_indices_that_reach_no_slot_are_counted_once():
    term = Term((Binder("i", 3), Binder("k", 2)), (Within(K - 1, 2),), (At("a", (X,)),))
    formula = Formula("y", (Binder("x", 2), Binder("g", 2)), (X, G), (2, 2), (term,))
    assert {e.indices: plain(p) for e, p in written_out(formula).items()} == by_brute_force(formula)
    assert plain(entry(formula, (1, 0))) == {(("a", (1,)),): 3}


def test_a_guard_without_indices_holds_or_empties_the_term():
    for within, coefficient in ((Within(Polynomial.of(1), 2), 1), (Within(Polynomial.of(2), 2), 0)):
        formula = Formula("y", (Binder("x", 2),), (X,), (2,), (Term((), (within,), (At("a", (X,)),)),))
        assert plain(entry(formula, (1,))) == ({(("a", (1,)),): 1} if coefficient else {})


def test_axes_that_share_no_index_are_apart():
    formula = weighted_input(Conv((5, 4), (3, 2), stride=2, padding=1, groups=2, in_channels=4, out_channels=4))
    term = formula.terms[0]
    blocks = {tuple(sorted(block)) for block in independent_slots(formula, term)}
    # slots: -1 is z[n, o, i0, i1], 0 is a[n, c, x0, x1], 1 is w[o, c, k0, k1]
    assert ((-1, 2), (0, 2), (1, 2)) in blocks
    assert ((-1, 3), (0, 3), (1, 3)) in blocks
    assert ((-1, 1), (0, 1), (1, 0), (1, 1)) in blocks


partitions = st.lists(st.integers(0, 3), min_size=6, max_size=6).map(
    lambda colors: [{(0, j) for j, c in enumerate(colors) if c == color} for color in sorted(set(colors))]
)


@given(st.lists(partitions, min_size=1, max_size=3))
def test_joined_partitions_are_the_finest_that_each_refines(found):
    joined = join(found)
    assert sorted(slot for block in joined for slot in block) == [(0, j) for j in range(6)]
    assert all(any(block <= other for other in joined) for partition in found for block in partition)
    linked = {slot: next(j for j, block in enumerate(joined) if slot in block) for block in joined for slot in block}
    for block in joined:  # every block is held together by blocks of the partitions
        reached = {min(block)}
        while grown := {s for p in found for b in p if b & reached for s in b} - reached:
            reached |= grown
        assert reached == block
    assert len(set(linked.values())) == len(joined)


# Parts that are said to be alike


PLACES = (I, K, I + K, X, X - I, 2 * K, Polynomial.of(0))
GUARDS = (Equal(I, X), Equal(K, I), Equal(X, I), Within(I, 1), Within(K - 1, 2), Within(X + I - 1, 2), Divides(2, I))


@st.composite
def alike_candidates(draw):
    """Parts over one output axis X and one or two places, from so few pieces that equal ones are met."""
    bound = tuple(Binder(name, draw(st.integers(2, 3))) for name in draw(st.permutations(("i", "k"))))
    values = (X, *(draw(st.sampled_from(PLACES)) for _ in range(2)))
    guards = tuple(draw(st.lists(st.sampled_from(GUARDS), max_size=2)))
    return Part(((-1, 0), (0, 0), (1, 0)), values, (Binder("x", 3), *bound), guards)


@settings(deadline=None, max_examples=400)
@given(alike_candidates(), alike_candidates())
def test_parts_that_are_alike_are_equal(one, other):
    if alike(one, other):
        assert tuples_of(one) == tuples_of(other)


CHANGED = {
    "another size": Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 3)), (Within(I, 1),)),
    "another output size": Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 2), Binder("i", 2)), (Within(I, 1),)),
    "another guard": Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2)), (Within(I, 2),)),
    "no guard": Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2)), ()),
    "another place": Part(((-1, 0), (0, 0)), (X, X - I), (Binder("x", 3), Binder("i", 2)), (Within(I, 1),)),
    "other slots": Part(((-1, 0), (1, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2)), (Within(I, 1),)),
    "one index more": Part(
        ((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2), Binder("k", 2)), (Within(I, 1),)
    ),
    "slots exchanged": Part(((-1, 0), (0, 0)), (X + I, X), (Binder("x", 3), Binder("i", 2)), (Within(I, 1),)),
    "free and bound exchanged": Part(((-1, 0), (0, 0)), (I, X + I), (Binder("x", 3), Binder("i", 2)), (Within(X, 1),)),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_parts_that_differ_are_not_alike(changed):
    part = Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2)), (Within(I, 1),))
    assert alike(part, part)
    assert not alike(part, changed)


def test_parts_that_differ_in_the_name_of_a_bound_index_are_alike():
    one = Part(((-1, 0), (0, 0)), (X, X + I), (Binder("x", 3), Binder("i", 2)), (Within(I, 1),))
    other = Part(((-1, 0), (0, 0)), (X, X + K), (Binder("x", 3), Binder("k", 2)), (Within(K, 1),))
    assert alike(one, other)


# Order


@pytest.mark.parametrize("bound", [3, 2**20, 2**40, WORD - 1])
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_sorted_rows_are_in_lexicographic_order(bound, data):
    width = data.draw(st.integers(1, 4))
    row = st.lists(st.integers(-bound, bound), min_size=width, max_size=width)
    found = data.draw(st.lists(row, max_size=12))
    ordered = sorted_rows(np.array(found, dtype=np.int64).reshape(-1, width))
    assert ordered.tolist() == sorted(found)


def test_rows_without_columns_are_only_counted():
    assert sorted_rows(np.empty((5, 0), dtype=np.int64)).shape == (5, 0)


# What is too large


def one_axis(size, values=(X,), guards=()):
    return Part(tuple((0, j) for j in range(len(values))), values, (Binder("x", size),), guards)


def test_more_combinations_than_are_enumerated_are_refused():
    with pytest.raises(TooLarge, match=f"{CELLS + 1} index tuples are more than the {CELLS}"):
        rows(one_axis(CELLS + 1))


HUGE = {
    "a multiple": lambda n: one_axis(3, values=(n * X,)),
    "a shift": lambda n: one_axis(3, values=(X + n,)),
    "a range": lambda n: one_axis(3, guards=(Within(X - n, 5),)),
    "a wide range": lambda n: one_axis(3, guards=(Within(X, abs(n)),)),
    "an equation": lambda n: one_axis(3, guards=(Equal(n * X, Polynomial.of(n)),)),
    "an equation that is not solved": lambda n: one_axis(3, guards=(Equal(n * X * X, n * X),)),
    "a multiple that is divided": lambda n: one_axis(3, guards=(Divides(3, n * X + 1),)),
    "a divisor": lambda n: one_axis(3, guards=(Divides(abs(n), X),)),
    "a quotient": lambda n: one_axis(3, values=(Polynomial.of(Quotient(n * X + 1, abs(n))),)),
    "a quotient that is taken off again": lambda n: one_axis(
        3, values=(2 * Polynomial.of(Quotient(n * X + n, 2)) - n * X,)
    ),
    "the divisor of a quotient": lambda n: one_axis(3, values=(Polynomial.of(Quotient(X - 1, abs(n))),)),
    "a quotient in a guard": lambda n: one_axis(3, guards=(Within(Polynomial.of(Quotient(n * X, abs(n))), 2),)),
    "a multiple of one value": lambda n: one_axis(1, values=(n * X,)),
    "a multiple of one value that is divided": lambda n: one_axis(1, guards=(Divides(2, n * X),)),
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("huge", [2**31, 2**62 - 1, 2**62, 2**63, 2**64 + 1, 10**30])
@pytest.mark.parametrize("made", HUGE.values(), ids=HUGE)
def test_indices_beyond_machine_words_are_refused_and_never_wrap_around(made, huge, sign):
    part = made(sign * huge)
    try:
        found = sorted(map(tuple, rows(part).tolist()))
    except TooLarge:
        return
    assert found == tuples_of(part)


def test_a_table_that_is_too_long_is_refused():
    axes = tuple(Binder(name, 1000) for name in "xik")
    term = Term(axes[1:], (), (At("a", (I, K)),))
    with pytest.raises(TooLarge, match="1000000000 monomials"):
        table(Formula("y", axes[:1], (X,), (1000,), (term,)), term)


def test_a_partial_derivative_has_no_value_of_its_own():
    term = Term((), (), (PartialAt(At("z", (X,)), At("a", (X,))),))
    with pytest.raises(TypeError, match="differentiate it first"):
        written_out(Formula("y", (Binder("x", 2),), (X,), (2,), (term,)))
