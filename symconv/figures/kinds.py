"""The pictures of one window at a time: forward map, input gradient and weight gradient, with a frame for each entry.

In: a layer and its names.  Out: a `Scene`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from symconv.figures.boards import Board, Boards, Cell, Frame, Spot, boards
from symconv.figures.captions import (
    captions,
    channels_note,
    crop_note,
    made,
    planes_note,
    remainder_note,
    stepped,
    title,
)
from symconv.figures.labels import GRADIENTS, Runs, entry, equation
from symconv.figures.layout import (
    FOOT,
    GAP,
    HEAD,
    MARGIN,
    TEXT,
    Grid,
    cell_shape,
    corner,
    font_of,
    grid_shapes,
    heading,
    key,
    moved,
    plain,
    side_of,
    sign,
)
from symconv.figures.scene import Group, Label, Run, Scene, Shape, text, width
from symconv.geometry import sliding
from symconv.layer import Conv
from symconv.polynomial import Entry, Polynomial
from symconv.report.notation import Names

MOVING = ("forward", "input", "weight")
TOP = 62.0  # where the boards begin, below the heading
SHOWN_PRODUCTS = 12  # products of an equation that are written
STAR, EQUALS = (Run("⋆"),), (Run("="),)


def moving_scene(layer: Conv, names: Names, of: str) -> tuple[Scene, int]:
    """The scene of a sliding window, and the frame that tells most."""
    window = sliding(layer, of)
    drawn = boards(window)
    return _Stage(layer, names, of, drawn).scene(made(window.operand), stepped(window.correlation)), drawn.telling


class _Stage:
    """One picture in the making: what its boards are, how large, and where they stand."""

    def __init__(self, layer: Conv, names: Names, of: str, drawn: Boards) -> None:
        self.layer, self.names, self.of, self.drawn = layer, names, of, drawn
        everything = (drawn.operand, drawn.kernel, drawn.result)
        self.font = font_of(max(max(len(b.rows), len(b.rows[0])) for b in everything))
        self.side = side_of(everything, self.write)

    def write(self, one: Entry) -> Runs:
        return entry(self.names, one)

    def scene(self, operand: str, kernel: str) -> Scene:
        first, second, third = captions(self.names, self.layer, self.of)
        texts = ((first, operand), (second, kernel), (third, ""))
        drawn = self.drawn
        grids = [Grid(board, above, text(below), self.side)
                 for board, (above, below) in zip((drawn.operand, drawn.kernel, drawn.result), texts, strict=True)]  # fmt: skip
        self.grids = grids
        self.at = [MARGIN + x for x in accumulate([0.0, *(grid.across + 2 * GAP for grid in grids)])][:3]
        self.tops = [TOP + (max(g.down for g in grids) - grid.down) / 2 for grid in grids]
        below = TOP + HEAD + max(grid.down for grid in grids) + 24
        notes = self._notes()
        room = max(self.at[2] + grids[2].across - MARGIN, width(text(title(self.layer, self.of)), TEXT + 1),
                   width(text(repr(self.layer)), TEXT - 2), *(width(text(note), TEXT - 2) for note in notes), 380)  # fmt: skip
        equations = [self._equation(frame, room) for frame in drawn.frames]
        lines = max(map(len, equations))
        foot = below + lines * FOOT + 6
        key_shapes, key_height = key((drawn.operand, drawn.kernel), room, marked=True)
        base = [heading(text(title(self.layer, self.of))),
                Label(MARGIN, MARGIN + 22, text(repr(self.layer)), TEXT - 2, centred=False), *self._base(grids)]  # fmt: skip
        base += moved(key_shapes, MARGIN, foot)
        base += [Label(MARGIN, foot + key_height + 10 + at * FOOT, text(note), TEXT - 2, centred=False)
                 for at, note in enumerate(notes)]  # fmt: skip
        hollow = [spot for spot, _ in drawn.result.cells]
        frames = tuple(self._frame(frame, said, below) for frame, said in zip(drawn.frames, equations, strict=True))
        height = foot + key_height + len(notes) * FOOT + MARGIN - 4
        return Scene(2 * MARGIN + room, height, f"{title(self.layer, self.of)}: {self.layer!r}", self._described(),
                     tuple(base), frames, tuple(self._cells(2, drawn.result, hollow, lit=False)), tuple(filter(None, (crop_note(drawn.cropped),))))  # fmt: skip

    def _notes(self) -> list[str]:
        of = {"forward": ("a", "w", "z"), "input": ("delta", "w", "dE/da"), "weight": ("a", "delta", "dE/dw")}[self.of]
        shown = [channels_note(self.layer), planes_note(self.drawn, self.names.notation.index_base, of),
                 crop_note(self.drawn.cropped)]  # fmt: skip
        notes = [f"Shown: {'; '.join(filter(None, shown))}."] if any(shown) else []
        remainder = remainder_note(self.layer, self.of)
        return [*notes, *([f"{remainder.capitalize()}."] if remainder else [])]

    def _described(self) -> str:
        names = {"forward": "input, filter and feature map", "input": "delta, filter and gradient of the input",
                 "weight": "input, delta and gradient of the filter"}[self.of]  # fmt: skip
        sizes = (self.drawn.operand.size, self.drawn.kernel.size, self.drawn.result.size)
        return f"Three grids: {names}, {', '.join(f'{r} by {c}' for r, c in sizes)} cells; one window is marked."

    def _base(self, grids: list[Grid]) -> list[Shape]:
        hollow = frozenset(spot for spot, _ in self.drawn.result.cells)
        shapes: list[Shape] = []
        for at, grid in enumerate(grids):
            shapes += grid_shapes(grid, self.at[at], self.tops[at], self.write, self.font,
                                  hollow if at == 2 else (), plain(grid.caption))  # fmt: skip
        middle = TOP + HEAD + max(grid.down for grid in grids) / 2
        for at, runs in ((0, STAR), (1, EQUALS)):
            shapes.append(sign(runs, self.at[at] + grids[at].across + GAP, middle))
        return shapes

    def _frame(self, frame: Frame, said: list[Runs], below: float) -> tuple[Shape, ...]:
        """The window, the taps that meet entries, and the results so far."""
        drawn = self.drawn
        there = [spot for spot, _ in frame.window]
        meets = {there: tap for there, tap in frame.window}
        taps = [tap for spot, tap in frame.window if isinstance(drawn.operand.at(spot).place, Entry)]
        done = [other.result for other in drawn.frames[: drawn.frames.index(frame)]]
        shapes: list[Shape] = [
            *self._cells(0, drawn.operand, there),
            *(self._tap(spot, drawn.kernel.at(meets[spot])) for spot in there if self.side >= 40),
            *self._cells(1, drawn.kernel, taps),
            *self._cells(2, drawn.result, done, lit=False),
            *self._cells(2, drawn.result, [frame.result]),
        ]
        shapes += [Label(MARGIN, below + at * FOOT, runs, TEXT + 2, centred=False) for at, runs in enumerate(said)]
        return (Group(tuple(shapes), f"the window of {plain(said[0]).partition(' = ')[0]}"),)

    def _cells(self, at: int, board: Board, spots: Iterable[Spot], lit: bool = True) -> list[Group]:
        """Cells of a board, drawn again over those that are there."""
        places = [(spot, corner(self.grids[at], self.at[at], self.tops[at], spot)) for spot in spots]
        return [cell_shape(board.at(spot), place, self.side, self.write, self.font, lit) for spot, place in places]

    def _tap(self, spot: Spot, tap: Cell) -> Label:
        """The entry of the kernel that a place meets, small in its corner."""
        x, y = corner(self.grids[0], self.at[0], self.tops[0], spot)
        runs = self.write(tap.place) if isinstance(tap.place, Entry) else text("0")
        size = 9.5
        return Label(x + self.side - width(runs, size) / 2 - 3, y + self.side - 8, runs, size, colour="#1a1a1a")

    def _equation(self, frame: Frame, room: float) -> list[Runs]:
        drawn = self.drawn
        result = drawn.result.at(frame.result).place
        assert isinstance(result, Entry)
        value = drawn.products(frame)
        more = drawn.partial or len(value) > SHOWN_PRODUCTS
        shown = Polynomial(dict(list(value.coefficients.items())[:SHOWN_PRODUCTS])) if more else value
        if result.tensor not in GRADIENTS and self.layer.bias:
            shown = shown + Polynomial.of(Entry("b", (0,)))
        return equation(self.names, result, shown, more, TEXT + 2, room)
