"""Small random index notation, and its value by brute force: every index is given every value in its range."""

from functools import cache
from itertools import product

from hypothesis import strategies as st

from symconv.polynomial import Polynomial, Quotient
from symconv.terms import Binder, Divides, Equal, Within

NAMES = ("i", "k", "x", "g")


def value(polynomial, at):
    """The number that an index polynomial is where the indices have these values."""
    return polynomial.evaluate(
        lambda atom: value(atom.numerator, at) // atom.divisor if isinstance(atom, Quotient) else at[atom]
    )


def holds(guard, at):
    """Whether a guard holds where the indices have these values."""
    match guard:
        case Equal(left, right):
            return value(left, at) == value(right, at)
        case Within(number, size):
            return 0 <= value(number, at) < size
        case Divides(divisor, number):
            return value(number, at) % divisor == 0
    raise TypeError(f"{guard!r} is no guard")


def everywhere(sizes):
    """Every assignment of values to indices."""
    return (dict(zip(sizes, at, strict=True)) for at in product(*map(range, sizes.values())))


def tuples(values, binders, guards):
    """The sorted tuples of values that these indices run through where the guards hold."""
    sizes = {b.name: b.size for b in binders}
    return sorted(
        tuple(value(p, at) for p in values) for at in everywhere(sizes) if all(holds(guard, at) for guard in guards)
    )


@cache
def ranges(most=4, names=NAMES):
    """Sizes of all the names."""
    return st.fixed_dictionaries({name: st.integers(1, most) for name in names})


@cache
def linear(names=NAMES, bound=4):
    """Linear index polynomials in these names."""
    terms = st.dictionaries(st.sampled_from(names), st.integers(-bound, bound), max_size=3)
    return st.builds(
        lambda found, c: sum((n * Polynomial.of(v) for v, n in found.items()), Polynomial.of(c)),
        terms,
        st.integers(-bound, bound),
    )


@cache
def polynomials(names=NAMES):
    """Index polynomials: linear ones, products, and floor quotients."""
    quotient = st.builds(lambda p, d: Polynomial.of(Quotient(p, d)), linear(names), st.integers(1, 4))
    return st.one_of(
        linear(names),
        st.builds(lambda p, q: p + q, linear(names, 2), quotient),
        st.builds(lambda p, q: p * q, linear(names, 2), linear(names, 2)),
        st.builds(lambda q, p, d: q - Polynomial.of(Quotient(p + q, d)), quotient, linear(names), st.integers(1, 3)),
    )


@cache
def guards(names=NAMES):
    return st.one_of(
        st.builds(Equal, linear(names), polynomials(names)),
        st.builds(Within, polynomials(names), st.integers(1, 5)),
        st.builds(Divides, st.integers(1, 4), polynomials(names)),
    )


def bound(sizes):
    return tuple(Binder(name, size) for name, size in sizes.items())
