"""HIPS autograd: a forward function of its arrays, differentiated by autograd.make_vjp.

Its own is `autograd.scipy.signal.convolve`, with what that lacks composed of functions that autograd differentiates:
padding, zeros between the taps for dilation, every s-th output for stride, a convolution for each group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

SUPPORT = Support(negative_padding=True)


def _library(module: str) -> Any:
    return imported(module, install="autograd[scipy]")


def _library_convolution(
    a: Any,
    w: Any,
    b: Any,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Any:
    images, kernel = _padded(a, padding), _spread(w, dilation)
    ins, outs = kernel.shape[1], len(w) // groups
    parts = [_correlate(images[:, g * ins : (g + 1) * ins], kernel[g * outs : (g + 1) * outs]) for g in range(groups)]
    z = _library("autograd.numpy").concatenate(parts, axis=1)
    return z[(..., *(slice(None, None, s) for s in stride))] + b.reshape(-1, *[1] * len(stride))


def _correlate(images: Any, kernel: Any) -> Any:
    spatial = list(range(2, kernel.ndim))
    rotated = kernel[(..., *[slice(None, None, -1)] * len(spatial))]
    return _library("autograd.scipy.signal").convolve(
        images, rotated, axes=[spatial, spatial], dot_axes=[[1], [1]], mode="valid"
    )


def _padded(a: Any, padding: tuple[tuple[int, int], ...]) -> Any:
    """Zeros around the spatial axes, then what negative padding crops."""
    zeros = [(0, 0), (0, 0), *((max(low, 0), max(high, 0)) for low, high in padding)]
    kept = tuple(slice(max(-low, 0), min(high, 0) or None) for low, high in padding)
    return _library("autograd.numpy").pad(a, zeros, mode="constant")[(..., *kept)]


def _spread(w: Any, dilation: tuple[int, ...]) -> Any:
    """The kernel with d - 1 zeros between its taps."""
    for axis, d in enumerate(dilation, start=2):
        before, size, after = w.shape[:axis], w.shape[axis], w.shape[axis + 1 :]
        zeros = [(0, 0)] * (axis + 1) + [(0, d - 1)] + [(0, 0)] * len(after)
        apart = _library("autograd.numpy").pad(w.reshape(*before, size, 1, *after), zeros, mode="constant")
        last = d * (size - 1) + 1
        w = apart.reshape(*before, size * d, *after)[(*[slice(None)] * axis, slice(last))]
    return w


def _implementation(name: str, function: Callable[..., Any], shown: Callable[..., Any]) -> Implementation:
    """The gradients of `function` by autograd, and the values of `shown`."""
    make_vjp = _library("autograd").make_vjp
    _library("autograd.scipy.signal")

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        return np.array(shown(*map(np.array, (a, w, b)), **options))

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        leaves = map(np.array, (a, w, np.zeros(len(w), w.dtype)))
        pullback, _ = make_vjp(lambda a, w, b: function(a, w, b, **options), (0, 1, 2))(*leaves)
        da, dw, db = pullback(np.array(delta))
        return np.array(da), np.array(dw), np.array(db)

    return Implementation(name, backward, forward, SUPPORT, ("float64", "float32"))


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return _implementation(called(function), function, forward or function)


def _own() -> Implementation:
    return _implementation("autograd", _library_convolution, _library_convolution)


adapter = Adapter(
    name="autograd",
    convention="a forward function f(a, w, b, *, stride, padding, dilation, groups) -> z of autograd.numpy arrays, "
    "channels first; stride and dilation have an int per axis, padding a (low, high) pair; autograd differentiates it",
    adapt=_adapt,
    parameters=("a", "w", "b"),
    keywords=OPTIONS,
    own=_own,
)
