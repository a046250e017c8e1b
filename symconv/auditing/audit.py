"""An audit: sweep over layers, judge every gradient, and say what is wrong and why.

In: a runner, a description of the implementation, settings.  Out: an `AuditVerdict`.
Never: PASSED for a gradient that any tested layer denies.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from symconv.auditing.crashes import diagnose_crash
from symconv.auditing.diagnosis import diagnose
from symconv.auditing.exact import Tensors, bits_of, integers, largest_entry, points, terms, trials
from symconv.auditing.explaining import Explainer
from symconv.auditing.judging import SMALL, Sample, State
from symconv.auditing.protocol import Described
from symconv.auditing.running import BACKWARD, FORWARD, Call, Failed, Failure, NotCalled, NotSupported, Returned, Runner
from symconv.auditing.shrinking import shrink
from symconv.auditing.sweep import at_random, smoke, systematic
from symconv.auditing.symbols import proved_on_symbols, symbolic_layers
from symconv.auditing.verdicts import Agreed, AuditOutcome, AuditVerdict, Mistaken, NoResult, NotAudited, NotComputed
from symconv.errors import InvalidOption
from symconv.layer import Conv

CHUNK = 16  # layers between two looks at the clock, of code that is not slow
SLOW = 1.0  # seconds between two looks, above which there are fewer layers between them
AFTER = 0.4  # seconds that the sweep goes on for the other gradients, once one is refuted
FINE = {State.RIGHT, State.ROUNDED}
POINTS = ((0, None), (0, SMALL), (1, SMALL))  # which point, and the largest entry
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Settings:
    """How an audit is made.

    Parameters
    ----------
    dtype
        The dtype of the data.
    seed
        What random layers and data depend on.
    layers
        How many layers are tested at most.
    seconds
        After how many seconds the sweep ends, whatever was tested (the verdict says how many layers it was).
    chosen
        Layers to test instead of a sweep.
    """

    dtype: str = "float64"
    seed: int = 0
    layers: int = 600
    seconds: float = 20.0
    chosen: tuple[Conv, ...] = ()

    def __post_init__(self) -> None:
        if self.layers < 1 or self.seconds <= 0:
            raise InvalidOption(f"layers={self.layers}, seconds={self.seconds}: an audit needs at least 1 and above 0")


@dataclass
class Record:
    """What was seen of the forward map, or of the gradients."""

    slots: tuple[str, ...]
    samples: list[Sample] = field(default_factory=list)
    rounded: dict[str, tuple[float, float]] = field(default_factory=dict)  # the largest error, and what was allowed
    bits: int = 10**6
    passed: dict[str, set[Conv]] = field(default_factory=lambda: defaultdict(set))

    def of(self, slot: str, *states: State) -> list[Sample]:
        """The samples that say this of a gradient."""
        return [sample for sample in self.samples if sample.state(slot) in states]

    def refuted(self, slot: str) -> bool:
        """Whether a sample denies that the gradient is right."""
        return any(sample.state(slot) in (State.WRONG, State.FAILED) for sample in self.samples)


@dataclass
class Sweep:
    """The layers that are still to be tested, and what was seen of the others."""

    layers: Iterator[Conv]
    record: Record
    size: int = CHUNK  # layers between two looks at the clock
    cut: bool = False  # whether time ran out before the layers did

    def next(self, count: int) -> list[Conv]:
        """The next layers, each once."""
        return list(dict.fromkeys(islice(self.layers, max(count, 0))))


class Audit:
    """One audit of one implementation."""

    def __init__(self, runner: Runner, about: Described, settings: Settings, progress: Progress | None = None) -> None:
        self.runner, self.about, self.settings = runner, about, settings
        self.progress: Progress = progress or _silent
        self.calls = 0
        self.symbolic: dict[tuple[Conv, tuple[str, ...]], set[str]] = {}
        self.started = time.perf_counter()

    def run(self) -> AuditVerdict:
        """Sweep, judge, explain: the first layers for every function, then the others."""
        sweeps = [Sweep(self._layers(), Record(FORWARD))] if self.about.has_forward else []
        sweeps.append(Sweep(self._layers(), Record(BACKWARD)))
        for sweep in sweeps:
            self._begin(sweep)
        for sweep in sweeps:
            refuted = any(other.record.refuted(slot) for other in sweeps for slot in other.record.slots)
            self._sweep(sweep, AFTER if refuted else self.settings.seconds / len(sweeps))
        refuted = any(sweep.record.refuted(slot) for sweep in sweeps for slot in sweep.record.slots)
        outcomes = {slot: self._outcome(slot, sweep.record) for sweep in sweeps for slot in sweep.record.slots}
        notes = [note for sweep in sweeps for note in _notes(sweep.record.samples)]
        tested = {sample.layer for sweep in sweeps for sample in sweep.record.samples}
        return AuditVerdict(
            self.about.name, self.settings.dtype, self.about.support, outcomes, len(tested), self.calls,
            self.settings.seed, time.perf_counter() - self.started, tuple(dict.fromkeys(notes)),
            any(sweep.cut for sweep in sweeps) and not refuted,  # a refutation ends a sweep early by itself
        )  # fmt: skip

    def _begin(self, sweep: Sweep) -> None:
        """Test the layers that come first, those that tell mistakes apart; of slow code, one alone."""
        begun = time.perf_counter()
        self._test(sweep.next(1), sweep.record)
        if time.perf_counter() - begun > SLOW / CHUNK:
            sweep.size = 1
        elif not self.settings.chosen:
            self._test(sweep.next(len(smoke(self.about.support)) - 1), sweep.record)

    def _layers(self) -> Iterator[Conv]:
        """Every layer of the sweep, in order, as far as the dtype is exact on it."""
        settings, support = self.settings, self.about.support
        for layer in settings.chosen:
            if largest_entry(layer, settings.dtype) == 0:
                raise InvalidOption(f"{layer!r} sums {terms(layer)} products, too many to be exact in {settings.dtype}")
        planned = settings.chosen or (*smoke(support), *systematic(support))
        missing = 0 if settings.chosen else max(settings.layers - len(planned), 0)
        found = chain(
            planned[: None if settings.chosen else settings.layers], at_random(support, settings.seed, missing)
        )
        return (layer for layer in found if largest_entry(layer, settings.dtype) > 0)

    def _sweep(self, sweep: Sweep, seconds: float) -> None:
        """Test layer after layer, until the clock says stop; all the shorter once something is refuted."""
        record = sweep.record
        begun, deadline = time.perf_counter(), time.perf_counter() + seconds
        if not record.samples:
            raise InvalidOption(
                f"no layer that is supported is exact in {self.settings.dtype}: widen the options, or take float64"
            )
        while not all(record.of(slot, State.WRONG) for slot in record.slots):
            now = time.perf_counter()
            if now > deadline:
                sweep.cut = True
                return
            chunk = sweep.next(sweep.size)
            if not chunk:
                return
            self._test(chunk, record)
            self.progress(len({sample.layer for sample in record.samples}), self.settings.layers)
            if time.perf_counter() - now > SLOW:  # look at the clock more often
                sweep.size = max(sweep.size // 4, 1)
            if any(record.refuted(slot) for slot in record.slots):
                deadline = min(deadline, begun + AFTER)

    def _test(self, layers: Sequence[Conv], record: Record) -> None:
        """One point on every layer; then, where that agrees, as many as convince."""
        dtype = self.settings.dtype
        made = self._sample([(layer, 0, None) for layer in layers], record.slots)
        first = [sample for sample in made if not isinstance(sample.observation, NotCalled)]
        fine = [sample.layer for sample in first if _agrees(sample)]
        later = self._sample([(la, point, None) for la in fine for point in range(1, trials(la, dtype))], record.slots)
        rounded = dict.fromkeys(sample.layer for sample in (*first, *later) if _rounds(sample))
        small = self._sample(
            [(la, point, SMALL) for la in rounded for point in range(points(self._largest(la, SMALL)))], record.slots
        )
        record.samples += [*first, *(sample for sample in (*later, *small) if not _right(sample))]
        for slot in record.slots:
            self._count(slot, fine, [*first, *later], small, record)

    def _count(
        self, slot: str, layers: Sequence[Conv], large: Sequence[Sample], small: Sequence[Sample], record: Record
    ) -> None:
        """The layers that pass: right at every point; where only up to rounding, on small entries, too."""
        states: dict[Conv, set[State]] = {layer: set() for layer in layers}
        for sample in large:
            if sample.layer in states:
                states[sample.layer].add(sample.state(slot))
        judged: dict[Conv, list[Sample]] = {}
        for sample in small:
            judged.setdefault(sample.layer, []).append(sample)
        for layer, seen in states.items():
            rounds = State.ROUNDED in seen
            also = judged.get(layer, []) if rounds else []
            if not seen <= FINE or (rounds and not also) or any(sample.state(slot) not in FINE for sample in also):
                continue
            record.passed[slot].add(layer)
            count = trials(layer, self.settings.dtype)
            record.bits = min(record.bits, bits_of(layer, self.settings.dtype, count))
            if rounds:
                error, allowed = record.rounded.get(slot, (0.0, 0.0))
                record.rounded[slot] = (
                    max([error, *(sample.error(slot) for sample in also)]),
                    max([allowed, *(sample.allowed(slot) for sample in also)]),
                )

    def _largest(self, layer: Conv, wanted: int | None) -> int:
        """The largest entry that was wanted, as far as the dtype is exact with it."""
        exact = largest_entry(layer, self.settings.dtype)
        return exact if wanted is None else min(wanted, exact)

    def _sample(self, wanted: Sequence[tuple[Conv, int, int | None]], slots: tuple[str, ...]) -> list[Sample]:
        """Calls on random data: (layer, which point, largest entry)."""
        made: list[tuple[Call, Tensors]] = []
        for layer, point, largest in wanted:
            seed = _seed(self.settings.seed, layer, point)
            data = integers(layer, self.settings.dtype, seed, self._largest(layer, largest), halved=point % 2 == 1)
            forward = slots == FORWARD
            made.append((Call(layer, data.forward if forward else data.backward, forward), data))
        self.calls += len(made)
        observations = self.runner.run([call for call, _ in made])
        return [
            Sample(call, data, self.settings.dtype, seen)
            for (call, data), seen in zip(made, observations, strict=True)
        ]  # fmt: skip

    def _outcome(self, slot: str, record: Record) -> AuditOutcome:
        wrong = record.of(slot, State.WRONG)
        failed = record.of(slot, State.FAILED)
        fine, unsupported = record.passed[slot], record.of(slot, State.UNSUPPORTED)
        if wrong:
            return self._mistaken(slot, record, wrong)
        if failed and (record.of(slot, State.RIGHT, State.ROUNDED) or not record.of(slot, State.ABSENT)):
            return self._failing(record, failed, sorted(fine, key=repr))
        if fine:
            return self._agreed(slot, record, fine)
        if unsupported:
            observation = unsupported[0].observation
            assert isinstance(observation, NotSupported), "that is what unsupported means"
            reason = f": {observation.reason}" if observation.reason else ""
            return NotAudited(f"NotImplementedError on all {len(unsupported)} layers{reason}")
        if record.of(slot, State.RIGHT, State.ROUNDED):
            return NotAudited("no layer was answered at every point that it was tested with")
        return NotComputed()

    def _agreed(self, slot: str, record: Record, fine: set[Conv]) -> Agreed:
        unsupported, absent = (
            len({sample.layer for sample in record.of(slot, state)} - fine)
            for state in (State.UNSUPPORTED, State.ABSENT)
        )
        error, allowed = record.rounded.get(slot, (0.0, 0.0))
        proved = self._on_symbols(slot, record.slots, fine)
        return Agreed(len(fine), unsupported, absent, record.bits, error, allowed, proved)

    def _on_symbols(self, slot: str, slots: tuple[str, ...], fine: set[Conv]) -> tuple[Conv, ...]:
        """The small layers on which the code, run on symbols, gives the theorem's polynomials."""
        if not self.about.symbolic:
            return ()
        proved = []
        for layer in symbolic_layers(fine):
            if (layer, slots) not in self.symbolic:
                self.symbolic[layer, slots] = proved_on_symbols(self.runner, layer, slots)
            proved += [layer] if slot in self.symbolic[layer, slots] else []
        return tuple(proved)

    def _mistaken(self, slot: str, record: Record, wrong: Sequence[Sample]) -> Mistaken:
        diagnoses = tuple(diagnose(slot, record.samples))
        holds = diagnoses[0].holds if diagnoses else _always

        def shows(layer: Conv) -> bool:
            sample = self._showing(slot, record.slots, layer)
            return sample is not None and holds(sample)

        start = min((sample.layer for sample in wrong), key=_size)
        smallest = shrink(start, self.about.support, shows)
        sample = self._showing(slot, record.slots, smallest, readable=True)
        if sample is None or not holds(sample):  # it does not come again: keep what was seen
            sample = min(wrong, key=lambda seen: _size(seen.layer))
            smallest = sample.layer
        explained = Explainer(self.runner, self.about.support, self.settings.dtype).explain(slot, sample)
        return Mistaken(
            smallest, explained.finding, diagnoses or (explained.unknown,), len({s.layer for s in record.samples}),
            len({s.layer for s in wrong}), explained.theorem, explained.recovered, explained.bilinear,
        )  # fmt: skip

    def _showing(self, slot: str, slots: tuple[str, ...], layer: Conv, readable: bool = False) -> Sample | None:
        """A point at which the gradient is wrong here; what is wrong may be small, or between whole numbers."""
        if largest_entry(layer, self.settings.dtype) == 0:
            return None
        for point, largest in ((0, 3 * SMALL), (0, None), (1, SMALL)) if readable else POINTS:
            (sample,) = self._sample([(layer, point, largest)], slots)
            if sample.state(slot) is State.WRONG:
                return sample
        return None

    def _failing(self, record: Record, failed: Sequence[Sample], fine: Sequence[Conv]) -> Mistaken:
        first = failed[0].observation
        assert isinstance(first, Failed), "that is what failed means"
        kind = first.text.partition(":")[0]
        failing, working = [sample.layer for sample in failed], list(fine)

        def fails(layer: Conv) -> bool:
            if largest_entry(layer, self.settings.dtype) == 0:
                return False
            (sample,) = self._sample([(layer, 0, None)], record.slots)
            seen = sample.observation
            (failing if isinstance(seen, Failed) else working).append(layer)
            return isinstance(seen, Failed) and seen.text.partition(":")[0] == kind

        start = min(failing, key=_size)
        patient = first.failure in (Failure.RAISED, Failure.MALFORMED)  # others take their time at each question
        smallest = shrink(start, self.about.support, fails) if patient and fails(start) else start
        (sample,) = self._sample([(smallest, 0, None)], record.slots) if smallest != start else (failed[0],)
        seen = sample.observation if isinstance(sample.observation, Failed) else first
        diagnosis = diagnose_crash(seen.failure, failing, working, smallest)
        tested = len({sample.layer for sample in record.samples})
        finding = NoResult(seen.failure, seen.text, seen.where)
        return Mistaken(smallest, finding, (diagnosis,), tested, len({sample.layer for sample in failed}))


def _always(_: Sample) -> bool:
    return True


def _agrees(sample: Sample) -> bool:
    """Whether there is a gradient that the sample does not deny."""
    return any(sample.state(slot) in (State.RIGHT, State.ROUNDED) for slot in sample.slots)


def _rounds(sample: Sample) -> bool:
    return any(sample.state(slot) is State.ROUNDED for slot in sample.slots)


def _right(sample: Sample) -> bool:
    return isinstance(sample.observation, NotCalled) or all(sample.state(slot) in FINE for slot in sample.slots)


def _silent(_done: int, _total: int) -> None:
    """No progress is shown."""


def _notes(samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        if isinstance(sample.observation, Returned | Failed):
            yield from sample.observation.notes


def _seed(seed: int, layer: Conv, point: int) -> int:
    numbers = (seed, point, *layer.input_size, *layer.kernel_size, *layer.stride, layer.groups, layer.batch)
    return hash(numbers) % 2**63


def _size(layer: Conv) -> tuple[int, int]:
    return layer.ndim, layer.monomials
