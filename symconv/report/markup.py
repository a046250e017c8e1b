"""The primitives of a formula on paper: the protocol of a markup, and plain text, Unicode text and LaTeX.

A markup knows how a subscript, a product or a derivative looks; it knows no layer and no mathematics. MathML, the third
one, is in `mathml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from symconv.polynomial import signed_sum


class Markup(Protocol):
    """What a writer needs to know of an output format."""

    def symbol(self, name: str) -> str:
        """A name: delta, eta, net, a."""

    def index(self, name: str) -> str:
        """The name of an index or of a size: i, k', s_0."""

    def number(self, value: int) -> str:
        """A whole number."""

    def words(self, text: str) -> str:
        """Plain words among the arguments of a call: ``stride 2``."""

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:
        """Factors side by side; `signed` asks for a sign between them, where it would be hard to read without."""

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient; ``""`` is the product of nothing."""

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written, and how many products it has."""

    def equals(self, left: str, right: str) -> str:
        """The left side is the right side."""

    def applied(self, function: str, argument: str) -> str:
        """A function of one variable, f or f', at its argument."""

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

    def elementwise(self, left: str, right: str) -> str:
        """The elementwise product."""

    def convolution(self, left: str, right: str) -> str:
        """The convolution of mathematics, which rotates its second factor by itself."""

    def arrow(self, left: str, right: str) -> str:
        """The left side is replaced by the right side."""

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""


@dataclass(frozen=True)
class Text:
    """Plain text, in ASCII or with the Greek letters and signs of Unicode."""

    unicode: bool = False

    def symbol(self, name: str) -> str:
        """A name."""
        greek = {"delta": "δ", "eta": "η"}
        return greek.get(name, name) if self.unicode else name

    def index(self, name: str) -> str:
        """The name of an index or of a size."""
        return name

    def number(self, value: int) -> str:
        """A whole number."""
        return str(value)

    def words(self, text: str) -> str:
        """Plain words among the arguments of a call."""
        return text

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:
        """Factors side by side."""
        return (" * " if signed else " ").join(factors)

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient."""
        return signed_sum(products, times=" ")

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written."""
        return f"{body} + ... ({count} terms)"

    def equals(self, left: str, right: str) -> str:
        """The left side is the right side."""
        return f"{left} = {right}"

    def applied(self, function: str, argument: str) -> str:
        """A function at its argument."""
        return f"{function}({argument})"

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
        where = f"  where {', '.join(conditions)}" if conditions else ""
        return f"{sign} over {', '.join(indices)} of {body}{where}" if indices else f"{body}{where}"

    def quotient(self, numerator: str, divisor: str) -> str:
        """An exact quotient."""
        return f"({numerator})/{divisor}"

    def divides(self, divisor: str, value: str) -> str:
        """The condition that divisor divides value."""
        return f"{divisor} divides {value}"

    def within(self, first: str, value: str, last: str) -> str:
        """The condition that value lies between first and last."""
        return f"{first} ≤ {value} ≤ {last}" if self.unicode else f"{first} <= {value} <= {last}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """An array operation applied to its arguments."""
        return f"{function}({', '.join(arguments)})"

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


@dataclass(frozen=True)
class Latex:
    """LaTeX for amsmath."""

    def symbol(self, name: str) -> str:
        """A name."""
        if name in ("delta", "eta"):
            return f"\\{name}"
        return name if len(name) == 1 else f"\\mathrm{{{name}}}"

    def index(self, name: str) -> str:
        """The name of an index or of a size."""
        return name

    def number(self, value: int) -> str:
        """A whole number."""
        return str(value)

    def words(self, text: str) -> str:
        """Plain words among the arguments of a call."""
        return text

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:  # noqa: ARG002
        """Factors side by side."""
        return " ".join(factors)

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient."""
        return signed_sum(products, times=" ")

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written."""
        return f"{body} + \\cdots \\quad\\text{{({count} terms)}}"

    def equals(self, left: str, right: str) -> str:
        """The left side is the right side."""
        return f"{left} = {right}"

    def applied(self, function: str, argument: str) -> str:
        """A function at its argument."""
        return f"{function}({argument})"

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""
        above = f"^{{{superscript}}}" if superscript else ""
        below = f"_{{{','.join(subscripts)}}}" if subscripts else ""
        return f"{base}{above}{below}"

    def derivative(self, top: str, bottom: str) -> str:
        """A partial derivative."""
        return f"\\frac{{\\partial {top}}}{{\\partial {bottom}}}"

    def parenthesised(self, body: str) -> str:
        """A factor of a product, set apart."""
        return f"\\,{body}"

    def sum_over(self, indices: Sequence[str], body: str, conditions: Sequence[str]) -> str:
        """A sum over indices of a body; its conditions follow in rows of their own, as ``align`` takes them."""
        whole = f"\\sum_{{{', '.join(indices)}}} {body}" if indices else body
        rows = [", \\; ".join(conditions[at : at + 2]) for at in range(0, len(conditions), 2)]
        rows = [f"{row}," for row in rows[:-1]] + rows[-1:]
        return " \\\\\n&\\quad ".join([whole, *(f"\\text{{where }} {row}" if at == 0 else row
                                              for at, row in enumerate(rows))])  # fmt: skip

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
