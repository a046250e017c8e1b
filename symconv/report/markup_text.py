"""The primitives of a formula as plain text: in ASCII, or with the Greek letters and signs of Unicode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symconv.polynomial import signed_sum
from symconv.report.messages import say
from symconv.report.notation import GREEK


@dataclass(frozen=True)
class Text:
    """Plain text, in ASCII or with the Greek letters and signs of Unicode."""

    unicode: bool = False
    lang: str = "en"

    def symbol(self, name: str) -> str:
        """A name."""
        return GREEK.get(name, name) if self.unicode else name

    def index(self, name: str) -> str:
        """The name of an index or of a size."""
        return name

    def number(self, value: int) -> str:
        """A whole number."""
        return str(value)

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:
        """Factors side by side."""
        return (" * " if signed else " ").join(factors)

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient."""
        return signed_sum(products, times=" ")

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written."""
        return f"{body} + ... {say('terms', self.lang, count=count)}"

    def equals(self, left: str, right: str) -> str:
        """The left side is the right side."""
        return f"{left} = {right}"

    def applied(self, function: str, argument: str) -> str:
        """A function at its argument."""
        return f"{function}({argument})"

    def primed(self, function: str) -> str:
        """The derivative of a function of one variable."""
        return f"{function}'"

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

    def listed(self, parts: Sequence[str]) -> str:
        """Conditions side by side."""
        return ", ".join(parts)

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
