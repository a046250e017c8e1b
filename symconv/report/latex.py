r"""Blocks as LaTeX: a complete document, or its body for ``\input``.

In: blocks and names.  Out: one string. No row is wider than the text of a plain article; English compiles with
pdflatex, Chinese with xelatex.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import assert_never

from symconv.forward import AnyLayer
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Items, Paragraph, Pictures, Table, Where
from symconv.report.findings import evidence, sentence, wrong_entry
from symconv.report.inline import apart, formula, inline
from symconv.report.latex_lines import LINE, broken, width
from symconv.report.markup_latex import Latex
from symconv.report.messages import say, translated
from symconv.report.notation import Names, Notation
from symconv.report.prose import escaped
from symconv.report.sides import is_statement, side
from symconv.report.tikz import SHRUNK, pictures
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Refuted

WIDEST_LEFT = 110.0  # points: a wider left side stands on a row of its own

_FONTS = {
    "en": "\\documentclass[fleqn]{article}\n"
    "\\IfFileExists{lmodern.sty}{\\usepackage[T1]{fontenc}\\usepackage{lmodern}}{}\n",
    "zh": "% !TEX program = xelatex\n\\documentclass[UTF8, fontset=fandol, fleqn]{ctexart}\n\\pagestyle{plain}\n",
}
PACKAGES = ("amsmath", "amssymb", "graphicx", "tikz")
_LAYOUT = r"""\usepackage[a4paper, margin=30mm]{geometry}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\AtBeginDocument{\setlength{\abovedisplayskip}{5pt}\setlength{\belowdisplayskip}{7pt}}
"""


def preamble(lang: str = "en") -> str:
    """What stands before the document: the class, fonts, packages, the page."""
    return _FONTS[lang] + "".join(f"\\usepackage{{{name}}}\n" for name in PACKAGES) + _LAYOUT


def latex_text(
    blocks: Iterable[Block], layer: AnyLayer, notation: Notation, *, fragment: bool = False, lang: str = "en"
) -> str:
    r"""All blocks as LaTeX; a `fragment` is the body alone, for ``\input``: it says which packages it needs."""
    return latex_of_blocks([(blocks, Names(notation, layer))], fragment=fragment, lang=lang)


def latex_of_blocks(parts: Iterable[tuple[Iterable[Block], Names]], *, fragment: bool = False, lang: str = "en") -> str:
    """The same for blocks whose names are known already, perhaps other names for each part."""
    body = "\n".join(line for blocks, names in parts for line in _body(Writer(names, Latex(lang)), blocks))
    if fragment:
        needs = ", ".join(PACKAGES) + (" and xelatex with ctex" if lang == "zh" else "")
        # derivations are longer than a page, and amsmath keeps one display on one page unless it is told otherwise
        return f"% This fragment needs {needs}.\n\\begingroup\\allowdisplaybreaks\n{body}\n\\endgroup\n"
    title = f"{{\\centering\\LARGE {say('title', lang)}\\par}}"
    return f"{preamble(lang)}\\begin{{document}}\n\\sloppy\n{title}\n{body}\n\\end{{document}}\n"


def _body(writer: Writer, blocks: Iterable[Block]) -> Iterator[str]:
    """Equations that follow each other share one alignment; no empty line stands between a heading and a formula."""
    before: Block | None = None
    for equations, group in groupby(blocks, key=lambda block: isinstance(block, Equation)):
        run = list(group)
        if equations:
            if isinstance(before, Heading):
                yield "\\vspace*{-\\baselineskip}"
            yield from _equations(writer, [block for block in run if isinstance(block, Equation)])
        else:
            for block in run:
                yield from _block(writer, block)
        before = run[-1]


def said(writer: Writer, text: str) -> str:
    """A message as LaTeX."""
    return inline(text, words, lambda source: ", ".join(f"${formula(writer, part)}$" for part in apart(source)))


def words(text: str) -> str:
    r"""Plain words as LaTeX: the ``Conv(...)`` of a layer in typewriter, with places to break behind its commas."""
    parts = re.split(r"(Conv(?:\.\w+)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))", text)
    return "".join(_code(part) if at % 2 else escaped(part) for at, part in enumerate(parts))


def _code(text: str) -> str:
    return "\\texttt{" + re.sub(r"([,(])(?=\S)", r"\1\\allowbreak{}", escaped(text)) + "}"


def _block(writer: Writer, block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            ragged = "\\raggedright " if "Conv" in text else ""
            yield f"\n\\section*{{{ragged}{said(writer, text)}}}"
        case Paragraph(text, lead):
            bold = f"\\textbf{{{escaped(lead)}}} " if lead else ""
            yield f"\n{bold}{said(writer, text)}"
        case Items(items):
            yield "\\begin{itemize}"
            yield from (f"\\item {_item(writer, name, text)}" for name, text in items)
            yield "\\end{itemize}"
        case Table():
            yield from _table(writer, block)
        case Equation():
            yield from _equations(writer, [block])
        case Where(derivatives):
            yield say("where_by_sympy", writer.markup.lang)
            pairs = ", \\quad ".join(f"{writer.atom(d)} = {side(writer, value)}" for d, value in derivatives)
            yield "\\begin{align*}"
            yield " \\\\\n".join(f"&{row}" for row in broken(pairs, LINE))
            yield "\\end{align*}"
        case Pictures():
            yield from pictures(writer, block, lambda text: said(writer, text))
        case Finding():
            yield from _finding(writer, block)
        case Claim(status, text):
            yield f"\n\\textbf{{{say(f'status.{status}', writer.markup.lang)}}} ({said(writer, text)})"
        case _:
            assert_never(block)


def _item(writer: Writer, name: str, text: str) -> str:
    return say("item", writer.markup.lang, name=f"\\textit{{{said(writer, name)}}}", text=said(writer, text))


def _table(writer: Writer, table: Table) -> Iterator[str]:
    """A table; a column with long sentences is as wide as half of the text."""
    long = [max(len(row[at]) for row in table.rows) > 30 for at in range(len(table.columns))]
    layout = "".join("p{0.5\\linewidth}" if wide else "l" for wide in long)
    rows = [" & ".join(said(writer, cell) for cell in row) for row in table.rows]
    yield f"\\begin{{center}}{SHRUNK}"
    yield f"\\begin{{tabular}}{{{layout}}}"
    yield " & ".join(said(writer, column) for column in table.columns) + " \\\\ \\hline"
    yield " \\\\\n".join(rows)
    yield "\\end{tabular}}\\end{center}"


def _equations(writer: Writer, equations: list[Equation]) -> Iterator[str]:
    """Equations aligned at their signs; where a left side is wide, all of them stand on rows of their own."""
    lefts = [width(side(writer, e.sides[0])) for e in equations if len(e.sides) > 1]
    left = max(lefts, default=0.0)
    apart = left > WIDEST_LEFT
    rows = [row for e in equations for row in _rows(writer, e, 0.0 if apart else left, apart)]
    yield "\\begin{align*}"
    yield " \\\\\n".join(rows)
    yield "\\end{align*}"


def _rows(writer: Writer, equation: Equation, left: float, apart: bool) -> list[str]:
    """The rows of one equation: its sides below each other, then the rule that the last one rests on."""
    alone = len(equation.sides) == 1
    sides = [side(writer, value) for value in equation.sides]
    rows: list[str] = []
    if alone and is_statement(equation.sides[0]):
        rows = _continued("&", broken(sides[0], LINE - left))
    else:
        first, *rest = ["", *sides] if alone else sides
        indent = "&\\quad =" if apart else "&="
        rows = [f"&{first}"] if apart and first else []
        for value in rest:
            lead = indent if rows or apart else f"{first} {indent}"
            rows += _continued(f"{lead} ", broken(value, LINE - left - 22, 20.0))
    if equation.rule:  # amsmath puts it below the row where there is no room beside it
        rows[-1] += f" \\tag*{{\\footnotesize {said(writer, equation.rule)}}}"
    return rows


def _continued(lead: str, lines: list[str]) -> list[str]:
    return [lead + lines[0], *(f"&\\qquad {line}" for line in lines[1:])]


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome, lang = finding.outcome, writer.markup.lang
    status = say(f"status.{outcome.status}", lang)
    yield f"\n\\textbf{{{say('verdict.line', lang, name=said(writer, finding.name), status=status)}}}"
    if isinstance(outcome, Refuted):
        yield from _counterexample(writer, outcome.counterexample)
    elif told := sentence(outcome, lang):
        yield f"\n{said(writer, told)}"
    if outcome.evidence:
        items = "\n".join(f"\\item {_item(writer, name, text)}" for name, text in evidence(outcome, lang))
        yield f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    lang = writer.markup.lang
    at, right, wrong = wrong_entry(writer, found)
    room = LINE - width(at) - 22
    yield f"\n{said(writer, translated(found.explanation, lang))}. {say('verdict.both', lang)}"
    yield "\\begin{align*}"
    rows = [*_continued(f"{at} &= ", broken(right, room, 20.0)), *_continued("&\\ne ", broken(wrong, room, 20.0))]
    yield " \\\\\n".join(rows)
    yield "\\end{align*}"
