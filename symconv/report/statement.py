"""The theorem about one layer, and why it holds, as blocks: the closed forms, the rules, their side conditions."""

from __future__ import annotations

import re
from collections.abc import Collection

from symconv.general_derivation import EXTENT, REVERSE, SIFT
from symconv.proof.obligations import statement
from symconv.report.blocks import Block, Equation, Heading, Items, Left, Paragraph, Whole
from symconv.report.messages import Teller
from symconv.steps import Derivation, Gradient, GradientDerivation, Rule

# What each rule rests on, where sizes are symbols; the others rest on nothing.
CONDITIONS = {Rule.REINDEX: REVERSE, Rule.SIFT: SIFT, Rule.RECOGNISE: EXTENT}


def theorem(derivation: Derivation, sections: Collection[str], tell: Teller) -> list[Block]:
    """The theorem for the gradients that are told, and its proof; nothing if none is told."""
    gradients = [g for g in derivation.gradients if g.of.value in sections]
    if not gradients:
        return []
    used = {step.rule for g in gradients for step in g.indexed}
    rules = tuple((tell(f"rule.{rule.name}"), tell(f"says.{rule.name}")) for rule in Rule if rule in used)
    names = [name for rule, conditions in CONDITIONS.items() if rule in used for name in conditions]
    facts = tuple((tell(f"condition.{name}"), condition(name, tell)) for name in names)
    operations = [Paragraph(tell("theorem.operations"))] if any(g.of is not Gradient.BIAS for g in gradients) else []
    because: list[Block] = [Paragraph(tell("proof.conditions")), Items(facts)] if facts else []
    return [
        Heading(tell("theorem")),
        Paragraph(tell("theorem.says"), tell("theorem.lead")),
        *(_claim(g) for g in gradients),
        *operations,
        Paragraph(tell("proof.steps"), tell("proof.lead")),
        Items(rules),
        *because,
        Paragraph(f"{tell('proof.axes')} {tell('proof.end')}"),
    ]


def _claim(gradient: GradientDerivation) -> Equation:
    if gradient.of is Gradient.BIAS:
        return Equation((Left(gradient.derived), gradient.derived))
    return Equation((Whole(gradient.of.symbol), gradient.closed))


def condition(name: str, tell: Teller) -> str:
    """A side condition as a sentence; its divisor b is written D, for b is the bias."""
    hypotheses, *goals = ("$" + re.sub(r"\bb\b", "D", text) + "$" for text in statement(name))
    if len(goals) == 1:
        return tell("condition.if", hypotheses=hypotheses, goal=goals[0])
    return tell("condition.iff", hypotheses=hypotheses, goal=goals[0], other=goals[1])
