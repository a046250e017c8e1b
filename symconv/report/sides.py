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
from symconv.report.blocks import Condition, Convolution, Descent, Left, Reading, Side, SlopeOf, TimesSlope, Whole
from symconv.report.markup_latex import Latex
from symconv.report.mathml import MathML
from symconv.report.messages import say
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
            return writer.markup.elementwise(side(writer, inner), writer.slope(writer.whole("z_below")))
        case Descent(tensor):
            name = writer.named(tensor, "", ())
            step = writer.markup.product([writer.named("eta", "", ()), writer.gradient(tensor)])
            return writer.markup.arrow(name, writer.markup.total([(1, name), (-1, step)]))
        case SlopeOf(name, derivative):
            return _slope(writer, name, derivative)
        case Condition(guards):
            return writer.markup.listed([writer.guard(guard) for guard in guards])
        case (
            Input() | Pad() | Dilate() | Rotate() | Transpose() | Split() | Merge() | Correlate() | Sum() | Broadcast()
            | Add() | Scale()
        ):  # fmt: skip
            return writer.array(value)
        case _:
            assert_never(value)


def is_statement(value: Side) -> bool:
    """Whether a side that stands alone says something by itself; a sum continues the equation above it."""
    return isinstance(value, Descent | SlopeOf | Condition)


def whole(writer: Writer, tensor: str) -> str:
    """A tensor, or the gradient by it, as a whole."""
    if tensor.startswith("dE/d"):
        return writer.gradient(tensor.removeprefix("dE/d"))
    return writer.whole(tensor)


def _slope(writer: Writer, name: str, derivative: bool) -> str:
    """``f(z) = ...`` or ``f'(z) = ...``; the argument is called what the notation calls z."""
    found = activation(name)
    expression = found.derivative if derivative else found.function
    argument = writer.named("z", "", ())
    left = writer.slope(argument) if derivative else writer.markup.applied(writer.named("f", "", ()), argument)
    return writer.markup.equals(left, _expression(writer, expression, argument))


def _expression(writer: Writer, expression: sympy.Expr, argument: str) -> str:
    """An expression in one variable; SymPy writes it, but for the words between the cases of a piecewise one."""
    if isinstance(writer.markup, MathML):
        return _mathml(writer.markup, expression, argument)
    latex = isinstance(writer.markup, Latex)

    def written(part: sympy.Basic) -> str:
        if latex:
            return str(sympy.latex(part, symbol_names={VARIABLE: argument}))
        return str(part.subs(VARIABLE, sympy.Symbol(argument, real=True)))

    if not isinstance(expression, sympy.Piecewise):
        return written(expression)
    *cases, (other, _) = [(written(value), written(condition)) for value, condition in expression.args]
    lang = writer.markup.lang
    if latex:
        rows = [f"{value} & \\text{{{say('cases.if', lang)}}}\\ {condition}" for value, condition in cases]
        rows.append(f"{other} & \\text{{{say('cases.otherwise', lang)}}}")
        return "\\begin{cases} " + " \\\\ ".join(rows) + " \\end{cases}"
    told = [say("case", lang, value=value, condition=condition) for value, condition in cases]
    return ", ".join([*told, say("case.otherwise", lang, value=other)])


def _mathml(markup: MathML, expression: sympy.Expr, argument: str) -> str:
    """SymPy's own presentation, but for cases: it writes them as a call of `piecewise`."""

    def written(part: sympy.Basic) -> str:
        plain = unescape(mathml(part, printer="presentation")).replace("<mo>></mo>", "<mo>&gt;</mo>")
        return plain.replace(f"<mi>{VARIABLE}</mi>", argument)

    if not isinstance(expression, sympy.Piecewise):
        return written(expression)
    *cases, (other, _) = expression.args
    when = f"{markup.said('cases.if')}<mspace width='.4em'/>"
    rows = [(written(value), when + written(condition)) for value, condition in cases]
    return markup.cases([*rows, (written(other), markup.said("cases.otherwise"))])
