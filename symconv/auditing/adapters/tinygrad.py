"""tinygrad: a forward function of its tensors, differentiated by `Tensor.gradient`; its own is `Tensor.conv2d`.

It runs where DEV says; else on the CPU if clang is there to compile for it, else on tinygrad's emulator in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from os import environ
from shutil import which
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

SUPPORT = Support(negative_padding=True)


def _library(module: str = "tinygrad") -> Any:
    return imported(module, install="tinygrad")


def _device() -> Any:
    """Where tinygrad runs, as a context: it finds no device of its own on a machine without clang or a GPU."""
    device = environ.get("DEV") or ("CPU" if which(environ.get("CC", "clang")) else "PYTHON")
    return _library("tinygrad.helpers").Context(DEV=device)


def _to_tensor(array: Array) -> Any:
    return _library().Tensor(np.array(array, order="C"))


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
    last_axis_first = [p for pair in reversed(padding) for p in pair]
    return a.conv2d(w, b, groups=groups, stride=stride, dilation=dilation, padding=last_axis_first)


def _implementation(name: str, function: Callable[..., Any], shown: Callable[..., Any]) -> Implementation:
    """The gradients of `function` by tinygrad, and the values of `shown`."""
    _library()

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        with _device():
            return np.array(shown(*map(_to_tensor, (a, w, b)), **options).numpy())

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        with _device():
            leaves = [_to_tensor(array) for array in (a, w, np.zeros(len(w), w.dtype))]
            gradients = function(*leaves, **options).gradient(*leaves, gradient=_to_tensor(delta))
            da, dw, db = (np.array(gradient.numpy()) for gradient in gradients)
            return da, dw, db

    return Implementation(name, backward, forward, SUPPORT, ("float64", "float32", "float16"), symbolic=False)


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return _implementation(called(function), function, forward or function)


def _own() -> Implementation:
    return _implementation("tinygrad", _library_convolution, _library_convolution)


adapter = Adapter(
    name="tinygrad",
    convention="a forward function f(a, w, b, *, stride, padding, dilation, groups) -> z of tinygrad tensors, channels "
    "first; stride and dilation have an int per axis, padding a (low, high) pair; Tensor.gradient differentiates it",
    adapt=_adapt,
    parameters=("a", "w", "b"),
    keywords=OPTIONS,
    own=_own,
)
