"""What an array program computes, as index notation: read off its nodes, each by its definition alone.

In: a node, an index, and `Ranges`, which says what is known to lie in a range.  Out: terms, exact, nothing enumerated.
Never: a decision that two programs are equal (`symconv.proof.programs` decides), or an algorithm's idea of its result.

A loop is read as the axis or the sum that it runs through. Flattened axes are read back by quotient and remainder:
``p = S*A + B`` with ``0 <= B < S`` has the digits A and B, where the ranges show it; elsewhere the quotient is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import Protocol, assert_never

from symconv.errors import InvalidExpression
from symconv.lowering.nodes import (
    Circular,
    Combine,
    Copy,
    Each,
    MatMul,
    Merge,
    Node,
    Operand,
    Overlap,
    Pad,
    Shape,
    Split,
    Sum,
    Take,
    Total,
    View,
    Waves,
)
from symconv.polynomial import Atom, Polynomial, Quotient
from symconv.terms import At, Binder, Equal, Guard, Size, Within, in_range, substitute_guard

Index = tuple[Polynomial, ...]
Sizes = dict[str, Size]


class Ranges(Protocol):
    """What is known of indices: whether ``0 <= value < size`` for all values of the indices in `sizes`."""

    def inside(self, value: Polynomial, size: Size, sizes: Mapping[str, Size]) -> bool:
        """True only if it is so."""


class Intervals:
    """Ranges of numbers, by interval arithmetic."""

    def inside(self, value: Polynomial, size: Size, sizes: Mapping[str, Size]) -> bool:
        """Whether interval arithmetic shows it; for a size of ``c*n``, of the digits: ``c*A + B`` with A < n, B < c."""
        if in_range(value, size, sizes):
            return True
        whole = Polynomial.of(size)
        c = gcd(*whole.coefficients.values())
        if whole.is_constant or c == 1:
            return False
        high, low = multiples(value, c)
        return in_range(low, c, sizes) and in_range(high, multiples(whole, c)[0], sizes)


@dataclass(frozen=True)
class Product:
    """``coefficient * sum over binders, where the guards hold, of the product of entries``."""

    coefficient: Fraction
    binders: tuple[Binder, ...]
    guards: tuple[Guard, ...]
    factors: tuple[At, ...]

    def put(self, values: Mapping[str, Polynomial]) -> Product:
        """With polynomials in the places of indices, which are bound no longer."""
        return replace(
            self,
            binders=tuple(b for b in self.binders if b.name not in values),
            guards=tuple(substitute_guard(g, values) for g in self.guards),
            factors=tuple(At(f.tensor, tuple(p.substitute(values) for p in f.index)) for f in self.factors),
        )


class Reader:
    """Reads one program; `sizes` are the ranges of all indices met so far."""

    def __init__(self, ranges: Ranges, free: Mapping[str, Size]) -> None:
        self.ranges = ranges
        self.sizes: Sizes = dict(free)
        self.waves: dict[str, Waves] = {}  # the matrices of waves that were read, by the name of their entries

    def read(self, node: Node, at: Index, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """The entry of a node at an index."""
        match node:
            case Operand(name, _):
                return (Product(Fraction(1), (), (), (At(name, at),)),)
            case View(operand, _, index):
                values = {f"j{j}": p for j, p in enumerate(at)} | dict(loops)
                return self.read(operand, tuple(p.substitute(values) for p in index), loops)
            case Copy(operand):
                return self.read(operand, at, loops)
            case Pad(operand, low, _):
                kept = len(at) - len(low)
                first = (Polynomial.of(size).substitute(loops) for size in low)
                moved = tuple(p - start for p, start in zip(at[kept:], first, strict=True))
                return self.guarded(operand, (*at[:kept], *moved), kept, loops)
            case Take(operand, size, index):
                kept = len(at) - len(size)
                values = {f"j{j}": p for j, p in enumerate(at[kept:])}
                places = tuple(p.substitute(values) for p in index)
                return self.guarded(operand, (*at[:kept], *places), kept, loops)
            case Merge(operand, place, count):
                digits = self.digits(at[place], operand.shape[place : place + count])
                return self.read(operand, (*at[:place], *digits, *at[place + 1 :]), loops)
            case Split(operand, place, sizes):
                flat = flattened(at[place : place + len(sizes)], sizes)
                return self.read(operand, (*at[:place], flat, *at[place + len(sizes) :]), loops)
            case MatMul():
                return self.multiplied(node, at, loops)
            case Sum(operand, place):
                summed = self.fresh("j", operand.shape[place])
                return self.bound(self.read(operand, (*at[:place], summed, *at[place:]), loops), summed)
            case Each(variable, _, body, place):
                return self.read(body, (*at[:place], *at[place + 1 :]), {**loops, variable: at[place]})
            case Total(variable, count, body):
                summed = self.fresh("c", count)
                return self.bound(self.read(body, at, {**loops, variable: summed}), summed)
            case Overlap():
                return self.landed(node, at, loops)
            case Combine():
                return self.combined(node, at, loops)
            case Circular():
                return self.circular(node, at, loops)
            case Waves(part, length):
                name = f"waves of {part} ({length})"
                self.waves[name] = node
                return (Product(Fraction(1), (), (), (At(name, at),)),)
            case _:
                assert_never(node)

    def guarded(self, operand: Node, at: Index, kept: int, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """An entry that is there only within the operand, and zero elsewhere."""
        size = operand.shape
        needed = tuple(
            Within(p, n)
            for p, n in zip(at[kept:], size[kept:], strict=True)
            if not self.ranges.inside(p, n, self.sizes)
        )
        return tuple(replace(t, guards=needed + t.guards) for t in self.read(operand, at, loops))

    def digits(self, value: Polynomial, sizes: Shape) -> Index:
        """The digits of a flat place, the last of them fastest."""
        found: list[Polynomial] = []
        for size in reversed(sizes[1:]):
            value, digit = self.divided(value, size)
            found.insert(0, digit)
        return (value, *found)

    def divided(self, value: Polynomial, divisor: Size) -> tuple[Polynomial, Polynomial]:
        """Quotient and remainder."""
        if divisor == 1:
            return value, Polynomial()
        whole, rest = multiples(value, divisor)
        if self.ranges.inside(rest, divisor, self.sizes):
            return whole, rest
        quotient = Polynomial.of(Quotient(value, divisor))
        return quotient, value - divisor * quotient

    def multiplied(self, node: MatMul, at: Index, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """The sum over the shared axis, digit by digit where that axis is a merged one."""
        digits = [self.fresh("k", size) for size in shared_sizes(node)]
        place = flattened(tuple(digits), shared_sizes(node))
        lead = at[:-2] if len(node.left.shape) > 2 else ()
        left = self.read(node.left, (*lead, at[-2], place), loops)
        right = self.read(node.right, (*at[:-2], place, at[-1]), loops)
        return self.bound(products(left, right), *digits)

    def landed(self, node: Overlap, at: Index, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """Everything that lands at an index: an equation for each axis, solved where it is one for a single index."""
        sizes = node.operand.shape
        values: dict[str, Polynomial] = dict(loops)
        equations: list[tuple[Polynomial, Polynomial]] = []
        for place, p in zip(at, node.index, strict=True):
            own = next((f"j{j}" for j in range(len(sizes)) if p == Polynomial.of(f"j{j}")), None)
            if own is not None and own not in values and self.ranges.inside(place, sizes[int(own[1:])], self.sizes):
                values[own] = place
            else:
                equations.append((place, p))
        summed = {f"j{j}": self.fresh("l", size) for j, size in enumerate(sizes) if f"j{j}" not in values}
        values |= summed
        guards = tuple(Equal(place, p.substitute(values)) for place, p in equations)
        terms = self.read(node.operand, tuple(values[f"j{j}"] for j in range(len(sizes))), loops)
        return self.bound(tuple(replace(t, guards=guards + t.guards) for t in terms), *summed.values())

    def combined(self, node: Combine, at: Index, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """A row of constants times the parts: its number has to be known."""
        if not at[0].is_constant:
            raise InvalidExpression(f"Combine: expected a number for the row but got {at[0]}")
        return tuple(
            replace(term, coefficient=c * term.coefficient)
            for c, part in zip(node.matrix[at[0].constant], node.parts, strict=True)
            if c
            for term in self.read(part, at[1:], loops)
        )

    def circular(self, node: Circular, at: Index, loops: Mapping[str, Polynomial]) -> tuple[Product, ...]:
        """The convolution theorem, where no place that is read goes around the circle."""
        channel, *taps = (self.fresh("k", size) for size in node.kernel.shape[1:])
        places = tuple(p + tap for p, tap in zip(at[1:], taps, strict=True))
        for place, size in zip(places, node.sizes, strict=True):
            if not self.ranges.inside(place, size, self.sizes):
                raise InvalidExpression(f"Circular: {place} may go around a circle of {size}")
        left = self.guarded(node.operand, (channel, *places), 1, loops)
        right = self.read(node.kernel, (at[0], channel, *taps), loops)
        return self.bound(products(left, right), channel, *taps)

    def fresh(self, wanted: str, size: Size) -> Polynomial:
        """A new index with its range; an index with one value is 0."""
        if size == 1:
            return Polynomial()
        number = sum(name.startswith(f"{wanted}'") for name in self.sizes)
        name = f"{wanted}'{number}"
        self.sizes[name] = size
        return Polynomial.of(name)

    def bound(self, terms: tuple[Product, ...], *indices: Polynomial) -> tuple[Product, ...]:
        """Summed over indices."""
        names = [name for p in indices for name in sorted(p.names)]
        binders = tuple(Binder(name, self.sizes[name]) for name in names)
        return tuple(replace(t, binders=binders + t.binders) for t in terms)


def products(left: tuple[Product, ...], right: tuple[Product, ...]) -> tuple[Product, ...]:
    """The product of two sums, multiplied out."""
    return tuple(
        Product(x.coefficient * y.coefficient, x.binders + y.binders, x.guards + y.guards, x.factors + y.factors)
        for x in left
        for y in right
    )


def flattened(at: Index, sizes: Shape) -> Polynomial:
    """The flat place of an index, the last axis fastest."""
    place = Polynomial()
    for p, size in zip(at, sizes, strict=True):
        place = place * size + p
    return place


def multiples(value: Polynomial, divisor: Size) -> tuple[Polynomial, Polynomial]:
    """``value = divisor * A + B``, with as much in A as the divisor's largest monomial divides."""
    by = Polynomial.of(divisor)
    if by.is_constant:
        number = by.constant
        quotient = Polynomial({m: c // number for m, c in value.coefficients.items() if m and c % number == 0})
        rest = value - number * quotient
        quotient = quotient + rest.constant // number
        return quotient, value - number * quotient
    leading, c = max(by, key=lambda item: (len(item[0]), item[0]))
    quotient = Polynomial()
    for monomial, coefficient in value:
        left = list(monomial)
        if coefficient % c == 0 and all(_taken(left, atom) for atom in leading):
            quotient = quotient + Polynomial({tuple(left): coefficient // c})
    return quotient, value - by * quotient


def _taken(left: list[Atom], atom: Atom) -> bool:
    """Take an atom off a monomial, if it is there."""
    if atom not in left:
        return False
    left.remove(atom)
    return True


def shared_sizes(node: MatMul) -> Shape:
    """The digits of the axis that a product is summed over: those of a merged axis, else the axis itself."""
    for operand, place in ((node.left, len(node.left.shape) - 1), (node.right, len(node.right.shape) - 2)):
        if (sizes := _merged_sizes(operand, place)) is not None:
            return sizes
    return (node.left.shape[-1],)


def _merged_sizes(node: Node, place: int) -> Shape | None:
    """The sizes that an axis was merged from, if it was, and is whole since then."""
    while True:
        match node:
            case Merge(operand, at, count):
                if at == place:
                    return operand.shape[at : at + count]
                node, place = operand, place + (count - 1 if at < place else 0)
            case Split(operand, at, sizes):
                if at <= place < at + len(sizes):
                    return None
                node, place = operand, place - (len(sizes) - 1 if at < place else 0)
            case View(operand, size, index):
                own = Polynomial.of(f"j{place}")
                whole = [at for at, p in enumerate(index) if p == own and operand.shape[at] == size[place]]
                if len(whole) != 1:
                    return None
                node, place = operand, whole[0]
            case Copy(operand):
                node = operand
            case _:
                return None
