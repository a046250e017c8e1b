"""Derivations and verdicts as plain data of JSON's types.

In: a derivation, a verdict.  Out: dicts, lists, strings and ints; formulas as text and as LaTeX.
"""

from __future__ import annotations

from typing import Any, assert_never

from symconv.arrays import ArrayExpression
from symconv.polynomial import Entry, Polynomial
from symconv.report.markup_latex import Latex
from symconv.report.markup_text import Text
from symconv.report.notation import Names, Notation
from symconv.report.writer import Writer
from symconv.steps import (
    Counterexample,
    Derivation,
    EntryDerivation,
    GeneralVerdict,
    GradientDerivation,
    IndexedStep,
    Outcome,
    Passed,
    Proved,
    Refuted,
    Undecided,
    Verdict,
)


def derivation_data(derivation: Derivation, notation: Notation) -> dict[str, Any]:
    """A derivation: the layer, z, and for each gradient its steps, entries and closed form."""
    teller = _Teller(Names(notation, derivation.layer))
    return {
        "layer": derivation.layer.to_json(),
        "activation": derivation.activation,
        "z": teller.both(lambda w: f"{w.result(derivation.forward)} = {w.formula(derivation.forward)}"),
        "gradients": {g.of.value: teller.gradient(g) for g in derivation.gradients},
    }


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict: status, scope, layer, an outcome for each gradient, seconds."""
    gradients: dict[str, Any] = {of.value: _outcome(o) for of, o in verdict.gradients.items()}
    if not verdict.layer.bias:
        gradients["bias"] = {"verdict": None, "reason": "not computed: the layer has no bias"}
    return {
        "verdict": verdict.status.value,
        "scope": verdict.scope,
        "layer": verdict.layer.to_json(),
        "gradients": gradients,
        "seconds": round(verdict.seconds, 6),
    }


def general_verdict_data(verdict: GeneralVerdict) -> dict[str, Any]:
    """A verdict about every shape: the layer is the one it was asked for, or null."""
    return {
        "verdict": verdict.status.value,
        "scope": verdict.scope,
        "ndim": verdict.layer.ndim,
        "flip": verdict.layer.flip,
        "layer": None if verdict.instance is None else verdict.instance.to_json(),
        "gradients": {name: _outcome(o) for name, o in verdict.gradients.items()},
        "established": list(verdict.established),
        "seconds": round(verdict.seconds, 6),
    }


def polynomial_data(p: Polynomial) -> list[dict[str, Any]]:
    """A polynomial as its monomials: the coefficient and the entries, each with tensor and index."""
    return [
        {
            "coefficient": c,
            "entries": [{"tensor": e.tensor, "index": list(e.indices)} for e in monomial if isinstance(e, Entry)],
        }
        for monomial, c in p
    ]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {"verdict": outcome.status.value}
    match outcome:
        case Proved():
            pass
        case Passed(count, _):
            found["cases"] = count
        case Refuted(counterexample, _):
            found["counterexample"] = _counterexample(counterexample)
        case Undecided(reason, _):
            found["reason"] = reason
        case _:
            assert_never(outcome)
    found["evidence"] = [{"name": e.name, "text": e.text} for e in outcome.evidence]
    return found


def _counterexample(found: Counterexample) -> dict[str, Any]:
    return {
        "entry": {"tensor": found.entry.tensor, "index": list(found.entry.indices)},
        "derived": polynomial_data(found.derived),
        "closed": None if found.closed is None else polynomial_data(found.closed),
        "difference": polynomial_data(found.difference),
        "explanation": found.explanation,
    }


class _Teller:
    """Writes every formula twice: as text and as LaTeX."""

    def __init__(self, names: Names) -> None:
        self.writers = {"text": Writer(names, Text()), "latex": Writer(names, Latex())}

    def both(self, written: Any) -> dict[str, str]:
        return {form: written(writer) for form, writer in self.writers.items()}

    def gradient(self, gradient: GradientDerivation) -> dict[str, Any]:
        return {
            "steps": [self.step(step) for step in gradient.indexed],
            "closed": self.expression(gradient.closed),
            "complete": gradient.complete,
            "entries": [self.entry(e) for e in gradient.entries],
        }

    def step(self, step: IndexedStep) -> dict[str, Any]:
        return {
            "rule": step.rule.title,
            "equation": step.rule.equation,
            "before": self.both(lambda w: w.formula(step.before)),
            "after": self.both(lambda w: w.formula(step.after)),
        }

    def entry(self, e: EntryDerivation) -> dict[str, Any]:
        return {
            "entry": {"tensor": e.entry.tensor, "index": list(e.entry.indices)},
            "place": e.place,
            "steps": [
                {"rule": s.rule.title, "after": self.both(lambda w, s=s: w.polynomial(s.after))} for s in e.steps
            ],
            "derivatives": [
                self.both(lambda w, d=d, value=value: f"{w.atom(d)} = {w.polynomial(value)}")
                for d, value in e.derivatives
            ],
            "polynomial": polynomial_data(e.result),
        }

    def expression(self, expression: ArrayExpression) -> dict[str, str]:
        return self.both(lambda w: w.array(expression))
