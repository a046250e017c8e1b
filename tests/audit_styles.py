"""The backward pass of a convolution as people write it in NumPy, in four styles, and the places to go wrong.

In: the arrays and options of a layer, and names of mistakes, `bugs`.  Out: one gradient, right while `bugs` is empty.
Never: anything of the product.

* scatter: a loop over windows, ``padded[window] += delta[i] * w``, then a crop;
* closed: delta with zeros between and around it, correlated with the rotated kernel;
* taps: a loop over taps with strided slices (im2col without the matrix);
* gather: a loop over pairs of positions that solves for the third, as in a kernel for a GPU.

A style does not change what a mistake is, but what becomes of it. Reading an option wrongly gives `gather` an array of
the right shape, `closed` one of a wrong shape, and `scatter` or `taps` an error where a window leaves the buffer.
"""

from itertools import product
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# What all styles share. ---------------------------------------------------------------------------------------------


def misread(stride, padding, dilation, bugs):
    """The options, as somebody reads them who takes one axis or one end for another."""
    if "stride missing" in bugs:
        stride = (1,) * len(stride)
    if "stride axes reversed" in bugs:
        stride = stride[::-1]
    if "stride of the first axis for all" in bugs:
        stride = stride[:1] * len(stride)
    if "stride and dilation swapped" in bugs:
        stride, dilation = dilation, stride
    if "padding axes reversed" in bugs:
        padding = padding[::-1]
    if "padding of the first axis for all" in bugs:
        padding = padding[:1] * len(padding)
    if "low and high padding swapped" in bugs:
        padding = tuple((high, low) for low, high in padding)
    if "low padding at both ends" in bugs:
        padding = tuple((low, low) for low, _ in padding)
    if "high padding at both ends" in bugs:
        padding = tuple((high, high) for _, high in padding)
    if "padding halved between the ends" in bugs:
        padding = tuple(((low + high) // 2, low + high - (low + high) // 2) for low, high in padding)
    if "low padding one too large" in bugs:
        padding = tuple((low + 1, high - 1) for low, high in padding)
    if "low padding one too small" in bugs:
        padding = tuple((low - 1, high + 1) for low, high in padding)
    if "dilation ignored" in bugs:
        dilation = (1,) * len(dilation)
    if "dilation one too large" in bugs:
        dilation = tuple(d + 1 for d in dilation)
    if "dilation axes reversed" in bugs:
        dilation = dilation[::-1]
    if "dilation of the first axis for all" in bugs:
        dilation = dilation[:1] * len(dilation)
    return stride, padding, dilation


def blocks(filters, channels, groups, bugs):
    """The filters and the channels of each group, and the filters whose kernels it takes."""
    per_group, depth = filters // groups, channels // groups
    if "groups ignored" in bugs:
        return [(np.arange(filters), np.arange(depth), np.arange(filters))]
    split = []
    for g in range(groups):
        outs, ins = np.arange(per_group) + g * per_group, np.arange(depth) + g * depth
        if "filters dealt out in turn" in bugs:
            outs = np.arange(g, filters, groups)
        if "channels dealt out in turn" in bugs:
            ins = np.arange(g, channels, groups)
        if "groups in reverse order" in bugs:
            ins = np.arange(depth) + (groups - 1 - g) * depth
        kernels = np.arange(per_group) if "the first group's kernels for all" in bugs else outs
        if "last filter survives" in bugs:
            outs, kernels = outs[-1:], kernels[-1:]
        if "groups taken for depthwise" in bugs and groups > 1:
            ins = ins[:1]
        split.append((outs, ins, kernels))
    return split[-1:] if "last group survives" in bugs else split


def demand(a, w, stride, padding, dilation, groups, bugs):
    """What somebody took for granted about a layer."""
    steps = zip(a.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    remainders = [(size + low + high - d * (k - 1) - 1) % s for size, k, s, (low, high), d in steps]
    if "raises on a remainder" in bugs and any(remainders):
        raise ValueError("the stride does not divide the padded input")
    if "raises on unequal padding" in bugs:
        assert all(low == high for low, high in padding), "padding must be symmetric"
    if "raises on padding" in bugs and any(low or high for low, high in padding):
        raise IndexError("index out of range")
    if "raises on groups" in bugs and groups > 1:
        a.reshape(len(a), w.shape[1], *a.shape[2:])
    if "raises on dilation" in bugs and max(dilation) > 1:
        raise TypeError("unexpected keyword argument 'dilation'")
    if "raises on a batch" in bugs:
        a.reshape(a.shape[1:])
    if "raises on unequal strides" in bugs:
        (_,) = set(stride)
    if "raises on an oblong kernel" in bugs:
        (_,) = set(w.shape[2:])
    if "raises on an oblong input" in bugs:
        (_,) = set(a.shape[2:])
    if "raises unless channels match" in bugs and groups * w.shape[1] != len(w):
        raise RuntimeError("channels do not match")


def scaled(gradient, delta, w, stride, bugs):
    """The gradient, times what somebody believed belongs there."""
    if "mean over the batch" in bugs:
        gradient = gradient / len(delta)
    if "mean over positions" in bugs:
        gradient = gradient / prod(delta.shape[2:])
    if "mean over batch and positions" in bugs:
        gradient = gradient / (len(delta) * prod(delta.shape[2:]))
    if "divided by the number of taps" in bugs:
        gradient = gradient / prod(w.shape[2:])
    if "multiplied by the number of taps" in bugs:
        gradient = gradient * prod(w.shape[2:])
    if "multiplied by the stride" in bugs:
        gradient = gradient * prod(stride)
    if "multiplied by the batch" in bugs:
        gradient = gradient * len(delta)
    if "sign" in bugs:
        gradient = -gradient
    if "doubled" in bugs:
        gradient = 2 * gradient
    if "halved" in bugs:
        gradient = gradient / 2
    if "zero" in bugs:
        gradient = np.zeros_like(gradient)
    return gradient


def finished_input(da, delta, w, stride, bugs):
    """dE/da as it leaves the function: kept from a loop over samples or channels, and scaled."""
    if "last sample survives" in bugs:
        da[:-1] = 0
    if "first sample only" in bugs:
        da[1:] = 0
    if "first sample for all" in bugs:
        da[:] = da[:1].copy()
    if "last channel survives" in bugs:
        da[:, :-1] = 0
    if "last channel for all" in bugs:
        da[:] = da[:, -1:].copy()
    if "channels in reverse order" in bugs:
        da = da[:, ::-1]
    if "gradient reversed" in bugs:
        da = np.flip(da, spatial(da))
    if "gradient transposed" in bugs:
        da = da.swapaxes(-1, -2)
    return scaled(da, delta, w, stride, bugs)


def finished_weight(dw, delta, w, stride, bugs):
    """dE/dw as it leaves the function: kept from a loop over filters or channels, turned, and scaled."""
    if "last filter survives" in bugs:
        dw[:-1] = 0
    if "last filter for all" in bugs:
        dw[:] = dw[-1:].copy()
    if "last channel survives" in bugs:
        dw[:, :-1] = 0
    if "last channel for all" in bugs:
        dw[:] = dw[:, -1:].copy()
    if "channels in reverse order" in bugs:
        dw = dw[:, ::-1]
    if "filters in reverse order" in bugs:
        dw = dw[::-1]
    if "gradient reversed" in bugs:
        dw = np.flip(dw, spatial(dw))
    if "gradient reversed along the first axis" in bugs:
        dw = np.flip(dw, 2)
    if "gradient reversed along the last axis" in bugs:
        dw = np.flip(dw, -1)
    if "all axes of the gradient reversed" in bugs:
        dw = np.flip(dw)
    if "gradient transposed" in bugs:
        dw = dw.swapaxes(-1, -2)
    if "gradient reversed and transposed" in bugs:
        dw = np.flip(dw, spatial(dw)).swapaxes(-1, -2)
    if "gradient turned by 90 degrees" in bugs:
        dw = np.rot90(dw, axes=(-2, -1))
    if "in and out channels swapped" in bugs:
        dw = dw.swapaxes(0, 1)
    return scaled(dw, delta, w, stride, bugs)


def kernel_for_loops(w, groups, bugs):
    """The kernel of a loop, which needs no rotation: a mistake here is to rotate it, since the theorem does."""
    if "in and out channels swapped" in bugs:
        w = w.swapaxes(0, 1)
    if "filters in reverse order" in bugs:
        w = w[::-1]
    if "kernel not rotated" in bugs or ("kernel not rotated when grouped" in bugs and groups > 1):
        return np.flip(w, spatial(w))
    if "kernel rotated along the first axis only" in bugs:
        return np.flip(w, spatial(w)[1:])
    if "kernel rotated along the last axis only" in bugs:
        return np.flip(w, spatial(w)[:-1])
    if "all axes of the kernel reversed" in bugs:
        return np.flip(w, (0, 1))
    if "kernel transposed" in bugs:
        return w.swapaxes(-1, -2)
    if "kernel transposed instead of rotated" in bugs:
        return np.flip(w.swapaxes(-1, -2), spatial(w))
    if "kernel turned by 90 degrees" in bugs:
        return np.rot90(w, 3, axes=(-2, -1))
    return w


def kernel_for_correlation(w, groups, bugs):
    """The kernel of the closed form, rotated by 180 degrees: a mistake here is not to, or otherwise."""
    if "in and out channels swapped" in bugs:
        w = w.swapaxes(0, 1)
    if "filters in reverse order" in bugs:
        w = w[::-1]
    if "kernel not rotated" in bugs or ("kernel not rotated when grouped" in bugs and groups > 1):
        return w
    if "kernel rotated along the first axis only" in bugs:
        return np.flip(w, 2)
    if "kernel rotated along the last axis only" in bugs:
        return np.flip(w, -1)
    if "all axes of the kernel reversed" in bugs:
        return np.flip(w)
    if "kernel transposed" in bugs:
        return np.flip(w, spatial(w)).swapaxes(-1, -2)
    if "kernel transposed instead of rotated" in bugs:
        return w.swapaxes(-1, -2)
    if "kernel turned by 90 degrees" in bugs:
        return np.rot90(w, 1, axes=(-2, -1))
    return np.flip(w, spatial(w))


def delta_in_order(delta, bugs):
    """Delta, or what is left of its order after a rotation too many."""
    return np.flip(delta, spatial(delta)) if "delta rotated" in bugs else delta


def bordered(a, padding, bugs):
    """The input with its border."""
    if "border of edge values" in bugs:
        return np.pad(a, ((0, 0), (0, 0), *padding), mode="edge")
    if "border of ones" in bugs:
        return np.pad(a, ((0, 0), (0, 0), *padding), constant_values=1)
    return resized(a, padding)


def unpadded(padded, size, padding, bugs):
    """The part of a padded buffer that belongs to the input."""
    if "result not cropped" in bugs:
        return padded
    if "cropped at the high end only" in bugs:
        return padded[(..., *(slice(length) for length in size))]
    if "cropped by [low:-high]" in bugs:
        return padded[(..., *(slice(low, -high) for low, high in padding))]
    return resized(padded, [(-low, -high) for low, high in padding])


def spatial(array):
    return tuple(range(2, array.ndim))


def resized(array, amounts):
    """Zeros at each end of the spatial axes, then a cut where the amount is negative."""
    grown = np.pad(array, [(0, 0), (0, 0), *((max(low, 0), max(high, 0)) for low, high in amounts)])
    cuts = zip(grown.shape[2:], amounts, strict=True)
    return grown[(..., *(slice(max(-low, 0), max(length + min(high, 0), 0)) for length, (low, high) in cuts))]


def spread(array, steps):
    """The array with step - 1 zeros between entries."""
    sizes = [s * (size - 1) + 1 for size, s in zip(array.shape[2:], steps, strict=True)]
    result = np.zeros((*array.shape[:2], *sizes), array.dtype)
    result[(..., *(slice(None, None, s) for s in steps))] = array
    return result


def correlated(array, kernel):
    """The plain correlation of (N, C, *L) with (M, C, *K)."""
    windows = sliding_window_view(array, kernel.shape[2:], axis=spatial(array))
    taps = tuple(range(array.ndim, windows.ndim))
    return np.moveaxis(np.tensordot(windows, kernel, ((1, *taps), (1, *spatial(kernel)))), -1, 1)


# dE/da --------------------------------------------------------------------------------------------------------------


def scatter_input(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    kernel_size = w.shape[2:]
    true_padding = padding
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    w, delta = kernel_for_loops(w, groups, bugs), delta_in_order(delta, bugs)
    outputs = delta.shape[2:]
    sizes = [size + low + high for size, (low, high) in zip(a.shape[2:], padding, strict=True)]
    if bugs & {"output_padding missing", "output_padding at the low end", "last rows zero"}:
        steps = zip(outputs, kernel_size, stride, dilation, strict=True)
        sizes = [s * (o - 1) + d * (k - 1) + 1 for o, k, s, d in steps]
    if "dilation forgotten in the size of the buffer" in bugs:
        sizes = [s * (o - 1) + k for o, k, s in zip(outputs, kernel_size, stride, strict=True)]
    if "output_padding s - 1" in bugs:
        steps = zip(outputs, kernel_size, stride, dilation, strict=True)
        sizes = [s * o + d * (k - 1) for o, k, s, d in steps]
    padded = np.zeros((*a.shape[:2], *sizes), a.dtype)
    for i in np.ndindex(*outputs):
        steps = zip(i, kernel_size, stride, dilation, strict=True)
        window = tuple(slice(at * s, at * s + d * (k - 1) + 1, d) for at, k, s, d in steps)
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = np.tensordot(delta[(slice(None), outs, *i)], w[kernels, : len(ins)], 1)
            if "last window survives" in bugs:
                padded[(slice(None), ins, *window)] = part
            else:
                padded[(slice(None), ins, *window)] += part
    if "output_padding at the low end" in bugs:
        whole = zip(a.shape[2:], true_padding, sizes, strict=True)
        padded = resized(padded, [(size + low + high - short, 0) for size, (low, high), short in whole])
    da = unpadded(padded, a.shape[2:], padding, bugs)
    if "last rows zero" in bugs:
        da = resized(da, [(0, size - short) for size, short in zip(a.shape[2:], da.shape[2:], strict=True)])
    return finished_input(da, delta, w, stride, bugs)


def closed_input(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    kernel_size, size = w.shape[2:], a.shape[2:]
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    delta = delta_in_order(delta, bugs)
    zeros_between = spread(delta, stride)
    if "delta not dilated" in bugs:
        zeros_between = delta
    if "delta dilated by s + 1" in bugs:
        zeros_between = spread(delta, [s + 1 for s in stride])
    kernel = kernel_for_correlation(w, groups, bugs)
    if "kernel not dilated" not in bugs:
        kernel = spread(kernel, dilation)
    reach = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
    low_pads = [full - low for full, (low, _) in zip(reach, padding, strict=True)]
    high_pads = [full - high for full, (_, high) in zip(reach, padding, strict=True)]
    if "dilation forgotten in the pads" in bugs:
        low_pads = [k - 1 - low for k, (low, _) in zip(kernel_size, padding, strict=True)]
        high_pads = [k - 1 - high for k, (_, high) in zip(kernel_size, padding, strict=True)]
    if "padded by K - 1" in bugs:
        low_pads = high_pads = [k - 1 for k in kernel_size]
    if "padded by the layer's padding" in bugs:
        low_pads, high_pads = zip(*padding, strict=True)
    if "result not cropped" in bugs or "cropped at the high end only" in bugs:
        low_pads, high_pads = reach, reach
    rest = zip(size, padding, reach, stride, strict=True)
    rest = [(length + low + high - full - 1) % s for length, (low, high), full, s in rest]
    if "output_padding s - 1" in bugs:
        rest = [s - 1 for s in stride]
    if "output_padding at the low end" in bugs:
        low_pads = [low + r for low, r in zip(low_pads, rest, strict=True)]
    elif not bugs & {"output_padding missing", "last rows zero"}:
        high_pads = [high + r for high, r in zip(high_pads, rest, strict=True)]
    pads = list(zip(low_pads, high_pads, strict=True))
    if "raises on padding beyond d(K - 1)" in bugs:
        zeros_around = np.pad(zeros_between, ((0, 0), (0, 0), *pads))
    else:
        zeros_around = resized(zeros_between, pads)
    sizes = [length - k + 1 for length, k in zip(zeros_around.shape[2:], kernel.shape[2:], strict=True)]
    da = np.zeros((*a.shape[:2], *(max(length, 0) for length in sizes)), a.dtype)
    for outs, ins, kernels in blocks(len(kernel), a.shape[1], groups, bugs):
        da[:, ins] = correlated(zeros_around[:, outs], kernel[kernels, : len(ins)].swapaxes(0, 1))
    if bugs & {"cropped at the high end only", "delta dilated by s + 1", "last rows zero"}:
        da = resized(da, [(0, length - short) for length, short in zip(size, da.shape[2:], strict=True)])
    return finished_input(da, delta, w, stride, bugs)


def taps_input(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    kernel_size, outputs = w.shape[2:], delta.shape[2:]
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    w, delta = kernel_for_loops(w, groups, bugs), delta_in_order(delta, bugs)
    sizes = [size + low + high for size, (low, high) in zip(a.shape[2:], padding, strict=True)]
    steps = list(zip(outputs, kernel_size, stride, dilation, strict=True))
    if "output_padding missing" in bugs or "last rows zero" in bugs:
        sizes = [s * (o - 1) + d * (k - 1) + 1 for o, k, s, d in steps]
    if "output_padding s - 1" in bugs:
        sizes = [s * o + d * (k - 1) for o, k, s, d in steps]
    padded = np.zeros((*a.shape[:2], *sizes), a.dtype)
    for k in np.ndindex(*kernel_size):
        rows = tuple(slice(d * at, d * at + s * (o - 1) + 1, s) for at, (o, _, s, d) in zip(k, steps, strict=True))
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = np.moveaxis(np.tensordot(delta[:, outs], w[(kernels, slice(len(ins)), *k)], (1, 0)), -1, 1)
            if "last tap survives" in bugs:
                padded[(slice(None), ins, *rows)] = part
            else:
                padded[(slice(None), ins, *rows)] += part
    da = unpadded(padded, a.shape[2:], padding, bugs)
    if "last rows zero" in bugs:
        da = resized(da, [(0, size - short) for size, short in zip(a.shape[2:], da.shape[2:], strict=True)])
    return finished_input(da, delta, w, stride, bugs)


def gather_input(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    outputs = delta.shape[2:]
    kernel_size = w.shape[2:]
    true_steps = zip(a.shape[2:], kernel_size, stride, padding, dilation, strict=True)
    rests = [(size + low + high - d * (k - 1) - 1) % s for size, k, s, (low, high), d in true_steps]
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    w, delta = kernel_for_loops(w, groups, bugs), delta_in_order(delta, bugs)
    lows = [low for low, _ in padding]
    reach = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
    if "cropped at the high end only" in bugs:
        lows = [0 for _ in lows]
    if "output_padding at the low end" in bugs:
        lows = [low - r for low, r in zip(lows, rests, strict=True)]
    if "dilation forgotten in the low pad" in bugs:
        lows = [low + full - (k - 1) for low, full, k in zip(lows, reach, kernel_size, strict=True)]
    if "kernel not dilated" in bugs:
        lows = [low - (full - (k - 1)) for low, full, k in zip(lows, reach, kernel_size, strict=True)]
        dilation = (1,) * len(dilation)
    if "half a kernel of padding" in bugs:
        lows = [full // 2 for full in reach]
    bounds = outputs
    if "upper bound rounded up" in bugs:
        bounds = [o + (r > 0) for o, r in zip(outputs, rests, strict=True)]
    da = np.zeros_like(a)
    for x, k in product(np.ndindex(*a.shape[2:]), np.ndindex(*kernel_size)):
        start = [at + low - d * tap for at, tap, low, d in zip(x, k, lows, dilation, strict=True)]
        i = [at // s for at, s in zip(start, stride, strict=True)]
        if "divisibility not checked, rounded towards zero" in bugs:
            i = [int(at / s) for at, s in zip(start, stride, strict=True)]
        elif any(at % s for at, s in zip(start, stride, strict=True)) and "divisibility not checked" not in bugs:
            continue
        if any(at < 0 for at in i) and "lower bound not checked" not in bugs:
            continue
        if any(at >= o for at, o in zip(i, bounds, strict=True)) and "upper bound not checked" not in bugs:
            continue
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = delta[(slice(None), outs, *i)] @ w[(kernels, slice(len(ins)), *k)]
            if "last tap survives" in bugs:
                da[(slice(None), ins, *x)] = part
            else:
                da[(slice(None), ins, *x)] += part
    return finished_input(da, delta, w, stride, bugs)


# dE/dw --------------------------------------------------------------------------------------------------------------


def scatter_weight(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    delta, a = samples(delta_in_order(delta, bugs), a, bugs)
    padded = a if "padding ignored" in bugs else bordered(a, padding, bugs)
    dw = np.zeros_like(w)
    for i in np.ndindex(*delta.shape[2:]):
        steps = zip(i, w.shape[2:], stride, dilation, strict=True)
        window = tuple(slice(at * s, at * s + d * (k - 1) + 1, d) for at, k, s, d in steps)
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = np.tensordot(delta[(slice(None), outs, *i)], padded[(slice(None), ins, *window)], (0, 0))
            part = part.reshape(len(outs), len(ins), *w.shape[2:])
            if "last window survives" in bugs:
                dw[kernels, : len(ins)] = part
            else:
                dw[kernels, : len(ins)] += part
    return finished_weight(dw, delta, w, stride, bugs)


def closed_weight(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    size, kernel_size = a.shape[2:], w.shape[2:]
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    delta, a = samples(delta_in_order(delta, bugs), a, bugs)
    zeros_between = spread(delta, stride)
    if "delta not dilated" in bugs:
        zeros_between = delta
    if "delta dilated by s + 1" in bugs:
        zeros_between = spread(delta, [s + 1 for s in stride])
    if "padding ignored" in bugs:
        padding = [(0, 0) for _ in padding]
    steps = zip(size, kernel_size, stride, padding, dilation, strict=True)
    rest = [(length + low + high - d * (k - 1) - 1) % s for length, k, s, (low, high), d in steps]
    if "remainder cut at the low end" in bugs:
        padding = [(low - r, high) for (low, high), r in zip(padding, rest, strict=True)]
    elif "remainder not cut" not in bugs:
        padding = [(low, high - r) for (low, high), r in zip(padding, rest, strict=True)]
    padded = bordered(a, padding, bugs)
    every = tuple(slice(None, None, 1 if "windows not dilated" in bugs else d) for d in dilation)
    pieces = []
    for outs, ins, _ in blocks(len(w), a.shape[1], groups, bugs):
        piece = correlated(padded[:, ins].swapaxes(0, 1), zeros_between[:, outs].swapaxes(0, 1))
        pieces.append((outs, ins, piece[(..., *every)].swapaxes(0, 1)))
    dw = np.zeros((*w.shape[:2], *pieces[0][2].shape[2:]), w.dtype)
    for outs, ins, piece in pieces:
        dw[outs, : len(ins)] = piece
    return finished_weight(dw, delta, w, stride, bugs)


def taps_weight(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    delta, a = samples(delta_in_order(delta, bugs), a, bugs)
    padded = a if "padding ignored" in bugs else bordered(a, padding, bugs)
    channels = a.shape[1] if "every filter meets every channel" in bugs else w.shape[1]
    dw = np.zeros((len(w), channels, *w.shape[2:]), w.dtype)
    ends = (0, *spatial(delta))
    for k in np.ndindex(*w.shape[2:]):
        steps = zip(k, delta.shape[2:], stride, dilation, strict=True)
        rows = tuple(slice(d * at, d * at + s * (o - 1) + 1, s) for at, o, s, d in steps)
        if "every filter meets every channel" in bugs:
            dw[(..., *k)] = np.tensordot(delta, padded[(..., *rows)], (ends, ends))
            continue
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = np.tensordot(delta[:, outs], padded[(slice(None), ins, *rows)], (ends, ends))
            if "last tap for all" in bugs:
                dw[kernels, : len(ins)] = part[(..., *(None for _ in k))]
            else:
                dw[(kernels, slice(len(ins)), *k)] += part
    return finished_weight(dw, delta, w, stride, bugs)


def gather_weight(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    steps = zip(a.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    rest = [(size + low + high - d * (k - 1) - 1) % s for size, k, s, (low, high), d in steps]
    stride, padding, dilation = misread(stride, padding, dilation, bugs)
    delta, a = samples(delta_in_order(delta, bugs), a, bugs)
    lows = [0 if "padding ignored" in bugs else low for low, _ in padding]
    if "remainder cut at the low end" in bugs:
        lows = [low - r for low, r in zip(lows, rest, strict=True)]
    if "half a kernel of padding" in bugs:
        lows = [d * (k - 1) // 2 for k, d in zip(w.shape[2:], dilation, strict=True)]
    dw = np.zeros_like(w)
    for k, i in product(np.ndindex(*w.shape[2:]), np.ndindex(*delta.shape[2:])):
        x = [s * at + d * tap - low for at, tap, s, d, low in zip(i, k, stride, dilation, lows, strict=True)]
        if "border of edge values" in bugs:
            x = [min(max(at, 0), size - 1) for at, size in zip(x, a.shape[2:], strict=True)]
        if any(at < 0 for at in x) and "lower bound not checked" not in bugs:
            continue
        if any(at >= size for at, size in zip(x, a.shape[2:], strict=True)) and "upper bound not checked" not in bugs:
            continue
        for outs, ins, kernels in blocks(len(w), a.shape[1], groups, bugs):
            part = delta[(slice(None), outs, *i)].T @ a[(slice(None), ins, *x)]
            if "last window inside the input survives" in bugs:
                dw[(kernels, slice(len(ins)), *k)] = part
            else:
                dw[(kernels, slice(len(ins)), *k)] += part
    return finished_weight(dw, delta, w, stride, bugs)


def samples(delta, a, bugs):
    """The samples that a loop over the batch, or the lack of one, leaves."""
    if "last sample survives" in bugs:
        return delta[-1:], a[-1:]
    if "first sample only" in bugs:
        return delta[:1], a[:1]
    if "samples mixed" in bugs:  # the batch summed first: right for one sample
        return delta.sum(0, keepdims=True), a.sum(0, keepdims=True)
    return delta, a


# dE/db --------------------------------------------------------------------------------------------------------------


def loop_bias(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    db = np.zeros(delta.shape[1], delta.dtype)
    for n in range(1 if "first sample only" in bugs else len(delta)):
        own = np.zeros_like(db)
        for i in np.ndindex(*delta.shape[2:]):
            own = delta[(n, slice(None), *i)] + (0 if "last position survives" in bugs else own)
        db = own + (0 if "last sample survives" in bugs else db)
    return finished_bias(db, delta, w, stride, bugs)


def sum_bias(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    if "every stride-th position only" in bugs:
        delta = delta[(..., *(slice(None, None, s) for s in stride))]
    if "border left out" in bugs:
        inner = zip(delta.shape[2:], padding, strict=True)
        delta = delta[(..., *(slice(low, size - high) for size, (low, high) in inner))]
    if "first sample only" in bugs:
        db = delta[0].sum(tuple(range(1, delta.ndim - 1)))
    elif "batch not summed" in bugs:
        db = delta.sum(spatial(delta))
    elif "positions not summed" in bugs:
        db = delta.sum(0)
    elif "last axis not summed" in bugs:
        db = delta.sum((0, *spatial(delta)[:-1]))
    elif "filters summed too" in bugs:
        db = np.full(delta.shape[1], delta.sum())
    elif "one number for all filters" in bugs:
        db = delta.sum()
    elif "groups summed" in bugs:
        each = delta.sum((0, *spatial(delta))).reshape(groups, -1)
        db = np.broadcast_to(each.sum(0), each.shape).reshape(-1)
    elif "axes kept" in bugs:
        db = delta.sum((0, *spatial(delta)), keepdims=True)
    else:
        db = delta.sum((0, *spatial(delta)))
    return finished_bias(db, delta, w, stride, bugs)


def matrix_bias(delta, a, w, stride, padding, dilation, groups, bugs):
    demand(a, w, stride, padding, dilation, groups, bugs)
    filters = delta.shape[1]
    if "batch and filters mixed up" in bugs:
        db = delta.reshape(filters, -1).sum(1)  # without the transposition: right for one sample
    else:
        db = delta.swapaxes(0, 1).reshape(filters, -1).sum(1)
    return finished_bias(db, delta, w, stride, bugs)


def finished_bias(db, delta, w, stride, bugs):
    """dE/db as it leaves the function."""
    if "last filter survives" in bugs:
        db[:-1] = 0
    if "last filter for all" in bugs:
        db[:] = db[-1]
    if "filters in reverse order" in bugs:
        db = db[::-1]
    return scaled(db, delta, w, stride, bugs)


STYLES = {
    "scatter": (scatter_input, scatter_weight, loop_bias),
    "closed": (closed_input, closed_weight, sum_bias),
    "taps": (taps_input, taps_weight, sum_bias),
    "gather": (gather_input, gather_weight, matrix_bias),
}
