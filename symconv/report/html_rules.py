"""What a step rests on, as HTML that expands: its rule, the side conditions that the rule asks for, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from symconv.proof.checker import STATEMENTS
from symconv.report.blocks import Finding
from symconv.report.html_prose import prose, spans
from symconv.steps import Rule

RULES = {rule.title: rule for rule in Rule}
CONDITIONS = {  # the side conditions over the integers that a rule asks for, by their names in the checker
    Rule.REINDEX: ("reverse",),
    Rule.SIFT: ("sift, only", "sift, indeed"),
    Rule.EXTENT: ("extent", "outputs exist"),
}


def explained(names: Mapping[str, str], rule: str, finding: Finding | None) -> str:
    """A line that names the rule of a step (in each language), and expands to what stands behind it."""
    title, _, needs = rule.partition("; needs: ")
    known = [RULES[part] for part in title.split(", ") if part in RULES]
    inside = "".join(
        [*(f"<p>{_equation(found)}</p>" for found in known), *_conditions(known, needs), *_verdict(known, finding)]
    )
    shown = spans({lang: name.partition("; needs: ")[0] for lang, name in names.items()})
    if not inside:
        return f'<p class="rule">{shown}</p>'
    return f'<details class="rule"><summary>{shown}</summary>{inside}</details>'


def _equation(rule: Rule) -> str:
    return f"<b>{escape(rule.title)}:</b> {prose(rule.equation)}"


def _conditions(rules: list[Rule], needs: str) -> Iterator[str]:
    names = needs.split("; ") if needs else [name for rule in rules for name in CONDITIONS.get(rule, ())]
    if not names:
        return
    items = "".join(f"<li><b>{escape(name)}:</b> <code>{escape(_statement(name))}</code></li>" for name in names)
    yield f'<p>Side conditions over the integers:</p><ul class="conditions">{items}</ul>'


def _statement(name: str) -> str:
    if name not in STATEMENTS:
        return name
    hypotheses, *goals = STATEMENTS[name]
    return f"if {hypotheses}, then {' if and only if '.join(goals)}"


def _verdict(rules: list[Rule], finding: Finding | None) -> Iterator[str]:
    """The status of the gradient that the step belongs to, with the evidence that speaks of this rule."""
    if finding is None or not rules:
        return
    titles = [rule.title for rule in rules]
    told = [e for e in finding.outcome.evidence if e.name == "steps" and any(title in e.text for title in titles)]
    told = told or [e for e in finding.outcome.evidence if "SymPy" in e.name][:1] or list(finding.outcome.evidence[:1])
    status = finding.outcome.status
    items = "; ".join(f"{prose(e.name)}: {prose(e.text)}" for e in told)
    yield f'<p class="verdict {status.lower()}"><em>{status}</em> {items}</p>'
