"""Blocks as LaTeX: a complete document that compiles with amsmath, or its body.

In: blocks and names.  Out: one string.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from symconv.forward import AnyLayer
from symconv.polynomial import Polynomial, signed_sum
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Paragraph, Pictures, Side, Where
from symconv.report.grids import Grid
from symconv.report.markup import Latex
from symconv.report.notation import Names, Notation
from symconv.report.sides import SHOWN_PRODUCTS, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided
from symconv.terms import Formula

PRODUCTS_IN_A_LINE = 4  # longer sums are broken
BESIDE = 100  # characters of a line of LaTeX up to which its rule stands beside it

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{graphicx}
\usepackage[a4paper, margin=20mm]{geometry}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
"""

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\^{}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "~": r"\~{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def escaped(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def latex_text(blocks: Iterable[Block], layer: AnyLayer, notation: Notation, *, fragment: bool = False) -> str:
    r"""All blocks as LaTeX; a `fragment` is the body alone, for ``\input``."""
    writer = Writer(Names(notation, layer), Latex())
    body = "\n".join(line for block in blocks for line in _block(writer, block))
    if fragment:
        return body + "\n"
    title = f"\\title{{The gradients of \\texttt{{{escaped(repr(layer))}}}}}\n\\author{{}}\n\\date{{}}\n"
    return f"{PREAMBLE}{title}\\begin{{document}}\n\\maketitle\n{body}\n\\end{{document}}\n"


def _block(writer: Writer, block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"\n\\section*{{{escaped(text)}}}"
        case Paragraph(text):
            yield f"\n{escaped(text)}"
        case Equation():
            yield from _equation(writer, block)
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
            yield f"\n\\textbf{{{status}}} ({escaped(text)})"
        case _:
            assert_never(block)


def _equation(writer: Writer, equation: Equation) -> Iterator[str]:
    first, *rest = ["", *equation.sides] if len(equation.sides) == 1 else equation.sides
    left = "" if isinstance(first, str) else side(writer, first)
    statement = len(equation.sides) == 1 and not _is_sum(equation.sides[0])
    lines = []
    for value in rest:
        broken = _broken(writer, value) if not isinstance(value, str) else [value]
        lines.append(f"&{'' if statement else '='} {broken[0]}")
        lines += [f"&\\quad {more}" for more in broken[1:]]
    said = f"\\text{{\\footnotesize {escaped(equation.rule)}}}" if equation.rule else ""
    beside = max(map(len, "\n".join(lines).split("\n")), default=0) <= BESIDE
    rule = (f" && {said}" if beside else f" \\\\\n&\\quad {said}") if said else ""
    yield "\\begin{align*}"
    yield f"{left} " + " \\\\\n".join(lines) + rule
    yield "\\end{align*}"


def _is_sum(value: Side) -> bool:
    """Whether a side that stands alone continues the equation above it."""
    return isinstance(value, Formula)


def _broken(writer: Writer, value: Side) -> list[str]:
    """A side, a long polynomial over several lines."""
    if not isinstance(value, Polynomial):
        return [side(writer, value)]
    products = writer.products(value)
    if len(products) <= PRODUCTS_IN_A_LINE:
        return [side(writer, value)]
    shown = products[:SHOWN_PRODUCTS]
    lines = []
    for start in range(0, len(shown), PRODUCTS_IN_A_LINE):
        chunk = signed_sum(shown[start : start + PRODUCTS_IN_A_LINE], times=" ")
        lines.append(chunk if start == 0 or chunk.startswith("-") else f"+ {chunk}")
    if len(products) > len(shown):
        lines.append(f"+ \\cdots \\quad\\text{{({len(products)} terms)}}")
    return lines


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
    caption = escaped(grid.caption + (f" ({notes})" if notes else ""))
    bias = f" \\\\ {writer.named('b', '', ())}" if grid.bias else ""
    return f"\\begin{{array}}{{c}} \\text{{{caption}}} \\\\ {table}{bias} \\end{{array}}"


def _finding(writer: Writer, finding: Finding) -> Iterator[str]:
    outcome = finding.outcome
    yield f"\n\\textbf{{{escaped(finding.name)}: {outcome.status}}}"
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            yield f"{count} cases agreed exactly, none failed."
        case Refuted(counterexample, _):
            yield from _counterexample(writer, counterexample)
        case Undecided(reason, _):
            yield f"because {escaped(reason)}"
        case _:
            assert_never(outcome)
    if outcome.evidence:
        items = "\n".join(f"\\item {escaped(e.name)}: {escaped(e.text)}" for e in outcome.evidence)
        yield f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[str]:
    tensor = found.entry.tensor.removeprefix("dE/d")
    entry = writer.entry(tensor, tuple(map(Polynomial.of, found.entry.indices)))
    at = writer.markup.derivative(writer.whole("E"), entry)
    yield f"{escaped(found.explanation)}. Derived, and the closed form:"
    yield "\\begin{align*}"
    closed = ["\\text{no such entry}"] if found.closed is None else _broken(writer, found.closed)
    derived = " \\\\\n&\\quad ".join(_broken(writer, found.derived))
    yield f"{at} &= {derived} \\\\\n&\\ne " + " \\\\\n&\\quad ".join(closed)
    yield "\\end{align*}"
