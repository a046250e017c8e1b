"""Imports go one way: every module may import those above it in this list, and none below it."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import symconv

ROOT = Path(symconv.__file__).parent

FLOORS = [
    "errors",
    "arguments",
    "polynomial",
    "general_layer",
    "layer",
    "presets",
    "terms",
    "arrays",
    "steps",
    "forward",
    "enumeration",
    "closed",
    "geometry",
    "symbols",
    "rules",
    "recognition",
    "derivation",
    "general_derivation",
    "calculus",
    "lowering",
    "numpy",
    "proof",
    "explained",
    "activations",
    "auditing",
    "report",
    "symbolic",
    "files",
    "figures",
    "audits",
    "testing",
    "api",
    "notebook",
    "printing",
    "audit_commands",
    "layer_options",
    "general_options",
    "prove_command",
    "derive_command",
    "lower_command",
    "figure_command",
    "explore_command",
    "cli",
    "__main__",
]

SYMPY_USERS = {"symbols", "activations", "symbolic", "report.sides"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def imports(path):
    """Every absolute module name that a file imports, inside functions too, but for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_checkers = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in for_checkers:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return frozenset(found)


@cache
def own_imports(name):
    found = {i.removeprefix("symconv.") for i in imports(MODULES[name]) if i.startswith("symconv.")}
    return {i for i in found if i in MODULES} - {name}


def reached(name):
    """Every module of symconv that importing this one brings in, its packages included."""
    todo, seen = [name], set()
    while todo:
        here = todo.pop()
        for found in own_imports(here):
            for module in (found, found.partition(".")[0]):
                if module not in seen:
                    seen.add(module)
                    todo.append(module)
    return seen


def floor(name):
    return FLOORS.index(name.partition(".")[0])


def test_the_list_of_floors_is_complete():
    assert {name.partition(".")[0] for name in MODULES if name} == set(FLOORS)


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_no_module_imports_one_below_it(name):
    for imported in own_imports(name):
        same_package = imported.partition(".")[0] == name.partition(".")[0]
        assert same_package or floor(imported) < floor(name), f"{name} imports {imported}, which is below it"


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_no_module_imports_itself_around_a_corner(name):
    todo, seen = list(own_imports(name)), set()
    while todo:
        here = todo.pop()
        assert here != name
        new = own_imports(here) - seen
        todo += new
        seen |= new


def test_derivation_and_closed_forms_never_meet_before_the_proof():
    for name in ("derivation", "rules", "recognition", "calculus"):
        assert "closed" not in reached(name)
    assert not reached("closed") & {"derivation", "rules", "recognition", "symbols", "calculus"}


@pytest.mark.parametrize("name", [n for n in MODULES if n.startswith("lowering") or n == "numpy"])
def test_lowering_knows_neither_derivation_nor_proof(name):
    found = reached(name)
    assert not found & {"derivation", "rules", "recognition", "symbols", "calculus", "report", "api"}
    assert not any(module.startswith("proof") for module in found)


def test_only_the_bridge_and_the_reports_import_sympy():
    users = {name for name, path in MODULES.items() if any(i.partition(".")[0] == "sympy" for i in imports(path))}
    assert users == SYMPY_USERS


def test_every_public_name_is_what_it_says_after_all_submodules_are_imported():
    code = f"""
import importlib, types, symconv
names = {{name: getattr(symconv, name) for name in symconv.__all__}}
for module in {[f"symconv.{n}" for n in MODULES if n and n != "__main__"]!r}:
    importlib.import_module(module)
for name, value in names.items():
    assert getattr(symconv, name) is value, name
    assert not isinstance(value, types.ModuleType), name
    assert value.__module__.startswith("symconv."), name
assert sorted(symconv.__all__) == sorted(symconv._HOME)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "command", ["import symconv", "import symconv; symconv.Conv((8, 8), (3, 3))", "import symconv.cli"]
)
def test_the_package_the_layer_and_the_command_line_start_without_sympy_and_numpy(command):
    code = f"{command}\nimport sys; assert not {{'sympy', 'numpy', 'rich'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_array_functions_start_without_sympy():
    code = "import symconv.numpy, sys; assert 'sympy' not in sys.modules; assert 'symconv.proof' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=module_name)
def test_nothing_from_outside_reaches_an_evaluator(path):
    """No eval, simplify, sympify, parse_expr or pickle; exec only where our own lowered source is compiled."""
    called = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    allowed = {"exec"} if module_name(path) in ("lowering.lowered", "lowering.numba_backend") else set()
    assert not (called & {"eval", "exec", "simplify", "sympify", "parse_expr", "lambdify"}) - allowed
    assert "pickle" not in set(imports(path))


@pytest.mark.parametrize("name", [n for n in MODULES if n.endswith("checker")])
def test_a_checker_imports_the_standard_library_alone(name):
    found = {i.partition(".")[0] for i in imports(MODULES[name])}
    assert found <= set(sys.stdlib_module_names) - {"pickle", "marshal", "shelve"}
