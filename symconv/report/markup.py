"""The primitives of a formula on paper, in three markups: plain text, Unicode text, LaTeX.

A markup knows how a subscript or a derivative looks; it knows no layer and no mathematics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from symconv.report.messages import say
from symconv.report.notation import GREEK


class Markup(Protocol):
    """What a writer needs to know of an output format."""

    @property
    def lang(self) -> str:
        """The language of the words inside of formulas."""

    def symbol(self, name: str) -> str:
        """A name: delta, eta, net, a."""

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""

    def derivative(self, top: str, bottom: str) -> str:
        """A partial derivative."""

    def parenthesised(self, body: str) -> str:
        """A factor of a product, set apart."""

    def sum_over(self, indices: Sequence[str], body: str, conditions: Sequence[str]) -> str:
        """A sum over indices of a body, where conditions hold."""

    def quotient(self, numerator: str, divisor: str) -> str:
        """An exact quotient."""

    def divides(self, divisor: str, value: str) -> str:
        """The condition that divisor divides value."""

    def within(self, first: str, value: str, last: str) -> str:
        """The condition that value lies between first and last."""

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """An array operation applied to its arguments."""

    def option(self, name: str, value: str) -> str:
        """An option of an array operation, by its name and its value: ``stride 2``."""

    def amount(self, value: str) -> str:
        """What is given for each axis: ``2x3``, ``0:1x1:0``."""

    def elementwise(self, left: str, right: str) -> str:
        """The elementwise product."""

    def convolution(self, left: str, right: str) -> str:
        """The convolution of mathematics, which rotates its second factor by itself."""

    def arrow(self, left: str, right: str) -> str:
        """The left side is replaced by the right side."""

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""

    def differential(self, name: str) -> str:
        """``dw``: an entry of the gradient by w, where it has to be short."""

    def power(self, exponent: str) -> str:
        """What stands above what was written before."""

    def sign(self, name: str) -> str:
        """A sign or an operation of the mathematics inside of sentences, by its ASCII name."""


INDICES_IN_A_ROW = 5  # below the sign of a sum
LONGEST_SUBSCRIPT = 48  # characters of LaTeX; longer ones stand in several rows


@dataclass(frozen=True)
class Text:
    """Plain text, in ASCII or with the Greek letters and signs of Unicode."""

    unicode: bool = False
    lang: str = "en"

    def symbol(self, name: str) -> str:
        """A name."""
        return GREEK.get(name, name) if self.unicode else name

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""
        above = "" if not superscript else f"^{superscript}" if len(superscript) == 1 else f"^{{{superscript}}}"
        joined = ",".join(subscripts)
        below = "" if not joined else f"_{joined}" if len(joined) == 1 and joined.isalpha() else f"_{{{joined}}}"
        return base + above + below

    def derivative(self, top: str, bottom: str) -> str:
        """A partial derivative."""
        d = "∂" if self.unicode else "d"
        return f"{d}{top}/{d}{bottom}"

    def parenthesised(self, body: str) -> str:
        """A factor of a product, set apart."""
        return f"({body})"

    def sum_over(self, indices: Sequence[str], body: str, conditions: Sequence[str]) -> str:
        """A sum over indices of a body, where conditions hold."""
        sign = "Σ" if self.unicode else "sum"
        where = say("conditions", self.lang, conditions=", ".join(conditions)) if conditions else ""
        if not indices:
            return f"{body}{where}"
        return say("sum", self.lang, sign=sign, indices=", ".join(indices), body=body) + where

    def quotient(self, numerator: str, divisor: str) -> str:
        """An exact quotient."""
        return f"({numerator})/{divisor}"

    def divides(self, divisor: str, value: str) -> str:
        """The condition that divisor divides value."""
        return say("divides", self.lang, divisor=divisor, value=value)

    def within(self, first: str, value: str, last: str) -> str:
        """The condition that value lies between first and last."""
        return f"{first} ≤ {value} ≤ {last}" if self.unicode else f"{first} <= {value} <= {last}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """An array operation applied to its arguments."""
        return f"{function}({', '.join(arguments)})"

    def option(self, name: str, value: str) -> str:
        """An option of an array operation."""
        return f"{say(f'word.{name}', self.lang)} {value}"

    def amount(self, value: str) -> str:
        """What is given for each axis."""
        return value

    def elementwise(self, left: str, right: str) -> str:
        """The elementwise product."""
        return f"{left} {'∘' if self.unicode else 'o'} {right}"

    def convolution(self, left: str, right: str) -> str:
        """The convolution of mathematics, which rotates its second factor by itself."""
        return f"{left} * {right}"

    def arrow(self, left: str, right: str) -> str:
        """The left side is replaced by the right side."""
        return f"{left} {'←' if self.unicode else '<-'} {right}"

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""
        return f"<{left}, {right}>"

    def differential(self, name: str) -> str:
        """An entry of the gradient by w, where it has to be short."""
        return f"d{name}"

    def power(self, exponent: str) -> str:
        """What stands above what was written before."""
        return f"^{exponent}"

    def sign(self, name: str) -> str:
        """A sign by its ASCII name."""
        signs = {"<=": "≤", ">=": "≥", "->": "→", "<-": "←", "d": "∂", "sum": "Σ", "x": "×", "qed": "∎"}
        return signs.get(name, name) if self.unicode else {"qed": "Q.E.D."}.get(name, name)


@dataclass(frozen=True)
class Latex:
    """LaTeX for amsmath."""

    lang: str = "en"

    def symbol(self, name: str) -> str:
        """A name; the Greek letters that are Latin ones are no commands."""
        if name in GREEK:
            return {"epsilon": "\\varepsilon"}.get(name, f"\\{name}")
        return name if len(name) == 1 else f"\\mathrm{{{name}}}"

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""
        above = f"^{{{superscript}}}" if superscript else ""
        rows: list[str] = []
        for index in subscripts:
            if rows and len(rows[-1]) + len(index) < LONGEST_SUBSCRIPT:
                rows[-1] += f",{index}"
            else:
                rows.append(index)
        joined = "\\substack{" + ", \\\\ ".join(rows) + "}" if len(rows) > 1 else "".join(rows)
        return f"{base}{above}_{{{joined}}}" if rows else f"{base}{above}"

    def derivative(self, top: str, bottom: str) -> str:
        """A partial derivative."""
        return f"\\frac{{\\partial {top}}}{{\\partial {bottom}}}"

    def parenthesised(self, body: str) -> str:
        """A factor of a product, set apart."""
        return f"\\,{body}"

    def sum_over(self, indices: Sequence[str], body: str, conditions: Sequence[str]) -> str:
        """A sum over indices of a body, where conditions hold; many indices stand in several rows below the sign."""
        rows = [", ".join(indices[at : at + INDICES_IN_A_ROW]) for at in range(0, len(indices), INDICES_IN_A_ROW)]
        below = "".join(rows) if len(rows) < 2 else "\\substack{" + " \\\\ ".join(rows) + "}"
        told = ", \\; ".join(conditions)
        where = f"\\quad \\text{{{say('where', self.lang)}}}\\ {told}" if conditions else ""
        return f"\\sum_{{{below}}} {body}{where}" if indices else f"{body}{where}"

    def quotient(self, numerator: str, divisor: str) -> str:
        """An exact quotient."""
        return f"({numerator})/{divisor}"

    def divides(self, divisor: str, value: str) -> str:
        """The condition that divisor divides value."""
        return f"{divisor} \\mid {value}"

    def within(self, first: str, value: str, last: str) -> str:
        """The condition that value lies between first and last."""
        return f"{first} \\le {value} \\le {last}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """An array operation applied to its arguments."""
        return f"\\operatorname{{{function}}}({', '.join(arguments)})"

    def option(self, name: str, value: str) -> str:
        """An option of an array operation."""
        return f"\\text{{{say(f'word.{name}', self.lang)}}}\\ {self.amount(value)}"

    def amount(self, value: str) -> str:
        """What is given for each axis; a colon is no relation here."""
        return value.replace("x", " \\times ").replace(":", "{:}")

    def elementwise(self, left: str, right: str) -> str:
        """The elementwise product."""
        return f"{left} \\circ {right}"

    def convolution(self, left: str, right: str) -> str:
        """The convolution of mathematics, which rotates its second factor by itself."""
        return f"{left} * {right}"

    def arrow(self, left: str, right: str) -> str:
        """The left side is replaced by the right side."""
        return f"{left} \\leftarrow {right}"

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""
        return f"\\langle {left}, {right} \\rangle"

    def differential(self, name: str) -> str:
        """An entry of the gradient by w, where it has to be short."""
        return f"\\mathrm{{d}}{name}"

    def power(self, exponent: str) -> str:
        """What stands above what was written before."""
        return f"^{{{exponent}}}"

    def sign(self, name: str) -> str:
        """A sign by its ASCII name."""
        signs = {"<=": "\\le ", ">=": "\\ge ", "->": "\\to ", "<-": "\\leftarrow ", "d": "\\partial ", "x": "\\times ",
                 "*": "\\,", " * ": "\\,", "<": "\\langle ", ">": "\\rangle ", "sum": "\\textstyle\\sum ",
                 "mod": "\\bmod ", "div": "\\mathbin{\\mathrm{div}}", "qed": "\\square"}  # fmt: skip
        if name in signs:
            return signs[name]
        return f"\\operatorname{{{name}}}" if name.isalpha() else name
