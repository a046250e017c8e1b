"""The smallest layer that still shows a mistake.

In: a layer on which something is wrong, and a question that can be asked of layers.  Out: a smaller one, step by step.
Never: a layer outside of what the implementation supports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from symconv.auditing.protocol import Support
from symconv.errors import InvalidLayer
from symconv.layer import Axis, Conv

STEPS = 400  # questions at most


def shrink(layer: Conv, support: Support, wrong: Callable[[Conv], bool]) -> Conv:
    """A layer on which `wrong` still holds, and on no simpler one next to it does."""
    asked = 0
    current, known = layer, {layer}
    while True:
        for simpler in _simpler(current):
            if simpler in known or not support.admits(simpler):
                continue
            known.add(simpler)
            asked += 1
            if wrong(simpler):
                current = simpler
                break
            if asked >= STEPS:
                return current
        else:
            return current


def _simpler(layer: Conv) -> Iterator[Conv]:
    """Layers one step simpler: fewer axes, one sample, no groups, then each number along each axis, and all at once."""
    yield from (made for at in range(layer.ndim) if layer.ndim > 1 and (made := _without_axis(layer, at)) is not None)
    yield from _labels(layer)
    for name, least in (("stride", 1), ("dilation", 1), ("low", 0), ("high", 0), ("kernel_size", 1), ("input_size", 1)):
        for value in _smaller(max(abs(getattr(axis, name)) for axis in layer.axes), least):
            yield from _made(layer, [_put(axis, name, min(getattr(axis, name), value)) for axis in layer.axes])
        for at, axis in enumerate(layer.axes):
            for value in _smaller(getattr(axis, name), least):
                axes = list(layer.axes)
                axes[at] = _put(axis, name, value)
                yield from _made(layer, axes)
    yield from _made(layer, [_unpadded(axis) for axis in layer.axes])


def _unpadded(axis: Axis) -> Axis:
    """With entries of the input in the place of padding."""
    return replace(axis, input_size=axis.input_size + max(axis.low, 0) + max(axis.high, 0), low=0, high=0)


def _smaller(value: int, least: int) -> list[int]:
    """The least value, half of it, one less."""
    return sorted({least, value // 2, value - 1 if value > 0 else value + 1} & set(range(least, max(value, 0)))) if (
        value > least) else [0] if value < 0 else []  # fmt: skip


def _put(axis: Axis, name: str, value: int) -> Axis:
    return replace(axis, **{name: value})


def _made(layer: Conv, axes: list[Axis]) -> Iterator[Conv]:
    try:
        yield Conv.of_axes(
            axes, groups=layer.groups, in_channels=layer.in_channels, out_channels=layer.out_channels,
            batch=layer.batch,
        )  # fmt: skip
    except InvalidLayer:
        return


def _without_axis(layer: Conv, at: int) -> Conv | None:
    axes = [axis for j, axis in enumerate(layer.axes) if j != at]
    return next(_made(layer, axes), None)


def _labels(layer: Conv) -> Iterator[Conv]:
    outs, ins = layer.out_channels_per_group, layer.in_channels_per_group
    for groups, o, c, batch in (
        (1, 1, 1, 1), (layer.groups, outs, ins, 1), (1, outs, ins, layer.batch),
        (min(layer.groups, 2), 1, 1, layer.batch),
        (layer.groups, 1, ins, layer.batch), (layer.groups, outs, 1, layer.batch),
        (layer.groups - 1, outs, ins, layer.batch), (layer.groups, outs - 1, ins, layer.batch),
        (layer.groups, outs, ins - 1, layer.batch), (layer.groups, outs, ins, layer.batch - 1),
    ):  # fmt: skip
        if min(groups, o, c, batch) >= 1:
            yield Conv.of_axes(layer.axes, groups=groups, in_channels=groups * c, out_channels=groups * o, batch=batch)
