"""Which feature of a layer makes an implementation fail.

In: layers on which it fails, and layers on which it does not.  Out: a diagnosis.
Never: a feature that a layer contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symconv.auditing.catalogue import Kind
from symconv.auditing.diagnosis import Diagnosis
from symconv.layer import Conv


@dataclass(frozen=True)
class Feature:
    """Something that a layer has or has not."""

    kind: Kind
    name: str
    holds: Callable[[Conv], bool]


FEATURES = (
    Feature(Kind.REMAINDER, "the stride leaves a remainder", lambda layer: any(layer.remainder)),
    Feature(Kind.GROUPS, "there are groups", lambda layer: layer.groups > 1),
    Feature(Kind.DILATION, "the kernel is dilated",
            lambda layer: any(a.dilation > 1 and a.kernel_size > 1 for a in layer.axes)),
    Feature(Kind.DILATION, "there is a dilation", lambda layer: max(layer.dilation) > 1),
    Feature(Kind.PADDING, "low and high padding differ", lambda layer: any(low != high for low, high in layer.padding)),
    Feature(Kind.PADDING, "padding exceeds d*(K-1)",
            lambda layer: any(max(a.low, a.high) > a.dilated_kernel_size - 1 for a in layer.axes)),
    Feature(Kind.PADDING, "padding exceeds d*(K-1) at the low end, or d*(K-1) + r at the high end",
            lambda layer: any(a.low > a.dilated_kernel_size - 1 or a.high > a.dilated_kernel_size - 1 + a.remainder
                              for a in layer.axes)),
    Feature(Kind.PADDING, "there is padding", lambda layer: any(p for pair in layer.padding for p in pair)),
    Feature(Kind.PADDING, "there is padding at the low end", lambda layer: any(low for low, _ in layer.padding)),
    Feature(Kind.PADDING, "there is padding at the high end", lambda layer: any(high for _, high in layer.padding)),
    Feature(Kind.PADDING, "there is no padding", lambda layer: not any(p for pair in layer.padding for p in pair)),
    Feature(Kind.STRIDE, "the stride is above 1", lambda layer: max(layer.stride) > 1),
    Feature(Kind.STRIDE, "the stride exceeds the kernel",
            lambda layer: any(a.stride > a.dilated_kernel_size for a in layer.axes)),
    Feature(Kind.AXES, "strides of the axes differ", lambda layer: len(set(layer.stride)) > 1),
    Feature(Kind.AXES, "dilations of the axes differ", lambda layer: len(set(layer.dilation)) > 1),
    Feature(Kind.AXES, "paddings of the axes differ", lambda layer: len(set(layer.padding)) > 1),
    Feature(Kind.AXES, "the kernel is not square", lambda layer: len(set(layer.kernel_size)) > 1),
    Feature(Kind.AXES, "the input is not square", lambda layer: len(set(layer.input_size)) > 1),
    Feature(Kind.AXES, "the output is not square", lambda layer: len(set(layer.output_size)) > 1),
    Feature(Kind.AXES, "input and output channels differ", lambda layer: layer.in_channels != layer.out_channels),
    Feature(Kind.AXES, "input and output channels of a group differ",
            lambda layer: layer.in_channels_per_group != layer.out_channels_per_group),
    Feature(Kind.CRASH, "the batch is larger than 1", lambda layer: layer.batch > 1),
    Feature(Kind.CRASH, "there are several channels", lambda layer: layer.in_channels * layer.out_channels > 1),
    Feature(Kind.CRASH, "there is one spatial axis", lambda layer: layer.ndim == 1),
    Feature(Kind.CRASH, "there are three spatial axes", lambda layer: layer.ndim == 3),
    Feature(Kind.CRASH, "there are not two spatial axes", lambda layer: layer.ndim != 2),
)  # fmt: skip


def diagnose_crash(failing: Sequence[Conv], working: Sequence[Conv], smallest: Conv, text: str) -> Diagnosis:
    """The feature that all failing layers have, the smallest one too, and the fewest that work."""
    shown = [f for f in FEATURES if f.holds(smallest) and all(map(f.holds, failing))]
    shown.sort(key=lambda feature: sum(map(feature.holds, working)))
    if not shown or (working and all(map(shown[0].holds, working))):
        return Diagnosis(Kind.CRASH, "fails", f"it fails: {text}", "Let it return the gradients of any valid layer.")
    feature = shown[0]
    always = not any(map(feature.holds, working))
    when = f"where {feature.name}" if always else f"on some layers where {feature.name}"
    return Diagnosis(
        feature.kind,
        f"fails {when}",
        f"it fails {when}: {text}",
        "Handle such layers, or raise NotImplementedError for them.",
        (f"fails {when}",),
    )
