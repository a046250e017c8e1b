"""Mistakes in which end of the spatial axes comes first."""

from __future__ import annotations

from symconv.auditing.catalogue.mistake import FORWARD, GRADIENTS, INPUT, WEIGHT, Kind, Mistake
from symconv.auditing.changes import all_but, each, labelled, one_axis, only, then, transposed, turned

WITH_CHANNELS = labelled(lambda f, m: (m[0], f.out_channels - 1 - m[1], f.per_group[1] - 1 - m[2], m[3]))

TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.ROTATION, "kernel not rotated", INPUT, each(turned("w")),
        "the kernel is not rotated by 180 degrees: dE/da correlates delta with rot180(w)",
        "Use w{flip}.",
    ),
    Mistake(
        Kind.ROTATION, "kernel not rotated where there are groups", INPUT,
        (lambda form: form.along(turned("w")) if form.groups > 1 else form,),
        "the kernel is rotated by 180 degrees only without groups: each group's kernels need it too",
        "Use w{flip} before w is split into groups.",
    ),
    Mistake(
        Kind.ROTATION, "kernel rotated along one axis only", INPUT,
        (only(0, turned("w")), only(-1, turned("w")), all_but(0, turned("w")), all_but(-1, turned("w"))),
        "the kernel is reversed along some of its spatial axes only: a rotation by 180 degrees reverses them all",
        "Use w{flip}.",
    ),
    Mistake(
        Kind.ROTATION, "kernel reversed along one axis too many", INPUT,
        (one_axis(-1, turned("w")), one_axis(0, turned("w"))),
        "one spatial axis of the kernel is reversed that should not be, on top of the rotation by 180 degrees",
        "Use w{flip}, once; and do not reverse w in the forward map.",
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
        Kind.ROTATION, "kernel reversed along its channel axes too", INPUT, (WITH_CHANNELS,),
        "the kernel is reversed along all of its axes: only the spatial ones are rotated",
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
        "Return da without reversing it.",
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
        "dE/dw comes out reversed along some of its spatial axes",
        "Return dw without reversing it.",
    ),
    Mistake(
        Kind.ROTATION, "dE/dw reversed along all its axes", WEIGHT,
        (then(WITH_CHANNELS, lambda form: form.along(turned("w"))),),
        "dE/dw comes out reversed along all of its axes, the channels included: np.flip without axes reverses them all",
        "Return dw without np.flip.",
    ),
    Mistake(
        Kind.ROTATION, "dE/dw reversed and transposed", WEIGHT,
        (then(transposed("w"), lambda form: form.along(turned("w"))),),
        "dE/dw comes out rotated by 180 degrees, and with its spatial axes exchanged",
        "Return dw without turning it.",
    ),
    Mistake(
        Kind.ROTATION, "dE/dw rotated by 90 degrees", WEIGHT,
        (then(transposed("w"), only(-1, turned("w"))), then(transposed("w"), only(0, turned("w")))),
        "dE/dw comes out rotated by 90 degrees",
        "Return dw without np.rot90.",
    ),
    Mistake(
        Kind.ROTATION, "kernel rotated in the forward map", FORWARD, each(turned("w")),
        "the forward map rotates the kernel: it is a convolution of mathematics, and the layer is a cross-correlation",
        "Use w as it is (or audit with a flipped kernel).",
    ),
    Mistake(
        Kind.ROTATION, "forward kernel reversed along one axis", FORWARD,
        (one_axis(-1, turned("w")), one_axis(0, turned("w"))),
        "the forward map reverses the kernel along one of its spatial axes: the layer is a cross-correlation",
        "Use w as it is.",
    ),
)  # fmt: skip
