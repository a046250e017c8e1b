"""A view as slices: which axes of it are run through one place after the other, so that each place is a plain slice.

In: a `View`.  Out: `Windows`.
Never: text, and never overlapping memory: an axis of the operand that several axes of the view move along is sliced
along the longest of them, once for each place of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.lowering.nodes import Node, Shape, View, axis, view
from symconv.polynomial import Polynomial
from symconv.terms import Size


@dataclass(frozen=True)
class Cut:
    """One axis of the operand: `size` places from `start` on, moved by the taps; one place where `size` is None."""

    start: Polynomial
    taps: tuple[tuple[int, int], ...]
    step: int
    size: Size | None
    whole: Size


@dataclass(frozen=True)
class Windows:
    """The operand's axes in the order `before`, then cut; the cuts of all taps stacked at an axis of their own.

    Attributes
    ----------
    size
        The sizes of the view.
    taps
        The axes of the view that are run through.
    stacked_at
        Where the stack has its axis, with as many places as all taps together.
    flipped
        The axes to reverse, of what is stacked.
    order
        The axes of the view that what is stacked has, the taps as axes of their own.
    new
        The axes of the view along which it repeats.
    """

    size: Shape
    before: tuple[int, ...]
    cuts: tuple[Cut, ...]
    taps: tuple[int, ...]
    stacked_at: int
    flipped: tuple[int, ...]
    order: tuple[int, ...]
    new: tuple[int, ...]


def read_windows(node: View) -> Windows:
    """The slices of a view."""
    rows = _rows(node)
    taps = _taps(node, rows)
    own = [next((at for at in row if at not in taps), None) for row in rows]
    places = list(range(len(rows)))
    moving = [at for at in own if at is not None]
    if taps and moving != sorted(moving):  # what is stacked is in order then
        places.sort(key=lambda place: (-1 if (at := own[place]) is None else at, place))
    before = tuple(places)
    cuts = tuple(_cut(node, place, rows[place], own[place], taps) for place in before)
    sliced = [at for at in (own[place] for place in before) if at is not None]
    stacked_at = sum(at < taps[0] for at in sliced) if taps else 0
    order = (*sliced[:stacked_at], *taps, *sliced[stacked_at:])
    reversed_axes = {at for row in rows for at, step in row.items() if step < 0 and at not in taps}
    joined = [*sliced[:stacked_at], *([None] if taps else []), *sliced[stacked_at:]]
    flipped = tuple(place for place, at in enumerate(joined) if at in reversed_axes)
    new = tuple(at for at in range(len(node.size)) if at not in order)
    return Windows(node.size, before, cuts, taps, stacked_at, flipped, order, new)


def unrepeated(node: Node) -> Node:
    """Without the first axes along which a stack of matrices repeats.

    Examples
    --------
    >>> from symconv.lowering.nodes import Operand, axis
    >>> unrepeated(View(Operand("w", (3, 2)), (4, 3, 2), (axis(1), axis(2))))
    Operand(name='w', size=(3, 2))
    """
    while isinstance(node, View) and len(node.size) > 2 and not any("j0" in p.names for p in node.index):
        behind = {f"j{at}": axis(at - 1) for at in range(1, len(node.size))}
        node = view(node.operand, node.size[1:], tuple(p.substitute(behind) for p in node.index))
    return node


def _rows(node: View) -> list[dict[int, int]]:
    """For each axis of the operand the step along it of each axis of the view; one of size 1 is along one at most."""
    names = {f"j{at}": at for at in range(len(node.size))}
    rows = [{names[name]: p.coefficient(name) for name in sorted(p.names & names.keys())} for p in node.index]
    used: set[int] = set()
    kept: list[dict[int, int]] = []
    for row in rows:
        longer = {at: step for at, step in row.items() if node.size[at] != 1}
        single = [at for at in row if at not in used and sum(at in other for other in rows) == 1]
        kept.append(longer or dict.fromkeys(single[:1], 1))
        used |= kept[-1].keys()
    return kept


def _taps(node: View, rows: list[dict[int, int]]) -> tuple[int, ...]:
    """All axes but the longest, of those that move along one axis of the operand; a batch is longer than any number."""
    taps: set[int] = set()
    for row in rows:
        free = [at for at in row if at not in taps and sum(at in other for other in rows) == 1]
        taps |= set(row) - set(sorted(free, key=lambda at: _length(node.size[at]))[-1:])
    return tuple(sorted(taps))


def _length(size: Size) -> tuple[bool, int]:
    whole = Polynomial.of(size)
    return (True, 0) if not whole.is_constant else (False, whole.constant)


def _cut(node: View, place: int, row: dict[int, int], own: int | None, taps: tuple[int, ...]) -> Cut:
    p, whole = node.index[place], node.operand.shape[place]
    names = {f"j{at}" for at in range(len(node.size))}
    start = Polynomial({m: c for m, c in p.coefficients.items() if not names & set(m)})
    moves = tuple((at, step) for at, step in row.items() if at in taps)
    if own is None:
        return Cut(start, moves, 1, None, whole)
    size, step = node.size[own], row[own]
    if step < 0:  # from its other end, to be reversed
        start = start + step * (Polynomial.of(size) - 1)
    return Cut(start, moves, abs(step), size, whole)
