"""Vectorised: the same program without loops, for machines on which a loop of Python costs more than what it computes.

In: any array program.  Out: one of equal value without `Each`, `Total` and `Copy`.
Never: an algorithm, or a loop left in silence: what cannot be given an axis for its loop is refused.

A loop is an axis: ``Each(v, count, body, at)`` has an array of its body for every v, so the body is computed with one
axis more, for all v at once. A loop that adds up products of matrices is one product, over the longer axis (v, k).
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from symconv.errors import InvalidExpression
from symconv.lowering.nodes import (
    Circular,
    Combine,
    Copy,
    Each,
    MatMul,
    Merge,
    Node,
    Operand,
    Overlap,
    Pad,
    Shape,
    Split,
    Sum,
    Take,
    Total,
    View,
    Waves,
    axis,
    transposed,
    view,
)
from symconv.polynomial import Polynomial
from symconv.terms import Size, number


def vectorised(node: Node) -> Node:
    """The program with an axis in the place of each loop.

    Raises
    ------
    InvalidExpression
        If a loop has a convolution by way of the FFT in it, which has no axis for the batch.

    Examples
    --------
    >>> from symconv.lowering.nodes import Each, Operand, at_place, loop
    >>> image = at_place(Operand("a", (4, 3)), 0, Polynomial.of(loop("i")))
    >>> vectorised(Each(loop("i"), 4, image, 0))
    Operand(name='a', size=(4, 3))
    """
    match node:
        case Copy(operand):
            return vectorised(operand)
        case View(operand, size, index):
            return view(vectorised(operand), size, index)
        case Merge(operand, at, count):
            return _merged(vectorised(operand), at, count)
        case Each(variable, count, body, at):
            lifted = _Loop(variable, count).lifted(vectorised(body))
            return _reordered(lifted, (*range(1, at + 1), 0, *range(at + 1, len(lifted.shape))))
        case Total(variable, count, body):
            return _Loop(variable, count).summed(vectorised(body))
        case Operand() | Waves():
            return node
        case MatMul(left, right):
            return replace(node, left=vectorised(left), right=vectorised(right))
        case Circular(operand, kernel):
            return replace(node, operand=vectorised(operand), kernel=vectorised(kernel))
        case Combine(_, parts):
            return replace(node, parts=tuple(map(vectorised, parts)))
        case Pad() | Split() | Sum() | Overlap() | Take():
            return replace(node, operand=vectorised(node.operand))
        case _:
            assert_never(node)


class _Loop:
    """One loop: a variable, and how many values it has."""

    def __init__(self, variable: str, count: Size) -> None:
        self.variable, self.count = variable, count
        self.known: dict[Node, Node] = {}

    def lifted(self, node: Node) -> Node:
        """A new first axis: its place v holds what the node is for v."""
        if self.variable not in node.free:
            return self.repeated(node)
        if node not in self.known:
            self.known[node] = self.axis_added(node)
        return self.known[node]

    def repeated(self, node: Node) -> Node:
        """The same for every v."""
        size = node.shape
        return view(node, (self.count, *size), tuple(axis(at + 1) for at in range(len(size))))

    def axis_added(self, node: Node) -> Node:
        """A node that depends on the variable, for all of its values."""
        match node:
            case View(operand, size, index):
                moved = self.moved(index, len(size))
                if self.variable in operand.free:
                    return view(self.lifted(operand), (self.count, *size), (axis(0), *moved))
                return view(operand, (self.count, *size), moved)
            case Pad():
                return self.padded(node)
            case Merge(operand, at, count):
                return Merge(self.lifted(operand), at + 1, count)
            case Split(operand, at, sizes):
                return Split(self.lifted(operand), at + 1, sizes)
            case Sum(operand, at):
                return Sum(self.lifted(operand), at + 1)
            case MatMul(left, right):
                lead = right.shape[:-2]
                if not lead and self.variable not in right.free:  # one product, of all rows
                    return Split(MatMul(_merged(self.lifted(left), 0, 2), right), 0, (self.count, left.shape[0]))
                single = len(left.shape) == 2 and self.variable not in left.free
                return MatMul(left if single else self.stacked(left, lead), self.stacked(right, lead))
            case Overlap(operand, size, index, taps):
                moved = self.moved(index, len(operand.shape))
                return Overlap(self.lifted(operand), (self.count, *size), (axis(0), *moved), tuple(t + 1 for t in taps))
            case Combine(matrix, parts):
                rows = Combine(matrix, tuple(map(self.lifted, parts)))
                return transposed(rows, (1, 0, *range(2, len(rows.shape))))
            case Take(operand, size, index):
                return Take(self.lifted(operand), size, index)
            case Operand() | Waves() | Copy() | Circular() | Each() | Total():
                raise InvalidExpression(f"expected a node that has an axis for {self.variable} but got {node}")
            case _:
                assert_never(node)

    def moved(self, index: tuple[Polynomial, ...], axes: int) -> tuple[Polynomial, ...]:
        """An index of so many axes, behind the new one."""
        values = {f"j{at}": axis(at + 1) for at in range(axes)} | {self.variable: axis(0)}
        return tuple(p.substitute(values) for p in index)

    def padded(self, node: Pad) -> Node:
        """Zeros around; where the loop moves the operand, enough of them for all v, and for each v the part it has."""
        operand, lows = self.lifted(node.operand), tuple(map(Polynomial.of, node.low))
        if not any(self.variable in low.names for low in lows):
            return Pad(operand, node.low, node.padded)
        if self.variable not in node.operand.free:
            operand = node.operand
        values = [[low.substitute({self.variable: Polynomial.of(v)}) for v in self.values()] for low in lows]
        most = [max(number(low) for low in found) for found in values]
        least = [min(number(low) for low in found) for found in values]
        sizes = tuple(size + high - low for size, high, low in zip(node.padded, most, least, strict=True))
        whole = Pad(operand, tuple(most), sizes)
        kept = len(node.shape) - len(lows)
        places = (axis(kept + at) + high - low for at, (high, low) in enumerate(zip(most, lows, strict=True)))
        index = self.moved((*map(axis, range(kept)), *places), len(node.shape))
        return view(whole, (self.count, *node.shape), (axis(0), *index) if operand is not node.operand else index)

    def values(self) -> range:
        """All values of the variable, where their number is one."""
        return range(number(self.count))

    def stacked(self, node: Node, lead: Shape) -> Node:
        """Matrices (v, *lead, i, j): one for each v and each place of `lead`."""
        own = node.shape[:-2]
        free = self.variable in node.free
        size = (self.count, *lead, *node.shape[-2:])
        index = [axis(1 + at) for at in range(len(lead))] if own else []
        index += [axis(len(lead) + 1), axis(len(lead) + 2)]
        return view(self.lifted(node) if free else node, size, (axis(0), *index) if free else tuple(index))

    def summed(self, node: Node) -> Node:
        """The sum over all v."""
        if not isinstance(node, MatMul):
            return Sum(self.lifted(node), 0)
        axes = len(node.shape)
        lead = node.right.shape[:-2]
        left, right = self.stacked(node.left, lead), self.stacked(node.right, lead)
        rows = _reordered(left, (*range(1, axes), 0, axes))  # (*lead, i, v, k)
        columns = _reordered(right, (*range(1, axes - 1), 0, axes - 1, axes))  # (*lead, v, k, j)
        return MatMul(_merged(rows, axes - 1, 2), _merged(columns, axes - 2, 2))


def _merged(node: Node, at: int, count: int) -> Node:
    """Neighbouring axes as one; of axes that are merged ones, all at once."""
    if isinstance(node, Merge) and at <= node.at < at + count:
        return _merged(node.operand, at, count + node.count - 1)
    return Merge(node, at, count)


def _reordered(node: Node, order: tuple[int, ...]) -> Node:
    """Transposed, before axes are merged where they are: what is merged is written once, and in this order."""
    if order == tuple(range(len(order))):
        return node
    if not isinstance(node, Merge):
        return transposed(node, order)
    places = [[at] if at < node.at else [at + node.count - 1] for at in range(len(order))]
    places[node.at] = list(range(node.at, node.at + node.count))
    inner = _reordered(node.operand, tuple(place for at in order for place in places[at]))
    return _merged(inner, order.index(node.at), node.count)
