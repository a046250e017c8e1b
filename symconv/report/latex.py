"""Blocks as LaTeX: a complete document that compiles with amsmath, or its body.

In: blocks and names.  Out: one string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import assert_never

from symconv.forward import AnyLayer
from symconv.polynomial import Polynomial, signed_sum
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Paragraph, Pictures, Side, Where
from symconv.report.grids import Grid
from symconv.report.markup import Latex
from symconv.report.notation import Names, Notation
from symconv.report.prose import prose
from symconv.report.sides import SHOWN_PRODUCTS, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided
from symconv.terms import Formula

LINE = 64  # characters of a line of products, above which a sum is broken

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{graphicx}
\usepackage[a4paper, margin=20mm]{geometry}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
"""


def latex_text(blocks: Iterable[Block], layer: AnyLayer, notation: Notation, *, fragment: bool = False) -> str:
    r"""All blocks as LaTeX; a `fragment` is the body alone, for ``\input``: it needs amsmath, amssymb and graphicx."""
    writer = Writer(Names(notation, layer), Latex())
    body = "\n".join(_body(writer, blocks))
    if fragment:
        return f"{body}\n"
    title = "\\title{The gradients of a convolution layer}\n\\author{}\n\\date{}\n"
    return f"{PREAMBLE}{title}\\begin{{document}}\n\\sloppy\n\\maketitle\n{body}\n\\end{{document}}\n"


def _body(writer: Writer, blocks: Iterable[Block]) -> Iterator[str]:
    """Equations that follow each other share one alignment."""
    for equations, run in groupby(blocks, key=lambda block: isinstance(block, Equation)):
        if equations:
            yield from _equations(writer, [block for block in run if isinstance(block, Equation)])
        else:
            for block in run:
                yield from _block(writer, block)


def _block(writer: Writer, block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"\n\\section*{{{prose(text)}}}"
        case Paragraph(text):
            yield "\n" + prose(text.replace("{E}", "@")).replace("@", f"${writer.whole('E')}$")
        case Equation():
            yield from _equations(writer, [block])
        case Where(derivatives):
            yield "where, differentiated by SymPy,"
            yield "\\begin{align*}"
            pairs = [f"{writer.atom(d)} &= {side(writer, value)}" for d, value in derivatives]
            yield " \\\\\n".join(", & ".join(pairs[at : at + 3]) for at in range(0, len(pairs), 3))
            yield "\\end{align*}"
        case Pictures():
            yield from _pictures(writer, block)
        case Finding():
            yield from _finding(writer, block)
        case Claim(status, text):
            yield f"\n\\textbf{{{status}}} ({prose(text)})"
        case _:
            assert_never(block)


def _equations(writer: Writer, equations: list[Equation]) -> Iterator[str]:
    rows = [row for equation in equations for row in _rows(writer, equation)]
    yield "\\begin{align*}"
    yield " \\\\\n".join(rows)
    yield "\\end{align*}"


def _rows(writer: Writer, equation: Equation) -> list[str]:
    """The rows of one equation: its sides below each other, then the rule that the last one rests on."""
    first, *rest = ["", *equation.sides] if len(equation.sides) == 1 else equation.sides
    left = "" if isinstance(first, str) else side(writer, first)
    statement = len(equation.sides) == 1 and not _is_sum(equation.sides[0])
    rows: list[str] = []
    for value in rest:
        broken = _broken(writer, value) if not isinstance(value, str) else [value]
        rows.append(f"{'' if rows else left} &{'' if statement else '='} {broken[0]}")
        rows += [f"&\\quad {more}" for more in broken[1:]]
    said = [f"&\\quad \\text{{\\footnotesize [{prose(equation.rule)}]}}"] if equation.rule else []
    return rows + said


def _is_sum(value: Side) -> bool:
    """Whether a side that stands alone continues the equation above it."""
    return isinstance(value, Formula)


def _broken(writer: Writer, value: Side) -> list[str]:
    """A side, a long polynomial over several lines."""
    if not isinstance(value, Polynomial):
        return [side(writer, value)]
    products = writer.products(value, SHOWN_PRODUCTS)
    lines: list[list[tuple[int, str]]] = [[]]
    for product in products:
        if lines[-1] and _width(lines[-1]) + _width([product]) > LINE:
            lines.append([])
        lines[-1].append(product)
    written = [signed_sum(line, times=" ") for line in lines]
    written = [text if at == 0 or text.startswith("-") else f"+ {text}" for at, text in enumerate(written)]
    if len(value) > len(products):
        written.append(f"+ \\cdots \\quad\\text{{({len(value)} terms)}}")
    return written


def _width(products: list[tuple[int, str]]) -> int:
    """About how many characters wide some products are, once they are set."""
    return sum(2 + len(re.sub(r"\\\\[a-zA-Z]+|[{}_^ ]", "", text)) for _, text in products)


def _pictures(writer: Writer, block: Pictures) -> Iterator[str]:
    signs = {"->": "\\longrightarrow", "(*)": "\\circledast", "corr": "\\star"}
    parts = [_grid(writer, block.grids[0])]
    for sign, grid in zip(block.signs, block.grids[1:], strict=True):
        parts += [signs[sign], _grid(writer, grid)]
    yield "\\begin{center}\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{$\\displaystyle"
    yield "\\;".join(parts)
    yield "$}\\end{center}"


def _grid(writer: Writer, grid: Grid) -> str:
    rows = " \\\\ \\hline ".join(" & ".join(writer.cell(p) for p in row) for row in grid.rows)
    table = f"\\begin{{array}}{{|{'c|' * len(grid.rows[0])}}} \\hline {rows} \\\\ \\hline \\end{{array}}"
    notes = ", ".join(filter(None, (grid.note, "cropped" if grid.cropped else "")))
    caption = prose(grid.caption + (f" ({notes})" if notes else ""))
    bias = f" \\\\ {writer.named('b', '', ())}" if grid.bias else ""
    return f"\\begin{{array}}{{c}} \\text{{{caption}}} \\\\ {table}{bias} \\end{{array}}"


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome = finding.outcome
    yield f"\n\\textbf{{{prose(finding.name)}: {outcome.status}}}"
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            yield f"{count} cases agreed exactly, none failed."
        case Refuted(counterexample, _):
            yield from _counterexample(writer, counterexample)
        case Undecided(reason, _):
            yield f"because {prose(reason)}"
        case _:
            assert_never(outcome)
    if outcome.evidence:
        items = "\n".join(f"\\item {prose(e.name)}: {prose(e.text)}" for e in outcome.evidence)
        yield f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    tensor = found.entry.tensor.removeprefix("dE/d")
    entry = writer.entry(tensor, tuple(map(Polynomial.of, found.entry.indices)))
    at = writer.markup.derivative(writer.whole("E"), entry)
    yield f"{prose(found.explanation)}. Derived, and the closed form:"
    yield "\\begin{align*}"
    closed = ["\\text{no such entry}"] if found.closed is None else _broken(writer, found.closed)
    derived = " \\\\\n&\\quad ".join(_broken(writer, found.derived))
    yield f"{at} &= {derived} \\\\\n&\\ne " + " \\\\\n&\\quad ".join(closed)
    yield "\\end{align*}"
