"""LaTeX: documents compile as they are, fit the page, and are sound as source.

The checks of structure need no LaTeX; those that compile skip where it is missing. Bodies with different layers,
notations and activations, and those of all presets, are compiled together, one run for each language.
"""

import os
import re
import shutil
import string
import subprocess
from functools import cache

import pytest

from symconv import Conv, derive, notation, preset, prove
from symconv.arrays import Correlate, Input, Pad
from symconv.errors import InvalidOption, MissingLibrary
from symconv.presets import presets
from symconv.report.document import Document
from symconv.report.general import GeneralDocument
from symconv.report.latex_lines import broken, width
from symconv.report.pdf import pdf_bytes
from symconv.report.prose import escaped
from tests.preset_documents import preset_latex

WIDEST_OVERFULL = 1.0  # points

LAYERS = {
    "worked example": Conv((3, 3), (2, 2)),
    "one entry": Conv(1, 1),
    "one axis": Conv(7, 3, stride=2, padding=1),
    "one axis, many channels": Conv(40, 9, dilation=4, padding=16, in_channels=16, out_channels=16),
    "stride": Conv((5, 5), (3, 3), stride=2),
    "asymmetric": Conv((7, 8), (2, 3), stride=(2, 3), padding=((1, 0), (2, 1)), dilation=(2, 1), groups=2,
                       in_channels=4, out_channels=6),
    "depthwise": Conv((5, 5), (3, 3), padding=1, groups=4, in_channels=4, out_channels=4),
    "batch": Conv((4, 4), (3, 3), padding="same", batch=3, in_channels=2, out_channels=2, bias=False),
    "flip": Conv((5, 4), (3, 2), flip=True, dilation=(1, 2), padding=1),
    "input dilation": Conv((3, 3), (2, 2), input_dilation=(2, 3), padding=((-1, 1), (0, 1))),
    "crop": Conv((6, 6), (1, 1), padding=-2, in_channels=3, out_channels=2),
    "transposed": Conv.transposed((4, 4), (3, 3), stride=2, padding=1, output_padding=1),
    "transposed, groups": Conv.transposed((3, 4), (3, 2), stride=2, padding=1, output_padding=1, in_channels=4,
                                          out_channels=2, groups=2),
    "three axes": Conv((4, 4, 4), (2, 2, 2), stride=2, padding=1, in_channels=2, out_channels=2),
    "three axes, everything": Conv((3, 4, 5), (2, 3, 2), stride=(2, 1, 3), padding=((1, 0), (2, 1), (0, 1)),
                                   dilation=(1, 1, 2), groups=2, in_channels=4, out_channels=4, batch=2, flip=True),
    "four axes": Conv((2, 2, 2, 2), (2, 1, 2, 1)),
} | {name: preset(name).layer for name in ("resnet50.conv1", "vgg16.conv5_3", "videomae.cube_embedding")}  # fmt: skip
ACTIVATIONS = ("f", "relu", "gelu", "sigmoid", "leaky_relu", "tanh", "softplus", "identity")
NOTATIONS = ("z", "net")
SYMBOLS = ({}, {"a": "x", "delta": "e"}, {"w": "theta", "delta": "epsilon"})
# A plain article: its text is narrower than that of the documents that symconv writes.
HOSTS = {
    "en": "\\documentclass{article}\n",
    "zh": "\\documentclass[fontset=fandol]{ctexart}\n",
}
PLAIN = r"""\usepackage{amsmath, amssymb, graphicx, tikz}
\begin{document}
\sloppy
%s
\end{document}
"""

every_layer = pytest.mark.parametrize("name", LAYERS)
every_notation = pytest.mark.parametrize("written_in", NOTATIONS)
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
needs_xelatex = pytest.mark.skipif(
    shutil.which("xelatex") is None
    or subprocess.run(["kpsewhich", "ctex.sty"], capture_output=True, check=False).returncode != 0,
    reason="xelatex or ctex is not installed",
)
every_language = pytest.mark.parametrize(
    "lang", [pytest.param("en", marks=needs_latex), pytest.param("zh", marks=needs_xelatex)]
)


@cache
def verdict_of(name):
    """A verdict with its derivation; each layer has an activation of its own."""
    if name == "refuted":
        padded = Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1)))
        wrong = Correlate(padded, Input("w", (1, 1, 2, 2)), (1, 1), (1, 1))
        return prove(LAYERS["worked example"], closed=wrong, entries=True)
    if name == "refuted by its shape":
        wrong = Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1)))
        return prove(LAYERS["worked example"], closed=wrong, entries=True)
    activation = ACTIVATIONS[list(LAYERS).index(name) % len(ACTIVATIONS)]
    return prove(LAYERS[name], activation=activation, entries=True)


@cache
def latex_of(name, written_in="z", fragment=False, lang="en"):
    verdict = verdict_of(name)
    return Document(verdict.derivation, notation(written_in), verdict=verdict, lang=lang).latex(fragment=fragment)


# --- compiled ---

GENERAL = {
    "theorem, one axis": (Conv.general(1, flip=True), notation("loss")),
    "theorem, two axes": (Conv((7, 8), (3, 2), stride=(2, 3)), notation("z", 1, {"a": "x"})),
    "theorem, five axes": (Conv.general(5), notation()),
}
IN_CHINESE = ("worked example", "asymmetric", "transposed, groups", "one axis", "refuted")
PRESETS = {f"preset {found.name}": found.layer for found in presets()}
BODIES = {
    "en": [*LAYERS, "refuted", "refuted by its shape", *GENERAL, *PRESETS],
    "zh": [*IN_CHINESE, "theorem, two axes"],
}


def body_of(name, lang):
    """The body of a document; the notations take turns."""
    if name in GENERAL:
        layer, written_in = GENERAL[name]
        return GeneralDocument(prove(layer, every_shape=True), written_in, lang).latex(fragment=True)
    if name in PRESETS:
        return preset_latex(name.removeprefix("preset "))
    at = [*LAYERS, "refuted", "refuted by its shape"].index(name)
    written_in = notation(("z", "net", "loss")[at % 3], at % 2, SYMBOLS[at % 3] if at % 3 != 1 else {})
    verdict = verdict_of(name)
    return Document(verdict.derivation, written_in, verdict=verdict, lang=lang).latex(fragment=True)


PICTURE = re.compile(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", re.DOTALL)


def without_pictures(body):
    """A body with a small box for each picture: pictures take nearly all of LaTeX's time, and are never too wide."""
    return PICTURE.sub(lambda _: "\\rule{1cm}{1cm}", body)


def with_few_pictures(bodies):
    """The bodies, those of presets without pictures where one before has the pictures of such a layer."""
    drawn, found = set(), {}
    for name, body in bodies.items():
        layer = PRESETS.get(name)
        features = layer and (layer.ndim, max(layer.stride) > 1, max(layer.dilation) > 1, max(layer.input_dilation) > 1)
        found[name] = without_pictures(body) if layer and features in drawn else body
        drawn.add(features)
    return found


def compiled(folder, lang, bodies):
    """What the log says about each body."""
    marked = "\n".join(f"\\typeout{{BODY {name}}}\n{body}\n" for name, body in bodies.items())
    (folder / "document.tex").write_text(HOSTS[lang] + PLAIN % f"{marked}\n\\typeout{{BODY end}}", encoding="utf-8")
    engine = {"en": "pdflatex", "zh": "xelatex"}[lang]
    subprocess.run(
        [engine, "-interaction=nonstopmode", "-no-shell-escape", "document.tex"],
        cwd=folder, env={**os.environ, "max_print_line": "10000"}, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert (folder / "document.pdf").exists()
    log = (folder / "document.log").read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"^BODY (.*)$", log, flags=re.MULTILINE)
    return {"before": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def complaints(log):
    """Errors, undefined references, missing characters, lines that are too wide, and what does not fit a page."""
    said = re.findall(r"^(?:!.*|.*LaTeX Warning: Reference.*|.*undefined references.*|Missing character.*)$", log, re.M)
    over = re.findall(r"^Overfull \\[hv]box \(([\d.]+)pt (too wide|too high)\).*$", log, re.MULTILINE)
    return said + [f"{points} pt {how}" for points, how in over if float(points) > WIDEST_OVERFULL]


@every_language
def test_every_body_compiles_and_fits_a_plain_article(tmp_path, lang):
    """One test for each language: it is compiled once, whichever process runs it."""
    log = compiled(tmp_path, lang, with_few_pictures({name: body_of(name, lang) for name in BODIES[lang]}))
    assert set(log) == {"before", "end", *BODIES[lang]}
    assert {name: said for name, part in log.items() if (said := complaints(part))} == {}


@needs_latex
def test_what_does_not_compile_or_is_too_wide_is_noticed(tmp_path):
    bodies = {
        "error": "\\nosuchcommand",
        "wide": "\\mbox{" + "wide " * 100 + "}",
        "wide formula": "\\begin{align*} x &= " + "+ y " * 100 + "\\end{align*}",
        "reference": "\\ref{nothing}",
        "high": "\\begin{align*} " + " \\\\ ".join(["x &= y"] * 80) + " \\end{align*}\\clearpage",
        "right": "\\begin{align*} x &= y \\tag*{\\footnotesize because} \\end{align*}",
    }
    log = compiled(tmp_path, "en", bodies)
    assert {name for name in bodies if complaints(log[name])} == set(bodies) - {"right"}


@every_language
def test_a_whole_document_becomes_the_same_pdf_every_time(lang):
    document = derive(Conv(3, 2), of=["input"], lang=lang)
    one, other = document.pdf(), document.pdf()
    assert one.startswith(b"%PDF")
    assert one == other


@needs_latex
def test_every_character_of_ascii_can_be_escaped_and_every_activation_compiles(tmp_path):
    body = escaped(string.printable.strip())
    bodies = {name: derive(Conv(3, 2), of=["error"], activation=name).latex(fragment=True) for name in ACTIVATIONS}
    log = compiled(tmp_path, "en", {"ascii": f"{body}\n\\section*{{{body}}}\n", **bodies})
    assert [c for c in complaints(log.pop("ascii")) if "wide" not in c] == []  # nobody breaks that word
    assert [complaints(part) for part in log.values()] == [[]] * len(log)


# --- PDF that cannot be made ---

TINY = "\\documentclass{article}\\begin{document}x\\end{document}"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_latex_the_error_says_what_to_install(monkeypatch, lang):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingLibrary, match=r"latex is not installed.*apt install texlive"):
        pdf_bytes(TINY, lang)


@needs_latex
def test_a_document_that_fails_is_one_line_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(InvalidOption, match="Undefined control sequence") as failure:
        pdf_bytes(TINY.replace("x", "\\nosuchcommand"))
    assert "\n" not in str(failure.value)
    with pytest.raises(MissingLibrary, match=r"nosuch\.sty.*apt install"):
        pdf_bytes(TINY.replace("\\begin", "\\usepackage{nosuch}\\begin", 1))
    with pytest.raises(InvalidOption, match="more than 1 s"):
        pdf_bytes(TINY.replace("x", "\\loop\\iftrue\\repeat"), seconds=1)
    assert list(tmp_path.iterdir()) == []


@needs_latex
def test_no_command_of_the_shell_is_run(tmp_path):
    mark = tmp_path / "mark"
    pdf_bytes(TINY.replace("x", f"\\immediate\\write18{{touch {mark}}}x"))
    assert not mark.exists()


# --- rows ---


@pytest.mark.parametrize("room", [60, 120, 200])
def test_a_broken_formula_has_the_same_symbols_and_no_row_is_too_wide(room):
    formula = "\\sum_{i, j} \\delta^{l}_{i,j} w_{k,m} + " + " + ".join(f"w_{{{i},{i}}} a_{{{i}}}" for i in range(12))
    rows = broken(formula, room)
    assert "".join("".join(rows).split()) == "".join(formula.split())
    assert max(map(width, rows)) <= room


def test_a_row_that_cannot_be_broken_is_scaled_down():
    (row,) = broken("\\mathrm{" + "w" * 100 + "}", 100)
    assert row.startswith("\\scalebox{0.")


# --- structure, without LaTeX ---

COMMANDS = {
    "LaTeX": """
        AtBeginDocument IfFileExists LARGE abovedisplayskip allowbreak baselineskip begin belowdisplayskip bmod cdots
        centering circ delta displaystyle documentclass else end epsilon eta exp fi footnotesize frac hline ifdim in
        item langle le ge left leftarrow linewidth log longrightarrow mathbin mathrm mid ne par parindent parskip
        partial pi quad qquad raggedright rangle right section setlength sloppy small sqrt star sum tanh textbf
        textgreater textit textless textstyle textsuperscript texttt textwidth times to usepackage vspace width
    """,
    "amsmath": "allowdisplaybreaks operatorname substack tag text",
    "amssymb": "circledast square",
    "graphicx": "resizebox scalebox",
    "tikz": "color draw node pgftext",
}


def plain(document):
    """A document without escaped characters."""
    return re.sub(r"\\[\\{}_&%$#~^,;!: ]", " ", document)


@every_layer
def test_every_command_is_of_a_package_that_the_preamble_loads(name):
    document = latex_of(name)
    packages = re.findall(r"\\usepackage(?:\[[^]]*\])?\{([\w, ]+)\}", document)
    loaded = {"LaTeX", *(package.strip() for names in packages for package in names.split(","))}
    known = {command for package in loaded for command in COMMANDS.get(package, "").split()}
    used = set(re.findall(r"\\([a-zA-Z]+)", plain(document)))
    assert used - known == set()


@every_notation
@pytest.mark.parametrize("name", [*LAYERS, "refuted", "refuted by its shape"])
def test_braces_and_environments_are_balanced(name, written_in):
    document = latex_of(name, written_in)
    depth = 0
    for character in plain(document):
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    stack = []
    for kind, environment in re.findall(r"\\(begin|end)\{([a-z*]+)\}", document):
        if kind == "begin":
            stack.append(environment)
        else:
            assert stack.pop() == environment
    assert stack == []


GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"


@every_notation
@pytest.mark.parametrize("name", [*LAYERS, "refuted", "refuted by its shape"])
def test_no_subscript_or_superscript_is_doubled(name, written_in):
    document = latex_of(name, written_in)
    assert re.search(rf"_{GROUP}\s*_", document) is None
    assert re.search(rf"\^{GROUP}\s*\^", document) is None
    assert re.search(rf"_{GROUP}\s*\^{GROUP}\s*_", document) is None
    assert re.search(rf"\^{GROUP}\s*_{GROUP}\s*[\^_]", document) is None
    assert re.search(rf"'\s*\^|\^{GROUP}'", document) is None


def prose(document):
    """What stands outside of mathematics, commands and the preamble."""
    body = document.partition("\\begin{document}")[2] or document
    body = re.sub(r"\\begin\{(align\*|center)\}.*?\\end\{\1\}|^%.*?$", "", body, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\$[^$]*\$", "", plain(body), flags=re.DOTALL).replace("\\allowbreak{}", "")


@every_notation
@pytest.mark.parametrize("name", [*LAYERS, "refuted", "refuted by its shape"])
def test_no_special_character_is_bare_outside_of_mathematics(name, written_in):
    document = latex_of(name, written_in)
    assert re.findall(r".{0,20}[_^&#%~$].{0,20}", prose(document)) == []
    assert document.isascii()
    words = re.sub(r"\$[^$]*\$", "", document)
    assert re.findall(r"\\text(?:tt)?\{[^{}]*(?<!\\)[_^&#%$][^{}]*\}", words) == []


@every_layer
def test_every_picture_has_a_cell_for_each_entry_and_nothing_is_drawn_twice(name):
    pictures = PICTURE.findall(latex_of(name))
    assert len(pictures) == 3
    for picture in pictures:
        paths = re.findall(r"\\draw\[black!60, fill=[^]]*\]([^;]*);", picture)
        square = r"\(([-\d.]+), ([-\d.]+)\) rectangle \+\(([\d.]+), -0\.62\)"
        squares = [tuple(map(float, found)) for path in paths for found in re.findall(square, path)]
        texts = re.findall(r"\\pgftext\[x=([-\d.]+)cm, y=([-\d.]+)cm\]\{.*\$\}$", picture, re.MULTILINE)
        assert len(squares) == len(set(squares)) == len(set(texts)) == len(texts) >= 3
        places = [(float(x), float(y)) for x, y in texts]
        for left, top, wide in squares:
            assert any(pytest.approx((left + wide / 2, top - 0.31), abs=0.02) == place for place in places)


def test_no_page_has_two_titles():
    for name in ("worked example", "resnet50.conv1"):
        document = latex_of(name).replace("\\allowbreak{}", "")
        assert document.count(escaped(repr(LAYERS[name]))) == 2  # the heading, and the verdict


def test_words_of_mathematics_are_set_as_mathematics():
    words = set(re.findall(r"[\w-]+", prose(latex_of("stride"))))
    assert words.isdisjoint({"delta", "eta", "l-1"})


def test_the_steps_of_a_derivation_are_aligned_with_each_other():
    general = latex_of("worked example").split("For every entry at once:")[1].split("Induction:")[0]
    assert general.count("\\begin{align*}") == 1
    assert general.count("&=") == 5
