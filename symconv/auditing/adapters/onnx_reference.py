"""ONNX's reference evaluator: z by Conv, dE/da by ConvTranspose; it has no operator for dE/dw and dE/db.

dE/da of a layer is the ConvTranspose of delta with the layer's own kernel, strides, pads and dilations, and with the
layer's remainder as output_padding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support
from symconv.layer import Conv


def _library(module: str) -> Any:
    return imported(module, install="onnx")


def _attributes(
    *, stride: tuple[int, ...], padding: tuple[tuple[int, int], ...], dilation: tuple[int, ...], groups: int
) -> dict[str, Any]:
    """The options in ONNX's words: all low pads, then all high ones."""
    pads = [low for low, _ in padding] + [high for _, high in padding]
    return {"strides": list(stride), "pads": pads, "dilations": list(dilation), "group": groups}


def _remainder(a: Array, w: Array, options: dict[str, Any]) -> list[int]:
    channels = {"in_channels": a.shape[1], "out_channels": len(w)}
    return list(Conv(a.shape[2:], w.shape[2:], **channels, **options).remainder)


def _run(operator: str, *arrays: Array, **attributes: Any) -> Array:
    names = [f"input{at}" for at in range(len(arrays))]
    node = _library("onnx.helper").make_node(operator, names, ["output"], **attributes)
    evaluator = _library("onnx.reference").ReferenceEvaluator(node)
    feeds = {name: np.array(array) for name, array in zip(names, arrays, strict=True)}
    return np.array(evaluator.run(None, feeds)[0])


def _conv(x: Array, w: Array, b: Array, **attributes: Any) -> Array:
    return _run("Conv", x, w, b, **attributes)


def _conv_transpose(x: Array, w: Array, **attributes: Any) -> Array:
    return _run("ConvTranspose", x, w, **attributes)


def _implementation(name: str, transpose: Callable[..., Any], conv: Callable[..., Any] | None) -> Implementation:
    """The gradient dE/da of `transpose`, and the values of `conv`, where there is one."""

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        assert conv is not None, "it is asked for only where there is one"
        return np.asarray(conv(a, w, b, **_attributes(**options)))

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        attributes = _attributes(**options) | {"output_padding": _remainder(a, w, options)}
        return np.asarray(transpose(delta, w, **attributes)), None, None

    values = forward if conv else None
    return Implementation(name, backward, values, Support(), ("float64", "float32", "float16"))


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return _implementation(called(function), function, forward)


def _own() -> Implementation:
    _library("onnx.reference")
    return _implementation("onnx-reference", _conv_transpose, _conv)


adapter = Adapter(
    name="onnx-reference",
    convention="f(X, W, *, strides, pads, dilations, group, output_padding) -> Y, a ConvTranspose of NumPy arrays with "
    "ONNX's attributes (pads: all low, then all high): dE/da, given delta as X; a forward function is a Conv(X, W, B)",
    adapt=_adapt,
    parameters=("X", "W"),
    keywords=("strides", "pads", "dilations", "group", "output_padding"),
    own=_own,
)
