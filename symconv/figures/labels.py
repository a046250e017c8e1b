"""Names and equations as labels: a letter with its indices below it.

In: entries and polynomials, and the names of a layer.  Out: runs of text for a `Label`.
"""

from __future__ import annotations

from symconv.figures.scene import Run, width
from symconv.polynomial import Atom, Entry, Polynomial
from symconv.report.notation import Names, written_order

SIGNS = {"delta": "δ", "eta": "η"}
GRADIENTS = {"da": "a", "dw": "w", "db": "b"}
Runs = tuple[Run, ...]


def symbol(names: Names, tensor: str, above: str = "") -> Runs:
    """A tensor by the name that the notation gives it."""
    base, letter = names.notation.called(tensor)
    letters = SIGNS.get(base, base)
    name = Run(letters, italic=len(letters) == 1)
    return (name, *((Run(letter, -1, True),) if letter else ()), *((Run(above, 1, True),) if above else ()))


def entry(names: Names, one: Entry) -> Runs:
    """An entry by its position alone, without batch and channel: the caption of its board says which they are."""
    base, letter = names.notation.called(one.tensor)
    letters = SIGNS.get(base, base)
    indices = one.indices[2:] if one.tensor != "b" else ()
    below = ",".join([*([letter] if letter else []), *(str(n + names.notation.index_base) for n in indices)])
    name = Run(letters, italic=len(letters) == 1 or letters in GRADIENTS)
    return (name, *((Run(below, -1, not indices),) if below else ()))


def gradient(names: Names, tensor: str, indices: tuple[int, ...] = ()) -> Runs:
    """``∂E/∂a`` as a whole, or by one entry."""
    by = entry(names, Entry(tensor, (0, 0, *indices))) if indices else symbol(names, tensor)
    return (Run("∂"), *symbol(names, "E"), Run("/∂"), *by)


def left_side(names: Names, result: Entry) -> Runs:
    """What a frame computes: ``z_{1,1}`` or ``∂E/∂a_{1,1}``."""
    by = GRADIENTS.get(result.tensor)
    return gradient(names, by, result.indices[2:]) if by else entry(names, result)


def equation(names: Names, result: Entry, value: Polynomial, more: bool, size: float, room: float) -> list[Runs]:
    """An entry and the products that it adds up, in as many lines as the room asks for."""
    products = [_product(names, monomial) for monomial, _ in written_order(value)] or [(Run("0"),)]
    products += [(Run("⋯"),)] if more else []
    lines: list[Runs] = [(*left_side(names, result), Run(" = "), *products[0])]
    for one in products[1:]:
        longer = (*lines[-1], Run(" + "), *one)
        if width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append((Run("    + "), *one))
    return lines


def _product(names: Names, factors: tuple[Atom, ...]) -> Runs:
    runs: Runs = ()
    for factor in factors:
        assert isinstance(factor, Entry)
        runs += ((Run(" "),) if runs else ()) + entry(names, factor)
    return runs
