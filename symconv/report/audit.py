"""An audit's verdict, written: as text, as LaTeX, as data of JSON's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symconv.auditing.verdicts import AuditOutcome, AuditVerdict
from symconv.report.audit_data import audit_data
from symconv.report.audit_latex import audit_latex
from symconv.report.audit_text import audit_lines
from symconv.report.lines import Line
from symconv.steps import Status


@dataclass(frozen=True, repr=False)
class AuditReport:
    """What an audit found, and how it is told: `print` shows the text.

    A report is true in a condition when its status is PASSED.
    """

    verdict: AuditVerdict

    @property
    def status(self) -> Status:
        """The worst status among what was computed."""
        return self.verdict.status

    @property
    def outcomes(self) -> Mapping[str, AuditOutcome]:
        """An outcome for each of ``"input"``, ``"weight"``, ``"bias"``, and ``"forward"`` if it was given."""
        return self.verdict.outcomes

    def __bool__(self) -> bool:
        return bool(self.verdict)

    def __repr__(self) -> str:
        return repr(self.verdict)

    def __str__(self) -> str:
        return self.text()

    def lines(self, *, unicode: bool = False) -> list[Line]:
        """The lines of the report, each with its style."""
        return list(audit_lines(self.verdict, unicode=unicode))

    def text(self, *, unicode: bool = False) -> str:
        """The report as plain text."""
        return "\n".join(text for _, text in self.lines(unicode=unicode)) + "\n"

    def latex(self) -> str:
        """The report as a LaTeX fragment; it needs amsmath."""
        return audit_latex(self.verdict)

    def to_json(self) -> dict[str, Any]:
        """The report as data of JSON's types."""
        return audit_data(self.verdict)
