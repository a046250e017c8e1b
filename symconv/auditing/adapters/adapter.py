"""What an adapter is, and how adapters are found: through the entry-point group ``symconv.adapters``.

Never: a framework is imported before its adapter is asked for an implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from symconv.auditing.protocol import Implementation
from symconv.errors import InvalidOption, shortened

GROUP = "symconv.adapters"


@dataclass(frozen=True)
class Adapter:
    """How to call functions that are written to one convention.

    Parameters
    ----------
    name
        What ``--adapter`` calls it.
    convention
        One line for a reader: the signature that it expects of a function.
    adapt
        Makes an implementation of a function of that signature; the second argument is a forward function, or None
        (an adapter that differentiates a forward function by itself takes that as its first argument).
    parameters
        The names of the positional parameters that the function is called with, for a check of its signature.
    own
        The library itself as an implementation, where the adapter stands for a library; it raises `MissingLibrary`
        if that is not installed.
    """

    name: str
    convention: str
    adapt: Callable[[Callable[..., Any], Callable[..., Any] | None], Implementation]
    parameters: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    own: Callable[[], Implementation] | None = None


@cache
def adapters() -> dict[str, Adapter]:
    """Every adapter that is installed, by name."""
    found: dict[str, Adapter] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        adapter = point.load()
        if not isinstance(adapter, Adapter):
            raise InvalidOption(f"the entry point {point.name!r} of {GROUP} is no Adapter: {shortened(adapter)}")
        found[point.name] = adapter
    return found


def find_adapter(name: str) -> Adapter:
    """The adapter of this name.

    Raises
    ------
    InvalidOption
        If there is none.
    """
    known = adapters()
    if name not in known:
        raise InvalidOption(f"unknown adapter {shortened(name)}: choose of {', '.join(known)}")
    return known[name]
