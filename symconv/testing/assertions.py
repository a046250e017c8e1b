"""Assertions about people's functions: an audit each, whose report is the message.

In: a function, or an audit's report.  Out: nothing, or a `WrongGradient`.
Never: success where nothing was compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from symconv.auditing.adapters import find_adapter
from symconv.auditing.diagnosis import symbol
from symconv.auditing.exact import Tensors
from symconv.auditing.protocol import Gradients, Support
from symconv.auditing.running import BACKWARD, FORWARD
from symconv.auditing.targets import DEFAULT, of_callable
from symconv.auditing.verdicts import Agreed, Mistaken, NotAudited
from symconv.audits import audit
from symconv.errors import InvalidOption, InvalidTarget, shortened
from symconv.layer import Conv
from symconv.report.audit import AuditReport
from symconv.testing.failures import WrongGradient
from symconv.testing.selection import refuse_unknown

SWEEP: Mapping[str, Any] = {"layers": 200, "seconds": 10.0}  # smaller than an audit's: a test is run often
GIVEN_BY_NAME = ("target", "forward", "adapter", "layer")
AUDIT_OPTIONS = tuple(name for name in inspect.signature(audit).parameters if name not in GIVEN_BY_NAME)


def assert_backward(
    fn: Callable[..., Any] | str,
    layer: Conv | Iterable[Conv] | None = None,
    *,
    forward: Callable[..., Any] | str | None = None,
    adapter: str | None = None,
    **options: Any,
) -> None:
    """Fail unless a backward function computes the gradients of the theorem, exactly; the message names the mistake.

    A gradient for which the function returns None is not asked for, but one of them must be computed.

    Parameters
    ----------
    fn
        ``backward(delta, a, w, *, stride, padding, dilation, groups) -> (da, dw, db)`` of NumPy arrays, or what the
        adapter expects; a text, such as ``"conv.py:backward"``, runs in a process of its own.
    layer
        The layer to test, as in a test of Hypothesis; without one, the sweep of `symconv.audit` over 200 layers or for
        10 seconds, whichever comes first.
    forward
        A forward function, which is tested as well.
    adapter
        The convention that the functions are written to.
    options
        As for `symconv.audit`: what the function supports (``ndim=2, groups=1``), ``dtype``, ``seed``, and
        ``layers`` and ``seconds``.

    Raises
    ------
    WrongGradient
        If a gradient is wrong, or nothing was computed: an AssertionError whose ``report`` is that of the audit.
    InvalidOption, InvalidTarget, InvalidLayer, MissingLibrary
        As `symconv.audit` does.

    Examples
    --------
    >>> from symconv.numpy import conv_backward
    >>> assert_backward(conv_backward, Conv((5, 4), (3, 2), stride=2))
    >>> def unrotated(delta, a, w, **options):
    ...     da, dw, db = conv_backward(delta, a, w[:, :, ::-1], **options)
    ...     return da, None, None
    >>> try:
    ...     assert_backward(unrotated, ndim=1, layers=20)
    ... except AssertionError as error:
    ...     print(error.headline.partition(": ")[2])
    dE/da is wrong: kernel not rotated
    """
    __tracebackhide__ = True
    given = _reaching(layer) if adapter in (None, DEFAULT) and not isinstance(fn, str) else {}
    failure = _failure(_audited(fn, layer, given | options, forward, adapter), BACKWARD)
    if failure is not None:
        raise failure


def assert_forward(
    fn: Callable[..., Any],
    layer: Conv | Iterable[Conv] | None = None,
    *,
    adapter: str | None = None,
    **options: Any,
) -> None:
    """Fail unless a forward function computes the weighted input z of the theorem, exactly.

    Parameters
    ----------
    fn
        ``forward(a, w, b, *, stride, padding, dilation, groups) -> z`` (or ``(z, cache)``) of NumPy arrays, or what
        the adapter expects of a forward function.
    layer, adapter, options
        As for `assert_backward`.

    Raises
    ------
    WrongGradient
        If z is wrong, or was not computed.
    InvalidOption, InvalidTarget, InvalidLayer, MissingLibrary
        As `symconv.audit` does.

    Examples
    --------
    >>> from symconv.numpy import conv
    >>> assert_forward(conv, ndim=1, layers=20)
    >>> def without_bias(a, w, b, **options):
    ...     return conv(a, w, **options)
    >>> try:
    ...     assert_forward(without_bias, ndim=1, layers=20)
    ... except AssertionError as error:
    ...     print(error.headline.split(": ")[1])
    z is wrong
    """
    __tracebackhide__ = True
    if not callable(fn):
        raise InvalidTarget(f"expected a function but got {shortened(fn)} (type {type(fn).__name__})")
    convention = find_adapter(adapter or DEFAULT)
    found = convention.adapt(fn, fn)
    claimed = _reaching(layer) if convention.name == DEFAULT else _as_options(found.support)
    claimed |= {"dtype": found.dtypes[0]} | options
    failure = _failure(_audited(_no_gradients(fn), layer, claimed, found.forward), FORWARD)
    if failure is not None:
        raise failure


def assert_passed(report: AuditReport, of: str | None = None) -> None:
    """Fail unless the report of an audit says PASSED: of everything that was computed, or of one gradient.

    Parameters
    ----------
    report
        What `symconv.audit` returned.
    of
        ``"input"``, ``"weight"``, ``"bias"`` or ``"forward"``, which must have been computed.

    Raises
    ------
    WrongGradient
        If the report says anything else.
    InvalidOption
        If the audit knows nothing of this gradient.

    Examples
    --------
    >>> from symconv.numpy import conv_backward
    >>> assert_passed(audit(conv_backward, ndim=1, layers=20), "weight")
    """
    __tracebackhide__ = True
    if of is not None and of not in report.outcomes:
        raise InvalidOption(f"the audit has no outcome of {shortened(of)}: choose of {', '.join(report.outcomes)}")
    failure = _failure(report, tuple(report.outcomes)) if of is None else _failure(report, (of,), (of,))
    if failure is not None:
        raise failure


def gradients(
    fn: Callable[..., Any],
    layer: Conv,
    data: Tensors,
    *,
    forward: Callable[..., Any] | None = None,
    adapter: str | None = None,
) -> Gradients:
    """What a backward function computes on data of a layer: (da, dw, db), whatever convention it is written to.

    Parameters
    ----------
    fn, forward, adapter
        As for `assert_backward`.
    layer
        The layer.
    data
        What `tensors` draws for the layer; the function is given copies.

    Returns
    -------
    tuple
        dE/da (N, C, *L), dE/dw (M, C/groups, *K) and dE/db (M,); None for what is not computed.

    Examples
    --------
    >>> from symconv.auditing.exact import integers
    >>> from symconv.numpy import conv_backward
    >>> layer = Conv((5, 4), (3, 2), in_channels=2)
    >>> da, dw, db = gradients(conv_backward, layer, integers(layer, "float64", seed=0))
    >>> da.shape, dw.shape, db.shape
    ((1, 2, 5, 4), (1, 2, 3, 2), (1,))
    """
    arrays = [array.copy() for array in data.backward]
    options: Any = {"stride": layer.stride, "padding": layer.padding}
    options |= {"dilation": layer.dilation, "groups": layer.groups}
    da, dw, db = of_callable(fn, adapter, forward).backward(*arrays, **options)
    return da, dw, db


def _audited(
    fn: Callable[..., Any] | str,
    layer: Conv | Iterable[Conv] | None,
    options: Mapping[str, Any],
    forward: Callable[..., Any] | str | None,
    adapter: str | None = None,
) -> AuditReport:
    refuse_unknown(options, AUDIT_OPTIONS)
    if layer is None:
        options = {**SWEEP, **options}
    elif not isinstance(layer, Conv):
        layer = tuple(layer)
        if not layer:
            raise InvalidOption("layer=() tests nothing: give a layer, or leave it out for a sweep")
    return audit(fn, forward=forward, adapter=adapter, layer=layer, **options)


def _reaching(layer: Conv | Iterable[Conv] | None) -> dict[str, Any]:
    """The options that a chosen layer needs beyond the usual ones: whoever names a layer claims to support it."""
    if not isinstance(layer, Conv):
        return {}
    pads = [p for pair in layer.padding for p in pair]
    needed = {
        "stride": max(layer.stride), "dilation": max(layer.dilation), "padding": max(map(abs, pads)),
        "groups": layer.groups, "batch": layer.batch, "negative_padding": min(pads) < 0,
    }  # fmt: skip
    usual = Support()
    return {name: value for name, value in needed.items() if value > getattr(usual, name)}


def _as_options(support: Support) -> dict[str, Any]:
    """A support in the options of an audit; what it cannot say exactly, it says more narrowly."""
    values = asdict(support)
    square = [values.pop(name) for name in ("square_input", "square_kernel")]
    return values | {"square": any(square)}


def _no_gradients(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A backward function that computes nothing, under the name of a forward function."""

    def nothing(*_arrays: Any, **_options: Any) -> tuple[None, None, None]:
        return (None, None, None)

    nothing.__module__ = getattr(fn, "__module__", "") or ""
    nothing.__qualname__ = getattr(fn, "__qualname__", type(fn).__qualname__)
    return nothing


def _failure(report: AuditReport, asked: tuple[str, ...], judged: tuple[str, ...] = ()) -> WrongGradient | None:
    """The failure, where there is one: of what is judged (everything, if not told), or of nothing that is asked."""
    outcomes = {slot: outcome for slot, outcome in report.outcomes.items() if slot in (judged or report.outcomes)}
    wrong = [_told(slot, outcome) for slot, outcome in outcomes.items() if isinstance(outcome, Mistaken | NotAudited)]
    if not wrong and any(isinstance(outcomes.get(slot), Agreed) for slot in asked):
        return None
    if not wrong:
        wrong = [f"nothing was checked: None was returned for {', '.join(map(symbol, asked))} on every layer"]
    return WrongGradient(f"{report.verdict.name}: {'; '.join(dict.fromkeys(wrong))}", report)


def _told(slot: str, outcome: Mistaken | NotAudited) -> str:
    match outcome:
        case Mistaken():
            return f"{symbol(slot)} is wrong: {outcome.diagnosis.name}"
        case NotAudited():
            return f"nothing was checked: {outcome.reason}; leave out what is not supported, as in groups=1"
