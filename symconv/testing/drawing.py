"""How layers and data are drawn: every draw gives a valid layer, so that nothing is filtered.

Along an axis the padding is drawn first, then the dilation, a kernel that fits the longest input, an input that is
long enough, and the stride. Every number shrinks to the least that the ones before it allow; as many are drawn whatever
they are, since to Hypothesis fewer draws are simpler than small ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import gcd, prod
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from symconv.auditing.exact import Tensors
from symconv.auditing.protocol import Array, Support
from symconv.layer import Axis, Conv

LONGEST = {1: 8, 2: 6, 3: 4}  # sizes, by rank, unless told
DEEPEST = {1: 4, 2: 4, 3: 2}  # padding, by rank, unless told
LARGEST = 9  # entry, in size
MOST = 1024  # entries of a tensor that are drawn one by one

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def drawn_layers(draw: st.DrawFn, support: Support, max_size: int | None, max_channels: int) -> Conv:
    """A layer that is supported."""
    ndim = draw(st.sampled_from(support.ndim))
    longest = LONGEST[ndim] if max_size is None else max_size
    if max_size is None:
        support = replace(support, padding=min(support.padding, DEEPEST[ndim]))
    axes = _per_axis(support.uniform, ndim, lambda: _padded(draw, support, longest))
    axes = _kernels(draw, axes, support.square_kernel, longest)
    axes = _inputs(draw, axes, support.square_input, longest)
    axes = _strides(draw, axes, support)
    groups = draw(st.integers(1, min(support.groups, max_channels)))
    ins, outs = (_within(1, max_channels // groups, draw(st.integers(0, max_channels - 1))) for _ in "io")
    batch = draw(st.integers(1, support.batch))
    return Conv.of_axes(axes, groups=groups, in_channels=groups * ins, out_channels=groups * outs, batch=batch)


def _within(least: int, most: int, drawn: int) -> int:
    """A number from `least` to `most`, the least where nothing was drawn."""
    return least + drawn % (most - least + 1)


def _per_axis(shared: bool, ndim: int, made: Callable[[], T]) -> list[T]:
    """One for each axis, or one for all."""
    return [made()] * ndim if shared else [made() for _ in range(ndim)]


def _padded(draw: Draw, support: Support, longest: int) -> Axis:
    """Padding, of which an input of the longest size is never cropped away, and dilation."""
    least = -min(support.padding, (longest - 1) // 2) if support.negative_padding else 0
    amount = st.integers(least, support.padding)
    low = draw(amount)
    high = low if support.symmetric else draw(amount)
    return Axis(1, 1, dilation=draw(st.integers(1, support.dilation)), low=low, high=high)


def _kernels(draw: Draw, axes: list[Axis], square: bool, longest: int) -> list[Axis]:
    """Kernels that fit inputs of the longest size."""
    most = [min(longest, replace(axis, input_size=longest).slack // axis.dilation + 1) for axis in axes]
    if square:
        most = [min(most)] * len(axes)
    drawn = _per_axis(square, len(axes), lambda: draw(st.integers(0, longest - 1)))
    return [
        replace(axis, kernel_size=_within(1, each, number))
        for axis, each, number in zip(axes, most, drawn, strict=True)
    ]  # fmt: skip


def _inputs(draw: Draw, axes: list[Axis], square: bool, longest: int) -> list[Axis]:
    """Inputs that the kernels fit."""
    least = [max(1, 1 - axis.slack) for axis in axes]
    if square:
        least = [max(least)] * len(axes)
    drawn = _per_axis(square, len(axes), lambda: draw(st.integers(0, longest - 1)))
    return [
        replace(axis, input_size=_within(each, longest, number))
        for axis, each, number in zip(axes, least, drawn, strict=True)
    ]  # fmt: skip


def _strides(draw: Draw, axes: list[Axis], support: Support) -> list[Axis]:
    """Strides, of those that leave no remainder where there must be none."""
    shared = gcd(*(axis.slack for axis in axes))
    drawn = _per_axis(support.uniform, len(axes), lambda: draw(st.integers(0, support.stride - 1)))
    strides = []
    for axis, number in zip(axes, drawn, strict=True):
        slack = shared if support.uniform else axis.slack
        fitting = [s for s in range(1, support.stride + 1) if support.remainder or slack % s == 0]
        strides.append(fitting[number % len(fitting)])
    return [replace(axis, stride=stride) for axis, stride in zip(axes, strides, strict=True)]


@st.composite
def drawn_tensors(draw: st.DrawFn, layer: Conv, kind: np.dtype[Any], bound: int) -> Tensors:
    """Data of a layer: one draw for each tensor, a byte for each entry: quick, and shrinking entry by entry."""
    values = _values(min(bound, LARGEST)).astype(kind)

    def drawn(shape: tuple[int, ...]) -> Array:
        count = min(prod(shape), MOST)
        return _filled(values, draw(st.binary(min_size=count, max_size=count)), shape)

    shapes = (layer.output_shape, layer.input_shape, layer.weight_shape, layer.bias_shape)
    return Tensors(*map(drawn, shapes))


@lru_cache
def _values(largest: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What each byte stands for: 0, 1, -1, 2, -2, ..., again and again; bytes shrink to the least."""
    byte = np.arange(256) % (2 * largest + 1)
    return np.where(byte % 2 == 1, (byte + 1) // 2, -(byte // 2)).astype(np.float64)


def _filled(values: Array, data: bytes, shape: tuple[int, ...]) -> Array:
    """An array of entries that bytes stand for; where there are more entries, each byte stands for several of them."""
    drawn = values[np.frombuffer(data, np.uint8)]
    size = prod(shape)
    if size > len(drawn):
        generator = np.random.default_rng(size)
        signs = generator.choice((-1, 1), size).astype(drawn.dtype)
        drawn = drawn[generator.permutation(size) % len(drawn)] * signs
    return drawn.reshape(shape)
