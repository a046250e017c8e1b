"""The command line, run as a user runs it: what it prints, where, with which exit code, and what it refuses.

Most cases run `main` in this process; pipes, terminals and signals take a process of their own.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from symconv import Conv, __version__
from symconv.cli import main
from symconv.lowering.general_module import general_module
from symconv.presets import PRESETS
from tests import oracle

COMMAND = [sys.executable, "-m", "symconv"]
FEW_PRESETS = "import symconv.presets as p; p.PRESETS = p.PRESETS[:3]; from symconv.cli import main; main()"
SGR = re.compile(rb"\x1b\[([0-9;]*)m")


@dataclass
class Run:
    """What a run gave back."""

    code: int
    out: str
    err: str


@pytest.fixture
def symconv(monkeypatch, capsys, tmp_path):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["symconv", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return Run(stopped.value.code, captured.out, captured.err)

    return run


def process(*arguments, command=COMMAND, env=None, **options):
    environment = {**os.environ, **(env or {})}
    return subprocess.run([*command, *arguments], capture_output=True, env=environment, timeout=60, **options)


# --- what every command prints ---


@pytest.mark.parametrize("command", [(), ("prove",), ("derive",), ("lower",), ("explore",), ("layers",)], ids=str)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_printed(symconv, command, option):
    run = symconv(*command, option)
    assert (run.code, run.err) == (0, "")
    assert re.match(rf"Usage: .*{' '.join(command)} \[OPTIONS\]", run.out)
    assert "Show this message and exit." in run.out


def test_the_version_is_printed(symconv):
    assert symconv("--version") == Run(0, f"symconv, version {__version__}\n", "")


def test_no_command_at_all_shows_the_help_as_help(symconv):
    run = symconv()
    assert "\nCommands:\n" in run.out + run.err


def test_prove_without_a_layer_proves_the_worked_example(symconv):
    run = symconv("prove")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("Conv((3, 3), (2, 2))\n")
    assert "(26)    delta^{l-1} = delta^l * W^l o f'(net^{l-1})" in run.out
    assert run.out.endswith("\nPROVED  (scope: shape, Conv((3, 3), (2, 2)))\n")


SPELLINGS = [
    ("8x8 3x3 --stride 2", Conv((8, 8), (3, 3), stride=2)),
    ("8x8 3x3 --stride 2x1 --dilation 1x2", Conv((8, 8), (3, 3), stride=(2, 1), dilation=(1, 2))),
    ("5x6 3x3 --padding 1", Conv((5, 6), (3, 3), padding=1)),
    ("5x6 3x3 --padding 1x2", Conv((5, 6), (3, 3), padding=(1, 2))),
    ("5x6 3x3 --padding 1:0x2:1", Conv((5, 6), (3, 3), padding=((1, 0), (2, 1)))),
    ("5x6 3x3 --padding 1:0", Conv((5, 6), (3, 3), padding=((1, 0), (1, 0)))),
    ("5x6 3x3 --padding 1x2:1", Conv((5, 6), (3, 3), padding=((1, 1), (2, 1)))),
    ("5x6 3x3 --padding -1:2", Conv((5, 6), (3, 3), padding=((-1, 2), (-1, 2)))),
    ("5x6 2x3 --padding same --stride 2", Conv((5, 6), (2, 3), padding="same", stride=2)),
    ("5x6 2x3 --padding same_lower", Conv((5, 6), (2, 3), padding="same_lower")),
    ("5x6 2x3 --padding full --dilation 2", Conv((5, 6), (2, 3), padding="full", dilation=2)),
    ("5x6 2x3 --padding valid", Conv((5, 6), (2, 3))),
    ("3x3 2x2 --input-dilation 2x3", Conv((3, 3), (2, 2), input_dilation=(2, 3))),
    ("4x4 3x3 --channels 2:4 --groups 2", Conv((4, 4), (3, 3), in_channels=2, out_channels=4, groups=2)),
    ("4x4 3x3 --channels 3", Conv((4, 4), (3, 3), in_channels=3, out_channels=3)),
    ("4x4 3x3 --flip --no-bias --batch 2", Conv((4, 4), (3, 3), flip=True, bias=False, batch=2)),
    ("7 3", Conv(7, 3)),
    ("7 3 --padding 2:0 --stride 3", Conv(7, 3, padding=((2, 0),), stride=3)),
    ("3x4x2 2x1x2 --padding 1", Conv((3, 4, 2), (2, 1, 2), padding=1)),
    ("2x2x2x2 2x1x2x1", Conv((2, 2, 2, 2), (2, 1, 2, 1))),
    ("4x4 3x3 --transposed --stride 2 --padding 1 --output-padding 1",
     Conv.transposed((4, 4), (3, 3), stride=2, padding=1, output_padding=1)),
    ("3x4 2x3 --transposed --stride 2x3 --output-padding 1x2 --channels 2:4 --groups 2",
     Conv.transposed((3, 4), (2, 3), stride=(2, 3), output_padding=(1, 2), in_channels=2, out_channels=4, groups=2)),
    ("4 3 --transposed --padding 1:0 --dilation 2", Conv.transposed(4, 3, padding=((1, 0),), dilation=2)),
    ("--preset resnet50.conv1", Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64,
                                     bias=False)),
]  # fmt: skip


@pytest.mark.parametrize(("spelled", "layer"), SPELLINGS, ids=[s for s, _ in SPELLINGS])
def test_options_spell_the_layer_that_json_names(symconv, spelled, layer):
    run = symconv("prove", *spelled.split(), "--json")
    assert (run.code, run.err) == (0, "")
    data = json.loads(run.out)
    assert Conv.from_json(data["layer"]) == layer
    assert (data["verdict"], data["scope"]) == ("PROVED", "shape")
    assert list(data["gradients"]) == ["input", "weight", "bias"]
    for name, gradient in data["gradients"].items():
        assert gradient["verdict"] == ("PROVED" if layer.bias or name != "bias" else None)
    assert data["seconds"] > 0
    assert run.out.isascii()


SMALL_SPELLINGS = [s for s, _ in SPELLINGS if "preset" not in s]


@pytest.mark.parametrize("spelled", SMALL_SPELLINGS)
def test_the_text_of_prove_ends_with_its_verdict_and_is_ascii(symconv, spelled):
    run = symconv("prove", *spelled.split())
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines()[-1].startswith("PROVED  (scope: shape, Conv(")
    assert run.out.isascii()
    assert not any(line.endswith(" ") for line in run.out.splitlines())


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu"])
def test_every_activation_is_shown_with_its_slope(symconv, name):
    run = symconv("prove", "3", "2", "--activation", name)
    assert (run.code, run.err) == (0, "")
    assert "f(z) = " in run.out
    assert "f'(z) = " in run.out
    assert run.out.isascii()


def test_an_arbitrary_activation_has_no_formula(symconv):
    run = symconv("prove", "3", "2", "--activation", "f")
    assert "f(z) = " not in run.out
    assert run.out == symconv("prove", "3", "2").out


@pytest.mark.parametrize("spelled", ["5x5 3x3 --stride 2", "100000x100000 3x3"])
def test_the_text_and_the_json_come_to_the_same_verdict(symconv, spelled):
    with_json, as_text = symconv("prove", *spelled.split(), "--json"), symconv("prove", *spelled.split())
    assert json.loads(with_json.out)["verdict"] == "PROVED"
    assert (as_text.code, as_text.err) == (with_json.code, "")
    assert as_text.out.splitlines()[-1].startswith("PROVED")


def test_all_presets_are_proved_one_line_each(symconv):
    run = symconv("prove", "--all-presets")
    assert (run.code, run.err) == (0, "")
    *lines, last = run.out.splitlines()
    assert [re.match(r"PROVED  (\S+): input PROVED, weight PROVED", line)[1] for line in lines] == [
        p.name for p in PRESETS
    ]
    count = sum(2 + p.layer.bias for p in PRESETS)
    assert re.fullmatch(rf"PROVED: {count} gradients of {len(PRESETS)} layers in \d+\.\d s", last)
    assert run.out.isascii()


def test_all_presets_as_json_hold_a_verdict_for_each(symconv, monkeypatch):
    monkeypatch.setattr("symconv.presets.PRESETS", PRESETS[:5])
    data = json.loads(symconv("prove", "--all-presets", "--json").out)
    assert (data["verdict"], data["scope"]) == ("PROVED", "shape")
    assert list(data["presets"]) == [p.name for p in PRESETS[:5]]
    assert [Conv.from_json(v["layer"]) for v in data["presets"].values()] == [p.layer for p in PRESETS[:5]]


def test_layers_lists_every_preset(symconv):
    run = symconv("layers")
    assert (run.code, run.err) == (0, "")
    assert [line.split()[0] for line in run.out.splitlines()] == [p.name for p in PRESETS]
    assert all(repr(p.layer) in line for p, line in zip(PRESETS, run.out.splitlines(), strict=True))
    assert run.out.isascii()


def test_layers_as_json_make_the_presets_again(symconv):
    data = json.loads(symconv("layers", "--json").out)
    assert {name: Conv.from_json(p["layer"]) for name, p in data.items()} == {p.name: p.layer for p in PRESETS}
    assert {(p["network"], p["source"], p["note"]) for p in data.values()} == {
        (p.network, p.source, p.note) for p in PRESETS
    }


# --- derive ---

HEADINGS = {
    "input": "Input gradient",
    "error": "The error of the layer below",
    "weight": "Weight gradient",
    "bias": "Bias gradient",
    "update": "Update",
}


@pytest.mark.parametrize("of", ["input", "error", "weight", "bias", "update", "weight,input", "input, error"])
@pytest.mark.parametrize(("form", "sign"), [("text", "\n{}"), ("latex", "\\section*{{{}")])
def test_derive_writes_the_sections_that_were_asked_for(symconv, of, form, sign):
    run = symconv("derive", "4", "2", "--of", of, "--format", form)
    assert (run.code, run.err) == (0, "")
    wanted = {name.strip() for name in of.split(",")}
    assert {name for name, heading in HEADINGS.items() if sign.format(heading) in run.out} == wanted


@pytest.mark.parametrize(
    ("notation", "base", "form"), list(product([None, "z", "net"], [None, "0", "1"], ["text", "latex", "json"]))
)
def test_derive_writes_in_the_notation_that_was_asked_for(symconv, notation, base, form):
    options = [*(["--notation", notation] if notation else []), *(["--index-base", base] if base else [])]
    run = symconv("derive", "4x4", "2x2", "--format", form, *options)
    assert (run.code, run.err) == (0, "")
    assert run.out.isascii()
    named = notation or "z"
    assert ("net" in run.out.replace("network", "")) == (named == "net")
    assert ("E_d" in run.out or "E_{d}" in run.out) == (named == "net")
    first = base or {"z": "0", "net": "1"}[named]
    assert ("_{0,0}" in run.out) == (first == "0")
    if form == "json":
        assert Conv.from_json(json.loads(run.out)["layer"]) == Conv((4, 4), (2, 2))


def test_the_name_of_a_file_says_its_format_unless_format_does(symconv):
    for name, begins in (("a.TEX", "\\documentclass"), ("a.html", "<!DOCTYPE"), ("a.txt", "Conv"), ("a", "Conv")):
        assert symconv("derive", "3", "2", "-o", name).code == 0
        assert Path(name).read_text(encoding="utf-8").startswith(begins)
    assert symconv("derive", "3", "2", "--format", "html", "-o", "a.docx").code == 0
    assert Path("a.docx").read_text(encoding="utf-8").startswith("<!DOCTYPE")


def test_a_latex_document_has_a_preamble_and_a_fragment_has_none(symconv):
    whole = symconv("derive", "3", "2", "--format", "latex").out
    body = symconv("derive", "3", "2", "--format", "latex", "--fragment").out
    assert whole.startswith("\\documentclass")
    assert whole.endswith("\\end{document}\n")
    assert "documentclass" not in body
    assert "usepackage" not in body
    needs, opens, *rest, closes = body.splitlines()
    assert needs.startswith("% This fragment needs amsmath")
    assert (opens, closes) == ("\\begingroup\\allowdisplaybreaks", "\\endgroup")
    assert "\n".join(rest).strip() in whole


@pytest.mark.parametrize(
    ("file", "start"), [("a.tex", "\\documentclass"), ("a.json", "{"), ("a.txt", "Conv"), ("a", "Conv")]
)
def test_the_name_of_a_file_says_its_format(symconv, file, start):
    assert symconv("derive", "3", "2", "-o", file) == Run(0, "", "")
    assert Path(file).read_text(encoding="utf-8").startswith(start)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_a_pdf_is_written_and_nothing_beside_it(symconv):
    assert symconv("derive", "3", "2", "--of", "input", "-o", "a.pdf") == Run(0, "", "")
    assert Path("a.pdf").read_bytes().startswith(b"%PDF")
    assert os.listdir() == ["a.pdf"]


def test_a_pdf_that_cannot_be_made_leaves_the_old_one(symconv, monkeypatch):
    Path("a.pdf").write_text("old")
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused(symconv("derive", "3", "2", "--of", "input", "-o", "a.pdf"))
    assert Path("a.pdf").read_text() == "old"
    assert os.listdir() == ["a.pdf"]


@pytest.mark.parametrize(
    "command", [("prove", "3", "2"), ("derive", "3", "2"), ("derive", "--every-shape", "--ndim", "1")]
)
def test_commands_speak_chinese_and_use_other_names(symconv, command):
    run = symconv(*command, "--lang", "zh", "--symbol", "a=x", "--symbol", "delta=e", "--notation", "loss")
    assert (run.code, run.err) == (0, "")
    assert "链式法则" in run.out
    assert "dL/dx^{l-1}" in run.out
    assert "delta" not in run.out


def test_derive_without_a_layer_is_the_worked_example_in_its_own_notation(symconv):
    run = symconv("derive", "--of", "input")
    assert "dE_d/da^{l-1}_{1,1}" in run.out


@pytest.mark.parametrize("form", ["text", "latex", "html", "json"])
def test_a_written_file_holds_what_would_have_been_printed(symconv, form):
    printed = symconv("derive", "5", "3", "--stride", "2", "--format", form)
    run = symconv("derive", "5", "3", "--stride", "2", "--format", form, "-o", "out")
    assert run == Run(0, "", "")
    assert Path("out").read_text(encoding="utf-8") == printed.out
    assert os.listdir() == ["out"]


# --- lower ---


@pytest.mark.parametrize(
    "spelled", ["5x4 3x2 --stride 2x1 --padding 1:0 --channels 2:4 --groups 2", "6 3 --dilation 2"]
)
def test_the_source_that_lower_prints_runs_and_is_right(symconv, spelled):
    run = symconv("lower", *spelled.split())
    assert (run.code, run.err) == (0, "")
    layer = Conv.from_json(json.loads(symconv("prove", *spelled.split(), "--json").out)["layer"])
    module = {}
    exec(compile(run.out, "lowered", "exec"), module)
    shapes = (layer.input_shape, layer.weight_shape, layer.bias_shape, layer.output_shape)
    a, w, b, delta = (oracle.integers(shape, seed) for seed, shape in enumerate(shapes))
    assert_array_equal(module["forward"](a, w, b), oracle.forward(layer, a, w, b))
    for got, expected in zip(module["backward"](delta, a, w), oracle.backward(layer, delta, a, w), strict=True):
        assert_array_equal(got, expected)


def test_lower_without_a_layer_is_the_worked_example(symconv):
    assert "Conv((3, 3), (2, 2))" in symconv("lower").out


def test_lower_writes_a_file(symconv):
    printed = symconv("lower", "5", "3").out
    assert symconv("lower", "5", "3", "-o", "layer.py") == Run(0, "", "")
    assert Path("layer.py").read_text() == printed


@pytest.mark.parametrize("ndim", [1, 2, 8])
def test_lower_general_is_the_module_of_every_layer_of_a_rank(symconv, ndim):
    source = general_module(ndim)
    assert symconv("lower", "--general", "--ndim", str(ndim)) == Run(0, source, "")
    assert symconv("lower", "--general", "--ndim", str(ndim), "-o", "general.py") == Run(0, "", "")
    assert Path("general.py").read_text() == source
    assert symconv("lower", "--general", "-o", "-") == symconv("lower", "--general") == Run(0, general_module(2), "")


# --- bad input: one line on stderr, exit code 2, nothing else ---

GARBAGE = "9" * 5000
BAD = [
    ("prove 3 5", "kernel 5 does not fit input 3"),
    ("prove 9x3 3x5 --padding 0x1 --dilation 1x2", "pad by at least 6 in total"),
    ("prove 3 2 --stride 0", "stride >= 1"),
    ("prove 3 2 --stride -1", "stride >= 1"),
    ("prove 3 2 --stride 1.5", "'1.5'"),
    ("prove 3 2 --stride inf", "'inf'"),
    ("prove 3 2 --dilation 0", "dilation >= 1"),
    ("prove 3 2 --input-dilation 0", "input_dilation >= 1"),
    ("prove -- -3 2", "input_size >= 1"),
    ("prove -3 2", "-3"),
    ("prove 0 2", "input_size >= 1"),
    ("prove 3x0 2x2", "input_size >= 1"),
    ("prove 3 0", "kernel_size >= 1"),
    ("prove 4 2 --channels 3:4 --groups 2", "in_channels=3 does not split into groups=2"),
    ("prove 4 2 --channels 4:3 --groups 2", "out_channels=3 does not split into groups=2"),
    ("prove 4 2 --channels 0", "in_channels >= 1"),
    ("prove 4 2 --channels 1:2:3", "'1:2:3'"),
    ("prove 4 2 --channels a:b", "'a'"),
    ("prove 4 2 --groups 0", "groups >= 1"),
    ("prove 4 2 --groups two", "'two'"),
    ("prove 4 2 --batch 0", "batch >= 1"),
    ("prove 4 2 --batch 1e3", "'1e3'"),
    ("prove 3x3 2", "kernel_size to have 2 values"),
    ("prove 3 2x2", "kernel_size to have 1 value"),
    ("prove 3x3 2x2 --stride 1x2x3", "stride to have 2 values"),
    ("prove 3x3 2x2 --padding 1x2x3", "padding to have 2"),
    ("prove 3x3 2x2 --padding 1:2:3", "'1:2:3'"),
    ("prove 3x3 2x2 --padding reflect", "valid, full, same, same_lower"),
    ("prove NaN 2", "'NaN'"),
    ("prove abc 2", "'abc'"),
    ("prove 3 abc", "'abc'"),
    ("prove 3x 2", "'3x'"),
    ("prove 3X3 2x2", "'3X3'"),
    (f"prove {GARBAGE} 2", "no size"),
    (f"prove {'x' * 5000} 2", "no size"),
    ("prove 3", "KERNEL is missing"),
    ("prove 3 2 4", "4"),
    ("prove --stride 2", "without a LAYER"),
    ("prove --no-bias", "without a LAYER"),
    ("lower --flip", "without a LAYER"),
    ("prove --preset nosuch.layer", "unknown preset 'nosuch.layer'"),
    ("prove --preset resnet50.conv_1", "did you mean resnet50.conv1"),
    ("prove --preset RESNET50", "resnet50.conv1"),
    ("prove --preset resnet50.conv1 --stride 2", "stride"),
    ("prove --preset resnet50.conv1 8x8 3x3", "--preset goes alone"),
    ("prove --all-presets 8x8 3x3", "--all-presets goes alone"),
    ("prove --all-presets --preset resnet50.conv1", "--all-presets goes alone"),
    ("prove --all-presets --flip", "--all-presets goes alone"),
    ("lower --general 8x8 3x3", "--general goes alone: leave out INPUT, KERNEL"),
    ("lower --general --preset resnet50.conv1", "--general goes alone: leave out --preset"),
    ("lower --general --stride 2", "--general goes alone: leave out --stride"),
    ("lower --general --program closed", "--general goes alone: leave out --program"),
    ("lower --general --explain", "--general goes alone: leave out --explain"),
    ("lower --general --tune", "--general goes alone: leave out --tune"),
    ("lower --general --dtype float64", "--general goes alone: leave out --dtype"),
    ("lower --general --any-value", "--general goes alone: leave out --finite-only/--any-value"),
    ("lower --general --ndim 9", "expected ndim from 1 to 8 but got ndim=9"),
    ("lower --general --ndim two", "--ndim 'two' is no number"),
    ("lower --general --ndim 0", "ndim=0"),
    ("lower --ndim 2", "--ndim belongs to --general"),
    ("prove 3 2 --activation swish", "leaky_relu"),
    ("derive 3 2 --activation RELU", "relu"),
    ("derive 3 2 --of inputs", "input, error, weight, bias, update"),
    ("derive 3 2 --of input,", "input, error, weight, bias, update"),
    ("derive 3 2 --format html2", "'latex'"),
    ("derive 3 2 --format pdf", "-o gradients.pdf"),
    ("derive 3 2 --format pdf -o -", "-o gradients.pdf"),
    ("derive 3 2 --notation y", "'net'"),
    ("derive 3 2 --lang fr", "choose of en, zh"),
    ("derive --every-shape --lang de", "choose of en, zh"),
    ("prove 3 2 --lang en_GB", "choose of en, zh"),
    ("derive 3 2 --symbol a", "NAME=NEW"),
    ("derive 3 2 --symbol a=x --symbol a=y", "twice"),
    ("derive 3 2 --symbol y=x", "choose of a, w, b, z, delta, E, eta, f"),
    ("derive 3 2 --symbol a=\\write18{ls}", "a Greek letter by its name"),
    ("derive 3 2 --symbol a=w", "both be called"),
    ("prove 3 2 --symbol w=d", "derivatives"),
    ("derive 3 2 -o missing/out.pdf", "missing/out.pdf"),
    ("derive 3 2 --index-base 2", "'1'"),
    ("derive 3 2 --fragment", "--format latex"),
    ("derive 3 2 --fragment --format json", "--format latex"),
    ("prove 3 2 --output-padding 1", "--transposed"),
    ("prove 3 2 --transposed --output-padding 1", "give at most 0"),
    ("prove 3 2 --transposed --output-padding -1", "output_padding >= 0"),
    ("prove 3 2 --transposed --flip", "--transposed"),
    ("prove 3 2 --transposed --input-dilation 2", "--transposed"),
    ("prove 3 2 --transposed --padding same", "'same'"),
    ("prove 3 2 --transposed --padding 2", "pad by at most 3 in total"),
    ("derive 3 2 -o missing/out.txt", "missing/out.txt"),
    ("lower 3 2 -o missing/out.py", "missing/out.py"),
    ("derive 3 2 -o .", "folder"),
    ("prof 3 2", "'prof'"),
    ("prove 3 2 --strid", "--stride"),
    ("layers 3", "3"),
    ("layers --all", "--all"),
    ("--nosuch", "--nosuch"),
    ("derive -o x.docx", "written as .docx here: give a file that ends in .tex, .html, .pdf, .json, .txt, or"),
    ("derive --every-shape -o x.md", "written as .md here: give a file that ends in .tex, .html, .pdf, .json, .txt"),
    ("prove 3 2 --certificate x.docx", "--certificate 'x.docx': nothing is written as .docx here: give a file"),
    ("prove 3 2 --coq x.json", "--coq 'x.json': nothing is written as .json here: give a file that ends in .v"),
    ("lower 3 2 -o x.docx", "written as .docx here: give a file that ends in .py"),
    ("lower --general -o x.txt", "written as .txt here: give a file that ends in .py"),
    ("write-tests native -o x.docx", "written as .docx here: give a file that ends in .py"),
    ("figure -o x.docx", "written as .docx: choose of .svg, .png, .pdf, .gif"),
]  # fmt: skip


def refused(run):
    """Whether a run was refused as bad input is: one line, exit code 2, nothing printed, nothing left behind."""
    one_line = re.fullmatch(r"symconv: [^\n]+\n", run.err) is not None
    return one_line and run.code == 2 and run.out == "" and "Traceback" not in run.err


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=[a[:60] for a, _ in BAD])
def test_bad_input_is_refused_in_one_line_that_says_why(symconv, arguments, said):
    run = symconv(*arguments.split())
    assert refused(run), run
    assert said in run.err
    assert os.listdir() == []


@pytest.mark.parametrize(
    "arguments", [("prove", "", "2"), ("prove", "3", "2", "--padding", ""), ("derive", "--of", "")]
)
def test_an_empty_value_is_refused(symconv, arguments):
    assert refused(symconv(*arguments))


def test_a_message_is_one_line_even_where_the_value_is_not(symconv):
    assert refused(symconv("prove", "--preset", "a\nb\r\n\x1b[31mc"))
    assert refused(symconv("prove", "3\n", "a\nb"))


def test_a_message_about_a_long_value_is_short(symconv):
    assert len(symconv("prove", GARBAGE, "2").err) < 500


HUGE = ["9223372036854775808", "99999999999999999999999999999999"]


@pytest.mark.parametrize("option", ["--stride", "--dilation", "--input-dilation", "--padding", "--batch", "--channels"])
@pytest.mark.parametrize("number", HUGE)
def test_numbers_beyond_64_bits_end_in_a_verdict_or_one_line(symconv, option, number):
    run = symconv("prove", "8", "3", option, number)
    assert run.code in (0, 2, 3)
    assert refused(run) or (run.out != "" and run.err == "")


@pytest.mark.parametrize("sizes", [("10000000000", "3"), ("9223372036854775808", "3"), ("9" * 30, "9" * 29)])
def test_a_layer_too_large_to_decide_is_undecided_and_not_bad_input(symconv, sizes):
    run = symconv("prove", *sizes)
    assert (run.code, run.err) == (3, "")
    assert run.out.splitlines()[-1].startswith("UNDECIDED")


def test_a_file_is_no_folder(symconv):
    Path("file").write_text("old")
    assert refused(symconv("derive", "3", "2", "-o", "file/out"))
    assert Path("file").read_text() == "old"


# --- files are written whole or not at all ---


@pytest.mark.parametrize(("error", "code"), [(OSError(28, "No space left on device"), 2), (KeyboardInterrupt(), 130)])
@pytest.mark.parametrize("command", [("derive", "3", "2"), ("lower", "3", "2")])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(symconv, monkeypatch, command, error, code):
    def fail(*_):
        raise error

    Path("out").write_text("old")
    monkeypatch.setattr(os, "replace", fail)
    run = symconv(*command, "-o", "out")
    assert (run.code, run.out) == (code, "")
    assert re.fullmatch(r"symconv: [^\n]+", run.err.strip())
    assert Path("out").read_text() == "old"
    assert os.listdir() == ["out"]


def test_an_old_file_is_replaced(symconv):
    Path("out").write_text("old" * 10_000)
    symconv("derive", "3", "2", "-o", "out")
    assert "old" not in Path("out").read_text()
    assert os.listdir() == ["out"]


def test_a_pipe_or_device_is_not_replaced_by_a_file(symconv):
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        symconv("derive", "3", "2", "-o", "pipe")
        assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    finally:
        os.close(reader)
    assert os.listdir() == ["pipe"]


# --- processes: pipes, signals, terminals ---


def test_the_module_runs_as_a_command():
    run = process("prove", "3", "2", "--json")
    assert (run.returncode, run.stderr) == (0, b"")
    assert json.loads(run.stdout)["verdict"] == "PROVED"


@pytest.mark.parametrize("arguments", [("prove", "3", "5"), ("prove", "nan", "2"), ("derive", "-o", "/proc/out")])
def test_bad_input_to_the_command_is_refused(arguments):
    run = process(*arguments, text=True)
    assert refused(Run(run.returncode, run.stdout, run.stderr))


@pytest.mark.parametrize("command", ["prove", "layers", "prove --all-presets", "derive --format latex"])
def test_a_reader_that_stops_reading_is_no_error(command):
    run = process(f"{' '.join(COMMAND)} {command} | head -1", command=["bash", "-c"], text=True)
    assert run.stderr == ""
    assert len(run.stdout.splitlines()) == 1


def test_a_reader_that_has_gone_does_not_turn_the_verdict_into_refuted():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        run = subprocess.run([*COMMAND, "prove", "3", "2"], stdout=closed, stderr=subprocess.PIPE, timeout=60)
    assert run.stderr == b""
    assert run.returncode != 1  # 1 says REFUTED


def test_a_closed_stdout_is_no_traceback():
    run = process(f"{' '.join(COMMAND)} prove 3 2 >&-", command=["bash", "-c"], text=True)
    assert "Traceback" not in run.stderr
    assert run.returncode != 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "wb") as full:
        run = subprocess.run([*COMMAND, "layers"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (run.returncode, run.stderr) == (2, b"symconv: cannot write the output: No space left on device\n")


def test_an_interrupt_ends_in_one_line_and_exit_code_130():
    # SIGINT may be ignored where the tests run, which a child inherits.
    listen = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    running = subprocess.Popen(
        [sys.executable, "-c", listen, *COMMAND, "prove", "--all-presets"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout.readline().startswith(b"PROVED  ")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Traceback" not in err
    assert err.strip() == b"symconv: interrupted"


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
@pytest.mark.parametrize(
    "arguments", [("prove",), ("prove", "4x4x4", "2x2x2", "--activation", "gelu"), ("layers", "--json")], ids=str
)
def test_what_goes_into_a_pipe_is_ascii(env, arguments):
    run = process(*arguments, env={"PYTHONCOERCECLOCALE": "0", **env})
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.isascii()
    assert b"\x1b" not in run.stdout
    assert b"\\u" not in run.stdout or "--json" in arguments  # JSON has its own way to write other letters


MODULES = (
    "import sys\n{}\nprint(sorted({{m.split('.')[0] for m in sys.modules}} & {{'sympy', 'numpy', 'rich', 'mpmath'}}))"
)
CALL = """
from symconv.cli import main
sys.argv = ["symconv", *{!r}]
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.parametrize(
    "source",
    ["import symconv", "from symconv import Conv; Conv(3, 2)"]
    + [CALL.format(a) for a in (["--help"], ["--version"], ["prove", "--help"], ["layers"])],
)
def test_what_computes_nothing_imports_neither_sympy_nor_numpy(source):
    run = process("-c", MODULES.format(source), command=[sys.executable], text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == "[]"


# --- terminals ---


def on_a_terminal(*arguments, command=COMMAND, env=None, stdout=True, stderr=True):
    """Run on a pseudo-terminal: the exit code, what the terminal got, and what went into pipes instead."""
    keep = {
        k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "PYTHONIOENCODING")
    }
    environment = {**keep, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLUMNS": "100", **(env or {})}
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*command, *arguments],
        stdin=theirs,
        stdout=theirs if stdout else subprocess.PIPE,
        stderr=theirs if stderr else subprocess.PIPE,
        env=environment,
    )
    os.close(theirs)
    seen = {ours: b""} | {s.fileno(): b"" for s in (running.stdout, running.stderr) if s is not None}
    open_ends = set(seen)
    while open_ends:
        for end in select.select(list(open_ends), [], [], 60)[0]:
            try:
                piece = os.read(end, 65536)
            except OSError:  # how Linux says that a terminal has been hung up
                piece = b""
            seen[end] += piece
            if not piece:
                open_ends.discard(end)
    os.close(ours)
    piped = b"".join(seen[s.fileno()] for s in (running.stdout, running.stderr) if s is not None)
    for stream in (running.stdout, running.stderr):
        if stream is not None:
            stream.close()
    return running.wait(60), seen[ours], piped


def colours(output):
    """The colour codes in a terminal's output: foreground or background, not bold or dim."""
    codes = (int(c) for m in SGR.finditer(output) for c in m[1].split(b";") if c)
    return {c for c in codes if 30 <= c <= 49 or 90 <= c <= 107}


def test_a_terminal_gets_unicode_and_colours():
    code, output, _ = on_a_terminal("prove", "3x3", "2x2", "--padding", "1")
    text = output.decode()
    assert code == 0
    assert all(sign in text for sign in "δ∂Σ≤∘←─")
    assert not re.search(r"delta\^|<=|<-", text)
    assert colours(output)
    assert b"\x1b[1;32mPROVED" in output


def test_the_text_on_a_terminal_is_the_text_in_a_pipe_but_for_its_signs():
    _, output, _ = on_a_terminal("prove", "3x3", "2x2", env={"PYTHONIOENCODING": "ascii"})
    lines = [line.rstrip() for line in SGR.sub(b"", output).decode("ascii").splitlines()]
    assert lines[1:] == process("prove", "3x3", "2x2", text=True).stdout.splitlines()


def test_no_color_means_no_colour_codes():
    code, output, _ = on_a_terminal("prove", "3", "2", env={"NO_COLOR": "1"})
    assert code == 0
    assert "δ" in output.decode()
    assert colours(output) == set()


def test_a_dumb_terminal_gets_no_codes_at_all():
    _, output, _ = on_a_terminal("prove", "3", "2", env={"TERM": "dumb"})
    assert b"\x1b" not in output


@pytest.mark.parametrize(
    "arguments", [("derive", "3", "2", "--format", "latex"), ("prove", "3", "2", "--json")], ids=str
)
def test_data_on_a_terminal_is_plain(arguments):
    _, output, _ = on_a_terminal(*arguments)
    assert output.isascii()
    assert b"\x1b" not in output


def test_the_progress_bar_is_on_the_terminal_and_not_in_the_pipe():
    code, terminal, piped = on_a_terminal(
        command=[sys.executable, "-c", FEW_PRESETS, "prove", "--all-presets"], stdout=False
    )
    assert code == 0
    assert b"proving" in terminal
    assert piped.isascii()
    assert b"proving" not in piped
    assert len(piped.splitlines()) == 4


def test_there_is_no_progress_bar_where_stderr_is_no_terminal():
    code, terminal, piped = on_a_terminal(
        command=[sys.executable, "-c", FEW_PRESETS, "prove", "--all-presets"], stderr=False
    )
    assert (code, piped) == (0, b"")
    assert b"proving" not in terminal


def test_the_progress_bar_does_not_run_into_the_lines():
    _, terminal, _ = on_a_terminal(command=[sys.executable, "-c", FEW_PRESETS, "prove", "--all-presets"])
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in re.split("[\r\n]+", terminal.decode())]
    assert sum(line.startswith("PROVED  ") for line in lines) == 3
    assert not any("PROVED  " in line and not line.startswith("PROVED  ") for line in lines)
