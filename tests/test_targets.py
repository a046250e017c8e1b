"""What is to be audited is found as a user names it; every mistake in a name is one line that says how to mend it."""

import sys
from functools import partial

import numpy as np
import pytest

from symconv.auditing.running import Call, InProcess
from symconv.auditing.targets import load, of_callable
from symconv.errors import InvalidOption, InvalidTarget, SymconvError
from symconv.layer import Conv

CONV = '''
import helper
from dataclasses import dataclass

LIMIT = 3
calls = []

def conv_backward(delta, a, w, *, stride, padding, dilation, groups):
    calls.append("backward")
    return helper.double(a), w, None

def conv_forward(a, w, b, *, stride, padding, dilation, groups):
    return len(calls) * a

def course_backward(dout, cache):
    """By CS231n."""

def dlai_backward(dZ, cache):
    """By deeplearning.ai."""

def annotated(dout: "array", x: int = 3) -> tuple:
    """Of two parameters, annotated."""

def short(delta):
    """Of one parameter."""

def needy(dout, cache, extra, *, more):
    """Fits nobody."""

@dataclass
class Layer:
    size: int = 1

    def backward(self, delta, a, w, **options):
        return a, w, None

    @staticmethod
    def static(delta, a, w, **options):
        return a, w, None

layer = Layer()
'''


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "conv.py").write_text(CONV)
    (tmp_path / "helper.py").write_text("def double(a):\n    return 2 * a\n")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def call(forward=False):
    return Call(Conv((3, 3), (2, 2)), tuple(np.ones((1, 1, n, n)) for n in (2, 3, 2)), forward)


def message(*arguments, function=load):
    with pytest.raises(SymconvError) as raised:
        function(*arguments)
    text = str(raised.value)
    assert "\n" not in text
    assert type(raised.value) is InvalidTarget
    return text


@pytest.mark.parametrize(
    "target", ["conv.py:conv_backward", "conv:conv_backward", "./conv.py:layer.backward", "conv.py:Layer.static"]
)
def test_files_modules_and_attributes_are_found(target):
    implementation = load(target)
    assert implementation.name == target
    (seen,) = InProcess(implementation).run([call()])
    assert seen.arrays[1].tolist() == np.ones((1, 1, 2, 2)).tolist()


def test_a_file_in_another_folder_imports_what_lies_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "lib")
    before = list(sys.path)
    assert load("../conv.py:conv_backward").backward is not None
    assert load(f"{tmp_path}/conv.py:conv_backward").backward is not None
    assert sys.path == before


def test_a_file_never_hides_a_module_of_its_name(tmp_path):
    (tmp_path / "json.py").write_text("def f(delta, a, w, **options): return a, w, None")
    load("json.py:f")
    assert hasattr(sys.modules["json"], "dumps")


def test_forward_and_backward_of_one_file_share_its_module():
    implementation = load("conv.py:conv_backward", None, "conv_forward")
    runner = InProcess(implementation)
    runner.run([call()])
    (seen,) = runner.run([call(forward=True)])
    assert (seen.arrays[0] == 1).all()
    assert load("conv.py:conv_backward", None, "conv.py:conv_forward").forward is not None
    assert load("conv.py:conv_backward").forward is None


def test_an_adapter_is_applied():
    assert load("conv.py:course_backward", "cs231n").support.groups == 1


def test_a_library_is_named_by_its_adapter():
    pytest.importorskip("torch")
    assert load("torch").forward is not None
    assert load("torch", "torch").forward is not None


MISTAKES = {
    "cnov.py:conv_backward": "there is no file 'cnov.py' in {folder}: did you mean conv.py?",
    "away/x.py:f": "there is no file 'away/x.py' in {folder}/away: give its path, or go to its folder",
    "cnov:conv_backward": "there is no module 'cnov' in {folder}: did you mean conv.py?",
    "zzz.yy:f": "there is no module 'zzz' in {folder}: give its path, or go to its folder",
    "conv.sub:f": "there is no module 'conv.sub' in {folder}: give its path, or go to its folder",
    "a b:f": "'a b' is no name of a module: expected package.module:function or file.py:function",
    "conv.py:conv_bakward": "conv.py has no function 'conv_bakward': did you mean conv_backward?",
    "conv.py:Layer.bacward": "Layer in conv.py has no function 'bacward': did you mean backward?",
    "conv.py:zzz": "conv.py has no function 'zzz': it has Layer, annotated, conv_backward, conv_forward, "
    "course_backward, dlai_backward, needy, short",
    "helper:zzz": "helper has no function 'zzz': it has double",
    "conv.py:LIMIT": "conv.py:LIMIT is 3 (type int) but expected a function",
    "conv.py:": "'conv.py:' names no function: expected package.module:function or file.py:function",
    ":f": "':f' names no function: expected package.module:function or file.py:function",
    "conv.py": "'conv.py' names no function: write conv.py:function",
    "conv.conv_backward": "'conv.conv_backward' names no function: write conv:conv_backward",
    "troch": "'troch' names no function: did you mean torch? Or give package.module:function or file.py:function",
    "native": "'native' is a convention, not a library: give a function that is written to it, "
    "package.module:function or file.py:function, and --adapter native",
    "conv.py:course_backward": "course_backward(dout, cache) cannot be called as (delta, a, w, *, stride, padding, "
    "dilation, groups): it looks like --adapter cs231n",
    "conv.py:dlai_backward": "dlai_backward(dZ, cache) cannot be called as (delta, a, w, *, stride, padding, "
    "dilation, groups): it looks like --adapter dlai",
    "conv.py:annotated": "annotated(dout, x=3) cannot be called as (delta, a, w, *, stride, padding, dilation, "
    "groups): it looks like --adapter cs231n",
    "conv.py:Layer.backward": "Layer.backward(self, delta, a, w, **options) cannot be called as (delta, a, w, *, "
    "stride, padding, dilation, groups): it is a method: give that of an instance, module:instance.method, or write a "
    "function around it",
}


@pytest.mark.parametrize("target", MISTAKES)
def test_a_mistake_in_a_target_is_told_with_its_remedy(target, folder):
    assert message(target) == MISTAKES[target].format(folder=folder)


def test_a_function_that_fits_no_convention_is_told_what_is_expected():
    text = message("conv.py:needy")
    assert text.startswith("needy(dout, cache, extra, *, more) cannot be called as (delta, a, w, *, stride, padding,")
    assert "missing a required" in text
    assert "; the native adapter expects f(delta, a, w, *, stride, padding, dilation, groups) -> (da, dw, db)" in text


def test_a_library_takes_neither_adapter_nor_forward():
    assert message("torch", "cs231n") == "'torch' is a library, audited as it is: leave out --adapter cs231n"
    assert message("torch", None, "x.py:f") == "'torch' is a library, audited as it is: leave out --forward x.py:f"


def test_an_unknown_adapter_is_an_invalid_option():
    with pytest.raises(InvalidOption, match=r"unknown adapter 'cs321n': choose of .*cs231n"):
        load("conv.py:conv_backward", "cs321n")


BROKEN = {
    "import nothing_of_this_name": "importing broken.py failed: ModuleNotFoundError: No module named "
    "'nothing_of_this_name' (broken.py:2)",
    "x = 1 / 0": "importing broken.py failed: ZeroDivisionError: division by zero (broken.py:2)",
    "def f(:": "importing broken.py failed: SyntaxError: invalid syntax (broken.py:2)",
    "import sys; sys.exit(3)": "importing broken.py failed: SystemExit: 3 (broken.py:2)",
    "import fails": "importing broken.py failed: KeyError: 'k' (fails.py:3)",
    "import json; json.loads('{')": "importing broken.py failed: JSONDecodeError: Expecting property name enclosed in "
    "double quotes: line 1 column 2 (char 1) (broken.py:2)",
}


@pytest.mark.parametrize("line", BROKEN)
def test_an_error_of_the_module_itself_is_told_with_its_line(line, tmp_path):
    (tmp_path / "broken.py").write_text(f"# a module\n{line}\n")
    (tmp_path / "fails.py").write_text("\n\n{}['k']\n")
    assert message("broken.py:f") == BROKEN[line]
    assert message("broken:f") == BROKEN[line].replace("importing broken.py", "importing broken")
    assert "_symconv_audited_broken" not in sys.modules


def test_a_file_of_a_package_is_to_be_named_by_its_package(tmp_path):
    (tmp_path / "part.py").write_text("from . import helper")
    assert message("part.py:f").endswith("(part.py:1): name it by its package, package.module:function")


def test_a_missing_module_of_a_package_is_looked_for_there(tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "layers.py").write_text("def f(delta, a, w, **options): return a, w, None")
    assert load("pack.layers:f").name == "pack.layers:f"
    assert message("pack.layer:f") == f"there is no module 'pack.layer' in {package}: did you mean layers.py?"


def test_functions_in_c_without_a_signature_are_let_through():
    assert of_callable(max).backward is max


def test_a_function_is_an_implementation_by_its_name():
    def backward(delta, a, w, **options):
        return a, w, None

    implementation = of_callable(backward, None, lambda a, w, b, **options: a)
    assert implementation.name.endswith("test_a_function_is_an_implementation_by_its_name.<locals>.backward")
    assert implementation.forward is not None
    assert of_callable(partial(backward, extra=1)).name == "functools:partial"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("conv.py:f",), "expected a function but got 'conv.py:f' (type str)"),
        ((max, None, 3), "expected a function but got forward=3 (type int)"),
        (
            (lambda dout, cache: None,),
            "cannot be called as (delta, a, w, *, stride, padding, dilation, groups): it looks like --adapter cs231n",
        ),
    ],
)
def test_a_value_that_is_no_such_function_is_refused(arguments, expected):
    assert message(*arguments, function=of_callable).endswith(expected)
