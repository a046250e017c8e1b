"""Blocks as HTML whose formulas stand between dollar signs, as notebooks have MathJax set them.

In: blocks, names, and how pictures are drawn.  Out: one string of HTML.
Never: LaTeX's own commands for documents (sections, boxes, sizes of text), which MathJax does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import groupby
from typing import assert_never

from symconv.polynomial import Polynomial, signed_sum
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Paragraph, Pictures, Side, Where
from symconv.report.markup import Latex
from symconv.report.notation import Names
from symconv.report.sides import SHOWN_PRODUCTS, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided
from symconv.terms import Formula

PRODUCTS_IN_A_LINE = 5
COLOURS = {"PROVED": "#1a7f37", "PASSED": "#1a7f37", "REFUTED": "#c0392b"}  # contrast above 4.5 on white
OTHER = "#8a6100"

Draw = Callable[[Pictures], str]


def mathjax_html(blocks: Iterable[Block], names: Names, draw: Draw) -> str:
    """All blocks as HTML."""
    writer = Writer(names, Latex())
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
            yield f"<h4>{prose(text)}</h4>"
        case Paragraph(text):
            error = f"${escape(writer.whole('E'))}$"
            yield f"<p>{error.join(prose(part) for part in text.split('{E}'))}</p>"
        case Equation():
            yield display(rows(writer, block))
        case Where(derivatives):
            pairs = [f"{writer.atom(d)} &= {side(writer, value)}" for d, value in derivatives]
            yield "<p>where, differentiated by SymPy,</p>"
            yield display([", & ".join(pairs[at : at + 3]) for at in range(0, len(pairs), 3)])
        case Pictures():
            yield f'<div style="overflow-x:auto">{draw(block)}</div>'
        case Finding():
            yield from _finding(writer, block)
        case Claim(status, text):
            yield f"<p>{badge(status)} {prose(text)}</p>"
        case _:
            assert_never(block)


def prose(text: str) -> str:
    """A sentence for HTML: its words of mathematics in mathematics."""
    written = escape(text).replace("-&gt;", "→")
    written = re.sub(r"(?<![\w.])(\d+(?:x\d+)+)(?![\w.])", lambda m: m[1].replace("x", "×"), written)
    written = re.sub(r"\blayer l(-1)?", lambda m: f"layer $l{m[1] or ''}$", written)
    return re.sub(r"(?<![\w\\])(delta|eta)(?![\w(])", lambda m: f"$\\{m[1]}$", written)


def display(lines: Iterable[str]) -> str:
    """Lines of one displayed formula, aligned at their signs."""
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{escape(body)}\n\\end{{aligned}}$$"


def badge(status: str) -> str:
    """A verdict's word, in its colour."""
    return f'<b style="color:{COLOURS.get(status, OTHER)}">{escape(status)}</b>'


def rows(writer: Writer, equation: Equation) -> list[str]:
    """The lines of an equation: its sides below each other, the rule behind the last one."""
    first, *rest = ["", *equation.sides] if len(equation.sides) == 1 else equation.sides
    statement = len(equation.sides) == 1 and not isinstance(equation.sides[0], Formula)
    left = "" if isinstance(first, str) else side(writer, first)
    found: list[str] = []
    for value in rest:
        broken = _broken(writer, value) if not isinstance(value, str) else [value]
        found.append(f"{'' if found else left} &{'' if statement else '='} {broken[0]}")
        found += [f"&\\quad {more}" for more in broken[1:]]
    if equation.rule:
        found[-1] += f" \\qquad \\text{{[{equation.rule}]}}"
    return found


def _broken(writer: Writer, value: Side) -> list[str]:
    """A side, a long polynomial over several lines."""
    if not isinstance(value, Polynomial):
        return [side(writer, value)]
    products = writer.products(value, SHOWN_PRODUCTS)
    lines = [products[at : at + PRODUCTS_IN_A_LINE] for at in range(0, len(products), PRODUCTS_IN_A_LINE)] or [[]]
    written = [signed_sum(line, times=" ") for line in lines]
    written = [text if at == 0 or text.startswith("-") else f"{{}} + {text}" for at, text in enumerate(written)]
    if len(value) > len(products):
        written.append(f"{{}} + \\cdots \\quad\\text{{({len(value)} terms)}}")
    return written


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome = finding.outcome
    by = finding.name.removeprefix("dE/d")
    name = f"${escape(writer.gradient(by))}$" if by != finding.name and by in ("a", "w", "b") else escape(finding.name)
    items = "".join(f"<li>{prose(e.name)}: {prose(e.text)}</li>" for e in outcome.evidence)
    yield f"<details><summary>{name}: {badge(outcome.status)}</summary><ul>{items}</ul></details>"
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            yield f"<p>{count} cases agreed exactly, none failed.</p>"
        case Refuted(counterexample, _):
            yield from _counterexample(writer, counterexample)
        case Undecided(reason, _):
            yield f"<p>because {prose(reason)}</p>"
        case _:
            assert_never(outcome)


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    tensor = found.entry.tensor.removeprefix("dE/d")
    entry = writer.entry(tensor, tuple(map(Polynomial.of, found.entry.indices)))
    at = writer.markup.derivative(writer.whole("E"), entry)
    closed = ["\\text{no such entry}"] if found.closed is None else _broken(writer, found.closed)
    first, *rest = _broken(writer, found.derived)
    lines = [f"{at} &= {first}", *(f"&\\quad {more}" for more in rest)]
    lines += [f"&\\ne {closed[0]}", *(f"&\\quad {more}" for more in closed[1:])]
    yield f"<p>{prose(found.explanation)}. Derived, and the closed form:</p>"
    yield display(lines)
