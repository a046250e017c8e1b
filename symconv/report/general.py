"""Arranges the theorem for every shape as blocks: hypotheses, each claim with its steps, side conditions, verdict.

In: a `GeneralVerdict`.  Out: blocks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from symconv import __version__
from symconv.closed import bias_gradient, input_gradient, weight_gradient
from symconv.layer import Conv
from symconv.proof.checker import STATEMENTS
from symconv.proof.obligations import statement
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Left, Paragraph, Whole
from symconv.report.data import general_verdict_data
from symconv.report.html_page import html_page
from symconv.report.latex import latex_text
from symconv.report.lines import Line
from symconv.report.markup import Latex, Text
from symconv.report.notation import STANDARD, Names
from symconv.report.text import lines_of_blocks
from symconv.report.writer import Writer
from symconv.steps import ClaimDerivation, GeneralVerdict, Rule

TITLES = {
    "forward": "The forward map: a, dilated by u and padded (p, P), under w; stride s, dilation d",
    "input": "dE/da: delta, dilated by s and padded (d(K-1) - p, d(K-1) - P + r), under w{}, channels exchanged; "
    "stride u, dilation d",
    "weight": "dE/dw: a, dilated by u and padded (p, P - r), under delta, over the batch; stride d, dilation s{}",
    "bias": "dE/db: delta, summed over the batch and all positions",
    "input.delta": "<v, dE/da> by delta: the forward map of v",
    "input.w": "<v, dE/da> by w: the weight gradient, with v for a",
    "weight.delta": "<v, dE/dw> by delta: the forward map, with v for w",
    "weight.a": "<v, dE/dw> by a: the input gradient, with v for w",
}

HYPOTHESES = (
    "Along every axis: stride s, dilation d, input dilation u, input size L and kernel size K, all >= 1; paddings p, P",
    "in Z; t = u(L-1) + p + P - d(K-1) >= 0, r = t mod s, O = t div s + 1. Any batch N, groups G, and C and M channels",
    "in a group.",
    "E is any differentiable function of z; delta = dE/dz. Coefficients from any commutative ring.",
)


def general_outline(verdict: GeneralVerdict) -> list[Block]:
    """All blocks of the theorem."""
    ndim, flip = verdict.layer.ndim, verdict.layer.flip
    blocks: list[Block] = [
        Heading(f"Every convolution layer with {ndim} spatial {'axis' if ndim == 1 else 'axes'}"
                + (" and a flipped kernel" if flip else "")),
        *map(Paragraph, HYPOTHESES),
    ]  # fmt: skip
    for claim in verdict.derivation.claims:
        blocks += _claim(claim, flip)
    blocks.append(Heading("Side conditions over the integers, each with a witness that the checker replays"))
    names = sorted({name for claim in verdict.derivation.claims for step in claim.steps for name in step.conditions})
    names += [f"{kind}, {what}" for kind in ("forward", "input", "weight") for what in ("size", "reads")]
    blocks += [Paragraph(f"{name}: {_condition(name)}") for name in names]
    if verdict.instance is not None:
        blocks += _instance(verdict.instance)
    blocks.append(Heading("Verdict"))
    blocks += [Finding(name, outcome) for name, outcome in verdict.gradients.items()]
    about = f", and so for {verdict.instance!r}" if verdict.instance is not None else ""
    return [*blocks, Claim(verdict.status, f"scope: every shape, {verdict.layer!r}{about}")]


def _claim(claim: ClaimDerivation, flip: bool) -> list[Block]:
    title = TITLES[claim.name].format(("" if flip else ", rotated by 180 degrees") if claim.name == "input" else
                                      (", and rotated by 180 degrees" if flip else ""))  # fmt: skip
    first, *rest = claim.steps
    blocks: list[Block] = [Heading(title)]
    sides = (first.after,) if first.rule is Rule.CHAIN_RULE else (first.before, first.after)
    blocks.append(Equation((Left(first.before), *sides), _rule(first.rule.title, first.conditions)))
    blocks += [Equation((step.after,), _rule(step.rule.title, step.conditions)) for step in rest]
    return blocks


def _rule(title: str, conditions: tuple[str, ...]) -> str:
    return f"{title}; needs: {'; '.join(conditions)}" if conditions else title


def _condition(name: str) -> str:
    hypotheses, *goals = statement(name)
    return f"if {hypotheses}, then {' if and only if '.join(goals)}"


def _instance(layer: Conv) -> list[Block]:
    forms = {"dE/da": input_gradient(layer), "dE/dw": weight_gradient(layer)}
    if layer.bias:
        forms["dE/db"] = bias_gradient(layer)
    sizes = [f"axis {j}: O = {axis.output_size}, r = {axis.remainder}" for j, axis in enumerate(layer.axes)]
    return [
        Heading(f"For {layer!r}"),
        Paragraph("; ".join(sizes)),
        *(Equation((Whole(of), form), "the theorem, with these numbers") for of, form in forms.items()),
    ]


@dataclass(frozen=True)
class GeneralDocument:
    """The theorem for every shape as a document: text, LaTeX, a web page and JSON."""

    verdict: GeneralVerdict

    def lines(self, *, unicode: bool = False) -> list[Line]:
        """The text line by line, each with the name of its style."""
        return general_lines(self.verdict, unicode=unicode)

    def text(self, *, unicode: bool = False) -> str:
        """The document as text: ASCII, or with the signs of Unicode."""
        return "\n".join(line.rstrip() for _, line in self.lines(unicode=unicode)).lstrip("\n") + "\n"

    def latex(self, *, fragment: bool = False) -> str:
        r"""The document as LaTeX; a `fragment` is its body, for ``\input``."""
        blocks = general_outline(self.verdict)
        return latex_text(blocks, self.verdict.instance or self.verdict.layer, STANDARD, fragment=fragment)

    def html(self) -> str:
        """The theorem as a page; with grids to point at where it is about a layer."""
        layer = self.verdict.instance or self.verdict.layer
        return html_page({"en": general_outline(self.verdict)}, layer, STANDARD, version=__version__)

    def json(self) -> str:
        """The verdict, with every step as text and as LaTeX, as one JSON object."""
        writers = {"text": Writer(Names(STANDARD, self.verdict.layer), Text()),
                   "latex": Writer(Names(STANDARD, self.verdict.layer), Latex())}  # fmt: skip
        claims = {
            claim.name: [
                {
                    "rule": step.rule.title,
                    "side_conditions": list(step.conditions),
                    **{form: f"{w.result(step.after)} = {w.formula(step.after)}" for form, w in writers.items()},
                }
                for step in claim.steps
            ]
            for claim in self.verdict.derivation.claims
        }
        conditions = {name: list(statement(name)) for name in STATEMENTS}
        data = general_verdict_data(self.verdict) | {"steps": claims, "side_conditions": conditions}
        return json.dumps(data, indent=2, ensure_ascii=True) + "\n"

    def __str__(self) -> str:
        return self.text()


def general_lines(verdict: GeneralVerdict, *, unicode: bool = False) -> list[Line]:
    """The theorem as styled lines of text."""
    layer = verdict.instance if verdict.instance is not None else verdict.layer
    split = general_outline(verdict)
    general = Names(STANDARD, verdict.layer)
    special = Names(STANDARD, layer)
    here = next((at for at, b in enumerate(split) if isinstance(b, Heading) and b.text.startswith("For Conv(")), None)
    if here is None:
        return list(lines_of_blocks(split, general, unicode=unicode))
    return [
        *lines_of_blocks(split[:here], general, unicode=unicode),
        *lines_of_blocks(split[here:], special, unicode=unicode),
    ]
