"""JAX: a forward function of its arrays, differentiated by jax.vjp; its own is lax.conv_general_dilated.

Everything runs on JAX's CPU, with float64 switched on for the call alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called, imported
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

SUPPORT = Support(negative_padding=True)
DTYPES = ("float64", "float32", "float16", "bfloat16")


@contextmanager
def _exactly(jax: Any) -> Iterator[None]:
    """JAX with float64, on the CPU: elsewhere it may multiply in TF32."""
    home = jax if hasattr(jax, "enable_x64") else imported("jax.experimental", install="jax")  # in older ones
    with home.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield


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
    z = imported("jax", install="jax").lax.conv_general_dilated(
        a, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups, precision="highest"
    )
    return z + b.reshape(-1, *[1] * len(stride))


def _implementation(
    name: str, function: Callable[..., Any], shown: Callable[..., Any], *, compiled: bool
) -> Implementation:
    """The gradients of `function` by jax.vjp, and the values of `shown`; `compiled` in one piece, which is quicker."""
    jax = imported("jax", install="jax")

    @cache
    def gradients(options: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
        def pulled_back(delta: Any, a: Any, w: Any, b: Any) -> Any:
            return jax.vjp(lambda a, w, b: function(a, w, b, **dict(options)), a, w, b)[1](delta)

        return jax.jit(pulled_back) if compiled else pulled_back

    def forward(a: Array, w: Array, b: Array, **options: Any) -> Array:
        with _exactly(jax):
            return np.array(shown(*map(jax.numpy.array, (a, w, b)), **options))

    def backward(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        with _exactly(jax):
            leaves = map(jax.numpy.array, (delta, a, w, np.zeros(len(w), w.dtype)))
            da, dw, db = gradients(tuple(options.items()))(*leaves)
            return np.array(da), np.array(dw), np.array(db)

    return Implementation(name, backward, forward, SUPPORT, DTYPES, symbolic=False)


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return _implementation(called(function), function, forward or function, compiled=False)


def _own() -> Implementation:
    return _implementation("jax", _library_convolution, _library_convolution, compiled=True)


adapter = Adapter(
    name="jax",
    convention="a forward function f(a, w, b, *, stride, padding, dilation, groups) -> z of JAX arrays, channels "
    "first; stride and dilation have an int per axis, padding a (low, high) pair; jax.vjp differentiates it",
    adapt=_adapt,
    parameters=("a", "w", "b"),
    keywords=OPTIONS,
    own=_own,
)
