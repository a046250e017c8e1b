"""Blocks as HTML: the part of the page that is read, complete without a script.

In: blocks (in one language or several), the names of a layer.  Out: markup.
Never: a formula that is not in the blocks, and nothing from outside that is not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import assert_never

from symconv.polynomial import Partial, Polynomial
from symconv.report.blocks import (
    Block,
    Claim,
    Equation,
    Finding,
    Heading,
    Items,
    Left,
    Paragraph,
    Pictures,
    Table,
    Where,
    Whole,
)
from symconv.report.findings import sentence
from symconv.report.html_figures import grid_svg
from symconv.report.html_formulas import Formulas
from symconv.report.html_prose import Prose
from symconv.report.html_rules import explained
from symconv.report.messages import say, translated
from symconv.report.notation import Names
from symconv.steps import Refuted

SIGNS = {"->": "\N{RIGHTWARDS ARROW}", "(*)": "\N{CIRCLED ASTERISK OPERATOR}", "corr": "\N{STAR OPERATOR}"}
Tellings = Mapping[str, Sequence[Block]]  # the same blocks in each language, by its code


@dataclass
class Article:
    """Writes the blocks of one document; remembers which gradient is being told, for the verdict beside its steps."""

    names: Names
    findings: Mapping[str, Finding]
    langs: tuple[str, ...]
    about: str = ""
    headings: list[str] = field(default_factory=list)
    grids: int = 0

    @property
    def formulas(self) -> Formulas:
        """For equations."""
        return Formulas(self.names, self.langs)

    @property
    def prose(self) -> Prose:
        """For sentences."""
        return Prose(self.names, self.langs)

    def sections(self, tellings: Tellings) -> str:
        """All blocks, in sections that begin at headings."""
        told = list(zip(*tellings.values(), strict=True))
        markup: list[str] = []
        for listed, run in groupby(told, key=lambda blocks: _is_listed(blocks[0])):
            inside = [text for blocks in run for text in self.block(blocks)]
            markup += ['<div class="listed">', *inside, "</div>"] if listed else inside
        return "\n".join([*markup, "</section>"] if self.headings else markup)

    def block(self, told: tuple[Block, ...]) -> Iterator[str]:
        """One block, as it is told in each language."""
        match told[0]:
            case Heading():
                yield from self.heading(told)
            case Paragraph(_, lead):
                opening = f"<b>{self.each([b.lead for b in told if isinstance(b, Paragraph)])}</b> " if lead else ""
                yield f"<p>{opening}{self.each([b.text for b in told if isinstance(b, Paragraph)])}</p>"
            case Items():
                yield self.items([b for b in told if isinstance(b, Items)])
            case Table():
                yield self.table([b for b in told if isinstance(b, Table)])
            case Equation() as equation:
                yield from self.equation(equation, [b.rule for b in told if isinstance(b, Equation)])
            case Where(derivatives):
                yield f'<p class="note">{self.prose.tell("where_by_sympy")}</p>'
                yield self.formulas.derivatives(derivatives)
            case Pictures():
                yield self.pictures([b for b in told if isinstance(b, Pictures)])
            case Finding() as finding:
                yield from self.finding(finding, [b.name for b in told if isinstance(b, Finding)])
            case Claim(status, _):
                scope = self.each([b.text for b in told if isinstance(b, Claim)])
                yield f'<p class="claim {status.lower()}"><strong>{self.status(status)}</strong> {scope}</p>'
            case _ as never:
                assert_never(never)

    def heading(self, told: tuple[Block, ...]) -> Iterator[str]:
        """A heading, and the section that it begins."""
        if self.headings:
            yield "</section>"
        self.about = next(block.of for block in told if isinstance(block, Heading)) or self.about
        self.headings.append(self.each([b.text for b in told if isinstance(b, Heading)]))
        at = len(self.headings)
        yield f'<section aria-labelledby="section-{at}">\n<h2 id="section-{at}">{self.headings[-1]}</h2>'

    def equation(self, equation: Equation, rules: list[str]) -> Iterator[str]:
        """An equation, and what its last side rests on."""
        self.about = _about(equation) or self.about
        yield self.formulas.equation(equation)
        if equation.rule:
            yield explained(self.prose, dict(zip(self.langs, rules, strict=True)), self.findings.get(self.about))

    def items(self, blocks: Sequence[Items]) -> str:
        """Sentences, one below the other, each with what it is about."""
        told = [
            [self.each(texts) for texts in zip(*item, strict=True)]
            for item in zip(*(b.items for b in blocks), strict=True)
        ]
        return (
            '<ul class="items">'
            + "".join(f"<li>{self.prose.leading(name)}{text}</li>" for name, text in told)
            + "</ul>"
        )

    def table(self, blocks: Sequence[Table]) -> str:
        """Columns with a heading each."""
        head = "".join(
            f'<th scope="col">{text}</th>' for text in map(self.each, zip(*(b.columns for b in blocks), strict=True))
        )
        rows = [map(self.each, zip(*row, strict=True)) for row in zip(*(b.rows for b in blocks), strict=True)]
        body = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows)
        table = f'<table class="told"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div class="scroller">{table}</div>'

    def pictures(self, blocks: Sequence[Pictures]) -> str:
        """Grids in a row, with the signs between them."""
        parts = []
        for at, grid in enumerate(blocks[0].grids):
            if at:
                parts.append(f'<span class="sign">{SIGNS[blocks[0].signs[at - 1]]}</span>')
            bias = f'<span class="bias">+ {self.formulas.bias()}</span>' if grid.bias else ""
            caption = self.each([_caption(b, at, lang) for lang, b in zip(self.langs, blocks, strict=True)])
            self.grids += 1
            name = f"grid-{self.grids}"
            drawn = grid_svg(self.formulas.writer, grid, name)
            parts.append(f'<figure>{drawn}{bias}<figcaption id="{name}">{caption}</figcaption></figure>')
        return f'<div class="pictures scroller">{"".join(parts)}</div>'

    def finding(self, finding: Finding, names: list[str]) -> Iterator[str]:
        """The outcome for one gradient, and what it rests on."""
        outcome, status = finding.outcome, finding.outcome.status
        claim = finding.name.strip("$")  # a message: what is between dollar signs is mathematics
        by = claim.removeprefix("dE/d")
        name = self.each(names) if by == claim else self.formulas.gradient(by)
        yield f'<div class="finding {status.lower()}"><h3>{name} <em>{self.status(status)}</em></h3>'
        if told := self.each([sentence(outcome, lang) for lang in self.langs]):
            yield f"<p>{told}</p>"
        if isinstance(outcome, Refuted):
            yield self.formulas.counterexample(outcome.counterexample)
        if outcome.evidence:
            both = [(self.translated(e.name), self.translated(e.text)) for e in outcome.evidence]
            items = "".join(f"<li>{self.prose.leading(name)}{text}</li>" for name, text in both)
            yield f'<ul class="evidence">{items}</ul>'
        yield "</div>"

    def each(self, texts: Sequence[str]) -> str:
        """A message in each of the page's languages, in their order."""
        return self.prose.said(dict(zip(self.langs, texts, strict=True)))

    def status(self, status: str) -> str:
        """The name of a status."""
        return self.prose.tell(f"status.{status}")

    def translated(self, text: str) -> str:
        """A sentence of a proof."""
        return self.each([translated(text, lang) for lang in self.langs])


def _is_listed(block: Block) -> bool:
    """Whether a block is one of many entries told alike: a derivative of E and its polynomial, without a reason."""
    if not isinstance(block, Equation) or block.rule or not isinstance(block.sides[0], Polynomial):
        return False
    return any(isinstance(atom, Partial) for atom in block.sides[0].atoms)


def _caption(block: Pictures, at: int, lang: str) -> str:
    grid = block.grids[at]
    notes = ", ".join(filter(None, (grid.note, say("grid.cropped", lang) if grid.cropped else "")))
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
