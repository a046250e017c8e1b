"""Every layer of one rank as the text of a Python module that needs NumPy and nothing else.

In: the number of spatial axes.  Out: text: the theorem's table in the docstring, then `forward`, a function for each
gradient, and `backward`, which read all sizes and options from their arguments.
Never: a layer; the same text serves every size, stride, padding, dilation, group, flip and batch. One function computes
a convolution; the others only arrange its operands, row by row of the table.
"""

from __future__ import annotations

from string import Template

from symconv.general_layer import GeneralConv


def general_module(ndim: int) -> str:
    r"""The text of the module for the layers with `ndim` spatial axes.

    Parameters
    ----------
    ndim
        The number of spatial axes, 1 to 8.

    Raises
    ------
    InvalidLayer, InvalidOption
        If `ndim` is no such number, as for `GeneralConv`.

    Examples
    --------
    >>> print(*general_module(2).splitlines()[13:17], sep="\n")
    Shapes, with N the batch and G the number of groups:
    <BLANKLINE>
        a         (N, G*C, L0, L1)
        w         (G*M, C, K0, K1)
    """
    layer = GeneralConv(ndim)
    return TEXT.substitute(
        ndim=ndim,
        axes="axis" if ndim == 1 else "axes",
        inputs=", ".join(map(str, layer.input_size)),
        taps=", ".join(map(str, layer.kernel_size)),
        outputs=", ".join(f"O{j}" for j in range(ndim)),
    )


TEXT = Template(r'''"""The convolution layers with $ndim spatial $axes and their gradients, in NumPy.

With y = c + C*(o // M), input channel c of the group of output channel o, a layer is

    z[n, o, i] = b[o] + sum over c, k, x of w[o, c, k] * a[n, y, x]

where output position i, kernel tap k and input position x satisfy, along each axis,

    u*x = s*i + d*k - p_lo    with 0 <= i < O, 0 <= k < K, 0 <= x < L.

s is the stride, d the dilation, u the input dilation, (p_lo, p_hi) the padding.
With flip, w[o, c, K-1-k] stands in place of w[o, c, k].

Shapes, with N the batch and G the number of groups:

    a         (N, G*C, $inputs)
    w         (G*M, C, $taps)
    b         (G*M,)
    z, delta  (N, G*M, $outputs)

Output sizes: t = u*(L-1) + p_lo + p_hi - d*(K-1), which is not negative,
O = t // s + 1, and the remainder is r = t % s.

delta is dE/dz, the error of the layer. Its gradients are convolutions, too:

    of     convolves  with       stride  dilation  input dilation  padding
    z      a          w          s       d         u               (p_lo, p_hi)
    dE/da  delta      rot180(w)  u       d         s               (d*(K-1) - p_lo,
                                                                    d*(K-1) - p_hi + r)
    dE/dw  a          delta      d       s         u               (p_lo, p_hi - r)

    dE/db[o] = sum over n, i of delta[n, o, i]

The first two rows sum over the channels of a group; for dE/da the input and output
channels of w are exchanged within each group. dE/dw sums over the batch in their place.
With flip, z takes rot180(w), dE/da takes w, and dE/dw is rotated.

An option is an int for all axes, or one int per axis; padding also one (low, high) pair
per axis. Negative padding crops.
"""

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NDIM = $ndim
SPACE = tuple(range(2, 2 + NDIM))  # the spatial axes of every array but b
CHANNELS = (slice(None), slice(None))  # all along the two axes before them

Array = np.ndarray
PerAxis = int | Sequence[int]
Padding = int | Sequence[int | Sequence[int]]


def forward(
    a: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> Array:
    """z, the convolution of a with w, plus b."""
    _check_arrays(a=a, w=w, b=b)
    axes = _axes(a.shape[2:], w.shape[2:], stride, padding, dilation, input_dilation)
    _check_groups(groups, channels_of_a=a.shape[1], outputs_of_w=w.shape[0])
    _check_equal("channels of w", w.shape[1], a.shape[1] // groups)
    z = _correlate(
        a,
        _rot180(w) if flip else w,
        stride=[axis.stride for axis in axes],
        dilation=[axis.dilation for axis in axes],
        input_dilation=[axis.input_dilation for axis in axes],
        padding=[(axis.low, axis.high) for axis in axes],
        groups=groups,
    )
    if b is not None:
        _check_equal("shape of b", b.shape, w.shape[:1])
        z += b.reshape(-1, *[1] * NDIM)
    return z


def input_gradient(
    delta: Array,
    w: Array,
    input_size: PerAxis,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> Array:
    """dE/da, the convolution of delta with rot180(w), channels exchanged.

    input_size is (L, ...), which the size of delta does not determine if s > 1.
    """
    _check_arrays(delta=delta, w=w)
    axes = _axes(input_size, w.shape[2:], stride, padding, dilation, input_dilation)
    _check_groups(groups, outputs_of_w=w.shape[0])
    _check_equal("channels of delta", delta.shape[1], w.shape[0])
    _check_equal("size of delta", delta.shape[2:], tuple(x.output_size for x in axes))
    kernel = _exchange_channels(w, groups)
    return _correlate(
        delta,
        kernel if flip else _rot180(kernel),
        stride=[axis.input_dilation for axis in axes],
        dilation=[axis.dilation for axis in axes],
        input_dilation=[axis.stride for axis in axes],
        padding=[
            (axis.reach - axis.low, axis.reach - axis.high + axis.remainder)
            for axis in axes
        ],
        groups=groups,
    )


def weight_gradient(
    delta: Array,
    a: Array,
    kernel_size: PerAxis,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> Array:
    """dE/dw, the convolution of a with delta, stride and dilation exchanged.

    kernel_size is (K, ...), which the size of delta does not determine if s > 1.
    """
    _check_arrays(delta=delta, a=a)
    axes = _axes(a.shape[2:], kernel_size, stride, padding, dilation, input_dilation)
    _check_groups(groups, channels_of_a=a.shape[1], channels_of_delta=delta.shape[1])
    _check_equal("batch of delta", delta.shape[0], a.shape[0])
    _check_equal("size of delta", delta.shape[2:], tuple(x.output_size for x in axes))
    n, c = a.shape[0], a.shape[1] // groups
    # (N, G*C, L...) to (C, G*N, L...): the batch takes the place of channels.
    grouped = a.reshape(n, groups, c, *a.shape[2:]).swapaxes(0, 2)
    dw = _correlate(
        grouped.reshape(c, groups * n, *a.shape[2:]),
        delta.swapaxes(0, 1),
        stride=[axis.dilation for axis in axes],
        dilation=[axis.stride for axis in axes],
        input_dilation=[axis.input_dilation for axis in axes],
        padding=[(axis.low, axis.high - axis.remainder) for axis in axes],
        groups=groups,
    ).swapaxes(0, 1)  # (C, G*M, K...) to (G*M, C, K...)
    return np.ascontiguousarray(_rot180(dw) if flip else dw)


def bias_gradient(delta: Array) -> Array:
    """dE/db, the sum of delta over batch and positions."""
    _check_arrays(delta=delta)
    db: Array = delta.sum(axis=(0, *SPACE), dtype=delta.dtype.type)
    return db


def backward(
    delta: Array,
    a: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> tuple[Array, Array, Array]:
    """(dE/da, dE/dw, dE/db)"""
    _check_arrays(delta=delta, a=a, w=w)
    _check_groups(groups, channels_of_a=a.shape[1], outputs_of_w=w.shape[0])
    _check_equal("channels of w", w.shape[1], a.shape[1] // groups)
    options: dict[str, Any] = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "input_dilation": input_dilation,
        "groups": groups,
        "flip": flip,
    }
    return (
        input_gradient(delta, w, a.shape[2:], **options),
        weight_gradient(delta, a, w.shape[2:], **options),
        bias_gradient(delta),
    )


def _correlate(
    x: Array,
    kernel: Array,
    *,
    stride: Sequence[int],
    dilation: Sequence[int],
    input_dilation: Sequence[int],
    padding: Sequence[tuple[int, int]],
    groups: int,
) -> Array:
    """The convolution of x (N, G*C, L...) with kernel (G*M, C, K...).

    The result is (N, G*M, O...): for each group, one product of two matrices.
    """
    padded = _dilate_and_pad(x, input_dilation, padding)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel.shape[2:], dilation, strict=True)]
    steps = [slice(None, None, step) for step in (*stride, *dilation)]
    # (N, G*C, O..., K...): the entries that each output position meets.
    windows = sliding_window_view(padded, spans, axis=SPACE)[(*CHANNELS, *steps)]
    n, outputs, taps = len(x), windows.shape[2 : 2 + NDIM], kernel.shape[2:]
    m, c = kernel.shape[0] // groups, kernel.shape[1]
    # (G, C, K..., N, O...), then a matrix for each group.
    at_outputs, at_taps = range(3, 3 + NDIM), range(3 + NDIM, 3 + 2 * NDIM)
    columns = (
        windows.reshape(n, groups, c, *outputs, *taps)
        .transpose(1, 2, *at_taps, 0, *at_outputs)
        .reshape(groups, c * prod(taps), n * prod(outputs))
    )
    product = kernel.reshape(groups, m, c * prod(taps)) @ columns
    result = product.reshape(groups * m, n, *outputs)
    return np.ascontiguousarray(result.swapaxes(0, 1))


def _dilate_and_pad(
    x: Array, factors: Sequence[int], padding: Sequence[tuple[int, int]]
) -> Array:
    """Put u - 1 zeros between the entries of x, then pad, or crop, on either side.

    Entry x goes to position u*x + low; those outside of the result are cropped.
    """
    sizes, kept, places = [], [], []
    for size, u, (low, high) in zip(x.shape[2:], factors, padding, strict=True):
        new_size = u * (size - 1) + 1 + low + high
        first = max(0, -(low // u))  # the least x with u*x + low >= 0
        stop = min(size, -((low - new_size) // u))  # u*x + low < new_size below it
        count, start = max(0, stop - first), u * first + low
        sizes.append(new_size)
        kept.append(slice(first, first + count))
        places.append(slice(start, start + u * count, u))
    padded = np.zeros((*x.shape[:2], *sizes), x.dtype)
    padded[(*CHANNELS, *places)] = x[(*CHANNELS, *kept)]
    return padded


def _rot180(w: Array) -> Array:
    """Reverse every spatial axis."""
    return np.flip(w, SPACE)


def _exchange_channels(w: Array, groups: int) -> Array:
    """(G*M, C, K...) to (G*C, M, K...)."""
    m, c, taps = w.shape[0] // groups, w.shape[1], w.shape[2:]
    exchanged = w.reshape(groups, m, c, *taps).swapaxes(1, 2)
    return exchanged.reshape(groups * c, m, *taps)


class _Axis(NamedTuple):
    """The sizes and options of a layer along one axis."""

    input_size: int  # L
    kernel_size: int  # K
    stride: int  # s
    dilation: int  # d
    input_dilation: int  # u
    low: int  # p_lo
    high: int  # p_hi

    @property
    def reach(self) -> int:
        """d*(K-1), from the first tap to the last."""
        return self.dilation * (self.kernel_size - 1)

    @property
    def slack(self) -> int:
        """t, how far the kernel can slide."""
        span = self.input_dilation * (self.input_size - 1)
        return span + self.low + self.high - self.reach

    @property
    def output_size(self) -> int:
        """O"""
        return self.slack // self.stride + 1

    @property
    def remainder(self) -> int:
        """r, the positions at the high end where no window starts."""
        return self.slack % self.stride


def _axes(
    input_size: PerAxis,
    kernel_size: PerAxis,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    input_dilation: PerAxis,
) -> list[_Axis]:
    """The axes of the layer; a ValueError if there is no such layer."""
    columns = (
        _positive("input size", input_size),
        _positive("kernel size", kernel_size),
        _positive("stride", stride),
        _positive("dilation", dilation),
        _positive("input_dilation", input_dilation),
        *zip(*_pairs(padding), strict=True),
    )
    axes = [_Axis(*values) for values in zip(*columns, strict=True)]
    for at, axis in enumerate(axes):
        if axis.slack < 0:
            raise ValueError(
                f"the kernel does not fit the input along axis {at}: "
                f"pad by {-axis.slack} more ({axis})"
            )
    return axes


def _positive(name: str, value: PerAxis) -> list[int]:
    """One positive int per axis."""
    each = value if isinstance(value, Sequence) else [value] * NDIM
    values = [index(number) for number in each]
    if len(values) != NDIM or min(values) < 1:
        raise ValueError(f"{name} must be 1 or more, one per axis ({NDIM}): {value}")
    return values


def _pairs(padding: Padding) -> list[tuple[int, int]]:
    """One (low, high) pair of ints per axis."""
    each = padding if isinstance(padding, Sequence) else [padding] * NDIM
    pairs = [pair if isinstance(pair, Sequence) else (pair, pair) for pair in each]
    if len(pairs) != NDIM or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"padding must be an int, or an int or a pair per axis ({NDIM}): {padding}"
        )
    return [(index(low), index(high)) for low, high in pairs]


def _check_arrays(**arrays: Array | None) -> None:
    """Ranks and dtypes."""
    given = {name: array for name, array in arrays.items() if array is not None}
    kinds = {array.dtype for array in given.values()}
    if not all(np.can_cast(x, y, "equiv") for x in kinds for y in kinds):
        found = ", ".join(f"{name} {array.dtype}" for name, array in given.items())
        raise ValueError(f"the arrays must have one dtype: {found}")
    for name, array in given.items():
        rank = 1 if name == "b" else 2 + NDIM
        if array.ndim != rank:
            raise ValueError(f"{name} must have {rank} axes: it has {array.ndim}")


def _check_groups(groups: int, **channels: int) -> None:
    """Channels that split into groups."""
    if groups < 1:
        raise ValueError(f"groups must be 1 or more: {groups}")
    for name, count in channels.items():
        if count % groups:
            kind = name.replace("_", " ")
            raise ValueError(f"{count} {kind} do not split into {groups} groups")


def _check_equal(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{name} must be {expected}: it is {found}")
''')
