"""A document: a derivation, with its verdict if there is one, and the formats it can be written in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from symconv.report.blocks import Block
from symconv.report.data import derivation_data, verdict_data
from symconv.report.latex import latex_text
from symconv.report.lines import Line
from symconv.report.messages import language
from symconv.report.notation import STANDARD, Notation
from symconv.report.outline import SECTIONS, outline
from symconv.report.pdf import pdf_bytes
from symconv.report.text import text_lines
from symconv.steps import Derivation, Verdict


@dataclass(frozen=True)
class Document:
    """What `derive` returns: the derivation as data, and as text, LaTeX and JSON.

    Parameters
    ----------
    derivation
        The derivation itself.
    notation
        How formulas are written.
    sections
        Which of input, error, weight, bias and update are told.
    verdict
        What was proved, told at the end.
    pictures
        Whether equations carry the numbers of the worked example's pictures.
    lang
        The language of the sentences: ``"en"`` or ``"zh"``.
    """

    derivation: Derivation
    notation: Notation = STANDARD
    sections: tuple[str, ...] = SECTIONS
    verdict: Verdict | None = None
    pictures: bool = False
    lang: str = "en"

    def __post_init__(self) -> None:
        language(self.lang)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The document as blocks."""
        return tuple(outline(self.derivation, self.sections, self.verdict, self.lang))

    def lines(self, *, unicode: bool = False) -> Iterator[Line]:
        """The text line by line, each with the name of its style."""
        layer = self.derivation.layer
        return text_lines(self.blocks, layer, self.notation, unicode=unicode, pictures=self.pictures, lang=self.lang)

    def text(self, *, unicode: bool = False) -> str:
        """The document as text: ASCII, or with the signs of Unicode."""
        return "\n".join(line.rstrip() for _, line in self.lines(unicode=unicode)).lstrip("\n") + "\n"

    def latex(self, *, fragment: bool = False) -> str:
        r"""The document as LaTeX; a `fragment` is its body, for ``\input``."""
        return latex_text(self.blocks, self.derivation.layer, self.notation, fragment=fragment, lang=self.lang)

    def pdf(self) -> bytes:
        """The document as PDF: its LaTeX compiled, where LaTeX is installed; the same bytes every time."""
        return pdf_bytes(self.latex(), self.lang)

    def json(self) -> str:
        """The derivation (and the verdict) as one JSON object."""
        data = derivation_data(self.derivation, self.notation)
        data["gradients"] = {name: g for name, g in data["gradients"].items() if name in self.sections}
        if self.verdict is not None:
            data["verdict"] = verdict_data(self.verdict)
        return json.dumps(data, indent=2, ensure_ascii=True) + "\n"

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Document: the gradients of {self.derivation.layer!r}>"

    def _repr_latex_(self) -> str:
        return self.latex(fragment=True)
