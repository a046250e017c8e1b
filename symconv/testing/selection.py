"""Which layers a test asks for: options in the words of `symconv.audit`, and the layers that tell mistakes apart.

In: options by name.  Out: a `Support`; layers within it, with short names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from symconv.auditing.protocol import Support
from symconv.auditing.sweep import smoke, systematic
from symconv.errors import InvalidOption
from symconv.layer import Conv

OPTIONS = (*(field.name for field in fields(Support)), "square")
EACH = 24  # layers of each rank, unless told: those that tell nearly all mistakes apart, then each feature alone


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """An `InvalidOption` for the first name that is not known."""
    known = tuple(known)
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, 1)
            mend = f"did you mean {close[0]}?" if close else f"choose of {', '.join(known)}"
            raise InvalidOption(f"unknown option {name!r}: {mend}")


def support_of(options: Mapping[str, Any], base: Support | None = None) -> Support:
    """The support that options name; ``square`` is both sizes and, unless told otherwise, ``uniform``.

    Raises
    ------
    InvalidOption
        If an option is unknown, or its value is none that it takes.
    """
    refuse_unknown(options, OPTIONS)
    given = {name: value for name, value in options.items() if value is not None}
    square = given.pop("square", None)
    if square is not None:
        given = {"square_input": square, "square_kernel": square, "uniform": square} | given
    return replace(base or Support(), **given)


def discriminating(support: Support, count: int | None = None) -> list[Conv]:
    """The first layers of the sweep: those that tell nearly all mistakes apart, each feature alone, then pairs of them.

    Examples
    --------
    >>> discriminating(Support(ndim=(1,), groups=1), 2)
    [Conv((7,), (2,), stride=2, padding=((1, 0),), in_channels=2, out_channels=3, batch=2),
     Conv((6,), (3,), stride=2, padding=((0, 1),), dilation=2, in_channels=2, out_channels=2, batch=3)]
    """
    found = list(dict.fromkeys([*smoke(support), *systematic(support)]))
    return found[: EACH * len(support.ndim) if count is None else count]


def short_name(layer: Conv) -> str:
    """A layer as the command line spells it, on one line without blanks.

    Examples
    --------
    >>> short_name(Conv((7, 8), (2, 3), stride=2, padding=((1, 0), (2, 1)), in_channels=2, out_channels=3))
    '7x8-2x3-stride2-padding1:0x2:1-channels2:3'
    """
    pads = [str(low) if low == high else f"{low}:{high}" for low, high in layer.padding]
    channels = f"{layer.in_channels}:{layer.out_channels}"
    parts = {
        "": "x".join(map(str, layer.input_size)),
        "-": "x".join(map(str, layer.kernel_size)),
        "-stride": _spread(map(str, layer.stride), "1"),
        "-padding": _spread(pads, "0"),
        "-dilation": _spread(map(str, layer.dilation), "1"),
        "-groups": _spread([str(layer.groups)], "1"),
        "-channels": _spread([channels], "1:1"),
        "-batch": _spread([str(layer.batch)], "1"),
    }
    return "".join(f"{name}{value}" for name, value in parts.items() if value)


def _spread(values: Iterable[str], usual: str) -> str:
    """``2x1``, ``2`` where the axes agree, nothing where the value is the usual one."""
    values = list(values)
    if len(set(values)) > 1:
        return "x".join(values)
    return "" if values[0] == usual else values[0]
