"""Measured instead of predicted: which candidate is the fastest on this machine, kept for the next time.

In: functions that compute the same, and a key that says what was measured.  Out: the name of the fastest.
Never: a wrong answer. What is kept is only ever the name of a candidate; a file that is missing, broken or of another
version is measured anew, and one that cannot be written is done without. Each result is a file of its own, written
beside its place and then renamed, so that writers at the same time do not meet.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 1
ROUNDS = 3


def cache_directory() -> Path:
    """Where results are kept: the user's cache directory, as the system has it; safe to delete at any time."""
    if given := os.environ.get("SYMCONV_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "symconv" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "symconv"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symconv"


def key(*about: object) -> str:
    """The name of a file for what was measured, on this machine, with this NumPy.

    Examples
    --------
    >>> key("Conv(3, 2)", "forward") == key("Conv(3, 2)", "input")
    False
    """
    machine = (platform.machine(), platform.processor(), os.cpu_count(), np.__version__, FORMAT)
    return sha256(repr((about, machine)).encode()).hexdigest()[:32]


def fastest(name: str, offered: Mapping[str, Callable[[], Any]], seconds: float = 0.2) -> str:
    """The fastest of the functions that are offered: as kept under this name, else measured and kept.

    Parameters
    ----------
    name
        The key of what is measured.
    offered
        Functions by name, all of which compute the same.
    seconds
        About how long to measure.
    """
    place = cache_directory() / "tuned" / f"{name}.json"
    kept = _read(place)
    if kept in offered:
        return kept
    times = race(offered, seconds)
    best = min(times, key=lambda one: times[one])
    _write(place, {"format": FORMAT, "fastest": best, "seconds": times})
    return best


def race(offered: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """The shortest time of each function, in turns, so that what disturbs one disturbs all."""
    np.empty(2**25 - 2**12, np.uint8).fill(0)  # freed at once: the C library then keeps what is freed up to this size
    times = dict.fromkeys(offered, float("inf"))
    for function in offered.values():
        function()
    end = time.perf_counter() + seconds
    done = 0
    while done < ROUNDS or time.perf_counter() < end:
        for name, function in offered.items():
            start = time.perf_counter()
            function()
            times[name] = min(times[name], time.perf_counter() - start)
        done += 1
    return times


def _read(place: Path) -> str:
    """The name that is kept, or nothing."""
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        return str(kept["fastest"]) if kept["format"] == FORMAT else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write(place: Path, result: Mapping[str, Any]) -> None:
    """Write beside the place, then rename; without a writable directory nothing is kept."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, delete=False) as beside:
            json.dump(result, beside)
        os.replace(beside.name, place)
    except OSError:
        return
