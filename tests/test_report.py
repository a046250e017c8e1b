"""Documents: every polynomial on paper is the derivation's, general formulas mean what they say, runs repeat.

What is printed is read back here by a small parser and an evaluator of their own; the layer's truth is tests/oracle.py.
"""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv import (
    Conv,
    Gradient,
    InvalidOption,
    closed_forms,
    derive,
    notation,
    preset,
    prove,
    symbolic_forward,
)
from symconv.activations import ACTIVATIONS, VARIABLE, activation
from symconv.arrays import Correlate, Input, Pad
from symconv.polynomial import Entry, Partial, Polynomial
from symconv.report.document import Document
from symconv.report.lines import WIDTH
from symconv.report.outline import SECTIONS
from tests import oracle
from tests.reading import ERROR, Reader, split, written_entries
from tests.strategies import small_layers

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1"
notations = st.builds(notation, st.sampled_from(("z", "net")), st.sampled_from((0, 1)))


# --- every polynomial on paper is the derivation's, and the derivation's is brute force's ---


def test_the_parser_reads_what_it_should_and_no_more():
    layer = Conv((3, 3), (2, 2), out_channels=2, batch=2)
    reader, other = Reader(layer), Reader(layer, notation("net"))
    assert other.entry("a^{l-1}_{1,2,3}") == Entry("a", (0, 0, 1, 2))
    assert other.entry("w_{b,2}") == Entry("b", (1,))
    assert other.atom("(dE_d/dnet^l_{1,2,1,1})") == Partial(ERROR, Entry("z", (0, 1, 0, 0)))
    a, w = Entry("a", (0, 0, 0, 0)), Entry("w", (1, 0, 1, 0))
    written = "-2 w_{1,1,0} a^{l-1}_{0,0,0} + b_{0}"
    expected = -2 * Polynomial.product(w, a) + Polynomial.of(Entry("b", (0,)))
    assert reader.polynomial(written) == (expected, 2)
    assert reader.reads_as("b_{0} + ... (2 terms)", expected)
    for wrong in (written[1:], written.replace("2", "3"), written.replace("b_{0}", "b_{1}"), "b_{0} + ... (3 terms)"):
        assert not reader.reads_as(wrong, expected)
    for nonsense in ("a_{0,0,0}", "a^{l-1}_{0,0}", "a^{l-1}_{0,0,0,0}", "x", "delta^l_{i,j}"):
        with pytest.raises(ValueError, match=r"is no entry|is not marked|is written with"):
            reader.polynomial(nonsense)


def equations(text):
    """The equations of a text, each on one line, and the lists of derivatives (``where ...``)."""
    found = []
    for line in text.splitlines():
        if line.startswith(" " * 10) and found:
            found[-1] += " " + line.strip()
        else:
            found.append(line.strip() if line.startswith(" " * 8) else "")
    return [re.sub(r"\s*\[[a-zA-Z:, ']+\]$", "", line) for line in found if " = " in line]


@settings(deadline=None, max_examples=200)
@given(small_layers(), notations)
def test_every_polynomial_in_the_text_is_one_of_the_derivation(layer, written_in):
    document = derive(layer, notation=written_in)
    expected, reader = written_entries(document.derivation), Reader(layer, written_in)
    seen = set()
    for line in equations(document.text()):
        for equation in split(line.removeprefix("where "), (", ",))[0] if line.startswith("where ") else [line]:
            left, *sides = split(equation, (" = ",))[0]
            about = reader.left_side(left)
            if about is None or not sides or sides[0].startswith("sum over"):  # the general formula of a single bias
                continue
            values = expected[about]
            assert all(any(reader.reads_as(side, value) for value in values) for side in sides), equation
            assert reader.reads_as(sides[-1], values[-1]), equation
            seen.add(about)
    for gradient in document.derivation.gradients:
        told = gradient.entries[:1] if gradient.of is Gradient.BIAS else gradient.entries
        assert {Polynomial.of(Partial(ERROR, e.entry)) for e in told} <= seen


@settings(deadline=None, max_examples=200)
@given(small_layers(), notations)
def test_every_polynomial_in_the_json_is_one_of_the_derivation(layer, written_in):
    document = derive(layer, notation=written_in)
    reader = Reader(layer, written_in)
    data = json.loads(document.json())
    assert Conv.from_json(data["layer"]) == layer
    for gradient in document.derivation.gradients:
        told = data["gradients"][gradient.of.value]
        assert len(told["entries"]) == len(gradient.entries)
        for written, e in zip(told["entries"], gradient.entries, strict=True):
            assert Entry(written["entry"]["tensor"], tuple(written["entry"]["index"])) == e.entry
            assert len(written["steps"]) == len(e.steps)
            for line, step in zip(written["steps"], e.steps, strict=True):
                assert reader.whole_polynomial(line["after"]["text"]) == step.after
            for line, (partial, value) in zip(written["derivatives"], e.derivatives, strict=True):
                left, right = line["text"].split(" = ")
                assert reader.atom(left) == partial
                assert reader.whole_polynomial(right) == value
            assert monomials(written["polynomial"]) == e.result


def monomials(data):
    """A polynomial from the monomials of the JSON."""
    total = Polynomial()
    for monomial in data:
        atoms = (Entry(e["tensor"], tuple(e["index"])) for e in monomial["entries"])
        total += monomial["coefficient"] * Polynomial.product(*atoms)
    return total


@settings(deadline=None, max_examples=200)
@given(small_layers())
def test_the_entries_of_a_derivation_are_those_of_brute_force(layer):
    truth = oracle.polynomial_gradients(layer)
    for gradient in derive(layer).derivation.gradients:
        for e in gradient.entries:
            assert as_dict(e.result) == truth[gradient.of.value][e.entry.indices]
        if gradient.complete:
            assert {e.entry.indices for e in gradient.entries} == set(truth[gradient.of.value])


def as_dict(p):
    """A polynomial as tests/oracle.py has it."""
    return {tuple(sorted((a.tensor, a.indices) for a in monomial)): c for monomial, c in p.coefficients.items()}


# --- general formulas: read from the text, and evaluated at every index ---


@settings(deadline=None, max_examples=100)
@given(small_layers(max_size=3, max_channels=2), notations)
def test_every_general_formula_evaluates_to_the_gradient(layer, written_in):
    truth = oracle.polynomial_gradients(layer)
    data = json.loads(derive(layer, notation=written_in).json())
    for of, gradient in data["gradients"].items():
        left = gradient["steps"][0]["before"]["text"]
        # The last step is what the closed form means: its indices run through arrays of its own.
        steps = [s["after"]["text"] for s in gradient["steps"][:-1] if "/d" not in s["after"]["text"]]
        assert steps
        for text in steps:
            found = Reader(layer, written_in).evaluated(left, text)
            assert found == {at: p for at, p in truth[of].items() if p}, text


def test_the_evaluator_of_general_formulas_can_tell_them_apart():
    layer = Conv(3, 2)
    truth = {at: p for at, p in oracle.polynomial_gradients(layer)["input"].items() if p}
    right = "sum over k of delta^l_{x + k - 1} w_{1 - k}  where 0 <= x + k - 1 <= 1"
    assert Reader(layer).evaluated("dE/da^{l-1}_x", right) == truth
    for wrong in (right.replace("1 - k", "k"), right.replace("x + k - 1 <= 1", "x + k - 1 <= 0")):
        assert Reader(layer).evaluated("dE/da^{l-1}_x", wrong) != truth


@settings(deadline=None, max_examples=100)
@given(small_layers(), notations)
def test_nothing_but_conditions_follows_where(layer, written_in):
    text = json.loads(derive(layer, notation=written_in).json())["z"]["text"]
    _, where, after = text.partition("  where ")
    conditions = split(after, (", ",))[0] if where else []
    for condition in conditions:
        assert re.fullmatch(r"\d+ divides [^<=]*|-?\d+ <= [^<=]* <= -?\d+|[^<=]* = [^<=]*", condition), text


# --- which entries are written out, and in which order ---

SMALL = Conv((3, 3), (2, 2), stride=1, padding=1)
LARGE = Conv((40, 40), (5, 5), stride=2, padding=2, in_channels=8, out_channels=8)


def places_told(text):
    return re.findall(r"^An? (\w+) entry:\n {8}(\S+)", text, re.MULTILINE)


def test_a_large_layer_shows_the_general_formula_and_then_a_corner_an_edge_and_an_inner_entry():
    text = derive(LARGE, of=["input"]).text()
    assert [place for place, _ in places_told(text)] == ["corner", "edge", "interior"]
    assert text.index("For every entry at once:") < text.index("A corner entry:")
    derivation = derive(LARGE, of=["input"]).derivation.gradient(Gradient.INPUT)
    assert not derivation.complete
    assert {e.place: e.entry.indices for e in derivation.entries} == {
        "corner": (0, 0, 0, 0),
        "edge": (0, 0, 0, 20),
        "interior": (0, 0, 20, 20),
    }


def test_a_small_layer_shows_every_entry_and_then_the_general_formula():
    text = derive(SMALL, of=["input"]).text()
    assert not places_told(text)
    assert text.index("The other entries in the same way:") < text.index("For every entry at once:")
    assert derive(SMALL).derivation.gradient(Gradient.INPUT).complete


@pytest.mark.parametrize(
    ("size", "spatial_places"),
    [
        ((40,), {(0,): "corner", (20,): "interior"}),
        ((40, 9), {(0, 0): "corner", (0, 4): "edge", (20, 4): "interior"}),
    ],
)
def test_chosen_entries_are_where_they_are_said_to_be(size, spatial_places):
    layer = Conv(size, (1,) * len(size), in_channels=3)
    chosen = derive(layer).derivation.gradient(Gradient.INPUT).entries
    assert {e.entry.indices[2:]: e.place for e in chosen} == spatial_places


def test_no_entry_at_the_border_is_called_interior():
    layer = Conv((3, 3), (2, 2), in_channels=8, out_channels=8)
    assert "interior" not in dict(places_told(derive(layer, of=["weight"]).text()))


def test_the_entries_of_a_large_layer_are_those_of_brute_force():
    layer = Conv((9, 8), (3, 2), stride=2, padding=1, in_channels=4, out_channels=6, groups=2)
    truth = oracle.polynomial_gradients(layer)
    for gradient in derive(layer).derivation.gradients:
        assert all(as_dict(e.result) == truth[gradient.of.value][e.entry.indices] for e in gradient.entries)


def test_long_sums_are_cut_and_say_how_many_terms_there_are():
    text = derive(Conv((5, 5), (5, 5)), of=["update"]).text() + derive(Conv((5, 5), (5, 5)), of=["input"]).text()
    assert "+ ... (26 terms)" in text


# --- sentences that have to be true of the layer ---


def induction_of(layer):
    text = " ".join(derive(layer, of=["input"]).text().split())
    return re.search(r"Induction: .*?\. ", text)[0]


@pytest.mark.parametrize(
    ("layer", "between", "around"),
    [
        (Conv((3, 3), (2, 2)), False, True),
        (Conv((5, 5), (3, 3), stride=2), True, True),
        (Conv((3, 3), (2, 2), padding=1), False, False),
        (Conv((4, 4), (2, 2), stride=2, padding=1), True, False),
        (Conv((3, 3), (1, 1)), False, False),
    ],
    ids=repr,
)
def test_zeros_are_spoken_of_only_where_there_are_some(layer, between, around):
    sentence = induction_of(layer)
    assert ("between" in sentence) == between
    assert ("around" in sentence) == around


def test_a_cropped_map_is_not_said_to_have_zeros():
    caption = re.search(r"sensitive map 7x7.*?5x5", derive(Conv((5, 5), (1, 1), padding=1), of=["input"]).text())[0]
    assert "with zeros" not in caption


@pytest.mark.parametrize("layer", [Conv((5, 5), (3, 3), flip=True), Conv((5, 5), (3, 3), stride=2)], ids=repr)
def test_the_picture_of_the_weight_gradient_says_what_the_closed_form_says(layer):
    text = derive(layer, of=["weight"]).text()
    closed = re.search(r"dE/dw = (.*?)   \[", text)[1]
    picture = text[text.index("Induction:") : text.index("dE/dw = " + closed)]
    for word in ("dilation", "rot180"):
        assert (word in picture) == (word in closed)


def test_the_gradient_of_the_filter_is_not_drawn_as_the_filter():
    text = derive(Conv(3, 2), of=["weight"]).text()
    picture = text[text.index("gradient of the filter") : text.rindex("dE/dw =")]
    assert "dE/dw" in picture
    assert not re.search(r"(?<!d)w_\{0\}", picture)


@pytest.mark.parametrize("written_in", [notation("z"), notation("net")], ids=["z", "net"])
def test_prose_calls_the_error_what_the_formulas_call_it(written_in):
    verdict = prove(Conv((3, 3), (2, 2)), entries=True)
    text = Document(verdict.derivation, written_in, verdict=verdict).text()
    assert re.search(r"\bE_d\b is any differentiable", text) or written_in.error == "E"
    assert all(f"\nd{written_in.error}/d{name}: PROVED" in text for name in "aw")


def test_no_letter_stands_for_a_layer_and_for_an_index():
    z = json.loads(derive(Conv((3, 3), (2, 2))).json())["z"]["text"]
    assert "l-1" in z
    assert "l" not in re.search(r"sum over (.*?) of", z)[1].split(", ")


@pytest.mark.parametrize(
    "layer",
    [SMALL, Conv((5, 5), (3, 3), stride=2), Conv((4, 4, 4), (2, 2, 2), stride=2, padding=1, in_channels=2)],
    ids=repr,
)
def test_lines_are_as_wide_as_a_page_but_for_pictures(layer):
    verdict = prove(layer, entries=True)
    lines = Document(verdict.derivation, verdict=verdict).text().splitlines()
    prose_and_formulas = [line for line in lines if not re.search(r"\S {2,}(?! |where |\[)", line)]
    assert len(prose_and_formulas) > 100
    assert max(map(len, prose_and_formulas)) <= WIDTH


def test_a_rule_is_not_broken_over_two_lines():
    text = derive(Conv((3, 3), (2, 2)), notation=notation("net")).text()
    assert all(line.count("[") == line.count("]") for line in text.splitlines())


# --- golden text ---


def golden(name, text):
    path = GOLDEN / name
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "changed; SYMCONV_UPDATE_GOLDEN=1 accepts it"


@cache
def printed(*arguments):
    """What the command prints into a pipe."""
    run = subprocess.run(
        [sys.executable, "-m", "symconv", *arguments], capture_output=True, text=True, check=True, timeout=100
    )
    return run.stdout


def test_the_text_of_a_layer_with_stride_is_the_golden_one():
    golden("prove_5x5_3x3_stride2.txt", printed("prove", "5x5", "3x3", "--stride", "2"))


def test_stride_2_puts_zeros_between_the_entries_of_delta():
    rows = [
        "0            0            0            0            0            0            0",
        "0            0            0            0            0            0            0",
        "0            0            delta_{0,0}  0            delta_{0,1}  0            0",
        "0            0            0            0            0            0            0",
        "0            0            delta_{1,0}  0            delta_{1,1}  0            0",
        "0            0            0            0            0            0            0",
        "0            0            0            0            0            0            0",
    ]
    lines = [line.strip() for line in printed("prove", "5x5", "3x3", "--stride", "2").splitlines()]
    assert any(lines[at : at + 7] == rows for at in range(len(lines)))


FORMATS = """
import sys
from symconv import Conv, derive, notation, prove
from symconv.report.document import Document
for layer in (Conv((3, 3), (2, 2)), Conv((6, 5), (3, 2), stride=2, padding=1, groups=2, in_channels=4, out_channels=2)):
    verdict = prove(layer, entries=True)
    document = Document(verdict.derivation, notation("net"), verdict=verdict)
    for text in (document.text(), document.text(unicode=True), document.latex(), derive(layer).json()):
        sys.stdout.buffer.write(text.encode())
"""


def test_two_runs_write_the_same_bytes():
    runs = [
        subprocess.run([sys.executable, "-c", FORMATS], capture_output=True, check=True, env={**os.environ, **seed})
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    ]
    assert len(runs[0].stdout) > 10_000
    assert runs[0].stdout == runs[1].stdout


# --- the document itself ---

HEADINGS = {
    "input": "Input gradient",
    "error": "The error of the layer below",
    "weight": "Weight gradient",
    "bias": "Bias gradient",
    "update": "Update",
}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_document_tells_the_sections_that_were_asked_for_and_no_others(section):
    document = derive(Conv(4, 2), of=[section])
    for name, heading in HEADINGS.items():
        assert (f"\n{heading}" in document.text()) == (name == section)
        assert (f"\\section*{{{heading}" in document.latex()) == (name == section)


@pytest.mark.parametrize("section", ["input", "weight", "bias"])
def test_the_json_of_a_section_holds_that_gradient_alone(section):
    assert list(json.loads(derive(Conv(4, 2), of=[section]).json())["gradients"]) == [section]


def test_sections_stand_in_the_order_of_teaching_however_they_are_asked_for():
    assert derive(Conv(4, 2), of=SECTIONS[::-1]).text() == derive(Conv(4, 2)).text()


@pytest.mark.parametrize(
    "of", [["inputs"], ["input", "x"], [], ["Input"], "input", ["input", 1], [["input"]]], ids=repr
)
def test_unknown_sections_are_named_with_those_that_exist(of):
    with pytest.raises(InvalidOption, match="input, error, weight, bias, update"):
        derive(Conv(4, 2), of=of)


def test_a_document_shows_itself():
    document = derive(Conv(4, 2))
    assert str(document) == document.text()
    assert document.text().isascii()
    assert repr(document) == "<Document: the gradients of Conv((4,), (2,))>"
    assert document._repr_latex_() == document.latex(fragment=True)
    assert "δ" in document.text(unicode=True)
    assert "".join(line.rstrip() + "\n" for _, line in document.lines()).lstrip("\n") == document.text()


def test_the_json_of_a_document_has_layer_z_and_a_closed_form_for_each_gradient():
    data = json.loads(derive(Conv(5, 3, stride=2), activation="relu").json())
    assert data["activation"] == "relu"
    assert data["z"]["latex"].startswith("z^{l}_{i} = ")
    assert data["gradients"]["input"]["closed"]["text"] == "corr(pad(dilate(delta^l, 2), 2), rot180(w^l))"
    assert {name: step["rule"] for name, g in data["gradients"].items() for step in g["steps"][-1:]} == dict.fromkeys(
        ("input", "weight", "bias"), "recognise"
    )


def test_a_layer_without_bias_says_so_in_every_format():
    verdict = prove(Conv(4, 2, bias=False), entries=True)
    document = Document(verdict.derivation, verdict=verdict)
    data = json.loads(document.json())
    assert list(data["gradients"]) == ["input", "weight"]
    assert data["verdict"]["gradients"]["bias"]["verdict"] is None
    assert "dE/db: not computed, the layer has no bias." in document.text()
    assert "the layer has no bias" in document.latex()
    assert "b <- b" not in document.text()


def refuted(layer=None, **options):
    """A verdict on the formula that forgets to rotate the kernel."""
    layer = layer or Conv((3, 3), (2, 2))
    padded = Pad(Input("delta", layer.output_shape), ((1, 1), (1, 1)))
    wrong = Correlate(padded, Input("w", layer.weight_shape), (1, 1), (1, 1))
    return prove(layer, closed=wrong, entries=True, **options), wrong


@pytest.mark.parametrize("base", [0, 1])
def test_a_refuted_document_shows_the_entry_that_is_wrong_and_both_its_values(base):
    verdict, _ = refuted()
    text = Document(verdict.derivation, notation("z", base), verdict=verdict).text()
    assert "\ndE/da: REFUTED\n" in text
    assert re.search(r"derived: +delta\^l_\{0,0\} w_\{0,0\}".replace("0", str(base)), text)
    assert re.search(rf"closed form: +delta\^l_\{{{base},{base}\}} w_\{{{base + 1},{base + 1}\}}", text)
    assert text.rstrip().splitlines()[-1].startswith("REFUTED")


def test_a_refuted_document_counts_from_one_base_only():
    verdict, _ = refuted()
    text = Document(verdict.derivation, notation("z", 1), verdict=verdict).text()
    assert "0, 0, 0, 0" not in text[text.index("\nVerdict") :]


def test_a_refuted_document_shows_the_formula_that_was_refuted():
    verdict, _ = refuted()
    text = Document(verdict.derivation, verdict=verdict).text()
    assert "corr(pad(delta^l, 1), w^l)" in text


def test_the_json_of_a_refuted_verdict_carries_the_counterexample():
    verdict, wrong = refuted()
    data = json.loads(Document(verdict.derivation, verdict=verdict).json())["verdict"]
    assert data["verdict"] == "REFUTED"
    found = data["gradients"]["input"]["counterexample"]
    assert found["entry"] == {"tensor": "dE/da", "index": [0, 0, 0, 0]}
    assert monomials(found["closed"]) - monomials(found["derived"]) == monomials(found["difference"]) != Polynomial()
    assert wrong != closed_forms(verdict.layer)[Gradient.INPUT]


# --- activations ---

DEFINITIONS = {
    "identity": lambda z: z,
    "relu": lambda z: z if z > 0 else mpmath.mpf(0),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": lambda z: (mpmath.exp(2 * z) - 1) / (mpmath.exp(2 * z) + 1),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
}
POINTS = ("-4", "-1.5", "-0.01", "0.02", "0.75", "3")


def test_every_named_activation_is_tested():
    assert set(ACTIVATIONS) == {"f", *DEFINITIONS}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_an_activation_is_what_its_name_says_and_its_derivative_is_the_numeric_one(name, point):
    found = activation(name)
    with mpmath.workdps(60):
        z = mpmath.mpf(point)
        for ours, theirs in (
            (found.function, DEFINITIONS[name](z)),
            (found.derivative, mpmath.diff(DEFINITIONS[name], z)),
        ):
            number = mpmath.mpf(str(sympy.N(ours.subs(VARIABLE, sympy.Rational(point)), 45)))
            assert abs(number - theirs) < mpmath.mpf(10) ** -30


@pytest.mark.parametrize(
    ("name", "slope"),
    [("identity", 1), ("relu", 0), ("leaky_relu", sympy.Rational(1, 100)), ("sigmoid", sympy.Rational(1, 4)),
     ("tanh", 1), ("softplus", sympy.Rational(1, 2)), ("gelu", sympy.Rational(1, 2))],
)  # fmt: skip
def test_the_slope_at_zero_is_the_convention(name, slope):
    assert activation(name).derivative.subs(VARIABLE, 0) == slope


@pytest.mark.parametrize("name", DEFINITIONS)
def test_activations_agree_with_autograd(name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    theirs = functional.leaky_relu if name == "leaky_relu" else getattr(torch, name, getattr(functional, name, None))
    z = torch.tensor([0.0, *map(float, POINTS)], dtype=torch.float64, requires_grad=True)
    value = z * 1 if name == "identity" else theirs(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    ours = activation(name)
    for expression, expected in ((ours.function, value), (ours.derivative, slope)):
        numbers = [float(sympy.N(expression.subs(VARIABLE, sympy.Rational(p)), 20)) for p in ("0", *POINTS)]
        np.testing.assert_allclose(numbers, expected.detach().numpy(), rtol=1e-13, atol=1e-15)


def test_an_arbitrary_activation_has_an_unevaluated_derivative():
    found = activation("f")
    assert found.is_arbitrary
    assert found.derivative == sympy.Derivative(sympy.Function("f")(VARIABLE), VARIABLE)


@pytest.mark.parametrize("name", ["swish", "RELU", "", None, "relu "])
def test_an_unknown_activation_is_refused_with_the_names_that_exist(name):
    with pytest.raises(InvalidOption, match="softplus"):
        activation(name)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_document_shows_f_and_its_slope(name):
    document = derive(Conv(3, 2), of=["error"], activation=name)
    ours = activation(name)
    text = document.text()
    assert "        f(z) = " in text
    assert "        f'(z) = " in text
    if not isinstance(ours.derivative, sympy.Piecewise):
        assert f"f'(z) = {ours.derivative}" in text
    written = re.sub(r"\\\\(?=\S)", r"\\\\ ", sympy.latex(ours.derivative).replace("\\text{for}\\: ", "\\text{if}\\ "))
    assert f"f'(z) = {written}" in document.latex()


# --- the forward map in SymPy ---

TABLE = [
    Conv(3, 2),
    Conv((5, 4), (3, 2), stride=2, padding=1),
    Conv((3, 3), (2, 2), dilation=2, padding=(1, 0), flip=True, in_channels=2, out_channels=2),
    Conv((2, 3), (2, 2), input_dilation=(2, 3), bias=False),
    Conv((2, 2, 2), (2, 1, 2), padding=((1, 0), (0, 1), (-1, 2)), batch=2),
    Conv.transposed((2, 2), (3, 2), stride=2, padding=1, output_padding=1, in_channels=2, out_channels=4, groups=2),
]
CHANNELS = ("n", "g", "o")


def symbols(name, shape):
    array = np.empty(shape, dtype=object)
    for at in np.ndindex(*shape):
        array[at] = sympy.IndexedBase(name)[at]
    return array


def brute_force(layer, a=None, bias=True):
    """Z as an array of SymPy expressions, term by term."""
    a = symbols("a", layer.input_shape) if a is None else a
    b = symbols("b", layer.bias_shape) if bias else 0
    return oracle.forward(layer, a, symbols("w", layer.weight_shape), b)


@settings(deadline=None, max_examples=60)
@given(small_layers(max_ndim=2, max_size=3))
def test_every_symbolic_entry_of_z_is_the_sum_of_brute_force(layer):
    forward, expected = symbolic_forward(layer), brute_force(layer)
    for at in np.ndindex(*layer.output_shape):
        assert forward.entry(*at) == expected[at]


@pytest.mark.parametrize("layer", TABLE, ids=repr)
def test_the_indexed_sum_z_has_the_entries_that_entry_writes_out(layer):
    forward, expected = symbolic_forward(layer), brute_force(layer)
    per_group = layer.out_channels_per_group
    free = {s.name: s for s in forward.z.free_symbols if isinstance(s, sympy.Symbol)}
    for at in np.ndindex(*layer.output_shape):
        values = {"n": at[0], "g": at[1] // per_group, "o": at[1] % per_group}
        values |= {f"i{axis}": i for axis, i in enumerate(at[2:])}
        assert forward.z.subs({free[n]: v for n, v in values.items() if n in free}).doit() == expected[at]


@pytest.mark.parametrize("layer", TABLE, ids=repr)
def test_sympy_differentiates_an_entry_to_what_brute_force_multiplies_it_by(layer):
    forward = symbolic_forward(layer)
    for by in list(np.ndindex(*layer.input_shape))[::3]:
        unit = np.zeros(layer.input_shape, dtype=object)
        unit[by] = 1
        expected = brute_force(layer, unit, bias=False)
        for at in np.ndindex(*layer.output_shape):
            assert forward.entry(*at).diff(forward.a[by]) == expected[at]


def test_e_is_a_function_of_every_entry_of_z_once():
    layer = Conv((3, 2), (2, 2), out_channels=2, batch=2)
    forward = symbolic_forward(layer)
    assert forward.error.args == tuple(forward.z_symbol[at] for at in np.ndindex(*layer.output_shape))
    z = forward.z_symbol[1, 0, 1, 0]
    assert forward.error.diff(z) == sympy.Derivative(forward.error, z)
    assert forward.error.diff(forward.z_symbol[2, 0, 0, 0]) == 0


@pytest.mark.parametrize(
    "index",
    [(), (0, 0, 0), (0, 0, 0, 0, 0), (-1, 0, 0, 0), (0, 0, 2, 0), (0, 1, 0, 0), (0, 0, 0.5, 0), (0, 0, "0", 0),
     (0, 0, None, 0)],
    ids=repr,
)  # fmt: skip
def test_an_entry_that_z_does_not_have_is_refused(index):
    with pytest.raises(InvalidOption, match=r"shape \(1, 1, 2, 2\)"):
        symbolic_forward(Conv((3, 3), (2, 2))).entry(*index)


def test_a_numpy_integer_is_an_index():
    forward = symbolic_forward(Conv((3, 3), (2, 2)))
    assert forward.entry(*np.array([0, 0, 1, 1])) == forward.entry(0, 0, 1, 1)


def test_a_preset_of_any_size_has_its_entries():
    forward = symbolic_forward(preset("vgg16.conv1_1").layer)
    assert len(forward.entry(0, 63, 100, 100).args) == 3 * 9 + 1
    assert len(forward.entry(0, 0, 0, 0).args) == 3 * 4 + 1
