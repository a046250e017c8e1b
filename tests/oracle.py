"""The oracle: a layer's values and gradients by brute force, from another direction than the product.

In: any object with the plain fields of a layer, and arrays of integers (of dtype float64, int64 or object).
Out: arrays, or polynomials as plain dicts.
Never: anything of the product, a solved equation, a formula for a gradient.  Along each axis every triple (i, k, x) in
the boxes is tried against ``u*x = s*i + d*k - p_lo``; those that satisfy it are summed over, term by term.
"""

from collections import defaultdict
from itertools import product

import numpy as np


def output_size(layer):
    """O along each axis: ``(u*(L-1) + p_lo + p_hi - d*(K-1)) div s + 1``."""
    return tuple(
        (u * (size - 1) + low + high - d * (kernel - 1)) // s + 1 for size, kernel, s, d, u, (low, high) in _axes(layer)
    )


def relation(layer):
    """The triples (i, k, x) of each axis: a list of them for every axis."""
    return [
        [(i, k, x) for i, k, x in product(range(outputs), range(kernel), range(size)) if u * x == s * i + d * k - low]
        for outputs, (size, kernel, s, d, u, (low, _)) in zip(output_size(layer), _axes(layer), strict=True)
    ]


def forward(layer, a, w, b=None):
    """z, of shape (N, M, *O); b is added where the layer has a bias."""
    a, kernel = _space_first(a), _kernel(layer, w)
    z = np.zeros((*output_size(layer), layer.batch, layer.out_channels), np.result_type(a, w))
    for i, k, x in _positions(layer):
        for outs, ins in _groups(layer):
            z[i][:, outs] += a[x][:, ins] @ kernel[k][outs].T
    if layer.bias:
        z += b
    return _space_last(z)


def input_gradient(layer, delta, w):
    """dE/da, of shape (N, C, *L)."""
    delta, kernel = _space_first(delta), _kernel(layer, w)
    da = np.zeros((*layer.input_size, layer.batch, layer.in_channels), np.result_type(delta, w))
    for i, k, x in _positions(layer):
        for outs, ins in _groups(layer):
            da[x][:, ins] += delta[i][:, outs] @ kernel[k][outs]
    return _space_last(da)


def weight_gradient(layer, delta, a):
    """dE/dw, of the shape of w."""
    delta, a = _space_first(delta), _space_first(a)
    shape = (*layer.kernel_size, layer.out_channels, layer.in_channels // layer.groups)
    by_tap = np.zeros(shape, np.result_type(delta, a))
    for i, k, x in _positions(layer):
        for outs, ins in _groups(layer):
            by_tap[k][outs] += delta[i][:, outs].T @ a[x][:, ins]
    dw = np.zeros(_weight_shape(layer), by_tap.dtype)
    for k, o, c in _taps(layer):
        dw[_weight_index(layer, k, o, c)] = by_tap[k][o, c]
    return dw


def bias_gradient(layer, delta):
    """dE/db, of shape (M,): the sum of delta over batch and positions."""
    db = np.zeros(layer.out_channels, delta.dtype)
    for at in np.ndindex(delta.shape):
        db[at[1]] += delta[at]
    return db


def backward(layer, delta, a, w):
    """(dE/da, dE/dw, dE/db); dE/db is None where the layer has no bias."""
    db = bias_gradient(layer, delta) if layer.bias else None
    return input_gradient(layer, delta, w), weight_gradient(layer, delta, a), db


def polynomial_gradients(layer):
    """The gradients of a small layer as exact polynomials in the entries of delta, w and a.

    For each of 'input', 'weight' and 'bias' a dict: index of the entry -> polynomial.  A polynomial is a dict:
    monomial, the sorted tuple of its atoms such as ``(('delta', (0, 0, 1, 1)), ('w', (0, 0, 0, 1)))`` -> coefficient.
    The zero polynomial is {}; 'bias' is {} where the layer has no bias.
    """
    outputs = output_size(layer)
    da = {at: defaultdict(int) for at in np.ndindex(layer.batch, layer.in_channels, *layer.input_size)}
    dw = {at: defaultdict(int) for at in np.ndindex(*_weight_shape(layer))}
    db = {(o,): defaultdict(int) for o in range(layer.out_channels if layer.bias else 0)}
    for i, k, x in _positions(layer):
        for n, (outs, ins) in product(range(layer.batch), _groups(layer)):
            for o, y in product(range(outs.start, outs.stop), range(ins.start, ins.stop)):
                at_delta, at_w, at_a = (n, o, *i), _weight_index(layer, k, o, y - ins.start), (n, y, *x)
                da[at_a][_monomial(("delta", at_delta), ("w", at_w))] += 1
                dw[at_w][_monomial(("delta", at_delta), ("a", at_a))] += 1
    for n, (o,), i in product(range(layer.batch), db, np.ndindex(*outputs)):
        db[(o,)][_monomial(("delta", (n, o, *i)))] += 1
    return {
        name: {at: dict(polynomial) for at, polynomial in gradient.items()}
        for name, gradient in (("input", da), ("weight", dw), ("bias", db))
    }


def integers(shape, seed, bound=9):
    """A float64 array of random integers from -bound to bound: sums of their products are exact."""
    return np.random.default_rng(seed).integers(-bound, bound, shape, endpoint=True).astype(np.float64)


def _axes(layer):
    return zip(
        layer.input_size, layer.kernel_size, layer.stride, layer.dilation, layer.input_dilation, layer.padding,
        strict=True,
    )  # fmt: skip


def _positions(layer):
    """The relation of the whole layer, the product of its axes': triples of tuples (i, k, x)."""
    return (tuple(zip(*triples, strict=True)) for triples in product(*relation(layer)))


def _groups(layer):
    """The output and input channels of each group, as slices."""
    outs, ins = layer.out_channels // layer.groups, layer.in_channels // layer.groups
    return [(slice(g * outs, (g + 1) * outs), slice(g * ins, (g + 1) * ins)) for g in range(layer.groups)]


def _taps(layer):
    """Every (k, o, c): kernel tap, output channel, input channel counted within its group."""
    taps = product(*map(range, layer.kernel_size))
    return product(taps, range(layer.out_channels), range(layer.in_channels // layer.groups))


def _weight_index(layer, k, o, c):
    """Where w keeps what tap k multiplies on the way from input channel c of its group to output channel o."""
    if layer.flip:
        k = tuple(size - 1 - tap for size, tap in zip(layer.kernel_size, k, strict=True))
    if layer.weight_layout == "OI":
        return (o, c, *k)
    outs, ins = layer.out_channels // layer.groups, layer.in_channels // layer.groups
    return (o // outs * ins + c, o % outs, *k)


def _weight_shape(layer):
    if layer.weight_layout == "OI":
        return (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
    return (layer.in_channels, layer.out_channels // layer.groups, *layer.kernel_size)


def _kernel(layer, w):
    """w with a matrix (M, C/groups) for each tap: shape (*K, M, C/groups)."""
    kernel = np.zeros((*layer.kernel_size, layer.out_channels, layer.in_channels // layer.groups), w.dtype)
    for k, o, c in _taps(layer):
        kernel[k][o, c] = w[_weight_index(layer, k, o, c)]
    return kernel


def _space_first(array):
    return np.moveaxis(array, (0, 1), (-2, -1))


def _space_last(array):
    return np.moveaxis(array, (-2, -1), (0, 1))


def _monomial(*atoms):
    return tuple(sorted(atoms))
