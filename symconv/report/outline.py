"""Arranges a derivation, and its verdict if there is one, as blocks, in the order in which it is taught.

In: a `Derivation`, perhaps a `Verdict`.  Out: blocks.
Never: strings in any format's syntax, and never a formula that is not in the derivation.
"""

from __future__ import annotations

from collections.abc import Collection

from symconv.arrays import ArrayExpression, Correlate, Dilate, Input, Pad, Rotate, rot180, shape
from symconv.errors import InvalidOption
from symconv.forward import input_free, input_index, output_index
from symconv.layer import Conv
from symconv.polynomial import Polynomial
from symconv.report.blocks import (
    Block,
    Claim,
    Convolution,
    Descent,
    Equation,
    Finding,
    Heading,
    Left,
    Paragraph,
    Pictures,
    Reading,
    SlopeOf,
    TimesSlope,
    Where,
    Whole,
)
from symconv.report.grids import by, plane
from symconv.report.writer import options, swapped_operand
from symconv.rules import renamed
from symconv.steps import Derivation, EntryDerivation, Gradient, GradientDerivation, Verdict
from symconv.terms import At, Factor, Formula, PartialAt, Term

SECTIONS = ("input", "error", "weight", "bias", "update")
SHOWN_WEIGHTED_INPUTS = 9  # so many z are written out before the chain rule of one entry

PICTURES = {
    ("z", "corner"): "17",
    ("z", "edge"): "19",
    ("z", "interior"): "21",
    ("a", "corner"): "18",
    ("a", "edge"): "20",
    ("a", "interior"): "22",
    ("w", "corner"): "30",
    ("w", "edge"): "31",
    ("w", "interior"): "32",
}


def outline(
    derivation: Derivation, sections: Collection[str] = SECTIONS, verdict: Verdict | None = None
) -> list[Block]:
    """All blocks of a document.

    Parameters
    ----------
    derivation
        What is told.
    sections
        Which of input, error, weight, bias and update.
    verdict
        What was proved of it, if anything.

    Raises
    ------
    InvalidOption
        For an unknown section.
    """
    unknown = sorted(set(sections) - set(SECTIONS))
    if unknown or not sections:
        raise InvalidOption(f"unknown section {', '.join(unknown) or '(none)'}: choose of {', '.join(SECTIONS)}")
    blocks = [*_title(derivation.layer), *_forward(derivation)]
    if "error" in sections:
        blocks += _goal(derivation)
        if "input" in sections:
            blocks.append(Paragraph("First the left factor, then the right one."))
    if "input" in sections:
        blocks += _gradient(derivation, derivation.gradient(Gradient.INPUT))
    if "error" in sections:
        blocks += _error(derivation)
    if "weight" in sections:
        blocks += _gradient(derivation, derivation.gradient(Gradient.WEIGHT))
    if "bias" in sections and derivation.layer.bias:
        blocks += _gradient(derivation, derivation.gradient(Gradient.BIAS))
    if "update" in sections:
        blocks += _update(derivation.layer)
    return blocks + (verdict_outline(verdict) if verdict is not None else [])


def _title(layer: Conv) -> list[Block]:
    channels = f"{layer.in_channels} -> {layer.out_channels} channels" + (
        f" in {layer.groups} groups" if layer.groups > 1 else ""
    )
    sizes = f"input {by(layer.input_size)}, kernel {by(layer.kernel_size)}, output {by(layer.output_size)}"
    return [Heading(f"{layer!r}"), Paragraph(f"{sizes}; {channels}, batch {layer.batch}.")]


def _forward(derivation: Derivation) -> list[Block]:
    layer = derivation.layer
    kinds = ("layer l-1, input", "filter", "layer l, feature map")
    sizes = (layer.input_size, layer.kernel_size, layer.output_size)
    captions = [f"{kind} {by(size)}" for kind, size in zip(kinds, sizes, strict=True)]
    tensors = (("delta_below", layer.input_shape), ("w", layer.weight_shape), ("delta", layer.output_shape))
    grids = tuple(
        plane(Input(name, size), caption, bias=name == "w" and layer.bias)
        for (name, size), caption in zip(tensors, captions, strict=True)
    )
    return [
        Heading("Forward"),
        Paragraph(
            "The error flows along the same convolution as the activations: "
            "each entry of layer l is fed by the entries of layer l-1 under the filter."
        ),
        Pictures(grids, ("(*)", "->"), "14"),
        Equation((Left(derivation.forward), derivation.forward)),
        *_legend(layer, derivation.forward),
    ]


def _legend(layer: Conv, forward: Formula) -> list[Block]:
    lines = ["{E} is any differentiable function of the weighted inputs of layer l; delta is its derivative."]
    if forward.terms[0].guards:
        between = " and between its entries" if any(u > 1 for u in layer.input_dilation) else ""
        lines.append(f"Outside of the input{between} there are zeros: a term counts only where its entry exists.")
    if layer.flip:
        lines.append("The kernel is flipped in the forward map: a convolution in the sense of mathematics.")
    if layer.weight_layout == "IO":
        lines.append("The weight is laid out as in ConvTranspose: (input channels, output channels / groups, kernel).")
    return [Paragraph(line) for line in lines]


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


def _goal(derivation: Derivation) -> list[Block]:
    definition, chained, _ = _below(derivation.layer)
    return [
        Heading("The error of the layer below"),
        Equation((Left(definition), definition, chained), "definition of delta, chain rule", "16"),
    ]


def _gradient(derivation: Derivation, gradient: GradientDerivation) -> list[Block]:
    what = {"input": "the activations of layer l-1", "weight": "the weights", "bias": "the bias"}[gradient.of.value]
    shape = gradient.derived.numbers
    general = _indexed(gradient)
    entries = _entries(gradient, shape)
    blocks: list[Block] = [Heading(f"{gradient.of.value.capitalize()} gradient: the error by {what}")]
    blocks += [*entries, *general] if gradient.complete else [*general, *entries]
    return blocks + _closed(derivation.layer, gradient)


def place_name(indices: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Where an entry lies among the spatial positions: corner, edge, face or interior."""
    axes = [(at, n) for at, n in zip(indices, shape, strict=True)][2:]
    at_border = sum(at in (0, n - 1) for at, n in axes)
    if at_border == len(axes):
        return "corner"
    return {0: "interior", 1: "face" if len(axes) == 3 else "edge", 2: "edge"}.get(at_border, "border")


def _entries(gradient: GradientDerivation, shape: tuple[int, ...]) -> list[Block]:
    told = _chosen(gradient)
    blocks: list[Block] = []
    if not gradient.entries:
        return [Paragraph("Its entries have too many terms to be written out.")]
    if gradient.of is Gradient.BIAS:
        return [_chain(gradient, e) for e in gradient.entries[:1]]
    for e in told:
        if e.place and not gradient.complete:
            place = place_name(e.entry.indices, shape)
            blocks.append(Paragraph(f"{'An' if place[0] in 'ei' else 'A'} {place} entry:"))
        if gradient.of is Gradient.INPUT and len(e.weighted_inputs) <= SHOWN_WEIGHTED_INPUTS:
            picture = PICTURES.get(("z", e.place), "")
            blocks += [Equation((Polynomial.of(z), value), picture=picture) for z, value in e.weighted_inputs]
        blocks.append(_chain(gradient, e))
        if 0 < len(e.derivatives) <= SHOWN_WEIGHTED_INPUTS:
            blocks.append(Where(e.derivatives))
    others = [e for e in gradient.entries if e not in told]
    if others:
        blocks.append(Paragraph("The other entries in the same way:"))
        blocks += [Equation((e.steps[0].before, e.result)) for e in others]
    return blocks


def _chosen(gradient: GradientDerivation) -> list[EntryDerivation]:
    """Corner, edge and interior of a complete list; all that there are otherwise."""
    return [e for e in gradient.entries if e.place] or list(gradient.entries[:3])


def _chain(gradient: GradientDerivation, e: EntryDerivation) -> Equation:
    if len(e.steps) > 1 and not e.weighted_inputs:
        return Equation((e.steps[0].before, e.result), "no z contains this entry")
    sides = [e.steps[0].before, *(step.after for step in e.steps if step.rule.name != "DEFINITION_OF_DELTA")]
    rule = e.steps[0].rule.title if len(e.steps) == 1 else "chain rule"
    return Equation(tuple(sides), rule, PICTURES.get((gradient.of.tensor, e.place), ""))


def _indexed(gradient: GradientDerivation) -> list[Block]:
    blocks: list[Block] = [Paragraph("For every entry at once:")]
    start = gradient.indexed[0]
    blocks.append(Equation((Left(start.before), start.after), start.rule.title))
    blocks += [Equation((step.after,), step.rule.title) for step in gradient.indexed[1:-1]]
    return blocks


def _closed(layer: Conv, gradient: GradientDerivation) -> list[Block]:
    whole = Whole(gradient.of.symbol)
    if gradient.of is Gradient.BIAS:
        return [
            Paragraph("The sum of delta over batch and positions:"),
            Equation((Left(gradient.derived), gradient.derived), "recognise", "35"),
        ]
    correlation = _correlation(gradient.closed)
    around = _surroundings(correlation.operand)
    lead = {
        Gradient.INPUT: f"Induction: the sums are those of a correlation of delta{around} with the rotated kernel.",
        Gradient.WEIGHT: f"Induction: the sums are those of a correlation of the input{around} with delta "
        "as the kernel.",
    }[gradient.of]
    if layer.flip and gradient.of is Gradient.INPUT:
        lead = lead.replace("rotated kernel", "kernel as it is, for the forward map has rotated it already")
    if layer.flip and gradient.of is Gradient.WEIGHT:
        lead = lead.replace("as the kernel.", "as the kernel, rotated by 180 degrees in the end.")
    blocks: list[Block] = [Paragraph(lead), _induction(layer, gradient, correlation)]
    if gradient.of is Gradient.INPUT and is_full_convolution(layer):
        both = Convolution(Whole("delta"), Whole("w")), Reading(gradient.closed)
        blocks.append(Equation((whole, *both), "recognise", "24"))
        blocks.append(
            Paragraph("(* is the convolution of mathematics: it rotates the kernel by itself; corr does not.)")
        )
    blocks.append(Equation((whole, gradient.closed), "recognise"))
    return blocks


def is_full_convolution(layer: Conv) -> bool:
    """Whether dE/da is the full convolution of delta with the kernel, with nothing else to say."""
    return (
        not layer.flip
        and layer.groups == 1
        and all((a.stride, a.dilation, a.input_dilation, a.low, a.high) == (1, 1, 1, 0, 0) for a in layer.axes)
    )


def _correlation(node: ArrayExpression) -> Correlate:
    while not isinstance(node, Correlate):
        inner = swapped_operand(node)
        if inner is None and isinstance(node, Rotate):
            inner = node.operand
        if inner is None:
            raise TypeError(f"{type(node).__name__} holds no correlation")
        node = inner
    return node


def _induction(layer: Conv, gradient: GradientDerivation, correlation: Correlate) -> Pictures:
    operand, kernel = correlation.operand, correlation.kernel
    if gradient.of is Gradient.INPUT:
        result = plane(Input("delta_below", layer.input_shape), f"layer l-1, input {by(layer.input_size)}")
        captions = f"sensitive map {by(layer.output_size)}", "filter" if layer.flip else "flipped filter"
        picture = "23"
    else:
        turned = ", rot180" if layer.flip else ""
        result = plane(rotated_if(layer.flip, Input("dw", layer.weight_shape)),
                       f"gradient of the filter {by(layer.kernel_size)}: dE/dw{turned}")  # fmt: skip
        captions = f"input {by(layer.input_size)}", "delta as the filter"
        picture = "34"
    made, taps = _surroundings(operand, "to"), shape(kernel)[2:]
    around = f"{made} {by(shape(operand)[2:])}" if made else ""
    how = "".join(f", {option}" for option in options(correlation) if not option.startswith("groups"))
    grids = (plane(operand, captions[0] + around), plane(kernel, f"{captions[1]} {by(taps)}{how}"), result)
    return Pictures(grids, ("corr", "->"), picture)


def rotated_if(flip: bool, expression: ArrayExpression) -> ArrayExpression:
    """A kernel, rotated by 180 degrees in a flipped layer."""
    return rot180(expression) if flip else expression


def _surroundings(operand: ArrayExpression, to: str = "") -> str:
    """What was put between and around the entries of an operand, in words."""
    padding = [n for pair in operand.padding for n in pair] if isinstance(operand, Pad) else []
    inner = operand.operand if isinstance(operand, Pad) else operand
    dilated, padded, cropped = isinstance(inner, Dilate), any(n > 0 for n in padding), any(n < 0 for n in padding)
    if to:
        done = [word for word, is_so in (("dilated", dilated), ("padded", padded), ("cropped", cropped)) if is_so]
        return f", {' and '.join(done)} {to}" if done else ""
    places = [word for word, is_so in (("between", dilated), ("around", padded)) if is_so]
    zeros = f", with zeros put {' and '.join(places)} its entries," if places else ""
    return zeros + ((" and cropped," if zeros else ", cropped,") if cropped else "")


def _error(derivation: Derivation) -> list[Block]:
    layer = derivation.layer
    closed = derivation.gradient(Gradient.INPUT).closed
    _, _, slope = _below(layer)
    blocks: list[Block] = [
        Heading("The right factor, and both together"),
        Equation((Left(slope), slope), "activation", "25"),
    ]
    if derivation.activation != "f":
        blocks.append(Equation((SlopeOf(derivation.activation, False),)))
        blocks.append(Equation((SlopeOf(derivation.activation, True),), "differentiated by SymPy"))
    side = Convolution(Whole("delta"), Whole("w")) if is_full_convolution(layer) else closed
    blocks.append(Equation((Whole("delta_below"), TimesSlope(side)), "elementwise product", "26"))
    return blocks


def _update(layer: Conv) -> list[Block]:
    names = ("w", "b") if layer.bias else ("w",)
    return [
        Heading("Update"),
        Paragraph("Gradient descent with learning rate eta:"),
        *(Equation((Descent(name),), "gradient descent") for name in names),
    ]


def verdict_outline(verdict: Verdict) -> list[Block]:
    """The blocks of a verdict: what was found for each gradient, then the claim."""
    blocks: list[Block] = [Heading("Verdict")]
    for of, outcome in verdict.gradients.items():
        if of in verdict.given:
            blocks.append(Equation((Whole(of.symbol), verdict.given[of]), "the formula to be decided"))
        blocks.append(Finding(of.symbol, outcome))
    if not verdict.layer.bias:
        blocks.append(Paragraph("dE/db: not computed, the layer has no bias."))
    return [*blocks, Claim(verdict.status, f"scope: {verdict.scope}, {verdict.layer!r}")]
