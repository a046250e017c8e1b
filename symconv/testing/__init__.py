"""For your own test suite: layers and data for Hypothesis, assertions that name a mistake, and a pytest plugin.

Names are loaded when they are first used: pytest loads this package in every run, for its plugin.

>>> from symconv.numpy import conv_backward
>>> from symconv.testing import assert_backward
>>> assert_backward(conv_backward, ndim=1, layers=20)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symconv.testing.assertions import assert_backward, assert_forward, assert_passed, gradients
    from symconv.testing.failures import WrongGradient
    from symconv.testing.strategies import layers, tensors

_HOME = {
    "WrongGradient": "symconv.testing.failures",
    "assert_backward": "symconv.testing.assertions",
    "assert_forward": "symconv.testing.assertions",
    "assert_passed": "symconv.testing.assertions",
    "gradients": "symconv.testing.assertions",
    "layers": "symconv.testing.strategies",
    "tensors": "symconv.testing.strategies",
}

__all__ = ["WrongGradient", "assert_backward", "assert_forward", "assert_passed", "gradients", "layers", "tensors"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symconv.testing' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
