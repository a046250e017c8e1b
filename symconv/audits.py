"""What users call to audit an implementation: `audit`. Joins target, sweep and report.

In: a function, or the name of a target.  Out: an `AuditReport`.
Never: SymPy, or a proof: an audit tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from symconv.arguments import integer
from symconv.auditing.audit import Audit, Progress, Settings
from symconv.auditing.exact import dtype_of
from symconv.auditing.protocol import Described, Support, described
from symconv.auditing.running import InProcess, Runner
from symconv.auditing.sandbox import Sandbox
from symconv.auditing.targets import of_callable
from symconv.errors import InvalidLayer, InvalidOption, SymconvError, shortened
from symconv.layer import Conv
from symconv.report.audit import AuditReport


def audit(
    target: Callable[..., Any] | str,
    *,
    forward: Callable[..., Any] | str | None = None,
    adapter: str | None = None,
    ndim: int | Sequence[int] | None = None,
    stride: int | None = None,
    padding: int | None = None,
    dilation: int | None = None,
    groups: int | None = None,
    batch: int | None = None,
    symmetric: bool | None = None,
    negative_padding: bool | None = None,
    uniform: bool | None = None,
    square: bool | None = None,
    remainder: bool | None = None,
    layer: Conv | Iterable[Conv] | None = None,
    dtype: str | None = None,
    layers: int = 600,
    seconds: float = 20.0,
    seed: int = 0,
    limit: float = 10.0,
    progress: Progress | None = None,
) -> AuditReport:
    """Test a backward function of a convolution against the theorem, exactly, and name its mistake if it has one.

    Parameters
    ----------
    target
        A function ``backward(delta, a, w, *, stride, padding, dilation, groups) -> (da, dw, db)`` of NumPy arrays:
        delta (N, M, *O), a (N, C, *L), w (M, C/groups, *K); stride and dilation one int per axis, padding one
        (low, high) pair per axis. A gradient that is not computed is None; NotImplementedError means that a layer is
        not supported. It runs in this process: without protection from hangs.
        Or a text: ``"package.module:function"``, ``"file.py:function"``, or the name of an adapter that stands for a
        library (``"torch"``); that runs in a process of its own, with limits of time and memory.
    forward
        ``forward(a, w, b, *, stride, padding, dilation, groups) -> z``, checked first; a text where target is one.
    adapter
        The convention that the functions are written to, by the name of an adapter; ``"native"`` is the one above.
    ndim, stride, padding, dilation, groups, batch, symmetric, negative_padding, uniform, remainder
        What the implementation claims to support, as in `Support`: an int is the largest that is tested.
    square
        True where inputs and kernels must have the same size along all axes (and `uniform` options).
    layer
        A layer, or layers, to test instead of a sweep: without input dilation or flip.
    dtype
        The dtype of the data, float64 unless the implementation takes another: float32, float16, bfloat16, int64, int32
        or int16.
    layers, seconds
        How many layers are tested at most, and after how many seconds the sweep ends.
    seed
        What random layers and data depend on.
    limit
        Seconds for each call of a target that is a text.
    progress
        Called with the number of layers tested and planned.

    Returns
    -------
    AuditReport
        True in a condition when PASSED; ``print`` shows it, ``report.outcomes`` holds one outcome for each gradient.

    Raises
    ------
    InvalidTarget
        If the target cannot be found or called.
    InvalidOption, InvalidLayer, MissingLibrary
        If an option, a layer, or an installed library does not fit.

    Notes
    -----
    Integer data whose every partial sum the dtype holds make the comparison exact. Two bilinear maps that differ agree
    at a random point with probability below 2/S, for S values of each entry (J. T. Schwartz, 1980; R. Zippel, 1979),
    and points are added until a wrong one would pass with probability below 2**-60. That the map is bilinear is
    assumed.

    Examples
    --------
    >>> from symconv.numpy import conv_backward
    >>> bool(audit(conv_backward, ndim=2, layers=20))
    True
    >>> def sign_error(delta, a, w, **options):
    ...     da, dw, db = conv_backward(delta, a, w, **options)
    ...     return -da, dw, db
    >>> report = audit(sign_error, ndim=1, layers=20)
    >>> report.outcomes["input"].diagnosis.name
    'wrong sign'
    """
    chosen = _layers(layer)
    settings = Settings(
        seed=_whole("seed", seed, 0), layers=_whole("layers", layers, 1), seconds=_above_zero("seconds", seconds),
        chosen=chosen,
    )  # fmt: skip
    given = {
        "ndim": ndim, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "batch": batch,
        "symmetric": symmetric, "negative_padding": negative_padding, "uniform": uniform, "remainder": remainder,
    }  # fmt: skip
    if square is not None:
        given |= {"square_input": square, "square_kernel": square, "uniform": square if uniform is None else uniform}
    replace(USUAL, **_told(given))  # what makes no sense is refused before anything is imported
    if dtype is not None:
        _checked_dtype(dtype)
    runner, about = _prepared(target, adapter, forward, _above_zero("limit", limit))
    try:
        about = replace(about, support=_narrowed(about.support, given, chosen))
        settings = replace(settings, dtype=_dtype(dtype, about))
        return AuditReport(Audit(runner, about, settings, progress).run())
    finally:
        runner.close()


def _whole(name: str, value: object, least: int) -> int:
    try:
        return integer(name, value, least)
    except SymconvError as error:
        raise InvalidOption(str(error)) from None


def _above_zero(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
        raise InvalidOption(f"expected a number of seconds above 0 but got {name}={shortened(value)}")
    return float(value)


def _dtype(name: str | None, about: Described) -> str:
    """The dtype that was asked for, if the implementation takes it; else the first that it takes."""
    own = about.dtypes or ("float64",)
    if name is None:
        return own[0]
    if name not in own and not about.symbolic:  # its arrays become another library's
        raise InvalidOption(f"dtype {name!r} is not one that {about.name} takes: choose of {', '.join(own)}")
    return name


def _checked_dtype(name: object) -> None:
    if not isinstance(name, str):
        raise InvalidOption(f"expected the name of a dtype but got dtype={shortened(name)}")
    dtype_of(name)


def _told(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in given.items() if value is not None}


def _prepared(
    target: Callable[..., Any] | str, adapter: str | None, forward: Callable[..., Any] | str | None, limit: float
) -> tuple[Runner, Described]:
    if isinstance(target, str):
        if forward is not None and not isinstance(forward, str):
            raise InvalidOption(f"forward={shortened(forward)} is no text, but target is: name both, or pass both")
        sandbox = Sandbox(target, adapter, forward, limit=limit)
        return sandbox, sandbox.implementation
    if isinstance(forward, str):
        raise InvalidOption(f"forward={forward!r} is a text, but target is a function: pass both, or name both")
    implementation = of_callable(target, adapter, forward)
    return InProcess(implementation), described(implementation)


def _narrowed(support: Support, given: dict[str, Any], chosen: tuple[Conv, ...]) -> Support:
    """What is claimed: what was given; for chosen layers, everything that they need and nothing rules out."""
    narrowed = replace(support, **_told(given))
    open_limits = {name for name in _needed(narrowed, chosen) if given[name] is None}
    open_limits -= {name for name in open_limits if getattr(narrowed, name) != getattr(USUAL, name)}
    reaching = replace(narrowed, **{n: value for n, value in _needed(narrowed, chosen).items() if n in open_limits})
    refused = [layer for layer in chosen if not reaching.admits(layer)]
    if refused:
        raise InvalidOption(f"{refused[0]!r} is not among the layers that are supported: {narrowed!r}")
    return reaching


USUAL = Support()


def _needed(support: Support, chosen: tuple[Conv, ...]) -> dict[str, Any]:
    """The limits of a sweep, so wide that they admit these layers, and the ranks of these layers alone."""
    ranks = tuple({layer.ndim for layer in chosen} & set(support.ndim))
    pads = [p for layer in chosen for pair in layer.padding for p in pair]
    return {
        "ndim": ranks or support.ndim,
        "stride": max([support.stride, *(s for layer in chosen for s in layer.stride)]),
        "dilation": max([support.dilation, *(d for layer in chosen for d in layer.dilation)]),
        "groups": max([support.groups, *(layer.groups for layer in chosen)]),
        "batch": max([support.batch, *(layer.batch for layer in chosen)]),
        "padding": max([support.padding, *pads]),
        "negative_padding": support.negative_padding or min(pads, default=0) < 0,
    }


def _layers(layer: object) -> tuple[Conv, ...]:
    if layer is None:
        return ()
    if isinstance(layer, str | bytes) or not isinstance(layer, Conv | Iterable):
        raise InvalidLayer(f"expected a symconv.Conv, or several, but got layer={shortened(layer)}")
    found = (layer,) if isinstance(layer, Conv) else tuple(layer)
    if not found:
        raise InvalidLayer(f"expected a symconv.Conv, or several, but got none: layer={shortened(layer)}")
    for one in found:
        if not isinstance(one, Conv):
            raise InvalidLayer(f"expected a symconv.Conv but got {shortened(one)} (type {type(one).__name__})")
        if one.flip or max(one.input_dilation) > 1 or one.weight_layout != "OI":
            raise InvalidLayer(
                f"{one!r} does not fit the protocol: it has no flip, no input dilation, and weights (M, C/groups, *K)"
            )
    return found
