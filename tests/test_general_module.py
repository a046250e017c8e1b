"""The module for every layer of one rank: brute force, exact polynomials, its text, and what it refuses."""

import subprocess
import sys
from functools import cache
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symconv.enumeration import written_out
from symconv.errors import InvalidLayer
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.lowering.general_module import general_module
from symconv.polynomial import Entry, Polynomial
from tests import oracle
from tests.strategies import layers, small_layers
from tests.test_lowering import TABLE, TELLING, WAYS, entries, expected, integers, seeds, shapes

RANKS = range(1, 9)


@cache
def compiled(ndim):
    module = ModuleType(f"rank_{ndim}")
    exec(compile(general_module(ndim), module.__name__, "exec"), module.__dict__)
    return module


def options(layer):
    names = ("stride", "padding", "dilation", "input_dilation", "groups", "flip")
    return {name: getattr(layer, name) for name in names}


def exchanged(layer, w):
    """W in the other layout, where the layer keeps it in the one that the module does not take."""
    if layer.weight_layout == "OI":
        return w
    groups = layer.groups
    split = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    return split.reshape(groups * split.shape[1], *split.shape[2:])


def run(layer, a, w, b, delta):
    """Everything the module computes, dE/dw in the layout of the layer."""
    module, chosen, w = compiled(layer.ndim), options(layer), exchanged(layer, w)
    z = module.forward(a, w, b if layer.bias else None, **chosen)
    da = module.input_gradient(delta, w, layer.input_size, **chosen)
    dw = module.weight_gradient(delta, a, layer.kernel_size, **chosen)
    db = module.bias_gradient(delta)
    for one, other in zip((da, dw, db), module.backward(delta, a, w, **chosen), strict=True):
        assert_array_equal(one, other, strict=True)
    return [z, da, exchanged(layer, dw), *([db] if layer.bias else [])]


@settings(deadline=None, max_examples=300)
@given(layers(max_size=5), st.sampled_from((0, 1, 3)), seeds)
def test_every_function_computes_what_brute_force_does_for_any_batch(layer, batch, seed):
    arrays = integers(layer, batch, seed)
    for got, wanted in zip(run(layer, **arrays), expected(layer, batch, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@settings(deadline=None, max_examples=100)
@given(small_layers())
def test_gradients_of_symbols_are_the_polynomials_of_the_theorem(layer):
    symbols = {name: entries(name, size) for name, size in shapes(layer, layer.batch).items()}
    z, *gradients = run(layer, **symbols)
    assert written_out(weighted_input(layer)) == {Entry("z", at): z[at] for at in np.ndindex(z.shape)}
    polynomials = [wanted for wanted in oracle.polynomial_gradients(layer).values() if wanted]
    for gradient, wanted in zip(gradients, polynomials, strict=True):
        assert list(np.ndindex(gradient.shape)) == list(wanted)
        assert {at: dict(Polynomial.of(gradient[at]).coefficients) for at in wanted} == wanted


@pytest.mark.parametrize("ndim", RANKS)
def test_every_rank_computes_what_brute_force_does(ndim):
    layer = Conv((3,) + (2,) * (ndim - 1), (2,) + (1,) * (ndim - 1), stride=2, padding=1, in_channels=2, out_channels=2)
    arrays = integers(layer, 1)
    for got, wanted in zip(run(layer, **arrays), expected(layer, 1, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize(
    "layer",
    [
        Conv(3, 1, padding=((-4, 5),), stride=2),
        Conv(3, 2, padding=((5, -4),), input_dilation=3),
        Conv(4, 2, padding=((-2, -1),), input_dilation=3, dilation=4),
        Conv((2, 3), (1, 2), padding=((-2, 6), (6, -3)), stride=(3, 2)),
    ],
    ids=repr,
)
def test_padding_may_crop_everything(layer):
    arrays = integers(layer)
    for got, wanted in zip(run(layer, **arrays), expected(layer, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("layer", TABLE, ids=repr)
@pytest.mark.parametrize(
    "dtype", ["int8", "uint16", "int64", "float16", "float32", "longdouble", "complex64", "complex128", "object"]
)
def test_dtype_is_kept(layer, dtype):
    arrays = {name: abs(array) for name, array in integers(layer, bound=1).items()}
    for batch in (0, 2):
        cast = {name: (x[:batch] if name in ("a", "delta") else x).astype(dtype) for name, x in arrays.items()}
        for got, wanted in zip(run(layer, **cast), expected(layer, batch, **cast), strict=True):
            assert got.dtype == np.dtype(dtype)
            assert_array_equal(got, wanted.astype(dtype))


def test_small_integers_wrap_around():
    wide = {name: array.astype(np.int64) for name, array in integers(TELLING, bound=127).items()}
    narrow = {name: array.astype(np.int8) for name, array in wide.items()}
    for got, wanted in zip(run(TELLING, **narrow), expected(TELLING, 2, **wide), strict=True):
        assert_array_equal(got, wanted.astype(np.int8), strict=True)


def test_complex_numbers_are_not_conjugated():
    real, imaginary = integers(TELLING, seed=1), integers(TELLING, seed=9)
    arrays = {name: real[name] + 1j * imaginary[name] for name in real}
    for got, wanted in zip(run(TELLING, **arrays), expected(TELLING, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


def test_integers_of_any_size_are_exact_as_objects():
    small = {name: array.astype(int).astype(object) for name, array in integers(TELLING).items()}
    large = {name: array * 10**30 for name, array in small.items()}
    for got, unit in zip(run(TELLING, **large)[1:], expected(TELLING, 2, **small)[1:], strict=True):
        assert_array_equal(got, unit * 10 ** (60 if got.ndim > 1 else 30))


@pytest.mark.parametrize("layer", TABLE, ids=repr)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_inputs_may_lie_in_memory_in_any_way_and_are_never_changed(layer, way):
    arrays = {name: way(array) for name, array in integers(layer).items()}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    module, w = compiled(layer.ndim), exchanged(layer, arrays["w"])
    z = module.forward(arrays["a"], w, arrays["b"], **options(layer))
    for got in (z, *module.backward(arrays["delta"], arrays["a"], w, **options(layer))):
        assert got.flags.c_contiguous
        assert got.flags.writeable
        assert not any(np.shares_memory(got, array) for array in arrays.values())
    for got, wanted in zip(run(layer, **arrays), expected(layer, 2, **before), strict=True):
        assert_array_equal(got, wanted)
    for name, array in arrays.items():
        assert_array_equal(array, before[name])


def test_options_are_spelled_for_all_axes_or_for_each():
    module, a, w = compiled(2), oracle.integers((2, 1, 5, 6), 1), oracle.integers((1, 1, 3, 3), 2)
    wanted = module.forward(a, w, stride=(2, 2), padding=((1, 1), (1, 1)), dilation=(1, 1), input_dilation=(3, 3))
    for padding in (1, (1, 1), [1, (1, 1)], [[1, 1], [1, 1]]):
        assert_array_equal(module.forward(a, w, stride=2, padding=padding, dilation=[1, 1], input_dilation=3), wanted)
    delta = np.ones_like(wanted)
    same = {"stride": 2, "padding": 1, "input_dilation": 3}
    assert_array_equal(
        module.weight_gradient(delta, a, 3, **same), module.weight_gradient(delta, a, [np.int64(3), 3], **same)
    )


# What is refused.

a, w, b, delta = (np.zeros(shape) for shape in ((2, 4, 5), (6, 2, 3), (6,), (2, 6, 3)))
two = {"groups": 2}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.forward(a[0], w, **two), "a must have 3 axes: it has 2"),
        (lambda m: m.forward(a, w[..., None], **two), "w must have 3 axes: it has 4"),
        (lambda m: m.forward(a, w, b[None], **two), "b must have 1 axes: it has 2"),
        (lambda m: m.bias_gradient(delta[0]), "delta must have 3 axes: it has 2"),
        (lambda m: m.forward(a, w), "channels of w must be 4: it is 2"),
        (lambda m: m.forward(a, w, groups=3), "4 channels of a do not split into 3 groups"),
        (lambda m: m.forward(a, w[:5], **two), "5 outputs of w do not split into 2 groups"),
        (lambda m: m.forward(a, w, groups=0), "groups must be 1 or more: 0"),
        (lambda m: m.forward(a, w, b[1:], **two), r"shape of b must be \(6,\): it is \(5,\)"),
        (lambda m: m.forward(a, w, dilation=3, **two), "does not fit the input along axis 0: pad by 2 more"),
        (lambda m: m.forward(a.astype("f4"), w, **two), "one dtype: a float32, w float64"),
        (lambda m: m.forward(a, w, b.astype(int), **two), "one dtype: a float64, w float64, b int64"),
        (lambda m: m.forward(a, w, stride=0, **two), "stride must be 1 or more"),
        (lambda m: m.forward(a, w, stride=(1, 1), **two), r"stride must be 1 or more, one per axis \(1\)"),
        (lambda m: m.forward(a, w, padding=(1, 1), **two), "padding must be an int, or an int or a pair per axis"),
        (lambda m: m.forward(a, w, padding=((1, 1, 1),), **two), "padding must be"),
        (lambda m: m.forward(a[..., :0], w, **two), "input size must be 1 or more"),
        (lambda m: m.input_gradient(delta, w, (5, 5), **two), "input size must be 1 or more, one per axis"),
        (lambda m: m.input_gradient(delta, w, 6, **two), r"size of delta must be \(4,\): it is \(3,\)"),
        (lambda m: m.input_gradient(delta[:, 1:], w, 5, **two), "channels of delta must be 6: it is 5"),
        (lambda m: m.weight_gradient(delta, a, 2, **two), r"size of delta must be \(4,\): it is \(3,\)"),
        (lambda m: m.weight_gradient(delta[1:], a, 3, **two), "batch of delta must be 2: it is 1"),
        (lambda m: m.weight_gradient(delta[:, 1:], a, 3, **two), "5 channels of delta do not split into 2 groups"),
        (lambda m: m.backward(delta, a[:, :2], w, **two), "channels of w must be 1: it is 2"),
        (lambda m: m.backward(delta, a, w.astype(complex), **two), "one dtype"),
    ],
)
def test_arrays_and_options_that_are_no_layer_are_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call(compiled(1))


@pytest.mark.parametrize("ndim", [0, -1, 9, 1.0, "2", True, None])
def test_a_rank_that_is_none_is_refused_as_the_theorem_refuses_it(ndim):
    with pytest.raises(InvalidLayer) as refused:
        general_module(ndim)
    with pytest.raises(InvalidLayer) as wanted:
        Conv.general(ndim)
    assert type(refused.value) is type(wanted.value)
    assert str(refused.value) == str(wanted.value)


# The text.


@pytest.mark.parametrize("ndim", RANKS)
def test_the_text_is_formatted_and_clean(ndim):
    pytest.importorskip("ruff")
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check", "--diff"], ["check", "--select", "E,F,I,W,B"]):
        done = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", "-"], input=general_module(ndim), text=True,
            capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_text_is_typed(tmp_path):
    pytest.importorskip("mypy")
    path = tmp_path / "general.py"
    path.write_text(general_module(2))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--disallow-untyped-defs",
        "--config-file=",
        f"--cache-dir={tmp_path}",
        str(path),
    ]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_the_same_bytes_every_time():
    code = "from symconv.lowering.general_module import general_module; print(general_module(3), end='')"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout == general_module(3) == general_module(3)
    assert general_module(3).isascii()


def test_the_text_runs_without_symconv(tmp_path):
    (tmp_path / "general.py").write_text(general_module(2))
    code = """
import sys
sys.modules["symconv"] = None
import general, numpy as np
a, w = np.arange(16.0).reshape(1, 1, 4, 4), np.arange(4.0).reshape(1, 1, 2, 2)
z = general.forward(a, w, np.ones(1), stride=2)
print(z.ravel().tolist(), [g.shape for g in general.backward(z, a, w, stride=2)])
"""
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
                          text=True, capture_output=True, check=True)  # fmt: skip
    assert done.stdout == "[25.0, 37.0, 73.0, 85.0] [(1, 1, 4, 4), (1, 1, 2, 2), (1,)]\n"
