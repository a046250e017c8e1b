"""The picture of the stride: what it skips in the forward map, and how delta gets these places back.

In: a layer and its names.  Out: a `Scene`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from symconv.arrays import ArrayExpression, Input, shape
from symconv.closed import dilated_and_padded
from symconv.figures.boards import Board, board
from symconv.figures.captions import by, channels_note, crop_note, each, shown_note, title
from symconv.figures.labels import Runs, entry, symbol
from symconv.figures.layout import GAP, HEAD, TEXT, Grid, cell_shape, corner, font_of, grid_shapes, side_of
from symconv.figures.page import Page
from symconv.figures.scene import Arrow, Label, Scene, Shape, text, width
from symconv.figures.speech import Speech
from symconv.layer import Conv
from symconv.polynomial import Entry
from symconv.report.notation import Names

ARROW = 96.0  # length of an arrow with words over it, or as long as they are


def restored(layer: Conv) -> ArrayExpression:
    """Delta as the layer with stride 1 would have it: dilated by s, then r zeros at the high end.

    Examples
    --------
    >>> shape(restored(Conv((6, 6), (3, 3), stride=2, padding=1)))
    (1, 1, 6, 6)
    """
    high = tuple((0, r) for r in layer.remainder)
    return dilated_and_padded(Input("delta", layer.output_shape), layer.stride, high)


def stride_scene(layer: Conv, names: Names, tell: Speech) -> Scene:
    """z at stride 1, what the stride keeps of it, and delta with zeros in the places that were skipped."""
    return _Stage(layer, names, tell).scene()


@dataclass(frozen=True)
class _Stage:
    """Three boards in a row, with an arrow from each to the next."""

    layer: Conv
    names: Names
    tell: Speech

    @cached_property
    def boards(self) -> tuple[Board, Board, Board]:
        """The planes through the middle: z and delta at stride 1 are cut where delta at stride s is."""
        layer, whole = self.layer, restored(self.layer)
        middle = tuple(n // 2 for n in layer.output_size[: max(layer.ndim - 2, 0)])
        spread = tuple(s * n for s, n in zip(layer.stride, middle, strict=False))
        z, delta = Input("z", shape(whole)), Input("delta", layer.output_shape)
        return board(z, (0, 0, *spread)), board(delta, (0, 0, *middle)), board(whole, (0, 0, *spread))

    @cached_property
    def grids(self) -> list[Grid]:
        whole = by(shape(restored(self.layer))[2:])
        captions = (
            (self._at("z", "1"), whole),
            (self._at("delta", each(self.layer.stride)), by(self.layer.output_size)),
            (self._at("delta", "1"), whole),
        )
        side = side_of(self.boards, self.write)
        return [Grid(b, up, text(down), side) for b, (up, down) in zip(self.boards, captions, strict=True)]

    @property
    def font(self) -> float:
        return font_of(max(max(len(b.rows), len(b.rows[0])) for b in self.boards))

    @property
    def cropped(self) -> bool:
        return any(any(b.cropped) for b in self.boards)

    def _at(self, tensor: str, stride: str) -> Runs:
        return self.tell("figure.is.at_stride", symbol=symbol(self.names, tensor), stride=stride)

    def write(self, one: Entry) -> Runs:
        return entry(self.names, one)

    def scene(self) -> Scene:
        shapes, across, down = self._body()
        page = Page(title(self.tell, self.layer, "stride"), repr(self.layer), shapes, (across, down), self.boards,
                    self.tell, notes=self._notes())  # fmt: skip
        whole, kept = by(self.boards[0].size), by(self.boards[1].size)
        return page.scene(self.tell.words("figure.told.stride", whole=whole, kept=kept), cropped=self.cropped)

    def _body(self) -> tuple[tuple[Shape, ...], float, float]:
        down = max(grid.down for grid in self.grids)
        said = (
            (self.tell("figure.step"), self.tell("figure.step.by", stride=each(self.layer.stride))),
            (self.tell("figure.back"), self.tell("figure.back.zeros")),
        )
        shapes: list[Shape] = []
        x = 0.0
        for at, grid in enumerate(self.grids):
            y = (down - grid.down) / 2
            shapes += grid_shapes(grid, x, y, self.write, self.font)
            shapes += self._kept(grid, x, y) if at == 0 else []
            x += grid.across + GAP / 2
            if at < len(said):
                long = max(ARROW, *(width(line, TEXT - 2) for line in said[at]))
                shapes += _arrow_under(said[at], x, HEAD + down / 2, long)
                x += long + GAP / 2
        return tuple(shapes), x - GAP / 2, HEAD + down

    def _kept(self, grid: Grid, x: float, y: float) -> list[Shape]:
        """The entries of z that the stride keeps, marked: they stand where delta's do when it is restored."""
        kept = [(spot, cell) for spot, cell in grid.board.cells if isinstance(self.boards[2].at(spot).place, Entry)]
        return [cell_shape(cell, corner(grid, x, y, spot), grid.side, self.write, self.font, True)
                for spot, cell in kept]  # fmt: skip

    def _notes(self) -> tuple[str, ...]:
        skips = max(self.layer.stride) > 1
        return (
            self.tell.words("figure.places", sums=_lengths(self.layer)),
            self.tell.words("figure.restored" if skips else "figure.nothing_skipped"),
            *shown_note(self.tell, channels_note(self.tell, self.layer), crop_note(self.tell, self.cropped)),
        )


def _lengths(layer: Conv) -> str:
    """How many places delta has at stride 1, along each axis (once, if all axes are alike)."""
    said = [f"{a.stride}·({a.output_size} − 1) + 1 + {a.remainder} = {a.slack + 1}" for a in layer.axes]
    return said[0] if len(set(said)) == 1 else "; ".join(said)


def _arrow_under(said: tuple[Runs, ...], x: float, y: float, long: float) -> list[Shape]:
    lines = [(line, y - 12 - 18 * (len(said) - 1 - n)) for n, line in enumerate(said)]
    return [*(Label(x + long / 2, at, line, TEXT - 2) for line, at in lines), Arrow(x, y, x + long, y)]
