"""What is wrong on the smallest layer: the entry, what it should be and what it is, and the formula that is computed.

In: a runner and a sample on which a gradient is wrong.  Out: a finding, and formulas of the theorem and of the code.
Never: which mistake it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from symconv.auditing.catalogue import Kind
from symconv.auditing.diagnosis import Diagnosis, symbol
from symconv.auditing.judging import Sample
from symconv.auditing.lifting import Lifted, lift
from symconv.auditing.probing import (
    PROBES,
    Computed,
    call_on_zeros,
    predicts,
    probe,
    probes_needed,
    result_of,
    theorem,
)
from symconv.auditing.protocol import Array, Support
from symconv.auditing.running import Runner
from symconv.auditing.verdicts import Finding, WrongEntry, WrongShape
from symconv.errors import InvalidLayer
from symconv.layer import Axis, Conv

SECONDS = 0.6  # for the probes of one layer, estimated from one call


@dataclass(frozen=True)
class Explained:
    """A finding on the smallest layer, and formulas on a layer that is large enough to tell indices apart."""

    finding: Finding
    theorem: Lifted | None
    recovered: Lifted | None
    bilinear: bool
    unknown: Diagnosis


@dataclass(frozen=True)
class Explainer:
    """Asks an implementation what it computes."""

    runner: Runner
    support: Support
    dtype: str

    def explain(self, slot: str, sample: Sample) -> Explained:
        """The finding of a wrong sample, and the formulas."""
        most = self._most(sample)
        computed = self._probed(slot, sample.layer, most)
        returned = sample.returned(slot)
        assert returned is not None, "a wrong sample has a result"
        bilinear = predicts(computed, sample.tensors, returned) if computed else self._vanishes(slot, sample.layer)
        finding = _finding(slot, sample, computed if bilinear else None)
        theirs, ours = self._formulas(slot, sample.layer, computed if bilinear else None, most)
        return Explained(finding, ours, theirs, bilinear, _unknown(slot, returned, bilinear, theirs is not None))

    def _most(self, sample: Sample) -> int:
        begun = time.perf_counter()
        self.runner.run([sample.call])
        return min(PROBES, int(SECONDS / max(time.perf_counter() - begun, 1e-6)) + 1)

    def _probed(self, slot: str, layer: Conv, most: int) -> Computed | None:
        return probe(self.runner, slot, layer, self.dtype) if probes_needed(slot, layer) <= most else None

    def _vanishes(self, slot: str, layer: Conv) -> bool:
        """Whether nothing comes of zeros, as of every product."""
        (seen,) = self.runner.run([call_on_zeros(slot, layer, self.dtype)])
        found = result_of(slot, seen)
        return found is None or not np.nan_to_num(found, nan=0.0).any()

    def _formulas(
        self, slot: str, layer: Conv, computed: Computed | None, most: int
    ) -> tuple[Lifted | None, Lifted | None]:
        """The code's formula and the theorem's, on a larger layer if the mistake shows there."""
        for larger in _larger(layer, self.support):
            found = self._probed(slot, larger, most)
            if found is not None and found != theorem(slot, larger):
                formulas = _lifted(found)
                if formulas[0] is not None:
                    return formulas
        return _lifted(computed) if computed is not None else (None, lift(theorem(slot, layer)))


def _lifted(computed: Computed) -> tuple[Lifted | None, Lifted | None]:
    ours = lift(theorem(computed.slot, computed.layer))
    return lift(computed, ours), ours


def _larger(layer: Conv, support: Support) -> list[Conv]:
    """The layer with kernels and outputs long enough that every index shows, without more channels than it has."""
    windows = {1: 4, 2: 3, 3: 2}[layer.ndim]
    axes = []
    for axis in layer.axes:
        grown = replace(axis, kernel_size=max(axis.kernel_size, 2))
        short = (windows - 1) * grown.stride - grown.slack
        axes.append(replace(grown, input_size=max(grown.input_size + short, grown.input_size, 2)))
    found = []
    if support.square_input:
        axes = [replace(axis, input_size=max(a.input_size for a in axes)) for axis in axes]
    for groups, batch in ((layer.groups, layer.batch),):
        try:
            found.append(_with(layer, axes, groups, batch))
        except InvalidLayer:
            continue
    return [candidate for candidate in found if support.admits(candidate)]


def _with(layer: Conv, axes: list[Axis], groups: int, batch: int) -> Conv:
    return Conv.of_axes(
        axes, groups=groups, in_channels=groups * layer.in_channels_per_group,
        out_channels=groups * layer.out_channels_per_group, batch=batch,
    )  # fmt: skip


def _finding(slot: str, sample: Sample, computed: Computed | None) -> Finding:
    returned, expected = sample.returned(slot), sample.expected(slot)
    assert returned is not None, "a wrong sample has a result"
    if returned.shape != expected.shape:
        return WrongShape(expected.shape, returned.shape)
    right = theorem(slot, sample.layer)
    wrong = [tuple(int(i) for i in at) for at in np.argwhere(~(returned == expected))]
    entry = wrong[0]
    if computed is not None:
        differing = [at for at in np.ndindex(expected.shape) if computed.of_entry(at) != right.of_entry(at)]
        telling = [at for at in differing if computed.of_entry(at) and right.of_entry(at)]
        entry = (telling or differing or wrong)[0]
    return WrongEntry(
        entry, right.of_entry(entry), None if computed is None else computed.of_entry(entry),
        float(expected[entry]), float(returned[entry]),
    )  # fmt: skip


def _unknown(slot: str, returned: Array, bilinear: bool, recovered: bool) -> Diagnosis:
    """What is said where no mistake of the catalogue fits."""
    what = symbol(slot)
    if not np.isfinite(returned).all():
        text = f"{what} holds NaN or infinity"
        return Diagnosis(Kind.UNKNOWN, "not finite", text, "Look for a division by zero, or an array never filled.")
    if not bilinear:
        text = f"{what} is not linear in each of its arguments, as every gradient of a convolution is"
        return Diagnosis(Kind.UNKNOWN, "not bilinear", text, "Look for a constant, a clip or a normalisation.")
    mend = "Compare the recovered formula with that of the theorem." if recovered else "Start from the smallest layer."
    return Diagnosis(Kind.UNKNOWN, "unknown", f"{what} is none of the known mistakes, nor two of them together", mend)
