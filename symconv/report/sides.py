"""One side of an equation as a string: what text and LaTeX share."""

from __future__ import annotations

from html import unescape
from typing import assert_never

import sympy
from sympy.printing.mathml import mathml

from symconv.activations import VARIABLE, activation
from symconv.arrays import (
    Add,
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
from symconv.polynomial import Polynomial
from symconv.report.blocks import Convolution, Descent, Left, Reading, Side, SlopeOf, TimesSlope, Whole
from symconv.report.markup import Latex
from symconv.report.mathml import MathML
from symconv.report.writer import Writer
from symconv.terms import Formula

SHOWN_PRODUCTS = 16  # products of a long polynomial that are shown


def side(writer: Writer, value: Side) -> str:
    """Write one side of an equation."""
    match value:
        case Polynomial():
            return writer.polynomial(value, SHOWN_PRODUCTS)
        case Formula():
            return writer.formula(value)
        case Left(formula):
            return writer.result(formula)
        case Whole(tensor):
            return whole(writer, tensor)
        case Reading(expression):
            return writer.array(expression, numbers=False)
        case Convolution(left, right):
            return writer.markup.convolution(whole(writer, left.tensor), whole(writer, right.tensor))
        case TimesSlope(inner):
            slope = writer.markup.applied("f'", writer.whole("z_below"))
            return writer.markup.elementwise(side(writer, inner), slope)
        case Descent(tensor):
            name = writer.named(tensor, "", ())
            step = writer.markup.product([writer.markup.symbol("eta"), writer.gradient(tensor)])
            return writer.markup.arrow(name, writer.markup.total([(1, name), (-1, step)]))
        case SlopeOf(name, derivative):
            return _slope(writer, name, derivative)
        case (
            Input() | Pad() | Dilate() | Rotate() | Transpose() | Split() | Merge() | Correlate() | Sum() | Broadcast()
            | Add() | Scale()
        ):  # fmt: skip
            return writer.array(value)
        case _:
            assert_never(value)


def whole(writer: Writer, tensor: str) -> str:
    """A tensor, or the gradient by it, as a whole."""
    if tensor.startswith("dE/d"):
        return writer.gradient(tensor.removeprefix("dE/d"))
    return writer.whole(tensor)


def _slope(writer: Writer, name: str, derivative: bool) -> str:
    found = activation(name)
    expression = found.derivative if derivative else found.function
    match writer.markup:
        case Latex():
            written = sympy.latex(expression)
        case MathML():
            written = _mathml(expression)
        case _:
            written = _piecewise(expression)
    left = writer.markup.applied("f'" if derivative else "f", writer.markup.symbol(str(VARIABLE)))
    return writer.markup.equals(left, written)


def _piecewise(expression: sympy.Expr) -> str:
    if not isinstance(expression, sympy.Piecewise):
        return str(expression)
    *cases, (other, _) = expression.args
    return ", ".join(f"{value} if {condition}" for value, condition in cases) + f", {other} otherwise"


def _mathml(expression: sympy.Expr) -> str:
    """SymPy's own presentation, but for cases: it writes them as a call of `piecewise`."""
    if not isinstance(expression, sympy.Piecewise):
        return unescape(mathml(expression, printer="presentation")).replace("<mo>></mo>", "<mo>&gt;</mo>")
    *cases, (other, _) = expression.args
    rows = [(_mathml(value), f"<mtext>if </mtext>{_mathml(condition)}") for value, condition in cases]
    return MathML().cases([*rows, (_mathml(other), "<mtext>otherwise</mtext>")])
