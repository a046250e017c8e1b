"""Convolution and its gradients for NumPy arrays: `conv` and `conv_backward`.

In: arrays, from which the sizes are read, and the options of a layer.  Out: new arrays of the same dtype.
Never: SymPy or a proof; what runs is the lowered closed form, kept for the next call with the same sizes (any batch).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, SupportsIndex

from symconv.arguments import Padding, PerAxis, positive
from symconv.errors import InvalidArray
from symconv.layer import Conv
from symconv.lowering import Lowered, lower
from symconv.lowering.checks import Array, numeric

__all__ = ["conv", "conv_backward"]


def conv(
    a: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: SupportsIndex = 1,
    flip: bool = False,
) -> Array:
    """Convolve, as frameworks mean it: cross-correlate `a` with the kernel `w`.

    Along each spatial axis, ``z[i] = sum over k of w[k] * a[x]``, where x is the position, if there is one, with
    ``input_dilation*x = stride*i + dilation*k - low``: the axis relation of the theorem.

    Parameters
    ----------
    a
        The input, of shape (N, C, *L) with one spatial axis or more. N may be 0.
    w
        The kernel, of shape (M, C/groups, *K), and of the dtype of `a`.
    b
        The bias, of shape (M,) and of the dtype of `a`; none by default.
    stride, dilation, input_dilation
        One int for all spatial axes, or one per axis.
    padding
        Zeros around the (dilated) input: one int, one per axis, one ``(low, high)`` pair per axis, or one of "valid",
        "full", "same" and "same_lower", as for `Conv`. Negative padding crops.
    groups
        How many groups the channels are split into.
    flip
        True to convolve in the sense of mathematics, with `w` rotated by 180 degrees.

    Returns
    -------
    z : array of shape (N, M, *O) and of the dtype of `a`
        Here O is ``(input_dilation*(L-1) + low + high - dilation*(K-1)) div stride + 1`` along each axis. Integers
        wrap around, complex numbers are not conjugated, and arrays of objects are added and multiplied as they are.

    Raises
    ------
    InvalidArray
        If something is not an array of numbers, or has the wrong rank, shape or dtype.
    InvalidLayer
        If an option is out of range, or the kernel does not fit the input.

    Notes
    -----
    The zeros of padding and dilation are multiplied like any others, so an infinite weight or a NaN spreads to the
    positions where it meets them.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv(a, np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    plan = _plan(a, w, stride, padding, dilation, input_dilation, groups, flip=flip, bias=b is not None)
    return plan.forward(a, w, b)


def conv_backward(
    delta: Array,
    a: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: SupportsIndex = 1,
    flip: bool = False,
) -> tuple[Array, Array, Array]:
    """The gradients of `conv`, given the gradient `delta` of the error with respect to its result.

    ``dE/da`` is `delta` dilated by the stride and padded, correlated with `w` rotated by 180 degrees; ``dE/dw`` is `a`
    correlated with `delta`; ``dE/db`` sums `delta` over batch and positions.

    Parameters
    ----------
    delta
        dE/dz, of the shape (N, M, *O) of ``conv(a, w)``.
    a, w, stride, padding, dilation, input_dilation, groups, flip
        As they were given to `conv`; `delta`, `a` and `w` have one dtype.

    Returns
    -------
    da : array of shape (N, C, *L)
        dE/da.
    dw : array of shape (M, C/groups, *K)
        dE/dw.
    db : array of shape (M,)
        dE/db, the gradient of a bias.

    Raises
    ------
    InvalidArray
        If something is not an array of numbers, or has the wrong rank, shape or dtype.
    InvalidLayer
        If an option is out of range, or the kernel does not fit the input.

    Notes
    -----
    The formulas, for any stride, dilation, padding, groups and rank, are those of `symconv.closed`. What is said of
    infinities and NaN at `conv` holds here too.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> da, dw, db = conv_backward(np.ones((1, 1, 2, 2)), a, w)
    >>> da
    array([[[[ 1.,  3.,  2.],
             [ 4., 10.,  6.],
             [ 3.,  7.,  4.]]]])
    >>> dw, db
    (array([[[[ 8., 12.],
             [20., 24.]]]]), array([4.]))
    """
    plan = _plan(a, w, stride, padding, dilation, input_dilation, groups, flip=flip, bias=True)
    da, dw, db = plan.backward(delta, a, w)
    assert db is not None, "the plan has a bias"
    return da, dw, db


def _plan(a: object, w: object, *options: Any, flip: Any, bias: bool) -> Lowered:
    """The program for arrays of these shapes, whatever the batch: found again when shapes and options are the same."""
    image, kernel = numeric("a", a), numeric("w", w)
    _check_ranks(image, kernel)
    # a key may not equal one of another type: True is no stride, though True == 1
    known = type(flip) is bool and all(map(_is_plain, options))
    layer = _layer if known else _layer.__wrapped__
    return _lowered(layer(image.shape[1:], kernel.shape, *options, flip, bias))


def _is_plain(option: object) -> bool:
    return type(option) in (int, str) or (type(option) is tuple and all(map(_is_plain, option)))


@lru_cache(maxsize=1024)
def _layer(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    input_dilation: PerAxis,
    groups: SupportsIndex,
    flip: bool,
    bias: bool,
) -> Conv:
    """The layer, with batch 1, of an input (*, C, *L) and a kernel (M, C/groups, *K)."""
    for name, sizes in (("a", image), ("w", kernel)):
        if 0 in sizes:
            given = f"({', '.join(map(str, ('N', *sizes)))})" if name == "a" else str(sizes)
            raise InvalidArray(f"{name} has shape {given} but expected sizes of at least 1: only the batch may be 0")
    number = positive("groups", groups)
    if image[0] != kernel[1] * number:
        raise InvalidArray(
            f"a has {image[0]} channels but w of shape {kernel} with groups={number} expects "
            f"{kernel[1]}*{number} = {kernel[1] * number}: w is (M, C/groups, *K)"
        )
    return Conv(
        image[1:], kernel[2:], stride=stride, padding=padding, dilation=dilation, input_dilation=input_dilation,
        groups=number, in_channels=image[0], out_channels=kernel[0], bias=bias, flip=flip,
    )  # fmt: skip


def _check_ranks(a: Array, w: Array) -> None:
    if a.ndim == w.ndim - 1 >= 2:
        raise InvalidArray(
            f"a has {a.ndim} axes but w of shape {w.shape} expects (N, C, *L): add a batch axis with a[None]"
        )
    if a.ndim < 3:
        raise InvalidArray(f"a has {a.ndim} axes but expected (N, C, *L): batch, channels, and a spatial axis or more")
    if w.ndim != a.ndim:
        raise InvalidArray(
            f"w has {w.ndim} axes but a of shape {a.shape} expects (M, C/groups, *K): {a.ndim} axes, as many as a"
        )


_lowered = lru_cache(maxsize=256)(lower)
