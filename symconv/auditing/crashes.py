"""Which feature of a layer makes an implementation fail.

In: layers on which it fails, and layers on which it does not.  Out: a diagnosis.
Never: a feature that a layer contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symconv.auditing.catalogue import Kind
from symconv.auditing.diagnosis import Diagnosis
from symconv.auditing.running import Failure
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
    Feature(Kind.PADDING, "padding is negative", lambda layer: any(p < 0 for pair in layer.padding for p in pair)),
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


@dataclass(frozen=True)
class How:
    """What a failing function does, somewhere or everywhere, and what mends it."""

    verb: str
    always: str
    mend: str


HOW = {
    Failure.RAISED: How("raises", "raises on every layer",
                        "Handle such layers, or raise NotImplementedError for them."),
    Failure.MALFORMED: How("returns no gradients", "returns no gradients on any layer",
                           "Return (da, dw, db) as NumPy arrays, None for what is not computed."),
    Failure.HUNG: How("does not return", "does not return on any layer",
                      "Look for a loop that does not end; --limit gives a slow function more time."),
    Failure.DIED: How("ends the process", "ends the process on every layer",
                      "Look for memory that is written outside of an array, or too much of it."),
}  # fmt: skip
WRITTEN_OTHERWISE = "Is it written to another convention? --adapter chooses it, and --ndim the numbers of axes."


def diagnose_crash(failure: Failure, failing: Sequence[Conv], working: Sequence[Conv], smallest: Conv) -> Diagnosis:
    """The feature that all failing layers have, the smallest one too, and the fewest that work."""
    how, mend = HOW[failure], HOW[failure].mend
    shown = [f for f in FEATURES if f.holds(smallest) and all(map(f.holds, failing))] if working else []
    shown.sort(key=lambda feature: sum(map(feature.holds, working)))
    if not shown or all(map(shown[0].holds, working)):
        name = f"{how.verb} on some layers" if working else how.always
        mend = mend if working or failure is not Failure.RAISED else WRITTEN_OTHERWISE
        return Diagnosis(Kind.CRASH, name, f"the function {name}", mend, (name,))
    always = not any(map(shown[0].holds, working))
    name = f"{how.verb} where {shown[0].name}" if always else f"{how.verb} on some layers where {shown[0].name}"
    return Diagnosis(shown[0].kind, name, f"the function {name}", mend, (name,))
