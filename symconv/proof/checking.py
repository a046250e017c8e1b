"""Running the independent checker, or coqc, on a file, perhaps for a layer that the file has to be about."""

from __future__ import annotations

import json
from pathlib import Path

from symconv.errors import InvalidLayer
from symconv.layer import Conv
from symconv.proof import checker
from symconv.proof.coq_certificate import CoqAccepted, CoqRejected, CoqUnavailable, check_coq, coq_certificate

ACCEPTED, REJECTED, UNREADABLE, UNDECIDED = 0, 1, 2, 3
COQ_HEADER = "(* layer: "


def check_file(path: str, about: Conv | None = None) -> tuple[int, list[str]]:
    """Check one certificate: an exit code, and the lines that say what is established, or why nothing is."""
    if path.endswith(".v"):
        return _check_coq(path, about)
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


def coq_file(layer: Conv) -> str:
    """The Coq certificate of a layer, under a line that names the layer."""
    return f"{COQ_HEADER}{json.dumps(layer.to_json(), sort_keys=True)} *)\n{coq_certificate(layer)}"


def _check_coq(path: str, about: Conv | None) -> tuple[int, list[str]]:
    """A Coq certificate is checked by coqc, where it is installed.

    A Coq text can read and write files. So nothing from outside reaches coqc: the text has to be, byte for byte, what
    symconv writes for the layer that its first line names.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return UNREADABLE, [f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}"]
    try:
        header = text.partition("\n")[0].removeprefix(COQ_HEADER).removesuffix(" *)")
        layer = Conv.from_json(checker.parse(header.encode()))
    except (InvalidLayer, checker.Rejected) as error:
        return REJECTED, [f"{path}: REJECTED: its first line names no layer: {error}"]
    if about is not None and layer != about:
        return REJECTED, [f"{path}: REJECTED: it is not about {about!r}"]
    if text != coq_file(layer):
        return REJECTED, [f"{path}: REJECTED: it is not the certificate of {layer!r}"]
    match check_coq(text):
        case CoqAccepted(assumptions):
            return ACCEPTED, [f"{path}: ACCEPTED by coqc, for {layer!r}: {assumptions}"]
        case CoqRejected(found):
            return REJECTED, [f"{path}: REJECTED by coqc: {found}"]
        case CoqUnavailable(reason):
            return UNDECIDED, [f"{path}: UNDECIDED: {reason}"]
