"""The formulas of an audit, in the project's notation: of one entry, and of every entry, what differs marked.

In: products and lifted formulas.  Out: pieces of text, each with whether it differs from the other formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from symconv.auditing.diagnosis import symbol
from symconv.auditing.forms import FACTORS
from symconv.auditing.lifting import Affine, Lifted, differs
from symconv.auditing.probing import Product
from symconv.report.notation import IN_THE_PLANE

Piece = tuple[str, bool]
LONG = 1000  # a denominator from which a number is written in decimals
SHOWN = 3  # products of an entry that are written out


class Style(Protocol):
    """How an audit's formulas look in one markup."""

    def result(self, slot: str, indices: Sequence[str]) -> str:
        """``dE/da[n,c,x]``, or ``z[n,o,i]``."""

    def tensor(self, name: str, indices: Sequence[Piece]) -> list[Piece]:
        """A tensor read at indices."""

    def sum_over(self, indices: Sequence[str]) -> str:
        """The sum over indices."""

    def number(self, value: Fraction) -> str:
        """A factor."""

    def index(self, value: Affine, ndim: int) -> str:
        """An index."""

    @property
    def times(self) -> str:
        """Between two factors."""


@dataclass(frozen=True)
class Plain:
    """Formulas as plain text."""

    unicode: bool = False

    @property
    def times(self) -> str:
        """Between two factors."""
        return "*"

    def result(self, slot: str, indices: Sequence[str]) -> str:
        """``dE/da[n,c,x]``."""
        return f"{symbol(slot)}[{','.join(indices)}]"

    def tensor(self, name: str, indices: Sequence[Piece]) -> list[Piece]:
        """``delta[n,o,x - k]``."""
        written = "δ" if self.unicode and name == "delta" else name
        pieces: list[Piece] = [(f"{written}[", False)]
        for at, index in enumerate(indices):
            pieces += [(",", False)] * bool(at) + [index]
        return [*pieces, ("]", False)]

    def sum_over(self, indices: Sequence[str]) -> str:
        """``sum over o, k of``."""
        return f"{'Σ' if self.unicode else 'sum'} over {', '.join(indices)} of "

    def number(self, value: Fraction) -> str:
        """``1/6``."""
        if value.denominator > LONG:
            return f"{float(value):.6g}"
        return str(value) if value.denominator == 1 else f"({value})"

    def index(self, value: Affine, ndim: int) -> str:
        """``(x - 2*k + 1)/2``."""
        return value.written(lambda name: index_name(name, ndim))


def index_name(name: str, ndim: int) -> str:
    """``x0`` is x, ``x1`` y; the input channel of a is c."""
    if name == "y":
        return "c"
    if len(name) == 1 or ndim > 2:
        return name
    return name[0] if ndim == 1 else IN_THE_PLANE[name]


def formula(style: Style, lifted: Lifted, other: Lifted | None) -> list[Piece]:
    """``dE/da[n,c,x] = sum over o, k of delta[n,o,x - k]*w[o,c,k]``, what differs from the other formula marked."""
    ndim = lifted.layer.ndim
    different = differs(lifted, other) if other is not None and len(other.factors) == len(lifted.factors) else set()
    entry = [index_name(name, ndim) for name in lifted.entry]
    pieces: list[Piece] = [(f"{style.result(lifted.slot, entry)} = ", False)]
    if lifted.coefficient != 1:
        changed = other is not None and other.coefficient != lifted.coefficient
        pieces += [(style.number(lifted.coefficient), changed), (style.times, False)]
    if lifted.summed:
        pieces.append((style.sum_over([index_name(name, ndim) for name in lifted.summed]), False))
    for at, (tensor, indices) in enumerate(lifted.factors):
        if at:
            pieces.append((style.times, False))
        read = [(style.index(index, ndim), (at, axis) in different) for axis, index in enumerate(indices)]
        pieces += style.tensor(tensor, read)
    return pieces


def conditions(lifted: Lifted) -> list[str]:
    """What a formula says besides: which index g is, and which products are left out."""
    ndim, found = lifted.layer.ndim, []
    if any(name == "g" for _, indices in lifted.factors for index in indices for name, _ in index.coefficients):
        found.append(f"g = o div {lifted.layer.out_channels_per_group}")
    for name, low, high in lifted.conditions:
        written = index_name(name, ndim)
        found.append(f"{written} = {low}" if low == high else f"{low} <= {written} <= {high}")
    return found


def entry_sum(style: Style, slot: str, products: Sequence[Product], others: Sequence[Product]) -> str:
    """The products of an entry; of many, those first that the other side has not, and dots."""
    if not products:
        return "0"
    own = [product for product in products if product not in others]
    shown = products if len(products) <= SHOWN else (own or list(products))[:SHOWN]
    written = [_product(style, slot, product) for product in shown]
    text = " + ".join(written).replace("+ -", "- ")
    return text if len(shown) == len(products) else f"{text} + ... ({len(products)} products)"


def _product(style: Style, slot: str, product: Product) -> str:
    factors = [
        "".join(text for text, _ in style.tensor(name, [(str(i), False) for i in at]))
        for name, at in zip(FACTORS[slot], product.at, strict=True)
    ]
    number = [] if product.coefficient == 1 else [style.number(product.coefficient)]
    return style.times.strip().join([*number, *factors])


def numbers(expected: float, got: float | None) -> tuple[str, str]:
    """Two values, with as many digits as tell them apart."""
    if got is None:
        return _number(expected), "nothing"
    short = _number(expected), _number(got)
    return short if short[0] != short[1] else (repr(expected), repr(got))


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else f"{value:g}"
