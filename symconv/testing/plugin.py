"""The pytest plugin: the fixture and the marker `conv_layer`, and reports that show a diagnosis.

Never: an import of NumPy, SymPy or Hypothesis before a test needs it; this is loaded in every pytest run.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from symconv.errors import SymconvError, shortened
from symconv.testing.failures import WrongGradient

if TYPE_CHECKING:
    from symconv.layer import Conv

NAME = "conv_layer"
TITLE = "symconv diagnosis"
MARKER = (
    f"{NAME}(ndim, stride, padding, dilation, groups, batch, symmetric, square, uniform, remainder, ..., count): "
    f"the layers that the fixture {NAME} stands for: those within these options (symconv.testing.layers has the same), "
    "at most count of them (default: 24 for each of ndim)."
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def conv_layer(request: pytest.FixtureRequest) -> Conv:
    """Each of the layers that tell mistakes apart, one after another; @pytest.mark.conv_layer(ndim=2) narrows them."""
    layer: Conv = request.param
    return layer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `conv_layer` once for each layer."""
    __tracebackhide__ = True
    if not _is_ours(metafunc):
        if any(mark.name == NAME for mark in metafunc.definition.own_markers) and NAME not in metafunc.fixturenames:
            raise pytest.UsageError(f"{_where(metafunc)}: the test has no argument {NAME}: the marker does nothing")
        return
    options = _options(metafunc)
    from symconv.testing.selection import short_name

    found = _layers(options, _where(metafunc))
    metafunc.parametrize(NAME, found, indirect=True, ids=[short_name(layer) for layer in found])


def _is_ours(metafunc: pytest.Metafunc) -> bool:
    """Whether a test takes the fixture of this plugin: not one of its own of that name, nor a parameter."""
    found = metafunc._arg2fixturedefs.get(NAME, ())
    if NAME not in metafunc.fixturenames or not found or found[-1].func.__module__ != __name__:
        return False
    return not any(NAME in _parameters(mark) for mark in metafunc.definition.iter_markers("parametrize"))


def _parameters(mark: pytest.Mark) -> list[str]:
    names = mark.kwargs.get("argnames", mark.args[0] if mark.args else ())
    return [name.strip() for name in (names.split(",") if isinstance(names, str) else names)]


def _options(metafunc: pytest.Metafunc) -> dict[str, Any]:
    """What the markers say; those of the test itself win over those of its class and module."""
    __tracebackhide__ = True
    options: dict[str, Any] = {}
    for mark in reversed(list(metafunc.definition.iter_markers(NAME))):
        if mark.args:
            raise pytest.UsageError(
                f"{_where(metafunc)}: the marker takes options by name, as in ndim=2, but got {shortened(mark.args[0])}"
            )
        options |= mark.kwargs
    return options


def _layers(options: dict[str, Any], where: str) -> list[Conv]:
    __tracebackhide__ = True
    from symconv.testing.selection import OPTIONS, discriminating, refuse_unknown, support_of

    try:
        refuse_unknown(options, (*OPTIONS, "count"))
        count = options.pop("count", None)
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise pytest.UsageError(f"{where}: expected count >= 1 but got count={shortened(count)}")
        found = discriminating(support_of(options), count)
    except SymconvError as error:
        raise pytest.UsageError(f"{where}: {error}") from None
    if not found:
        raise pytest.UsageError(f"{where}: no layer is within these options: widen them")
    return found


def _where(metafunc: pytest.Metafunc) -> str:
    return f"@pytest.mark.{NAME} of {metafunc.definition.nodeid}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a gradient is wrong: the headline at the failing line, and the whole diagnosis in a section of its own."""
    failures = list(_failures(call.excinfo.value)) if call.excinfo else []
    with ExitStack() as stack:
        for failure in failures:
            stack.enter_context(failure.shortened())
        report = yield
    for failure in failures:
        shown: Any = report.longrepr
        if hasattr(shown, "addsection"):
            shown.addsection(TITLE, failure.text)
        else:
            report.sections.append((TITLE, failure.text))
    return report


def _failures(error: BaseException) -> Iterator[WrongGradient]:
    """The wrong gradients in an error, which may be a group: Hypothesis raises several at once."""
    if isinstance(error, WrongGradient):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _failures(one)
