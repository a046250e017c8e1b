"""Plain sentences as LaTeX."""

from __future__ import annotations

import re

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\^{}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "~": r"\~{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def escaped(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def prose(text: str) -> str:
    """A sentence for LaTeX: its words of mathematics in mathematics, its lists of arguments with places to break."""
    written = escaped(text).replace("-\\textgreater{}", "$\\to$")
    written = re.sub(r"(?<![\w.])(\d+(?:x\d+)+)(?![\w.])", lambda m: "$" + m[1].replace("x", "\\times ") + "$", written)
    written = re.sub(r"\blayer l(-1)?", lambda m: f"layer $l{m[1] or ''}$", written)
    written = re.sub(r"(?<![\w\\])(delta|eta)(?![\w(])", lambda m: f"$\\{m[1]}$", written)
    return re.sub(r"([,(])(?=[\w\\(])", r"\1\\allowbreak{}", written)
