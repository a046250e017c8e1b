"""Adapters: the libraries' own gradients against brute force, two conventions of courses, and how adapters are found.

Data are integers, small enough that no sum of products is rounded, so that equal means equal.
"""

import random
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import EntryPoint
from math import prod

import numpy as np
import pytest

from symconv.auditing.adapters import Adapter, adapters, find_adapter
from symconv.auditing.adapters import adapter as finding
from symconv.auditing.protocol import Implementation
from symconv.errors import InvalidOption, MissingLibrary
from symconv.layer import Conv
from tests import oracle

LIBRARIES = {  # the modules that it stands on; how many layers are tried (JAX and tinygrad compile each)
    "torch": (("torch",), 30),
    "torch.nn.grad": (("torch",), 30),
    "jax": (("jax",), 20),
    "autograd": (("autograd", "scipy"), 30),
    "tinygrad": (("tinygrad",), 8),
    "mygrad": (("mygrad",), 30),
    "onnx-reference": (("onnx",), 30),
}
CONVENTIONS = ("native", "cs231n", "dlai")
BOUND = {"float64": 9, "float32": 9, "float16": 2, "bfloat16": 1}  # of the data: sums stay below 2**11 and 2**8
WRONG = {  # the layers that a library itself gets wrong: each mistake has a test below
    "autograd": lambda layer: _autograd_convolves_forever(layer),
    "mygrad": lambda layer: any(d * k > span for d, k, span in spans(layer)),
    "onnx-reference": lambda layer: layer.groups > 1 and not layer.in_channels == layer.out_channels == layer.groups,
}


def _autograd_convolves_forever(layer):
    """delta, before strides, and the kernel with its gaps have as many entries, and each is longer along some axis."""
    outputs = [axis.slack + 1 for axis in layer.axes]
    kernel = [axis.dilated_kernel_size for axis in layer.axes]
    mixed = any(map(int.__lt__, outputs, kernel)) and any(map(int.__gt__, outputs, kernel))
    return mixed and layer.batch * prod(outputs) == layer.in_channels_per_group * prod(kernel)


def spans(layer):
    """Dilation, kernel size and the size of the padded input along each axis."""
    return ((axis.dilation, axis.kernel_size, axis.input_size + axis.low + axis.high) for axis in layer.axes)


def installed(name):
    """The implementation that a library is, or a skipped test."""
    for module in LIBRARIES[name][0]:
        pytest.importorskip(module, reason=f"compares with {module}")
    return find_adapter(name).own()


def drawn(chance, support):
    """A layer of a support: no option is larger than 3, and no output longer than 3."""
    while True:
        axes = [_axis(chance, support) for _ in range(chance.choice(support.ndim))]
        if support.uniform:
            axes = [axis | {name: axes[0][name] for name in ("stride", "dilation", "padding")} for axis in axes]
        if support.square_kernel:
            axes = [axis | {"kernel_size": axes[0]["kernel_size"]} for axis in axes]
        sizes = [_input_size(**axis) for axis in axes]
        if min(sizes) > 0:
            break
    groups = chance.randint(1, min(3, support.groups))
    kernel, stride, dilation, padding = (
        tuple(axis[name] for axis in axes) for name in ("kernel_size", "stride", "dilation", "padding")
    )
    return Conv(
        tuple(sizes), kernel, stride=stride, dilation=dilation, padding=padding, groups=groups,
        in_channels=groups * chance.randint(1, 2), out_channels=groups * chance.randint(1, 2),
        batch=chance.randint(1, 2),
    )  # fmt: skip


def _axis(chance, support):
    stride = chance.randint(1, min(3, support.stride))
    low, high = (chance.randint(-1 if support.negative_padding else 0, min(3, support.padding)) for _ in range(2))
    return {
        "kernel_size": chance.randint(1, 3), "stride": stride, "dilation": chance.randint(1, min(3, support.dilation)),
        "padding": (low, low if support.symmetric else high), "outputs": chance.randint(1, 3),
        "remainder": chance.randrange(stride) if support.remainder else 0,
    }  # fmt: skip


def _input_size(kernel_size, stride, dilation, padding, outputs, remainder):
    return stride * (outputs - 1) + dilation * (kernel_size - 1) + 1 + remainder % stride - sum(padding)


def drawn_layers(support, count, seed=0):
    chance = random.Random(seed)
    return [drawn(chance, support) for _ in range(count)]


def options(layer):
    return {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}


def integers(layer, seed, dtype="float64"):
    """(delta, a, w, b) as float64, for the oracle, and in a dtype."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16")
    shapes = (layer.output_shape, layer.input_shape, layer.weight_shape, layer.bias_shape)
    exact = [oracle.integers(shape, 4 * seed + at, BOUND[dtype]) for at, shape in enumerate(shapes)]
    cast = [array.astype(dtype) for array in exact]
    for array in cast:
        array.flags.writeable = False
    return exact, cast


def differences(implementation, layer, seed=0, dtype="float64"):
    """The names of what an implementation returns that is not, entry by entry, what brute force returns."""
    (delta, a, w, b), cast = integers(layer, seed, dtype)
    before = [array.copy() for array in cast]
    got = dict(zip(("da", "dw", "db"), implementation.backward(*cast[:3], **options(layer)), strict=True))
    wanted = dict(zip(("da", "dw", "db"), oracle.backward(layer, delta, a, w), strict=True))
    if implementation.forward:
        got["z"], wanted["z"] = implementation.forward(*cast[1:], **options(layer)), oracle.forward(layer, a, w, b)
    assert all(map(np.array_equal, cast, before)), "the arguments are changed"
    return [
        name for name, array in got.items()
        if array is not None and not (array.dtype == dtype and np.array_equal(array.astype(float), wanted[name]))
    ]  # fmt: skip


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_librarys_own_gradients_are_those_of_brute_force(name):
    implementation, wrong = installed(name), WRONG.get(name, lambda layer: False)
    tried = 0
    for seed, layer in enumerate(drawn_layers(implementation.support, LIBRARIES[name][1])):
        assert implementation.support.admits(layer)
        if not wrong(layer):
            assert not differences(implementation, layer, seed, implementation.dtypes[0]), layer
            tried += 1
    assert tried >= LIBRARIES[name][1] // 2


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "tinygrad"])
def test_other_dtypes_are_exact_too(name):
    implementation, wrong = installed(name), WRONG.get(name, lambda layer: False)
    for dtype in implementation.dtypes[1:]:
        for seed, layer in enumerate(drawn_layers(implementation.support, 3, seed=1)):
            if not wrong(layer):
                assert not differences(implementation, layer, seed, dtype), (dtype, layer)


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_drawn_layers_hold_what_the_library_claims(name):
    """Whatever a support admits occurs among the layers of the test above."""
    support = installed(name).support
    layers = drawn_layers(support, LIBRARIES[name][1])
    assert {layer.ndim for layer in layers} == set(support.ndim)
    assert any(max(layer.stride) > 1 for layer in layers)
    assert any(max(layer.dilation) > 1 for layer in layers)
    assert any(layer.groups > 1 for layer in layers) == (support.groups > 1)
    assert any(any(layer.remainder) for layer in layers) == support.remainder
    assert any(low != high for layer in layers for low, high in layer.padding) != support.symmetric
    assert any(low < 0 for layer in layers for low, _ in layer.padding) == support.negative_padding


@pytest.mark.parametrize(
    ("name", "missing"), [("torch.nn.grad", {"db"}), ("onnx-reference", {"dw", "db"}), ("torch", set())]
)
def test_what_a_library_does_not_compute_is_none(name, missing):
    implementation, layer = installed(name), Conv((5, 5), (3, 3))
    _, cast = integers(layer, 0)
    gradients = zip(("da", "dw", "db"), implementation.backward(*cast[:3], **options(layer)), strict=True)
    assert {name for name, gradient in gradients if gradient is None} == missing


# Mistakes of the libraries themselves


def test_autograd_convolves_forever_where_neither_array_is_the_larger():
    """convolve of (1, 2) and (2, 1), mode "full", exchanges them for ever: dE/da of this layer asks for just that."""
    layer = Conv((2, 2), (2, 1))
    assert WRONG["autograd"](layer)
    with pytest.raises(RecursionError):
        differences(installed("autograd"), layer)


def test_mygrad_refuses_a_dilated_kernel_that_fits():
    """Its window spans d*(K-1) + 1 = 3 positions of 3, and mygrad 2.5 asks for d*K = 4."""
    layer = Conv((3,), (2,), dilation=2)
    assert layer.output_size == (1,)
    assert WRONG["mygrad"](layer)
    with pytest.raises(ValueError, match=r"The dilated window .* must fit"):
        differences(installed("mygrad"), layer)


@pytest.mark.parametrize(("ins", "outs"), [(4, 4), (4, 2), (2, 4)])
def test_onnx_reference_fails_on_grouped_conv_transpose_or_is_mended(ins, outs):
    """ConvTranspose of onnx 1.17 to 1.23 writes one channel a group, and slices W by output channels.

    Pull request 8446 of onnx/onnx is to mend it.
    """
    implementation = installed("onnx-reference")
    layer = Conv((4, 3), (2, 2), groups=2, in_channels=ins, out_channels=outs)
    assert WRONG["onnx-reference"](layer)
    try:
        assert not differences(implementation, layer)
    except ValueError as error:
        assert re.search("cannot reshape|could not broadcast", str(error))  # noqa: PT017


# Functions of users


def torch_forward(a, w, b, *, stride, padding, dilation, groups):
    import torch

    convolve = getattr(torch.nn.functional, f"conv{len(stride)}d")
    return convolve(a, w, b, stride, padding, dilation, groups)


def torch_input_gradient(input_size, weight, grad_output, *, stride, padding, dilation, groups):
    import torch.nn.grad

    gradient = getattr(torch.nn.grad, f"conv{len(stride)}d_input")
    return gradient(input_size, weight, grad_output, stride, padding, dilation, groups)


def jax_forward(a, w, b, *, stride, padding, dilation, groups):
    import jax

    z = jax.lax.conv_general_dilated(a, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups)
    return z + b.reshape(-1, *[1] * len(stride))


def autograd_forward(a, w, b, *, stride, padding, dilation, groups):
    """A sum over taps of slices of the padded input."""
    import autograd.numpy as anp

    outs, ins, rank = len(w) // groups, w.shape[1], len(stride)
    a = anp.pad(a, [(0, 0), (0, 0), *padding], mode="constant")
    parts = []
    for g in range(groups):
        images, kernel = a[:, g * ins : (g + 1) * ins], w[g * outs : (g + 1) * outs]
        taps = []
        for k in np.ndindex(*w.shape[2:]):
            reads = [
                slice(tap * d, size - d * (count - 1 - tap), s)
                for tap, d, s, size, count in zip(k, dilation, stride, a.shape[2:], w.shape[2:], strict=True)
            ]
            taps.append(anp.einsum("nc...,oc->no...", images[(..., *reads)], kernel[(..., *k)]))
        parts.append(sum(taps))
    return anp.concatenate(parts, axis=1) + b.reshape(-1, *[1] * rank)


def tinygrad_forward(a, w, b, *, stride, padding, dilation, groups):
    a = a.pad((None, None, *padding))
    return a.conv2d(w, b, groups, stride, dilation)


def mygrad_forward(a, w, b, *, stride, padding, dilation, groups):
    from mygrad.nnet.layers import conv_nd

    if groups > 1:
        raise NotImplementedError("no groups")
    return conv_nd(a, w, stride=stride, padding=padding, dilation=dilation) + b.reshape(-1, *[1] * len(stride))


def onnx_conv_transpose(X, W, *, strides, pads, dilations, group, output_padding):  # noqa: N803  (ONNX's names)
    """Every product of an entry of X and one of W, added where it belongs."""
    rank, ins, outs = len(strides), len(W) // group, W.shape[1]
    spans = zip(X.shape[2:], W.shape[2:], strides, dilations, output_padding, strict=True)
    full = [s * (size - 1) + d * (taps - 1) + 1 + more for size, taps, s, d, more in spans]
    Y = np.zeros((len(X), outs * group, *full), X.dtype)  # noqa: N806
    for i in np.ndindex(*X.shape[2:]):
        for k in np.ndindex(*W.shape[2:]):
            at = tuple(s * x + d * tap for s, x, d, tap in zip(strides, i, dilations, k, strict=True))
            for g in range(group):
                block = slice(g * ins, (g + 1) * ins)
                Y[(slice(None), slice(g * outs, (g + 1) * outs), *at)] += X[:, block][(..., *i)] @ W[block][(..., *k)]
    kept = [slice(pads[j], full[j] - pads[rank + j]) for j in range(rank)]
    return Y[(..., *kept)]


USERS = {
    "torch": torch_forward,
    "torch.nn.grad": torch_input_gradient,
    "jax": jax_forward,
    "autograd": autograd_forward,
    "tinygrad": tinygrad_forward,
    "mygrad": mygrad_forward,
    "onnx-reference": onnx_conv_transpose,
}


def users_layers(name, implementation):
    """Layers of a support that the library has, and gets right; only positive padding."""
    layers = drawn_layers(implementation.support, 20, seed=2)
    usable = [
        layer for layer in layers
        if min(p for pair in layer.padding for p in pair) >= 0
        and (name != "mygrad" or not (any(layer.remainder) or layer.groups > 1 or WRONG[name](layer)))
    ]  # fmt: skip
    return usable[: 2 if name == "tinygrad" else None]


@pytest.mark.parametrize("name", USERS)
def test_a_users_function_is_called_in_its_librarys_convention(name):
    installed(name)
    implementation = find_adapter(name).adapt(USERS[name], None)
    layers = users_layers(name, implementation)
    assert layers
    for seed, layer in enumerate(layers):
        assert not differences(implementation, layer, seed), layer


def test_autograd_and_onnx_take_arrays_of_objects():
    """So the audit may run them on polynomials."""
    layer = Conv((5, 4), (2, 3), stride=2, padding=1)
    for name in ("autograd", "onnx-reference"):
        implementation = installed(name)
        assert implementation.symbolic
        _, cast = integers(layer, 0)
        arrays = [array.astype(int).astype(object) for array in cast]
        for got, wanted in zip(
            implementation.backward(*arrays[:3], **options(layer)),
            implementation.backward(*cast[:3], **options(layer)),
            strict=True,
        ):
            if got is not None:
                assert got.dtype == object
                assert np.array_equal(got.astype(float), wanted)


def test_a_bias_that_is_ignored_has_a_gradient_of_zeros():
    """None would say that it was not computed, and hide the mistake."""
    installed("torch")

    def without_bias(a, w, b, **options):
        return torch_forward(a, w, None, **options)

    layer = Conv((3, 3), (2, 2))
    assert differences(find_adapter("torch").adapt(without_bias, None), layer) == ["db", "z"]


# Two courses


def cs231n_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    count, _, height, width = padded.shape
    filters, _, rows, columns = w.shape
    out = np.zeros((count, filters, (height - rows) // stride + 1, (width - columns) // stride + 1), x.dtype)
    for n, f, i, j in np.ndindex(*out.shape):
        window = padded[n, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
        out[n, f, i, j] = (window * w[f]).sum() + b[f]
    return out, (x, w, b, conv_param)


def cs231n_backward(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
    rows, columns = w.shape[2:]
    for n, f, i, j in np.ndindex(*dout.shape):
        at = (n, slice(None), slice(i * stride, i * stride + rows), slice(j * stride, j * stride + columns))
        dpadded[at] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[at]
        db[f] += dout[n, f, i, j]
    return dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, db


def cs231n_wrong(dout, cache):
    """The input gradient keeps the padding in place of the input."""
    x, w, b, conv_param = cache
    pad = conv_param["pad"]
    _, dw, db = cs231n_backward(dout, cache)
    wide = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, _, _ = cs231n_backward(dout, (wide, w, b, conv_param | {"pad": 0}))
    return dx[:, :, : x.shape[2], : x.shape[3]], dw, db


def dlai_forward(A_prev, W, b, hparameters):  # noqa: N803  (the assignment's names)
    stride, pad = hparameters["stride"], hparameters["pad"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    m, height, width, _ = padded.shape
    f, _, _, channels = W.shape
    Z = np.zeros((m, (height - f) // stride + 1, (width - f) // stride + 1, channels), A_prev.dtype)  # noqa: N806
    for n, h, v, c in np.ndindex(*Z.shape):
        window = padded[n, h * stride : h * stride + f, v * stride : v * stride + f]
        Z[n, h, v, c] = (window * W[..., c]).sum() + b[0, 0, 0, c]
    return Z, (A_prev, W, b, hparameters)


def dlai_backward(dZ, cache):  # noqa: N803
    A_prev, W, b, hparameters = cache  # noqa: N806
    stride, pad = hparameters["stride"], hparameters["pad"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dpadded, dW, db = np.zeros_like(padded), np.zeros_like(W), np.zeros_like(b)  # noqa: N806
    f = len(W)
    for n, h, v, c in np.ndindex(*dZ.shape):
        at = (n, slice(h * stride, h * stride + f), slice(v * stride, v * stride + f))
        dpadded[at] += W[..., c] * dZ[n, h, v, c]
        dW[..., c] += padded[at] * dZ[n, h, v, c]
        db[..., c] += dZ[n, h, v, c]
    return dpadded[:, pad : pad + A_prev.shape[1], pad : pad + A_prev.shape[2]], dW, db


def dlai_wrong(dZ, cache):  # noqa: N803
    """The windows do not move by the stride: the mistake of deep-learning-coursera, issue 34."""
    A_prev, W, b, hparameters = cache  # noqa: N806
    dA, dW, db = dlai_backward(dZ, (A_prev, W, b, hparameters | {"stride": 1}))  # noqa: N806
    return dA, dW, db


COURSES = {
    "cs231n": (cs231n_backward, cs231n_forward, cs231n_wrong),
    "dlai": (dlai_backward, dlai_forward, dlai_wrong),
}


@pytest.mark.parametrize("forward", ["no forward", "with its cache", "without a cache"])
@pytest.mark.parametrize("name", COURSES)
def test_a_right_solution_of_a_course_is_right(name, forward):
    backward, with_cache, _ = COURSES[name]
    given = {
        "no forward": None, "with its cache": with_cache, "without a cache": lambda *args: with_cache(*args)[0],
    }[forward]  # fmt: skip
    implementation = find_adapter(name).adapt(backward, given)
    assert (implementation.forward is None) == (given is None)
    for seed, layer in enumerate(drawn_layers(implementation.support, 30)):
        assert implementation.support.admits(layer)
        assert not differences(implementation, layer, seed), layer


@pytest.mark.parametrize("name", COURSES)
def test_a_wrong_solution_of_a_course_is_wrong_where_its_mistake_is(name):
    _, _, wrong = COURSES[name]
    implementation = find_adapter(name).adapt(wrong, None)
    layers = drawn_layers(implementation.support, 30)
    found = {layer: differences(implementation, layer, seed) for seed, layer in enumerate(layers)}
    harmless = {
        "cs231n": lambda layer: layer.padding == ((0, 0), (0, 0)),
        "dlai": lambda layer: max(layer.stride) == 1 or layer.output_size == (1, 1),
    }[name]
    assert all(bool(names) != harmless(layer) for layer, names in found.items())
    assert {name for names in found.values() for name in names} == {"cs231n": {"da"}, "dlai": {"da", "dw"}}[name]


def test_the_cache_is_the_forward_functions_own():
    def forward(x, w, b, conv_param):
        return cs231n_forward(x, w, b, conv_param)[0], ("mine", x, w, b, conv_param)

    def backward(dout, cache):
        mine, *rest = cache
        assert mine == "mine"
        return cs231n_backward(dout, tuple(rest))

    assert not differences(find_adapter("cs231n").adapt(backward, forward), Conv((4, 5), (2, 3), padding=1))


def test_a_bias_gradient_of_another_shape_is_left_as_it_is():
    """It is the audit that says what is wrong with it."""

    def backward(dZ, cache):  # noqa: N803
        dA, dW, db = dlai_backward(dZ, cache)  # noqa: N806
        return dA, dW, db[0, 0]

    layer = Conv((3, 3), (2, 2), out_channels=2)
    _, cast = integers(layer, 0)
    assert find_adapter("dlai").adapt(backward, None).backward(*cast[:3], **options(layer))[2].shape == (1, 2)


# Finding them


def test_every_adapter_of_symconv_is_found_and_named_as_its_entry_point():
    found = adapters()
    assert {*LIBRARIES, *CONVENTIONS} <= set(found)
    assert all(adapter.name == name for name, adapter in found.items())
    assert {name for name in found if found[name].own} >= set(LIBRARIES)
    assert not any(found[name].own for name in CONVENTIONS)


@pytest.mark.parametrize("name", [*LIBRARIES, *CONVENTIONS])
def test_the_convention_of_an_adapter_names_its_parameters(name):
    adapter = find_adapter(name)
    missing = {"bias"} if name == "torch.nn.grad" else set()
    assert all(p in adapter.convention for p in {*adapter.parameters, *adapter.keywords} - missing)
    assert "\n" not in adapter.convention


def test_native_functions_are_taken_as_they_are():
    def backward(delta, a, w, *, stride, padding, dilation, groups):
        raise NotImplementedError

    implementation = find_adapter("native").adapt(backward, None)
    assert (implementation.name, implementation.backward, implementation.forward) == ("backward", backward, None)


@pytest.fixture
def other_entry_points(monkeypatch):
    """Entry points in place of those that are installed."""

    def install(**values):
        points = [EntryPoint(name, value, finding.GROUP) for name, value in values.items()]
        monkeypatch.setattr(finding, "entry_points", lambda group: [p for p in points if p.group == group])
        monkeypatch.setattr(finding, "adapters", cache(adapters.__wrapped__))

    return install


third_party = Adapter("theirs", "f(x) -> y", lambda function, forward: Implementation("theirs", function), ("x",))


def test_an_adapter_of_another_distribution_is_found(other_entry_points):
    other_entry_points(theirs="tests.test_adapters:third_party", native="symconv.auditing.adapters.native:adapter")
    assert finding.find_adapter("theirs").convention == "f(x) -> y"
    assert list(finding.adapters()) == ["native", "theirs"]


def test_an_entry_point_that_is_no_adapter_is_refused_in_words(other_entry_points):
    other_entry_points(theirs="tests.test_adapters:CONVENTIONS")
    with pytest.raises(InvalidOption, match=r"^the entry point 'theirs' of symconv.adapters is no Adapter: \('native'"):
        finding.find_adapter("theirs")


def test_an_entry_point_that_cannot_be_loaded_is_refused_in_words(other_entry_points):
    other_entry_points(theirs="no_such_module:adapter")
    with pytest.raises(
        InvalidOption,
        match=r"^the entry point 'theirs' of symconv.adapters cannot be loaded \(ModuleNotFoundError: No module named "
        r"'no_such_module'\): mend or uninstall the package that it is of$",
    ):
        finding.find_adapter("theirs")


def test_an_entry_point_that_cannot_be_loaded_does_not_stop_the_others(other_entry_points):
    other_entry_points(theirs="no_such_module:adapter", native="symconv.auditing.adapters.native:adapter")
    assert finding.find_adapter("native").name == "native"
    assert list(finding.adapters()) == ["native"]


def test_without_entry_points_the_mend_is_an_installation(other_entry_points):
    other_entry_points()
    with pytest.raises(
        InvalidOption, match=r"^unknown adapter 'torch': none is installed; install symconv anew by pip$"
    ):
        finding.find_adapter("torch")


def test_an_unknown_adapter_is_refused_with_those_there_are():
    with pytest.raises(InvalidOption, match=r"^unknown adapter 'pytorch': choose of autograd, cs231n, dlai, jax, "):
        find_adapter("pytorch")


@pytest.mark.parametrize(
    ("name", "module", "mend"),
    [
        ("torch", "torch", "torch"),
        ("torch.nn.grad", "torch", "torch"),
        ("jax", "jax", "jax"),
        ("autograd", "autograd", r"autograd\[scipy\]"),
        ("autograd", "autograd.scipy.signal", r"autograd\[scipy\]"),
        ("tinygrad", "tinygrad", "tinygrad"),
        ("mygrad", "mygrad", "mygrad"),
        ("onnx-reference", "onnx", "onnx"),
    ],
)
def test_a_missing_library_is_named_with_what_installs_it(monkeypatch, name, module, mend):
    if "." in module:  # a library that lacks a part of it; without the library that is another case
        pytest.importorskip(module.partition(".")[0])
    for loaded in [key for key in sys.modules if key == module or key.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingLibrary, match=rf"^[^\n]*{module}[^\n]*: pip install {mend}$"):
        find_adapter(name).own()


def test_no_adapter_loads_its_library_before_it_is_asked_to():
    libraries = sorted({module for modules, _ in LIBRARIES.values() for module in modules})
    code = f"""
import sys
from symconv.auditing.adapters import adapters
assert adapters()
assert not set({libraries!r}) & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
