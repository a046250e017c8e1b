"""What an implementation under audit is: the functions it must offer, and the layers that it claims to support.

In: nothing.  Out: the types that adapters make and that the audit calls.
Never: how an implementation is found, run or judged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy.typing as npt

from symconv.arguments import boolean, integer, is_sequence
from symconv.errors import InvalidOption, SymconvError
from symconv.layer import Conv

Array = npt.NDArray[Any]
Gradients = tuple[Array | None, Array | None, Array | None]


class Backward(Protocol):
    """The gradients of a convolution, in NumPy arrays, channels first.

    `delta` is dE/dz (N, M, *O), `a` the input (N, C, *L), `w` the kernel (M, C/groups, *K); `stride` and `dilation` are
    one int per spatial axis, `padding` one (low, high) pair per axis. A gradient that is not computed is None, and only
    NotImplementedError means that a layer is not supported.
    """

    def __call__(
        self,
        delta: Array,
        a: Array,
        w: Array,
        *,
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
    ) -> Gradients:
        """(dE/da, dE/dw, dE/db) for these arrays."""


class Forward(Protocol):
    """The weighted input z (N, M, *O) of a convolution; `b` is the bias (M,)."""

    def __call__(
        self,
        a: Array,
        w: Array,
        b: Array,
        *,
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
    ) -> Array:
        """The weighted input z for these arrays."""


@dataclass(frozen=True)
class Support:
    """The layers that an implementation claims to support: an audit tests no others.

    Parameters
    ----------
    ndim
        The numbers of spatial axes.
    stride, dilation, groups, batch
        The largest of each; 1 for an implementation without strides, dilation, groups or batches.
    padding
        The largest padding; 0 for an implementation without padding.
    symmetric
        Whether low and high padding must be equal.
    negative_padding
        Whether padding may be negative, which crops.
    uniform
        Whether stride, padding and dilation must be the same along all axes.
    square_input, square_kernel
        Whether the input, the kernel, must have the same size along all axes.
    remainder
        Whether the stride may leave a remainder: output sizes that are rounded down.

    Examples
    --------
    >>> Support(ndim=(2,), groups=1).admits(Conv((4, 4), (2, 2), groups=2, in_channels=2, out_channels=2))
    False
    """

    ndim: tuple[int, ...] = (1, 2, 3)
    stride: int = 4
    dilation: int = 3
    padding: int = 4
    groups: int = 4
    batch: int = 3
    symmetric: bool = False
    negative_padding: bool = False
    uniform: bool = False
    square_input: bool = False
    square_kernel: bool = False
    remainder: bool = True

    def __post_init__(self) -> None:
        ranks: Any = self.ndim
        ranks = tuple(ranks) if is_sequence(ranks) else (ranks,)
        if not ranks:
            raise InvalidOption("ndim=() supports no layer: give the numbers of spatial axes, as in (2,)")
        object.__setattr__(self, "ndim", tuple(sorted({_whole("ndim", n, 1) for n in ranks})))
        if max(self.ndim) > 3:
            raise InvalidOption(f"ndim={max(self.ndim)} is not audited: give 1, 2 or 3")
        for name in ("stride", "dilation", "groups", "batch", "padding"):
            object.__setattr__(self, name, _whole(name, getattr(self, name), 0 if name == "padding" else 1))
        for field in fields(self):
            if isinstance(field.default, bool):
                _flag(field.name, getattr(self, field.name))

    def admits(self, layer: Conv) -> bool:
        """Whether a layer is among those that are supported."""
        pads = [p for pair in layer.padding for p in pair]
        options = (layer.stride, layer.padding, layer.dilation)
        return (
            layer.ndim in self.ndim
            and max(layer.stride) <= self.stride
            and max(layer.dilation) <= self.dilation
            and layer.groups <= self.groups
            and layer.batch <= self.batch
            and max(pads) <= self.padding
            and (self.negative_padding or min(pads) >= 0)
            and (not self.symmetric or all(low == high for low, high in layer.padding))
            and (not self.uniform or all(len(set(values)) == 1 for values in options))
            and (not self.square_input or len(set(layer.input_size)) == 1)
            and (not self.square_kernel or len(set(layer.kernel_size)) == 1)
            and (self.remainder or not any(layer.remainder))
        )


def _flag(name: str, value: object) -> bool:
    try:
        return boolean(name, value)
    except SymconvError as error:
        raise InvalidOption(str(error)) from None


def _whole(name: str, value: object, least: int) -> int:
    try:
        return integer(name, value, least)
    except SymconvError as error:
        raise InvalidOption(str(error)) from None


@dataclass(frozen=True)
class Implementation:
    """What is audited: a backward function, a forward function where there is one, and what they support.

    `dtypes` are the dtypes of NumPy (and ``bfloat16``) that the functions take; an audit uses the first, unless told.
    """

    name: str
    backward: Backward
    forward: Forward | None = None
    support: Support = Support()
    dtypes: tuple[str, ...] = ("float64",)
    symbolic: bool = True  # whether arrays of objects may reach the code itself


@dataclass(frozen=True)
class Described:
    """An implementation without its functions: what is known of one that lives in another process."""

    name: str
    support: Support
    dtypes: tuple[str, ...]
    symbolic: bool
    has_forward: bool


def described(implementation: Implementation) -> Described:
    """What is known of an implementation."""
    return Described(
        implementation.name,
        implementation.support,
        implementation.dtypes,
        implementation.symbolic,
        implementation.forward is not None,
    )
