"""The forward map of a layer as SymPy objects: symbols a, w, b, delta, the weighted input z, and an error E.

In: a `Conv`.  Out: SymPy expressions, to compute with and to show.
Never: a decision about them: what is proved is proved with exact polynomials of our own.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import sympy

from symconv.enumeration import entry as entry_of
from symconv.errors import InvalidLayer, InvalidOption
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.polynomial import Atom, Entry, Polynomial, Quotient
from symconv.terms import At, Divides, Equal, Formula, Guard, Term, Within


@dataclass(frozen=True)
class SymbolicForward:
    """z and E of a layer in SymPy.

    Attributes are made when they are asked for; for a layer of any size `z` is one indexed sum, and entries are
    written out one at a time.

    Examples
    --------
    >>> forward = symbolic_forward(Conv(3, 2))
    >>> forward.z
    b[0] + Sum(a[0, 0, i0 + k0]*w[0, 0, k0], (k0, 0, 1))
    >>> forward.entry(0, 0, 1)
    a[0, 0, 1]*w[0, 0, 0] + a[0, 0, 2]*w[0, 0, 1] + b[0]
    >>> forward.entry(0, 0, 1).diff(forward.a[0, 0, 2])
    w[0, 0, 1]
    >>> forward.error.diff(forward.z_symbol[0, 0, 1])
    Derivative(E(z[0, 0, 0], z[0, 0, 1]), z[0, 0, 1])
    """

    layer: Conv

    @property
    def a(self) -> sympy.IndexedBase:
        """The input, of shape (N, C, *L)."""
        return sympy.IndexedBase("a")

    @property
    def w(self) -> sympy.IndexedBase:
        """The weight, in the layer's weight layout."""
        return sympy.IndexedBase("w")

    @property
    def b(self) -> sympy.IndexedBase:
        """The bias, of shape (M,)."""
        return sympy.IndexedBase("b")

    @property
    def delta(self) -> sympy.IndexedBase:
        """The error of the layer, dE/dz, of shape (N, M, *O)."""
        return sympy.IndexedBase("delta")

    @property
    def z_symbol(self) -> sympy.IndexedBase:
        """The weighted input as symbols of its own, of shape (N, M, *O)."""
        return sympy.IndexedBase("z")

    @cached_property
    def formula(self) -> Formula:
        """Z in our own index notation, from which the rest is written."""
        return weighted_input(self.layer)

    @cached_property
    def z(self) -> sympy.Expr:
        """The weighted input as an indexed sum, with free indices n, g, o and i0, i1, ..."""
        return sympy.Add(*(_sum(term) for term in self.formula.terms))

    def entry(self, *indices: int) -> sympy.Expr:
        """One entry of z, written out.

        Raises
        ------
        InvalidOption
            If there is no such entry.
        """
        shape = self.layer.output_shape
        try:
            indices = tuple(map(operator.index, indices))
        except TypeError:
            raise InvalidOption(f"z has shape {shape}; there is no entry {indices!r}") from None
        if len(indices) != len(shape) or not all(0 <= i < n for i, n in zip(indices, shape, strict=True)):
            raise InvalidOption(f"z has shape {shape}; there is no entry {indices}")
        written = entry_of(self.formula, indices)
        return sympy.Add(
            *(
                sympy.Mul(c, *(sympy.IndexedBase(e.tensor)[e.indices] for e in monomial if isinstance(e, Entry)))
                for monomial, c in written
            )
        )

    @property
    def error(self) -> sympy.Expr:
        """E, an arbitrary differentiable function of every entry of z."""
        positions = product(*map(range, self.layer.output_shape))
        return sympy.Function("E")(*(self.z_symbol[at] for at in positions))


def symbolic_forward(layer: Conv) -> SymbolicForward:
    """The forward map of a layer as SymPy objects.

    Examples
    --------
    >>> symbolic_forward(Conv(2, 2, bias=False)).entry(0, 0, 0)
    a[0, 0, 0]*w[0, 0, 0] + a[0, 0, 1]*w[0, 0, 1]
    """
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a symconv.Conv but got {layer!r} (type {type(layer).__name__})")
    return SymbolicForward(layer)


def _sum(term: Term) -> sympy.Expr:
    factors = [sympy.IndexedBase(f.tensor)[tuple(map(_index, f.index))] for f in term.factors if isinstance(f, At)]
    conditions = [_condition(guard) for guard in term.guards]
    body = sympy.Mul(term.coefficient, *factors)
    if conditions:
        body = sympy.Piecewise((body, sympy.And(*conditions)), (0, True))
    limits = [(_symbol(b.name), 0, b.size - 1) for b in term.binders]
    return sympy.Sum(body, *limits) if limits else body


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, integer=True, nonnegative=True)


def _index(p: Polynomial) -> sympy.Expr:
    return sympy.Add(*(sympy.Mul(c, *map(_index_atom, monomial)) for monomial, c in p))


def _index_atom(atom: Atom) -> sympy.Expr:
    if isinstance(atom, Quotient):
        return sympy.floor(_index(atom.numerator) / atom.divisor)
    return _symbol(str(atom))


def _condition(guard: Guard) -> sympy.Basic:
    match guard:
        case Equal(left, right):
            return sympy.Eq(_index(left), _index(right))
        case Within(value, size):
            return sympy.And(_index(value) >= 0, _index(value) < size)
        case Divides(divisor, value):
            return sympy.Eq(sympy.Mod(_index(value), divisor), 0)
