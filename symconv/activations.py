"""Activations and their derivatives, the derivatives taken by SymPy.

In: a name.  Out: f and f' as SymPy expressions in one real variable.
Conventions where mathematics leaves a choice: relu'(0) = 0, leaky relu has slope 0.01 at and below 0, gelu is the exact
one (with the error function).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from symconv.errors import InvalidOption

VARIABLE = sympy.Symbol("z", real=True)
LEAKY_SLOPE = sympy.Rational(1, 100)

_FORMULAS: dict[str, Callable[[sympy.Symbol], sympy.Expr]] = {
    "identity": lambda z: z,
    "relu": lambda z: sympy.Piecewise((z, z > 0), (0, True)),
    "leaky_relu": lambda z: sympy.Piecewise((z, z > 0), (LEAKY_SLOPE * z, True)),
    "sigmoid": lambda z: 1 / (1 + sympy.exp(-z)),
    "tanh": lambda z: sympy.tanh(z),
    "softplus": lambda z: sympy.log(1 + sympy.exp(z)),
    "gelu": lambda z: z * (1 + sympy.erf(z / sympy.sqrt(2))) / 2,
}

ARBITRARY = "f"
ACTIVATIONS = (ARBITRARY, *_FORMULAS)


@dataclass(frozen=True)
class Activation:
    """An activation f and its derivative f', both in the variable `VARIABLE`."""

    name: str
    function: sympy.Expr
    derivative: sympy.Expr

    @property
    def is_arbitrary(self) -> bool:
        """Whether f stands for any differentiable function."""
        return self.name == ARBITRARY


def activation(name: str) -> Activation:
    """The activation of this name; ``"f"`` is an arbitrary differentiable function.

    Raises
    ------
    InvalidOption
        For an unknown name.

    Examples
    --------
    >>> activation("tanh").derivative
    1 - tanh(z)**2
    """
    if name not in ACTIVATIONS:
        raise InvalidOption(f"unknown activation {name!r}: choose one of {', '.join(ACTIVATIONS)}")
    function = sympy.Function("f")(VARIABLE) if name == ARBITRARY else _FORMULAS[name](VARIABLE)
    return Activation(name, function, function.diff(VARIABLE))
