"""Lines of text with a style: what every text report is made of."""

from __future__ import annotations

WIDTH = 100
Line = tuple[str, str]  # a style and a text

STYLES = {"heading": "bold", "PROVED": "bold green", "PASSED": "green", "REFUTED": "bold red", "UNDECIDED": "yellow",
          "UNSUPPORTED": "yellow", "rule": "dim", "": ""}  # fmt: skip
