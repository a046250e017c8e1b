"""The blocks that a derivation and its verdict are told in: headings, sentences, equations, pictures, findings.

Data only: `outline` arranges them, `text` and `latex` write them. Their sentences are messages of the catalogue, in the
language of the document; what stands in them between dollar signs is mathematics, for `symconv.report.inline`.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arrays import ArrayExpression
from symconv.polynomial import Partial, Polynomial
from symconv.report.grids import Grid
from symconv.steps import Outcome
from symconv.terms import Formula, Guard


@dataclass(frozen=True)
class Heading:
    """A section; `of` names the finding that its steps belong to, if it has one of its own."""

    text: str
    of: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two; `lead` is the word that it begins with, set apart: ``Proof.``"""

    text: str
    lead: str = ""


@dataclass(frozen=True)
class Items:
    """Sentences, one below the other, each with what it is about."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Columns with a heading each; every cell is a message."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Left:
    """The left side of a formula: the entry that it is about."""

    formula: Formula


@dataclass(frozen=True)
class Whole:
    """A tensor, or the gradient by it, as a whole: ``delta^l`` or ``dE/da^{l-1}``."""

    tensor: str


@dataclass(frozen=True)
class Reading:
    """An array expression without its numbers: ``corr(pad(delta), rot180(w))``."""

    expression: ArrayExpression


@dataclass(frozen=True)
class Convolution:
    """``delta * w``: the convolution of mathematics, which rotates w by itself."""

    left: Whole
    right: Whole


@dataclass(frozen=True)
class TimesSlope:
    """A side times f' at the weighted input of the layer below, entry by entry."""

    side: ArrayExpression | Convolution


@dataclass(frozen=True)
class Descent:
    """One step of gradient descent: ``w <- w - eta * dE/dw``."""

    tensor: str


@dataclass(frozen=True)
class SlopeOf:
    """``f(z) = ...`` or ``f'(z) = ...`` of a named activation."""

    activation: str
    derivative: bool


@dataclass(frozen=True)
class Condition:
    """Conditions on indices: an equation along an axis, and the ranges of its indices."""

    guards: tuple[Guard, ...]


Side = (
    Polynomial
    | Formula
    | Left
    | ArrayExpression
    | Whole
    | Reading
    | Convolution
    | TimesSlope
    | Descent
    | SlopeOf
    | Condition
)


@dataclass(frozen=True)
class Equation:
    """``side = side = ...``, and the rule that the last side rests on; `picture` numbers it in the worked example."""

    sides: tuple[Side, ...]
    rule: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Where:
    """The derivatives that a chain rule needs, each by itself, as SymPy gives them."""

    derivatives: tuple[tuple[Partial, Polynomial], ...]


@dataclass(frozen=True)
class Pictures:
    """Grids in a row."""

    grids: tuple[Grid, ...]
    signs: tuple[str, ...]
    picture: str = ""


@dataclass(frozen=True)
class Finding:
    """The outcome for one gradient; `of` is what its steps are found by, the same in every language."""

    name: str
    outcome: Outcome
    of: str = ""


@dataclass(frozen=True)
class Claim:
    """The overall verdict, in one sentence."""

    status: str
    text: str


Block = Heading | Paragraph | Items | Table | Equation | Where | Pictures | Finding | Claim
