"""Races: functions that compute the same array take turns, and the least time of each counts."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from tests.benchmarks.cases import Array

Call = Callable[[], object]

TURNS = 10  # in how many turns a contender uses its time
LEAST_CALLS = 2
SHORT = 0.1  # seconds
SAMPLE = 2e-4  # seconds: shorter calls are timed several at once
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}  # of the largest entry


@dataclass
class _Runner:
    """A contender in a race, and what it has shown so far."""

    call: Call
    best: float = inf
    calls: int = 0

    @property
    def used(self) -> float:
        """What its calls have taken, had each been as quick as the best: interruptions do not count."""
        return self.best * self.calls if self.calls else 0.0

    def sample(self) -> None:
        """Time so many calls that the clock can tell."""
        repeats = ceil(SAMPLE / self.best) or 1
        start = time.perf_counter()
        for _ in range(repeats):
            self.call()
        took = time.perf_counter() - start
        self.best = min(self.best, took / repeats)
        self.calls += repeats

    def turn(self, seconds: float) -> None:
        """At least one sample, and more until the time is used; a short call is first made once to warm up."""
        if self.best < SHORT:
            self.call()
        start = time.perf_counter()
        self.sample()
        while time.perf_counter() - start < seconds or self.calls < LEAST_CALLS:
            self.sample()


def race(calls: dict[str, Call], seconds: float, pause: float) -> dict[str, float]:
    """The least time of a call of each: they take turns until each has used so many seconds, and made two calls.

    Before each turn is a pause, in which threads that the one before has left waiting go to sleep.
    """
    runners = {name: _Runner(call) for name, call in calls.items()}
    racing = list(runners.values())
    gc.disable()
    try:
        while racing:
            for runner in racing:
                time.sleep(pause)
                runner.turn(seconds / TURNS)
            racing = [runner for runner in racing if runner.used < seconds]
    finally:
        gc.enable()
    return {name: runner.best for name, runner in runners.items()}


def agree(result: Array, expected: Array) -> bool:
    """Whether two arrays are equal but for rounding, which is measured against the largest entry."""
    if result.shape != expected.shape:
        return False
    return bool(error(result, expected) <= TOLERANCE[expected.dtype.name])


def error(result: Array, expected: Array) -> float:
    """The largest difference of two arrays, as a part of the largest entry."""
    return float(np.max(np.abs(result - expected)) / np.max(np.abs(expected)))
