"""SymPy differentiates, and what it gives is read back exactly or not at all."""

from collections import Counter

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus import chain_rule_gradients, error_gradients, with_squared_error
from symconv.enumeration import written_out
from symconv.errors import BrokenDerivation
from symconv.forward import weighted_input
from symconv.polynomial import ZERO, Entry, Partial, Polynomial, Quotient
from symconv.symbols import (
    RingElement,
    derivative,
    differentiate_product,
    from_sympy,
    squared_error_gradient,
    squared_error_gradients,
    symbol,
    to_sympy,
)
from symconv.terms import At, Equal, PartialAt, Term
from tests import indices as small
from tests import oracle
from tests.indices import everywhere, value
from tests.plain import plain
from tests.strategies import small_layers

ENTRIES = tuple(Entry(name, (at,)) for name in ("a", "w", "b") for at in range(2))
A0, A1, W0 = ENTRIES[:3]
KNOWN = {symbol(e): e for e in ENTRIES}

monomials = st.lists(st.sampled_from(ENTRIES), max_size=4)


@st.composite
def polynomials(draw):
    found = draw(st.lists(st.tuples(monomials, st.integers(-(2**70), 2**70)), max_size=5))
    return sum((c * Polynomial.product(*m) for m, c in found), ZERO)


def formal_derivative(polynomial, by):
    """The power rule, monomial by monomial."""
    total = Counter()
    for monomial, c in polynomial.coefficients.items():
        if power := monomial.count(by):
            rest = list(monomial)
            rest.remove(by)
            total[tuple(rest)] += c * power
    return Polynomial(total)


@settings(deadline=None)
@given(polynomials(), st.sampled_from(ENTRIES))
def test_the_derivative_is_the_formal_one(polynomial, by):
    assert derivative(polynomial, by) == formal_derivative(polynomial, by)


@settings(deadline=None)
@given(polynomials())
def test_ring_derivatives_are_the_formal_ones_for_every_entry_that_occurs(polynomial):
    found = {e: Polynomial(terms) for e, terms in RingElement.of(polynomial).derivatives()}
    assert found == {e: formal_derivative(polynomial, e) for e in polynomial.atoms}


@settings(deadline=None)
@given(polynomials())
def test_a_ring_element_squared_is_the_square(polynomial):
    element = RingElement.of(polynomial).squared()
    for entry, terms in element.derivatives():
        assert Polynomial(terms) == formal_derivative(polynomial * polynomial, entry)


def test_a_ring_holds_entries_only():
    with pytest.raises(BrokenDerivation, match="i is no entry of the layer"):
        RingElement.of(Polynomial.of("i"))


@settings(deadline=None)
@given(polynomials())
def test_a_polynomial_comes_back_from_sympy_as_it_went(polynomial):
    assert from_sympy(to_sympy(polynomial), KNOWN) == polynomial


@settings(deadline=None, max_examples=50)
@given(polynomials(), polynomials(), st.integers(1, 3))
def test_products_and_powers_that_sympy_left_standing_are_multiplied_out(p, q, power):
    expected = q
    for _ in range(power):
        expected = expected * p
    assert from_sympy(to_sympy(p) ** power * to_sympy(q), KNOWN) == expected


s, t = symbol(A0), symbol(W0)
FOREIGN = [
    sympy.Symbol("a[0]", positive=True),
    sympy.Symbol("c[0]"),
    s / 2,
    s / t,
    1 / s,
    s**t,
    s ** sympy.Rational(1, 2),
    sympy.sqrt(2) * s,
    1.5 * s,
    sympy.Float(2) * s,
    sympy.pi,
    sympy.I * s,
    sympy.sin(s),
    sympy.Abs(s),
    sympy.Derivative(sympy.Function("f")(s), s),
    sympy.KroneckerDelta(sympy.Symbol("i"), 0),
    sympy.Sum(s, (sympy.Symbol("i"), 0, sympy.Symbol("n"))),
    sympy.Piecewise((s, s > 0), (0, True)),
    sympy.IndexedBase("a")[0],
    sympy.oo,
    sympy.nan,
    sympy.zoo,
]


@pytest.mark.parametrize("expression", FOREIGN, ids=sympy.srepr)
def test_what_is_no_polynomial_in_the_entries_is_refused(expression):
    for wrapped in (expression, expression + s):
        with pytest.raises(BrokenDerivation, match="no polynomial in the entries"):
            from_sympy(wrapped, KNOWN)


# The squared error


@settings(deadline=None, max_examples=30)
@given(st.lists(polynomials().map(lambda p: p if len(p) < 3 else ZERO), min_size=1, max_size=3))
def test_the_squared_error_is_differentiated_by_its_chain_rule(values):
    z = {Entry("z", (at,)): p for at, p in enumerate(values)}
    gaps = {e: p - Polynomial.of(Entry("t", e.indices)) for e, p in z.items()}
    multiplied_out = squared_error_gradients(z)
    for entry in {atom for p in values for atom in p.atoms}:
        expected = sum((2 * gaps[e] * formal_derivative(p, entry) for e, p in z.items()), ZERO)
        assert multiplied_out[entry] == expected
        assert squared_error_gradient(z, entry) == expected


@settings(deadline=None, max_examples=40)
@given(small_layers(max_size=3, max_channels=2))
def test_the_written_out_gradients_are_those_of_brute_force(layer):
    z = written_out(weighted_input(layer))
    found = chain_rule_gradients(z)
    by_error, _ = error_gradients(z)
    for tensor, truth in zip("awb", oracle.polynomial_gradients(layer).values(), strict=True):
        for at, polynomial in truth.items():
            here = found.get(Entry(tensor, at), ZERO)
            assert plain(here) == polynomial
            if Entry(tensor, at) in by_error:
                assert with_squared_error(here, z) == by_error[Entry(tensor, at)]


# Products at symbolic indices

LINEAR = small.linear(("i", "k", "x"))
QUOTIENTS = st.builds(lambda p, q, d: p + Polynomial.of(Quotient(q, d)), LINEAR, LINEAR, st.integers(1, 4))
places = st.lists(st.one_of(LINEAR, QUOTIENTS), min_size=1, max_size=2).map(tuple)
frees = {n: st.lists(small.linear(("x", "g")), min_size=n, max_size=n).map(tuple) for n in (1, 2)}


@settings(deadline=None, max_examples=100)
@given(places, places, st.sampled_from(["w", "a"]), st.data())
def test_the_derivative_of_a_product_is_right_for_every_value_of_the_indices(w, a, tensor, data):
    term = Term((), (), (At("w", w), At("a", a)))
    own = {"w": w, "a": a}[tensor]
    by = At(tensor, data.draw(frees[len(own)]))
    found = differentiate_product(term, by)
    for at in everywhere({"i": 3, "k": 2, "x": 3, "g": 2}):
        same = all(value(p, at) == value(q, at) for p, q in zip(own, by.index, strict=True))
        if found is None:
            assert not same
            continue
        factors, equations = found
        assert all(isinstance(e, Equal) for e in equations)
        assert all(value(e.left, at) == value(e.right, at) for e in equations) == same
        assert factors == (At("a", a) if tensor == "w" else At("w", w),)


def test_a_product_does_not_depend_on_a_tensor_that_is_not_in_it():
    i = Polynomial.of("i")
    assert differentiate_product(Term((), (), (At("w", (i,)), At("a", (i,)))), At("b", (i,))) is None


def test_the_derivative_of_a_tensor_alone_is_an_equation():
    i, x = Polynomial.of("i"), Polynomial.of("x")
    assert differentiate_product(Term((), (), (At("b", (i,)),)), At("b", (x,))) == ((), (Equal(i, x),))


def test_a_square_is_not_differentiated_as_a_product():
    i, x = Polynomial.of("i"), Polynomial.of("x")
    with pytest.raises(BrokenDerivation):
        differentiate_product(Term((), (), (At("a", (i,)), At("a", (i + 1,)))), At("a", (x,)))
    with pytest.raises(BrokenDerivation):
        differentiate_product(Term((), (), (At("a", (i,)), At("a", (i,)))), At("a", (x,)))


def test_quotients_stay_apart_from_names_and_from_each_other():
    i, x = Polynomial.of("i"), Polynomial.of("x")
    half, third = (Polynomial.of(Quotient(i, n)) for n in (2, 3))
    _, equations = differentiate_product(Term((), (), (At("a", (half, third)),)), At("a", (x, x)))
    assert {(e.left, e.right) for e in equations} == {(half, x), (third, x)}


def test_a_partial_derivative_is_not_differentiated_again():
    i = Polynomial.of("i")
    with pytest.raises(BrokenDerivation, match="not differentiated again"):
        differentiate_product(Term((), (), (PartialAt(At("E", ()), At("z", (i,))),)), At("a", (i,)))


@pytest.mark.parametrize("entry", [Entry("a", (0,)), Partial(A0, A1)])
def test_an_index_holds_no_entries(entry):
    with pytest.raises(BrokenDerivation, match="is no index"):
        differentiate_product(Term((), (), (At("a", (Polynomial.of(entry),)),)), At("a", (ZERO,)))
