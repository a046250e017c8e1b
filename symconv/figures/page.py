"""A whole picture: a heading, a body of boards, an equation, the key to the cells, notes.

In: shapes and lines of text.  Out: a `Scene`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from symconv.figures.boards import Board, Cell
from symconv.figures.labels import Runs
from symconv.figures.layout import TEXT, cell_shape
from symconv.figures.palette import CROSS
from symconv.figures.scene import Group, Label, Lines, Rect, Scene, Shape, text, width
from symconv.figures.speech import Speech
from symconv.geometry import Zero

MARGIN = 20.0
TOP = 62.0  # where the body of a picture begins, below its heading
FOOT = 24.0  # height of a line below the body
LEAST = 520.0  # so wide is every picture


@dataclass(frozen=True)
class Page:
    """A whole picture: a heading, a body of boards, lines of an equation, the key, notes."""

    title: str
    subtitle: str
    body: tuple[Shape, ...]
    size: tuple[float, float]  # of the body
    boards: tuple[Board, ...]
    tell: Speech
    marked: bool = False
    lines: int = 0
    notes: tuple[str, ...] = ()

    @property
    def room(self) -> float:
        """Width of what stands between the margins."""
        said = [width(text(self.title), TEXT + 1), width(text(self.subtitle), TEXT - 2)]
        return ceil(max(self.size[0], LEAST, *said, *(width(text(note), TEXT - 2) for note in self.notes)))

    @property
    def below(self) -> float:
        """Where the first line below the body has its middle."""
        return TOP + self.size[1] + 24

    @property
    def foot(self) -> float:
        """Where the key begins."""
        return self.below + self.lines * FOOT + (6 if self.lines else -6)

    def line(self, at: int, runs: Runs) -> Label:
        """One line below the body."""
        return Label(MARGIN, self.below + at * FOOT, runs, TEXT + 2, centred=False)

    def scene(
        self,
        description: str,
        frames: tuple[tuple[Shape, ...], ...] = ((),),
        trail: tuple[tuple[Shape, ...], ...] = (),
        cropped: bool = False,
    ) -> Scene:
        """The page as a scene; `frames` are in the coordinates of the page, the body begins at (MARGIN, TOP)."""
        key_shapes, key_height = key(self.tell, self.boards, self.room, self.marked)
        shapes: list[Shape] = [
            Label(MARGIN, MARGIN, text(self.title), TEXT + 1, centred=False),
            Label(MARGIN, MARGIN + 22, text(self.subtitle), TEXT - 2, centred=False),
            *moved(self.body, MARGIN, TOP),
            *moved(key_shapes, MARGIN, self.foot),
        ]
        after = self.foot + key_height + 10
        for at, note in enumerate(self.notes):
            shapes.append(Label(MARGIN, after + at * FOOT, text(note), TEXT - 2, centred=False))
        height = after + len(self.notes) * FOOT + MARGIN - 14
        title = f"{self.title}: {self.subtitle}"
        return Scene(self.room + 2 * MARGIN, height, title, description, tuple(shapes), frames, trail, cropped,
                     self.tell.lang)  # fmt: skip


def key(tell: Speech, boards: Iterable[Board], room: float, marked: bool = False) -> tuple[tuple[Shape, ...], float]:
    """What the cells mean, as far as the boards hold any, from (0, 0) down; and how high that is."""
    cells = [cell for board in boards for _, cell in board.cells]
    found = [zero.name.lower() for zero in Zero if any(cell.place is zero for cell in cells)]
    found += ["unread"] if any(not cell.used for cell in cells) else []
    found += ["marked"] if marked else []
    shapes: list[Shape] = []
    x = y = 0.0
    for name in found:
        said = tell(f"figure.key.{name}")
        across = ceil(24 + width(said, TEXT - 2) + 22)
        if x and x + across > room:
            x, y = 0.0, y + FOOT
        shapes += [_sample(name, x, y), Label(x + 24, y + 9, said, TEXT - 2, centred=False)]
        x += across
    return tuple(shapes), y + FOOT if found else 0.0


def _sample(name: str, x: float, y: float) -> Group:
    side = 18.0
    if name in ("between", "around"):
        cell = Cell(Zero[name.upper()])
        return cell_shape(cell, (x, y), side, lambda _: (), 10.0)
    if name == "marked":
        return Group((Rect(x, y, side, side, "marked"),))
    d = 3.0
    strokes = ((x + d, y + d, x + side - d, y + side - d), (x + d, y + side - d, x + side - d, y + d))
    return Group((Rect(x, y, side, side, "empty"), Lines(strokes, CROSS)))


def moved(shapes: Iterable[Shape], dx: float, dy: float) -> tuple[Shape, ...]:
    """The same shapes elsewhere."""
    return tuple(_moved(shape, dx, dy) for shape in shapes)


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    match shape:
        case Rect(x, y, across, down, paint):
            return Rect(x + dx, y + dy, across, down, paint)
        case Label(x, y, runs, size, centred, colour):
            return Label(x + dx, y + dy, runs, size, centred, colour)
        case Lines(strokes, colour, thick):
            return Lines(tuple((a + dx, b + dy, c + dx, d + dy) for a, b, c, d in strokes), colour, thick)
        case Group(inner, title, name):
            return Group(moved(inner, dx, dy), title, name)
        case _:
            return type(shape)(shape.x1 + dx, shape.y1 + dy, shape.x2 + dx, shape.y2 + dy)
