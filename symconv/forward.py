"""The forward map of a layer in index notation: the weighted input z, and the free indices of every tensor.

In: a `Conv`.  Out: formulas.
Never: gradients, and never a second convention: everything else reads its indices from here.
"""

from __future__ import annotations

from symconv.general_layer import GeneralAxis, GeneralConv
from symconv.layer import Axis, Conv
from symconv.polynomial import Polynomial
from symconv.terms import (
    At,
    Binder,
    Divides,
    Formula,
    Guard,
    Size,
    Term,
    Within,
    binders,
    exact_quotient,
    holds_always,
    index,
)

AnyLayer = Conv | GeneralConv
Free = tuple[tuple[Binder, ...], tuple[Polynomial, ...]]

BATCH, GROUP = "n", "g"
OUT, IN = "o", "c"  # output and input channel within the group


def output_index(axis: int) -> str:
    """The name of the output position along a spatial axis."""
    return f"i{axis}"


def tap_index(axis: int) -> str:
    """The name of the kernel tap along a spatial axis."""
    return f"k{axis}"


def input_index(axis: int) -> str:
    """The name of the input position along a spatial axis."""
    return f"x{axis}"


def _labels(layer: AnyLayer) -> dict[str, Polynomial]:
    sizes: dict[str, Size] = {
        BATCH: layer.batch,
        GROUP: layer.groups,
        OUT: layer.out_channels_per_group,
        IN: layer.in_channels_per_group,
    }
    return {name: index(name, size) for name, size in sizes.items()}


def _positions(names: tuple[str, ...], sizes: tuple[Size, ...]) -> tuple[Binder, ...]:
    return tuple(Binder(name, size) for name, size in zip(names, sizes, strict=True))


def _spatial(names: tuple[str, ...]) -> tuple[Polynomial, ...]:
    return tuple(map(Polynomial.of, names))


def output_free(layer: AnyLayer) -> Free:
    """Free indices n, g, o, i of z and of delta, and the index they make: (n, g*(M/G) + o, *i)."""
    at = _labels(layer)
    names = tuple(output_index(j) for j in range(layer.ndim))
    free = binders((BATCH, layer.batch), (GROUP, layer.groups), (OUT, layer.out_channels_per_group))
    free += _positions(names, layer.output_size)
    return free, (at[BATCH], layer.out_channels_per_group * at[GROUP] + at[OUT], *_spatial(names))


def input_free(layer: AnyLayer) -> Free:
    """Free indices n, g, c, x of a, and the index they make: (n, g*(C/G) + c, *x)."""
    at = _labels(layer)
    names = tuple(input_index(j) for j in range(layer.ndim))
    free = binders((BATCH, layer.batch), (GROUP, layer.groups), (IN, layer.in_channels_per_group))
    free += _positions(names, layer.input_size)
    return free, (at[BATCH], layer.in_channels_per_group * at[GROUP] + at[IN], *_spatial(names))


def weight_free(layer: AnyLayer) -> Free:
    """Free indices g, o, c, k of w, and the index they make in the layer's weight layout."""
    names = tuple(tap_index(j) for j in range(layer.ndim))
    free = binders((GROUP, layer.groups), (OUT, layer.out_channels_per_group), (IN, layer.in_channels_per_group))
    free += _positions(names, layer.kernel_size)
    return free, _weight_channels(layer) + _spatial(names)


def bias_free(layer: AnyLayer) -> Free:
    """Free indices g, o of b, and the index they make."""
    at = _labels(layer)
    free = binders((GROUP, layer.groups), (OUT, layer.out_channels_per_group))
    return free, (layer.out_channels_per_group * at[GROUP] + at[OUT],)


def _weight_channels(layer: AnyLayer) -> tuple[Polynomial, ...]:
    at = _labels(layer)
    if layer.weight_layout == "IO":
        return (layer.in_channels_per_group * at[GROUP] + at[IN], at[OUT])
    return (layer.out_channels_per_group * at[GROUP] + at[OUT], at[IN])


def weighted_input(layer: AnyLayer) -> Formula:
    """``z[n, o, i] = b[o] + sum over c, k of w[o, c, k] * a[n, c, (s*i + d*k - p_lo) / u]``, where that entry exists.

    Examples
    --------
    >>> formula = weighted_input(Conv(5, 3, stride=2, padding=1))
    >>> print(formula.terms[0].factors[1].index[2])
    2*i0 + k0 - 1
    """
    free, at = output_free(layer)
    labels = _labels(layer)
    sizes: dict[str, Size] = {b.name: b.size for b in free}
    summed = binders((IN, layer.in_channels_per_group))
    guards: list[Guard] = []
    read, taps = [], []
    axes: tuple[Axis | GeneralAxis, ...] = layer.axes
    for j, axis in enumerate(axes):
        k = Polynomial.of(tap_index(j))
        summed += (Binder(tap_index(j), axis.kernel_size),)
        sizes[tap_index(j)] = axis.kernel_size
        place = axis.stride * Polynomial.of(output_index(j)) + axis.dilation * k - axis.low
        x = exact_quotient(place, axis.input_dilation)
        within = Within(x, axis.input_size)
        guards += [Divides(axis.input_dilation, place)] if axis.input_dilation != 1 else []
        guards += [within] if not holds_always(within, sizes) else []
        read.append(x)
        taps.append(axis.kernel_size - 1 - k if layer.flip else k)
    w = At("w", (*_weight_channels(layer), *taps))
    a = At("a", (labels[BATCH], layer.in_channels_per_group * labels[GROUP] + labels[IN], *read))
    products = Term(summed, tuple(guards), (w, a))
    bias = Term((), (), (At("b", (at[1],)),))
    terms = (products, bias) if layer.bias else (products,)
    return Formula("z", free, at, layer.output_shape, terms)
