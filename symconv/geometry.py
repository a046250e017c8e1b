"""Which entries a layer brings together, as data: what the pictures show.

In: a layer.  Out: for the forward map and both gradients, the array that a window slides over, place by place (an
entry, a zero put between entries, a zero put around them), and for every entry of the result its window.
Never: an equation of its own: places are read off `symconv.arrays.meaning` of the closed form, as the proof reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import product
from math import lcm
from typing import assert_never

from symconv.arrays import (
    Add,
    ArrayExpression,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    meaning,
    shape,
)
from symconv.closed import forward, input_gradient, weight_gradient
from symconv.errors import InvalidExpression
from symconv.layer import Conv
from symconv.polynomial import Atom, Entry, Polynomial, Quotient
from symconv.terms import At, Binder, Within

Index = tuple[int, ...]


class Zero(Enum):
    """Why a place of an array that was dilated and padded holds a zero."""

    BETWEEN = "put between the entries by dilation"
    AROUND = "put around the entries by padding"


Place = Entry | Zero


def place(expression: ArrayExpression, at: Index) -> Place:
    """What stands at one place of an array that is an input, moved about, dilated and padded.

    A place outside of what was padded is a zero around, else one that dilation skips is a zero between.

    Examples
    --------
    >>> wide = Pad(Dilate(Input("delta", (1, 1, 2)), (2,)), ((1, 0),))
    >>> [str(p) if isinstance(p, Entry) else p.name for p in (place(wide, (0, 0, j)) for j in range(4))]
    ['AROUND', 'delta[0, 0, 0]', 'BETWEEN', 'delta[0, 0, 1]']
    """
    terms = meaning(expression, "", (), tuple(map(Polynomial.of, at))).terms
    if len(terms) != 1 or len(terms[0].factors) != 1 or terms[0].binders:
        raise InvalidExpression(f"{type(expression).__name__}: expected an array whose places hold single entries")
    failed = terms[0].guards  # at numbers, a guard that holds is gone
    if failed:
        return Zero.AROUND if any(isinstance(guard, Within) for guard in failed) else Zero.BETWEEN
    (factor,) = terms[0].factors
    assert isinstance(factor, At)
    return Entry(factor.tensor, tuple(p.constant for p in factor.index))


@dataclass(frozen=True)
class Reading:
    """One tap of a window: which place of the operand meets which place of the kernel."""

    operand: Index
    kernel: Index


@dataclass(frozen=True)
class Sliding:
    """A map of a layer as a window that slides over an array: the correlation inside a closed form.

    Attributes
    ----------
    tensor
        What the result is called: ``"z"``, ``"da"`` or ``"dw"``.
    expression
        The closed form.

    Examples
    --------
    The entry in the middle of dE/da of the worked example, in the padded delta and the rotated kernel:

    >>> gradient = sliding(Conv((3, 3), (2, 2)), "input")
    >>> for one in gradient.window((0, 0, 1, 1)):
    ...     print(place(gradient.operand, one.operand), place(gradient.kernel, one.kernel))
    delta[0, 0, 0, 0] w[0, 0, 1, 1]
    delta[0, 0, 0, 1] w[0, 0, 1, 0]
    delta[0, 0, 1, 0] w[0, 0, 0, 1]
    delta[0, 0, 1, 1] w[0, 0, 0, 0]
    """

    tensor: str
    expression: ArrayExpression

    @cached_property
    def correlation(self) -> Correlate:
        """The correlation inside the closed form."""
        return _opened(self.expression)[0]

    @property
    def operand(self) -> ArrayExpression:
        """The array that the window slides over."""
        return self.correlation.operand

    @property
    def kernel(self) -> ArrayExpression:
        """What the window holds."""
        return self.correlation.kernel

    @property
    def shape(self) -> Index:
        """The shape of the result."""
        return shape(self.expression)

    @cached_property
    def reads(self) -> tuple[tuple[Polynomial, ...], tuple[Polynomial, ...], tuple[Binder, ...]]:
        """Where the correlation reads its operand and its kernel, for a free position, and the indices it sums over."""
        node = self.correlation
        bare = replace(node, operand=Input("operand", shape(node.operand)), kernel=Input("kernel", shape(node.kernel)))
        names = [f"at{axis}" for axis in range(len(shape(node)))]
        free = tuple(Binder(name, n) for name, n in zip(names, shape(node), strict=True))
        (term,) = meaning(bare, "", free, tuple(map(Polynomial.of, names))).terms
        operand, kernel = (f.index for f in term.factors if isinstance(f, At))
        return operand, kernel, term.binders

    def position(self, entry: Index) -> Index:
        """Where the correlation computes an entry of the result: elsewhere if the closed form moves its axes."""
        (term, *_) = meaning(_opened(self.expression)[1], "", (), tuple(map(Polynomial.of, entry))).terms
        (factor,) = term.factors
        assert isinstance(factor, At)
        return tuple(p.constant for p in factor.index)

    def window(self, entry: Index) -> Iterator[Reading]:
        """Every tap that an entry of the result is summed over; some meet zeros."""
        operand, kernel, summed = self.reads
        here = {f"at{axis}": n for axis, n in enumerate(self.position(entry))}
        for taps in product(*(range(int(Polynomial.of(b.size).constant)) for b in summed)):
            values = here | dict(zip((b.name for b in summed), taps, strict=True))
            yield Reading(_read(operand, values), _read(kernel, values))

    def along(self, axis: int, position: int, tap: int) -> int:
        """The place of the operand, along one spatial axis, that a tap meets at a position."""
        operand, _, _ = self.reads
        return _read((operand[2 + axis],), {f"at{2 + axis}": position, f"k{axis}": tap})[0]

    @cached_property
    def entries(self) -> tuple[range, ...]:
        """The places of the operand that hold entries, along each spatial axis: elsewhere stand zeros.

        Examples
        --------
        >>> sliding(Conv(6, 3, stride=2, padding=1), "input").entries
        (range(1, 6, 2),)
        """
        node, ndim = self.operand, len(shape(self.operand)) - 2
        pads = node.padding if isinstance(node, Pad) else ((0, 0),) * ndim
        inner = node.operand if isinstance(node, Pad) else node
        apart = inner.factors if isinstance(inner, Dilate) else (1,) * ndim
        found = []
        for (low, high), step, size in zip(pads, apart, shape(inner)[2:], strict=True):
            first = low if low >= 0 else low % step  # what lies before 0, or behind the end, is cropped
            found.append(range(first, low + size + min(high, 0), step))
        return tuple(found)

    def met(self, entry: Index) -> int:
        """How many products an entry of the result has in each channel that it sums over, counted axis by axis."""
        found = 1
        for axis, position in enumerate(self.position(entry)[2:]):
            taps = shape(self.kernel)[2 + axis]
            first = self.along(axis, position, 0)
            step = self.along(axis, position, 1) - first if taps > 1 else 1
            found *= _in_common(self.entries[axis], range(first, first + step * taps, step))
        return found

    def products(self, entry: Index) -> Polynomial:
        """An entry of the result as what its window adds up; a bias is not among it."""
        total = Polynomial()
        for one in self.window(entry):
            left, right = place(self.operand, one.operand), place(self.kernel, one.kernel)
            if isinstance(left, Entry) and isinstance(right, Entry):
                total = total + Polynomial.product(left, right)
        return total


def sliding(layer: Conv, of: str) -> Sliding:
    """The forward map (``"forward"``), dE/da (``"input"``) or dE/dw (``"weight"``) of a layer as a sliding window."""
    tensor, form = {
        "forward": ("z", forward),
        "input": ("da", input_gradient),
        "weight": ("dw", weight_gradient),
    }[of]
    return Sliding(tensor, form(layer))


def _in_common(one: range, other: range) -> int:
    """How many numbers two ranges that run upwards share."""
    shared = next((n for n in other[: one.step] if (n - one.start) % one.step == 0), None)
    if shared is None or not one:
        return 0
    low, high = max(one[0], other[0]), min(one[-1], other[-1])
    period = lcm(one.step, other.step)
    return max((high - shared) // period - max(-((shared - low) // period), 0) + 1, 0)


def _read(index: tuple[Polynomial, ...], values: Mapping[str, int]) -> Index:
    def value(atom: Atom) -> int:
        if isinstance(atom, Quotient):
            return atom.numerator.evaluate(value) // Polynomial.of(atom.divisor).evaluate(value)
        return values[str(atom)]

    return tuple(p.evaluate(value) for p in index)


def _opened(node: ArrayExpression) -> tuple[Correlate, ArrayExpression]:
    """The correlation inside an expression, and the expression with a plain array in its place."""
    match node:
        case Correlate():
            return node, Input("correlation", shape(node))
        case Add(left, _):
            return _opened(left)
        case Rotate() | Transpose() | Split() | Merge() | Pad() | Dilate() | Scale():
            found, hole = _opened(node.operand)
            return found, replace(node, operand=hole)
        case Input() | Sum() | Broadcast():
            raise InvalidExpression(f"{type(node).__name__}: expected an expression with a correlation in it")
        case _:
            assert_never(node)
