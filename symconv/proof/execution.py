"""The lowered source, run on exact polynomials: the program computes what was derived, and not only its formula.

In: a layer.  Out: for each gradient the evidence, or the disagreement found.
A large layer stands back for a named smaller one of the same kind: the same options, or options clipped to small
values, on fewer positions and channels. The verdict names the layer that was run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np

from symconv.arrays import ArrayExpression, Input, operands, shape
from symconv.closed import input_gradient, weight_gradient
from symconv.derivation import derive_gradients
from symconv.enumeration import written_out
from symconv.forward import weighted_input
from symconv.layer import Axis, Conv
from symconv.lowering import Lowered, lower
from symconv.lowering.choice import CLOSED
from symconv.polynomial import Entry, Polynomial
from symconv.steps import Derivation, Evidence, Gradient

LARGEST_ARRAY = 20_000  # entries of an array up to which it is made for that
EXECUTED_PRODUCTS = 600  # products in z up to which the lowered source is run on the layer itself

Disagreement = str


def run_on_polynomials(derivation: Derivation) -> dict[Gradient, Evidence | Disagreement]:
    """Run the lowered gradients on tensors of exact polynomials and compare every entry with the derivation's."""
    layer = derivation.layer
    if layer.monomials <= EXECUTED_PRODUCTS and _largest_array(layer) <= LARGEST_ARRAY:
        return _run(derivation, "on this layer")
    return dict(_run_on(smaller(layer)))


def _largest_array(layer: Conv) -> int:
    """The entries of the largest array that the lowered gradients make."""
    stack: list[ArrayExpression] = [input_gradient(layer), weight_gradient(layer), Input("w", layer.weight_shape)]
    largest = 0
    while stack:
        node = stack.pop()
        largest = max(largest, prod(shape(node)))
        stack += operands(node)
    return largest


@lru_cache(maxsize=1024)
def _run_on(small: Conv) -> Mapping[Gradient, Evidence | Disagreement]:
    """Layers of one kind share their stand-in, which is run once."""
    return _run(derive_gradients(small, list_entries=False), f"on the smaller {small!r}")


def _run(derivation: Derivation, which: str) -> dict[Gradient, Evidence | Disagreement]:
    small = derivation.layer
    program = lower(small, program=CLOSED)  # statement by statement; other programs have proofs of their own
    a, w, delta = (
        tensor(name, size)
        for name, size in (("a", small.input_shape), ("w", small.weight_shape), ("delta", small.output_shape))
    )
    results: dict[Gradient, Any] = {
        Gradient.INPUT: program.input_gradient(delta, w),
        Gradient.WEIGHT: program.weight_gradient(delta, a),
    }
    if small.bias:
        results[Gradient.BIAS] = program.bias_gradient(delta)
    return {g.of: _compared(written_out(g.derived), results[g.of], which) for g in derivation.gradients}


def run_forward_and_gradients(code: Lowered, of: str, batch: int) -> Disagreement | None:
    """Run a map of lowered code ("forward", "input", "weight") on symbols; None if every entry is the theorem's."""
    small = replace(code.layer, batch=batch)
    a, w, delta, b = (
        tensor(name, size)
        for name, size in (("a", small.input_shape), ("w", small.weight_shape), ("delta", small.output_shape),
                           ("b", small.bias_shape))
    )  # fmt: skip
    if of == "forward":
        found = _compared(written_out(weighted_input(small)), code.forward(a, w, b if small.bias else None), "")
    else:
        gradients = derive_gradients(small, list_entries=False).gradients
        (gradient,) = (g for g in gradients if g.of.value == of)
        result = code.input_gradient(delta, w) if of == "input" else code.weight_gradient(delta, a)
        found = _compared(written_out(gradient.derived), result, "")
    return found if isinstance(found, str) else None


def _compared(derived: dict[Entry, Polynomial], result: Any, which: str) -> Evidence | Disagreement:
    if result.size != len(derived):
        return f"the lowered source, run {which}, gives {result.size} entries, not {len(derived)}"
    for e, p in derived.items():
        if Polynomial.of(result[e.indices]) != p:
            return f"the lowered source, run {which}, gives {result[e.indices]} at {e}, not {p}"
    return Evidence(
        "lowered source",
        f"run on exact polynomials {which}: every entry is the derived polynomial ({len(derived)} in all)",
    )


def tensor(name: str, size: tuple[int, ...]) -> Any:
    """An array whose every entry is the polynomial of its own name.

    Examples
    --------
    >>> print(tensor("b", (2,))[1])
    b[1]
    """
    array = np.empty(size, dtype=object)
    for at in product(*map(range, size)):
        array[at] = Polynomial.of(Entry(name, at))
    return array


def smaller(layer: Conv) -> Conv:
    """A layer of the same kind with few products: sizes, channels and options clipped, signs and asymmetry kept.

    Examples
    --------
    >>> smaller(Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64))
    Conv((4, 4), (3, 3), stride=2, padding=2, in_channels=2, out_channels=2)
    """
    axes = [_smaller_axis(axis, positions=3 if layer.ndim < 3 else 2) for axis in layer.axes]
    groups = min(layer.groups, 2)
    ins, outs = (min(n, 2) for n in (layer.in_channels_per_group, layer.out_channels_per_group))
    spatial = prod(axis.output_size * axis.kernel_size for axis in axes)
    while groups * ins * outs * spatial > EXECUTED_PRODUCTS and ins + outs + groups > 3:
        if ins > 1:
            ins = 1
        elif outs > 1:
            outs = 1
        else:
            groups = 1
    return Conv.of_axes(
        axes,
        groups=groups,
        in_channels=groups * ins,
        out_channels=groups * outs,
        bias=layer.bias,
        flip=layer.flip,
        weight_layout=layer.weight_layout,
    )


def _smaller_axis(axis: Axis, positions: int) -> Axis:
    """Clipped options, then the shortest input that gives the output positions wanted, with the remainder if it can."""
    kernel = min(axis.kernel_size, 3 if positions > 2 else 2)
    clipped = {
        "kernel_size": kernel,
        "stride": min(axis.stride, 3),
        "dilation": min(axis.dilation, 2),
        "input_dilation": min(axis.input_dilation, 2),
        "low": max(-2, min(axis.low, 2)),
        "high": max(-2, min(axis.high, 2)),
    }
    if axis.low != axis.high and clipped["low"] == clipped["high"]:
        clipped["low" if axis.low < axis.high else "high"] -= 1
    wanted = min(axis.output_size, positions)
    tried = [Axis(input_size=n, **clipped) for n in range(1, 4 * positions + 2 * kernel + 8)]
    fitting = [a for a in tried if a.slack >= 0 and a.output_size >= wanted]
    same_remainder = [a for a in fitting if a.remainder == min(axis.remainder, a.stride - 1)]
    return min(same_remainder or fitting, key=lambda a: (a.output_size, a.input_size))
