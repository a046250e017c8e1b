"""Mathematics inside of sentences: what stands between the dollar signs of a message, in any markup.

In: a message, the names of a layer, a markup.  Out: one string; symbols carry the names of the notation.
The notation is small: letters and names of symbols, ``w[j]``, ``(z - t)^2``, ``dE/da``, ``<v, dE/da>``, ``s*i``,
``3x3``, ``div``, ``mod`` and the signs ``<= >= -> <-``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symconv.report.notation import SYMBOLS
from symconv.report.writer import Writer

_TOKEN = re.compile(
    r"d(?P<of>E|z)/d(?P<by>delta|[a-z]|net)(?![a-z])"
    r"|(?P<times>(?<=\d)x(?=\d))|(?P<dot>(?<=\S)\*(?=\S))|(?P<apart> \* )"
    r"|\[(?P<below>[^\]]*)\]|(?P<open><(?=\w+, ))|(?P<close>(?<=\w)>(?!=))"
    r"|(?P<layer>l-1)|(?P<word>[A-Za-z]+)|(?P<sign><=|>=|->|<-)|\^(?P<power>\d)"
)


def inline(text: str, words: Callable[[str], str], mathematics: Callable[[str], str]) -> str:
    """A message whose words and whose mathematics are each written by a function.

    Examples
    --------
    >>> inline("layer $l-1$", str.upper, str)
    'LAYER l-1'
    """
    parts = text.split("$")
    return "".join(mathematics(part) if at % 2 else words(part) for at, part in enumerate(parts))


def apart(source: str) -> list[str]:
    """The formulas of a list, ``a >= 1, b >= 1``: a line may be broken between them.

    Examples
    --------
    >>> apart("K >= 1, 0 <= k <= K - 1"), apart("(p, P - r)")
    (['K >= 1', '0 <= k <= K - 1'], ['(p, P - r)'])
    """
    return re.split(r", (?![^()]*\))(?![^<>]*>(?!=))", source)


def formula(writer: Writer, source: str) -> str:
    """The mathematics of a message in the markup of a writer."""
    markup = writer.markup

    def written(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        if kind == "by":
            d = markup.sign("d")
            return f"{d}{_named(writer, match['of'])}/{d}{_named(writer, match['by'])}"
        if kind == "word":
            return _named(writer, match["word"])
        if kind == "below":
            return markup.indexed("", "", [formula(writer, match["below"])])
        if kind == "layer":
            return writer.names.letter("l") + "-1"
        if kind == "power":
            return markup.power(match["power"])
        return markup.sign({"times": "x", "dot": "*", "apart": " * ", "open": "<", "close": ">"}.get(kind, match[0]))

    return _TOKEN.sub(written, source)


def _named(writer: Writer, word: str) -> str:
    """A symbol by the name of the notation, a letter by its own, an operation upright."""
    if word in SYMBOLS:
        return writer.named(word, "", ())
    if len(word) == 1:
        return writer.names.letter(word)
    return writer.markup.sign(word)
