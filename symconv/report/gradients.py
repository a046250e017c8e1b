"""One gradient as blocks: entries by the chain rule, the steps for all entries at once, the closed form.

In: the derivation of a gradient.  Out: blocks.
"""

from __future__ import annotations

from symconv.layer import Conv
from symconv.polynomial import Polynomial
from symconv.report.blocks import Block, Convolution, Equation, Heading, Left, Paragraph, Reading, Where, Whole
from symconv.report.induction import correlation_of, induction, surroundings
from symconv.report.messages import Teller
from symconv.steps import EntryDerivation, Gradient, GradientDerivation

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


def gradient_blocks(layer: Conv, gradient: GradientDerivation, tell: Teller) -> list[Block]:
    """Everything that is told of one gradient: a short one entry by entry first, a long one by its general formula."""
    general = _indexed(gradient, tell)
    entries = _entries(gradient, gradient.derived.numbers, tell)
    blocks: list[Block] = [Heading(tell(f"gradient.{gradient.of.value}"))]
    blocks += [*entries, *general] if gradient.complete else [*general, *entries]
    return blocks + _closed(layer, gradient, tell)


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
    correlation = correlation_of(gradient.closed)
    around = tell(surroundings(correlation.operand))
    if gradient.of is Gradient.INPUT:
        kernel = tell("kernel.plain" if layer.flip else "kernel.rotated")
        lead = tell("induction.input", around=around, kernel=kernel)
    else:
        lead = tell("induction.weight.rotated" if layer.flip else "induction.weight", around=around)
    blocks: list[Block] = [Paragraph(lead), induction(layer, gradient, correlation, tell)]
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
