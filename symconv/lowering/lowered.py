"""A layer's program, printed and compiled: `lower` and what it returns.

In: a `Conv`.  Out: a `Lowered`, which holds the text and runs it.
Never: a text from elsewhere; what is compiled is what `symconv.lowering.module` printed of array expressions.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary, finalize
from zlib import crc32

import numpy as np

from symconv.errors import InvalidArray, InvalidLayer, InvalidOption
from symconv.layer import Conv
from symconv.lowering.checks import Array, belong
from symconv.lowering.choice import (
    CLOSED,
    MAPS,
    NOMINAL_BATCH,
    ROUNDED,
    Choice,
    Options,
    choose,
    considered,
    fitting,
    threads_at_hand,
)
from symconv.lowering.module import module
from symconv.lowering.numba_backend import Compiled, compiled, offered
from symconv.lowering.program import Program, programs
from symconv.lowering.tuning import fastest, key, race

UNKNOWN = (KeyError, ValueError, AttributeError)  # what is raised for arrays that have no function, or do not belong

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
    options
        What was asked for.
    source
        The text of a Python module with the functions `forward`, `input_gradient`, `weight_gradient`, `bias_gradient`
        (where there is a bias) and `backward`. It needs NumPy only. Arrays of other shapes, or of several dtypes, are
        a ValueError.

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
    options: Options = field(default_factory=Options)
    _texts: dict[str, str] = field(init=False, compare=False)
    _expected: dict[str, tuple[int, ...]] = field(init=False, compare=False)
    _modules: dict[str, Any] = field(init=False, compare=False)
    _loops: dict[str, Compiled] = field(init=False, compare=False)
    _ready: dict[tuple[object, ...], Callable[..., Array]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        shapes = {"a": self.layer.input_shape, "w": self.layer.weight_shape, "delta": self.layer.output_shape}
        object.__setattr__(self, "_expected", {**shapes, "b": self.layer.bias_shape})
        object.__setattr__(self, "_texts", {})
        object.__setattr__(self, "_modules", {})
        object.__setattr__(self, "_ready", {})
        loops = {}
        if self.options.backend == "numba":
            threads = self.options.threads
            loops = {of: compiled(self.layer, of, threads) for of in MAPS if offered(self.layer, of, threads)}
        object.__setattr__(self, "_loops", loops)
        if self.options.tune:  # it is measured now, and not when the first array comes
            self._text(self.options.dtype)

    @property
    def source(self) -> str:
        """The text of the module, written when it is first asked for."""
        return self._text(self.options.dtype)

    @property
    def program(self) -> Program:
        """The closed forms, which every program of the layer is equal to."""
        return programs(self.layer)

    @property
    def loops(self) -> Mapping[str, Compiled]:
        """The maps ("forward", "input", "weight") that loops compiled by numba compute, and not a program."""
        return self._loops

    def choices(self, dtype: str | None = None) -> dict[str, Choice]:
        """The program of each map ("forward", "input", "weight"), for a dtype; by default that of the options."""
        options = self.options if dtype is None else replace(self.options, dtype=dtype)
        fastest = {of: self._fastest(of, options) if options.tune else None for of in MAPS}
        return {of: choose(self.layer, of, options, fastest[of]) for of in MAPS}

    def measure(self, of: str, dtype: str | None = None, seconds: float = 0.2) -> dict[str, float]:
        """The time of every candidate of a map ("forward", "input", "weight") on this machine, in seconds.

        The batch is that of the layer, 8 where it is 1.
        """
        return race(self._offered(of, self.options if dtype is None else replace(self.options, dtype=dtype)), seconds)

    def _fastest(self, of: str, options: Options) -> str:
        about = key(repr(self.layer), of, options)
        return fastest(about, self._offered(of, options))

    def _offered(self, of: str, options: Options) -> dict[str, Callable[[], Array]]:
        """Every candidate as a function without arguments, on arrays of ones."""
        kind = object if options.dtype == "other" else np.dtype(options.dtype)
        batch = self.layer.batch if self.layer.batch > 1 else NOMINAL_BATCH
        shapes = {name: (batch, *size[1:]) if name in ("a", "delta") else size for name, size in self._expected.items()}
        arrays = {name: np.ones(size, kind) for name, size in shapes.items()}
        reads = {"forward": ("a", "w"), "input": ("delta", "w"), "weight": ("delta", "a")}[of]
        arguments = [arrays[name] for name in (*reads, *(("b",) if of == "forward" and self.layer.bias else ()))]
        plain = replace(options, tune=False)
        offered: dict[str, Callable[[], Array]] = {}
        for one in considered(self.layer, of, replace(plain, program=None)):
            code = Lowered(self.layer, replace(plain, program=one.candidate.name))
            function = getattr(code._module(arguments[0]), FUNCTIONS[of])
            offered[one.candidate.name] = partial(function, *arguments)
        return offered

    def forward(self, a: Array, w: Array, b: Array | None = None) -> Array:
        """z, of shape (N, M, *O), from a (N, C, *L), w (the layer's `weight_shape`) and b (M,).

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype, or b is given without a bias in the layer, or not given with one.
        """
        try:
            if b is None:
                z = self._ready["forward", type(a), type(w), a.dtype](a, w)
            else:
                z = self._ready["forward", type(a), type(w), type(b), a.dtype](a, w, b)
        except UNKNOWN:
            if self.layer.bias and b is None:
                raise InvalidArray(
                    f"b is missing: expected shape {self.layer.bias_shape}, for the layer has a bias"
                ) from None
            if not self.layer.bias and b is not None:
                raise InvalidArray("b was given, but the layer has no bias: leave b out") from None
        else:
            return z
        return self._first_run("forward", a=a, w=w) if b is None else self._first_run("forward", a=a, w=w, b=b)

    def input_gradient(self, delta: Array, w: Array) -> Array:
        """dE/da, of shape (N, C, *L), from delta (N, M, *O) and w.

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        try:
            return self._ready["input", type(delta), type(w), delta.dtype](delta, w)
        except UNKNOWN:
            pass
        return self._first_run("input", delta=delta, w=w)

    def weight_gradient(self, delta: Array, a: Array) -> Array:
        """dE/dw, of the shape of w, from delta (N, M, *O) and a (N, C, *L).

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        try:
            return self._ready["weight", type(delta), type(a), delta.dtype](delta, a)
        except UNKNOWN:
            pass
        return self._first_run("weight", delta=delta, a=a)

    def bias_gradient(self, delta: Array) -> Array | None:
        """dE/db, of shape (M,), from delta (N, M, *O); None if the layer has no bias.

        Raises
        ------
        InvalidArray
            If delta has another shape or dtype.
        """
        if not self.layer.bias:
            belong(self.layer, delta=delta)
            return None
        try:
            return self._ready["bias", type(delta), delta.dtype](delta)
        except UNKNOWN:
            pass
        return self._first_run("bias", delta=delta)

    def backward(self, delta: Array, a: Array, w: Array) -> tuple[Array, Array, Array | None]:
        """(dE/da, dE/dw, dE/db), from delta (N, M, *O), a (N, C, *L) and w; dE/db is None if there is no bias.

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        delta, a, w = belong(self.layer, delta=delta, a=a, w=w)
        return self.input_gradient(delta, w), self.weight_gradient(delta, a), self.bias_gradient(delta)

    def _first_run(self, of: str, **arrays: Array) -> Array:
        """A map of arrays whose function is not there yet, or refused them: then it is said why."""
        given = belong(self.layer, **arrays)
        key = (of, *map(type, given), given[0].dtype)
        function = self._ready[key] = self._function(of, given[0])
        return function(*given)

    def _function(self, of: str, first: Array) -> Callable[..., Array]:
        """The function of a map, for the dtype of an array."""
        if of not in self._loops:
            printed: Callable[..., Array] = getattr(self._module(first), FUNCTIONS[of])
            return printed
        loops = self._loops[of]
        return _with_bias(loops, self.layer) if of == "forward" and self.layer.bias else loops

    def _module(self, array: Array) -> Any:
        """The functions for the dtype of an array."""
        name = DTYPE_NAMES.get(array.dtype.char, "other") if array.dtype.isnative else "other"
        if name not in self._modules:
            self._modules[name] = compiled_module(self.layer, self._text(name))
        return self._modules[name]

    def _text(self, dtype: str) -> str:
        if dtype not in self._texts:
            self._texts[dtype] = module(self.layer, self.program, self.choices(dtype))
        return self._texts[dtype]

    def __repr__(self) -> str:
        return f"Lowered({self.layer!r})"

    def __reduce__(self) -> tuple[type[Lowered], tuple[Conv, Options]]:
        return Lowered, (self.layer, self.options)


FUNCTIONS = {
    "forward": "forward",
    "input": "input_gradient",
    "weight": "weight_gradient",
    "bias": "bias_gradient",
}
DTYPE_NAMES = {"f": "float32", "d": "float64", "F": "complex64", "D": "complex128"}


def lower(
    layer: Conv,
    *,
    program: str | None = None,
    dtype: str = "float32",
    threads: int | None = None,
    accuracy: float = 2.0,
    finite_only: bool = True,
    tune: bool = False,
    backend: str = "numpy",
) -> Lowered:
    r"""Lower a layer: its forward map and gradients as NumPy code.

    The code is one of several programs, each of them proved to compute the closed form of the theorem; which one is
    the fastest is predicted by a cost model from the layer, the dtype and the threads.

    Parameters
    ----------
    layer
        The layer. Its batch size does not matter to the code; the choice of a program assumes it (8 where it is 1).
    program
        The name of a program, used for every map that it fits: "closed" (the closed form, a statement for each of its
        operations), "windows", "rows", "plane", "scatter", "scatter-plane", "pointwise", "columns", "taps", "toeplitz",
        "subpixel", "winograd", "winograd-rows" (with ``accuracy=6``), "fourier", "fourier-rows", "tiny" or "dense".
        By default the fastest; for small layers, of those that keep small whole numbers exact.
    dtype
        What `Lowered.source` is written for: "float32", "float64", "complex64", "complex128", or "other" (integers,
        objects). The methods choose by the arrays that they are given.
    threads
        How many threads NumPy's products use; by default what the environment says.
    accuracy
        The rounding error that is allowed, as a multiple of that of direct summation, in float32.
    finite_only
        False for programs in which a NaN or an infinity stays where the formula has it.
    tune
        True to measure the candidates on this machine; the result is kept in the user's cache directory.
    backend
        "numba" to run maps as loops that numba compiles, where those are expected to be faster; `Lowered.source` stays
        NumPy. Loops are not proved as programs are: `symconv.explained` proves those of a layer for some batches, or
        says that they are undecided.

    Raises
    ------
    InvalidLayer
        If it is not a `Conv`.
    InvalidOption
        If an option is unknown, or the program fits none of the layer's maps.
    MissingLibrary
        If numba is asked for and not installed.

    Examples
    --------
    >>> functions = lower(Conv((3, 3), (2, 2)), program="closed").source.split("def ")
    >>> print(*functions[3].rstrip().splitlines()[5:], sep="\n")
        if (
            delta.shape[1:] != (1, 2, 2)
            or w.shape != (1, 1, 2, 2)
            or w.dtype != delta.dtype
        ):
            raise mismatch("delta (N, 1, 2, 2), w (1, 1, 2, 2) of one dtype", delta, w)
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
    options = Options(
        program, dtype, threads_at_hand() if threads is None else threads, accuracy, finite_only, tune, backend
    )
    if not fitting(layer, options):
        raise InvalidOption(_unfitting(layer, options))
    return Lowered(layer, options)


def _with_bias(loops: Callable[[Array, Array], Array], layer: Conv) -> Callable[[Array, Array, Array], Array]:
    def forward(a: Array, w: Array, b: Array) -> Array:
        if b.shape != layer.bias_shape or b.dtype != a.dtype:
            belong(layer, a=a, w=w, b=b)
        z = loops(a, w)
        z += b[(slice(None), *[None] * layer.ndim)]
        return z

    return forward


def _unfitting(layer: Conv, options: Options) -> str:
    """Why the program that was asked for fits none of the maps, and how to mend it."""
    every = replace(options, dtype="float32", accuracy=float("inf"), finite_only=True)
    named = [c for of in MAPS for c in considered(layer, of, replace(every, program=None))
             if c.candidate.name == options.program]  # fmt: skip
    if named:
        candidate = min((one.candidate for one in named), key=lambda c: c.error)
        needed = (
            [f"accuracy={candidate.error:g} (--accuracy {candidate.error:g})"]
            if candidate.error > options.accuracy
            else []
        )
        needed += ["finite_only=True (without --any-value)"] if not (candidate.finite or options.finite_only) else []
        needed += ["dtype float32 or float64"] if not candidate.exact and options.dtype not in ROUNDED else []
        return f"program {options.program} needs {' and '.join(needed)} for {layer!r}"
    plain = replace(options, program=None)
    offered = {one.candidate.name: None for of in MAPS for one in considered(layer, of, plain)}
    return f"program {options.program} does not fit {layer!r}: choose of {', '.join([CLOSED, *offered])}"


def compiled_module(layer: Conv, source: str) -> ModuleType:
    """The module of a printed text; tracebacks show its lines for as long as it lives."""
    if (known := _modules.get(source)) is not None:
        return known
    name = f"<symconv {replace(layer, batch=1)!r} {crc32(source.encode()):08x}>"
    compiled = _modules[source] = ModuleType("lowered")
    exec(compile(source, name, "exec"), compiled.__dict__)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    finalize(compiled, linecache.cache.pop, name, None)
    return compiled
