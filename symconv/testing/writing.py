"""The text of a pytest file for somebody's function.

In: the functions, and what is known of them.  Out: text, laid out as formatters do.
Never: a look at the functions.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.machinery import PathFinder
from keyword import iskeyword
from pathlib import Path
from typing import Any

from symconv.auditing.protocol import Described, Support
from symconv.auditing.running import BACKWARD, FORWARD
from symconv.errors import InvalidOption

WIDTH = 88
NEEDED = ("assert_backward", "assert_passed", "gradients", "layers", "tensors")
TAKEN = {
    *NEEDED, "importlib", "sys", "Path", "pytest", "symconv", "given", "settings", "st", "reference", "imported",
    "report", "data", "layer", "conv_layer", "drawn", "z", "da", "dw", "db", "of", "module", "file", "axes", "expected",
}  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A function of the user: the module or file that it is in, its name there, and its name in the test file."""

    place: str
    path: str
    name: str


def named(place: str, path: str, *others: str) -> Function:
    """A function, with a name for the test file: its own, unless that has a meaning there."""
    name = path.rpartition(".")[2]
    if name in TAKEN.union(others) or name.startswith("test") or iskeyword(name):
        name += "_under_test"
    return Function(place, path, name)


@dataclass(frozen=True)
class TestFile:
    """What is known of the functions, and the text that it makes."""

    functions: list[Function]
    adapter: str | None
    about: Described
    support: Support
    computed: list[str]
    folder: Path

    def text(self) -> str:
        """The whole file."""
        blocks = [
            self.head(),
            *self.imports(),
            self.options(),
            self.audit(),
            self.each_layer(),
            self.any_layer(),
            self.identity(),
        ]
        return "\n\n\n".join(blocks) + "\n"

    @property
    def backward(self) -> str:
        """The name of the backward function."""
        return self.functions[0].name

    @property
    def how(self) -> list[str]:
        """The arguments that every call for the functions has."""
        own = [f"forward={self.functions[1].name}"] if len(self.functions) > 1 else []
        return own + ([f"adapter={_quoted(self.adapter)}"] if self.adapter else [])

    @property
    def from_files(self) -> bool:
        """Whether a function is in a file that is no module."""
        return any(function.place.endswith(".py") for function in self.functions)

    @property
    def from_here(self) -> bool:
        """Whether a module is found because of the current folder alone."""
        return any(not f.place.endswith(".py") and _lies_here(f.place) for f in self.functions)

    def head(self) -> str:
        """The imports, and what they need."""
        names = " and ".join(function.path for function in self.functions)
        lines = [f'"""Tests of {names} against the theorem of convolution, by symconv."""', ""]
        lines += ["import importlib.util"] if self.from_files else []
        lines += ["import sys", "from pathlib import Path", ""] if self.from_files or self.from_here else []
        lines += ["import pytest", "import symconv"]
        froms = [
            "from hypothesis import given, settings",
            "from hypothesis import strategies as st",
            "from symconv.numpy import conv as reference",
            _wrapped("from symconv.testing import ", "(", list(NEEDED), ")"),
        ]
        froms += [] if self.from_files or self.from_here else self._module_imports()
        lines += sorted(froms, key=lambda line: (line.split()[1], " as " in line))
        return "\n".join(lines + self._set_up())

    def _module_imports(self) -> list[str]:
        """The imports of the functions that are in modules."""
        names: dict[str, list[str]] = {}
        for function in self.functions:
            if not function.place.endswith(".py"):
                root, dot, _ = function.path.partition(".")
                shown = root if dot or root == function.name else f"{root} as {function.name}"
                names.setdefault(function.place, []).append(shown)
        return [f"from {place} import {', '.join(sorted(set(found)))}" for place, found in names.items()]

    def _set_up(self) -> list[str]:
        """What comes before the functions can be imported, and their import from modules."""
        lines = [""]
        if self.from_files or self.from_here:
            lines += ["HERE = Path(__file__).resolve().parent"]
        if self.from_here:
            lines += [f"sys.path.insert(0, str({self._path(Path.cwd())}))"]
            lines += ["", *(f"{line}  # noqa: E402" for line in self._module_imports())]
        elif self.from_files and (found := self._module_imports()):
            lines += ["", *(f"{line}  # noqa: E402" for line in found)]
        dotted = [f"{f.name} = {f.path}" for f in self.functions if not f.place.endswith(".py") and "." in f.path]
        lines += ["", *dotted] if dotted else []
        return lines if len(lines) > 1 else []

    def imports(self) -> list[str]:
        """The functions that are in files."""
        if not self.from_files:
            return []
        loader = '''def imported(file):
    """The module that a file is, wherever pytest runs; it may import its neighbours."""
    sys.path.insert(0, str(file.parent))
    specification = importlib.util.spec_from_file_location(file.name, file)
    module = sys.modules[file.name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module'''
        places: dict[str, list[Function]] = {}
        for function in self.functions:
            if function.place.endswith(".py"):
                places.setdefault(function.place, []).append(function)
        lines = []
        for place, found in places.items():
            module = f"imported({self._path(Path(place).resolve())})"
            if len(found) > 1:
                lines.append(f"module = {module}")
                module = "module"
            lines += [f"{function.name} = {module}.{function.path}" for function in found]
        return [loader, "\n".join(lines)]

    def _path(self, place: Path) -> str:
        """A path from the test file's folder, as an expression."""
        try:
            relative = Path(os.path.relpath(place, self.folder)).as_posix()
        except ValueError:
            raise InvalidOption(f"{place.name} is on another drive than the test file: write it beside that") from None
        return "HERE" if relative == "." else f"HERE / {_quoted(relative)}"

    def options(self) -> str:
        """What is supported."""
        own, more = _options(self.support)
        lines = [f"# What {self.backward} supports: layers beyond these are not tested."]
        lines += [_wrapped("OPTIONS = ", "{", [f"{_quoted(k)}: {_shown(v)}" for k, v in own.items()], "}")]
        if more:
            shown = [f"{_quoted(k)}: {_shown(v)}" for k, v in more.items()]
            lines += [_wrapped("LAYERS = ", "{", ["**OPTIONS", *shown], "}")]
        return "\n".join(lines)

    @property
    def named(self) -> str:
        """What holds the options of a layer."""
        return "**LAYERS" if _options(self.support)[1] else "**OPTIONS"

    def audit(self) -> str:
        """The whole audit, a test for each gradient."""
        slots = [*(FORWARD if self.about.has_forward else ()), *self.computed]
        call = _wrapped(
            "    return symconv.audit", "(", [self.backward, *self.how, "layers=200", "seconds=10", "**OPTIONS"], ")"
        )
        listed = ", ".join(map(_quoted, slots))
        return f'''@pytest.fixture(scope="module")
def report():
    """One audit, exact, of all gradients on some 200 layers."""
{call}


@pytest.mark.parametrize("of", [{listed}])
def test_audit(report, of):
    assert_passed(report, of)'''

    def each_layer(self) -> str:
        """A test for each layer that tells mistakes apart."""
        call = _wrapped("    assert_backward", "(", [self.backward, "conv_layer", *self.how], ")")
        return f"""@pytest.mark.conv_layer({self.named})
def test_layers_that_tell_mistakes_apart(conv_layer):
{call}"""

    def any_layer(self) -> str:
        """A property: the audit of whatever layer Hypothesis draws."""
        call = _wrapped("    assert_backward", "(", [self.backward, "layer", *self.how], ")")
        return f'''@settings(max_examples=50, deadline=None)
@given(layer=layers({self.named}))
def test_any_layer(layer):
    """Where this fails, Hypothesis looks for the smallest layer that does."""
{call}'''

    def identity(self) -> str:
        """A property that needs no audit: what makes gradients of a bilinear map."""
        dtype = self.about.dtypes[0]
        names = [
            short if slot in self.computed else "_" for slot, short in zip(BACKWARD, ("da", "dw", "db"), strict=True)
        ]
        call = _wrapped(f"    {', '.join(names)} = gradients", "(", [self.backward, "layer", "drawn", *self.how], ")")
        of_dtype = "" if dtype == "float64" else f", {_quoted(dtype)}"
        lines = [
            "@settings(max_examples=50, deadline=None)",
            "@given(data=st.data())",
            "def test_gradients_are_adjoint_to_the_layer(data):",
            '    """sum(delta * z) = sum(da * a) = sum(dw * w), z without b; db sums delta."""',
            f"    layer = data.draw(layers({self.named}))",
            f"    drawn = data.draw(tensors(layer{of_dtype}))",
            call,
        ]
        if {"input", "weight"} & set(self.computed):
            lines += [
                "    z = reference(",
                "        drawn.a,",
                "        drawn.w,",
                "        stride=layer.stride,",
                "        padding=layer.padding,",
                "        dilation=layer.dilation,",
                "        groups=layer.groups,",
                "    )",
                "    expected = pytest.approx((drawn.delta * z).sum(), abs=0.25)",
            ]
        lines += ["    assert (da * drawn.a).sum() == expected"] if "input" in self.computed else []
        lines += ["    assert (dw * drawn.w).sum() == expected"] if "weight" in self.computed else []
        if "bias" in self.computed:
            lines += ["    axes = (0, *range(2, 2 + layer.ndim))"]
            lines += ["    assert db == pytest.approx(drawn.delta.sum(axis=axes), abs=0.25)"]
        return "\n".join(lines)


def _options(support: Support) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that differ from the usual ones: those of an audit, and those of layers alone."""
    usual = {field.name: field.default for field in fields(Support)}
    found = {name: value for name, value in asdict(support).items() if value != usual[name]}
    if "ndim" in found and len(support.ndim) == 1:
        found["ndim"] = support.ndim[0]
    more: dict[str, Any] = {name: found.pop(name) for name in ("square_input", "square_kernel") if name in found}
    if len(more) == 2:
        found["square"], more = True, {}
        if not found.pop("uniform", False):
            found["uniform"] = False
    return found, more


def _lies_here(place: str) -> bool:
    """Whether a module is found in the current folder, and nowhere else; nothing is imported."""
    top, here = place.partition(".")[0], Path.cwd()
    elsewhere = [folder for folder in sys.path if Path(folder or ".").resolve() != here]
    return PathFinder.find_spec(top, [str(here)]) is not None and PathFinder.find_spec(top, elsewhere) is None


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _shown(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _wrapped(start: str, opening: str, parts: Sequence[str], closing: str) -> str:
    """A call, a dict or an import: on one line, or its parts on the next, or each on a line, as formatters do."""
    bare = opening == "(" and start.endswith("import ")
    line = f"{start}{', '.join(parts)}" if bare else f"{start}{opening}{', '.join(parts)}{closing}"
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(start) - len(start.lstrip()))
    together = f"{indent}    {', '.join(parts)}"
    if len(together) <= WIDTH and not bare and opening == "(":
        return f"{start}{opening}\n{together}\n{indent}{closing}"
    each = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{start}{opening}\n{each}{indent}{closing}"
