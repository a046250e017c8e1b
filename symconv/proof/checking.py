"""Running the independent checker on a file, perhaps for a layer that the file has to be about."""

from __future__ import annotations

from pathlib import Path

from symconv.layer import Conv
from symconv.proof import checker

ACCEPTED, REJECTED, UNREADABLE = 0, 1, 2


def check_file(path: str, about: Conv | None = None) -> tuple[int, list[str]]:
    """Check one certificate: an exit code, and the lines that say what is established, or why nothing is."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(checker.MAX_BYTES + 1)
    except OSError as error:
        return UNREADABLE, [f"{path}: cannot be read: {error.strerror}"]
    try:
        certificate = checker.parse(text)
        lines = checker.check(certificate)
        if about is not None:
            checker.need(certificate["layer"] == about.to_json(), f"it is not about {about!r}")
    except (checker.Rejected, RecursionError) as error:
        return REJECTED, [f"{path}: REJECTED: {error}"]
    return ACCEPTED, [f"{path}: ACCEPTED", *lines]
