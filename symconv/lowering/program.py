"""Which array expressions a layer's program is made of: its closed forms, tidied.

In: a `Conv`.  Out: a `Program`, four array expressions.
Never: text. Other expressions of equal value may be chosen here one day; whatever is chosen is an `ArrayExpression`,
so that `symconv.arrays.meaning` reads it and it can be proved as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from symconv import closed
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
)
from symconv.layer import Conv


@dataclass(frozen=True)
class Program:
    """The array expressions of z, dE/da, dE/dw and dE/db; the last is None for a layer without bias."""

    forward: ArrayExpression
    input_gradient: ArrayExpression
    weight_gradient: ArrayExpression
    bias_gradient: ArrayExpression | None


def programs(layer: Conv) -> Program:
    """The expressions that are lowered for a layer.

    Examples
    --------
    >>> programs(Conv(3, 2)).bias_gradient
    Sum(operand=Input(name='delta', shape=(1, 1, 2)), axes=(0, 2))
    """
    return Program(
        tidied(closed.forward(layer)),
        tidied(closed.input_gradient(layer)),
        tidied(closed.weight_gradient(layer)),
        tidied(closed.bias_gradient(layer)) if layer.bias else None,
    )


def tidied(node: ArrayExpression) -> ArrayExpression:
    """The same array with no axis of size 1 split off and merged again: one group is no group.

    ``Merge(Transpose(Split(x, axis, 1), axes), at)`` is a `Transpose` where the axis that was split off is one of the
    two that are merged.

    Examples
    --------
    >>> tidied(Merge(Transpose(Split(Input("a", (2, 3, 5)), 1, 1), (2, 1, 0, 3)), 1))
    Transpose(operand=Input(name='a', shape=(2, 3, 5)), axes=(1, 0, 2))
    """
    node = _with_tidied_operands(node)
    match node:
        case Merge(Transpose(Split(operand, axis, 1), axes), at) if axes.index(axis) in (at, at + 1):
            return Transpose(operand, tuple(j - (j > axis) for j in axes if j != axis))
        case _:
            return node


def _with_tidied_operands(node: ArrayExpression) -> ArrayExpression:
    match node:
        case Input():
            return node
        case Correlate():
            return replace(node, operand=tidied(node.operand), kernel=tidied(node.kernel))
        case Add():
            return replace(node, left=tidied(node.left), right=tidied(node.right))
        case Pad() | Dilate() | Rotate() | Transpose() | Split() | Merge() | Sum() | Broadcast() | Scale():
            return replace(node, operand=tidied(node.operand))
        case _:
            assert_never(node)
