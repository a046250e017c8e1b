"""How NumPy can make a view: by slices where every axis is read along one axis, by strides where windows overlap.

In: a `View`.  Out: places for a subscript, an order of axes, or rows of coefficients for the strides.
Never: memory. A view is as safe as its index is in bounds, which `symconv.lowering.nodes.in_bounds` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from symconv.lowering.nodes import View
from symconv.lowering.statements import slice_text
from symconv.polynomial import Polynomial


@dataclass(frozen=True)
class One:
    """A single place of an axis, which disappears."""

    at: Polynomial


@dataclass(frozen=True)
class Range:
    """Every `step`-th place from `start`, `size` of them; of an axis of size `whole`."""

    start: Polynomial
    step: int
    size: Polynomial
    whole: Polynomial


Place = One | Range


@dataclass(frozen=True)
class Sliced:
    """``operand[places]``, then the axes in this order, then new axes of size 1 at `new`."""

    places: tuple[Place, ...]
    order: tuple[int, ...]
    new: tuple[int, ...]


@dataclass(frozen=True)
class Strided:
    """``operand[places]`` for where the view begins; row j are the steps along each axis of the operand for one place
    along axis j of the view.
    """

    places: tuple[Place, ...]
    rows: tuple[tuple[int, ...], ...]


def read_view(node: View) -> Sliced | Strided:
    """The way to make a view."""
    names = {f"j{at}" for at in range(len(node.size))}
    axes = {f"j{at}": at for at, size in enumerate(node.size) if size != 1}  # the index of a single place is 0
    single = {f"j{at}": at for at, size in enumerate(node.size) if size == 1}
    steps = [{axes[name]: p.coefficient(name) for name in sorted(p.names & axes.keys())} for p in node.index]
    for row, p, size in zip(steps, node.index, node.operand.shape, strict=True):
        kept = [single[name] for name in sorted(p.names & single.keys()) if p == Polynomial.of(name)]
        if size == 1 and kept and not row:  # an axis with a single place that is kept
            row[kept[0]] = 1
    starts = [Polynomial({m: c for m, c in p.coefficients.items() if not set(m) & names}) for p in node.index]
    sizes = [Polynomial.of(size) for size in node.operand.shape]
    used = [at for row in steps for at in row]
    simple = all(len(row) <= 1 for row in steps) and len(set(used)) == len(used)
    new = tuple(at for at in range(len(node.size)) if at not in used)
    if simple and all(node.size[at] == 1 for at in new):
        places: list[Place] = []
        for row, start, whole in zip(steps, starts, sizes, strict=True):
            if not row:
                places.append(One(start))
            for at, step in row.items():
                places.append(Range(start, step, Polynomial.of(node.size[at]), whole))
        left = [at for at in range(len(node.size)) if at not in new]
        return Sliced(tuple(places), tuple(used.index(at) for at in left), new)
    beginnings: tuple[Place, ...] = tuple(
        Range(start, 1, whole - start, whole) if row else One(start)
        for row, start, whole in zip(steps, starts, sizes, strict=True)
    )
    rows = tuple(tuple(row.get(at, 0) for row in steps) for at in range(len(node.size)))
    return Strided(beginnings, rows)


def written(place: Place, write: Callable[[Polynomial], str]) -> str:
    """A place as it stands in a subscript; `write` writes sizes."""
    match place:
        case One(at):
            return write(at)
        case Range(start, step, size, whole):
            last = start + step * (size - 1)
            if step < 0:
                first = "" if start == whole - 1 else write(start)
                return slice_text(first, "" if not last else write(last - 1), str(step))
            first = "" if not start else write(start)
            if step == 1:
                return slice_text(first, "" if last == whole - 1 else write(last + 1), "")
            return slice_text(first, write(last + 1), str(step))
        case _:
            assert_never(place)
