"""Grids as inline SVG.

In: a `Grid`, whose entries come from the expressions that are proved.  Out: markup.
"""

from __future__ import annotations

from html import escape

from symconv.polynomial import Entry, Polynomial
from symconv.report.grids import Grid
from symconv.report.markup_text import Text
from symconv.report.writer import Writer

CELL = 40  # units of a cell's side; the style sheet says how large a unit is
KINDS = {"a": "a", "delta_below": "a", "w": "w", "dw": "w", "delta": "delta"}  # the colour of a tensor


def grid_svg(writer: Writer, grid: Grid, caption: str) -> str:
    """One grid: a square for every entry, with its name; zeros that were put in have a dashed border.

    `caption` is the id of what it is called by, in whichever language the page shows.
    """
    rows, columns = len(grid.rows), len(grid.rows[0])
    cells = "".join(
        _cell(writer, value, _kind(grid, value, row, column), column * CELL, row * CELL)
        for row, values in enumerate(grid.rows)
        for column, value in enumerate(values)
    )
    width, height = columns * CELL + 2, rows * CELL + 2
    size = f'viewBox="-1 -1 {width} {height}" width="{width}" height="{height}"'
    return f'<svg class="grid" role="img" aria-labelledby="{caption}" {size}>{cells}</svg>'


def _cell(writer: Writer, value: Polynomial, kind: str, x: int, y: int) -> str:
    square = f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>'
    plain = Writer(writer.names, Text(unicode=True)).cell(value)
    base, _, below = plain.partition("_")
    below = below.strip("{}")
    small = len(plain) > 8
    sub = f'<tspan class="sub" dy="4">{escape(below)}</tspan>' if below else ""
    style = "name small" if small else "name"
    return (
        f'{square}<text class="{style}" x="{x + CELL // 2}" y="{y + CELL // 2 + 4}">'
        f"<tspan>{escape(base)}</tspan>{sub}</text>"
    )


def _kind(grid: Grid, value: Polynomial, row: int, column: int) -> str:
    """The class of a cell: its tensor, or why it is zero."""
    if not value:
        return f"zero {grid.kinds[row][column]}"
    entry = next((atom for atom in value.atoms if isinstance(atom, Entry)), None)
    return KINDS.get(entry.tensor, "other") if entry is not None else "other"
