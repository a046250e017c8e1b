"""Blocks as HTML: the part of the page that is read, complete without a script.

In: blocks (in one language or several), a writer.  Out: markup.
Never: a formula that is not in the blocks, and nothing from outside that is not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import assert_never

from symconv.polynomial import Polynomial
from symconv.report.blocks import (
    Block,
    Claim,
    Equation,
    Finding,
    Heading,
    Left,
    Paragraph,
    Pictures,
    Side,
    Where,
    Whole,
)
from symconv.report.html_figures import grid_svg
from symconv.report.html_prose import prose, spans
from symconv.report.html_rules import explained
from symconv.report.markup import Latex
from symconv.report.mathml import MathML
from symconv.report.notation import Names
from symconv.report.sides import SHOWN_PRODUCTS, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided
from symconv.terms import Formula

DIFFERENTIATED = {"en": "where, differentiated by SymPy,", "zh": "其中，由 SymPy 求导，"}
DERIVATIVES = 2  # in a row
LINE = 5  # products in a row of a long sum
SIGNS = {"->": "\N{RIGHTWARDS ARROW}", "(*)": "\N{CIRCLED ASTERISK OPERATOR}", "corr": "\N{STAR OPERATOR}"}
Tellings = Mapping[str, Sequence[Block]]  # the same blocks in each language, by its code


@dataclass
class Article:
    """Writes the blocks of one document; remembers which gradient is being told, for the verdict beside its steps."""

    names: Names
    findings: Mapping[str, Finding]
    about: str = ""
    headings: list[str] = field(default_factory=list)

    @property
    def writer(self) -> Writer:
        """For what is shown."""
        return Writer(self.names, MathML())

    @property
    def source(self) -> Writer:
        """For what is copied."""
        return Writer(self.names, Latex())

    def sections(self, tellings: Tellings) -> str:
        """All blocks, in sections that begin at headings."""
        told = list(zip(*tellings.values(), strict=True))
        markup = [text for blocks in told for text in self.block(dict(zip(tellings, blocks, strict=True)))]
        return "\n".join([*markup, "</section>"]) if self.headings else "\n".join(markup)

    def block(self, told: Mapping[str, Block]) -> Iterator[str]:
        """One block."""
        block = next(iter(told.values()))
        match block:
            case Heading():
                yield from self.heading(_texts(told))
            case Paragraph():
                places = {"E": self.inline(self.writer.whole("E"), self.source.whole("E"))}
                yield f"<p>{spans(_texts(told), places)}</p>"
            case Equation():
                yield from self.equation(block, told)
            case Where(derivatives):
                pairs = [(self.writer.atom(d), side(self.writer, value)) for d, value in derivatives]
                latex = ", \\; ".join(f"{self.source.atom(d)} = {side(self.source, v)}" for d, v in derivatives)
                yield f'<p class="note">{spans(DIFFERENTIATED)}</p>'
                written = [f"{left}<mo>=</mo>{right}" for left, right in pairs]
                rows = [written[at : at + DERIVATIVES] for at in range(0, len(written), DERIVATIVES)]
                yield from self.displayed([_cells(row) for row in rows], latex, "where")
            case Pictures():
                yield self.pictures(told)
            case Finding():
                yield from self.finding(block)
            case Claim(status, text):
                yield f'<p class="claim {status.lower()}"><strong>{status}</strong> <span>{prose(text)}</span></p>'
            case _:
                assert_never(block)

    def heading(self, texts: Mapping[str, str]) -> Iterator[str]:
        """A heading, and the section that it begins."""
        if self.headings:
            yield "</section>"
        at = len(self.headings) + 1
        self.headings.append(spans(texts))
        yield f'<section aria-labelledby="section-{at}">\n<h2 id="section-{at}">{self.headings[-1]}</h2>'

    def equation(self, equation: Equation, told: Mapping[str, Block]) -> Iterator[str]:
        """An equation, its sides below each other, and what its last side rests on."""
        self.about = _about(equation) or self.about
        yield from self.displayed([_row(*row) for row in self.rows(equation)], self.latex(equation))
        if equation.rule:
            rules = {lang: block.rule for lang, block in told.items() if isinstance(block, Equation)}
            yield explained(rules, equation.rule, self.findings.get(self.about))

    def displayed(self, rows: list[str], latex: str, kind: str = "") -> Iterator[str]:
        """Rows of a table, with the LaTeX of the whole."""
        table = "".join(f"<mtr>{row}</mtr>" for row in rows)
        yield (
            f'<div class="equation {kind}"><div class="scroller"><math display="block"><semantics>'
            f'<mtable class="sides">{table}</mtable><annotation encoding="application/x-tex">{escape(latex)}'
            f"</annotation></semantics></math></div></div>"
        )

    def inline(self, mathml: str, latex: str) -> str:
        """A formula within a sentence."""
        return (
            f'<math><semantics><mrow>{mathml}</mrow><annotation encoding="application/x-tex">{escape(latex)}'
            f"</annotation></semantics></math>"
        )

    def rows(self, equation: Equation) -> list[list[str]]:
        """The rows of an equation: each side in one, or a long one in several."""
        first, *rest = equation.sides
        if not rest:
            if isinstance(first, Formula):  # it continues the equation above it
                return _continued("", self.parts(first))
            return [["", "", side(self.writer, first)]]
        rows: list[list[str]] = []
        left = side(self.writer, first)
        for value in rest:
            rows += _continued("" if rows else left, self.parts(value))
        return rows

    def parts(self, value: Side) -> list[str]:
        """The rows of one side: a long sum is broken, the conditions of a formula follow it."""
        if isinstance(value, Formula):
            return self.formula(value)
        if not isinstance(value, Polynomial):
            return [side(self.writer, value)]
        markup, products = MathML(), self.writer.products(value, SHOWN_PRODUCTS)
        written = [markup.summand(c, p, leads=at == 0) for at, (c, p) in enumerate(products)]
        rows = ["".join(written[at : at + LINE]) for at in range(0, len(written), LINE)] or ["<mn>0</mn>"]
        return [*rows, f"<mo>+</mo>{markup.dots(len(value))}"] if len(value) > len(products) else rows

    def formula(self, formula: Formula) -> list[str]:
        """A sum, and below it the conditions of its last term."""
        guarded = [term for term in formula.terms if term.guards]
        if len(guarded) != 1:
            return [self.writer.formula(formula)]
        bare = replace(formula, terms=tuple(replace(term, guards=()) for term in
                                            sorted(formula.terms, key=lambda term: bool(term.guards))))  # fmt: skip
        conditions = [self.writer.guard(guard) for guard in guarded[0].guards]
        pairs = [
            "<mo>,</mo><mspace width='.6em'/>".join(conditions[at : at + 2]) for at in range(0, len(conditions), 2)
        ]
        where = [f"<mtext>{'where ' if at == 0 else ''}</mtext>{pair}" for at, pair in enumerate(pairs)]
        return [self.writer.formula(bare), *where]

    def latex(self, equation: Equation) -> str:
        """The whole equation in LaTeX, for ``align``."""
        sides = [side(self.source, value) for value in equation.sides]
        if len(sides) == 1:
            return f"= {sides[0]}" if isinstance(equation.sides[0], Formula) else sides[0]
        return f"{sides[0]} &= " + " \\\\\n&= ".join(sides[1:])

    def pictures(self, told: Mapping[str, Block]) -> str:
        """Grids in a row, with the signs between them."""
        blocks = [block for block in told.values() if isinstance(block, Pictures)]
        parts = []
        for at, grid in enumerate(blocks[0].grids):
            texts = {lang: _caption(block, at) for lang, block in zip(told, blocks, strict=True)}
            if at:
                parts.append(f'<span class="sign">{SIGNS[blocks[0].signs[at - 1]]}</span>')
            drawn = grid_svg(self.writer, grid) + (self.bias() if grid.bias else "")
            parts.append(f"<figure>{drawn}<figcaption>{spans(texts)}</figcaption></figure>")
        return f'<div class="pictures scroller">{"".join(parts)}</div>'

    def bias(self) -> str:
        """The bias beside the picture of a kernel."""
        name, latex = (writer.named("b", "", ()) for writer in (self.writer, self.source))
        return f'<span class="bias">+ {self.inline(name, latex)}</span>'

    def finding(self, finding: Finding) -> Iterator[str]:
        """The outcome for one gradient; what it rests on expands."""
        outcome = finding.outcome
        status = outcome.status
        yield f'<div class="finding {status.lower()}"><h3>{self.named(finding.name)} <em>{status}</em></h3>'
        match outcome:
            case Proved():
                pass
            case Passed(count, _):
                yield f"<p>{count} cases agreed exactly, none failed.</p>"
            case Refuted(counterexample, _):
                yield from self.counterexample(counterexample)
            case Undecided(reason, _):
                yield f"<p>because {prose(reason)}</p>"
            case _:
                assert_never(outcome)
        if outcome.evidence:
            items = "".join(f"<li><b>{prose(e.name)}:</b> {prose(e.text)}</li>" for e in outcome.evidence)
            yield f'<ul class="evidence">{items}</ul>'
        yield "</div>"

    def named(self, name: str) -> str:
        """A gradient as the document's notation writes it; another claim by its name."""
        by = name.removeprefix("dE/d")
        if by == name:
            return prose(name)
        drawn, latex = (w.markup.derivative(w.whole("E"), w.named(by, "", ())) for w in (self.writer, self.source))
        return self.inline(drawn, latex)

    def counterexample(self, found: Counterexample) -> Iterator[str]:
        """The smallest wrong entry."""
        yield f"<p>{prose(found.explanation)}</p>"
        index = tuple(map(Polynomial.of, found.entry.indices))
        tensor = found.entry.tensor.removeprefix("dE/d")
        left, latex = (w.markup.derivative(w.whole("E"), w.entry(tensor, index)) for w in (self.writer, self.source))
        rows = _continued(left, self.parts(found.derived))
        closed = ["<mtext>no such entry</mtext>"] if found.closed is None else self.parts(found.closed)
        rows.append(["", "\N{NOT EQUAL TO}", closed[0]])
        rows += [["", "", more] for more in closed[1:]]
        wrong = "\\text{no such entry}" if found.closed is None else side(self.source, found.closed)
        drawn = [_row(*row) for row in rows]
        yield from self.displayed(drawn, f"{latex} &= {side(self.source, found.derived)} \\\\\n&\\ne {wrong}")


def _texts(told: Mapping[str, Block]) -> dict[str, str]:
    return {lang: block.text for lang, block in told.items() if isinstance(block, Heading | Paragraph)}


def _caption(block: Pictures, at: int) -> str:
    grid = block.grids[at]
    notes = ", ".join(filter(None, (grid.note, "cropped" if grid.cropped else "")))
    return grid.caption + (f" ({notes})" if notes else "")


def _about(equation: Equation) -> str:
    """The gradient that an equation is about, if it says so: ``dE/da``."""
    match equation.sides[0]:
        case Left(formula):
            return formula.tensor if formula.tensor.startswith("dE/d") else ""
        case Whole(tensor):
            return tensor if tensor.startswith("dE/d") else ""
        case _:
            return ""


def _continued(left: str, parts: list[str]) -> list[list[str]]:
    return [[left, "=", parts[0]], *(["", "", more] for more in parts[1:])]


def _row(left: str, sign: str, right: str) -> str:
    drawn = f"<mo>{sign}</mo>" if sign else ""
    return _cells([left, drawn, right])


def _cells(parts: Sequence[str]) -> str:
    return "".join(f"<mtd>{part}</mtd>" for part in parts)
