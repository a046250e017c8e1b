"""The documentation does what it says: its commands run, its reference is complete, its pages point at what is there.

The Python of every page runs as doctests (pyproject.toml); here run the command lines of README.md and docs/. That the
site itself builds without a warning is tested where Sphinx is installed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

import symconv
from symconv.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("*/*.md"))]
ENDLESS = ("explore",)  # serves until Ctrl-C: tests/test_explore.py
LIBRARIES = ("audit torch",)  # tests/test_adapters.py
LATEX_COMMANDS = ("derive", "prove")

# What the pages call a file of the reader's own.
OWN = {
    "conv.py": """
from symconv.numpy import conv_backward


def backward(delta, a, w, **options):
    return conv_backward(delta, a, w, **options)
""",
    "layers.py": """
import numpy as np
from symconv.numpy import conv, conv_backward


def conv_forward_naive(x, w, b, conv_param):
    return conv(x, w, b, stride=conv_param["stride"], padding=conv_param["pad"]), (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, _, conv_param = cache
    return conv_backward(dout, x, w, stride=conv_param["stride"], padding=conv_param["pad"])
""",
}


def commands(page):
    """The command lines of a page that begin with symconv, without their comments, one for each part of ``a && b``."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    blocks += [match[0] for match in re.finditer(r"(?:^    symconv .*\n)+", text, re.MULTILINE)]
    for line in "\n".join(blocks).splitlines():
        if line.strip().startswith("symconv "):
            yield [
                " ".join(shlex.split(part, comments=True)[1:]) for part in line.split("  #")[0].strip().split(" && ")
            ]


EVERY = sorted({tuple(parts) for page in PAGES for parts in commands(page)})


def test_the_pages_show_commands():
    assert len(EVERY) > 20


RUN = [parts for parts in EVERY if not any(part.startswith((*ENDLESS, *LIBRARIES)) for part in parts)]


@pytest.mark.parametrize("parts", RUN, ids=" && ".join)
def test_a_command_of_the_documentation_runs(parts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, text in OWN.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for part in parts:
        program = part.split()[0]
        if program in LATEX_COMMANDS and any(word.endswith(".pdf") for word in part.split()):
            require_latex()
        if program == "check" and any(word.endswith(".v") for word in part.split()) and shutil.which("coqc") is None:
            pytest.skip("coqc is not installed")
        arguments = shlex.split(part) + (["--layers", "4"] if program == "audit" else [])
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, (result.output, result.exception)


def require_latex():
    if None in (shutil.which("pdflatex"), shutil.which("xelatex")):
        pytest.skip("pdflatex and xelatex are not both installed")


# --- the reference ---


def test_the_reference_has_every_public_name():
    text = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert {name for name in symconv.__all__ if f":: symconv.{name}\n" not in text} == set()


# --- the pictures ---


def making():
    """The module that makes what the site shows."""
    spec = spec_from_file_location("making", ROOT / "docs" / "making.py")
    module = sys.modules["making"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pictures_of_the_readme_and_the_site_are_what_symconv_draws_now():
    folder, made = ROOT / "docs" / "pictures", making()
    for name in made.PICTURES:
        path = folder / f"{name}.svg"
        if os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1":
            folder.mkdir(exist_ok=True)
            path.write_bytes(made.drawn(name).encode())
        assert path.read_bytes() == made.drawn(name).encode(), f"{path}: changed; make golden draws it anew"
    assert {path.stem for path in folder.iterdir()} == made.PICTURES.keys()


def test_every_picture_of_the_texts_is_shown_and_every_one_that_is_shown_is_there():
    written = [page for page in PAGES if page.parent.name != "_made"]
    shown = {(page.parent / target).resolve() for page in written for target in
             re.findall(r"!\[[^]]*\]\(([^)]*\.svg)\)", page.read_text(encoding="utf-8"))}  # fmt: skip
    assert {path for path in shown if path.is_file()} == shown
    assert set((ROOT / "docs" / "pictures").iterdir()) == shown
    assert any("docs/pictures/" in line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines())


# --- the site ---


class Links(HTMLParser):
    """What a page links to, and the names that can be linked to in it."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.names = set(), set()
        self.feed(text)

    def handle_starttag(self, _, attrs):
        given = {key: value for key, value in attrs if value}
        self.targets |= {given[key] for key in ("href", "src") if key in given}
        self.names |= {given[key] for key in ("id", "name") if key in given}


def broken_links(site):
    """Every link between pages of a site that leads nowhere."""
    read = {page: Links(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    broken = []
    for page, found in read.items():
        for target in sorted(found.targets):
            if re.match(r"[a-z]+:|//", target):
                continue
            path, _, name = target.partition("#")
            to = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page.resolve()
            if not to.exists() or (name and to.suffix == ".html" and unquote(name) not in read[to].names):
                broken.append(f"{page.relative_to(site)}: {target}")
    return sorted(broken)


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#there">b</a> <a id="here" href="#here">a</a>', encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="elsewhere">b</p> <img src="none.svg">', encoding="utf-8")
    assert broken_links(tmp_path) == ["a.html: b.html#there", "b.html: none.svg"]


@pytest.mark.skipif(find_spec("furo") is None, reason="Sphinx and its theme are not installed")
def test_the_site_builds_without_a_warning_and_its_links_lead_somewhere(tmp_path):
    site = tmp_path / "site"
    made = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", tmp_path / "trees"]
    run = subprocess.run([*made, ROOT / "docs", site], capture_output=True, text=True, timeout=300)
    assert (run.returncode, run.stderr) == (0, "")
    assert broken_links(site) == []
    assert len(list((site / "live").glob("*.html"))) == 8
