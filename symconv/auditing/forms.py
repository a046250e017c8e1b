"""The trilinear form T(delta, w, a) of a layer as data that a mistake can change, and its derivatives in numbers.

In: a layer.  Out: a `Form`, whose derivatives are z, dE/da, dE/dw (and the sum dE/db), exact in integer-valued float64.
This is the definition of the layer, the sum over its axis relations, and no closed form: what an audit compares with.
Never: a list of mistakes; those are transformations of a `Form`, in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from symconv.auditing.axis_forms import AxisForm, meetings
from symconv.auditing.protocol import Array
from symconv.layer import Conv

Label = tuple[int, int, int, int]  # (channel of delta, first and second channel of w, channel of a)
SLOTS = ("forward", "input", "weight", "bias")
RESULT = {"input": "a", "weight": "w", "forward": "delta"}  # the tensor that a derivative has the place of
# The tensors that are multiplied in each derivative.
FACTORS = {"input": ("delta", "w"), "weight": ("delta", "a"), "forward": ("w", "a"), "bias": ("delta",)}


@dataclass(frozen=True)
class Form:
    """``T(delta, w, a)``: the axes' relations, which channels and samples meet, and a factor.

    `transposed` names the tensors whose spatial axes are read in reverse order, `reshaped` those whose batch and
    channel axes were exchanged by a reshape; `border` is what the padding is filled with. dE/db sums the axes `summed`
    of delta, at the output `positions` along each axis (None: all). `resized` says that the result is as long as the
    closed form makes it, and not brought to the size that it should have.
    """

    axes: tuple[AxisForm, ...]
    labels: tuple[Label, ...]
    samples: tuple[tuple[int, int], ...]  # (sample of delta, sample of a)
    groups: int
    batch: int
    in_channels: int
    out_channels: int
    depth: int  # the input channels of a kernel, C/groups
    summed: tuple[int, ...]
    scale: Fraction = field(default=Fraction(1), hash=False)
    transposed: frozenset[str] = frozenset()
    reshaped: frozenset[str] = frozenset()
    border: int = 0
    positions: tuple[tuple[int, ...], ...] | None = None
    resized: bool = False

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
        if slot == "bias":
            return tuple(size for at, size in enumerate(self.own_shape("forward")) if at not in self.summed)
        shape = self.own_shape(slot)
        return (*shape[:2], *self.left(slot, shape[2:]))

    def own_shape(self, slot: str) -> tuple[int, ...]:
        """The shape of z, dE/da or dE/dw with the spatial axes in the order of the form's."""
        match slot:
            case "input":
                return (self.batch, self.in_channels, *(axis.input_size for axis in self.axes))
            case "weight":
                return (self.out_channels, self.depth, *(axis.kernel_size for axis in self.axes))
            case _:
                return (self.batch, self.out_channels, *(axis.output_size for axis in self.axes))

    def left(self, slot: str, place: tuple[int, ...]) -> tuple[int, ...]:
        """Spatial sizes or indices of a result, between the order of the form's axes and that of the result's."""
        return place[::-1] if RESULT[slot] in self.transposed else place

    def sizes(self, slot: str) -> tuple[tuple[int, ...] | None, ...]:
        """The spatial sizes that the result may have: as it should be (None if `resized`), and by the closed form."""
        made = (tuple(axis.length(slot, afresh) for axis in self.axes) for afresh in (False, True))
        return (None if self.resized else self.shape(slot)[2:], *(self.left(slot, size) for size in made))

    def reaching(self, slot: str, size: tuple[int, ...]) -> Form:
        """The form for a result with these spatial sizes: the same sum, for more entries or for fewer."""
        if slot == "bias" or size == self.shape(slot)[2:]:
            return self
        pairs = zip(self.axes, self.left(slot, size), strict=True)
        return replace(self, axes=tuple(_sized(axis, slot, n) for axis, n in pairs))


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
        layer.groups, layer.batch, layer.in_channels, layer.out_channels, ins, (0, *range(2, 2 + layer.ndim)),
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
    given = {name: as_read(form, name, tensor) for name, tensor in tensors.items()}
    if slot == "bias":
        return _bias(form, given["delta"])
    if not _fits(form, slot, given):
        return None
    if form.border and slot != "input":
        form, given["a"] = _bordered(form, given["a"])
    match slot:
        case "input":
            return _as_left(form, "a", _input(form, given["delta"], given["w"]))
        case "weight":
            return _as_left(form, "w", _weight(form, given["delta"], given["a"]))
        case _:
            return _as_left(form, "delta", _forward(form, given["w"], given["a"]))


def as_read(form: Form, name: str, tensor: Array) -> Array:
    """The tensor as the form reads it: batch and channels mixed up, or its spatial axes in reverse order."""
    if name in form.reshaped:
        tensor = tensor.reshape(tensor.shape[1], tensor.shape[0], *tensor.shape[2:]).swapaxes(0, 1)
    return _exchanged(tensor) if name in form.transposed else tensor


def _as_left(form: Form, name: str, result: Array) -> Array:
    """The result as the form leaves it."""
    if name in form.transposed:
        result = _exchanged(result)
    return result.swapaxes(0, 1).reshape(result.shape) if name in form.reshaped else result


def _exchanged(tensor: Array) -> Array:
    return tensor.transpose(0, 1, *range(tensor.ndim - 1, 1, -1))


def _bordered(form: Form, a: Array) -> tuple[Form, Array]:
    """The input with its border written out, and the form that reads it there."""
    ends = [j.stride * (j.output_size - 1) + j.dilation * (j.kernel_size - 1) - j.low for j in form.axes]
    pads = [(max(j.low, 0), max(end - j.input_size + 1, 0)) for j, end in zip(form.axes, ends, strict=True)]
    axes = tuple(
        replace(axis, low=axis.low - low, input_size=axis.input_size + low + high)
        for axis, (low, high) in zip(form.axes, pads, strict=True)
    )
    return replace(form, axes=axes), np.pad(a, ((0, 0), (0, 0), *pads), constant_values=form.border)


def _fits(form: Form, slot: str, given: Mapping[str, Array]) -> bool:
    """Whether every tensor that is read has the sizes that the form reads."""
    sizes = {"delta": form.own_shape("forward"), "w": form.own_shape("weight"), "a": form.own_shape("input")}
    needed = {"input": ("delta", "w"), "weight": ("delta", "a"), "forward": ("w", "a")}[slot]
    first, second = (max((label[at] for label in form.labels), default=0) for at in (1, 2))
    shape = sizes["w"]
    return all(given[name].shape[2:] == sizes[name][2:] for name in needed) and first < shape[0] and second < shape[1]


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
        spread = np.tensordot(spread, meetings(axis, "input"), axes=([2], [1]))
    taps = list(range(3, 3 + 2 * ndim, 2))
    found = np.tensordot(spread, _dense(form, w), axes=([1, *taps], [0, *range(2, 2 + ndim)]))
    result = np.zeros(form.own_shape("input"))
    for of_delta, of_a in form.samples:
        result[of_a] += np.moveaxis(found[of_delta], -1, 0)
    return result


def _windows(form: Form, a: Array, slot: str) -> Array:
    """``windows[n, y, i, ..., k, ...] = a[n, y, x]``."""
    ndim, found = form.ndim, np.asarray(a)
    for axis in form.axes:  # (n, y, x...) becomes (n, y, i, k, i, k, ...)
        found = np.asarray(np.tensordot(found, meetings(axis, slot), axes=([2], [0])))
    return found.transpose(0, 1, *range(2, 2 + 2 * ndim, 2), *range(3, 3 + 2 * ndim, 2))


def _weight(form: Form, delta: Array, a: Array) -> Array:
    """``dw[o, c, k] = sum over n, i of delta[n, o, i] * a[n, y, x]``."""
    positions = list(range(2, 2 + form.ndim))
    read, written = (list(column) for column in zip(*form.samples, strict=True)) if form.samples else ([], [])
    windows = _windows(form, a, "weight")[written]
    dense: Array = np.tensordot(delta[read], windows, axes=([0, *positions], [0, *positions]))
    result = np.zeros(form.own_shape("weight"))
    out, first, second, source = np.array(form.labels, dtype=int).reshape(-1, 4).T
    np.add.at(result, (first, second), dense[out, source])
    return result


def _forward(form: Form, w: Array, a: Array) -> Array:
    """``z[n, o, i] = sum over y, k of w[o, y, k] * a[n, y, x]``."""
    ndim = form.ndim
    taps = list(range(2 + ndim, 2 + 2 * ndim))
    windows = _windows(form, a, "forward")
    found = np.tensordot(windows, _dense(form, w), axes=([1, *taps], [1, *range(2, 2 + ndim)]))
    result = np.zeros(form.own_shape("forward"))
    for of_delta, of_a in form.samples:
        result[of_delta] += np.moveaxis(found[of_a], -1, 0)
    return result


def _bias(form: Form, delta: Array) -> Array:
    """``db[o] = sum over n, i of delta[n, o, i]``."""
    found = delta[[n for n, _ in form.samples]]
    for at, kept in enumerate(form.positions or ()):
        found = found.take(kept, axis=2 + at)
    joined = np.zeros((form.out_channels, form.out_channels))
    for of_delta, out, *_ in form.labels:
        joined[out, of_delta] = 1
    return np.asarray(np.moveaxis(np.tensordot(joined, found, axes=([1], [1])), 0, 1).sum(axis=form.summed))
