"""LaTeX compiled to PDF, with the engine that the language needs.

In: a complete LaTeX document.  Out: the bytes of the PDF, the same for the same document and the same TeX.
The engine runs in a temporary folder, without shell escape, for a limited time; nothing else is written.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from symconv.errors import InvalidOption, MissingLibrary, shortened

SECONDS = 120  # one run takes a few
EPOCH = "0"  # the date inside of the file, so that two runs give the same bytes
ENGINES = {"en": "pdflatex", "zh": "xelatex"}
INSTALL = {
    "en": "texlive-latex-recommended texlive-pictures",
    "zh": "texlive-xetex texlive-lang-chinese texlive-latex-recommended texlive-pictures",
}
RERUN = re.compile(r"Rerun to get|There were undefined references")


def pdf_bytes(document: str, lang: str = "en", seconds: float = SECONDS) -> bytes:
    """Compile a document.

    Parameters
    ----------
    document
        A complete LaTeX document.
    lang
        Its language: Chinese needs xelatex.
    seconds
        How long TeX may take.

    Raises
    ------
    MissingLibrary
        If the engine, or a file that the document loads, is not installed.
    InvalidOption
        If LaTeX fails, or takes too long.
    """
    engine = ENGINES[lang]
    if shutil.which(engine) is None:
        raise MissingLibrary(f"{engine} is not installed, and PDF needs it: {_remedy(lang)}")
    with tempfile.TemporaryDirectory(prefix="symconv-") as folder:
        source = Path(folder) / "document.tex"
        source.write_text(document, encoding="utf-8", newline="\n")
        log = _run(engine, source, lang, seconds)
        if RERUN.search(log):
            _run(engine, source, lang, seconds)
        return source.with_suffix(".pdf").read_bytes()


def _remedy(lang: str) -> str:
    return f"install it (on Debian: apt install {INSTALL[lang]}), or write --format latex and compile it elsewhere"


def _run(engine: str, source: Path, lang: str, seconds: float) -> str:
    """One run of TeX: its log. The number that a PDF carries would be another each time, so it is fixed, too."""
    first = "\\pdftrailerid{}" if engine == "pdflatex" else "\\special{pdf:trailerid [<00> <00>]}"
    environment = {
        **os.environ, "SOURCE_DATE_EPOCH": EPOCH, "FORCE_SOURCE_DATE": "1", "max_print_line": "1000",
        "openin_any": "p", "openout_any": "p",
    }  # fmt: skip
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "-jobname=document",
               f"{first}\\input{{document.tex}}"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=source.parent, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise InvalidOption(f"{engine} took more than {seconds:g} s and was stopped: write --format latex") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    log = source.with_suffix(".log")
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if code:
        raise _failure(engine, said, lang)
    return said


def _failure(engine: str, log: str, lang: str) -> MissingLibrary | InvalidOption:
    """What went wrong, by the first error in a log."""
    error = next(iter(re.findall(r"^! (?:LaTeX Error: )?(.*)", log, re.MULTILINE)), "it gave no reason")
    if "not found" in error or "cannot be found" in error:
        return MissingLibrary(f"{engine}: {shortened(error)}: {_remedy(lang)}")
    return InvalidOption(f"{engine} failed: {shortened(error)}; write --format latex to see the document")
