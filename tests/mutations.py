"""Wrong closed forms, each a mistake that is made in practice, and random ones.

In: a layer.  Out: an array expression that is not the gradient, built by hand from the nodes of `symconv.arrays`.
Never: a claim that it is wrong: that is for brute force to say, on every layer that is listed with the mistake.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import combinations

from hypothesis import strategies as st

from symconv import closed
from symconv.arrays import (
    Add,
    ArrayExpression,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    rot180,
    shape,
)
from symconv.errors import InvalidExpression
from symconv.layer import Conv

# Layers on which a mistake has nothing to hide behind. Along every axis the kernel has more than one tap, low and high
# padding differ, and windows leave a remainder; some stride, dilation, input dilation and group count is above 1.
LINE = Conv(7, 3, stride=2, padding=((2, 1),), dilation=2, in_channels=2, out_channels=2)
PLANE = Conv(
    (5, 4), (2, 2), stride=2, padding=((2, 1), (1, 2)), dilation=(2, 1), groups=2, in_channels=4, out_channels=4,
    batch=2,
)  # fmt: skip
SPREAD = Conv(
    (3, 3), (2, 3), stride=(3, 2), padding=((2, 0), (1, 2)), input_dilation=(2, 3), groups=2, in_channels=2,
    out_channels=4, weight_layout="IO", bias=False,
)  # fmt: skip
FLIPPED = Conv((5, 5), (3, 2), stride=(2, 3), padding=((1, 2), (3, 2)), dilation=(1, 2), in_channels=2, flip=True)
SPACE = Conv((3, 4, 3), (2, 2, 3), stride=(2, 2, 3), padding=((2, 0), (2, 0), (1, 3)), dilation=(1, 2, 1), batch=2)
DENSE = Conv((3, 3), (2, 3), padding=((1, 0), (0, 1)), in_channels=2, out_channels=3, batch=2)
STRIDED = (LINE, PLANE, SPREAD, FLIPPED, SPACE)
TELLING = (*STRIDED, DENSE)


@dataclass(frozen=True)
class Mutation:
    """A mistake in the closed form of one gradient, and layers on which it changes the result."""

    name: str
    of: str
    form: Callable[[Conv], ArrayExpression]
    layers: tuple[Conv, ...] = TELLING

    def __str__(self):
        return f"{self.of}: {self.name}"


def fitted(expression, wanted):
    """Cut, or filled up with zeros, at the high ends, so that the shape gives nothing away."""
    size = shape(expression)
    return (
        expression if size == wanted else Pad(expression, tuple((0, m - n) for n, m in zip(size, wanted, strict=True)))
    )


def correlated(operand, kernel, *, factors, low, stride, dilation, groups, wanted):
    """``corr(pad(dilate(operand)))`` with the high pad that makes the result as long as wanted."""
    dilated = Dilate(operand, factors)
    spans = zip(shape(dilated)[2:], shape(kernel)[2:], low, stride, dilation, wanted, strict=True)
    padding = tuple((first, s * (m - 1) + d * (k - 1) + 1 - first - n) for n, k, first, s, d, m in spans)
    return Correlate(Pad(dilated, padding), kernel, stride, dilation, groups)


def one_tap(kernel):
    """The kernel with all but its first tap put to zero."""
    rest = [n - 1 for n in shape(kernel)[2:]]
    return Pad(Pad(kernel, tuple((0, -n) for n in rest)), tuple((0, n) for n in rest))


# dE/da


def delta_of(layer):
    return Input("delta", layer.output_shape)


def exchanged_kernel(layer):
    w = Input("w", layer.weight_shape)
    return w if layer.weight_layout == "IO" else closed.exchange_channels(w, layer.groups)


def turned(layer, kernel):
    """Rotated, as dE/da wants it."""
    return kernel if layer.flip else rot180(kernel)


def input_padding(layer):
    """The padding of the theorem."""
    full = [axis.dilated_kernel_size - 1 for axis in layer.axes]
    return tuple((f - a.low, f - a.high + a.remainder) for f, a in zip(full, layer.axes, strict=True))


def input_form(layer, *, operand=None, padding=None, kernel=None):
    """The theorem's closed form but for what is given."""
    operand = delta_of(layer) if operand is None else operand
    padding = input_padding(layer) if padding is None else tuple(padding)
    kernel = turned(layer, exchanged_kernel(layer)) if kernel is None else kernel
    dilated = Pad(Dilate(operand, layer.stride), padding)
    return Correlate(dilated, kernel, layer.input_dilation, layer.dilation, layer.groups)


def input_form_fitted(layer, *, factors=None, low=None, stride=None, dilation=None):
    """The theorem's closed form but for what is given, as long as the input."""
    return correlated(
        delta_of(layer),
        turned(layer, exchanged_kernel(layer)),
        factors=factors or layer.stride,
        low=tuple(first for first, _ in input_padding(layer)) if low is None else tuple(low),
        stride=stride or layer.input_dilation,
        dilation=dilation or layer.dilation,
        groups=layer.groups,
        wanted=layer.input_size,
    )


def one_axis_turned(axis):
    def form(layer):
        kernel = exchanged_kernel(layer)
        rest = tuple(j for j in range(2, 2 + layer.ndim) if j != axis % layer.ndim + 2)
        return input_form(layer, kernel=Rotate(kernel, (axis % layer.ndim + 2,) if not layer.flip else rest))

    return form


def axes_exchanged(layer):
    kernel = turned(layer, exchanged_kernel(layer))
    return input_form(layer, kernel=Transpose(kernel, (0, 1, 3, 2, *range(4, 2 + layer.ndim))))


def padded(low, high):
    """The theorem's padding and so much more along the last axis."""

    def form(layer):
        *others, (first, last) = input_padding(layer)
        return input_form(layer, padding=(*others, (first + low, last + high)))

    return form


def without_remainder(layer):
    pairs = zip(input_padding(layer), layer.remainder, strict=True)
    return input_form(layer, padding=((low, high - r) for (low, high), r in pairs))


def remainder_on_the_low_side(layer):
    pairs = zip(input_padding(layer), layer.remainder, strict=True)
    return input_form(layer, padding=((low + r, high - r) for (low, high), r in pairs))


def one_product_more(times):
    def form(layer):
        kernel = one_tap(turned(layer, exchanged_kernel(layer)))
        return Add(input_form(layer), Scale(input_form(layer, kernel=kernel), times))

    return form


def first_row_lost(layer):
    rest = ((0, 0),) * (layer.ndim - 1)
    return Pad(Pad(input_form(layer), ((-1, 0), *rest)), ((1, 0), *rest))


def last_entry_moved(layer):
    """The last row of the last axis wrapped around to the first place: a circular shift by one."""
    size = layer.input_size[-1]
    rest = ((0, 0),) * (layer.ndim - 1)
    form = input_form(layer)
    last = Pad(Pad(form, (*rest, (1 - size, 0))), (*rest, (0, size - 1)))
    others = Pad(form, (*rest, (1, -1)))
    return Add(last, others)


def channels_kept(layer):
    w = Input("w", layer.weight_shape)
    return input_form(layer, kernel=turned(layer, w if layer.weight_layout == "OI" else exchange(w, layer)))


def exchange(w, layer):
    return closed.exchange_channels(w, layer.groups)


def channels_interleaved(layer):
    """Input channels in the order (c, g) and not (g, c)."""
    split = Split(exchanged_kernel(layer), 0, layer.groups)
    kernel = Merge(Transpose(split, (1, 0, *range(2, 3 + layer.ndim))), 0)
    return input_form(layer, kernel=turned(layer, kernel))


def delta_interleaved(layer):
    split = Split(delta_of(layer), 1, layer.groups)
    return input_form(layer, operand=Merge(Transpose(split, (0, 2, 1, *range(3, 3 + layer.ndim))), 1))


def groups_reversed(layer):
    kernel = Merge(Rotate(Split(exchanged_kernel(layer), 0, layer.groups), (0,)), 0)
    return input_form(layer, kernel=turned(layer, kernel))


def groups_ignored(layer):
    kernel = turned(layer, closed.exchange_channels(Input("w", layer.weight_shape), 1))
    dilated = Pad(Dilate(delta_of(layer), layer.stride), input_padding(layer))
    return Correlate(dilated, kernel, layer.input_dilation, layer.dilation)


def more(values):
    return tuple(n + 1 for n in values)


def ones(layer):
    return (1,) * layer.ndim


OF_INPUT = (
    Mutation(
        "the kernel is not rotated",
        "input",
        lambda layer: input_form(layer, kernel=Rotate(turned(layer, exchanged_kernel(layer)), spatial(layer))),
    ),
    Mutation("only the first axis is rotated", "input", one_axis_turned(0), (PLANE, SPREAD, FLIPPED, SPACE, DENSE)),
    Mutation("only the last axis is rotated", "input", one_axis_turned(-1), (PLANE, SPREAD, FLIPPED, SPACE, DENSE)),
    Mutation("the kernel's axes are exchanged", "input", axes_exchanged, (PLANE, SPREAD, FLIPPED, SPACE, DENSE)),
    Mutation("one zero too many at the low end", "input", padded(1, 0)),
    Mutation("one zero too few at the low end", "input", padded(-1, 0)),
    Mutation("one zero too many at the high end", "input", padded(0, 1), (LINE, PLANE, FLIPPED, SPACE, DENSE)),
    Mutation("one zero too few at the high end", "input", padded(0, -1)),
    Mutation("one place too far", "input", padded(1, -1)),
    Mutation("one place not far enough", "input", padded(-1, 1)),
    Mutation(
        "low and high padding are swapped",
        "input",
        lambda layer: input_form(layer, padding=((high, low) for low, high in input_padding(layer))),
    ),
    Mutation(
        "low and high of the layer are swapped in the formula",
        "input",
        lambda layer: input_form(
            layer,
            padding=(
                (low + a.low - a.high, high + a.high - a.low)
                for (low, high), a in zip(input_padding(layer), layer.axes, strict=True)
            ),
        ),
    ),
    Mutation(
        "dilation is ignored in the padding",
        "input",
        lambda layer: input_form_fitted(layer, low=(a.kernel_size - 1 - a.low for a in layer.axes)),
        (LINE, PLANE, FLIPPED, SPACE),
    ),
    Mutation(
        "the layer's own padding is not taken off",
        "input",
        lambda layer: input_form(
            layer,
            padding=(
                (low + a.low, high + a.high) for (low, high), a in zip(input_padding(layer), layer.axes, strict=True)
            ),
        ),
    ),
    Mutation(
        "the layer's own padding is not taken off, and the result cut to shape",
        "input",
        lambda layer: input_form_fitted(layer, low=(a.dilated_kernel_size - 1 for a in layer.axes)),
    ),
    Mutation("the remainder is ignored", "input", without_remainder, (LINE, PLANE, FLIPPED, SPACE)),
    Mutation(
        "the remainder is ignored, and zeros put at the end",
        "input",
        lambda layer: fitted(without_remainder(layer), layer.input_shape),
        (LINE, PLANE, FLIPPED, SPACE),
    ),
    Mutation("the remainder is put on the low side", "input", remainder_on_the_low_side, STRIDED),
    Mutation(
        "delta is not dilated",
        "input",
        lambda layer: Correlate(
            Pad(delta_of(layer), tuple((a.dilated_kernel_size - 1,) * 2 for a in layer.axes)),
            turned(layer, exchanged_kernel(layer)),
            layer.input_dilation,
            layer.dilation,
            layer.groups,
        ),
        STRIDED,
    ),
    Mutation(
        "delta is not dilated, and the padding makes up for it",
        "input",
        lambda layer: input_form_fitted(layer, factors=ones(layer)),
        STRIDED,
    ),
    Mutation(
        "delta is dilated by one too many",
        "input",
        lambda layer: input_form_fitted(layer, factors=more(layer.stride)),
    ),
    Mutation(
        "the kernel is not dilated",
        "input",
        lambda layer: input_form_fitted(layer, dilation=ones(layer)),
        (LINE, PLANE, FLIPPED, SPACE),
    ),
    Mutation(
        "stride and dilation are exchanged",
        "input",
        lambda layer: input_form_fitted(layer, factors=layer.dilation, dilation=layer.stride),
        (PLANE, SPREAD, FLIPPED, SPACE),
    ),
    Mutation("one product is counted twice", "input", one_product_more(1)),
    Mutation("one product is lost", "input", one_product_more(-1)),
    Mutation("the first row is lost", "input", first_row_lost, (LINE, PLANE, FLIPPED, SPACE, DENSE)),
    Mutation("the last entry is moved to the front", "input", last_entry_moved),
    Mutation("twice the gradient", "input", lambda layer: Scale(input_form(layer), 2)),
    Mutation("the sign is wrong", "input", lambda layer: Scale(input_form(layer), -1)),
    Mutation("nothing at all", "input", lambda layer: Scale(input_form(layer), 0)),
    Mutation("channels are not exchanged", "input", channels_kept, (LINE, PLANE)),
    Mutation("channels are interleaved across groups", "input", channels_interleaved, (PLANE,)),
    Mutation("channels of delta are interleaved across groups", "input", delta_interleaved, (PLANE, SPREAD)),
    Mutation("groups are in reverse order", "input", groups_reversed, (PLANE, SPREAD)),
    Mutation("groups are ignored", "input", groups_ignored, (PLANE,)),
    Mutation(
        "input dilation is ignored",
        "input",
        lambda layer: input_form_fitted(layer, stride=ones(layer)),
        (SPREAD,),
    ),
    Mutation(
        "input dilation is one too many",
        "input",
        lambda layer: input_form_fitted(layer, stride=more(layer.input_dilation)),
    ),
)


# dE/dw


def spatial(layer):
    return tuple(range(2, 2 + layer.ndim))


def channels_first(layer, operand=None, order=(2, 1, 0)):
    """a as (C/g, g*N, *L)."""
    a = Split(Input("a", layer.input_shape) if operand is None else operand, 1, layer.groups)
    return Merge(Transpose(a, (*order, *(j + 1 for j in spatial(layer)))), 1)


def outputs_first(layer, operand=None):
    """delta as (M, N, *O)."""
    return Transpose(delta_of(layer) if operand is None else operand, (1, 0, *spatial(layer)))


def laid_out(layer, by_channel):
    """(C/g, M, *K) as the weight is, and rotated where the layer rotates it."""
    plain = Transpose(by_channel, (1, 0, *spatial(layer)))
    plain = closed.exchange_channels(plain, layer.groups) if layer.weight_layout == "IO" else plain
    return rot180(plain) if layer.flip else plain


def weight_padding(layer):
    """The padding of the theorem."""
    return tuple((a.low, a.high - a.remainder) for a in layer.axes)


def weight_form(layer, *, a=None, delta=None, padding=None):
    """The theorem's closed form but for what is given."""
    padding = weight_padding(layer) if padding is None else tuple(padding)
    operand = Pad(Dilate(channels_first(layer) if a is None else a, layer.input_dilation), padding)
    kernel = outputs_first(layer) if delta is None else delta
    return laid_out(layer, Correlate(operand, kernel, layer.dilation, layer.stride, layer.groups))


def weight_form_fitted(layer, *, factors=None, low=None, stride=None, dilation=None):
    """The theorem's closed form but for what is given, as long as the kernel."""
    found = correlated(
        channels_first(layer),
        outputs_first(layer),
        factors=factors or layer.input_dilation,
        low=tuple(a.low for a in layer.axes) if low is None else tuple(low),
        stride=stride or layer.dilation,
        dilation=dilation or layer.stride,
        groups=layer.groups,
        wanted=layer.kernel_size,
    )
    return laid_out(layer, found)


def weight_padded(low, high):
    def form(layer):
        *others, (first, last) = weight_padding(layer)
        return weight_form(layer, padding=(*others, (first + low, last + high)))

    return form


def first_of_batch(layer, tensor):
    """The tensor with all but its first batch item put to zero."""
    rest = ((0, 0),) * (len(tensor.shape) - 1)
    return Pad(Pad(tensor, ((0, 1 - layer.batch), *rest)), ((0, layer.batch - 1), *rest))


def only_first_of_batch(layer):
    return weight_form(layer, a=channels_first(layer, first_of_batch(layer, Input("a", layer.input_shape))))


def batch_reversed(layer):
    return weight_form(layer, delta=outputs_first(layer, Rotate(delta_of(layer), (0,))))


def batch_and_groups_mixed(layer):
    return weight_form(layer, a=channels_first(layer, order=(2, 0, 1)))


def weight_groups_ignored(layer):
    a = Transpose(Input("a", layer.input_shape), (1, 0, *spatial(layer)))
    padded_a = Pad(Dilate(a, layer.input_dilation), weight_padding(layer))
    return Transpose(Correlate(padded_a, outputs_first(layer), layer.dilation, layer.stride), (1, 0, *spatial(layer)))


def weight_groups_reversed(layer):
    a = Rotate(Split(Input("a", layer.input_shape), 1, layer.groups), (1,))
    return weight_form(layer, a=Merge(Transpose(a, (2, 1, 0, *(j + 1 for j in spatial(layer)))), 1))


def roles_exchanged(layer):
    """``corr(delta, a)`` and not ``corr(a, delta)``, where strides and dilations are 1: the taps come reversed."""
    padding = tuple((a.kernel_size - 1 - a.low, a.kernel_size - 1 - a.high) for a in layer.axes)
    a = Transpose(Input("a", layer.input_shape), (1, 0, *spatial(layer)))
    return Correlate(Pad(outputs_first(layer), padding), a, layer.dilation, layer.stride)


def weight_channels_kept(layer):
    a = Pad(Dilate(channels_first(layer), layer.input_dilation), weight_padding(layer))
    return Correlate(a, outputs_first(layer), layer.dilation, layer.stride, layer.groups)


OF_WEIGHT = (
    Mutation(
        "stride and dilation are exchanged",
        "weight",
        lambda layer: weight_form_fitted(layer, stride=layer.stride, dilation=layer.dilation),
        (PLANE, SPREAD, FLIPPED, SPACE),
    ),
    Mutation(
        "the remainder is ignored",
        "weight",
        lambda layer: weight_form(layer, padding=((a.low, a.high) for a in layer.axes)),
        (PLANE, SPACE),
    ),
    Mutation(
        "the remainder is put on the low side",
        "weight",
        lambda layer: weight_form(layer, padding=((a.low - a.remainder, a.high) for a in layer.axes)),
        STRIDED,
    ),
    Mutation("it is rotated as the kernel is", "weight", lambda layer: Rotate(weight_form(layer), spatial(layer))),
    Mutation("one axis of it is rotated", "weight", lambda layer: Rotate(weight_form(layer), (2,))),
    Mutation(
        "low and high padding are swapped",
        "weight",
        lambda layer: weight_form_fitted(layer, low=(a.high for a in layer.axes)),
    ),
    Mutation(
        "padding is forgotten",
        "weight",
        lambda layer: weight_form_fitted(layer, low=(0 for _ in layer.axes)),
    ),
    Mutation("one zero too many at the low end", "weight", weight_padded(1, 0)),
    Mutation("one zero too few at the high end", "weight", weight_padded(0, -1)),
    Mutation("one place too far", "weight", weight_padded(1, -1)),
    Mutation("one place not far enough", "weight", weight_padded(-1, 1)),
    Mutation("only the first batch item is summed", "weight", only_first_of_batch, (PLANE, SPACE, DENSE)),
    Mutation("delta's batch is in reverse order", "weight", batch_reversed, (PLANE, SPACE, DENSE)),
    Mutation("batch and groups are mixed", "weight", batch_and_groups_mixed, (PLANE,)),
    Mutation("groups are ignored", "weight", weight_groups_ignored, (PLANE,)),
    Mutation("groups are in reverse order", "weight", weight_groups_reversed, (PLANE, SPREAD)),
    Mutation("delta and a exchange their roles", "weight", roles_exchanged, (DENSE,)),
    Mutation("channels are not exchanged", "weight", weight_channels_kept, (LINE,)),
    Mutation("channels are not exchanged, and their sizes differ", "weight", weight_channels_kept, (SPREAD, DENSE)),
    Mutation(
        "input dilation is ignored",
        "weight",
        lambda layer: weight_form_fitted(layer, factors=ones(layer)),
        (SPREAD,),
    ),
    Mutation(
        "delta is not dilated",
        "weight",
        lambda layer: weight_form_fitted(layer, dilation=ones(layer)),
        STRIDED,
    ),
    Mutation(
        "a is dilated by one too many",
        "weight",
        lambda layer: weight_form_fitted(layer, factors=more(layer.input_dilation)),
    ),
    Mutation(
        "the kernel's dilation is one too many",
        "weight",
        lambda layer: weight_form_fitted(layer, stride=more(layer.dilation)),
    ),
    Mutation("twice the gradient", "weight", lambda layer: Add(weight_form(layer), weight_form(layer))),
    Mutation("the sign is wrong", "weight", lambda layer: Scale(weight_form(layer), -1)),
)


# dE/db


def bias_form(layer, operand=None):
    return Sum(delta_of(layer) if operand is None else operand, (0, *spatial(layer)))


WITH_BIAS = (LINE, PLANE, FLIPPED, SPACE, DENSE)
SEVERAL_CHANNELS = (LINE, PLANE, DENSE)
OF_BIAS = (
    Mutation("the batch is not summed", "bias", lambda layer: Sum(delta_of(layer), spatial(layer)), WITH_BIAS),
    Mutation(
        "only the first batch item is summed",
        "bias",
        lambda layer: bias_form(layer, first_of_batch(layer, delta_of(layer))),
        (PLANE, SPACE, DENSE),
    ),
    Mutation(
        "one axis is not summed",
        "bias",
        lambda layer: Sum(delta_of(layer), (0, *spatial(layer)[:-1])),
        WITH_BIAS,
    ),
    Mutation(
        "channels are summed too, and the sum given to each",
        "bias",
        lambda layer: Broadcast(
            Sum(Split(delta_of(layer), 1, 1), (0, *range(2, 3 + layer.ndim))), (layer.out_channels, 1), 1
        ),
        (LINE,),
    ),
    Mutation(
        "one row is left out",
        "bias",
        lambda layer: bias_form(layer, Pad(delta_of(layer), ((0, 0),) * (layer.ndim - 1) + ((-1, 0),))),
        (LINE, PLANE, FLIPPED, DENSE),
    ),
    Mutation("channels are in reverse order", "bias", lambda layer: Rotate(bias_form(layer), (0,)), SEVERAL_CHANNELS),
    Mutation(
        "one row is counted twice",
        "bias",
        lambda layer: Add(
            bias_form(layer), bias_form(layer, Pad(delta_of(layer), tuple((0, 1 - n) for n in layer.output_size)))
        ),
        WITH_BIAS,
    ),
    Mutation("twice the gradient", "bias", lambda layer: Scale(bias_form(layer), 2), WITH_BIAS),
    Mutation("the sign is wrong", "bias", lambda layer: Scale(bias_form(layer), -1), WITH_BIAS),
    Mutation(
        "it is counted once for each of several copies",
        "bias",
        lambda layer: Sum(Broadcast(bias_form(layer), (layer.out_channels, 3), 0), (1,)),
        WITH_BIAS,
    ),
)

MUTATIONS = (*OF_INPUT, *OF_WEIGHT, *OF_BIAS)


# At random


@st.composite
def perturbed(draw, form, most=2):
    """A correct closed form with one or two small changes anywhere in it; some of them change nothing.

    Where its shape has changed, it may be cut or filled up to the shape it had, at the low or at the high ends.
    """
    wanted = shape(form)
    for _ in range(draw(st.integers(1, most))):
        path, node = draw(st.sampled_from(list(places(form))))
        found = [put(form, path, new) for new in changes(node)]
        form = draw(st.sampled_from([new for new in found if is_well_formed(new)]))
    size = shape(form)
    if size != wanted and len(size) == len(wanted) and draw(st.booleans()):
        low = draw(st.booleans())
        gaps = [m - n for n, m in zip(size, wanted, strict=True)]
        form = Pad(form, tuple((gap, 0) if low else (0, gap) for gap in gaps))
    return form


def places(node, path=()):
    """Every node of an expression with the way to it."""
    yield path, node
    for part in [f.name for f in fields(node) if f.name in ("operand", "kernel", "left", "right")]:
        yield from places(getattr(node, part), (*path, part))


def put(node, path, new):
    """The expression with another node at the end of this way."""
    return replace(node, **{path[0]: put(getattr(node, path[0]), path[1:], new)}) if path else new


def is_well_formed(node):
    try:
        shape(node)
    except InvalidExpression:
        return False
    return True


def bumped(numbers):
    """The numbers with one of them one less or one more."""
    for j, n in enumerate(numbers):
        yield from ((*numbers[:j], n + step, *numbers[j + 1 :]) for step in (-1, 1))


def changes(node):
    """What a node may become: other numbers, another order, nothing, or something around it."""
    yield from _other_numbers(node)
    yield from (Scale(node, factor) for factor in (-1, 0, 2))
    yield from (Add(node, node), Add(node, Scale(node, -1)), Add(node, Scale(node, 0)))
    ndim = len(shape(node))
    for j, n in enumerate(shape(node)):
        yield from (Rotate(node, (j,)), Add(node, Rotate(node, (j,))))
        for pair in ((1, -1), (-1, 1), (1, 0), (0, 1), (-1, 0), (0, -1)):
            there = ((0, 0),) * j + (pair,) + ((0, 0),) * (ndim - 1 - j)
            back = tuple((-low, -high) for low, high in there)
            yield from (Pad(node, there), Pad(Pad(node, there), back))
        yield from (exchanged(node, j, k) for k in range(j))
        yield Dilate(node, (1,) * j + (2,) + (1,) * (ndim - 1 - j))
        yield Broadcast(Sum(node, tuple(k for k in range(ndim) if k != j)), shape(node), j)
        for outer in [m for m in range(2, n + 1) if n % m == 0]:
            split = Split(node, j, outer)
            yield from (Merge(split, j), Merge(exchanged(split, j + 1, j), j))


def exchanged(node, one, other):
    """Two axes exchanged."""
    axes = list(range(len(shape(node))))
    axes[one], axes[other] = axes[other], axes[one]
    return Transpose(node, tuple(axes))


def _other_numbers(node):
    match node:
        case Pad(operand, padding):
            flat = tuple(n for pair in padding for n in pair)
            yield from (Pad(operand, tuple(zip(new[::2], new[1::2], strict=True))) for new in bumped(flat))
            yield from (Pad(operand, tuple(pair[::-1] for pair in padding)), operand)
        case Dilate(operand, factors):
            yield from (*(Dilate(operand, new) for new in bumped(factors)), operand)
        case Rotate(operand, axes):
            every = range(len(shape(operand)))
            yield from (*(Rotate(operand, tuple(sorted({*axes} ^ {j}))) for j in every), operand)
        case Transpose(operand, axes):
            for i, j in combinations(range(len(axes)), 2):
                yield Transpose(operand, (*axes[:i], axes[j], *axes[i + 1 : j], axes[i], *axes[j + 1 :]))
        case Correlate(operand, kernel, stride, dilation, groups):
            yield from (replace(node, stride=new) for new in bumped(stride))
            yield from (replace(node, dilation=new) for new in bumped(dilation))
            yield from (replace(node, groups=new) for new in range(1, 5) if new != groups)
            yield replace(node, stride=dilation, dilation=stride)
            yield replace(node, operand=kernel, kernel=operand)
        case Split(operand, axis, outer):
            yield from (Split(operand, axis, new) for new in range(1, 5) if new != outer)
            yield from (Split(operand, new, outer) for new in range(len(shape(operand))) if new != axis)
        case Merge(operand, axis):
            yield from (Merge(operand, new) for new in range(len(shape(operand))) if new != axis)
        case Sum(operand, axes):
            yield from (Sum(operand, tuple(sorted({*axes} ^ {j}))) for j in range(len(shape(operand))))
