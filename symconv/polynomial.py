"""Exact integer polynomials: the arithmetic of every decision.

In: atoms (an index by its name, an entry of a tensor, a partial derivative, a floor quotient) and ints.
Out: canonical polynomials, equal exactly when their monomials and integer coefficients are.
Never: floats, rounding, or a simplifier's opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, final


class Entry(NamedTuple):
    """One entry of a tensor: ``a[0, 0, 1, 2]``; the error E itself is the entry with no index."""

    tensor: str
    indices: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.tensor}[{', '.join(map(str, self.indices))}]" if self.indices else self.tensor


class Partial(NamedTuple):
    """A partial derivative of one entry by another: ``dz[0, 0, 0, 0]/da[0, 0, 1, 1]``."""

    of: Entry
    by: Entry

    def __str__(self) -> str:
        return f"d{self.of}/d{self.by}"


class Quotient(NamedTuple):
    """``floor(numerator / divisor)``, the exact quotient wherever a guard says that divisor divides numerator."""

    numerator: Polynomial
    divisor: int | Polynomial

    def __str__(self) -> str:
        return f"(({self.numerator}) div {self.divisor})"


Atom = str | Entry | Partial | Quotient
Monomial = tuple[Atom, ...]  # sorted, repeated for powers; () is the constant monomial

_CONSTANT: Monomial = ()


def _order(atom: Atom) -> tuple[object, ...]:
    """A total order of atoms: only so that equal monomials are equal tuples."""
    match atom:
        case str():
            return (0, atom)
        case Entry():
            return (1, atom)
        case Partial():
            return (2, atom)
        case Quotient():
            return (3, str(atom))


@final
class Polynomial:
    """A polynomial with integer coefficients; immutable, hashable, canonical.

    Examples
    --------
    >>> i, k = Polynomial.of("i"), Polynomial.of("k")
    >>> 2 * i + k - 1 == k + i + (i - 1)
    True
    >>> print((i + k) * (i - k))
    i*i - k*k
    """

    __slots__ = ("_coefficients", "_hash", "_names")

    def __init__(self, coefficients: Mapping[Monomial, int] | None = None) -> None:
        given = coefficients or {}
        self._coefficients: dict[Monomial, int] = {m: c for m, c in given.items() if c}
        self._hash: int | None = None
        self._names: frozenset[str] | None = None

    @classmethod
    def of(cls, value: Atom | int | Polynomial) -> Polynomial:
        """The polynomial that is this int, this atom, or already one."""
        if isinstance(value, Polynomial):
            return value
        if isinstance(value, int):
            return cls({_CONSTANT: value})
        return cls({(value,): 1})

    @classmethod
    def product(cls, *atoms: Atom) -> Polynomial:
        """The monomial that is the product of these atoms."""
        return cls({tuple(sorted(atoms, key=_order)): 1})

    @property
    def coefficients(self) -> Mapping[Monomial, int]:
        """Its monomials, each with its coefficient, none of them zero."""
        return self._coefficients

    @property
    def constant(self) -> int:
        """The coefficient of 1."""
        return self._coefficients.get(_CONSTANT, 0)

    @property
    def is_constant(self) -> bool:
        """Whether no atom occurs."""
        return not self._coefficients or self._coefficients.keys() == {_CONSTANT}

    @property
    def atoms(self) -> frozenset[Atom]:
        """The atoms that occur, those inside quotients not counted."""
        return frozenset(atom for monomial in self._coefficients for atom in monomial)

    @property
    def names(self) -> frozenset[str]:
        """The index names that occur, inside quotients too."""
        if self._names is None:
            found: set[str] = set()
            for monomial in self._coefficients:
                for atom in monomial:
                    if isinstance(atom, str):
                        found.add(atom)
                    elif isinstance(atom, Quotient):
                        found |= atom.numerator.names
            self._names = frozenset(found)
        return self._names

    def coefficient(self, atom: Atom) -> int:
        """The coefficient of the monomial that is this atom alone."""
        return self._coefficients.get((atom,), 0)

    def substitute(self, values: Mapping[str, Polynomial]) -> Polynomial:
        """Put polynomials in the places of index names, inside quotients too."""
        if not self.names & values.keys():
            return self
        total = ZERO
        for monomial, coefficient in self._coefficients.items():
            term = Polynomial({_CONSTANT: coefficient})
            for atom in monomial:
                term = term * _substituted(atom, values)
            total = total + term
        return total

    def evaluate(self, value: Callable[[Atom], int]) -> int:
        """Its value, exactly, where `value` gives the value of each atom."""
        total = 0
        for monomial, coefficient in self._coefficients.items():
            product = coefficient
            for atom in monomial:
                product *= value(atom)
            total += product
        return total

    def replace(self, value: Callable[[Atom], Polynomial]) -> Polynomial:
        """Put a polynomial in the place of every atom."""
        total: dict[Monomial, int] = {}
        for monomial, coefficient in self._coefficients.items():
            term = Polynomial({_CONSTANT: coefficient})
            for atom in monomial:
                term = term * value(atom)
            for m, c in term._coefficients.items():
                total[m] = total.get(m, 0) + c
        return Polynomial(total)

    def __iter__(self) -> Iterator[tuple[Monomial, int]]:
        """Its monomials and coefficients in one fixed order, the constant last."""
        return iter(sorted(self._coefficients.items(), key=lambda item: (not item[0], tuple(map(_order, item[0])))))

    def __len__(self) -> int:
        return len(self._coefficients)

    def __bool__(self) -> bool:
        return bool(self._coefficients)

    def __add__(self, other: object) -> Polynomial:
        right = _operand(other)
        if right is None:
            return NotImplemented
        total = dict(self._coefficients)
        for monomial, coefficient in right._coefficients.items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return Polynomial(total)

    __radd__ = __add__

    def __neg__(self) -> Polynomial:
        return Polynomial({m: -c for m, c in self._coefficients.items()})

    def __sub__(self, other: object) -> Polynomial:
        right = _operand(other)
        return NotImplemented if right is None else self + (-right)

    def __rsub__(self, other: object) -> Polynomial:
        left = _operand(other)
        return NotImplemented if left is None else left + (-self)

    def __mul__(self, other: object) -> Polynomial:
        right = _operand(other)
        if right is None:
            return NotImplemented
        total: dict[Monomial, int] = {}
        for m1, c1 in self._coefficients.items():
            for m2, c2 in right._coefficients.items():
                m = tuple(sorted(m1 + m2, key=_order)) if m1 and m2 else m1 or m2
                total[m] = total.get(m, 0) + c1 * c2
        return Polynomial(total)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        right = _operand(other)
        return NotImplemented if right is None else self._coefficients == right._coefficients

    def __hash__(self) -> int:
        if self._hash is None:
            constant = self.is_constant
            self._hash = hash(self.constant) if constant else hash(frozenset(self._coefficients.items()))
        return self._hash

    def __str__(self) -> str:
        return signed_sum((c, "*".join(map(str, m))) for m, c in self)

    def __repr__(self) -> str:
        return f"<Polynomial {self}>"


def signed_sum(terms: Iterable[tuple[int, str]], times: str = "*") -> str:
    """Write a sum of (coefficient, product) pairs as a person would: ``2*x - y + 1``."""
    text = ""
    for coefficient, product in terms:
        size = abs(coefficient)
        body = str(size) if not product else product if size == 1 else f"{size}{times}{product}"
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {body}" if text else f"-{body}" if coefficient < 0 else body
    return text or "0"


def _operand(value: object) -> Polynomial | None:
    if isinstance(value, Polynomial):
        return value
    if isinstance(value, int):
        return Polynomial({_CONSTANT: value})
    return None


def _substituted(atom: Atom, values: Mapping[str, Polynomial]) -> Polynomial:
    if isinstance(atom, str):
        return values.get(atom, Polynomial.of(atom))
    if isinstance(atom, Quotient):
        return Polynomial.of(Quotient(atom.numerator.substitute(values), atom.divisor))
    return Polynomial.of(atom)


ZERO = Polynomial()
ONE = Polynomial.of(1)
