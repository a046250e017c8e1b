"""A pytest file for somebody's function: what ``symconv write-tests`` writes.

In: a target, as `symconv.audit` takes it as a text.  Out: the text of a file that passes if the function is right.
Never: an import of the function into this process, or a path that only this machine has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symconv.auditing.exact import integers, largest_entry
from symconv.auditing.protocol import Support
from symconv.auditing.running import BACKWARD, Call, NotSupported, Observation, Returned
from symconv.auditing.sandbox import Sandbox
from symconv.errors import InvalidTarget
from symconv.layer import Conv
from symconv.testing.selection import discriminating, support_of
from symconv.testing.writing import TestFile, named

LARGEST = {
    "stride": lambda layer: max(layer.stride), "dilation": lambda layer: max(layer.dilation),
    "padding": lambda layer: max(0, *(p for pair in layer.padding for p in pair)),
    "groups": lambda layer: layer.groups, "batch": lambda layer: layer.batch,
}  # fmt: skip
NARROWER = {
    "symmetric": True, "uniform": True, "square_kernel": True, "square_input": True, "remainder": False,
}  # fmt: skip


def test_file(
    target: str,
    adapter: str | None = None,
    forward: str | None = None,
    options: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
) -> str:
    """A pytest file that tests a function against the theorem.

    Parameters
    ----------
    target, adapter, forward
        As for `symconv.audit`, as texts: ``"package.module:function"`` or ``"file.py:function"``.
    options
        What the function supports, in the options of `symconv.audit`; layers for which it raises NotImplementedError
        are left out where options can say so.
    output
        Where the file will be written, since it names the function's file from there; the current folder if not given.

    Returns
    -------
    str
        The text: tests of each gradient by a whole audit, of each layer that tells mistakes apart, and of whatever
        Hypothesis comes up with.

    Raises
    ------
    InvalidTarget
        If the function cannot be loaded, or supports no layer.
    InvalidOption, MissingLibrary
        If an option or an installed library does not fit.

    Examples
    --------
    >>> text = test_file("symconv.numpy:conv_backward", options={"ndim": 2, "groups": 1})
    >>> [line for line in text.splitlines() if line.startswith(("OPTIONS", "def test"))]
    ['OPTIONS = {"ndim": 2, "groups": 1}',
     'def test_audit(report, of):',
     'def test_layers_that_tell_mistakes_apart(conv_layer):',
     'def test_any_layer(layer):',
     'def test_gradients_are_adjoint_to_the_layer(data):']
    """
    if ":" not in target:
        raise InvalidTarget(
            f"{target!r} names no function of yours: expected package.module:function or file.py:function"
        )
    with Sandbox(target, adapter, forward) as sandbox:
        about = sandbox.implementation
        support = support_of(options or {}, about.support)
        seen = _seen(sandbox, support, about.dtypes[0])
    support = _supported(support, seen)
    place, _, path = target.rpartition(":")
    backward = named(place, path)
    functions = [backward]
    if forward is not None:
        place, _, path = (forward if ":" in forward else f"{place}:{forward}").rpartition(":")
        functions.append(named(place, path, backward.name))
    return TestFile(functions, adapter, about, support, _computed(seen), _folder(output)).text()


def _folder(output: str | Path | None) -> Path:
    """The folder of the test file."""
    return Path.cwd() if output in (None, "-") else Path(str(output)).resolve().parent


def _seen(sandbox: Sandbox, support: Support, dtype: str) -> list[tuple[Conv, Observation]]:
    """What the function does on the layers that tell mistakes apart."""
    layers = [layer for layer in discriminating(support) if largest_entry(layer, dtype)]
    calls = [Call(layer, integers(layer, dtype, 0).backward) for layer in layers]
    return list(zip(layers, sandbox.run(calls), strict=True))


def _supported(support: Support, seen: Sequence[tuple[Conv, Observation]]) -> Support:
    """Without the layers that raised NotImplementedError, where an option tells them from those that did not."""
    fine = [layer for layer, found in seen if not isinstance(found, NotSupported)]
    refused = [layer for layer, found in seen if isinstance(found, NotSupported)]
    if not fine:
        raise InvalidTarget("the function raises NotImplementedError on every layer: there is nothing to test")
    ranks = tuple(n for n in support.ndim if any(layer.ndim == n for layer in fine))
    tried: list[dict[str, Any]] = [{"ndim": ranks}]
    tried += [{name: max(map(measure, fine))} for name, measure in LARGEST.items()]
    tried += [{name: value} for name, value in NARROWER.items()]
    while refused:
        narrower = [replace(support, **values) for values in tried]
        fitting = [one for one in narrower if all(map(one.admits, fine))]
        best = min(fitting, key=lambda one: sum(map(one.admits, refused)), default=support)
        left = [layer for layer in refused if best.admits(layer)]
        if len(left) == len(refused):
            return support
        support, refused = best, left
    return support


def _computed(seen: Sequence[tuple[Conv, Observation]]) -> list[str]:
    """The gradients that are not None; all of them where nothing came back."""
    returned = [found.arrays for _, found in seen if isinstance(found, Returned)]
    if not returned:
        return list(BACKWARD)
    found = [slot for at, slot in enumerate(BACKWARD) if any(arrays[at] is not None for arrays in returned)]
    if not found:
        raise InvalidTarget("the function returns None for every gradient: there is nothing to test")
    return found
