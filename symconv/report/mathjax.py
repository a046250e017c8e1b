"""Blocks as HTML whose formulas stand between dollar signs, as notebooks have MathJax set them.

In: blocks, names, a language, and how pictures are drawn.  Out: one string of HTML.
Never: LaTeX's own commands for documents (sections, boxes, sizes of text), which MathJax does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import groupby
from typing import assert_never

from symconv.polynomial import Polynomial
from symconv.report.blocks import (
    Block,
    Claim,
    Equation,
    Finding,
    Heading,
    Items,
    Paragraph,
    Pictures,
    Table,
    Where,
)
from symconv.report.inline import formula, inline
from symconv.report.latex_lines import rows_of
from symconv.report.markup import Latex
from symconv.report.messages import say, translated
from symconv.report.notation import Names
from symconv.report.sides import is_statement, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided

LINE = 360.0  # points of a formula in a cell of a notebook
COLOURS = {"PROVED": "#1a7f37", "PASSED": "#1a7f37", "REFUTED": "#c0392b"}  # contrast above 4.5 on white
OTHER = "#8a6100"

Draw = Callable[[Pictures], str]


def mathjax_html(blocks: Iterable[Block], names: Names, draw: Draw, lang: str = "en") -> str:
    """All blocks as HTML."""
    writer = Writer(names, Latex(lang))
    return "\n".join(_lines(writer, blocks, draw)) + "\n"


def _lines(writer: Writer, blocks: Iterable[Block], draw: Draw) -> Iterator[str]:
    """Equations that follow each other are aligned with each other."""
    for equations, run in groupby(blocks, key=lambda block: isinstance(block, Equation)):
        if equations:
            yield display(row for block in run if isinstance(block, Equation) for row in rows(writer, block))
        else:
            for block in run:
                yield from _block(writer, block, draw)


def _block(writer: Writer, block: Block, draw: Draw) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"<h4>{said(writer, text)}</h4>"
        case Paragraph(text, lead):
            opening = f"<b>{escape(lead)}</b> " if lead else ""
            yield f"<p>{opening}{said(writer, text)}</p>"
        case Items(items):
            yield _list([(said(writer, name), said(writer, text)) for name, text in items])
        case Table(columns, table_rows):
            lines = [("th", columns), *(("td", row) for row in table_rows)]
            cells = ("".join(f"<{tag}>{said(writer, text)}</{tag}>" for text in line) for tag, line in lines)
            yield f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
        case Equation():
            yield display(rows(writer, block))
        case Where(derivatives):
            pairs = [f"{writer.atom(d)} &= {side(writer, value)}" for d, value in derivatives]
            yield f"<p>{say('where_by_sympy', writer.markup.lang)}</p>"
            yield display([", & ".join(pairs[at : at + 3]) for at in range(0, len(pairs), 3)])
        case Pictures():
            yield f'<div style="overflow-x:auto">{draw(block)}</div>'
        case Finding():
            yield from _finding(writer, block)
        case Claim(status, text):
            yield f"<p>{badge(status, writer.markup.lang)} {said(writer, text)}</p>"
        case _:
            assert_never(block)


def said(writer: Writer, text: str) -> str:
    """A message: its words escaped, its mathematics between dollar signs."""
    return inline(text, escape, lambda source: f"${escape(formula(writer, source))}$")


def display(lines: Iterable[str]) -> str:
    """Lines of one displayed formula, aligned at their signs."""
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{escape(body)}\n\\end{{aligned}}$$"


def badge(status: str, lang: str = "en") -> str:
    """A verdict's word, in its colour."""
    return f'<b style="color:{COLOURS.get(status, OTHER)}">{escape(say(f"status.{status}", lang))}</b>'


def rows(writer: Writer, equation: Equation) -> list[str]:
    """The lines of an equation: its sides below each other, the rule behind the last one."""
    first, *rest = equation.sides
    left = side(writer, first)
    if not rest:
        sign = "" if is_statement(first) else "="
        found = _continued(f"&{sign} ", rows_of(left, LINE))
    else:
        found = []
        for value in rest:
            found += _continued(f"{'' if found else left} &= ", rows_of(side(writer, value), LINE))
    if equation.rule:
        found[-1] += f" \\qquad \\text{{[{inline(equation.rule, str, lambda source: f'${formula(writer, source)}$')}]}}"
    return found


def _continued(lead: str, lines: list[str]) -> list[str]:
    return [lead + lines[0], *(f"&\\quad {line}" for line in lines[1:])]


def _list(items: Iterable[tuple[str, str]]) -> str:
    return f"<ul>{''.join(f'<li>{name}: {text}</li>' for name, text in items)}</ul>"


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome, lang = finding.outcome, writer.markup.lang
    parts = [(translated(e.name, lang), translated(e.text, lang)) for e in outcome.evidence]
    items = _list((said(writer, name), said(writer, text)) for name, text in parts)
    summary = f"{said(writer, finding.name)}: {badge(outcome.status, lang)}"
    yield f"<details><summary>{summary}</summary>{items}</details>"
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            yield f"<p>{say('verdict.cases', lang, count=count)}</p>"
        case Refuted(counterexample, _):
            yield from _counterexample(writer, counterexample)
        case Undecided(reason, _):
            yield f"<p>{said(writer, say('verdict.because', lang, reason=translated(reason, lang)))}</p>"
        case _:
            assert_never(outcome)


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    lang = writer.markup.lang
    tensor = found.entry.tensor.removeprefix("dE/d")
    entry = writer.entry(tensor, tuple(map(Polynomial.of, found.entry.indices)))
    at = writer.markup.derivative(writer.whole("E"), entry)
    missing = f"\\text{{{say('verdict.no_entry', lang)}}}"
    closed = missing if found.closed is None else side(writer, found.closed)
    yield f"<p>{said(writer, translated(found.explanation, lang))}. {say('verdict.both', lang)}</p>"
    lines = _continued(f"{at} &= ", rows_of(side(writer, found.derived), LINE))
    yield display([*lines, *_continued("&\\ne ", rows_of(closed, LINE))])
