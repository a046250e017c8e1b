"""Statements of Python as data, and their text on lines of at most 88 characters, as `ruff format` leaves them.

In: assignments of chains such as ``windows.transpose(0, 1, 3, 2).reshape(n, 6, 4)``.  Out: lines.
Never: a decision about what is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

WIDTH = 88
INDENT = "    "


@dataclass(frozen=True)
class Link:
    """One link of a chain: what stands before the brackets, what stands in them, and the brackets, if any."""

    head: str
    arguments: tuple[Link, ...] = ()
    brackets: str = "()"

    @property
    def text(self) -> str:
        """The link on one line."""
        inside = ", ".join(argument.text for argument in self.arguments)
        if not self.head and self.brackets == "()" and len(self.arguments) == 1:
            inside += ","  # else the brackets would only group
        return self.head + inside.join(self.brackets or ("", ""))

    def lines(self, indent: str, before: str, after: str) -> list[str]:
        """The link between two texts: on one line, else with its brackets broken, those of a tuple line by line."""
        whole = indent + before + self.text + after
        if len(whole) <= WIDTH or not self.arguments:
            return [whole]
        inner = indent + INDENT
        inside = [inner + ", ".join(argument.text for argument in self.arguments)]
        if not self.head or len(inside[0]) > WIDTH:
            inside = [line for argument in self.arguments for line in argument.lines(inner, "", ",")]
        opening, closing = self.brackets[0], self.brackets[1]
        return [indent + before + self.head + opening, *inside, indent + closing + after]


@dataclass(frozen=True)
class Statement:
    """``target = chain``; the target of a returned statement is only used where its chain takes several lines."""

    target: str
    chain: tuple[Link, ...]
    returned: bool = False

    @property
    def lines(self) -> list[str]:
        """The statement in the body of a function: on one line, else a statement a link."""
        before = "return " if self.returned else f"{self.target} = "
        line = INDENT + before + "".join(link.text for link in self.chain)
        if len(line) <= WIDTH:
            return [line]
        if len(self.chain) == 1:
            return self.chain[0].lines(INDENT, before, "")
        *most, last = self.chain
        again = replace(last, head=self.target + last.head)
        return Statement(self.target, tuple(most)).lines + Statement(self.target, (again,), self.returned).lines


@dataclass(frozen=True)
class Filling:
    """``array[places] = value``."""

    places: Link
    value: str

    @property
    def lines(self) -> list[str]:
        """The statement in the body of a function."""
        line = f"{INDENT}{self.places.text} = "
        if len(line + self.value) <= WIDTH:
            return [line + self.value]
        return [f"{line}(", 2 * INDENT + self.value, f"{INDENT})"]


def plain(text: str) -> Link:
    """Text without brackets of its own: a name, or a product of two."""
    return Link(text, brackets="")


def call(head: str, *arguments: str | Link) -> Link:
    """``head(arguments)``."""
    return Link(head, tuple(a if isinstance(a, Link) else plain(a) for a in arguments))


def sequence(items: Iterable[object]) -> Link:
    """A tuple."""
    return Link("", tuple(plain(str(item)) for item in items))


def option(name: str, items: Iterable[object]) -> Link:
    """``name=`` and a tuple."""
    return plain(f"{name}={sequence(items).text}")


def subscript(*slices: str) -> tuple[Link, ...]:
    """``[slices]`` without the full slices at the end; nothing where all are full."""
    kept = list(slices)
    while kept and kept[-1] == ":":
        kept.pop()
    return (Link("", tuple(map(plain, kept)), "[]"),) if kept else ()


def slice_text(start: str, stop: str, step: str = "") -> str:
    """A slice as formatters write it: with spaces about the colons where a part is a sum or a product.

    Examples
    --------
    >>> slice_text("start", "stop"), slice_text("start - low", "", ""), slice_text("", "n - 1", "2")
    ('start:stop', 'start - low :', ': n - 1 : 2')
    """
    shown = [start, stop, step] if step else [start, stop]
    if not any(" " in part for part in shown):
        return ":".join(shown)
    text = start
    for part in shown[1:]:
        text += f"{' ' if text else ''}:{' ' if part else ''}{part}"
    return text
