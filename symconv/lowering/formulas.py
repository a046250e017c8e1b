"""Array expressions as one-line formulas: ``corr(pad(dilate(delta, 2), 1), rot180(w))``.

In: an `ArrayExpression`.  Out: text for a reader, with the numbers of the layer at hand.
Never: code. What only names axes anew (exchange of channels, splitting into groups) is left out of the text, which
therefore reads as the formula does in a book; the statements under it say the rest.
"""

from __future__ import annotations

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
    shape,
)


def formula(node: ArrayExpression) -> str:
    """The formula of an array expression.

    Examples
    --------
    >>> from symconv.closed import input_gradient
    >>> from symconv.layer import Conv
    >>> formula(input_gradient(Conv((8, 8), (3, 3), stride=2, padding=1)))
    'corr(pad(dilate(delta, 2), ((1, 2), (1, 2))), rot180(w))'
    """
    match node:
        case Input(name, _):
            return name
        case Pad(operand, padding):
            return f"pad({formula(operand)}, {per_axis(padding)})"
        case Dilate(operand, factors):
            return f"dilate({formula(operand)}, {per_axis(factors)})"
        case Rotate(operand, axes):
            if axes == tuple(range(2, len(shape(operand)))):
                return f"rot180({formula(operand)})"
            return f"reverse({formula(operand)}, axes={axes})"
        case Transpose(operand, _) | Split(operand, _, _) | Merge(operand, _) | Broadcast(operand, _, _):
            return formula(operand)
        case Correlate():
            return f"corr({', '.join([formula(node.operand), formula(node.kernel), *_options(node)])})"
        case Sum(operand, axes):
            return f"sum({formula(operand)}, axes={axes})"
        case Add(left, right):
            return f"{formula(left)} + {formula(right)}"
        case Scale(operand, factor):
            return f"{factor} * ({formula(operand)})"
        case _:
            assert_never(node)


def per_axis(values: tuple[int | tuple[int, int], ...]) -> str:
    """One value for all axes where they agree, and one number for a pair of equals.

    Examples
    --------
    >>> per_axis((2, 2)), per_axis(((1, 1), (1, 1))), per_axis(((0, 1), (0, 1)))
    ('2', '1', '((0, 1), (0, 1))')
    """
    single = tuple(v[0] if isinstance(v, tuple) and v[0] == v[1] else v for v in values)
    if any(isinstance(v, tuple) for v in single):
        return str(values)
    return str(single[0] if len(set(single)) == 1 else single)


def _options(node: Correlate) -> list[str]:
    given = {"stride": node.stride, "dilation": node.dilation, "groups": (node.groups,)}
    return [f"{name}={per_axis(values)}" for name, values in given.items() if set(values) != {1}]
