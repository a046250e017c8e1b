"""The formulas of an audit, in the project's notation: of one entry, and of every entry, what differs marked.

In: products and lifted formulas.  Out: pieces of text, each with whether it differs from the other formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from symconv.auditing.lifting import Affine, Lifted, differs
from symconv.auditing.probing import FACTORS, Product
from symconv.report.notation import IN_THE_PLANE

Piece = tuple[str, bool]
SHOWN = 3  # products of an entry that are written out
RESULT = {"input": "a", "weight": "w", "bias": "b"}


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
