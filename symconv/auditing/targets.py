"""Finding what is to be audited: ``package.module:function``, ``file.py:function``, or a library by its adapter's name.

In: what a user typed, or a function.  Out: an implementation, or an `InvalidTarget` that says how to mend it.
Never: a call of the function.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from symconv.auditing.adapters import Adapter, adapters, find_adapter
from symconv.auditing.protocol import Implementation
from symconv.errors import InvalidTarget, SymconvError, shortened

DEFAULT = "native"
FORMS = "package.module:function or file.py:function"

Function = Callable[..., Any]


def load(target: str, adapter: str | None = None, forward: str | None = None) -> Implementation:
    """The implementation that a target names.

    Parameters
    ----------
    target
        ``package.module:function`` (modules of the current directory are found, as by ``python -m``),
        ``file.py:function``, both with dots for attributes (``layers:Conv.backward``), or the name of an adapter that
        stands for a library (``torch``).
    adapter
        The name of the convention that the function is written to; ``native`` if not given.
    forward
        A forward function: a target too, or a name beside the backward function.

    Raises
    ------
    InvalidTarget
        If there is no such function, or it cannot be called as the adapter calls it.
    InvalidOption
        If there is no such adapter.
    MissingLibrary
        If a library that the adapter stands on is not installed.
    """
    if ":" not in target:
        return _library(target, adapter, forward)
    convention = find_adapter(adapter or DEFAULT)
    modules: dict[str, ModuleType] = {}
    found = _function(target, modules)
    forward_target = forward if forward is None or ":" in forward else f"{target.rpartition(':')[0]}:{forward}"
    forward_found = None if forward_target is None else _function(forward_target, modules)
    return replace(_adapted(found, convention, forward_found), name=target)


def of_callable(function: Function, adapter: str | None = None, forward: Function | None = None) -> Implementation:
    """The implementation that a function is, by the convention of an adapter.

    Raises
    ------
    InvalidTarget
        If it is no function, or cannot be called as the adapter calls it.
    InvalidOption
        If there is no such adapter.
    """
    given: dict[str, object] = {"": function} if forward is None else {"": function, "forward=": forward}
    for name, value in given.items():
        if not callable(value):
            raise InvalidTarget(f"expected a function but got {name}{shortened(value)} (type {type(value).__name__})")
    return replace(_adapted(function, find_adapter(adapter or DEFAULT), forward), name=_name(function))


def folder(target: str) -> str:
    """The folder whose modules a target may import: that of its file, or the current one."""
    place = target.rpartition(":")[0]
    return str(Path(place).resolve().parent) if place.endswith(".py") else os.getcwd()


def _library(target: str, adapter: str | None, forward: str | None) -> Implementation:
    """The library itself that an adapter stands for."""
    known = adapters()
    if target not in known:
        raise InvalidTarget(f"{target!r} names no function: {_with_colon(target, known)}")
    own = known[target].own
    if own is None:
        raise InvalidTarget(
            f"{target!r} is a convention, not a library: give a function that is written to it, {FORMS}, "
            f"and --adapter {target}"
        )
    for option, value in (("adapter", adapter), ("forward", forward)):
        if value is not None and value != target:
            raise InvalidTarget(f"{target!r} is a library, audited as it is: leave out --{option} {value}")
    return own()


def _with_colon(target: str, known: dict[str, Adapter]) -> str:
    libraries = [name for name, adapter in known.items() if adapter.own]
    close = get_close_matches(target, libraries, 1)
    if close:
        return f"did you mean {close[0]}? Or give {FORMS}"
    if target.endswith(".py"):
        return f"write {target}:function"
    module, dot, function = target.rpartition(".")
    if dot and module and function.isidentifier():
        return f"write {module}:{function}"
    return f"expected {FORMS}" + (f", or a library: {', '.join(libraries)}" if libraries else "")


def _function(target: str, modules: dict[str, ModuleType]) -> Function:
    place, _, path = target.rpartition(":")
    if not place or not all(part.isidentifier() for part in path.split(".")):
        raise InvalidTarget(f"{target!r} names no function: expected {FORMS}")
    if place not in modules:
        modules[place] = _module(place)
    found: Any = modules[place]
    for part in path.split("."):
        found = _attribute(found, part, place)
    if not callable(found):
        raise InvalidTarget(f"{target} is {shortened(found)} (type {type(found).__name__}) but expected a function")
    function: Function = found
    return function


def _attribute(owner: Any, name: str, place: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        whole = place if isinstance(owner, ModuleType) else f"{_brief(owner)} in {place}"
        raise InvalidTarget(f"{whole} has no function {name!r}{_instead(owner, name)}") from None


def _instead(owner: Any, name: str) -> str:
    """What may have been meant: a function of a similar name, or what functions there are."""
    own = {key: value for key, value in getattr(owner, "__dict__", {}).items() if callable(value)}
    close = get_close_matches(name, own, 1)
    if close:
        return f": did you mean {close[0]}?"
    home = getattr(owner, "__name__", "")
    public = sorted(k for k in own if not k.startswith("_") and getattr(own[k], "__module__", home) == home)
    return f": it has {', '.join(public[:8])}{', ...' * (len(public) > 8)}" if public else ": it has no functions"


def _module(place: str) -> ModuleType:
    return _module_of_file(place) if place.endswith(".py") else _module_of_name(place)


def _module_of_file(place: str) -> ModuleType:
    """Import a file under a private name, so that it hides no module and none hides it."""
    path = Path(place).resolve()
    if not path.is_file():
        raise InvalidTarget(f"there is no file {place!r}{_similar(path.name, path.parent)}")
    name = f"_symconv_audited_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InvalidTarget(f"{place!r} cannot be imported: expected a file of Python")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there for the module of a class
    try:
        with _importable(str(path.parent)), _explained(place):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module_of_name(place: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise InvalidTarget(f"{place!r} is no name of a module: expected {FORMS}")
    with _importable(os.getcwd()), _explained(place):
        importlib.invalidate_caches()
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                raise
            raise InvalidTarget(f"there is no module {error.name!r}{_place_of(error.name)}") from None


def _place_of(module: str) -> str:
    """Where a module was looked for."""
    package, dot, name = module.rpartition(".")
    file = getattr(sys.modules.get(package), "__file__", None)
    if not dot:
        return _similar(f"{name}.py", Path.cwd())
    return _similar(f"{name}.py", Path(file).parent) if file else f": {package} is no package that has it"


def _similar(name: str, folder: Path) -> str:
    """A file of a similar name, where there is one."""
    names = [path.name for path in folder.glob("*.py")] if folder.is_dir() else []
    close = get_close_matches(name, names, 1)
    return f" in {folder}" + (f": did you mean {close[0]}?" if close else ": give its path, or go to its folder")


@contextmanager
def _importable(folder: str) -> Iterator[None]:
    """The modules of a folder come before others, for as long as this lasts."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """An error of the module's own code becomes one line that says where it is."""
    try:
        yield
    except SymconvError:
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
        told = f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
        in_package = isinstance(error, ImportError) and "relative import" in text
        remedy = ": name it by its package, package.module:function" if in_package else ""
        raise InvalidTarget(f"importing {place} failed: {told}{_line(error)}{remedy}") from None


def _line(error: BaseException) -> str:
    """Where it was raised: the last line outside of libraries and of the machinery of imports."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    frames = [f for f in traceback.extract_tb(error.__traceback__)[1:] if not f.filename.startswith("<frozen")]
    frames = [f for f in frames if f.filename != __file__]
    own = [f for f in frames if "site-packages" not in f.filename and not f.filename.startswith(sys.base_prefix)]
    for frame in reversed(own or frames):
        return f" ({Path(frame.filename).name}:{frame.lineno})"
    return ""


def _adapted(function: Function, adapter: Adapter, forward: Function | None) -> Implementation:
    _check_signature(function, adapter)
    return adapter.adapt(function, forward)


def _check_signature(function: Function, adapter: Adapter) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # functions in C have none: the call will tell
        return
    wrong = _misfit(signature, adapter)
    if wrong:
        parameters = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
        plain = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
        told = f"{_brief(function)}{_line_of(str(plain))}"
        raise InvalidTarget(f"{told} cannot be called as {_called(adapter)}: {_remedy(signature, adapter, wrong)}")


def _misfit(signature: inspect.Signature, adapter: Adapter) -> str:
    """Why a function cannot be called as an adapter calls it, or nothing."""
    try:
        signature.bind(*adapter.parameters, **dict.fromkeys(adapter.keywords))
    except TypeError as error:
        return str(error)
    return ""


def _remedy(signature: inspect.Signature, adapter: Adapter, wrong: str) -> str:
    names = list(signature.parameters)
    fitting = [a for a in adapters().values() if a.name != adapter.name and not _misfit(signature, a)]
    if names[:1] == ["self"]:
        return "it is a method: give that of an instance, module:instance.method, or write a function around it"
    if not fitting:
        return f"{wrong}; the {adapter.name} adapter expects {adapter.convention}"
    shared = {a.name: len(set(names) & {*a.parameters, *a.keywords}) for a in fitting}
    best = [name for name, count in shared.items() if count == max(shared.values())]
    return f"it looks like --adapter {' or --adapter '.join(best)}"


def _called(adapter: Adapter) -> str:
    return f"({', '.join((*adapter.parameters, *(('*', *adapter.keywords) if adapter.keywords else ())))})"


def _name(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return f"{module}:{name}" if module and module != "__main__" else str(name)


def _brief(function: Any) -> str:
    return _name(function).rpartition(":")[2]


def _line_of(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 100 else f"{one_line[:100]}...)"
