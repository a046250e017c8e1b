"""The command line about every shape: the theorem, certificates, and what `symconv check` says of them."""

import json
import shutil
import subprocess
import sys

import pytest

from symconv import Conv


def symconv(*arguments):
    return subprocess.run([sys.executable, "-m", "symconv", *arguments], capture_output=True, text=True, check=False)


def refused(run, code):
    lines = run.stderr.splitlines()
    return run.returncode == code and len(lines) == 1 and lines[0].startswith("symconv: ") and run.stdout == ""


@pytest.mark.parametrize(
    "arguments", [[], ["--ndim", "1"], ["--ndim", "3", "--flip"], ["--stride", "2"], ["8x8", "3x3"]]
)
def test_the_theorem_is_proved_and_printed_with_its_side_conditions(arguments):
    run = symconv("prove", "--every-shape", *arguments)
    assert run.returncode == 0
    assert run.stdout.isascii()
    assert "\nSide conditions over the integers" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("PROVED  (scope: every shape, Conv.general(")


def test_a_layer_is_shown_with_its_own_numbers():
    run = symconv("prove", "--every-shape", "8x8", "3x3", "--stride", "2")
    assert "corr(pad(dilate(delta^l, 2), 2:3), rot180(w^l))" in run.stdout


def test_the_theorem_as_json():
    found = json.loads(symconv("prove", "--every-shape", "--ndim", "1", "--json").stdout)
    assert (found["verdict"], found["scope"], found["ndim"], found["layer"]) == ("PROVED", "every shape", 1, None)
    assert {g["verdict"] for g in found["gradients"].values()} == {"PROVED"}


@pytest.mark.parametrize("form", ["text", "latex", "json"])
def test_the_theorem_as_a_document(form, tmp_path):
    path = tmp_path / "theorem"
    run = symconv("derive", "--every-shape", "--ndim", "1", "--format", form, "-o", str(path))
    assert (run.returncode, run.stdout) == (0, "")
    assert "sift" in path.read_text()


@pytest.mark.parametrize("arguments", [["--every-shape"], ["--every-shape", "5x5", "3x3"], ["5x5", "3x3", "--flip"]])
def test_a_certificate_is_accepted_and_says_what_it_establishes(arguments, tmp_path):
    path = tmp_path / "certificate.json"
    assert symconv("prove", *arguments, "--certificate", str(path)).returncode == 0
    run = symconv("check", str(path))
    assert run.returncode == 0
    assert run.stdout.startswith(f"{path}: ACCEPTED\nFor ")
    assert "dE/da: delta, dilated by s" in run.stdout


def test_a_certificate_of_another_layer_is_refused(tmp_path):
    path = tmp_path / "certificate.json"
    symconv("prove", "5x5", "3x3", "--certificate", str(path))
    assert symconv("check", str(path), "--layer", "5x5 3x3").returncode == 0
    run = symconv("check", str(path), "--layer", "5x5 3x3 --stride 2")
    assert run.returncode == 1
    assert run.stdout == f"{path}: REJECTED: it is not about Conv((5, 5), (3, 3), stride=2)\n"


SPOILT = {
    "truncated": lambda text: text[: len(text) // 2],
    "a gigantic number": lambda text: text.replace('"version":1', '"version":' + "9" * 100_000),
    "deep nesting": lambda text: "[" * 100_000,
    "an unknown version": lambda text: text.replace('"version":1', '"version":2'),
    "another claim": lambda text: text.replace('"ndim":1', '"ndim":2'),
    "nothing": lambda text: "",
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_certificate_gets_one_line_and_exit_code_1(name, tmp_path):
    path = tmp_path / "certificate.json"
    symconv("prove", "--every-shape", "--ndim", "1", "--certificate", str(path))
    spoilt = SPOILT[name](path.read_text())
    assert spoilt != path.read_text()
    path.write_text(spoilt)
    run = symconv("check", str(path))
    assert run.returncode == 1
    assert run.stdout.startswith(f"{path}: REJECTED: ")
    assert len(run.stdout.splitlines()) == 1


def test_a_file_that_is_not_there_gets_exit_code_2(tmp_path):
    run = symconv("check", str(tmp_path / "none.json"))
    assert run.returncode == 2
    assert "cannot be read" in run.stdout


@pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")
def test_coqc_accepts_the_coq_certificate_of_a_layer(tmp_path):
    path = tmp_path / "conv.v"
    assert symconv("prove", "5", "3", "--stride", "2", "--coq", str(path)).returncode == 0
    run = symconv("check", str(path))
    assert run.returncode == 0
    layer = Conv((5,), (3,), stride=2)
    assert run.stdout == f"{path}: ACCEPTED by coqc, for {layer!r}: Closed under the global context\n"


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace("delta [0; 0; 0]", "delta [0; 0; 1]", 1),
    lambda text: text + 'Redirect "stolen" Print nat.\n',
    lambda text: text.partition("\n")[2],
])  # fmt: skip
def test_a_coq_text_that_is_not_ours_never_reaches_coqc(spoil, tmp_path):
    path = tmp_path / "conv.v"
    symconv("prove", "5", "3", "--stride", "2", "--coq", str(path))
    spoilt = spoil(path.read_text())
    assert spoilt != path.read_text()
    path.write_text(spoilt)
    run = symconv("check", str(path))
    assert (run.returncode, run.stdout.startswith(f"{path}: REJECTED: ")) == (1, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["conv.v"]


@pytest.mark.parametrize("arguments", [
    ["prove", "--ndim", "2"], ["prove", "8", "3", "--second-opinion"], ["prove", "--every-shape", "--ndim", "0"],
    ["prove", "--every-shape", "--ndim", "9"], ["prove", "--every-shape", "--ndim", "2", "8x8", "3x3"],
    ["prove", "--every-shape", "--groups", "2"], ["prove", "--every-shape", "--padding", "same"],
    ["derive", "--ndim", "2"], ["check"], ["check", "x.json", "--layer", "3"],
    ["prove", "--every-shape", "--certificate", "/nowhere/x.json"], ["prove", "--all-presets", "--every-shape"],
])  # fmt: skip
def test_bad_input_is_one_line(arguments):
    assert refused(symconv(*arguments), 2)
