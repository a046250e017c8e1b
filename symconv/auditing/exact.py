"""Integer data on which sums of products are exact, and how many trials of them convince.

In: a layer, a dtype.  Out: tensors of random integers whose every partial sum the dtype holds, and the odds.

The gradients are bilinear. Two bilinear maps that differ agree at a point drawn from S values for each entry with
probability at most ``1 - (1 - 1/S)**2 < 2/S`` (J. T. Schwartz, 1980; R. Zippel, 1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isqrt, log2, prod
from typing import Any

import numpy as np

from symconv.auditing.protocol import Array
from symconv.errors import InvalidOption, MissingLibrary, shortened
from symconv.layer import Conv

# Integers below 2**bits in size are exact. A product of int8 leaves 7 bits at once, so it is not offered.
BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8, "int64": 53, "int32": 31, "int16": 15}
LARGEST = 2**20  # entries, in size
ODDS = 60  # a wrong map is accepted with probability below 2**-ODDS


def dtype_of(name: str) -> np.dtype[Any]:
    """The dtype of this name.

    Raises
    ------
    InvalidOption
        If audits do not use it.
    MissingLibrary
        For bfloat16 without the package ml_dtypes.
    """
    if name not in BITS:
        raise InvalidOption(f"dtype {shortened(name)} is not audited: choose of {', '.join(BITS)}")
    if name != "bfloat16":
        return np.dtype(name)
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        raise MissingLibrary("bfloat16 needs the package ml_dtypes: pip install ml_dtypes") from None
    found: np.dtype[Any] = np.dtype(bfloat16)
    return found


def terms(layer: Conv) -> int:
    """The largest number of products that any entry of z, dE/da, dE/dw or dE/db sums."""
    taps, positions = prod(layer.kernel_size), prod(layer.output_size)
    return max(
        layer.in_channels_per_group * taps + 1,
        layer.out_channels_per_group * min(taps, positions),
        layer.batch * positions,
    )


@lru_cache(maxsize=4096)
def largest_entry(layer: Conv, dtype: str) -> int:
    """The size of entries up to which every partial sum is exact; 0 if none is."""
    return min(isqrt((2 ** BITS[dtype] - 1) // terms(layer)), LARGEST)


@lru_cache(maxsize=4096)
def trials(layer: Conv, dtype: str) -> int:
    """How many random points leave a wrong bilinear map a chance below ``2**-60``.

    Examples
    --------
    >>> trials(Conv((8, 8), (3, 3)), "float64"), trials(Conv((8, 8), (3, 3)), "float16")
    (3, 21)
    """
    return points(largest_entry(layer, dtype))


def points(largest: int) -> int:
    """The same, for entries of at most this size."""
    values = 2 * largest + 1
    return 1 + int(ODDS / -log2(1 - (1 - 1 / values) ** 2))


@dataclass(frozen=True, eq=False)
class Tensors:
    """delta (N, M, *O), a (N, C, *L), w (M, C/groups, *K) and b (M,) of a layer."""

    delta: Array
    a: Array
    w: Array
    b: Array

    @property
    def backward(self) -> tuple[Array, ...]:
        """What a backward function takes."""
        return (self.delta, self.a, self.w)

    @property
    def forward(self) -> tuple[Array, ...]:
        """What a forward function takes."""
        return (self.a, self.w, self.b)

    def in_float64(self) -> dict[str, Array]:
        """The tensors that are multiplied, by name, in the arithmetic of the expected result."""
        return {name: np.asarray(getattr(self, name)).astype(np.float64) for name in ("delta", "w", "a")}


def integers(layer: Conv, dtype: str, seed: int, largest: int | None = None, *, halved: bool = False) -> Tensors:
    """Random integers in a dtype, of at most `largest` in size (by default what is exact).

    `halved` divides all of them by 2, which loses nothing: sums of their products are as exact as before. It shows code
    that keeps whole numbers alone. The dtypes of integers are not halved.

    Raises
    ------
    InvalidOption
        If the layer sums too many products for the dtype.
    """
    bound = largest_entry(layer, dtype) if largest is None else largest
    if bound == 0:
        raise InvalidOption(f"{layer!r} sums {terms(layer)} products, too many to be exact in {dtype}")
    generator = np.random.default_rng(seed)
    kind = dtype_of(dtype)

    def drawn(shape: tuple[int, ...]) -> Array:
        values = generator.integers(-bound, bound, shape, endpoint=True).astype(np.float64)
        return np.asarray((values / 2 if halved and kind.kind not in "iu" else values).astype(kind))

    return Tensors(
        drawn(layer.output_shape), drawn(layer.input_shape), drawn(layer.weight_shape), drawn(layer.bias_shape)
    )


def bits_of(layer: Conv, dtype: str, count: int) -> int:
    """``n``, where a wrong bilinear map is accepted at so many points with probability below ``2**-n``."""
    values = 2 * largest_entry(layer, dtype) + 1
    return ceil(count * -log2(1 - (1 - 1 / values) ** 2)) - 1
