"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

LIBRARIES = ("numpy", "torch", "jax", "scipy", "autograd", "mygrad", "numba")


def processor() -> str:
    """The processor's name, as Linux tells it where there is Linux."""
    told = Path("/proc/cpuinfo")
    for line in told.read_text().splitlines() if told.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def blas() -> str:
    """The name and version of the BLAS that NumPy was built with."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{built['name']} {built['version']}"


def libraries() -> str:
    """The versions of what is installed."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def description() -> str:
    """Processor, cores, system, and versions, in one sentence."""
    cores = f"{os.cpu_count()} cores"
    python = f"Python {platform.python_version()}"
    return f"{processor()}, {cores}, {platform.system()} {platform.machine()}; {python}, {libraries()}; BLAS: {blas()}."
