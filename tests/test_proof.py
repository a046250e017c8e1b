"""Verdicts: what is true is PROVED, what is false is REFUTED at its smallest wrong entry, and nothing else is claimed.

The oracles are brute force over the axis relation (tests/oracle.py) and a reader of array expressions that pulls one
entry at a time (tests/evaluator.py); the wrong closed forms are in tests/mutations.py.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv import Conv, prove
from symconv.api import closed_forms
from symconv.arrays import (
    Add,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    rot180,
    shape,
)
from symconv.closed import exchange_channels, input_gradient, weight_gradient
from symconv.enumeration import written_out
from symconv.errors import InvalidExpression, InvalidLayer, InvalidOption
from symconv.presets import preset
from symconv.steps import Gradient, Rule, Status
from tests import evaluator, oracle
from tests.mutations import (
    MUTATIONS,
    OF_BIAS,
    OF_INPUT,
    OF_WEIGHT,
    PLANE,
    SPREAD,
    TELLING,
    exchanged,
    input_form,
    perturbed,
)
from tests.plain import plain
from tests.strategies import layers, small_layers

seeds = st.integers(0, 2**32 - 1)


def polynomials(formula):
    return {e.indices: plain(p) for e, p in written_out(formula).items()}


def without_zeros(entries):
    return {at: polynomial for at, polynomial in entries.items() if polynomial}


# What is true is proved


@settings(deadline=None, max_examples=300)
@given(layers(max_size=5, max_channels=3))
def test_the_gradients_of_any_layer_are_proved(layer):
    verdict = prove(layer)
    assert verdict.status is Status.PROVED
    assert {of.value for of in verdict.gradients} == {"input", "weight"} | ({"bias"} if layer.bias else set())
    assert all(outcome.status is Status.PROVED for outcome in verdict.gradients.values())


@settings(deadline=None, max_examples=80)
@given(layers(max_size=9, max_channels=6))
def test_the_gradients_of_larger_layers_are_proved(layer):
    assert prove(layer).status is Status.PROVED


@settings(deadline=None, max_examples=150)
@given(small_layers(max_size=4, max_channels=3))
def test_all_that_is_derived_is_what_brute_force_finds(layer):
    verdict = prove(layer, entries=True)
    assert verdict.status is Status.PROVED
    truth = oracle.polynomial_gradients(layer)
    for gradient in verdict.derivation.gradients:
        expected = truth[gradient.of.value]
        for formula in (gradient.relation, gradient.derived):
            assert polynomials(formula) == expected
        assert evaluator.polynomials(gradient.closed) == expected
        for step in gradient.indexed:
            if step.rule not in (Rule.CHAIN_RULE, Rule.DEFINITION_OF_DELTA):
                assert polynomials(step.after) == expected, step.rule
        for listed in gradient.entries:
            assert plain(listed.result) == expected[listed.entry.indices]
            assert plain(listed.steps[-1].after) == expected[listed.entry.indices]
        if gradient.complete:
            assert [listed.entry.indices for listed in gradient.entries] == list(expected)


@settings(deadline=None, max_examples=150)
@given(small_layers(max_size=4, max_channels=4))
def test_the_closed_forms_of_the_theorem_are_the_gradients(layer):
    truth = oracle.polynomial_gradients(layer)
    for of, form in closed_forms(layer).items():
        assert evaluator.polynomials(form) == truth[of.value]


# What is false is refuted, at its smallest wrong entry


def first_wrong(truth, found, wanted):
    """Of the gradient's own entries the first that is missing or wrong, else the first that does not belong."""
    if any(len(at) != len(wanted) for at in found):
        return (0,) * len(wanted)
    return next((at for at in (*truth, *sorted(found.keys() - truth.keys())) if truth.get(at) != found.get(at)), None)


def assert_decided(layer, of, form):
    """PROVED exactly where brute force finds no difference; else REFUTED with the first one."""
    truth, found = oracle.polynomial_gradients(layer)[of], evaluator.polynomials(form)
    wanted = shape(closed_forms(layer)[Gradient(of)])
    verdict = prove(layer, closed={of: form})
    outcome = verdict.gradients[Gradient(of)]
    assert all(o.status is Status.PROVED for g, o in verdict.gradients.items() if g != of)
    if evaluator.size(form) == wanted and found == truth:
        assert outcome.status is Status.PROVED, outcome
        assert verdict
        return outcome
    assert outcome.status is verdict.status is Status.REFUTED, outcome
    assert not verdict
    wrong = outcome.counterexample
    at = wrong.entry.indices
    assert at == first_wrong(truth, found, wanted)
    assert plain(wrong.derived) == truth.get(at, {})
    assert plain(wrong.closed) == found.get(at)
    assert plain(wrong.difference) == difference(found.get(at, {}), truth.get(at, {}))
    assert wrong.explanation
    if evaluator.size(form) != wanted:
        assert f"shape {evaluator.size(form)}" in wrong.explanation
    return outcome


def difference(one, other):
    gaps = {m: one.get(m, 0) - other.get(m, 0) for m in one.keys() | other.keys()}
    return {m: c for m, c in gaps.items() if c}


def assert_it_bites(layer, of, form):
    """The mistake shows in numbers: another shape than brute force, or other values."""
    tensors = {
        name: oracle.integers(size, seed)
        for seed, (name, size) in enumerate(
            (("delta", layer.output_shape), ("w", layer.weight_shape), ("a", layer.input_shape))
        )
    }
    truth = dict(zip(("input", "weight", "bias"), oracle.backward(layer, **tensors), strict=True))[of]
    values = evaluator.values(form, tensors)
    assert values.shape != truth.shape or (values != truth).any()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_wrong_closed_form_is_refuted_at_its_smallest_wrong_entry(mutation):
    assert mutation.layers
    for layer in mutation.layers:
        form = mutation.form(layer)
        assert_it_bites(layer, mutation.of, form)
        assert assert_decided(layer, mutation.of, form).status is Status.REFUTED


def test_a_surplus_row_and_column_are_refuted_at_the_first_surplus_entry():
    layer = Conv((3, 3), (2, 2))
    outcome = assert_decided(layer, "input", Pad(input_gradient(layer), ((0, 1), (0, 1))))
    assert outcome.counterexample.entry.indices == (0, 0, 0, 3)


def test_a_wrong_entry_behind_many_right_ones_is_smaller_than_a_missing_row():
    layer = Conv((30, 30), (2, 2))
    short = Pad(input_gradient(layer), ((0, -1), (0, 0)))
    below = Pad(Pad(short, ((-20, 0), (0, 0))), ((20, 0), (0, 0)))
    outcome = assert_decided(layer, "input", Add(short, below))
    assert outcome.counterexample.entry.indices == (0, 0, 20, 0)


def test_the_mutations_tell_every_layer_and_every_gradient_apart():
    assert {m.of for m in MUTATIONS} == {"input", "weight", "bias"}
    assert all(any(layer in m.layers for m in MUTATIONS) for layer in TELLING)
    assert len({str(m) for m in MUTATIONS}) == len(MUTATIONS) == len(OF_INPUT) + len(OF_WEIGHT) + len(OF_BIAS)


@settings(deadline=None, max_examples=250)
@given(small_layers(max_size=3, max_channels=3), st.data())
def test_a_perturbed_closed_form_is_decided_as_brute_force_decides_it(layer, data):
    of = data.draw(st.sampled_from(list(closed_forms(layer))))
    form = data.draw(perturbed(closed_forms(layer)[of]))
    assert_decided(layer, of.value, form)


# Where one axis reaches nothing, mistakes on another are harmless

NEARLY_EMPTY = [
    Conv((2, 3), (1, 2), padding=((-2, 1), (0, 0))),  # no output of the first axis reaches an input
    Conv((3, 3), (2, 2), padding=((-3, 3), (1, 0)), batch=2),
    Conv((3, 4), (2, 2), padding=((3, -3), (1, 2)), stride=(1, 2), groups=2, in_channels=2, out_channels=2),
    Conv((4, 3), (1, 2), padding=((-3, 0), (0, 0))),  # only the last input of the first axis is reached
    Conv((4, 3), (1, 2), padding=((0, -3), (2, 1)), stride=(1, 2)),
    Conv((3, 3), (1, 2), padding=((1, 1), (0, 0)), stride=(3, 1)),  # the ends of the first axis reach nothing
    Conv((3, 3), (2, 2), input_dilation=(3, 1), stride=(3, 1), padding=((1, 0), (1, 0)), dilation=(3, 1)),
    Conv((2, 2, 2), (1, 2, 1), padding=((-2, 1), (0, 1), (0, -1))),
    Conv(3, 1, padding=((-3, 1),)),
]


@pytest.mark.parametrize("layer", NEARLY_EMPTY, ids=repr)
def test_layers_that_reach_almost_nothing_are_proved(layer):
    assert prove(layer).status is Status.PROVED


@pytest.mark.parametrize("layer", NEARLY_EMPTY, ids=repr)
def test_mistakes_that_do_no_harm_are_not_refuted(layer):
    @settings(deadline=None, max_examples=25)
    @given(st.data())
    def check(data):
        of = data.draw(st.sampled_from(list(closed_forms(layer))))
        assert_decided(layer, of.value, data.draw(perturbed(closed_forms(layer)[of], most=3)))

    check()


def test_any_formula_of_the_right_shape_is_proved_where_nothing_is_reached():
    layer = Conv((2, 3), (1, 2), padding=((-2, 1), (0, 0)), batch=2)
    for mutation in OF_INPUT:
        if mutation.name in ("the kernel is not rotated", "the sign is wrong", "one place too far", "nothing at all"):
            assert prove(layer, closed={"input": mutation.form(layer)})


# Other ways to write the same


def _padded_twice(layer):
    form = input_gradient(layer)
    pads, inner = form.operand.padding, form.operand.operand
    more = tuple((low + 2, high + 3) for low, high in pads)
    twice = Pad(Pad(inner, more), ((-2, -3),) * layer.ndim)
    return Correlate(twice, form.kernel, form.stride, form.dilation, form.groups)


def _wide_kernel(layer):
    """The kernel in a ring of zeros; the operand as much longer at both ends."""
    form = input_gradient(layer)
    more = tuple((d, d) for d in layer.dilation)
    return Correlate(
        Pad(form.operand, more), Pad(form.kernel, ((1, 1),) * layer.ndim), form.stride, form.dilation, form.groups
    )


def _strided_by_cropping(layer):
    """Every row, and then each u-th by reading pairs (row, offset) and keeping offset 0."""
    form = input_gradient(layer)
    dense = Correlate(form.operand, form.kernel, (1,) * layer.ndim, form.dilation, form.groups)
    for j, u in enumerate(form.stride):
        axis = j + 2
        length = u * layer.input_size[j]
        rest = ((0, 0),) * (layer.ndim - 1 - j)
        dense = Pad(dense, ((0, length - shape(dense)[axis]), *rest))
        pairs = Split(dense, axis, length // u)
        kept = Pad(pairs, ((0, 1 - u), *rest))
        dense = Sum(kept, (axis + 1,))
    return dense


def _by_taps(layer):
    """One correlation for each tap, added up."""
    form = input_gradient(layer)
    taps = shape(form.kernel)[2:]
    total = None
    for at in product(*map(range, taps)):
        crop = tuple((-k, k + 1 - n) for k, n in zip(at, taps, strict=True))
        back = tuple((k, n - 1 - k) for k, n in zip(at, taps, strict=True))
        one = Correlate(form.operand, Pad(Pad(form.kernel, crop), back), form.stride, form.dilation, form.groups)
        total = one if total is None else Add(total, one)
    return total


def _weight_batch_first(layer):
    """dE/dw as a sum over the batch of correlations of single items."""
    terms = None
    rest = ((0, 0),) * (1 + layer.ndim)
    a, delta = Input("a", layer.input_shape), Input("delta", layer.output_shape)
    for n in range(layer.batch):
        crop = ((-n, n + 1 - layer.batch), *rest)
        single = Conv(**layer.to_json() | {"batch": 1})
        form = _with_inputs(weight_gradient(single), {"a": Pad(a, crop), "delta": Pad(delta, crop)})
        terms = form if terms is None else Add(terms, form)
    return terms


def _with_inputs(node, put):
    if isinstance(node, Input):
        return put.get(node.name, node)
    parts = {name: _with_inputs(getattr(node, name), put) for name in ("operand", "kernel") if hasattr(node, name)}
    return type(node)(**vars(node) | parts)


def _all_rotated(layer):
    """The whole correlation read from the other end; a strided one would have to start elsewhere."""
    form = input_gradient(layer)
    if set(layer.input_dilation) != {1}:
        return rot180(rot180(form))
    return rot180(Correlate(rot180(form.operand), rot180(form.kernel), form.stride, form.dilation, form.groups))


def _every_second(layer):
    form = Pad(Dilate(input_gradient(layer), (2,)), ((0, 1),))
    return Sum(Split(form, 1 + layer.ndim, layer.input_size[-1]), (2 + layer.ndim,))


def _exchanged_three_times(layer):
    kernel = input_gradient(layer).kernel
    for _ in range(2):
        kernel = exchange_channels(kernel, layer.groups)
    return input_form(layer, kernel=kernel)


def _broadcast_and_cropped(layer):
    copies = Broadcast(closed_forms(layer)[Gradient.BIAS], (layer.out_channels, 4), 0)
    return Sum(Pad(copies, ((-1, -2),)), (1,))


def _axis_by_axis(layer):
    return Sum(Sum(Input("delta", layer.output_shape), tuple(range(2, 2 + layer.ndim))), (0,))


SAME = {
    "added to nothing": ("input", lambda layer: Add(input_gradient(layer), Scale(input_gradient(layer), 0))),
    "twice less once": ("input", lambda layer: Add(Scale(input_gradient(layer), 2), Scale(input_gradient(layer), -1))),
    "negated twice": ("input", lambda layer: Scale(Scale(input_gradient(layer), -1), -1)),
    "rotated twice": ("input", lambda layer: Rotate(Rotate(input_gradient(layer), (2,)), (2,))),
    "all rotated": ("input", _all_rotated),
    "transposed twice": ("input", lambda layer: exchanged(exchanged(input_gradient(layer), 1, 2), 1, 2)),
    "split and merged": ("input", lambda layer: Merge(Split(input_gradient(layer), 1, layer.groups), 1)),
    "padded twice": ("input", _padded_twice),
    "padded and cropped": (
        "input",
        lambda layer: Pad(Pad(input_gradient(layer), ((2, 3),) * layer.ndim), ((-2, -3),) * layer.ndim),
    ),
    "dilated, and every second entry taken": ("input", _every_second),
    "a wide kernel": ("input", _wide_kernel),
    "every row, and then some": ("input", _strided_by_cropping),
    "tap by tap": ("input", _by_taps),
    "channels exchanged three times": ("input", _exchanged_three_times),
    "weight: item by item": ("weight", _weight_batch_first),
    "weight: rotated twice": ("weight", lambda layer: rot180(rot180(weight_gradient(layer)))),
    "bias: axis by axis": ("bias", _axis_by_axis),
    "bias: broadcast and cropped": ("bias", _broadcast_and_cropped),
}


@pytest.mark.parametrize(("of", "form"), SAME.values(), ids=SAME)
def test_another_way_to_write_the_gradient_is_proved(of, form):
    for layer in TELLING:
        if of != "bias" or layer.bias:
            outcome = assert_decided(layer, of, form(layer))
            assert outcome.status is Status.PROVED, (layer, outcome)


# At the size of published networks

REAL = [
    "resnet50.conv1", "vgg16.conv3_1", "efficientnetb0.stem", "efficientnetb0.block3a_depthwise",
    "resnext50.layer2_conv2", "tcn.level8_conv2", "c3d.conv5b", "cyclegan.up1",
]  # fmt: skip
MISTAKES = {
    "input": [
        "the kernel is not rotated", "only the first axis is rotated", "the kernel's axes are exchanged",
        "one place too far", "low and high padding are swapped", "the remainder is ignored, and zeros put at the end",
        "the remainder is put on the low side", "twice the gradient", "the sign is wrong",
    ],
    "weight": [
        "it is rotated as the kernel is", "one axis of it is rotated", "one place too far", "twice the gradient",
    ],
    "bias": ["one row is left out", "twice the gradient"],
}  # fmt: skip
MISSHAPEN = {
    ("resnet50.conv1", "input"): ["the remainder is ignored", "one zero too many at the high end"],
    ("resnet50.conv1", "weight"): ["the remainder is ignored"],
    ("resnext50.layer2_conv2", "weight"): ["groups are ignored"],
    ("tcn.level8_conv2", "input"): ["one zero too few at the high end"],
    ("c3d.conv5b", "input"): ["one zero too many at the high end", "one zero too few at the low end"],
    ("vgg16.conv3_1", "bias"): ["the batch is not summed", "one axis is not summed"],
}


def true_entry(layer, of, at):
    """One entry of a gradient of a large layer by brute force, for the plain weight layout."""
    assert (layer.weight_layout, layer.flip) == ("OI", False) or of != "weight"
    relation = oracle.relation(layer)
    outs, ins = layer.out_channels // layer.groups, layer.in_channels // layer.groups
    total = {}
    if of == "input":
        n, y, *x = at
        first = y // ins * outs
        for taps in product(*([(i, k) for i, k, p in found if p == q] for found, q in zip(relation, x, strict=True))):
            i, k = zip(*taps, strict=True)
            for o in range(first, first + outs):
                w = oracle._weight_index(layer, k, o, y % ins)
                total[(("delta", (n, o, *i)), ("w", w))] = 1
    elif of == "weight":
        o, c, *k = at
        for taps in product(*([(i, x) for i, p, x in found if p == q] for found, q in zip(relation, k, strict=True))):
            i, x = zip(*taps, strict=True)
            for n in range(layer.batch):
                total[(("a", (n, o // outs * ins + c, *x)), ("delta", (n, o, *i)))] = 1
    else:
        for n, *i in product(range(layer.batch), *map(range, layer.output_size)):
            total[(("delta", (n, *at, *i)),)] = 1
    return total


@pytest.mark.parametrize("name", REAL)
def test_mistakes_at_real_size_are_refuted_with_a_true_counterexample(name):
    layer = preset(name).layer
    tried = [m for m in MUTATIONS if m.name in MISTAKES[m.of] and applies(m, layer)]
    assert len(tried) >= 5
    for mutation in tried:
        assert_refuted_at_real_size(layer, mutation)


@pytest.mark.parametrize(("name", "of"), MISSHAPEN, ids=" ".join)
def test_wrong_shapes_at_real_size_are_refuted_with_a_true_counterexample(name, of):
    for mutation in [m for m in MUTATIONS if m.of == of and m.name in MISSHAPEN[name, of]]:
        assert_refuted_at_real_size(preset(name).layer, mutation)


def assert_refuted_at_real_size(layer, mutation):
    form = mutation.form(layer)
    of = Gradient(mutation.of)
    outcome = prove(layer, closed={mutation.of: form}).gradients[of]
    assert outcome.status is Status.REFUTED, (mutation, outcome)
    wrong = outcome.counterexample
    at = wrong.entry.indices
    assert plain(wrong.closed) == (evaluator.entry(form, at) if _is_in(at, form) else None)
    if _is_in(at, closed_forms(layer)[of]):
        assert plain(wrong.derived) == true_entry(layer, mutation.of, at)
        assert wrong.derived != wrong.closed


def _is_in(at, form):
    size = shape(form)
    return len(at) == len(size) and all(i < n for i, n in zip(at, size, strict=True))


def applies(mutation, layer):
    """Whether the mistake is one on this layer, so that it changes something."""
    square = layer.ndim > 1 and layer.kernel_size[-1] == layer.kernel_size[-2]
    conditions = {
        "the kernel's axes are exchanged": square,
        "only the first axis is rotated": layer.ndim > 1,
        "low and high padding are swapped": mutation.of == "input" and any(a != b for a, b in _needed_padding(layer)),
        "the remainder is ignored, and zeros put at the end": any(
            r and a.high >= r for r, a in zip(layer.remainder, layer.axes, strict=True)
        ),
        "the remainder is put on the low side": any(layer.remainder),
        "one axis of it is rotated": layer.kernel_size[0] > 1,
    }
    plain_layout = mutation.of != "weight" or (layer.weight_layout, layer.flip) == ("OI", False)
    return conditions.get(mutation.name, True) and plain_layout and (mutation.of != "bias" or layer.bias)


def _needed_padding(layer):
    return [(a.dilated_kernel_size - 1 - a.low, a.dilated_kernel_size - 1 - a.high + a.remainder) for a in layer.axes]


def test_a_form_that_does_not_fall_apart_is_undecided_beyond_the_stated_bound():
    layer = preset("resnet50.conv1").layer
    form = next(m for m in OF_INPUT if m.name == "one product is lost").form(layer)
    outcome = prove(layer, closed=form).gradients[Gradient.INPUT]
    if outcome.status is not Status.REFUTED:
        assert outcome.status is Status.UNDECIDED
        assert "do not fall apart" in outcome.reason
        assert "1000000" in outcome.reason


# Numbers beyond machine words, and beyond memory

HUGE = [
    Conv(1, 1, stride=10**20),
    Conv(5, 3, stride=10**20),
    Conv(5, 3, stride=2**63),
    Conv(5, 1, dilation=10**20),
    Conv(1, 2, input_dilation=2**64, padding=1),
    Conv(3, 1, input_dilation=10**18),
    Conv(3, 3, input_dilation=2**62, stride=2**62),
    Conv(1, 3, dilation=10**18, padding=10**18),
    Conv(1, 3, dilation=10**18, padding=10**18, stride=10**18),
    Conv(1, 3, dilation=10**20, padding=10**20, stride=10**20),
    Conv(1, 2, dilation=2**63, padding=((2**63, 0),)),
    Conv(1, 2, dilation=2**63, padding=((0, 2**63),), stride=2**62),
    Conv(1, 1, padding=2**70, stride=2**70),
    Conv(10**9, 1),
    Conv(10**9, 10**9),
    Conv(10**9, 1, padding=((1 - 10**9, 0),)),
    Conv(10**9, 1, stride=10**9),
    Conv(10**18, 3, stride=10**18),
    Conv(2**63, 2**63),
    Conv((3, 2**63), (2, 1), stride=(1, 2**62)),
    Conv((2**33, 2**33), (1, 1)),
    Conv(3, 2, in_channels=10**9, out_channels=10**9),
    Conv(3, 2, in_channels=2**70, groups=2**35, out_channels=2**40, batch=2**80),
]


@pytest.mark.parametrize("layer", HUGE, ids=repr)
def test_huge_numbers_are_proved_or_undecided_and_never_refuted(layer):
    verdict = prove(layer)
    assert verdict.status in (Status.PROVED, Status.UNDECIDED)
    for outcome in verdict.gradients.values():
        assert outcome.status is Status.PROVED or (outcome.status is Status.UNDECIDED and outcome.reason)


@pytest.mark.parametrize("layer", HUGE, ids=repr)
def test_a_mistake_in_huge_numbers_is_never_proved(layer):
    for form in (
        Scale(input_gradient(layer), 2),
        Add(input_gradient(layer), input_gradient(layer)),
        Pad(input_gradient(layer), ((0, 1),)),
        Pad(input_gradient(layer), ((0, -1),)) if layer.input_size[-1] > 1 else Scale(input_gradient(layer), 0),
    ):
        assert prove(layer, closed=form).status in (Status.REFUTED, Status.UNDECIDED)


@pytest.mark.parametrize("number", [10**9, 10**18, 2**62, 2**63, 2**64, 10**30])
def test_huge_numbers_in_a_closed_form_are_never_misread(number):
    layer = Conv((3, 3), (2, 2))
    form = input_gradient(layer)
    there_and_back = Pad(Pad(form, ((number, number), (0, 0))), ((-number, -number), (0, 0)))
    spread = Correlate(Dilate(form.operand, (number, 1)), form.kernel, (number, 1), (number, 1))
    turned = Rotate(Pad(Rotate(Pad(form, ((number, 0), (0, 0))), (2,)), ((0, -number), (0, 0))), (2,))
    many = Sum(Broadcast(Sum(form, (0, 1, 2)), (number, 3), 1), (0,))
    shifted = Pad(Pad(form, ((number, number), (0, 0))), ((1 - number, -number - 1), (0, 0)))
    beyond = Pad(Dilate(form, (number, 1)), ((0, 2 - 2 * number), (0, 0)))
    for same in (there_and_back, spread, turned):
        assert prove(layer, closed=same).status in (Status.PROVED, Status.UNDECIDED)
    for wrong in (many, shifted, beyond, Scale(form, number)):
        assert prove(layer, closed=wrong).status in (Status.REFUTED, Status.UNDECIDED)


def test_an_index_that_would_wrap_around_does_not_prove_zero_to_be_the_gradient():
    layer = Conv(12, 1, padding=((-11, 0),))
    delta, w = Input("delta", layer.output_shape), Input("w", layer.weight_shape)
    # delta stands in row 4 of rows of 2^61 entries, and rows 0 to 7 are cut off: all that is left is zero
    rows = Pad(Pad(Split(delta, 2, 1), ((4, 8), (3, 2**61 - 4))), ((-8, 0), (0, 0)))
    flat = Merge(rows, 2)
    cut = Pad(flat, ((8 - 2**63, 2**63 + 4 - shape(flat)[2]),))
    form = Correlate(cut, w, (1,), (1,))
    assert not any(evaluator.polynomials(form).values())
    assert prove(layer, closed=form).status in (Status.REFUTED, Status.UNDECIDED)


@pytest.mark.parametrize("arguments", [{"stride": 0}, {"dilation": -1}, {"padding": -(10**20)}, {"stride": 2.0**70}])
def test_what_is_no_layer_is_refused_before_anything_is_proved(arguments):
    with pytest.raises(InvalidLayer):
        prove(Conv(5, 3, **arguments))


# What is no closed form

SLIDE = Conv((3, 3), (2, 2))
DELTA, W = Input("delta", (1, 1, 2, 2)), Input("w", (1, 1, 2, 2))
PADDED = Pad(DELTA, ((1, 1), (1, 1)))
RIGHT = Correlate(PADDED, rot180(W), (1, 1), (1, 1))


def deep(node, times=20_000):
    for _ in range(times):
        node = Scale(node, 1)
    return node


BAD = {
    "a string": lambda: "corr(pad(delta), rot180(w))",
    "an empty string": lambda: "",
    "a number": lambda: 3,
    "False": lambda: False,
    "a tuple": lambda: (RIGHT,),
    "a list": lambda: [RIGHT],
    "a class": lambda: Pad,
    "None in a mapping": lambda: {"input": None},
    "an array": lambda: np.zeros((1, 1, 3, 3)),
    "a list of pairs": lambda: Correlate(Pad(DELTA, [(1, 1), (1, 1)]), rot180(W), (1, 1), (1, 1)),
    "pairs in lists": lambda: Correlate(Pad(DELTA, ([1, 1], [1, 1])), rot180(W), (1, 1), (1, 1)),
    "one number for a pair": lambda: Pad(DELTA, (1, 1)),
    "three numbers for a pair": lambda: Pad(DELTA, ((1, 1, 1), (1, 1, 1))),
    "no padding": lambda: Pad(DELTA, None),
    "padding in floats": lambda: Correlate(Pad(DELTA, ((1.0, 1.0), (1.0, 1.0))), rot180(W), (1, 1), (1, 1)),
    "padding in halves": lambda: Pad(DELTA, ((0.5, 0.5), (0.5, 0.5))),
    "padding in strings": lambda: Pad(DELTA, (("1", "1"), ("1", "1"))),
    "a number for the strides": lambda: Correlate(PADDED, rot180(W), 1, 1),
    "strides in a list": lambda: Correlate(PADDED, rot180(W), [1, 1], [1, 1]),
    "strides in floats": lambda: Correlate(PADDED, rot180(W), (1.0, 1.0), (1.0, 1.0)),
    "too many strides": lambda: Correlate(PADDED, rot180(W), (1, 1, 1), (1, 1, 1)),
    "no groups": lambda: Correlate(PADDED, rot180(W), (1, 1), (1, 1), 0),
    "half a factor": lambda: Dilate(DELTA, (1.5, 1.5)),
    "factors in floats": lambda: Dilate(DELTA, (2.0, 2.0)),
    "one factor": lambda: Dilate(DELTA, 2),
    "half a scale": lambda: Scale(RIGHT, 0.5),
    "a sum with a number": lambda: Add(RIGHT, 0),
    "an operand that is a string": lambda: Pad("delta", ((1, 1), (1, 1))),
    "an operand that is nothing": lambda: Rotate(None, (0,)),
    "a negative axis": lambda: Rotate(RIGHT, (-1,)),
    "axes in a list": lambda: Rotate(RIGHT, [2]),
    "half an axis": lambda: Merge(Split(RIGHT, 2, 1), 2.0),
    "a broadcast to nothing": lambda: Broadcast(Sum(RIGHT, (0, 1, 2)), (0, 3), 1),
    "a broadcast to less than nothing": lambda: Merge(Broadcast(Sum(RIGHT, (0, 1, 2)), (-1, -1, 3), 2), 0),
    "a tensor of another layer": lambda: Correlate(
        Pad(Input("delta", (1, 1, 4, 4)), ((0, 0), (0, 0))), W, (1, 1), (1, 1)
    ),
    "a tensor that no layer has": lambda: Input("x", (1, 1, 3, 3)),
    "the bias": lambda: Broadcast(Input("b", (1,)), (1, 1, 3, 3)),
    "z": lambda: Input("z", (1, 1, 2, 2)),
    "a shape in a list": lambda: Input("delta", [1, 1, 2, 2]),
    "a name that is no name": lambda: Input(3, (1, 1, 2, 2)),
    "a kernel that does not fit": lambda: Correlate(DELTA, Pad(W, ((5, 5), (5, 5))), (1, 1), (1, 1)),
    "arrays of two shapes": lambda: Add(RIGHT, DELTA),
    "a nest without end": lambda: deep(RIGHT),
}


@pytest.mark.parametrize("form", BAD.values(), ids=BAD)
def test_what_is_no_closed_form_is_refused_in_words(form):
    with pytest.raises((InvalidExpression, InvalidOption)) as caught:
        prove(SLIDE, closed=form())
    assert str(caught.value)
    assert "\n" not in str(caught.value)


UNKNOWN = {
    "weights": "closed has no gradient 'weights' for this layer: choose of input, weight, bias",
    "dE/da": "closed has no gradient 'dE/da' for this layer: choose of input, weight, bias",
    1: "closed has no gradient 1 for this layer: choose of input, weight, bias",
}


@pytest.mark.parametrize(("name", "text"), UNKNOWN.items())
def test_a_gradient_that_does_not_exist_is_refused(name, text):
    with pytest.raises(InvalidOption) as caught:
        prove(SLIDE, closed={name: RIGHT})
    assert str(caught.value) == text


def test_a_bias_that_the_layer_does_not_have_has_no_closed_form():
    with pytest.raises(InvalidOption, match="closed has no gradient 'bias' for this layer: choose of input, weight"):
        prove(Conv(3, 2, bias=False), closed={"bias": Sum(Input("delta", (1, 1, 2)), (0, 2))})


def test_the_text_of_a_foreign_tensor_names_those_of_the_layer():
    with pytest.raises(InvalidExpression) as caught:
        prove(SLIDE, closed=Input("x", (1, 1, 3, 3)))
    assert str(caught.value) == (
        "Input 'x' with shape (1, 1, 3, 3) is not of this layer: "
        "it has a (1, 1, 3, 3), w (1, 1, 2, 2), delta (1, 1, 2, 2)"
    )


def test_what_one_call_is_given_does_not_change_what_the_next_one_proves():
    layer = Conv((6, 6), (2, 2), stride=2, padding=1)
    delta, w = Input("delta", layer.output_shape), Input("w", layer.weight_shape)
    for two, zero in ((np.int64(2), np.int64(0)), (2.0, 0.0), (2, False)):
        try:
            form = Correlate(Pad(Dilate(delta, (two, two)), ((zero, zero),) * 2), rot180(w), (1, 1), (1, 1))
            prove(layer, closed=form)
        except InvalidExpression:
            continue
    assert prove(layer)
    assert prove(layer, closed=Correlate(Pad(Dilate(delta, (2, 2)), ((0, 0),) * 2), rot180(w), (1, 1), (1, 1))).status


def test_closed_forms_for_all_gradients_are_decided_together():
    forms = {of.value: form for of, form in closed_forms(PLANE).items()}
    assert prove(PLANE, closed=forms)
    assert prove(PLANE, closed={})
    wrong = prove(PLANE, closed=forms | {"weight": Scale(forms["weight"], 2)})
    assert [wrong.gradients[of].status for of in Gradient] == [Status.PROVED, Status.REFUTED, Status.PROVED]
    assert wrong.status is Status.REFUTED


def test_an_expression_alone_is_decided_as_the_input_gradient():
    assert prove(SPREAD, closed=input_gradient(SPREAD))
    assert prove(SPREAD, closed=weight_gradient(SPREAD)).gradients[Gradient.INPUT].status is Status.REFUTED


def test_a_transposed_gradient_is_not_the_gradient():
    layer = Conv((3, 3), (2, 2))
    assert_decided(layer, "input", Transpose(input_gradient(layer), (0, 1, 3, 2)))
