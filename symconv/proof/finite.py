"""The proof for one shape: the derived gradient and the closed form are the same exact polynomials.

In: a derivation and a closed form.  Out: an `Outcome` with its evidence, or with the smallest wrong entry.
The polynomials decide. Around that decision stand checks from other directions (every step again, SymPy's own
derivatives, E differentiated with no chain rule, the lowered source run on polynomials); if one of them disagrees,
nothing is claimed.
Never: PROVED with a failed check, or REFUTED without an evaluated entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from symconv.arrays import ArrayExpression, Pad, meaning, shape
from symconv.calculus import chain_rule_gradients, error_gradients, with_squared_error
from symconv.enumeration import TooLarge, entry, written_out
from symconv.polynomial import Entry, Polynomial
from symconv.proof.comparison import Differs, Open, Same, compare
from symconv.proof.execution import run_on_polynomials
from symconv.steps import (
    Counterexample,
    Derivation,
    Evidence,
    Gradient,
    GradientDerivation,
    Outcome,
    Proved,
    Refuted,
    Rule,
    Undecided,
)
from symconv.terms import Formula

WRITTEN_ENTRIES = 20_000  # entries of a, w and z up to which that is done
WRITTEN_OUT = 2_000  # products in z up to which a layer is written out and differentiated entry by entry

Disagreement = str


def prove_gradients(
    derivation: Derivation, own: Mapping[Gradient, ArrayExpression], given: Mapping[Gradient, ArrayExpression]
) -> dict[Gradient, Outcome]:
    """Decide every gradient of a derivation.

    Parameters
    ----------
    derivation
        What the chain rule gives.
    own
        The closed forms of the theorem.
    given
        Closed forms of the caller, for some of the gradients, to be decided instead.
    """
    checks = _written_out_checks(derivation)
    executed = run_on_polynomials(derivation)
    outcomes: dict[Gradient, Outcome] = {}
    for gradient in derivation.gradients:
        of = gradient.of
        mine = of not in given
        about = (*checks[of], *((executed[of],) if mine else ()))
        outcomes[of] = _decided(gradient, own[of] if mine else given[of], about)
    return outcomes


def decide(gradient: GradientDerivation, closed: ArrayExpression) -> Outcome:
    """Decide one gradient against a closed form, by the exact polynomials alone."""
    return _decided(gradient, closed, ())


def _decided(
    gradient: GradientDerivation, closed: ArrayExpression, checks: tuple[Evidence | Disagreement, ...]
) -> Outcome:
    derived = gradient.derived
    if shape(closed) != derived.shape:
        try:
            return Refuted(_misshapen(derived, gradient.relation, closed))
        except TooLarge as error:
            return Undecided(str(error))
    read = meaning(closed, derived.tensor, derived.free, derived.index)
    found = (_steps_check(gradient), *checks)
    evidence = tuple(c for c in found if isinstance(c, Evidence))
    disagreements = [c for c in found if not isinstance(c, Evidence)]
    match compare(gradient.relation, read):
        case Differs(at, left, right):
            where = Entry(derived.tensor, at)
            return Refuted(Counterexample(where, left, right, _explained(left, right)), evidence)
        case Open(reason):
            return Undecided(reason, evidence)
        case Same(text):
            if disagreements:
                return Undecided("; ".join(disagreements), evidence)
            return Proved((Evidence("derived and closed form", text), *evidence))


def _explained(derived: Polynomial, closed: Polynomial) -> str:
    missing = sum(1 for m in derived.coefficients if m not in closed.coefficients)
    extra = sum(1 for m in closed.coefficients if m not in derived.coefficients)
    return f"the closed form lacks {missing} of {len(derived)} terms there, and has {extra} that do not belong"


def _misshapen(derived: Formula, relation: Formula, closed: ArrayExpression) -> Counterexample:
    """The smallest entry of the gradient that is missing or wrong, else the first that does not belong to it."""
    size, wanted = shape(closed), derived.numbers
    why = f"the closed form has shape {size}, but {derived.tensor} has shape {wanted}"
    if len(size) != len(wanted):
        at = (0,) * len(wanted)
        return Counterexample(Entry(derived.tensor, at), entry(derived, at), None, why)
    missing = _first_beyond(size, wanted)
    surplus = _first_beyond(wanted, size)
    fitted = Pad(closed, tuple((0, n - m) for n, m in zip(wanted, size, strict=True)))
    found = compare(relation, meaning(fitted, derived.tensor, derived.free, derived.index))
    own = [at for at in (missing, found.at if isinstance(found, Differs) else None) if at is not None]
    if not own and surplus is not None:
        at = surplus
        right = entry_of_expression(closed, derived.tensor, at)
        return Counterexample(Entry(derived.tensor, at), Polynomial(), right, f"{why}: this entry does not exist")
    at = min(own)
    value = None if at == missing else entry_of_expression(closed, derived.tensor, at)
    return Counterexample(Entry(derived.tensor, at), entry(derived, at), value, why)


def _first_beyond(inner: tuple[int, ...], outer: tuple[int, ...]) -> tuple[int, ...] | None:
    """The first index of an array of shape `outer` that one of shape `inner` does not have."""
    longer = [axis for axis, (n, m) in enumerate(zip(inner, outer, strict=True)) if m > n]
    if not longer:
        return None
    return tuple(inner[axis] if axis == longer[-1] else 0 for axis in range(len(outer)))


def entry_of_expression(expression: ArrayExpression, tensor: str, at: tuple[int, ...]) -> Polynomial:
    """One entry of an array expression as an exact polynomial."""
    return entry(meaning(expression, tensor, (), tuple(map(Polynomial.of, at))), at)


def _steps_check(gradient: GradientDerivation) -> Evidence | Disagreement:
    """Every step after the differentiation again: are its two sides the same polynomials?"""
    checked = []
    for step in gradient.indexed:
        if step.rule in (Rule.CHAIN_RULE, Rule.DEFINITION_OF_DELTA, Rule.DIFFERENTIATE, Rule.LABELS):
            continue
        found = compare(step.before, step.after)
        if not isinstance(found, Same):
            return f"the step '{step.rule.title}' is not confirmed ({found})"
        checked.append(step.rule.title)
    return Evidence("steps", f"{', '.join(checked)}: both sides of each step are the same polynomials")


def _written_out_checks(derivation: Derivation) -> dict[Gradient, tuple[Evidence | Disagreement, ...]]:
    """SymPy's own derivatives against the derived formulas, where the layer is small enough to be written out."""
    layer = derivation.layer
    entries_in_all = sum(map(prod, (layer.input_shape, layer.weight_shape, layer.output_shape)))
    if layer.monomials > WRITTEN_OUT or entries_in_all > WRITTEN_ENTRIES:
        text = f"z has up to {layer.monomials} products, and {entries_in_all} entries are involved: written out up to "
        text += f"{WRITTEN_OUT} and {WRITTEN_ENTRIES}"
        return {g.of: (Evidence("SymPy entry by entry", f"not done: {text}"),) for g in derivation.gradients}
    try:
        return _written_out(derivation)
    except TooLarge as error:
        return {g.of: (Evidence("SymPy entry by entry", f"not done: {error}"),) for g in derivation.gradients}


def _written_out(derivation: Derivation) -> dict[Gradient, tuple[Evidence | Disagreement, ...]]:
    z = written_out(derivation.forward)
    by_chain_rule = chain_rule_gradients(z)
    by_error, which = error_gradients(z)
    checks: dict[Gradient, tuple[Evidence | Disagreement, ...]] = {}
    for gradient in derivation.gradients:
        derived = {Entry(gradient.of.tensor, e.indices): p for e, p in written_out(gradient.derived).items()}
        checks[gradient.of] = (
            _against_chain_rule(derived, by_chain_rule, len(z)),
            _against_error(derived, by_error, z, which),
        )
    return checks


def _against_chain_rule(
    derived: Mapping[Entry, Polynomial], by_chain_rule: Mapping[Entry, Polynomial], count: int
) -> Evidence | Disagreement:
    for e, p in derived.items():
        if p != by_chain_rule.get(e, Polynomial()):
            return f"SymPy's derivatives give another polynomial at {e}: {by_chain_rule.get(e, Polynomial())}, not {p}"
    return Evidence(
        "SymPy entry by entry",
        f"z at {count} positions, differentiated by {entries(len(derived))}: with delta the same polynomials",
    )


def entries(count: int) -> str:
    """``1 entry``, ``4 entries``."""
    return "1 entry" if count == 1 else f"{count} entries"


def _against_error(
    derived: Mapping[Entry, Polynomial], by_error: Mapping[Entry, Polynomial], z: Mapping[Entry, Polynomial], which: str
) -> Evidence | Disagreement:
    checked = 0
    for e, p in derived.items():
        if e in by_error:
            checked += 1
            if with_squared_error(p, z) != by_error[e]:
                return f"the derivative of E = sum (z - t)^2 / 2 by {e} is another polynomial"
        elif p and which.startswith("by all"):
            return f"E = sum (z - t)^2 / 2 does not depend on {e}, but the derivation gives {p}"
    return Evidence(
        "E without a chain rule",
        f"E = sum (z - t)^2 / 2, differentiated by SymPy {which}, {checked} of them here: the same after delta = z - t",
    )
