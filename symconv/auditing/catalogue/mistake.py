"""What a mistake is: a class, a name, and what it does to the form of the theorem.

In: nothing.  Out: the types that the tables of mistakes are written in.
Never: a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from symconv.auditing.changes import Change


class Kind(StrEnum):
    """The classes of mistakes."""

    STRIDE = "stride"
    REMAINDER = "remainder"
    AXES = "axes"
    GROUPS = "groups"
    ROTATION = "rotation"
    PADDING = "padding"
    DILATION = "dilation"
    SCALE = "scale"
    ACCUMULATION = "accumulation"
    CRASH = "crash"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Mistake:
    """One mistake: the gradients (or the forward map) it is made in, and what it does to the form of the theorem.

    The first of the `changes` is the usual one, the others are variants of it. In `why` and `mend`, ``{flip}`` stands
    for the indices that reverse every spatial axis, ``{of}`` for the gradient.
    """

    kind: Kind
    name: str
    of: tuple[str, ...]
    changes: tuple[Change, ...]
    why: str
    mend: str


INPUT, WEIGHT, FORWARD, BIAS = ("input",), ("weight",), ("forward",), ("bias",)
GRADIENTS = ("input", "weight")
MAPS = ("input", "weight", "forward")
EVERYWHERE = (*MAPS, "bias")
