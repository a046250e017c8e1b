"""The layers that an audit tests: two that tell mistakes apart, then each feature and pair of features, then at random.

In: what an implementation claims to support.  Out: layers within it.
Never: a layer that it does not claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from symconv.auditing.protocol import Support
from symconv.layer import Axis, Conv


@dataclass(frozen=True)
class Draft:
    """A layer before it is cut to what is supported: an axis each, and channels per group."""

    axes: tuple[Axis, ...]
    groups: int = 1
    ins: int = 1
    outs: int = 1
    batch: int = 1

    def within(self, support: Support) -> Conv | None:
        """The nearest layer that is supported; None where there is none."""
        axes = tuple(_cut(axis, support) for axis in self.axes)
        if support.uniform:
            first = axes[0]
            axes = tuple(replace(axis, stride=first.stride, dilation=first.dilation, low=first.low, high=first.high)
                         for axis in axes)  # fmt: skip
        if support.square_kernel:
            axes = tuple(replace(axis, kernel_size=axes[0].kernel_size) for axis in axes)
        if support.square_input:
            axes = tuple(replace(axis, input_size=axes[0].input_size) for axis in axes)
        axes = tuple(_fitted(axis) for axis in axes)
        if support.square_input:
            largest = max(axis.input_size for axis in axes)
            axes = tuple(replace(axis, input_size=largest) for axis in axes)
        if not support.remainder:
            axes = tuple(replace(axis, input_size=axis.input_size + (-axis.slack) % axis.stride) for axis in axes)
        groups = min(self.groups, support.groups)
        layer = Conv.of_axes(
            axes, groups=groups, in_channels=groups * self.ins, out_channels=groups * self.outs,
            batch=min(self.batch, support.batch),
        )  # fmt: skip
        return layer if support.admits(layer) else None


def _cut(axis: Axis, support: Support) -> Axis:
    least = -support.padding if support.negative_padding else 0
    low, high = (max(min(p, support.padding), least) for p in (axis.low, axis.high))
    if support.symmetric:
        low = high = max(low, high)
    return replace(
        axis, stride=min(axis.stride, support.stride), dilation=min(axis.dilation, support.dilation), low=low, high=high
    )


def _fitted(axis: Axis) -> Axis:
    """With an input that is long enough for the kernel."""
    return replace(axis, input_size=axis.input_size + max(-axis.slack, 0))


def smoke(support: Support) -> list[Conv]:
    """Two layers of each rank that tell nearly all mistakes apart: nothing in them is square, symmetric or 1.

    The numbers are chosen so that sizes, strides, paddings and dilations of the axes differ, low from high; the second
    one leaves a remainder along each axis.
    """
    first = Draft(
        (Axis(7, 2, stride=2, low=1, high=0), Axis(8, 3, dilation=2, low=2, high=1),
         Axis(5, 2, stride=3, low=0, high=2)),
        groups=2, ins=2, outs=3, batch=2,
    )  # fmt: skip
    second = Draft(
        (Axis(6, 3, stride=2, dilation=2, low=0, high=1), Axis(9, 3, stride=3, low=2, high=0),
         Axis(6, 2, stride=4, dilation=1, low=1, high=2)),
        groups=1, ins=2, outs=2, batch=3,
    )  # fmt: skip
    third = Draft(
        (Axis(6, 2, stride=3, dilation=3, low=1, high=2), Axis(7, 3, stride=2, dilation=2, low=2, high=3),
         Axis(4, 2, stride=2, low=1, high=1)),
        groups=3, ins=2, outs=2, batch=2,
    )  # fmt: skip
    drafts = [replace(draft, axes=draft.axes[:ndim]) for ndim in support.ndim for draft in (first, second, third)]
    return _distinct(draft.within(support) for draft in drafts)


FEATURES: dict[str, dict[str, tuple[int, ...]]] = {
    "stride 2": {"stride": (2, 2, 2)},
    "stride 3": {"stride": (3, 3, 3)},
    "strides that differ": {"stride": (3, 1, 2)},
    "dilation": {"dilation": (2, 2, 2)},
    "dilations that differ": {"dilation": (1, 3, 2)},
    "padding": {"low": (1, 1, 1), "high": (1, 1, 1)},
    "padding at the low end": {"low": (2, 1, 1)},
    "padding at the high end": {"high": (1, 2, 1)},
    "paddings that differ": {"low": (2, 0, 1), "high": (0, 1, 2)},
    "negative padding": {"low": (-1, 1, 0), "high": (1, -1, -1)},
    "kernel 1": {"kernel_size": (1, 1, 1)},
    "kernels that differ": {"kernel_size": (1, 3, 2)},
    "even kernel": {"kernel_size": (4, 2, 2)},
    "long input": {"input_size": (9, 7, 6)},
}
CHANNELS = {
    "groups": {"groups": 2},
    "depthwise": {"groups": 3, "ins": 1, "outs": 1},
    "depthwise with a multiplier": {"groups": 2, "ins": 1, "outs": 2},
    "input channels": {"ins": 3, "outs": 1},
    "output channels": {"ins": 1, "outs": 3},
    "batch": {"batch": 3},
}


def systematic(support: Support) -> list[Conv]:
    """A plain layer of each rank, then each feature alone, then each pair of features."""
    found = []
    names = [*FEATURES, *CHANNELS]
    chosen = [(), *((name,) for name in names), *combinations(names, 2)]
    for features in chosen:
        for ndim in support.ndim:
            found.append(_featured(ndim, features, support))
    return _distinct(found)


def _featured(ndim: int, features: tuple[str, ...], support: Support) -> Conv | None:
    axes = [{"input_size": 5 - j % 2, "kernel_size": 3 - j % 2} for j in range(ndim)]
    draft = Draft((Axis(1, 1),), ins=2, outs=2)
    for name in features:
        for key, values in FEATURES.get(name, {}).items():
            for j, axis in enumerate(axes):
                axis[key] = values[j]
        if name in CHANNELS:
            own = CHANNELS[name]
            draft = Draft(
                draft.axes, *(own.get(key, getattr(draft, key)) for key in ("groups", "ins", "outs", "batch"))
            )
    return replace(draft, axes=tuple(_fitted(Axis(**axis)) for axis in axes)).within(support)


def at_random(support: Support, seed: int, count: int) -> Iterator[Conv]:
    """Layers drawn at random, of at most a few thousand products."""
    generator = np.random.default_rng(seed)
    made = 0
    for _ in range(100 * count):  # a narrow support refuses most drafts
        if made == count:
            return
        ndim = int(generator.choice(support.ndim))
        longest = {1: 9, 2: 7, 3: 4}[ndim]

        def drawn(low: int, high: int) -> int:
            return int(generator.integers(low, high, endpoint=True))

        least = -2 if support.negative_padding else 0
        axes = tuple(
            Axis(
                drawn(1, longest), drawn(1, 4 if ndim < 3 else 3), drawn(1, min(support.stride, 4)),
                drawn(1, min(support.dilation, 3)), 1, drawn(least, min(support.padding, 4)),
                drawn(least, min(support.padding, 4)),
            )
            for _ in range(ndim)
        )  # fmt: skip
        draft = Draft(axes, drawn(1, min(support.groups, 3)), drawn(1, 3), drawn(1, 3), drawn(1, min(support.batch, 3)))
        layer = draft.within(support)
        if layer is not None:
            made += 1
            yield layer


def _distinct(layers: Iterator[Conv | None] | list[Conv | None]) -> list[Conv]:
    return list(dict.fromkeys(layer for layer in layers if layer is not None))
