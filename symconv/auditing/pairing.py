"""The pairs of mistakes that explain a sample: all of the catalogue are tried, in both orders where it matters.

In: samples of one gradient.  Out: pairs of mistakes with their changes; one sample rules most of them out.
Never: a pair that no sample was compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from symconv.auditing.catalogue import Mistake, mistakes
from symconv.auditing.changes import Change
from symconv.auditing.forms import Form
from symconv.auditing.judging import Sample, State
from symconv.auditing.matching import explain_all, gives, sizes_of
from symconv.auditing.spot import Spot

Pair = tuple[tuple[Mistake, ...], tuple[Change, ...]]
CANDIDATES = 8  # samples of which the most telling is chosen


def pairs(slot: str, samples: Sequence[Sample]) -> Iterator[Pair]:
    """The pairs of mistakes that explain every sample, each pair of names once."""
    found: set[frozenset[str]] = set()
    for pair, changes in _pairs_for(slot, _most_telling(slot, samples)):
        names = frozenset(mistake.name for mistake in pair)
        if names not in found and explain_all(slot, changes, samples):
            found.add(names)
            yield pair, changes


def _most_telling(slot: str, samples: Sequence[Sample]) -> Sample:
    """A wrong sample on which many mistakes differ, from the theorem and from each other."""
    wrong = [sample for sample in samples if sample.state(slot) is State.WRONG]

    def differing(sample: Sample) -> int:
        return len({change(Form.of(sample.layer)) for mistake in mistakes(slot) for change in mistake.changes[:1]})

    return max(wrong[:CANDIDATES], key=differing)


@dataclass(frozen=True)
class _Single:
    """A mistake as it shows on one sample."""

    mistake: Mistake
    change: Change
    form: Form
    touched: frozenset[str]

    def after(self, first: _Single) -> Form:
        """The form of both; mistakes in different things are put together."""
        if first.touched & self.touched:
            return self.change(first.form)
        return replace(first.form, **{name: getattr(self.form, name) for name in self.touched})


def _pairs_for(slot: str, sample: Sample) -> Iterator[Pair]:
    """The pairs that explain one sample; two pairs that make the same form are tried once."""
    tried: dict[Form, bool] = {}
    spot, theorem = _spot(slot, sample), Form.of(sample.layer)
    returned = sample.returned(slot)
    brought = returned is not None and returned.shape == theorem.shape(slot)  # to the size that it should have
    for first, second in _both(_singles(slot, theorem)):
        both = second.after(first)
        known = tried.get(both)
        if known is None:
            known = tried[both] = (spot is None or spot.admits(both)) and gives(slot, both, sample)
        sized = known and ((brought and not both.resized) or sizes_of(slot, both, sample))
        if sized and both not in (first.form, second.form):
            yield (first.mistake, second.mistake), (first.change, second.change)


def _singles(slot: str, theorem: Form) -> list[_Single]:
    """The mistakes that differ from the theorem."""
    known = ((mistake, change) for mistake in mistakes(slot) for change in mistake.changes)
    return [
        _Single(mistake, change, form, _touched(theorem, form))
        for mistake, change in known
        if (form := change(theorem)) != theorem
    ]


def _touched(theorem: Form, form: Form) -> frozenset[str]:
    """What a mistake changes: mistakes in different things can be made in any order."""
    found = {field.name for field in fields(Form) if getattr(theorem, field.name) != getattr(form, field.name)}
    return frozenset(found | {"axes"} if "resized" in found else found)  # how long a result is stands in the axes


def _both(singles: Sequence[_Single]) -> Iterator[tuple[_Single, _Single]]:
    """Two different mistakes, in both orders where the order can matter."""
    for at, first in enumerate(singles):
        for beside, second in enumerate(singles):
            if second.mistake.name != first.mistake.name and (at < beside or first.touched & second.touched):
                yield first, second


def _spot(slot: str, sample: Sample) -> Spot | None:
    returned = sample.returned(slot)
    if slot == "bias" or returned is None or returned.ndim != sample.layer.ndim + 2 or not returned.size:
        return None
    expected = sample.expected(slot)
    if slot == "forward":
        bias = np.asarray(sample.tensors.b).astype(np.float64).reshape(-1, *[1] * sample.layer.ndim)
        returned, expected = returned - bias, expected - bias
    return Spot(slot, returned, expected, sample.numbers)
