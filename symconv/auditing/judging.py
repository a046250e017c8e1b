"""What an observation says of each gradient: right, wrong, rounded, not computed, failed.

In: a call with its tensors, and its observation.  Out: a `Sample`, which knows what was expected and what came.
Never: which mistake it is, or a verdict on more than one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import prod

import numpy as np

from symconv.auditing.exact import Tensors
from symconv.auditing.forms import FACTORS, Form, derivative
from symconv.auditing.protocol import Array
from symconv.auditing.running import Call, Failed, NotCalled, NotSupported, Observation, Returned
from symconv.layer import Conv

SMALL = 3  # the largest entry of data on which a rounding implementation is judged
# What may be rounding, as a part of the largest entry, on large entries: these are tested once more, with small ones.
NEAR = {"float64": 2.0**-20, "float32": 2.0**-6, "float16": 2.0**-4, "bfloat16": 2.0**-4}
# The same on small entries, whose products are exact even in a shorter dtype; there no more than NEAREST.
NEAR_SMALL = {"float64": 2.0**-20, "float32": 2.0**-14, "float16": 2.0**-8, "bfloat16": 2.0**-6}
NEAREST = 0.25


class State(StrEnum):
    """What one call says of one gradient."""

    RIGHT = "right"
    ROUNDED = "rounded"  # right but for what rounding can explain
    WRONG = "wrong"
    ABSENT = "absent"  # None was returned
    UNSUPPORTED = "unsupported"  # NotImplementedError was raised
    FAILED = "failed"  # nothing usable came back
    UNKNOWN = "unknown"  # it was not called


@dataclass(frozen=True, eq=False)
class Sample:
    """One call on integer data, and what came of it."""

    call: Call
    tensors: Tensors
    dtype: str
    observation: Observation

    @property
    def layer(self) -> Conv:
        """The layer."""
        return self.call.layer

    @property
    def slots(self) -> tuple[str, ...]:
        """The gradients that were asked for, or ``("forward",)``."""
        return self.call.slots

    @cached_property
    def numbers(self) -> dict[str, Array]:
        """The tensors in the arithmetic of the expected result."""
        return self.tensors.in_float64()

    @cached_property
    def _expected(self) -> dict[str, Array]:
        return {}

    def expected(self, slot: str) -> Array:
        """What the theorem says, in float64."""
        if slot not in self._expected:
            found = derivative(Form.of(self.layer), slot, self.numbers)
            assert found is not None, "the form of a layer reads tensors of its shapes"
            if slot == "forward":
                bias = np.asarray(self.tensors.b).astype(np.float64)
                found = found + bias.reshape(-1, *[1] * self.layer.ndim)
            self._expected[slot] = found
        return self._expected[slot]

    def returned(self, slot: str) -> Array | None:
        """What came back, in float64; None where nothing did."""
        match self.observation:
            case Returned(arrays):
                found = arrays[self.slots.index(slot)]
                return None if found is None else np.asarray(found).astype(np.float64)
            case NotSupported() | Failed() | NotCalled():
                return None

    def state(self, slot: str) -> State:
        """What the call says of this gradient."""
        match self.observation:
            case NotSupported():
                return State.UNSUPPORTED
            case NotCalled():
                return State.UNKNOWN
            case Failed():
                return State.FAILED
            case Returned():
                found = self.returned(slot)
        if found is None:
            return State.ABSENT
        expected = self.expected(slot)
        if found.shape != expected.shape:
            return State.WRONG
        if np.array_equal(found, expected):
            return State.RIGHT
        return State.ROUNDED if self.rounds(found, slot) else State.WRONG

    def rounds(self, found: Array, slot: str) -> bool:
        """Whether the difference can be rounding; on small entries no wrong integer coefficient can look like it."""
        error = np.abs(found - self.expected(slot))
        return bool(np.isfinite(error).all()) and float(error.max(initial=0.0)) <= self.allowed(slot)

    def allowed(self, slot: str) -> float:
        """How large a difference can be rounding."""
        largest = {name: float(np.abs(tensor).max(initial=0.0)) for name, tensor in self.numbers.items()}
        product = prod(largest[name] for name in FACTORS[slot])  # entries may be 0 where what is rounded is not
        size = max(float(np.abs(self.expected(slot)).max(initial=1.0)), product)
        if max(largest.values()) > SMALL:
            return size * NEAR.get(self.dtype, 0.0)
        return min(size * NEAR_SMALL.get(self.dtype, 0.0), NEAREST * self.spacing)

    @cached_property
    def spacing(self) -> float:
        """How far apart products can lie: 1, or 1/4 where entries are halves."""
        return 1.0 if all(np.array_equal(tensor, np.rint(tensor)) for tensor in self.numbers.values()) else 0.25

    def error(self, slot: str) -> float:
        """The largest difference from what was expected."""
        found = self.returned(slot)
        expected = self.expected(slot)
        if found is None or found.shape != expected.shape:
            return float("inf")
        return float(np.abs(found - expected).max(initial=0.0))
