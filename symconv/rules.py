"""The rules of an indexed derivation: each takes a term to an equal term, for all entries at once.

In: terms with integer sizes.  Out: terms.  Each rule's docstring is its equation; it applies only where its side
condition is seen to hold, and leaves the term alone otherwise.
Never: array expressions, SymPy (but to differentiate), or a step that is not an equality.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.errors import BrokenDerivation
from symconv.polynomial import Polynomial, Quotient
from symconv.symbols import differentiate_product
from symconv.terms import (
    At,
    Binder,
    Divides,
    Equal,
    Formula,
    Guard,
    Size,
    Sizes,
    Term,
    Within,
    exact_quotient,
    holds_always,
    in_range,
    sizes_of,
    substitute,
)


def all_sizes(formula: Formula, term: Term) -> dict[str, Size]:
    """The range of every index of a term, free or bound."""
    return formula.sizes | sizes_of(term.binders)


def renamed(formula: Formula, names: dict[str, str]) -> Formula:
    """The same formula with other names for its indices, free and bound."""
    values = {old: Polynomial.of(new) for old, new in names.items()}

    def rename(binders: tuple[Binder, ...]) -> tuple[Binder, ...]:
        return tuple(Binder(names.get(b.name, b.name), b.size) for b in binders)

    terms = tuple(replace(substitute(t, values), binders=rename(t.binders)) for t in formula.terms)
    index = tuple(p.substitute(values) for p in formula.index)
    return Formula(formula.tensor, rename(formula.free), index, formula.shape, terms)


def chain(formula: Formula, by: At, cotangent: At) -> tuple[Term, ...]:
    """``sum over the free indices of z of delta * dz/d(by)``, the derivative taken by SymPy term by term."""
    terms = []
    for term in formula.terms:
        found = differentiate_product(term, by)
        if found is not None:
            factors, equations = found
            terms.append(
                Term(formula.free + term.binders, term.guards + equations, (cotangent, *factors), term.coefficient)
            )
    return tuple(terms)


def labels(term: Term, sizes: Sizes) -> Term:
    """``R*g' + c' = R*g + c`` with ``0 <= c, c' < R``: ``g' = g`` and ``c' = c``.

    Every equation whose two sides have the same digits is read digit by digit.
    """
    bound = {b.name for b in term.binders}
    for guard in term.guards:
        if isinstance(guard, Equal) and (pairs := _digits(guard.left, guard.right, sizes)) is not None:
            values: dict[str, Polynomial] = {}
            for one, other in pairs:
                if one == other:
                    continue
                old, new = (one, other) if one in bound else (other, one)
                taken = {n for p in values.values() for n in p.names} | values.keys()
                if old not in bound or old in taken or new in values:
                    break
                values[old] = Polynomial.of(new)
            else:
                rest = tuple(g for g in term.guards if g != guard)
                return labels(substitute(replace(term, guards=rest), values), sizes)
    return term


def _digits(left: Polynomial, right: Polynomial, sizes: Sizes) -> list[tuple[str, str]] | None:
    """The pairs of indices with equal weights, if both sides are numerals to the same mixed radix; else None.

    Each weight is the weight below it times the range of the index below it; the lowest is 1.
    """
    one, other = _weights(left, sizes), _weights(right, sizes)
    if one is None or other is None or one.keys() != other.keys():
        return None
    pairs: list[tuple[str, str]] = []
    weight: Size = 1
    while len(pairs) < len(one):
        key = Polynomial.of(weight)
        if key not in one or sizes[one[key]] != sizes[other[key]]:
            return None
        pairs.append((one[key], other[key]))
        weight = key * sizes[one[key]]
    return pairs


def _weights(p: Polynomial, sizes: Sizes) -> dict[Polynomial, str] | None:
    """The indices of a numeral by their weights, which are numbers or products of parameters."""
    weights: dict[Polynomial, str] = {}
    for monomial, coefficient in p.coefficients.items():
        digits = [atom for atom in monomial if isinstance(atom, str) and atom in sizes]
        if len(digits) != 1 or coefficient < 1:
            return None
        weight = Polynomial.product(*(atom for atom in monomial if atom != digits[0])) * coefficient
        if weight in weights:
            return None
        weights[weight] = digits[0]
    return weights


def unit(term: Term, sizes: Sizes) -> Term:
    """``v = m`` for a bound index v, where m is seen to lie in the range of v: put m for v."""
    for guard in term.guards:
        if not isinstance(guard, Equal):
            continue
        gap = guard.left - guard.right
        for binder in term.binders:
            q = gap.coefficient(binder.name)
            rest = gap - q * Polynomial.of(binder.name)
            if abs(q) == 1 and binder.name not in rest.names:
                value = -q * rest
                if in_range(value, binder.size, sizes):
                    kept = tuple(g for g in term.guards if g != guard)
                    return unit(substitute(replace(term, guards=kept), {binder.name: value}), sizes)
    return term


def clear(term: Term, sizes: Sizes) -> Term:
    """``m/u = x`` where u divides m: ``m = u*x``; and the range of m/u is that of x."""
    guards: list[Guard] = list(term.guards)
    for guard in term.guards:
        if not isinstance(guard, Equal):
            continue
        left, right = guard.left, guard.right
        numerator, divisor = _quotient(left) or (left, 1)
        if divisor != 1 and Divides(divisor, numerator) not in guards:
            continue
        cleared = Equal(numerator, divisor * right)
        guards = [
            cleared if g == guard else g
            for g in guards
            if g != Divides(divisor, numerator)
            and not (isinstance(g, Within) and g.value == left and in_range(right, g.size, sizes))
        ]
    return replace(term, guards=tuple(guards))


def _quotient(p: Polynomial) -> tuple[Polynomial, Size] | None:
    match list(p.coefficients.items()):
        case [((Quotient(numerator, divisor),), 1)]:
            return numerator, divisor
        case _:
            return None


def reverse(term: Term, name: str, sizes: Sizes) -> Term:
    """``k -> K-1-k``: a bound index runs through its range backwards."""
    last = sizes[name] - 1
    value = {name: last - Polynomial.of(name)}
    turned = substitute(term, value)
    return replace(turned, binders=term.binders)


def sift(term: Term, name: str, sizes: Sizes) -> Term:
    """``s*i = m``: the only solution is ``i = m/s``, which is one if s divides m and ``0 <= m/s < O``."""
    for guard in term.guards:
        if not isinstance(guard, Equal):
            continue
        divisor, numerator = linear(guard, name)
        if divisor == 0 or Polynomial.of(divisor).names & sizes.keys():
            continue  # a divisor that holds an index may be 0
        value = exact_quotient(numerator, divisor)
        kept = tuple(g for g in term.guards if g != guard)
        sifted = substitute(replace(term, guards=kept), {name: value})
        within = Within(value, sizes[name])
        new: tuple[Guard, ...] = (Divides(divisor, numerator),) if divisor != 1 else ()
        new += () if holds_always(within, sizes) else (within,)
        return replace(sifted, guards=sifted.guards + new)
    raise BrokenDerivation(f"no equation fixes the index {name}")


def linear(equation: Equal, name: str) -> tuple[Size, Polynomial]:
    """``divisor * name = numerator``: the same equation, its divisor positive; 0 where the equation is not linear."""
    gap = equation.left - equation.right
    divisor = Polynomial(
        {tuple(atom for atom in m if atom != name): c for m, c in gap.coefficients.items() if m.count(name) == 1}
    )
    rest = gap - divisor * Polynomial.of(name)
    if not divisor or name in rest.names | divisor.names:
        return 0, rest
    signs = {c > 0 for c in divisor.coefficients.values()}
    if len(signs) > 1:
        return 0, rest
    rest, divisor = (-rest, divisor) if signs == {True} else (rest, -divisor)
    return (divisor.constant if divisor.is_constant else divisor), rest
