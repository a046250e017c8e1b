"""The error of the layer below as blocks: delta of layer l-1 is dE/da times the slope of the activation.

In: a derivation.  Out: blocks: what is sought, and, once dE/da is known, what it is.
"""

from __future__ import annotations

from symconv.forward import input_free, input_index, output_index
from symconv.layer import Conv
from symconv.report.blocks import Block, Convolution, Equation, Heading, Left, SlopeOf, TimesSlope, Whole
from symconv.report.gradients import is_full_convolution
from symconv.report.messages import Teller
from symconv.rules import renamed
from symconv.steps import Derivation, Gradient
from symconv.terms import At, Factor, Formula, PartialAt, Term


def goal(derivation: Derivation, tell: Teller) -> list[Block]:
    """What is sought: the error of layer l-1, by the chain rule."""
    definition, chained, _ = _below(derivation.layer)
    return [
        Heading(tell("below")),
        Equation((Left(definition), definition, chained), tell("reason.below"), "16"),
    ]


def joined(derivation: Derivation, tell: Teller) -> list[Block]:
    """The slope of the activation, and both factors together."""
    layer = derivation.layer
    closed = derivation.gradient(Gradient.INPUT).closed
    _, _, slope = _below(layer)
    blocks: list[Block] = [
        Heading(tell("below.join")),
        Equation((Left(slope), slope), tell("rule.ACTIVATION"), "25"),
    ]
    if derivation.activation != "f":
        blocks.append(Equation((SlopeOf(derivation.activation, False),)))
        blocks.append(Equation((SlopeOf(derivation.activation, True),), tell("reason.sympy")))
    side = Convolution(Whole("delta"), Whole("w")) if is_full_convolution(layer) else closed
    blocks.append(Equation((Whole("delta_below"), TimesSlope(side)), tell("reason.elementwise"), "26"))
    return blocks


def _below(layer: Conv) -> tuple[Formula, ...]:
    """Delta of layer l-1, as its definition, by the chain rule, and the derivative of the activation: at one index."""
    free, index = input_free(layer)
    at_z, at_a = At("z_below", index), At("a", index)
    error = At("E", ())
    sides: tuple[tuple[Factor, ...], ...] = (
        (PartialAt(error, at_z),),
        (PartialAt(error, at_a), PartialAt(at_a, at_z)),
        (At("fprime", index),),
    )
    names = {input_index(j): output_index(j) for j in range(layer.ndim)}
    tensors = ("delta_below", "delta_below", "da/dz")
    return tuple(
        renamed(Formula(tensor, free, index, layer.input_shape, (Term((), (), factors),)), names)
        for tensor, factors in zip(tensors, sides, strict=True)
    )
