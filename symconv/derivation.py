"""The chain rule: from the forward map in index notation to the gradients, step by step.

In: a `Conv` (and the name of an activation).  Out: a `Derivation`: for each gradient the steps for all entries at once,
the array expression that the last of them is recognised as, and entries written out.
Never: the closed forms of the theorem (`closed`); the two meet as data in the proof, which trusts neither.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from symconv.arrays import meaning
from symconv.enumeration import TooLarge, entry_size, written_out
from symconv.enumeration import entry as entry_of
from symconv.forward import AnyLayer, bias_free, input_free, output_index, tap_index, weight_free, weighted_input
from symconv.general_layer import GeneralAxis
from symconv.layer import Axis, Conv
from symconv.polynomial import Atom, Entry, Partial, Polynomial
from symconv.recognition import recognise
from symconv.rules import all_sizes, chain, clear, labels, renamed, reverse, sift, unit
from symconv.steps import (
    Derivation,
    EntryDerivation,
    EntryStep,
    Gradient,
    GradientDerivation,
    IndexedStep,
    Rule,
)
from symconv.symbols import derivative
from symconv.terms import At, Binder, Formula, PartialAt, Size, Term

LISTED_ENTRIES = 36  # a gradient with at most so many entries is listed completely
LONGEST_ENTRY = 1_000  # an entry with more products is not written out
WRITTEN_PRODUCTS = 4_000  # entries are written out where the z that contain one have at most so many products

ERROR = Entry("E", ())


def derive_gradients(layer: Conv, activation: str = "f", *, list_entries: bool = True) -> Derivation:
    """Derive dE/da, dE/dw and (where there is one) dE/db.

    Parameters
    ----------
    layer
        The layer.
    activation
        A name of `symconv.activations`, or ``"f"`` for an arbitrary one.
    list_entries
        Whether entries are written out, too; a complete list up to 36 entries, chosen ones above.

    Examples
    --------
    >>> derivation = derive_gradients(Conv(3, 2))
    >>> print(derivation.gradient(Gradient.INPUT).entries[1].result)
    delta[0, 0, 0]*w[0, 0, 1] + delta[0, 0, 1]*w[0, 0, 0]
    """
    z = weighted_input(layer)
    wanted = [of for of in Gradient if of is not Gradient.BIAS or layer.bias]
    return Derivation(layer, activation, z, tuple(_gradient(layer, z, of, list_entries) for of in wanted))


def free_indices(layer: AnyLayer, of: Gradient) -> tuple[tuple[Binder, ...], tuple[Polynomial, ...], tuple[Size, ...]]:
    """Free indices, index and shape of the tensor that a gradient is taken by."""
    match of:
        case Gradient.INPUT:
            return (*input_free(layer), layer.input_shape)
        case Gradient.WEIGHT:
            return (*weight_free(layer), layer.weight_shape)
        case Gradient.BIAS:
            return (*bias_free(layer), layer.bias_shape)


def _gradient(layer: Conv, z: Formula, of: Gradient, list_entries: bool) -> GradientDerivation:
    steps = indexed_steps(layer, z, of)
    derived = steps[-1].after
    relation = next((s.before for s in steps if s.rule in (Rule.REINDEX, Rule.SIFT)), derived)
    closed = recognise(layer, of, derived)
    read = meaning(closed, derived.tensor, derived.free, derived.index)
    steps = (*steps, IndexedStep(Rule.RECOGNISE, derived, read))
    entries, complete = _entries(layer, z, of, derived) if list_entries else ((), False)
    return GradientDerivation(of, steps, relation, derived, closed, entries, complete)


def indexed_steps(layer: AnyLayer, z: Formula, of: Gradient) -> tuple[IndexedStep, ...]:
    """The steps for all entries at once, from the chain rule to a sum with solved indices."""
    free, index, shape = free_indices(layer, of)
    inner = renamed(z, {b.name: f"{b.name}'" for b in (*z.free, *z.terms[0].binders) if b.name in _names(free)})
    z_at, by = At("z", inner.index), At(of.tensor, index)
    error = At("E", ())

    def formula(*terms: Term) -> Formula:
        return Formula(of.symbol, free, index, shape, terms)

    start = formula(Term((), (), (PartialAt(error, by),)))
    chained = formula(Term(inner.free, (), (PartialAt(error, z_at), PartialAt(z_at, by))))
    defined = formula(Term(inner.free, (), (At("delta", inner.index), PartialAt(z_at, by))))
    differentiated = formula(*chain(inner, by, At("delta", inner.index)))
    steps = [
        IndexedStep(Rule.CHAIN_RULE, start, chained),
        IndexedStep(Rule.DEFINITION_OF_DELTA, chained, defined),
        IndexedStep(Rule.DIFFERENTIATE, defined, differentiated),
    ]
    for rule, after in _rewritten(layer, of, differentiated):
        if after != steps[-1].after:
            steps.append(IndexedStep(rule, steps[-1].after, after))
    return tuple(steps)


def _names(free: tuple[Binder, ...]) -> set[str]:
    return {b.name for b in free}


def _rewritten(layer: AnyLayer, of: Gradient, formula: Formula) -> list[tuple[Rule, Formula]]:
    """The sum solved for what it can be solved for; each rule applied to every axis at once."""
    (term,) = formula.terms
    sizes = all_sizes(formula, term)
    found = []
    term = labels(term, sizes)
    if of is not Gradient.INPUT:
        term = unit(term, sizes)
    found.append((Rule.LABELS, term))
    if of is Gradient.INPUT:
        term = clear(term, sizes)
        divided = any(u != 1 for u in input_dilations(layer))
        found.append((Rule.CLEAR if divided else Rule.BOUNDS, term))
        for j in range(layer.ndim):
            term = reverse(term, tap_index(j), sizes)
        found.append((Rule.REINDEX, term))
        for j in range(layer.ndim):
            term = sift(term, output_index(j), sizes)
        found.append((Rule.SIFT, term))
    return [(rule, replace(formula, terms=(t,))) for rule, t in found]


def input_dilations(layer: AnyLayer) -> tuple[Size, ...]:
    """u along each axis."""
    axes: tuple[Axis | GeneralAxis, ...] = layer.axes
    return tuple(axis.input_dilation for axis in axes)


def chosen_entries(shape: tuple[int, ...], labels: int) -> dict[tuple[int, ...], str]:
    """A corner, an edge and an interior entry: the first in the channels, then along the spatial axes."""
    spatial = shape[labels:]
    if not spatial:
        return {(0,) * labels: "corner"}
    middle = tuple(n // 2 for n in spatial)
    places = {"corner": (0,) * len(spatial), "edge": (0, *middle[1:]), "interior": middle}
    chosen: dict[tuple[int, ...], str] = {}
    for place, at in places.items():
        chosen.setdefault((0,) * labels + at, place)
    return chosen


def _entries(layer: Conv, z: Formula, of: Gradient, derived: Formula) -> tuple[tuple[EntryDerivation, ...], bool]:
    shape = derived.numbers
    every = list(product(*map(range, shape))) if _count(shape) <= LISTED_ENTRIES else None
    chosen = chosen_entries(shape, 1 if of is Gradient.BIAS else 2)
    if every is not None and layer.monomials <= WRITTEN_PRODUCTS:
        try:
            values = written_out(z)
        except TooLarge:
            return (), False
        return tuple(written_entry(values, Entry(of.tensor, at), chosen.get(at, "")) for at in every), True
    found = (_chosen_entry(layer, z, derived, Entry(of.tensor, at), place) for at, place in chosen.items())
    return tuple(e for e in found if e is not None), False


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total


def written_entry(z: dict[Entry, Polynomial], entry: Entry, place: str) -> EntryDerivation:
    """DE by one entry from the z written out: chain rule, delta, SymPy's derivative of each z, collected."""
    containing = tuple((at, value) for at, value in z.items() if entry in value.atoms)
    derivatives = tuple((Partial(at, entry), derivative(value, entry)) for at, value in containing)
    start = Polynomial.of(Partial(ERROR, entry))
    chained = sum((Polynomial.product(Partial(ERROR, at), Partial(at, entry)) for at, _ in containing), Polynomial())
    deltas = {Partial(ERROR, at): Polynomial.of(Entry("delta", at.indices)) for at, _ in containing}
    defined = _insert(chained, deltas)
    collected = _insert(defined, dict(derivatives))
    steps = (
        EntryStep(Rule.CHAIN_RULE, start, chained),
        EntryStep(Rule.DEFINITION_OF_DELTA, chained, defined),
        EntryStep(Rule.COLLECT, defined, collected),
    )
    return EntryDerivation(entry, place, containing, derivatives, steps)


def _insert(polynomial: Polynomial, values: dict[Partial, Polynomial]) -> Polynomial:
    def value(atom: Atom) -> Polynomial:
        return values[atom] if isinstance(atom, Partial) and atom in values else Polynomial.of(atom)

    return polynomial.replace(value)


def _chosen_entry(layer: Conv, z: Formula, derived: Formula, entry: Entry, place: str) -> EntryDerivation | None:
    """An entry of a large layer: only the z that contain it; the general formula alone where even those are long.

    None where the entry itself is too long to be written out.
    """
    try:
        if entry_size(derived, entry.indices) > LONGEST_ENTRY:
            return None
    except TooLarge:
        return None
    value = entry_of(derived, entry.indices)
    containing = sorted({atom.indices for atom in value.atoms if isinstance(atom, Entry) and atom.tensor == "delta"})
    products = layer.monomials // _count(layer.output_shape) * len(containing)
    if products <= WRITTEN_PRODUCTS:
        return written_entry({Entry("z", at): entry_of(z, at) for at in containing}, entry, place)
    start = Polynomial.of(Partial(ERROR, entry))
    return EntryDerivation(entry, place, (), (), (EntryStep(Rule.GENERAL, start, value),))
