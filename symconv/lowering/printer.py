"""Array expressions as statements of NumPy: one node at a time, each read literally.

In: an `ArrayExpression` and the names of the arrays that it may read.  Out: the body of a function that returns it.
Never: a choice of algorithm, or the batch size: where an axis is as long as the batch is, the statements read n off
an array. A node that does nothing (a rotation of a 1x1 kernel) is not printed. What is returned shares no memory with
the arrays that were read, and lies in memory in the order of its indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
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
    operands,
    shape,
)
from symconv.errors import InvalidExpression
from symconv.lowering.statements import call, option, plain, sequence, subscript
from symconv.lowering.writer import BATCH, Sizes, Value, Writer, constants, divided, number, steps, strings
from symconv.polynomial import ONE, Polynomial

BATCHED = ("a", "delta")  # the arrays whose first axis is the batch
WINDOWS = "sliding_window_view"


def body(node: ArrayExpression, parameters: Sequence[str]) -> list[str]:
    r"""The body of a function of these parameters that returns the array.

    Raises
    ------
    InvalidExpression
        If the expression is malformed, reads an array that is not a parameter, or is well formed for one batch only.

    Examples
    --------
    >>> from symconv.closed import input_gradient
    >>> from symconv.layer import Conv
    >>> print(*body(input_gradient(Conv(5, 3, stride=2)), ("delta", "w")), sep="\n")
        n = delta.shape[0]
        dilated = np.zeros((n, 1, 3), delta.dtype)
        dilated[:, :, ::2] = delta
        padded = np.zeros((n, 1, 7), dilated.dtype)
        padded[:, :, 2:5] = dilated
        rotated = w[:, :, ::-1]
        windows = sliding_window_view(padded, (3,), axis=(2,))
        columns = windows.transpose(0, 1, 3, 2).reshape(n, 3, 5)
        kernel = rotated.reshape(1, 3)
        return kernel @ columns
    """
    printer = _Printer(node, parameters)
    printer.writer.give_back(printer.read(node))
    return printer.writer.lines


def inputs(node: ArrayExpression) -> Iterator[Input]:
    """The arrays that an expression reads, in order."""
    if isinstance(node, Input):
        yield node
    for operand in operands(node):
        yield from inputs(operand)


class _Printer:
    """Prints one expression; what it holds is the value of every node that was printed."""

    def __init__(self, node: ArrayExpression, parameters: Sequence[str]) -> None:
        batched = [found for found in inputs(node) if found.name in BATCHED]
        if len({found.shape[:1] for found in batched}) > 1 or any(not found.shape for found in batched):
            raise InvalidExpression(f"expected one batch size but got {', '.join(map(str, batched))}")
        self.parameters = parameters
        self.batch = batched[0].shape[0] if batched else 0
        self.writer = Writer((*parameters, WINDOWS), batched[0].name if batched else None)
        self.values: dict[ArrayExpression, Value] = {}

    def read(self, node: ArrayExpression) -> Value:
        """The value of a node, its statements printed unless they were before."""
        if node not in self.values:
            expected = shape(node)
            value = self.print(node)
            printed = tuple(size.evaluate(lambda _: self.batch) for size in value.sizes)
            _demand(printed == expected, node, constants(expected), value.sizes)
            self.values[node] = value
        return self.values[node]

    def print(self, node: ArrayExpression) -> Value:
        match node:
            case Input(name, size):
                return self.input(name, size)
            case Pad(_, padding):
                return self.cropped(node, self.padded(node, padding), padding)
            case Dilate():
                return self.dilated(node)
            case Rotate(operand, axes):
                value = self.read(operand)
                slices = ("::-1" if j in axes and size != ONE else ":" for j, size in enumerate(value.sizes))
                return self.writer.view(_named("rotated", node), value, value.sizes, *subscript(*slices))
            case Transpose(operand, axes):
                value = self.read(operand)
                sizes = tuple(value.sizes[j] for j in axes)
                moved = [j for j in axes if value.sizes[j] != ONE]
                links = (call(".transpose", *strings(axes)),) if sizes != value.sizes or moved != sorted(moved) else ()
                return self.writer.view(_named("transposed", node), value, sizes, *links)
            case Split(operand, axis, outer):
                sizes = self.read(operand).sizes
                parts = (Polynomial.of(outer), divided(sizes[axis], outer))
                return self.reshaped("split", node, self.read(operand), (*sizes[:axis], *parts, *sizes[axis + 1 :]))
            case Merge(operand, axis):
                sizes = self.read(operand).sizes
                merged = (*sizes[:axis], sizes[axis] * sizes[axis + 1], *sizes[axis + 2 :])
                return self.reshaped("merged", node, self.read(operand), merged)
            case Correlate():
                return self.correlated(node)
            case Sum(operand, axes):
                return self.summed(node) if axes else self.read(operand)
            case Broadcast(_, size, _):
                repeated = call("np.broadcast_to", self.along(node, constants(size)), sequence(size))
                return self.writer.assign(
                    _named("repeated", node), constants(size), repeated, fresh=False, ordered=False
                )
            case Add():
                return self.added(node)
            case Scale(operand, factor):
                value = self.read(operand)
                scaled = plain(f"np.array({factor}).astype({value.name}.dtype) * {value.name}")
                return self.writer.assign(_named("scaled", node), value.sizes, scaled, ordered=value.ordered)
            case _:
                assert_never(node)

    def input(self, name: str, size: tuple[int, ...]) -> Value:
        if name not in self.parameters:
            raise InvalidExpression(f"Input: expected one of {', '.join(self.parameters)} but got {name!r}")
        sizes = (BATCH, *constants(size[1:])) if name in BATCHED else constants(size)
        return Value(name, sizes, fresh=False, ordered=False)

    def padded(self, node: Pad, padding: tuple[tuple[int, int], ...]) -> Value:
        value = self.read(node.operand)
        kept = len(value.sizes) - len(padding)
        sizes, places = list(value.sizes), [":"] * kept
        for axis, (low, high) in enumerate(padding, start=kept):
            before, after = max(low, 0), max(high, 0)
            places.append(f"{before}:{before + number(sizes[axis])}" if before or after else ":")
            sizes[axis] += before + after
        return self.among_zeros("padded", node, value, tuple(sizes), places)

    def cropped(self, node: Pad, value: Value, padding: tuple[tuple[int, int], ...]) -> Value:
        kept = len(value.sizes) - len(padding)
        sizes, slices = list(value.sizes), [":"] * kept
        for axis, (low, high) in enumerate(padding, start=kept):
            before, after = max(-low, 0), max(-high, 0)
            slices.append(f"{before}:{number(sizes[axis]) - after}" if before or after else ":")
            sizes[axis] -= before + after
        return self.writer.view(_named("cropped", node), value, tuple(sizes), *subscript(*slices))

    def dilated(self, node: Dilate) -> Value:
        value = self.read(node.operand)
        kept = len(value.sizes) - len(node.factors)
        sizes, places = list(value.sizes), [":"] * kept
        for axis, factor in enumerate(node.factors, start=kept):
            places.append(f"::{factor}" if factor > 1 and sizes[axis] != ONE else ":")
            sizes[axis] += (factor - 1) * (number(sizes[axis]) - 1) if factor > 1 else 0
        return self.among_zeros("dilated", node, value, tuple(sizes), places)

    def among_zeros(self, wanted: str, node: ArrayExpression, value: Value, sizes: Sizes, places: list[str]) -> Value:
        """The value written into these places of zeros."""
        if value.sizes == sizes:
            return value
        zeros = call("np.zeros", sequence(self.writer.texts(sizes)), f"{value.name}.dtype")
        array = self.writer.assign(_named(wanted, node), sizes, zeros)
        self.writer.fill(array, value, *subscript(*places))
        return array

    def reshaped(self, wanted: str, node: ArrayExpression, value: Value, sizes: Sizes) -> Value:
        links = self.writer.reshape(value.sizes, sizes)
        return self.writer.view(_named(wanted, node), value, sizes, *links, ordered=value.ordered)

    def correlated(self, node: Correlate) -> Value:
        """The kernel as a matrix, times the columns of entries that lie under it."""
        value, kernel = self.read(node.operand), self.read(node.kernel)
        _demand(value.sizes[1] == node.groups * kernel.sizes[1], node, value.sizes, kernel.sizes)
        outputs, positions = kernel.sizes[0], constants(shape(node)[2:])
        by_group = (Polynomial.of(node.groups),) if node.groups > 1 else ()
        matrix = (*by_group, divided(outputs, node.groups), prod(kernel.sizes[1:], start=ONE))
        under = (*by_group, matrix[-1], prod(positions, start=ONE))
        columns = self.columns(node, value, kernel, (value.sizes[0], *under))
        rows = self.reshaped("kernel", node.kernel, kernel, matrix)
        sizes = (value.sizes[0], *matrix[:-1], under[-1])
        # left to itself, matmul lays out a stack of stacks in the order of its operands' memory
        stacks = call("np.matmul", rows.name, columns.name, 'order="C"')
        both = stacks if by_group else plain(f"{rows.name} @ {columns.name}")
        product = self.writer.assign(_named("product", node), sizes, both)
        return self.reshaped("correlated", node, product, (value.sizes[0], outputs, *positions))

    def columns(self, node: Correlate, value: Value, kernel: Value, sizes: Sizes) -> Value:
        """What lies under the kernel, one column for each of its positions."""
        lengths, taps = ([number(size) for size in sizes[2:]] for sizes in (value.sizes, kernel.sizes))
        ndim, positions = len(lengths), shape(node)[2:]
        spans = tuple(d * (k - 1) + 1 for d, k in zip(node.dilation, taps, strict=True))
        under = (*value.sizes[:2], *constants(positions), *constants(taps))
        starts = [length - span + 1 for length, span in zip(lengths, spans, strict=True)]
        visited = subscript(":", ":", *steps(node.stride, starts), *steps(node.dilation, taps))
        if max(taps) == 1:
            links = (*visited, *self.writer.reshape(under[: 2 + ndim], sizes))
            return self.writer.view(_named("columns", node), value, sizes, *links)
        window = call(WINDOWS, value.name, sequence(spans), option("axis", range(2, 2 + ndim)))
        windows = self.writer.assign(_named("windows", node), under, window, *visited, fresh=value.fresh, ordered=False)
        order = (0, 1, *range(2 + ndim, 2 + 2 * ndim), *range(2, 2 + ndim))
        links = (call(".transpose", *strings(order)), *self.writer.reshape(tuple(under[j] for j in order), sizes))
        return self.writer.view(_named("columns", node), windows, sizes, *links)

    def summed(self, node: Sum) -> Value:
        value = self.read(node.operand)
        sizes = tuple(size for j, size in enumerate(value.sizes) if j not in node.axes)
        total = call(f"{value.name}.sum", option("axis", node.axes), f"dtype={value.name}.dtype.type")
        return self.writer.assign(_named("summed", node), sizes, total, ordered=len(sizes) == 1)

    def added(self, node: Add) -> Value:
        """A vector that is repeated is left to NumPy to repeat, whatever the batch."""
        left, right = (node.right, node.left) if isinstance(node.left, Broadcast) else (node.left, node.right)
        value = self.read(left)
        other = Value(self.along(right, value.sizes), value.sizes) if isinstance(right, Broadcast) else self.read(right)
        _demand(other.sizes == value.sizes, node, value.sizes, other.sizes)
        both = plain(f"{value.name} + {other.name}")
        return self.writer.assign(_named("added", node), value.sizes, both, ordered=value.ordered and other.ordered)

    def along(self, node: Broadcast, sizes: Sizes) -> str:
        """The vector, with an axis of size 1 for each axis after its own."""
        vector = self.read(node.operand)
        _demand(vector.sizes == (sizes[node.axis],), node, vector.sizes, sizes)
        after = len(sizes) - node.axis - 1
        return f"{vector.name}[{', '.join([':', *['None'] * after])}]" if after else vector.name


def _named(wanted: str, node: ArrayExpression) -> tuple[str, str]:
    """A name, and what to add to it if it is taken: the array that the node reads, or that it belongs to the result."""
    if isinstance(node, Input):
        return wanted, node.name
    below, *_ = operands(node)
    return (wanted, "result") if isinstance(below, Correlate) else _named(wanted, below)


def _demand(agree: bool, node: ArrayExpression, *sizes: Sizes) -> None:
    if not agree:
        texts = " and ".join(sequence(size).text for size in sizes)
        raise InvalidExpression(f"{type(node).__name__}: expected sizes that agree for every batch n but got {texts}")
