"""An audit as text: the verdict of each gradient, what is wrong and why, and what the verdict rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from symconv.auditing.diagnosis import symbol
from symconv.auditing.exact import BITS
from symconv.auditing.lifting import Affine, Lifted
from symconv.auditing.running import Failure
from symconv.auditing.verdicts import (
    Agreed,
    AuditOutcome,
    AuditVerdict,
    Finding,
    Mistaken,
    NoResult,
    NotAudited,
    NotComputed,
    WrongEntry,
    WrongShape,
)
from symconv.layer import Conv
from symconv.report.audit_formulas import Piece, conditions, entry_sum, formula, index_name
from symconv.report.lines import WIDTH, Line

INDENT = "  "


@dataclass(frozen=True)
class Plain:
    """Formulas as plain text."""

    unicode: bool = False

    @property
    def times(self) -> str:
        """Between two factors."""
        return "*"

    def result(self, slot: str, indices: Sequence[str]) -> str:
        """``dE/da[n,c,x]``."""
        return f"{symbol(slot)}[{','.join(indices)}]"

    def tensor(self, name: str, indices: Sequence[Piece]) -> list[Piece]:
        """``delta[n,o,x - k]``."""
        written = "δ" if self.unicode and name == "delta" else name
        pieces: list[Piece] = [(f"{written}[", False)]
        for at, index in enumerate(indices):
            pieces += [(",", False)] * bool(at) + [index]
        return [*pieces, ("]", False)]

    def sum_over(self, indices: Sequence[str]) -> str:
        """``sum over o, k of``."""
        return f"{'Σ' if self.unicode else 'sum'} over {', '.join(indices)} of "

    def number(self, value: Fraction) -> str:
        """``1/6``."""
        return str(value) if value.denominator == 1 else f"({value})"

    def index(self, value: Affine, ndim: int) -> str:
        """``(x - 2*k + 1)/2``."""
        return value.written(lambda name: index_name(name, ndim))


def audit_lines(verdict: AuditVerdict, *, unicode: bool = False) -> Iterator[Line]:
    """Every line of the report, with the style that it has on a terminal."""
    yield verdict.status.value, f"{verdict.status}  {verdict.name}"
    yield "", ""
    for slot, outcome in verdict.outcomes.items():
        status = "not computed" if outcome.status is None else outcome.status.value
        yield status, f"{INDENT}{symbol(slot):<6} {status:<12} {summary(outcome)}".rstrip()
    told: set[int] = set()
    for slot, outcome in verdict.outcomes.items():
        if isinstance(outcome, Mistaken):
            same = [s for s, o in verdict.outcomes.items() if _same_failure(o, outcome)]
            if same[0] == slot:
                told.add(id(outcome))
                yield from _mistaken(same, outcome, unicode)
    yield from _evidence(verdict)


def summary(outcome: AuditOutcome) -> str:
    """One line about an outcome."""
    match outcome:
        case Agreed(layers, unsupported, _, error):
            how = "exact" if error == 0 else f"up to rounding: error {error:.2g}"
            rest = f", {unsupported} more not supported" if unsupported else ""
            return f"({_counted(layers, 'layer')}, {how}{rest})"
        case Mistaken():
            return f"{outcome.diagnosis.name} ({outcome.diagnosis.kind})"
        case NotAudited(reason) | NotComputed(reason):
            return f"({reason})"
        case _:
            assert_never(outcome)


def _same_failure(outcome: AuditOutcome, other: Mistaken) -> bool:
    """One call that fails leaves all gradients without a result: it is told once."""
    if outcome is other:
        return True
    return isinstance(outcome, Mistaken) and isinstance(other.finding, NoResult) and outcome.finding == other.finding


def _mistaken(slots: Sequence[str], outcome: Mistaken, unicode: bool) -> Iterator[Line]:
    slot = slots[0]
    title = f"{', '.join(map(symbol, slots))}: {outcome.diagnosis.name}"
    yield "", ""
    yield "heading", title
    yield "heading", ("─" if unicode else "-") * min(len(title), WIDTH)
    yield from _wrapped(headline(slot, outcome, unicode=unicode))
    yield "", ""
    yield from _wrapped(f"{_smallest(outcome)}: {outcome.layer!r}")
    yield from _wrapped(f"Wrong on {outcome.wrong} of {outcome.layers} layers.")
    if outcome.theorem is not None and outcome.recovered is not None:
        yield "", ""
        yield from _formulas(outcome.theorem, outcome.recovered, unicode)
    if len(outcome.diagnoses) > 1:
        others = "; ".join(f"{d.name} ({d.kind})" for d in outcome.diagnoses[1:])
        yield "", ""
        yield from _wrapped(f"These layers do not tell it from: {others}.")


def _smallest(outcome: Mistaken) -> str:
    return "Smallest layer that fails" if isinstance(outcome.finding, NoResult) else "Smallest layer that shows it"


def headline(slot: str, outcome: Mistaken, *, unicode: bool = False) -> str:
    """The sentence that says it all: what should be, what is, why, and the mend."""
    found = finding_text(slot, outcome.finding, unicode=unicode)
    sentence = f"{found}: {outcome.diagnosis.explanation}. {outcome.diagnosis.mend}"
    return sentence if isinstance(outcome.finding, WrongEntry) else sentence[:1].upper() + sentence[1:]


def finding_text(slot: str, finding: Finding, *, unicode: bool = False) -> str:
    """What should be, and what is."""
    style = Plain(unicode)
    match finding:
        case WrongEntry(entry, expected, computed, value, got):
            where = style.result(slot, [str(i) for i in entry])
            if computed is None:
                return f"{where} should be {value:g}; yours is {got:g}"
            right = entry_sum(style, slot, expected, computed)
            return f"{where} should be {right}; yours is {entry_sum(style, slot, computed, expected)}"
        case WrongShape(expected, computed):
            return f"{symbol(slot)} should have shape {expected}; yours has shape {computed}"
        case NoResult():
            return failure_text(finding)
        case _:
            assert_never(finding)


def failure_text(finding: NoResult) -> str:
    """What came of the call instead of a result."""
    where = f" ({finding.where})" if finding.where else ""
    match finding.failure:
        case Failure.RAISED:
            return f"the call raised {finding.text}{where}"
        case Failure.MALFORMED:
            return f"the function {finding.text}" if finding.text.startswith("returned") else finding.text
        case Failure.HUNG | Failure.DIED:
            return f"{finding.text}{where}"
        case _:
            assert_never(finding.failure)


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


def _evidence(verdict: AuditVerdict) -> Iterator[Line]:
    passed = [outcome for outcome in verdict.outcomes.values() if isinstance(outcome, Agreed)]
    yield "", ""
    for note in verdict.notes:
        yield from _wrapped(f"Note: it {note}.")
    exact = [outcome for outcome in passed if outcome.error == 0]
    if exact:
        yield from _wrapped(
            f"PASSED says: on every tested layer, on random integers in {verdict.dtype} whose sums stay below "
            f"2^{BITS[verdict.dtype]} (so that nothing is rounded), the results are equal. If the code is linear in "
            f"each of its arguments, which is assumed, a wrong gradient passes a layer with probability below "
            f"2^-{min(outcome.bits for outcome in exact)} (Schwartz-Zippel). "
            f"It says nothing of layers that were not tested."
        )
    rounded = [outcome for outcome in passed if outcome.error > 0]
    if rounded:
        yield from _wrapped(
            f"The code rounds, so PASSED says less: on integers of at most 3 the results were equal up to "
            f"{max(outcome.tolerance for outcome in rounded):.2g}, which tells any two integers apart; the largest "
            f"error was {max(outcome.error for outcome in rounded):.2g}. A coefficient that is wrong by less is not "
            f"seen."
        )
    proved = list(dict.fromkeys(layer for outcome in passed for layer in outcome.proved))
    if proved:
        yield from _wrapped(
            "Run on symbols (arrays of exact polynomials), the code gives the polynomials of the theorem, which proves "
            f"it for {_listed(proved)}, as it runs on objects."
        )
    yield from _wrapped(
        f"{_counted(verdict.layers, 'layer')}, {verdict.calls} calls in {verdict.seconds:.1f} s, seed {verdict.seed}."
    )


def _listed(layers: Sequence[Conv]) -> str:
    return ", ".join(map(repr, layers))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _wrapped(text: str) -> Iterator[Line]:
    yield from (("", line) for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False))
