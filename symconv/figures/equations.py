"""What one entry of the result adds up, as it is written below a picture.

In: a sliding window, its boards and one frame.  Out: runs of text, line by line.
Never: dots. Channels, or the images of a batch, are summed over by a letter, for they all have the same products; what
the picture leaves out otherwise (other planes, cropped cells, long sums) is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arrays import shape
from symconv.figures.boards import Boards, Frame
from symconv.figures.labels import GRADIENTS, Runs, entry, left_side
from symconv.figures.scene import Run, width
from symconv.figures.speech import Speech
from symconv.geometry import Sliding, place
from symconv.polynomial import Entry
from symconv.report.notation import Names, written_order

SHOWN_PRODUCTS = 12  # products of an equation that are written
LISTED = 3  # so many values of an index are listed, of more the first and the last
STEMS = {"z": "c", "da": "o", "dw": "n"}  # the index that a result sums over, besides positions


@dataclass(frozen=True)
class Sum:
    """``result = Σ_o (δ_{o,0} w_{o,1} + 3 more products) + b``.

    `running` says, for each tensor, which axis of it the summed index stands on; empty where there is one channel.
    """

    result: Entry
    products: tuple[tuple[Entry, ...], ...]
    hidden: int
    stem: str
    count: int
    running: dict[str, int]
    bias: bool


def sum_of(window: Sliding, drawn: Boards, frame: Frame, bias: bool) -> Sum:
    """What a frame of a window adds up."""
    result = drawn.result.at(frame.result).place
    assert isinstance(result, Entry)
    value = drawn.products(frame)
    ordered = [factors for factors, _ in written_order(value)]
    products = tuple(tuple(f for f in factors if isinstance(f, Entry)) for factors in ordered[:SHOWN_PRODUCTS])
    count = shape(window.kernel)[1]
    return Sum(
        result, products, window.met(result.indices) - len(products), STEMS[window.tensor], count,
        _running(window) if count > 1 else {}, bias and result.tensor not in GRADIENTS,
    )  # fmt: skip


def _running(window: Sliding) -> dict[str, int]:
    """On which axis of each tensor the second axis of operand and kernel lies."""
    start = tuple(places[0] if places else 0 for places in window.entries)
    found: dict[str, int] = {}
    for array, at in ((window.operand, start), (window.kernel, (0,) * len(start))):
        here, there = place(array, (0, 0, *at)), place(array, (0, 1, *at))
        if isinstance(here, Entry) and isinstance(there, Entry):
            pairs = enumerate(zip(here.indices, there.indices, strict=True))
            found[here.tensor] = next(axis for axis, (one, other) in pairs if one != other)
    return found


def equation(names: Names, tell: Speech, said: Sum, size: float, room: float) -> list[Runs]:
    """An entry and the products that it adds up, in as many lines as the room asks for."""
    parts = _parts(names, tell, said)
    lines: list[Runs] = [(*left_side(names, said.result), Run(" = "), *parts[0])]
    for one in parts[1:]:
        longer = (*lines[-1], Run(" + "), *one)
        if 1.1 * width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append((Run("    + "), *one))
    return lines


def _parts(names: Names, tell: Speech, said: Sum) -> list[Runs]:
    """What stands between the plus signs."""
    inside = [_product(names, said, product) for product in said.products]
    inside += [tell("figure.one_more")] if said.hidden == 1 else []
    inside += [tell("figure.more", count=said.hidden)] if said.hidden > 1 else []
    if inside and said.running:
        several = len(inside) > 1
        inside[0] = (*_over(names, said), *((Run(" ("),) if several else (Run(" "),)), *inside[0])
        inside[-1] = (*inside[-1], *((Run(")"),) if several else ()))
    bias = [entry(names, Entry("b", (0,)))] if said.bias else []
    return [*inside, *bias] or [(Run("0"),)]


def _product(names: Names, said: Sum, factors: tuple[Entry, ...]) -> Runs:
    runs: Runs = ()
    for one in factors:
        axis = said.running.get(one.tensor)
        letter = (axis, said.stem) if axis is not None else None
        runs += ((Run(" "),) if runs else ()) + entry(names, one, letter)
    return runs


def _over(names: Names, said: Sum) -> Runs:
    """``Σ`` and the values that its index takes."""
    values = [str(n + names.notation.index_base) for n in range(said.count)]
    listed = values if said.count <= LISTED else [values[0], "…", values[-1]]
    return (Run("Σ"), Run(names.index_name(said.stem), -1, True), Run(f" = {', '.join(listed)}", -1))
