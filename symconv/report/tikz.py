"""Grids as TikZ pictures: entries, zeros of the padding and zeros of the dilation told apart, the window outlined.

In: grids and a writer for their cells.  Out: lines of LaTeX, scaled down where the row of grids is wider than the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symconv.report.blocks import Pictures
from symconv.report.grids import DILATION, ENTRY, PADDING, Grid
from symconv.report.latex_lines import width
from symconv.report.messages import say
from symconv.report.writer import Writer

Said = Callable[[str], str]
SHRUNK = "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%"  # as wide as the text at most
HEIGHT = 0.62  # cm of a cell
CM = 0.03528  # of a point
SIGNS = {"->": "\\longrightarrow", "(*)": "\\circledast", "corr": "\\star"}
# Layers keep their colours in every picture: below green, above red, the kernel yellow.
FILLS = {"delta_below": "green!12", "a": "green!12", "w": "yellow!30", "dw": "yellow!30", "delta": "red!12"}
ZEROS = {DILATION: "blue!9", PADDING: "black!9"}
OUTLINE = "line width=1.2pt, blue!70!black"


def pictures(writer: Writer, block: Pictures, said: Said) -> Iterator[str]:
    """Grids in a row, with the signs between them and, where there is something to explain, a legend."""
    yield f"\\begin{{center}}{SHRUNK}"
    yield "\\begin{tikzpicture}[every node/.style={inner sep=1pt}]"
    left, lowest = 0.0, 0.0
    for at, grid in enumerate(block.grids):
        wide = _cell_width(writer, grid)
        column = _column(wide, grid)
        yield from _grid(writer, grid, wide, left + column / 2, said)
        lowest = min(lowest, _depth(grid))
        left += column
        if at < len(block.signs):
            yield f"\\node at ({left + 0.45:.2f}, 0) {{${SIGNS[block.signs[at]]}$}};"
            left += 0.9
    yield from _legend(writer, block, lowest - 0.35)
    yield "\\end{tikzpicture}}\\end{center}"


def _cell_width(writer: Writer, grid: Grid) -> float:
    widest = max(width(writer.cell(p)) for row in grid.rows for p in row)
    return max(HEIGHT, widest * CM + 0.18)


def _column(wide: float, grid: Grid) -> float:
    """How wide a grid of such cells is with its caption, in cm."""
    return max(wide * len(grid.rows[0]), 2.6)


def _depth(grid: Grid) -> float:
    """Where a grid ends below the line through its middle, with the bias under it."""
    return -HEIGHT * len(grid.rows) / 2 - (0.75 if grid.bias else 0.0) - (0.4 if grid.cropped else 0.0)


def _grid(writer: Writer, grid: Grid, wide: float, middle: float, said: Said) -> Iterator[str]:
    high = len(grid.rows)
    x, y = middle - wide * len(grid.rows[0]) / 2, HEIGHT * high / 2
    note = f" ({said(grid.note)})" if grid.note else ""
    yield (f"\\node[anchor=south, text width={_column(wide, grid):.2f}cm, align=center, font=\\small] "
           f"at ({middle:.2f}, {y + 0.12:.2f}) {{{said(grid.caption)}{note}}};")  # fmt: skip
    yield from _cells(writer, grid, wide, x, y)
    for (r, c), (rows, columns) in _outlines(grid):
        yield (f"\\draw[{OUTLINE}] ({x + c * wide:.2f}, {y - r * HEIGHT:.2f}) rectangle "
               f"+({columns * wide:.2f}, {-rows * HEIGHT:.2f});")  # fmt: skip
    below = -HEIGHT * high / 2
    if grid.cropped:
        at = f"({middle:.2f}, {below - 0.08:.2f})"
        yield f"\\node[anchor=north, font=\\small] at {at} {{$\\cdots$ ({say('grid.cropped', writer.markup.lang)})}};"
        below -= 0.4
    if grid.bias:
        yield (f"\\draw[black!60, fill={FILLS['w']}] ({middle - HEIGHT / 2:.2f}, {below - 0.12:.2f}) rectangle "
               f"+({HEIGHT}, -{HEIGHT});")  # fmt: skip
        yield _text(middle, below - 0.12 - HEIGHT / 2, writer.named("b", "", ()))


def _cells(writer: Writer, grid: Grid, wide: float, x: float, y: float) -> Iterator[str]:
    """The squares of each kind as one path, then what stands in them: LaTeX takes three times as long for nodes."""
    squares: dict[str, list[str]] = {}
    texts = []
    for r, row in enumerate(grid.rows):
        for c, p in enumerate(row):
            left, top, kind = x + c * wide, y - r * HEIGHT, grid.kinds[r][c]
            fill = FILLS.get(grid.tensor, "white") if kind == ENTRY else ZEROS[kind]
            squares.setdefault(fill, []).append(f"({left:.2f}, {top:.2f}) rectangle +({wide:.2f}, -{HEIGHT})")
            texts.append(_text(left + wide / 2, top - HEIGHT / 2, writer.cell(p), "" if kind == ENTRY else "black!55"))
    for fill, path in squares.items():
        yield "\n  ".join([f"\\draw[black!60, fill={fill}]", *path]) + ";"
    yield from texts


def _text(x: float, y: float, formula: str, colour: str = "") -> str:
    """A formula whose middle is at a place."""
    coloured = f"\\color{{{colour}}}" if colour else ""
    return f"\\pgftext[x={x:.2f}cm, y={y:.2f}cm]{{{coloured}${formula}$}}"


def _outlines(grid: Grid) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """What is marked: one box where the cells are neighbours, else a box for each; (row, column) and its size."""
    shown = sorted((r, c) for r, c in grid.marked if r < len(grid.rows) and c < len(grid.rows[0]))
    if not shown:
        return []
    first, last = shown[0], shown[-1]
    rows, columns = last[0] - first[0] + 1, last[1] - first[1] + 1
    if rows * columns == len(shown):
        return [(first, (rows, columns))]
    return [(at, (1, 1)) for at in shown]


def _legend(writer: Writer, block: Pictures, y: float) -> Iterator[str]:
    """What the fillings and the outline mean, as far as they occur."""
    lang = writer.markup.lang
    kinds = {kind for grid in block.grids for row in grid.kinds for kind in row}
    if not any(grid.marked for grid in block.grids):
        return
    x = 0.0
    for kind in (ENTRY, DILATION, PADDING):
        if kind in kinds:
            fill = ZEROS.get(kind, FILLS.get(block.grids[0].tensor, "white"))
            text = say(f"picture.{kind}", lang)
            yield f"\\draw[black!60, fill={fill}] ({x:.2f}, {y:.2f}) rectangle +(0.3, -0.3);"
            yield f"\\node[anchor=west, font=\\footnotesize] at ({x + 0.36:.2f}, {y - 0.15:.2f}) {{{text}}};"
            x += 0.9 + width(f"\\text{{{text}}}") * CM * 0.85
    yield f"\\draw[{OUTLINE}] (0.00, {y - 0.5:.2f}) rectangle +(0.3, -0.3);"
    yield (f"\\node[anchor=west, font=\\footnotesize] at (0.36, {y - 0.65:.2f}) "
           f"{{{say('picture.window', lang)}}};")  # fmt: skip
