"""The derivations of the theorem for every shape, with symbols for all sizes, strides, dilations and paddings.

In: a `GeneralConv`.  Out: for each claim its steps, from the definition to a sum that is solved for one index of each
axis, each step with the integer side conditions that it rests on (by name; `proof.obligations` holds them).
Never: the closed forms of the theorem, and never an enumeration.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.derivation import indexed_steps
from symconv.forward import input_free, input_index, output_free, output_index, tap_index, weight_free, weighted_input
from symconv.general_layer import GeneralConv
from symconv.polynomial import Polynomial, Quotient
from symconv.rules import all_sizes, clear, labels, renamed, reverse, sift, unit
from symconv.steps import Gradient, IndexedStep, Rule
from symconv.symbols import differentiate_product
from symconv.terms import At, Binder, Divides, Equal, Formula, Guard, Term, Within

REVERSE = ("reverse",)
SIFT = ("sift, only", "sift, indeed")
EXTENT = ("extent", "outputs exist")

# The second derivatives: of <v, gradient> by the tensor; v stands where the tensor of the gradient stood.
SECOND = {
    "input.delta": (Gradient.INPUT, "delta"),
    "input.w": (Gradient.INPUT, "w"),
    "weight.delta": (Gradient.WEIGHT, "delta"),
    "weight.a": (Gradient.WEIGHT, "a"),
}
CLAIMS = ("forward", "input", "weight", "bias", *SECOND)


def claim_steps(layer: GeneralConv, claim: str) -> tuple[IndexedStep, ...]:
    """The steps of one claim, the last of them a sum with dilated lengths, as a closed form reads its padded array."""
    if claim == "forward":
        z = replace(weighted_input(layer), terms=weighted_input(layer).terms[:1])
        return (_extent(z),)
    if claim in SECOND:
        steps = _second(layer, *SECOND[claim])
    else:
        steps = tuple(replace(s, conditions=_conditions(s.rule, layer)) for s in indexed_steps(
            layer, weighted_input(layer), Gradient(claim)))  # fmt: skip
    return steps if claim == "bias" else (*steps, _extent(steps[-1].after))


def _conditions(rule: Rule, layer: GeneralConv) -> tuple[str, ...]:
    match rule:
        case Rule.REINDEX:
            return REVERSE
        case Rule.SIFT:
            return SIFT
        case Rule.LABELS:
            return REVERSE if layer.flip else ()
        case _:
            return ()


def _extent(formula: Formula) -> IndexedStep:
    """``0 <= m/q < n`` becomes ``0 <= m < q*(n-1) + 1`` under the guard that q divides m."""
    (term,) = formula.terms
    guards = tuple(_dilated_length(g, term.guards) for g in term.guards)
    return IndexedStep(Rule.EXTENT, formula, replace(formula, terms=(replace(term, guards=guards),)), EXTENT)


def _dilated_length(guard: Guard, guards: tuple[Guard, ...]) -> Guard:
    match guard:
        case Within(value, size) if len(value.atoms) == 1 and isinstance(atom := next(iter(value.atoms)), Quotient):
            if value == Polynomial.of(atom) and Divides(atom.divisor, atom.numerator) in guards:
                return Within(atom.numerator, atom.divisor * (Polynomial.of(size) - 1) + 1)
            return guard
        case _:
            return guard


def _second(layer: GeneralConv, first: Gradient, by: str) -> tuple[IndexedStep, ...]:
    """The derivative of <v, gradient> by a tensor: the gradient inserted, differentiated, and solved."""
    gradient = _relation(layer, first)
    free, index = {"delta": output_free, "w": weight_free, "a": input_free}[by](layer)
    names = {b.name for b in free}
    inner = renamed(gradient, {b.name: f"{b.name}'" for b in (*gradient.free, *gradient.terms[0].binders)
                               if b.name in names})  # fmt: skip
    v = At("v", inner.index)
    tensor = f"d<v, {first.symbol}>/d{by}"

    def formula(*terms: Term) -> Formula:
        return Formula(tensor, free, index, index_shape(layer, by), terms)

    start = formula(Term(inner.free, (), (v, At(first.symbol, inner.index))))
    differentiated = formula(*_derived(inner, v, At(by, index)))
    steps = [IndexedStep(Rule.INSERT, start, differentiated)]
    mirrored = (
        layer.flip and first is Gradient.WEIGHT
    )  # then v stands at the tap itself, and the relation at its mirror
    for rule, after, conditions in _solved(layer, by, differentiated, mirrored):
        if after != steps[-1].after:
            steps.append(IndexedStep(rule, steps[-1].after, after, conditions))
    return tuple(steps)


def index_shape(layer: GeneralConv, by: str) -> tuple[Polynomial, ...]:
    """The shape of a tensor of the layer."""
    return {"delta": layer.output_shape, "w": layer.weight_shape, "a": layer.input_shape}[by]


def _relation(layer: GeneralConv, of: Gradient) -> Formula:
    """A gradient as the chain rule gives it, before it is reversed and solved for an output position."""
    steps = indexed_steps(layer, weighted_input(layer), of)
    return next((s.before for s in steps if s.rule is Rule.REINDEX), steps[-1].after)


def _derived(gradient: Formula, v: At, by: At) -> tuple[Term, ...]:
    (term,) = gradient.terms
    found = differentiate_product(term, by)
    if found is None:
        return ()
    factors, equations = found
    return (Term(gradient.free + term.binders, term.guards + equations, (v, *factors), term.coefficient),)


def _solved(
    layer: GeneralConv, by: str, formula: Formula, mirrored: bool
) -> list[tuple[Rule, Formula, tuple[str, ...]]]:
    (term,) = formula.terms
    sizes = all_sizes(formula, term)
    found: list[tuple[Rule, Term, tuple[str, ...]]] = []
    term = labels(term, sizes)
    term = unit(term, sizes)
    found.append((Rule.LABELS, term, REVERSE if layer.flip else ()))
    if by == "a":
        term = clear(term, sizes)
        found.append((Rule.CLEAR, term, ()))
    if (by == "a") != mirrored and by != "w":
        for j in range(layer.ndim):
            term = reverse(term, _bound(term.binders, tap_index(j)), sizes)
        found.append((Rule.REINDEX, term, REVERSE))
    if by == "a":
        for j in range(layer.ndim):
            term = sift(term, _bound(term.binders, output_index(j)), sizes)
        found.append((Rule.SIFT, term, SIFT))
    elif any(isinstance(g, Equal) for g in term.guards):
        for j in range(layer.ndim):
            term = sift(term, _bound(term.binders, input_index(j)), sizes)
        found.append((Rule.SIFT, term, SIFT))
    return [(rule, replace(formula, terms=(t,)), conditions) for rule, t, conditions in found]


def _bound(binders: tuple[Binder, ...], name: str) -> str:
    """The name under which an index is bound: with or without a prime."""
    return next(b.name for b in binders if b.name.rstrip("'") == name)
