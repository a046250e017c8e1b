"""The proof for every shape: the theorem with symbols for all sizes, strides, dilations, paddings and channels.

In: a `GeneralConv`, perhaps the layer that it is asked for.  Out: a `GeneralVerdict` with a certificate.
A claim is PROVED when both agree: the derivation by the rules of `symconv.rules` ends at the closed form, the same term
structurally; and the independent checker, which has its own forward map, theorem and rules, accepts the certificate,
every witness replayed. Otherwise nothing is claimed.
Never: a claim of the theorem REFUTED: a search that fails proves nothing. A formula of the caller's own, as a function
of the layer, is refuted by evaluation on the smallest layer where it is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from symconv.closed import general_closed_form
from symconv.general_derivation import CLAIMS, claim_steps
from symconv.general_layer import GeneralConv
from symconv.layer import Conv
from symconv.proof import checker
from symconv.proof.certificate import general_certificate
from symconv.proof.search import Form, search
from symconv.steps import (
    ClaimDerivation,
    Evidence,
    GeneralDerivation,
    GeneralVerdict,
    Gradient,
    Outcome,
    Proved,
    Undecided,
)
from symconv.terms import canonical


def claims_of(layer: GeneralConv) -> tuple[str, ...]:
    """Every claim about a layer: none about a bias that it does not have."""
    return tuple(claim for claim in CLAIMS if claim != "bias" or layer.bias)


def general_derivation(layer: GeneralConv) -> GeneralDerivation:
    """The derivation of every claim, with the closed form that it has to end at."""
    derived = []
    for claim in claims_of(layer):
        steps = claim_steps(layer, claim)
        tensors, slot = checker.CLAIMS[claim]
        closed = replace(steps[-1].after, terms=(general_closed_form(layer, slot, tensors),))
        derived.append(ClaimDerivation(claim, steps, closed))
    return GeneralDerivation(layer, tuple(derived))


def prove_every_shape(
    layer: GeneralConv, instance: Conv | None = None, given: Mapping[Gradient, Form] | None = None
) -> GeneralVerdict:
    """Prove every claim of the theorem, for all shapes of one rank.

    For a gradient in `given`, the caller's own formula (a function of the layer) is searched for a counterexample
    instead.
    """
    start = time.perf_counter()
    derivation = general_derivation(layer)
    certificate = general_certificate(layer.ndim, layer.flip, claims_of(layer), instance)
    try:
        established = tuple(checker.check(checker.parse(certificate.encode())))
        refused = None
    except checker.Rejected as error:
        established, refused = (), str(error)
    outcomes = {claim.name: _decided(claim, refused) for claim in derivation.claims}
    for of, form in (given or {}).items():
        outcomes[of.value] = search(form, of, layer.ndim, layer.flip)
    seconds = time.perf_counter() - start
    return GeneralVerdict(layer, instance, outcomes, derivation, certificate, established, seconds)


def _decided(claim: ClaimDerivation, refused: str | None) -> Outcome:
    ends = _same(claim)
    conditions = sorted({name for step in claim.steps for name in step.conditions})
    evidence = (
        Evidence("derivation", f"{_steps(len(claim.steps))} with symbolic sizes, up to the closed form: the same term"),
        Evidence("side conditions", f"{'; '.join(conditions)}: the checker replayed a witness of each")
        if conditions
        else Evidence("side conditions", "none"),
        Evidence("checker", "accepts the certificate, with its own forward map, theorem and rules"),
    )
    if not ends:
        return Undecided("the derivation does not end at the closed form")
    if refused is not None:
        return Undecided(f"the checker refuses the certificate: {refused}", evidence[:1])
    return Proved(evidence)


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _same(claim: ClaimDerivation) -> bool:
    (one,), (other,) = claim.derived.terms, claim.closed.terms
    return canonical(one) == canonical(other)
