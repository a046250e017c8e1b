"""Index notation as data: sums over binders, under guards, of products of tensor entries.

A `Formula` reads  ``tensor[index] = sum of terms``  for all values of its free indices.
Derivations are about formulas. Here are the nodes, what can be said of an index without enumerating it (`bounds`,
`floor_divide`), substitution, and a canonical form.
Never: SymPy, arrays of numbers, or a decision about equality beyond that of canonical data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from symconv.polynomial import Polynomial, Quotient

Size = int | Polynomial  # a number, or, in a theorem about every shape, a polynomial in parameters
Sizes = Mapping[str, Size]


def number(size: Size) -> int:
    """A size that is a number.

    Raises
    ------
    TypeError
        If it is symbolic: nothing is enumerated over it.
    """
    if isinstance(size, int):
        return size
    if size.is_constant:
        return size.constant
    raise TypeError(f"the size {size} is symbolic")


@dataclass(frozen=True)
class Binder:
    """An index and its range: ``0 <= name < size``."""

    name: str
    size: Size


@dataclass(frozen=True)
class Equal:
    """The guard ``left = right``."""

    left: Polynomial
    right: Polynomial


@dataclass(frozen=True)
class Within:
    """The guard ``0 <= value < size``."""

    value: Polynomial
    size: Size


@dataclass(frozen=True)
class Divides:
    """The guard ``divisor | value``."""

    divisor: Size
    value: Polynomial


Guard = Equal | Within | Divides


@dataclass(frozen=True)
class At:
    """A tensor read at an index: ``w[o, c, k]``. The error E is read at no index."""

    tensor: str
    index: tuple[Polynomial, ...]


@dataclass(frozen=True)
class PartialAt:
    """A partial derivative of one tensor's entry by another's: ``dz[n, o, i] / da[n, c, x]``."""

    of: At
    by: At


Factor = At | PartialAt


@dataclass(frozen=True)
class Term:
    """``coefficient * sum over binders, where all guards hold, of the product of the factors``."""

    binders: tuple[Binder, ...]
    guards: tuple[Guard, ...]
    factors: tuple[Factor, ...]
    coefficient: int = 1


@dataclass(frozen=True)
class Formula:
    """``tensor[index] = sum of terms`` for all values of the free indices; the index runs over the whole shape once."""

    tensor: str
    free: tuple[Binder, ...]
    index: tuple[Polynomial, ...]
    shape: tuple[Size, ...]
    terms: tuple[Term, ...]

    @property
    def sizes(self) -> dict[str, Size]:
        """The range of every free index."""
        return {b.name: b.size for b in self.free}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The shape, where it is one of numbers."""
        return tuple(map(number, self.shape))


def sizes_of(binders: Iterable[Binder]) -> dict[str, Size]:
    """The range of every index that these binders bind."""
    return {b.name: b.size for b in binders}


def index(name: str, size: Size) -> Polynomial:
    """The index `name` with `size` values; an index with one value is written 0."""
    return Polynomial.of(0 if size == 1 else name)


def binders(*pairs: tuple[str, Size]) -> tuple[Binder, ...]:
    """The binders of these (name, size) pairs, without the indices that have one value only."""
    return tuple(Binder(name, size) for name, size in pairs if size != 1)


def bounds(value: Polynomial, sizes: Sizes) -> tuple[int, int]:
    """The smallest and the largest value that interval arithmetic allows over the ranges of the indices.

    Examples
    --------
    >>> bounds(2 * Polynomial.of("i") - 3, {"i": 4})
    (-3, 3)
    """
    low = high = 0
    for monomial, coefficient in value.coefficients.items():
        least = most = coefficient
        for atom in monomial:
            if isinstance(atom, str):
                first, last = 0, number(sizes[atom]) - 1
            elif isinstance(atom, Quotient):
                first, last = (v // number(atom.divisor) for v in bounds(atom.numerator, sizes))
            else:
                raise TypeError(f"{atom} is not an index")
            corners = (least * first, least * last, most * first, most * last)
            least, most = min(corners), max(corners)
        low, high = low + least, high + most
    return low, high


def floor_divide(value: Polynomial, divisor: int, sizes: Sizes) -> Polynomial:
    """``floor(value / divisor)``: exact where the ranges show it, a `Quotient` otherwise.

    ``divisor*A + B`` with ``0 <= B < divisor`` has the quotient A.

    Examples
    --------
    >>> g, c = Polynomial.of("g"), Polynomial.of("c")
    >>> print(floor_divide(4 * g + c, 4, {"g": 2, "c": 4}))
    g
    """
    if divisor == 1:
        return value
    multiples = Polynomial({m: c // divisor for m, c in value.coefficients.items() if m and c % divisor == 0})
    rest = value - divisor * multiples
    whole, constant = divmod(rest.constant, divisor)
    rest = rest - rest.constant + constant
    low, high = bounds(rest, sizes)
    if 0 <= low and high < divisor:
        return multiples + whole
    return Polynomial.of(Quotient(value, divisor))


def exact_quotient(value: Polynomial, divisor: Size) -> Polynomial:
    """``value / divisor`` under a guard that says that divisor divides value."""
    return value if divisor == 1 else Polynomial.of(Quotient(value, divisor))


def in_range(value: Polynomial, size: Size, sizes: Sizes) -> bool:
    """Whether ``0 <= value < size`` is seen at once: an index of that size, its mirror, or by interval arithmetic."""
    for name in value.names & sizes.keys():
        own = Polynomial.of(name)
        if sizes[name] == size and value in (own, size - 1 - own):
            return True
    try:
        low, high = bounds(value, sizes)
        return low >= 0 and high < number(size)
    except (TypeError, KeyError):  # symbolic sizes, or parameters: nothing is seen at once
        return False


def holds_always(guard: Guard, sizes: Sizes) -> bool:
    """Whether the ranges of the indices alone show that the guard holds."""
    match guard:
        case Equal(left, right):
            return left == right
        case Within(value, size):
            return in_range(value, size, sizes)
        case Divides(divisor, value):
            return isinstance(divisor, int) and all(c % divisor == 0 for c in value.coefficients.values())
        case _:
            assert_never(guard)


def polynomials(guard: Guard) -> tuple[Polynomial, ...]:
    """The index polynomials of a guard."""
    match guard:
        case Equal(left, right):
            return (left, right)
        case Within(value, _) | Divides(_, value):
            return (value,)
        case _:
            assert_never(guard)


def indices(factor: Factor) -> tuple[Polynomial, ...]:
    """The index polynomials of a factor."""
    match factor:
        case At(_, index):
            return index
        case PartialAt(of, by):
            return of.index + by.index
        case _:
            assert_never(factor)


def substitute_guard(guard: Guard, values: Mapping[str, Polynomial]) -> Guard:
    """Put polynomials in the places of index names."""
    match guard:
        case Equal(left, right):
            return Equal(left.substitute(values), right.substitute(values))
        case Within(value, size):
            return Within(value.substitute(values), size)
        case Divides(divisor, value):
            return Divides(divisor, value.substitute(values))
        case _:
            assert_never(guard)


def substitute_factor(factor: Factor, values: Mapping[str, Polynomial]) -> Factor:
    """Put polynomials in the places of index names."""
    match factor:
        case At(tensor, index):
            return At(tensor, tuple(p.substitute(values) for p in index))
        case PartialAt(of, by):
            of_index, by_index = (tuple(p.substitute(values) for p in part.index) for part in (of, by))
            return PartialAt(At(of.tensor, of_index), At(by.tensor, by_index))
        case _:
            assert_never(factor)


def substitute(term: Term, values: Mapping[str, Polynomial]) -> Term:
    """Put polynomials in the places of index names; the names that are replaced are bound no longer."""
    return replace(
        term,
        binders=tuple(b for b in term.binders if b.name not in values),
        guards=tuple(substitute_guard(g, values) for g in term.guards),
        factors=tuple(substitute_factor(f, values) for f in term.factors),
    )


def canonical(term: Term) -> Term:
    """The same term with its bound indices named and its parts ordered in one fixed way.

    Factors are ordered by tensor; bound indices are named ``$0, $1, ...`` as they are first met in the factors, then in
    the guards. Two terms with equal canonical forms are equal; the converse does not hold, and nothing rests on it.
    """
    factors = tuple(sorted(term.factors, key=_factor_key))
    bound = {b.name for b in term.binders}
    met: list[str] = []
    for polynomial in [p for f in factors for p in indices(f)] + [p for g in term.guards for p in polynomials(g)]:
        met += sorted(name for name in polynomial.names & bound if name not in met)
    met += sorted(bound - set(met))
    names = {old: f"${at}" for at, old in enumerate(met)}
    values = {old: Polynomial.of(new) for old, new in names.items()}
    return Term(
        tuple(sorted((Binder(names[b.name], b.size) for b in term.binders), key=lambda b: b.name)),
        tuple(sorted({substitute_guard(g, values) for g in term.guards}, key=repr)),
        tuple(substitute_factor(f, values) for f in factors),
        term.coefficient,
    )


def _factor_key(factor: Factor) -> tuple[str, str]:
    match factor:
        case At(tensor, _):
            return (tensor, "")
        case PartialAt(of, by):
            return (of.tensor, by.tensor)
        case _:
            assert_never(factor)
