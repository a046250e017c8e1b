"""Constants of a printed module: tables of places that are looked up.

In: a `Take`.  Out: the flat places that it reads, and the lines that define them.
Never: a table that depends on the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from textwrap import wrap

import numpy as np
import numpy.typing as npt

from symconv.errors import InvalidExpression
from symconv.lowering.nodes import Index, Take, View
from symconv.lowering.statements import INDENT, WIDTH, sequence
from symconv.terms import number

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """A constant table of places, which the module defines."""

    name: str
    places: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def lines(self) -> list[str]:
        """The definition, broken where it is long."""
        numbers = list(map(str, self.places))
        ending = "" if len(self.shape) == 1 else f".reshape{sequence(self.shape).text}"
        whole = f"{self.name} = np.array([{', '.join(numbers)}]){ending}"
        if len(whole) <= WIDTH:
            return [whole]
        rows = wrap(", ".join(numbers), WIDTH - len(INDENT) - 4)
        return [f"{self.name} = np.array([", *(f"{INDENT}{row}" for row in rows), f"]){ending}  # fmt: skip"]


def place_table(node: Take, through: View | None = None) -> list[int]:
    """For every place of the result the flat place of the operand that it reads; past the last one where it is zero.

    With a view of all axes that are looked up, which the operand then is, the places are those of what is viewed.

    Examples
    --------
    >>> from symconv.lowering.nodes import Operand, axis
    >>> place_table(Take(Operand("a", (3,)), (2, 2), (2 * axis(0) + axis(1),)))
    [0, 1, 2, 3]
    """
    sizes = tuple(map(number, node.operand.shape[len(node.operand.shape) - len(node.index) :]))
    at = list(np.indices(tuple(map(number, node.size))).reshape(len(node.size), -1))
    places = _values(node.index, at)
    inside = np.all([(place >= 0) & (place < size) for place, size in zip(places, sizes, strict=True)], axis=0)
    if through is not None:
        sizes = tuple(map(number, through.operand.shape))
        places = _values(through.index, [np.where(inside, place, 0) for place in places])
    flat = np.zeros(inside.shape, np.int64)
    for place, size in zip(places, sizes, strict=True):
        flat = flat * size + place
    return [int(place) for place in np.where(inside, flat, prod(sizes))]


def _values(index: Index, at: Sequence[Places]) -> list[Places]:
    """Linear indices at places."""
    found = []
    for p in index:
        value = np.full(at[0].shape, p.constant, np.int64)
        for j, place in enumerate(at):
            value += p.coefficient(f"j{j}") * place
        if any(m not in ((), *((f"j{j}",) for j in range(len(at)))) for m in p.coefficients):
            raise InvalidExpression(f"Take: expected a place that is linear in the indices but got {p}")
        found.append(value)
    return found
