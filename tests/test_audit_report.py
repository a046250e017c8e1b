"""What an audit tells: as text, as LaTeX, as JSON; golden texts, and what each of them must hold.

The layers of each audit are chosen, so that no clock decides how many are tested.
"""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import symconv
from symconv import Conv
from symconv.numpy import conv, conv_backward
from tests import oracle

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1"
PLANE = (
    Conv((5, 5), (3, 3), in_channels=2, out_channels=2),
    Conv((5, 4), (3, 2), stride=(2, 1), padding=((1, 0), (0, 2)), batch=2),
    Conv((6, 5), (2, 3), padding=1, in_channels=2, out_channels=4, groups=2),
)
LINE = (Conv((7,), (3,), stride=2, padding=1), Conv((5,), (2,), in_channels=2, out_channels=3, batch=2))
MISSED = Conv((2,), (1,), stride=3, padding=((4, 0),))  # no window meets the input
SPACE = (Conv((4, 3, 3), (2, 2, 2), padding=1),)
ODD = r"größe ✗ {x}_%$#&~^\ delta [1] \end{document}"
ESCAPE = "\x1b[31mred\x07"


def every_spatial_axis(ndim):
    return (slice(None), slice(None)) + (slice(None, None, -1),) * ndim


def unrotated(delta, a, w, **options):
    da, _, _ = conv_backward(delta, a, w[every_spatial_axis(w.ndim - 2)], **options)
    return da, *conv_backward(delta, a, w, **options)[1:]


def rotated_along_one_axis(delta, a, w, **options):
    da, _, _ = conv_backward(delta, a, w[:, :, ::-1], **options)
    return da, *conv_backward(delta, a, w, **options)[1:]


def reversed_weight_gradient(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da, dw[every_spatial_axis(w.ndim - 2)], db


def mean_over_the_batch(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da, dw / len(a), db / len(a)


def uncropped(delta, a, w, *, padding, **options):
    wider = np.pad(a, ((0, 0), (0, 0), *padding))
    return conv_backward(delta, wider, w, padding=0, **options)


def crashing(delta, a, w, *, groups, **options):
    if groups > 1:
        raise IndexError("index 2 is out of bounds for axis 1 with size 2")
    return conv_backward(delta, a, w, groups=groups, **options)


def raising_what_is_hard_to_write(delta, a, w, **options):
    raise ValueError(ODD)


def raising_escapes(delta, a, w, **options):
    raise ValueError(ESCAPE)


def returning_two(delta, a, w, **options):
    return conv_backward(delta, a, w, **options)[:2]


def not_a_number(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da * np.nan, dw * np.inf, db


def filled_with_nan(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    da[...] = np.nan
    return da, dw, db


def in_float32(delta, a, w, **options):
    return conv_backward(*(tensor.astype(np.float32) for tensor in (delta, a, w)), **options)


def rounding_as_an_fft(delta, a, w, **options):
    """The error is of the size of the data, in entries that should be zero, too."""
    da, dw, db = conv_backward(delta, a, w, **options)
    return da + np.abs(delta).max() * np.abs(w).max() * 2.0**-50, dw, db


def scalar(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da, dw, db.sum()


def rounding(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da * 0.1 * 10.0 + 1e-13, dw, db


def clipped(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return np.maximum(da, 0), dw, db


def with_weight_decay(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da, dw + 3 * w, db


def with_an_epsilon(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    uneven = np.arange(dw.size).reshape(dw.shape) % 2 + 1
    return da, dw / (1 + 1e-5 * uneven), db


def at_random(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w, **options)
    return da + np.random.default_rng().integers(1, 1000, da.shape), dw, db


def without_the_bias(a, w, b, **options):
    return conv(a, w, **options)


def refusing(delta, a, w, **options):
    raise NotImplementedError("next week")


def weights_alone(delta, a, w, **options):
    return None, conv_backward(delta, a, w, **options)[1], None


def noisy(delta, a, w, **options):
    print("a line")
    gradients = conv_backward(delta, a, w, **options)
    delta[...] = 0
    return gradients


# name: what is audited, the forward function, the layers, the verdict
AUDITS = {
    "right": (conv_backward, None, PLANE, "PASSED"),
    "right, with its forward function": (conv_backward, conv, PLANE, "PASSED"),
    "unrotated": (unrotated, None, PLANE, "REFUTED"),
    "unrotated, one axis": (unrotated, None, LINE, "REFUTED"),
    "unrotated, three axes": (unrotated, None, SPACE, "REFUTED"),
    "rotated along one axis": (rotated_along_one_axis, None, PLANE, "REFUTED"),
    "reversed weight gradient": (reversed_weight_gradient, None, PLANE, "REFUTED"),
    "mean over the batch": (mean_over_the_batch, None, PLANE, "REFUTED"),
    "uncropped": (uncropped, None, PLANE, "REFUTED"),
    "crash": (crashing, None, PLANE, "REFUTED"),
    "hard to write": (raising_what_is_hard_to_write, None, LINE, "REFUTED"),
    "escapes": (raising_escapes, None, LINE, "REFUTED"),
    "two": (returning_two, None, LINE, "REFUTED"),
    "not a number": (not_a_number, None, LINE, "REFUTED"),
    "filled with NaN": (filled_with_nan, None, LINE, "REFUTED"),
    "scalar": (scalar, None, LINE, "REFUTED"),
    "rounding": (rounding, None, LINE, "PASSED"),
    "in float32": (in_float32, None, LINE, "PASSED"),
    "rounding as an FFT": (rounding_as_an_fft, None, (*LINE, MISSED), "PASSED"),
    "clipped": (clipped, None, LINE, "REFUTED"),
    "weight decay": (with_weight_decay, None, LINE, "REFUTED"),
    "epsilon": (with_an_epsilon, None, LINE, "REFUTED"),
    "at random": (at_random, None, LINE, "REFUTED"),
    "without the bias": (conv_backward, without_the_bias, LINE, "REFUTED"),
    "refusing": (refusing, None, LINE, "UNSUPPORTED"),
    "weights alone": (weights_alone, None, LINE, "PASSED"),
    "noisy": (noisy, None, LINE, "PASSED"),
}
every_audit = pytest.mark.parametrize("name", AUDITS)
WITH_FORMULAS = (
    "unrotated", "unrotated, one axis", "unrotated, three axes", "rotated along one axis", "reversed weight gradient",
    "mean over the batch",
)  # fmt: skip


@cache
def report(name):
    function, forward, layers, _ = AUDITS[name]
    return symconv.audit(function, forward=forward, layer=layers)


def told(name):
    """The text without line breaks."""
    return " ".join(report(name).text().split())


# --- golden texts ---


def golden(name, text):
    path = GOLDEN / name
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "changed; SYMCONV_UPDATE_GOLDEN=1 accepts it"


def timeless(text):
    """Without what differs from run to run, or from edit to edit of this file."""
    text = re.sub(r"\d+ calls in [\d.]+ s", "... calls in ... s", text)
    return re.sub(r"test_audit_report\.py:\d+", "test_audit_report.py:...", text)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("unrotated", "audit_unrotated.txt"),
        ("uncropped", "audit_wrong_shape.txt"),
        ("crash", "audit_crash.txt"),
        ("right", "audit_passed.txt"),
    ],
)
def test_the_text_is_the_golden_one(name, file):
    golden(file, timeless(report(name).text()))


@pytest.mark.parametrize(("name", "file"), [("unrotated", "audit_unrotated.tex"), ("crash", "audit_crash.tex")])
def test_the_latex_is_the_golden_one(name, file):
    golden(file, timeless(report(name).latex()))


def test_another_mistake_has_another_text():
    assert timeless(report("rotated along one axis").text()) != timeless(report("unrotated").text())


# --- text ---


@every_audit
def test_the_first_line_is_the_verdict_and_each_gradient_has_one_of_its_own(name):
    lines = report(name).text().splitlines()
    assert lines[0].startswith(f"{AUDITS[name][3]}  ")
    outcomes = report(name).outcomes
    rows = lines[2 : 2 + len(outcomes)]
    symbols = {"forward": "z", "input": "dE/da", "weight": "dE/dw", "bias": "dE/db"}
    assert [row.split()[0] for row in rows] == [symbols[slot] for slot in outcomes]
    assert all(str(o.status or "not computed") in row for row, o in zip(rows, outcomes.values(), strict=True))


@every_audit
def test_a_report_is_true_when_it_passed_alone(name):
    assert bool(report(name)) == (AUDITS[name][3] == "PASSED")
    assert report(name).status.value == AUDITS[name][3]


@every_audit
def test_the_text_can_be_printed_anywhere(name):
    lines = report(name).text().splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.endswith(" ") for line in lines)
    assert name == "hard to write" or all(line.isascii() for line in lines)
    assert not re.search(r"\bDE/d|\b[a-z]+error:", report(name).text()), "formulas and names keep their letters"


@every_audit
def test_no_sentence_is_wider_than_the_page(name):
    wide = [line for line in report(name).text().splitlines() if len(line) > 100]
    assert [line for line in wide if not line.lstrip().startswith(("theorem", "yours", "^"))] == []


WORDS = {
    "filled with NaN": ["yours is nan", "holds NaN or infinity"],
    "scalar": ["dE/db should have shape (1,); yours has shape ()"],
    "right": ["exact", "Schwartz-Zippel", "It says nothing of layers that were not tested", "Run on symbols"],
    "unrotated": ["the kernel is not rotated by 180 degrees", "Use w[:, :, ::-1, ::-1].", "Wrong on 3 of 3 layers."],
    "uncropped": ["dE/da should have shape (1, 1, 1, 1); yours has shape (1, 1, 1, 2)",
                  "Return da[..., p_lo : p_lo + L]"],
    "crash": ["The call raised IndexError: index 2 is out of bounds", "raises where there are groups",
              "Handle such layers, or raise NotImplementedError", "It fails on 1 of 3 layers."],
    "two": ["The function returned 2 values but expected 3", "returns no gradients on any layer"],
    "hard to write": ["raises on every layer", "--adapter"],
    "not a number": ["yours is nan", "holds NaN or infinity", "yours is inf"],
    "rounding": ["In dE/da the code rounds", "up to rounding: error", "wrong by less is not seen"],
    "clipped": ["is not linear in each of its arguments", "Look for a constant, a clip or a normalisation."],
    "weight decay": ["dE/dw is not zero where delta is", "weight decay"],
    "epsilon": ["slightly off"],
    "at random": ["comes out differently when the function is called again"],
    "without the bias": ["the bias is left out"],
    "refusing": ["NotImplementedError on all", "next week"],
    "weights alone": ["None was returned on every layer"],
    "noisy": ["Note: it prints to stdout: 'a line'.", "Note: it changes its argument delta: work on a copy."],
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_the_text_says_what_is_wrong_and_what_mends_it(name):
    assert [words for words in WORDS[name] if words not in told(name)] == []


@pytest.mark.parametrize("name", ["rounding", "in float32", "rounding as an FFT"])
def test_code_that_rounds_is_not_called_exact(name):
    row = report(name).text().splitlines()[2]
    assert "dE/da" in row
    assert "exact" not in row
    assert "In dE/da" in told(name)


def test_what_is_slightly_wrong_is_shown_with_digits_that_differ():
    right, wrong = re.search(r"should be (\S+); yours is (\S+):", told("epsilon")).groups()
    assert right != wrong


def test_one_call_that_fails_is_told_once():
    assert report("crash").text().count("The call raised") == 1
    assert report("crash").latex().count("The call raised") == 1
    assert "dE/da, dE/dw, dE/db: raises where there are groups\n" in report("crash").text()


def test_two_mistakes_are_told_apart():
    text = report("mean over the batch").text()
    assert "\ndE/dw: divided by the batch size\n" in text
    assert "\ndE/db: divided by the batch size\n" in text


def test_the_counterexample_is_what_brute_force_finds():
    outcome = report("unrotated").outcomes["input"]
    layer, (n, c, *x) = outcome.layer, outcome.finding.entry
    met = [zip(*triples, strict=True) for triples in product(*oracle.relation(layer))]
    wanted = {((n, 0, *i), (0, c, *k)) for i, k, at in met if at == tuple(x)}
    assert {p.at for p in outcome.finding.expected} == wanted
    assert {p.at for p in outcome.finding.computed} != wanted


# --- what is marked ---


def formulas(text):
    """(theorem, yours, marks) of each mistake, as printed."""
    lines = [*text.splitlines(), ""]
    for at, line in enumerate(lines):
        if line.startswith("  yours "):
            marks = lines[at + 1] if set(lines[at + 1].strip()) <= {"^", " "} else ""
            yield lines[at - 1], line, marks


def parts(formula):
    """What a formula is made of, each with its place: its factor, and every index of every tensor on the right."""
    start = formula.index(" = ") + 3
    found = {}
    if number := re.match(r"-?\d+|\([^)]*\)(?=\*)", formula[start:]):
        found["factor"] = (number[0], start, start + number.end())
    for tensor in re.finditer(r"(\w+)\[([^]]*)\]", formula[start:]):
        at = start + tensor.start(2)
        for axis, index in enumerate(tensor[2].split(",")):
            found[tensor[1], axis] = (index, at, at + len(index))
            at += len(index) + 1
    return found


@pytest.mark.parametrize("name", WITH_FORMULAS)
def test_the_underline_marks_exactly_what_differs(name):
    triples = list(formulas(report(name).text()))
    assert triples
    for theorem, yours, marks in triples:
        ours, theirs = parts(theorem), parts(yours)
        wanted = set()
        for place, (text, start, end) in theirs.items():
            if ours.get(place, ("",))[0] != text:
                wanted |= set(range(start, end))
        assert wanted
        assert {at for at, mark in enumerate(marks) if mark == "^"} == wanted


def test_formulas_that_do_not_differ_are_not_shown():
    assert report("uncropped").outcomes["input"].recovered == report("uncropped").outcomes["input"].theorem
    assert list(formulas(report("uncropped").text())) == []
    assert "recovered" not in report("uncropped").latex()


@pytest.mark.parametrize("name", WITH_FORMULAS)
def test_latex_puts_in_a_box_what_the_text_underlines(name):
    boxed = []
    for line in report(name).latex().splitlines():
        if "yours: }" in line and "\\sum" in line:
            boxed.append(re.findall(r"\\boxed\{(\\frac\{\d+\}\{\d+\}|[^}]*(?:_\{\d\})?[^}]*)\}", line))
    underlined = [
        ["".join(yours[at] for at in range(*run.span())) for run in re.finditer(r"\^+", marks)]
        for _, yours, marks in formulas(report(name).text())
    ]

    def plain(text):
        text = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"(\1/\2)", text)
        return re.sub(r"[_{} *]", "", text)

    assert [[plain(t) for t in line] for line in boxed] == [[plain(t) for t in line] for line in underlined]


# --- LaTeX ---

MINIMAL = r"""\documentclass{article}
\usepackage{amsmath}
\begin{document}
\input{fragment}
\end{document}
"""


def compiled(folder, fragment):
    """Whether there is a PDF, and the log."""
    (folder / "document.tex").write_text(MINIMAL, encoding="utf-8")
    (folder / "fragment.tex").write_text(fragment, encoding="utf-8")
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"],
        cwd=folder, capture_output=True, timeout=120,
    )  # fmt: skip
    return (folder / "document.pdf").exists(), (folder / "document.log").read_text(errors="replace")


needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


@needs_latex
def test_every_fragment_compiles_in_a_document_that_loads_amsmath(tmp_path):
    together = "\n\\clearpage\n".join(report(name).latex() for name in AUDITS)
    done, log = compiled(tmp_path, together)
    assert re.findall(r"^!.*", log, re.MULTILINE) == []
    assert done


@needs_latex
def test_a_fragment_that_does_not_compile_is_noticed(tmp_path):
    done, log = compiled(tmp_path, report("unrotated").latex().replace("\\boxed", "\\nosuchbox"))
    assert not done
    assert "Undefined control sequence" in log


@every_audit
def test_a_fragment_is_ascii_and_its_groups_are_balanced(name):
    latex = report(name).latex()
    assert latex.isascii()
    plain = re.sub(r"\\[\\{}_&%$#~^,]", " ", latex)
    assert plain.count("{") == plain.count("}")
    assert latex.count("\\begin{") == latex.count("\\end{")
    assert "documentclass" not in latex


# --- JSON ---


@every_audit
def test_the_json_is_strict_and_complete(name):
    data = json.loads(json.dumps(report(name).to_json(), allow_nan=False))
    assert data["verdict"] == AUDITS[name][3]
    assert data["scope"] == "tested layers"
    assert data["layer"] is None
    assert data["seconds"] > 0
    assert list(data["gradients"]) == ["input", "weight", "bias"]
    outcomes = report(name).outcomes
    for slot, gradient in data["gradients"].items():
        assert gradient["verdict"] == (outcomes[slot].status and outcomes[slot].status.value)
        if gradient["verdict"] == "REFUTED":
            assert {"class", "name", "explanation"} <= set(gradient["diagnosis"])
            assert all(isinstance(value, str) and value for value in gradient["diagnosis"].values())
            assert Conv.from_json(gradient["counterexample"]["layer"]) == outcomes[slot].layer
            assert gradient["counterexample"]["text"]
        else:
            assert "diagnosis" not in gradient
            assert "counterexample" not in gradient
    assert (data["forward"] is None) == ("forward" not in outcomes)


def test_the_json_of_a_mistake_holds_its_products_and_formulas():
    gradient = report("unrotated").to_json()["gradients"]["input"]
    assert gradient["diagnosis"]["class"] == "rotation"
    wrong = gradient["counterexample"]
    assert wrong["kind"] == "entry"
    assert [e["tensor"] for e in wrong["expected"][0]["entries"]] == ["delta", "w"]
    assert wrong["expected"] != wrong["computed"]
    assert gradient["formulas"]["theorem"]["text"] != gradient["formulas"]["yours"]["text"]
    assert "\\boxed" in gradient["formulas"]["yours"]["latex"]


@pytest.mark.parametrize(("name", "kind"), [("uncropped", "shape"), ("crash", "raised"), ("two", "malformed")])
def test_the_json_says_what_kind_of_counterexample_it_is(name, kind):
    assert report(name).to_json()["gradients"]["input"]["counterexample"]["kind"] == kind


def test_the_json_says_nan_as_a_text():
    wrong = report("not a number").to_json()["gradients"]["input"]["counterexample"]
    assert (wrong["computed_value"], wrong["computed"]) == ("nan", None)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json.dumps(float("nan"), allow_nan=False)


def test_the_json_says_what_was_exact_and_what_rounds():
    gradients = report("rounding").to_json()["gradients"]
    assert (gradients["input"]["exact"], gradients["weight"]["exact"]) == (False, True)
    assert 0 < gradients["input"]["error"] < gradients["input"]["tolerance"]
    assert gradients["weight"]["wrong_passes_below"].startswith("2^-")
