"""Where things stand in a picture: boards of cells, captions, signs between them, a key below.

In: boards and labels.  Out: shapes with their sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from symconv.figures.boards import Board, Cell, Spot
from symconv.figures.labels import Runs
from symconv.figures.palette import CROSS, HATCH, PAINTS, role
from symconv.figures.scene import Group, Label, Lines, Rect, Shape, text, width
from symconv.geometry import Zero
from symconv.polynomial import Entry

GAP = 26.0  # on each side of a sign between two boards
HEAD = 46.0  # height of a board's two lines of caption
TEXT = 15.0
DOTS = 20.0  # what the dots of a cropped board take

Writer = Callable[[Entry], Runs]


@dataclass(frozen=True)
class Grid:
    """A board with a caption, and how large its cells are."""

    board: Board
    caption: Runs
    below: Runs
    side: float

    @property
    def across(self) -> float:
        """Width with captions and dots."""
        return 2 * ceil(max(self.inner, width(self.caption, TEXT), width(self.below, TEXT - 2)) / 2)

    @property
    def inner(self) -> float:
        """Width of the cells, and of the dots if columns are left out."""
        return len(self.board.rows[0]) * self.side + (DOTS if self.board.cropped[1] else 0)

    @property
    def down(self) -> float:
        """Height of the cells, and of the dots if rows are left out."""
        return len(self.board.rows) * self.side + (DOTS if self.board.cropped[0] else 0)


def side_of(boards: Iterable[Board], write: Writer) -> float:
    """The side of a cell: as large as the widest entry asks for, smaller where there are many."""
    every = [(cell, board) for board in boards for _, cell in board.cells]
    most = max(max(len(board.rows), len(board.rows[0])) for _, board in every)
    font = font_of(most)
    widest = max((width(write(cell.place), font) for cell, _ in every if isinstance(cell.place, Entry)), default=0)
    return 2 * ceil(max(48.0 if most <= 8 else 34.0 if most <= 12 else 28.0, widest + 10) / 2)


def font_of(most: int) -> float:
    """The size of an entry's letter on a board with this many cells along its longer side."""
    return 17.0 if most <= 8 else 13.0 if most <= 12 else 11.0


def corner(grid: Grid, x: float, y: float, spot: Spot) -> tuple[float, float]:
    """The upper left corner of a cell, for a board that stands at (x, y)."""
    return x + (grid.across - grid.inner) / 2 + spot[1] * grid.side, y + HEAD + spot[0] * grid.side


def cell_shape(
    cell: Cell, at: tuple[float, float], side: float, write: Writer, font: float, lit: bool = False
) -> Group:
    """One cell: an entry by its letter, a zero as 0; crossed out if no window reads it."""
    x, y = at
    shapes: list[Shape] = [Rect(x, y, side, side, paint_of(cell, lit))]
    if cell.place is Zero.BETWEEN:
        inset = PAINTS[paint_of(cell, lit)].width / 2
        shapes.append(_hatch(x + inset, y + inset, side - 2 * inset))
    paint = PAINTS[paint_of(cell, lit)]
    zero = isinstance(cell.place, Zero)
    runs = text("0") if isinstance(cell.place, Zero) else write(cell.place)
    shapes.append(Label(x + side / 2, y + side / 2, runs, 0.85 * font if zero else font, colour=paint.text))
    if not cell.used:
        d = 0.14 * side
        strokes = ((x + d, y + d, x + side - d, y + side - d), (x + d, y + side - d, x + side - d, y + d))
        shapes.append(Lines(strokes, CROSS))
    return Group(tuple(shapes), name="window" if lit else "" if cell.used else "unread")


def paint_of(cell: Cell, lit: bool) -> str:
    """The name of a cell's paint."""
    name = role(cell.place.tensor) if isinstance(cell.place, Entry) else cell.place.name.lower()
    return f"{name}-lit" if lit and f"{name}-lit" in PAINTS else name


def _hatch(x: float, y: float, side: float) -> Lines:
    """Strokes from lower left to upper right, a sixth of the side apart."""
    step = side / 4
    strokes = []
    for n in range(1, 8):
        reach = n * step
        x1, y1 = (x, y + reach) if reach <= side else (x + reach - side, y + side)
        x2, y2 = (x + reach, y) if reach <= side else (x + side, y + reach - side)
        strokes.append((x1, y1, x2, y2))
    return Lines(tuple(strokes), HATCH, 0.8)


def grid_shapes(
    grid: Grid, x: float, y: float, write: Writer, font: float, hollow: Collection[Spot] = (), heading: str = ""
) -> tuple[Shape, ...]:
    """A board with its captions; the cells in `hollow` are drawn empty."""
    middle = x + grid.across / 2
    shapes: list[Shape] = [
        Label(middle, y + (13 if grid.below else 29), grid.caption, TEXT),
        *([Label(middle, y + 32, grid.below, TEXT - 2)] if grid.below else []),
    ]
    for spot, cell in grid.board.cells:
        at = corner(grid, x, y, spot)
        if spot in hollow:
            shapes.append(Rect(*at, grid.side, grid.side, "empty"))
        else:
            shapes.append(cell_shape(cell, at, grid.side, write, font))
    rows, columns = grid.board.cropped
    left, top = corner(grid, x, y, (0, 0))
    right, bottom = left + len(grid.board.rows[0]) * grid.side, top + len(grid.board.rows) * grid.side
    if columns:
        shapes.append(Label(right + DOTS / 2 + 2, (top + bottom) / 2, text("⋯"), TEXT + 3))
    if rows:
        shapes.append(Label((left + right) / 2, bottom + DOTS / 2 + 2, text("⋮"), TEXT + 3))
    return (Group(tuple(shapes), heading),)


def plain(runs: Runs) -> str:
    """A label as plain text, for titles: ``z_{1,1}``."""
    written = ""
    for level, group in groupby(runs, lambda run: run.level):
        text = "".join(run.text for run in group)
        written += f"_{{{text}}}" if level < 0 else f"^{{{text}}}" if level > 0 else text
    return " ".join(written.split())
