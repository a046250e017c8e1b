"""Lowering to numba: for depthwise, tiny and few-channel layers, and wherever several threads are to be busy.

In: a layer, and which of its maps.  Out: the source of one function of loops, and that function compiled.
Never: numba before a function is called with numbers; objects, and dtypes that numba has no numbers for, are computed
by the same function as plain Python.

numba is allowed to contract products and sums, and to reassociate sums, and nothing more: NaN and infinities are what
they are. A NaN in a window is in its result. In dE/dw zeros stand where the rows of delta end, and multiply what stands
there in the padded images: where a is NaN or infinite, all weights of its channel may become NaN, not only those that
read it; no NaN is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from symconv.errors import InvalidOption, MissingLibrary
from symconv.layer import Conv
from symconv.lowering.algorithms import winograd_sum
from symconv.lowering.checks import Array, belong
from symconv.lowering.loops.gathering import gathering
from symconv.lowering.loops.plan import Kernel, plan
from symconv.lowering.loops.summing import summing
from symconv.lowering.loops.tiny import tiny
from symconv.steps import Gradient

FORWARD = "forward"
_NAMES = {FORWARD: ("a", "w"), str(Gradient.INPUT): ("delta", "w"), str(Gradient.WEIGHT): ("delta", "a")}
FAST_MATH = frozenset({"contract", "reassoc"})
COMPILED = frozenset("bhilqBHILQfdFD")  # the dtypes, by their characters, that numba computes with

WRITTEN_OUT = 256  # products of an image up to which they are all written out
MOST_TAPS = 64  # where there are more, the Fourier transform and block matrices need far fewer products
MANY_CHANNELS = 32  # in a group: from here on matrix products of NumPy keep one thread busy
WORTH_A_THREAD = 1_500_000  # products


@dataclass(frozen=True)
class Compiled:
    """One map of a layer as a function of two arrays, in the order of `Lowered`: (a, w), (delta, w) or (delta, a).

    Results are new arrays; inputs may lie in memory in any way. Which of the threads computes what depends on nothing
    but the shapes, so that a result is the same in every run with as many threads.

    Attributes
    ----------
    layer, of, threads
        What was asked for.
    kernel
        The function of flat arrays, and its workspaces.
    """

    layer: Conv
    of: str
    threads: int
    kernel: Kernel

    @cached_property
    def plain(self) -> Callable[..., None]:
        """The function as Python runs it."""
        space: dict[str, Any] = {}
        exec(compile(self.kernel.source, f"<symconv loops of {self.of}>", "exec"), space)
        function: Callable[..., None] = space["kernel"]
        return function

    @cached_property
    def fast(self) -> Callable[..., None]:
        """The function as numba compiles it, once for each dtype, when it is first called with that."""
        function: Callable[..., None] = _numba().njit(fastmath=set(FAST_MATH), nogil=True)(self.plain)
        return function

    def __call__(self, first: Array, second: Array) -> Array:
        """The map of two arrays of one dtype.

        Raises
        ------
        InvalidArray
            If an array has another shape or dtype.
        """
        of_weight = self.of == Gradient.WEIGHT
        one, two = self._given
        two = (len(first), *two) if of_weight else two
        if first.shape[1:] != one or second.shape != two or first.dtype != second.dtype:
            belong(self.layer, **dict(zip(_NAMES[self.of], (first, second), strict=True)))
        x, other = (second, first) if of_weight else (first, second)
        if not x.dtype.isnative:
            x = x.astype(x.dtype.newbyteorder("="))
        x, other = np.ascontiguousarray(x), np.ascontiguousarray(other, x.dtype)
        function = self.fast if x.dtype.char in COMPILED else self.plain
        batch = x.shape[0]
        adds = self.kernel.adds
        result = np.zeros(self._sizes, x.dtype) if adds else np.empty((batch, *self._sizes), x.dtype)
        if not self.kernel.padded:
            function(x, other, result, batch)
        elif batch:
            self._run(function, x, other, result, self._threads(batch))
        return result

    def _run(self, function: Callable[..., None], x: Array, other: Array, result: Array, threads: int) -> None:
        kernel, batch = self.kernel, len(x)
        together = -(-batch // max(-(-batch // kernel.images), min(batch, threads)))
        units = -(-batch // together) * kernel.groups
        parts = 1 if units % threads == 0 or units > 4 * threads else min(kernel.blocks, threads)
        units *= parts
        threads = min(threads, units)
        results = [result, *(np.zeros_like(result) if kernel.adds else result for _ in range(threads - 1))]

        def work(thread: int) -> None:
            spaces = np.zeros(kernel.padded, x.dtype), np.zeros(kernel.space, x.dtype)
            start, stop = units * thread // threads, units * (thread + 1) // threads
            function(x, other, results[thread], *spaces, batch, together, start, stop, parts)

        running = [_pool(threads).submit(work, thread) for thread in range(1, threads)]
        work(0)
        for thread in running:
            thread.result()
        if kernel.adds:
            for more in results[1:]:
                result += more

    @cached_property
    def _given(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of the two arrays, without the batch where they have one."""
        layer = self.layer
        match self.of:
            case Gradient.WEIGHT:
                return layer.output_shape[1:], layer.input_shape[1:]
            case Gradient.INPUT:
                return layer.output_shape[1:], layer.weight_shape
            case _:
                return layer.input_shape[1:], layer.weight_shape

    def _threads(self, batch: int) -> int:
        return max(1, min(self.threads, self._products * batch // WORTH_A_THREAD))

    @cached_property
    def _products(self) -> int:
        """How many products one image takes."""
        return self.layer.monomials // self.layer.batch

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        """The shape of the result, without the batch where it has one."""
        match self.of:
            case Gradient.WEIGHT:
                return self.layer.weight_shape
            case Gradient.INPUT:
                return self.layer.input_shape[1:]
            case _:
                return self.layer.output_shape[1:]


def numba_source(layer: Conv, of: str, threads: int = 1) -> str | None:
    """The loops of "forward", "input" or "weight"; None where NumPy is at least as quick.

    Raises
    ------
    InvalidOption
        If there is no such map.
    """
    _check(of)
    return _kernel(layer, of).source if offered(layer, of, threads) else None


def compiled(layer: Conv, of: str, threads: int = 1) -> Compiled:
    """The map as a function of two arrays, which numba compiles when it is first called.

    Raises
    ------
    InvalidOption
        If there is no such map.
    MissingLibrary
        If numba is not installed.
    """
    _check(of)
    _numba()
    return Compiled(layer, of, threads, _kernel(layer, of))


def offered(layer: Conv, of: str, threads: int) -> bool:
    """Whether the loops are expected to be quicker than the programs for NumPy."""
    taps = prod(layer.kernel_size)
    if taps > MOST_TAPS:
        return False
    if min(layer.in_channels_per_group, layer.out_channels_per_group) < MANY_CHANNELS:
        return True
    if of == Gradient.WEIGHT:
        return taps > 1 and (threads > 1 or not _by_winograd(layer))
    strided = of == Gradient.INPUT and max(layer.stride) > 1
    return taps > 1 and (threads > 1 or strided)


def _by_winograd(layer: Conv) -> bool:
    """Whether NumPy needs but two thirds of the products for dE/dw."""
    steps = (*layer.stride, *layer.dilation, *layer.input_dilation, layer.groups)
    return layer.ndim <= 2 and layer.kernel_size[0] == winograd_sum.TAPS and set(steps) == {1}


@lru_cache(maxsize=256)
def _kernel(layer: Conv, of: str) -> Kernel:
    numbers = plan(layer, of)
    if layer.monomials // layer.batch <= WRITTEN_OUT:
        return tiny(numbers, of_weight=of == Gradient.WEIGHT)
    return summing(numbers) if of == Gradient.WEIGHT else gathering(numbers)


@lru_cache(maxsize=8)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="symconv")


def _check(of: str) -> None:
    if of not in _NAMES:
        raise InvalidOption(f"expected one of {', '.join(_NAMES)} but got {of!r}")


def _numba() -> Any:
    try:
        return import_module("numba")
    except ImportError as error:
        raise MissingLibrary("numba is not installed: pip install symconv[numba]") from error
