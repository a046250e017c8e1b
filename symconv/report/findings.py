"""What every format tells of the outcome for one gradient: a sentence, what it rests on, the entry that is wrong.

In: an outcome.  Out: messages, whose mathematics stands between dollar signs, and the sides of the wrong entry.
"""

from __future__ import annotations

from typing import assert_never

from symconv.polynomial import Polynomial
from symconv.report.messages import say, translated
from symconv.report.sides import side
from symconv.report.writer import Writer
from symconv.steps import Counterexample, Outcome, Passed, Proved, Refuted, Undecided


def sentence(outcome: Outcome, lang: str) -> str:
    """What is told of an outcome besides its status; of a proof nothing.

    Examples
    --------
    >>> sentence(Undecided("the time was up"), "en")
    'because the time was up'
    """
    match outcome:
        case Proved():
            return ""
        case Passed(count, _):
            return say("verdict.cases", lang, count=count)
        case Refuted(counterexample, _):
            return translated(counterexample.explanation, lang)
        case Undecided(reason, _):
            return say("verdict.because", lang, reason=translated(reason, lang))
        case _:
            assert_never(outcome)


def evidence(outcome: Outcome, lang: str) -> list[tuple[str, str]]:
    """The names of the checks behind an outcome, each with what it found."""
    return [(translated(e.name, lang), translated(e.text, lang)) for e in outcome.evidence]


def wrong_entry(writer: Writer, found: Counterexample) -> tuple[str, str, str]:
    """A counterexample in LaTeX: the entry, what is derived there, and what the closed form says."""
    return entry_of(writer, found), side(writer, found.derived), closed_of(writer, found)


def entry_of(writer: Writer, found: Counterexample) -> str:
    """The derivative of E that a counterexample is about."""
    index = tuple(map(Polynomial.of, found.entry.indices))
    return writer.markup.derivative(writer.whole("E"), writer.entry(found.entry.tensor.removeprefix("dE/d"), index))


def closed_of(writer: Writer, found: Counterexample) -> str:
    """What the closed form says there, perhaps that it has no such entry, in LaTeX."""
    if found.closed is None:
        return f"\\text{{{say('verdict.no_entry', writer.markup.lang)}}}"
    return side(writer, found.closed)
