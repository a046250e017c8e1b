"""What every command shares: numbers read, lines and JSON printed, exit codes."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

import click

from symconv.errors import shortened

EXIT_CODES = {"PROVED": 0, "PASSED": 0, "REFUTED": 1, "UNDECIDED": 3, "UNSUPPORTED": 3}
NUMBER = re.compile(r"[+-]?[0-9]{1,1000}")


def count(text: str, name: str) -> int:
    """A whole number."""
    if not NUMBER.fullmatch(text):
        raise click.UsageError(f"{name} {shortened(text)} is no number")
    return int(text)


def suffix_of(path: str | None, known: Iterable[str], option: str = "-o", mend: str = "") -> str:
    """What the name of a file says about its format: one of the suffixes that are known, or none.

    Raises
    ------
    click.UsageError
        For any other suffix: the file would not be what its name says.

    Examples
    --------
    >>> suffix_of("page.HTML", [".tex", ".html"]), suffix_of("page", [".tex"]), suffix_of("-", [".tex"])
    ('.html', '', '')
    """
    suffix = os.path.splitext(path or "")[1].lower()
    if suffix and suffix not in known:
        raise click.UsageError(
            f"{option} {shortened(path)}: nothing is written as {suffix} here: give a file that ends in "
            f"{', '.join(known)}{mend}"
        )
    return suffix


def print_json(data: Any) -> None:
    """One JSON object."""
    click.echo(json.dumps(data, indent=2))


def shows_unicode() -> bool:
    """Whether the output is a terminal that can show Unicode; a pipe gets plain ASCII."""
    return sys.stdout.isatty() and "utf" in (sys.stdout.encoding or "").lower()


def print_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Coloured on a terminal, plain in a pipe."""
    if sys.stdout.isatty():
        from symconv.report.terminal import print_lines as print_styled

        print_styled(lines)
        return
    click.echo("\n".join(line.rstrip() for _, line in lines).lstrip("\n"))


def print_document(document: Any) -> None:
    """A document in the terminal, with or without Unicode as the terminal can show it."""
    print_lines(document.lines(unicode=shows_unicode()))
