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
from symconv.auditing.exact import integers
from symconv.auditing.forms import FACTORS
from symconv.auditing.judging import Sample
from symconv.auditing.lifting import Lifted, lift
from symconv.auditing.probing import (
    PROBES,
    Computed,
    predicts,
    probe,
    probes_needed,
    result_of,
    theorem,
)
from symconv.auditing.protocol import Array, Support
from symconv.auditing.running import Call, Runner
from symconv.auditing.verdicts import Finding, WrongEntry, WrongShape
from symconv.errors import InvalidLayer
from symconv.layer import Axis, Conv

SECONDS = 0.6  # for the probes of one layer, estimated from one call
SLIGHT = 1e-3  # of an entry: what the coefficients of a probe do not tell from 1


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
        begun = time.perf_counter()
        (again,) = self.runner.run([sample.call])
        most = min(PROBES, int(SECONDS / max(time.perf_counter() - begun, 1e-6)) + 1)
        returned = sample.returned(slot)
        assert returned is not None, "a wrong sample has a result"
        unknown = _evident(slot, sample, returned, result_of(slot, again))
        if unknown is not None:
            return Explained(_finding(slot, sample, None), None, None, False, unknown)
        computed = self._probed(slot, sample.layer, most)
        predicted = computed is not None and predicts(computed, sample.tensors, returned)
        stays = "" if predicted else self._stays(slot, sample)
        bilinear = predicted if computed else not stays
        if computed == theorem(slot, sample.layer):  # as far as its coefficients are told apart
            if slot == "forward" and not (predicted or stays or _nearly(sample, slot)):
                return Explained(_finding(slot, sample, None), None, None, True, BIAS_WRONG)
            computed = None
        finding = _finding(slot, sample, computed if bilinear else None)
        theirs, ours = self._formulas(slot, sample.layer, computed if bilinear else None, most)
        return Explained(finding, ours, theirs, bilinear, _unknown(slot, sample, bilinear, stays, theirs is not None))

    def _probed(self, slot: str, layer: Conv, most: int) -> Computed | None:
        return probe(self.runner, slot, layer, self.dtype) if probes_needed(slot, layer) <= most else None

    def _stays(self, slot: str, sample: Sample) -> str:
        """A factor of the gradient that may be zero and leaves something that is not; of a product nothing stays."""
        for name in FACTORS[slot]:
            tensors = replace(sample.tensors, **{name: np.zeros_like(getattr(sample.tensors, name))})
            if slot == "forward":
                tensors = replace(tensors, b=np.zeros_like(tensors.b))
            (seen,) = self.runner.run([Call(sample.layer, tensors.forward if slot == "forward" else tensors.backward,
                                            slot == "forward")])  # fmt: skip
            found = result_of(slot, seen)
            if found is not None and np.nan_to_num(found, nan=0.0).any():
                return name
        return ""

    def _predicted(self, computed: Computed) -> bool:
        """Whether the products give what comes back on other data."""
        data = integers(computed.layer, self.dtype, 1, 3)
        forward = computed.slot == "forward"
        (seen,) = self.runner.run([Call(computed.layer, data.forward if forward else data.backward, forward)])
        returned = result_of(computed.slot, seen)
        return returned is not None and predicts(computed, data, returned)

    def _formulas(
        self, slot: str, layer: Conv, computed: Computed | None, most: int
    ) -> tuple[Lifted | None, Lifted | None]:
        """The code's formula and the theorem's, on a larger layer if the mistake shows there."""
        for larger in _larger(layer, self.support):
            found = self._probed(slot, larger, most)
            if found is not None and found != theorem(slot, larger) and self._predicted(found):
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


def _evident(slot: str, sample: Sample, returned: Array, again: Array | None) -> Diagnosis | None:
    """What is said of results that no formula gives."""
    what, expected = symbol(slot), sample.expected(slot)
    if not np.isfinite(returned).all():
        text = f"{what} holds NaN or infinity"
        return Diagnosis(Kind.UNKNOWN, "not finite", text, "Look for a division by zero, or an array never filled.")
    if again is not None and not np.array_equal(returned, again):
        text = f"{what} comes out differently when the function is called again with the same arguments"
        return Diagnosis(Kind.UNKNOWN, "not repeatable", text, "Look for np.empty, random numbers, or state kept.")
    if slot == "forward" and returned.shape == expected.shape:
        bias = sample.tensors.b.astype(np.float64).reshape(-1, *[1] * sample.layer.ndim)
        if bias.any() and np.array_equal(returned + bias, expected):
            text = "the bias is left out: z[n,o,i] is the sum of the products and b[o]"
            return Diagnosis(Kind.ACCUMULATION, "bias left out", text, "Add b[o] to every entry of output channel o.")
    return None


BIAS_WRONG = Diagnosis(
    Kind.SCALE, "bias wrong", "the products are right, but what is added to them is not b[o]",
    "Add b[o], once, to every entry of output channel o.",
)  # fmt: skip


def _nearly(sample: Sample, slot: str) -> bool:
    returned, expected = sample.returned(slot), sample.expected(slot)
    if returned is None or returned.shape != expected.shape:
        return False
    return np.allclose(returned, expected, rtol=SLIGHT, atol=SLIGHT)


def _unknown(slot: str, sample: Sample, bilinear: bool, stays: str, recovered: bool) -> Diagnosis:
    """What is said where no mistake of the catalogue fits."""
    what, returned, expected = symbol(slot), sample.returned(slot), sample.expected(slot)
    assert returned is not None, "a wrong sample has a result"
    if stays:
        text = f"{what} is not zero where {stays} is: something is added that is not multiplied by {stays}"
        return Diagnosis(Kind.UNKNOWN, "not bilinear", text, "Look for a constant or a weight decay.")
    if returned.shape == expected.shape and not (returned % 1).any() and (abs(returned - expected) < 1).all():
        text = f"{what} holds whole numbers only: what lies between them is lost"
        return Diagnosis(Kind.SCALE, "rounded to whole numbers", text, "Make arrays of the dtype of the arguments.")
    if _nearly(sample, slot):
        text = f"{what} is slightly off, by more than rounding explains"
        return Diagnosis(Kind.UNKNOWN, "slightly off", text, "Look for a small constant in a denominator.")
    if not bilinear:
        text = f"{what} is not linear in each of its arguments, as every gradient of a convolution is"
        return Diagnosis(Kind.UNKNOWN, "not bilinear", text, "Look for a constant, a clip or a normalisation.")
    mend = "Compare the recovered formula with that of the theorem." if recovered else "Start from the smallest layer."
    text = "this is none of the known mistakes, nor two of them together"
    return Diagnosis(Kind.UNKNOWN, "none of the known mistakes", text, mend)
