"""The primitives of a formula as LaTeX, for amsmath and for MathJax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symconv.polynomial import signed_sum
from symconv.report.messages import say
from symconv.report.notation import GREEK

INDICES_IN_A_ROW = 5  # below the sign of a sum
LONGEST_SUBSCRIPT = 48  # characters of LaTeX; longer ones stand in several rows


@dataclass(frozen=True)
class Latex:
    """LaTeX for amsmath."""

    lang: str = "en"

    def symbol(self, name: str) -> str:
        """A name; the Greek letters that are Latin ones are no commands."""
        if name in GREEK:
            return {"epsilon": "\\varepsilon"}.get(name, f"\\{name}")
        return name if len(name) == 1 else f"\\mathrm{{{name}}}"

    def index(self, name: str) -> str:
        """The name of an index or of a size."""
        return name

    def number(self, value: int) -> str:
        """A whole number."""
        return str(value)

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:  # noqa: ARG002
        """Factors side by side."""
        return " ".join(factors)

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient."""
        return signed_sum(products, times=" ")

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written."""
        return f"{body} + \\cdots \\quad\\text{{{say('terms', self.lang, count=count)}}}"

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

    def listed(self, parts: Sequence[str]) -> str:
        """Conditions side by side."""
        return ", \\quad ".join(parts)

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
