"""The rules of a derivation: each keeps the polynomials, and none applies where its side condition fails."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.derivation import free_indices, indexed_steps
from symconv.enumeration import written_out
from symconv.errors import BrokenDerivation
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.polynomial import Polynomial, Quotient
from symconv.rules import all_sizes, chain, clear, labels, renamed, reverse, sift, unit
from symconv.steps import Gradient, Rule
from symconv.terms import At, Binder, Divides, Equal, Formula, Term, Within
from tests import indices as small
from tests import oracle
from tests.plain import plain
from tests.strategies import small_layers

G, C, O, I, K, X = (Polynomial.of(name) for name in ("g", "c", "o", "i", "k", "x"))  # noqa: E741
WITHOUT_VALUE = (Rule.CHAIN_RULE, Rule.DEFINITION_OF_DELTA, Rule.DIFFERENTIATE)


def gradients_of(layer):
    return [of for of in Gradient if of is not Gradient.BIAS or layer.bias]


def polynomials(formula):
    return {e.indices: plain(p) for e, p in written_out(formula).items()}


def runs_through(term):
    """The sorted tuples of the places of a term, by brute force."""
    places = [p for factor in term.factors for p in factor.index]
    return small.tuples(places, (*FREE, *term.binders), term.guards)


# On layers


@settings(deadline=None, max_examples=120)
@given(small_layers(max_size=3, max_channels=3))
def test_every_step_of_a_derivation_keeps_the_polynomials(layer):
    truth = oracle.polynomial_gradients(layer)
    z = weighted_input(layer)
    for of in gradients_of(layer):
        steps = indexed_steps(layer, z, of)
        assert [step.rule for step in steps[:3]] == list(WITHOUT_VALUE)
        for before, after in pairwise(steps):
            assert before.after == after.before
        for step in steps[2:]:
            assert polynomials(step.after) == truth[of.value], step.rule


@settings(deadline=None, max_examples=60)
@given(small_layers(max_size=3, max_channels=2))
def test_the_chain_rule_by_sympy_is_that_of_brute_force(layer):
    truth = oracle.polynomial_gradients(layer)
    z = weighted_input(layer)
    inner = renamed(z, {b.name: f"{b.name}'" for b in (*z.free, *z.terms[0].binders)})
    for of in gradients_of(layer):
        free, index, shape = free_indices(layer, of)
        terms = chain(inner, At(of.tensor, index), At("delta", inner.index))
        assert polynomials(Formula(of.symbol, free, index, shape, terms)) == truth[of.value]


@settings(deadline=None, max_examples=60)
@given(small_layers(max_size=3, max_channels=2), st.data())
def test_the_rules_keep_the_polynomials_in_any_order(layer, data):
    of = data.draw(st.sampled_from(gradients_of(layer)))
    formula = indexed_steps(layer, weighted_input(layer), of)[2].after
    truth = polynomials(formula)
    (term,) = formula.terms
    sizes = all_sizes(formula, term)
    for rule in data.draw(st.permutations([labels, unit, clear])):
        term = rule(term, sizes)
        assert polynomials(replace(formula, terms=(term,))) == truth, rule.__name__
        for binder in term.binders:
            turned = reverse(term, binder.name, sizes)
            assert polynomials(replace(formula, terms=(turned,))) == truth, binder


@settings(deadline=None, max_examples=60)
@given(small_layers(max_size=3, max_channels=2))
def test_the_forward_map_with_other_names_is_the_forward_map(layer):
    z = weighted_input(layer)
    names = {b.name: f"{b.name}'" for b in (*z.free, *z.terms[0].binders)}
    assert polynomials(renamed(z, names)) == polynomials(z)
    assert renamed(renamed(z, names), {new: old for old, new in names.items()}) == z


def test_exchanged_names_do_not_catch_each_other():
    z = weighted_input(Conv(5, 2, stride=2, bias=False))
    exchanged = renamed(z, {"i0": "k0", "k0": "i0"})
    assert polynomials(exchanged) == polynomials(z)


# On terms at random

FREE = (Binder("x", 3), Binder("g", 2))
BOUND = ("i", "k")
SIZES = {"x": 3, "g": 2}
ALL = ("x", "g", "i", "k")
GUARDS = st.lists(small.guards(ALL), max_size=3).map(tuple)


@st.composite
def terms(draw):
    bound = tuple(Binder(name, draw(st.integers(1, 4))) for name in BOUND)
    return Term(bound, draw(GUARDS), (At("w", (X, G, I, K)),))


def sizes_with(term):
    return SIZES | {b.name: b.size for b in term.binders}


@settings(deadline=None, max_examples=200)
@given(terms())
def test_unit_and_clear_keep_what_a_term_runs_through(term):
    for rule in (unit, clear):
        assert runs_through(rule(term, sizes_with(term))) == runs_through(term), rule.__name__


@settings(deadline=None, max_examples=200)
@given(terms(), st.sampled_from(BOUND))
def test_a_reversed_index_runs_through_the_same(term, name):
    assert runs_through(reverse(term, name, sizes_with(term))) == runs_through(term)


@settings(deadline=None, max_examples=200)
@given(terms(), small.linear(("x", "g", "k")), st.integers(-4, 4).filter(bool))
def test_sift_keeps_what_a_term_runs_through(term, numerator, q):
    equation = Equal(q * I, numerator)
    term = replace(term, guards=(equation, *term.guards))
    assert runs_through(sift(term, "i", sizes_with(term))) == runs_through(term)


# Side conditions


def test_labels_reads_equal_digits():
    term = Term((Binder("g'", 2), Binder("c'", 3)), (Equal(3 * Polynomial.of("g'") + Polynomial.of("c'"), 3 * G + C),),
                (At("w", (Polynomial.of("c'"), Polynomial.of("g'"))),))  # fmt: skip
    read = labels(term, {"g": 2, "c": 3, "g'": 2, "c'": 3})
    assert read == Term((), (), (At("w", (C, G)),))


LABELS_REFUSED = {
    "digits of other sizes": (Equal(3 * I + K, 3 * G + C), {"i": 2, "k": 3, "g": 2, "c": 2}),
    "digits that overlap": (Equal(2 * I + K, 2 * G + C), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "other radix": (Equal(3 * I + K, 4 * G + C), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "a shift": (Equal(3 * I + K, 3 * G + C + 1), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "a shift on both sides": (Equal(3 * I + K + 2, 3 * G + C + 1), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "a negative digit": (Equal(3 * I - K, 3 * G - C), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "a missing digit": (Equal(3 * I + K, 3 * G), {"i": 2, "k": 3, "g": 2}),
    "a product": (Equal(I * K, G), {"i": 2, "k": 3, "g": 2}),
    "digits of one weight": (Equal(I + K, G + C), {"i": 2, "k": 3, "g": 2, "c": 3}),
    "nothing bound": (Equal(X, G), {"x": 2, "g": 2, "i": 2, "k": 2}),
}


@pytest.mark.parametrize(("guard", "sizes"), LABELS_REFUSED.values(), ids=LABELS_REFUSED)
def test_labels_leaves_alone_what_are_no_equal_numerals(guard, sizes):
    bound = tuple(Binder(name, sizes[name]) for name in ("i", "k"))
    term = Term(bound, (guard,), (At("w", (I, K)),))
    assert labels(term, sizes) == term


def test_unit_needs_the_value_to_lie_in_the_range():
    inside = Term((Binder("i", 4),), (Equal(I, X + 1),), (At("w", (I,)),))
    assert unit(inside, {"x": 3, "i": 4}) == Term((), (), (At("w", (X + 1,)),))
    for equation, size in [(Equal(I, X + 1), 3), (Equal(I, X - 1), 4), (Equal(2 * I, X), 4), (Equal(I, 2 * I - X), 2)]:
        term = Term((Binder("i", size),), (equation,), (At("w", (I,)),))
        assert unit(term, {"x": 3, "i": size}) == term


def test_unit_solves_a_reversed_index():
    term = Term((Binder("k", 3),), (Equal(2 - K, X),), (At("w", (K,)),))
    assert unit(term, {"x": 3, "k": 3}) == Term((), (), (At("w", (2 - X,)),))


HALF = Polynomial.of(Quotient(I + K, 2))


def test_clear_multiplies_where_a_guard_says_that_the_quotient_is_whole():
    term = Term((), (Divides(2, I + K), Within(HALF, 3), Equal(HALF, X)), (At("w", (X,)),))
    assert clear(term, {"i": 4, "k": 4, "x": 3}).guards == (Equal(I + K, 2 * X),)


def test_clear_keeps_a_range_that_is_narrower():
    term = Term((), (Divides(2, I + K), Within(HALF, 2), Equal(HALF, X)), (At("w", (X,)),))
    assert clear(term, {"i": 4, "k": 4, "x": 3}).guards == (Within(HALF, 2), Equal(I + K, 2 * X))


@pytest.mark.parametrize("guards", [(), (Divides(3, I + K),), (Divides(2, I + K + 1),)])
def test_clear_leaves_alone_a_quotient_that_may_not_be_whole(guards):
    term = Term((), (*guards, Equal(HALF, X)), (At("w", (X,)),))
    assert clear(term, {"i": 4, "k": 4, "x": 3}) == term


def test_sift_guards_the_division_and_the_range():
    term = Term((Binder("i", 3),), (Equal(2 * I + K, X),), (At("delta", (I,)),))
    solution = Polynomial.of(Quotient(X - K, 2))
    sifted = sift(term, "i", {"i": 3, "k": 2, "x": 6})
    assert sifted == Term((), (Divides(2, X - K), Within(solution, 3)), (At("delta", (solution,)),))


def test_sift_writes_no_guard_that_always_holds():
    term = Term((Binder("i", 4),), (Equal(I, X + 1),), (At("delta", (I,)),))
    assert sift(term, "i", {"i": 4, "x": 3}) == Term((), (), (At("delta", (X + 1,)),))


@pytest.mark.parametrize("guards", [(), (Equal(X, K),), (Equal(I * K, X),), (Equal(HALF, X),), (Within(I - X, 2),)])
def test_sift_without_an_equation_is_a_broken_derivation(guards):
    term = Term((Binder("i", 3), Binder("k", 2)), guards, (At("delta", (I,)),))
    with pytest.raises(BrokenDerivation, match="no equation fixes the index i"):
        sift(term, "i", {"i": 3, "k": 2, "x": 3})
