"""torch.nn.grad: dE/da and dE/dw of PyTorch, asked for by shape, without a forward pass; no dE/db.

Padding that is not the same on both sides is done here: the input is padded, and dE/da of the padded input is cropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.adapters.torch import DTYPES, one_per_axis, padded, to_array, to_tensor
from symconv.auditing.adapters.torch import adapter as torch_adapter
from symconv.auditing.protocol import Array, Gradients, Implementation, Support


def _own() -> Implementation:
    grad = imported("torch.nn.grad", install="torch")

    def backward(
        delta: Array, a: Array, w: Array, *, padding: tuple[tuple[int, int], ...], **options: Any
    ) -> Gradients:
        amounts, images = one_per_axis(padding), to_tensor(a)
        if amounts is None:
            images = padded(images, padding)
        options["padding"] = amounts or 0
        upper, kernel, rank = to_tensor(delta), to_tensor(w), len(padding)
        da = getattr(grad, f"conv{rank}d_input")(images.shape, kernel, upper, **options)
        dw = getattr(grad, f"conv{rank}d_weight")(images, w.shape, upper, **options)
        if amounts is None:
            da = padded(da, tuple((-low, -high) for low, high in padding))
        return to_array(da), to_array(dw), None

    support = Support(negative_padding=True)
    return Implementation("torch.nn.grad", backward, None, support, DTYPES, symbolic=False)


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    def backward(
        delta: Array, a: Array, w: Array, *, padding: tuple[tuple[int, int], ...], **options: Any
    ) -> Gradients:
        options["padding"] = tuple(low for low, _ in padding)
        return to_array(function(a.shape, to_tensor(w), to_tensor(delta), **options)), None, None

    values = torch_adapter.adapt(forward, None).forward if forward else None
    return Implementation(called(function), backward, values, Support(symmetric=True), DTYPES, symbolic=False)


adapter = Adapter(
    name="torch.nn.grad",
    convention="f(input_size, weight, grad_output, *, stride, padding, dilation, groups) -> dE/da of PyTorch tensors, "
    "options with an int per axis, as for torch.nn.grad.conv2d_input; a forward function is one of the torch adapter",
    adapt=_adapt,
    parameters=("input_size", "weight", "grad_output"),
    keywords=OPTIONS,
    own=_own,
)
