"""A sliding window as boards of cells, and its frames: what of a layer is drawn on a plane.

In: a `Sliding`.  Out: the boards of its operand, kernel and result, and for every entry of the result its frame.
Large arrays are cropped to their first rows and columns; with several channels the first ones are shown, with three or
more spatial axes the plane through the middle; with one axis a board has one row.
Never: a rule of its own about what meets what; that is `symconv.geometry`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from math import prod

from symconv.arrays import ArrayExpression, Input, shape
from symconv.geometry import Index, Place, Sliding, place
from symconv.polynomial import Entry, Polynomial

LIMIT = 16  # rows and columns that are drawn at most
TRIED = 64  # planes that are looked through, at most, for one with entries

Spot = tuple[int, int]  # row and column of a cell on its board


@dataclass(frozen=True)
class Cell:
    """What is drawn in one place, and whether any window reads it."""

    place: Place
    used: bool = True


@dataclass(frozen=True)
class Board:
    """A plane of an array, cropped to what is drawn; `size` is the whole plane's."""

    rows: tuple[tuple[Cell, ...], ...]
    size: Spot
    flat: bool = False

    @property
    def cropped(self) -> tuple[bool, bool]:
        """Whether rows, and whether columns, are left out."""
        return len(self.rows) < self.size[0], len(self.rows[0]) < self.size[1]

    def at(self, spot: Spot) -> Cell:
        """The cell in a row and column."""
        return self.rows[spot[0]][spot[1]]

    @property
    def cells(self) -> Iterable[tuple[Spot, Cell]]:
        """Every cell with its row and column."""
        return (((r, c), cell) for r, row in enumerate(self.rows) for c, cell in enumerate(row))


@dataclass(frozen=True)
class Frame:
    """One entry of the result: its cell, and which cells of the operand meet which cells of the kernel for it."""

    result: Spot
    window: tuple[tuple[Spot, Spot], ...]


@dataclass(frozen=True)
class Boards:
    """Everything that is drawn of a sliding window.

    `partial` says that an entry adds up more products than the boards show: of other channels, planes or cropped cells.
    `planes` holds, for three and more spatial axes, where the planes of operand, kernel and result lie.
    """

    operand: Board
    kernel: Board
    result: Board
    frames: tuple[Frame, ...]
    partial: bool
    planes: tuple[Index, Index, Index] = ((), (), ())

    def products(self, frame: Frame) -> Polynomial:
        """What a frame's window adds up."""
        total = Polynomial()
        for there, tap in frame.window:
            left, right = self.operand.at(there).place, self.kernel.at(tap).place
            if isinstance(left, Entry) and isinstance(right, Entry):
                total = total + Polynomial.product(left, right)
        return total

    @cached_property
    def cropped(self) -> bool:
        """Whether any board is."""
        return any(any(board.cropped) for board in (self.operand, self.kernel, self.result))

    @cached_property
    def telling(self) -> int:
        """The frame that shows most: the first one with the most products."""
        counts = [len(self.products(frame)) for frame in self.frames]
        return counts.index(max(counts))


def board(
    expression: ArrayExpression,
    before: Index = (0, 0),
    drawn: tuple[Collection[int], Collection[int]] | None = None,
    used: tuple[Collection[int], Collection[int]] | None = None,
) -> Board:
    """The plane of an array along its last two axes (its last one, with one spatial axis), at the index `before`."""
    size = shape(expression)
    flat = len(size) - len(before) == 1
    height, wide = (1, size[-1]) if flat else size[-2:]
    rows, columns = drawn or (range(min(height, LIMIT)), range(min(wide, LIMIT)))

    def cell(r: int, c: int) -> Cell:
        read = used is None or (r in used[0] and c in used[1])
        return Cell(place(expression, (*before, c) if flat else (*before, r, c)), read)

    return Board(tuple(tuple(cell(r, c) for c in columns) for r in rows), (height, wide), flat)


def boards(window: Sliding) -> Boards:
    """The boards and frames of a sliding window."""
    operand, kernel = shape(window.operand), shape(window.kernel)
    ndim = len(operand) - 2
    drawn = range(max(ndim - 2, 0), ndim)
    middle = tuple(n // 2 for n in window.shape[2 : 2 + drawn.start])
    lead = window.position((0, 0, *middle, *(0 for _ in drawn)))[2 : 2 + drawn.start]
    taps, there = _plane_with_entries(window, lead)
    crop = {j: _crop(window, j) for j in drawn}
    read = [crop[j].used for j in drawn]
    kept = _kept(window, middle, crop)
    result = board(Input(window.tensor, window.shape), (0, 0, *middle), kept)
    left = board(window.operand, (0, 0, *there), None, (read[0], read[1]) if ndim > 1 else (range(1), read[0]))
    right = board(window.kernel, (0, 0, *taps))
    spots = product(enumerate(kept[0]), enumerate(kept[1]))
    frames = tuple(_frame(window, middle, (r, c), (at_r, at_c), crop) for (r, at_r), (c, at_c) in spots)
    others = kernel[1] * prod(kernel[2 : 2 + drawn.start])
    whole = prod(kernel[2 + j] for j in drawn)
    partial = others > 1 or any(right.cropped) or any(len(frame.window) < whole for frame in frames)
    return Boards(left, right, result, frames, partial, (there, taps, middle))


@dataclass(frozen=True)
class _Crop:
    """What is drawn along one spatial axis: so many places and taps, and the places that some window reads."""

    places: int
    taps: int
    reads: tuple[tuple[int, ...], ...]  # the place of each tap, for each position that reads any drawn place

    @property
    def used(self) -> frozenset[int]:
        return frozenset(at for window in self.reads for at in window)


def _crop(window: Sliding, axis: int) -> _Crop:
    """Positions run on until their windows have left what is drawn."""
    places = min(shape(window.operand)[2 + axis], LIMIT)
    taps = shape(window.kernel)[2 + axis]
    reads: list[tuple[int, ...]] = []
    for position in range(shape(window.correlation)[2 + axis]):
        if window.along(axis, position, 0) >= places:
            break
        found = []
        for tap in range(taps):
            at = window.along(axis, position, tap)
            if at >= places:
                break
            found.append(at)
        reads.append(tuple(found[:taps]))
    return _Crop(places, min(taps, LIMIT), tuple(reads))


def _kept(window: Sliding, middle: Index, crop: dict[int, _Crop]) -> tuple[list[int], list[int]]:
    """The rows and columns of the result that are drawn: those whose windows are, or else the first one."""
    found = []
    for axis, here in crop.items():
        size = window.shape[2 + axis]
        wanted = [n for n in islice(_outwards(window, middle, axis), LIMIT) if _whole(window, middle, axis, n, here)]
        found.append(sorted(wanted or [n for n in islice(_outwards(window, middle, axis), 1) if n < size]))
    return (found[0], found[1]) if len(found) == 2 else ([0], found[0])


def _outwards(window: Sliding, middle: Index, axis: int) -> Iterable[int]:
    """The entries of the result along an axis, in the order of the positions that compute them."""
    size = window.shape[2 + axis]
    last = _position(window, middle, axis, size - 1)
    return range(size) if last == size - 1 else reversed(range(size))


def _position(window: Sliding, middle: Index, axis: int, at: int) -> int:
    entry = [0, 0, *middle, *(0 for _ in range(len(window.shape) - 2 - len(middle)))]
    entry[2 + axis] = at
    return window.position(tuple(entry))[2 + axis]


def _whole(window: Sliding, middle: Index, axis: int, at: int, crop: _Crop) -> bool:
    position = _position(window, middle, axis, at)
    return position < len(crop.reads) and len(crop.reads[position]) >= crop.taps


def _frame(window: Sliding, middle: Index, cell: Spot, at: Spot, crop: dict[int, _Crop]) -> Frame:
    axes = list(crop)
    reads = []
    for axis, n in zip(axes, at[-len(axes) :], strict=True):
        here = crop[axis]
        reads.append(tuple(enumerate(here.reads[_position(window, middle, axis, n)][: here.taps])))
    rows, columns = reads if len(reads) == 2 else (((0, 0),), reads[0])
    return Frame(cell, tuple(((pr, pc), (tr, tc)) for (tr, pr), (tc, pc) in product(rows, columns)))


def _plane_with_entries(window: Sliding, lead: Index) -> tuple[Index, Index]:
    """The taps along the leading axes, from the middle, whose plane of the operand has entries; and that plane."""
    sizes = shape(window.kernel)[2 : 2 + len(lead)]
    near = [[tap for _, tap in sorted((abs(2 * tap - n + 1), tap) for tap in range(n))] for n in sizes]
    first: tuple[Index, Index] | None = None
    for taps in islice(product(*near), TRIED):
        there = tuple(window.along(axis, at, tap) for axis, (at, tap) in enumerate(zip(lead, taps, strict=True)))
        first = first or (taps, there)
        if not lead or any(isinstance(cell.place, Entry) for _, cell in board(window.operand, (0, 0, *there)).cells):
            return taps, there
    assert first is not None
    return first
