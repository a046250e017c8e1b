"""LaTeX: documents compile as they are, fit the page, and say what the text says.

The checks of structure need no LaTeX; those that compile skip where pdflatex is missing.
"""

import json
import os
import re
import shutil
import string
import subprocess
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv import Conv, derive, notation, preset, prove
from symconv.arrays import Correlate, Input, Pad
from symconv.report.document import Document
from symconv.report.latex import PREAMBLE
from symconv.report.prose import escaped
from tests.strategies import small_layers

WIDEST_OVERFULL = 20.0  # points

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
MINIMAL = r"""\documentclass{article}
\usepackage{amsmath, amssymb, graphicx}
\usepackage[a4paper, margin=20mm]{geometry}
\begin{document}
\input{fragment}
\end{document}
"""

every_layer = pytest.mark.parametrize("name", LAYERS)
every_notation = pytest.mark.parametrize("written_in", NOTATIONS)
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


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
def latex_of(name, written_in="z", fragment=False):
    verdict = verdict_of(name)
    return Document(verdict.derivation, notation(written_in), verdict=verdict).latex(fragment=fragment)


# --- compiled ---


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Compile a document in a folder of its own, once: the log, with unbroken lines, and whether there is a PDF."""
    found = {}

    def compiled(document, fragment=""):
        if (document, fragment) not in found:
            folder = tmp_path_factory.mktemp("latex")
            (folder / "document.tex").write_text(document, encoding="utf-8")
            (folder / "fragment.tex").write_text(fragment, encoding="utf-8")
            subprocess.run(
                ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"],
                cwd=folder, env={**os.environ, "max_print_line": "10000"}, capture_output=True, timeout=120,
            )  # fmt: skip
            text = (folder / "document.log").read_text(encoding="utf-8", errors="replace")
            found[document, fragment] = text, (folder / "document.pdf").exists()
        return found[document, fragment]

    return compiled


def assert_compiled(log, *document):
    text, pdf = log(*document)
    assert re.findall(r"^(?:!.*|.*LaTeX Warning: Reference.*)$", text, re.MULTILINE) == []
    assert pdf


def overfull(log, *document):
    """How many points each overfull line is too wide by."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log(*document)[0])]


@needs_latex
@every_notation
@pytest.mark.parametrize("name", [*LAYERS, "refuted", "refuted by its shape"])
def test_a_document_compiles(log, name, written_in):
    assert_compiled(log, latex_of(name, written_in))


@needs_latex
@every_notation
@pytest.mark.parametrize("name", [*LAYERS, "refuted"])
def test_a_document_fits_the_page(log, name, written_in):
    document = latex_of(name, written_in)
    assert log(document)[1], "it does not compile"
    assert [points for points in overfull(log, document) if points > WIDEST_OVERFULL] == []


@needs_latex
@pytest.mark.parametrize(
    "name", ["worked example", "asymmetric", "transposed", "three axes", "resnet50.conv1", "refuted"]
)
def test_a_fragment_compiles_inside_a_minimal_document(log, name):
    assert_compiled(log, MINIMAL, latex_of(name, fragment=True))


@needs_latex
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_formula_of_every_activation_compiles(log, activation):
    assert_compiled(log, derive(Conv(3, 2), of=["error"], activation=activation).latex())


@needs_latex
def test_every_character_of_ascii_can_be_escaped(log):
    body = escaped(string.printable.strip())
    assert_compiled(log, f"{PREAMBLE}\\begin{{document}}\n{body}\n\\section*{{{body}}}\n\\end{{document}}\n")


@needs_latex
def test_a_document_that_does_not_compile_is_noticed(log):
    document = latex_of("one entry").replace("\\begin{document}", "\\begin{document}\\nosuchcommand")
    with pytest.raises(AssertionError, match="Undefined control sequence"):
        assert_compiled(log, document)
    wide = "\\begin{document}\n\\mbox{" + "wide " * 100 + "}\n"
    assert max(overfull(log, latex_of("one entry").replace("\\begin{document}", wide))) > WIDEST_OVERFULL


# --- structure, without LaTeX ---

COMMANDS = {
    "LaTeX": """
        author begin cdots circ date delta displaystyle documentclass else end eta exp fi footnotesize frac hline ifdim
        input item le left leftarrow linewidth log longrightarrow maketitle mathrm mid ne parindent parskip partial pi
        quad right section setlength sqrt star sum tanh textbackslash textbf textgreater textless texttt title
        usepackage width IfFileExists sloppy to allowbreak times
    """,
    "amsmath": "allowdisplaybreaks operatorname substack text",
    "amssymb": "circledast",
    "graphicx": "resizebox",
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
    body = re.sub(r"\\begin\{align\*\}.*?\\end\{align\*\}", "", body, flags=re.DOTALL)
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
def test_every_row_of_a_grid_has_a_cell_for_each_column(name):
    grids = re.findall(r"\\begin\{array\}\{\|((?:c\|)+)\} \\hline (.*?) \\\\ \\hline \\end\{array\}", latex_of(name))
    assert len(grids) == 9
    for columns, body in grids:
        rows = body.split(" \\\\ \\hline ")
        assert {len(row.split(" & ")) for row in rows} == {columns.count("c")}
        assert all(cell.strip() for row in rows for cell in row.split(" & "))


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


# --- LaTeX says what the text says ---


def group_at(text, start):
    """What stands in the braces that open at `start`, and where they end."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start + 1 : at], at + 1
    raise ValueError(f"unbalanced: {text}")


def without_fractions(text):
    r"""``\frac{\partial x}{\partial y}`` as ``dx/dy``."""
    while (at := text.find("\\frac")) >= 0:
        top, middle = group_at(text, at + len("\\frac"))
        bottom, end = group_at(text, middle)
        assert top.startswith("\\partial ")
        assert bottom.startswith("\\partial ")
        text = f"{text[:at]}d{top[9:]}/d{bottom[9:]}{text[end:]}"
    return text


def as_text(latex):
    """The text of a formula that is given as LaTeX."""
    latex = latex.removeprefix("\\begin{aligned}").removesuffix("\\end{aligned}")
    text = without_fractions(latex).replace("\\,", "").replace("\\delta", "delta").replace("\\mathrm{net}", "net")
    text = text.replace("\\le", "<=").replace("\\mid", "divides").replace("\\circ", "o")
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\1", text)
    text = re.sub(r"\s*\\\\\s*&\\quad \\text\{where \} ?", "  where ", text)
    text = re.sub(r",?\s*\\\\\s*&\\quad |, \\; ", ", ", text)
    return re.sub(r"\\sum_\{([^{}]*)\}", r"sum over \1 of", text)


def braced(text):
    """Every index and layer in braces, no parentheses around a derivative, no sign between factors."""
    text = text.replace(" * ", " ")
    text = re.sub(r"\((d[^()]*/d(?:[^()]|\([^()]*\))*?)\)(?= |$)", r"\1", text)
    return re.sub(r"([_^])([a-zA-Z0-9])(?![a-zA-Z0-9}])", r"\1{\2}", text)


@settings(deadline=None, max_examples=100)
@given(small_layers(max_size=3), st.sampled_from(NOTATIONS), st.sampled_from((0, 1)))
def test_every_formula_in_latex_is_the_one_in_the_text(layer, written_in, base):
    data = json.loads(derive(layer, notation=notation(written_in, base)).json())
    pairs = [g["closed"] for g in data["gradients"].values()]
    for gradient in data["gradients"].values():
        for step in (*gradient["steps"], *(s for e in gradient["entries"] for s in e["steps"])):
            pairs += [step["after"], step.get("before", step["after"])]
        pairs += [line for e in gradient["entries"] for line in e["derivatives"]]
    assert len(pairs) > 10
    for pair in pairs:
        assert braced(as_text(pair["latex"])) == braced(pair["text"])
