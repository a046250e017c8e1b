"""What `symconv write-tests` writes passes for right functions, and fails with the diagnosis for wrong ones."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symconv.errors import InvalidOption, InvalidTarget
from symconv.testing import template

FUNCTIONS = """
from helpers import conv, right

def forward(a, w, b, *, stride, padding, dilation, groups):
    return conv(a, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)

def backward(delta, a, w, **options):
    return right(delta, a, w, **options)

def wrong(delta, a, w, **options):
    da, dw, db = right(delta, a, w, **options)
    return da, dw[:, :, ::-1], db

def partial(delta, a, w, *, stride, padding, dilation, groups):
    if groups > 1 or a.ndim != 4:
        raise NotImplementedError("later")
    return None, right(delta, a, w, stride=stride, padding=padding, dilation=dilation)[1], None

def conv_backward(dout, cache):
    x, w, b, parameters = cache
    return right(dout, x, w, stride=parameters["stride"], padding=parameters["pad"])

class Layer:
    backward = staticmethod(conv_backward)

def never(delta, a, w, **options):
    raise NotImplementedError

def none(delta, a, w, **options):
    return None, None, None
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a source file beside a helper, a package, and a folder for tests."""
    for folder in ("src", "tests", "mine"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src" / "my-layers.py").write_text(FUNCTIONS)
    (tmp_path / "src" / "helpers.py").write_text("from symconv.numpy import conv, conv_backward as right\n")
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "layers.py").write_text(FUNCTIONS.replace("from helpers", "from mine.helpers"))
    (tmp_path / "mine" / "helpers.py").write_text("from symconv.numpy import conv, conv_backward as right\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(file, folder):
    """Pytest on a file, with fewer layers than it would take, from any folder, with the executable's own path alone."""
    text = file.read_text()
    assert "layers=200, seconds=10" in text.replace("\n        ", " ")
    file.write_text(text.replace("layers=200", "layers=30").replace("max_examples=50", "max_examples=10"))
    command = [sys.executable, "-c", "import sys, pytest; sys.path.pop(0); sys.exit(pytest.main())", str(file)]
    path = str(Path(template.__file__).parents[2])
    return subprocess.run(
        [*command, "-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", "--tb=short"],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def written(project, target, output="tests/test_conv.py", **options):
    text = template.test_file(target, output=output, **options)
    ast.parse(text)
    assert str(project) not in text, "no path of this machine"
    assert max(map(len, text.splitlines())) <= 88
    assert text.endswith("\n")
    assert "\n\n\n\n" not in text
    (project / output).write_text(text)
    return text


RIGHT = [
    ("src/my-layers.py:backward", {"forward": "forward", "options": {"ndim": 2, "groups": 1}}, "tests/test_conv.py"),
    ("src/my-layers.py:partial", {}, "src/test_conv.py"),
    ("src/my-layers.py:conv_backward", {"adapter": "cs231n"}, "test_conv.py"),
    ("src/my-layers.py:Layer.backward", {"adapter": "cs231n"}, "tests/test_conv.py"),
    ("mine.layers:backward", {"forward": "mine.layers:forward", "options": {"square": True}}, "tests/test_conv.py"),
    ("mine.layers:Layer.backward", {"adapter": "cs231n", "options": {"padding": 0}}, "test_conv.py"),
]


@pytest.mark.parametrize(("target", "options", "output"), RIGHT)
def test_the_tests_of_a_right_function_pass_from_any_folder(project, target, options, output):
    written(project, target, output, **options)
    found = run(project / output, project.parent)
    assert found.returncode == 0, found.stdout + found.stderr
    assert " passed" in found.stdout
    assert "skipped" not in found.stdout


def test_the_tests_of_a_wrong_function_fail_with_the_diagnosis(project):
    written(project, "src/my-layers.py:wrong", options={"ndim": 1})
    found = run(project / "tests" / "test_conv.py", project)
    assert found.returncode == 1
    for name in ("test_audit[weight]", "test_layers_that_tell", "test_any_layer", "test_gradients_are_adjoint"):
        assert f"FAILED tests/test_conv.py::{name}" in found.stdout, name
    assert "FAILED tests/test_conv.py::test_audit[input]" not in found.stdout
    assert "- symconv diagnosis -" in found.stdout
    assert "dE/dw is wrong: dE/dw reversed" in found.stdout


def test_what_is_not_supported_or_computed_is_left_out(project):
    text = written(project, "src/my-layers.py:partial")
    assert 'OPTIONS = {"ndim": 2, "groups": 1}' in text
    assert 'parametrize("of", ["weight"])' in text
    assert "    _, dw, _ = gradients(partial, layer, drawn)" in text
    assert "drawn.a).sum()" not in text


def test_functions_keep_their_names_unless_those_have_a_meaning(project):
    (project / "odd.py").write_text(
        "from symconv.numpy import conv_backward as test_it\nlayers = test_it\nmodule = layers\n"
    )
    for name, used in (("test_it", "test_it_under_test"), ("layers", "layers_under_test")):
        text = written(project, f"odd.py:{name}", "test_odd.py", options={"ndim": 1, "groups": 1})
        assert f'{used} = imported(HERE / "odd.py").{name}' in text
        assert f"assert_backward({used}, layer)" in text
        text = written(project, f"odd:{name}", "test_odd.py", options={"ndim": 1, "groups": 1})
        assert f"from odd import {name} as {used}" in text


def test_an_installed_module_is_imported_plainly(project):
    text = written(project, "symconv.numpy:conv_backward", options={"ndim": 1})
    assert "sys.path" not in text
    assert "from symconv.numpy import conv_backward\n" in text


@pytest.mark.parametrize(
    ("target", "options", "error", "text"),
    [
        ("torch", {}, InvalidTarget, "'torch' names no function of yours"),
        ("src/my-layers.py:backwards", {}, InvalidTarget, "did you mean backward?"),
        ("src/other.py:backward", {}, InvalidTarget, "there is no file"),
        ("src/my-layers.py:never", {}, InvalidTarget, "raises NotImplementedError on every layer"),
        ("src/my-layers.py:none", {}, InvalidTarget, "returns None for every gradient"),
        ("src/my-layers.py:backward", {"adapter": "cs231"}, InvalidOption, "unknown adapter 'cs231'"),
        ("src/my-layers.py:backward", {"options": {"group": 1}}, InvalidOption, "unknown option 'group'"),
    ],
)
def test_what_cannot_be_tested_is_refused(project, target, options, error, text):
    with pytest.raises(error, match=text.replace("(", r"\(")):
        template.test_file(target, **options)


def test_the_function_is_not_imported_here(project):
    (project / "marked.py").write_text("import sys\nsys.symconv_was_here = True\nfrom mine.layers import backward\n")
    written(project, "marked.py:backward", "test_marked.py", options={"ndim": 1})
    assert not hasattr(sys, "symconv_was_here")
    assert "mine.layers" not in sys.modules
