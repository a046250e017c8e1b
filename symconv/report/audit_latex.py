"""An audit as LaTeX: a fragment for a document that loads amsmath; what differs stands in a box."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from symconv.auditing.lifting import Affine, Lifted
from symconv.auditing.verdicts import AuditVerdict, Finding, Mistaken, NoResult, WrongEntry, WrongShape
from symconv.report.audit_formulas import LONG, Piece, conditions, entry_sum, formula, index_name, numbers
from symconv.report.audit_sentences import (
    capitalised,
    evidence,
    explanation,
    failure_text,
    how_often,
    others,
    recovered_formulas,
    summary,
    told_together,
    where_it_shows,
)
from symconv.report.prose import escaped, prose
from symconv.steps import Gradient


@dataclass(frozen=True)
class Mathematics:
    """Formulas in LaTeX's mathematics."""

    @property
    def times(self) -> str:
        """Between two factors."""
        return "\\,"

    def result(self, slot: str, indices: Sequence[str]) -> str:
        """The derivative, or z."""
        below = ",".join(map(_variable, indices))
        if slot == "forward":
            return f"z_{{{below}}}"
        return f"\\frac{{\\partial E}}{{\\partial {Gradient(slot).tensor}_{{{below}}}}}"

    def tensor(self, name: str, indices: Sequence[Piece]) -> list[Piece]:
        """A tensor with its indices; one that differs stands in a box."""
        written = [f"\\boxed{{{text}}}" if different else text for text, different in indices]
        symbol_of = {"delta": "\\delta"}.get(name, name)
        return [(f"{symbol_of}_{{{', '.join(written)}}}", False)]

    def sum_over(self, indices: Sequence[str]) -> str:
        """The sum."""
        return f"\\sum_{{{', '.join(map(_variable, indices))}}} "

    def number(self, value: Fraction) -> str:
        """A factor."""
        if value.denominator > LONG:
            return f"{float(value):.6g}"
        return str(value) if value.denominator == 1 else f"\\frac{{{value.numerator}}}{{{value.denominator}}}"

    def index(self, value: Affine, ndim: int) -> str:
        """An index: ``(x - 2k + 1)/2``."""
        return value.written(lambda name: _variable(index_name(name, ndim))).replace("*", "")


def _variable(name: str) -> str:
    return f"{name[0]}_{{{name[1:]}}}" if len(name) > 1 and name[0].isalpha() else name


def audit_latex(verdict: AuditVerdict) -> str:
    """The whole report."""
    lines = [f"\\textbf{{{escaped(verdict.status.value)}}}: {_code(verdict.name)}", ""]
    lines += ["\\begin{itemize}"]
    for slot, outcome in verdict.outcomes.items():
        status = "not computed" if outcome.status is None else outcome.status.value
        lines.append(f"\\item {_whole(slot)}: \\textbf{{{escaped(status)}}} {_sentence(summary(outcome))}")
    lines.append("\\end{itemize}")
    for slots, mistaken in told_together(verdict):
        lines += ["", *_mistaken(slots, mistaken)]
    for paragraph in evidence(verdict):
        lines += ["", _sentence(paragraph)]
    return "\n".join(lines) + "\n"


def _whole(slot: str) -> str:
    return "$z$" if slot == "forward" else f"$\\partial E/\\partial {Gradient(slot).tensor}$"


def _sentence(text: str) -> str:
    """A sentence of the report; what pdflatex cannot set is written as an escape, code between backticks as code."""
    written = prose(text.encode("ascii", "backslashreplace").decode())
    written = re.sub(r"\bdE/d([awb])\b", r"$\\partial E/\\partial \1$", written)
    written = re.sub(r"\b2\\\^\{\}(-?\d+)", r"$2^{\1}$", written)
    return re.sub("`([^`]*)`", r"\\texttt{\1}", written)


def _code(text: str) -> str:
    return f"\\texttt{{{prose(text.encode('ascii', 'backslashreplace').decode())}}}"


def _mistaken(slots: Sequence[str], outcome: Mistaken) -> Iterator[str]:
    diagnosis = outcome.diagnosis
    yield f"\\paragraph{{{', '.join(map(_whole, slots))}: {_sentence(diagnosis.name)}.}}"
    if isinstance(outcome.finding, NoResult):
        yield _sentence(f"{capitalised(failure_text(outcome.finding))}.")
    yield _sentence(explanation(diagnosis))
    yield f"{where_it_shows(outcome)}: {_code(repr(outcome.layer))}. {how_often(outcome)}"
    yield from _finding(slots[0], outcome.finding)
    if formulas := recovered_formulas(outcome):
        yield from _formulas(*formulas)
    yield from map(_sentence, others(outcome))


def _finding(slot: str, finding: Finding) -> Iterator[str]:
    style = Mathematics()
    match finding:
        case WrongEntry(entry, expected, computed, value, got):
            where = style.result(slot, [str(i) for i in entry])
            right, wrong = (f"\\text{{{number}}}" for number in numbers(value, got))
            if computed is not None:
                right, wrong = entry_sum(style, slot, expected, computed), entry_sum(style, slot, computed, expected)
            yield "\\begin{align*}"
            yield f"\\text{{should be: }} & {where} = {right} \\\\"
            yield f"\\text{{yours: }} & {where} = {wrong}"
            yield "\\end{align*}"
        case WrongShape(expected, computed):
            yield f"It should have shape ${expected}$; yours has shape ${computed}$."
        case NoResult():
            return
        case _:
            assert_never(finding)


def _formulas(theorem: Lifted, recovered: Lifted) -> Iterator[str]:
    style = Mathematics()
    yield f"What the code computes, recovered by probing it on {_code(repr(recovered.layer))}:"
    yield "\\begin{align*}"
    for name, ours, theirs, end in (("theorem", theorem, recovered, " \\\\"), ("yours", recovered, theorem, "")):
        body = "".join(
            f"\\boxed{{{text}}}" if different and text.strip() else text
            for text, different in formula(style, ours, theirs)
        )
        where = conditions(ours)
        also = f" \\quad \\text{{where }} {', '.join(_condition(c) for c in where)}" if where else ""
        yield f"\\text{{{name}: }} & {body}{also}{end}"
    yield "\\end{align*}"


def _condition(text: str) -> str:
    return text.replace("<=", "\\le").replace(" div ", " \\mathbin{\\mathrm{div}} ")
