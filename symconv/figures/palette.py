"""The colours of all pictures, by what they stand for: after Okabe and Ito, whose hues colour-blind readers tell apart.

Source of the hues: M. Okabe, K. Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/.
Text on every fill here has a contrast of at least 4.5 (WCAG 2, level AA), and no difference rests on colour alone:
entries carry their letter, zeros between are hatched, zeros around have a dashed border, unread places are crossed out.
"""

from __future__ import annotations

from dataclasses import dataclass

GREEN = "#009E73"
YELLOW = "#F0E442"
VERMILLION = "#D55E00"

INK = "#1a1a1a"  # text on a cell
QUIET = "#555555"  # text on a zero
PAPER = "#ffffff"


def mixed(colour: str, other: str, share: float) -> str:
    """A colour of which `share` is the first and the rest the other.

    Examples
    --------
    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{int(share * a + (1 - share) * b + 0.5):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def contrast(colour: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    first, second = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return round((first + 0.05) / (second + 0.05), 2)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@dataclass(frozen=True)
class Paint:
    """How a cell looks: its fill, its border, how thick and whether dashed that is, and the colour of its text."""

    fill: str
    stroke: str
    width: float = 1
    dashed: bool = False
    text: str = INK


def _idle(hue: str) -> Paint:
    return Paint(mixed(hue, PAPER, 0.32), mixed(hue, "#000000", 0.7))


def _lit(hue: str) -> Paint:
    return Paint(mixed(hue, PAPER, 0.7), "#000000", 2.5)


HUES = {"a": GREEN, "w": YELLOW, "delta": VERMILLION}  # of the input, the kernel, and the error and the output
PAINTS = {
    **{name: _idle(hue) for name, hue in HUES.items()},
    **{f"{name}-lit": _lit(hue) for name, hue in HUES.items()},
    "between": Paint("#dedede", "#8a8a8a", text=QUIET),
    "between-lit": Paint("#cfcfcf", "#000000", 2.5),
    "around": Paint("#f9f9f9", "#8a8a8a", dashed=True, text=QUIET),
    "around-lit": Paint("#ececec", "#000000", 2.5),
    "empty": Paint("#ffffff", "#b0b0b0", text=QUIET),
    "marked": Paint("#ffffff", "#000000", 2.5),
    "other": Paint("#f2f2f2", "#8a8a8a"),
}
HATCH = "#a8a8a8"  # the lines of a zero between
CROSS = "#6a6a6a"  # the lines through a place that no window reads


def role(tensor: str) -> str:
    """The paint of a tensor's entries: a gradient is painted as what it is the gradient of."""
    found = {"a": "a", "da": "a", "delta_below": "a", "z_below": "a", "w": "w", "dw": "w", "b": "w", "z": "delta"}
    return found.get(tensor, "delta" if tensor == "delta" else "other")
