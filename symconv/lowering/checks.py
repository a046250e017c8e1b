"""Whether arrays belong to a layer, said before anything is computed.

In: whatever a caller passed.  Out: plain arrays of one dtype and of the layer's shapes, or an `InvalidArray` that says
what was given, what was expected and how to mend it.
Never: a cast; an array of the wrong dtype is refused. Only bytes in another order than the first array's are swapped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from symconv.errors import InvalidArray
from symconv.layer import Conv

Array = npt.NDArray[Any]

NUMBERS = "iufcO"  # the kinds of dtype that are numbers, or objects that may be


def numeric(name: str, value: object) -> Array:
    """An array of numbers, as it is; a subclass is read as the plain array that it holds."""
    if not isinstance(value, np.ndarray):
        raise InvalidArray(f"{name} is a {type(value).__name__}, not a NumPy array: give np.asarray({name})")
    if isinstance(value, np.ma.MaskedArray):
        raise InvalidArray(f"{name} is a masked array: fill what is masked, with {name}.filled(0)")
    if value.dtype.kind not in NUMBERS:
        raise InvalidArray(
            f"{name} has dtype {value.dtype}, but expected integers, floats, complex numbers or objects: "
            f"cast it, as in {name}.astype(float)"
        )
    return np.asarray(value)


def one_dtype(arrays: dict[str, Array]) -> None:
    """Nothing is promoted behind the caller's back: all arrays have one dtype, in either byte order."""
    (first, array), *others = arrays.items()
    for name, other in others:
        if other.dtype.newbyteorder("=") != array.dtype.newbyteorder("="):
            raise InvalidArray(
                f"{first} has dtype {array.dtype} but {name} has dtype {other.dtype}: "
                f"cast one of them, as in {name}.astype({first}.dtype)"
            )


def belong(layer: Conv, **values: object) -> list[Array]:
    """The arrays a, w, b or delta of a layer, with any batch size, one for all of them."""
    arrays = {name: numeric(name, value) for name, value in values.items()}
    one_dtype(arrays)
    batched = {name: array for name, array in arrays.items() if name in ("a", "delta")}
    for name, array in arrays.items():
        expected = _shape(layer, name)
        given = array.shape[1:] if name in batched else array.shape
        if array.ndim == 0 or given != (expected[1:] if name in batched else expected):
            raise InvalidArray(_misshapen(name, array.shape, expected, name in batched))
    if len({array.shape[0] for array in batched.values()}) > 1:
        sizes = " but ".join(f"{name} has batch {array.shape[0]}" for name, array in batched.items())
        raise InvalidArray(f"{sizes}: expected one batch for both")
    dtype = next(iter(arrays.values())).dtype
    return [array.astype(dtype) if array.dtype != dtype else array for array in arrays.values()]


def _shape(layer: Conv, name: str) -> tuple[int, ...]:
    match name:
        case "a":
            return layer.input_shape
        case "w":
            return layer.weight_shape
        case "b":
            return layer.bias_shape
        case _:
            return layer.output_shape


def _misshapen(name: str, given: tuple[int, ...], expected: tuple[int, ...], batched: bool) -> str:
    wanted = f"(N, {', '.join(map(str, expected[1:]))})" if batched else str(expected)
    if batched and len(given) == len(expected) - 1:
        return f"{name} has {len(given)} axes but expected {wanted}: add a batch axis with {name}[None]"
    role = {"delta": ", the shape of z", "b": ", a value for each output channel"}.get(name, "")
    return f"{name} has shape {given} but expected {wanted}{role}"
