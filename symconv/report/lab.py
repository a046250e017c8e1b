"""What the living part of the page is told: the layer that it draws, names, words and mistakes, as data.

In: a layer and a notation.  Out: a dict of JSON's types.
Never: a geometry; that is computed in the page, by page/geometry.js.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

from symconv.errors import InvalidLayer
from symconv.layer import Axis, Conv
from symconv.report.lens import lens_data
from symconv.report.notation import GREEK, Notation

LARGEST = Axis(input_size=12, kernel_size=7, stride=4, dilation=4, input_dilation=3, low=6, high=6)
LEAST_PADDING = -2
CHANNELS, GROUPS, BATCH = 8, 4, 2


def strings() -> dict[str, dict[str, str]]:
    """The words of the page, by language and key."""
    found: dict[str, dict[str, str]] = json.loads(
        (files("symconv.report") / "page" / "strings.json").read_text("utf-8")
    )
    return found


def lab_data(layer: Conv, notation: Notation) -> dict[str, Any]:
    """Everything that the page's script reads."""
    shown = drawable(layer)
    flip = f"[:, :, {', '.join(['::-1'] * shown.ndim)}]"
    return {
        "layer": shown.to_json(),
        "names": {
            symbol: name for symbol, name in notation.names.items() if symbol in ("a", "w", "b", "z", "delta", "E")
        },
        "greek": GREEK,
        "index_base": notation.index_base,
        "strings": strings(),
        "mistakes": lens_data(flip),
    }


def drawable(layer: Conv) -> Conv:
    """The layer itself where it can be drawn and its sliders reach it; else a smaller one of the same kind.

    Sizes come down by multiples of the stride, so that the remainder stays what it is, until input and output fit.

    Examples
    --------
    >>> drawable(Conv((8, 8), (3, 3), stride=2))
    Conv((8, 8), (3, 3), stride=2)
    >>> drawable(Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64))
    Conv((12, 12), (7, 7), stride=2, padding=3, in_channels=2, out_channels=2)
    """
    groups = min(layer.groups, GROUPS)
    ins, outs = layer.in_channels_per_group, layer.out_channels_per_group
    if groups * max(ins, outs) > CHANNELS or groups != layer.groups:
        groups, ins, outs = min(groups, 2), min(ins, 2), min(outs, 2)
    axes = [_drawable(axis) for axis in layer.axes[-2:]]
    return Conv.of_axes(
        axes, groups=groups, in_channels=groups * ins, out_channels=groups * outs, batch=min(layer.batch, BATCH),
        bias=layer.bias, flip=layer.flip, weight_layout=layer.weight_layout,
    )  # fmt: skip


def _drawable(axis: Axis) -> Axis:
    numbers = {
        name: min(getattr(axis, name), getattr(LARGEST, name))
        for name in ("kernel_size", "stride", "dilation", "input_dilation")
    }
    pads = {name: max(min(getattr(axis, name), getattr(LARGEST, name)), LEAST_PADDING) for name in ("low", "high")}
    size = axis.input_size
    if size > LARGEST.input_size:
        size = LARGEST.input_size - (LARGEST.input_size - size) % numbers["stride"]
    found = Axis(size, **numbers, **pads)
    while found.slack < 0:  # a long kernel over a short input: the kernel comes down until it fits
        smaller = {"dilation": found.dilation - 1} if found.dilation > 1 else {"kernel_size": found.kernel_size - 1}
        if smaller == {"kernel_size": 0}:
            raise InvalidLayer(f"no drawable layer is like {axis!r}")
        numbers |= smaller
        found = Axis(size, **numbers, **pads)
    while found.output_size > LARGEST.input_size and found.input_size > found.stride:
        fewer = replace(found, input_size=found.input_size - found.stride)
        if fewer.slack < 0:
            break
        found = fewer
    return found
