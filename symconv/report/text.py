"""Blocks as text for a terminal or a pipe: ASCII or Unicode, with or without colours.

In: blocks and names.  Out: lines of `rich` text, or one plain string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from symconv.layer import Conv
from symconv.polynomial import Partial, Polynomial
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Items, Paragraph, Pictures, Table, Where
from symconv.report.findings import entry_of, evidence, sentence
from symconv.report.grids import Grid
from symconv.report.inline import formula, inline
from symconv.report.lines import TIED, WIDTH, Line, columns, filled, wrap
from symconv.report.markup_text import Text
from symconv.report.messages import say, translated
from symconv.report.notation import Names, Notation
from symconv.report.sentences.message import LANGUAGES
from symconv.report.sides import is_statement, side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Refuted


def text_lines(
    blocks: Iterable[Block],
    layer: Conv,
    notation: Notation,
    *,
    unicode: bool = False,
    pictures: bool = False,
    lang: str = "en",
) -> Iterator[Line]:
    """Every line of the text, with the style it has on a terminal."""
    return lines_of_blocks(blocks, Names(notation, layer), unicode=unicode, pictures=pictures, lang=lang)


def lines_of_blocks(
    blocks: Iterable[Block], names: Names, *, unicode: bool = False, pictures: bool = False, lang: str = "en"
) -> Iterator[Line]:
    """The same for a layer whose names are known already."""
    writer = Writer(names, Text(unicode, lang))
    for block in blocks:
        match block:
            case Heading(text):
                heading = said(writer, text)
                yield "", ""
                yield "heading", heading
                yield "heading", ("─" if unicode else "-") * min(columns(heading), WIDTH)
            case Paragraph(text, lead):
                yield from (("", line) for line in wrap(f"{lead}{' ' if lead else ''}{_flowing(writer, text)}", WIDTH))
            case Items(items):
                yield from _items(writer, items)
            case Table():
                yield from _table(writer, block)
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
                yield status, f"{say(f'status.{status}', lang)}  ({said(writer, text)})"
            case _:
                assert_never(block)


def said(writer: Writer, text: str) -> str:
    """A message as text."""
    return inline(text, str, lambda source: formula(writer, source))


def _flowing(writer: Writer, text: str) -> str:
    """The same for `wrap`: formulas are broken behind commas only."""
    return inline(text, str, lambda source: re.sub(r"(?<!,) ", TIED, formula(writer, source)))


def _items(writer: Writer, items: tuple[tuple[str, str], ...]) -> Iterator[Line]:
    for name, text in items:
        item = say("item", writer.markup.lang, name=said(writer, name), text=_flowing(writer, text))
        yield from (("", f"  {line}") for line in wrap(item, WIDTH - 4, "  "))


def _table(writer: Writer, table: Table) -> Iterator[Line]:
    rows = [[said(writer, cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "", "  " + "  ".join(filled(cell, n) for cell, n in zip(row, widths, strict=True)).rstrip()


def _numbered(picture: str, pictures: bool) -> str:
    return f"({picture})" if picture and pictures else ""


def _equation(writer: Writer, equation: Equation, pictures: bool) -> Iterator[Line]:
    """One line where it fits, else one line for each side."""
    number = _numbered(equation.picture, pictures).ljust(6)
    sides = [side(writer, s) for s in equation.sides]
    rule = f"   [{said(writer, equation.rule)}]" if equation.rule else ""
    if len(sides) == 1 and not is_statement(equation.sides[0]):
        yield from _wrapped(f"{number}    = {sides[0]}{rule}")
        return
    whole = f"{number}  {' = '.join(sides)}{rule}"
    if columns(whole) <= WIDTH:
        yield "", whole
        return
    if len(sides) == 1:
        yield from _wrapped(whole)
        return
    first, *rest = sides
    yield "", f"{number}  {first}"
    for at, text in enumerate(rest):
        yield from _wrapped(f"{' ' * 6}    = {text}{rule if at == len(rest) - 1 else ''}")


def _wrapped(line: str) -> Iterator[Line]:
    """A line, continued below its equals sign where it is too long: before a condition, or else before a sign."""
    indent = " " * 12
    where = next((word for lang in LANGUAGES if (word := f"  {say('where', lang)} ") in line), "")
    breaks = (where, ", ", "   [") if where else (" + ", " - ", ", ", "   [")
    while columns(line) > WIDTH:
        at = _last_break(line, breaks, len(indent) + 1, where)
        if at <= len(indent):
            break
        at += 1 if line[at] == "," else 0
        yield "", line[:at]
        line = indent + line[at:].lstrip()
    yield "", line


def _last_break(line: str, breaks: tuple[str, ...], start: int, where: str) -> int:
    """The last place within the width, outside of braces and parentheses, where a line may be broken.

    The first place beyond the width if there is none within it; -1 if there is none at all.
    """
    depth, found, between_factors = 0, -1, -1
    conditions = line.find(where) if where and where in line else len(line) if " over " in line else 0
    taken = 0
    for at, character in enumerate(line):
        taken += columns(character)
        if taken > WIDTH and max(found, between_factors) >= 0:
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
    lang = writer.markup.lang
    told = say("conditions", lang, conditions=", ".join(pairs))
    yield from _wrapped(f"{' ' * 6}{told}   [{say('by_sympy', lang)}]")


def _pictures(writer: Writer, block: Pictures, pictures: bool) -> Iterator[Line]:
    drawn = [_grid(writer, grid) for grid in block.grids]
    widths = [max(map(columns, column)) for column in drawn]
    if sum(widths) > 1.5 * WIDTH:
        yield from _stacked(drawn, block.signs, _numbered(block.picture, pictures))
        return
    height = max(map(len, drawn))
    middle = 1 + (height - 1) // 2
    number = _numbered(block.picture, pictures).ljust(6)
    for at in range(height):
        cells = [filled(column[at] if at < len(column) else "", w) for column, w in zip(drawn, widths, strict=True)]
        line = cells[0]
        for sign, cell in zip(block.signs, cells[1:], strict=True):
            line += f"   {(sign if at == middle else '').center(len(sign))}   {cell}"
        yield "", f"{number if at == 0 else ' ' * 6}  {line}"


def _stacked(drawn: list[list[str]], signs: tuple[str, ...], number: str) -> Iterator[Line]:
    """Grids too wide to stand in a row, one below the other."""
    for sign, column in zip((number, *signs), drawn, strict=True):
        for at, line in enumerate(column):
            yield "", f"{(sign if at == 0 else '').ljust(6)}  {line}"


def _grid(writer: Writer, grid: Grid) -> list[str]:
    lang = writer.markup.lang
    rows = [[writer.cell(p) for p in row] for row in grid.rows]
    width = max(len(cell) for row in rows for cell in row)
    lines = [said(writer, grid.caption) + (f" ({said(writer, grid.note)})" if grid.note else "")] + [
        "  ".join(cell.ljust(width) for cell in row) for row in rows
    ]
    if grid.cropped:
        lines.append(f"... ({say('grid.cropped', lang)})")
    if grid.bias:
        lines.append(say("grid.bias", lang, symbol=writer.named("b", "", ())))
    return lines


def _finding(writer: Writer, finding: Finding) -> Iterator[Line]:
    outcome, lang = finding.outcome, writer.markup.lang
    status = say(f"status.{outcome.status}", lang)
    yield outcome.status, say("verdict.line", lang, name=said(writer, finding.name), status=status)
    if isinstance(outcome, Refuted):
        yield from _counterexample(writer, outcome.counterexample)
    elif told := sentence(outcome, lang):
        yield "", f"    {said(writer, told)}"
    for name, text in evidence(outcome, lang):
        for line in wrap(say("item", lang, name=said(writer, name), text=said(writer, text)), WIDTH - 6, "  "):
            yield "rule", f"    {line}"


def _counterexample(writer: Writer, found: Counterexample) -> Iterator[Line]:
    lang = writer.markup.lang
    closed = say("verdict.no_entry", lang) if found.closed is None else writer.polynomial(found.closed, 16)
    rows = {
        "verdict.derived": writer.polynomial(found.derived, 16),
        "verdict.closed": closed,
        "verdict.difference": writer.polynomial(found.difference, 16),
    }
    names = {key: say("item", lang, name=say(key, lang), text="").rstrip() for key in rows}
    yield "", f"    {said(writer, translated(found.explanation, lang))}"
    yield "", f"    {say('item', lang, name=say('verdict.entry', lang), text=entry_of(writer, found))}"
    for key, text in rows.items():
        yield "", f"      {filled(names[key], max(map(columns, names.values())))} {text}"
