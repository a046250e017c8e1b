"""The trilinear form T(delta, w, a) of a layer as data that a mistake can change, and its derivatives in numbers.

In: a layer.  Out: a `Form`, whose derivatives are z, dE/da, dE/dw (and the sum dE/db), exact in integer-valued float64.
This is the definition of the layer, the sum over its axis relations, and no closed form: what an audit compares with.
Never: a list of mistakes; those are transformations of a `Form`, in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

import numpy as np

from symconv.auditing.protocol import Array
from symconv.layer import Axis, Conv

Label = tuple[int, int, int, int]  # (channel of delta, first and second channel of w, channel of a)
SLOTS = ("forward", "input", "weight", "bias")


class Keep(StrEnum):
    """Which of the terms of a sum along one axis survive."""

    ALL = "all"
    LAST_WINDOW = "last window"  # of the output positions i
    FIRST_WINDOW = "first window"
    LAST_TAP = "last tap"  # of the kernel taps k
    FIRST_TAP = "first tap"


@dataclass(frozen=True)
class AxisForm:
    """Along one axis: output i meets input x under tap k where ``x = s*i + d*k - p``; what is read there, and kept.

    `backwards` names the tensors (delta, w, a) that are read from their end; with `wraps`, x runs around the end of the
    input, as negative indices do in Python; the last windows and taps may be skipped.
    """

    input_size: int
    kernel_size: int
    output_size: int
    stride: int
    dilation: int
    low: int
    high: int
    backwards: frozenset[str] = frozenset()
    keep: Keep = Keep.ALL
    wraps: bool = False
    skipped_windows: int = 0  # at the high end
    skipped_taps: int = 0

    @classmethod
    def of(cls, axis: Axis) -> AxisForm:
        """The axis relation of a layer."""
        return cls(axis.input_size, axis.kernel_size, axis.output_size, axis.stride, axis.dilation, axis.low, axis.high)

    @property
    def remainder(self) -> int:
        """How many positions at the high end no window starts at."""
        slack = self.input_size - 1 + self.low + self.high - self.dilation * (self.kernel_size - 1)
        return slack % self.stride if self.stride else 0

    def turned(self, tensor: str) -> AxisForm:
        """The same, with one tensor read from its other end."""
        return replace(self, backwards=self.backwards ^ {tensor})


@dataclass(frozen=True)
class Form:
    """``T(delta, w, a)``: the axes' relations, which channels and samples meet, and a factor.

    `transposed` names the tensors whose spatial axes are read in reverse order. `positions` are the output positions
    that dE/db sums, along each axis (None: all).
    """

    axes: tuple[AxisForm, ...]
    labels: tuple[Label, ...]
    samples: tuple[tuple[int, int], ...]  # (sample of delta, sample of a)
    groups: int
    batch: int
    in_channels: int
    out_channels: int
    scale: Fraction = Fraction(1)
    transposed: frozenset[str] = frozenset()
    positions: tuple[tuple[int, ...] | None, ...] | None = None

    @classmethod
    def of(cls, layer: Conv) -> Form:
        """The form of the theorem."""
        return _form(layer)

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.axes)

    @property
    def per_group(self) -> tuple[int, int]:
        """Output and input channels of a group."""
        return self.out_channels // self.groups, self.in_channels // self.groups

    def along(self, change: Callable[[AxisForm], AxisForm]) -> Form:
        """The same change along every axis."""
        return replace(self, axes=tuple(change(axis) for axis in self.axes))

    def shape(self, slot: str) -> tuple[int, ...]:
        """The shape of what the derivative by this slot is: z, dE/da, dE/dw or dE/db."""
        match slot:
            case "input":
                return (self.batch, self.in_channels, *(axis.input_size for axis in self.axes))
            case "weight":
                return (self.out_channels, self.per_group[1], *(axis.kernel_size for axis in self.axes))
            case "forward":
                return (self.batch, self.out_channels, *(axis.output_size for axis in self.axes))
            case _:
                return (self.out_channels,)

    def reaching(self, slot: str, size: tuple[int, ...]) -> Form:
        """The form for a result with these spatial sizes: the same sum, for more entries or for fewer."""
        if slot == "bias" or size == self.shape(slot)[2:]:
            return self
        return replace(self, axes=tuple(_sized(axis, slot, n) for axis, n in zip(self.axes, size, strict=True)))


def _sized(axis: AxisForm, slot: str, size: int) -> AxisForm:
    match slot:
        case "input":
            return replace(axis, input_size=size)
        case "weight":
            return replace(axis, kernel_size=size)
        case _:
            return replace(axis, output_size=size)


@lru_cache(maxsize=4096)
def _form(layer: Conv) -> Form:
    outs, ins = layer.out_channels_per_group, layer.in_channels_per_group
    return Form(
        tuple(AxisForm.of(axis) for axis in layer.axes),
        tuple((g * outs + o, g * outs + o, c, g * ins + c)
              for g in range(layer.groups) for o in range(outs) for c in range(ins)),
        tuple((n, n) for n in range(layer.batch)),
        layer.groups, layer.batch, layer.in_channels, layer.out_channels,
    )  # fmt: skip


def derivative(form: Form, slot: str, tensors: Mapping[str, Array]) -> Array | None:
    """The derivative of the form by the tensor of a slot, without its factor: sums of products, exact for integers.

    Parameters
    ----------
    form
        The form.
    slot
        ``"forward"`` (by delta: z without b), ``"input"``, ``"weight"`` or ``"bias"``.
    tensors
        ``delta`` (N, M, *O), ``w`` (M, C/groups, *K) and ``a`` (N, C, *L), as far as they are needed, in float64.

    Returns
    -------
    array or None
        None where the form reads a tensor outside of its shape: then it says nothing about this layer.
    """
    if slot == "bias":
        return _bias(form, tensors["delta"])
    given = {name: _turned(form, name, tensor) for name, tensor in tensors.items()}
    if not _fits(form, slot, given):
        return None
    match slot:
        case "input":
            return _turned(form, "a", _input(form, given["delta"], given["w"]))
        case "weight":
            return _turned(form, "w", _weight(form, given["delta"], given["a"]))
        case _:
            return _turned(form, "delta", _forward(form, given["w"], given["a"]))


def _turned(form: Form, name: str, tensor: Array) -> Array:
    """The tensor with its spatial axes in reverse order, where the form reads it so."""
    return tensor.transpose(0, 1, *range(tensor.ndim - 1, 1, -1)) if name in form.transposed else tensor


def _fits(form: Form, slot: str, given: Mapping[str, Array]) -> bool:
    """Whether every tensor that is read has the sizes that the form reads."""
    sizes = {"delta": form.shape("forward"), "w": form.shape("weight"), "a": form.shape("input")}
    needed = {"input": ("delta", "w"), "weight": ("delta", "a"), "forward": ("w", "a")}[slot]
    first, second = (max((label[at] for label in form.labels), default=0) for at in (1, 2))
    shape = sizes["w"]
    return all(given[name].shape[2:] == sizes[name][2:] for name in needed) and first < shape[0] and second < shape[1]


@lru_cache(maxsize=4096)
def _meetings(axis: AxisForm, slot: str) -> Array:
    """The axis relation as an array of zeros and ones [x, i, k]."""
    i, k = np.arange(axis.output_size)[:, None], np.arange(axis.kernel_size)[None, :]
    x = axis.stride * i + axis.dilation * k - axis.low
    if axis.wraps:
        x = x % axis.input_size
    meets = np.arange(axis.input_size)[:, None, None] == x[None]
    meets[:, max(axis.output_size - axis.skipped_windows, 0) :] = False
    meets[:, :, max(axis.kernel_size - axis.skipped_taps, 0) :] = False
    meets = _kept(meets, axis.keep, slot)
    if "a" in axis.backwards:
        meets = meets[::-1]
    if "delta" in axis.backwards:
        meets = meets[:, ::-1]
    if "w" in axis.backwards:
        meets = meets[:, :, ::-1]
    return np.ascontiguousarray(meets, dtype=np.float64)


def _kept(meets: Array, keep: Keep, slot: str) -> Array:
    """What is left of a sum when each new term replaces the last: one window, or one tap, for each entry."""
    if keep is Keep.ALL:
        return meets
    summed = 1 if keep in (Keep.LAST_WINDOW, Keep.FIRST_WINDOW) else 2
    number = np.arange(meets.shape[summed]).reshape([-1 if axis == summed else 1 for axis in range(3)])
    last = keep in (Keep.LAST_WINDOW, Keep.LAST_TAP)
    if slot != "input":  # there every window and every tap is a term of every entry
        only: Array = meets & (number == (meets.shape[summed] - 1 if last else 0))
        return only
    ranked = np.where(meets, number, -1 if last else meets.shape[summed])
    best = ranked.max(axis=(1, 2), keepdims=True) if last else ranked.min(axis=(1, 2), keepdims=True)
    kept: Array = meets & (ranked == best)
    return kept


def _dense(form: Form, w: Array) -> Array:
    """The kernel without groups: (M, C, *K), zero between channels that do not meet."""
    dense = np.zeros((form.out_channels, form.in_channels, *w.shape[2:]))
    out, first, second, read = np.array(form.labels, dtype=int).reshape(-1, 4).T
    np.add.at(dense, (out, read), w[first, second])
    return dense


def _input(form: Form, delta: Array, w: Array) -> Array:
    """``da[n, y, x] = sum over o, i, k of delta[n, o, i] * w[o, y, k]``."""
    ndim, spread = form.ndim, delta
    for axis in form.axes:  # (n, o, i...) becomes (n, o, x, k, x, k, ...)
        spread = np.tensordot(spread, _meetings(axis, "input"), axes=([2], [1]))
    taps = list(range(3, 3 + 2 * ndim, 2))
    found = np.tensordot(spread, _dense(form, w), axes=([1, *taps], [0, *range(2, 2 + ndim)]))
    result = np.zeros(form.shape("input"))
    for of_delta, of_a in form.samples:
        result[of_a] += np.moveaxis(found[of_delta], -1, 0)
    return result


def _windows(form: Form, a: Array, slot: str) -> Array:
    """``windows[n, y, i, ..., k, ...] = a[n, y, x]``."""
    ndim, found = form.ndim, np.asarray(a)
    for axis in form.axes:  # (n, y, x...) becomes (n, y, i, k, i, k, ...)
        found = np.asarray(np.tensordot(found, _meetings(axis, slot), axes=([2], [0])))
    return found.transpose(0, 1, *range(2, 2 + 2 * ndim, 2), *range(3, 3 + 2 * ndim, 2))


def _weight(form: Form, delta: Array, a: Array) -> Array:
    """``dw[o, c, k] = sum over n, i of delta[n, o, i] * a[n, y, x]``."""
    positions = list(range(2, 2 + form.ndim))
    read, written = (list(column) for column in zip(*form.samples, strict=True)) if form.samples else ([], [])
    windows = _windows(form, a, "weight")[written]
    dense: Array = np.tensordot(delta[read], windows, axes=([0, *positions], [0, *positions]))
    result = np.zeros(form.shape("weight"))
    out, first, second, source = np.array(form.labels, dtype=int).reshape(-1, 4).T
    np.add.at(result, (first, second), dense[out, source])
    return result


def _forward(form: Form, w: Array, a: Array) -> Array:
    """``z[n, o, i] = sum over y, k of w[o, y, k] * a[n, y, x]``."""
    ndim = form.ndim
    taps = list(range(2 + ndim, 2 + 2 * ndim))
    windows = _windows(form, a, "forward")
    found = np.tensordot(windows, _dense(form, w), axes=([1, *taps], [1, *range(2, 2 + ndim)]))
    result = np.zeros(form.shape("forward"))
    for of_delta, of_a in form.samples:
        result[of_delta] += np.moveaxis(found[of_a], -1, 0)
    return result


def _bias(form: Form, delta: Array) -> Array:
    """``db[o] = sum over n, i of delta[n, o, i]``."""
    found = delta[[n for n, _ in form.samples]]
    for at, kept in enumerate(form.positions or ()):
        if kept is not None:
            found = found.take(kept, axis=2 + at)
    sums = found.sum(axis=(0, *range(2, delta.ndim)))
    result = np.zeros(form.out_channels)
    for out, source in {(label[1], label[0]) for label in form.labels}:
        result[out] += sums[source]
    return result
