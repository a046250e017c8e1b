"""The convention of CS231n: ``conv_backward(dout, cache) -> (dx, dw, db)``, one stride and one pad, two axes.

Where a forward function is given that returns a cache, that is the cache; else it is (x, w, b, conv_param).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symconv.auditing.adapters.adapter import Adapter, called
from symconv.auditing.protocol import Array, Gradients, Implementation, Support

SUPPORT = Support(ndim=(2,), dilation=1, groups=1, symmetric=True, uniform=True)


def _parameters(options: dict[str, Any]) -> dict[str, int]:
    return {"stride": options["stride"][0], "pad": options["padding"][0][0]}


def _adapt(function: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    def values(a: Array, w: Array, b: Array, **options: Any) -> Array:
        assert forward is not None, "it is asked for only where there is one"
        made = forward(a, w, b, _parameters(options))
        return np.asarray(made[0] if isinstance(made, tuple) else made)

    def gradients(delta: Array, a: Array, w: Array, **options: Any) -> Gradients:
        cache: Any = (a, w, np.zeros(len(w), w.dtype), _parameters(options))
        made = None if forward is None else forward(*cache)
        dx, dw, db = function(delta, made[1] if isinstance(made, tuple) else cache)
        return dx, dw, db

    return Implementation(called(function), gradients, values if forward else None, SUPPORT, ("float64", "float32"))


adapter = Adapter(
    name="cs231n",
    convention="conv_backward(dout, cache) -> (dx, dw, db), cache = (x, w, b, {'stride': int, 'pad': int}), NumPy, "
    "channels first; conv_forward(x, w, b, conv_param) -> (out, cache) or out",
    adapt=_adapt,
    parameters=("dout", "cache"),
)
