"""The programs of a layer as the text of a Python module that needs NumPy and nothing else.

In: a `Conv` and the program chosen for each of its maps.  Out: text: the layer and its formulas in the docstring, then
`forward`, a function for each gradient, and `backward`.
Never: a batch size; the same text serves every batch. A program that rounds is only run on the floats it is made for;
other numbers take an exact program, which stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from textwrap import wrap

from symconv.arrays import ArrayExpression
from symconv.layer import Conv
from symconv.lowering.choice import CLOSED, Choice, Options, choose
from symconv.lowering.constants import Constants
from symconv.lowering.emitter import STRIDED, Emitter
from symconv.lowering.formulas import formula
from symconv.lowering.printer import WINDOWS, body
from symconv.lowering.program import Program
from symconv.lowering.statements import INDENT, WIDTH, call, sequence
from symconv.lowering.waves import definition

NO_BREAK = "\N{NO-BREAK SPACE}"
BATCHED = ("a", "delta")
EXACT = "exact_"  # before the name of a function: the same map for integers and objects
ROUNDED = "(np.float32, np.float64)"
MISMATCH = '''
def mismatch(expected: str, *arrays: Array) -> ValueError:
    """What to raise for arrays that do not belong to the layer."""
    given = ", ".join(f"{array.shape} of {array.dtype}" for array in arrays)
    return ValueError(f"expected {expected}, but got {given}")
'''.strip()


@dataclass(frozen=True)
class Function:
    """A function of the module: its result as a reader names it, the array that has the shape of the result."""

    name: str
    parameters: tuple[str, ...]
    result: str
    shaped_like: str
    equation: str
    of: str


def module(layer: Conv, program: Program, choices: Mapping[str, Choice] | None = None) -> str:
    r"""The text of the module; without choices, of the closed forms.

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
    functions = functions_of(layer, program)
    constants = Constants()
    texts: list[str] = []
    for function in functions:
        choice = (choices or {}).get(function.of)
        if choice is None or choice.chosen is None:
            texts.append(_text(layer, function, body(_expression(function, program), function.parameters)))
        else:
            texts += _chosen(layer, function, choice, constants)
    imports = ["import numpy as np"]
    tricks = sorted(name for name in (STRIDED, WINDOWS) if any(name + "(" in text for text in texts))
    if tricks:
        imports.append(f"from numpy.lib.stride_tricks import {', '.join(tricks)}")
    head = [*docstring(layer, functions, shapes_of(layer)), "", *imports, "", "Array = np.ndarray"]
    head += [line for table in constants.tables for line in table.lines]
    matrices = [definition(constants.circles)] if constants.circles else []
    return "\n\n\n".join(["\n".join(head), *matrices, MISMATCH, *texts, backward_text(layer)]) + "\n"


def _chosen(layer: Conv, function: Function, choice: Choice, constants: Constants) -> list[str]:
    """The function of a chosen program; before it, where it rounds, the function for exact numbers."""
    chosen = choice.chosen
    assert chosen is not None, "a program was chosen"
    candidate = chosen.candidate
    emitter = Emitter(function.parameters, constants)
    texts, first = [], []
    if not candidate.exact:
        exact = replace(function, name=EXACT + function.name)
        other = choose(layer, function.of, Options(dtype="other"))
        texts = _chosen(layer, exact, other, constants) if other.chosen else []
        arguments = ", ".join(function.parameters)
        first = [f"{INDENT}if {function.parameters[0]}.dtype not in {ROUNDED}:",
                 f"{INDENT}{INDENT}return {exact.name}({arguments})"]  # fmt: skip
    if candidate.images:
        first += _in_blocks(layer, function, candidate.images)
    bias = "b" in function.parameters
    added = f"b[:{', None' * layer.ndim}]" if bias else ""
    emitter.give_back(chosen.node, added)
    note = f"Program: {choice.name}{', ' + candidate.note if candidate.note else ''}; identity {identity(choice)}."
    if not candidate.finite:
        note += " A NaN or an infinity may spread further than in the formula."
    return [*texts, _text(layer, function, first + emitter.lines(), note)]


def _in_blocks(layer: Conv, function: Function, block: int) -> list[str]:
    """Statements that take a large batch in blocks, so that its workspaces stay small."""
    first = function.parameters[0]
    of_weight = function.of == "weight"
    sliced = [f"{name}[i : i + {block}]" if name == first or of_weight else name for name in function.parameters]
    size = layer.weight_shape if of_weight else {"forward": layer.output_shape, "input": layer.input_shape}[function.of]
    shape = ", ".join(map(str, size if of_weight else (f"len({first})", *size[1:])))
    inner = INDENT * 3
    place = "result" if of_weight else f"result[i : i + {block}]"
    sign = "+=" if of_weight else "="
    return [
        f"{INDENT}if len({first}) > {block}:",
        f"{INDENT * 2}result = np.{'zeros' if of_weight else 'empty'}(({shape}), {first}.dtype)",
        f"{INDENT * 2}for i in range(0, len({first}), {block}):",
        f"{inner}{place} {sign} {function.name}({', '.join(sliced)})",
        f"{INDENT * 2}return result",
    ]


def identity(choice: Choice) -> str:
    """What names a program: twelve digits of the hash of its nodes, which the proof is about.

    Examples
    --------
    >>> len(identity(choose(Conv(3, 2), "forward", Options())))
    12
    """
    node = CLOSED if choice.chosen is None else repr(choice.chosen.node)
    return sha256(node.encode()).hexdigest()[:12]


def functions_of(layer: Conv, program: Program) -> list[Function]:
    """The functions of a module."""
    reads = ("a", "w", "b") if layer.bias else ("a", "w")
    z, da, dw = map(formula, (program.forward, program.input_gradient, program.weight_gradient))
    functions = [
        Function("forward", reads, "z", "delta", f"z = {z}", "forward"),
        Function("input_gradient", ("delta", "w"), "dE/da", "a", f"dE/da = {da}", "input"),
        Function("weight_gradient", ("delta", "a"), "dE/dw", "w", f"dE/dw = {dw}", "weight"),
    ]
    if program.bias_gradient is not None:
        equation = f"dE/db = {formula(program.bias_gradient)}"
        functions.append(Function("bias_gradient", ("delta",), "dE/db", "b", equation, "bias"))
    return functions


def _expression(function: Function, program: Program) -> ArrayExpression:
    expression = {
        "forward": program.forward,
        "input": program.input_gradient,
        "weight": program.weight_gradient,
        "bias": program.bias_gradient,
    }[function.of]
    assert expression is not None, "a layer without bias has no function for its gradient"
    return expression


def shapes_of(layer: Conv) -> dict[str, str]:
    """The shapes of the arrays of a layer, for a reader; N is the batch."""
    return {
        name: f"(N, {', '.join(map(str, size[1:]))})" if name in BATCHED else str(size)
        for name, size in sizes_of(layer).items()
    }


def sizes_of(layer: Conv) -> dict[str, tuple[int, ...]]:
    """The sizes of the arrays of a layer."""
    return {"a": layer.input_shape, "w": layer.weight_shape, "b": layer.bias_shape, "delta": layer.output_shape}


def docstring(layer: Conv, functions: list[Function], shapes: dict[str, str]) -> list[str]:
    """What a module says of itself: the layer, its formulas, the shapes."""
    reads = [f"{name}{NO_BREAK}{shapes[name]}" for name in ("a", "w", "b") if name != "b" or layer.bias]
    notes = (
        f"Shapes, with N the batch: {', '.join(reads)}, z and delta{NO_BREAK}{shapes['delta']}.",
        "corr is the cross-correlation; how it pairs the batch and channel axes is left out of the formulas. "
        "delta is dE/dz, the error of the layer.",
    )
    return [
        '"""One convolution layer and its gradients, in NumPy.',
        "",
        *wrapped(repr(replace(layer, batch=1)), INDENT),
        "",
        *(line for function in functions for line in wrapped(function.equation, INDENT)),
        "",
        *(line for note in notes for line in wrapped(note)),
        '"""',
    ]


def _text(layer: Conv, function: Function, lines: list[str], note: str = "") -> str:
    shapes = shapes_of(layer)
    reads = ", ".join(f"{name}{NO_BREAK}{shapes[name]}" for name in function.parameters)
    result = f"{reads} -> {function.result}{NO_BREAK}{shapes[function.shaped_like]}"
    first, *more = wrapped(f'"""{function.equation}', INDENT)
    return "\n".join(
        [
            f"def {function.name}({', '.join(f'{name}: Array' for name in function.parameters)}) -> Array:",
            first,
            *more,
            "",
            *wrapped(result, INDENT),
            *(["", *wrapped(note, INDENT)] if note else []),
            f'{INDENT}"""',
            *_checks(layer, function),
            *lines,
        ]
    )


def _checks(layer: Conv, function: Function) -> list[str]:
    """The statements that refuse arrays of other shapes, or of several dtypes, before they are read."""
    first, *others = function.parameters
    batched = [name for name in function.parameters if name in BATCHED]
    conditions = [
        f"{name}.shape[1:] != {sequence(size[1:]).text}"
        if name in batched
        else f"{name}.shape != {sequence(size).text}"
        for name, size in ((name, sizes_of(layer)[name]) for name in function.parameters)
    ]
    conditions += [f"len({name}) != len({batched[0]})" for name in batched[1:]]
    conditions += [f"{name}.dtype != {first}.dtype" for name in others]
    expected = ", ".join(f"{name} {shapes_of(layer)[name]}" for name in function.parameters)
    expected += " of one dtype" if others else ""
    asked = [f"{INDENT}if {' or '.join(conditions)}:"]
    if len(asked[0]) > WIDTH:
        head, *more = conditions
        asked = [f"{INDENT}if (", INDENT * 2 + head, *(f"{INDENT * 2}or {one}" for one in more), f"{INDENT}):"]
    refused = call("mismatch", f'"{expected}"', *function.parameters).lines(INDENT * 2, "raise ", "")
    if any(len(line) > WIDTH for line in refused):  # then the text is broken too
        inner = INDENT * 3
        parts = wrap(expected, WIDTH - len(inner) - 3)
        texts = [f'{inner}"{part} "' for part in parts[:-1]] + [f'{inner}"{parts[-1]}",']
        arrays = [f"{inner}{name}," for name in function.parameters]
        refused = [f"{INDENT * 2}raise mismatch(", *texts, *arrays, f"{INDENT * 2})"]
    return [*asked, *refused]


def backward_text(layer: Conv) -> str:
    """The function that gives all gradients."""
    last, bias = ("Array", "bias_gradient(delta)") if layer.bias else ("None", "None")
    result = "(dE/da, dE/dw, dE/db)" if layer.bias else "(dE/da, dE/dw, None), for the layer has no bias"
    return "\n".join(
        [
            f"def backward(delta: Array, a: Array, w: Array) -> tuple[Array, Array, {last}]:",
            f'{INDENT}"""{result}"""',
            f"{INDENT}return input_gradient(delta, w), weight_gradient(delta, a), {bias}",
        ]
    )


def wrapped(text: str, indent: str = "") -> list[str]:
    """Lines that are broken at spaces, though not between the numbers of one tuple."""
    kept = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", NO_BREAK), text)
    after = indent + INDENT if indent else ""
    lines = wrap(kept, WIDTH, initial_indent=indent, subsequent_indent=after, break_long_words=False)
    return [line.replace(NO_BREAK, " ") for line in lines]
