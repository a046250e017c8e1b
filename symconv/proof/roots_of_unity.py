"""The convolution theorem for the sizes that a program uses, with exact roots of unity.

In: the lengths of a circle.  Out: whether the discrete Fourier transform takes circular correlation to products there.
Never: a floating-point number, but for the bound on rounding, which is stated and tested, not proved.

With w a primitive n-th root of unity, all that the theorem needs is that ``sum over t < n of w**(t*m)`` is n where n
divides m and 0 elsewhere. Where m and n have the greatest common divisor g, that sum is g times the sum of ``x**(g*t)``
over t < n/g at x = w, and it is 0 if the n-th cyclotomic polynomial divides that polynomial: integers decide.
"""

from __future__ import annotations

from functools import lru_cache
from math import log2, prod, sqrt

from symconv.lowering.waves import MIXTURES
from symconv.polynomial import Polynomial

Coefficients = tuple[int, ...]  # of a polynomial, the constant first


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


def waves_cancel(n: int) -> bool:
    """Whether the products of `Waves` add up, over their rows, to 1 where n divides ``t - j - k``, and to 0 elsewhere.

    The three products of one frequency are ``cos(theta*(j + k - t))``, whatever the angle; two frequencies have the
    first alone, and no sines. All frequencies have a sum of n, or of 0, as the sums of roots of unity have.

    Examples
    --------
    >>> waves_cancel(61)
    True
    """
    return mixtures_agree() and sums_vanish(n)


@lru_cache(maxsize=1)
def mixtures_agree() -> bool:
    """The identity of one frequency, as polynomials in the cosines and sines of the angles of t, k and j."""
    cosines = [Polynomial.of(f"c{part}") for part in MIXTURES]
    sines = [Polynomial.of(f"s{part}") for part in MIXTURES]
    rows = list(zip(*MIXTURES.values(), strict=True))

    def product(row: tuple[tuple[int, int], ...]) -> Polynomial:
        factors = [c * cos + s * sin for (c, s), cos, sin in zip(row, cosines, sines, strict=True)]
        return factors[0] * factors[1] * factors[2]

    (ct, ck, cj), (st, sk, sj) = cosines, sines
    wanted = (cj * ck - sj * sk) * ct + (sj * ck + cj * sk) * st  # cos(j + k - t)
    without_sines = product(rows[0]).substitute({f"s{part}": Polynomial() for part in MIXTURES})
    return sum(map(product, rows), start=Polynomial()) == wanted and without_sines == ct * ck * cj


@lru_cache(maxsize=1024)
def cyclotomic(n: int) -> Coefficients:
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


def _quotient(dividend: list[int], divisor: Coefficients) -> list[int]:
    """The quotient by a polynomial whose first coefficient is 1."""
    left, found = list(dividend), [0] * (len(dividend) - len(divisor) + 1)
    for at in reversed(range(len(found))):
        found[at] = left[at + len(divisor) - 1]
        _subtract(left, divisor, found[at], at)
    return found


def _remainder(dividend: list[int], divisor: Coefficients) -> list[int]:
    left = list(dividend)
    for at in reversed(range(len(left) - len(divisor) + 1)):
        _subtract(left, divisor, left[at + len(divisor) - 1], at)
    return left[: len(divisor) - 1]


def _subtract(left: list[int], divisor: Coefficients, times: int, at: int) -> None:
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


def waves_bound(n: int, sums: int, epsilon: float, norms: float) -> float:
    """How far a result of the program in waves may be off: ``(2 + 2*sqrt(2)) * (1 + 2/n) * m*u / (1 - m*u) * norms``.

    `norms` is the sum, over all that is summed, of the products of the sums of magnitudes along the axis of length n,
    and u is half of epsilon. A sum of m rounded products is off by at most ``m*u / (1 - m*u)`` times the sum of their
    magnitudes, in any order (N. J. Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); `sums` is the
    length of the four sums that follow each other, added up, and m three more, for the matrices are rounded. The
    magnitudes of the three rows of one frequency, 2/n of them, make the factor.
    """
    m = (sums + 3) * epsilon / 2
    return (2 + 2 * sqrt(2)) * (1 + 2 / n) * m / (1 - m) * norms
