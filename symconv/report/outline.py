"""Arranges a derivation, and its verdict if there is one, as blocks, in the order in which it is taught.

In: a `Derivation`, perhaps a `Verdict`.  Out: blocks.
Never: strings in any format's syntax, and never a formula that is not in the derivation.
"""

from __future__ import annotations

from collections.abc import Collection

from symconv.arrays import Input
from symconv.errors import InvalidOption
from symconv.layer import Conv
from symconv.report import error_below
from symconv.report.blocks import Block, Claim, Descent, Equation, Finding, Heading, Left, Paragraph, Pictures, Whole
from symconv.report.definitions import definitions
from symconv.report.gradients import gradient_blocks
from symconv.report.grids import by, plane
from symconv.report.messages import Teller
from symconv.report.statement import theorem
from symconv.steps import Derivation, Gradient, Verdict
from symconv.terms import Formula

SECTIONS = ("input", "error", "weight", "bias", "update")


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
    tell, layer = Teller(lang), derivation.layer
    blocks = [*_title(layer, tell), *definitions(layer, tell), *_forward(derivation, tell)]
    if "error" in sections:
        blocks += error_below.goal(derivation, tell)
        if "input" in sections:
            blocks.append(Paragraph(tell("below.plan")))
    if "input" in sections:
        blocks += gradient_blocks(layer, derivation.gradient(Gradient.INPUT), tell)
    if "error" in sections:
        blocks += error_below.joined(derivation, tell)
    if "weight" in sections:
        blocks += gradient_blocks(layer, derivation.gradient(Gradient.WEIGHT), tell)
    if "bias" in sections and layer.bias:
        blocks += gradient_blocks(layer, derivation.gradient(Gradient.BIAS), tell)
    if "update" in sections:
        blocks += _update(layer, tell)
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
