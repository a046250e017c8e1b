"""The vocabulary of mistakes: changes of a form that the catalogue is written in.

In: a form.  Out: another form, the same where the change does not apply.
Never: the name of a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod

from symconv.auditing.forms import AxisForm, Form, Keep, Label

Change = Callable[[Form], Form]
AxisChange = Callable[[AxisForm], AxisForm]


def each(*changes: AxisChange) -> tuple[Change, ...]:
    """The same change along every axis, for each variant."""
    return tuple(lambda form, change=change: form.along(change) for change in changes)


def only(at: int, change: AxisChange) -> Change:
    """A change along one axis, where there are two or more."""

    def changed(form: Form) -> Form:
        here = at % form.ndim
        axes = tuple(change(axis) if j == here else axis for j, axis in enumerate(form.axes))
        return replace(form, axes=axes) if form.ndim > 1 else form

    return changed


def all_but(at: int, change: AxisChange) -> Change:
    """A change along all axes but one, where there are two or more."""

    def changed(form: Form) -> Form:
        here = at % form.ndim
        axes = tuple(axis if j == here else change(axis) for j, axis in enumerate(form.axes))
        return replace(form, axes=axes) if form.ndim > 1 else form

    return changed


def from_axis(source: Callable[[int, int], int], *names: str) -> Change:
    """Options of an axis taken from another: from ``axes[source(j, ndim)]`` for axis j."""

    def changed(form: Form) -> Form:
        axes = tuple(
            replace(axis, **{name: getattr(form.axes[source(j, form.ndim)], name) for name in names})
            for j, axis in enumerate(form.axes)
        )
        return replace(form, axes=axes)

    return changed


def mirrored(j: int, ndim: int) -> int:
    """The opposite axis."""
    return ndim - 1 - j


def first_axis(_: int, ndim: int) -> int:
    """The first axis, for every axis."""
    return 0 * ndim


def last_axis(_: int, ndim: int) -> int:
    """The last axis, for every axis."""
    return ndim - 1


def turned(tensor: str) -> AxisChange:
    """One tensor read from its other end."""
    return lambda axis: axis.turned(tensor)


def transposed(tensor: str) -> Change:
    """One tensor with its spatial axes in reverse order."""
    return lambda form: replace(form, transposed=form.transposed ^ {tensor}) if form.ndim > 1 else form


def then(first: Change, second: Change) -> Change:
    """Two changes, one after the other."""
    return lambda form: second(first(form))


def axis_with(**values: Callable[[AxisForm], object]) -> AxisChange:
    """Numbers of an axis put to what they are computed to be."""
    return lambda axis: replace(axis, **{name: value(axis) for name, value in values.items()})  # type: ignore[arg-type]


def padded(low: Callable[[AxisForm], int]) -> AxisChange:
    """Another low padding."""
    return lambda axis: replace(axis, low=low(axis))


def keeping(keep: Keep) -> AxisChange:
    """What survives of a sum."""
    return lambda axis: replace(axis, keep=keep)


def labelled(rule: Callable[[Form, Label], Label | None]) -> Change:
    """The channels that meet, each by a rule; None for channels that meet no more."""

    def changed(form: Form) -> Form:
        found = (rule(form, label) for label in form.labels)
        return replace(form, labels=tuple(label for label in found if label is not None))

    return changed


def scaled(factor: Callable[[Form], Fraction]) -> Change:
    """Another factor."""
    return lambda form: replace(form, scale=form.scale * factor(form))


def sampled(kept: Callable[[int], int]) -> Change:
    """Only one sample of the batch contributes."""
    return lambda form: replace(form, samples=tuple(s for s in form.samples if s[0] == kept(form.batch)))


def outputs(form: Form) -> int:
    """The number of output positions."""
    return prod(axis.output_size for axis in form.axes)


def group_of(form: Form, label: Label) -> int:
    """The group of an output channel."""
    return label[0] // form.per_group[0]


def positions(kept: Callable[[int], int]) -> Change:
    """One output position for dE/db, of all."""
    return lambda form: replace(form, positions=tuple((kept(axis.output_size),) for axis in form.axes))


def across_channels(form: Form, label: Label) -> Label | None:
    """w[c, o] where w[o, c] is meant, counted within the group."""
    outs, ins = form.per_group
    of_delta, out, inner, of_a = label
    within = out % outs
    return (of_delta, out - within + inner, within, of_a) if outs == ins else None


def low_kept(before: Form, after: Form) -> Form:
    """The form with the padding of delta, d*(K-1) - p, as it was before the dilation changed."""
    axes = tuple(
        replace(new, low=old.low + (new.dilation - old.dilation) * (old.kernel_size - 1))
        for old, new in zip(before.axes, after.axes, strict=True)
    )
    return replace(after, axes=axes)
