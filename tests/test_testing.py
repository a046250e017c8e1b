"""What people use in their own tests: strategies draw valid, small layers; assertions fail with the mistake's name."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import symconv as sc
from symconv.auditing.exact import Tensors
from symconv.auditing.protocol import Support
from symconv.errors import InvalidLayer, InvalidOption, InvalidTarget
from symconv.numpy import conv, conv_backward
from symconv.testing import WrongGradient, assert_backward, assert_forward, assert_passed, gradients, layers, tensors
from symconv.testing.selection import discriminating, short_name, support_of

LAYER = sc.Conv((5, 4), (3, 2), stride=2, in_channels=2)


def unrotated(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w[:, :, ::-1], **options)
    return da, dw, db


def all_zero(delta, a, w, **options):
    return tuple(0 * gradient for gradient in conv_backward(delta, a, w, **options))


def nothing(delta, a, w, **options):
    return None, None, None


def unsupported(delta, a, w, **options):
    raise NotImplementedError("later")


def ungrouped(delta, a, w, *, stride, padding, dilation, groups):
    if groups > 1:
        raise NotImplementedError("groups")
    return conv_backward(delta, a, w, stride=stride, padding=padding, dilation=dilation)


def biasless(a, w, b, **options):
    return conv(a, w, **options)


CHOICES = [
    {},
    {"ndim": 2},
    {"ndim": (1, 3), "stride": 1, "padding": 0},
    {"symmetric": True, "groups": 1},
    {"uniform": True, "batch": 1},
    {"square": True},
    {"square": True, "uniform": False, "remainder": False},
    {"square_kernel": True, "dilation": 1},
    {"square_input": True, "negative_padding": True},
    {"remainder": False},
    {"remainder": False, "uniform": True, "ndim": 3},
    {"negative_padding": True, "symmetric": True, "max_size": 2},
    {"max_size": 1, "max_channels": 1},
]


@pytest.mark.parametrize("options", CHOICES, ids=str)
def test_layers_are_within_their_options_and_nothing_is_filtered(options):
    support = support_of({name: value for name, value in options.items() if not name.startswith("max_")})

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None, database=None)
    @given(layers(**options))
    def drawn(layer):
        assert support.admits(layer)
        assert not layer.flip
        assert max(layer.input_dilation) == 1
        longest = options.get("max_size") or 8
        assert max(layer.input_size + layer.kernel_size) <= longest
        assert max(layer.in_channels, layer.out_channels) <= options.get("max_channels", 4)
        assert layer.monomials < 10**5

    drawn()
    assert ".filter" not in repr(layers(**options))


def first_failing(strategy, condition):
    """The example that Hypothesis shrinks to."""
    found = []

    phases = (Phase.generate, Phase.shrink)

    @settings(max_examples=2000, database=None, deadline=None, derandomize=True, phases=phases)
    @given(strategy)
    def search(value):
        if condition(value):
            found.append(value)
            raise AssertionError

    with pytest.raises(AssertionError):
        search()
    return found[-1]


@pytest.mark.parametrize(
    ("condition", "smallest"),
    [
        (lambda layer: True, sc.Conv((1,), (1,))),
        (lambda layer: any(layer.remainder), sc.Conv((2,), (1,), stride=2)),
        (lambda layer: layer.groups > 1, sc.Conv((1,), (1,), groups=2, in_channels=2, out_channels=2)),
        (lambda layer: max(layer.kernel_size) > 1, sc.Conv((2,), (2,))),
        (lambda layer: layer.ndim == 3, sc.Conv((1, 1, 1), (1, 1, 1))),
        (lambda layer: layer.out_channels > layer.in_channels, sc.Conv((1,), (1,), out_channels=2)),
        (lambda layer: any(high > low for low, high in layer.padding), sc.Conv((1,), (1,), padding=((0, 1),))),
    ],
)
def test_layers_shrink_to_small_ones(condition, smallest):
    assert first_failing(layers(), condition) == smallest


def test_layers_differ_in_every_option():
    seen = []

    @settings(max_examples=300, database=None, deadline=None, derandomize=True)
    @given(layers(negative_padding=True))
    def drawn(layer):
        seen.append(layer)

    drawn()
    assert {layer.ndim for layer in seen} == {1, 2, 3}
    assert {s for layer in seen for s in layer.stride} == {1, 2, 3, 4}
    assert {d for layer in seen for d in layer.dilation} == {1, 2, 3}
    assert {layer.groups for layer in seen} == {1, 2, 3, 4}
    assert {p for layer in seen for pair in layer.padding for p in pair} >= {-2, -1, 0, 1, 2, 3, 4}
    assert len(set(seen)) > 250


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ndim": 4}, "ndim=4 is not audited: give 1, 2 or 3"),
        ({"stride": 0}, "expected stride >= 1 but got stride=0"),
        ({"groups": 1.5}, "expected an int but got groups=1.5"),
        ({"max_size": 0}, "expected max_size >= 1"),
        ({"max_channels": "2"}, "expected an int but got max_channels='2'"),
    ],
)
def test_layers_refuse_bad_options(options, text):
    with pytest.raises(InvalidOption, match=text.replace("(", r"\(")):
        layers(**options)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int16", "int64"])
def test_tensors_have_the_shapes_of_the_layer_and_are_exact(dtype):
    @settings(max_examples=30, database=None, deadline=None)
    @given(tensors(LAYER, dtype))
    def drawn(data):
        assert isinstance(data, Tensors)
        shapes = (LAYER.output_shape, LAYER.input_shape, LAYER.weight_shape, LAYER.bias_shape)
        assert tuple(array.shape for array in (data.delta, data.a, data.w, data.b)) == shapes
        for array in (data.delta, data.a, data.w, data.b):
            assert array.dtype == dtype
            assert (array == np.round(array)).all()
            assert np.abs(array).max() <= 9
        as_floats = [array.astype(float) for array in data.forward]
        assert (conv(*data.forward, stride=2) == conv(*as_floats, stride=2)).all()

    drawn()


def test_tensors_are_various_and_large_ones_too():
    large = sc.Conv((64, 64), (3, 3))
    for layer in (LAYER, large):
        seen = []

        @settings(max_examples=30, database=None, deadline=None, derandomize=True)
        @given(tensors(layer))
        def drawn(data):
            seen.append(data.a)  # noqa: B023  it is called before the next round

        drawn()
        assert sum(len(np.unique(a)) > 10 for a in seen) > 15


def test_tensors_shrink_to_zeros_entry_by_entry():
    data = first_failing(tensors(LAYER), lambda data: True)
    assert not any(array.any() for array in (data.delta, data.a, data.w, data.b))
    data = first_failing(tensors(LAYER), lambda data: data.w[0, 1, 2, 0] < -1)
    assert not any(array.any() for array in (data.delta, data.a, data.b))
    assert (data.w != 0).sum() == 1
    assert data.w[0, 1, 2, 0] == -2


def test_data_that_cannot_be_exact_is_refused():
    with pytest.raises(InvalidOption, match="too many to be exact in float16"):
        tensors(sc.Conv((100, 100), (3, 3)), "float16")
    with pytest.raises(InvalidLayer, match="but got 3"):
        tensors(3)


@settings(max_examples=30, deadline=None)
@given(layers())
def test_a_right_backward_passes_on_any_layer(layer):
    assert_backward(conv_backward, layer)


def test_a_right_backward_passes_a_sweep():
    assert_backward(conv_backward, layers=60)
    assert_backward(conv_backward, forward=conv, ndim=1, layers=30)
    assert_forward(conv, layers=60)


def test_a_wrong_backward_fails_with_the_name_of_its_mistake():
    with pytest.raises(WrongGradient) as caught:
        assert_backward(unrotated, ndim=1, layers=40)
    error = caught.value
    headline, _, rest = str(error).partition("\n\n")
    assert isinstance(error, AssertionError)
    assert headline.endswith("unrotated: dE/da is wrong: kernel not rotated")
    assert rest == error.report.text().strip()
    assert error.report.outcomes["input"].diagnosis.name == "kernel not rotated"
    assert not error.report


def test_a_wrong_backward_fails_in_a_property_and_shrinks():
    layer = first_failing(
        layers(ndim=(1, 2), padding=1, max_size=3), lambda layer: fails(assert_backward, unrotated, layer)
    )
    assert layer == sc.Conv((2,), (2,))


def fails(assertion, *arguments, **options):
    try:
        assertion(*arguments, **options)
    except WrongGradient:
        return True
    return False


def test_every_wrong_gradient_is_in_the_headline():
    with pytest.raises(WrongGradient, match=r"^\S+all_zero: dE/da is wrong: .+; dE/dw is wrong: .+; dE/db is wrong: "):
        assert_backward(all_zero, LAYER)


def test_an_exception_is_a_mistake():
    def raises(delta, a, w, **options):
        raise ZeroDivisionError("by zero")

    with pytest.raises(WrongGradient, match="ZeroDivisionError"):
        assert_backward(raises, LAYER)


@pytest.mark.parametrize("where", [{"layer": LAYER}, {"ndim": 1, "layers": 10}], ids=["layer", "sweep"])
def test_an_assertion_that_checks_nothing_fails(where):
    with pytest.raises(
        WrongGradient, match=r"nothing was checked: NotImplementedError on all \d+ layers: later; leave out"
    ):
        assert_backward(unsupported, **where)
    with pytest.raises(WrongGradient, match="nothing was checked: None was returned for dE/da, dE/dw, dE/db"):
        assert_backward(nothing, **where)
    with pytest.raises(WrongGradient, match="nothing was checked: None was returned"):
        assert_backward(nothing, forward=conv, **where)  # the forward function alone is no backward
    with pytest.raises(WrongGradient, match="nothing was checked: NotImplementedError"):
        assert_forward(unsupported, **where)


def test_a_layer_that_is_refused_fails_alone_but_not_in_a_sweep():
    grouped = sc.Conv((3,), (2,), groups=2, in_channels=2, out_channels=2)
    with pytest.raises(WrongGradient, match="nothing was checked"):
        assert_backward(ungrouped, grouped)
    assert_backward(ungrouped, LAYER)
    assert_backward(ungrouped, ndim=1, layers=40)


def test_a_gradient_that_is_not_computed_is_not_asked_for():
    def input_only(delta, a, w, **options):
        return conv_backward(delta, a, w, **options)[0], None, None

    assert_backward(input_only, LAYER)
    report = sc.audit(input_only, layer=LAYER)
    assert_passed(report)
    assert_passed(report, "input")
    with pytest.raises(WrongGradient, match="nothing was checked: None was returned for dE/dw"):
        assert_passed(report, "weight")
    with pytest.raises(InvalidOption, match="no outcome of 'kernel': choose of input, weight, bias"):
        assert_passed(report, "kernel")


def test_one_gradient_of_a_report_passes_where_another_fails():
    report = sc.audit(unrotated, layer=LAYER)
    assert_passed(report, "weight")
    with pytest.raises(WrongGradient, match="dE/da is wrong"):
        assert_passed(report, "input")
    with pytest.raises(WrongGradient, match="dE/da is wrong"):
        assert_passed(report)


def test_a_wrong_forward_function_fails():
    with pytest.raises(WrongGradient, match="biasless: z is wrong: "):
        assert_forward(biasless, ndim=1, layers=20)
    with pytest.raises(WrongGradient, match="z is wrong: "):
        assert_forward(biasless, LAYER)
    with pytest.raises(WrongGradient, match="z is wrong: "):
        assert_backward(conv_backward, LAYER, forward=biasless)
    with pytest.raises(InvalidTarget, match="expected a function but got 3"):
        assert_forward(3)


def test_forward_functions_of_other_conventions():
    def conv_forward(x, w, b, conv_param):
        return conv(x, w, b, stride=conv_param["stride"], padding=conv_param["pad"]), None

    def unpadded(x, w, b, conv_param):
        return conv(x[:, :, ::-1], w, b, stride=conv_param["stride"], padding=conv_param["pad"]), None

    assert_forward(conv_forward, adapter="cs231n", layers=30)
    with pytest.raises(WrongGradient, match="z is wrong"):
        assert_forward(unpadded, adapter="cs231n", layers=30)


def test_a_layer_beyond_the_usual_sizes_can_be_named():
    layer = sc.Conv((20,), (2,), stride=7, dilation=5, padding=6, groups=5, in_channels=5, out_channels=5, batch=4)
    assert not Support().admits(layer)
    assert_backward(conv_backward, layer)
    assert_forward(conv, layer)
    assert_backward(conv_backward, sc.Conv((5,), (2,), padding=-1))
    with pytest.raises(WrongGradient):
        assert_backward(unrotated, layer)


def test_unknown_options_are_refused():
    with pytest.raises(InvalidOption, match="unknown option 'group': did you mean groups"):
        assert_backward(conv_backward, group=1)
    with pytest.raises(InvalidOption, match="tests nothing"):
        assert_backward(conv_backward, [])


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_gradients_of_drawn_data_are_those_of_brute_force(data):
    layer = data.draw(layers(max_size=3, max_channels=2))
    drawn = data.draw(tensors(layer))
    before = [array.copy() for array in drawn.backward]
    found = gradients(conv_backward, layer, drawn)
    z = conv(
        drawn.a, drawn.w, stride=layer.stride, padding=layer.padding, dilation=layer.dilation, groups=layer.groups
    )  # fmt: skip
    assert (drawn.delta * z).sum() == (found[0] * drawn.a).sum() == (found[1] * drawn.w).sum()
    assert all(map(np.array_equal, before, drawn.backward))


def test_short_names_tell_layers_apart():
    chosen = discriminating(Support(), 600)
    assert len({short_name(layer) for layer in chosen}) == len(chosen) > 400
    assert short_name(sc.Conv((3,), (2,))) == "3-2"
    assert (
        short_name(sc.Conv((4, 5), (2, 2), padding=-1, dilation=(1, 2), batch=2))
        == "4x5-2x2-padding-1-dilation1x2-batch2"
    )


@pytest.mark.parametrize("strategy", ["layers()", "tensors(symconv.Conv((3,), (2,)))"])
def test_without_hypothesis_only_strategies_are_missing(strategy):
    code = f"""
import sys
sys.modules["hypothesis"] = sys.modules["pytest"] = None
import symconv
from symconv.numpy import conv, conv_backward
from symconv.testing import WrongGradient, assert_backward, assert_forward, layers, tensors
assert_backward(conv_backward, ndim=1, layers=5)
assert_forward(conv, ndim=1, layers=5)
try:
    {strategy}
except symconv.MissingLibrary as error:
    assert "needs Hypothesis: pip install 'symconv[testing]'" in str(error), error
else:
    raise SystemExit("not refused")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_is_lazy():
    code = """
import sys, symconv.testing
assert not {"numpy", "sympy", "hypothesis", "pytest"} & set(sys.modules)
assert set(symconv.testing.__all__) <= set(dir(symconv.testing))
assert sorted(symconv.testing._HOME) == sorted(symconv.testing.__all__)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'layer'"):
        _ = sc.testing.layer
