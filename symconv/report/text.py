"""Blocks as text for a terminal or a pipe: ASCII or Unicode, with or without colours.

In: blocks and names.  Out: lines of `rich` text, or one plain string.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import assert_never

from symconv.layer import Conv
from symconv.polynomial import Partial, Polynomial
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Paragraph, Pictures, Where
from symconv.report.grids import Grid
from symconv.report.lines import WIDTH, Line
from symconv.report.markup import Text
from symconv.report.notation import Names, Notation
from symconv.report.sides import side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Passed, Proved, Refuted, Undecided


def text_lines(
    blocks: Iterable[Block], layer: Conv, notation: Notation, *, unicode: bool = False, pictures: bool = False
) -> Iterator[Line]:
    """Every line of the text, with the style it has on a terminal."""
    return lines_of_blocks(blocks, Names(notation, layer), unicode=unicode, pictures=pictures)


def lines_of_blocks(
    blocks: Iterable[Block], names: Names, *, unicode: bool = False, pictures: bool = False
) -> Iterator[Line]:
    """The same for a layer whose names are known already."""
    writer = Writer(names, Text(unicode))
    for block in blocks:
        match block:
            case Heading(text):
                yield "", ""
                yield "heading", text
                yield "heading", ("─" if unicode else "-") * min(len(text), WIDTH)
            case Paragraph(text):
                yield from (("", line) for line in textwrap.wrap(text.replace("{E}", writer.whole("E")), WIDTH))
            case Equation():
                yield from _equation(writer, block, pictures)
            case Where(derivatives):
                yield from _where(writer, derivatives)
            case Pictures():
                yield from _pictures(writer, block, pictures)
            case Finding():
                yield from _finding(writer, block)
            case Claim(status, text):
                yield "", ""
                yield status, f"{status}  ({text})"
            case _:
                assert_never(block)


def plain_text(
    blocks: Iterable[Block], layer: Conv, notation: Notation, *, unicode: bool = False, pictures: bool = False
) -> str:
    """The text without styles."""
    lines = text_lines(blocks, layer, notation, unicode=unicode, pictures=pictures)
    return "\n".join(line.rstrip() for _, line in lines).lstrip("\n") + "\n"


def _numbered(picture: str, pictures: bool) -> str:
    return f"({picture})" if picture and pictures else ""


def _equation(writer: Writer, equation: Equation, pictures: bool) -> Iterator[Line]:
    """One line where it fits, else one line for each side."""
    number = _numbered(equation.picture, pictures).ljust(6)
    sides = [side(writer, s) for s in equation.sides]
    rule = f"   [{equation.rule}]" if equation.rule else ""
    if len(sides) == 1 and not _is_statement(sides[0]):
        yield from _wrapped(f"{number}    = {sides[0]}{rule}")
        return
    whole = f"{number}  {' = '.join(sides)}{rule}"
    if len(whole) <= WIDTH or len(sides) == 1:
        yield "", whole
        return
    first, *rest = sides
    yield "", f"{number}  {first}"
    for at, text in enumerate(rest):
        yield from _wrapped(f"{' ' * 6}    = {text}{rule if at == len(rest) - 1 else ''}")


def _wrapped(line: str) -> Iterator[Line]:
    """A line, continued below its equals sign where it is too long: before a condition, or else before a sign."""
    indent = " " * 12
    breaks = ("  where ", ", ", "   [") if "where" in line else (" + ", " - ", ", ", "   [")
    while len(line) > WIDTH:
        at = _last_break(line, breaks, len(indent) + 1)
        if at <= len(indent):
            break
        at += 1 if line[at] == "," else 0
        yield "", line[:at]
        line = indent + line[at:].lstrip()
    yield "", line


def _last_break(line: str, breaks: tuple[str, ...], start: int) -> int:
    """The last place within the width, outside of braces and parentheses, where a line may be broken.

    The first place beyond the width if there is none within it; -1 if there is none at all.
    """
    depth, found, between_factors = 0, -1, -1
    conditions = line.find("  where ") if "  where " in line else len(line) if " over " in line else 0
    for at, character in enumerate(line):
        if at >= WIDTH and max(found, between_factors) >= 0:
            break
        depth += (character in "{([") - (character in "})]")
        if depth == 0 and at >= start:
            if line.startswith(breaks, at) and not (character == "," and at < conditions):
                found = at  # the indices of a sum stay together
            elif character == " " and line[at - 1] in "})":
                between_factors = at
    return found if found >= 0 else between_factors


def _where(writer: Writer, derivatives: tuple[tuple[Partial, Polynomial], ...]) -> Iterator[Line]:
    pairs = [f"{writer.atom(d)} = {writer.polynomial(value)}" for d, value in derivatives]
    yield from _wrapped(f"{' ' * 6}  where {', '.join(pairs)}   [differentiate: SymPy]")


def _is_statement(text: str) -> bool:
    """Whether a single side says something by itself (an update, the formula of f)."""
    return any(sign in text for sign in ("<-", "←", "f(z) =", "f'(z) ="))


def _pictures(writer: Writer, block: Pictures, pictures: bool) -> Iterator[Line]:
    columns = [_grid(writer, grid) for grid in block.grids]
    if sum(max(map(len, column)) for column in columns) > 1.5 * WIDTH:
        yield from _stacked(columns, block.signs, _numbered(block.picture, pictures))
        return
    height = max(map(len, columns))
    widths = [max(map(len, column)) for column in columns]
    middle = 1 + (height - 1) // 2
    number = _numbered(block.picture, pictures).ljust(6)
    for at in range(height):
        cells = [(column[at] if at < len(column) else "").ljust(w) for column, w in zip(columns, widths, strict=True)]
        line = cells[0]
        for sign, cell in zip(block.signs, cells[1:], strict=True):
            line += f"   {(sign if at == middle else '').center(len(sign))}   {cell}"
        yield "", f"{number if at == 0 else ' ' * 6}  {line}"


def _stacked(columns: list[list[str]], signs: tuple[str, ...], number: str) -> Iterator[Line]:
    """Grids too wide to stand in a row, one below the other."""
    for sign, column in zip((number, *signs), columns, strict=True):
        for at, line in enumerate(column):
            yield "", f"{(sign if at == 0 else '').ljust(6)}  {line}"


def _grid(writer: Writer, grid: Grid) -> list[str]:
    rows = [[writer.cell(p) for p in row] for row in grid.rows]
    width = max(len(cell) for row in rows for cell in row)
    lines = [grid.caption + (f" ({grid.note})" if grid.note else "")] + [
        "  ".join(cell.ljust(width) for cell in row) for row in rows
    ]
    if grid.cropped:
        lines.append("... (cropped)")
    if grid.bias:
        lines.append(f"{writer.named('b', '', ())} (bias)")
    return lines


def _finding(writer: Writer, finding: Finding) -> Iterator[Line]:
    outcome = finding.outcome
    by = finding.name.removeprefix("dE/d")
    name = finding.name if by == finding.name else writer.markup.derivative(writer.whole("E"), writer.named(by, "", ()))
    yield outcome.status, f"{name}: {outcome.status}"
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            yield "", f"    {count} cases agreed exactly, none failed"
        case Refuted(counterexample, _):
            yield from _counterexample(writer, counterexample)
        case Undecided(reason, _):
            yield "", f"    because {reason}"
        case _:
            assert_never(outcome)
    for evidence in outcome.evidence:
        for line in textwrap.wrap(f"{evidence.name}: {evidence.text}", WIDTH - 6, subsequent_indent="  "):
            yield "rule", f"    {line}"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[Line]:
    tensor = found.entry.tensor.removeprefix("dE/d")
    at = writer.markup.derivative(
        writer.whole("E"), writer.entry(tensor, tuple(map(Polynomial.of, found.entry.indices)))
    )
    yield "", f"    {found.explanation}"
    yield "", f"    smallest wrong entry: {at}"
    yield "", f"      derived:     {writer.polynomial(found.derived, 16)}"
    closed = "no such entry" if found.closed is None else writer.polynomial(found.closed, 16)
    yield "", f"      closed form: {closed}"
    yield "", f"      difference:  {writer.polynomial(found.difference, 16)}"
