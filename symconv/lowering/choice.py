"""The choice of a program: for each map of a layer, the candidate that the cost model expects to be fastest.

In: a layer, which of its maps, and `Options`.  Out: a `Choice`, with what was considered and why it was chosen.
Never: a measurement (`symconv.lowering.tuning` measures and hands the result back here), and never a text.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache

from symconv.errors import InvalidOption
from symconv.layer import Conv
from symconv.lowering.candidates import NEAR, Candidate, candidates
from symconv.lowering.cost import Machine, machine, seconds, work
from symconv.lowering.nodes import Node
from symconv.lowering.problem import as_result, task

MAPS = ("forward", "input", "weight")
CLOSED = "closed"  # the closed form, a statement for each of its operations
PROGRAMS = (
    CLOSED,
    "windows",
    "rows",
    "plane",
    "scatter",
    "scatter-plane",
    "pointwise",
    "columns",
    "taps",
    "toeplitz",
    "subpixel",
    "winograd",
    "winograd-rows",
    "fourier",
    "fourier-rows",
    "tiny",
    "dense",
)
DTYPES = ("float32", "float64", "complex64", "complex128", "other")
ROUNDED = ("float32", "float64")  # for which programs may round
BACKENDS = ("numpy", "numba")
SMALL = 2**20  # multiplications of an image below which no program is chosen that rounds where the formula need not
NOMINAL_BATCH = 8  # for a layer of batch 1, which says nothing of the batches that will come


@dataclass(frozen=True)
class Options:
    """What may be asked of the lowered code.

    Attributes
    ----------
    program
        The name of a program, for every map that it fits; None for the choice of the cost model.
    dtype
        "float32", "float64", "complex64", "complex128", or "other" for all exact arithmetic (integers, objects).
    threads
        How many threads the products may use.
    accuracy
        How many times the rounding error of direct summation is allowed, in float32.
    finite_only
        True if inputs may be taken to be finite: a NaN or an infinity may then spread further than in the formula.
    tune
        Whether the candidates are measured on this machine.
    backend
        "numpy", or "numba" for loops that numba compiles, where they are expected to be faster.
    near
        The entries of windows up to which all groups are computed at once; more are taken in chunks of groups.
    """

    program: str | None = None
    dtype: str = "float32"
    threads: int = 1
    accuracy: float = 2.0
    finite_only: bool = True
    tune: bool = False
    backend: str = "numpy"
    near: int = NEAR

    def __post_init__(self) -> None:
        if self.program is not None and self.program not in PROGRAMS:
            raise InvalidOption(f"no program is named {self.program!r}: expected one of {', '.join(PROGRAMS)}")
        if self.dtype not in DTYPES:
            raise InvalidOption(f"no dtype is named {self.dtype!r}: expected one of {', '.join(DTYPES)}")
        if self.backend not in BACKENDS:
            raise InvalidOption(f"no backend is named {self.backend!r}: expected one of {', '.join(BACKENDS)}")
        if not _is_number(self.threads, int) or self.threads < 1:
            raise InvalidOption(f"expected a number of threads of at least 1 but got {self.threads!r}")
        if not _is_number(self.accuracy, int, float) or not self.accuracy >= 1:
            raise InvalidOption(f"expected accuracy >= 1 (1 is that of direct summation) but got {self.accuracy!r}")
        if not _is_number(self.finite_only, bool):
            raise InvalidOption(f"expected finite_only=True or False but got {self.finite_only!r}")
        if not _is_number(self.tune, bool):
            raise InvalidOption(f"expected tune=True or False but got {self.tune!r}")


def _is_number(value: object, *kinds: type) -> bool:
    return type(value) in kinds


@dataclass(frozen=True)
class Considered:
    """A candidate, its program for the layer, and its predicted time."""

    candidate: Candidate
    node: Node
    seconds: float


@dataclass(frozen=True)
class Choice:
    """What computes one map of a layer; `chosen` is None for the closed form."""

    of: str
    chosen: Considered | None
    considered: tuple[Considered, ...]
    reason: str

    @property
    def name(self) -> str:
        """The name of the program."""
        return CLOSED if self.chosen is None else self.chosen.candidate.name


def threads_at_hand() -> int:
    """The threads that NumPy's products use, as far as the environment and the cores say."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        if (given := os.environ.get(name, "")).isdigit() and int(given) > 0:
            return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def considered(layer: Conv, of: str, options: Options) -> tuple[Considered, ...]:
    """All candidates that the options allow, the fastest first, by the cost model."""
    return _considered_all(layer, of, replace(options, program=None, tune=False, backend=BACKENDS[0]))


@lru_cache(maxsize=256)
def _considered_all(layer: Conv, of: str, options: Options) -> tuple[Considered, ...]:
    given = task(layer, of)
    batch = layer.batch if layer.batch > 1 else NOMINAL_BATCH
    here = machine(options.dtype, options.threads)
    found = [
        _considered(layer, of, candidate, batch, here)
        for candidate in candidates(given, options.near)
        if _allowed(candidate, options)
    ]
    return tuple(sorted(found, key=lambda c: c.seconds))


def _considered(layer: Conv, of: str, candidate: Candidate, batch: int, here: Machine) -> Considered:
    node = as_result(layer, of, candidate.build(task(layer, of)))
    return Considered(candidate, node, _predicted(node, candidate.images or batch, batch, here))


def _predicted(node: Node, block: int, batch: int, here: Machine) -> float:
    """The time of a batch that is taken in blocks of images."""
    blocks, rest = divmod(batch, block)
    last = seconds(work(node, rest), here) if rest else 0
    return blocks * seconds(work(node, block), here) + last if blocks else last


def _allowed(candidate: Candidate, options: Options) -> bool:
    return (
        (candidate.exact or options.dtype in ROUNDED)
        and (candidate.finite or options.finite_only)
        and candidate.error <= options.accuracy
    )


def choose(layer: Conv, of: str, options: Options, fastest: str | None = None) -> Choice:
    """The program of one map; `fastest` is the name of the one that was measured to be, if any was measured.

    Raises
    ------
    InvalidOption
        If a program is asked for that does not fit the map (`lower` asks only where it fits).
    """
    if options.program == CLOSED:
        return Choice(of, None, (), "asked for by name")
    found = considered(layer, of, options)
    if options.program is not None:
        named = next((c for c in found if c.candidate.name == options.program), None)
        if named is not None:
            return Choice(of, named, found, "asked for by name")
    if not found:
        return Choice(of, None, (), "no program needs little enough memory")
    measured = next((c for c in found if c.candidate.name == fastest), None)
    if measured is not None:
        return Choice(of, measured, found, f"the fastest of {len(found)} candidates, measured on this machine")
    small = layer.monomials < SMALL * layer.batch
    best = next((c for c in found if c.candidate.exact), found[0]) if small else found[0]
    reason = "the only candidate" if len(found) == 1 else f"the fastest of {len(found)} candidates by the cost model"
    if best != found[0]:
        reason = f"the fastest, by the cost model, of {len(found)} candidates that keeps small whole numbers exact"
    if options.program is not None:
        reason = f"{options.program} does not fit; {reason}"
    return Choice(of, best, found, reason)


def fitting(layer: Conv, options: Options) -> bool:
    """Whether the program that is asked for fits one map of the layer at least."""
    return options.program in (None, CLOSED) or any(
        c.candidate.name == options.program for of in MAPS for c in considered(layer, of, options)
    )
