"""An audit as data of JSON's types."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, assert_never

from symconv.auditing.forms import FACTORS
from symconv.auditing.probing import Product
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
from symconv.report.audit_formulas import Plain, conditions, formula
from symconv.report.audit_latex import Mathematics
from symconv.report.audit_sentences import finding_text


def audit_data(verdict: AuditVerdict) -> dict[str, Any]:
    """A verdict: status, an outcome for each gradient, what was tested."""
    return {
        "verdict": verdict.status.value,
        "scope": "tested layers",
        "target": verdict.name,
        "layer": None,
        "dtype": verdict.dtype,
        "support": asdict(verdict.support),
        "gradients": {slot: _outcome(slot, o) for slot, o in verdict.outcomes.items() if slot != "forward"},
        "forward": _outcome("forward", verdict.outcomes["forward"]) if "forward" in verdict.outcomes else None,
        "layers": verdict.layers,
        "calls": verdict.calls,
        "time_ran_out": verdict.cut,
        "seed": verdict.seed,
        "notes": list(verdict.notes),
        "seconds": round(verdict.seconds, 6),
    }


def _outcome(slot: str, outcome: AuditOutcome) -> dict[str, Any]:
    found: dict[str, Any] = {"verdict": None if outcome.status is None else outcome.status.value}
    match outcome:
        case Agreed():
            found |= {
                "layers": outcome.layers,
                "unsupported": outcome.unsupported,
                "absent": outcome.absent,
                "exact": outcome.tolerance == 0,
            }
            if outcome.tolerance == 0:
                found |= {"wrong_passes_below": f"2^-{outcome.bits}", "assumption": "linear in each argument"}
            else:
                found |= {"error": outcome.error, "tolerance": outcome.tolerance}
            found["proved_on_symbols"] = [layer.to_json() for layer in outcome.proved]
        case Mistaken():
            found |= _mistaken(slot, outcome)
        case NotAudited(reason) | NotComputed(reason):
            found["reason"] = reason
        case _:
            assert_never(outcome)
    return found


def _mistaken(slot: str, outcome: Mistaken) -> dict[str, Any]:
    diagnoses = [
        {"class": d.kind.value, "name": d.name, "explanation": d.explanation, "mend": d.mend} for d in outcome.diagnoses
    ]
    return {
        "counterexample": {"layer": outcome.layer.to_json(), **_finding(slot, outcome.finding)},
        "diagnosis": diagnoses[0],
        "other_diagnoses": diagnoses[1:],
        "layers": outcome.layers,
        "wrong": outcome.wrong,
        "bilinear": outcome.bilinear,
        "formulas": _formulas(outcome),
    }


def _formulas(outcome: Mistaken) -> dict[str, Any] | None:
    if outcome.theorem is None or outcome.recovered is None:
        return None
    pairs = {"theorem": (outcome.theorem, outcome.recovered), "yours": (outcome.recovered, outcome.theorem)}
    return {
        "layer": outcome.recovered.layer.to_json(),
        **{
            name: {
                "text": "".join(text for text, _ in formula(Plain(), ours, theirs)),
                "latex": "".join(text for text, _ in formula(Mathematics(), ours, theirs)),
                "where": conditions(ours),
            }
            for name, (ours, theirs) in pairs.items()
        },
    }


def _finding(slot: str, finding: Finding) -> dict[str, Any]:
    text = finding_text(slot, finding)
    match finding:
        case WrongEntry(entry, expected, computed, value, got):
            return {
                "kind": "entry",
                "entry": list(entry),
                "expected": _products(slot, expected),
                "computed": None if computed is None else _products(slot, computed),
                "expected_value": value,
                "computed_value": got if got is None or abs(got) < float("inf") else repr(got),
                "text": text,
            }
        case WrongShape(expected, computed):
            return {"kind": "shape", "expected": list(expected), "computed": list(computed), "text": text}
        case NoResult(failure, reason, where):
            return {"kind": failure.value, "error": reason, "where": where, "text": text}
        case _:
            assert_never(finding)


def _products(slot: str, products: tuple[Product, ...]) -> list[dict[str, Any]]:
    return [
        {
            "coefficient": str(product.coefficient),
            "entries": [
                {"tensor": name, "index": list(at)} for name, at in zip(FACTORS[slot], product.at, strict=True)
            ],
        }
        for product in products
    ]
