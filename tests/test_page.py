"""The page: its formulas read back, what it holds without a script, and that nothing in it reaches outside.

The formulas are read by tests/mathml_reader.py and compared with the polynomials of the derivation.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from symconv import Conv, derive, notation, prove
from symconv.api import page, with_verdict
from symconv.arrays import Correlate, Input, Pad
from symconv.polynomial import Entry, Partial, Polynomial
from symconv.presets import PRESETS
from symconv.report import html_page, lab
from symconv.report.blocks import Equation, Where
from symconv.report.document import Document
from symconv.report.general import GeneralDocument
from symconv.report.html_prose import Prose, words
from symconv.report.lens import LENS, lens_data
from symconv.report.notation import STANDARD, Names
from symconv.report.sentences.mistakes import CHINESE
from symconv.report.sides import SHOWN_PRODUCTS
from symconv.steps import Evidence, Rule, Undecided
from tests.mathml_reader import Reader, equations, sides
from tests.strategies import small_layers

GOLDEN = Path(__file__).parent / "golden" / "page_3_2.html.txt"
PAGE = Path(html_page.__file__).parent / "page"
ERROR = Entry("E", ())
VOID = {"meta", "br", "input", "link", "img"}
LAYERS = {
    "worked example": Conv((3, 3), (2, 2)),
    "stride": Conv((6, 6), (3, 3), stride=2, padding=1),
    "everything": Conv((5, 4), (3, 2), stride=(2, 1), padding=((-1, 2), (1, 0)), dilation=(1, 2), input_dilation=(2, 1),
                       groups=2, in_channels=2, out_channels=4, batch=2, flip=True),
    "three axes": Conv((4, 4, 4), (2, 2, 2), stride=2, padding=1, in_channels=2, out_channels=2),
}  # fmt: skip


@cache
def page_of(name):
    return page(LAYERS[name], worked_example=name == "worked example")


# --- the formulas, read back ---


def is_written(read, expected):
    """Whether what was read is a polynomial, or its first products and their number."""
    found, count = read
    if len(expected) <= SHOWN_PRODUCTS:
        return found == expected
    return (
        count == len(expected)
        and len(found) == SHOWN_PRODUCTS
        and found.coefficients.items() <= expected.coefficients.items()
    )


def read_back(document):
    """Every equation of entries of a document, as its page shows it: z and derivatives of E, with their polynomials."""
    shown = equations(document.html())
    blocks = [block for block in document.blocks if isinstance(block, Equation | Where)]
    reader = Reader(document.derivation.layer, document.notation)
    found = {}
    assert len(shown) == len(blocks)
    for rows, block in zip(shown, blocks, strict=True):
        if isinstance(block, Where):
            cells = [list(cell) for row in rows for cell in row]
            assert len(cells) == len(block.derivatives)
            for cell, (partial, value) in zip(cells, block.derivatives, strict=True):
                assert cell[1].text == "="
                assert reader.atom(cell[0]) == partial
                assert is_written(reader.polynomial(cell[2:]), value)
        elif all(isinstance(side, Polynomial) for side in block.sides):
            written = [reader.polynomial(side) for side in sides(rows)]
            assert all(is_written(read, side) for read, side in zip(written, block.sides, strict=True))
            ((atom,),) = written[0][0].coefficients
            found[atom] = written[-1]
    return found


def assert_told(document):
    """The page tells every entry that the derivation lists, and nothing else of E."""
    found = read_back(document)
    expected = {
        Partial(ERROR, Entry(g.of.tensor, e.entry.indices)): e.result
        for g in document.derivation.gradients
        for e in g.entries
    }
    told = {atom: read for atom, read in found.items() if isinstance(atom, Partial)}
    assert told.keys() <= expected.keys()
    assert all(is_written(read, expected[atom]) for atom, read in told.items())
    return len(told)


@pytest.mark.parametrize("written_in", ["z", "net"])
@pytest.mark.parametrize("name", LAYERS)
def test_the_entries_on_the_page_are_those_of_the_derivation(name, written_in):
    assert assert_told(derive(LAYERS[name], notation=notation(written_in))) > 2


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_entries_of_a_preset_are_those_of_the_derivation(preset):
    assert_told(derive(preset.layer))


@settings(max_examples=200, deadline=None)
@given(small_layers(max_ndim=2, max_size=3, max_channels=2))
def test_the_entries_of_any_small_layer_are_those_of_the_derivation(layer):
    assert_told(derive(layer))


def test_the_reader_tells_formulas_apart():
    document = derive(LAYERS["worked example"])
    reader = Reader(document.derivation.layer, STANDARD)
    rows = next(r for r in equations(document.html()) if len(r) > 1 and "E" in "".join(r[0][0].itertext()))
    right = sides(rows)[-1]
    read, _ = reader.polynomial(right)
    for element in right:
        if element.tag != "mo":
            digit = next(e for e in element.iter("mn") if e.text in "012")
            kept, digit.text = digit.text, str((int(digit.text) + 1) % 3)
            assert reader.polynomial(right)[0] != read
            digit.text = kept
    assert reader.polynomial(right)[0] == read


# --- the page as a file ---


class Tags(HTMLParser):
    """Opens and closes tags, and remembers every attribute and the text outside of scripts."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.said, self.skipped = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.said.append(data)


@pytest.mark.parametrize("name", LAYERS)
def test_every_element_is_closed_and_nothing_comes_from_outside(name):
    tags = Tags(page_of(name))
    assert tags.open == []
    assert {value for _, attribute, value in tags.attributes if attribute in ("src", "href")} <= {
        f"#section-{at}" for at in range(30)
    }
    assert not [a for a in tags.attributes if a[1].startswith("on") or a[1] == "style"]
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", page_of(name))


def test_the_page_lets_nothing_run_but_its_own_script_and_style():
    text = page_of("worked example")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#x27;", "'")
    style, script = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1], re.search(
        r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]  # fmt: skip
    assert policy == html_page.policy(style, script)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert html_page.policy(style, script + " ") != policy


def test_the_same_layer_is_the_same_bytes_in_every_process():
    code = (
        "import sys; from symconv import Conv; from symconv.api import page\n"
        "sys.stdout.write(page(Conv((5, 4), (3, 2), stride=2, groups=2, in_channels=2, out_channels=2)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]


def test_a_page_is_small():
    assert len(page_of("worked example").encode()) <= 400_000
    assert len(page(Conv((8, 8), (3, 3), in_channels=3, out_channels=3)).encode()) <= 1_500_000


def test_what_is_read_without_a_script_is_the_golden_text():
    text = page(Conv(3, 2))
    article = re.search(r"<article>(.*)</article>", text, re.DOTALL)[1]
    if os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(article, encoding="utf-8")
    assert article == GOLDEN.read_text(encoding="utf-8"), "changed; SYMCONV_UPDATE_GOLDEN=1 accepts it"


# --- what is told without a script ---


def test_the_story_is_told_in_order_without_a_script():
    text = page_of("worked example")
    headings = re.findall(r'<h2 id="section-\d+">.*?lang="en">(.*?)</span>', text)
    story = ("Forward", "The error of the layer below", "Input gradient", "Weight gradient", "Bias gradient", "Update",
             "Verdict")  # fmt: skip
    told = [next(at for at, heading in enumerate(headings) if heading.startswith(part)) for part in story]
    assert told == sorted(told)
    assert told[-1] == len(headings) - 1


def test_without_a_script_the_living_part_is_hidden():
    text = page_of("worked example")
    assert re.findall(r"<(\w+) [^>]*data-script[^>]*>", text) == ["div", "section"]
    assert all("hidden" in tag for tag in re.findall(r"<\w+ [^>]*data-script[^>]*>", text))


def test_a_step_expands_to_its_rule_its_side_conditions_and_the_verdict():
    steps = re.findall(r'<details class="rule">(.*?)</details>', page_of("stride"), re.DOTALL)
    sift = [step for step in steps if ">sift<" in step.partition("</summary>")[0]]
    assert len(sift) == 1
    assert all(f"<b>{part}" in sift[0] for part in ('<span class="said" lang="en">sift</span>',))
    assert "sift, only" in sift[0]
    assert "sift, indeed" in sift[0]
    assert "PROVED" in sift[0]
    assert "both sides of each step are the same polynomials" in sift[0]
    assert sum("PROVED" in step for step in steps) > len(steps) / 2


def test_every_rule_of_a_derivation_is_explained():
    used = {step.rule for g in derive(LAYERS["everything"]).derivation.gradients for step in g.indexed}
    text = page_of("everything")
    for rule in used - {Rule.GENERAL}:
        assert re.search(rf'<details class="rule"><summary>[^/]*{rule.title.partition(" ")[0]}', text), rule


def test_a_wrong_formula_is_refuted_on_its_page():
    layer = LAYERS["worked example"]
    wrong = Correlate(Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1))), Input("w", (1, 1, 2, 2)), (1, 1), (1, 1))
    verdict = prove(layer, closed=wrong, entries=True)
    text = Document(verdict.derivation, verdict=verdict).html()
    finding = re.search(r'<div class="finding refuted">(.*?)<div class="finding', text, re.DOTALL)[1]
    rows = equations(finding)[0]
    left, right, other = (side for side in sides([[*rows[0]], [rows[1][0], rows[0][1], rows[1][2]]]))
    assert "".join(rows[1][1].itertext()) == "≠"
    reader = Reader(layer, STANDARD)
    found = verdict.gradients["input"].counterexample
    assert reader.polynomial(right)[0] == found.derived
    assert reader.polynomial(other)[0] == found.closed
    assert reader.atom(left[0]) == Partial(ERROR, Entry("a", found.entry.indices))
    assert '<p class="claim refuted">' in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_page_holds_both_languages_and_begins_with_its_own(lang):
    text = with_verdict(derive(LAYERS["worked example"], lang=lang)).html()
    assert f'<html lang="{lang}">' in text
    for word in (
        "Weight gradient",
        "权重的梯度",
        "both sides of each step are the same polynomials",
        "每一步两边都是相同的多项式",
    ):
        assert word in text
    body = text[text.index("<article>") : text.index("</article>")]
    spans = re.findall(r'<span class="said" lang="(\w+)">', body)
    assert len(spans) > 50
    assert spans[::2].count(lang) == spans.count(lang) == len(spans) / 2


@pytest.mark.parametrize("instance", [None, Conv((5, 5), (3, 3), stride=2)])
def test_the_theorem_for_every_shape_is_a_page_too(instance):
    verdict = prove(instance or Conv.general(2), every_shape=True)
    text = GeneralDocument(verdict).html()
    assert Tags(text).open == []
    assert ('id="lab"' in text) == (instance is not None)
    asked = re.findall(r'<details class="rule">(.*?)</details>', text, re.DOTALL)
    assert any("sift, indeed" in step for step in asked)
    assert '<p class="claim proved">' in text
    assert "$" not in "".join(Tags(text).said)


@pytest.mark.parametrize("name", ["forward", "input", "weight", "bias", "weight.a"])
def test_every_step_of_the_theorem_carries_the_verdict_of_its_claim_and_no_other(name):
    """One claim is made undecided: the steps below its heading say so, all others what the proof found."""
    verdict = prove(Conv.general(2), every_shape=True)
    doubted = replace(
        verdict, gradients={**verdict.gradients, name: Undecided("not today", (Evidence("steps", "sift"),))}
    )
    sections = re.findall(r"<section[^>]*>(.*?)</section>", GeneralDocument(doubted).html(), re.DOTALL)
    claims = [claim.name for claim in verdict.derivation.claims]
    for claim, section in zip(claims, sections[-len(claims) - 2 : -2], strict=True):
        steps = re.findall(r'<details class="rule">.*?</details>', section, re.DOTALL)
        marks = [
            re.findall(r'<p class="verdict (\w+)"><em><span class="said" lang="en">(\w+)<', step) for step in steps
        ]
        wanted = ("undecided", "UNDECIDED") if claim == name else ("proved", "PROVED")
        assert steps
        assert marks == [[wanted]] * len(steps), claim


def test_a_step_of_the_theorem_names_the_evidence_for_its_side_conditions():
    text = GeneralDocument(prove(Conv.general(1), every_shape=True)).html()
    sift = next(s for s in re.findall(r'<details class="rule">(.*?)</details>', text, re.DOTALL) if ">sift; needs" in s)
    assert "the checker replayed a witness of each" in sift.partition('class="verdict proved"')[2]


# --- layers that are too large to draw ---


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_is_drawn_as_a_small_layer_of_its_kind_and_the_page_says_so(preset):
    shown = lab.drawable(preset.layer)
    assert shown.ndim == min(preset.layer.ndim, 2)
    assert max(shown.input_size) <= 12
    assert max(shown.kernel_size) <= 7
    assert max(shown.output_size) <= 18
    assert shown.monomials <= 40_000
    assert (shown.flip, shown.bias, shown.weight_layout) == (
        preset.layer.flip,
        preset.layer.bias,
        preset.layer.weight_layout,
    )
    if all(k <= 7 for k in preset.layer.kernel_size) and max(preset.layer.stride) <= 4 and preset.layer.ndim == 2:
        assert shown.kernel_size == preset.layer.kernel_size
        assert shown.remainder == preset.layer.remainder
    assert lab.drawable(shown) == shown


def test_the_page_of_a_large_layer_says_what_it_shows_instead():
    layer = Conv((64, 64), (3, 3), padding=1)
    text = page(layer)
    assert re.search(
        r'<p class="notice">.*Conv\(\(12, 12\), \(3, 3\), padding=1\)</code> instead of <code>Conv\(\(64', text
    )
    assert 'class="notice"><span class="said" lang="en">The layer' not in page_of("worked example")


# --- nothing from outside is put in as it is ---

HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"'&<>", "]]>", "<!--", "\u2028"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    for written in (words(text), Prose(Names(STANDARD, Conv(3, 2)), ("en",)).one(f"{text} ${text}$", "en")):
        tags = Tags(f"<p>{written}</p>")
        assert not [a for a in tags.attributes if a[1] != "class"]
        assert "<script" not in written
        assert "<img" not in written
    data = html_page.data_text({"text": text})
    assert not set("<>&\u2028") & set(data)
    assert json.loads(data) == {"text": text}


def test_a_hostile_reason_of_a_finding_stays_text():

    verdict = prove(Conv(3, 2))
    hostile = Undecided(HOSTILE[0], (Evidence(HOSTILE[1], HOSTILE[0]),))
    bad = replace(
        verdict,
        gradients={
            **verdict.gradients,
            "weight": hostile,
        },
    )
    bad = replace(verdict, gradients=dict.fromkeys(verdict.gradients, hostile))
    text = Document(verdict.derivation, verdict=bad).html()
    assert text.count("<script") == page(Conv(3, 2)).count("<script")
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


# --- the page's own sources ---


def test_every_source_of_the_page_is_in_it_and_parses():
    assert {path.stem for path in PAGE.glob("*.js")} == set(html_page.SCRIPTS)
    script = html_page.bundle()
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    run = subprocess.run(["node", "--check", "--input-type=module", "-"], input=script, text=True, capture_output=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_every_word_of_the_page_is_there_in_both_languages():
    strings = lab.strings()
    assert strings["en"].keys() == strings["zh"].keys()
    for key, english in strings["en"].items():
        chinese = strings["zh"][key]
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key
        assert re.findall(r"</?\w+[^>]*>", english).sort() == re.findall(r"</?\w+[^>]*>", chinese).sort()
        assert key == "otherLanguage" or not re.search("[一-鿿]", english)
    sources = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.*s")) + (PAGE / "lab.html").read_text()
    used = set(re.findall(r'data-(?:text|label)="(\w+)"', sources)) | set(re.findall(r'text\("([\w.]+)"', sources))
    assert used <= strings["en"].keys()


# What Chinese does not translate: code, formulas, names of libraries.
KEPT = "delta|rot180|eta|mod|div|sum|stride|padding|groups|axis|output_padding|SAME_UPPER|SAME_LOWER|PyTorch|Python"


def test_every_sentence_of_the_lens_is_there_in_both_languages():
    assert CHINESE.keys() == {name for name, _ in LENS}
    for name, told in lens_data("[::-1]").items():
        english, chinese = told["en"], told["zh"]
        assert english.keys() == chinese.keys() == {"title", "why", "mend"}
        for key in english:
            assert not re.search("[\u3000-\u9fff\uff00-\uffef{}]", english[key]), name
            assert re.search("[\u4e00-\u9fff]", chinese[key]), name
            assert not re.search(r"[A-Za-z]{3,}|[{}]", re.sub(rf"\b(?:{KEPT})\b", "", chinese[key], flags=re.ASCII)), (
                name
            )
            assert formulas(english[key]) == formulas(chinese[key]), name
            assert key == "title" or english[key][-1] + chinese[key][-1] == ".。", name


def formulas(text):
    """The products, the names with indices and the powers of a sentence."""
    part = r"[\w+*/\[\]-]"
    return set(re.findall(rf"{part}*[*_\[]{part}*", text, re.ASCII))


def test_figures_are_grids_of_what_is_proved():
    text = page_of("worked example")
    drawn = [ElementTree.fromstring(svg) for svg in re.findall(r'<svg class="grid".*?</svg>', text, re.DOTALL)]
    padded = [svg for svg in drawn if len(svg.findall("rect")) == 16]
    assert len(padded) == 1
    names = ["".join(cell.itertext()) for cell in padded[0].findall("text")]
    assert names == ["0"] * 5 + ["δ1,1", "δ1,2", "0", "0", "δ2,1", "δ2,2"] + ["0"] * 5
