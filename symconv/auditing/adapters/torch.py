"""PyTorch: a forward function of tensors, differentiated by torch.autograd; its own are conv1d, conv2d and conv3d.

Never: a tensor that shares memory with a caller's array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

Pairs = tuple[tuple[int, int], ...]
DTYPES = ("float64", "float32", "float16", "bfloat16")


def library() -> Any:
    """PyTorch, or `MissingLibrary`."""
    return imported("torch", install="torch")


def to_tensor(array: Array) -> Any:
    """A tensor with a copy of an array's entries, bit by bit."""
    torch, copy = library(), np.array(array, order="C")
    if copy.dtype.name == "bfloat16":  # ml_dtypes', which PyTorch does not take
        return torch.from_numpy(copy.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(copy)


def to_array(tensor: Any) -> Array:
    """The entries of a tensor, bit by bit."""
    torch, tensor = library(), tensor.detach().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        bfloat16 = imported("ml_dtypes", install="ml_dtypes").bfloat16
        return np.asarray(tensor.view(torch.int16).numpy().view(bfloat16))
    return np.asarray(tensor.numpy())


def one_per_axis(padding: Pairs) -> tuple[int, ...] | None:
    """Padding as PyTorch takes it, one int for each axis; None where low and high differ, or where it crops."""
    return tuple(low for low, _ in padding) if all(low == high >= 0 for low, high in padding) else None


def padded(tensor: Any, padding: Pairs) -> Any:
    """Zeros around the spatial axes, then what negative padding crops; PyTorch would crop first."""
    amounts, pad = [p for pair in reversed(padding) for p in pair], library().nn.functional.pad
    wider = pad(tensor, [max(p, 0) for p in amounts])
    return pad(wider, [min(p, 0) for p in amounts]) if min(amounts) < 0 else wider


def _library_convolution(a: Any, w: Any, b: Any, *, padding: Pairs, **options: Any) -> Any:
    functional, amounts = library().nn.functional, one_per_axis(padding)
    convolution = (functional.conv1d, functional.conv2d, functional.conv3d)[len(padding) - 1]
    if amounts is None:
        return convolution(padded(a, padding), w, b, padding=0, **options)
    return convolution(a, w, b, padding=amounts, **options)


def _with_symmetric_padding(function: Callable[..., Any]) -> Callable[..., Any]:
    def convolution(a: Any, w: Any, b: Any, *, padding: Pairs, **options: Any) -> Any:
        return function(a, w, b, padding=tuple(low for low, _ in padding), **options)

    return convolution


def _implementation(
    name: str, function: Callable[..., Any], shown: Callable[..., Any], support: Support
) -> Implementation:
    """The gradients of `function` by torch.autograd, and the values of `shown`."""
    torch = library()

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        with torch.no_grad():
            return to_array(shown(*map(to_tensor, (a, w, b)), **options))

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        leaves = [to_tensor(array).requires_grad_() for array in (a, w, np.zeros(len(w), w.dtype))]
        z = function(*leaves, **options)
        da, dw, db = torch.autograd.grad(z, leaves, to_tensor(delta), materialize_grads=True)
        return to_array(da), to_array(dw), to_array(db)

    return Implementation(name, backward, forward, support, DTYPES, symbolic=False)


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    own, shown = _with_symmetric_padding(function), _with_symmetric_padding(forward or function)
    return _implementation(called(function), own, shown, Support(symmetric=True))


def _own() -> Implementation:
    support = Support(negative_padding=True)
    return _implementation("torch", _library_convolution, _library_convolution, support)


adapter = Adapter(
    name="torch",
    convention="a forward function f(input, weight, bias, *, stride, padding, dilation, groups) -> z of PyTorch "
    "tensors, options with an int per axis as for conv2d; torch.autograd differentiates it",
    adapt=_adapt,
    parameters=("input", "weight", "bias"),
    keywords=OPTIONS,
    own=_own,
)
