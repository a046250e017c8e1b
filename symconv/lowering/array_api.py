"""A layer for the array-API standard: the text of a module that runs on NumPy, PyTorch, JAX and CuPy, on any device.

In: a `Conv`.  Out: text, which needs `array_api_compat` and an array library, and the module compiled of it.
Never: a loop over images, or an array that is written to: a statement makes a new array of the whole batch, so that a
GPU is asked little and often is given much, and the text can be traced and differentiated.
"""

from __future__ import annotations

import re
from types import ModuleType

from symconv.errors import InvalidLayer, MissingLibrary
from symconv.layer import Conv
from symconv.lowering.algorithms.scatter import landing_sizes, scatter
from symconv.lowering.algorithms.windows import windows, windows_sum
from symconv.lowering.functional import DILATE, PAD, Functional
from symconv.lowering.lowered import compiled_module
from symconv.lowering.module import (
    BATCHED,
    NO_BREAK,
    Function,
    backward_text,
    docstring,
    functions_of,
    shapes_of,
    sizes_of,
    wrapped,
)
from symconv.lowering.nodes import Node
from symconv.lowering.problem import BATCH, Task, as_result, task
from symconv.lowering.program import programs
from symconv.lowering.statements import INDENT, call, plain, sequence
from symconv.lowering.vectorised import vectorised
from symconv.terms import number

TASKS = {"forward": "forward", "input_gradient": "input", "weight_gradient": "weight"}

CHECK_TEXT = '''\
def _check(name: str, x: Array, shape: tuple[int | str, ...]) -> None:
    """Refuse an array of another shape; N is any batch."""
    given = tuple(x.shape)
    pairs = zip(given, shape, strict=False)
    if len(given) != len(shape) or not all(size in ("N", at) for at, size in pairs):
        expected = str(shape).replace("'", "")
        raise ValueError(f"{name} has shape {given} but expected {expected}")
'''

PAD_TEXT = '''\
def _pad(xp: Any, x: Array, first: int, *widths: tuple[int, int]) -> Array:
    """Zeros before and after the entries, along the axes from `first` on."""
    for axis, sizes in enumerate(widths, first):
        shapes = [(*x.shape[:axis], size, *x.shape[axis + 1 :]) for size in sizes]
        low, high = [xp.zeros(s, dtype=x.dtype, device=device(x)) for s in shapes]
        x = xp.concat([low, x, high], axis=axis)
    return x
'''

DILATE_TEXT = '''\
def _dilate(xp: Any, x: Array, axis: int, step: int) -> Array:
    """The entries `step` places apart along an axis, zeros between them."""
    before, size, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    spread = xp.stack([x] + (step - 1) * [xp.zeros_like(x)], axis=axis + 1)
    spread = xp.reshape(spread, (*before, step * size, *after))
    return spread[(slice(None),) * axis + (slice(step * (size - 1) + 1), ...)]
'''


def array_api_module(layer: Conv) -> str:
    r"""The text of a Python module that computes a layer and its gradients for the array-API standard.

    Its functions are ``forward(a, w, b)``, ``input_gradient(delta, w)``, ``weight_gradient(delta, a)``,
    ``bias_gradient(delta)`` (b and `bias_gradient` where the layer has a bias) and ``backward(delta, a, w)``. They take
    arrays of one library, dtype and device, and of any batch size, and give new ones of the same; an array of another
    shape is a ValueError. They can be traced (by ``jax.jit``) and differentiated.

    Parameters
    ----------
    layer
        The layer; its batch size does not matter to the text.

    Raises
    ------
    InvalidLayer
        If it is not a `Conv`.

    Examples
    --------
    >>> functions = array_api_module(Conv((3, 3), (2, 2), bias=False)).split("def ")
    >>> print(*functions[4].rstrip().splitlines()[5:], sep="\n")
        xp = array_namespace(delta, w)
        _check("delta", delta, ("N", 1, 2, 2))
        n = delta.shape[0]
        _check("w", w, (1, 1, 2, 2))
        turned = xp.flip(w, axis=(2, 3))
        transposed = xp.permute_dims(turned, (1, 0, 2, 3))
        kernel = xp.reshape(transposed, (1, 4))
        padded = _pad(xp, delta, 2, (1, 1), (1, 1))
        slices = [padded[:, :, i : i + 3, j : j + 3] for i in range(2) for j in range(2)]
        windows = xp.stack(slices, axis=2)
        columns = xp.reshape(windows, (n, 4, 9))
        product = kernel @ columns
        return xp.reshape(product, (n, 1, 3, 3))
    """
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a Conv but got {layer!r} (type {type(layer).__name__})")
    functions, shapes = functions_of(layer, programs(layer)), shapes_of(layer)
    texts = [_text(layer, function, shapes) for function in functions]
    _, *described = docstring(layer, functions, shapes)
    whole = "\n".join(texts)
    names = ("array_namespace", *(["device"] if f"{PAD}(" in whole else []))
    head = [
        '"""One convolution layer and its gradients, for the array-API standard.',
        *described,
        "",
        "from typing import Any",
        "",
        f"from array_api_compat import {', '.join(names)}",
        "",
        "Array = Any",
    ]
    helpers = [CHECK_TEXT, *(text for name, text in ((PAD, PAD_TEXT), (DILATE, DILATE_TEXT)) if f"{name}(" in whole)]
    return "\n\n\n".join(["\n".join(head), *(text.rstrip() for text in helpers), *texts, backward_text(layer)]) + "\n"


def compiled_array_api(layer: Conv) -> ModuleType:
    """The module of `array_api_module`, ready to be called.

    Parameters
    ----------
    layer
        The layer.

    Raises
    ------
    InvalidLayer
        If it is not a `Conv`.
    MissingLibrary
        If `array_api_compat` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> code = compiled_array_api(Conv((3, 3), (2, 2), bias=False))
    >>> delta, w = np.ones((1, 1, 2, 2)), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> code.input_gradient(delta, w)
    array([[[[ 1.,  3.,  2.],
             [ 4., 10.,  6.],
             [ 3.,  7.,  4.]]]])
    """
    source = array_api_module(layer)
    try:
        return compiled_module(layer, source)
    except ModuleNotFoundError as error:
        if error.name != "array_api_compat":
            raise
        raise MissingLibrary("array_api_compat is not installed: pip install 'symconv[array-api]'") from None


def whole_batch(of: Task) -> Node:
    """A program of a task that suits it and has no loops: what is multiplied are two matrices for the whole batch.

    An input that is dilated (dE/da of a strided layer) is multiplied first and spread afterwards: no zero between its
    entries is multiplied.
    """
    p = of.problem
    if p.in_channels == BATCH:
        return vectorised(windows_sum(of))
    dilated = any(line.input_dilation != 1 for line in p.lines)
    if dilated and all(
        line.stride == 1 and number(line.dilation) * (number(line.kernel_size) - 1) >= number(line.low)
        for line in p.lines
    ):
        return vectorised(scatter(of, landing_sizes(of.problem, plane=False)))
    return vectorised(windows(of))


def _text(layer: Conv, function: Function, shapes: dict[str, str]) -> str:
    """One function: what it computes, what it takes, and the statements."""
    reads = ", ".join(f"{name}{NO_BREAK}{shapes[name]}" for name in function.parameters)
    result = f"{reads} -> {function.result}{NO_BREAK}{shapes[function.shaped_like]}"
    statements = _statements(layer, function)
    return "\n".join(
        [
            f"def {function.name}({', '.join(f'{name}: Array' for name in function.parameters)}) -> Array:",
            *wrapped(f'"""{function.equation}', INDENT),
            "",
            *wrapped(result, INDENT),
            f'{INDENT}"""',
            f"{INDENT}xp = array_namespace({', '.join(function.parameters)})",
            *_checks(layer, function.parameters, reads_batch=any(re.search(r"\bn\b", line) for line in statements)),
            *statements,
        ]
    )


def _statements(layer: Conv, function: Function) -> list[str]:
    """What a function computes, from its parameters."""
    write = Functional(function.parameters)
    if function.name == "bias_gradient":
        axes = tuple(at for at in range(layer.ndim + 2) if at != 1)
        return write.returning(write.write("summed", call("xp.sum", "delta", f"axis={axes}", "dtype=delta.dtype")))
    of = TASKS[function.name]
    result = write.value(as_result(layer, of, whole_batch(task(layer, of))))
    if "b" in function.parameters:
        shape = sequence((layer.out_channels, *layer.ndim * (1,)))
        bias = write.write("bias", call("xp.reshape", "b", shape))
        result = write.write("z", plain(f"{result} + {bias}"))
    return write.returning(result)


def _checks(layer: Conv, parameters: tuple[str, ...], *, reads_batch: bool) -> list[str]:
    """The statements that refuse arrays of other shapes, and read the batch where it is needed."""
    sizes = sizes_of(layer)
    batched = [name for name in parameters if name in BATCHED]
    lines = []
    for name in parameters:
        batch = [] if name not in batched else ['"N"'] if name == batched[0] else ["n"]
        shape = sequence((*batch, *sizes[name][len(batch) :]))
        lines += call("_check", f'"{name}"', name, shape).lines(INDENT, "", "")
        if name == batched[0] and (reads_batch or len(batched) > 1):
            lines.append(f"{INDENT}n = {name}.shape[0]")
    return lines
