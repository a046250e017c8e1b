"""The audit: what it tests, what it calls right, wrong, rounded or unsupported, and how it explains a mistake."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symconv
from symconv.auditing import exact, forms, sweep
from symconv.auditing.lifting import lift
from symconv.auditing.probing import Computed, Product, probe, theorem
from symconv.auditing.protocol import Implementation, Support
from symconv.auditing.running import Call, Failed, Failure, InProcess, NotSupported, Returned, observe
from symconv.auditing.shrinking import shrink
from symconv.auditing.verdicts import Agreed, Mistaken, NoResult, NotAudited, NotComputed, WrongEntry, WrongShape
from symconv.errors import InvalidLayer, InvalidOption
from symconv.layer import Conv
from symconv.numpy import conv, conv_backward
from symconv.steps import Status
from tests import oracle
from tests.strategies import plain_arguments

SLOTS = ("forward", "input", "weight", "bias")
SUPPORTS = (
    Support(),
    Support(ndim=2, groups=1, dilation=1, symmetric=True, uniform=True),
    Support(ndim=(1, 2), square_input=True, square_kernel=True, uniform=True),
    Support(ndim=3, stride=1, padding=0, batch=1),
    Support(negative_padding=True),
    Support(remainder=False),
)
QUICK = {"layers": 60, "seconds": 5.0}


def in_protocol():
    """Layers that the protocol of an audit can put to a function."""
    return plain_arguments(max_ndim=2, max_size=4, max_channels=3, max_input_dilation=1).map(
        lambda arguments: Conv(**arguments | {"flip": False, "weight_layout": "OI"})
    )


def implementation(function, **support):
    return Implementation("f", function, None, Support(**support))


def kernel_not_rotated(delta, a, w, **options):
    da, _, _ = conv_backward(delta, a, np.flip(w, tuple(range(2, w.ndim))).copy(), **options)
    return (da, *conv_backward(delta, a, w, **options)[1:])


# Layers


@pytest.mark.parametrize("support", SUPPORTS, ids=repr)
def test_every_layer_of_a_sweep_is_supported(support):
    layers = [*sweep.smoke(support), *sweep.systematic(support), *sweep.at_random(support, 1, 50)]
    assert len(layers) > 60
    assert all(support.admits(layer) for layer in layers)


def test_a_sweep_without_limits_reaches_every_feature():
    layers = sweep.smoke(Support()) + sweep.systematic(Support())
    features = {
        "remainder": lambda la: any(la.remainder),
        "asymmetric": lambda la: any(low != high for low, high in la.padding),
        "dilation": lambda la: max(la.dilation) > 1,
        "groups": lambda la: la.groups > 1,
        "depthwise": lambda la: la.groups == la.in_channels > 1,
        "batch": lambda la: la.batch > 1,
        "oblong kernel": lambda la: len(set(la.kernel_size)) > 1,
        "stride beyond the kernel": lambda la: any(s > k for s, k in zip(la.stride, la.kernel_size, strict=True)),
        "strides differ": lambda la: len(set(la.stride)) > 1,
    }
    for one, other in itertools.combinations(features, 2):
        assert any(features[one](la) and features[other](la) for la in layers), (one, other)
    assert {la.ndim for la in layers} == {1, 2, 3}


def test_the_first_layers_hide_no_symmetry():
    for layer in sweep.smoke(Support(ndim=2)):
        assert len(set(layer.input_size)) == 2
        assert layer.padding[0] != layer.padding[1]
        assert any(low != high for low, high in layer.padding)
        assert layer.stride[0] != layer.stride[1]
        assert layer.dilation[0] != layer.dilation[1] or layer.groups > 1
    assert any(all(layer.remainder) for layer in sweep.smoke(Support(ndim=2)))


def test_layers_at_random_depend_on_the_seed_alone():
    first, again, other = (list(sweep.at_random(Support(), seed, 40)) for seed in (3, 3, 4))
    assert first == again != other


def test_a_support_that_admits_nothing_ends_the_drawing():
    assert list(sweep.at_random(Support(ndim=2, square_input=True, remainder=False, uniform=True), 0, 5)) is not None
    with pytest.raises(InvalidOption, match="ndim"):
        Support(ndim=())


# Exact data


@given(in_protocol(), st.sampled_from(sorted(exact.BITS)))
def test_no_partial_sum_can_leave_what_the_dtype_holds(layer, dtype):
    largest = exact.largest_entry(layer, dtype)
    assert exact.terms(layer) * largest**2 < 2 ** exact.BITS[dtype]


@given(in_protocol())
def test_terms_are_the_most_products_of_any_entry(layer):
    gradients = oracle.polynomial_gradients(replace_bias(layer))
    most = max(len(p) for gradient in gradients.values() for p in gradient.values())
    assert exact.terms(layer) >= most


def replace_bias(layer):
    return replace_layer(layer, bias=True)


def replace_layer(layer, **changes):
    return Conv(**layer.to_json() | changes)


@pytest.mark.parametrize("dtype", sorted(exact.BITS))
def test_the_data_are_exact_integers_of_the_dtype(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    layer = Conv((5, 4), (2, 2), in_channels=2)
    data = exact.integers(layer, dtype, 1)
    for array in (data.delta, data.a, data.w, data.b):
        assert array.dtype == exact.dtype_of(dtype)
        values = array.astype(float)
        assert np.array_equal(values, np.rint(values))
        assert abs(values).max() <= exact.largest_entry(layer, dtype)
    assert np.unique(data.a.astype(float)).size > 2


@given(st.integers(1, 6), st.sampled_from(sorted(exact.BITS)))
def test_the_points_are_as_many_as_the_odds_need(size, dtype):
    layer = Conv((size, size), (1, 1))
    values = 2 * exact.largest_entry(layer, dtype) + 1
    passes = 1 - (1 - Fraction(1, values)) ** 2
    points = exact.trials(layer, dtype)
    assert passes**points < Fraction(1, 2**60) <= passes ** (points - 1)
    assert passes**points < Fraction(1, 2 ** exact.bits_of(layer, dtype, points))


def test_a_layer_too_large_for_the_dtype_is_not_drawn():
    with pytest.raises(InvalidOption, match="too many to be exact in bfloat16"):
        exact.integers(Conv((40, 40), (9, 9)), "bfloat16", 0)


# Verdicts


@pytest.mark.parametrize("support", SUPPORTS, ids=repr)
def test_the_lowered_code_passes(support):
    given_support = {
        "ndim": support.ndim, "groups": support.groups, "symmetric": support.symmetric, "batch": support.batch,
        "negative_padding": support.negative_padding, "stride": support.stride, "remainder": support.remainder,
    }  # fmt: skip
    report = symconv.audit(conv_backward, forward=conv, **given_support, **QUICK)
    assert report
    assert set(report.outcomes) == set(SLOTS)
    assert all(isinstance(outcome, Agreed) and outcome.bits >= 60 for outcome in report.outcomes.values())


@pytest.mark.parametrize("dtype", sorted(exact.BITS))
def test_the_oracle_passes_in_every_dtype(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    report = symconv.audit(brute_force, ndim=1, dtype=dtype, layers=12)
    assert report
    assert all(outcome.error == 0 for outcome in report.outcomes.values())


def brute_force(delta, a, w, *, stride, padding, dilation, groups):
    layer = Conv(
        a.shape[2:], w.shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups,
        in_channels=a.shape[1], out_channels=w.shape[0], batch=len(a),
    )  # fmt: skip
    return oracle.backward(layer, delta, a, w)


def test_each_gradient_has_its_own_verdict():
    report = symconv.audit(kernel_not_rotated, ndim=2, **QUICK)
    assert not report
    assert report.status is Status.REFUTED
    assert isinstance(report.outcomes["input"], Mistaken)
    assert isinstance(report.outcomes["weight"], Agreed)
    assert isinstance(report.outcomes["bias"], Agreed)


def test_a_gradient_that_is_never_computed_is_no_mistake():
    report = symconv.audit(
        lambda delta, a, w, **options: (None, conv_backward(delta, a, w, **options)[1], None), **QUICK
    )
    assert report
    assert isinstance(report.outcomes["input"], NotComputed)
    assert isinstance(report.outcomes["weight"], Agreed)


def test_nothing_computed_at_all_is_unsupported_and_no_pass():
    report = symconv.audit(lambda delta, a, w, **options: (None, None, None), **QUICK)
    assert not report
    assert report.status is Status.UNSUPPORTED


def test_only_not_implemented_error_is_unsupported():
    def planar(delta, a, w, *, groups, **options):
        if groups > 1:
            raise NotImplementedError("one group only")
        return conv_backward(delta, a, w, groups=groups, **options)

    report = symconv.audit(planar, ndim=1, **QUICK)
    assert report
    assert report.outcomes["input"].unsupported > 0

    def never(delta, a, w, **options):
        raise NotImplementedError("not yet")

    report = symconv.audit(never, **QUICK)
    assert report.status is Status.UNSUPPORTED
    assert isinstance(report.outcomes["input"], NotAudited)
    assert "not yet" in report.outcomes["input"].reason


def test_any_other_exception_is_a_mistake():
    def fails(delta, a, w, *, stride, padding, dilation, groups):
        if (a.shape[2] + sum(padding[0]) - dilation[0] * (w.shape[2] - 1) - 1) % stride[0]:
            raise ValueError("the sizes do not divide")
        return conv_backward(delta, a, w, stride=stride, padding=padding, dilation=dilation, groups=groups)

    report = symconv.audit(fails, ndim=1, **QUICK)
    outcome = report.outcomes["input"]
    assert isinstance(outcome.finding, NoResult)
    assert outcome.diagnosis.kind == "remainder"
    assert outcome.layer.remainder[0] > 0
    assert outcome.layer == Conv((2,), (1,), stride=2)


def test_a_mistake_on_one_rare_layer_is_found():
    def rarely(delta, a, w, *, stride, padding, dilation, groups):
        da, dw, db = conv_backward(delta, a, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
        if max(stride) > 2 and max(dilation) > 1 and groups > 1:
            da[(0,) * da.ndim] += delta.ravel()[0] * w.ravel()[0]
        return da, dw, db

    outcome = symconv.audit(rarely).outcomes["input"]
    assert isinstance(outcome, Mistaken)
    assert max(outcome.layer.stride) > 2
    assert max(outcome.layer.dilation) > 1
    assert outcome.layer.groups > 1


def test_a_forward_function_is_checked_first():
    def flipped(a, w, b, **options):
        return conv(a, np.flip(w, tuple(range(2, w.ndim))).copy(), b, **options)

    report = symconv.audit(conv_backward, forward=flipped, ndim=2, **QUICK)
    assert next(iter(report.outcomes)) == "forward"
    assert report.outcomes["forward"].diagnosis.name == "kernel rotated in the forward map"
    assert isinstance(report.outcomes["input"], Agreed)


def test_a_forward_function_that_forgets_the_bias_is_refuted():
    report = symconv.audit(conv_backward, forward=lambda a, w, b, **options: conv(a, w, **options), ndim=1, **QUICK)
    assert isinstance(report.outcomes["forward"], Mistaken)


# Rounding


def by_fft(delta, a, w, *, stride, padding, dilation, groups, rotated=True):
    """dE/da of plain 1-D layers by the discrete Fourier transform."""
    if a.ndim != 3 or stride != (1,) or dilation != (1,) or groups != 1:
        raise NotImplementedError("plain layers with one axis")
    length = delta.shape[2] + w.shape[2] - 1
    kernel = w if rotated else w[:, :, ::-1]
    spectrum = np.einsum("nof,ocf->ncf", np.fft.rfft(delta, length), np.fft.rfft(kernel, length))
    low = padding[0][0]
    full = np.fft.irfft(spectrum, length)
    return full[:, :, low : low + a.shape[2]], None, None


def test_a_transform_passes_up_to_its_rounding_and_the_verdict_says_so():
    outcome = symconv.audit(by_fft, ndim=1, stride=1, dilation=1, groups=1, **QUICK).outcomes["input"]
    assert isinstance(outcome, Agreed)
    assert 0 < outcome.error < 1e-9
    assert outcome.error < outcome.tolerance <= 0.25


def test_a_transform_with_a_mistake_is_refuted_like_any_other():
    def wrong(delta, a, w, **options):
        return by_fft(delta, a, w, rotated=False, **options)

    outcome = symconv.audit(wrong, ndim=1, stride=1, dilation=1, groups=1, **QUICK).outcomes["input"]
    assert isinstance(outcome, Mistaken)


@pytest.mark.parametrize("factor", [1 + 2**-10, 1 + 1e-4, 1 - 2**-15])
def test_a_factor_near_one_is_no_rounding(factor):
    def nearly(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return da * factor, dw, db

    assert isinstance(symconv.audit(nearly, ndim=1, **QUICK).outcomes["input"], Mistaken)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32"])
def test_one_wrong_product_among_many_is_no_rounding(dtype):
    def nearly(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        da.ravel()[0] += delta.ravel()[0] * w.ravel()[0]
        return da, dw, db

    assert isinstance(symconv.audit(nearly, ndim=1, dtype=dtype, **QUICK).outcomes["input"], Mistaken)


def test_rounding_of_integers_is_a_mistake():
    def off_by_one(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return da, dw + (abs(dw) > 10**6), db

    assert isinstance(symconv.audit(off_by_one, ndim=1, dtype="int64", **QUICK).outcomes["weight"], Mistaken)


# Symbols


def test_code_that_takes_objects_is_proved_on_small_layers():
    outcome = symconv.audit(conv_backward, **QUICK).outcomes["input"]
    assert {layer.ndim for layer in outcome.proved} == {1, 2, 3}


def test_code_that_casts_to_floats_is_proved_nowhere():
    def casting(delta, a, w, **options):
        return conv_backward(*(np.asarray(t, dtype=np.float64) for t in (delta, a, w)), **options)

    report = symconv.audit(casting, **QUICK)
    assert report
    assert report.outcomes["input"].proved == ()


def test_code_that_is_wrong_on_objects_alone_is_proved_nowhere():
    def two_faced(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return (da + da, dw, db) if delta.dtype == object else (da, dw, db)

    outcomes = symconv.audit(two_faced, **QUICK).outcomes
    assert outcomes["input"].proved == ()
    assert outcomes["weight"].proved != ()


# What the code computes


@given(in_protocol())
def test_the_products_of_the_theorem_are_those_of_brute_force(layer):
    wanted = oracle.polynomial_gradients(replace_bias(layer))
    for slot in ("input", "weight", "bias"):
        found = {}
        for product in theorem(slot, layer).products:
            names = forms.FACTORS[slot]
            key = tuple(sorted(zip(names, product.at, strict=True)))
            entry = found.setdefault(product.entry, {})
            entry[key] = entry.get(key, 0) + product.coefficient
        assert found == {at: polynomial for at, polynomial in wanted[slot].items() if polynomial}


@pytest.mark.parametrize("slot", ["input", "weight", "bias"])
@pytest.mark.parametrize(
    "layer",
    [
        Conv((4,), (2,), stride=2, padding=1),
        Conv((3, 4), (2, 2), padding=((1, 0), (0, 1)), dilation=(1, 2)),
        Conv((3,), (2,), groups=2, in_channels=4, out_channels=2),
    ],
    ids=repr,
)
def test_probing_right_code_finds_the_theorem(layer, slot):
    assert probe(InProcess(implementation(conv_backward)), slot, layer, "float64") == theorem(slot, layer)


def test_probing_finds_coefficients_that_are_no_integers():
    def halved(delta, a, w, **options):
        return tuple(g / 2 for g in conv_backward(delta, a, w, **options))

    found = probe(InProcess(implementation(halved)), "input", Conv((2,), (2,)), "float64")
    assert {product.coefficient for product in found.products} == {Fraction(1, 2)}


def test_code_that_adds_a_constant_has_no_products():
    def shifted(delta, a, w, **options):
        return tuple(g + 1 for g in conv_backward(delta, a, w, **options))

    assert probe(InProcess(implementation(shifted)), "input", Conv((2,), (2,)), "float64") is None
    outcome = symconv.audit(shifted, ndim=1, **QUICK).outcomes["input"]
    assert not outcome.bilinear
    assert outcome.diagnosis.name == "not bilinear"


def products_of(lifted, shape):
    """The products that a lifted formula stands for, by its definition."""
    layer, names = lifted.layer, [*lifted.entry, *lifted.summed]
    sizes = {"delta": layer.output_shape, "w": layer.weight_shape, "a": layer.input_shape}
    ranges = dict(zip(lifted.entry, shape, strict=True))
    letters = {"delta": ("n", "o", "i"), "w": ("o", "c", "k"), "a": ("n", "y", "x")}
    for tensor, (first, second, position) in letters.items():
        for name, size in zip(
            (first, second, *(f"{position}{j}" for j in range(layer.ndim))), sizes[tensor], strict=True
        ):
            ranges.setdefault(name, size)
    found = []
    for values in itertools.product(*(range(ranges[name]) for name in names)):
        row = dict(zip(names, values, strict=True))
        row["g"] = row["o"] // layer.out_channels_per_group
        at = tuple(tuple(index.at(row) for index in indices) for _, indices in lifted.factors)
        inside = all(
            value.denominator == 1 and 0 <= value < size
            for (tensor, _), place in zip(lifted.factors, at, strict=True)
            for value, size in zip(place, sizes[tensor], strict=True)
        )
        if inside and all(low <= row[name] <= high for name, low, high in lifted.conditions):
            entry = tuple(row[name] for name in lifted.entry)
            found.append(Product(entry, tuple(tuple(map(int, place)) for place in at), lifted.coefficient))
    return tuple(sorted(found))


@settings(deadline=None)
@given(in_protocol(), st.sampled_from(SLOTS))
def test_a_lifted_formula_is_exactly_the_products_it_was_lifted_from(layer, slot):
    computed = theorem(slot, layer)
    lifted = lift(computed)
    if lifted is not None:
        assert products_of(lifted, computed.shape) == computed.products


@pytest.mark.parametrize("slot", SLOTS)
def test_the_theorem_is_lifted_on_a_layer_where_every_index_shows(slot):
    layer = Conv((5,), (2,), stride=2, padding=1, groups=2, in_channels=4, out_channels=4, batch=2)
    assert lift(theorem(slot, layer)) is not None


def test_a_kernel_that_is_not_rotated_shows_in_the_index_of_the_kernel():
    outcome = symconv.audit(kernel_not_rotated, ndim=2, **QUICK).outcomes["input"]
    (theirs, kernel), (ours, rotated) = outcome.recovered.factors, outcome.theorem.factors
    assert theirs == ours
    assert [str(index) for index in kernel[1]] == ["o", "y", "1 - k0", "1 - k1"]
    assert [str(index) for index in rotated[1]] == ["o", "y", "k0", "k1"]


def test_a_formula_that_leaves_products_out_says_which():
    layer = Conv((3,), (2,))
    kept = [product for product in theorem("input", layer).products if product.at[1][2] == 1]
    lifted = lift(Computed("input", layer, tuple(kept), layer.input_shape))
    assert lifted.conditions == (("k0", 1, 1),)
    assert products_of(lifted, layer.input_shape) == tuple(kept)


def test_products_of_no_one_index_notation_are_not_lifted():
    layer = Conv((4,), (2,))
    some = theorem("input", layer).products[::2] + theorem("input", layer).products[1:2]
    assert lift(Computed("input", layer, tuple(sorted(some)), layer.input_shape)) is None


# The smallest layer


def test_shrinking_ends_at_a_layer_that_shows_it_and_none_simpler_does():
    start = Conv(
        (9, 7), (3, 2), stride=(3, 2), padding=((2, 1), (0, 1)), groups=2, in_channels=4, out_channels=6, batch=3
    )
    assert shrink(start, Support(), lambda layer: any(layer.remainder)) == Conv((2,), (1,), stride=2)
    assert shrink(start, Support(), lambda layer: True) == Conv((1,), (1,))
    assert shrink(start, Support(), lambda layer: layer.groups > 1).groups == 2
    assert shrink(start, Support(), lambda layer: layer == start) == start


def test_shrinking_stays_within_the_support():
    support = Support(ndim=2, square_input=True)
    small = shrink(Conv((6, 6), (2, 3)), support, lambda layer: support.admits(layer))
    assert small == Conv((1, 1), (1, 1))


def test_the_counterexample_is_right_about_the_theorem_and_about_the_code():
    outcome = symconv.audit(kernel_not_rotated, ndim=1, **QUICK).outcomes["input"]
    assert isinstance(outcome.finding, WrongEntry)
    assert outcome.layer == Conv((2,), (2,))
    assert outcome.finding.expected == (Product((0, 0, 0), ((0, 0, 0), (0, 0, 0))),)
    assert outcome.finding.computed == (Product((0, 0, 0), ((0, 0, 0), (0, 0, 1))),)


def test_a_wrong_shape_is_shown_as_such():
    def short(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return da[..., :-1], dw, db

    finding = symconv.audit(short, ndim=1, **QUICK).outcomes["input"].finding
    assert finding == WrongShape((1, 1, 1), (1, 1, 0))


# One call


LAYER = Conv((3,), (2,))


def call(function, layer=LAYER):
    data = exact.integers(layer, "float64", 0)
    return observe(implementation(function), Call(layer, data.backward))


def test_arguments_are_passed_as_the_protocol_says():
    seen = {}

    def spy(delta, a, w, **options):
        seen.update(options)
        return None, None, None

    layer = Conv((5, 6), (2, 2), stride=(2, 1), padding=((0, 1), (2, 0)), dilation=(1, 2), groups=2, in_channels=2,
                 out_channels=2)  # fmt: skip
    call(spy, layer)
    assert seen == {"stride": (2, 1), "padding": ((0, 1), (2, 0)), "dilation": (1, 2), "groups": 2}


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda *args, **options: (1.0, 2.0), "returned 2 values"),
        (lambda *args, **options: 3, "returned an int"),
        (lambda *args, **options: None, "returned None"),
        (lambda *args, **options: ([1.0], None, None), "is a list"),
        (lambda delta, a, w, **options: (a * 1j, None, None), "complex128"),
        (lambda delta, a, w, **options: (a.astype(str), None, None), "expected real numbers"),
    ],
)
def test_what_is_no_result_is_malformed(function, text):
    seen = call(function)
    assert isinstance(seen, Failed)
    assert seen.failure is Failure.MALFORMED
    assert text in seen.text


def test_an_exception_is_told_with_its_line():
    def broken(delta, a, w, **options):
        raise ValueError("no\nway")

    seen = call(broken)
    assert (seen.failure, seen.text) == (Failure.RAISED, "ValueError: no way")
    assert seen.where.startswith("test_audit.py:")


def test_sys_exit_is_an_exception_like_others():
    def leaves(delta, a, w, **options):
        raise SystemExit(0)

    assert call(leaves).failure is Failure.RAISED


def test_not_implemented_error_is_kept_apart():
    def refuses(delta, a, w, **options):
        raise NotImplementedError("later")

    assert call(refuses) == NotSupported("later")


def test_prints_and_changed_arguments_are_noted(capsys):
    def untidy(delta, a, w, **options):
        print("hello")
        a += 1
        return a, None, None

    seen = call(untidy)
    assert seen.notes == ("changes its argument a: work on a copy", "prints to stdout: 'hello'")
    assert capsys.readouterr().out == ""


def test_a_result_that_shares_memory_with_an_argument_is_copied():
    def lazy(delta, a, w, **options):
        return a, None, None

    runner = InProcess(implementation(lazy))
    data = exact.integers(LAYER, "float64", 0)
    first, _ = runner.run([Call(LAYER, data.backward)] * 2)
    assert isinstance(first, Returned)
    assert np.array_equal(first.arrays[0], data.a)


# Options


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"layers": 0}, InvalidOption, "layers >= 1"),
        ({"seconds": 0}, InvalidOption, "above 0"),
        ({"ndim": 4}, InvalidOption, "give 1, 2 or 3"),
        ({"ndim": "2"}, InvalidOption, "ndim"),
        ({"stride": 0}, InvalidOption, "stride >= 1"),
        ({"symmetric": 1}, InvalidOption, "True or False"),
        ({"dtype": "float8"}, InvalidOption, "choose of float64"),
        ({"layer": 3}, (InvalidLayer, InvalidOption), "."),
        ({"layer": Conv(3, 2, flip=True)}, InvalidLayer, "does not fit the protocol"),
        ({"layer": Conv(3, 2, stride=2), "stride": 1}, InvalidOption, "not among the layers"),
        ({"adapter": "nonsense"}, InvalidOption, "unknown adapter"),
        ({"forward": "text"}, InvalidOption, "is a text"),
    ],
)
def test_bad_options_are_refused(options, error, text):
    with pytest.raises(error, match=text):
        symconv.audit(conv_backward, **options)


def test_chosen_layers_are_tested_alone_whatever_the_limits_of_a_sweep():
    layer = Conv((12,), (2,), stride=7, padding=((9, -1),), dilation=5)
    report = symconv.audit(conv_backward, layer=layer)
    assert report.verdict.layers == 1
    assert report


def test_a_sweep_ends_in_time():
    report = symconv.audit(conv_backward, layers=100_000, seconds=0.5)
    assert report
    assert report.verdict.seconds < 30
    assert report.verdict.layers < 100_000


def test_code_that_keeps_whole_numbers_only_is_refuted():
    """Integers alone would not show it."""

    def truncating(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return da.astype(int), dw, db

    outcomes = symconv.audit(truncating, ndim=1, **QUICK).outcomes
    assert outcomes["input"].diagnosis.name == "rounded to whole numbers"
    assert isinstance(outcomes["weight"], Agreed)


def test_a_wrong_backward_is_refuted_before_a_long_sweep_of_its_forward_function():
    report = symconv.audit(kernel_not_rotated, forward=conv, ndim=2)
    assert report.outcomes["input"].diagnosis.name == "kernel not rotated"
    assert isinstance(report.outcomes["forward"], Agreed)
    assert report.outcomes["forward"].layers < 600
    assert not report.verdict.cut


def test_a_sweep_that_time_cuts_short_says_so():
    assert symconv.audit(conv_backward, layers=100_000, seconds=0.3).verdict.cut
    assert not symconv.audit(conv_backward, layers=10).verdict.cut


# What a review found, and must not come back


def test_a_forward_function_that_dies_is_not_held_against_the_gradients(tmp_path):
    (tmp_path / "dies.py").write_text(
        "import os\nfrom symconv.numpy import conv_backward as good\n\n\n"
        "def f(delta, a, w, **options):\n    return good(delta, a, w, **options)\n\n\n"
        "def dies(a, w, b, **options):\n    os._exit(3)\n"
    )
    outcomes = symconv.audit(f"{tmp_path / 'dies.py'}:f", forward="dies", ndim=1, layers=30).outcomes
    assert isinstance(outcomes["forward"], Mistaken)
    assert outcomes["forward"].wrong == outcomes["forward"].layers < 15
    assert all(isinstance(outcomes[slot], Agreed) for slot in ("input", "weight", "bias"))


def test_code_that_returns_its_buffers_again_passes():
    buffers = {}

    def reusing(delta, a, w, **options):
        for at, gradient in enumerate(conv_backward(delta, a, w, **options)):
            buffers.setdefault((at, gradient.shape), np.zeros(gradient.shape))[...] = gradient
        shapes = (a.shape, w.shape, (len(w),))
        return tuple(buffers[at, shape] for at, shape in enumerate(shapes))

    assert symconv.audit(reusing, ndim=1, layers=30)


@pytest.mark.parametrize(("factor", "decay"), [(1.005, 0.0), (1.0, 0.01)])
def test_an_error_of_a_percent_is_no_rounding_in_float32(factor, decay):
    def nearly(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return (da * factor).astype(da.dtype), (dw + decay * w).astype(dw.dtype), db

    assert not symconv.audit(nearly, ndim=1, dtype="float32", layers=30)


def test_a_layer_passes_only_if_every_point_of_it_is_answered():
    def whole_numbers_only(delta, a, w, **options):
        if any((array % 1).any() for array in (delta, a, w)):
            raise NotImplementedError("only whole numbers")
        return conv_backward(delta, a, w, **options)

    report = symconv.audit(whole_numbers_only, ndim=1, layers=30)
    assert not report
    assert isinstance(report.outcomes["input"], NotAudited)

    def sneaky(delta, a, w, **options):
        if abs(delta).max() <= 3:
            raise NotImplementedError
        return tuple(gradient * (1 + 1e-9) for gradient in conv_backward(delta, a, w, **options))

    assert not symconv.audit(sneaky, ndim=1, layers=30)


def test_layers_at_the_limit_of_a_dtype_are_judged_within_it():
    pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    layer = Conv((13, 13), (3, 3), in_channels=16, out_channels=16, batch=2)

    def rounding(delta, a, w, **options):
        exactly = conv_backward(*(array.astype(float) for array in (delta, a, w)), **options)
        return tuple(gradient.astype(delta.dtype) for gradient in exactly)

    assert symconv.audit(rounding, dtype="bfloat16", layer=layer)

    def negated(delta, a, w, **options):
        return tuple(-gradient for gradient in rounding(delta, a, w, **options))

    assert symconv.audit(negated, dtype="bfloat16", layer=layer).outcomes["input"].diagnosis.name == "wrong sign"


def test_the_layer_that_is_shown_is_one_that_the_diagnosis_holds_on():
    def by_kernel(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return (da / 2 if w.shape[2] > 1 else -3 * da), dw, db

    for layers in ([Conv(5, 3), Conv(6, 2)], [Conv(5, 3), Conv(6, 2), Conv(5, 1)]):
        outcome = symconv.audit(by_kernel, layer=layers).outcomes["input"]
        if outcome.diagnosis.name == "multiplied by a constant":
            assert outcome.layer.kernel_size != (1,)


def test_a_diagnosis_agrees_with_the_layers_that_are_right():
    def unrotated_at_stride_one(delta, a, w, *, stride, **options):
        rotated = np.flip(w, 2).copy() if stride[0] == 1 else w
        da = conv_backward(delta, a, rotated, stride=stride, **options)[0]
        return da, *conv_backward(delta, a, w, stride=stride, **options)[1:]

    plain = [Conv(4 + size, 1) for size in range(12)]
    strided = [Conv(6 + size, 3, stride=2) for size in range(5)]
    outcome = symconv.audit(unrotated_at_stride_one, layer=[*plain, *strided, *(Conv(6 + n, 3) for n in range(5))])
    assert outcome.outcomes["input"].diagnosis.name != "kernel not rotated"


@pytest.mark.parametrize("factor", [1e-5, 1e-7, 0.50001, 2**-0.5])
def test_any_constant_factor_is_named_and_is_no_lack_of_linearity(factor):
    def scaled(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return da * factor, dw, db

    outcome = symconv.audit(scaled, ndim=1, layers=30).outcomes["input"]
    assert outcome.diagnosis.name == "multiplied by a constant"
    assert f"{factor:.6g}" in outcome.diagnosis.explanation
    assert outcome.bilinear


@pytest.mark.parametrize("wrong", [lambda b: 2 * b, lambda b: -b, lambda b: b[:1].repeat(len(b))])
def test_a_bias_that_is_added_wrongly_is_no_lack_of_linearity(wrong):
    report = symconv.audit(conv_backward, forward=lambda a, w, b, **options: conv(a, w, wrong(b), **options),
                           ndim=1, layers=30)  # fmt: skip
    assert report.outcomes["forward"].diagnosis.name == "bias wrong"


def test_layers_on_which_none_came_back_are_counted():
    def unstrided(delta, a, w, **options):
        da, dw, db = conv_backward(delta, a, w, **options)
        return (None if options["stride"][0] > 1 else da), dw, db

    report = symconv.audit(unstrided, ndim=1, layers=30)
    assert report.outcomes["input"].absent > 0
    assert "not computed on" in str(report)


def test_a_chosen_layer_that_the_dtype_cannot_hold_is_refused_in_words():
    pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    with pytest.raises(InvalidOption, match="too many to be exact in bfloat16"):
        symconv.audit(conv_backward, dtype="bfloat16", layer=[Conv(5, 3), Conv(200, 3, batch=3)])


def test_an_exception_of_any_kind_is_told():
    class Odd(BaseException):
        pass

    def odd(delta, a, w, **options):
        raise Odd("?")

    assert call(odd).text == "Odd: ?"
