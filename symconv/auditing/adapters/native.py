"""The audit's own convention: functions of NumPy arrays, channels first, that need no adapting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symconv.auditing.adapters.adapter import OPTIONS, Adapter, called
from symconv.auditing.protocol import Implementation


def _adapt(backward: Callable[..., Any], forward: Callable[..., Any] | None) -> Implementation:
    return Implementation(called(backward), backward, forward)


adapter = Adapter(
    name="native",
    convention="f(delta, a, w, *, stride, padding, dilation, groups) -> (da, dw, db), NumPy, channels first; stride "
    "and dilation have an int per axis, padding a (low, high) pair; what is not computed is None",
    adapt=_adapt,
    parameters=("delta", "a", "w"),
    keywords=OPTIONS,
)
