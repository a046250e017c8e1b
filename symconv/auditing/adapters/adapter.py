"""What an adapter is, and how adapters are found: through the entry-point group ``symconv.adapters``.

Never: a framework is imported before its adapter is asked for an implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from symconv.auditing.protocol import Implementation
from symconv.errors import InvalidOption, MissingLibrary, shortened

GROUP = "symconv.adapters"
OPTIONS = ("stride", "padding", "dilation", "groups")


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
    parameters, keywords
        The names of the positional and of the keyword-only parameters that the function is called with, for a check of
        its signature.
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
    """Every adapter that is installed, by name; an entry point that is none is left out: it may not stop the others."""
    found: dict[str, Adapter] = {}
    for name in _points():
        with suppress(InvalidOption):
            found[name] = _loaded(name)
    return found


def find_adapter(name: str) -> Adapter:
    """The adapter of this name.

    Raises
    ------
    InvalidOption
        If there is none, or its entry point cannot be loaded, or is no `Adapter`.
    """
    points = _points()
    if name not in points:
        mend = f"choose of {', '.join(points)}" if points else "none is installed; install symconv anew by pip"
        raise InvalidOption(f"unknown adapter {shortened(name)}: {mend}")
    return _loaded(name)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def _loaded(name: str) -> Adapter:
    try:
        adapter = _points()[name].load()
    except Exception as error:
        raise InvalidOption(
            f"the entry point {name!r} of {GROUP} cannot be loaded ({type(error).__name__}: {error}): "
            "mend or uninstall the package that it is of"
        ) from error
    if not isinstance(adapter, Adapter):
        raise InvalidOption(f"the entry point {name!r} of {GROUP} is no Adapter: {shortened(adapter)}")
    return adapter


def imported(module: str, *, install: str) -> Any:
    """A module of a library, imported now; `install` is what pip installs it by.

    Raises
    ------
    MissingLibrary
        If it cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingLibrary(f"{module} cannot be imported ({error}): pip install {install}") from error


def called(function: Callable[..., Any]) -> str:
    """The name of a function, for an implementation made of it."""
    return str(getattr(function, "__name__", None) or type(function).__name__)
