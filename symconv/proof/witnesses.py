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
from math import gcd, lcm

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
    for degree in (0, 1, 2) if any(kind == "eq" for kind, _ in facts) else (0,):
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
    rows: dict[Monomial, dict[int, int]] = {(): {}}
    for at, (_, p) in enumerate(columns):
        for monomial, c in p.items():
            rows.setdefault(monomial, {})[at] = c
    right = [-1 if monomial == () else 0 for monomial in rows]
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


RIGHT = -1  # the column of right sides


class _Tableau:
    """Rows of a linear system, sparse, each a multiple of an equation by a number that keeps it whole.

    A row holds its right side too, in the column `RIGHT`; the column that it is solved for has a positive number in it.
    """

    def __init__(self, rows: list[dict[int, int]]) -> None:
        self.rows = rows
        self.basis: dict[int, int] = {}

    def pivot(self, at: int, column: int) -> None:
        """Solve row `at` for a column, and put the solution into every other row."""
        pivoted = self.rows[at]
        if pivoted[column] < 0:
            pivoted = self.rows[at] = {j: -x for j, x in pivoted.items()}
        for other, row in enumerate(self.rows):
            if other != at and column in row:
                self.rows[other] = _without(row, column, pivoted)
        self.basis[at] = column

    def value(self, at: int) -> Fraction:
        """The value of what a row is solved for, where all other columns are 0."""
        row = self.rows[at]
        return Fraction(row.get(RIGHT, 0), row[self.basis[at]])


def _without(row: dict[int, int], column: int, pivoted: dict[int, int]) -> dict[int, int]:
    """A positive multiple of a row, less a multiple of the pivoted one: without the column."""
    common = gcd(pivoted[column], row[column])
    times, factor = pivoted[column] // common, row[column] // common
    result = {j: x * times for j, x in row.items()} if times != 1 else dict(row)
    for j, x in pivoted.items():
        left = result.get(j, 0) - factor * x
        if left:
            result[j] = left
        else:
            del result[j]
    shared = gcd(*result.values())
    return {j: x // shared for j, x in result.items()} if shared > 1 else result


def _solve(rows: list[dict[int, int]], right: list[int], width: int, free: set[int]) -> dict[int, Fraction] | None:
    """A solution with every column that is not free at least 0, or None; Bland's rule, so it ends."""
    tableau = _Tableau([{**row, RIGHT: b} if b else row for row, b in zip(rows, right, strict=True)])
    for at in range(len(rows)):
        pivots = [j for j in tableau.rows[at] if j in free]
        if pivots:
            tableau.pivot(at, pivots[0])
    active = [at for at in range(len(rows)) if at not in tableau.basis]
    if any(tableau.rows[at].keys() == {RIGHT} for at in active):
        return None
    active = [at for at in active if tableau.rows[at]]
    for number, at in enumerate(active):  # an artificial variable, in a column that is never entered again
        tableau.basis[at] = width + number
        if tableau.rows[at].get(RIGHT, 0) < 0:
            tableau.rows[at] = {j: -x for j, x in tableau.rows[at].items()}
    missing = _added([tableau.rows[at] for at in active])  # the sum of the artificial variables, in the other columns
    while (entering := _entering(missing)) is not None:
        leaving = min(
            (Fraction(tableau.rows[at].get(RIGHT, 0), tableau.rows[at][entering]), tableau.basis[at], at)
            for at in active
            if tableau.rows[at].get(entering, 0) > 0
        )[2]
        tableau.pivot(leaving, entering)
        missing = _without(missing, entering, tableau.rows[leaving])
    if any(tableau.basis[at] >= width and RIGHT in tableau.rows[at] for at in active):
        return None
    return {j: tableau.value(at) for at, j in tableau.basis.items() if j < width}


def _added(rows: list[dict[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for row in rows:
        for j, x in row.items():
            total[j] = total.get(j, 0) + x
    return {j: x for j, x in total.items() if x}


def _entering(missing: dict[int, int]) -> int | None:
    """The first column that lowers the sum of the artificial variables."""
    return min((j for j, x in missing.items() if x > 0 and j != RIGHT), default=None)
