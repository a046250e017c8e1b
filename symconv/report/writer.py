"""Writes polynomials, formulas and array expressions: one structure for every markup.

In: the data of a derivation, the names of a layer, a markup.  Out: strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from symconv.arrays import (
    Add,
    ArrayExpression,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    shape,
)
from symconv.arrays import operands as operands_of
from symconv.polynomial import Atom, Entry, Partial, Polynomial, Quotient
from symconv.report.markup import Markup
from symconv.report.markup_text import Text
from symconv.report.notation import TENSOR_ORDER, Names, is_index, written_order
from symconv.terms import At, Divides, Equal, Factor, Formula, Guard, PartialAt, Size, Term, Within

ABOVE = {"a": "l-1", "z": "l", "delta": "l", "z_below": "l-1", "delta_below": "l-1"}


@dataclass(frozen=True)
class Writer:
    """The names of a layer in a markup."""

    names: Names
    markup: Markup

    def named(self, name: str, above: str, subscripts: Sequence[str]) -> str:
        """A tensor by the name that the notation gives it; ``E_d`` and ``w_b`` carry a letter before their indices."""
        if name == "dw":
            return self.markup.indexed(self.markup.differential(self.named("w", "", ())), above, subscripts)
        base, letter = self.names.notation.called(name)
        letters = [self.markup.symbol(letter)] if letter else []
        return self.markup.indexed(self.markup.symbol(base), above, [*letters, *subscripts])

    def whole(self, name: str) -> str:
        """A tensor as a whole, with its layer."""
        if name == "w":
            return self.named("W", "l", ())
        return self.named(name, ABOVE.get(name, ""), ())

    def gradient(self, tensor: str) -> str:
        """The gradient by a tensor as a whole: ``dE/da^{l-1}``; w and b carry no layer."""
        return self.markup.derivative(self.whole("E"), self.named(tensor, ABOVE.get(tensor, ""), ()))

    def slope(self, at: str) -> str:
        """The derivative of the activation at a place."""
        return self.markup.applied(self.markup.primed(self.named("f", "", ())), at)

    def bare(self, tensor: str, indices: tuple[Polynomial, ...]) -> str:
        """One entry of a tensor by its position alone, as in a picture: without layer, batch and channel."""
        return self.named(tensor, "", [self.index(self.names.based(p)) for p in indices[2:]])

    def entry(self, tensor: str, indices: tuple[Polynomial, ...]) -> str:
        """One entry of a tensor."""
        if tensor == "fprime":
            return self.slope(self.entry("z_below", indices))
        visible = self.names.visible(tensor, indices)
        return self.named(tensor, ABOVE.get(tensor, ""), [self.index(p) for p in visible])

    def index(self, p: Polynomial) -> str:
        """An index polynomial."""
        if p.is_constant:
            return self.markup.total([(p.constant, "")])
        parts = [(c, sorted(monomial, key=_parameters_first)) for monomial, c in p]
        plain = Writer(self.names, Text())
        parts.sort(key=lambda part: _index_order(part[0], " ".join(map(plain.index_atom, part[1]))))
        return self.markup.total([(c, self.markup.product(list(map(self.index_atom, atoms)))) for c, atoms in parts])

    def size(self, size: Size) -> str:
        """A size: a number, or a polynomial in parameters."""
        return self.index(Polynomial.of(size))

    def index_atom(self, atom: Atom) -> str:
        """An index by its name, or a quotient."""
        if isinstance(atom, Quotient):
            return self.markup.quotient(self.index(atom.numerator), self.size(atom.divisor))
        return self.markup.index(self.names.index_name(str(atom)))

    def atom(self, atom: Atom) -> str:
        """A factor of a written-out product."""
        match atom:
            case Entry(tensor, indices):
                return self.entry(tensor, tuple(map(Polynomial.of, indices)))
            case Partial(of, by):
                top, bottom = (self.entry(e.tensor, tuple(map(Polynomial.of, e.indices))) for e in (of, by))
                return self.markup.derivative(top, bottom)
            case str() | Quotient():
                return self.index_atom(atom)
            case _:
                assert_never(atom)

    def cell(self, p: Polynomial) -> str:
        """An entry of a grid: without its layer where it is one entry of a tensor, as in a picture."""
        atoms = [atom for atom in p.atoms if isinstance(atom, Entry)]
        if len(atoms) == 1 and p == Polynomial.of(atoms[0]):
            return self.bare(atoms[0].tensor, tuple(map(Polynomial.of, atoms[0].indices)))
        return self.polynomial(p)

    def products(self, p: Polynomial, limit: int = 0) -> list[tuple[int, str]]:
        """The products of a polynomial (only the first ones if there is a limit), each with its coefficient."""
        written = []
        for monomial, c in written_order(p)[: limit or None]:
            apart = len(monomial) > 1
            factors = [
                self.markup.parenthesised(self.atom(a)) if apart and isinstance(a, Partial) else self.atom(a)
                for a in monomial
            ]
            written.append((c, self.markup.product(factors)))
        return written

    def polynomial(self, p: Polynomial, limit: int = 0) -> str:
        """A polynomial in entries; above `limit` products only the first ones, and how many there are."""
        products = self.products(p, limit)
        written = self.markup.total(products)
        return self.markup.shortened(written, len(p)) if limit and len(p) > limit else written

    def result(self, formula: Formula) -> str:
        """The left side of a formula: ``z^l_{i,j}`` or ``dE/da^{l-1}_{x,y}``."""
        if formula.tensor.startswith("dE/d"):
            bottom = self.entry(formula.tensor.removeprefix("dE/d"), formula.index)
            return self.markup.derivative(self.whole("E"), bottom)
        if formula.tensor.startswith("d<v"):
            gradient, by = formula.tensor.removeprefix("d<v, ").split(">/d")
            return self.markup.derivative(self.markup.pairing("v", self.gradient(gradient.removeprefix("dE/d"))),
                                          self.entry(by, formula.index))  # fmt: skip
        if formula.tensor.startswith("da/dz"):
            bottom = self.entry("z_below", formula.index)
            return self.markup.derivative(self.entry("a", formula.index), bottom)
        return self.entry(formula.tensor, formula.index)

    def formula(self, formula: Formula) -> str:
        """The right side of a formula; a sum under conditions comes last, so that they are about it alone."""
        ordered = sorted(formula.terms, key=lambda term: bool(term.guards))
        return self.markup.total([(1, self.term(term)) for term in ordered])

    def term(self, term: Term) -> str:
        """A sum over indices, under guards, of a product."""
        factors = [self.factor(f, len(term.factors) > 1) for f in sorted(term.factors, key=_factor_order)]
        coefficient = [self.markup.number(term.coefficient)] if term.coefficient != 1 else []
        body = self.markup.product([*coefficient, *factors], signed=not term.binders)
        indices = [self.markup.index(self.names.index_name(b.name)) for b in term.binders]
        return self.markup.sum_over(indices, body, [self.guard(g) for g in term.guards])

    def factor(self, factor: Factor, apart: bool) -> str:
        """A factor of an indexed product."""
        match factor:
            case At(tensor, index) if tensor.startswith("dE/d"):
                bottom = self.entry(tensor.removeprefix("dE/d"), index)
                return self.markup.parenthesised(self.markup.derivative(self.whole("E"), bottom))
            case At(tensor, index):
                return self.entry(tensor, index)
            case PartialAt(of, by):
                text = self.markup.derivative(self.entry(of.tensor, of.index), self.entry(by.tensor, by.index))
                return self.markup.parenthesised(text) if apart else text
            case _:
                assert_never(factor)

    def guard(self, guard: Guard) -> str:
        """A condition on indices."""
        base = self.names.notation.index_base
        match guard:
            case Equal(left, right):
                return self.markup.equals(self.index(self.names.based(left)), self.index(self.names.based(right)))
            case Within(value, size):
                last = self.size(Polynomial.of(size) + base - 1)
                return self.markup.within(self.markup.number(base), self.index(self.names.based(value)), last)
            case Divides(divisor, value):
                return self.markup.divides(self.size(divisor), self.index(self.names.shifted(value)))
            case _:
                assert_never(guard)

    def array(self, node: ArrayExpression, numbers: bool = True) -> str:
        """An array expression as nested calls; exchanges of channels that have one entry are not written."""

        def call(function: str, arguments: Sequence[str]) -> str:
            operands = len(operands_of(node))
            return self.markup.call(function, arguments if numbers else arguments[:operands])

        swapped = swapped_operand(node)
        if swapped is not None:
            trivial = shape(swapped)[:2] == (1, 1)
            return self.array(swapped, numbers) if trivial else self.markup.call("swap", [self.array(swapped, numbers)])
        match node:
            case Input(name, _):
                return self.whole(name)
            case Pad(operand, padding):
                return call("pad", [self.array(operand, numbers), self.markup.amount(per_axis(padding))])
            case Dilate(operand, factors):
                return call("dilate", [self.array(operand, numbers), self.markup.amount(per_axis(factors))])
            case Rotate(operand, axes):
                spatial = tuple(range(2, len(shape(operand))))
                if axes == spatial:
                    return call("rot180", [self.array(operand, numbers)])
                return call(
                    "reverse", [self.array(operand, numbers), self.markup.option("axes", ", ".join(map(str, axes)))]
                )
            case Correlate():
                return call(
                    "corr",
                    [
                        self.array(node.operand, numbers),
                        self.array(node.kernel, numbers),
                        *(self.markup.option(*option) for option in options(node)),
                    ],
                )
            case Sum(operand, axes):
                return call(
                    "sum", [self.array(operand, numbers), self.markup.option("axes", ", ".join(map(str, axes)))]
                )
            case Transpose(operand, axes):
                return call(
                    "transpose", [self.array(operand, numbers), self.markup.option("axes", ", ".join(map(str, axes)))]
                )
            case Split(operand, axis, outer):
                return call(
                    "split",
                    [self.array(operand, numbers), self.markup.option("axis", str(axis)), self.markup.number(outer)],
                )
            case Merge(operand, axis):
                return call("merge", [self.array(operand, numbers), self.markup.option("axis", str(axis))])
            case Broadcast(operand, _, _):
                return self.array(operand, numbers)
            case Add(left, right):
                return self.markup.total([(1, self.array(left, numbers)), (1, self.array(right, numbers))])
            case Scale(operand, factor):
                return self.markup.total([(factor, self.array(operand, numbers))])
            case _:
                assert_never(node)


def options(node: Correlate) -> list[tuple[str, str]]:
    """The options of a correlation that are not 1, by name."""
    found = [
        (name, per_axis(values))
        for name, values in (("stride", node.stride), ("dilation", node.dilation))
        if any(v != 1 for v in values)
    ]
    return found + ([("groups", str(node.groups))] if node.groups > 1 else [])


def per_axis(values: tuple[int, ...] | tuple[tuple[int, int], ...]) -> str:
    """One value for all axes where they agree, ``AxB`` or ``low:high x low:high`` otherwise."""
    written = [str(v) if isinstance(v, int) else str(v[0]) if v[0] == v[1] else f"{v[0]}:{v[1]}" for v in values]
    return written[0] if len(set(written)) == 1 else "x".join(written)


def swapped_operand(node: ArrayExpression) -> ArrayExpression | None:
    """What is inside an exchange of the first two axes (within groups); None if the node is no such exchange."""
    match node:
        case Transpose(operand, axes) if axes == (1, 0, *range(2, len(axes))):
            return operand
        case Merge(Transpose(Split(operand, 0, _), axes), 0) if axes == (0, 2, 1, *range(3, len(axes))):
            return operand
        case Merge(Transpose(Split(operand, 1, _), axes), 1) if axes == (2, 1, 0, *range(3, len(axes))):
            return operand
        case _:
            return None


def _parameters_first(atom: Atom) -> tuple[bool, bool, str]:
    """``s i`` and ``d K``: a parameter before the index that it multiplies."""
    name = str(atom)
    return isinstance(atom, str) and is_index(name), name[0].isupper(), name


def _index_order(coefficient: int, product: str) -> tuple[bool, bool, bool, str]:
    """Positions before taps, what is added before what is taken away, numbers last unless they lead: ``3 - k``."""
    return coefficient < 0, not product, product.rpartition(" ")[2].startswith(("k", "m")), product


def _factor_order(factor: Factor) -> int:
    """The derivative of E, delta, other derivatives, then the other tensors."""
    match factor:
        case PartialAt(of, _):
            return 0 if of.tensor == "E" else 2
        case At("delta", _):
            return 1
        case At(tensor, _):
            return 3 + (TENSOR_ORDER.index(tensor) if tensor in TENSOR_ORDER else len(TENSOR_ORDER))
        case _:
            assert_never(factor)
