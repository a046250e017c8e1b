"""The primitives of a formula: what a writer needs to know of plain text, LaTeX or MathML.

A markup knows how a subscript, a product or a derivative looks; it knows no layer and no mathematics. There are three:
`markup_text`, `markup_latex` and `mathml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Markup(Protocol):
    """What a writer needs to know of an output format."""

    @property
    def lang(self) -> str:
        """The language of the words inside of formulas."""

    def symbol(self, name: str) -> str:
        """A name: delta, eta, net, a."""

    def index(self, name: str) -> str:
        """The name of an index or of a size: i, k', s_0."""

    def number(self, value: int) -> str:
        """A whole number."""

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
        """A function at its argument."""

    def primed(self, function: str) -> str:
        """The derivative of a function of one variable."""

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

    def listed(self, parts: Sequence[str]) -> str:
        """Conditions side by side."""

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""

    def differential(self, name: str) -> str:
        """``dw``: an entry of the gradient by w, where it has to be short."""

    def power(self, exponent: str) -> str:
        """What stands above what was written before."""

    def sign(self, name: str) -> str:
        """A sign or an operation of the mathematics inside of sentences, by its ASCII name."""
