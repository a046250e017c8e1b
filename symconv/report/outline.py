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
from symconv.report.definitions import definitions
from symconv.report.grids import by, plane, windowed
from symconv.report.messages import Teller
from symconv.report.statement import theorem
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
    derivation: Derivation, sections: Collection[str] = SECTIONS, verdict: Verdict | None = None, lang: str = "en"
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
    lang
        The language of its sentences.

    Raises
    ------
    InvalidOption
        For an unknown section.
    """
    unknown = sorted(set(sections) - set(SECTIONS))
    if unknown or not sections:
        raise InvalidOption(f"unknown section {', '.join(unknown) or '(none)'}: choose of {', '.join(SECTIONS)}")
    tell = Teller(lang)
    blocks = [*_title(derivation.layer, tell), *definitions(derivation.layer, tell), *_forward(derivation, tell)]
    if "error" in sections:
        blocks += _goal(derivation, tell)
        if "input" in sections:
            blocks.append(Paragraph(tell("below.plan")))
    if "input" in sections:
        blocks += _gradient(derivation, derivation.gradient(Gradient.INPUT), tell)
    if "error" in sections:
        blocks += _error(derivation, tell)
    if "weight" in sections:
        blocks += _gradient(derivation, derivation.gradient(Gradient.WEIGHT), tell)
    if "bias" in sections and derivation.layer.bias:
        blocks += _gradient(derivation, derivation.gradient(Gradient.BIAS), tell)
    if "update" in sections:
        blocks += _update(derivation.layer, tell)
    blocks += theorem(derivation, sections, tell)
    return blocks + (verdict_outline(verdict, tell) if verdict is not None else [])


def _title(layer: Conv, tell: Teller) -> list[Block]:
    counts = {"ins": layer.in_channels, "outs": layer.out_channels}
    grouped = {"groups": layer.groups} if layer.groups > 1 else {}
    channels = tell("channels.groups" if grouped else "channels", **counts, **grouped)
    sizes = {"input": by(layer.input_size), "kernel": by(layer.kernel_size), "output": by(layer.output_size)}
    return [Heading(f"{layer!r}"), Paragraph(tell("sizes", **sizes, channels=channels, batch=layer.batch))]


def _forward(derivation: Derivation, tell: Teller) -> list[Block]:
    layer = derivation.layer
    kinds = ("grid.input", "grid.filter", "grid.feature_map")
    sizes = (layer.input_size, layer.kernel_size, layer.output_size)
    captions = [tell(kind, size=by(size)) for kind, size in zip(kinds, sizes, strict=True)]
    tensors = (("delta_below", layer.input_shape), ("w", layer.weight_shape), ("delta", layer.output_shape))
    grids = tuple(
        plane(Input(name, size), caption, name == "w" and layer.bias, tell.lang)
        for (name, size), caption in zip(tensors, captions, strict=True)
    )
    return [
        Heading(tell("forward")),
        Paragraph(tell("forward.flow")),
        Pictures(grids, ("(*)", "->"), "14"),
        Equation((Left(derivation.forward), derivation.forward)),
        *_legend(layer, derivation.forward, tell),
    ]


def _legend(layer: Conv, forward: Formula, tell: Teller) -> list[Block]:
    keys = ["legend.E"]
    if forward.terms[0].guards:
        keys.append("legend.between" if any(u > 1 for u in layer.input_dilation) else "legend.outside")
    keys += ["legend.flip"] if layer.flip else []
    keys += ["legend.layout"] if layer.weight_layout == "IO" else []
    return [Paragraph(tell(key)) for key in keys]


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


def _goal(derivation: Derivation, tell: Teller) -> list[Block]:
    definition, chained, _ = _below(derivation.layer)
    return [
        Heading(tell("below")),
        Equation((Left(definition), definition, chained), tell("reason.below"), "16"),
    ]


def _gradient(derivation: Derivation, gradient: GradientDerivation, tell: Teller) -> list[Block]:
    general = _indexed(gradient, tell)
    entries = _entries(gradient, gradient.derived.numbers, tell)
    blocks: list[Block] = [Heading(tell(f"gradient.{gradient.of.value}"))]
    blocks += [*entries, *general] if gradient.complete else [*general, *entries]
    return blocks + _closed(derivation.layer, gradient, tell)


def place_name(indices: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Where an entry lies among the spatial positions: corner, edge, face or interior."""
    axes = [(at, n) for at, n in zip(indices, shape, strict=True)][2:]
    at_border = sum(at in (0, n - 1) for at, n in axes)
    if at_border == len(axes):
        return "corner"
    return {0: "interior", 1: "face" if len(axes) == 3 else "edge", 2: "edge"}.get(at_border, "border")


def _entries(gradient: GradientDerivation, shape: tuple[int, ...], tell: Teller) -> list[Block]:
    told = _chosen(gradient)
    blocks: list[Block] = []
    if not gradient.entries:
        return [Paragraph(tell("entries.long"))]
    if gradient.of is Gradient.BIAS:
        return [_chain(gradient, e, tell) for e in gradient.entries[:1]]
    for e in told:
        if e.place and not gradient.complete:
            blocks.append(Paragraph(tell(f"entry.{place_name(e.entry.indices, shape)}")))
        if gradient.of is Gradient.INPUT and len(e.weighted_inputs) <= SHOWN_WEIGHTED_INPUTS:
            picture = PICTURES.get(("z", e.place), "")
            blocks += [Equation((Polynomial.of(z), value), picture=picture) for z, value in e.weighted_inputs]
        blocks.append(_chain(gradient, e, tell))
        if 0 < len(e.derivatives) <= SHOWN_WEIGHTED_INPUTS:
            blocks.append(Where(e.derivatives))
    others = [e for e in gradient.entries if e not in told]
    if others:
        blocks.append(Paragraph(tell("entries.others")))
        blocks += [Equation((e.steps[0].before, e.result)) for e in others]
    return blocks


def _chosen(gradient: GradientDerivation) -> list[EntryDerivation]:
    """Corner, edge and interior of a complete list; all that there are otherwise."""
    return [e for e in gradient.entries if e.place] or list(gradient.entries[:3])


def _chain(gradient: GradientDerivation, e: EntryDerivation, tell: Teller) -> Equation:
    if len(e.steps) > 1 and not e.weighted_inputs:
        return Equation((e.steps[0].before, e.result), tell("reason.nothing"))
    sides = [e.steps[0].before, *(step.after for step in e.steps if step.rule.name != "DEFINITION_OF_DELTA")]
    rule = tell(f"rule.{e.steps[0].rule.name}" if len(e.steps) == 1 else "reason.chain")
    return Equation(tuple(sides), rule, PICTURES.get((gradient.of.tensor, e.place), ""))


def _indexed(gradient: GradientDerivation, tell: Teller) -> list[Block]:
    blocks: list[Block] = [Paragraph(tell("general"))]
    start = gradient.indexed[0]
    blocks.append(Equation((Left(start.before), start.after), tell(f"rule.{start.rule.name}")))
    return blocks + [Equation((step.after,), tell(f"rule.{step.rule.name}")) for step in gradient.indexed[1:-1]]


def _closed(layer: Conv, gradient: GradientDerivation, tell: Teller) -> list[Block]:
    whole, recognised = Whole(gradient.of.symbol), tell("rule.RECOGNISE")
    if gradient.of is Gradient.BIAS:
        return [
            Paragraph(tell("bias.sum")),
            Equation((Left(gradient.derived), gradient.derived), recognised, "35"),
        ]
    correlation = _correlation(gradient.closed)
    around = tell(_surroundings(correlation.operand))
    if gradient.of is Gradient.INPUT:
        kernel = tell("kernel.plain" if layer.flip else "kernel.rotated")
        lead = tell("induction.input", around=around, kernel=kernel)
    else:
        lead = tell("induction.weight.rotated" if layer.flip else "induction.weight", around=around)
    blocks: list[Block] = [Paragraph(lead), _induction(layer, gradient, correlation, tell)]
    if gradient.of is Gradient.INPUT and is_full_convolution(layer):
        both = Convolution(Whole("delta"), Whole("w")), Reading(gradient.closed)
        blocks.append(Equation((whole, *both), recognised, "24"))
        blocks.append(Paragraph(tell("convolution.note")))
    blocks.append(Equation((whole, gradient.closed), recognised))
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


def _induction(layer: Conv, gradient: GradientDerivation, correlation: Correlate, tell: Teller) -> Pictures:
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


def _surroundings(operand: ArrayExpression) -> str:
    """The message for what was put between and around the entries of an operand."""
    dilated, padded, cropped = _done(operand)
    zeros = {(False, False): "", (True, False): ".between", (False, True): ".around", (True, True): ".both"}
    return f"around{zeros[dilated, padded]}{'.crop' if cropped else ''}" if dilated or padded or cropped else (
        "around.none")  # fmt: skip


def _error(derivation: Derivation, tell: Teller) -> list[Block]:
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


def _update(layer: Conv, tell: Teller) -> list[Block]:
    names = ("w", "b") if layer.bias else ("w",)
    return [
        Heading(tell("update")),
        Paragraph(tell("update.rate")),
        *(Equation((Descent(name),), tell("rule.UPDATE")) for name in names),
    ]


def verdict_outline(verdict: Verdict, tell: Teller) -> list[Block]:
    """The blocks of a verdict: what was found for each gradient, then the claim."""
    blocks: list[Block] = [Heading(tell("verdict"))]
    for of, outcome in verdict.gradients.items():
        if of in verdict.given:
            blocks.append(Equation((Whole(of.symbol), verdict.given[of]), tell("reason.given")))
        blocks.append(Finding(f"${of.symbol}$", outcome))
    if not verdict.layer.bias:
        blocks.append(Paragraph(tell("verdict.no_bias")))
    return [*blocks, Claim(verdict.status, tell("verdict.scope", scope=tell("scope.shape"), layer=repr(verdict.layer)))]
