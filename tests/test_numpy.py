"""`conv` and `conv_backward`: values against brute force, and the words for what they refuse."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import symconv.numpy as module
from symconv.errors import InvalidArray, InvalidLayer
from symconv.layer import Conv
from symconv.numpy import conv, conv_backward
from tests.strategies import layers
from tests.test_lowering import TABLE, expected, integers, seeds

OPTIONS = ("stride", "padding", "dilation", "input_dilation", "groups", "flip")


def options(layer):
    return {name: getattr(layer, name) for name in OPTIONS}


def plain(layer):
    """The layer as `conv` sees it: weights in the layout "OI", whether there is a bias said by the arrays."""
    return replace(layer, weight_layout="OI", bias=True)


@settings(deadline=None, max_examples=200)
@given(layers(max_size=5).map(plain), st.sampled_from((0, 1, 3)), seeds)
def test_conv_and_its_gradients_are_those_of_brute_force(layer, batch, seed):
    arrays = integers(layer, batch, seed)
    a, w, b, delta = (arrays[name] for name in ("a", "w", "b", "delta"))
    z, *gradients = expected(layer, batch, **arrays)
    assert_array_equal(conv(a, w, b, **options(layer)), z, strict=True)
    assert_array_equal(conv(a, w, **options(layer)), z - b.reshape(-1, *[1] * layer.ndim), strict=True)
    for got, wanted in zip(conv_backward(delta, a, w, **options(layer)), gradients, strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize(
    "spelled",
    [
        {"stride": [2, 2], "padding": [1, 1], "dilation": np.array([1, 1]), "groups": np.int64(2)},
        {"stride": np.int8(2), "padding": ((1, 1), (1, 1)), "groups": 2},
        {"stride": (2, 2), "padding": "same_lower", "groups": 2},
    ],
)
def test_options_may_be_spelled_in_any_way(spelled):
    layer = Conv((7, 7), (3, 3), stride=2, padding=1, groups=2, in_channels=2, out_channels=2)
    arrays = integers(layer)
    z, da, *_ = expected(layer, 2, **arrays)
    for _ in range(2):
        assert_array_equal(conv(arrays["a"], arrays["w"], arrays["b"], **spelled), z)
        assert_array_equal(conv_backward(arrays["delta"], arrays["a"], arrays["w"], **spelled)[0], da)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float16", "float32", "complex64", "object"])
@pytest.mark.parametrize("layer", list(map(plain, TABLE)), ids=repr)
def test_dtype_is_kept_and_inputs_are_not_touched(layer, dtype):
    arrays = {name: abs(array).astype(dtype) for name, array in integers(layer, bound=1).items()}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    results = [
        conv(arrays["a"], arrays["w"], arrays["b"], **options(layer)),
        *conv_backward(arrays["delta"], arrays["a"], arrays["w"], **options(layer)),
    ]
    for got, wanted in zip(results, expected(layer, 2, **before), strict=True):
        assert got.dtype == np.dtype(dtype)
        assert_array_equal(got, wanted.astype(dtype))
        assert not any(np.shares_memory(got, array) for array in arrays.values())
    for name, array in arrays.items():
        assert_array_equal(array, before[name])


def test_plan_is_kept_for_any_batch():
    a, w = np.ones((2, 1, 6, 5)), np.ones((1, 1, 3, 2))
    conv(a, w, stride=2)
    before = module._lowered.cache_info()
    for batch in (0, 1, 7):
        conv(np.ones((batch, *a.shape[1:])), w, stride=2)
        conv(np.ones((batch, *a.shape[1:])), w, stride=[2, 2])
    after = module._lowered.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 6)


def test_neither_sympy_nor_proofs_are_loaded():
    script = """
import sys
import numpy as np
from symconv.numpy import conv, conv_backward
conv_backward(conv(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))), np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
late = ("sympy", "symconv.derivation", "symconv.proof", "symconv.enumeration", "symconv.report", "rich", "click")
assert not [name for name in sys.modules if name.startswith(late)], sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parent.parent, check=True)


A, W, B, DELTA = np.ones((2, 4, 5, 5)), np.ones((6, 2, 3, 3)), np.ones(6), np.ones((2, 6, 3, 3))


def backward(delta, a=A, w=W, groups=2, **more):
    return conv_backward(delta, a, w, groups=groups, **more)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: conv([1.0], W), "a is a list, not a NumPy array: give np.asarray(a)"),
        (lambda: conv(A, None), "w is a NoneType, not a NumPy array: give np.asarray(w)"),
        (lambda: conv(A, W, 1.0, groups=2), "b is a float, not a NumPy array: give np.asarray(b)"),
        (lambda: backward(3), "delta is a int, not a NumPy array: give np.asarray(delta)"),
        (lambda: conv(A > 0, W),
         "a has dtype bool, but expected integers, floats, complex numbers or objects: cast it, as in a.astype(float)"),
        (lambda: conv(A, W.astype(str), groups=2),
         "w has dtype <U32, but expected integers, floats, complex numbers or objects: cast it, as in w.astype(float)"),
        (lambda: conv(A.astype("M8[s]"), W),
         "a has dtype datetime64[s], but expected integers, floats, complex numbers or objects: "
         "cast it, as in a.astype(float)"),
        (lambda: conv(np.ma.ones(A.shape), W), "a is a masked array: fill what is masked, with a.filled(0)"),
        (lambda: conv(A.astype("f4"), W, groups=2),
         "a has dtype float32 but w has dtype float64: cast one of them, as in w.astype(a.dtype)"),
        (lambda: conv(A, W, B.astype(int), groups=2),
         "a has dtype float64 but b has dtype int64: cast one of them, as in b.astype(a.dtype)"),
        (lambda: backward(DELTA.astype("f4")),
         "delta has dtype float32 but a has dtype float64: cast one of them, as in a.astype(delta.dtype)"),
        (lambda: conv(A[0], W),
         "a has 3 axes but w of shape (6, 2, 3, 3) expects (N, C, *L): add a batch axis with a[None]"),
        (lambda: conv(A[0, 0], W[0, 0]),
         "a has 2 axes but expected (N, C, *L): batch, channels, and a spatial axis or more"),
        (lambda: conv(A, W[0]),
         "w has 3 axes but a of shape (2, 4, 5, 5) expects (M, C/groups, *K): 4 axes, as many as a"),
        (lambda: conv(A, W),
         "a has 4 channels but w of shape (6, 2, 3, 3) with groups=1 expects 2*1 = 2: w is (M, C/groups, *K)"),
        (lambda: conv(A, W, groups=3),
         "a has 4 channels but w of shape (6, 2, 3, 3) with groups=3 expects 2*3 = 6: w is (M, C/groups, *K)"),
        (lambda: conv(A[:, :0], W),
         "a has shape (N, 0, 5, 5) but expected sizes of at least 1: only the batch may be 0"),
        (lambda: conv(A, W[:0]),
         "w has shape (0, 2, 3, 3) but expected sizes of at least 1: only the batch may be 0"),
        (lambda: conv(A, W[..., :0]),
         "w has shape (6, 2, 3, 0) but expected sizes of at least 1: only the batch may be 0"),
        (lambda: conv(A, W, B[:4], groups=2), "b has shape (4,) but expected (6,), a value for each output channel"),
        (lambda: conv(A, W, B[:, None], groups=2),
         "b has shape (6, 1) but expected (6,), a value for each output channel"),
        (lambda: backward(DELTA[..., :2]),
         "delta has shape (2, 6, 3, 2) but expected (N, 6, 3, 3), the shape of z"),
        (lambda: backward(DELTA[0]),
         "delta has 3 axes but expected (N, 6, 3, 3): add a batch axis with delta[None]"),
        (lambda: backward(DELTA[:1]), "delta has batch 1 but a has batch 2: expected one batch for both"),
        (lambda: backward(DELTA, stride=2), "delta has shape (2, 6, 3, 3) but expected (N, 6, 2, 2), the shape of z"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(call, text):
    with pytest.raises(InvalidArray) as error:
        call()
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"stride": 0}, "expected stride >= 1 but got stride=0"),
        ({"stride": True}, "expected an int but got stride=True (type bool)"),
        ({"stride": (True, 1)}, "expected an int but got stride=True (type bool)"),
        ({"stride": 1.0}, "expected an int but got stride=1.0 (type float)"),
        ({"groups": 2.0}, "expected an int but got groups=2.0 (type float)"),
        ({"groups": 0}, "expected groups >= 1 but got groups=0"),
        ({"flip": 0}, "expected True or False but got flip=0 (type int)"),
        ({"padding": "twice"}, "expected padding to be one of 'valid', 'full', 'same', 'same_lower' but got"),
        ({"padding": ((-1, 0), (0, -3))}, "kernel 3 does not fit input 5 with padding (0, -3) along axis 1"),
        ({"dilation": 3}, "kernel 3 with dilation 3 does not fit input 5 with padding (0, 0) along axis 0"),
    ],
)  # fmt: skip
def test_options_that_make_no_layer_are_refused_though_their_equals_were_accepted(given, text):
    conv(A, W, groups=2, stride=(1, 1), flip=False)
    with pytest.raises(InvalidLayer) as error:
        conv(A, W, **{"groups": 2, **given})
    assert str(error.value).startswith(text)


def test_output_channels_that_do_not_split_into_groups_are_refused():
    with pytest.raises(InvalidLayer, match=r"^out_channels=5 does not split into groups=2: give a multiple of 2"):
        conv(A, W[:5], groups=2)
