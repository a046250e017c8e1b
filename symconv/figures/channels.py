"""The picture of several channels: every delta goes back through its own rotated filters, and what comes adds up.

In: a layer and its names.  Out: a `Scene`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from symconv.arrays import Input
from symconv.figures.boards import Board, Boards, Frame, Spot, board, boards
from symconv.figures.captions import by, crop_note, made, planes_note, shown_note, stepped, title
from symconv.figures.equations import equation, sum_of
from symconv.figures.labels import Runs, entry, gradient, symbol
from symconv.figures.layout import (
    GAP,
    HEAD,
    TEXT,
    Grid,
    cell_shape,
    corner,
    grid_shapes,
)
from symconv.figures.page import Page
from symconv.figures.scene import Label, Run, Scene, Shape, text, width
from symconv.figures.speech import Speech
from symconv.geometry import Sliding, sliding
from symconv.layer import Conv
from symconv.polynomial import Entry
from symconv.report.notation import Names

SHOWN_CHANNELS = 3  # channels of each side that are drawn
FONT = 13.0
LEAST_SIDE = 34.0


def channels_scene(layer: Conv, names: Names, tell: Speech) -> Scene:
    """A row for every output channel, a column for every input channel: each column adds up to its gradient."""
    window = sliding(layer, "input")
    return _Matrix(layer, names, window, boards(window), tell).scene()


@dataclass(frozen=True)
class _Matrix:
    """Delta on the left, the filters in rows and columns, the gradients below them."""

    layer: Conv
    names: Names
    window: Sliding
    first: Boards  # of the first channels; the others have their entries in the same places
    tell: Speech

    @property
    def outputs(self) -> range:
        return range(min(self.layer.out_channels_per_group, SHOWN_CHANNELS))

    @property
    def inputs(self) -> range:
        return range(min(self.layer.in_channels_per_group, SHOWN_CHANNELS))

    @cached_property
    def deltas(self) -> list[Board]:
        return [board(self.window.operand, (0, o, *self.first.planes[0])) for o in self.outputs]

    @cached_property
    def kernels(self) -> list[list[Board]]:
        return [[board(self.window.kernel, (c, o, *self.first.planes[1])) for c in self.inputs] for o in self.outputs]

    @cached_property
    def results(self) -> list[Board]:
        spots = [cell.place.indices for _, cell in self.first.result.cells if isinstance(cell.place, Entry)]
        rows = sorted({at[-2] for at in spots}) if self.layer.ndim > 1 else [0]
        drawn = rows, sorted({at[-1] for at in spots})
        return [board(Input("da", self.window.shape), (0, c, *self.first.planes[2]), drawn) for c in self.inputs]

    @property
    def frame(self) -> Frame:
        return self.first.frames[self.first.telling]

    @cached_property
    def side(self) -> float:
        every = [*self.deltas, *self.results, *(b for row in self.kernels for b in row)]
        places = [cell.place for b in every for _, cell in b.cells]
        return 2 * ceil(max(LEAST_SIDE, *(width(self.write(p), FONT) + 8 for p in places if isinstance(p, Entry))) / 2)

    def write(self, one: Entry) -> Runs:
        return entry(self.names, one)

    def scene(self) -> Scene:
        bare = self._page(0)
        said = self._equation(bare.room)
        page = self._page(len(said))
        lines = tuple(page.line(at, runs) for at, runs in enumerate(said))
        described = self.tell.words("figure.told.channels", outputs=len(self.outputs), inputs=len(self.inputs))
        return page.scene(described, (lines,), cropped=self.first.cropped)

    def _page(self, lines: int) -> Page:
        body, across, down = self._body()
        return Page(title(self.tell, self.layer, "channels"), repr(self.layer), body, (across, down),
                    tuple(self.deltas), self.tell, True, lines, self._notes())  # fmt: skip

    def _grid(self, one: Board, above: Runs, below: str = "") -> Grid:
        return Grid(one, above, text(below), self.side)

    def _body(self) -> tuple[tuple[Shape, ...], float, float]:
        """The matrix, row by row, and its width and height."""
        taps = [tap for spot, tap in self.frame.window if isinstance(self.first.operand.at(spot).place, Entry)]
        there = [spot for spot, _ in self.frame.window]
        deltas, kernels, results = self._delta_grids(), self._kernel_grids(), self._result_grids()
        left = max(grid.across for grid in deltas)
        column = max(grid.across for grid in [*results, *(g for row in kernels for g in row)])
        xs = [left + 2 * GAP + c * (column + GAP) for c in self.inputs]
        shapes: list[Shape] = []
        y = 0.0
        for o in self.outputs:
            down = max(deltas[o].down, kernels[o][0].down)
            middle = y + HEAD + down / 2
            shapes += self._drawn(deltas[o], (left - deltas[o].across) / 2, y + (down - deltas[o].down) / 2, there)
            shapes.append(Label(left + GAP, middle, text("⋆"), 34))
            for x, grid in zip(xs, kernels[o], strict=True):
                shapes += self._drawn(grid, x + (column - grid.across) / 2, y + (down - grid.down) / 2, taps)
            y += HEAD + down + 16
            shapes += [Label(x + column / 2, y + 4, text("+" if o < self.outputs[-1] else "="), 24) for x in xs]
            y += 14
        for x, grid in zip(xs, results, strict=True):
            shapes += self._drawn(grid, x + (column - grid.across) / 2, y, [self.frame.result])
        return tuple(shapes), xs[-1] + column, y + HEAD + results[0].down

    def _delta_grids(self) -> list[Grid]:
        how = made(self.tell, self.window.operand)
        return [self._grid(b, self._channel("delta", o), how) for o, b in enumerate(self.deltas)]

    def _kernel_grids(self) -> list[list[Grid]]:
        how = stepped(self.tell, self.window.correlation)
        return [[self._grid(b, self._kernel_name(b), how) for b in row] for row in self.kernels]

    def _kernel_name(self, one: Board) -> Runs:
        """``w_{0,1} rotated by 180°``: the filter's own channel indices, in the layer's weight layout."""
        place = one.rows[0][0].place
        assert isinstance(place, Entry)
        which = ",".join(str(self._number(n)) for n in place.indices[:2])
        name = (*symbol(self.names, "w"), Run(which, -1))
        return name if self.layer.flip else self.tell("figure.is.turned", symbol=name)

    def _result_grids(self) -> list[Grid]:
        size = by(self.layer.input_size)
        return [self._grid(b, self._channel("da", c), size) for c, b in enumerate(self.results)]

    def _channel(self, tensor: str, n: int) -> Runs:
        whole = gradient(self.names, "a") if tensor == "da" else symbol(self.names, tensor)
        return self.tell("figure.is.channel", symbol=whole, channel=self._number(n))

    def _number(self, n: int) -> int:
        return n + self.names.notation.index_base

    def _drawn(self, grid: Grid, x: float, y: float, lit: Collection[Spot]) -> tuple[Shape, ...]:
        marked = [cell_shape(grid.board.at(s), corner(grid, x, y, s), self.side, self.write, FONT, True) for s in lit]
        return (*grid_shapes(grid, x, y, self.write, FONT), *marked)

    def _equation(self, room: float) -> list[Runs]:
        """The marked entry of the first input channel: what every output channel gives it."""
        said = sum_of(self.window, self.first, self.frame, self.layer.bias)
        return equation(self.names, self.tell, said, TEXT + 2, room)

    def _notes(self) -> tuple[str, ...]:
        layer, tell, base = self.layer, self.tell, self.names.notation.index_base
        crowded = max(layer.out_channels_per_group, layer.in_channels_per_group) > SHOWN_CHANNELS
        return shown_note(
            tell,
            tell.words("figure.shown.channels", count=SHOWN_CHANNELS) if crowded else "",
            tell.words("figure.shown.group") if layer.groups > 1 else "",
            tell.words("figure.shown.image") if layer.batch > 1 else "",
            planes_note(tell, self.first, base, ("delta", "w", "dE/da")),
            crop_note(tell, self.first.cropped),
        )
