"""Convolutions in NumPy as people write them: each makes, of a task, the function that is timed, or None.

None says that the peer does not do such layers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from symconv import Conv
from tests.benchmarks.cases import FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, Array, Task

MOST_PAIRS = 4096  # of images, output and input channels: beyond, a loop over them is not what anyone would run
MOST_PRODUCTS = 5e8  # the same, without BLAS


def _padded(a: Array, layer: Conv) -> Array:
    return np.pad(a, [(0, 0), (0, 0), *layer.padding])


def _cropped(image: Array, layer: Conv) -> Array:
    """What padding has put around is taken away."""
    inner = (slice(low, low + size) for (low, _), size in zip(layer.padding, layer.input_size, strict=True))
    return image[(..., *inner)]


def _rotated(w: Array) -> Array:
    return np.flip(w, tuple(range(2, w.ndim)))


# einsum over sliding_window_view


def _windows(image: Array, layer: Conv, stride: tuple[int, ...]) -> Array:
    """All windows of an image: a view of shape (N, C, *O, *K)."""
    ndim = image.ndim - 2
    spans = tuple(axis.dilated_kernel_size for axis in layer.axes)
    view = sliding_window_view(image, spans, axis=tuple(range(2, ndim + 2)))
    return view[(..., *(slice(None, None, step) for step in (*stride, *layer.dilation)))]


def _spread_windows(delta: Array, layer: Conv) -> Array:
    """The windows of delta, dilated by the stride and padded, that meet each input position."""
    spans = [axis.dilated_kernel_size - 1 for axis in layer.axes]
    sizes = [
        size + low + high + span for size, (low, high), span in zip(layer.input_size, layer.padding, spans, strict=True)
    ]
    spread = np.zeros((*delta.shape[:2], *sizes), delta.dtype)
    at = zip(spans, layer.stride, layer.output_size, strict=True)
    spread[(..., *(slice(span, span + s * o, s) for span, s, o in at))] = delta
    at = zip(layer.padding, layer.input_size, spans, strict=True)
    inner = (slice(low, low + size + span) for (low, _), size, span in at)
    return _windows(spread[(..., *inner)], layer, (1,) * len(spans))


def _grouped(array: Array, axis: int, groups: int) -> Array:
    """The array with its groups as an axis of their own, if there are several."""
    if groups == 1:
        return array
    return array.reshape(*array.shape[:axis], groups, array.shape[axis] // groups, *array.shape[axis + 1 :])


def einsum(task: Task) -> Callable[[], Array]:
    """``np.einsum`` over `sliding_window_view`."""
    layer, at = task.layer, "xyzt"[: len(task.layer.kernel_size)]
    taps, g = at.upper(), "g" if layer.groups > 1 else ""
    total = partial(np.einsum, optimize=True)
    w = f"{g}oc{taps}"

    def forward() -> Array:
        windows = _grouped(_windows(_padded(task.a, layer), layer, layer.stride), 1, layer.groups)
        z = total(f"n{g}c{at}{taps},{w}->n{g}o{at}", windows, _grouped(task.w, 0, layer.groups))
        return np.asarray(z).reshape(layer.output_shape)

    def input_gradient() -> Array:
        windows = _grouped(_spread_windows(task.delta, layer), 1, layer.groups)
        da = total(f"n{g}o{at}{taps},{w}->n{g}c{at}", windows, _grouped(_rotated(task.w), 0, layer.groups))
        return np.asarray(da).reshape(layer.input_shape)

    def weight_gradient() -> Array:
        windows = _grouped(_windows(_padded(task.a, layer), layer, layer.stride), 1, layer.groups)
        dw = total(f"n{g}c{at}{taps},n{g}o{at}->{w}", windows, _grouped(task.delta, 1, layer.groups))
        return np.asarray(dw).reshape(layer.weight_shape)

    return {FORWARD: forward, INPUT_GRADIENT: input_gradient, WEIGHT_GRADIENT: weight_gradient}[task.direction]


def one_by_one(task: Task) -> Array:
    """Direct summation: the products of an entry, added one after the other in the order of the formula."""
    layer, ndim, groups = task.layer, len(task.layer.kernel_size), task.layer.groups
    spread = task.direction == INPUT_GRADIENT
    windows = _spread_windows(task.delta, layer) if spread else _windows(_padded(task.a, layer), layer, layer.stride)
    x = windows.reshape(len(windows), groups, -1, *windows.shape[2:])  # (N, G, C, *O, *K)
    if task.direction == WEIGHT_GRADIENT:
        delta = task.delta.reshape(len(x), groups, -1, *layer.output_size)
        total = np.zeros((groups, delta.shape[2], *x.shape[2:3], *layer.kernel_size), x.dtype)
        for n, *place in np.ndindex(len(x), *layer.output_size):
            total += (
                delta[(n, ..., *place)].reshape(*delta.shape[1:3], *[1] * (1 + ndim))
                * x[n][(slice(None), None, slice(None), *place)]
            )
        return total.reshape(layer.weight_shape)
    w = (np.swapaxes if spread else lambda w, *_: w)(task.w.reshape(groups, -1, *task.w.shape[1:]), 1, 2)
    w = np.flip(w, tuple(range(3, 3 + ndim))) if spread else w  # (G, M, C, *K)
    total = np.zeros((len(x), *w.shape[:2], *x.shape[3 : 3 + ndim]), x.dtype)
    for c, *tap in np.ndindex(x.shape[2], *layer.kernel_size):
        total += x[(slice(None), slice(None), c, None, ..., *tap)] * w[(..., c, *tap)].reshape(
            *w.shape[:2], *[1] * ndim
        )
    return total.reshape(layer.input_shape if spread else layer.output_shape)


# im2col and a product of matrices, as in Chainer and CS231n


def _taps(layer: Conv) -> list[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """Each tap of the kernel, and the positions of the padded image that it meets."""
    axes = list(zip(layer.dilation, layer.stride, layer.output_size, strict=True))
    return [
        (tap, (..., *(slice(d * k, d * k + s * o, s) for k, (d, s, o) in zip(tap, axes, strict=True))))
        for tap in product(*map(range, layer.kernel_size))
    ]


def _im2col(a: Array, layer: Conv) -> Array:
    """Columns of shape (N, C, *K, *O)."""
    image = _padded(a, layer)
    columns = np.empty((*a.shape[:2], *layer.kernel_size, *layer.output_size), a.dtype)
    for tap, met in _taps(layer):
        columns[(slice(None), slice(None), *tap)] = image[met]
    return columns


def _col2im(columns: Array, layer: Conv) -> Array:
    """The image that the columns are added to, without its padding."""
    sizes = (size + low + high for size, (low, high) in zip(layer.input_size, layer.padding, strict=True))
    image = np.zeros((*columns.shape[:2], *sizes), columns.dtype)
    for tap, met in _taps(layer):
        image[met] += columns[(slice(None), slice(None), *tap)]
    return _cropped(image, layer)


def im2col(task: Task) -> Callable[[], Array]:
    """Chainer's functions on the CPU: `im2col`, ``np.tensordot``, `col2im`; with groups, ``np.matmul``."""
    return (_ungrouped_im2col if task.layer.groups == 1 else _grouped_im2col)(task)


def _ungrouped_im2col(task: Task) -> Callable[[], Array]:
    layer, ndim = task.layer, len(task.layer.kernel_size)
    inner, outer = tuple(range(1, ndim + 2)), tuple(range(ndim + 2, 2 * ndim + 2))

    def forward() -> Array:
        return np.moveaxis(np.tensordot(_im2col(task.a, layer), task.w, (inner, inner)), -1, 1)

    def input_gradient() -> Array:
        columns = np.tensordot(task.w, task.delta, (0, 1))  # (C, *K, N, *O)
        return _col2im(np.moveaxis(columns, ndim + 1, 0), layer)

    def weight_gradient() -> Array:
        positions = (0, *range(2, ndim + 2))
        return np.tensordot(task.delta, _im2col(task.a, layer), (positions, (0, *outer)))

    return {FORWARD: forward, INPUT_GRADIENT: input_gradient, WEIGHT_GRADIENT: weight_gradient}[task.direction]


def _grouped_im2col(task: Task) -> Callable[[], Array]:
    layer = task.layer
    kernel = task.w.reshape(layer.groups, layer.out_channels // layer.groups, -1)
    delta = task.delta.reshape(layer.batch, layer.groups, layer.out_channels // layer.groups, -1)

    def columns() -> Array:
        return _im2col(task.a, layer).reshape(layer.batch, layer.groups, kernel.shape[2], -1)

    def forward() -> Array:
        return np.matmul(kernel, columns()).reshape(layer.output_shape)

    def input_gradient() -> Array:
        met = np.matmul(kernel.swapaxes(1, 2), delta)
        return _col2im(met.reshape(layer.batch, layer.in_channels, *layer.kernel_size, *layer.output_size), layer)

    def weight_gradient() -> Array:
        return np.matmul(delta, columns().swapaxes(2, 3)).sum(axis=0).reshape(layer.weight_shape)

    return {FORWARD: forward, INPUT_GRADIENT: input_gradient, WEIGHT_GRADIENT: weight_gradient}[task.direction]


# scipy.signal


def _with_gaps(w: Array, layer: Conv) -> Array:
    """The kernel with d - 1 zeros between its taps."""
    spread = np.zeros((*w.shape[:2], *(axis.dilated_kernel_size for axis in layer.axes)), w.dtype)
    spread[(..., *(slice(None, None, d) for d in layer.dilation))] = w
    return spread


def scipy_signal(task: Task, *, method: str) -> Callable[[], Array] | None:
    """``scipy.signal.correlate`` and `convolve` for each pair of channels of each image."""
    layer = task.layer
    pairs = list(product(range(layer.batch), range(layer.out_channels), range(layer.in_channels // layer.groups)))
    if set(layer.stride) != {1} or len(pairs) > MOST_PAIRS:
        return None
    signal: Any = import_module("scipy.signal")
    ins, outs = layer.in_channels // layer.groups, layer.out_channels // layer.groups

    def forward() -> Array:
        a, w, z = _padded(task.a, layer), _with_gaps(task.w, layer), np.zeros_like(task.delta)
        for n, o, c in pairs:
            z[n, o] += signal.correlate(a[n, o // outs * ins + c], w[o, c], "valid", method)
        return z

    def input_gradient() -> Array:
        w, da = _with_gaps(task.w, layer), np.zeros_like(_padded(task.a, layer))
        for n, o, c in pairs:
            da[n, o // outs * ins + c] += signal.convolve(task.delta[n, o], w[o, c], "full", method)
        return _cropped(da, layer)

    def weight_gradient() -> Array:
        a, dw = _padded(task.a, layer), np.zeros_like(task.w)
        every = tuple(slice(None, None, d) for d in layer.dilation)
        for n, o, c in pairs:
            dw[o, c] += signal.correlate(a[n, o // outs * ins + c], task.delta[n, o], "valid", method)[every]
        return dw

    return {FORWARD: forward, INPUT_GRADIENT: input_gradient, WEIGHT_GRADIENT: weight_gradient}[task.direction]


# libraries that differentiate


def autograd(task: Task) -> Callable[[], Array] | None:
    """``autograd.scipy.signal.convolve``; of a gradient the pullback alone is timed."""
    layer = task.layer
    if layer.groups != 1 or {*layer.stride, *layer.dilation} != {1} or task.delta.size * task.w[0].size > MOST_PRODUCTS:
        return None
    pad, convolve = import_module("autograd.numpy").pad, import_module("autograd.scipy.signal").convolve
    spatial = list(range(2, task.w.ndim))
    backwards = (..., *[slice(None, None, -1)] * len(spatial))

    def forward(a: Any, w: Any) -> Any:
        image = pad(a, [(0, 0), (0, 0), *layer.padding], mode="constant")
        return convolve(image, w[backwards], axes=[spatial, spatial], dot_axes=[[1], [1]], mode="valid")

    if task.direction == FORWARD:
        return lambda: forward(task.a, task.w)
    wanted = 0 if task.direction == INPUT_GRADIENT else 1
    pullback, _ = import_module("autograd").make_vjp(forward, wanted)(task.a, task.w)
    return lambda: pullback(task.delta)


def mygrad(task: Task) -> Callable[[], Array] | None:
    """``mygrad.nnet.conv_nd``; of a gradient its operation's own backward is timed."""
    layer = task.layer
    if layer.groups != 1 or any(axis.remainder for axis in layer.axes):
        return None
    library, conv_nd = import_module("mygrad"), import_module("mygrad.nnet").conv_nd
    a, w = library.tensor(task.a), library.tensor(task.w)
    options = {"stride": layer.stride, "padding": task.padding, "dilation": layer.dilation}
    if task.direction == FORWARD:
        untracked = library.no_autodiff(conv_nd, to_numpy=True)
        return lambda: untracked(a, w, **options)
    z = conv_nd(a, w, **options)
    wanted = 0 if task.direction == INPUT_GRADIENT else 1
    return lambda: z.creator.backward_var(task.delta, wanted)
