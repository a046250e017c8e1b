"""The convolution theorem for the sizes that a program uses, with exact roots of unity.

In: the lengths of a circle.  Out: whether the discrete Fourier transform takes circular correlation to products there.
Never: a floating-point number, but for the bound on rounding, which is stated and tested, not proved.

With w a primitive n-th root of unity, all that the theorem needs is that ``sum over t < n of w**(t*m)`` is n where n
divides m and 0 elsewhere. Where m and n have the greatest common divisor g, that sum is g times the sum of ``x**(g*t)``
over t < n/g at x = w, and it is 0 if the n-th cyclotomic polynomial divides that polynomial: integers decide.
"""

from __future__ import annotations

from functools import lru_cache
from math import log2, prod

Polynomial = tuple[int, ...]  # coefficients, the constant first


def transforms_products(sizes: tuple[int, ...]) -> bool:
    """Whether the theorem holds on a circle of these lengths: it does along each axis by itself, or not at all.

    Examples
    --------
    >>> transforms_products((270, 256))
    True
    """
    return all(sums_vanish(size) for size in sizes)


@lru_cache(maxsize=256)
def sums_vanish(n: int) -> bool:
    """Whether ``sum over t < n of w**(t*m)`` is 0 for every m that n does not divide, by exact division."""
    modulus = cyclotomic(n)
    for divisor in range(1, n):
        if n % divisor == 0:
            terms = [0] * n
            for t in range(n // divisor):
                terms[divisor * t] = 1
            if any(_remainder(terms, modulus)):
                return False
    return True


@lru_cache(maxsize=1024)
def cyclotomic(n: int) -> Polynomial:
    """The n-th cyclotomic polynomial: ``x**n - 1`` divided by those of all proper divisors of n.

    Examples
    --------
    >>> cyclotomic(6)
    (1, -1, 1)
    """
    left = [-1, *[0] * (n - 1), 1]
    for divisor in range(1, n):
        if n % divisor == 0:
            left = _quotient(left, cyclotomic(divisor))
    return tuple(left)


def _quotient(dividend: list[int], divisor: Polynomial) -> list[int]:
    """The quotient by a polynomial whose first coefficient is 1."""
    left, found = list(dividend), [0] * (len(dividend) - len(divisor) + 1)
    for at in reversed(range(len(found))):
        found[at] = left[at + len(divisor) - 1]
        _subtract(left, divisor, found[at], at)
    return found


def _remainder(dividend: list[int], divisor: Polynomial) -> list[int]:
    left = list(dividend)
    for at in reversed(range(len(left) - len(divisor) + 1)):
        _subtract(left, divisor, left[at + len(divisor) - 1], at)
    return left[: len(divisor) - 1]


def _subtract(left: list[int], divisor: Polynomial, times: int, at: int) -> None:
    if times:
        for place, c in enumerate(divisor, at):
            left[place] -= times * c


def rounding_bound(sizes: tuple[int, ...], channels: int, epsilon: float, norms: float) -> float:
    """How far a result of the Fourier program may be off: ``7 * epsilon * (3*log2(n) + 2) * channels * norms``.

    `norms` is the product of the Euclidean norms of one channel of the operand and of the kernel; n is the number of
    places on the circle. Each of the three transforms is off by at most about ``7 * epsilon * log2(n)`` in norm (N. J.
    Higham, Accuracy and Stability of Numerical Algorithms, theorem 24.2, for powers of two).
    """
    return 7 * epsilon * (3 * log2(prod(sizes)) + 2) * channels * norms
