"""Mistakes in a factor, and in what is summed."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from symconv.auditing.catalogue.mistake import BIAS, EVERYWHERE, WEIGHT, Kind, Mistake
from symconv.auditing.changes import fanned, outputs, paired, scaled, summed
from symconv.auditing.forms import Form


def taps(form: Form) -> int:
    """The number of kernel taps."""
    return prod(axis.kernel_size for axis in form.axes)


TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.SCALE, "zero", EVERYWHERE, (scaled(lambda form: 0),),
        "{of} is zero everywhere",
        "Return the array that was computed.",
    ),
    Mistake(
        Kind.SCALE, "wrong sign", EVERYWHERE, (scaled(lambda form: -1),),
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
        Kind.SCALE, "divided by the number of taps", EVERYWHERE, (scaled(lambda form: Fraction(1, taps(form))),),
        "{of} is divided by the number of kernel taps",
        "Do not divide.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the number of taps", EVERYWHERE, (scaled(taps),),
        "{of} is multiplied by the number of kernel taps",
        "Sum over the taps once.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the stride", EVERYWHERE,
        (scaled(lambda form: prod(axis.stride for axis in form.axes)),),
        "{of} is multiplied by the stride: it says where windows start, and is no factor",
        "Leave the factor out.",
    ),
    Mistake(
        Kind.SCALE, "divided by the number of channels", EVERYWHERE,
        (scaled(lambda form: Fraction(1, form.out_channels)), scaled(lambda form: Fraction(1, form.in_channels))),
        "{of} is divided by the number of channels",
        "Do not divide.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the batch size", EVERYWHERE, (scaled(lambda form: form.batch),),
        "{of} is multiplied by the batch size",
        "Sum over the batch once.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the number of positions", EVERYWHERE,
        (scaled(outputs), scaled(lambda form: form.batch * outputs(form))),
        "{of} is multiplied by the number of positions",
        "Sum over positions once.",
    ),
    Mistake(
        Kind.SCALE, "multiplied by the number of groups", EVERYWHERE, (scaled(lambda form: form.groups),),
        "{of} is multiplied by the number of groups: every group adds the whole",
        "Let each group write its own channels.",
    ),
    # what is summed
    Mistake(
        Kind.SCALE, "batch summed before the product", WEIGHT, (paired(lambda n, m: True),),
        "delta and a are summed over the batch before they are multiplied, so that each sample meets all others",
        "Multiply the samples one by one, then sum.",
    ),
    Mistake(
        Kind.SCALE, "batch not summed", BIAS, (summed(lambda rank: tuple(range(2, rank))),),
        "dE/db is not summed over the batch: it has a row for each sample, where b has none",
        "Sum delta over batch and positions: delta.sum(axis=(0, 2, ...)).",
    ),
    Mistake(
        Kind.SCALE, "positions not summed", BIAS, (summed(lambda rank: (0,)),),
        "dE/db is not summed over the output positions: b is the same at all of them",
        "Sum delta over batch and positions: delta.sum(axis=(0, 2, ...)).",
    ),
    Mistake(
        Kind.SCALE, "one axis not summed", BIAS,
        (summed(lambda rank: (0, *range(2, rank - 1))), summed(lambda rank: (0, *range(3, rank)))),
        "dE/db is not summed over one of the spatial axes: b is the same at all positions",
        "Sum delta over the batch and every spatial axis: delta.sum(axis=(0, 2, ...)).",
    ),
    Mistake(
        Kind.SCALE, "filters summed too", BIAS,
        (fanned(lambda f, m: ((m[0], o, m[2], m[3]) for o in range(f.out_channels))),),
        "dE/db is summed over the output channels as well: each of them has a bias of its own",
        "Sum delta over batch and positions only: delta.sum(axis=(0, 2, ...)).",
    ),
    Mistake(
        Kind.SCALE, "one number for all filters", BIAS, (summed(lambda rank: tuple(range(rank))),),
        "dE/db is one number, the sum of all of delta: each output channel has a bias of its own",
        "Sum delta over batch and positions only: delta.sum(axis=(0, 2, ...)).",
    ),
)  # fmt: skip
