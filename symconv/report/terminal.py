"""What only a terminal gets: colours, and a progress bar on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from symconv.report.lines import STYLES, Line

T = TypeVar("T")


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines in their styles; NO_COLOR is honoured."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for style, line in lines:
        console.print(Text(line, style=STYLES.get(style, "")))


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, with a progress bar if stderr is a terminal and the lines about them go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False,
                   redirect_stderr=False)  # fmt: skip
    with bar:
        yield from bar.track(items, description=what)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr that is told how much is done, and of how much; it disappears at the end."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
