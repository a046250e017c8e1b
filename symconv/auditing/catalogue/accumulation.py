"""Mistakes in what is added up: one term overwrites the others, or a loop ends early."""

from __future__ import annotations

from symconv.auditing.axis_forms import Keep
from symconv.auditing.catalogue.mistake import BIAS, EVERYWHERE, FORWARD, INPUT, MAPS, WEIGHT, Kind, Mistake
from symconv.auditing.changes import axis_with, each, fanned, keeping, labelled, paired, positions, sampled
from symconv.auditing.forms import Form, Label


def filter_for_all(form: Form, label: Label, chosen: int) -> list[Label]:
    """One filter's place taken by all."""
    return [(label[0], o, label[2], label[3]) for o in range(form.out_channels)] if label[1] == chosen else []


def channel_for_all(form: Form, label: Label, chosen: int) -> list[Label]:
    """The place of one channel of the input taken by all."""
    return [(*label[:3], y) for y in range(form.in_channels)] if label[3] == chosen else []


def depth_for_all(form: Form, label: Label, chosen: int) -> list[Label]:
    """The place of one channel of the kernel taken by all."""
    return [(*label[:2], c, label[3]) for c in range(form.depth)] if label[2] == chosen else []


TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.ACCUMULATION, "only the last window survives", INPUT, each(keeping(Keep.LAST_WINDOW)),
        "where windows overlap, the last one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over output positions.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last window survives", WEIGHT,
        each(keeping(Keep.LAST_WINDOW), keeping(Keep.LAST_INSIDE), keeping(Keep.FIRST_WINDOW)),
        "of the output positions, one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over output positions.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last tap survives", INPUT + FORWARD, each(keeping(Keep.LAST_TAP)),
        "of the taps that meet an entry, the last one overwrites the others: `=` where `+=` is meant",
        "Accumulate with += over kernel taps.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the first tap survives", FORWARD, each(keeping(Keep.FIRST_TAP)),
        "of the taps, only the first takes part",
        "Accumulate with += over kernel taps.",
    ),
    Mistake(
        Kind.ACCUMULATION, "one tap for all", WEIGHT,
        each(keeping(Keep.LAST_TAP_FOR_ALL), keeping(Keep.FIRST_TAP_FOR_ALL)),
        "every tap of dE/dw is that of one: each result is written to all taps",
        "Write to dw[:, :, k] for tap k.",
    ),
    Mistake(
        Kind.ACCUMULATION, "last tap left out", MAPS, each(axis_with(skipped_taps=lambda j: 1)),
        "the last tap of the kernel does not take part: a loop ends one too early",
        "Let k run over all K taps.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last filter survives", EVERYWHERE,
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
        Kind.ACCUMULATION, "only the last input channel survives", MAPS,
        (
            labelled(lambda f, m: m if m[3] == f.in_channels - 1 else None),
            labelled(lambda f, m: m if m[2] == f.per_group[1] - 1 else None),
            labelled(lambda f, m: m if m[3] == 0 else None),
            labelled(lambda f, m: m if m[2] == 0 else None),
        ),
        "of the input channels, one only takes part: `=` where `+=` is meant, or a loop that keeps its last result",
        "Accumulate with += over input channels, and write each to its own place.",
    ),
    Mistake(
        Kind.ACCUMULATION, "one filter for all", WEIGHT + BIAS,
        (fanned(lambda f, m: filter_for_all(f, m, f.out_channels - 1)), fanned(lambda f, m: filter_for_all(f, m, 0))),
        "{of} is that of one filter for all of them: each result is written to all filters",
        "Write to index o for filter o.",
    ),
    Mistake(
        Kind.ACCUMULATION, "one input channel for all", INPUT,
        (fanned(lambda f, m: channel_for_all(f, m, f.in_channels - 1)), fanned(lambda f, m: channel_for_all(f, m, 0))),
        "dE/da is that of one input channel for all of them: each result is written to all channels",
        "Write to da[:, c] for channel c.",
    ),
    Mistake(
        Kind.ACCUMULATION, "one input channel for all", WEIGHT,
        (fanned(lambda f, m: depth_for_all(f, m, f.depth - 1)), fanned(lambda f, m: depth_for_all(f, m, 0))),
        "dE/dw is that of one input channel for all of them: each result is written to all channels",
        "Write to dw[:, c] for channel c.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last sample survives", EVERYWHERE,
        (sampled(lambda batch: batch - 1), sampled(lambda batch: 0)),
        "of the batch, one sample only contributes: right only for N = 1",
        "Sum over all samples of the batch (and give each its own part of dE/da).",
    ),
    Mistake(
        Kind.ACCUMULATION, "first sample used for all", MAPS,
        (paired(lambda n, m: n == 0), paired(lambda n, m: m == 0)),
        "the first sample of the batch is taken for all of them: right only for N = 1",
        "Use sample n of delta with sample n of a.",
    ),
    Mistake(
        Kind.ACCUMULATION, "only the last position survives", BIAS,
        (positions(lambda j: [j.output_size - 1]), positions(lambda j: [0])),
        "of the output positions, one only contributes to dE/db: `=` where `+=` is meant",
        "Sum delta over batch and positions: delta.sum(axis=(0, 2, ...)).",
    ),
)  # fmt: skip
