"""A layer with symbols in place of numbers: what the theorem for every shape is about.

In: a rank, and whether the kernel is flipped.  Out: the same attributes as a `Conv`, as polynomials in parameters:
along axis j the sizes L, K, O, the stride s, dilation d, input dilation u, paddings p and P, and the remainder r; the
batch N, the groups G, and C and M channels in a group.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.arguments import boolean, positive
from symconv.errors import InvalidLayer
from symconv.polynomial import Polynomial

LARGEST_NDIM = 8
NAMES = {
    "s": "stride", "d": "dilation", "u": "input_dilation", "L": "input_size", "K": "kernel_size",
    "p": "low padding", "P": "high padding",
}  # fmt: skip


@dataclass(frozen=True)
class GeneralAxis:
    """The axis relation ``u*x = s*i + d*k - p`` with symbols for all of its numbers.

    The hypotheses are those of a layer: s, d, u, L, K >= 1; t = u*(L-1) + p + P - d*(K-1) >= 0; O = t div s + 1;
    r = t mod s.

    Examples
    --------
    >>> print(GeneralAxis(0).dilation * (GeneralAxis(0).kernel_size - 1) - GeneralAxis(0).low)
    K0*d0 - d0 - p0
    """

    axis: int
    fixed: tuple[tuple[str, int], ...] = ()  # parameters of this axis that are numbers

    def _named(self, letter: str) -> Polynomial:
        return Polynomial.of(dict(self.fixed).get(letter, f"{letter}{self.axis}"))

    @property
    def input_size(self) -> Polynomial:
        """L."""
        return self._named("L")

    @property
    def kernel_size(self) -> Polynomial:
        """K."""
        return self._named("K")

    @property
    def output_size(self) -> Polynomial:
        """O."""
        return self._named("O")

    @property
    def stride(self) -> Polynomial:
        """The stride s."""
        return self._named("s")

    @property
    def dilation(self) -> Polynomial:
        """The dilation d."""
        return self._named("d")

    @property
    def input_dilation(self) -> Polynomial:
        """The input dilation u."""
        return self._named("u")

    @property
    def low(self) -> Polynomial:
        """The low padding p."""
        return self._named("p")

    @property
    def high(self) -> Polynomial:
        """The high padding P."""
        return self._named("P")

    @property
    def remainder(self) -> Polynomial:
        """The remainder r."""
        return self._named("r")


@dataclass(frozen=True)
class GeneralConv:
    """Every convolution layer of one rank at once.

    Parameters
    ----------
    ndim
        The number of spatial axes, 1 to 8.
    flip
        Whether the kernel is rotated in the forward map.
    bias
        Whether b is added.
    fixed
        For each axis the parameters that are numbers, if any: pairs of a letter (s, d, u, L, K, p, P) and a number.

    Examples
    --------
    >>> layer = GeneralConv(2)
    >>> [str(n) for n in layer.input_size]
    ['L0', 'L1']
    """

    ndim: int
    flip: bool = False
    bias: bool = True
    fixed: tuple[tuple[tuple[str, int], ...], ...] = ()
    weight_layout = "OI"

    def __post_init__(self) -> None:
        if positive("ndim", self.ndim) > LARGEST_NDIM:
            raise InvalidLayer(f"expected ndim from 1 to {LARGEST_NDIM} but got ndim={self.ndim}")
        boolean("flip", self.flip)
        boolean("bias", self.bias)

    @property
    def axes(self) -> tuple[GeneralAxis, ...]:
        """The axis relation along each spatial axis."""
        return tuple(GeneralAxis(j, self.fixed[j] if self.fixed else ()) for j in range(self.ndim))

    @property
    def batch(self) -> Polynomial:
        """N."""
        return Polynomial.of("N")

    @property
    def groups(self) -> Polynomial:
        """G."""
        return Polynomial.of("G")

    @property
    def in_channels_per_group(self) -> Polynomial:
        """C."""
        return Polynomial.of("C")

    @property
    def out_channels_per_group(self) -> Polynomial:
        """M."""
        return Polynomial.of("M")

    @property
    def input_size(self) -> tuple[Polynomial, ...]:
        """L along each spatial axis."""
        return tuple(axis.input_size for axis in self.axes)

    @property
    def kernel_size(self) -> tuple[Polynomial, ...]:
        """K along each spatial axis."""
        return tuple(axis.kernel_size for axis in self.axes)

    @property
    def output_size(self) -> tuple[Polynomial, ...]:
        """O along each spatial axis."""
        return tuple(axis.output_size for axis in self.axes)

    @property
    def input_shape(self) -> tuple[Polynomial, ...]:
        """Shape of a: (N, G*C, *L)."""
        return (self.batch, self.groups * self.in_channels_per_group, *self.input_size)

    @property
    def output_shape(self) -> tuple[Polynomial, ...]:
        """Shape of z and of delta: (N, G*M, *O)."""
        return (self.batch, self.groups * self.out_channels_per_group, *self.output_size)

    @property
    def weight_shape(self) -> tuple[Polynomial, ...]:
        """Shape of w: (G*M, C, *K)."""
        return (self.groups * self.out_channels_per_group, self.in_channels_per_group, *self.kernel_size)

    @property
    def bias_shape(self) -> tuple[Polynomial, ...]:
        """Shape of b: (G*M,)."""
        return (self.groups * self.out_channels_per_group,)

    def __repr__(self) -> str:
        fixed = {letter: tuple(dict(axis)[letter] for axis in self.fixed) for letter, _ in (self.fixed or ((),))[0]}
        options = [f"ndim={self.ndim}", *(f"{NAMES[letter]}={values}" for letter, values in fixed.items())]
        options += (["flip=True"] if self.flip else []) + ([] if self.bias else ["bias=False"])
        return f"Conv.general({', '.join(options)})"
