"""A convolution of any stride and dilations as plain ones: its places sorted by their remainders.

In: the numbers of a problem's axes.  Out: phases of the result, and for each the taps that reach it and the places of
the padded input, itself sorted into phases, that these read.
Never: a loop, and never the channels.

Along an axis ``u*x = s*i + d*k - low``. With ``g = gcd(s, u)``, ``P = u/g`` and ``S = s/g``, the positions
``i = P*q + r`` of phase r are reached by the taps with ``s*r + d*k - low = u*e``, and read ``x = S*q + e``: the place
``q + t`` of phase f of the input where ``e = S*t + f``. Between two phases every window is a plain one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd, prod

from symconv.lowering.problem import Line, Problem
from symconv.terms import number

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Tap:
    """A tap of the kernel along one axis: it reads ``q + place`` of this phase of the input."""

    at: int
    phase: int
    place: int


@dataclass(frozen=True)
class Along:
    """One axis.

    Attributes
    ----------
    steps, stride
        S and P: the phases of the input and of the result.
    first, places
        A phase of the padded input has so many places, of which number 0 is place `first` of the input's phase.
    phases
        The number of positions and the taps of each phase of the result.
    """

    input_size: int
    output_size: int
    kernel_size: int
    steps: int
    stride: int
    first: int
    places: int
    phases: tuple[tuple[int, tuple[Tap, ...]], ...]

    @classmethod
    def of(cls, line: Line) -> Along:
        """The phases of an axis of numbers."""
        size, kernel, outs = map(number, (line.input_size, line.kernel_size, line.output_size))
        s, d, u, low = map(number, (line.stride, line.dilation, line.input_dilation, line.low))
        common = gcd(s, u)
        steps, stride = s // common, u // common
        found: list[tuple[int, list[tuple[int, int, int]]]] = []
        for r in range(min(stride, outs)):
            reached = [(k, *divmod(s * r + d * k - low, u)) for k in range(kernel)]
            found.append((-(-(outs - r) // stride), [(k, *divmod(e, steps)) for k, e, rest in reached if rest == 0]))
        first = min((t for _, taps in found for _, t, _ in taps), default=0)
        places = max(q + max((t - first for _, t, _ in taps), default=0) for q, taps in found)
        phases = tuple((q, tuple(Tap(k, f, t - first) for k, t, f in taps)) for q, taps in found)
        return cls(size, outs, kernel, steps, stride, first, places, phases)

    def filled(self, phase: int) -> tuple[int, int]:
        """The places of a phase of the padded input, from and up to, that hold entries of the input."""
        entries = -(-(self.input_size - phase) // self.steps)
        return max(0, -self.first), min(self.places, entries - self.first)

    @property
    def relation(self) -> list[tuple[int, int, int]]:
        """The triples of a position, a tap and a place of the input that belong together."""
        return [
            (self.stride * q + r, tap.at, x)
            for r, (count, taps) in enumerate(self.phases)
            for q in range(count)
            for tap in taps
            if 0 <= (x := self.steps * (q + tap.place + self.first) + tap.phase) < self.input_size
        ]


@dataclass(frozen=True)
class Reach:
    """A tap that reaches a phase: its place in the kernel, the phase of the input, and the flat place there."""

    tap: int
    phase: int
    place: int


@dataclass(frozen=True)
class Phase:
    """The positions ``stride*q + start`` of the result, q up to `counts`, and what reaches them."""

    start: Sizes
    counts: Sizes
    reaches: tuple[Reach, ...]


@dataclass(frozen=True)
class Phases:
    """All axes of a problem; where it has one, a second of size 1 stands behind it, for there are always rows."""

    axes: tuple[Along, ...]

    @classmethod
    def of(cls, problem: Problem) -> Phases:
        """The phases of a problem of numbers."""
        single = (Line(1, 1, 1, 1, 1, 1, 0, 1),) if problem.ndim == 1 else ()
        return cls(tuple(Along.of(line) for line in (*problem.lines, *single)))

    @property
    def places(self) -> Sizes:
        """The sizes of one phase of the padded input."""
        return tuple(along.places for along in self.axes)

    @property
    def plane(self) -> int:
        """The places of one phase of the padded input."""
        return prod(self.places)

    @property
    def inputs(self) -> tuple[Sizes, ...]:
        """The phases of the input, in order."""
        return tuple(product(*(range(along.steps) for along in self.axes)))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the result."""
        found = []
        for start in product(*(range(len(along.phases)) for along in self.axes)):
            parts = [along.phases[r] for along, r in zip(self.axes, start, strict=True)]
            reaches = tuple(self._reach(taps) for taps in product(*(taps for _, taps in parts)))
            found.append(Phase(start, tuple(count for count, _ in parts), reaches))
        return tuple(found)

    def _reach(self, taps: tuple[Tap, ...]) -> Reach:
        at = [tap.at for tap in taps]
        phase = flat([tap.phase for tap in taps], [along.steps for along in self.axes])
        return Reach(flat(at, [along.kernel_size for along in self.axes]), phase,
                     flat([tap.place for tap in taps], self.places))  # fmt: skip


def flat(at: Sequence[int], sizes: Sequence[int]) -> int:
    """The place of an index in C order.

    Examples
    --------
    >>> flat((1, 2), (3, 4))
    6
    """
    found = 0
    for place, size in zip(at, sizes, strict=True):
        found = found * size + place
    return found
