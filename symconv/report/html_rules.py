"""What a step rests on, as HTML that expands: its rule, the side conditions that the rule asks for, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symconv.proof.checker import STATEMENTS
from symconv.report.blocks import Finding
from symconv.report.html_prose import Prose
from symconv.report.messages import CATALOGUE, Teller, say, translated
from symconv.report.statement import CONDITIONS, condition
from symconv.steps import Rule

TOGETHER = {  # reasons that name several rules
    "reason.chain": (Rule.CHAIN_RULE, Rule.DIFFERENTIATE),
    "reason.below": (Rule.DEFINITION_OF_DELTA, Rule.CHAIN_RULE),
}


def explained(prose: Prose, names: Mapping[str, str], finding: Finding | None) -> str:
    """A line that names the reason of a step (in each language), and expands to what stands behind it."""
    lang, name = next(iter(names.items()))
    rules = rules_of(name, lang)
    conditions = [key for key in STATEMENTS if f"condition.{key}" in CATALOGUE and _asked(key, name, lang, rules)]
    says = [f"<p>{_rule(prose, rule)}</p>" for rule in rules if f"says.{rule.name}" in CATALOGUE]
    inside = "".join([*says, *_conditions(prose, conditions), *_verdict(prose, rules, conditions, finding)])
    if not inside:
        return f'<p class="rule">{prose.said(names)}</p>'
    return f'<details class="rule"><summary>{prose.said(names)}</summary>{inside}</details>'


def rules_of(name: str, lang: str) -> tuple[Rule, ...]:
    """The rules that a reason is about.

    Examples
    --------
    >>> rules_of("筛选", "zh"), rules_of("sift; needs: sift, only", "en"), rules_of("something else", "en")
    ((<Rule.SIFT: ...>,), (<Rule.SIFT: ...>,), ())
    """
    for key, rules in TOGETHER.items():
        if name == say(key, lang):
            return rules
    fitting = [rule for rule in Rule if name.startswith(say(f"rule.{rule.name}", lang))]
    return tuple(sorted(fitting, key=lambda rule: -len(say(f"rule.{rule.name}", lang)))[:1])


def _asked(key: str, name: str, lang: str, rules: tuple[Rule, ...]) -> bool:
    """Whether a step asks for a side condition: it says so, or its rule does wherever sizes are symbols."""
    return say(f"condition.{key}", lang) in name or any(key in CONDITIONS.get(rule, ()) for rule in rules)


def _rule(prose: Prose, rule: Rule) -> str:
    return prose.leading(prose.tell(f"rule.{rule.name}")) + prose.tell(f"says.{rule.name}")


def _conditions(prose: Prose, names: list[str]) -> Iterator[str]:
    if not names:
        return
    told = [(prose.tell(f"condition.{name}"), prose.said(_statement(prose, name))) for name in names]
    items = "".join(f"<li>{prose.leading(title)}{text}</li>" for title, text in told)
    yield f'<p>{prose.tell("proof.conditions")}</p><ul class="conditions">{items}</ul>'


def _statement(prose: Prose, name: str) -> dict[str, str]:
    return {lang: condition(name, Teller(lang)) for lang in prose.langs}


def _verdict(prose: Prose, rules: tuple[Rule, ...], conditions: list[str], finding: Finding | None) -> Iterator[str]:
    """The status of what the step belongs to, with the evidence that speaks of this rule or of its side conditions."""
    if finding is None or not rules:
        return
    evidence = finding.outcome.evidence
    spoken = {"steps": [rule.title for rule in rules], "side conditions": conditions}
    told = [e for e in evidence if any(part in e.text for part in spoken.get(e.name, []))]
    told = told or [e for e in evidence if "SymPy" in e.name][:1] or list(evidence[:1])
    status = finding.outcome.status
    colon, between = prose.tell("colon"), prose.tell("separator;")
    items = between.join(f"{_translated(prose, e.name)}{colon}{_translated(prose, e.text)}" for e in told)
    yield f'<p class="verdict {status.lower()}"><em>{prose.tell(f"status.{status}")}</em> {items}</p>'


def _translated(prose: Prose, text: str) -> str:
    return prose.said({lang: translated(text, lang) for lang in prose.langs})
