r"""How wide a formula will be on paper, and where a long one is broken.

In: LaTeX as `Writer` makes it.  Out: widths in points at 10 pt, rows that fit.
The widths are those of Computer Modern, rounded up; TeX measures again, and the tests let TeX judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from symconv.report.lines import columns

LINE = 340.0  # points: the text width of a plain article, so that a fragment fits wherever it is put
SCRIPT = 0.76  # of the size of what stands on the line

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|.", re.DOTALL)
_UPRIGHT = ("\\text", "\\operatorname", "\\mathrm", "\\texttt")
_SPACES = {"\\quad": 10.0, "\\qquad": 20.0, "\\,": 1.7, "\\;": 2.8, "\\ ": 3.4, "\\!": -1.7}
_RELATIONS = {"=", "\\le", "\\ge", "\\ne", "\\to", "\\leftarrow", "\\mid", "<", ">", "\\longrightarrow"}
_BINARY = {"+", "-", "\\circ", "\\star", "*", "\\times", "\\bmod"}
_LETTERS = {**dict.fromkeys("ijlt(),'", 4.6), **dict.fromkeys("mwMW", 9.8), ".": 2.8, "|": 2.8, "\\partial": 6.0,
            "\\sum": 14.5, "\\cdots": 13.4, "\\delta": 4.9, "\\footnotesize": 0.0, " ": 0.0, "\\left": 0.0,
            "\\right": 0.0, "\\displaystyle": 0.0, "\\mathbin": 0.0, "\\sqrt": 10.0}  # fmt: skip


@lru_cache(maxsize=16384)
def width(latex: str) -> float:
    r"""About how many points wide a formula is in display style, rather more than less.

    Examples
    --------
    >>> 10 < width(r"\delta_{1,1}") < 30
    True
    """
    return _Measure(_TOKEN.findall(latex)).row(1.0)


class _Measure:
    """Reads a formula from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def row(self, scale: float) -> float:
        """The width up to the closing brace, or to the end; of several rows that of the widest."""
        rows, total = [0.0], 0.0
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            if self.tokens[self.at] in ("\\\\", "\\begin", "\\end"):
                new_row = self.tokens[self.at] == "\\\\"
                self.at += 1
                if new_row:
                    rows, total = [*rows, total], 0.0
                else:
                    self.words()  # the name of an environment
                    total += 12.0
                continue
            total += self.atom(scale)
        return max(*rows, total)

    def atom(self, scale: float) -> float:
        """One symbol with what stands above and below it."""
        token = self.tokens[self.at]
        core = self.core(scale)
        limits = token == "\\sum" and scale == 1.0
        scripts = 0.0
        while self.at < len(self.tokens) and self.tokens[self.at] in "_^":
            self.at += 1
            scripts = max(scripts, self.group(scale * SCRIPT) + 0.6)
        return max(core, scripts) + 1.7 if limits else core + scripts

    def core(self, scale: float) -> float:
        """The symbol itself."""
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            inner = self.row(scale)
            self.at += 1
            return inner
        if token == "\\frac":
            return max(self.group(scale), self.group(scale)) + 2.5
        if token == "\\substack":
            return self.group(scale)
        if token in _UPRIGHT:
            return self.words() * scale * (5.3 if token != "\\operatorname" else 5.6) + 1.7
        if token in _SPACES:
            return _SPACES[token]
        if token in _RELATIONS or token in _BINARY:
            return scale * 7.8 + (0.0 if scale < 1 else 5.6 if token in _RELATIONS else 4.5)
        known = _LETTERS.get(
            token, 10.0 if columns(token) == 2 and len(token) == 1 else 8.2 if token.isupper() else 6.0
        )
        return scale * (5.1 if token.isdigit() else known)

    def group(self, scale: float) -> float:
        """What stands in braces, or one symbol."""
        return self.core(scale)

    def words(self) -> float:
        """The number of columns that the words in braces take."""
        depth, count = 0, 0.0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            small = 0.5 if token in (" ", "i", "l", "t", ",", "f") else 1.0
            count += 0.0 if token in ("{", "}") or len(token) > 2 else small * columns(token[-1])
        return count


@dataclass(frozen=True)
class _Piece:
    """What stands between two places where a formula may be broken; the worth of breaking it behind this one."""

    text: str
    worth: int


# Where a row may end: before a sign or a condition, behind a comma, between two factors; the best places first.
_BREAKS = re.compile(
    r"(?P<where>\\quad (?=\\text\{))|(?P<comma>(?<=,) (?:\\; |\\quad )?)|(?P<sign> (?=[+-] ))"
    r"|(?P<factor>(?<=[})]) (?=[\\a-zA-Z(]))"
)


def _pieces(latex: str) -> list[_Piece]:
    """A formula cut at every place where it may be broken: outside of braces and environments."""
    depth = parentheses = start = 0
    conditions = False
    found: list[_Piece] = []
    at = 0
    while at < len(latex):
        if latex.startswith(("\\begin", "\\left"), at):
            depth += 1
        if latex.startswith(("\\end", "\\right"), at):
            depth -= 1
        match = _BREAKS.match(latex, at) if depth == 0 else None
        if match and not _opens_a_sum(latex[start:at]):
            conditions = conditions or match.lastgroup == "where"
            worth = {"where": 4, "sign": 0 if conditions else 3, "comma": 3, "factor": 2}[match.lastgroup or ""]
            worth -= parentheses > 0
            found.append(_Piece(latex[start:at] + match[0], worth))
            at = start = match.end()
            continue
        depth += (latex[at] == "{") - (latex[at] == "}")
        parentheses += (latex[at] == "(") - (latex[at] == ")") if depth == 0 else 0
        at += 2 if latex[at] == "\\" and not latex[at + 1 : at + 2].isalpha() else 1
    return [*found, _Piece(latex[start:], 0)]


def _opens_a_sum(text: str) -> bool:
    """Whether a piece ends with the indices of a sum: its body follows on the same row."""
    return re.search(r"\\sum_\{(?:[^{}]|\{[^{}]*\})*\}$", text) is not None


def broken(latex: str, room: float, indent: float = 10.0) -> list[str]:
    r"""A formula as rows that are no wider than `room`; all rows but the first are to be indented.

    What cannot be broken and is too wide is scaled down.

    Examples
    --------
    >>> broken("a + b + c", 40)
    ['a + b', '+ c']
    """
    rows: list[str] = []
    row: list[tuple[_Piece, float]] = []
    for piece in _pieces(latex):
        wide = width(piece.text)
        while row and sum(w for _, w in row) + wide > room - (indent if rows else 0):
            cut = _cut(row, room)
            rows.append("".join(p.text for p, _ in row[:cut]).strip())
            row = row[cut:]
        row.append((piece, wide))
    rows.append("".join(p.text for p, _ in row).strip())
    written = [text for text in map(_trimmed, rows) if text]
    return [_fitted(text, room - (indent if at else 0)) for at, text in enumerate(written)]


def _cut(row: list[tuple[_Piece, float]], room: float) -> int:
    """Where a full row is broken: at the best place, the last of them; one near its beginning is worth less."""
    best, most, total = len(row), -2.0, 0.0
    for at, (piece, wide) in enumerate(row, 1):
        total += wide
        worth = piece.worth - (1.5 if total < 0.4 * room else 0.0)
        if worth >= most:
            best, most = at, worth
    return best


def _trimmed(row: str) -> str:
    """A row without space at its end."""
    return re.sub(r"(?:\\quad|\\;|\s)+$", "", row)


def _fitted(row: str, room: float) -> str:
    """A row that cannot be broken any more, scaled down to fit."""
    wide = width(row)
    if wide <= room:
        return row
    return f"\\scalebox{{{0.97 * room / wide:.2f}}}{{$\\displaystyle {row}$}}"
