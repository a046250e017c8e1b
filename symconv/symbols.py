"""The bridge to SymPy: symbols for entries, derivatives, and the way back to exact polynomials.

In: polynomials and formulas.  Out: SymPy expressions to differentiate and to show, and polynomials read back from them.
Never: a decision. SymPy differentiates; equality is decided by our own polynomials, and text from outside never
reaches SymPy's parser. Besides this file only `activations` and the reports import SymPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Any

import sympy
from sympy.polys.rings import PolyElement, PolyRing

from symconv.errors import BrokenDerivation
from symconv.polynomial import Atom, Entry, Monomial, Polynomial, Quotient
from symconv.terms import At, Equal, Term


@lru_cache(maxsize=65536)
def symbol(entry: Entry) -> sympy.Symbol:
    """The SymPy symbol of an entry, named as the entry prints."""
    return sympy.Symbol(str(entry))


def to_sympy(polynomial: Polynomial) -> sympy.Expr:
    """A polynomial in entries as a SymPy expression.

    Examples
    --------
    >>> to_sympy(Polynomial.product(Entry("w", (0,)), Entry("a", (1,))) + 2)
    a[1]*w[0] + 2
    """
    return sympy.Add(
        *(
            sympy.Mul(sympy.Integer(c), *(symbol(atom) for atom in monomial if isinstance(atom, Entry)))
            for monomial, c in polynomial
        )
    )


def from_sympy(expression: sympy.Expr, entries: Mapping[sympy.Symbol, Entry]) -> Polynomial:
    """Read a SymPy expression back: sums, products and whole powers of known symbols and integers, nothing else.

    Raises
    ------
    BrokenDerivation
        If the expression holds anything else.
    """
    if expression.is_Integer:
        return Polynomial.of(int(expression))
    if expression.is_Symbol and expression in entries:
        return Polynomial.of(entries[expression])
    if expression.is_Add:
        return sum((from_sympy(part, entries) for part in expression.args), Polynomial())
    if expression.is_Mul:
        product = Polynomial.of(1)
        for part in expression.args:
            product = product * from_sympy(part, entries)
        return product
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        base, product = from_sympy(expression.base, entries), Polynomial.of(1)
        for _ in range(int(expression.exp)):
            product = product * base
        return product
    raise BrokenDerivation(f"SymPy gave {expression}, which is no polynomial in the entries of the layer")


@lru_cache(maxsize=256)
def _ring(size: int) -> PolyRing:
    """SymPy's sparse polynomials over the integers in this many generators."""
    return PolyRing([f"v{at}" for at in range(size)], sympy.ZZ, sympy.lex)


@dataclass(frozen=True)
class RingElement:
    """A polynomial in entries as an element of SymPy's ring: generator number j stands for ``entries[j]``.

    ``PolyElement.diff`` is SymPy's own derivative, as ``Expr.diff`` is; on the hundreds of z of a layer it is some
    twenty times faster, and needs no expression to be built first.
    """

    entries: tuple[Entry, ...]
    element: PolyElement

    @classmethod
    def of(cls, polynomial: Polynomial) -> RingElement:
        """A polynomial in its own ring."""
        entries = tuple(sorted(atom for atom in polynomial.atoms if isinstance(atom, Entry)))
        position = {e: at for at, e in enumerate(entries)}
        found = {}
        for monomial, coefficient in polynomial.coefficients.items():
            exponents = [0] * len(entries)
            for atom in monomial:
                if not isinstance(atom, Entry):
                    raise BrokenDerivation(f"{atom} is no entry of the layer")
                exponents[position[atom]] += 1
            found[tuple(exponents)] = sympy.ZZ(coefficient)
        return cls(entries, _ring(len(entries)).from_dict(found))

    def squared(self) -> RingElement:
        """Its square, multiplied out by SymPy."""
        return RingElement(self.entries, self.element * self.element)

    def derivative(self, by: Entry) -> dict[Monomial, int]:
        """Its derivative by one entry, monomial by monomial."""
        return self._read(self.element.diff(self.entries.index(by))) if by in self.entries else {}

    def derivatives(self) -> Iterator[tuple[Entry, dict[Monomial, int]]]:
        """Its derivative by each of its entries, monomial by monomial; by every other entry it is zero."""
        for at, entry in enumerate(self.entries):
            yield entry, self._read(self.element.diff(at))

    def _read(self, element: PolyElement) -> dict[Monomial, int]:
        found: dict[Monomial, int] = {}
        for exponents, coefficient in element.items():
            monomial: Monomial = tuple(compress(self.entries, exponents))
            if sum(exponents) > len(monomial):
                powers = filter(None, exponents)
                monomial = tuple(e for e, n in zip(monomial, powers, strict=True) for _ in range(n))
            found[monomial] = int(coefficient)
        return found


def derivative(polynomial: Polynomial, by: Entry) -> Polynomial:
    """The derivative by one entry, taken by SymPy (``PolyElement.diff``).

    Examples
    --------
    >>> w, a = Entry("w", (0,)), Entry("a", (1,))
    >>> print(derivative(Polynomial.product(w, a) + Polynomial.of(Entry("b", (0,))), a))
    w[0]
    """
    return Polynomial(_element(polynomial).derivative(by))


@lru_cache(maxsize=4096)
def _element(polynomial: Polynomial) -> RingElement:
    """A polynomial in its own ring, once for all the entries that it is differentiated by."""
    return RingElement.of(polynomial)


def squared_error_gradients(z: Mapping[Entry, Polynomial]) -> dict[Entry, Polynomial]:
    """``d(2E)/de`` for ``2E = sum (z - t)^2``, multiplied out and differentiated by SymPy: no chain rule of ours.

    The targets t are fresh entries, one for each z. The result is a polynomial in a, w, b and t, for each of the
    entries that occur.
    """
    totals: dict[Entry, dict[Monomial, int]] = {}
    for at, value in z.items():
        square = RingElement.of(value - Polynomial.of(Entry("t", at.indices))).squared()
        for e, derivative in square.derivatives():
            total = totals.setdefault(e, {})
            for monomial, coefficient in derivative.items():
                total[monomial] = total.get(monomial, 0) + coefficient
    return {e: Polynomial(total) for e, total in totals.items()}


def squared_error_gradient(z: Mapping[Entry, Polynomial], by: Entry) -> Polynomial:
    """The same for one entry, with E not multiplied out: ``Expr.diff`` of the sum of squares."""
    targets = {e: Entry("t", e.indices) for e in z}
    entries = {symbol(atom): atom for p in z.values() for atom in p.atoms if isinstance(atom, Entry)}
    entries |= {symbol(t): t for t in targets.values()}
    twice = sympy.Add(*((to_sympy(p) - symbol(targets[e])) ** 2 for e, p in z.items()))
    return from_sympy(twice.diff(symbol(by)), entries)


def differentiate_product(term: Term, by: At) -> tuple[tuple[At, ...], tuple[Equal, ...]] | None:
    """The derivative of a product of tensor entries by an entry, at symbolic indices, taken by SymPy.

    SymPy gives Kronecker deltas; each is read back as the equation it stands for. None where the derivative is zero.

    Examples
    --------
    >>> i, x = Polynomial.of("i"), Polynomial.of("x")
    >>> term = Term((), (), (At("w", (i,)), At("a", (2 * i - 1,))))
    >>> factors, equations = differentiate_product(term, At("a", (x,)))
    >>> print(factors[0].tensor, "where", equations[0].left, "=", equations[0].right)
    w where 2*i - 1 = x
    """
    writer = _IndexWriter()
    plain = [f for f in term.factors if isinstance(f, At)]
    if len(plain) != len(term.factors):
        raise BrokenDerivation("a partial derivative is not differentiated again")
    written = {writer.at(f): f for f in plain}
    if len(written) != len(plain):
        raise BrokenDerivation("a product in which one entry occurs twice is not differentiated")
    target = writer.at(by)
    result = sympy.Mul(*written).diff(target)
    if result == 0:
        return None
    factors, equations = [], []
    for part in sympy.Mul.make_args(result):
        if isinstance(part, sympy.KroneckerDelta):
            left, right = (writer.read(e) for e in part.args)
            wanted = by.index
            equations.append(Equal(right, left) if left in wanted and right not in wanted else Equal(left, right))
        elif part in written:
            factors.append(written[part])
        elif part != 1:
            raise BrokenDerivation(f"SymPy gave the factor {part}, which is neither an entry nor a Kronecker delta")
    return tuple(factors), tuple(equations)


class _IndexWriter:
    """Index polynomials as SymPy expressions and back; a quotient is a symbol of its own."""

    def __init__(self) -> None:
        self.atoms: dict[sympy.Symbol, Atom] = {}
        self.quotients: dict[Quotient, sympy.Symbol] = {}

    def at(self, factor: At) -> sympy.Expr:
        return sympy.IndexedBase(factor.tensor)[tuple(self.write(p) for p in factor.index)]

    def write(self, polynomial: Polynomial) -> sympy.Expr:
        return sympy.Add(
            *(sympy.Mul(sympy.Integer(c), *(self.atom(atom) for atom in monomial)) for monomial, c in polynomial)
        )

    def atom(self, atom: Atom) -> sympy.Symbol:
        if isinstance(atom, Quotient):
            name = self.quotients.setdefault(atom, sympy.Symbol(f"q{len(self.quotients)}?", integer=True))
        elif isinstance(atom, str):
            name = sympy.Symbol(atom, integer=True)
        else:
            raise BrokenDerivation(f"{atom} is no index")
        self.atoms[name] = atom
        return name

    def read(self, expression: Any) -> Polynomial:
        if expression.is_Integer:
            return Polynomial.of(int(expression))
        if expression in self.atoms:
            return Polynomial.of(self.atoms[expression])
        parts = [self.read(part) for part in expression.args]
        if expression.is_Add:
            return sum(parts, Polynomial())
        if expression.is_Mul:
            product = Polynomial.of(1)
            for part in parts:
                product = product * part
            return product
        raise BrokenDerivation(f"SymPy gave the index {expression}, which is no polynomial")
