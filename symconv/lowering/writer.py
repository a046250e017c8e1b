"""The body of a function as it is written: names, what they hold, and the statements that gave them.

In: links of Python text and symbolic sizes.  Out: lines.
Never: array expressions. A size is an int or a multiple of n, the batch, which the body reads off an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from symconv.errors import InvalidExpression
from symconv.lowering.statements import INDENT, Filling, Link, Statement, call, plain
from symconv.polynomial import Polynomial, signed_sum

BATCH = Polynomial.of("n")

Sizes = tuple[Polynomial, ...]


@dataclass(frozen=True)
class Value:
    """What a name holds: its sizes, whether it is free of the inputs' memory, and whether it is surely in C order."""

    name: str
    sizes: Sizes
    fresh: bool = True
    ordered: bool = True


class Writer:
    """Writes one body; `source` is the array that n is read off, if there is one."""

    def __init__(self, taken: Iterable[str], source: str | None) -> None:
        self.names = {"n", "np", *taken}
        self.source = source
        self.statements: list[Statement | Filling] = []
        self.reads_batch = False

    @property
    def lines(self) -> list[str]:
        """The body; n is read only where a statement needs it."""
        first = [f"{INDENT}n = {self.source}.shape[0]"] if self.reads_batch else []
        return first + [line for statement in self.statements for line in statement.lines]

    def assign(
        self, wanted: tuple[str, str], sizes: Sizes, *links: Link, fresh: bool = True, ordered: bool = True
    ) -> Value:
        """A new value; `wanted` is its name and the array to name it after should that name be taken."""
        plainly, after = wanted
        numbered = (f"{plainly}_{after}_{at}" for at in count(2))
        name = next(name for name in chain((plainly, f"{plainly}_{after}"), numbered) if name not in self.names)
        self.names.add(name)
        self.statements.append(Statement(name, links))
        return Value(name, sizes, fresh, ordered)

    def view(self, wanted: tuple[str, str], value: Value, sizes: Sizes, *links: Link, ordered: bool = False) -> Value:
        """A value that may share the memory of another; without links it is the other."""
        if not links:
            return value
        first = replace(links[0], head=value.name + links[0].head)
        return self.assign(wanted, sizes, first, *links[1:], fresh=value.fresh, ordered=ordered)

    def fill(self, array: Value, value: Value, places: Link) -> None:
        """Write a value into some places of an array."""
        self.statements.append(Filling(replace(places, head=array.name), value.name))

    def reshape(self, before: Sizes, after: Sizes) -> tuple[Link, ...]:
        """The link that changes these sizes to those; none where they are the same."""
        return () if before == after else (call(".reshape", *self.texts(after)),)

    def texts(self, sizes: Sizes) -> tuple[str, ...]:
        """Sizes as expressions of Python."""
        self.reads_batch |= not all(size.is_constant for size in sizes)
        return tuple(signed_sum(((c, " * ".join(map(str, m))) for m, c in size), times=" * ") for size in sizes)

    def give_back(self, value: Value) -> None:
        """Return the value, copied where it may be a view."""
        if not value.fresh:
            self.statements.append(Statement("", (call(f"{value.name}.copy"),), returned=True))
        elif not value.ordered:
            self.statements.append(Statement("", (call("np.ascontiguousarray", value.name),), returned=True))
        elif isinstance(last := self.statements[-1], Statement) and last.target == value.name:
            self.statements[-1] = replace(last, returned=True)
        else:
            self.statements.append(Statement("", (plain(value.name),), returned=True))


def constants(sizes: Iterable[int]) -> Sizes:
    """Sizes that do not depend on the batch."""
    return tuple(map(Polynomial.of, sizes))


def number(size: Polynomial) -> int:
    """A size that must not depend on the batch."""
    if not size.is_constant:
        raise InvalidExpression(f"expected an axis of one size but got {size}, where n is the batch")
    return size.constant


def divided(size: Polynomial, by: int) -> Polynomial:
    """A size divided, for every batch alike."""
    if any(c % by for _, c in size):
        raise InvalidExpression(f"expected an axis that {by} divides but got {size}, where n is any batch")
    return Polynomial({m: c // by for m, c in size})


def strings(numbers: Iterable[int]) -> tuple[str, ...]:
    """Numbers as text."""
    return tuple(map(str, numbers))


def steps(strides: Sequence[int], sizes: Sequence[int]) -> list[str]:
    """Slices that take every so-manyth entry of axes of these sizes."""
    return [f"::{step}" if step > 1 and size > 1 else ":" for step, size in zip(strides, sizes, strict=True)]
