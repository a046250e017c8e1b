"""Pictures as grids of polynomials: planes of tensors and of array expressions, evaluated by their meaning.

In: a layer, or an array expression.  Out: rows of exact polynomials, cropped where they are large.
Never: a geometry of its own: what is shown is what is proved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from symconv.arrays import ArrayExpression, Correlate, Dilate, Input, Pad, Rotate, meaning, operands, shape
from symconv.enumeration import TooLarge, written_out
from symconv.polynomial import Entry, Polynomial
from symconv.report.messages import Teller
from symconv.terms import Binder, Formula

CROP = 8  # rows and columns that are shown at most
ENTRY, DILATION, PADDING = "entry", "dilation", "padding"  # what a cell is, and why it is zero
Cell = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """One plane of a tensor: its rows, a caption, and whether it was cropped.

    `kinds` says of each cell whether it is an entry, a zero of the dilation or a zero of the padding; `marked` are the
    cells to point at; `tensor` is what the cells are entries of.
    """

    caption: str
    rows: tuple[tuple[Polynomial, ...], ...]
    cropped: bool
    note: str = ""
    bias: bool = False
    kinds: tuple[tuple[str, ...], ...] = ()
    marked: frozenset[Cell] = frozenset()
    tensor: str = ""


def plane(expression: ArrayExpression, caption: str, bias: bool = False, lang: str = "en") -> Grid:
    """The last two axes (or the only spatial one) at the first channel, the other spatial axes in their middle.

    Examples
    --------
    >>> from symconv.arrays import Dilate, Input
    >>> grid = plane(Dilate(Input("delta", (1, 1, 2)), (2,)), "dilated")
    >>> [str(p) for p in grid.rows[0]]
    ['delta[0, 0, 0]', '0', 'delta[0, 0, 1]']
    >>> grid.kinds
    (('entry', 'dilation', 'entry'),)
    """
    tell = Teller(lang)
    size = shape(expression)
    spatial = size[2:]
    height, width = (1, spatial[0]) if len(spatial) == 1 else spatial[-2:]
    rows, columns = min(height, CROP), min(width, CROP)
    free = (Binder("row", rows), Binder("column", columns))
    middle = _middle(expression)[:-2]
    cut = tuple(map(Polynomial.of, middle))
    last = (Polynomial.of("column"),) if len(spatial) == 1 else (Polynomial.of("row"), Polynomial.of("column"))
    read = meaning(expression, "", free, (Polynomial(), Polynomial(), *cut, *last))
    picture = Formula("", free, (Polynomial.of("row"), Polynomial.of("column")), (rows, columns), read.terms)
    try:
        values = written_out(picture)
    except TooLarge:
        return Grid(caption, ((Polynomial(),),), True, tell("grid.too_large"), bias, ((PADDING,),))
    table = tuple(tuple(values[Entry("", (r, c))] for c in range(columns)) for r in range(rows))
    cut_note = [tell("grid.cut", axis=axis, at=at) for axis, at in enumerate(middle)]
    notes = ([tell("grid.first_channel")] if any(n > 1 for n in size[:2]) else []) + cut_note
    kinds = tuple(tuple(kind(expression, (*middle, *(r, c)[-len(spatial):])) for c in range(columns))
                  for r in range(rows))  # fmt: skip
    cropped = (rows, columns) != (height, width)
    return Grid(caption, table, cropped, ", ".join(notes), bias, kinds, tensor=_tensor(expression))


def _tensor(expression: ArrayExpression) -> str:
    """The first tensor that an expression is made of."""
    return expression.name if isinstance(expression, Input) else _tensor(operands(expression)[0])


def _middle(expression: ArrayExpression) -> tuple[int, ...]:
    """A spatial position in the middle; of a padded or dilated array one where there is an entry, if any is left."""
    size = shape(expression)[2:]
    match expression:
        case Pad(operand, padding):
            inner = [at + low for at, (low, _) in zip(_middle(operand), padding, strict=True)]
            return tuple(min(max(at, 0), n - 1) for at, n in zip(inner, size, strict=True))
        case Dilate(operand, factors):
            return tuple(f * at for f, at in zip(factors, _middle(operand), strict=True))
        case Rotate(operand, _):
            return tuple(n - 1 - at for n, at in zip(size, _middle(operand), strict=True))
        case _:
            return tuple(n // 2 for n in size)


def kind(expression: ArrayExpression, at: tuple[int, ...]) -> str:
    """What stands at a spatial position of an array: an entry, a zero of the padding, or one of the dilation.

    Examples
    --------
    >>> from symconv.arrays import Dilate, Input
    >>> padded = Pad(Dilate(Input("delta", (1, 1, 2)), (2,)), ((1, 1),))
    >>> [kind(padded, (x,)) for x in range(5)]
    ['padding', 'entry', 'dilation', 'entry', 'padding']
    """
    match expression:
        case Pad(operand, padding):
            moved = tuple(x - low for x, (low, _) in zip(at, padding, strict=True))
            inside = all(0 <= x < n for x, n in zip(moved, shape(operand)[2:], strict=True))
            return kind(operand, moved) if inside else PADDING
        case Dilate(operand, factors):
            whole = all(x % f == 0 for x, f in zip(at, factors, strict=True))
            return kind(operand, tuple(x // f for x, f in zip(at, factors, strict=True))) if whole else DILATION
        case _:
            return ENTRY


def windowed(operand: Grid, result: Grid, correlation: Correlate) -> tuple[Grid, Grid]:
    """Mark one entry of a result, and the cells of the operand that meet the kernel there.

    It is the entry whose window is shown whole and holds most entries; none with more than two spatial axes, where
    the planes of the two grids need not meet.
    """
    taps = shape(correlation.kernel)[2:]
    if len(taps) > 2 or not (operand.kinds and result.kinds):
        return operand, result
    size, strides, gaps = ((1,) * (2 - len(taps)) + t for t in (taps, correlation.stride, correlation.dilation))

    drawn = len(operand.kinds), len(operand.kinds[0])

    def window(at: Cell) -> frozenset[Cell]:
        """The cells under the kernel, as far as they are drawn."""
        rows, columns = (
            range(s * x, min(s * x + d * (n - 1) + 1, end), d)
            for s, x, d, n, end in zip(strides, at, gaps, size, drawn, strict=True)
        )
        return frozenset(product(rows, columns))

    def worth(at: Cell) -> tuple[bool, int]:
        shown = window(at)
        return len(shown) == size[0] * size[1], sum(operand.kinds[r][c] == ENTRY for r, c in shown)

    places = list(product(range(len(result.rows)), range(len(result.rows[0]))))
    best = max(places, key=worth)
    return replace(operand, marked=window(best)), replace(result, marked=frozenset({best}))


def by(sizes: tuple[int, ...]) -> str:
    """``3x3``."""
    return "x".join(map(str, sizes))
