"""`symconv audit`, run as a user runs it: exit codes, bad input, and targets that do what they should not.

What is about streams and exit codes takes a process of its own; most cases run `main` in this one, and targets run in
the process that the audit starts for them.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

import pytest

from symconv.cli import main

COMMAND = [sys.executable, "-m", "symconv", "audit"]
QUICK = ("--ndim", "1", "--layers", "9")
MINE = '''\
"""Backward functions, right and wrong."""
import os
import sys

import numpy as np
from symconv.numpy import conv, conv_backward as right

print("imported")
five = 5


def reversed_kernel(delta, a, w, **options):
    return right(delta, a, w[..., ::-1], **options)[0], *right(delta, a, w, **options)[1:]

def refusing(delta, a, w, **options):
    raise NotImplementedError("no time")

def two(delta, a, w, **options):
    return right(delta, a, w, **options)[:2]

def nothing(delta, a, w, **options):
    right(delta, a, w, **options)

def texts(delta, a, w, **options):
    return "da", "dw", "db"

def longer(delta, a, w, **options):
    da, dw, db = right(delta, a, w, **options)
    return np.pad(da, ((0, 0), (0, 0), (1, 1))), dw, db

def scalar(delta, a, w, **options):
    da, dw, db = right(delta, a, w, **options)
    return da, dw, db.sum()

def not_a_number(delta, a, w, **options):
    da, dw, db = right(delta, a, w, **options)
    return da * np.nan, dw, db + np.inf

def raising(delta, a, w, **options):
    raise KeyError("strides")

def raising_without_words(delta, a, w, **options):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    raise Mute

def endless(delta, a, w, **options):
    while True:
        pass

def leaving(delta, a, w, **options):
    sys.exit("goodbye")

def ending(delta, a, w, **options):
    os._exit(7)

def printing(delta, a, w, **options):
    print('{"verdict": "REFUTED"}')
    os.system("echo from the shell; echo noise >&2")
    sys.stderr.write("noise\\n")
    return right(delta, a, w, **options)

def changing(delta, a, w, **options):
    gradients = right(delta, a, w, **options)
    delta[...] = 0
    return gradients

def flaky(delta, a, w, **options):
    da, dw, db = right(delta, a, w, **options)
    flaky.calls = getattr(flaky, "calls", 0) + 1
    return da * (2 if flaky.calls % 3 == 0 else 1), dw, db

def course(dout, cache):
    x, w, b, parameters = cache
    return right(dout, x, w, stride=parameters["stride"], padding=parameters["pad"])

def without_tensors(delta, a):
    return None

def forward(a, w, b, **options):
    return conv(a, w, b, **options)

def rotated_forward(a, w, b, **options):
    return conv(a, w[..., ::-1], b, **options)
'''
BROKEN = {
    "syntax.py": "def f(:\n    pass\n",
    "leaves.py": "import sys\nprint('bye')\nsys.exit(4)\n",
    "raises.py": "raise RuntimeError('two\\nlines')\n",
    "imports.py": "import no_such_module_of_mine\n",
}


@dataclass(frozen=True)
class Run:
    """What a run gave back."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a user's files, and nothing else."""
    home = tmp_path_factory.mktemp("user")
    for name, text in {"mine.py": MINE, **BROKEN}.items():
        (home / name).write_text(text, encoding="utf-8")
    return home


def assert_clean(folder, done):
    """It left no file behind, and no traceback."""
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {"mine.py", *BROKEN}
    assert "Traceback" not in done.out + done.err


@pytest.fixture(scope="module")
def process(folder):
    """Run the command in that folder, in a process of its own, once for the same arguments."""

    @cache
    def run(*arguments):
        done = subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
        done = Run(done.returncode, done.stdout, done.stderr)
        assert_clean(folder, done)
        return done

    return run


@pytest.fixture
def audit(folder, monkeypatch, capfd):
    """Run the command in that folder."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["symconv", "audit", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        done = Run(stopped.value.code, *capfd.readouterr())
        assert_clean(folder, done)
        return done

    return run


# --- exit codes ---


@pytest.mark.parametrize(
    ("function", "code", "verdict"),
    [("right", 0, "PASSED"), ("reversed_kernel", 1, "REFUTED"), ("refusing", 3, "UNSUPPORTED")],
)
def test_the_exit_code_is_that_of_the_verdict(process, function, code, verdict):
    done = process(f"mine.py:{function}", *QUICK)
    assert (done.code, done.err) == (code, "")
    assert done.out.startswith(f"{verdict}  mine.py:{function}\n")
    assert done.out.isascii()


def test_a_wrong_forward_function_refutes_too(audit):
    right, wrong = (audit("mine:right", "--forward", name, *QUICK) for name in ("forward", "mine.py:rotated_forward"))
    assert (right.code, wrong.code) == (0, 1)
    assert re.search(r"^  z +PASSED", right.out, re.MULTILINE)
    assert "z: kernel rotated in the forward map" in wrong.out


def test_a_convention_is_chosen_by_its_adapter(audit):
    done = audit("mine.py:course", "--adapter", "cs231n", "--layers", "9")
    assert (done.code, done.err) == (0, "")


# --- what is no target: one line, exit code 2 ---

NO_TARGET = [
    ("nowhere.py:f", "there is no file 'nowhere.py'"),
    ("nowhere:f", "there is no module 'nowhere'"),
    ("mine.py:revrsed_kernel", "mine.py has no function 'revrsed_kernel': did you mean reversed_kernel?"),
    ("mine.py:five", "mine.py:five is 5 (type int) but expected a function"),
    ("mine.py:without_tensors", "without_tensors(delta, a) cannot be called as (delta, a, w, *, stride, "),
    ("mine.py:course", "it looks like --adapter cs231n"),
    ("mine.py", "'mine.py' names no function: write mine.py:function"),
    ("syntax.py:f", "importing syntax.py failed: SyntaxError: invalid syntax (syntax.py:1)"),
    ("leaves.py:f", "importing leaves.py failed: SystemExit: 4 (leaves.py:3)"),
    ("raises.py:f", "importing raises.py failed: RuntimeError: two lines (raises.py:1)"),
    ("imports.py:f", "importing imports.py failed: ModuleNotFoundError: No module named 'no_such_module_of_mine'"),
]


@pytest.mark.parametrize(("target", "words"), NO_TARGET, ids=[target for target, _ in NO_TARGET])
def test_what_cannot_be_audited_is_told_in_one_line(audit, process, target, words):
    done = (process if target == "leaves.py:f" else audit)(target)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"symconv: [^\n]+\n", done.err)
    assert words in done.err


BAD_OPTIONS = [
    ("--ndim 0", "ndim >= 1"),
    ("--ndim 4", "give 1, 2 or 3"),
    ("--ndim 1,x", "--ndim 'x' is no number"),
    ("--stride 0", "stride >= 1"),
    ("--stride 2x2", "--stride '2x2' is no number"),
    ("--padding -1", "padding >= 0"),
    ("--dilation 0", "dilation >= 1"),
    ("--groups 0", "groups >= 1"),
    ("--batch 0", "batch >= 1"),
    ("--dtype int8", "choose of float64, float32"),
    ("--layers 0", "layers >= 1"),
    ("--layers many", "--layers 'many' is no number"),
    ("--seconds 0", "--seconds '0' is not above 0"),
    ("--seconds nan", "--seconds 'nan' is not above 0"),
    ("--limit soon", "--limit 'soon' is no number of seconds"),
    ("--seed -1", "seed >= 0"),
    ("--adapter nosuch", "unknown adapter 'nosuch': choose of autograd, cs231n"),
    ("--forward nosuch", "has no function 'nosuch'"),
    ("--format xml", "'xml' is not one of"),
]


@pytest.mark.parametrize(("options", "words"), BAD_OPTIONS, ids=[options for options, _ in BAD_OPTIONS])
def test_an_option_that_makes_no_sense_is_told_in_one_line(audit, options, words):
    done = audit("symconv.numpy:conv_backward", *options.split())
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"symconv: [^\n]+\n", done.err)
    assert words in done.err


def test_options_that_make_sense_are_accepted(audit):
    options = (
        *("--ndim", "1,2", "--stride", "2", "--padding", "1", "--dilation", "2", "--groups", "2", "--batch", "2"),
        *("--symmetric", "--uniform", "--square", "--negative-padding", "--no-remainder", "--dtype", "float32"),
        *("--layers", "9", "--seconds", "5", "--limit", "5", "--seed", "3", "--json"),
    )
    done = audit("mine.py:right", *options)
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert (data["dtype"], data["seed"], data["layers"]) == ("float32", 3, 9)
    assert data["support"] == {
        "ndim": [1, 2], "stride": 2, "padding": 1, "dilation": 2, "groups": 2, "batch": 2, "symmetric": True,
        "uniform": True, "square_input": True, "square_kernel": True, "negative_padding": True, "remainder": False,
    }  # fmt: skip


# --- functions that do what they should not ---

MISBEHAVING = [
    ("two", "input", "malformed", "returned 2 values but expected 3"),
    ("nothing", "input", "malformed", "returned None but expected a tuple"),
    ("texts", "input", "malformed", "the input gradient is a str but expected a NumPy array"),
    ("longer", "input", "shape", "should have shape"),
    ("scalar", "bias", "shape", "yours has shape ()"),
    ("not_a_number", "input", "entry", "yours is nan"),
    ("not_a_number", "bias", "entry", "yours is inf"),
    ("raising", "weight", "raised", "KeyError: 'strides' (mine.py:"),
    ("raising_without_words", "weight", "raised", "the call raised Mute (mine.py:"),
    ("leaving", "input", "raised", "SystemExit: goodbye (mine.py:"),
    ("ending", "input", "died", "the process ended with exit code 7"),
    ("endless", "input", "hung", "no answer within 0.3 s (mine.py:"),
    ("flaky", "input", "entry", "dE/da["),
]


@pytest.mark.parametrize(("function", "gradient", "kind", "words"), MISBEHAVING, ids=[m[0] for m in MISBEHAVING])
def test_a_function_that_misbehaves_is_refuted_and_told_how(audit, function, gradient, kind, words):
    done = audit(f"mine.py:{function}", *QUICK, "--limit", "0.3", "--json")
    assert (done.code, done.err) == (1, "")
    found = json.loads(done.out)["gradients"][gradient]
    assert found["verdict"] == "REFUTED"
    assert found["counterexample"]["kind"] == kind
    assert words in found["counterexample"]["text"]
    assert found["diagnosis"]["mend"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_a_target_prints_reaches_our_streams(process, form):
    done = process("mine.py:printing", *QUICK, "--format", form)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert {"imported", "from the shell", "noise", '{"verdict": "REFUTED"}'} & set(lines) == set()
    assert "prints to stdout" in done.out
    if form == "json":
        assert json.loads(done.out)["verdict"] == "PASSED"


def test_changed_arguments_are_noted_and_harm_nothing(audit):
    done = audit("mine.py:changing", *QUICK, "--json")
    assert done.code == 0
    assert json.loads(done.out)["notes"] == ["changes its argument delta: work on a copy"]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("text", "\ndE/da: kernel not rotated\n"),
        ("latex", ": kernel not rotated.}\n"),
        ("json", '"name": "kernel not rotated"'),
    ],
)
def test_every_format_names_the_mistake(process, form, words):
    done = process("mine.py:reversed_kernel", *QUICK, *(() if form == "text" else ("--format", form)))
    assert done.code == 1
    assert words in done.out


def test_the_help_tells_every_option(process):
    done = process("--help")
    assert done.code == 0
    assert {"--adapter", "--forward", "--ndim", "--dtype", "--limit", "--format", "--json"} <= set(
        re.findall(r"--[a-z-]+", done.out)
    )
