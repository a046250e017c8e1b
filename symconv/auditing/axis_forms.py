"""The relation of one axis as data that a mistake can change, and as an array of zeros and ones.

In: an axis of a layer.  Out: an `AxisForm`, and the array [x, i, k] of which positions, windows and taps meet.
Never: channels, samples, or more than one axis.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np

from symconv.auditing.protocol import Array
from symconv.layer import Axis


class Keep(StrEnum):
    """Which of the terms of a sum along one axis survive."""

    ALL = "all"
    LAST_WINDOW = "last window"  # of the output positions i
    FIRST_WINDOW = "first window"
    LAST_INSIDE = "last window inside"  # of those that read within the input
    LAST_TAP = "last tap"  # of the kernel taps k
    FIRST_TAP = "first tap"
    LAST_TAP_FOR_ALL = "last tap for all"  # every tap is what the last one is
    FIRST_TAP_FOR_ALL = "first tap for all"


class Border(StrEnum):
    """What is read where x lies outside of the input."""

    ZEROS = "zeros"
    EDGE = "edge"  # the nearest entry
    AROUND = "around"  # the other end
    POSITIONS_FROM_END = "positions from the end"  # a negative x counts from the end, as Python has it
    WINDOWS_FROM_END = "windows from the end"  # so does a negative i


class Division(StrEnum):
    """What becomes of i where s does not divide ``x + p - d*k``."""

    EXACT = "exact"  # no window meets x there
    FLOOR = "floor"
    TRUNCATED = "truncated"  # rounded towards zero


class Tail(StrEnum):
    """What makes up for the remainder r at the high end: added to dE/da, cropped for dE/dw."""

    REMAINDER = "r"
    NOTHING = "0"
    LARGEST = "s - 1"


@dataclass(frozen=True)
class AxisForm:
    """Along one axis: output i meets input x under tap k where ``x = s*i + d*k - p``; what is read there, and kept.

    `backwards` names the tensors (delta, w, a) that are read from their end; entries at the high end may be skipped.
    `high`, `remainder` and `tail` say only how long a result comes out: axes that differ in nothing else are equal.
    """

    input_size: int
    kernel_size: int
    output_size: int
    stride: int
    dilation: int
    low: int
    high: int = field(compare=False)
    remainder: int = field(compare=False)
    tail: Tail = field(default=Tail.REMAINDER, compare=False)
    backwards: frozenset[str] = frozenset()
    keep: Keep = Keep.ALL
    border: Border = Border.ZEROS
    division: Division = Division.EXACT
    skipped_windows: int = 0
    skipped_taps: int = 0
    skipped_inputs: int = 0

    @classmethod
    def of(cls, axis: Axis) -> AxisForm:
        """The axis relation of a layer."""
        return cls(
            axis.input_size, axis.kernel_size, axis.output_size, axis.stride, axis.dilation, axis.low, axis.high,
            axis.remainder,
        )  # fmt: skip

    def turned(self, tensor: str) -> AxisForm:
        """The same, with one tensor read from its other end."""
        return replace(self, backwards=self.backwards ^ {tensor})

    def length(self, slot: str, afresh: bool) -> int:
        """How long the result comes out by the closed form: that of dE/da by its pads, that of dE/dw by its crop.

        The remainder is that of the layer, or, `afresh`, computed from the options as they are read here.
        """
        span = self.dilation * (self.kernel_size - 1) + 1
        reach = self.stride * (self.output_size - 1) + 1
        padded = self.input_size + self.low + self.high
        remainder = (padded - span) % max(self.stride, 1) if afresh else self.remainder
        tail = {Tail.REMAINDER: remainder, Tail.NOTHING: 0, Tail.LARGEST: self.stride - 1}[self.tail]
        match slot:
            case "input":
                return max(reach + span - 1 - self.low - self.high + tail, 0)
            case "weight":
                return max((padded - tail - reach) // max(self.dilation, 1) + 1, 0)
            case _:
                return max((padded - span) // max(self.stride, 1) + 1, 0)


@lru_cache(maxsize=4096)
def meetings(axis: AxisForm, slot: str) -> Array:
    """The axis relation as an array of zeros and ones [x, i, k]."""
    meets = _relation(axis)
    meets[max(axis.input_size - axis.skipped_inputs, 0) :] = False
    meets[:, max(axis.output_size - axis.skipped_windows, 0) :] = False
    meets[:, :, max(axis.kernel_size - axis.skipped_taps, 0) :] = False
    meets = _kept(meets, axis.keep, slot)
    if "a" in axis.backwards:
        meets = meets[::-1]
    if "delta" in axis.backwards:
        meets = meets[:, ::-1]
    if "w" in axis.backwards:
        meets = meets[:, :, ::-1]
    return np.ascontiguousarray(meets, dtype=np.float64)


def _relation(axis: AxisForm) -> Array:
    """Which x, i and k meet."""
    x = np.arange(axis.input_size)[:, None, None]
    i, k = np.arange(axis.output_size)[:, None], np.arange(axis.kernel_size)[None, :]
    if axis.division is not Division.EXACT:
        quotient = (x + axis.low - axis.dilation * k) / axis.stride
        return np.asarray(i == (np.floor(quotient) if axis.division is Division.FLOOR else np.trunc(quotient)))
    read = axis.stride * i + axis.dilation * k - axis.low
    match axis.border:
        case Border.ZEROS:
            return np.asarray(x == read)
        case Border.EDGE:
            return np.asarray(x == read.clip(0, axis.input_size - 1))
        case Border.AROUND:
            return np.asarray(x == read % max(axis.input_size, 1))
        case Border.POSITIONS_FROM_END:
            return np.asarray((x == read) | (x == read + axis.input_size))
        case Border.WINDOWS_FROM_END:
            return np.asarray((x == read) | (x == read - axis.stride * axis.output_size))


WINDOWS = (Keep.LAST_WINDOW, Keep.FIRST_WINDOW, Keep.LAST_INSIDE)
FIRST = (Keep.FIRST_WINDOW, Keep.FIRST_TAP, Keep.FIRST_TAP_FOR_ALL)


def _kept(meets: Array, keep: Keep, slot: str) -> Array:
    """What is left of a sum when each new term replaces the last: one window, or one tap, for each entry."""
    last = keep not in FIRST
    if keep is Keep.ALL or not meets.size:
        return meets
    if keep in (Keep.LAST_TAP_FOR_ALL, Keep.FIRST_TAP_FOR_ALL):
        return np.repeat(meets[:, :, -1:] if last else meets[:, :, :1], meets.shape[2], axis=2)
    summed = 1 if keep in WINDOWS else 2
    number = np.arange(meets.shape[summed]).reshape([-1 if axis == summed else 1 for axis in range(3)])
    if slot == "input":  # some windows and some taps are terms of an entry
        others: tuple[int, ...] = (1, 2)
    elif keep is Keep.LAST_INSIDE:
        others = (0, summed)
    else:  # each is a term of every entry
        return np.asarray(meets & (number == (meets.shape[summed] - 1 if last else 0)))
    ranked = np.where(meets, number, -1 if last else meets.shape[summed])
    best = ranked.max(axis=others, keepdims=True) if last else ranked.min(axis=others, keepdims=True)
    return np.asarray(meets & (ranked == best))
