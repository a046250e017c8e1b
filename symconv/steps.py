"""Derivations and verdicts as data: what was done, by which rule, and what is claimed.

Never: how a step is found, how it is checked, how it is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from symconv.arrays import ArrayExpression
from symconv.general_layer import GeneralConv
from symconv.layer import Conv
from symconv.polynomial import Entry, Partial, Polynomial
from symconv.terms import Formula


class Gradient(StrEnum):
    """The three gradients of a layer: of its input a, its weight w and its bias b."""

    INPUT = "input"
    WEIGHT = "weight"
    BIAS = "bias"

    @property
    def tensor(self) -> str:
        """The tensor that the error is differentiated by."""
        return {"input": "a", "weight": "w", "bias": "b"}[self.value]

    @property
    def symbol(self) -> str:
        """``dE/da``, ``dE/dw`` or ``dE/db``."""
        return f"dE/d{self.tensor}"


class Rule(Enum):
    """Why a line follows from the one before: a name, and the equation that it stands for."""

    CHAIN_RULE = ("chain rule", "dE/da = sum over every z that contains a of dE/dz * dz/da")
    DEFINITION_OF_DELTA = ("definition of delta", "delta = dE/dz")
    DIFFERENTIATE = ("differentiate", "d(w[j]*a[i])/da[x] = w[j] where i = x, and 0 elsewhere")
    COLLECT = ("collect", "insert the derivatives and collect equal products")
    BOUNDS = ("implied bounds", "0 <= x < L holds for every entry of the input")
    LABELS = ("match indices", "R*g' + c' = R*g + c with 0 <= c, c' < R: g' = g and c' = c")
    CLEAR = ("clear the divisor", "m/u = x where u divides m: m = u*x")
    REINDEX = ("reindex", "k -> K-1-k runs through the same taps, last one first")
    SIFT = ("sift", "s*i = m has one solution i = m/s, if s divides m and 0 <= m/s < O, and none otherwise")
    RECOGNISE = ("recognise", "a sum over taps of a product of shifted entries is a correlation")
    GENERAL = ("general formula", "the formula for every entry, read at this entry")
    EXTENT = ("extent", "0 <= m/s < O where s divides m: 0 <= m < s*(O-1) + 1, the length of the dilated array")
    INSERT = ("insert and differentiate", "the gradient by the formula derived for it, then the product rule")
    ACTIVATION = ("activation", "a = f(z): da/dz = f'(z)")
    UPDATE = ("gradient descent", "w <- w - eta * dE/dw")

    @property
    def title(self) -> str:
        """The name of the rule."""
        return self.value[0]

    @property
    def equation(self) -> str:
        """What the rule says."""
        return self.value[1]


@dataclass(frozen=True)
class IndexedStep:
    """``before = after``, because of `rule`: for all entries at once."""

    rule: Rule
    before: Formula
    after: Formula
    conditions: tuple[str, ...] = ()  # the integer side conditions, by name, where sizes are symbolic


@dataclass(frozen=True)
class ClaimDerivation:
    """One claim of the theorem for every shape: the steps from its definition to the closed form."""

    name: str
    steps: tuple[IndexedStep, ...]
    closed: Formula

    @property
    def derived(self) -> Formula:
        """The last line."""
        return self.steps[-1].after


@dataclass(frozen=True)
class GeneralDerivation:
    """The theorem for every shape: a derivation for each of its claims."""

    layer: GeneralConv
    claims: tuple[ClaimDerivation, ...]


@dataclass(frozen=True)
class EntryStep:
    """``before = after``, because of `rule`: for one entry, written out."""

    rule: Rule
    before: Polynomial
    after: Polynomial


@dataclass(frozen=True)
class EntryDerivation:
    """dE by one entry: the z that contain it, the derivative of each by it, and the steps that put them together."""

    entry: Entry
    place: str  # "corner", "edge", "interior", or "" for the others of a complete list
    weighted_inputs: tuple[tuple[Entry, Polynomial], ...]
    derivatives: tuple[tuple[Partial, Polynomial], ...]
    steps: tuple[EntryStep, ...]

    @property
    def result(self) -> Polynomial:
        """The last line."""
        return self.steps[-1].after


@dataclass(frozen=True)
class GradientDerivation:
    """One gradient: steps for all entries at once, the array expression they lead to, and entries written out."""

    of: Gradient
    indexed: tuple[IndexedStep, ...]
    relation: Formula  # the chain rule's sum under the axis relation, no index of it reversed or solved for yet
    derived: Formula  # the same, reversed and solved
    closed: ArrayExpression
    entries: tuple[EntryDerivation, ...]
    complete: bool  # whether every entry is listed


@dataclass(frozen=True)
class Derivation:
    """The whole of a layer's backward pass, from z to the update."""

    layer: Conv
    activation: str
    forward: Formula
    gradients: tuple[GradientDerivation, ...]

    def gradient(self, of: Gradient) -> GradientDerivation:
        """The derivation of one gradient."""
        return next(g for g in self.gradients if g.of is of)


class Status(StrEnum):
    """What is claimed, worst first."""

    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"
    UNSUPPORTED = "UNSUPPORTED"
    PASSED = "PASSED"
    PROVED = "PROVED"


@dataclass(frozen=True)
class Counterexample:
    """The smallest wrong entry: what the derivation gives there, and what the closed form gives.

    `closed` is None where the closed form has no such entry, because its shape is another.
    """

    entry: Entry
    derived: Polynomial
    closed: Polynomial | None
    explanation: str

    @property
    def difference(self) -> Polynomial:
        """Closed form minus derivation; a missing entry counts as zero."""
        return (self.closed if self.closed is not None else Polynomial()) - self.derived


@dataclass(frozen=True)
class Evidence:
    """One thing that was checked, and what was found: a sentence."""

    name: str
    text: str


@dataclass(frozen=True)
class Proved:
    """The gradient is the closed form, entry by entry, as exact polynomials."""

    evidence: tuple[Evidence, ...]
    status = Status.PROVED


@dataclass(frozen=True)
class Passed:
    """So many cases agreed exactly, and none failed: evidence, not a proof."""

    count: int
    evidence: tuple[Evidence, ...]
    status = Status.PASSED


@dataclass(frozen=True)
class Refuted:
    """The gradient is not the closed form: there is an entry where they differ."""

    counterexample: Counterexample
    evidence: tuple[Evidence, ...] = ()
    status = Status.REFUTED


@dataclass(frozen=True)
class Undecided:
    """Nothing is claimed, for this reason."""

    reason: str
    evidence: tuple[Evidence, ...] = ()
    status = Status.UNDECIDED


Outcome = Proved | Passed | Refuted | Undecided


def worst(outcomes: Iterable[Outcome]) -> Status:
    """The worst status of all."""
    return min((outcome.status for outcome in outcomes), key=list(Status).index)


@dataclass(frozen=True)
class Verdict:
    """What `prove` found: one outcome for each gradient, and the worst of them.

    A verdict is true in a condition when its status is PROVED (or PASSED).
    """

    layer: Conv
    scope: str
    gradients: Mapping[Gradient, Outcome]
    derivation: Derivation
    seconds: float
    given: Mapping[Gradient, ArrayExpression] = field(default_factory=dict)  # the caller's own closed forms

    @property
    def status(self) -> Status:
        """The worst status among the gradients that were computed."""
        return worst(self.gradients.values())

    def __bool__(self) -> bool:
        return self.status in (Status.PROVED, Status.PASSED)

    def __repr__(self) -> str:
        parts = ", ".join(f"{of}: {outcome.status}" for of, outcome in self.gradients.items())
        return f"<Verdict {self.status} (scope: {self.scope}) of {self.layer!r}: {parts}>"


@dataclass(frozen=True)
class GeneralVerdict:
    """What `prove` found for every shape at once: an outcome for each claim, and the certificate that says why.

    `instance` is the layer that the theorem was asked for, if it was asked for one.
    """

    layer: GeneralConv
    instance: Conv | None
    gradients: Mapping[str, Outcome]
    derivation: GeneralDerivation
    certificate: str
    established: tuple[str, ...]
    seconds: float
    scope = "every shape"

    @property
    def status(self) -> Status:
        """The worst status among the claims."""
        return worst(self.gradients.values())

    def __bool__(self) -> bool:
        return self.status in (Status.PROVED, Status.PASSED)

    def __repr__(self) -> str:
        parts = ", ".join(f"{of}: {outcome.status}" for of, outcome in self.gradients.items())
        return f"<GeneralVerdict {self.status} (scope: {self.scope}) of {self.layer!r}: {parts}>"
