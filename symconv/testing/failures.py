"""The failure of a test: `WrongGradient`.

Never: an import of anything but the standard library; the pytest plugin loads this in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symconv.report.audit import AuditReport


class WrongGradient(AssertionError):
    """A function does not compute what the theorem says, or nothing that could be compared with it.

    The message is `headline` (which gradient, which mistake), then `text`, the report of the audit.
    """

    def __init__(self, headline: str, report: AuditReport) -> None:
        self.headline, self.text, self.report = headline, report.text().strip(), report
        super().__init__(f"{headline}\n\n{self.text}")

    @contextmanager
    def shortened(self) -> Iterator[None]:
        """The message is the headline alone, for as long as this lasts."""
        whole = self.args
        self.args = (self.headline,)
        try:
            yield
        finally:
            self.args = whole
