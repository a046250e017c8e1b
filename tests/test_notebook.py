"""Notebooks: how objects show themselves to IPython, that no failure reaches the reader, and the tutorial, executed."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

import symconv as sc
from symconv import Conv, notebook
from symconv.arrays import Correlate, Input, Pad

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial.ipynb"
VOID = {"br"}
LAYERS = [
    Conv((3, 3), (2, 2)),
    Conv((6, 6), (3, 3), stride=2, padding=1, in_channels=2, out_channels=4, groups=2, bias=False),
    Conv.transposed((3, 3), (3, 3), stride=2, padding=1, output_padding=1),
    Conv(7, 3, stride=2, flip=True),
    Conv((2, 3, 3), (2, 2, 2), padding=1),
]
KNOWN = {  # to MathJax with its packages base and ams, which every notebook loads
    "frac", "partial", "delta", "eta", "mathrm", "text", "quad", "qquad", "operatorname", "sum", "mid", "le", "ne",
    "circ", "langle", "rangle", "leftarrow", "begin", "end", "cdots", "left", "right", "sqrt", "pi", "ge",
    "to", "times", "bmod", "mathbin", "textstyle", "square", "substack", "varepsilon",
}  # fmt: skip


class Balanced(HTMLParser):
    """Counts what is opened and not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, _):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _):
        pass

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"svg", "pre"} & set(self.open):
            self.words.append(data)


def checked(html):
    """The text of a well-formed piece of HTML whose formulas MathJax can set."""
    page = Balanced(html)
    assert not page.open
    words = "".join(page.words)
    formulas = re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", words, re.DOTALL)
    outside = re.sub(r"\$\$.+?\$\$|\$.+?\$", "", words, flags=re.DOTALL)
    assert "$" not in outside
    assert "\\" not in outside
    for formula in ("".join(pair) for pair in formulas):
        assert set(re.findall(r"\\([a-zA-Z]+)", formula)) <= KNOWN
        assert set(re.findall(r"\\(?:begin|end)\{(\w+)\}", formula)) <= {"aligned", "cases"}
        assert formula.count("{") == formula.count("}")
    return words


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_layer_shows_its_sizes_and_its_forward_map(layer):
    html = notebook.layer_html(layer)
    assert repr(layer) in checked(html)
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in html
    assert "currentColor" in html


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_document_and_a_derivation_are_set_by_mathjax(layer):
    document = sc.derive(layer, activation="gelu")
    for html in (notebook.document_html(document), notebook.derivation_html(document.derivation)):
        words = checked(html)
        assert "[chain rule]" in words
        assert "\\section" not in html
        assert html.count("<svg ") == 3


def test_a_document_is_shown_in_its_language_and_with_its_names():
    document = sc.derive(LAYERS[0], lang="zh", notation=sc.notation("z", 1, {"a": "x", "delta": "epsilon"}))
    html = notebook.document_html(document)
    words = checked(html)
    assert "链式法则" in words
    assert "前向传递：窗口在输入上滑动" in html  # the pictures too
    assert "the window slides" not in html
    assert "x^{l-1}_{1,1}" in words
    assert "\\varepsilon" in words


def test_every_picture_in_a_page_has_names_of_its_own():
    html = notebook.document_html(sc.derive(LAYERS[1]))
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 6


@pytest.mark.parametrize("layer", LAYERS[:2], ids=repr)
def test_a_verdict_shows_every_gradient_and_its_evidence(layer):
    html = notebook.verdict_html(sc.prove(layer))
    words = checked(html)
    assert words.count("PROVED") == 1 + 2 + layer.bias
    assert "exact polynomials" in words


def test_a_refuted_verdict_shows_the_wrong_entry():
    padded = Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1)))
    verdict = sc.prove(LAYERS[0], closed=Correlate(padded, Input("w", (1, 1, 2, 2)), (1, 1), (1, 1)))
    words = checked(notebook.verdict_html(verdict))
    assert "REFUTED" in words
    assert re.search(r"a\^\{l-1\}_\{0,0\}\}+ &= \\delta\^\{l\}_\{0,0\} w_\{0,0\} \\\\\n&\\ne", words)


def test_a_verdict_about_every_shape_unfolds_its_derivation():
    verdict = sc.prove(Conv((6, 6), (3, 3), stride=2), every_shape=True)
    html = notebook.general_verdict_html(verdict)
    assert checked(html).count("PROVED") == len(verdict.gradients) + 1
    assert "<details><summary>The derivation, line by line</summary>" in html


def test_lowered_code_shows_its_source_and_the_proof_of_its_programs():
    lowered = sc.lower(LAYERS[0])
    html = notebook.lowered_html(lowered)
    checked(html)
    source = re.search(r"<pre.*?</pre>", html, re.DOTALL)[0]
    assert [line.strip() for line in _text(source).split("\n") if line.strip()] == [
        line.strip() for line in lowered.source.split("\n") if line.strip()
    ]
    assert "read as index notation, it is the sum over the layer's axis relation" in _text(html)


def _text(html):
    class Words(HTMLParser):
        found = ""

        def handle_data(self, data):
            self.found += data

    words = Words()
    words.feed(html)
    return words.found


def test_an_audit_shows_its_report():
    report = sc.audit(lambda delta, a, w, **_: (a + w, None, None), ndim=1, layers=3)
    html = notebook.audit_html(report)
    checked(html)
    assert "REFUTED" in _text(html)
    assert _text(html).rstrip() == report.text(unicode=True).rstrip()


# --- IPython ---


@pytest.fixture
def formatter():
    formatters = pytest.importorskip("IPython.core.formatters")
    found = formatters.DisplayFormatter()
    sc.load_ipython_extension(SimpleNamespace(display_formatter=found))
    return found


def test_ipython_shows_every_object_as_html(formatter):
    layer = LAYERS[0]
    verdict = sc.prove(layer)
    for value in (layer, sc.derive(layer), verdict.derivation, verdict, sc.lower(layer),
                  sc.prove(Conv.general(1), every_shape=True)):  # fmt: skip
        data, _ = formatter.format(value)
        assert data["text/plain"] == repr(value)
        assert "<" in data["text/html"]


def test_ipython_shows_a_figure_as_svg(formatter):
    data, _ = formatter.format(sc.figure(LAYERS[0]))
    assert data["image/svg+xml"].startswith("<svg ")
    assert data["text/plain"] == "<Figure: forward, Conv((3, 3), (2, 2))>"


def test_what_cannot_be_shown_is_left_to_plain_text(formatter, monkeypatch, capsys):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("symconv.figures.figure.moving_scene", broken)
    with pytest.raises(ZeroDivisionError):
        notebook.layer_html(LAYERS[0])
    data, _ = formatter.format(LAYERS[0])
    assert data == {"text/plain": "Conv((3, 3), (2, 2))"}
    assert capsys.readouterr() == ("", "")


def test_registering_imports_nothing_of_what_it_shows():
    code = """
import sys, types
shell = types.SimpleNamespace(display_formatter=types.SimpleNamespace(formatters={"text/html": types.SimpleNamespace(
    for_type_by_name=lambda *_: None)}))
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
import symconv
assert "symconv.notebook" in sys.modules
assert not {"sympy", "numpy", "symconv.report", "symconv.figures", "symconv.layer"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "outside", ["None", "types.SimpleNamespace()", "types.SimpleNamespace(get_ipython=lambda: None)"]
)
def test_without_a_shell_nothing_is_registered(outside):
    code = f"""
import sys, types
sys.modules["IPython"] = {outside}
import symconv
assert "symconv.notebook" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the tutorial ---


def executed():
    """The tutorial, run as a reader runs it; a cell that raises fails here."""
    client, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    book = nbformat.read(TUTORIAL, 4)
    nbformat.validate(book)
    client.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(TUTORIAL.parent.parent)}}).execute()
    return {cell.id: cell for cell in book.cells if cell.cell_type == "code"}


def said(cell):
    return "".join(output.text if output.output_type == "stream" else "".join(map(str, output.data.values()))
                   for output in cell.outputs)  # fmt: skip


def test_the_tutorial_shows_what_its_text_says_names_the_mistake_and_passes_the_right_function():
    """One test: the tutorial is run once, whichever process runs it."""
    cells = executed()
    assert "<svg" in said(cells["name-it"])
    assert "[chain rule]" in said(cells["derive-it"])
    assert "PROVED" in said(cells["prove-it"])
    assert "REFUTED" in said(cells["slide-it"])
    assert "every shape" in said(cells["every-it"])
    assert "def input_gradient" in _text(said(cells["lower-it"]))
    assert "array([[" in said(cells["lower-run"])
    assert "REFUTED      kernel not rotated (rotation)" in said(cells["audit-it"])
    assert "PASSED" in said(cells["audit-right"])
    assert "REFUTED" not in said(cells["audit-right"])


def test_the_tutorial_is_stored_without_outputs():
    nbformat = pytest.importorskip("nbformat")
    for cell in nbformat.read(TUTORIAL, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
