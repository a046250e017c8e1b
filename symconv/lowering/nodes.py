"""The language of array programs: what a fast convolution is made of, one node for one array.

In: sizes, which are numbers, the batch, or (where a program is proved for every shape) parameters.  Out: frozen nodes,
their shapes, and constructors that join neighbouring views.
Never: text, and never an opinion about speed. A loop is a node too (`Each`, `Total`), and its meaning is that of the
axis that it runs through: how a program is run and what it computes are read off the same data.

The closed forms of the theorem are the expressions of `symconv.arrays`; a program is an array of equal value that says
how to get there: flat windows, workspaces, loops over images and tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import assert_never, cast

from symconv.errors import InvalidExpression
from symconv.polynomial import Polynomial
from symconv.terms import Size, in_range, number

Shape = tuple[Size, ...]
Index = tuple[Polynomial, ...]


def axis(at: int) -> Polynomial:
    """The index along axis `at` of the array that a view makes.

    Examples
    --------
    >>> print(2 * axis(0) + axis(1))
    2*j0 + j1
    """
    return Polynomial.of(f"j{at}")


@dataclass(frozen=True)
class _Array:
    """What all nodes share, worked out once: the nodes that they read, a shape, the loops that they depend on."""

    @cached_property
    def operands(self) -> tuple[Node, ...]:
        """The nodes that are read, in order."""
        return _operands(cast("Node", self))

    @cached_property
    def shape(self) -> Shape:
        """The sizes of the array."""
        return _shape(cast("Node", self))

    @cached_property
    def _hash(self) -> int:
        return hash((type(self), *(getattr(self, field.name) for field in fields(cast("Node", self)))))

    def __hash__(self) -> int:
        """Kept, as nodes are shared: anew for each node that reads it, it would double with every step."""
        return self._hash

    @cached_property
    def free(self) -> frozenset[str]:
        """The loop variables that the array depends on."""
        return _free(cast("Node", self))

    @cached_property
    def given(self) -> frozenset[str]:
        """The names of the given arrays that it is made from."""
        node = cast("Node", self)
        own = {node.name} if isinstance(node, Operand) else set[str]()
        return frozenset(own.union(*(operand.given for operand in node.operands)))


@dataclass(frozen=True)
class Operand(_Array):
    """An array that is given."""

    name: str
    size: Shape
    __hash__ = _Array.__hash__


@dataclass(frozen=True)
class Pad(_Array):
    """Zeros around the last axes: `low` of them before, and up to the sizes `padded`; negative numbers crop.

    A loop may move the operand over the padded array: then `low` names its variable.
    """

    operand: Node
    low: Shape
    padded: Shape
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if len(self.low) != len(self.padded) or len(self.low) > len(self.operand.shape):
            raise InvalidExpression(f"Pad: expected two sizes for some of {len(self.operand.shape)} axes")


@dataclass(frozen=True)
class View(_Array):
    """``result[j0, j1, ...] = operand[index]``: windows, slices, transposes, one place of a loop."""

    operand: Node
    size: Shape
    index: Index
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if len(self.index) != len(self.operand.shape):
            raise InvalidExpression(f"View: expected {len(self.operand.shape)} indices but got {len(self.index)}")


@dataclass(frozen=True)
class Copy(_Array):
    """The same array, laid out anew in C order."""

    operand: Node
    __hash__ = _Array.__hash__


@dataclass(frozen=True)
class Merge(_Array):
    """`count` neighbouring axes, from `at` on, read as one, the last of them fastest."""

    operand: Node
    at: int
    count: int
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if not 0 <= self.at < self.at + self.count <= len(self.operand.shape):
            raise InvalidExpression(f"Merge: expected axes among {len(self.operand.shape)}")


@dataclass(frozen=True)
class Split(_Array):
    """Axis `at` read as several, of these sizes, the last of them fastest."""

    operand: Node
    at: int
    sizes: Shape
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if not 0 <= self.at < len(self.operand.shape):
            raise InvalidExpression(f"Split: expected an axis among {len(self.operand.shape)} but got {self.at}")
        whole = self.operand.shape[self.at]
        if Polynomial.of(product(self.sizes)) != Polynomial.of(whole):
            raise InvalidExpression(f"Split: expected sizes with the product {whole} but got {self.sizes}")


@dataclass(frozen=True)
class MatMul(_Array):
    """``result[..., i, j] = sum over k of left[..., i, k] * right[..., k, j]``; a single left matrix serves all."""

    left: Node
    right: Node
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        left, right = self.left.shape, self.right.shape
        if left[:-2] not in ((), right[:-2]) or left[-1] != right[-2]:
            raise InvalidExpression(f"MatMul: expected stacks of matrices that fit but got {left} and {right}")


@dataclass(frozen=True)
class Sum(_Array):
    """Summed over one axis, which disappears."""

    operand: Node
    at: int
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if not 0 <= self.at < len(self.operand.shape):
            raise InvalidExpression(f"Sum: expected an axis among {len(self.operand.shape)} but got {self.at}")


@dataclass(frozen=True)
class Each(_Array):
    """A new axis `at`, run through by a loop: at place v it holds `body`, which may read the variable."""

    variable: str
    count: Size
    body: Node
    at: int
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if not 0 <= self.at <= len(self.body.shape):
            raise InvalidExpression(f"Each: expected a place among {len(self.body.shape)} axes but got {self.at}")


@dataclass(frozen=True)
class Total(_Array):
    """The sum of `body` over all values of a variable, run through by a loop."""

    variable: str
    count: Size
    body: Node
    __hash__ = _Array.__hash__


@dataclass(frozen=True)
class Overlap(_Array):
    """``result[index] += operand[j0, j1, ...]`` into zeros: the opposite of a view.

    The axes `taps` of the operand are run through one place after the other; the others are added at once, so that no
    two of them may land on one place.
    """

    operand: Node
    size: Shape
    index: Index
    taps: tuple[int, ...]
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        axes = range(len(self.operand.shape))
        if len(self.index) != len(self.size) or not all(at in axes for at in self.taps):
            raise InvalidExpression(f"Overlap: expected {len(self.size)} indices, and taps among {len(axes)} axes")


Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Combine(_Array):
    """A new first axis: its place i holds ``sum over j of matrix[i][j] * parts[j]``, with constant exact numbers."""

    matrix: tuple[Row, ...]
    parts: tuple[Node, ...]
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        shapes = {part.shape for part in self.parts}
        if len(shapes) != 1 or {len(row) for row in self.matrix} != {len(self.parts)}:
            raise InvalidExpression(f"Combine: expected a number for each of {len(self.parts)} parts of one shape")


@dataclass(frozen=True)
class Circular(_Array):
    """``result[m, y] = sum over c and k of operand[c, (y + k) mod sizes] * kernel[m, c, k]``, by way of the FFT.

    The operand is (C, *P) and the kernel (M, C, *K); both are read as zero up to the sizes of the circle.
    """

    operand: Node
    kernel: Node
    sizes: Shape
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        operand, kernel = self.operand.shape, self.kernel.shape
        if len(operand) != len(self.sizes) + 1 or len(kernel) != len(self.sizes) + 2 or operand[0] != kernel[1]:
            raise InvalidExpression(f"Circular: expected (C, *P) and (M, C, *K) but got {operand} and {kernel}")


@dataclass(frozen=True)
class Take(_Array):
    """``result[..., j0, j1, ...] = operand[..., index]`` by a constant table; outside of the operand there are zeros.

    `index` says which place of the operand's last axes is read.
    """

    operand: Node
    size: Shape
    index: Index
    __hash__ = _Array.__hash__


WAVES = ("operand", "kernel", "result")


@dataclass(frozen=True)
class Waves(_Array):
    """One of the three constant matrices by which circular correlation along one axis is a product for each row.

    For indices t, k and j of a circle of n places, with `operand`, `kernel` and `result` for the three `parts`:
    ``sum over r of result[r, j] * operand[r, t] * kernel[r, k]`` is 1 where n divides ``t - j - k``, and 0 elsewhere.
    They hold the real waves of the discrete Fourier transform (`symconv.lowering.waves`).
    """

    part: str
    length: Size
    __hash__ = _Array.__hash__

    def __post_init__(self) -> None:
        if self.part not in WAVES:
            raise InvalidExpression(f"Waves: expected one of {', '.join(WAVES)} but got {self.part!r}")


def wave_count(length: Size) -> Size:
    """The rows of `Waves`: one product for the frequencies 0 and n/2, three for every one between them.

    Examples
    --------
    >>> wave_count(5), wave_count(6)
    (7, 8)
    """
    if not Polynomial.of(length).is_constant:
        return Polynomial.of(f"waves({length})")
    n = number(length)
    return n // 2 + 1 + 2 * ((n + 1) // 2 - 1)


Node = (
    Operand | Pad | View | Copy | Merge | Split | MatMul | Sum | Each | Total | Overlap | Combine
    | Circular | Take | Waves
)  # fmt: skip


def _operands(node: Node) -> tuple[Node, ...]:
    match node:
        case Operand() | Waves():
            return ()
        case MatMul(left, right):
            return (left, right)
        case Circular(operand, kernel):
            return (operand, kernel)
        case Combine(_, parts):
            return parts
        case Each() | Total():
            return (node.body,)
        case Pad() | View() | Copy() | Merge() | Split() | Sum() | Overlap() | Take():
            return (node.operand,)
        case _:
            assert_never(node)


def _shape(node: Node) -> Shape:
    match node:
        case Operand(_, size) | View(_, size, _) | Overlap(_, size, _, _):
            return size
        case Pad(operand, _, padded):
            return (*operand.shape[: -len(padded)], *padded)
        case Copy(operand):
            return operand.shape
        case Merge(operand, at, count):
            size = operand.shape
            return (*size[:at], product(size[at : at + count]), *size[at + count :])
        case Split(operand, at, sizes):
            return (*operand.shape[:at], *sizes, *operand.shape[at + 1 :])
        case MatMul(left, right):
            return (*right.shape[:-2], left.shape[-2], right.shape[-1])
        case Sum(operand, at):
            return (*operand.shape[:at], *operand.shape[at + 1 :])
        case Each(_, count, body, at):
            return (*body.shape[:at], count, *body.shape[at:])
        case Total(_, _, body):
            return body.shape
        case Combine(matrix, parts):
            return (len(matrix), *parts[0].shape)
        case Circular(_, kernel, sizes):
            return (kernel.shape[0], *sizes)
        case Take(operand, size, index):
            return (*operand.shape[: -len(index)], *size)
        case Waves(_, length):
            return (wave_count(length), length)
        case _:
            assert_never(node)


def _free(node: Node) -> frozenset[str]:
    read = frozenset[str]().union(*(operand.free for operand in node.operands))
    match node:
        case Each() | Total():
            return read - {node.variable}
        case View():
            return read | _loops(node.index)
        case Pad():
            return read | _loops(p for p in node.low if isinstance(p, Polynomial))
        case _:
            return read


def _loops(places: Iterable[Polynomial]) -> frozenset[str]:
    return frozenset(name for p in places for name in p.names if name.startswith("@"))


def product(sizes: Shape) -> Size:
    """The product of sizes; a number where it is one."""
    whole = Polynomial.of(1)
    for size in sizes:
        whole = whole * size
    return whole.constant if whole.is_constant else whole


def view(operand: Node, size: Shape, index: Index) -> Node:
    """A view; a view of a view is one view, and a view that changes nothing is none."""
    if isinstance(operand, View):
        values = {f"j{at}": p for at, p in enumerate(index)}
        return view(operand.operand, size, tuple(p.substitute(values) for p in operand.index))
    if size == operand.shape and index == tuple(axis(at) for at in range(len(size))):
        return operand
    return View(operand, size, index)


def transposed(operand: Node, order: tuple[int, ...]) -> Node:
    """Axis j of the result is axis ``order[j]`` of the operand."""
    size = operand.shape
    index = tuple(axis(order.index(at)) for at in range(len(size)))
    return view(operand, tuple(size[at] for at in order), index)


def swapped(operand: Node) -> Node:
    """The last two axes exchanged: a stack of transposed matrices."""
    last = len(operand.shape) - 1
    return transposed(operand, (*range(last - 1), last, last - 1))


def at_place(operand: Node, at: int, place: Polynomial | int) -> Node:
    """One place along axis `at`, which disappears."""
    size = (*operand.shape[:at], *operand.shape[at + 1 :])
    index = (*(axis(j) for j in range(at)), Polynomial.of(place), *(axis(j) for j in range(at, len(size))))
    return view(operand, size, index)


def ceil_divided(size: Size, by: Size) -> Size:
    """How many parts of so many hold all of a size: a number, or a parameter that stands for it."""
    if Polynomial.of(size).is_constant and Polynomial.of(by).is_constant:
        return -(-number(size) // number(by))
    return Polynomial.of(f"ceil({size}/{by})")


def merge(operand: Node, at: int, count: int) -> Node:
    """Neighbouring axes as one; a single one stays as it is."""
    return operand if count == 1 else Merge(operand, at, count)


def split(operand: Node, at: int, sizes: Shape) -> Node:
    """One axis as several; as one it stays as it is."""
    return operand if len(sizes) == 1 else Split(operand, at, sizes)


def loop(name: str) -> str:
    """The name of a loop variable, which no index of an array has."""
    return f"@{name}"


def check(node: Node) -> None:
    """Refuse a program that reads or writes a place that is not there, by exact interval arithmetic.

    What is left of the check is Python's: a program with this check passed is safe to run with strides.

    Raises
    ------
    InvalidExpression
        If a place is out of bounds, or is not seen to be in bounds.
    """
    _check(node, {}, set())


def _check(node: Node, loops: Mapping[str, Size], seen: set[tuple[Node, tuple[tuple[str, Size], ...]]]) -> None:
    """Check what is not yet seen; `loops` are those around a node, which it may depend on."""
    around = tuple((name, loops[name]) for name in sorted(node.free))
    if (node, around) in seen:
        return
    seen.add((node, around))
    known = dict(loops)
    match node:
        case Each(variable, count) | Total(variable, count):
            known[variable] = count
        case View(operand, size, index):
            _check_places(node, index, operand.shape, size, known)
        case Overlap(operand, size, index):
            _check_places(node, index, size, operand.shape, known)
        case _:
            pass
    for operand in node.operands:
        _check(operand, known, seen)


def _check_places(node: Node, index: Index, shape: Shape, size: Shape, loops: Mapping[str, Size]) -> None:
    ranges = {f"j{at}": n for at, n in enumerate(size)} | dict(loops)
    for place, whole in zip(index, shape, strict=True):
        if not in_range(place, whole, ranges):
            raise InvalidExpression(f"{type(node).__name__}: {place} may leave the axis of size {whole}")
