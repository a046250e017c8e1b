"""Layers: what is accepted, what it means (against PyTorch, JAX and counting), and the oracle of all other tests."""

import contextlib
import copy
import dataclasses
import json
import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symconv.errors import InvalidLayer, UnsupportedLayer
from symconv.layer import Axis, Conv
from tests import oracle, strategies

BASE = {"input_size": (8, 8), "kernel_size": (3, 3)}
TORCH = {"in_channels": 2, "out_channels": 4, "kernel_size": 3, "input_size": (8, 8)}
SMALL_AXES = [
    Axis(*numbers)
    for numbers in product(range(1, 6), range(1, 5), range(1, 4), range(1, 4), range(1, 4), range(-2, 4), range(-2, 4))
]


cases = settings(deadline=None, max_examples=200)
few_cases = settings(deadline=None, max_examples=60)  # for what compiles once per shape


# The oracle, against numbers and polynomials worked out by hand.


def test_oracle_gives_the_worked_example_in_numbers():
    layer = Conv((3, 3), (2, 2))
    a = np.array([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]])
    w = np.array([[[[1, 2], [3, 4]]]])
    delta = np.array([[[[1, -1], [2, 3]]]])
    assert oracle.output_size(layer) == (2, 2)
    assert oracle.forward(layer, a, w, np.array([10])).tolist() == [[[[47, 57], [77, 87]]]]
    da, dw, db = oracle.backward(layer, delta, a, w)
    assert da.tolist() == [[[[1, 1, -2], [5, 8, 2], [6, 17, 12]]]]
    assert dw.tolist() == [[[[22, 27], [37, 42]]]]
    assert db.tolist() == [5]


def test_oracle_gives_the_worked_example_in_polynomials():
    gradients = oracle.polynomial_gradients(Conv((3, 3), (2, 2)))

    def term(i, j, of, k, q):
        return tuple(sorted([("delta", (0, 0, i - 1, j - 1)), (of, (0, 0, k - 1, q - 1))]))

    assert gradients["input"][0, 0, 1, 1] == {  # dE/da_22 in 1-based indices
        term(1, 1, "w", 2, 2): 1,
        term(1, 2, "w", 2, 1): 1,
        term(2, 1, "w", 1, 2): 1,
        term(2, 2, "w", 1, 1): 1,
    }
    assert gradients["input"][0, 0, 0, 0] == {term(1, 1, "w", 1, 1): 1}
    assert gradients["input"][0, 0, 0, 1] == {term(1, 1, "w", 1, 2): 1, term(1, 2, "w", 1, 1): 1}
    assert gradients["weight"][0, 0, 0, 1] == {  # dE/dw_12
        term(1, 1, "a", 1, 2): 1,
        term(1, 2, "a", 1, 3): 1,
        term(2, 1, "a", 2, 2): 1,
        term(2, 2, "a", 2, 3): 1,
    }
    assert gradients["bias"] == {(0,): {(("delta", (0, 0, i, j)),): 1 for i in (0, 1) for j in (0, 1)}}
    assert {name: len(entries) for name, entries in gradients.items()} == {"input": 9, "weight": 4, "bias": 1}


@pytest.mark.parametrize(
    ("layer", "a", "w", "z"),
    [
        (Conv(3, 2), [[[1, 2, 3]]], [[[5, 7]]], [[[5 + 14, 10 + 21]]]),
        (Conv(2, 2, flip=True), [[[1, 2]]], [[[5, 7]]], [[[7 + 10]]]),
        (Conv(4, 2, stride=3), [[[1, 2, 3, 4]]], [[[5, 7]]], [[[5 + 14]]]),
        (Conv(4, 2, stride=2, dilation=2, padding=((1, 0),)), [[[1, 2, 3, 4]]], [[[5, 7]]], [[[14, 10 + 28]]]),
        (Conv(2, 2, input_dilation=3), [[[1, 2]]], [[[5, 7]]], [[[5, 0, 14]]]),
        (Conv(3, 1, padding=((-1, 2),)), [[[1, 2, 3]]], [[[5]]], [[[10, 15, 0, 0]]]),
        (Conv(2, 1, padding=((-1, -1),), input_dilation=3), [[[1, 2]]], [[[5]]], [[[0, 0]]]),
        (
            Conv(1, 1, groups=2, in_channels=2, out_channels=4),
            [[[2], [3]]],
            [[[5]], [[7]], [[11]], [[13]]],
            [[[10], [14], [33], [39]]],
        ),
        (
            Conv(1, 1, groups=2, in_channels=4, out_channels=2),
            [[[2], [3], [4], [6]]],
            [[[5], [7]], [[11], [13]]],
            [[[10 + 21], [44 + 78]]],
        ),
        (
            Conv(1, 1, groups=2, in_channels=2, out_channels=4, weight_layout="IO"),
            [[[2], [3]]],
            [[[5], [7]], [[11], [13]]],
            [[[10], [14], [33], [39]]],
        ),
        (
            Conv(1, 1, in_channels=2, out_channels=2, weight_layout="IO"),
            [[[2], [3]]],
            [[[5], [7]], [[11], [13]]],
            [[[10 + 33], [14 + 39]]],
        ),
    ],
)
def test_oracle_gives_values_worked_out_by_hand(layer, a, w, z):
    assert oracle.forward(layer, np.array(a), np.array(w), np.zeros(layer.out_channels, int)).tolist() == z


@cases
@given(strategies.small_layers(max_size=3), st.integers(0, 99))
def test_oracle_gradients_are_the_derivatives_of_its_forward_map(layer, seed):
    a, w, b, delta = _integer_arrays(layer, seed)
    da, dw, _ = oracle.backward(layer, delta, a, w)
    for at in np.ndindex(a.shape):
        assert da[at] == np.sum(delta * oracle.forward(layer, _unit(a.shape, at), w, 0 * b))
    for at in np.ndindex(w.shape):
        assert dw[at] == np.sum(delta * oracle.forward(layer, a, _unit(w.shape, at), 0 * b))
    if layer.bias:
        z = [oracle.forward(layer, 0 * a, w, _unit(b.shape, at)) for at in np.ndindex(b.shape)]
        assert_array_equal(oracle.bias_gradient(layer, delta), [np.sum(delta * each) for each in z])


@cases
@given(strategies.small_layers(), st.integers(0, 99))
def test_oracle_polynomials_take_the_values_of_its_arrays(layer, seed):
    a, w, _, delta = _integer_arrays(layer, seed)
    at = {"delta": delta, "w": w, "a": a}
    gradients = zip(oracle.polynomial_gradients(layer).values(), oracle.backward(layer, delta, a, w), strict=True)
    for polynomials, array in gradients:
        assert len(polynomials) == (0 if array is None else array.size)
        for entry, polynomial in polynomials.items():
            terms = (q * np.prod([at[name][index] for name, index in atoms]) for atoms, q in polynomial.items())
            assert array[entry] == sum(terms)


def test_oracle_keeps_exact_integers():
    layer, huge = Conv(2, 2), 10**30
    a, w = np.array([[[huge, 1]]], dtype=object), np.array([[[huge, 1]]], dtype=object)
    assert oracle.forward(layer, a, w, np.array([1], dtype=object)).tolist() == [[[huge**2 + 2]]]


def test_integers_are_whole_within_their_bound_and_repeatable():
    drawn = oracle.integers((4, 50), seed=7, bound=3)
    assert drawn.dtype == np.float64
    assert set(drawn.ravel()) == {-3, -2, -1, 0, 1, 2, 3}
    assert_array_equal(drawn, oracle.integers((4, 50), seed=7, bound=3))


# The strategies.


@cases
@given(strategies.small_layers())
def test_small_layers_are_small(layer):
    assert layer.monomials <= strategies.MOST_MONOMIALS


@pytest.mark.parametrize("layers", [strategies.layers(), strategies.small_layers()], ids=["layers", "small_layers"])
@pytest.mark.parametrize(
    "wanted",
    [
        lambda layer: layer.ndim == 3,
        lambda layer: min(layer.stride) > 1 and max(layer.remainder) > 0,
        lambda layer: min(layer.dilation) > 1 and min(layer.kernel_size) > 1,
        lambda layer: min(layer.input_dilation) > 1 and min(layer.input_size) > 1,
        lambda layer: any(low > high >= 0 for low, high in layer.padding),
        lambda layer: any(low < 0 for low, _ in layer.padding),
        lambda layer: any(high < 0 for _, high in layer.padding),
        lambda layer: 1 < layer.groups < layer.in_channels,
        lambda layer: layer.out_channels > layer.in_channels > 1,
        lambda layer: layer.batch > 1,
        lambda layer: not layer.bias,
        lambda layer: layer.flip and layer.weight_layout == "OI",
        lambda layer: not layer.flip and layer.weight_layout == "IO",
        lambda layer: not all(oracle.relation(layer)),
    ],
    ids=[
        *("rank 3", "stride with remainder", "dilation", "input dilation", "asymmetric padding", "low crop"),
        *("high crop", "groups of channels", "more outputs", "batch", "no bias", "flip", "layout IO", "zeros alone"),
    ],
)
def test_strategies_reach_every_option(layers, wanted):
    assert wanted(_first(layers, wanted, phases=[Phase.generate]))


@pytest.mark.parametrize(
    ("wanted", "simplest"),
    [
        (lambda layer: layer.batch == 1, Conv(1, 1)),
        (lambda layer: layer.ndim == 3, Conv((1, 1, 1), (1, 1, 1))),
        (lambda layer: layer.kernel_size[0] > 1 and layer.input_size[0] > 1, Conv(2, 2)),
        (lambda layer: layer.groups == 2, Conv(1, 1, groups=2, in_channels=2, out_channels=2)),
        (lambda layer: layer.flip and layer.remainder[0] > 0, Conv(1, 1, stride=2, padding=((0, 1),), flip=True)),
    ],
)
def test_layers_shrink_to_the_simplest(wanted, simplest):
    assert _first(strategies.layers(), wanted) == simplest


# Values, against other frameworks.


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="compares with PyTorch")


@pytest.fixture(scope="module")
def jax():
    jax = pytest.importorskip("jax", reason="compares with JAX")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@cases
@given(strategies.torch_arguments(), st.integers(0, 99))
def test_values_and_gradients_are_those_of_torch(torch, arguments, seed):
    layer = Conv.from_torch_args(**arguments)
    module = _torch_module(torch, arguments)
    a, w, b, delta = _integer_arrays(layer, seed)
    assert tuple(module.weight.shape) == layer.weight_shape
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(w))
        if layer.bias:
            module.bias.copy_(torch.from_numpy(b))
    leaf = torch.from_numpy(a).requires_grad_()
    z = module(leaf)
    z.backward(torch.from_numpy(delta))
    _assert_same(layer, (a, w, b, delta), z.detach(), leaf.grad, module.weight.grad, layer.bias and module.bias.grad)


@few_cases
@given(strategies.layers(), st.integers(0, 99))
def test_values_and_gradients_are_those_of_jax(jax, layer, seed):
    arrays = _integer_arrays(layer, seed)
    _assert_same(layer, arrays, *_jax_backward(jax, layer, layer.padding, *arrays))


jax_named_arguments = strategies.named_arguments(
    names=("same", "same_lower", "valid"), max_input_dilation=1, max_ndim=2
)


@settings(few_cases, max_examples=30)
@given(jax_named_arguments, st.integers(0, 99))
def test_named_paddings_are_those_of_jax(jax, arguments, seed):
    layer = Conv(**arguments)
    arrays = _integer_arrays(layer, seed)
    _assert_same(layer, arrays, *_jax_backward(jax, layer, arguments["padding"].upper(), *arrays))


@pytest.mark.parametrize(
    "arguments",
    [
        {"padding": -1},
        {"padding": "same", "stride": 2},
        {"padding": "full"},
        {"stride": 0},
        {"dilation": 0},
        {"groups": 3},
        {"kernel_size": 9},
        {"transposed": True, "padding": -1},
        {"transposed": True, "padding": "same"},
        pytest.param({"transposed": True, "padding": "valid"}),
        {"transposed": True, "stride": 2, "output_padding": 2},
        {"transposed": True, "dilation": 2, "output_padding": 2},
        {"transposed": True, "padding": 5},
    ],
    ids=str,
)
def test_what_torch_refuses_is_refused(torch, arguments):
    arguments = TORCH | arguments
    with pytest.raises((ValueError, RuntimeError, TypeError)):
        _torch_module(torch, arguments)(torch.ones(1, 2, 8, 8, dtype=torch.float64)[..., : arguments["input_size"][0]])
    with pytest.raises(InvalidLayer):
        Conv.from_torch_args(**arguments)


def test_output_padding_may_reach_the_dilation_as_in_torch(torch):
    arguments = TORCH | {"transposed": True, "dilation": 3, "output_padding": 2}
    z = _torch_module(torch, arguments)(torch.ones(1, 2, 8, 8, dtype=torch.float64))
    assert Conv.from_torch_args(**arguments).output_shape == tuple(z.shape) == (1, 4, 16, 16)


# Sizes, against counting.


def test_output_size_and_remainder_count_windows():
    for axis in SMALL_AXES:
        if axis.slack >= 0:
            end = axis.dilated_input_size + axis.high  # one past the last padded position
            reach = axis.dilation * (axis.kernel_size - 1)
            starts = [p for p in range(-axis.low, end, axis.stride) if p + reach < end]
            assert axis.output_size == len(starts)
            assert axis.remainder == end - 1 - (starts[-1] + reach)


def test_slack_is_how_far_the_kernel_slides():
    for axis in SMALL_AXES:
        end = axis.dilated_input_size + axis.high
        fits = [p for p in range(-axis.low, end) if p + axis.dilation * (axis.kernel_size - 1) < end]
        assert axis.slack == len(fits) - 1 if fits else axis.slack < 0


def test_dilated_sizes_are_spans():
    for axis in SMALL_AXES:
        assert axis.dilated_input_size == len(range(axis.input_dilation * (axis.input_size - 1) + 1))
        assert axis.dilated_kernel_size == len(range(axis.dilation * (axis.kernel_size - 1) + 1))


@cases
@given(strategies.layers())
def test_shapes_are_those_of_the_oracle(layer):
    assert layer.output_size == oracle.output_size(layer)
    assert layer.output_size == tuple(axis.output_size for axis in layer.axes)
    arrays = a, w, b, _ = _integer_arrays(layer, 0)
    assert (a.shape, w.shape, b.shape) == (layer.input_shape, layer.weight_shape, layer.bias_shape)
    assert oracle.forward(layer, a, w, b).shape == layer.output_shape == arrays[-1].shape


@cases
@given(strategies.small_layers())
def test_monomials_bound_what_is_written_out(layer):
    gradients = oracle.polynomial_gradients(layer)
    for name in ("input", "weight"):
        assert sum(map(len, gradients[name].values())) <= layer.monomials


@pytest.mark.parametrize("name", ["same", "same_lower"])
def test_same_padding_gives_one_output_per_stride(name):
    for size, kernel, s, d, u in product(range(1, 7), range(1, 6), range(1, 5), range(1, 4), range(1, 4)):
        layer = Conv(size, kernel, stride=s, dilation=d, input_dilation=u, padding=name)
        span = u * (size - 1) + 1
        outputs = -(-span // s)
        total = max((outputs - 1) * s + d * (kernel - 1) + 1 - span, 0)
        half, other_half = total // 2, total - total // 2
        assert layer.padding == ((half, other_half) if name == "same" else (other_half, half),)
        assert layer.output_size == (outputs,)


def test_valid_padding_is_none_and_full_padding_lets_one_tap_meet_the_input():
    for size, kernel, s, d, u in product(range(1, 7), range(1, 6), range(1, 5), range(1, 4), range(1, 4)):
        options = {"stride": s, "dilation": d, "input_dilation": u}
        full = Conv(size, kernel, padding="full", **options)
        assert full.padding == ((d * (kernel - 1), d * (kernel - 1)),)
        assert (0, kernel - 1, 0) in oracle.relation(full)[0]
        if d * (kernel - 1) <= u * (size - 1):
            assert Conv(size, kernel, padding="valid", **options) == Conv(size, kernel, padding=0, **options)


@cases
@given(strategies.transposed_arguments())
def test_transposed_output_size_is_the_published_formula(arguments):
    names = ("input_size", "kernel_size", "stride", "dilation", "padding", "output_padding")
    axes = zip(*(arguments[name] for name in names), strict=True)
    assert Conv.transposed(**arguments).output_size == tuple(
        (size - 1) * s - low - high + d * (kernel - 1) + more + 1 for size, kernel, s, d, (low, high), more in axes
    )


@cases
@given(strategies.transposed_arguments(max_ndim=2, max_size=4), st.integers(0, 99))
def test_transposed_layer_is_the_input_gradient_of_the_plain_one(arguments, seed):
    layer = Conv.transposed(**arguments | {"bias": False})
    plain = Conv(
        layer.output_size,
        arguments["kernel_size"],
        in_channels=layer.out_channels,
        out_channels=layer.in_channels,
        bias=False,
        **{name: arguments[name] for name in ("stride", "padding", "dilation", "groups", "batch")},
    )
    a, w, _, _ = _integer_arrays(layer, seed)
    padded = np.zeros(plain.output_shape)  # output_padding may add windows: the error there is zero
    padded[tuple(map(slice, a.shape))] = a
    assert_array_equal(oracle.forward(layer, a, w), oracle.input_gradient(plain, padded, w))


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"input_size": (8, 3), "kernel_size": (3, 5)},
            "kernel 5 does not fit input 3 with padding (0, 0) along axis 1: pad by at least 2 in total",
        ),
        (
            {"input_size": 2, "kernel_size": 3, "dilation": 3, "input_dilation": 4, "padding": ((-1, 0),)},
            "kernel 3 with dilation 3 does not fit input 2 with input dilation 4 with padding (-1, 0) along axis 0: "
            "pad by at least 2 in total",
        ),
        ({"stride": 0}, "expected stride >= 1 but got stride=0"),
        ({"stride": (1, -2)}, "expected stride >= 1 but got stride=-2"),
        ({"dilation": 0}, "expected dilation >= 1 but got dilation=0"),
        ({"input_dilation": 0}, "expected input_dilation >= 1 but got input_dilation=0"),
        ({"input_size": (8, -8)}, "expected input_size >= 1 but got input_size=-8"),
        ({"input_size": (0, 8)}, "expected input_size >= 1 but got input_size=0"),
        ({"kernel_size": (3, 0)}, "expected kernel_size >= 1 but got kernel_size=0"),
        ({"groups": 0}, "expected groups >= 1 but got groups=0"),
        ({"in_channels": -1}, "expected in_channels >= 1 but got in_channels=-1"),
        ({"out_channels": 0}, "expected out_channels >= 1 but got out_channels=0"),
        ({"batch": 0}, "expected batch >= 1 but got batch=0"),
        (
            {"groups": 2, "in_channels": 3, "out_channels": 2},
            "in_channels=3 does not split into groups=2: give a multiple of 2, or fewer groups",
        ),
        (
            {"groups": 2, "in_channels": 2, "out_channels": 3},
            "out_channels=3 does not split into groups=2: give a multiple of 2, or fewer groups",
        ),
        (
            {"kernel_size": 3},
            "expected kernel_size to have 2 values, one per spatial axis, but got kernel_size=3",
        ),
        (
            {"kernel_size": (3, 3, 3)},
            "expected kernel_size to have 2 values, one per spatial axis, but got kernel_size=(3, 3, 3) with 3",
        ),
        (
            {"stride": (1,)},
            "expected stride to have 2 values, one per spatial axis, but got stride=(1,) with 1",
        ),
        (
            {"padding": (1, 1, 1)},
            "expected padding to have 2 values, one per spatial axis, but got padding=(1, 1, 1) with 3",
        ),
        ({"input_size": ()}, "expected at least one spatial axis but got input_size=()"),
        ({"stride": float("nan")}, "expected an int but got stride=nan (type float)"),
        ({"stride": 1.5}, "expected an int but got stride=1.5 (type float)"),
        ({"input_size": (8.0, 8)}, "expected an int but got input_size=8.0 (type float)"),
        (
            {"input_size": np.array([8.0, 8.0])},
            "expected an int but got input_size=np.float64(8.0) (type numpy.float64)",
        ),
        ({"stride": True}, "expected an int but got stride=True (type bool)"),
        ({"groups": True}, "expected an int but got groups=True (type bool)"),
        ({"input_size": "88"}, "expected an int but got input_size='88' (type str)"),
        ({"kernel_size": ("3", 3)}, "expected an int but got kernel_size='3' (type str)"),
        ({"input_size": None}, "expected an int but got input_size=None (type NoneType)"),
        ({"padding": None}, "expected an int but got padding=None (type NoneType)"),
        ({"padding": {"low": 1}}, "expected an int but got padding={'low': 1} (type dict)"),
        ({"padding": float("inf")}, "expected an int but got padding=inf (type float)"),
        ({"padding": ((1, 2, 3), (1, 2))}, "expected a (low, high) pair of padding but got (1, 2, 3)"),
        ({"padding": ((1, 2), ())}, "expected a (low, high) pair of padding but got ()"),
        ({"padding": ((1, 2),)}, "expected padding to have 2 (low, high) pairs but got padding=((1, 2),)"),
        ({"padding": ((1, 0.5), 1)}, "expected an int but got padding=0.5 (type float)"),
        (
            {"padding": "reflect"},
            "expected padding to be one of 'valid', 'full', 'same', 'same_lower' but got padding='reflect'",
        ),
        ({"padding": "SAME"}, "but got padding='SAME'"),
        ({"padding": ("same", "same")}, "expected an int but got padding='same' (type str)"),
        ({"bias": 1}, "expected True or False but got bias=1 (type int)"),
        ({"bias": None}, "expected True or False but got bias=None (type NoneType)"),
        ({"flip": "yes"}, "expected True or False but got flip='yes' (type str)"),
        ({"weight_layout": "HWIO"}, "expected weight_layout to be one of 'OI', 'IO' but got weight_layout='HWIO'"),
        ({"weight_layout": None}, "expected weight_layout to be one of 'OI', 'IO' but got weight_layout=None"),
        pytest.param({"input_size": np.array(8.0), "kernel_size": 3}, "input_size="),
        pytest.param({"stride": np.array(1.5)}, "stride="),
        pytest.param({"input_size": np.array([[8, 8], [8, 8]])}, "input_size="),
        pytest.param({"padding": np.ones((2, 2, 2), int)}, "padding="),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_arguments_are_refused_in_words(arguments, message):
    with pytest.raises(InvalidLayer) as error:
        Conv(**BASE | arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"stride": 2, "output_padding": 2},
            "output_padding=2 along axis 0 is not below max(stride, dilation) = 2: give at most 1",
        ),
        (
            {"dilation": (4, 3), "output_padding": (3, 3)},
            "output_padding=3 along axis 1 is not below max(stride, dilation) = 3: give at most 2",
        ),
        ({"output_padding": 1}, "is not below max(stride, dilation) = 1: give at most 0"),
        ({"output_padding": -1}, "expected output_padding >= 0 but got output_padding=-1"),
        ({"padding": "same"}, "padding='same' is not defined for a transposed layer"),
        ({"padding": "full"}, "padding='full' is not defined for a transposed layer"),
        ({"padding": ((1, 2, 3), 1)}, "expected a (low, high) pair of padding but got (1, 2, 3)"),
        ({"kernel_size": 3}, "expected kernel_size to have 2 values"),
        ({"groups": 2}, "in_channels=1 does not split into groups=2"),
        ({"padding": 5}, "leaves none of 10 positions along axis 0: pad by at most 9 in total"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_transposed_arguments_are_refused_in_words(arguments, message):
    with pytest.raises(InvalidLayer) as error:
        Conv.transposed(**BASE | arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"padding_mode": "reflect"},
            UnsupportedLayer,
            "padding_mode='reflect' has no theorem here yet: only padding_mode='zeros' is supported",
        ),
        (
            {"padding": "same", "stride": 2},
            InvalidLayer,
            "padding='same' is not supported by PyTorch with stride=(2, 2)",
        ),
        ({"padding": "same", "stride": (1, 2)}, InvalidLayer, "padding='same' is not supported by PyTorch"),
        ({"padding": "full"}, InvalidLayer, "expected padding to be one of 'valid', 'same' but got padding='full'"),
        ({"padding": -1}, InvalidLayer, "expected padding >= 0 but got padding=-1"),
        ({"padding": ((1, 2), (1, 2))}, InvalidLayer, "expected an int but got padding=(1, 2) (type tuple)"),
        ({"output_padding": 1}, InvalidLayer, "output_padding belongs to a transposed layer: give transposed=True"),
        pytest.param({"transposed": "no"}, InvalidLayer, "transposed='no'"),
        ({"groups": 3}, InvalidLayer, "in_channels=2 does not split into groups=3"),
        ({"kernel_size": (3, 3, 3)}, InvalidLayer, "expected kernel_size to have 2 values"),
        ({"kernel_size": 9}, InvalidLayer, "kernel 9 does not fit input 8"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_torch_arguments_are_refused_in_words(arguments, kind, message):
    with pytest.raises(kind) as error:
        Conv.from_torch_args(**TORCH | arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (BASE | {"strides": 2, "colour": 1}, "unknown: colour, strides"),
        (BASE | {"strides": 2}, "a layer takes input_size, kernel_size, stride, padding"),
        ({"kernel_size": [3]}, "missing: input_size"),
        ({}, "missing: input_size, kernel_size"),
        ({"input_size": [8], "stride": 0, "size": 1}, "unknown: size; missing: kernel_size"),
        (BASE | {"stride": [1.0, 1.0]}, "expected an int but got stride=1.0 (type float)"),
        (BASE | {"bias": None}, "expected True or False but got bias=None"),
        pytest.param(None, "None"),
        pytest.param(["input_size", "kernel_size"], "list"),
        pytest.param(BASE | {1: 2, "colour": 1}, "unknown: 1, colour"),
    ],
    ids=str,
)
def test_bad_json_is_refused_in_words(arguments, message):
    with pytest.raises(InvalidLayer) as error:
        Conv.from_json(arguments)
    assert message in str(error.value)


def test_the_remedy_for_a_kernel_that_does_not_fit_is_the_least():
    for axis in SMALL_AXES[::7]:
        options = {"stride": axis.stride, "dilation": axis.dilation, "input_dilation": axis.input_dilation}
        if axis.slack < 0:
            with pytest.raises(InvalidLayer) as error:
                Conv(axis.input_size, axis.kernel_size, padding=((axis.low, axis.high),), **options)
            remedy = str(error.value).removesuffix(" in total")
            total = int(remedy.rpartition(" ")[2]) * (-1 if "crop by at most" in remedy else 1)
            assert Conv(axis.input_size, axis.kernel_size, padding=((0, total),), **options).output_size == (1,)
            with pytest.raises(InvalidLayer):
                Conv(axis.input_size, axis.kernel_size, padding=((0, total - 1),), **options)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-4, 9) | st.floats() | st.sampled_from(["same", "full", "IO", "x", ""]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=2), values, max_size=2),
    max_leaves=6,
)


@cases
@given(strategies.layers(), st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Conv)]), json_values))
def test_any_json_values_make_a_layer_or_an_invalid_layer(layer, changes):
    with contextlib.suppress(InvalidLayer):
        changed = Conv.from_json(layer.to_json() | changes)
        assert min(axis.slack for axis in changed.axes) >= 0


# Layers as values.


@cases
@given(strategies.layers())
def test_repr_reads_back(layer):
    assert eval(repr(layer), {"Conv": Conv}) == layer


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv(8, 3), "Conv((8,), (3,))"),
        (Conv((8, 8), (3, 3), stride=(2, 2), padding=((1, 1), (1, 1))), "Conv((8, 8), (3, 3), stride=2, padding=1)"),
        (
            Conv((8, 8), (3, 3), padding=(1, 2), dilation=(1, 2)),
            "Conv((8, 8), (3, 3), padding=(1, 2), dilation=(1, 2))",
        ),
        (Conv((8, 8), (3, 3), padding=((1, 2), 1)), "Conv((8, 8), (3, 3), padding=((1, 2), (1, 1)))"),
        (
            Conv(8, 3, groups=2, in_channels=2, out_channels=4, batch=3, bias=False, flip=True, weight_layout="IO"),
            "Conv((8,), (3,), groups=2, in_channels=2, out_channels=4, batch=3, bias=False, flip=True, "
            "weight_layout='IO')",
        ),
    ],
)
def test_repr_names_only_what_is_unusual(layer, text):
    assert repr(layer) == text


@cases
@given(strategies.layers())
def test_json_round_trip_gives_an_equal_layer(layer):
    assert Conv.from_json(json.loads(json.dumps(layer.to_json()))) == layer


@cases
@given(strategies.layers())
def test_copies_are_equal_and_hash_alike(layer):
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), dataclasses.replace(layer)):
        assert other == layer
        assert hash(other) == hash(layer)


@pytest.mark.parametrize(
    "other",
    [
        Conv([8, 8], [3, 3], stride=1),
        Conv((8, 8), (3, 3), padding="valid", stride=[1, 1]),
        Conv((8, 8), (3, 3), padding=((0, 0), (0, 0)), dilation=(1, 1), input_dilation=(1, 1)),
        Conv(np.array([8, 8]), np.int64(3) * np.ones(2, int), groups=np.uint8(1), batch=np.int32(1)),
        Conv.from_torch_args(1, 1, 3, input_size=(8, 8)),
    ],
)
def test_spellings_of_one_layer_are_equal(other):
    assert other == Conv((8, 8), (3, 3))
    assert hash(other) == hash(Conv((8, 8), (3, 3)))


def test_every_argument_tells_layers_apart():
    base = {"input_size": (8, 8), "kernel_size": (3, 3), "in_channels": 2, "out_channels": 2}
    changes = {
        "input_size": (8, 9), "kernel_size": (3, 2), "stride": (1, 2), "padding": ((0, 0), (0, 1)),
        "dilation": (2, 1), "input_dilation": (1, 2), "groups": 2, "in_channels": 4, "out_channels": 4,
        "batch": 2, "bias": False, "flip": True, "weight_layout": "IO",
    }  # fmt: skip
    assert set(changes) == {field.name for field in dataclasses.fields(Conv)}
    layers = {Conv(**base)} | {Conv(**base | {name: value}) for name, value in changes.items()}
    assert len(layers) == 1 + len(changes)


def test_layers_do_not_change():
    layer = Conv((8, 8), (3, 3))
    for field in dataclasses.fields(layer):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(layer, field.name, getattr(layer, field.name))
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(layer, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.colour = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.axes[0].stride = 2


def test_integers_of_numpy_become_int():
    two = np.int16(2)
    layer = Conv(
        np.array([8, 9]), [np.int64(3), 3], stride=two, dilation=np.array([1, 2], np.uint8), input_dilation=(two, two),
        padding=np.array([[1, 2], [3, 4]]), groups=two, in_channels=two, out_channels=np.int64(4), batch=np.uint64(2),
    )  # fmt: skip
    assert {type(number) for number in _numbers(layer.to_json())} == {int, bool, str}
    assert layer == Conv(
        (8, 9), (3, 3), stride=2, dilation=(1, 2), input_dilation=2,
        padding=((1, 2), (3, 4)), groups=2, in_channels=2, out_channels=4, batch=2,
    )  # fmt: skip


def test_one_number_serves_all_axes_but_the_sizes():
    layer = Conv((8, 9, 7), (3, 2, 1), stride=2, dilation=3, input_dilation=4, padding=1)
    assert (layer.stride, layer.dilation, layer.input_dilation) == ((2, 2, 2), (3, 3, 3), (4, 4, 4))
    assert layer.padding == ((1, 1), (1, 1), (1, 1))
    assert Conv.from_torch_args(1, 1, 3, input_size=(8, 9, 7)).kernel_size == (3, 3, 3)


def test_sizes_beyond_any_array_are_exact():
    layer = Conv(10**30, 3, stride=7, batch=10**10)
    assert layer.output_size == ((10**30 - 3) // 7 + 1,)


def _first(layers, wanted, **options):
    options = {"deadline": None, "database": None, "derandomize": True, "max_examples": 2000} | options
    return find(layers, wanted, settings=settings(**options))


def _integer_arrays(layer, seed):
    """a, w, b and delta, of integers."""
    shapes = (layer.input_shape, layer.weight_shape, layer.bias_shape, layer.output_shape)
    return tuple(oracle.integers(shape, (seed, which)) for which, shape in enumerate(shapes))


def _unit(shape, at):
    unit = np.zeros(shape)
    unit[at] = 1
    return unit


def _numbers(value):
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
    else:
        yield value


def _assert_same(layer, arrays, z, da, dw, db):
    """What a framework computed equals what the oracle does, to the last bit."""
    a, w, b, delta = arrays
    assert_array_equal(np.asarray(z), oracle.forward(layer, a, w, b), strict=True)
    for theirs, ours in zip((da, dw, db), oracle.backward(layer, delta, a, w), strict=True):
        if ours is not None:
            assert_array_equal(np.asarray(theirs), ours, strict=True)


def _torch_module(torch, arguments):
    """The module of ``Conv.from_torch_args(**arguments)``, in float64."""
    arguments = dict(arguments)
    ndim = len(arguments.pop("input_size"))
    arguments.pop("batch", None)
    kind = "ConvTranspose" if arguments.pop("transposed", False) else "Conv"
    return getattr(torch.nn, f"{kind}{ndim}d")(**arguments, dtype=torch.float64)


def _jax_backward(jax, layer, padding, a, w, b, delta):
    """z, dE/da, dE/dw and dE/db; JAX differentiates through the reading of w too."""

    def forward(a, w, b):
        z = jax.lax.conv_general_dilated(
            a, _plain_weight(jax.numpy, layer, w), layer.stride, padding,
            lhs_dilation=layer.input_dilation, rhs_dilation=layer.dilation, feature_group_count=layer.groups,
        )  # fmt: skip
        return z + b.reshape(-1, *[1] * layer.ndim) if layer.bias else z

    @jax.jit
    def backward(a, w, b, delta):
        z, pull = jax.vjp(forward, a, w, b)
        return z, *pull(delta)

    return backward(a, w, b, delta)


def _plain_weight(numpy, layer, w):
    """w as the plain cross-correlation reads it: layout OI, no flip."""
    if layer.weight_layout == "IO":
        ins, outs = layer.in_channels_per_group, layer.out_channels_per_group
        w = w.reshape(layer.groups, ins, outs, *layer.kernel_size).swapaxes(1, 2)
        w = w.reshape(layer.out_channels, ins, *layer.kernel_size)
    return numpy.flip(w, range(2, w.ndim)) if layer.flip else w
