"""The primitives of a formula as MathML Core, the part of MathML that browsers draw themselves.

Every primitive gives elements that can stand in a row; what must be one element is wrapped in `mrow`. Names that are
written are letters, digits and signs of our own; whatever else comes in is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from symconv.report.messages import say
from symconv.report.notation import GREEK

TIMES = "<mo>\N{INVISIBLE TIMES}</mo>"
APPLY = "<mo>\N{FUNCTION APPLICATION}</mo>"
MINUS = "<mo>\N{MINUS SIGN}</mo>"
CONDITION_COMMA = "<mo>,</mo><mspace width='.6em'/>"
INDEX_COMMA = "<mo rspace='0'>,</mo>"
AMOUNT_SIGNS = {
    "x": "<mo>\N{MULTIPLICATION SIGN}</mo>",
    ":": "<mo rspace='0' lspace='0'>:</mo>",
    "-": MINUS,
    ",": "<mo>,</mo>",
}
PRIME = "\N{PRIME}"
PARTIAL = "<mi>\N{PARTIAL DIFFERENTIAL}</mi>"  # slanted, and close to what it is applied to
ONE = re.compile(r"<(m[in])>[^<]*</\1>")


@dataclass(frozen=True)
class MathML:
    """MathML for a web page."""

    langs: tuple[str, ...] = ("en",)

    @property
    def lang(self) -> str:
        """The first of the languages that the words in formulas are written in."""
        return self.langs[0]

    def said(self, key: str, **fields: object) -> str:
        """A message of the catalogue in each language, of which the page shows one."""
        texts = {lang: escape(say(key, lang, **fields)) for lang in self.langs}
        if len(set(texts.values())) == 1:
            return f"<mtext>{texts[self.lang]}</mtext>"
        return "".join(f'<mtext class="said" lang="{lang}">{text}</mtext>' for lang, text in texts.items())

    def symbol(self, name: str) -> str:
        """A name; one of several letters is upright, as MathML draws it by itself."""
        return f"<mi>{escape(GREEK.get(name, name))}</mi>"

    def index(self, name: str) -> str:
        """The name of an index or of a size: ``s_0`` with its axis below, ``k'`` with its prime."""
        stem = name.rstrip("'")
        letter, _, axis = stem.partition("_")
        primes = PRIME * (len(name) - len(stem))
        written = f"<mi>{escape(letter)}</mi>"
        if axis:
            written = f"<msub>{written}{_atoms(axis)}</msub>"
        return f"<msup>{written}<mo>{primes}</mo></msup>" if primes else written

    def number(self, value: int) -> str:
        """A whole number."""
        return f"<mn>{value}</mn>" if value >= 0 else f"{MINUS}<mn>{-value}</mn>"

    def indexed(self, base: str, superscript: str, subscripts: Sequence[str]) -> str:
        """A name with its layer above and its indices below."""
        below = _row(INDEX_COMMA.join(subscripts)) if subscripts else ""
        above = _row(_atoms(superscript)) if superscript else ""
        if below and above:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        if below or above:
            tag = "msub" if below else "msup"
            return f"<{tag}>{base}{below or above}</{tag}>"
        return base

    def product(self, factors: Sequence[str], *, signed: bool = False) -> str:  # noqa: ARG002
        """Factors side by side, with the sign that is not seen but read aloud."""
        return TIMES.join(factors)

    def total(self, products: Sequence[tuple[int, str]]) -> str:
        """A sum of products, each with its coefficient."""
        return "".join(self.summand(c, product, leads=at == 0) for at, (c, product) in enumerate(products)) or (
            "<mn>0</mn>"
        )

    def summand(self, coefficient: int, product: str, *, leads: bool) -> str:
        """One product of a sum, with the sign before it."""
        sign = MINUS if coefficient < 0 else "" if leads else "<mo>+</mo>"
        size = f"<mn>{abs(coefficient)}</mn>"
        return sign + (size if not product else product if abs(coefficient) == 1 else f"{size}{TIMES}{product}")

    def shortened(self, body: str, count: int) -> str:
        """A sum of which only the beginning is written."""
        return f"{body}<mo>+</mo>{self.dots(count)}"

    def dots(self, count: int) -> str:
        """What stands for the rest of a sum of so many products."""
        rest = self.said("terms", count=count)
        return f"<mo>\N{MIDLINE HORIZONTAL ELLIPSIS}</mo><mspace width='1em'/>{rest}"

    def equals(self, left: str, right: str) -> str:
        """The left side is the right side."""
        return f"{left}<mo>=</mo>{right}"

    def applied(self, function: str, argument: str) -> str:
        """A function at its argument."""
        return f"{function}{APPLY}{_bracketed(argument)}"

    def primed(self, function: str) -> str:
        """The derivative of a function of one variable."""
        return f"<msup>{function}<mo>{PRIME}</mo></msup>"

    def derivative(self, top: str, bottom: str) -> str:
        """A partial derivative."""
        return f"<mfrac><mrow>{PARTIAL}{top}</mrow><mrow>{PARTIAL}{bottom}</mrow></mfrac>"

    def parenthesised(self, body: str) -> str:
        """A factor of a product: a fraction is set apart by itself."""
        return body

    def sum_over(self, indices: Sequence[str], body: str, conditions: Sequence[str]) -> str:
        """A sum over indices of a body, where conditions hold."""
        sign = f"<munder><mo>\N{N-ARY SUMMATION}</mo><mrow>{_listed(indices)}</mrow></munder>" if indices else ""
        where = f"<mspace width='1em'/>{self.said('where')}<mspace width='.4em'/>{self.listed(conditions)}"
        return f"{sign}{body}" + (where if conditions else "")

    def quotient(self, numerator: str, divisor: str) -> str:
        """An exact quotient."""
        return f"<mfrac><mrow>{numerator}</mrow><mrow>{divisor}</mrow></mfrac>"

    def divides(self, divisor: str, value: str) -> str:
        """The condition that divisor divides value."""
        return f"{divisor}<mo>\N{DIVIDES}</mo>{value}"

    def within(self, first: str, value: str, last: str) -> str:
        """The condition that value lies between first and last."""
        at_most = "<mo>\N{LESS-THAN OR EQUAL TO}</mo>"
        return f"{first}{at_most}{value}{at_most}{last}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """An array operation applied to its arguments."""
        return f"<mi>{escape(function)}</mi>{APPLY}{_bracketed(_listed(arguments))}"

    def option(self, name: str, value: str) -> str:
        """An option of an array operation."""
        return f"{self.said(f'word.{name}')}<mspace width='.3em'/>{self.amount(value)}"

    def amount(self, value: str) -> str:
        """What is given for each axis."""
        parts = re.findall(r"\d+|[^\d\s]", value)
        return "".join(f"<mn>{part}</mn>" if part.isdecimal() else AMOUNT_SIGNS[part] for part in parts)

    def elementwise(self, left: str, right: str) -> str:
        """The elementwise product."""
        return f"{left}<mo>\N{RING OPERATOR}</mo>{right}"

    def convolution(self, left: str, right: str) -> str:
        """The convolution of mathematics, which rotates its second factor by itself."""
        return f"{left}<mo>*</mo>{right}"

    def arrow(self, left: str, right: str) -> str:
        """The left side is replaced by the right side."""
        return f"{left}<mo>\N{LEFTWARDS ARROW}</mo>{right}"

    def listed(self, parts: Sequence[str]) -> str:
        """Conditions side by side."""
        return CONDITION_COMMA.join(parts)

    def pairing(self, left: str, right: str) -> str:
        """The inner product."""
        opening, closing = "\N{MATHEMATICAL LEFT ANGLE BRACKET}", "\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
        return f"<mo>{opening}</mo>{left}<mo>,</mo>{right}<mo>{closing}</mo>"

    def differential(self, name: str) -> str:
        """An entry of the gradient by w, where it has to be short."""
        return f"<mrow><mi mathvariant='normal'>d</mi>{name}</mrow>"

    def power(self, exponent: str) -> str:
        """What stands above what was written before."""
        return f"<msup><mrow></mrow><mn>{exponent}</mn></msup>"

    def sign(self, name: str) -> str:
        """A sign by its ASCII name."""
        return f"<mo>{escape(name)}</mo>"

    def cases(self, rows: Sequence[tuple[str, str]]) -> str:
        """Values, each with its condition, behind one brace."""
        table = "".join(f"<mtr><mtd>{value}</mtd><mtd>{condition}</mtd></mtr>" for value, condition in rows)
        return f"<mrow><mo>{{</mo><mtable>{table}</mtable></mrow>"


def _row(body: str) -> str:
    """Elements as one element; a letter or a number is one already."""
    return body if ONE.fullmatch(body) else f"<mrow>{body}</mrow>"


def _bracketed(body: str) -> str:
    return f"<mrow><mo>(</mo>{body}<mo>)</mo></mrow>"


def _listed(parts: Sequence[str]) -> str:
    return "<mo>,</mo>".join(parts)


def _atoms(text: str) -> str:
    """``l-1`` as a letter, a sign and a number."""
    written = {"-": MINUS, "+": "<mo>+</mo>"}
    parts = re.findall(r"\d+|[A-Za-z]+|[-+]", text)
    return "".join(written.get(part) or (f"<mn>{part}</mn>" if part.isdecimal() else _letters(part)) for part in parts)


def _letters(name: str) -> str:
    """An identifier that is written as it is."""
    return f"<mi>{name}</mi>"
