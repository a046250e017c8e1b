"""Mistakes in which channels a group joins."""

from __future__ import annotations

from dataclasses import replace

from symconv.auditing.catalogue.mistake import BIAS, MAPS, WEIGHT, Kind, Mistake
from symconv.auditing.changes import fanned, group_of, labelled
from symconv.auditing.forms import Form


def dense(form: Form) -> Form:
    """Every filter with a gradient for every input channel, as if there were no groups."""
    labels = tuple((o, o, c, c) for o in range(form.out_channels) for c in range(form.in_channels))
    return replace(form, labels=labels, depth=form.in_channels)


TABLE: tuple[Mistake, ...] = (
    Mistake(
        Kind.GROUPS, "groups ignored", MAPS, (labelled(lambda f, m: (m[0], m[1], m[2], m[2])),),
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
    Mistake(
        Kind.GROUPS, "groups taken for depthwise", MAPS,
        (labelled(lambda f, m: m if f.groups == 1 or m[2] == 0 else None),),
        "where there are groups, only the first input channel of each takes part: right for depthwise layers alone",
        "Let each filter meet all C/groups channels of its group.",
    ),
    Mistake(
        Kind.GROUPS, "every filter meets every channel", WEIGHT, (dense,),
        "dE/dw is that of a layer without groups, with C input channels for each filter instead of C/groups",
        "Let filter o meet the C/groups channels of its group only.",
    ),
    Mistake(
        Kind.GROUPS, "groups summed", BIAS,
        (fanned(lambda f, m: ((m[0], o, m[2], m[3])
                              for o in range(m[1] % f.per_group[0], f.out_channels, f.per_group[0]))),),
        "dE/db is summed over the groups: each output channel has a bias of its own",
        "Sum delta over batch and positions only: delta.sum(axis=(0, 2, ...)).",
    ),
)  # fmt: skip
