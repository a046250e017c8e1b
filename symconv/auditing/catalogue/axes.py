"""Mistakes in which axis is which: height and width, batch and channels, input and output channels."""

from __future__ import annotations

from symconv.auditing.catalogue.mistake import BIAS, EVERYWHERE, GRADIENTS, MAPS, Kind, Mistake
from symconv.auditing.changes import (
    Change,
    across_channels,
    first_axis,
    from_axis,
    labelled,
    last_axis,
    low_kept,
    mirrored,
    reshaped,
    transposed,
)


def of_the_kernel(change: Change) -> Change:
    """Another dilation of the kernel alone: delta is padded as it should be."""
    return lambda form: low_kept(form, change(form))


TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.AXES, "strides of the axes swapped", MAPS, (from_axis(mirrored, "stride"),),
        "the stride of one spatial axis is used along the other (height and width swapped)",
        "Use stride[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "paddings of the axes swapped", MAPS, (from_axis(mirrored, "low", "high"),),
        "the padding of one spatial axis is used along the other (height and width swapped)",
        "Use padding[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "dilations of the axes swapped", MAPS,
        (from_axis(mirrored, "dilation"), of_the_kernel(from_axis(mirrored, "dilation"))),
        "the dilation of one spatial axis is used along the other (height and width swapped)",
        "Use dilation[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "one axis' stride used for all", MAPS,
        (from_axis(first_axis, "stride"), from_axis(last_axis, "stride")),
        "the stride of one spatial axis is used along all of them: right only where they agree",
        "Use stride[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "one axis' padding used for all", MAPS,
        (from_axis(first_axis, "low", "high"), from_axis(last_axis, "low", "high")),
        "the padding of one spatial axis is used along all of them: right only where they agree",
        "Use padding[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "one axis' dilation used for all", MAPS,
        (from_axis(first_axis, "dilation"), from_axis(last_axis, "dilation"),
         of_the_kernel(from_axis(first_axis, "dilation")), of_the_kernel(from_axis(last_axis, "dilation"))),
        "the dilation of one spatial axis is used along all of them: right only where they agree",
        "Use dilation[j] along spatial axis j.",
    ),
    Mistake(
        Kind.AXES, "kernel transposed", MAPS, (transposed("w"),),
        "the spatial axes of the kernel (or of its gradient) are exchanged: height and width swapped",
        "Keep the kernel's spatial axes in their order.",
    ),
    Mistake(
        Kind.AXES, "delta transposed", MAPS, (transposed("delta"),),
        "the spatial axes of delta (or of z) are exchanged: height and width swapped",
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
        "Sum over the first axis of w in dE/da, and index dw as [o, c]: w is (M, C/groups, *K).",
    ),
    Mistake(
        Kind.AXES, "filters in reverse order", EVERYWHERE,
        (
            labelled(lambda f, m: (m[0], f.out_channels - 1 - m[1], m[2], m[3])),
            labelled(lambda f, m: (f.out_channels - 1 - m[0], m[1], m[2], m[3])),
        ),
        "the output channels come in reverse order: filter o belongs to channel o of delta",
        "Use the filters in their order: np.flip without axes, or [::-1], reverses the first axis.",
    ),
    Mistake(
        Kind.AXES, "channels in reverse order", MAPS,
        (
            labelled(lambda f, m: (m[0], m[1], m[2], f.in_channels - 1 - m[3])),
            labelled(lambda f, m: (m[0], m[1], f.per_group[1] - 1 - m[2], m[3])),
        ),
        "the input channels come in reverse order",
        "Use the channels in their order: np.flip without axes reverses all of them.",
    ),
    Mistake(
        Kind.AXES, "batch and channels mixed up", GRADIENTS, (reshaped("delta"), reshaped("a")),
        "a reshape exchanges the batch and the channels: it moves no entry, so it is right for one sample only",
        "Transpose before reshaping: delta.swapaxes(0, 1).reshape(M, -1).",
    ),
    Mistake(
        Kind.SCALE, "batch and filters mixed up", BIAS, (reshaped("delta"),),
        "delta.reshape(M, -1) mixes batch and filters up: it moves no entry, so it is right for one sample only",
        "Transpose before reshaping: delta.swapaxes(0, 1).reshape(M, -1).",
    ),
)  # fmt: skip
