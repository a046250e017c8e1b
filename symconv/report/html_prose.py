"""Sentences as HTML: messages of the catalogue with their mathematics, in every language that the page has.

In: messages.  Out: markup; whatever they hold is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from symconv.report.inline import formula, inline
from symconv.report.markup_text import Text
from symconv.report.messages import say
from symconv.report.notation import Names
from symconv.report.writer import Writer

LAYER = re.compile(r"(Conv(?:\.\w+)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))")


@dataclass(frozen=True)
class Prose:
    """Writes messages with the names of one layer."""

    names: Names
    langs: tuple[str, ...]

    def said(self, texts: Mapping[str, str]) -> str:
        """A message in each language."""
        return spans({lang: self.one(text, lang) for lang, text in texts.items()})

    def tell(self, key: str, **fields: object) -> str:
        """A message of the catalogue in each language."""
        return self.said({lang: say(key, lang, **fields) for lang in self.langs})

    def leading(self, name: str) -> str:
        """What a sentence is about, set apart before it, with a colon in each language."""
        return f"<b>{name}{self.tell('colon')}</b>"

    def one(self, text: str, lang: str) -> str:
        """A message in one language."""
        writer = Writer(self.names, Text(unicode=True, lang=lang))
        return inline(text, words, lambda source: mathematics(formula(writer, source)))


def words(text: str) -> str:
    """Plain words, the ``Conv(...)`` of a layer in typewriter.

    Examples
    --------
    >>> words("1 < 2 & Conv((3,), (2,))")
    '1 &lt; 2 &amp; <code>Conv((3,), (2,))</code>'
    """
    parts = LAYER.split(text)
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))


@lru_cache(maxsize=4096)
def mathematics(text: str) -> str:
    """A formula of Unicode text: what is below and above set so, letters slanted, signs a little apart.

    Examples
    --------
    >>> mathematics("w_{j} <= 3^2")
    '<span class="m"><i>w</i><sub><i>j</i></sub> &lt;= 3<sup>2</sup></span>'
    """
    written = escape(text, quote=False)
    written = re.sub(r"(?<!&)\b(?<!&)([A-Za-zα-ωΑ-Ω])(?![A-Za-z;])", r"<i>\1</i>", written)
    written = re.sub(r"(?<=[^\s])\*(?=[^\s])|(?<= )\*(?= )", "\N{MIDDLE DOT}", written)  # one alone is a convolution
    written = written.replace("-", "\N{MINUS SIGN}").replace("'", "\N{PRIME}")
    written = re.sub(r"_\{([^{}]*)\}|_(<i>.</i>|\w)", lambda m: f"<sub>{m[1] or _slanted(m[2])}</sub>", written)
    written = re.sub(r"\^\{([^{}]*)\}|\^(<i>.</i>|\w)", lambda m: f"<sup>{m[1] or m[2]}</sup>", written)
    return f'<span class="m">{written}</span>'


def _slanted(letter: str) -> str:
    return f"<i>{letter}</i>" if len(letter) == 1 and letter.isalpha() else letter


def spans(written: Mapping[str, str]) -> str:
    """The same markup in one language or several, of which the page shows that of its own language.

    Examples
    --------
    >>> spans({"en": "3", "zh": "3"}), spans({"en": "yes", "zh": "是"})
    ('3', '<span class="said" lang="en">yes</span><span class="said" lang="zh">是</span>')
    """
    if len(set(written.values())) == 1:
        return next(iter(written.values()))
    return "".join(f'<span class="said" lang="{lang}">{text}</span>' for lang, text in written.items())
