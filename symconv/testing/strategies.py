"""Hypothesis strategies for users: layers, and data for them.

Never: an import of Hypothesis before a strategy is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from symconv.arguments import positive
from symconv.auditing.exact import Tensors, dtype_of, largest_entry, terms
from symconv.errors import InvalidLayer, InvalidOption, MissingLibrary, shortened
from symconv.layer import Conv
from symconv.testing.selection import support_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def layers(
    *,
    ndim: int | Sequence[int] = (1, 2, 3),
    stride: int = 4,
    padding: int = 4,
    dilation: int = 3,
    groups: int = 4,
    batch: int = 3,
    symmetric: bool = False,
    negative_padding: bool = False,
    uniform: bool | None = None,
    square: bool = False,
    square_input: bool | None = None,
    square_kernel: bool | None = None,
    remainder: bool = True,
    max_size: int | None = None,
    max_channels: int = 4,
) -> SearchStrategy[Conv]:
    """Layers for Hypothesis: valid by construction, and shrinking to the smallest one.

    Parameters
    ----------
    ndim
        The numbers of spatial axes: 1, 2 or 3, or several of them.
    stride, padding, dilation, groups, batch
        The largest of each.
    symmetric, negative_padding, uniform, square_input, square_kernel, remainder
        As in `symconv.Support`: True for ``symmetric``, ``uniform`` and the squares asks for a restriction, True for
        ``negative_padding`` and ``remainder`` allows more.
    square
        Inputs and kernels have the same size along all axes, and (unless ``uniform=False``) the options are uniform.
    max_size
        The largest size of inputs and kernels along an axis; 8, 6, and 4 for one, two, and three axes if not given.
    max_channels
        The largest numbers of input and of output channels.

    Raises
    ------
    InvalidOption
        If an option has a value that it does not take.
    MissingLibrary
        If Hypothesis is not installed.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(layers(), lambda layer: True)
    Conv((1,), (1,))
    >>> find(layers(ndim=1, groups=1, padding=0), lambda layer: any(layer.remainder))
    Conv((2,), (1,), stride=2)
    """
    support = support_of(
        {
            "ndim": ndim, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "batch": batch,
            "symmetric": symmetric, "negative_padding": negative_padding, "square": square or None, "uniform": uniform,
            "square_input": square_input, "square_kernel": square_kernel, "remainder": remainder,
        }
    )  # fmt: skip
    size = None if max_size is None else _positive("max_size", max_size)
    made: SearchStrategy[Conv] = _drawing("layers").drawn_layers(support, size, _positive("max_channels", max_channels))
    return made


def tensors(layer: Conv, dtype: str = "float64") -> SearchStrategy[Tensors]:
    """Integer data of a layer for Hypothesis, on which sums of products are exact; it shrinks to zeros.

    What is drawn has the arrays ``delta`` (N, M, *O), ``a`` (N, C, *L), ``w`` (M, C/groups, *K) and ``b`` (M,), with
    entries of at most 9 in size; ``backward`` is (delta, a, w), ``forward`` is (a, w, b).

    Parameters
    ----------
    layer
        The layer.
    dtype
        float64, float32, float16, bfloat16, int64, int32 or int16.

    Raises
    ------
    InvalidOption
        If the layer sums too many products for the dtype to be exact.
    MissingLibrary
        If Hypothesis is not installed (or ml_dtypes, for bfloat16).

    Examples
    --------
    >>> from hypothesis import find
    >>> found = find(tensors(Conv((3,), (2,))), lambda data: data.delta.sum() > 1)
    >>> found.delta, found.w
    (array([[[0., 2.]]]), array([[[0., 0.]]]))
    """
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a symconv.Conv but got {shortened(layer)} (type {type(layer).__name__})")
    kind = dtype_of(dtype)
    bound = largest_entry(layer, dtype)
    if bound == 0:
        raise InvalidOption(f"{layer!r} sums {terms(layer)} products, too many to be exact in {dtype}")
    made: SearchStrategy[Tensors] = _drawing("tensors").drawn_tensors(layer, kind, bound)
    return made


def _positive(name: str, value: object) -> int:
    try:
        return positive(name, value)
    except InvalidLayer as error:
        raise InvalidOption(str(error)) from None


def _drawing(strategy: str) -> Any:
    try:
        import_module("hypothesis")
    except ImportError:
        raise MissingLibrary(f"symconv.testing.{strategy} needs Hypothesis: pip install 'symconv[testing]'") from None
    return import_module("symconv.testing.drawing")
