"""Which mistake an implementation makes: the transformations of the catalogue that give exactly what it returned.

In: samples of one gradient, some of them wrong.  Out: diagnoses, the likeliest first; none that a sample denies.
Never: a guess. What equals no mistake, nor any two of them, has no diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from symconv.auditing.catalogue import Kind, Mistake, mistakes
from symconv.auditing.changes import Change
from symconv.auditing.forms import Form, derivative
from symconv.auditing.judging import Sample, State
from symconv.auditing.protocol import Array

CONFIRMING = 60  # samples that a diagnosis must agree with, at most
NEAR = 1e-9  # of the size of an entry: what a division leaves


@dataclass(frozen=True)
class Diagnosis:
    """One mistake, or two together, that explain every sample; `changes` are what they do to the theorem's form."""

    kind: Kind
    name: str
    explanation: str
    mend: str
    mistakes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def diagnose(slot: str, samples: Sequence[Sample], most: int = 3) -> list[Diagnosis]:
    """The mistakes, or pairs of them, that give exactly what was returned on all samples; the likeliest first."""
    telling = _telling(slot, samples)
    if not any(sample.state(slot) is State.WRONG for sample in telling):
        return []
    found = _in_another_shape(slot, telling) or _named(slot, telling) or _constant(slot, telling)
    return found[:most] or _pairs(slot, telling)[:most]


def _telling(slot: str, samples: Sequence[Sample]) -> list[Sample]:
    """Samples with a result: wrong ones first, small ones before large ones, some of each."""
    wrong = [s for s in samples if s.state(slot) is State.WRONG and s.returned(slot) is not None]
    right = [s for s in samples if s.state(slot) is State.RIGHT]
    return wrong[: CONFIRMING - 10] + right[:10]


def explains(slot: str, changes: Sequence[Change], sample: Sample) -> bool:
    """Whether the theorem's form, so changed, gives exactly what the sample returned."""
    form = Form.of(sample.layer)
    for change in changes:
        form = change(form)
    return _gives(slot, form, sample)


def _gives(slot: str, form: Form, sample: Sample) -> bool:
    returned = sample.returned(slot)
    if returned is None:
        return False
    shape = form.shape(slot)
    if returned.ndim != len(shape) or returned.shape[:2] != shape[:2]:
        return False
    predicted = derivative(form.reaching(slot, returned.shape[2:]), slot, sample.numbers)
    if predicted is None or predicted.shape != returned.shape:
        return False
    if slot == "forward":
        bias = np.asarray(sample.tensors.b).astype(np.float64)
        returned = returned - bias.reshape(-1, *[1] * sample.layer.ndim)
    return _equal(returned, predicted, form.scale)


def _equal(returned: Array, predicted: Array, scale: Fraction) -> bool:
    """Whether ``returned = scale * predicted``, up to the rounding of a division where there is one."""
    if scale.denominator == 1:
        return np.array_equal(returned, predicted * float(scale))
    size = float(np.abs(predicted).max(initial=1.0)) / scale.denominator
    return bool(np.abs(returned - predicted * float(scale)).max(initial=0.0) <= NEAR * size)


def _named(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The single mistakes that explain every sample."""
    found = []
    for mistake in mistakes(slot):
        for change in mistake.changes:
            if _in_shape(slot, mistake, samples) and all(explains(slot, (change,), sample) for sample in samples):
                found.append(_told(slot, (mistake,), (change,), samples))
                break
    return found


def _in_shape(slot: str, mistake: Mistake, samples: Sequence[Sample]) -> bool:
    """Whether the shapes are what the mistake says; one that says nothing about shapes fits any."""
    if mistake.extra is None:
        return True
    for sample in samples:
        returned = sample.returned(slot)
        form = Form.of(sample.layer)
        assert returned is not None, "only samples with a result are diagnosed"
        sizes = zip(returned.shape[2:], form.shape(slot)[2:], strict=False)
        longer = [got - wanted for got, wanted in sizes]
        if longer != [mistake.extra(axis) for axis in form.axes] and mistake.extra(form.axes[0]) != ANY:
            return False
    return True


ANY = 10**9


def _constant(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The theorem times one number, the same for all samples."""
    ratios = set()
    for sample in samples:
        returned, expected = sample.returned(slot), sample.expected(slot)
        if returned is None or returned.shape != expected.shape or not expected.any():
            return []
        if not np.isfinite(returned).all():
            return []
        at = np.unravel_index(np.abs(expected).argmax(), expected.shape)
        ratio = Fraction(float(returned[at]) / float(expected[at])).limit_denominator(1000)
        if not np.allclose(returned, expected * float(ratio), rtol=NEAR, atol=0.0):
            return []
        ratios.add(ratio)
    if len(ratios) != 1:
        return []
    (ratio,) = ratios
    return [
        Diagnosis(
            Kind.SCALE,
            "multiplied by a constant",
            f"{symbol(slot)} is {ratio} times what it should be",
            "Leave out the factor (a learning rate belongs to the update).",
            ("multiplied by a constant",),
        )
    ]


def _in_another_shape(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The right entries, with the axes in another order or in another shape."""
    if all(_reshaped(slot, sample) for sample in samples):
        wrong = samples[0].returned(slot)
        assert wrong is not None, "only samples with a result are diagnosed"
        shape = samples[0].expected(slot).shape
        name = "right entries in another shape"
        return [
            Diagnosis(
                Kind.AXES, name, f"{symbol(slot)} has the right entries, but shape {wrong.shape} instead of {shape}",
                f"Return it with shape {shape}.", (name,),
            )
        ]  # fmt: skip
    rank = samples[0].layer.ndim + 2
    if slot == "bias" or any(sample.layer.ndim + 2 != rank for sample in samples):
        return []
    for order in permutations(range(rank)):
        if order != tuple(range(rank)) and all(_permuted(slot, sample, order) for sample in samples):
            name = "axes in another order"
            return [
                Diagnosis(
                    Kind.AXES, name, f"{symbol(slot)} has the right entries, but its axes come in another order",
                    f"Return {SHORT[slot]}.transpose{order}.", (name,),
                )
            ]  # fmt: skip
    return []


def _reshaped(slot: str, sample: Sample) -> bool:
    returned, expected = sample.returned(slot), sample.expected(slot)
    if returned is None or returned.size != expected.size or returned.shape == expected.shape:
        return False
    return np.array_equal(returned.ravel(), expected.ravel())


def _permuted(slot: str, sample: Sample, order: tuple[int, ...]) -> bool:
    returned, expected = sample.returned(slot), sample.expected(slot)
    return (
        returned is not None
        and returned.ndim == len(order)
        and np.array_equal(returned.transpose(order), expected)
    )  # fmt: skip


def _pairs(slot: str, samples: Sequence[Sample]) -> list[Diagnosis]:
    """The pairs of mistakes that explain every sample; the first sample rules most of them out."""
    found: dict[frozenset[str], Diagnosis] = {}
    for pair, changes in _pairs_for(slot, samples[0]):
        names = frozenset(mistake.name for mistake in pair)
        if names not in found and all(explains(slot, changes, sample) for sample in samples[1:]):
            found[names] = _told(slot, pair, changes, samples)
    return list(found.values())


def _pairs_for(slot: str, sample: Sample) -> Iterator[tuple[tuple[Mistake, ...], tuple[Change, ...]]]:
    """The pairs that explain one sample; two pairs that make the same form are tried once."""
    theorem = Form.of(sample.layer)
    known = [(m, change) for m in mistakes(slot) if m.extra is None for change in m.changes]
    singles = [(m, change, form) for m, change in known if (form := change(theorem)) != theorem]
    gives: dict[Form, bool] = {}
    for first, change, form in singles:
        for second, other, alone in singles:
            both = other(form)
            if second.name == first.name or both in (form, alone):
                continue
            if both not in gives:
                gives[both] = _gives(slot, both, sample)
            if gives[both]:
                yield (first, second), (change, other)


SHORT = {"input": "da", "weight": "dw", "bias": "db", "forward": "z"}
SYMBOLS = {"input": "dE/da", "weight": "dE/dw", "bias": "dE/db", "forward": "z"}


def symbol(slot: str) -> str:
    """``dE/da``, ``dE/dw``, ``dE/db`` or ``z``."""
    return SYMBOLS[slot]


def _told(slot: str, made: tuple[Mistake, ...], changes: tuple[Change, ...], samples: Sequence[Sample]) -> Diagnosis:
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
    )
