"""What a layer is, as blocks: its tensors and their shapes, the numbers along each axis, the axis relation."""

from __future__ import annotations

from symconv.forward import input_index, output_index, tap_index
from symconv.layer import Axis, Conv
from symconv.polynomial import Polynomial
from symconv.report.blocks import Block, Condition, Equation, Heading, Paragraph, Table
from symconv.report.grids import by
from symconv.report.messages import Teller
from symconv.terms import Equal, Within

NUMBERS = ("L", "K", "s", "d", "u", "p", "P", "t", "O", "r")


def definitions(layer: Conv, tell: Teller) -> list[Block]:
    """The section that everything below it refers to."""
    shapes = {"a": layer.input_shape, "w": layer.weight_shape, "b": layer.bias_shape, "z": layer.output_shape,
              "delta": layer.output_shape}  # fmt: skip
    tensors = [(f"${name}$", tell(f"tensor.{name}"), f"${by(size)}$") for name, size in shapes.items()
               if name != "b" or layer.bias]  # fmt: skip
    axes = [(f"${j}$", *(f"${n}$" for n in _numbers(axis))) for j, axis in enumerate(layer.axes)]
    columns = tuple(tell(f"column.{name}") for name in ("symbol", "meaning", "shape"))
    return [
        Heading(tell("definitions")),
        Table(columns, (*tensors, ("$E$", tell("tensor.E"), ""))),
        Paragraph(tell("hypotheses")),
        Table((tell("column.axis"), *(f"${name}$" for name in NUMBERS)), tuple(axes)),
        Paragraph(tell("relation")),
        *(Equation((_relation(j, axis),)) for j, axis in enumerate(layer.axes)),
    ]


def _numbers(axis: Axis) -> tuple[int, ...]:
    """The numbers of an axis, in the order of `NUMBERS`."""
    return (axis.input_size, axis.kernel_size, axis.stride, axis.dilation, axis.input_dilation, axis.low, axis.high,
            axis.slack, axis.output_size, axis.remainder)  # fmt: skip


def _relation(j: int, axis: Axis) -> Condition:
    i, k, x = (Polynomial.of(name(j)) for name in (output_index, tap_index, input_index))
    return Condition((
        Equal(axis.input_dilation * x, axis.stride * i + axis.dilation * k - axis.low),
        Within(i, axis.output_size),
        Within(k, axis.kernel_size),
        Within(x, axis.input_size),
    ))  # fmt: skip
