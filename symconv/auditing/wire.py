"""What goes through the pipe between the audit and the process that runs an implementation.

In: calls, observations and messages.  Out: frames of bytes, a JSON header and the raw entries of its arrays, and back.
Never: a pickle, or anything else that runs code where it is read: who writes the frames is not trusted.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from math import prod
from typing import Any, Protocol

import numpy as np

from symconv.auditing.protocol import Array
from symconv.auditing.running import Answer, Call, Failed, Failure, NotSupported, Returned
from symconv.errors import shortened
from symconv.layer import Conv
from symconv.polynomial import Atom, Entry, Monomial, Partial, Polynomial, Quotient

LARGEST = 256 * 2**20  # bytes of one frame

_LENGTHS = struct.Struct(">QQ")  # of the header, of what follows it
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_NUMBERS = "biufc"
_EXTENSIONS = {"bfloat16": "ml_dtypes"}  # dtypes that NumPy knows only once a library is imported


class Refused(ValueError):
    """A value that does not go through the pipe, or a frame that says nothing."""


class Stream(Protocol):
    """Where frames are read: a file of bytes."""

    def read(self, size: int, /) -> bytes | None:
        """So many bytes, or fewer where the stream ends."""


def frame(header: dict[str, Any], body: Sequence[bytes | memoryview] = ()) -> bytes:
    """One message: a header of JSON's types, and the entries of the arrays that it describes."""
    try:
        text = _ENCODER.encode(header).encode()
    except ValueError as error:  # an int of more digits than Python writes
        raise Refused(str(error)) from None
    size = sum(map(len, body))
    if len(text) + size > LARGEST:
        raise Refused(f"{megabytes(len(text) + size)} are more than the {megabytes(LARGEST)} of an answer")
    return b"".join((_LENGTHS.pack(len(text), size), text, *body))


def read(stream: Stream) -> tuple[dict[str, Any], memoryview] | None:
    """The next message of a stream, or None where it ends or says nothing that makes sense."""
    lengths = stream.read(_LENGTHS.size) or b""
    if len(lengths) < _LENGTHS.size:
        return None
    first, second = _LENGTHS.unpack(lengths)
    if first + second > LARGEST:
        return None
    content = memoryview(stream.read(first + second) or b"")
    if len(content) < first + second:
        return None
    try:
        header = json.loads(bytes(content[:first]))
    except (ValueError, RecursionError):
        return None
    return (header, content[first:]) if isinstance(header, dict) else None


def calls_frame(calls: Sequence[Call]) -> bytes:
    """Calls, with their arrays."""
    body: list[bytes | memoryview] = []
    told = [[_layer_text(call.layer), call.forward, [_packed(v, body) for v in call.arrays]] for call in calls]
    return frame({"kind": "calls", "calls": told}, body)


class Reader:
    """Reads calls and arrays off a message, one behind the other."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def call(self, told: Any) -> Call:
        """The next call."""
        layer, forward, arrays = told
        return Call(_layer(layer), tuple(self.array(array) for array in arrays), forward)

    def array(self, told: Any) -> Array:
        """The next array, in memory of its own."""
        name, shape = str(told[0]), tuple(map(int, told[1]))
        if min(shape, default=0) < 0:
            raise Refused(f"no array has the shape {shape}")
        if name == "object":
            return _objects(shape, told[2])
        kind = _dtype(name)
        start, self._at = self._at, self._at + prod(shape) * kind.itemsize
        if self._at > len(self._body):
            raise Refused("an array is longer than its message")
        return np.frombuffer(bytes(self._body[start : self._at]), kind).reshape(shape).copy()


def observation_frame(observation: Answer) -> bytes:
    """What came of a call."""
    match observation:
        case Returned(arrays, notes):
            body: list[bytes | memoryview] = []
            told = [None if array is None else _packed(array, body) for array in arrays]
            return frame({"kind": "returned", "arrays": told, "notes": notes}, body)
        case NotSupported(reason):
            return frame({"kind": "not supported", "reason": reason})
        case Failed(failure, text, where, notes):
            return frame({"kind": "failed", "failure": failure, "text": text, "where": where, "notes": notes})


def observation(header: dict[str, Any], body: memoryview, *, slots: int) -> Answer:
    """What came of a call with so many results, read back.

    Raises
    ------
    Refused
        If the message is none of these.
    """
    try:
        found = _observation(header, Reader(body))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Refused(shortened(str(error))) from None
    if isinstance(found, Returned) and len(found.arrays) != slots:
        raise Refused(f"{len(found.arrays)} results came back but expected {slots}")
    return found


def _observation(header: dict[str, Any], reader: Reader) -> Answer:
    match header:
        case {"kind": "returned", "arrays": list(arrays), "notes": list(notes)}:
            found = tuple(None if told is None else reader.array(told) for told in arrays)
            return Returned(found, tuple(map(str, notes)))
        case {"kind": "not supported", "reason": str(reason)}:
            return NotSupported(reason)
        case {"kind": "failed", "failure": failure, "text": str(text), "where": str(where), "notes": list(notes)}:
            return Failed(Failure(failure), text, where, tuple(map(str, notes)))
        case _:
            raise Refused("this is no observation")


def megabytes(size: int) -> str:
    """A number of bytes, for a reader."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


def _packed(array: Array, body: list[bytes | memoryview]) -> list[Any]:
    """What is said of an array in the header; its entries go into the body, those of objects into the header too."""
    kind, shape = array.dtype, list(array.shape)
    if kind.hasobject:
        return ["object", shape, [_element(value) for value in array.ravel().tolist()]]
    if kind.kind not in _NUMBERS and kind.name not in _EXTENSIONS:
        raise Refused(f"an array has dtype {kind} but expected numbers")
    if array.nbytes > LARGEST:
        raise Refused(f"{megabytes(array.nbytes)} are more than the {megabytes(LARGEST)} of an answer")
    body.append(array.tobytes())
    return [kind.name if kind.name in _EXTENSIONS else kind.str, shape]


@lru_cache(maxsize=64)
def _dtype(name: str) -> np.dtype[Any]:
    if name in _EXTENSIONS:
        extension: np.dtype[Any] = np.dtype(getattr(import_module(_EXTENSIONS[name]), name))
        return extension
    kind: np.dtype[Any] = np.dtype(name)
    if kind.kind not in _NUMBERS:
        raise Refused(f"an array has dtype {kind} but expected numbers")
    return kind


def _objects(shape: tuple[int, ...], values: Any) -> Array:
    if len(values) != prod(shape):
        raise Refused(f"an array of shape {shape} has {len(values)} entries")
    found = np.empty(len(values), dtype=object)
    found[:] = [_value(told) for told in values]
    return found.reshape(shape)


def _element(value: object) -> Any:
    """An entry of an array of objects, in JSON's types: numbers are themselves, polynomials are lists."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | float):
        return value
    if isinstance(value, Polynomial):
        return [[int(c), [_atom(atom) for atom in monomial]] for monomial, c in value.coefficients.items()]
    raise Refused(f"an array holds a {type(value).__name__} but expected numbers and polynomials")


def _value(told: Any) -> int | float | Polynomial:
    if isinstance(told, int | float):
        return told
    total: dict[Monomial, int] = {}
    for coefficient, atoms in told:
        if type(coefficient) is not int:
            raise Refused(f"a coefficient is {shortened(coefficient)} but expected an int")
        (monomial,) = Polynomial.product(*map(_told_atom, atoms)).coefficients
        total[monomial] = total.get(monomial, 0) + coefficient
    return Polynomial(total)


def _atom(atom: Atom) -> Any:
    match atom:
        case str():
            return atom
        case Entry(tensor, indices):
            return [tensor, *indices]
        case Partial(of, by):
            return {"of": _atom(of), "by": _atom(by)}
        case Quotient(numerator, divisor):
            return {"numerator": _element(numerator), "divisor": _element(divisor)}


def _told_atom(told: Any) -> Atom:
    match told:
        case str():
            return told
        case list():
            return _entry(told)
        case {"of": list(of), "by": list(by)}:
            return Partial(_entry(of), _entry(by))
        case {"numerator": numerator, "divisor": divisor}:
            return Quotient(Polynomial.of(_whole(_value(numerator))), _whole(_value(divisor)))
        case _:
            raise Refused(f"{shortened(told)} is no atom")


def _entry(told: list[Any]) -> Entry:
    tensor, *indices = told
    if not isinstance(tensor, str) or not all(type(index) is int for index in indices):
        raise Refused(f"{shortened(told)} is no entry of a tensor")
    return Entry(tensor, tuple(indices))


def _whole(value: int | float | Polynomial) -> int | Polynomial:
    if isinstance(value, float):
        raise Refused(f"expected an int or a polynomial but got {value}")
    return value


@lru_cache(maxsize=1024)
def _layer_text(layer: Conv) -> str:
    return json.dumps(layer.to_json())


@lru_cache(maxsize=1024)
def _layer(text: str) -> Conv:
    return Conv.from_json(json.loads(text))
