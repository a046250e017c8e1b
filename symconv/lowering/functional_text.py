"""Pieces of text that functional programs are made of: lists over indices, sums of multiples, slices, names.

In: sizes, rows of numbers, names.  Out: text on lines as `ruff format` leaves them.
Never: a decision about what is computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.errors import InvalidExpression
from symconv.lowering.nodes import MatMul, Merge, Node, Operand, Shape
from symconv.lowering.statements import INDENT, WIDTH, Link, sequence
from symconv.polynomial import Polynomial, signed_sum
from symconv.terms import Size

INDICES = ("i", "j", "k", "p", "q", "r")


@dataclass(frozen=True)
class Choices:
    """A list of arrays, one for each value of some indices."""

    element: Link
    loops: tuple[tuple[str, int], ...]

    def lines(self, indent: str, before: str, after: str) -> list[str]:
        """The list on one line, else its loops on lines of their own."""
        loops = [f"for {name} in range({size})" for name, size in self.loops]
        whole = f"{indent}{before}[{' '.join([self.element.text, *loops])}]{after}"
        if len(whole) <= WIDTH:
            return [whole]
        inner = indent + INDENT
        inside = [inner + " ".join([self.element.text, *loops])]
        if len(inside[0]) > WIDTH:
            inside = [*self.element.lines(inner, "", ""), *(inner + loop for loop in loops)]
        return [f"{indent}{before}[", *inside, f"{indent}]{after}"]


def size_text(size: Polynomial) -> str:
    """A size or a place as an expression of Python, what is added before what is taken away.

    Examples
    --------
    >>> size_text(3 - 2 * Polynomial.of("i"))
    '3 - 2 * i'
    """
    terms = sorted(((c, " * ".join(map(str, m))) for m, c in size), key=lambda term: term[0] < 0)
    return signed_sum(terms, times=" * ")


def shape_tuple(shape: Shape) -> Link:
    """A shape as a tuple."""
    return sequence(size_text(Polynomial.of(size)) for size in shape)


def indices(wanted: int) -> list[str]:
    """Names of so many indices."""
    return list(INDICES[:wanted]) + [f"{INDICES[-1]}{at}" for at in range(wanted - len(INDICES))]


def label(node: Node) -> str:
    """A name for what is reshaped: by what it is made of, else by how its axes are."""
    if _leaves(node) == {"w"}:
        return "kernel"
    if _multiplied(node):
        return "result"
    return "columns" if isinstance(node, Merge) else "parts"


def _leaves(node: Node) -> set[str]:
    """The arrays that a node is made of."""
    if isinstance(node, Operand):
        return {node.name}
    return set[str]().union(*map(_leaves, node.operands))


def _multiplied(node: Node) -> bool:
    return isinstance(node, MatMul) or any(map(_multiplied, node.operands))


def fixed(size: Size) -> int:
    """A number of zeros, which no loop may change."""
    whole = Polynomial.of(size)
    if not whole.is_constant:
        raise InvalidExpression(f"Pad: expected a number but got {whole}: vectorise the program first")
    return whole.constant
