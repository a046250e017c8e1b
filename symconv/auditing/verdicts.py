"""What an audit found, as data: an outcome for each gradient, the worst of them, and what was seen on the way.

Never: how it was found, how it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symconv.auditing.diagnosis import Diagnosis
from symconv.auditing.lifting import Lifted
from symconv.auditing.probing import Product
from symconv.auditing.protocol import Support
from symconv.auditing.running import Failure
from symconv.layer import Conv
from symconv.steps import Status


@dataclass(frozen=True)
class Agreed:
    """No tested layer shows a difference.

    Attributes
    ----------
    layers
        How many layers were tested, each at enough random points.
    unsupported, absent
        How many more were refused with NotImplementedError, and on how many None came back.
    bits
        A wrong bilinear map passes a tested layer with probability below ``2**-bits``.
    error
        0 where every comparison was exact; else the largest difference on small integers, which rounding must explain.
    tolerance
        What difference was allowed; 0 where the comparison was exact.
    proved
        The layers on which the code was run on symbols, and gave the polynomials of the theorem.
    """

    layers: int
    unsupported: int
    absent: int
    bits: int
    error: float = 0.0
    tolerance: float = 0.0
    proved: tuple[Conv, ...] = ()
    status = Status.PASSED


@dataclass(frozen=True)
class WrongEntry:
    """One entry of the result: what it should be, and what it is; `computed` is None where probing did not say."""

    entry: tuple[int, ...]
    expected: tuple[Product, ...]
    computed: tuple[Product, ...] | None
    expected_value: float
    computed_value: float | None


@dataclass(frozen=True)
class WrongShape:
    """The result has another shape."""

    expected: tuple[int, ...]
    computed: tuple[int, ...]


@dataclass(frozen=True)
class NoResult:
    """The call raised, hung, died, or returned what is no result."""

    failure: Failure
    text: str
    where: str


Finding = WrongEntry | WrongShape | NoResult


@dataclass(frozen=True)
class Mistaken:
    """There is a layer on which the result is wrong: the smallest that was found, and what is wrong there.

    `diagnoses` are the mistakes that explain every tested layer, the likeliest first; where there is none, the class is
    unknown. `theorem` and `recovered` are formulas of one layer: what should be computed there, and what is.
    """

    layer: Conv
    finding: Finding
    diagnoses: tuple[Diagnosis, ...]
    layers: int
    wrong: int
    theorem: Lifted | None = None
    recovered: Lifted | None = None
    bilinear: bool = True
    status = Status.REFUTED

    @property
    def diagnosis(self) -> Diagnosis:
        """The likeliest mistake."""
        return self.diagnoses[0]


@dataclass(frozen=True)
class NotAudited:
    """Nothing is claimed: every tested layer was refused, or nothing could be compared exactly."""

    reason: str
    status = Status.UNSUPPORTED


@dataclass(frozen=True)
class NotComputed:
    """The implementation returns None for this gradient: it is not asked to compute it."""

    reason: str = "None was returned on every layer"
    status = None


AuditOutcome = Agreed | Mistaken | NotAudited | NotComputed


@dataclass(frozen=True)
class AuditVerdict:
    """What an audit found: an outcome for each gradient (and the forward map), and the worst of them.

    A verdict is true in a condition when its status is PASSED.
    """

    name: str
    dtype: str
    support: Support
    outcomes: Mapping[str, AuditOutcome]
    layers: int
    calls: int
    seed: int
    seconds: float
    notes: tuple[str, ...] = ()
    cut: bool = False  # whether time ran out before all layers were tested

    @property
    def status(self) -> Status:
        """The worst status among what was computed."""
        found = [outcome.status for outcome in self.outcomes.values() if outcome.status is not None]
        return min(found, key=list(Status).index, default=Status.UNSUPPORTED)

    def __bool__(self) -> bool:
        return self.status is Status.PASSED

    def __repr__(self) -> str:
        parts = ", ".join(f"{slot}: {outcome.status or 'not computed'}" for slot, outcome in self.outcomes.items())
        return f"<AuditVerdict {self.status} of {self.name}: {parts}>"
