"""Calls of an implementation under audit, and what came of each: an observation.

In: an implementation, and calls with their arrays.  Out: one observation for each call; nothing that the
implementation does (raise, print, change its arguments, return nonsense) ends the audit.
Never: a judgement whether a result is right.
"""

from __future__ import annotations

import io
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from symconv.auditing.protocol import Array, Implementation
from symconv.errors import shortened
from symconv.layer import Conv
from symconv.polynomial import Polynomial

BACKWARD = ("input", "weight", "bias")
FORWARD = ("forward",)


class Failure(StrEnum):
    """How a call can fail."""

    RAISED = "raised"  # an exception
    MALFORMED = "malformed"  # what came back is not what the protocol asks for
    HUNG = "hung"  # no answer within the time limit
    DIED = "died"  # the process ended, or went over its memory limit


@dataclass(frozen=True, eq=False)
class Call:
    """One call: of ``forward(a, w, b)`` or ``backward(delta, a, w)``, with the options of a layer."""

    layer: Conv
    arrays: tuple[Array, ...]
    forward: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        """What the results are called."""
        return FORWARD if self.forward else BACKWARD


@dataclass(frozen=True, eq=False)
class Returned:
    """Arrays came back, None for a gradient that is not computed; `notes` say what else was seen."""

    arrays: tuple[Array | None, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotSupported:
    """NotImplementedError was raised."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """No arrays came back; `text` says why, `where` is the line of the implementation."""

    failure: Failure
    text: str
    where: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotCalled:
    """The call was not made: those before it ended in a way that leaves no hope. It says nothing of its layer."""

    reason: str


Answer = Returned | NotSupported | Failed
Observation = Answer | NotCalled


class Runner(Protocol):
    """Makes calls, in this process or in another."""

    def run(self, calls: Sequence[Call]) -> list[Observation]:
        """One observation for each call, in order."""

    def close(self) -> None:
        """Nothing more is asked."""


@dataclass(frozen=True)
class InProcess:
    """Calls an implementation in this process: quick, and without protection from hangs and crashes."""

    implementation: Implementation

    def run(self, calls: Sequence[Call]) -> list[Observation]:
        """One observation for each call, in order."""
        return [observe(self.implementation, call) for call in calls]

    def close(self) -> None:
        """Nothing is held."""


def observe(implementation: Implementation, call: Call) -> Answer:
    """Make one call on copies of its arrays, and see what comes of it."""
    function: Any = implementation.forward if call.forward else implementation.backward
    layer, arrays = call.layer, tuple(array.copy() for array in call.arrays)
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = function(
                *arrays, stride=layer.stride, padding=layer.padding, dilation=layer.dilation, groups=layer.groups
            )
            if call.forward and isinstance(found, tuple) and len(found) == 2:  # (z, cache), as courses return it
                found = found[0]
    except NotImplementedError as error:
        return NotSupported(_text(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Failed(Failure.RAISED, _told(error), _where(error), _notes(call, arrays, printed.getvalue()))
    notes = _notes(call, arrays, printed.getvalue())
    values = (found,) if call.forward else found
    wrong = _malformed(call, values)
    if wrong:
        return Failed(Failure.MALFORMED, wrong, "", notes)
    return Returned(tuple(None if v is None else _own(v) for v in values), notes)


def _told(error: BaseException) -> str:
    text = _text(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    """What an exception says, on one line; nothing where that raises, too."""
    try:
        return " ".join(str(error).split())[:200]
    except Exception:
        return ""


def _where(error: BaseException) -> str:
    """The last line outside of libraries that the error went through, or the last of all."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [f for f in frames if "site-packages" not in f.filename and not f.filename.startswith(sys.base_prefix)]
    for frame in reversed(own or frames):
        return f"{Path(frame.filename).name}:{frame.lineno}"
    return ""


def _notes(call: Call, arrays: tuple[Array, ...], printed: str) -> tuple[str, ...]:
    names = ("a", "w", "b") if call.forward else ("delta", "a", "w")
    changed = [name for name, before, after in zip(names, call.arrays, arrays, strict=True) if not _same(before, after)]
    notes = [f"changes its argument {name}: work on a copy" for name in changed]
    if printed.strip():
        notes.append(f"prints to stdout: {shortened(printed.strip().splitlines()[0])}")
    return tuple(notes)


def _same(before: Array, after: Array) -> bool:
    return before.shape == after.shape and bool((before == after).all())


def _malformed(call: Call, values: Any) -> str:
    """What is wrong with the value that was returned, or nothing."""
    if not isinstance(values, tuple | list):
        return f"returned {_kind(values)} but expected a tuple (da, dw, db), None for what is not computed"
    if len(values) != len(call.slots):
        return f"returned {len(values)} values but expected 3: (da, dw, db), None for what is not computed"
    for name, value in zip(call.slots, values, strict=True):
        if value is None and not call.forward:
            continue
        if not isinstance(value, np.ndarray | np.generic | int | float | Polynomial):
            return f"the {_named(name)} is {_kind(value)} but expected a NumPy array"
        kind = np.dtype(object) if isinstance(value, Polynomial) else np.asarray(value).dtype
        if call.arrays[0].dtype != object and not (kind.kind in "biuf" or kind.name == "bfloat16"):
            return f"the {_named(name)} has dtype {kind} but expected real numbers"
    return ""


def _own(value: Any) -> Array:
    """A copy of the result, which no later call can change."""
    return np.array(value, dtype=object) if isinstance(value, Polynomial) else np.array(value, copy=True)


def _named(slot: str) -> str:
    return "result" if slot == "forward" else f"{slot} gradient"


def _kind(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
