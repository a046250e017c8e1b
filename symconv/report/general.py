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
from symconv.report.blocks import Block, Claim, Equation, Finding, Heading, Items, Left, Paragraph, Whole
from symconv.report.data import general_verdict_data
from symconv.report.html_page import html_page
from symconv.report.latex import latex_of_blocks
from symconv.report.lines import Line
from symconv.report.markup_latex import Latex
from symconv.report.markup_text import Text
from symconv.report.messages import Teller, language, languages
from symconv.report.notation import STANDARD, Names, Notation
from symconv.report.pdf import pdf_bytes
from symconv.report.statement import condition
from symconv.report.text import lines_of_blocks
from symconv.report.writer import Writer
from symconv.steps import ClaimDerivation, GeneralVerdict, Gradient, IndexedStep, Rule

SYMBOLS = {of.value: of.symbol for of in Gradient}  # what the steps of a claim are about, as equations say it


def general_outline(verdict: GeneralVerdict, lang: str = "en") -> list[Block]:
    """All blocks of the theorem."""
    return [block for part in general_parts(verdict, lang) for block in part]


def general_parts(verdict: GeneralVerdict, lang: str = "en") -> tuple[list[Block], list[Block]]:
    """The blocks about every shape, and those about the layer that the theorem was asked for, with the verdict."""
    tell = Teller(lang)
    ndim, flip = verdict.layer.ndim, verdict.layer.flip
    axes, flipped = tell("every.axis" if ndim == 1 else "every.axes"), tell("every.flipped" if flip else "every.plain")
    blocks: list[Block] = [
        Heading(tell("every.title", ndim=ndim, axes=axes, flipped=flipped)),
        Paragraph(tell("every.hypotheses")),
        Paragraph(tell("every.ring")),
    ]
    for claim in verdict.derivation.claims:
        blocks += _claim(claim, flip, tell)
    blocks.append(Heading(tell("every.conditions")))
    names = sorted({name for claim in verdict.derivation.claims for step in claim.steps for name in step.conditions})
    names += [f"{kind}, {what}" for kind in ("forward", "input", "weight") for what in ("size", "reads")]
    blocks.append(Items(tuple((tell(f"condition.{name}"), condition(name, tell)) for name in names)))
    special = _instance(verdict.instance, tell) if verdict.instance is not None else []
    special.append(Heading(tell("verdict")))
    found = verdict.gradients.items()
    special += [Finding(tell(f"name.{name}"), outcome, SYMBOLS.get(name, name)) for name, outcome in found]
    about = {"scope": tell("scope.every"), "layer": repr(verdict.layer)}
    if verdict.instance is not None:
        scope = tell("verdict.scope.instance", instance=repr(verdict.instance), **about)
    else:
        scope = tell("verdict.scope", **about)
    return blocks, [*special, Claim(verdict.status, scope)]


def _claim(claim: ClaimDerivation, flip: bool, tell: Teller) -> list[Block]:
    turned = ".flip" if flip and claim.name in ("input", "weight") else ""
    first, *rest = claim.steps
    blocks: list[Block] = [Heading(tell(f"claim.{claim.name}{turned}"), SYMBOLS.get(claim.name, claim.name))]
    sides = (first.after,) if first.rule is Rule.CHAIN_RULE else (first.before, first.after)
    blocks.append(Equation((Left(first.before), *sides), _rule(first, tell)))
    blocks += [Equation((step.after,), _rule(step, tell)) for step in rest]
    return blocks


def _rule(step: IndexedStep, tell: Teller) -> str:
    title = tell(f"rule.{step.rule.name}")
    if not step.conditions:
        return title
    names = tell("separator;").join(tell(f"condition.{name}") for name in step.conditions)
    return tell("needs", rule=title, conditions=names)


def _instance(layer: Conv, tell: Teller) -> list[Block]:
    forms = {"dE/da": input_gradient(layer), "dE/dw": weight_gradient(layer)}
    if layer.bias:
        forms["dE/db"] = bias_gradient(layer)
    sizes = [
        tell("every.sizes", axis=j, size=axis.output_size, rest=axis.remainder) for j, axis in enumerate(layer.axes)
    ]
    return [
        Heading(tell("every.instance", layer=repr(layer))),
        Paragraph(tell("separator;").join(sizes)),
        *(Equation((Whole(of), form), tell("reason.instance")) for of, form in forms.items()),
    ]


@dataclass(frozen=True)
class GeneralDocument:
    """The theorem for every shape as a document: text, LaTeX, a web page and JSON."""

    verdict: GeneralVerdict
    notation: Notation = STANDARD
    lang: str = "en"

    def __post_init__(self) -> None:
        language(self.lang)

    @property
    def _parts(self) -> list[tuple[list[Block], Names]]:
        """The blocks, each with the names of the layer that it is about."""
        general, special = general_parts(self.verdict, self.lang)
        instance = self.verdict.instance or self.verdict.layer
        return [(general, Names(self.notation, self.verdict.layer)), (special, Names(self.notation, instance))]

    def lines(self, *, unicode: bool = False) -> list[Line]:
        """The text line by line, each with the name of its style."""
        return [line for blocks, names in self._parts for line in lines_of_blocks(blocks, names, unicode=unicode,
                                                                                  lang=self.lang)]  # fmt: skip

    def text(self, *, unicode: bool = False) -> str:
        """The document as text: ASCII, or with the signs of Unicode."""
        return "\n".join(line.rstrip() for _, line in self.lines(unicode=unicode)).lstrip("\n") + "\n"

    def latex(self, *, fragment: bool = False) -> str:
        r"""The document as LaTeX; a `fragment` is its body, for ``\input``."""
        return latex_of_blocks(self._parts, fragment=fragment, lang=self.lang)

    def pdf(self) -> bytes:
        """The document as PDF: its LaTeX compiled, where LaTeX is installed; the same bytes every time."""
        return pdf_bytes(self.latex(), self.lang)

    def html(self) -> str:
        """The theorem as a page; with grids to point at where it is about a layer."""
        layer = self.verdict.instance or self.verdict.layer
        tellings = {lang: general_outline(self.verdict, lang) for lang in languages(self.lang)}
        return html_page(tellings, layer, self.notation, version=__version__)

    def json(self) -> str:
        """The verdict, with every step as text and as LaTeX, as one JSON object."""
        writers = {"text": Writer(Names(self.notation, self.verdict.layer), Text()),
                   "latex": Writer(Names(self.notation, self.verdict.layer), Latex())}  # fmt: skip
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
