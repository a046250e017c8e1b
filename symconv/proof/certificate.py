"""Certificates: what a checker that trusts nobody needs to establish a claim.

In: a claim, perhaps a layer.  Out: JSON text, the same bytes for the same claim: the claim, a trace of rules for each
of its gradients, the witnesses of the side conditions that these rest on, and a note.
Never: statements, times, or anything that the checker does not check (but for the note).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symconv.layer import Conv
from symconv.proof import checker
from symconv.proof.obligations import witnesses, written

NOTE = "Check it with: symconv check FILE, or python checker.py FILE"


def general_certificate(ndim: int, flip: bool, claims: Sequence[str], layer: Conv | None = None) -> str:
    """The certificate of the theorem for every shape, about a layer if one is given."""
    traces = {claim: trace(claim, ndim) for claim in claims}
    rules = {rule for steps in traces.values() for rule, _ in steps}
    used = {f"{checker.KINDS[by]}, {what}" for claim in claims if (by := checker.CLAIMS[claim][1]) in checker.KINDS
            for what in ("size", "reads")}  # fmt: skip
    used |= {"sift, only", "sift, indeed"} if "sift" in rules else set()
    used |= {"extent", "outputs exist"} if "extent" in rules else set()
    used |= {"reverse"} if "reverse" in rules or (flip and any(checker.CLAIMS[c][1] == "w" for c in claims)) else set()
    return written(
        _certificate("every shape", ndim, flip, claims, layer, traces, {name: witnesses()[name] for name in used})
    )


def shape_certificate(layer: Conv, claims: Sequence[str]) -> str:
    """The certificate of one layer: the checker computes everything anew by brute force."""
    return written(_certificate("shape", layer.ndim, layer.flip, claims, layer, {}, {}))


def _certificate(
    scope: str, ndim: int, flip: bool, claims: Sequence[str], layer: Conv | None, traces: Any, used: Any
) -> dict[str, Any]:
    return {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": {"scope": scope, "ndim": ndim, "flip": flip, "gradients": list(claims)},
        "layer": None if layer is None else layer.to_json(),
        "traces": traces,
        "witnesses": used,
        "note": NOTE,
    }


def trace(claim: str, ndim: int) -> list[list[str]]:
    """The rules that lead from the derivative of the forward map to the closed form, each with its index."""
    slot = checker.CLAIMS[claim][1]
    names, moving = checker.SLOTS[slot]
    steps = [["kronecker", f"{label}'"] for label in names]
    steps += [["kronecker", f"{moving}{j}'"] for j in range(ndim) if moving]
    if slot == "a":
        steps += [["reverse", f"k{j}'"] for j in range(ndim)]
        steps += [["sift", f"i{j}'"] for j in range(ndim)]
    elif slot in ("delta", "w"):
        steps += [["sift", f"x{j}'"] for j in range(ndim)]
    return steps + ([["extent", ""]] if slot != "b" else [])
