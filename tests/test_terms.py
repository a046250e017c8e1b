"""Index notation: what is said of an index without enumerating it is true of every value; canonical forms are sound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.polynomial import Entry, Polynomial, Quotient
from symconv.terms import (
    At,
    Binder,
    Divides,
    Equal,
    PartialAt,
    Term,
    Within,
    binders,
    bounds,
    canonical,
    exact_quotient,
    floor_divide,
    holds_always,
    index,
    indices,
    polynomials,
    substitute,
)
from tests import indices as small
from tests.indices import everywhere, holds, value

G, C, I, K = map(Polynomial.of, "gcik")  # noqa: E741


@settings(deadline=None)
@given(small.polynomials(), small.ranges())
def test_bounds_hold_for_every_value(p, sizes):
    low, high = bounds(p, sizes)
    found = [value(p, at) for at in everywhere(sizes)]
    assert low <= min(found) <= max(found) <= high


@given(small.linear(), small.ranges())
def test_bounds_of_a_linear_index_are_reached(p, sizes):
    found = [value(p, at) for at in everywhere(sizes)]
    assert bounds(p, sizes) == (min(found), max(found))


def test_bounds_of_what_is_no_index_are_refused():
    with pytest.raises(TypeError, match=r"a\[0\] is not an index"):
        bounds(Polynomial.of(Entry("a", (0,))), {})


@settings(deadline=None, max_examples=200)
@given(small.polynomials(), st.integers(1, 7), small.ranges())
def test_floor_division_is_that_of_integers_for_every_value(p, divisor, sizes):
    quotient = floor_divide(p, divisor, sizes)
    assert all(value(quotient, at) == value(p, at) // divisor for at in everywhere(sizes))


@given(st.integers(2, 5), st.integers(1, 5), st.integers(-3, 3))
def test_a_numeral_divided_by_its_radix_is_its_leading_digits(radix, size, shift):
    p = radix * G + C + radix * shift
    assert floor_divide(p, radix, {"g": size, "c": radix}) == G + shift


def test_a_digit_that_overflows_its_radix_keeps_the_quotient():
    assert floor_divide(4 * G + C, 4, {"g": 2, "c": 5}) == Polynomial.of(Quotient(4 * G + C, 4))
    assert floor_divide(4 * G + C - 1, 4, {"g": 2, "c": 4}) == Polynomial.of(Quotient(4 * G + C - 1, 4))


def test_division_by_one_is_nothing():
    assert floor_divide(2 * I + 1, 1, {"i": 3}) == exact_quotient(2 * I + 1, 1) == 2 * I + 1
    assert exact_quotient(2 * I, 2) == Polynomial.of(Quotient(2 * I, 2))


@settings(deadline=None, max_examples=200)
@given(small.guards(), small.ranges())
def test_a_guard_that_is_said_to_hold_always_does(guard, sizes):
    if holds_always(guard, sizes):
        assert all(holds(guard, at) for at in everywhere(sizes))


@pytest.mark.parametrize(
    ("guard", "seen"),
    [
        (Within(I, 3), True),
        (Within(I, 2), False),
        (Within(I - 1, 3), False),
        (Within(2 - I, 3), True),
        (Divides(2, 4 * I - 2), True),
        (Divides(2, 4 * I - 1), False),
        (Divides(2, I), False),
        (Equal(I + 1, 1 + I), True),
        (Equal(I, K), False),
    ],
)
def test_guards_that_the_ranges_decide_are_seen(guard, seen):
    assert holds_always(guard, {"i": 3, "k": 3}) is seen


def test_an_index_with_one_value_is_written_zero():
    assert index("i", 1) == 0
    assert index("i", 2) == I
    assert binders(("i", 1), ("k", 3)) == (Binder("k", 3),)


def test_the_indices_of_a_partial_derivative_are_those_of_both():
    assert indices(PartialAt(At("z", (I,)), At("a", (K, C)))) == (I, K, C)
    assert polynomials(Equal(I, K)) == (I, K)


def test_substitution_reaches_guards_and_factors_and_unbinds():
    partial = PartialAt(At("z", (I,)), At("a", (I + 1,)))
    guards = (Equal(I, K), Within(I, 3), Divides(2, I))
    term = Term((Binder("i", 3), Binder("k", 2)), guards, (At("w", (2 * I,)), partial), -1)
    put = substitute(term, {"i": K + 1})
    assert put.binders == (Binder("k", 2),)
    assert put.guards == (Equal(K + 1, K), Within(K + 1, 3), Divides(2, K + 1))
    assert put.factors == (At("w", (2 * K + 2,)), PartialAt(At("z", (K + 1,)), At("a", (K + 2,))))
    assert put.coefficient == -1


PLACES = (I, K, I + K, 1 - I, 2 * K, Polynomial.of(0), Polynomial.of(Quotient(I + K, 2)))
GUARDS = (
    Equal(I, K), Equal(K, I), Equal(I + K, Polynomial.of(1)), Within(I, 1), Within(K - 1, 2), Within(I + K - 1, 2),
    Divides(2, I + K), Divides(2, I), Divides(2, K),
)  # fmt: skip


@st.composite
def terms(draw):
    """Terms in two indices from few parts, so that equal ones are met."""
    bound = tuple(Binder(name, draw(st.integers(1, 3))) for name in draw(st.permutations(("i", "k"))))
    guards = tuple(draw(st.lists(st.sampled_from(GUARDS), max_size=2)))
    w, a = (At(name, (draw(st.sampled_from(PLACES)),)) for name in "wa")
    return Term(bound, guards, draw(st.sampled_from([(w,), (a, w), (w, a)])), draw(st.sampled_from([1, 1, -1])))


def counted(term):
    """What a term without free indices is: its monomials by brute force."""
    ordered = sorted(term.factors, key=lambda factor: factor.tensor)
    places = [p for factor in ordered for p in factor.index]
    lengths = [(factor.tensor, len(factor.index)) for factor in ordered]
    return term.coefficient, lengths, small.tuples(places, term.binders, term.guards)


def test_names_of_bound_indices_and_orders_do_not_matter():
    one = Term(
        (Binder("k", 3), Binder("i", 2)), (Within(K - 1, 2), Divides(2, I)), (At("w", (K,)), At("a", (2 * I + K,)))
    )
    put = {"k": G, "i": C}
    other = substitute(one, put)
    other = Term(
        (Binder("c", 2), Binder("g", 3)), (other.guards[1], other.guards[0], other.guards[1]), other.factors[::-1]
    )
    assert canonical(one) == canonical(other)


@settings(deadline=None, max_examples=200)
@given(terms())
def test_the_canonical_form_is_the_same_term(term):
    assert counted(canonical(term)) == counted(term)


@settings(deadline=None, max_examples=300)
@given(terms(), terms())
def test_terms_with_one_canonical_form_are_equal(one, other):
    if canonical(one) == canonical(other):
        assert counted(one) == counted(other)


@pytest.mark.parametrize(
    "changed",
    [
        Term((Binder("k", 3),), (Within(K, 2),), (At("w", (K,)),)),
        Term((Binder("k", 4),), (Within(K - 1, 2),), (At("w", (K,)),)),
        Term((Binder("k", 3),), (Within(K - 1, 2),), (At("w", (K + 1,)),)),
        Term((Binder("k", 3),), (Within(K - 1, 2),), (At("a", (K,)),)),
        Term((Binder("k", 3),), (Within(K - 1, 2),), (At("w", (K,)),), 2),
        Term((Binder("k", 3), Binder("i", 2)), (Within(K - 1, 2),), (At("w", (K,)),)),
        Term((Binder("k", 3),), (), (At("w", (K,)),)),
    ],
)
def test_terms_that_differ_have_different_canonical_forms(changed):
    term = Term((Binder("k", 3),), (Within(K - 1, 2),), (At("w", (K,)),))
    assert canonical(changed) != canonical(term)
