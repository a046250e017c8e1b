"""Polynomials: the laws of a commutative ring, one canonical form, and values that agree with ordinary integers."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.polynomial import ONE, ZERO, Entry, Partial, Polynomial, Quotient, signed_sum

NAMES = ("i", "k", "x")
ENTRIES = (Entry("a", (0, 1)), Entry("a", (1, 0)), Entry("w", (0,)), Entry("E", ()))
PARTIALS = (Partial(ENTRIES[3], ENTRIES[0]), Partial(ENTRIES[0], ENTRIES[2]))
I, K = Polynomial.of("i"), Polynomial.of("k")  # noqa: E741

coefficients = st.one_of(st.integers(-4, 4), st.integers(-(10**30), 10**30))


def linear(names=NAMES):
    """Linear index polynomials."""
    terms = st.dictionaries(st.sampled_from(names), st.integers(-4, 4), max_size=3)
    return st.builds(lambda found, c: sum((n * Polynomial.of(v) for v, n in found.items()), Polynomial.of(c)),
                     terms, st.integers(-9, 9))  # fmt: skip


quotients = st.builds(Quotient, linear(), st.integers(1, 5))
atoms = st.one_of(st.sampled_from((*NAMES, *ENTRIES, *PARTIALS)), quotients)
monomials = st.lists(atoms, max_size=3).map(tuple)


@st.composite
def polynomials(draw):
    found = draw(st.lists(st.tuples(monomials, coefficients), max_size=4))
    return sum((c * Polynomial.product(*m) for m, c in found), ZERO)


values = st.fixed_dictionaries({atom: st.integers(-6, 6) for atom in (*NAMES, *ENTRIES, *PARTIALS)})


def at(numbers):
    def value(atom):
        if isinstance(atom, Quotient):
            return atom.numerator.evaluate(value) // atom.divisor
        return numbers[atom]

    return value


@settings(deadline=None)
@given(polynomials(), polynomials(), polynomials())
def test_the_laws_of_a_commutative_ring_hold(p, q, r):
    assert p + q == q + p
    assert (p + q) + r == p + (q + r)
    assert p * q == q * p
    assert (p * q) * r == p * (q * r)
    assert p * (q + r) == p * q + p * r
    assert p + 0 == 0 + p == p * 1 == 1 * p == p
    assert p - p == p + (-p) == p * 0 == ZERO
    assert p - q == -(q - p)
    assert 3 - p == -(p - 3)


@settings(deadline=None)
@given(polynomials(), polynomials(), values)
def test_arithmetic_agrees_with_that_of_integers(p, q, numbers):
    one, other = p.evaluate(at(numbers)), q.evaluate(at(numbers))
    assert (p + q).evaluate(at(numbers)) == one + other
    assert (p - q).evaluate(at(numbers)) == one - other
    assert (p * q).evaluate(at(numbers)) == one * other


@settings(deadline=None)
@given(st.lists(st.tuples(monomials, coefficients), max_size=5), st.randoms())
def test_equal_polynomials_have_one_form_however_they_were_made(found, random):
    def total(terms):
        return sum((c * Polynomial.product(*m) for m, c in terms), ZERO)

    shuffled = [(tuple(random.sample(m, len(m))), c) for m, c in random.sample(found, len(found))]
    p, q = total(found), total(shuffled)
    assert p == q
    assert hash(p) == hash(q)
    assert str(p) == str(q)
    assert list(p) == list(q)
    assert all(c for _, c in p)


@settings(deadline=None)
@given(polynomials(), polynomials())
def test_polynomials_are_equal_exactly_when_their_difference_is_nothing(p, q):
    assert (p == q) == (not (p - q)) == (len(p - q) == 0)
    assert not (p == q and hash(p) != hash(q))


@given(coefficients)
def test_a_constant_equals_and_hashes_as_its_int(n):
    assert Polynomial.of(n) == n
    assert hash(Polynomial.of(n)) == hash(n)
    assert Polynomial.of(n).is_constant
    assert Polynomial.of(n).constant == n


@settings(deadline=None)
@given(polynomials(), st.dictionaries(st.sampled_from(NAMES), linear(), max_size=3), values)
def test_substitution_agrees_with_evaluation_inside_quotients_too(p, put, numbers):
    moved = numbers | {name: q.evaluate(at(numbers)) for name, q in put.items()}
    assert p.substitute(put).evaluate(at(numbers)) == p.evaluate(at(moved))


@given(linear())
def test_substitution_is_simultaneous(p):
    exchanged = p.substitute({"i": K, "k": I})
    assert (exchanged.coefficient("i"), exchanged.coefficient("k")) == (p.coefficient("k"), p.coefficient("i"))
    assert exchanged.substitute({"i": K, "k": I}) == p


@settings(deadline=None)
@given(polynomials(), values)
def test_replacement_puts_a_polynomial_in_the_place_of_every_atom(p, numbers):
    doubled = p.replace(lambda atom: 2 * Polynomial.of(atom) + 1)
    assert doubled.evaluate(at(numbers)) == p.evaluate(lambda atom: 2 * at(numbers)(atom) + 1)
    assert p.replace(Polynomial.of) == p


@given(polynomials())
def test_names_are_found_inside_quotients_and_atoms_are_not(p):
    quoted = {n for atom in p.atoms if isinstance(atom, Quotient) for n in atom.numerator.names}
    assert p.names == {atom for atom in p.atoms if isinstance(atom, str)} | quoted
    assert p.is_constant == (not p.atoms)


def test_a_name_is_no_entry_of_the_same_spelling():
    assert Polynomial.of("E") != Polynomial.of(Entry("E", ()))


def test_powers_are_counted():
    assert I * I != I
    assert (I + K) * (I + K) == I * I + 2 * I * K + K * K
    assert 2 * I != I


def test_coefficients_are_exact_beyond_machine_words():
    p = (2**64) * I + 1
    assert (p * p).coefficients[("i", "i")] == 2**128
    assert p - 2**64 * I == 1


@pytest.mark.parametrize("value", [0.5, "i", None, Fraction(1, 2), 1j])
def test_nothing_but_ints_and_polynomials_takes_part_in_arithmetic(value):
    for calculate in (lambda: I + value, lambda: value + I, lambda: I - value, lambda: value - I, lambda: I * value):
        with pytest.raises(TypeError):
            calculate()
    assert I != value


PRINTED = [
    (ZERO, "0"),
    (ONE, "1"),
    (Polynomial.of(-3), "-3"),
    (2 * I - K + 1, "2*i - k + 1"),
    (-I, "-i"),
    (1 - I, "-i + 1"),
    (I * I - 2 * K * I, "i*i - 2*i*k"),
    (Polynomial.of(Quotient(I + 1, 2)), "((i + 1) div 2)"),
    (Polynomial.product(ENTRIES[2], ENTRIES[0]), "a[0, 1]*w[0]"),
    (Polynomial.of(PARTIALS[0]), "dE/da[0, 1]"),
]


@pytest.mark.parametrize(("polynomial", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_polynomials_print_as_a_person_would_write_them(polynomial, text):
    assert str(polynomial) == text
    assert repr(polynomial) == f"<Polynomial {text}>"


def test_the_constant_comes_last_and_signs_are_joined():
    assert signed_sum([(-1, "x"), (1, "y"), (-2, "z"), (3, "")], times=" ") == "-x + y - 2 z + 3"
    assert signed_sum([]) == "0"
