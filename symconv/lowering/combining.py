"""Sums with constant coefficients as Python: statements that write into a place, or one expression.

In: exact numbers and names.  Out: statements, or text.
Never: a rounded number where an exact one can be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symconv.lowering.statements import Link, call, plain


def combined_into(target: str, terms: list[tuple[Fraction, str]]) -> list[Link | tuple[str, Link]]:
    """The statements that write ``sum of c * x`` into a place, with as few operations as it has terms."""
    terms = sorted(terms, key=lambda term: term[0] < 0)
    sizes = {abs(c) for c, _ in terms}
    common = sizes.pop() if len(sizes) == 1 else Fraction(1)
    signs = [(c / common, x) for c, x in terms]
    (first, x), *more = signs
    lines: list[Link | tuple[str, Link]] = []
    if more and abs(first) == 1 and abs(more[0][0]) == 1:
        (second, y), *more = more
        function = "np.add" if first == second else "np.subtract"  # positive terms come first
        lines.append(call(function, x, y, f"out={target}"))
        if first < 0:
            lines.append(call("np.negative", target, f"out={target}"))
    elif first == 1:
        lines.append((f"{target} = ", plain(x)))
    elif first == -1:
        lines.append(call("np.negative", x, f"out={target}"))
    else:
        lines.append(call("np.multiply", x, fraction_text(first), f"out={target}"))
    for c, x in more:
        sign = "+" if c > 0 else "-"
        lines.append((f"{target} {sign}= ", plain(x if abs(c) == 1 else f"{fraction_text(abs(c))} * {x}")))
    if common != 1:
        lines.append((f"{target} *= ", plain(fraction_text(common))))
    return lines


def combination(row: Sequence[Fraction], names: Sequence[str]) -> str:
    """``sum of c * x`` as an expression.

    Examples
    --------
    >>> combination([Fraction(1, 2), Fraction(0), Fraction(-1)], ["x", "y", "z"])
    '0.5 * x - z'
    """
    terms = [(c, x) for c, x in zip(row, names, strict=True) if c]
    text = ""
    for c, x in terms or [(Fraction(0), names[0])]:
        product = x if abs(c) == 1 else f"{fraction_text(abs(c))} * {x}"
        text += f" {'-' if c < 0 else '+'} {product}" if text else f"-{product}" if c < 0 else product
    return text


def fraction_text(number: Fraction) -> str:
    """A number as a Python expression, without rounding where it has a finite binary fraction.

    Examples
    --------
    >>> fraction_text(Fraction(1, 4)), fraction_text(Fraction(1, 3))
    ('0.25', '1 / 3')
    """
    if number.denominator & (number.denominator - 1):
        return f"{number.numerator} / {number.denominator}"
    return str(number.numerator if number.denominator == 1 else float(number))
