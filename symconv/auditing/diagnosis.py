"""Which mistake an implementation makes: the transformations of the catalogue that give exactly what it returned.

In: samples of one gradient, some of them wrong.  Out: diagnoses, the likeliest first; none that a sample denies.
Never: a guess. What equals no mistake, nor any two of them, has no diagnosis.

A mistake explains a sample when it gives every entry. The size of the result must be what it should be, or what the
closed form makes of it with this mistake, on all samples alike; a mistake that gives every entry, but not the size, is
named where nothing else is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from symconv.auditing.catalogue import Kind, Mistake, mistakes
from symconv.auditing.changes import Change
from symconv.auditing.judging import Sample, State
from symconv.auditing.matching import explain_all, explains
from symconv.auditing.pairing import pairs
from symconv.steps import Gradient

__all__ = ["Diagnosis", "diagnose", "explains", "symbol"]

CONFIRMING = 60  # samples that candidates are found with, at most
OTHERS_SEEN = 400  # samples that they are compared with afterwards, at most
NEAR = 1e-9  # of the size of an entry: what rounding leaves


@dataclass(frozen=True)
class Diagnosis:
    """One mistake, or two together, that explain every sample; `changes` are what they do to the theorem's form."""

    kind: Kind
    name: str
    explanation: str
    mend: str
    mistakes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    holds: Callable[[Sample], bool] = field(default=lambda _: True, compare=False, repr=False)  # on any sample


def diagnose(slot: str, samples: Sequence[Sample], most: int = 3) -> list[Diagnosis]:
    """The mistakes, or pairs of them, that give exactly what was returned on all samples; the likeliest first."""
    telling = _telling(slot, samples)
    if not any(sample.state(slot) is State.WRONG for sample in telling):
        return []
    others = [s for s in samples if s.state(slot) in (State.WRONG, State.RIGHT) and s not in telling][:OTHERS_SEEN]
    searches: tuple[Callable[[], list[Diagnosis]], ...] = (
        lambda: _in_another_shape(slot, telling),
        lambda: _named(slot, telling),
        lambda: _constant(slot, telling),
        lambda: [_told(slot, *pair, telling) for pair in pairs(slot, telling)],
        lambda: _named(slot, telling, loosely=True),
        lambda: _in_another_size(slot, telling),
    )
    for search in searches:
        found = [diagnosis for diagnosis in search()[: 2 * most] if all(map(diagnosis.holds, others))]
        if found:
            return found[:most]
    return []


def _telling(slot: str, samples: Sequence[Sample]) -> list[Sample]:
    """Samples with a result: wrong ones first, small ones before large ones, some of each."""
    wrong = [s for s in samples if s.state(slot) is State.WRONG and s.returned(slot) is not None]
    right = [s for s in samples if s.state(slot) is State.RIGHT]
    return wrong[: CONFIRMING - 10] + right[:10]


def _named(slot: str, samples: Sequence[Sample], loosely: bool = False) -> list[Diagnosis]:
    """The single mistakes that explain every sample."""
    found = []
    for mistake in mistakes(slot):
        for change in mistake.changes:
            if explain_all(slot, (change,), samples, loosely):
                found.append(_told(slot, (mistake,), (change,), samples, loosely))
                break
    return found


def _constant(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The theorem times one number, the same for all samples."""
    first = samples[0]
    returned, expected = first.returned(slot), first.expected(slot)
    if returned is None or returned.shape != expected.shape or not expected.any():
        return []
    at = np.unravel_index(np.abs(expected).argmax(), expected.shape)
    ratio = float(returned[at]) / float(expected[at])
    short = Fraction(ratio).limit_denominator(1000) if np.isfinite(ratio) else Fraction(1)
    factor = float(short) if abs(float(short) - ratio) <= NEAR * abs(ratio) else ratio

    def holds(sample: Sample) -> bool:
        seen, right = sample.returned(slot), sample.expected(slot)
        return seen is not None and seen.shape == right.shape and np.allclose(seen, right * factor, rtol=NEAR, atol=0.0)

    if abs(factor - 1) <= NEAR or not all(map(holds, samples)):  # nearer to 1 it is no factor
        return []
    written = str(short) if factor == float(short) else f"{factor:.6g}"
    return [
        Diagnosis(
            Kind.SCALE,
            "multiplied by a constant",
            f"{symbol(slot)} is {written} times what it should be",
            "Leave out the factor (a learning rate belongs to the update).",
            ("multiplied by a constant",),
            holds=holds,
        )
    ]


def _in_another_size(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The right entries, but more or fewer of them."""
    if not explain_all(slot, (), samples, loosely=True):
        return []
    name = "too long or too short at the high end"
    return [
        Diagnosis(
            Kind.REMAINDER, name, f"the entries of {symbol(slot)} are right, but there are too many or too few of them",
            "Return an array of the shape of what is differentiated by.", (name,),
            holds=lambda sample: explain_all(slot, (), [sample], loosely=True),
        )
    ]  # fmt: skip


def _in_another_shape(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The right entries, with the axes in another order or in another shape."""
    if all(_reshaped(slot, sample) for sample in samples):
        shown = samples[0].returned(slot)
        assert shown is not None, "only samples with a result are diagnosed"
        kind, name = Kind.AXES, "right entries in another shape"
        if slot == "bias" and shown.ndim > 1:
            kind, name = Kind.SCALE, "summed axes kept"
        text = f"{symbol(slot)} has the right entries, but they do not stand in the right shape"
        mend = f"Return it in the shape of {OF[slot]}."
        return [Diagnosis(kind, name, text, mend, (name,), holds=lambda sample: _reshaped(slot, sample))]
    for name, order in _orders(slot).items():
        if all(_permuted(slot, sample, order(sample.layer.ndim)) for sample in samples):
            shown_order = order(max(sample.layer.ndim for sample in samples))
            text = f"{symbol(slot)} has the right entries, but its axes come in another order"
            return [
                Diagnosis(
                    Kind.AXES, name, text, f"Return {SHORT[slot]}.transpose{shown_order}.", (name,),
                    holds=_put_back(slot, order),
                )
            ]  # fmt: skip
    return []


# How the axes of a result came to be where they are, and the transposition that puts them back.
Order = Callable[[int], tuple[int, ...]]
OTHERS: dict[str, Order] = {
    "spatial axes in reverse order": lambda ndim: (0, 1, *range(1 + ndim, 1, -1)),
    "channels last": lambda ndim: (0, 1 + ndim, *range(1, 1 + ndim)),
    "spatial axes first": lambda ndim: (ndim, 1 + ndim, *range(ndim)),
    "axes in reverse order": lambda ndim: tuple(range(1 + ndim, -1, -1)),
}


def _orders(slot: str) -> dict[str, Order]:
    name = "input and output channels swapped" if slot == "weight" else "batch and channels swapped"
    return {} if slot == "bias" else {name: lambda ndim: (1, 0, *range(2, 2 + ndim))} | OTHERS


def _reshaped(slot: str, sample: Sample) -> bool:
    returned, expected = sample.returned(slot), sample.expected(slot)
    if returned is None or returned.size != expected.size or returned.shape == expected.shape:
        return False
    return np.array_equal(returned.ravel(), expected.ravel())


def _put_back(slot: str, order: Order) -> Callable[[Sample], bool]:
    """Whether the transposition puts a result right."""
    return lambda sample: _permuted(slot, sample, order(sample.layer.ndim))


def _permuted(slot: str, sample: Sample, order: tuple[int, ...]) -> bool:
    returned, expected = sample.returned(slot), sample.expected(slot)
    return (
        returned is not None
        and returned.ndim == len(order)
        and np.array_equal(returned.transpose(order), expected)
    )  # fmt: skip


OF = {"input": "a", "weight": "w", "bias": "b", "forward": "delta"}
SHORT = {"input": "da", "weight": "dw", "bias": "db", "forward": "z"}


def symbol(slot: str) -> str:
    """``dE/da``, ``dE/dw``, ``dE/db`` or ``z``."""
    return "z" if slot == "forward" else Gradient(slot).symbol


def _told(
    slot: str, made: tuple[Mistake, ...], changes: tuple[Change, ...], samples: Sequence[Sample], loosely: bool = False
) -> Diagnosis:
    flip = f"[:, :, {', '.join(['::-1'] * max(sample.layer.ndim for sample in samples))}]"

    def filled(text: str) -> str:
        return text.replace("{flip}", flip).replace("{of}", symbol(slot))

    return Diagnosis(
        made[0].kind,
        " and ".join(mistake.name for mistake in made),
        "; and ".join(filled(mistake.why) for mistake in made),
        " ".join(filled(mistake.mend) for mistake in made),
        tuple(mistake.name for mistake in made),
        changes,
        lambda sample: explain_all(slot, changes, [sample], loosely),
    )
