"""Mistakes in the stride, and in what it leaves over at the high end of the input, the remainder r = t mod s."""

from __future__ import annotations

from dataclasses import replace

from symconv.auditing.axis_forms import AxisForm, Division, Tail
from symconv.auditing.catalogue.mistake import BIAS, FORWARD, GRADIENTS, INPUT, MAPS, WEIGHT, Kind, Mistake
from symconv.auditing.changes import axis_with, each, padded, positions, resized


def reach(axis: AxisForm) -> int:
    """``d*(K-1)``: how far the last tap lies from the first."""
    return axis.dilation * (axis.kernel_size - 1)


def swapped(axis: AxisForm) -> AxisForm:
    """Stride and dilation exchanged."""
    return replace(axis, stride=axis.dilation, dilation=axis.stride)


def swapped_but_for_pads(axis: AxisForm) -> AxisForm:
    """Stride and dilation exchanged, with the pads d*(K-1) - p of delta as they should be."""
    shift = (axis.stride - axis.dilation) * (axis.kernel_size - 1)
    return replace(swapped(axis), low=axis.low + shift, high=axis.high + shift)


TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.STRIDE, "delta not dilated by the stride", GRADIENTS, each(axis_with(stride=lambda j: 1)),
        "the stride is missing: with stride s, neighbours in delta lie s entries of the input apart",
        "Put s - 1 zeros between the entries of delta (or step by s where windows are placed).",
    ),
    Mistake(
        Kind.STRIDE, "stride ignored", FORWARD, each(axis_with(stride=lambda j: 1)),
        "the stride is missing: window i starts at s*i - p",
        "Multiply the output position by the stride.",
    ),
    Mistake(
        Kind.STRIDE, "stride and dilation swapped", MAPS, each(swapped, swapped_but_for_pads),
        "stride and dilation are exchanged: s belongs to delta's positions, d to the kernel's taps",
        "In dE/dw correlate with stride d and dilation s; in dE/da dilate delta by s and w by d.",
    ),
    Mistake(
        Kind.STRIDE, "divisibility not checked", INPUT,
        each(axis_with(division=lambda j: Division.FLOOR), axis_with(division=lambda j: Division.TRUNCATED)),
        "positions between two windows count as if a window started there: x meets window i only where s divides "
        "x + p - d*k",
        "Skip x and k unless (x + p - d*k) % s == 0.",
    ),
    Mistake(
        Kind.STRIDE, "stride one too large", MAPS, each(axis_with(stride=lambda j: j.stride + 1)),
        "neighbours in delta lie s + 1 entries apart: there should be s - 1 zeros between them, not s",
        "Put s - 1 zeros between the entries of delta.",
    ),
    Mistake(
        Kind.STRIDE, "stride one too small", MAPS, each(axis_with(stride=lambda j: max(j.stride - 1, 1))),
        "neighbours in delta lie s - 1 entries apart: there should be s - 1 zeros between them, not s - 2",
        "Put s - 1 zeros between the entries of delta.",
    ),
    Mistake(
        Kind.STRIDE, "stride applied twice", MAPS, each(axis_with(stride=lambda j: j.stride**2)),
        "the stride is applied twice: positions are multiplied by s*s",
        "Multiply positions by the stride once.",
    ),
    Mistake(
        Kind.STRIDE, "padded before dilating", INPUT,
        each(padded(lambda j: reach(j) - j.stride * (reach(j) - j.low))),
        "delta is padded first and dilated by the stride afterwards, which multiplies the padding by s",
        "Dilate first, then pad.",
    ),
    Mistake(
        Kind.STRIDE, "padding multiplied by the stride", MAPS, each(padded(lambda j: j.stride * j.low)),
        "the padding is multiplied by the stride: a window starts at s*i - p, not at s*(i - p)",
        "Subtract p after multiplying by s.",
    ),
    Mistake(
        Kind.STRIDE, "padding divided by the stride", MAPS, each(padded(lambda j: j.low // j.stride)),
        "the padding is divided by the stride: it counts entries of the input, not windows",
        "Use p as it is.",
    ),
    Mistake(
        Kind.STRIDE, "every stride-th position only", BIAS,
        (positions(lambda j: range(0, j.output_size, j.stride)),),
        "delta is read with the steps of the stride: every position of delta is a window already",
        "Sum all of delta over batch and positions.",
    ),
    # remainder
    Mistake(
        Kind.REMAINDER, "output_padding missing", INPUT, (resized(axis_with(tail=lambda j: Tail.NOTHING)),),
        "the last r = t mod s rows are missing: the stride does not reach them, but dE/da has the shape of a",
        "Pad r zeros at the high end (PyTorch's output_padding).",
    ),
    Mistake(
        Kind.REMAINDER, "output_padding s - 1 instead of r", INPUT,
        (resized(axis_with(tail=lambda j: Tail.LARGEST)),),
        "dE/da is made as long as it could be, with s - 1 rows at the high end: the shape of a asks for r = t mod s",
        "Pad r zeros at the high end (PyTorch's output_padding), or give the shape of a.",
    ),
    Mistake(
        Kind.REMAINDER, "dE/dw not cropped by the remainder", WEIGHT,
        (resized(axis_with(tail=lambda j: Tail.NOTHING)),),
        "dE/dw has taps too many where a remainder r = t mod s is left: the last r entries of a meet no window",
        "Crop r entries of a at the high end: pad by p_hi - r.",
    ),
    Mistake(
        Kind.REMAINDER, "last rows left at zero", INPUT, each(axis_with(skipped_inputs=lambda j: j.remainder)),
        "the last r = t mod s rows are filled with zeros: the last windows reach some of them",
        "Compute da for all L rows: pad delta by d*(K-1) - p_hi + r at the high end.",
    ),
    Mistake(
        Kind.REMAINDER, "remainder at the wrong end", MAPS,
        each(padded(lambda j: j.low - j.remainder, lambda j: j.high + j.remainder),
             padded(lambda j: j.low + j.remainder, lambda j: j.high - j.remainder)),
        "where the stride leaves a remainder r, the result is shifted by r: the rows left over belong to the high end",
        "Add r to the high padding, d*(K-1) - p_hi + r, and leave the low one (for dE/dw: crop the high end).",
    ),
    Mistake(
        Kind.REMAINDER, "remainder split over both ends", MAPS,
        each(padded(lambda j: j.low - j.remainder // 2, lambda j: j.high + j.remainder // 2),
             padded(lambda j: j.low - (j.remainder + 1) // 2, lambda j: j.high + (j.remainder + 1) // 2),
             padded(lambda j: j.low + j.remainder // 2, lambda j: j.high - j.remainder // 2),
             padded(lambda j: j.low + (j.remainder + 1) // 2, lambda j: j.high - (j.remainder + 1) // 2)),
        "where the stride leaves a remainder r, part of it is padded at the low end, which shifts the result",
        "Add all of r to the high padding.",
    ),
    Mistake(
        Kind.REMAINDER, "last window left out", MAPS,
        each(axis_with(skipped_windows=lambda j: 1), axis_with(skipped_windows=lambda j: int(j.remainder > 0)),
             axis_with(skipped_windows=lambda j: int(j.remainder == 0))),
        "the last output position does not take part: a loop ends one too early",
        "Let i run over all O = t div s + 1 positions of delta.",
    ),
    Mistake(
        Kind.REMAINDER, "last position left out", BIAS, (positions(lambda j: range(j.output_size - 1)),),
        "the last output position does not take part: a loop ends one too early",
        "Sum all of delta over batch and positions.",
    ),
)  # fmt: skip
