"""The picture of a closed form: the operand with its zeros, the kernel over it, the result; and what its words are.

In: a gradient and the correlation that it is.  Out: a block, and the keys of messages.
"""

from __future__ import annotations

from symconv.arrays import ArrayExpression, Correlate, Dilate, Input, Pad, Rotate, rot180, shape
from symconv.layer import Conv
from symconv.report.blocks import Pictures
from symconv.report.grids import by, plane, windowed
from symconv.report.messages import Teller
from symconv.report.writer import options, swapped_operand
from symconv.steps import Gradient, GradientDerivation


def correlation_of(node: ArrayExpression) -> Correlate:
    """The correlation inside of a closed form."""
    while not isinstance(node, Correlate):
        inner = swapped_operand(node)
        if inner is None and isinstance(node, Rotate):
            inner = node.operand
        if inner is None:
            raise TypeError(f"{type(node).__name__} holds no correlation")
        node = inner
    return node


def induction(layer: Conv, gradient: GradientDerivation, correlation: Correlate, tell: Teller) -> Pictures:
    """The closed form as grids: what is correlated with what, and what comes out."""
    operand, kernel = correlation.operand, correlation.kernel
    if gradient.of is Gradient.INPUT:
        result = plane(Input("delta_below", layer.input_shape), tell("grid.input", size=by(layer.input_size)),
                       lang=tell.lang)  # fmt: skip
        captions = ("grid.sensitive", layer.output_size), "grid.unflipped" if layer.flip else "grid.flipped"
        picture = "23"
    else:
        caption = tell("grid.gradient.rotated" if layer.flip else "grid.gradient", size=by(layer.kernel_size))
        result = plane(rotated_if(layer.flip, Input("dw", layer.weight_shape)), caption, lang=tell.lang)
        captions = ("grid.operand", layer.input_size), "grid.delta_filter"
        picture = "34"
    made = tell(key, **({} if key == "made.none" else {"size": by(shape(operand)[2:])})) if (
        key := _made(operand)) else ""  # fmt: skip
    how = "".join(tell(f"option.{name}", value=value) for name, value in options(correlation) if name != "groups")
    (first, size), second = captions
    shown, result = windowed(plane(operand, tell(first, size=by(size), made=made), lang=tell.lang), result, correlation)
    turned = plane(kernel, tell(second, size=by(shape(kernel)[2:]), how=how), lang=tell.lang)
    return Pictures((shown, turned, result), ("corr", "->"), picture)


def rotated_if(flip: bool, expression: ArrayExpression) -> ArrayExpression:
    """A kernel, rotated by 180 degrees in a flipped layer."""
    return rot180(expression) if flip else expression


def _done(operand: ArrayExpression) -> tuple[bool, bool, bool]:
    """Whether an operand was dilated, padded and cropped."""
    padding = [n for pair in operand.padding for n in pair] if isinstance(operand, Pad) else []
    inner = operand.operand if isinstance(operand, Pad) else operand
    return isinstance(inner, Dilate), any(n > 0 for n in padding), any(n < 0 for n in padding)


def _made(operand: ArrayExpression) -> str:
    """The message for what was done to an operand, in a caption."""
    words = [word for word, done in zip(("dilated", "padded", "cropped"), _done(operand), strict=True) if done]
    return ".".join(["made", *(words or ["none"])])


def surroundings(operand: ArrayExpression) -> str:
    """The message for what was put between and around the entries of an operand."""
    dilated, padded, cropped = _done(operand)
    zeros = {(False, False): "", (True, False): ".between", (False, True): ".around", (True, True): ".both"}
    return f"around{zeros[dilated, padded]}{'.crop' if cropped else ''}" if dilated or padded or cropped else (
        "around.none")  # fmt: skip
