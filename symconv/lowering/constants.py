"""Constants of a printed module: tables of places that are looked up, and matrices of waves.

In: a `Take`.  Out: the flat places that it reads, and the lines that define them.
Never: a table that depends on the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from textwrap import wrap

from symconv.errors import InvalidExpression
from symconv.lowering.nodes import Take, View, axis
from symconv.lowering.statements import INDENT, WIDTH, sequence
from symconv.polynomial import Polynomial
from symconv.terms import number


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


@dataclass
class Constants:
    """What the functions of a module share: tables, and the lengths of the circles whose waves they read."""

    tables: list[Table] = field(default_factory=list)
    circles: set[int] = field(default_factory=set)


def place_table(node: Take, through: View | None = None) -> list[int]:
    """For every place of the result the flat place of the operand that it reads; past the last one where it is zero.

    With a view of all axes that are looked up, which the operand then is, the places are those of what is viewed.

    Examples
    --------
    >>> from symconv.lowering.nodes import Operand, axis
    >>> place_table(Take(Operand("a", (3,)), (2, 2), (2 * axis(0) + axis(1),)))
    [0, 1, 2, 3]
    """
    sizes = [number(size) for size in node.operand.shape[len(node.operand.shape) - len(node.index) :]]
    lines = [_Linear.of(p, len(node.size)) for p in node.index]
    inner = [] if through is None else [_Linear.of(p, len(node.index)) for p in through.index]
    whole = sizes if through is None else [number(size) for size in through.operand.shape]
    found = []
    for at in product(*(range(number(size)) for size in node.size)):
        places = [line.value(at) for line in lines]
        inside = all(0 <= place < size for place, size in zip(places, sizes, strict=True))
        if through is not None:
            places = [line.value(places) for line in inner]
        flat = 0
        for place, size in zip(places, whole, strict=True):
            flat = flat * size + place
        found.append(flat if inside else prod(whole))
    return found


@dataclass(frozen=True)
class _Linear:
    """``constant + sum of c_j * j``, in integers of any size."""

    constant: int
    coefficients: tuple[int, ...]

    @classmethod
    def of(cls, p: Polynomial, count: int) -> _Linear:
        coefficients = tuple(p.coefficient(f"j{j}") for j in range(count))
        if p != p.constant + sum((c * axis(j) for j, c in enumerate(coefficients)), start=Polynomial()):
            raise InvalidExpression(f"Take: expected a place that is linear in the indices but got {p}")
        return cls(p.constant, coefficients)

    def value(self, at: Sequence[int]) -> int:
        return self.constant + sum(c * j for c, j in zip(self.coefficients, at, strict=True))
