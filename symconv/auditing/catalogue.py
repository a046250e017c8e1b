"""The mistakes that people make in the backward of a convolution, each a transformation of the form of the layer.

In: the form T(delta, w, a) of the theorem.  Out: the form that a wrong implementation computes, with a name, the reason
and the mend.  The classes are those of public issue threads about convolution gradients.
Never: code of an implementation, or a decision which mistake it makes.

A mistake may have variants: the same slip, which comes out differently where the code scatters windows and where it
correlates a padded delta.  The low padding of that correlation is ``d*(K-1) - p``, so a slip in it is one in p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import prod

from symconv.auditing.changes import (
    Change,
    across_channels,
    all_but,
    axis_with,
    each,
    first_axis,
    from_axis,
    group_of,
    keeping,
    labelled,
    last_axis,
    low_kept,
    mirrored,
    only,
    outputs,
    padded,
    positions,
    sampled,
    scaled,
    then,
    transposed,
    turned,
)
from symconv.auditing.forms import AxisForm, Keep


class Kind(StrEnum):
    """The classes of mistakes."""

    STRIDE = "stride"
    REMAINDER = "remainder"
    AXES = "axes"
    GROUPS = "groups"
    ROTATION = "rotation"
    PADDING = "padding"
    DILATION = "dilation"
    SCALE = "scale"
    ACCUMULATION = "accumulation"
    CRASH = "crash"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Mistake:
    """One mistake: the gradients (or the forward map) it is made in, and what it does to the form of the theorem.

    `extra` says by how much the result is longer than it should be along an axis, for a mistake that shows in the
    shape. In `why` and `mend`, ``{flip}`` stands for the indices that reverse every spatial axis, ``{of}`` for the
    gradient.
    """

    kind: Kind
    name: str
    of: tuple[str, ...]
    changes: tuple[Change, ...]
    why: str
    mend: str
    extra: Callable[[AxisForm], int] | None = None


INPUT, WEIGHT, FORWARD, BIAS = ("input",), ("weight",), ("forward",), ("bias",)
GRADIENTS = ("input", "weight")
MAPS = ("input", "weight", "forward")
EVERYWHERE = (*MAPS, "bias")


CATALOGUE: tuple[Mistake, ...] = (
    # rotation
    Mistake(
        Kind.ROTATION, "kernel not rotated", INPUT, each(turned("w")),
        "the kernel is not rotated by 180 degrees: dE/da correlates delta with rot180(w)",
        "Use w{flip}.",
    ),
    Mistake(
        Kind.ROTATION, "kernel rotated along one axis only", INPUT,
        (only(0, turned("w")), only(-1, turned("w")), all_but(0, turned("w")), all_but(-1, turned("w"))),
        "the kernel is reversed along some of its spatial axes only: a rotation by 180 degrees reverses them all",
        "Use w{flip}.",
    ),
    Mistake(
        Kind.ROTATION, "kernel transposed instead of rotated", INPUT,
        (then(transposed("w"), lambda form: form.along(turned("w"))),),
        "the kernel is transposed where it should be rotated by 180 degrees",
        "Use w{flip} instead of a transpose.",
    ),
    Mistake(
        Kind.ROTATION, "kernel rotated by 90 degrees", INPUT,
        (then(transposed("w"), only(-1, turned("w"))), then(transposed("w"), only(0, turned("w")))),
        "the kernel is rotated by 90 degrees, not by 180: np.rot90 turns once unless told k=2",
        "Use w{flip}, or np.rot90(w, 2, axes=(-2, -1)).",
    ),
    Mistake(
        Kind.ROTATION, "kernel reversed along its channel axes too", INPUT,
        (
            labelled(lambda f, m: (m[0], f.out_channels - 1 - m[1], f.per_group[1] - 1 - m[2], m[3])),
            labelled(lambda f, m: (m[0], f.out_channels - 1 - m[1], m[2], m[3])),
            labelled(lambda f, m: (m[0], m[1], f.per_group[1] - 1 - m[2], m[3])),
        ),
        "the kernel is reversed along channel axes as well: only its spatial axes are rotated",
        "Use w{flip}: np.flip without axes reverses all of them.",
    ),
    Mistake(
        Kind.ROTATION, "delta rotated", GRADIENTS, each(turned("delta")),
        "delta is rotated by 180 degrees: neither dE/da nor dE/dw asks for that",
        "Use delta as it is.",
    ),
    Mistake(
        Kind.ROTATION, "result rotated", INPUT, each(turned("a")),
        "dE/da comes out rotated by 180 degrees",
        "Reverse the result along its spatial axes, or use it unreversed.",
    ),
    Mistake(
        Kind.ROTATION, "input rotated", WEIGHT, each(turned("a")),
        "the input is rotated by 180 degrees: dE/dw correlates a with delta, neither rotated",
        "Use a as it is.",
    ),
    Mistake(
        Kind.ROTATION, "dE/dw reversed", WEIGHT, each(turned("w")),
        "dE/dw comes out rotated by 180 degrees: the layer is a cross-correlation, so its kernel is not rotated",
        "Use dw{flip}, or do not rotate to begin with.",
    ),
    Mistake(
        Kind.ROTATION, "dE/dw reversed along one axis only", WEIGHT,
        (only(0, turned("w")), only(-1, turned("w")), all_but(0, turned("w")), all_but(-1, turned("w"))),
        "dE/dw comes out reversed along one of its spatial axes",
        "Do not reverse dw.",
    ),
    Mistake(
        Kind.ROTATION, "kernel rotated in the forward map", FORWARD, each(turned("w")),
        "the forward map rotates the kernel: it is a convolution of mathematics, and the layer is a cross-correlation",
        "Use w as it is (or audit with a flipped kernel).",
    ),
    # stride
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
        Kind.STRIDE, "stride and dilation swapped", MAPS,
        each(
            axis_with(stride=lambda j: j.dilation, dilation=lambda j: j.stride),
            axis_with(stride=lambda j: j.dilation, dilation=lambda j: j.stride,
                  low=lambda j: j.low + (j.stride - j.dilation) * (j.kernel_size - 1)),
        ),
        "stride and dilation are exchanged: s belongs to delta's positions, d to the kernel's taps",
        "In dE/dw correlate with stride d and dilation s; in dE/da dilate delta by s and w by d.",
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
        each(padded(lambda j: j.dilation * (j.kernel_size - 1)
                      - j.stride * (j.dilation * (j.kernel_size - 1) - j.low))),
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
        "the padding is divided by the stride",
        "Use p as it is.",
    ),
    # remainder
    Mistake(
        Kind.REMAINDER, "output_padding missing", INPUT, (lambda form: form,),
        "the last r = t mod s rows are missing: the stride does not reach them, but dE/da has the shape of a",
        "Pad r zeros at the high end (PyTorch's output_padding).",
        extra=lambda j: -j.remainder,
    ),
    Mistake(
        Kind.REMAINDER, "dE/dw not cropped by the remainder", WEIGHT, (lambda form: form,),
        "dE/dw has r = t mod s taps too many: the last r entries of a meet no window",
        "Crop r entries of a at the high end: pad by p_hi - r.",
        extra=lambda j: (j.dilation - 1 + j.remainder) // j.dilation,
    ),
    Mistake(
        Kind.REMAINDER, "remainder at the wrong end", MAPS,
        each(padded(lambda j: j.low - j.remainder), padded(lambda j: j.low + j.remainder)),
        "where the stride leaves a remainder r, the result is shifted by r: the rows left over belong to the high end",
        "Add r to the high padding, d*(K-1) - p_hi + r, and leave the low one (for dE/dw: crop the high end).",
    ),
    Mistake(
        Kind.REMAINDER, "remainder split over both ends", MAPS,
        each(padded(lambda j: j.low - j.remainder // 2), padded(lambda j: j.low - (j.remainder + 1) // 2),
              padded(lambda j: j.low + j.remainder // 2), padded(lambda j: j.low + (j.remainder + 1) // 2)),
        "where the stride leaves a remainder r, part of it is padded at the low end, which shifts the result",
        "Add all of r to the high padding.",
    ),
    Mistake(
        Kind.REMAINDER, "last window left out", EVERYWHERE,
        (
            lambda form: replace(
                form.along(axis_with(skipped_windows=lambda j: 1)),
                positions=tuple(tuple(range(axis.output_size - 1)) for axis in form.axes),
            ),
            lambda form: form.along(axis_with(skipped_windows=lambda j: int(j.remainder > 0))),
            lambda form: form.along(axis_with(skipped_windows=lambda j: int(j.remainder == 0))),
        ),
        "the last output position does not take part: a loop ends one too early",
        "Let i run over all O = t div s + 1 positions of delta.",
    ),
    # axes
    Mistake(
        Kind.AXES, "paddings of the axes swapped", MAPS, (from_axis(mirrored, "low"),),
        "the padding of one spatial axis is used along the other (height and width swapped)",
        "Use padding[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "strides of the axes swapped", MAPS, (from_axis(mirrored, "stride"),),
        "the stride of one spatial axis is used along the other (height and width swapped)",
        "Use stride[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "dilations of the axes swapped", MAPS,
        (
            from_axis(mirrored, "dilation"),
            lambda form: low_kept(form, from_axis(mirrored, "dilation")(form)),
        ),
        "the dilation of one spatial axis is used along the other (height and width swapped)",
        "Use dilation[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "first axis' padding used for all", MAPS,
        (from_axis(first_axis, "low"), from_axis(last_axis, "low")),
        "the padding of one spatial axis is used along all of them: right only where they agree",
        "Use padding[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "first axis' stride used for all", MAPS,
        (from_axis(first_axis, "stride"), from_axis(last_axis, "stride")),
        "the stride of one spatial axis is used along all of them: right only where they agree",
        "Use stride[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "first axis' dilation used for all", MAPS,
        (
            from_axis(first_axis, "dilation"),
            from_axis(last_axis, "dilation"),
            lambda form: low_kept(form, from_axis(first_axis, "dilation")(form)),
            lambda form: low_kept(form, from_axis(last_axis, "dilation")(form)),
        ),
        "the dilation of one spatial axis is used along all of them: right only where they agree",
        "Use dilation[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "kernel transposed", GRADIENTS + FORWARD, (transposed("w"),),
        "the spatial axes of the kernel are exchanged (height and width swapped)",
        "Keep the kernel's spatial axes in their order.",
    ),
    Mistake(
        Kind.AXES, "delta transposed", GRADIENTS, (transposed("delta"),),
        "the spatial axes of delta are exchanged (height and width swapped)",
        "Keep delta's spatial axes in their order.",
    ),
    Mistake(
        Kind.AXES, "input transposed", MAPS, (transposed("a"),),
        "the spatial axes of the input (or of its gradient) are exchanged: height and width swapped",
        "Keep the input's spatial axes in their order.",
    ),
    Mistake(
        Kind.AXES, "input and output channels swapped", MAPS, (labelled(across_channels),),
        "input and output channels of the kernel are exchanged: w[c, o] where w[o, c] is meant",
        "w is (M, C/groups, *K): sum over its first axis in dE/da; index dw as [o, c].",
    ),
    Mistake(
        Kind.AXES, "channels in reverse order", MAPS,
        (
            labelled(lambda f, m: (m[0], m[1], m[2], f.in_channels - 1 - m[3])),
            labelled(lambda f, m: (f.out_channels - 1 - m[0], m[1], m[2], m[3])),
        ),
        "the channels come in reverse order",
        "Do not reverse the channel axis: np.flip without axes reverses all of them.",
    ),
    # groups
    Mistake(
        Kind.GROUPS, "groups ignored", MAPS,
        (
            labelled(lambda f, m: (m[0], m[1], m[2], m[2])),
            labelled(lambda f, m: (m[0], m[1], m[2], m[2]) if group_of(f, m) == 0 else None),
        ),
        "every output channel is joined to the input channels of the first group",
        "Input channel c of group g is g*(C/groups) + c.",
    ),
    Mistake(
        Kind.GROUPS, "kernel of one group used for all", MAPS,
        (
            labelled(lambda f, m: (m[0], m[1] % f.per_group[0], m[2], m[3])),
            labelled(lambda f, m: (m[0], f.out_channels - f.per_group[0] + m[1] % f.per_group[0], m[2], m[3])),
        ),
        "every group uses the kernels of one group",
        "Group g has the kernels w[g*(M/groups) : (g+1)*(M/groups)].",
    ),
    Mistake(
        Kind.GROUPS, "input channels interleaved", MAPS,
        (labelled(lambda f, m: (*m[:3], m[3] % f.per_group[1] * f.groups + m[3] // f.per_group[1])),
         labelled(lambda f, m: (*m[:3], m[3] % f.groups * f.per_group[1] + m[3] // f.groups))),
        "the input channels are dealt to the groups in turn: group g gets every groups-th channel, not a block",
        "Reshape (C,) to (groups, C/groups), not to (C/groups, groups).",
    ),
    Mistake(
        Kind.GROUPS, "output channels interleaved", MAPS,
        (
            labelled(lambda f, m: (m[0] % f.per_group[0] * f.groups + m[0] // f.per_group[0], *m[1:])),
            labelled(lambda f, m: (m[0], m[1] % f.per_group[0] * f.groups + m[1] // f.per_group[0], *m[2:])),
            labelled(lambda f, m: (m[0] % f.per_group[0] * f.groups + m[0] // f.per_group[0],
                                    m[1] % f.per_group[0] * f.groups + m[1] // f.per_group[0], *m[2:])),
            labelled(lambda f, m: (m[0] % f.groups * f.per_group[0] + m[0] // f.groups, *m[1:])),
            labelled(lambda f, m: (m[0], m[1] % f.groups * f.per_group[0] + m[1] // f.groups, *m[2:])),
            labelled(lambda f, m: (m[0] % f.groups * f.per_group[0] + m[0] // f.groups,
                                    m[1] % f.groups * f.per_group[0] + m[1] // f.groups, *m[2:])),
        ),
        "the output channels are dealt to the groups in turn: group g gets every groups-th channel, not a block",
        "Reshape (M,) to (groups, M/groups), not to (M/groups, groups).",
    ),
    Mistake(
        Kind.GROUPS, "groups in reverse order", MAPS,
        (
            labelled(lambda f, m: (m[0], (f.groups - 1 - group_of(f, m)) * f.per_group[0] + m[1] % f.per_group[0],
                                    *m[2:])),
            labelled(lambda f, m: (*m[:3], (f.groups - 1 - m[3] // f.per_group[1]) * f.per_group[1]
                                    + m[3] % f.per_group[1])),
            labelled(lambda f, m: ((f.groups - 1 - group_of(f, m)) * f.per_group[0] + m[0] % f.per_group[0], *m[1:])),
        ),
        "the groups are taken in reverse order",
        "Reverse the spatial axes of the kernel only.",
    ),
    Mistake(
        Kind.GROUPS, "groups shifted by one", MAPS,
        (
            labelled(lambda f, m: (m[0], (m[1] + f.per_group[0]) % f.out_channels, *m[2:])),
            labelled(lambda f, m: (m[0], (m[1] - f.per_group[0]) % f.out_channels, *m[2:])),
            labelled(lambda f, m: (*m[:3], (m[3] + f.per_group[1]) % f.in_channels)),
            labelled(lambda f, m: (*m[:3], (m[3] - f.per_group[1]) % f.in_channels)),
        ),
        "each group meets the channels of the next one",
        "Output channels of group g meet the input channels of group g.",
    ),
    Mistake(
        Kind.GROUPS, "only one group computed", MAPS,
        (labelled(lambda f, m: m if group_of(f, m) == 0 else None),
         labelled(lambda f, m: m if group_of(f, m) == f.groups - 1 else None)),
        "one group is computed; the others are left at zero",
        "Loop over all groups.",
    ),
    # padding
    Mistake(
        Kind.PADDING, "padding ignored", MAPS, each(padded(lambda j: 0)),
        "the padding is not taken into account: the low padding of delta is d*(K-1) - p, not d*(K-1)",
        "Subtract the padding: pad delta by d*(K-1) - p, or crop p entries of the scattered result at the low end.",
    ),
    Mistake(
        Kind.PADDING, "padding not cropped from the result", INPUT, each(padded(lambda j: 0)),
        "the result still has the padding around it: it has the shape of the padded input",
        "Return da[..., p_lo : p_lo + L] along each spatial axis.",
        extra=lambda j: j.low + j.high,
    ),
    Mistake(
        Kind.PADDING, "low and high padding swapped", MAPS, each(padded(lambda j: j.high)),
        "low and high padding are exchanged (as when SAME_UPPER is taken for SAME_LOWER): right only where they agree",
        "The low padding of delta is d*(K-1) - p_lo, the high one d*(K-1) - p_hi + r.",
    ),
    Mistake(
        Kind.PADDING, "padding off by one", MAPS, each(padded(lambda j: j.low + 1), padded(lambda j: j.low - 1)),
        "the padding is off by one, which shifts the result by one entry",
        "The low padding of delta is d*(K-1) - p_lo.",
    ),
    Mistake(
        Kind.PADDING, "padding K - 1 instead of d*(K-1) - p", INPUT,
        each(padded(lambda j: (j.dilation - 1) * (j.kernel_size - 1))),
        "delta is padded by K - 1, whatever the padding and the dilation of the layer",
        "Pad delta by d*(K-1) - p_lo at the low end, and d*(K-1) - p_hi + r at the high end.",
    ),
    Mistake(
        Kind.PADDING, "delta padded by p", INPUT,
        each(padded(lambda j: j.dilation * (j.kernel_size - 1) - j.low)),
        "delta is padded by p, the padding of the forward map, instead of d*(K-1) - p",
        "Pad delta by d*(K-1) - p_lo at the low end, and d*(K-1) - p_hi + r at the high end.",
    ),
    Mistake(
        Kind.PADDING, "delta not padded", INPUT, each(padded(lambda j: j.dilation * (j.kernel_size - 1))),
        "delta is not padded at all: without a ring of zeros the border of dE/da is lost",
        "Pad delta by d*(K-1) - p_lo at the low end, and d*(K-1) - p_hi + r at the high end.",
    ),
    Mistake(
        Kind.PADDING, "padding counted twice", MAPS, each(padded(lambda j: 2 * j.low),
                                                          padded(lambda j: j.low + j.high)),
        "the padding is counted twice",
        "Use the low padding once.",
    ),
    Mistake(
        Kind.PADDING, "padding made symmetric", MAPS,
        each(padded(lambda j: (j.low + j.high) // 2), padded(lambda j: (j.low + j.high + 1) // 2),
              padded(lambda j: max(j.low, j.high)), padded(lambda j: min(j.low, j.high))),
        "the same padding is used at both ends: right only where low and high agree",
        "Use (p_lo, p_hi) as they are given.",
    ),
    Mistake(
        Kind.PADDING, "padding with the wrong sign", MAPS, each(padded(lambda j: -j.low)),
        "the padding is added where it should be subtracted",
        "Window i starts at s*i - p_lo.",
    ),
    Mistake(
        Kind.PADDING, "indices wrap around", MAPS, each(lambda axis: replace(axis, wraps=True)),
        "positions in the padding are read (or written) at the other end: a negative index counts from the end",
        "Leave out positions x with x < 0 or x >= L, or work on a padded array.",
    ),
    # dilation
    Mistake(
        Kind.DILATION, "dilation ignored", MAPS,
        each(
            axis_with(dilation=lambda j: 1),
            axis_with(dilation=lambda j: 1, low=lambda j: j.low - (j.dilation - 1) * (j.kernel_size - 1)),
        ),
        "the dilation is missing: tap k lies d*k entries from the first one",
        "Dilate the kernel by d (or step by d from tap to tap).",
    ),
    Mistake(
        Kind.DILATION, "dilation forgotten in the padding", INPUT,
        each(padded(lambda j: j.low + (j.dilation - 1) * (j.kernel_size - 1))),
        "delta is padded by K - 1 - p: with dilation d the kernel spans d*(K-1) + 1 entries",
        "Pad delta by d*(K-1) - p_lo.",
    ),
    Mistake(
        Kind.DILATION, "dilation one too large", MAPS,
        each(
            axis_with(dilation=lambda j: j.dilation + 1),
            axis_with(dilation=lambda j: j.dilation + 1, low=lambda j: j.low + j.kernel_size - 1),
        ),
        "taps lie d + 1 entries apart: there should be d - 1 zeros between them, not d",
        "Put d - 1 zeros between the taps of the kernel.",
    ),
    Mistake(
        Kind.DILATION, "dilation one too small", MAPS,
        each(
            axis_with(dilation=lambda j: max(j.dilation - 1, 1)),
            axis_with(dilation=lambda j: max(j.dilation - 1, 1),
                  low=lambda j: j.low - (j.kernel_size - 1) * int(j.dilation > 1)),
        ),
        "taps lie d - 1 entries apart: there should be d - 1 zeros between them, not d - 2",
        "Put d - 1 zeros between the taps of the kernel.",
    ),
    # scale
    Mistake(
        Kind.SCALE, "zero", EVERYWHERE, (scaled(lambda form: Fraction(0)),),
        "{of} is zero everywhere",
        "Return the array that was computed.",
    ),
    Mistake(
        Kind.SCALE, "wrong sign", EVERYWHERE, (scaled(lambda form: Fraction(-1)),),
        "{of} has the wrong sign",
        "Leave the minus to the update, w <- w - eta*dE/dw.",
    ),
    Mistake(
        Kind.SCALE, "divided by the batch size", EVERYWHERE, (scaled(lambda form: Fraction(1, form.batch)),),
        "{of} is a mean over the batch: the gradient of a sum is a sum (a mean belongs to the error E)",
        "Sum over the batch, do not divide by N.",
    ),
    Mistake(
        Kind.SCALE, "divided by the number of positions", EVERYWHERE,
        (scaled(lambda form: Fraction(1, outputs(form))),),
        "{of} is divided by the number of output positions: a mean where a sum is meant",
        "Sum over positions, do not divide.",
    ),
    Mistake(
        Kind.SCALE, "mean instead of sum", EVERYWHERE,
        (scaled(lambda form: Fraction(1, form.batch * outputs(form))),),
        "{of} is a mean over batch and positions where a sum is meant",
        "Use sum instead of mean.",
    ),
    Mistake(
        Kind.SCALE, "divided by the number of taps", MAPS,
        (scaled(lambda form: Fraction(1, prod(axis.kernel_size for axis in form.axes))),),
        "{of} is divided by the number of kernel taps",
        "Do not divide.",
    ),
    Mistake(
        Kind.SCALE, "divided by the number of channels", EVERYWHERE,
        (scaled(lambda form: Fraction(1, form.out_channels)), scaled(lambda form: Fraction(1, form.in_channels))),
        "{of} is divided by the number of channels",
        "Do not divide.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the batch size", EVERYWHERE, (scaled(lambda form: Fraction(form.batch)),),
        "{of} is multiplied by the batch size",
        "Sum over the batch once.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the number of positions", EVERYWHERE,
        (scaled(lambda form: Fraction(outputs(form))),
         scaled(lambda form: Fraction(form.batch * outputs(form)))),
        "{of} is multiplied by the number of positions",
        "Sum over positions once.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the number of groups", EVERYWHERE,
        (scaled(lambda form: Fraction(form.groups)),),
        "{of} is multiplied by the number of groups: every group adds the whole",
        "Let each group write its own channels.",
    ),
    # accumulation
    Mistake(
        Kind.ACCUMULATION, "only the last window survives", GRADIENTS,
        each(keeping(Keep.LAST_WINDOW), keeping(Keep.FIRST_WINDOW)),
        "where windows overlap, one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over output positions.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last tap survives", INPUT + FORWARD,
        each(keeping(Keep.LAST_TAP), keeping(Keep.FIRST_TAP)),
        "of the taps that meet an entry, one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over kernel taps.",
    ),
    Mistake(
        Kind.ACCUMULATION, "last tap left out", MAPS,
        each(axis_with(skipped_taps=lambda j: 1)),
        "the last tap of the kernel does not take part: a loop ends one too early",
        "Let k run over all K taps.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last filter survives", MAPS,
        (
            labelled(lambda f, m: m if m[0] == f.out_channels - 1 else None),
            labelled(lambda f, m: m if m[0] % f.per_group[0] == f.per_group[0] - 1 else None),
            labelled(lambda f, m: m if m[0] == 0 else None),
            labelled(lambda f, m: m if m[0] % f.per_group[0] == 0 else None),
        ),
        "of the output channels, one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over output channels.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last input channel survives", WEIGHT + FORWARD,
        (
            labelled(lambda f, m: m if m[2] == f.per_group[1] - 1 else None),
            labelled(lambda f, m: m if m[2] == 0 else None),
        ),
        "of the input channels, one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over input channels.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last sample survives", EVERYWHERE,
        (sampled(lambda batch: batch - 1), sampled(lambda batch: 0)),
        "of the batch, one sample only contributes: right only for N = 1",
        "Sum over all samples of the batch.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last position survives", BIAS,
        (positions(lambda outputs: outputs - 1), positions(lambda outputs: 0)),
        "of the output positions, one only contributes to dE/db: `=` where `+=` is meant",
        "Sum delta over batch and positions: delta.sum(axis=(0, 2, ...)).",
    ),
    Mistake(
        Kind.REMAINDER, "too long or too short at the high end", MAPS, (lambda form: form,),
        "the entries of {of} are right, but there are too many or too few of them at the high end",
        "Return an array of the shape of what is differentiated by.",
        extra=lambda j: 10**9,
    ),
)  # fmt: skip


def mistakes(slot: str) -> tuple[Mistake, ...]:
    """The mistakes that are made in one gradient, or in the forward map."""
    return tuple(mistake for mistake in CATALOGUE if slot in mistake.of)
