"""Lines of text with a style: what every text report is made of."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

WIDTH = 100
Line = tuple[str, str]  # a style and a text

STYLES = {"heading": "bold", "PROVED": "bold green", "PASSED": "green", "REFUTED": "bold red", "UNDECIDED": "yellow",
          "UNSUPPORTED": "yellow", "rule": "dim", "": ""}  # fmt: skip

TIED = "\0"  # a space at which no line is broken
NEVER_FIRST = "，。；：、）！？"  # signs that no line begins with


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for each Chinese character.

    Examples
    --------
    >>> columns("误差 E")
    6
    """
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def filled(text: str, width: int) -> str:
    """A text with spaces behind it, up to a number of columns."""
    return text + " " * (width - columns(text))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """A text as lines of at most so many columns; Chinese may be broken between any two characters.

    Examples
    --------
    >>> wrap("first the left factor", 10)
    ['first the', 'left', 'factor']
    >>> wrap("误差的定义，链式法则", 10)
    ['误差的定', '义，链式法', '则']
    """
    pieces = re.findall(r"\s+|[^\s\u2e80-\uffef]+|.", text)
    lines = [""]
    for at, piece in enumerate(pieces):
        following = pieces[at + 1] if at + 1 < len(pieces) else ""
        needed = columns(piece) + (columns(following) if following and following[0] in NEVER_FIRST else 0)
        if lines[-1].strip() and columns(lines[-1]) + needed > width and not piece.isspace():
            lines.append(indent)
        if not (piece.isspace() and lines[-1] in ("", indent)):
            lines[-1] += " " if piece.isspace() else piece
    return [line.rstrip().replace(TIED, " ") for line in lines if line.strip()]
