"""Blocks as HTML whose formulas stand between dollar signs, as notebooks have MathJax set them.

In: blocks, names, and how pictures are drawn.  Out: one string of HTML.
Never: LaTeX's own commands for documents (sections, boxes, sizes of text), which MathJax does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import groupby
from typing import assert_never

from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Items, Paragraph, Pictures, Table, Where
from symconv.report.findings import evidence, sentence, wrong_entry
from symconv.report.inline import formula, inline
from symconv.report.latex_lines import LINE, broken
from symconv.report.markup_latex import Latex
from symconv.report.messages import say, translated
from symconv.report.notation import Names
from symconv.report.sides import is_statement, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Refuted

WIDE = 1.2 * LINE  # a row on a screen, in points
COLOURS = {"PROVED": "#1a7f37", "PASSED": "#1a7f37", "REFUTED": "#c0392b"}  # contrast above 4.5 on white
OTHER = "#8a6100"

Draw = Callable[[Pictures], str]


def mathjax_html(blocks: Iterable[Block], names: Names, draw: Draw, lang: str = "en") -> str:
    """All blocks as HTML."""
    return "\n".join(_lines(Writer(names, Latex(lang)), blocks, draw)) + "\n"


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
            yield f"<p>{f'<b>{escape(lead)}</b> ' if lead else ''}{said(writer, text)}</p>"
        case Items(items):
            yield f"<ul>{''.join(_item(writer, name, text) for name, text in items)}</ul>"
        case Table(columns, cells):
            yield f"<table>{_row(writer, 'th', columns)}{''.join(_row(writer, 'td', row) for row in cells)}</table>"
        case Equation():
            yield display(rows(writer, block))
        case Where(derivatives):
            pairs = ", \\quad ".join(f"{writer.atom(d)} = {side(writer, value)}" for d, value in derivatives)
            yield f"<p>{escape(say('where_by_sympy', writer.markup.lang))}</p>"
            yield display(f"&{row}" for row in broken(pairs, WIDE))
        case Pictures():
            yield f'<div style="overflow-x:auto">{draw(block)}</div>'
        case Finding():
            yield from _finding(writer, block)
        case Claim(status, text):
            yield f"<p>{badge(status, writer.markup.lang)} {said(writer, text)}</p>"
        case _:
            assert_never(block)


def said(writer: Writer, text: str) -> str:
    """A message as HTML, its mathematics between dollar signs."""
    return inline(text, escape, lambda source: f"${escape(formula(writer, source))}$")


def _item(writer: Writer, name: str, text: str) -> str:
    written = say("item", writer.markup.lang, name=f"<i>{said(writer, name)}</i>", text=said(writer, text))
    return f"<li>{written}</li>"


def _row(writer: Writer, tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{said(writer, cell)}</{tag}>' for cell in cells)}</tr>"


def display(lines: Iterable[str]) -> str:
    """Lines of one displayed formula, aligned at their signs."""
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{escape(body)}\n\\end{{aligned}}$$"


def badge(status: str, lang: str = "en") -> str:
    """A verdict's word, in its colour."""
    return f'<b style="color:{COLOURS.get(status, OTHER)}">{escape(say(f"status.{status}", lang))}</b>'


def rows(writer: Writer, equation: Equation) -> list[str]:
    """The lines of an equation: its sides below each other, the rule behind the last one."""
    sides = [side(writer, value) for value in equation.sides]
    if len(sides) == 1 and is_statement(equation.sides[0]):
        found = _continued("&", sides[0])
    else:
        first, *rest = ["", *sides] if len(sides) == 1 else sides
        found = []
        for value in rest:
            found += _continued(f"{'' if found else first} &= ", value)
    if equation.rule:
        rule = inline(equation.rule, str, lambda source: f"${formula(writer, source)}$")
        found[-1] += f" \\qquad \\text{{[{rule}]}}"
    return found


def _continued(lead: str, value: str) -> list[str]:
    first, *more = broken(value, WIDE)
    return [lead + first, *(f"&\\qquad {line}" for line in more)]


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome, lang = finding.outcome, writer.markup.lang
    items = "".join(_item(writer, name, text) for name, text in evidence(outcome, lang))
    summary = f"{said(writer, finding.name)}: {badge(outcome.status, lang)}"
    yield f"<details><summary>{summary}</summary><ul>{items}</ul></details>"
    if isinstance(outcome, Refuted):
        yield from _counterexample(writer, outcome.counterexample)
    elif told := sentence(outcome, lang):
        yield f"<p>{said(writer, told)}</p>"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    lang = writer.markup.lang
    at, right, wrong = wrong_entry(writer, found)
    yield f"<p>{said(writer, translated(found.explanation, lang))}. {escape(say('verdict.both', lang))}</p>"
    yield display([*_continued(f"{at} &= ", right), *_continued("&\\ne ", wrong)])
