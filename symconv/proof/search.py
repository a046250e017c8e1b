"""A formula for every shape that is given as a function of the layer: the smallest layer for which it is wrong.

In: a function from layers to array expressions, the gradient it is for, a rank.  Out: `Refuted` with the smallest layer
and the smallest wrong entry in it, or `Passed` with the number of layers that were decided.
Layers are tried smallest first, so the first that fails is minimal in the order of `small_layers`.
Never: PROVED: a function is a black box, and no number of layers is all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from symconv.arrays import ArrayExpression
from symconv.derivation import derive_gradients
from symconv.errors import SymconvError
from symconv.layer import Axis, Conv
from symconv.proof.finite import decide
from symconv.steps import Evidence, Gradient, Outcome, Passed, Refuted, Undecided

Form = Callable[[Conv], ArrayExpression]
TRIED_AXES = 300  # axes that are tried, smallest first


def small_axes() -> list[Axis]:
    """Axes with small numbers, simplest first: by how much they differ from a plain axis of size 1."""
    numbers = product(range(1, 6), range(1, 4), (1, 2, 3), (1, 2), (1, 2), (0, 1, 2, -1), (0, 1, 2, -1))
    valid = [axis for axis in (Axis(*n) for n in numbers) if axis.slack >= 0]
    return sorted(valid, key=_weight)


def _weight(axis: Axis) -> int:
    steps = axis.stride + axis.dilation + axis.input_dilation
    return axis.input_size + axis.kernel_size + 2 * steps + abs(axis.low) + abs(axis.high) + abs(axis.low - axis.high)


def small_layers(ndim: int, flip: bool) -> Iterator[Conv]:
    """Small layers of a rank, smallest first: one axis is varied at a time, now and then with channels and groups."""
    axes = small_axes()[:TRIED_AXES]
    for at, axis in enumerate(axes):
        for position in range(ndim if at else 1):
            sides = tuple(axis if j == position else axes[at // 7] for j in range(ndim))
            yield Conv.of_axes(sides, flip=flip)
            if at % 5 == 4:
                yield Conv.of_axes(sides, flip=flip, in_channels=2, out_channels=2)
                yield Conv.of_axes(sides, flip=flip, in_channels=4, out_channels=2, groups=2, batch=2)


def search(form: Form, of: Gradient, ndim: int, flip: bool) -> Outcome:
    """Decide a formula layer by layer, smallest first, until one refutes it."""
    count = 0
    for layer in small_layers(ndim, flip):
        try:
            closed = form(layer)
        except SymconvError as error:
            return Undecided(f"the formula gives no array expression for {layer!r}: {error}")
        outcome = decide(derive_gradients(layer, list_entries=False).gradient(of), closed)
        if isinstance(outcome, Refuted):
            where = Evidence("smallest layer", f"{layer!r}; it agrees on {count} smaller ones")
            return Refuted(outcome.counterexample, (where,))
        if isinstance(outcome, Undecided):
            return Undecided(f"{layer!r}: {outcome.reason}")
        count += 1
    return Passed(count, (Evidence("layers", f"{count} small layers with {ndim} axes, each decided exactly"),))
