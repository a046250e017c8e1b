"""Array expressions as data: what closed forms and lowered programs are made of.

Each node is one array operation with a literal meaning. `shape` gives its size and says what is wrong with a malformed
expression; `meaning` reads an expression as index notation. What is proved is what is lowered and what is drawn.
Never: numbers, NumPy, SymPy, or where a formula came from.

`Pad` and `Dilate` take one value for each of the *last* axes, so that ``Pad(delta, ((1, 1), (1, 1)))`` pads the two
spatial axes of an (N, M, H, W) array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import assert_never

from symconv.errors import InvalidExpression, shortened
from symconv.polynomial import Polynomial
from symconv.terms import (
    At,
    Binder,
    Divides,
    Formula,
    Guard,
    Term,
    Within,
    floor_divide,
    holds_always,
    index,
    number,
)


def _check_fields(node: ArrayExpression) -> None:
    """What every node does when it is made: exact types, so that equal nodes are the same node to any cache."""
    for field in fields(node):
        value = getattr(node, field.name)
        expected, fits = _FIELDS[field.name]
        if not fits(value):
            got = f"{field.name}={shortened(value)} (type {type(value).__name__})"
            raise InvalidExpression(f"{type(node).__name__}: expected {expected} but got {got}")


@dataclass(frozen=True)
class Input:
    """A named tensor: ``a``, ``w``, ``b`` or ``delta``."""

    name: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Pad:
    """Zeros around the last axes, (low, high) for each; negative amounts crop: positive sides first, then the crop."""

    operand: ArrayExpression
    padding: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Dilate:
    """``factor - 1`` zeros between neighbours along each of the last axes: entry j moves to factor*j."""

    operand: ArrayExpression
    factors: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Rotate:
    """Reversed along these axes; all spatial axes of a kernel reversed is the rotation by 180 degrees."""

    operand: ArrayExpression
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Transpose:
    """Axes in another order: axis j of the result is axis ``axes[j]`` of the operand."""

    operand: ArrayExpression
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Split:
    """One axis of size A*B read as two, of sizes A = `outer` and B."""

    operand: ArrayExpression
    axis: int
    outer: int

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Merge:
    """Two neighbouring axes, `axis` and the one after it, read as one."""

    operand: ArrayExpression
    axis: int

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Correlate:
    """The plain convolution layer without padding: a (N, C, *L) array under a (M, C/groups, *K) kernel.

    ``result[n, o, i] = sum over c, k of operand[n, c + (C/groups) * (o div (M/groups)), s*i + d*k] * kernel[o, c, k]``
    """

    operand: ArrayExpression
    kernel: ArrayExpression
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Sum:
    """Summed over these axes, which disappear."""

    operand: ArrayExpression
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Broadcast:
    """A vector repeated along all axes but `axis`: a bias."""

    operand: ArrayExpression
    shape: tuple[int, ...]
    axis: int = 1

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Add:
    """Two arrays of one shape, entry by entry."""

    left: ArrayExpression
    right: ArrayExpression

    def __post_init__(self) -> None:
        _check_fields(self)


@dataclass(frozen=True)
class Scale:
    """An array times an integer."""

    operand: ArrayExpression
    factor: int

    def __post_init__(self) -> None:
        _check_fields(self)


ArrayExpression = Input | Pad | Dilate | Rotate | Transpose | Split | Merge | Correlate | Sum | Broadcast | Add | Scale


def _ints(value: object) -> bool:
    return type(value) is tuple and all(type(n) is int for n in value)


def _pairs(value: object) -> bool:
    return type(value) is tuple and all(_ints(pair) and len(pair) == 2 for pair in value)


_NODE = ("an array expression", lambda value: isinstance(value, ArrayExpression))
_INTS = ("a tuple of ints", _ints)
_INT = ("an int", lambda value: type(value) is int)
_FIELDS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "operand": _NODE, "kernel": _NODE, "left": _NODE, "right": _NODE,
    "shape": _INTS, "factors": _INTS, "axes": _INTS, "stride": _INTS, "dilation": _INTS,
    "axis": _INT, "outer": _INT, "groups": _INT, "factor": _INT,
    "padding": ("a tuple of (low, high) pairs of ints", _pairs),
    "name": ("a name", lambda value: type(value) is str),
}  # fmt: skip


def operands(node: ArrayExpression) -> tuple[ArrayExpression, ...]:
    """The expressions that a node is made of."""
    match node:
        case Input():
            return ()
        case Correlate():
            return (node.operand, node.kernel)
        case Add():
            return (node.left, node.right)
        case Pad() | Dilate() | Rotate() | Transpose() | Split() | Merge() | Sum() | Broadcast() | Scale():
            return (node.operand,)
        case _:
            assert_never(node)


def rot180(kernel: ArrayExpression) -> Rotate:
    """The kernel rotated by 180 degrees: reversed along every spatial axis (all but the first two).

    Examples
    --------
    >>> rot180(Input("w", (1, 1, 3, 3))).axes
    (2, 3)
    """
    return Rotate(kernel, tuple(range(2, len(shape(kernel)))))


def shape(node: ArrayExpression) -> tuple[int, ...]:
    """The shape of an array expression.

    Raises
    ------
    InvalidExpression
        If the parts do not fit each other.

    Examples
    --------
    >>> delta = Input("delta", (1, 1, 2, 2))
    >>> shape(Pad(Dilate(delta, (2, 2)), ((1, 1), (0, -1))))
    (1, 1, 5, 2)
    """
    if not isinstance(node, ArrayExpression):
        raise InvalidExpression(f"expected an array expression but got {shortened(node)}")
    return _shape(node)


@lru_cache(maxsize=4096)
def _shape(node: ArrayExpression) -> tuple[int, ...]:
    match node:
        case Input(name, size):
            _demand(bool(name) and all(type(n) is int and n >= 1 for n in size), node, "positive sizes", size)
            return size
        case Pad(operand, padding):
            return _padded(node, shape(operand), padding)
        case Dilate(operand, factors):
            size = shape(operand)
            _demand(len(factors) <= len(size) and all(f >= 1 for f in factors), node, "factors >= 1", factors)
            kept = len(size) - len(factors)
            return size[:kept] + tuple(f * (n - 1) + 1 for f, n in zip(factors, size[kept:], strict=True))
        case Rotate(operand, axes):
            size = shape(operand)
            _demand(len(set(axes)) == len(axes) and all(0 <= a < len(size) for a in axes), node, "its axes", axes)
            return size
        case Transpose(operand, axes):
            size = shape(operand)
            _demand(sorted(axes) == list(range(len(size))), node, f"an order of the {len(size)} axes", axes)
            return tuple(size[a] for a in axes)
        case Split(operand, axis, outer):
            size = shape(operand)
            _demand(0 <= axis < len(size), node, f"an axis below {len(size)}", axis)
            _demand(outer >= 1 and size[axis] % outer == 0, node, f"a divisor of size {size[axis]}", outer)
            return (*size[:axis], outer, size[axis] // outer, *size[axis + 1 :])
        case Merge(operand, axis):
            size = shape(operand)
            _demand(0 <= axis < len(size) - 1, node, f"an axis below {len(size) - 1}", axis)
            return (*size[:axis], size[axis] * size[axis + 1], *size[axis + 2 :])
        case Correlate():
            return _correlated(node)
        case Sum(operand, axes):
            size = shape(operand)
            _demand(len(set(axes)) == len(axes) and all(0 <= a < len(size) for a in axes), node, "its axes", axes)
            return tuple(n for a, n in enumerate(size) if a not in axes)
        case Broadcast(operand, size, axis):
            _demand(0 <= axis < len(size), node, f"an axis below {len(size)}", axis)
            _demand(all(n >= 1 for n in size), node, "positive sizes", size)
            _demand(shape(operand) == (size[axis],), node, f"a vector of {size[axis]}", shape(operand))
            return size
        case Add(left, right):
            _demand(shape(left) == shape(right), node, f"two arrays of shape {shape(left)}", shape(right))
            return shape(left)
        case Scale(operand, factor):
            _demand(type(factor) is int, node, "an int factor", factor)
            return shape(operand)
        case _:
            assert_never(node)


def _demand(condition: bool, node: ArrayExpression, expected: str, got: object) -> None:
    if not condition:
        raise InvalidExpression(f"{type(node).__name__}: expected {expected} but got {got!r}")


def _padded(node: Pad, size: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    _demand(len(padding) <= len(size), node, f"at most {len(size)} pairs", padding)
    kept = len(size) - len(padding)
    padded = size[:kept] + tuple(n + low + high for n, (low, high) in zip(size[kept:], padding, strict=True))
    _demand(all(n >= 1 for n in padded), node, f"to leave at least one entry of {size} along each axis", padding)
    return padded


def _correlated(node: Correlate) -> tuple[int, ...]:
    operand, kernel, groups = shape(node.operand), shape(node.kernel), node.groups
    ndim = len(operand) - 2
    _demand(ndim >= 1 and len(kernel) == len(operand), node, f"a kernel with {len(operand)} axes", kernel)
    _demand(len(node.stride) == len(node.dilation) == ndim, node, f"{ndim} strides and dilations", node.stride)
    _demand(all(n >= 1 for n in node.stride + node.dilation), node, "strides and dilations >= 1", node.stride)
    _demand(groups >= 1 and operand[1] % groups == 0, node, f"groups dividing {operand[1]} channels", groups)
    _demand(kernel[0] % groups == 0, node, f"groups dividing {kernel[0]} output channels", groups)
    _demand(kernel[1] == operand[1] // groups, node, f"a kernel for {operand[1] // groups} channels", kernel[1])
    slack = [n - 1 - d * (k - 1) for n, k, d in zip(operand[2:], kernel[2:], node.dilation, strict=True)]
    _demand(min(slack) >= 0, node, f"a kernel that fits {operand[2:]}", kernel[2:])
    return (operand[0], kernel[0], *(t // s + 1 for t, s in zip(slack, node.stride, strict=True)))


def meaning(node: ArrayExpression, tensor: str, free: tuple[Binder, ...], at: tuple[Polynomial, ...]) -> Formula:
    """Read an expression as index notation: its entry at index `at`, for all values of the free indices.

    Every operation is read by its definition alone: padding is a range guard, dilation a divisibility guard, rotation
    the index ``size - 1 - j``, correlation a sum.

    Parameters
    ----------
    node
        The expression.
    tensor
        The name of the result in the formula.
    free
        The free indices and their ranges.
    at
        One index polynomial for each axis of the expression.

    Examples
    --------
    >>> x = Polynomial.of("x")
    >>> formula = meaning(Dilate(Input("delta", (3,)), (2,)), "g", (Binder("x", 5),), (x,))
    >>> formula.terms[0].guards
    (Divides(divisor=2, value=<Polynomial x>),)
    """
    reader = _Reader({b.name: number(b.size) for b in free})
    terms = tuple(reader.clean(term) for term in reader.read(node, at))
    return Formula(tensor, free, at, shape(node), terms)


class _Reader:
    """Reads one expression; what it holds is the range of every index met so far, so that fresh names stay fresh."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes

    def read(self, node: ArrayExpression, at: tuple[Polynomial, ...]) -> tuple[Term, ...]:
        match node:
            case Input(name, _):
                return (Term((), (), (At(name, at),)),)
            case Pad(operand, padding):
                kept = len(at) - len(padding)
                moved = tuple(p - low for p, (low, _) in zip(at[kept:], padding, strict=True))
                size = shape(operand)[kept:]
                inside = tuple(Within(p, n) for p, n in zip(moved, size, strict=True))
                return self.guarded(operand, (*at[:kept], *moved), inside)
            case Dilate(operand, factors):
                kept = len(at) - len(factors)
                whole = tuple(Divides(f, p) for f, p in zip(factors, at[kept:], strict=True))
                moved = tuple(floor_divide(p, f, self.sizes) for f, p in zip(factors, at[kept:], strict=True))
                return self.guarded(operand, (*at[:kept], *moved), whole)
            case Rotate(operand, axes):
                size = shape(operand)
                return self.read(operand, tuple(size[j] - 1 - p if j in axes else p for j, p in enumerate(at)))
            case Transpose(operand, axes):
                return self.read(operand, tuple(at[axes.index(j)] for j in range(len(axes))))
            case Split(operand, axis, outer):
                inner = shape(operand)[axis] // outer
                flat = inner * at[axis] + at[axis + 1]
                return self.read(operand, (*at[:axis], flat, *at[axis + 2 :]))
            case Merge(operand, axis):
                inner = shape(operand)[axis + 1]
                high = floor_divide(at[axis], inner, self.sizes)
                return self.read(operand, (*at[:axis], high, at[axis] - inner * high, *at[axis + 1 :]))
            case Correlate():
                return self.correlated(node, at)
            case Sum(operand, axes):
                rest = iter(at)
                summed = [(self.fresh(f"j{j}"), n) for j, n in enumerate(shape(operand)) if j in axes]
                names = iter([self.bind(name, n) for name, n in summed])
                whole_index = tuple(next(names) if j in axes else next(rest) for j in range(len(shape(operand))))
                return tuple(self.bound(t, summed) for t in self.read(operand, whole_index))
            case Broadcast(operand, _, axis):
                return self.read(operand, (at[axis],))
            case Add(left, right):
                return self.read(left, at) + self.read(right, at)
            case Scale(operand, factor):
                terms = self.read(operand, at)
                return tuple(Term(t.binders, t.guards, t.factors, factor * t.coefficient) for t in terms)
            case _:
                assert_never(node)

    def correlated(self, node: Correlate, at: tuple[Polynomial, ...]) -> tuple[Term, ...]:
        n, o, *positions = at
        kernel = shape(node.kernel)
        summed = [(self.fresh("c"), kernel[1])]
        summed += [(self.fresh(f"k{j}"), size) for j, size in enumerate(kernel[2:])]
        c, *taps = (self.bind(name, size) for name, size in summed)
        group = floor_divide(o, kernel[0] // node.groups, self.sizes)
        read = tuple(s * i + d * k for s, i, d, k in zip(node.stride, positions, node.dilation, taps, strict=True))
        left = self.read(node.operand, (n, kernel[1] * group + c, *read))
        right = self.read(node.kernel, (o, c, *taps))
        return tuple(self.bound(_product(x, y), summed) for x in left for y in right)

    def guarded(
        self, operand: ArrayExpression, at: tuple[Polynomial, ...], guards: tuple[Guard, ...]
    ) -> tuple[Term, ...]:
        return tuple(Term(t.binders, guards + t.guards, t.factors, t.coefficient) for t in self.read(operand, at))

    def fresh(self, wanted: str) -> str:
        name = wanted
        while name in self.sizes:
            name += "'"
        self.sizes[name] = 1
        return name

    def bind(self, name: str, size: int) -> Polynomial:
        self.sizes[name] = size
        return index(name, size)

    def bound(self, term: Term, summed: list[tuple[str, int]]) -> Term:
        binders = tuple(Binder(name, size) for name, size in summed if size != 1)
        return Term(binders + term.binders, term.guards, term.factors, term.coefficient)

    def clean(self, term: Term) -> Term:
        """Without the guards that the ranges already give, and without those that say the same twice."""
        kept = dict.fromkeys(g for g in term.guards if not holds_always(g, self.sizes))
        return Term(term.binders, tuple(kept), term.factors, term.coefficient)


def _product(left: Term, right: Term) -> Term:
    return Term(
        left.binders + right.binders,
        left.guards + right.guards,
        left.factors + right.factors,
        left.coefficient * right.coefficient,
    )
