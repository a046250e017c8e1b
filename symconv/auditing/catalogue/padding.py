"""Mistakes in the padding, and in the dilation, which decides how far delta is padded: d*(K-1) - p."""

from __future__ import annotations

from dataclasses import replace

from symconv.auditing.axis_forms import AxisForm, Border
from symconv.auditing.catalogue.mistake import BIAS, FORWARD, INPUT, MAPS, WEIGHT, Kind, Mistake
from symconv.auditing.changes import AxisChange, axis_with, each, padded, positions, resized


def reach(axis: AxisForm) -> int:
    """``d*(K-1)``: how far the last tap lies from the first."""
    return axis.dilation * (axis.kernel_size - 1)


def gaps(axis: AxisForm) -> int:
    """``(d-1)*(K-1)``: the zeros between the taps."""
    return (axis.dilation - 1) * (axis.kernel_size - 1)


def dilated(by: AxisChange) -> tuple[AxisChange, AxisChange]:
    """Another dilation: read wrongly everywhere, or of the kernel alone, with the pads d*(K-1) - p as should be."""

    def of_the_kernel(axis: AxisForm) -> AxisForm:
        after = by(axis)
        return replace(after, low=axis.low + gaps(after) - gaps(axis), high=axis.high + gaps(after) - gaps(axis))

    return by, of_the_kernel


HIGH = "Pad delta by d*(K-1) - p_lo at the low end, and d*(K-1) - p_hi + r at the high end."

TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.PADDING, "padding not cropped from the result", INPUT, (resized(padded(lambda j: 0)),),
        "the result still has the padding around it: it has the shape of the padded input",
        "Return da[..., p_lo : p_lo + L] along each spatial axis.",
    ),
    Mistake(
        Kind.PADDING, "padding ignored", INPUT, each(padded(lambda j: 0, lambda j: j.high)),
        "the padding is not taken into account: the low padding of delta is d*(K-1) - p, not d*(K-1)",
        "Pad delta by d*(K-1) - p, or crop p entries of the scattered result at the low end.",
    ),
    Mistake(
        Kind.PADDING, "padding ignored", WEIGHT + FORWARD, each(padded(lambda j: 0)),
        "the padding is not taken into account: window i starts at s*i - p, not at s*i",
        "Pad a before windows are read.",
    ),
    Mistake(
        Kind.PADDING, "low and high padding swapped", MAPS, each(padded(lambda j: j.high)),
        "low and high padding are exchanged (as when SAME_UPPER is taken for SAME_LOWER): right only where they agree",
        "The low padding of delta is d*(K-1) - p_lo, the high one d*(K-1) - p_hi + r.",
    ),
    Mistake(
        Kind.PADDING, "cropped by [low:-high]", INPUT,
        (resized(axis_with(high=lambda j: j.high or j.input_size)),),
        "the padding is cropped by [p_lo:-p_hi], which leaves nothing where p_hi = 0",
        "Return da[..., p_lo : p_lo + L] along each spatial axis.",
    ),
    Mistake(
        Kind.PADDING, "padding off by one", MAPS,
        each(padded(lambda j: j.low + 1, lambda j: j.high - 1), padded(lambda j: j.low - 1, lambda j: j.high + 1),
             padded(lambda j: j.low + 1), padded(lambda j: j.low - 1)),
        "the padding is off by one, which shifts the result by one entry",
        "The low padding of delta is d*(K-1) - p_lo.",
    ),
    Mistake(
        Kind.PADDING, "padding K - 1 instead of d*(K-1) - p", INPUT, each(padded(gaps)),
        "delta is padded by K - 1, whatever the padding and the dilation of the layer",
        HIGH,
    ),
    Mistake(
        Kind.PADDING, "delta padded by p", INPUT, each(padded(lambda j: reach(j) - j.low)),
        "delta is padded by p, the padding of the forward map, instead of d*(K-1) - p",
        HIGH,
    ),
    Mistake(
        Kind.PADDING, "delta not padded", INPUT, each(padded(reach)),
        "delta is not padded at all: without a ring of zeros the border of dE/da is lost",
        HIGH,
    ),
    Mistake(
        Kind.PADDING, "padding of half a kernel", MAPS, each(padded(lambda j: reach(j) // 2)),
        "the padding is taken to be half a kernel, d*(K-1)/2, as in a layer that keeps the size of its input",
        "Use the padding of the layer.",
    ),
    Mistake(
        Kind.PADDING, "padding counted twice", MAPS,
        each(padded(lambda j: 2 * j.low), padded(lambda j: j.low + j.high)),
        "the padding is counted twice, at one end or for both",
        "Use the low padding once.",
    ),
    Mistake(
        Kind.PADDING, "padding made symmetric", MAPS,
        (
            *each(padded(lambda j: (j.low + j.high) // 2, lambda j: (j.low + j.high + 1) // 2),
                  padded(lambda j: (j.low + j.high + 1) // 2, lambda j: (j.low + j.high) // 2),
                  padded(lambda j: max(j.low, j.high)), padded(lambda j: min(j.low, j.high))),
            resized(axis_with(high=lambda j: j.low)), resized(axis_with(low=lambda j: j.high)),
        ),
        "the same padding is used at both ends: right only where low and high agree",
        "Use (p_lo, p_hi) as they are given.",
    ),
    Mistake(
        Kind.PADDING, "padding with the wrong sign", MAPS, each(padded(lambda j: -j.low)),
        "the padding is added where it should be subtracted",
        "Window i starts at s*i - p_lo.",
    ),
    Mistake(
        Kind.PADDING, "negative indices not left out", MAPS,
        each(axis_with(border=lambda j: Border.POSITIONS_FROM_END)),
        "positions below zero, in the padding, count from the end of the input, as negative indices do in Python",
        "Skip positions x with x < 0, or work on a padded array.",
    ),
    Mistake(
        Kind.PADDING, "negative windows not left out", INPUT,
        each(axis_with(border=lambda j: Border.WINDOWS_FROM_END)),
        "windows below zero, which do not exist, count from the end of delta, as negative indices do in Python",
        "Skip windows i with i < 0.",
    ),
    Mistake(
        Kind.PADDING, "indices wrap around", MAPS, each(axis_with(border=lambda j: Border.AROUND)),
        "the border is circular: positions in the padding are read (or written) at the other end of the input",
        "Leave out positions x with x < 0 or x >= L, or work on a padded array.",
    ),
    Mistake(
        Kind.PADDING, "border of edge values", MAPS, each(axis_with(border=lambda j: Border.EDGE)),
        "the padding repeats the entries at the edge of the input: it holds zeros",
        "Pad with zeros: np.pad(a, ...) without mode='edge'.",
    ),
    Mistake(
        Kind.PADDING, "border of ones", WEIGHT + FORWARD, (lambda form: replace(form, border=1),),
        "the padding is filled with ones: it holds zeros",
        "Pad with zeros: np.pad(a, ..., constant_values=0).",
    ),
    Mistake(
        Kind.PADDING, "border of delta left out", BIAS,
        (positions(lambda j: range(j.output_size)[j.low : j.output_size - j.high]),),
        "the padding is cropped from delta, which has none: the border of z depends on b as the rest does",
        "Sum all of delta over batch and positions.",
    ),
    # dilation
    Mistake(
        Kind.DILATION, "dilation ignored", MAPS, each(*dilated(axis_with(dilation=lambda j: 1))),
        "the dilation is missing: tap k lies d*k entries from the first one",
        "Dilate the kernel by d (or step by d from tap to tap).",
    ),
    Mistake(
        Kind.DILATION, "dilation forgotten in the padding", INPUT, each(padded(lambda j: j.low + gaps(j))),
        "delta is padded by K - 1 - p: with dilation d the kernel spans d*(K-1) + 1 entries",
        "Pad delta by d*(K-1) - p_lo.",
    ),
    Mistake(
        Kind.DILATION, "dilation one too large", MAPS, each(*dilated(axis_with(dilation=lambda j: j.dilation + 1))),
        "taps lie d + 1 entries apart: there should be d - 1 zeros between them, not d",
        "Put d - 1 zeros between the taps of the kernel.",
    ),
    Mistake(
        Kind.DILATION, "dilation one too small", MAPS,
        each(*dilated(axis_with(dilation=lambda j: max(j.dilation - 1, 1)))),
        "taps lie d - 1 entries apart: there should be d - 1 zeros between them, not d - 2",
        "Put d - 1 zeros between the taps of the kernel.",
    ),
)  # fmt: skip
