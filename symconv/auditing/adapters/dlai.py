"""The convention of the deeplearning.ai assignment: ``conv_backward(dZ, cache) -> (dA_prev, dW, db)``, channels last.

A_prev is (m, n_H, n_W, C), W is (f, f, C_prev, C), b and db are (1, 1, 1, C). Where a forward function is given that
returns a cache, that is the cache; else it is (A_prev, W, b, hparameters).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import Adapter, called
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

SUPPORT = Support(ndim=(2,), dilation=1, groups=1, symmetric=True, uniform=True, square_kernel=True)


def _reordered(array: Any, order: tuple[int, ...]) -> Array:
    """The axes in another order, where there are as many; what has another rank is left for the audit to refuse."""
    array = np.asarray(array)
    return np.ascontiguousarray(array.transpose(order)) if array.ndim == len(order) else array


def _channels_last(array: Array) -> Array:
    return _reordered(array, (0, 2, 3, 1))


def _channels_first(array: Any) -> Array:
    return _reordered(array, (0, 3, 1, 2))


def _arguments(a: Array, w: Array, b: Array, options: dict[str, Any]) -> tuple[Array, Array, Array, dict[str, int]]:
    parameters = {"stride": options["stride"][0], "pad": options["padding"][0][0]}
    return _channels_last(a), _reordered(w, (2, 3, 1, 0)), b.reshape(1, 1, 1, -1), parameters


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    def values(a: Array, w: Array, b: Array, **options: Any) -> Array:
        assert forward is not None, "it is asked for only where there is one"
        made = forward(*_arguments(a, w, b, options))
        return _channels_first(made[0] if isinstance(made, tuple) else made)

    def gradients(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        cache: Any = _arguments(a, w, np.zeros(len(w), w.dtype), options)
        made = None if forward is None else forward(*cache)
        da, dw, db = function(_channels_last(delta), made[1] if isinstance(made, tuple) else cache)
        db = np.asarray(db)
        return (
            _channels_first(da),
            _reordered(dw, (3, 2, 0, 1)),
            db.reshape(-1) if db.shape[:-1] == (1, 1, 1) else db,
        )

    return Implementation(called(function), gradients, values if forward else None, SUPPORT, ("float64", "float32"))


adapter = Adapter(
    name="dlai",
    convention="conv_backward(dZ, cache) -> (dA_prev, dW, db), cache = (A_prev, W, b, {'stride': int, 'pad': int}), "
    "NumPy, channels last; conv_forward(A_prev, W, b, hparameters) -> (Z, cache) or Z",
    adapt=_adapt,
    parameters=("dZ", "cache"),
)
