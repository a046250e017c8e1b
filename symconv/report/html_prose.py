"""Plain sentences as HTML: escaped, with their words of mathematics as signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

WORDS = {"delta": "\N{GREEK SMALL LETTER DELTA}", "eta": "\N{GREEK SMALL LETTER ETA}"}
SIGNS = {"-&gt;": "\N{RIGHTWARDS ARROW}", "&lt;=": "\N{LESS-THAN OR EQUAL TO}", "&gt;=": "\N{GREATER-THAN OR EQUAL TO}"}


def prose(text: str, places: Mapping[str, str] | None = None) -> str:
    """A sentence; `places` holds the markup that stands for ``{E}`` and the like.

    Examples
    --------
    >>> prose("delta of layer l-1 is 3x3 -> 1 < 2")
    '<i>δ</i> of layer <i>l</i>−1 is 3×3 → 1 &lt; 2'
    """
    written = escape(text, quote=False)
    for sign, drawn in SIGNS.items():
        written = written.replace(sign, drawn)
    written = re.sub(
        r"(?<![\w.])\d+(?:x\d+)+(?![\w.])", lambda m: m[0].replace("x", "\N{MULTIPLICATION SIGN}"), written
    )
    written = re.sub(r"\blayer l(-1)?\b", lambda m: f"layer <i>l</i>{m[1].replace('-', '−') if m[1] else ''}", written)
    written = re.sub(r"\bd([A-Za-z]\w*)/d([a-z])\b", lambda m: derivative(m[1], m[2]), written)
    written = re.sub(r"(?<![\w/])(delta|eta)(?![\w(])", lambda m: f"<i>{WORDS[m[1]]}</i>", written)
    for place, markup in (places or {}).items():
        written = written.replace(f"{{{place}}}", markup)
    return written


def derivative(top: str, bottom: str) -> str:
    """``dE/da`` within a sentence."""
    d = "<mo lspace='0' rspace='0'>∂</mo>"
    slash = "<mo lspace='0' rspace='0'>/</mo>"
    return f"<math>{d}<mi>{top}</mi>{slash}{d}<mi>{bottom}</mi></math>"


def spans(texts: Mapping[str, str], places: Mapping[str, str] | None = None) -> str:
    """The same sentence in one language or several, of which the page shows that of its own language."""
    written = {lang: prose(text, places) for lang, text in texts.items()}
    if len(set(written.values())) == 1:
        return next(iter(written.values()))
    return "".join(f'<span class="said" lang="{lang}">{text}</span>' for lang, text in written.items())
