"""Finding witnesses: why an integer side condition holds, in a form that can be replayed without trust.

In: a statement: hypotheses (polynomials that are >= 0 or = 0) and a goal.  Out: for each case of the negated goal an
identity  -D = sum c*h*h' + sum p*e  with integers D, c > 0, products of one or two facts h >= 0, and multiples of facts
e = 0; or None, when there is none of this form. A model of the hypotheses shows that they do not contradict each other.
Never: trust. What is found here is replayed by the checker, which shares no code with this search.

The search is linear algebra: the products and multiples are columns, the monomials are rows, and the phase 1 of the
simplex method over exact fractions finds the coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import lcm

Monomial = tuple[str, ...]
Poly = dict[Monomial, int]
Fact = tuple[str, Poly]  # ("ge", p): p >= 0, or ("eq", p): p = 0


@dataclass(frozen=True)
class Leaf:
    """``-scale = sum c * product of facts + sum polynomial * fact``."""

    scale: int
    products: tuple[tuple[int, tuple[int, ...]], ...]
    equations: tuple[tuple[tuple[tuple[int, Monomial], ...], int], ...]


@dataclass(frozen=True)
class Witness:
    """One leaf for each case of the negated goal, and a model of the hypotheses."""

    cases: tuple[Leaf, ...]
    model: tuple[tuple[str, int], ...]


def find_leaf(facts: Sequence[Fact]) -> Leaf | None:
    """Why these facts contradict each other, with multiples of equations of as low a degree as will do."""
    for degree in (0, 1, 2):
        found = _combination(facts, degree)
        if found is not None:
            return found
    return None


def find_model(hypotheses: Sequence[Fact], largest: int = 3) -> tuple[tuple[str, int], ...] | None:
    """Small integers that satisfy the hypotheses, smallest first; equations of one unknown are solved on the way."""
    names = sorted({v for _, p in hypotheses for m in p for v in m})
    for bound in range(1, largest + 1):
        found = _extended({}, names, hypotheses, bound)
        if found is not None:
            return tuple(sorted(found.items()))
    return None


def _extended(
    model: dict[str, int], names: Sequence[str], hypotheses: Sequence[Fact], bound: int
) -> dict[str, int] | None:
    for kind, p in hypotheses:
        if all(v in model for m in p for v in m):
            value = _value(p, model)
            if value < 0 or (kind == "eq" and value != 0):
                return None
    open_names = [v for v in names if v not in model]
    if not open_names:
        return model
    for n in range(bound + 1):
        found = _extended(model | {open_names[0]: n}, names, hypotheses, bound)
        if found is not None:
            return found
    return None


def _value(p: Poly, model: dict[str, int]) -> int:
    total = 0
    for monomial, c in p.items():
        for v in monomial:
            c *= model[v]
        total += c
    return total


def _times(p: Poly, q: Poly) -> Poly:
    total: Poly = {}
    for (m, a), (n, b) in product(p.items(), q.items()):
        monomial = tuple(sorted(m + n))
        total[monomial] = total.get(monomial, 0) + a * b
    return {m: c for m, c in total.items() if c}


Column = tuple[tuple[int, ...], Monomial | None]  # the facts multiplied, and for an equation its multiplier


def _columns(facts: Sequence[Fact], degree: int) -> Iterator[tuple[Column, Poly]]:
    at_least = [at for at, (kind, _) in enumerate(facts) if kind == "ge"]
    names = sorted({v for _, p in facts for m in p for v in m})
    for at in at_least:
        yield ((at,), None), facts[at][1]
    for one, other in combinations_with_replacement(at_least, 2):
        yield ((one, other), None), _times(facts[one][1], facts[other][1])
    for at, (kind, p) in enumerate(facts):
        if kind == "eq":
            for size in range(degree + 1):
                for multiplier in combinations_with_replacement(names, size):
                    yield ((at,), multiplier), _times(p, {multiplier: 1})


def _combination(facts: Sequence[Fact], degree: int) -> Leaf | None:
    columns = list(_columns(facts, degree))
    free = {at for at, ((_, multiplier), _) in enumerate(columns) if multiplier is not None}
    rows: dict[Monomial, dict[int, Fraction]] = {(): {}}
    for at, (_, p) in enumerate(columns):
        for monomial, c in p.items():
            rows.setdefault(monomial, {})[at] = Fraction(c)
    right = [Fraction(-1 if monomial == () else 0) for monomial in rows]
    solution = _solve(list(rows.values()), right, len(columns), free)
    return None if solution is None else _leaf(columns, solution)


def _leaf(columns: list[tuple[Column, Poly]], solution: dict[int, Fraction]) -> Leaf:
    scale = lcm(*(x.denominator for x in solution.values()), 1)
    products = []
    multiples: dict[int, list[tuple[int, Monomial]]] = {}
    for at, x in sorted(solution.items()):
        (used, multiplier), _ = columns[at]
        if x and multiplier is None:
            products.append((int(x * scale), used))
        elif x and multiplier is not None:
            multiples.setdefault(used[0], []).append((int(x * scale), multiplier))
    equations = tuple((tuple(polynomial), at) for at, polynomial in sorted(multiples.items()))
    return Leaf(scale, tuple(products), equations)


class _Tableau:
    """Rows of a linear system, sparse; pivoting keeps them equivalent."""

    def __init__(self, rows: list[dict[int, Fraction]], right: list[Fraction]) -> None:
        self.rows = rows
        self.right = right
        self.basis: dict[int, int] = {}

    def pivot(self, at: int, column: int) -> None:
        """Solve row `at` for a column, and put the solution into every other row."""
        scale = self.rows[at][column]
        pivoted = self.rows[at] = {j: x / scale for j, x in self.rows[at].items()}
        self.right[at] /= scale
        for other, row in enumerate(self.rows):
            factor = row.get(column)
            if other == at or not factor:
                continue
            for j, x in pivoted.items():
                left = row.get(j, Fraction(0)) - factor * x
                if left:
                    row[j] = left
                else:
                    row.pop(j, None)
            self.right[other] -= factor * self.right[at]
        self.basis[at] = column


def _solve(
    rows: list[dict[int, Fraction]], right: list[Fraction], width: int, free: set[int]
) -> dict[int, Fraction] | None:
    """A solution with every column that is not free at least 0, or None; Bland's rule, so it ends."""
    tableau = _Tableau(rows, right)
    for at in range(len(rows)):
        pivots = [j for j in tableau.rows[at] if j in free]
        if pivots:
            tableau.pivot(at, pivots[0])
    active = [at for at in range(len(rows)) if at not in tableau.basis]
    if any(not tableau.rows[at] and tableau.right[at] for at in active):
        return None
    active = [at for at in active if tableau.rows[at]]
    for number, at in enumerate(active):
        if tableau.right[at] < 0:
            tableau.rows[at] = {j: -x for j, x in tableau.rows[at].items()}
            tableau.right[at] = -tableau.right[at]
        tableau.rows[at][width + number] = Fraction(1)
        tableau.basis[at] = width + number
    while (entering := _entering(tableau, active, width)) is not None:
        ratios = [
            (tableau.right[at] / tableau.rows[at][entering], tableau.basis[at], at)
            for at in active
            if tableau.rows[at].get(entering, 0) > 0
        ]
        tableau.pivot(min(ratios)[2], entering)
    if any(tableau.basis[at] >= width and tableau.right[at] for at in active):
        return None
    return {j: tableau.right[at] for at, j in tableau.basis.items() if j < width}


def _entering(tableau: _Tableau, active: list[int], width: int) -> int | None:
    """The first column that lowers the sum of the artificial variables."""
    gain: dict[int, Fraction] = {}
    for at in active:
        if tableau.basis[at] >= width:
            for j, x in tableau.rows[at].items():
                if j < width:
                    gain[j] = gain.get(j, Fraction(0)) + x
    return min((j for j, x in gain.items() if x > 0), default=None)
