"""The catalogue of mistakes: each is one, no two are the same, and their forms compute what they say."""

import re
from collections import defaultdict
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from symconv.auditing.axis_forms import Border, Division, Keep
from symconv.auditing.catalogue import CATALOGUE, Kind, mistakes
from symconv.auditing.exact import integers
from symconv.auditing.forms import SLOTS, Form, derivative
from symconv.auditing.protocol import Support
from symconv.auditing.spot import Spot
from symconv.auditing.sweep import at_random, smoke
from symconv.layer import Conv
from tests import oracle

VARIANTS = [
    pytest.param(slot, change, id=f"{slot}: {mistake.name} {number}")
    for slot in SLOTS
    for mistake in mistakes(slot)
    for number, change in enumerate(mistake.changes)
]
LAYERS = [*smoke(Support()), *at_random(Support(), 3, 60)]
TINY = [
    Conv((5, 4), (2, 3), stride=(2, 1), padding=((1, 0), (1, 2)), dilation=(1, 2), groups=2, in_channels=4,
         out_channels=6, batch=2),
    Conv((6,), (2,), stride=3, padding=((2, 1),), dilation=2, in_channels=2, out_channels=3, batch=3),
    Conv((5,), (3,), stride=2, padding=((0, 2),), groups=3, in_channels=3, out_channels=3),
]  # fmt: skip


@cache
def data(layer):
    return integers(layer, "float64", 0, 99).in_float64()


def outcome(slot, form, layer):
    """What a form gives on a layer, as something that can be compared; None where it says nothing."""
    size = form.shape(slot)[2:] if slot == "bias" or not form.resized else form.sizes(slot)[1]
    found = derivative(form.reaching(slot, size), slot, data(layer))
    return None if found is None else (found.shape, (found * float(form.scale) + 0.0).tobytes())


def everywhere(slot, change):
    return tuple(outcome(slot, change(Form.of(layer)), layer) for layer in LAYERS)


def test_there_are_mistakes_of_every_class():
    names = {mistake.name for mistake in CATALOGUE}
    assert len(names) >= 40
    assert {mistake.kind for mistake in CATALOGUE} == set(Kind) - {Kind.CRASH, Kind.UNKNOWN}
    assert all({kind for m in mistakes(slot) for kind in [m.kind]} >= {Kind.STRIDE, Kind.PADDING} for slot in SLOTS)


def test_a_name_is_given_once_for_each_gradient():
    for slot in SLOTS:
        names = [mistake.name for mistake in mistakes(slot)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: f"{mistake.name}, {mistake.of[0]}")
def test_why_and_mend_are_one_sentence_each(mistake):
    assert re.fullmatch(r"[^\n.]([^\n]*[^\n.])?", mistake.why)
    assert re.fullmatch(r"[A-Z][^\n]*\.", mistake.mend)
    assert not re.search(r"[.!?] [A-Z]", mistake.why + " " + mistake.mend)
    assert 0 < len(mistake.name) <= 45
    assert set(mistake.of) <= set(SLOTS)


@pytest.mark.parametrize(("slot", "change"), VARIANTS)
def test_a_mistake_differs_from_the_theorem(slot, change):
    assert everywhere(slot, change) != everywhere(slot, lambda form: form)


@pytest.mark.parametrize("slot", SLOTS)
def test_no_two_mistakes_are_the_same(slot):
    alike = defaultdict(set)
    for mistake in mistakes(slot):
        for change in mistake.changes:
            alike[everywhere(slot, change)].add(mistake.name)
    assert [names for names in alike.values() if len(names) > 1] == []


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_the_theorem_is_what_brute_force_says(layer):
    tensors = data(layer)
    delta, w, a = tensors["delta"], tensors["w"], tensors["a"]
    truth = {
        "forward": oracle.forward(layer, a, w, np.zeros(layer.out_channels)),
        "input": oracle.input_gradient(layer, delta, w),
        "weight": oracle.weight_gradient(layer, delta, a),
        "bias": oracle.bias_gradient(layer, delta),
    }
    for slot, expected in truth.items():
        assert_array_equal(derivative(Form.of(layer), slot, tensors), expected)


# The same forms by brute force: term after term, in plain Python. ---------------------------------------------------


def meets(axis, x, i, k):
    """Whether window i reads position x under tap k."""
    outside = x >= axis.input_size - axis.skipped_inputs or i >= axis.output_size - axis.skipped_windows
    if outside or k >= axis.kernel_size - axis.skipped_taps:
        return False
    start = x + axis.low - axis.dilation * k
    if axis.division is not Division.EXACT:
        return i == (start // axis.stride if axis.division is Division.FLOOR else int(start / axis.stride))
    read = axis.stride * i + axis.dilation * k - axis.low
    match axis.border:
        case Border.EDGE:
            read = min(max(read, 0), axis.input_size - 1)
        case Border.AROUND:
            read %= axis.input_size
        case Border.POSITIONS_FROM_END if read < 0:
            read += axis.input_size
        case Border.WINDOWS_FROM_END if x == axis.stride * (i - axis.output_size) + axis.dilation * k - axis.low:
            return True
    return x == read


def relation(axis, slot):
    """The triples (x, i, k) that are left of the relation, counted as the tensors are read."""
    sizes = (axis.input_size, axis.output_size, axis.kernel_size)
    triples = [triple for triple in product(*map(range, sizes)) if meets(axis, *triple)]
    if axis.keep in (Keep.LAST_TAP_FOR_ALL, Keep.FIRST_TAP_FOR_ALL):
        tap = axis.kernel_size - 1 if axis.keep is Keep.LAST_TAP_FOR_ALL else 0
        triples = [(x, i, k) for x, i, which in triples if which == tap for k in range(axis.kernel_size)]
    elif axis.keep is not Keep.ALL:
        triples = survivors(axis, slot, triples)
    turn = [tensor in axis.backwards for tensor in ("a", "delta", "w")]
    return [
        tuple(size - 1 - at if end else at for at, size, end in zip(triple, sizes, turn, strict=True))
        for triple in triples
    ]  # fmt: skip


def survivors(axis, slot, triples):
    """What a loop leaves in which each term replaces the one before."""
    summed = 1 if "window" in axis.keep.value else 2
    own = {"input": 0, "forward": 1, "weight": 2}[slot]
    chosen = max if axis.keep.value.startswith("last") else min
    if slot != "input" and axis.keep is not Keep.LAST_INSIDE:
        size = axis.output_size if summed == 1 else axis.kernel_size
        return [triple for triple in triples if triple[summed] == chosen(0, size - 1)]
    best = {}
    for triple in triples:
        best[triple[own]] = chosen(best.get(triple[own], triple[summed]), triple[summed])
    return [triple for triple in triples if triple[summed] == best[triple[own]]]


def read(form, name, tensor):
    """An entry of a tensor as the form reads it."""
    n, c = tensor.shape[:2]

    def entry(first, second, *place):
        if name in form.reshaped:
            first, second = divmod(second * n + first, c)
        return first, second, *(place[::-1] if name in form.transposed else place)

    return entry


def brute_force(form, slot, tensors):
    """The derivative, term after term; None where the form reads outside of a tensor."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    own = {"input": "a", "weight": "w", "forward": "delta"}[slot]
    result = np.zeros(form.shape(slot))
    where = {name: read(form, name, result if name == own else tensor) for name, tensor in tensors.items()}
    others = [name for name in ("delta", "w", "a") if name != own]
    triples = [relation(axis, slot) for axis in form.axes]
    if form.border and slot != "input":
        triples = [[*t, *outside(axis)] for t, axis in zip(triples, form.axes, strict=True)]
    for (n, m), (o, out, c, y), *at in product(form.samples, form.labels, *triples):
        x, i, k = zip(*at, strict=True)
        places = {"delta": (n, o, *i), "w": (out, c, *k), "a": (m, y, *x)}
        term = 1.0
        for name in others:
            if name == "a" and any(p is None for p in x):
                term *= form.border
                continue
            place = where[name](*places[name])
            if any(p >= size for p, size in zip(place, shapes[name], strict=True)):
                return None
            term *= tensors[name][place]
        result[where[own](*places[own])] += term
    return result


def outside(axis):
    """The windows and taps that read the border, where x is None."""
    pairs = product(range(axis.output_size), range(axis.kernel_size))
    reads = ((axis.stride * i + axis.dilation * k - axis.low, i, k) for i, k in pairs)
    return [(None, i, k) for x, i, k in reads if not 0 <= x < axis.input_size]


def bias_by_brute_force(form, delta):
    entry = read(form, "delta", delta)
    places = form.positions or tuple(range(axis.output_size) for axis in form.axes)
    full = np.zeros((form.batch, form.out_channels, *delta.shape[2:]))
    for (n, _), (out, source), *i in product(form.samples, {(m[1], m[0]) for m in form.labels}, *places):
        full[n, out, *i] += delta[entry(n, source, *i)]
    return full.sum(axis=form.summed)


@pytest.mark.parametrize(("slot", "change"), VARIANTS)
def test_a_form_is_what_brute_force_says(slot, change):
    for layer in TINY:
        form, tensors = change(Form.of(layer)), data(layer)
        found = derivative(form, slot, tensors)
        if slot == "bias":
            assert_array_equal(found, bias_by_brute_force(form, tensors["delta"]))
        elif found is not None:
            assert_array_equal(found, brute_force(form, slot, tensors))


@pytest.mark.parametrize(("slot", "change"), [p for p in VARIANTS if p.values[0] != "bias"])
def test_one_entry_is_looked_at_before_all_are_compared(slot, change):
    """The entry of a form's own result is never refused."""
    for layer in TINY:
        form, tensors = change(Form.of(layer)), data(layer)
        found, expected = (derivative(f, slot, tensors) for f in (form, Form.of(layer)))
        if found is not None:
            assert Spot(slot, found * float(form.scale), expected, tensors).admits(form)
