"""The vocabulary of mistakes: changes of a form that the catalogue is written in.

In: a form.  Out: another form, the same where the change does not apply.
Never: the name of a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from math import prod

from symconv.auditing.axis_forms import AxisForm, Keep
from symconv.auditing.forms import Form, Label

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


def one_axis(at: int, change: AxisChange) -> Change:
    """A change along one axis, be it the only one."""

    def changed(form: Form) -> Form:
        here = at % form.ndim
        return replace(form, axes=tuple(change(axis) if j == here else axis for j, axis in enumerate(form.axes)))

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


def padded(low: Callable[[AxisForm], int], high: Callable[[AxisForm], int] | None = None) -> AxisChange:
    """Another low padding; the high one, which shows in sizes alone, by the same rule with the ends exchanged."""
    return lambda axis: replace(axis, low=low(axis), high=high(axis) if high else low(flipped(axis)))


def flipped(axis: AxisForm) -> AxisForm:
    """The axis with low and high padding exchanged."""
    return replace(axis, low=axis.high, high=axis.low)


def resized(change: AxisChange) -> Change:
    """A change along every axis that leaves the result as long as the closed form makes it."""
    return lambda form: replace(form.along(change), resized=True)


def keeping(keep: Keep) -> AxisChange:
    """What survives of a sum."""
    return lambda axis: replace(axis, keep=keep)


def labelled(rule: Callable[[Form, Label], Label | None]) -> Change:
    """The channels that meet, each by a rule; None for channels that meet no more."""

    def changed(form: Form) -> Form:
        found = (rule(form, label) for label in form.labels)
        return replace(form, labels=tuple(label for label in found if label is not None))

    return changed


def fanned(rule: Callable[[Form, Label], Iterable[Label]]) -> Change:
    """The channels that meet, each made several (or none) by a rule."""
    return lambda form: replace(form, labels=tuple(made for label in form.labels for made in rule(form, label)))


def scaled(factor: Callable[[Form], Fraction | int]) -> Change:
    """Another factor."""
    return lambda form: replace(form, scale=form.scale * factor(form))


def sampled(kept: Callable[[int], int]) -> Change:
    """Only one sample of the batch contributes."""
    return lambda form: replace(form, samples=tuple(s for s in form.samples if s[0] == kept(form.batch)))


def paired(rule: Callable[[int, int], bool]) -> Change:
    """The samples that meet: (n of delta, m of a) where the rule says so."""

    def changed(form: Form) -> Form:
        batch = range(form.batch)
        return replace(form, samples=tuple((n, m) for n in batch for m in batch if rule(n, m)))

    return changed


def reshaped(tensor: str) -> Change:
    """One tensor with its batch and channel axes exchanged by a reshape, which does not move an entry."""
    return lambda form: replace(form, reshaped=form.reshaped ^ {tensor})


def summed(axes: Callable[[int], tuple[int, ...]]) -> Change:
    """Other axes of delta summed for dE/db, by the number of all."""
    return lambda form: replace(form, summed=axes(2 + form.ndim))


def outputs(form: Form) -> int:
    """The number of output positions."""
    return prod(axis.output_size for axis in form.axes)


def group_of(form: Form, label: Label) -> int:
    """The group of an output channel."""
    return label[0] // form.per_group[0]


def positions(kept: Callable[[AxisForm], Iterable[int]]) -> Change:
    """The output positions that dE/db sums, along each axis."""
    return lambda form: replace(form, positions=tuple(tuple(kept(axis)) for axis in form.axes))


def across_channels(form: Form, label: Label) -> Label | None:
    """w[c, o] where w[o, c] is meant, counted within the group, as far as w reaches."""
    outs, ins = form.per_group
    of_delta, out, inner, of_a = label
    within = out % outs
    return (of_delta, out - within + inner, within, of_a) if within < ins and inner < outs else None


def low_kept(before: Form, after: Form) -> Form:
    """The form with the pads of delta, d*(K-1) - p, as they were before the dilation changed."""
    axes = tuple(
        replace(
            new,
            low=old.low + (new.dilation - old.dilation) * (old.kernel_size - 1),
            high=old.high + (new.dilation - old.dilation) * (old.kernel_size - 1),
        )
        for old, new in zip(before.axes, after.axes, strict=True)
    )
    return replace(after, axes=axes)
