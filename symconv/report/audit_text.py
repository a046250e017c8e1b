"""An audit as text: the verdict of each gradient, what is wrong and why, and what the verdict rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from symconv.auditing.diagnosis import symbol
from symconv.auditing.lifting import Lifted
from symconv.auditing.verdicts import AuditVerdict, Mistaken
from symconv.report.audit_formulas import Plain, conditions, formula
from symconv.report.audit_sentences import (
    evidence,
    headline,
    how_often,
    others,
    recovered_formulas,
    summary,
    told_together,
    where_it_shows,
)
from symconv.report.lines import WIDTH, Line

INDENT = "  "


def audit_lines(verdict: AuditVerdict, *, unicode: bool = False) -> Iterator[Line]:
    """Every line of the report, with the style that it has on a terminal."""
    yield verdict.status.value, f"{verdict.status}  {verdict.name}"
    yield "", ""
    for slot, outcome in verdict.outcomes.items():
        status = "not computed" if outcome.status is None else outcome.status.value
        yield status, f"{INDENT}{symbol(slot):<6} {status:<12} {summary(outcome)}".rstrip()
    for slots, mistaken in told_together(verdict):
        yield from _mistaken(slots, mistaken, unicode)
    yield "", ""
    for paragraph in evidence(verdict):
        yield from _wrapped(paragraph)


def _mistaken(slots: Sequence[str], outcome: Mistaken, unicode: bool) -> Iterator[Line]:
    slot = slots[0]
    title = f"{', '.join(map(symbol, slots))}: {outcome.diagnosis.name}"
    yield "", ""
    yield "heading", title
    yield "heading", ("─" if unicode else "-") * min(len(title), WIDTH)
    yield from _wrapped(headline(slot, outcome, unicode=unicode))
    yield "", ""
    yield from _wrapped(f"{where_it_shows(outcome)}: {outcome.layer!r}")
    yield from _wrapped(how_often(outcome))
    if formulas := recovered_formulas(outcome):
        yield "", ""
        yield from _formulas(*formulas, unicode)
    for sentence in others(outcome):
        yield "", ""
        yield from _wrapped(sentence)


def _formulas(theorem: Lifted, recovered: Lifted, unicode: bool) -> Iterator[Line]:
    """The two formulas, one under the other, and what differs underlined."""
    yield from _wrapped(f"What the code computes, recovered by probing it on {recovered.layer!r}:")
    style = Plain(unicode)
    for name, ours, theirs in (("theorem", theorem, recovered), ("yours", recovered, theorem)):
        pieces = formula(style, ours, theirs)
        lead = f"{INDENT}{name:<8} "
        where = conditions(ours)
        yield "", f"{lead}{''.join(text for text, _ in pieces)}{'   where ' + ', '.join(where) if where else ''}"
        if name == "yours":
            marks = "".join(("^" if different else " ") * len(text) for text, different in pieces)
            if marks.strip():
                yield "REFUTED", f"{' ' * len(lead)}{marks}".rstrip()


def _wrapped(text: str) -> Iterator[Line]:
    yield from (("", line) for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False))
