"""Hypothesis strategies for layers: valid by construction (nothing is filtered), with the simplest layer first.

The last number drawn along an axis is its high padding, from the least that lets the kernel fit.  What is spelled in
another way (padding by name, transposed) is drawn as a plain layer and then respelled, so that it shrinks to one.
"""

from hypothesis import strategies as st

from symconv.layer import Conv

PADDING_NAMES = ("valid", "full", "same", "same_lower")
LEAST_PADDING, MOST_PADDING = -3, 6
MOST_STEP = 4  # of stride, dilation and input dilation
MOST_MONOMIALS = 300  # of a small layer


def layers(max_ndim=3, max_size=6, max_channels=4, max_batch=2):
    """Layers with every option: padding in numbers or by name, and transposed ones.

    `max_size` bounds inputs and kernels; outputs may be larger.
    """
    limits = {"max_ndim": max_ndim, "max_size": max_size, "max_channels": max_channels, "max_batch": max_batch}
    return st.one_of(
        plain_arguments(**limits).map(_conv),
        named_arguments(**limits).map(_conv),
        transposed_arguments(**limits).map(_transposed),
    )


@st.composite
def small_layers(draw, max_ndim=3, max_size=4, max_channels=4, max_batch=2):
    """Plain layers of at most MOST_MONOMIALS monomials, so that they can be written out in full."""
    ndim = draw(st.integers(1, max_ndim))
    channels = draw(_channels(max_channels, max_batch))
    each = channels["batch"] * channels["out_channels"] * channels["in_channels"] // channels["groups"]
    along_axis = _root(MOST_MONOMIALS // each, ndim)
    axes = [draw(_axis(max_size, most_products=along_axis)) for _ in range(ndim)]
    return Conv(**_joined(axes), **channels, **draw(_options()))


@st.composite
def plain_arguments(draw, max_ndim=3, max_size=6, max_channels=4, max_batch=2, max_input_dilation=MOST_STEP):
    """Arguments of `Conv`, the padding in numbers."""
    axes = draw(_along_axes(_axis(max_size, max_input_dilation), max_ndim))
    return _joined(axes) | draw(_channels(max_channels, max_batch)) | draw(_options())


@st.composite
def named_arguments(draw, names=PADDING_NAMES, **limits):
    """Arguments of `Conv`, the padding by name; for "valid" the kernel is cut to what fits the bare input."""
    arguments = draw(plain_arguments(**limits))
    name = draw(st.sampled_from(names))
    if name == "valid":
        sizes = zip(*(arguments[n] for n in ("input_size", "kernel_size", "dilation", "input_dilation")), strict=True)
        arguments["kernel_size"] = tuple(min(kernel, u * (size - 1) // d + 1) for size, kernel, d, u in sizes)
    return arguments | {"padding": name}


@st.composite
def transposed_arguments(draw, **limits):
    """Arguments of `Conv.transposed`; the high padding is cut to what leaves an output."""
    arguments = draw(plain_arguments(**limits))
    for name in ("input_dilation", "flip", "weight_layout"):
        del arguments[name]
    names = ("input_size", "kernel_size", "stride", "dilation", "padding")
    padding, output_padding = [], []
    for size, kernel, s, d, (low, high) in zip(*(arguments[name] for name in names), strict=True):
        more = draw(st.integers(0, max(s, d) - 1))
        padding.append((low, min(high, s * (size - 1) + d * (kernel - 1) + more - low)))
        output_padding.append(more)
    return arguments | {"padding": tuple(padding), "output_padding": tuple(output_padding)}


@st.composite
def torch_arguments(draw, max_ndim=3, max_size=4, max_channels=4, max_batch=2):
    """Keyword arguments of `Conv.from_torch_args` that PyTorch takes too; `max_size` bounds the kernel."""
    transposed = draw(st.booleans())
    padding = "numbers" if transposed else draw(st.sampled_from(("numbers", "valid", "same")))
    axis = _torch_transposed_axis(max_size) if transposed else _torch_axis(max_size, padding)
    arguments = _joined(draw(_along_axes(axis, max_ndim)))
    if padding != "numbers":
        arguments["padding"] = padding
    return arguments | draw(_channels(max_channels, max_batch)) | {"bias": draw(_bias()), "transposed": transposed}


@st.composite
def _axis(draw, max_size, max_input_dilation=MOST_STEP, most_products=None):
    """Sizes and options along one axis; `most_products` bounds O*K."""
    size = draw(st.integers(1, max_size))
    kernel = draw(st.integers(1, max_size if most_products is None else min(max_size, most_products)))
    stride, dilation, input_dilation = draw(_step()), draw(_step()), draw(st.integers(1, max_input_dilation))
    low = draw(st.integers(LEAST_PADDING, MOST_PADDING))
    least = dilation * (kernel - 1) - input_dilation * (size - 1) - low  # the kernel just fits: t = 0
    lower, upper = max(LEAST_PADDING, least), max(MOST_PADDING, least)
    if most_products is not None:
        most = least + stride * (most_products // kernel) - 1
        lower, upper = min(lower, most), min(upper, most)
    return {
        "input_size": size, "kernel_size": kernel, "stride": stride, "dilation": dilation,
        "input_dilation": input_dilation, "padding": (low, draw(st.integers(lower, upper))),
    }  # fmt: skip


@st.composite
def _torch_axis(draw, max_size, padding):
    """An axis of PyTorch's Conv: equal padding on both sides, or a name's; the input is what is long enough."""
    kernel, dilation = draw(st.integers(1, max_size)), draw(_step())
    stride = 1 if padding == "same" else draw(_step())
    amount = draw(st.integers(0, MOST_PADDING // 2)) if padding == "numbers" else 0
    least = 1 if padding == "same" else max(1, dilation * (kernel - 1) + 1 - 2 * amount)
    size = draw(st.integers(least, least + max_size - 1))
    return {
        "input_size": size, "kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": amount,
    }  # fmt: skip


@st.composite
def _torch_transposed_axis(draw, max_size):
    """An axis of PyTorch's ConvTranspose: padding shortens the output, down to one entry."""
    size, kernel = draw(st.integers(1, max_size)), draw(st.integers(1, max_size))
    stride, dilation = draw(_step()), draw(_step())
    more = draw(st.integers(0, max(stride, dilation) - 1))
    longest = stride * (size - 1) + dilation * (kernel - 1) + more
    return {
        "input_size": size, "kernel_size": kernel, "stride": stride, "dilation": dilation,
        "padding": draw(st.integers(0, min(MOST_PADDING, longest // 2))), "output_padding": more,
    }  # fmt: skip


@st.composite
def _along_axes(draw, axis, max_ndim):
    return [draw(axis) for _ in range(draw(st.integers(1, max_ndim)))]


@st.composite
def _channels(draw, max_channels, max_batch):
    groups = draw(st.integers(1, max_channels))
    per_group = st.integers(1, max_channels // groups)
    return {
        "groups": groups,
        "in_channels": groups * draw(per_group),
        "out_channels": groups * draw(per_group),
        "batch": draw(st.integers(1, max_batch)),
    }


def _options():
    return st.fixed_dictionaries(
        {"bias": _bias(), "flip": st.booleans(), "weight_layout": st.sampled_from(("OI", "IO"))}
    )


def _bias():
    return st.sampled_from((True, False))


def _step():
    return st.integers(1, MOST_STEP)


def _joined(axes):
    """One tuple per argument from one dict per axis."""
    return {name: tuple(axis[name] for axis in axes) for name in axes[0]}


def _root(number, degree):
    """The greatest r with r**degree <= number."""
    return max(r for r in range(number + 1) if r**degree <= number)


def _conv(arguments):
    return Conv(**arguments)


def _transposed(arguments):
    return Conv.transposed(**arguments)
