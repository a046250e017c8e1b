"""The program of a layer as the text of a Python module that needs NumPy and nothing else.

In: a `Conv` and its `Program`.  Out: text: the layer and its formulas in the docstring, then `forward`, a function for
each gradient, and `backward`.
Never: a batch size; the same text serves every batch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import wrap

from symconv.arrays import ArrayExpression
from symconv.layer import Conv
from symconv.lowering.formulas import formula
from symconv.lowering.printer import WINDOWS, body
from symconv.lowering.program import Program
from symconv.lowering.statements import INDENT, WIDTH

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class _Function:
    """A function of the module: its result as a reader names it, the array that has the shape of the result."""

    name: str
    parameters: tuple[str, ...]
    result: str
    shaped_like: str
    expression: ArrayExpression

    @property
    def equation(self) -> str:
        return f"{self.result} = {formula(self.expression)}"


def module(layer: Conv, program: Program) -> str:
    r"""The text of the module.

    Examples
    --------
    >>> from symconv.lowering.program import programs
    >>> layer = Conv(3, 2)
    >>> print(*module(layer, programs(layer)).splitlines()[2:8], sep="\n")
        Conv((3,), (2,))
    <BLANKLINE>
        z = corr(a, w) + b
        dE/da = corr(pad(delta, 1), rot180(w))
        dE/dw = corr(a, delta)
        dE/db = sum(delta, axes=(0, 2))
    """
    functions = _functions(layer, program)
    shapes = _shapes(layer)
    texts = [_text(function, shapes) for function in functions]
    imports = ["import numpy as np"]
    if any(WINDOWS in text for text in texts):
        imports.append(f"from numpy.lib.stride_tricks import {WINDOWS}")
    head = [*_docstring(layer, functions, shapes), "", *imports, "", "Array = np.ndarray"]
    return "\n\n\n".join(["\n".join(head), *texts, _backward(layer)]) + "\n"


def _functions(layer: Conv, program: Program) -> list[_Function]:
    reads = ("a", "w", "b") if layer.bias else ("a", "w")
    functions = [
        _Function("forward", reads, "z", "delta", program.forward),
        _Function("input_gradient", ("delta", "w"), "dE/da", "a", program.input_gradient),
        _Function("weight_gradient", ("delta", "a"), "dE/dw", "w", program.weight_gradient),
    ]
    if program.bias_gradient is not None:
        functions.append(_Function("bias_gradient", ("delta",), "dE/db", "b", program.bias_gradient))
    return functions


def _shapes(layer: Conv) -> dict[str, str]:
    sizes = {"a": layer.input_shape, "w": layer.weight_shape, "b": layer.bias_shape, "delta": layer.output_shape}
    shapes = {name: str(size) for name, size in sizes.items()}
    for name in ("a", "delta"):
        shapes[name] = f"(N, {', '.join(map(str, sizes[name][1:]))})"
    return shapes


def _docstring(layer: Conv, functions: list[_Function], shapes: dict[str, str]) -> list[str]:
    reads = [f"{name}{NO_BREAK}{shapes[name]}" for name in ("a", "w", "b") if name != "b" or layer.bias]
    notes = (
        f"Shapes, with N the batch: {', '.join(reads)}, z and delta{NO_BREAK}{shapes['delta']}.",
        "corr is the cross-correlation; how it pairs the batch and channel axes is left out of the formulas. "
        "delta is dE/dz, the error of the layer.",
    )
    return [
        '"""One convolution layer and its gradients, in NumPy.',
        "",
        *_wrapped(repr(replace(layer, batch=1)), INDENT),
        "",
        *(line for function in functions for line in _wrapped(function.equation, INDENT)),
        "",
        *(line for note in notes for line in _wrapped(note)),
        '"""',
    ]


def _text(function: _Function, shapes: dict[str, str]) -> str:
    reads = ", ".join(f"{name}{NO_BREAK}{shapes[name]}" for name in function.parameters)
    result = f"{reads} -> {function.result}{NO_BREAK}{shapes[function.shaped_like]}"
    first, *more = _wrapped(f'"""{function.equation}', INDENT)
    return "\n".join(
        [
            f"def {function.name}({', '.join(f'{name}: Array' for name in function.parameters)}) -> Array:",
            first,
            *more,
            "",
            *_wrapped(result, INDENT),
            f'{INDENT}"""',
            *body(function.expression, function.parameters),
        ]
    )


def _backward(layer: Conv) -> str:
    last, bias = ("Array", "bias_gradient(delta)") if layer.bias else ("None", "None")
    result = "(dE/da, dE/dw, dE/db)" if layer.bias else "(dE/da, dE/dw, None), for the layer has no bias"
    return "\n".join(
        [
            f"def backward(delta: Array, a: Array, w: Array) -> tuple[Array, Array, {last}]:",
            f'{INDENT}"""{result}"""',
            f"{INDENT}return input_gradient(delta, w), weight_gradient(delta, a), {bias}",
        ]
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Lines that are broken at spaces, though not between the numbers of one tuple."""
    kept = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", NO_BREAK), text)
    after = indent + INDENT if indent else ""
    lines = wrap(kept, WIDTH, initial_indent=indent, subsequent_indent=after, break_long_words=False)
    return [line.replace(NO_BREAK, " ") for line in lines]
