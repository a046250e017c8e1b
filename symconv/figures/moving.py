"""The pictures of a window that slides: forward map, input gradient and weight gradient, a frame for each entry.

In: a layer and its names.  Out: a `Scene`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from symconv.figures.boards import Board, Boards, Cell, Frame, Spot, boards
from symconv.figures.captions import (
    captions,
    channels_note,
    crop_note,
    made,
    planes_note,
    remainder_note,
    shown_note,
    stepped,
    title,
)
from symconv.figures.equations import equation, sum_of
from symconv.figures.labels import Runs, entry
from symconv.figures.layout import (
    GAP,
    HEAD,
    TEXT,
    Grid,
    cell_shape,
    corner,
    font_of,
    grid_shapes,
    plain,
    side_of,
)
from symconv.figures.page import MARGIN, TOP, Page
from symconv.figures.palette import INK
from symconv.figures.scene import Group, Label, Run, Scene, Shape, text, width
from symconv.figures.speech import Speech
from symconv.geometry import Sliding, sliding
from symconv.layer import Conv
from symconv.polynomial import Entry
from symconv.report.notation import Names

MOVING = ("forward", "input", "weight")
SIGNS = ("⋆", 34.0), ("=", 24.0)  # between operand, kernel and result, and how large
NAMES = {"forward": ("a", "w", "z"), "input": ("delta", "w", "dE/da"), "weight": ("a", "delta", "dE/dw")}
SMALLEST = 40.0  # side of a cell that still has room for the tap it meets


def moving_scene(layer: Conv, names: Names, of: str, tell: Speech) -> tuple[Scene, int]:
    """The scene of a sliding window, and the frame that tells most."""
    window = sliding(layer, of)
    stage = _Stage(layer, names, of, window, boards(window), tell)
    return stage.scene(), stage.drawn.telling


@dataclass(frozen=True)
class _Stage:
    """One picture in the making: how large its boards are, and where they stand within the body."""

    layer: Conv
    names: Names
    of: str
    window: Sliding
    drawn: Boards
    tell: Speech

    @property
    def boards(self) -> tuple[Board, Board, Board]:
        return self.drawn.operand, self.drawn.kernel, self.drawn.result

    @cached_property
    def font(self) -> float:
        return font_of(max(max(len(b.rows), len(b.rows[0])) for b in self.boards))

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        side = side_of(self.boards, self.write)
        below = made(self.tell, self.window.operand), stepped(self.tell, self.window.correlation), ""
        above = captions(self.tell, self.names, self.layer, self.of)
        return tuple(Grid(b, up, text(down), side) for b, up, down in zip(self.boards, above, below, strict=True))

    @cached_property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The upper left corner of each grid: side by side, their middles on one line."""
        lefts = accumulate([0.0, *(grid.across + 2 * GAP for grid in self.grids[:-1])])
        return tuple((x, (self.down - grid.down) / 2) for x, grid in zip(lefts, self.grids, strict=True))

    @cached_property
    def down(self) -> float:
        return max(grid.down for grid in self.grids)

    @cached_property
    def page(self) -> Page:
        bare = Page(title(self.tell, self.layer, self.of), repr(self.layer), self._body(),
                    (self.corners[2][0] + self.grids[2].across, HEAD + self.down), self.boards[:2], self.tell, True,
                    notes=self._notes())  # fmt: skip
        lines = max(len(self._equation(frame, bare.room)) for frame in self.drawn.frames)
        return replace(bare, lines=lines)

    def scene(self) -> Scene:
        frames = tuple(self._frame(frame) for frame in self.drawn.frames)
        trail = tuple(tuple(self._cells(2, [frame.result], lit=False)) for frame in self.drawn.frames)
        return self.page.scene(self._described(), frames, trail, self.drawn.cropped)

    def write(self, one: Entry) -> Runs:
        return entry(self.names, one)

    def _body(self) -> tuple[Shape, ...]:
        hollow = frozenset(spot for spot, _ in self.drawn.result.cells)
        shapes: list[Shape] = []
        for at, (grid, (x, y)) in enumerate(zip(self.grids, self.corners, strict=True)):
            shapes += grid_shapes(grid, x, y, self.write, self.font, hollow if at == 2 else ())
        for (sign, size), grid, (x, _) in zip(SIGNS, self.grids, self.corners, strict=False):
            shapes.append(Label(x + grid.across + GAP, HEAD + self.down / 2, text(sign), size))
        return tuple(shapes)

    def _notes(self) -> tuple[str, ...]:
        tell, base = self.tell, self.names.notation.index_base
        shown = shown_note(tell, channels_note(tell, self.layer), planes_note(tell, self.drawn, base, NAMES[self.of]),
                           crop_note(tell, self.drawn.cropped))  # fmt: skip
        return (*shown, *filter(None, [remainder_note(tell, self.layer, self.of)]))

    def _described(self) -> str:
        told = [self.tell.words("figure.told.board", name=name, rows=board.size[0], columns=board.size[1])
                for name, board in zip(NAMES[self.of], self.boards, strict=True)]  # fmt: skip
        return self.tell.words("figure.told.moving", boards=self.tell.listed(told))

    def _frame(self, frame: Frame) -> tuple[Shape, ...]:
        """The window, the taps that meet entries, the result, and what the window adds up."""
        there = [spot for spot, _ in frame.window]
        taps = [tap for spot, tap in frame.window if isinstance(self.drawn.operand.at(spot).place, Entry)]
        said = self._equation(frame, self.page.room)
        roomy = self.grids[0].side >= SMALLEST
        shapes: list[Shape] = [
            *self._cells(0, there),
            *(self._tap(spot, self.drawn.kernel.at(tap)) for spot, tap in frame.window if roomy),
            *self._cells(1, taps),
            *self._cells(2, [frame.result]),
            *(self.page.line(n, runs) for n, runs in enumerate(said)),
        ]
        of = plain(said[0]).partition(" = ")[0]
        return (Group(tuple(shapes), self.tell.words("figure.told.window", entry=of)),)

    def _place(self, at: int, spot: Spot) -> tuple[float, float]:
        """The corner of a cell in the page."""
        x, y = corner(self.grids[at], *self.corners[at], spot)
        return MARGIN + x, TOP + y

    def _cells(self, at: int, spots: Iterable[Spot], lit: bool = True) -> list[Group]:
        """Cells of a board, drawn again over those that are there."""
        board, side = self.boards[at], self.grids[at].side
        return [cell_shape(board.at(spot), self._place(at, spot), side, self.write, self.font, lit) for spot in spots]

    def _tap(self, spot: Spot, tap: Cell) -> Label:
        """The entry of the kernel that a place meets, small in its corner."""
        (x, y), side, size = self._place(0, spot), self.grids[0].side, 9.5
        runs: tuple[Run, ...] = self.write(tap.place) if isinstance(tap.place, Entry) else text("0")
        return Label(x + side - width(runs, size) / 2 - 3, y + side - 8, runs, size, colour=INK)

    def _equation(self, frame: Frame, room: float) -> list[Runs]:
        said = sum_of(self.window, self.drawn, frame, self.layer.bias)
        return equation(self.names, self.tell, said, TEXT + 2, room)
