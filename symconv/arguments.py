"""Reading the arguments of a layer: one int or one per axis, yes or no, one of a few names.

In: whatever a caller passed.  Out: plain ints, bools and strings, or an `InvalidLayer` that says what was expected.
Never: what the values mean together; that is the layer's own business.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any, SupportsIndex

from symconv.errors import InvalidLayer, shortened

PerAxis = SupportsIndex | Sequence[SupportsIndex]
Padding = str | SupportsIndex | Sequence[SupportsIndex | Sequence[SupportsIndex]]


def integer(name: str, value: object, least: int | None) -> int:
    """An int, of Python or of anything with an index (NumPy); never a bool, a float or a string."""
    refused = InvalidLayer(f"expected an int but got {name}={shortened(value)} (type {_type_name(value)})")
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise refused
    try:
        number = operator.index(value)
    except (TypeError, ValueError, OverflowError):
        raise refused from None
    if least is not None and number < least:
        raise InvalidLayer(f"expected {name} >= {least} but got {name}={shortened(number)}")
    return number


def positive(name: str, value: object) -> int:
    """An int of at least 1."""
    return integer(name, value, 1)


def boolean(name: str, value: object) -> bool:
    """True or False, and nothing that merely acts like one."""
    if not isinstance(value, bool):
        raise InvalidLayer(f"expected True or False but got {name}={shortened(value)} (type {_type_name(value)})")
    return value


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of a few names."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidLayer(
            f"expected {name} to be one of {', '.join(map(repr, allowed))} but got {name}={shortened(value)}"
        )
    return value


def is_sequence(value: object) -> bool:
    """Lists, tuples and arrays; not strings, and not the scalars of NumPy, which have a length only by name."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sized) or not isinstance(value, Iterable):
        return False
    try:
        len(value)
    except TypeError:
        return False
    return True


def sizes(name: str, value: Any) -> tuple[int, ...]:
    """The input's sizes: what says how many spatial axes there are."""
    sizes = tuple(value) if is_sequence(value) else (value,)
    if not sizes:
        raise InvalidLayer(
            f"expected at least one spatial axis but got {name}={shortened(value)}: a dense layer is (1,)"
        )
    return tuple(integer(name, v, 1) for v in sizes)


def per_axis(name: str, value: Any, ndim: int, *, least: int | None = 1, spread: bool = True) -> tuple[int, ...]:
    """One int for each spatial axis; a single int stands for all axes where `spread` allows it."""
    counted = f"{ndim} {'value' if ndim == 1 else 'values'}, one per spatial axis,"
    if not is_sequence(value):
        number = integer(name, value, least)
        if not spread and ndim != 1:
            raise InvalidLayer(
                f"expected {name} to have {ndim} values, one per spatial axis, but got {name}={shortened(number)}"
            )
        return (number,) * ndim
    values = tuple(value)
    if len(values) != ndim:
        raise InvalidLayer(f"expected {name} to have {counted} but got {name}={shortened(values)} with {len(values)}")
    return tuple(integer(name, v, least) for v in values)


def pair(value: Any) -> tuple[int, int]:
    """A (low, high) pair of padding; a single int is both."""
    if not is_sequence(value):
        number = integer("padding", value, None)
        return (number, number)
    if len(value) != 2:
        raise InvalidLayer(f"expected a (low, high) pair of padding but got {shortened(tuple(value))}")
    return (integer("padding", value[0], None), integer("padding", value[1], None))


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
