"""The sentences of an audit, which the text and LaTeX share: what is wrong, why, and what PASSED rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from symconv.auditing.catalogue import Kind
from symconv.auditing.diagnosis import Diagnosis, symbol
from symconv.auditing.exact import BITS
from symconv.auditing.lifting import Lifted
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
from symconv.report.audit_formulas import Plain, entry_sum, numbers


def summary(outcome: AuditOutcome) -> str:
    """One line about an outcome."""
    match outcome:
        case Agreed(layers, unsupported, absent, _, error, tolerance):
            how = "exact" if tolerance == 0 else f"up to rounding: error {error:.2g}"
            rest = f", {unsupported} more not supported" if unsupported else ""
            rest += f", not computed on {absent} more" if absent else ""
            return f"({counted(layers, 'layer')}, {how}{rest})"
        case Mistaken():
            return _classified(outcome.diagnosis)
        case NotAudited(reason) | NotComputed(reason):
            return f"({reason})"
        case _:
            assert_never(outcome)


def _classified(diagnosis: Diagnosis) -> str:
    return diagnosis.name if diagnosis.kind is Kind.UNKNOWN else f"{diagnosis.name} ({diagnosis.kind})"


def told_together(verdict: AuditVerdict) -> Iterator[tuple[list[str], Mistaken]]:
    """The mistakes, each with its gradients: one call that fails leaves them all without a result."""
    told: set[str] = set()
    for slot, outcome in verdict.outcomes.items():
        if isinstance(outcome, Mistaken) and slot not in told:
            same = [s for s, other in verdict.outcomes.items() if s == slot or _same_failure(outcome, other)]
            told |= set(same)
            yield same, outcome


def _same_failure(outcome: Mistaken, other: AuditOutcome) -> bool:
    return isinstance(other, Mistaken) and isinstance(outcome.finding, NoResult) and other.finding == outcome.finding


def headline(slot: str, outcome: Mistaken, *, unicode: bool = False) -> str:
    """The sentence that says it all: what should be, what is, why, and the mend."""
    found = capitalised(finding_text(slot, outcome.finding, unicode=unicode))
    if isinstance(outcome.finding, NoResult):
        return f"{found}. {explanation(outcome.diagnosis)}"
    return f"{found}: {outcome.diagnosis.explanation}. {outcome.diagnosis.mend}"


def explanation(diagnosis: Diagnosis) -> str:
    """Why, and the mend."""
    return f"{capitalised(diagnosis.explanation)}. {diagnosis.mend}"


def capitalised(text: str) -> str:
    """A sentence that begins with a capital, unless it begins with a formula."""
    formula = text.startswith(("dE/", "z ", "z["))
    return text if formula else text[:1].upper() + text[1:]


def where_it_shows(outcome: Mistaken) -> str:
    """What is said of the layer that is shown."""
    match outcome.finding:
        case NoResult(Failure.HUNG | Failure.DIED):  # these are not made smaller: each question takes its time
            return "A layer on which it fails"
        case NoResult():
            return "Smallest layer on which it fails"
        case WrongEntry() | WrongShape():
            return "Smallest layer that shows it"
        case _:
            assert_never(outcome.finding)


def how_often(outcome: Mistaken) -> str:
    """On how many layers it is wrong."""
    verb = "It fails" if isinstance(outcome.finding, NoResult) else "Wrong"
    return f"{verb} on {outcome.wrong} of {counted(outcome.layers, 'layer')}."


def recovered_formulas(outcome: Mistaken) -> tuple[Lifted, Lifted] | None:
    """The theorem's formula and the code's, where both are known and they differ."""
    if outcome.theorem is None or outcome.recovered is None or outcome.theorem == outcome.recovered:
        return None
    return outcome.theorem, outcome.recovered


def others(outcome: Mistaken) -> Iterator[str]:
    """The mistakes that explain the same layers, where there are any."""
    if len(outcome.diagnoses) > 1:
        yield f"These layers do not tell it from: {'; '.join(map(_classified, outcome.diagnoses[1:]))}."


def finding_text(slot: str, finding: Finding, *, unicode: bool = False) -> str:
    """What should be, and what is."""
    style = Plain(unicode)
    match finding:
        case WrongEntry(entry, expected, computed, value, got):
            where = style.result(slot, [str(i) for i in entry])
            if computed is None:
                right, wrong = numbers(value, got)
                return f"{where} should be {right}; yours is {wrong}"
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
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in finding.text)  # no escape reaches a terminal
    where = f" ({finding.where})" if finding.where else ""
    match finding.failure:
        case Failure.RAISED:
            return f"the call raised {text}{where}"
        case Failure.MALFORMED:
            return f"the function {text}" if text.startswith("returned") else text
        case Failure.HUNG | Failure.DIED:
            return f"{text}{where}"
        case _:
            assert_never(finding.failure)


def evidence(verdict: AuditVerdict) -> Iterator[str]:
    """What was seen besides, what PASSED says, and what was tested, a paragraph each."""
    passed = {slot: outcome for slot, outcome in verdict.outcomes.items() if isinstance(outcome, Agreed)}
    for note in verdict.notes:
        yield f"Note: it {note}."
    exact = [outcome for outcome in passed.values() if outcome.tolerance == 0]
    if exact:
        yield (
            f"PASSED says: on every tested layer, on random {_numbers(verdict.dtype)} in {verdict.dtype} so small that "
            f"no sum is rounded (integers below 2^{BITS[verdict.dtype]}), the results are equal. If the code is linear "
            f"in each of its arguments, which is assumed, a wrong gradient passes a layer with probability below "
            f"2^-{min(outcome.bits for outcome in exact)} (Schwartz-Zippel). "
            f"It says nothing of layers that were not tested."
        )
    rounded = {slot: outcome for slot, outcome in passed.items() if outcome.tolerance > 0}
    if rounded:
        yield (
            f"In {_symbols(rounded)} the code rounds, so PASSED says less there: on integers of at most 3 the results "
            f"were equal up to {max(outcome.tolerance for outcome in rounded.values()):.2g}, which tells any two "
            f"integers apart; the largest error was {max(outcome.error for outcome in rounded.values()):.2g}. A "
            f"coefficient that is wrong by less is not seen."
        )
    for layers in dict.fromkeys(outcome.proved for outcome in passed.values() if outcome.proved):
        slots = [slot for slot, outcome in passed.items() if outcome.proved == layers]
        yield (
            f"Run on symbols (arrays of exact polynomials), the code gives the theorem's polynomials for "
            f"{_symbols(slots)}, which proves them for {', '.join(map(repr, layers))}, as it runs on objects."
        )
    ended = "; time ran out before the other layers were tested (--seconds)" if verdict.cut else ""
    tested = f"{counted(verdict.layers, 'layer')}, {verdict.calls} calls in {verdict.seconds:.1f} s"
    yield f"{tested}, seed {verdict.seed}{ended}."


def _symbols(slots: Iterable[str]) -> str:
    return ", ".join(map(symbol, slots))


def counted(number: int, noun: str) -> str:
    """``1 layer``, ``2 layers``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _numbers(dtype: str) -> str:
    return "integers" if dtype.startswith("int") else "integers and halves of integers"
