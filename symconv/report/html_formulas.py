"""Equations as MathML, each with its LaTeX for whoever copies it.

In: the sides of equations, the names of a layer.  Out: markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from symconv.polynomial import Partial, Polynomial
from symconv.report.blocks import Equation, Side
from symconv.report.findings import closed_of, entry_of
from symconv.report.markup_latex import Latex
from symconv.report.mathml import MathML
from symconv.report.notation import Names
from symconv.report.sides import SHOWN_PRODUCTS, is_statement, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample
from symconv.terms import Formula

PRODUCTS, DERIVATIVES, CONDITIONS = 5, 2, 2  # in a row
NOT_EQUAL = "\N{NOT EQUAL TO}"


@dataclass(frozen=True)
class Formulas:
    """Writes the formulas of one document."""

    names: Names
    langs: tuple[str, ...]

    @property
    def markup(self) -> MathML:
        """What is shown."""
        return MathML(self.langs)

    @property
    def writer(self) -> Writer:
        """For what is shown."""
        return Writer(self.names, self.markup)

    @property
    def source(self) -> Writer:
        """For what is copied."""
        return Writer(self.names, Latex(self.langs[0]))

    def inline(self, mathml: str, latex: str) -> str:
        """A formula within a sentence."""
        return f"<math><semantics><mrow>{mathml}</mrow>{_annotation(latex)}</semantics></math>"

    def gradient(self, tensor: str) -> str:
        """The gradient by a tensor, without layers: ``dE/da``."""
        return self.inline(*(
            w.markup.derivative(w.whole("E"), w.named(tensor, "", ())) for w in (self.writer, self.source)
        ))  # fmt: skip

    def bias(self) -> str:
        """The bias by its name."""
        return self.inline(*(w.named("b", "", ()) for w in (self.writer, self.source)))

    def equation(self, equation: Equation) -> str:
        """An equation, its sides below each other."""
        return _displayed([_row(*row) for row in self._rows(equation)], self._latex(equation))

    def derivatives(self, derivatives: Sequence[tuple[Partial, Polynomial]]) -> str:
        """The derivatives that a chain rule needs, a few in each row."""
        written, latex = (
            [w.markup.equals(w.atom(d), side(w, value)) for d, value in derivatives] for w in (self.writer, self.source)
        )
        rows = [written[at : at + DERIVATIVES] for at in range(0, len(written), DERIVATIVES)]
        return _displayed(list(map(_cells, rows)), ", \\; ".join(latex), "where")

    def counterexample(self, found: Counterexample) -> str:
        """The smallest wrong entry: what is derived there, and what the closed form says."""
        left, latex = (entry_of(w, found) for w in (self.writer, self.source))
        closed = [self.markup.said("verdict.no_entry")] if found.closed is None else self._parts(found.closed)
        rows = [*_continued(left, self._parts(found.derived)), *_continued("", closed, NOT_EQUAL)]
        copied = f"{latex} &= {side(self.source, found.derived)} \\\\\n&\\ne {closed_of(self.source, found)}"
        return _displayed([_row(*row) for row in rows], copied)

    def _rows(self, equation: Equation) -> list[tuple[str, str, str]]:
        """The rows of an equation: each side in one, or a long one in several."""
        first, *rest = equation.sides
        if not rest and is_statement(first):
            return [("", "", side(self.writer, first))]
        if not rest:  # it continues the equation above it
            return _continued("", self._parts(first))
        rows: list[tuple[str, str, str]] = []
        left = side(self.writer, first)
        for value in rest:
            rows += _continued("" if rows else left, self._parts(value))
        return rows

    def _parts(self, value: Side) -> list[str]:
        """The rows of one side: a long sum is broken, the conditions of a formula follow it."""
        if isinstance(value, Formula):
            return self._formula(value)
        if not isinstance(value, Polynomial):
            return [side(self.writer, value)]
        products = self.writer.products(value, SHOWN_PRODUCTS)
        written = [self.markup.summand(c, p, leads=at == 0) for at, (c, p) in enumerate(products)]
        first, *rest = [written[at : at + PRODUCTS] for at in range(0, len(written), PRODUCTS)] or [["<mn>0</mn>"]]
        rows = ["".join(first), *(_between("".join(row)) for row in rest)]
        dots = _between(f"<mo>+</mo>{self.markup.dots(len(value))}")
        return [*rows, dots] if len(value) > len(products) else rows

    def _formula(self, formula: Formula) -> list[str]:
        """A sum, and below it the conditions of its last term."""
        ordered = sorted(formula.terms, key=lambda term: bool(term.guards))
        if len([term for term in ordered if term.guards]) != 1:
            return [self.writer.formula(formula)]
        bare = replace(formula, terms=tuple(replace(term, guards=()) for term in ordered))
        written = [self.writer.guard(guard) for guard in ordered[-1].guards]
        rows = [self.markup.listed(written[at : at + CONDITIONS]) for at in range(0, len(written), CONDITIONS)]
        return [self.writer.formula(bare), f"{self.markup.said('where')}<mspace width='.4em'/>{rows[0]}", *rows[1:]]

    def _latex(self, equation: Equation) -> str:
        """The whole equation in LaTeX, for ``align``."""
        sides = [side(self.source, value) for value in equation.sides]
        if len(sides) == 1:
            return sides[0] if is_statement(equation.sides[0]) else f"= {sides[0]}"
        return f"{sides[0]} &= " + " \\\\\n&= ".join(sides[1:])


def _between(row: str) -> str:
    """A row that goes on with a sum: its sign stands between two products, though nothing is left of it here."""
    return row.replace("<mo>", "<mo form='infix'>", 1)


def _annotation(latex: str) -> str:
    return f'<annotation encoding="application/x-tex">{escape(latex, quote=False)}</annotation>'


def _displayed(rows: list[str], latex: str, kind: str = "") -> str:
    table = "".join(f"<mtr>{row}</mtr>" for row in rows)
    return (
        f'<div class="equation {kind}"><div class="scroller"><math display="block"><semantics>'
        f'<mtable class="sides">{table}</mtable>{_annotation(latex)}</semantics></math></div></div>'
    )


def _continued(left: str, parts: list[str], sign: str = "=") -> list[tuple[str, str, str]]:
    return [(left, sign, parts[0]), *(("", "", more) for more in parts[1:])]


def _row(left: str, sign: str, right: str) -> str:
    return _cells([left, f"<mo>{sign}</mo>" if sign else "", right])


def _cells(parts: Sequence[str]) -> str:
    return "".join(f"<mtd>{part}</mtd>" for part in parts)
