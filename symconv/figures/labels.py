"""Names and equations as labels: a letter with its indices below it.

In: entries and polynomials, and the names of a layer.  Out: runs of text for a `Label`.
"""

from __future__ import annotations

from symconv.figures.scene import Run, width
from symconv.polynomial import Atom, Entry, Polynomial
from symconv.report.notation import GREEK, Names, written_order

GRADIENTS = {"da": "a", "dw": "w", "db": "b"}
Runs = tuple[Run, ...]


def symbol(names: Names, tensor: str, above: str = "") -> Runs:
    """A tensor by the name that the notation gives it."""
    base, letter = names.notation.called(tensor)
    letters = GREEK.get(base, base)
    name = Run(letters, italic=len(letters) == 1)
    return (name, *((Run(letter, -1, True),) if letter else ()), *((Run(above, 1, True),) if above else ()))


def entry(names: Names, one: Entry, full: bool = False) -> Runs:
    """An entry by its position alone, as its board's caption says the rest; `full`: with its channels and image."""
    base, letter = names.notation.called(GRADIENTS.get(one.tensor, one.tensor))
    letters = f"d{GREEK.get(base, base)}" if one.tensor in GRADIENTS else GREEK.get(base, base)
    like = GRADIENTS.get(one.tensor, one.tensor)
    visible = names.visible(like, tuple(map(Polynomial.of, one.indices)))
    positions = [Polynomial.of(n + names.notation.index_base) for n in one.indices[2:]] if one.tensor != "b" else []
    indices = visible if full else positions
    below = ",".join([*([letter] if letter else []), *map(str, indices)])
    name = Run(letters, italic=len(letters) == 1 or one.tensor in GRADIENTS)
    return (name, *((Run(below, -1, not indices),) if below else ()))


def gradient(names: Names, tensor: str, indices: tuple[int, ...] = (), full: bool = False) -> Runs:
    """``∂E/∂a`` as a whole, or by one entry."""
    by = entry(names, Entry(tensor, indices), full) if indices else symbol(names, tensor)
    return (Run("∂"), *symbol(names, "E"), Run("/∂"), *by)


def left_side(names: Names, result: Entry, full: bool = False) -> Runs:
    """What a frame computes: ``z_{1,1}`` or ``∂E/∂a_{1,1}``."""
    by = GRADIENTS.get(result.tensor)
    return gradient(names, by, result.indices, full) if by else entry(names, result, full)


def equation(
    names: Names, result: Entry, value: Polynomial, more: bool, size: float, room: float, full: bool = False
) -> list[Runs]:
    """An entry and the products that it adds up, in as many lines as the room asks for."""
    products = [_product(names, monomial, full) for monomial, _ in written_order(value)] or [(Run("0"),)]
    products += [(Run("⋯"),)] if more else []
    lines: list[Runs] = [(*left_side(names, result, full), Run(" = "), *products[0])]
    for one in products[1:]:
        longer = (*lines[-1], Run(" + "), *one)
        if 1.1 * width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append((Run("    + "), *one))
    return lines


def _product(names: Names, factors: tuple[Atom, ...], full: bool) -> Runs:
    runs: Runs = ()
    for factor in factors:
        assert isinstance(factor, Entry)
        runs += ((Run(" "),) if runs else ()) + entry(names, factor, full)
    return runs
