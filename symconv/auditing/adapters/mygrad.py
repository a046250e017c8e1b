"""mygrad: a forward function of its tensors, differentiated by `Tensor.backward`; its own is conv_nd.

conv_nd has no groups, pads both sides alike and refuses a stride that leaves a remainder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support


def _library(module: str = "mygrad") -> Any:
    return imported(module, install="mygrad")


def _library_convolution(
    a: Any, w: Any, b: Any, *, stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...], groups: int
) -> Any:
    if groups != 1:
        raise NotImplementedError(f"conv_nd of mygrad has no groups, and this layer has {groups}")
    z = _library("mygrad.nnet.layers").conv_nd(a, w, stride=stride, padding=padding, dilation=dilation)
    return z + b.reshape(-1, *[1] * len(stride))


def _implementation(
    name: str, function: Callable[..., Any], shown: Callable[..., Any], support: Support
) -> Implementation:
    """The gradients of `function` by mygrad, and the values of `shown`."""
    mygrad = _library()

    def values(function: Callable[..., Any], tensors: list[Any], **options: Any) -> Any:
        return function(*tensors, **options | {"padding": tuple(low for low, _ in options["padding"])})

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        return np.array(values(shown, [mygrad.tensor(array) for array in (a, w, b)], **options).data)

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        leaves = [mygrad.tensor(array) for array in (a, w, np.zeros(len(w), w.dtype))]
        values(function, leaves, **options).backward(np.array(delta))
        da, dw, db = (np.zeros_like(leaf.data) if leaf.grad is None else np.array(leaf.grad) for leaf in leaves)
        return da, dw, db

    return Implementation(name, backward, forward, support, ("float64", "float32", "float16"), symbolic=False)


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return _implementation(called(function), function, forward or function, Support(symmetric=True))


def _own() -> Implementation:
    support = Support(groups=1, symmetric=True, remainder=False)
    return _implementation("mygrad", _library_convolution, _library_convolution, support)


adapter = Adapter(
    name="mygrad",
    convention="a forward function f(a, w, b, *, stride, padding, dilation, groups) -> z of mygrad tensors, channels "
    "first, options with an int per axis as for conv_nd; Tensor.backward differentiates it",
    adapt=_adapt,
    parameters=("a", "w", "b"),
    keywords=OPTIONS,
    own=_own,
)
