"""Whether a form gives what an implementation returned: every entry, and the size of the result.

In: changes of the theorem's form, and samples.  Out: yes or no.
Never: a form of its own making.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from symconv.auditing.changes import Change
from symconv.auditing.forms import Form, derivative
from symconv.auditing.judging import Sample
from symconv.auditing.protocol import Array

NEAR = 1e-9  # of the size of an entry: what a division leaves
SIZES = frozenset(range(3))  # the places of `Form.sizes`


def explains(slot: str, changes: Sequence[Change], sample: Sample) -> bool:
    """Whether the theorem's form, so changed, gives exactly what the sample returned."""
    form = changed(changes, sample)
    return gives(slot, form, sample) and bool(sizes_of(slot, form, sample) or not form.resized)


def explain_all(slot: str, changes: Sequence[Change], samples: Sequence[Sample], loosely: bool = False) -> bool:
    """Whether they explain all samples, with sizes of one kind; or, `loosely`, whatever the sizes."""
    alike = SIZES
    for sample in samples:
        form = changed(changes, sample)
        alike &= SIZES if loosely and not form.resized else sizes_of(slot, form, sample)
        if not alike or not gives(slot, form, sample):
            return False
    return True


def changed(changes: Sequence[Change], sample: Sample) -> Form:
    """The theorem's form for a sample, after the changes."""
    form = Form.of(sample.layer)
    for change in changes:
        form = change(form)
    return form


def sizes_of(slot: str, form: Form, sample: Sample) -> frozenset[int]:
    """Which of the sizes that the form may give the result has."""
    returned = sample.returned(slot)
    if returned is None:
        return frozenset()
    if slot == "bias":
        return SIZES if returned.shape == form.shape(slot) else frozenset()
    return frozenset(at for at, size in enumerate(form.sizes(slot)) if size == returned.shape[2:])


def gives(slot: str, form: Form, sample: Sample) -> bool:
    """Whether the entries are those of the form."""
    returned = sample.returned(slot)
    if returned is None:
        return False
    if slot != "bias":
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
