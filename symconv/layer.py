"""What the user names: `Conv`, a convolution layer, and `Axis`, its equation along one spatial axis.

In: sizes and options as a person writes them.  Out: a frozen, validated layer whose hypotheses hold.
Never: arrays, symbols or proofs; a `Conv` that exists is a layer of the theorem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any, SupportsIndex

from symconv.arguments import Padding, PerAxis, boolean, is_sequence, one_of, pair, per_axis, positive, sizes
from symconv.errors import InvalidLayer, UnsupportedLayer
from symconv.general_layer import NAMES as GENERAL_NAMES
from symconv.general_layer import GeneralConv

PADDING_NAMES = ("valid", "full", "same", "same_lower")
WEIGHT_LAYOUTS = ("OI", "IO")


@dataclass(frozen=True)
class Axis:
    """The axis relation ``u*x = s*i + d*k - p_lo`` over ``0 <= i < O, 0 <= k < K, 0 <= x < L``.

    Along one spatial axis this equation over boxes of integers is all that a convolution layer is: output position i
    meets input position x under kernel tap k exactly when it holds.

    Examples
    --------
    >>> axis = Axis(input_size=8, kernel_size=3, stride=2, low=1, high=1)
    >>> axis.output_size, axis.remainder
    (4, 1)
    """

    input_size: int
    kernel_size: int
    stride: int = 1
    dilation: int = 1
    input_dilation: int = 1
    low: int = 0
    high: int = 0

    @property
    def slack(self) -> int:
        """``t = u*(L-1) + p_lo + p_hi - d*(K-1)``: how far the kernel can slide; the layer exists when t >= 0."""
        return self.dilated_input_size - 1 + self.low + self.high - (self.dilated_kernel_size - 1)

    @property
    def output_size(self) -> int:
        """``O = t div s + 1``."""
        return self.slack // self.stride + 1

    @property
    def remainder(self) -> int:
        """``r = t mod s``: how many positions at the high end no window starts at (PyTorch's output_padding)."""
        return self.slack % self.stride

    @property
    def dilated_kernel_size(self) -> int:
        """``d*(K-1) + 1``: the span of the kernel with its gaps."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def dilated_input_size(self) -> int:
        """``u*(L-1) + 1``: the span of the input with its gaps."""
        return self.input_dilation * (self.input_size - 1) + 1


@dataclass(frozen=True, init=False, repr=False)
class Conv:
    """A convolution layer (cross-correlation, as frameworks mean it), with any number of spatial axes.

    The layer computes, with ``y = c + (C/groups) * (o div (M/groups))`` the input channel of its group,

        z[n, o, i] = b[o] + sum over c, k, x with  u*x = s*i + d*k - p_lo  of  w[o, c, k] * a[n, y, x]

    Parameters
    ----------
    input_size, kernel_size
        Sizes L and K along each spatial axis; a single int makes a layer with one axis.
    stride, dilation, input_dilation
        s, d and u: one int for all axes, or one per axis. `dilation` spreads the kernel (PyTorch's name),
        `input_dilation` puts u - 1 zeros between the entries of the input (JAX's lhs_dilation).
    padding
        Zeros around the (dilated) input: one int, one int per axis, one ``(low, high)`` pair per axis, or one of
        ``"valid"`` (none), ``"full"`` (d*(K-1) on each side), ``"same"`` and ``"same_lower"`` (output size
        ceil(T/s) for T = u*(L-1) + 1, the odd zero at the high or at the low end). Negative padding crops.
    groups, in_channels, out_channels, batch
        Positive ints; `groups` divides both channel counts.
    bias
        Whether b is added.
    flip
        True for a convolution in the sense of mathematics: the plain layer of the kernel rotated by 180 degrees.
    weight_layout
        ``"OI"``: w has shape (M, C/groups, *K). ``"IO"``: (C, M/groups, *K), as in PyTorch's ConvTranspose.

    Raises
    ------
    InvalidLayer
        If a value is not of the kind above, or the kernel does not fit the padded input.

    Examples
    --------
    >>> layer = Conv((8, 8), (3, 3), stride=2, padding=1)
    >>> layer
    Conv((8, 8), (3, 3), stride=2, padding=1)
    >>> layer.output_size
    (4, 4)
    >>> Conv(3, 5)
    Traceback (most recent call last):
    ...
    symconv.errors.InvalidLayer: kernel 5 does not fit input 3 with padding (0, 0) along axis 0: pad by at least 2
    in total
    """

    input_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    input_dilation: tuple[int, ...]
    groups: int
    in_channels: int
    out_channels: int
    batch: int
    bias: bool
    flip: bool
    weight_layout: str

    def __init__(
        self,
        input_size: PerAxis,
        kernel_size: PerAxis,
        *,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        input_dilation: PerAxis = 1,
        groups: SupportsIndex = 1,
        in_channels: SupportsIndex = 1,
        out_channels: SupportsIndex = 1,
        batch: SupportsIndex = 1,
        bias: bool = True,
        flip: bool = False,
        weight_layout: str = "OI",
    ) -> None:
        size = sizes("input_size", input_size)
        ndim = len(size)
        kernel = per_axis("kernel_size", kernel_size, ndim, spread=False)
        steps = per_axis("stride", stride, ndim)
        gaps = per_axis("dilation", dilation, ndim)
        input_gaps = per_axis("input_dilation", input_dilation, ndim)
        bare = tuple(Axis(*numbers) for numbers in zip(size, kernel, steps, gaps, input_gaps, strict=True))
        values: dict[str, Any] = {
            "input_size": size,
            "kernel_size": kernel,
            "stride": steps,
            "padding": _padding(padding, bare),
            "dilation": gaps,
            "input_dilation": input_gaps,
            "groups": positive("groups", groups),
            "in_channels": positive("in_channels", in_channels),
            "out_channels": positive("out_channels", out_channels),
            "batch": positive("batch", batch),
            "bias": boolean("bias", bias),
            "flip": boolean("flip", flip),
            "weight_layout": one_of("weight_layout", weight_layout, WEIGHT_LAYOUTS),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_that_channels_split()
        self._check_that_the_kernel_fits()

    def _check_that_channels_split(self) -> None:
        for name in ("in_channels", "out_channels"):
            channels = getattr(self, name)
            if channels % self.groups:
                raise InvalidLayer(
                    f"{name}={channels} does not split into groups={self.groups}: "
                    f"give a multiple of {self.groups}, or fewer groups"
                )

    def _check_that_the_kernel_fits(self) -> None:
        for at, axis in enumerate(self.axes):
            if axis.slack < 0:
                kernel = f"kernel {axis.kernel_size}" + (f" with dilation {axis.dilation}" if axis.dilation > 1 else "")
                size = f"input {axis.input_size}" + (
                    f" with input dilation {axis.input_dilation}" if axis.input_dilation > 1 else ""
                )
                least = axis.low + axis.high - axis.slack
                mend = f"pad by at least {least} in total" if least >= 0 else f"crop by at most {-least} in total"
                raise InvalidLayer(
                    f"{kernel} does not fit {size} with padding ({axis.low}, {axis.high}) along axis {at}: {mend}"
                )

    @classmethod
    def of_axes(
        cls,
        axes: Sequence[Axis],
        *,
        groups: SupportsIndex = 1,
        in_channels: SupportsIndex = 1,
        out_channels: SupportsIndex = 1,
        batch: SupportsIndex = 1,
        bias: bool = True,
        flip: bool = False,
        weight_layout: str = "OI",
    ) -> Conv:
        """The layer with these axes.

        Examples
        --------
        >>> Conv.of_axes([Axis(8, 3, stride=2, low=1)])
        Conv((8,), (3,), stride=2, padding=((1, 0),))
        """
        return cls(
            tuple(axis.input_size for axis in axes),
            tuple(axis.kernel_size for axis in axes),
            stride=tuple(axis.stride for axis in axes),
            padding=tuple((axis.low, axis.high) for axis in axes),
            dilation=tuple(axis.dilation for axis in axes),
            input_dilation=tuple(axis.input_dilation for axis in axes),
            groups=groups, in_channels=in_channels, out_channels=out_channels, batch=batch,
            bias=bias, flip=flip, weight_layout=weight_layout,
        )  # fmt: skip

    @classmethod
    def transposed(
        cls,
        input_size: PerAxis,
        kernel_size: PerAxis,
        *,
        stride: PerAxis = 1,
        padding: Padding = 0,
        output_padding: PerAxis = 0,
        dilation: PerAxis = 1,
        groups: SupportsIndex = 1,
        in_channels: SupportsIndex = 1,
        out_channels: SupportsIndex = 1,
        batch: SupportsIndex = 1,
        bias: bool = True,
    ) -> Conv:
        """PyTorch's ConvTranspose: its values, its weight layout (C, M/groups, *K).

        It is the layer with stride 1, input dilation `stride`, padding
        ``(d*(K-1) - p_lo, d*(K-1) - p_hi + output_padding)`` and a rotated kernel.

        Raises
        ------
        InvalidLayer
            As for `Conv`; also, as in PyTorch, unless ``0 <= output_padding < max(stride, dilation)``.

        Examples
        --------
        >>> Conv.transposed((4, 4), (3, 3), stride=2, padding=1, output_padding=1).output_size
        (8, 8)
        """
        size = sizes("input_size", input_size)
        kernel = per_axis("kernel_size", kernel_size, len(size), spread=False)
        steps = per_axis("stride", stride, len(size))
        gaps = per_axis("dilation", dilation, len(size))
        extra = per_axis("output_padding", output_padding, len(size), least=0)
        for at, (more, s, d) in enumerate(zip(extra, steps, gaps, strict=True)):
            if more >= max(s, d):
                raise InvalidLayer(
                    f"output_padding={more} along axis {at} is not below max(stride, dilation) = {max(s, d)}: "
                    f"give at most {max(s, d) - 1}"
                )
        if isinstance(padding, str) and padding != "valid":
            raise InvalidLayer(
                f"padding={padding!r} is not defined for a transposed layer: give 'valid', ints, or (low, high) pairs"
            )
        pairs = _padding(padding, tuple(Axis(n, k) for n, k in zip(size, kernel, strict=True)))
        for at, (n, k, s, d, more, (low, high)) in enumerate(zip(size, kernel, steps, gaps, extra, pairs, strict=True)):
            full = s * (n - 1) + d * (k - 1) + 1 + more
            if low + high >= full:
                raise InvalidLayer(
                    f"padding ({low}, {high}) of a transposed layer leaves none of {full} positions along axis {at}: "
                    f"pad by at most {full - 1} in total"
                )
        return cls(
            size,
            kernel,
            padding=tuple(
                (d * (k - 1) - low, d * (k - 1) - high + more)
                for d, k, (low, high), more in zip(gaps, kernel, pairs, extra, strict=True)
            ),
            dilation=gaps,
            input_dilation=steps,
            groups=groups,
            in_channels=in_channels,
            out_channels=out_channels,
            batch=batch,
            bias=bias,
            flip=True,
            weight_layout="IO",
        )

    @classmethod
    def from_torch_args(
        cls,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        kernel_size: PerAxis,
        *,
        input_size: PerAxis,
        stride: PerAxis = 1,
        padding: str | PerAxis = 0,
        dilation: PerAxis = 1,
        groups: SupportsIndex = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        transposed: bool = False,
        output_padding: PerAxis = 0,
        batch: SupportsIndex = 1,
    ) -> Conv:
        """The layer that ``torch.nn.ConvNd`` (or ``ConvTransposeNd``) makes of these arguments.

        `input_size` is the one thing PyTorch reads off its input: it says how many axes there are.
        What PyTorch refuses is refused: negative padding, and ``"same"`` with a stride above 1.

        Raises
        ------
        UnsupportedLayer
            For a `padding_mode` other than ``"zeros"``.

        Examples
        --------
        >>> Conv.from_torch_args(3, 64, 7, input_size=(224, 224), stride=2, padding=3).output_size
        (112, 112)
        """
        if padding_mode != "zeros":
            raise UnsupportedLayer(
                f"padding_mode={padding_mode!r} has no theorem here yet: only padding_mode='zeros' is supported"
            )
        size = sizes("input_size", input_size)
        kernel = per_axis("kernel_size", kernel_size, len(size))
        steps = per_axis("stride", stride, len(size))
        if isinstance(padding, str):
            one_of("padding", padding, ("valid", "same"))
            if padding == "same" and max(steps) > 1:
                raise InvalidLayer(f"padding='same' is not supported by PyTorch with stride={steps}: give numbers")
            amount: Padding = padding
        else:
            amount = per_axis("padding", padding, len(size), least=0)
        if boolean("transposed", transposed):
            if isinstance(amount, str):
                raise InvalidLayer(f"PyTorch's ConvTranspose takes no padding={amount!r}: give ints")
            return cls.transposed(
                size, kernel, stride=steps, padding=amount, output_padding=output_padding, dilation=dilation,
                groups=groups, in_channels=in_channels, out_channels=out_channels, batch=batch, bias=bias,
            )  # fmt: skip
        if any(per_axis("output_padding", output_padding, len(size), least=0)):
            raise InvalidLayer("output_padding belongs to a transposed layer: give transposed=True")
        return cls(
            size, kernel, stride=steps, padding=amount, dilation=dilation,
            groups=groups, in_channels=in_channels, out_channels=out_channels, batch=batch, bias=bias,
        )  # fmt: skip

    @classmethod
    def general(
        cls,
        ndim: int,
        *,
        stride: PerAxis | None = None,
        dilation: PerAxis | None = None,
        input_dilation: PerAxis | None = None,
        input_size: PerAxis | None = None,
        kernel_size: PerAxis | None = None,
        padding: Padding | None = None,
        flip: bool = False,
        bias: bool = True,
    ) -> GeneralConv:
        """Every layer with this many spatial axes at once: symbols for sizes, strides, dilations and paddings.

        What is given, as for a `Conv`, is a number; the rest are symbols. Named paddings need numbers for everything
        they depend on, so they are not taken here.

        Examples
        --------
        >>> Conv.general(2).output_size
        (<Polynomial O0>, <Polynomial O1>)
        >>> Conv.general(1, stride=2).axes[0].stride
        <Polynomial 2>
        """
        rank = len(GeneralConv(ndim, flip, bias).axes)
        options = {"s": stride, "d": dilation, "u": input_dilation, "L": input_size, "K": kernel_size}
        columns = {letter: per_axis(GENERAL_NAMES[letter], v, rank) for letter, v in options.items() if v is not None}
        if padding is not None:
            if isinstance(padding, str):
                raise InvalidLayer(f"padding={padding!r} depends on sizes that are symbols here: give numbers")
            pairs = _padding(padding, (Axis(1, 1),) * rank)
            columns |= {"p": tuple(low for low, _ in pairs), "P": tuple(high for _, high in pairs)}
        fixed = tuple(tuple((letter, values[j]) for letter, values in columns.items()) for j in range(rank))
        return GeneralConv(ndim, flip, bias, fixed if columns else ())

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.input_size)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axis relation along each spatial axis."""
        return tuple(
            Axis(n, k, s, d, u, low, high)
            for n, k, s, d, u, (low, high) in zip(
                self.input_size, self.kernel_size, self.stride, self.dilation, self.input_dilation, self.padding,
                strict=True,
            )
        )  # fmt: skip

    @property
    def output_size(self) -> tuple[int, ...]:
        """O along each spatial axis."""
        return tuple(axis.output_size for axis in self.axes)

    @property
    def remainder(self) -> tuple[int, ...]:
        """The remainder r along each spatial axis."""
        return tuple(axis.remainder for axis in self.axes)

    @property
    def in_channels_per_group(self) -> int:
        """C / groups."""
        return self.in_channels // self.groups

    @property
    def out_channels_per_group(self) -> int:
        """M / groups."""
        return self.out_channels // self.groups

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of a: (N, C, *L)."""
        return (self.batch, self.in_channels, *self.input_size)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of z and of delta: (N, M, *O)."""
        return (self.batch, self.out_channels, *self.output_size)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of w: (M, C/groups, *K), or (C, M/groups, *K) in the layout "IO"."""
        if self.weight_layout == "IO":
            return (self.in_channels, self.out_channels_per_group, *self.kernel_size)
        return (self.out_channels, self.in_channels_per_group, *self.kernel_size)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """Shape of b: (M,)."""
        return (self.out_channels,)

    @property
    def monomials(self) -> int:
        """An upper bound on the number of products w * a in z, written out: N * M * C/groups * prod(O * K)."""
        return self.batch * self.out_channels * self.in_channels_per_group * prod(self.output_size + self.kernel_size)

    def to_json(self) -> dict[str, Any]:
        """The constructor's arguments, of JSON's types; `from_json` reads them back."""
        return {f.name: _listed(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_json(cls, arguments: Mapping[str, Any]) -> Conv:
        """The layer of `to_json`.

        Raises
        ------
        InvalidLayer
            If an argument is missing, unknown or of the wrong kind.
        """
        if not isinstance(arguments, Mapping):
            kind = type(arguments).__name__
            raise InvalidLayer(f"expected the arguments of a layer by name but got {arguments!r} (type {kind})")
        known = [f.name for f in fields(cls)]
        unknown = sorted(map(str, set(arguments) - set(known)))
        missing = sorted({"input_size", "kernel_size"} - set(arguments))
        if unknown or missing:
            raise InvalidLayer(
                f"a layer takes {', '.join(known)}"
                + (f"; unknown: {', '.join(unknown)}" if unknown else "")
                + (f"; missing: {', '.join(missing)}" if missing else "")
            )
        return cls(**arguments)

    def __repr__(self) -> str:
        parts = [repr(self.input_size), repr(self.kernel_size)]
        plain = {
            "groups": 1, "in_channels": 1, "out_channels": 1, "batch": 1,
            "bias": True, "flip": False, "weight_layout": "OI",
        }  # fmt: skip
        for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1), ("input_dilation", 1)):
            value = _shortened(getattr(self, name))
            if value != usual:
                parts.append(f"{name}={value!r}")
        parts += [f"{name}={getattr(self, name)!r}" for name, usual in plain.items() if getattr(self, name) != usual]
        return f"Conv({', '.join(parts)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """For IPython's and Hypothesis's printers, which would show every field."""
        printer.text(repr(self))


def _listed(value: Any) -> Any:
    return [_listed(v) for v in value] if isinstance(value, tuple) else value


def _shortened(values: tuple[Any, ...]) -> Any:
    """One value for all axes where they agree; the pairs (1, 1) as 1."""
    single = tuple(v[0] if isinstance(v, tuple) and v[0] == v[1] else v for v in values)
    if any(isinstance(v, tuple) for v in single):
        return values
    return single[0] if len(set(single)) == 1 else single


def _padding(value: Any, axes: tuple[Axis, ...]) -> tuple[tuple[int, int], ...]:
    if isinstance(value, str):
        one_of("padding", value, PADDING_NAMES)
        return tuple(_named_padding(value, axis) for axis in axes)
    if is_sequence(value) and any(is_sequence(v) for v in value):
        if len(value) != len(axes):
            raise InvalidLayer(f"expected padding to have {len(axes)} (low, high) pairs but got padding={value!r}")
        return tuple(pair(v) for v in value)
    return tuple((p, p) for p in per_axis("padding", value, len(axes), least=None))


def _named_padding(name: str, axis: Axis) -> tuple[int, int]:
    match name:
        case "valid":
            return (0, 0)
        case "full":
            return (axis.dilated_kernel_size - 1, axis.dilated_kernel_size - 1)
        case _:
            outputs = -(-axis.dilated_input_size // axis.stride)
            total = max((outputs - 1) * axis.stride + axis.dilated_kernel_size - axis.dilated_input_size, 0)
            less, more = total // 2, total - total // 2
            return (less, more) if name == "same" else (more, less)
