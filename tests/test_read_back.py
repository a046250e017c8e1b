"""Every formula of a document, read back from the text or the LaTeX that is printed, is the one that was derived."""

import json
import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv import Conv, derive, notation
from symconv.derivation import derive_gradients
from symconv.polynomial import Entry, Partial, Polynomial
from symconv.presets import presets
from symconv.report.document import Document
from tests import oracle
from tests.preset_documents import preset_document, preset_latex
from tests.reading import ERROR, Reader, as_text, in_english, latex_equations, split, written_entries
from tests.strategies import small_layers

SYMBOLS = ({}, {"a": "x", "delta": "e"}, {"w": "theta", "z": "s", "b": "beta"}, {"E": "J", "a": "i", "delta": "k"})
NOTATIONS = [
    notation(*options) for options in product(("z", "net", "loss"), (0, 1), SYMBOLS)
    if not (options[0] == "net" and "b" in options[2])
]  # fmt: skip
notations = st.sampled_from(NOTATIONS)
languages = st.sampled_from(("en", "zh"))


def entry_equations(equations, reader):
    """The equations about an entry, as what each is about and its right sides."""
    for left, *sides in equations:
        about = reader.left_side(left)
        if about is not None and sides and not sides[0].startswith("sum over"):
            yield about, sides


def assert_reads_back(document, equations):
    """Every equation about entries is the derivation's, and every entry that is told has one."""
    reader, expected = Reader(document.derivation.layer, document.notation), written_entries(document.derivation)
    seen = set()
    for about, sides in entry_equations(equations, reader):
        values = expected[about]
        assert all(any(reader.reads_as(side, value) for value in values) for side in sides), (about, sides)
        assert reader.reads_as(sides[-1], values[-1]), (about, sides)
        seen.add(about)
    assert told(document.derivation) <= seen


def told(derivation):
    """What a document tells of a derivation: every entry, but one bias for all."""
    return {
        Polynomial.of(Partial(ERROR, e.entry))
        for gradient in derivation.gradients
        for e in (gradient.entries[:1] if gradient.of.value == "bias" else gradient.entries)
    }


@settings(deadline=None, max_examples=200)
@given(small_layers(max_size=3, max_channels=2), notations, languages)
def test_every_entry_in_latex_is_the_derivations_and_every_indexed_sum_evaluates_to_the_gradient(
    layer, written_in, lang
):
    document = derive(layer, notation=written_in, lang=lang)
    equations = latex_equations(document.latex(fragment=True))
    assert_reads_back(document, equations)
    truth = oracle.polynomial_gradients(layer)
    seen = set()
    for of, found, text in general_formulas(equations, layer, written_in):
        assert found == {at: p for at, p in truth[of].items() if p}, text
        seen.add(of)
    assert seen >= {of for of, entries in truth.items() if len(entries) > 1}


@pytest.mark.parametrize("name", [p.name for p in presets()])
def test_every_entry_of_a_preset_in_latex_is_the_derivations(name):
    equations = latex_equations(preset_latex(name))
    assert len(equations) > 6
    assert_reads_back(preset_document(name), equations)


def test_a_changed_formula_is_not_read_as_the_derivations():
    document = derive(Conv((3, 3), (2, 2)))
    reader, expected = Reader(document.derivation.layer), written_entries(document.derivation)
    body = document.latex(fragment=True)
    for wrong in (
        body.replace("w_{0,0} \\", "w_{0,1} \\"),
        body.replace("\\delta^{l}_{1,1} w_{0,0}", "\\delta^{l}_{1,0} w_{0,0}"),
        body.replace("a^{l-1}_{1,1} + b", "a^{l-1}_{1,1} - b"),
    ):
        assert wrong != body
        equations = [(expected.get(about), sides) for about, sides in entry_equations(latex_equations(wrong), reader)]
        assert any(values is None or not reader.reads_as(sides[-1], values[-1]) for values, sides in equations)


def general_formulas(equations, layer, written_in):
    """The sums for all entries at once, by the gradient that they are about."""
    reader = Reader(layer, written_in)
    for left, *sides in equations:
        tensor, indices = reader.by(left)
        if tensor in ("a", "w", "b"):
            for text in sides:
                sums = text.startswith("sum over") or not all(i.isdigit() for i in indices)
                if sums and "/d" not in text:
                    yield {"a": "input", "w": "weight", "b": "bias"}[tensor], reader.evaluated(left, text), text


@settings(deadline=None, max_examples=25)
@given(small_layers(max_size=3, max_channels=2), notations)
def test_every_entry_in_the_text_is_the_derivations_in_both_languages(layer, written_in):
    derivation = derive_gradients(layer)
    english, chinese = (Document(derivation, written_in, lang=lang).text() for lang in ("en", "zh"))

    reader, expected = Reader(layer, written_in), written_entries(derivation)
    for text in (english, chinese):
        seen = set()
        for equation in text_equations(text):
            left, *sides = split(equation, (" = ",))[0]
            about = reader.left_side(left)
            if about is not None and sides and not sides[0].startswith("sum over"):
                assert all(any(reader.reads_as(side, value) for value in expected[about]) for side in sides), equation
                seen.add(about)
        assert told(derivation) <= seen


def text_equations(text):
    """The equations of a text, each on one line, without the reason at its end; lists of derivatives one by one."""
    found = []
    for line in text.splitlines():
        if line.startswith(" " * 10) and found:
            found[-1] += " " + line.strip()
        else:
            found.append(line.strip() if line.startswith(" " * 8) else "")
    found = [re.sub(r"\s+\[[^\[\]]*\]$", "", in_english(line).replace("其中 ", "where ")) for line in found]
    lists = [split(e.removeprefix("where "), (", ",))[0] if e.startswith("where ") else [e] for e in found]
    return [equation for each in lists for equation in each if " = " in equation]


@settings(deadline=None, max_examples=25)
@given(small_layers(max_size=3, max_channels=2), notations)
def test_every_formula_in_latex_is_the_one_in_the_text(layer, written_in):
    data = json.loads(derive(layer, notation=written_in).json())
    pairs = [g["closed"] for g in data["gradients"].values()]
    for gradient in data["gradients"].values():
        for step in (*gradient["steps"], *(s for e in gradient["entries"] for s in e["steps"])):
            pairs += [step["after"], step.get("before", step["after"])]
        pairs += [line for e in gradient["entries"] for line in e["derivatives"]]
    assert len(pairs) > 10
    for pair in pairs:
        assert braced(as_text(pair["latex"])) == braced(pair["text"])


def braced(text):
    """Every index and layer in braces, no parentheses around a derivative, no sign between factors."""
    text = text.replace(" * ", " ")
    text = re.sub(r"\((d[^()]*/d(?:[^()]|\([^()]*\))*?)\)(?= |$)", r"\1", text)
    return re.sub(r"([_^])([a-zA-Z0-9])(?![a-zA-Z0-9}])", r"\1{\2}", text)


def test_the_reader_of_latex_reads_what_it_should_and_no_more():
    layer = Conv((3, 3), (2, 2), out_channels=2, batch=2)
    reader = Reader(layer, notation("net", 1, {"delta": "epsilon"}))
    assert as_text("\\frac{\\partial E_{d}}{\\partial \\mathrm{net}^{l}_{1,2,1,1}}") == "(dE_{d}/dnet^{l}_{1,2,1,1})"
    assert reader.atom(as_text("\\varepsilon^{l}_{1,2,1,1}")) == Entry("delta", (0, 1, 0, 0))
    assert as_text("\\sum_{\\substack{i, j \\\\ k}} x") == "sum over i, j, k of x"
    for nonsense in ("\\delta^{l}_{1,1,1,1}", "\\epsilon", "\\mathrm{nett}^{l}_{1,1,1,1}"):
        with pytest.raises(ValueError, match=r"is no entry|is not marked"):
            reader.polynomial(as_text(nonsense))
    assert split("a(b + c) + d", (" + ",))[0] == ["a(b + c)", "d"]
