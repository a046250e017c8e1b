"""The layers that are timed, and what is computed of each.

All are plain layers as every library has them: no bias, padding alike at both ends, no input dilation, no flip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from symconv import Conv
from symconv.presets import preset

Array = npt.NDArray[Any]

FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT = DIRECTIONS = ("forward", "dE/da", "dE/dw")
DTYPES = ("float32", "float64")


def _layer(batch: int, channels: tuple[int, int], size: Any, kernel: Any, **options: Any) -> Conv:
    ins, outs = channels
    return Conv(size, kernel, batch=batch, in_channels=ins, out_channels=outs, bias=False, **options)


SUITE = {
    "A": _layer(8, (3, 16), (64, 64), (3, 3), padding=1),
    "B": _layer(8, (64, 64), (28, 28), (3, 3), padding=1),
    "C": _layer(8, (64, 128), (56, 56), (3, 3), stride=2, padding=1),
    "D": _layer(8, (256, 256), (14, 14), (1, 1)),
    "E": _layer(4, (32, 32), (32, 32), (3, 3), padding=1, groups=32),
    "F": _layer(1, (1, 1), (256, 256), (15, 15), padding=7),
    "G": _layer(16, (16, 16), (1000,), (9,), padding=16, dilation=4),
    "H": _layer(2, (8, 16), (16, 16, 16), (3, 3, 3), padding=1),
    "T": _layer(1, (1, 1), (3, 3), (2, 2)),
}
SPECIAL = ("F", "T")  # one channel, and a layer as small as the worked example: not what networks are made of

# Never tuned on: no choice in the lowering may be made by looking at these.
BATCHES = {
    "alexnet.conv2": 2,
    "vgg16.conv4_1": 1,
    "inceptionv3.mixed_6b_1x7": 8,
    "resnet50.layer2_downsample": 2,
    "resnext50.layer1_conv2": 2,
    "mobilenetv2.block2_depthwise": 1,
    "convnext.stage1_depthwise": 1,
    "vitb16.patch_embedding": 2,
    "deepspeech2.conv2": 1,
    "wav2vec2.position_conv": 2,
    "hifigan.resblock1_dilation5": 4,
    "c3d.conv5b": 1,
}
PRESETS = {name: replace(preset(name).layer, batch=batch, bias=False) for name, batch in BATCHES.items()}

SETS = {"suite": SUITE, "presets": PRESETS}


@dataclass(frozen=True)
class Task:
    """One of the three computations of a layer, and the arrays for it."""

    layer: Conv
    direction: str
    a: Array
    w: Array
    delta: Array

    @property
    def padding(self) -> tuple[int, ...]:
        """The zeros at either end of each spatial axis."""
        return tuple(low for low, _ in self.layer.padding)

    def astype(self, dtype: str) -> Task:
        """The same task with its arrays in another dtype."""
        return replace(self, a=self.a.astype(dtype), w=self.w.astype(dtype), delta=self.delta.astype(dtype))


def tasks(layer: Conv, dtype: str, directions: Iterable[str] = DIRECTIONS) -> Iterator[Task]:
    """The computations of a layer on the same random arrays."""
    rng = np.random.default_rng(0)
    shapes = (layer.input_shape, layer.weight_shape, layer.output_shape)
    a, w, delta = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    for direction in directions:
        yield Task(layer, direction, a, w, delta)
