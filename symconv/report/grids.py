"""Pictures as grids of polynomials: planes of tensors and of array expressions, evaluated by their meaning.

In: a layer, or an array expression.  Out: rows of exact polynomials, cropped where they are large.
Never: a geometry of its own: what is shown is what is proved.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arrays import ArrayExpression, meaning, shape
from symconv.enumeration import TooLarge, written_out
from symconv.polynomial import Entry, Polynomial
from symconv.terms import Binder, Formula

CROP = 8  # rows and columns that are shown at most


@dataclass(frozen=True)
class Grid:
    """One plane of a tensor: its rows, a caption, and whether it was cropped."""

    caption: str
    rows: tuple[tuple[Polynomial, ...], ...]
    cropped: bool
    note: str = ""
    bias: bool = False


def plane(expression: ArrayExpression, caption: str, bias: bool = False) -> Grid:
    """The last two axes (or the only spatial one) at the first channel, the other spatial axes in their middle.

    Examples
    --------
    >>> from symconv.arrays import Dilate, Input
    >>> grid = plane(Dilate(Input("delta", (1, 1, 2)), (2,)), "dilated")
    >>> [str(p) for p in grid.rows[0]]
    ['delta[0, 0, 0]', '0', 'delta[0, 0, 1]']
    """
    size = shape(expression)
    spatial = size[2:]
    height, width = (1, spatial[0]) if len(spatial) == 1 else spatial[-2:]
    rows, columns = min(height, CROP), min(width, CROP)
    free = (Binder("row", rows), Binder("column", columns))
    cut = tuple(Polynomial.of(n // 2) for n in spatial[:-2])
    last = (Polynomial.of("column"),) if len(spatial) == 1 else (Polynomial.of("row"), Polynomial.of("column"))
    read = meaning(expression, "", free, (Polynomial(), Polynomial(), *cut, *last))
    picture = Formula("", free, (Polynomial.of("row"), Polynomial.of("column")), (rows, columns), read.terms)
    try:
        values = written_out(picture)
    except TooLarge:
        return Grid(caption, ((Polynomial(),),), True, "too large to draw", bias)
    table = tuple(tuple(values[Entry("", (r, c))] for c in range(columns)) for r in range(rows))
    cut_note = [f"axis {axis} at {n // 2}" for axis, n in enumerate(spatial[:-2])]
    notes = (["first channel"] if any(n > 1 for n in size[:2]) else []) + cut_note
    return Grid(caption, table, (rows, columns) != (height, width), ", ".join(notes), bias)


def by(sizes: tuple[int, ...]) -> str:
    """``3x3``."""
    return "x".join(map(str, sizes))
