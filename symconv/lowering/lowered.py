"""A layer's program, printed and compiled: `lower` and what it returns.

In: a `Conv`.  Out: a `Lowered`, which holds the text and runs it.
Never: a text from elsewhere; what is compiled is what `symconv.lowering.module` printed of array expressions.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary, finalize
from zlib import crc32

from symconv.errors import InvalidArray, InvalidLayer
from symconv.layer import Conv
from symconv.lowering.checks import Array, belong
from symconv.lowering.module import module
from symconv.lowering.program import Program, programs

_modules: WeakValueDictionary[str, ModuleType] = WeakValueDictionary()


@dataclass(frozen=True, repr=False)
class Lowered:
    """The forward map and the gradients of a layer as NumPy code.

    The methods take arrays of any batch size N, and of any one dtype of numbers (objects too), which they keep. Inputs
    may lie in memory in any way and are never changed; results are new arrays.

    Attributes
    ----------
    layer
        The layer.
    program
        The array expressions that were printed.
    source
        The text of a Python module with the functions `forward`, `input_gradient`, `weight_gradient`, `bias_gradient`
        (where there is a bias) and `backward`. It needs NumPy only.

    Examples
    --------
    >>> import numpy as np
    >>> code = lower(Conv((3, 3), (2, 2), bias=False))
    >>> delta, w = np.ones((1, 1, 2, 2)), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> code.input_gradient(delta, w)
    array([[[[ 1.,  3.,  2.],
             [ 4., 10.,  6.],
             [ 3.,  7.,  4.]]]])
    """

    layer: Conv
    program: Program = field(compare=False)
    source: str = field(init=False)
    _module: Any = field(init=False, compare=False)

    def __post_init__(self) -> None:
        source = module(self.layer, self.program)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "_module", _compiled(self.layer, source))

    def forward(self, a: Array, w: Array, b: Array | None = None) -> Array:
        """z, of shape (N, M, *O), from a (N, C, *L), w (the layer's `weight_shape`) and b (M,).

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype, or b is given without a bias in the layer, or not given with one.
        """
        if self.layer.bias and b is None:
            raise InvalidArray(f"b is missing: expected shape {self.layer.bias_shape}, for the layer has a bias")
        if not self.layer.bias and b is not None:
            raise InvalidArray("b was given, but the layer has no bias: leave b out")
        given = {"a": a, "w": w} if b is None else {"a": a, "w": w, "b": b}
        z: Array = self._module.forward(*belong(self.layer, **given))
        return z

    def input_gradient(self, delta: Array, w: Array) -> Array:
        """dE/da, of shape (N, C, *L), from delta (N, M, *O) and w.

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        da: Array = self._module.input_gradient(*belong(self.layer, delta=delta, w=w))
        return da

    def weight_gradient(self, delta: Array, a: Array) -> Array:
        """dE/dw, of the shape of w, from delta (N, M, *O) and a (N, C, *L).

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        dw: Array = self._module.weight_gradient(*belong(self.layer, delta=delta, a=a))
        return dw

    def bias_gradient(self, delta: Array) -> Array | None:
        """dE/db, of shape (M,), from delta (N, M, *O); None if the layer has no bias.

        Raises
        ------
        InvalidArray
            If delta has another shape or dtype.
        """
        arrays = belong(self.layer, delta=delta)
        db: Array | None = self._module.bias_gradient(*arrays) if self.layer.bias else None
        return db

    def backward(self, delta: Array, a: Array, w: Array) -> tuple[Array, Array, Array | None]:
        """(dE/da, dE/dw, dE/db), from delta (N, M, *O), a (N, C, *L) and w; dE/db is None if there is no bias.

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        gradients: tuple[Array, Array, Array | None]
        gradients = self._module.backward(*belong(self.layer, delta=delta, a=a, w=w))
        return gradients

    def __repr__(self) -> str:
        return f"Lowered({self.layer!r})"

    def __reduce__(self) -> tuple[type[Lowered], tuple[Conv, Program]]:
        return Lowered, (self.layer, self.program)


def lower(layer: Conv) -> Lowered:
    r"""Lower a layer: its forward map and gradients as NumPy code.

    The code is the closed form of the theorem, one statement for each of its operations: for dE/da, delta is dilated by
    the stride, padded, and correlated with the kernel rotated by 180 degrees.

    Parameters
    ----------
    layer
        The layer; its batch size does not matter to the code.

    Raises
    ------
    InvalidLayer
        If it is not a `Conv`.

    Examples
    --------
    >>> functions = lower(Conv((3, 3), (2, 2))).source.split("def ")
    >>> print(*functions[2].splitlines()[5:], sep="\n")
        n = delta.shape[0]
        padded = np.zeros((n, 1, 4, 4), delta.dtype)
        padded[:, :, 1:3, 1:3] = delta
        rotated = w[:, :, ::-1, ::-1]
        windows = sliding_window_view(padded, (2, 2), axis=(2, 3))
        columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, 4, 9)
        kernel = rotated.reshape(1, 4)
        product = kernel @ columns
        return product.reshape(n, 1, 3, 3)
    """
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a Conv but got {layer!r} (type {type(layer).__name__})")
    return Lowered(layer, programs(layer))


def _compiled(layer: Conv, source: str) -> ModuleType:
    """The module of a printed text; tracebacks show its lines for as long as it lives."""
    if (known := _modules.get(source)) is not None:
        return known
    name = f"<symconv {replace(layer, batch=1)!r} {crc32(source.encode()):08x}>"
    compiled = _modules[source] = ModuleType("lowered")
    exec(compile(source, name, "exec"), compiled.__dict__)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    finalize(compiled, linecache.cache.pop, name, None)
    return compiled
