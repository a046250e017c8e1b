"""Waves: the discrete Fourier transform of one axis as three real matrices, and the text that makes them.

In: the length of a circle.  Out: how the rows of `Waves` are mixed of cosines and sines, and a function of the module.
Never: a number. The proof reads the same mixtures (`symconv.proof.roots_of_unity`).

With the angle ``theta = 2*pi*f/n`` the transform of x is ``a + ib`` and the conjugate of the kernel's is ``c + id``.
Their product takes three multiplications (C. F. Gauss): ``k1 = c*(a + b)``, ``k2 = a*(d - c)`` and ``k3 = b*(c + d)``
have its real part ``k1 - k3`` and its imaginary part ``k1 + k2``. Where theta is 0 or pi all sines are 0, and k1 is it.
"""

from __future__ import annotations

from collections.abc import Iterable

MIXTURES = {
    "operand": ((1, -1), (1, 0), (0, -1)),
    "kernel": ((1, 0), (-1, 1), (1, 1)),
    "result": ((1, -1), (0, -1), (-1, 0)),
}  # for k1, k2 and k3 how often the cosine and the sine of an index are in a row

WAVES_TEXT = '''
def waves(n: int) -> tuple[Array, Array, Array]:
    """Matrices P, Q, R, for which sum(P[:, t] * Q[:, k] * R[:, j]) is t == (j + k) % n.

    Their rows are the waves of the Fourier transform: one for each of the
    frequencies 0 and n/2, three for each between them.
    """
    f = np.arange(n // 2 + 1)[:, None]
    angle = 2 * np.pi / n * (f * np.arange(n) % n)
    cos, sin, both = np.cos(angle), np.sin(angle), slice(1, (n + 1) // 2)
    operand = np.concatenate((cos - sin, cos[both], -sin[both]))
    kernel = np.concatenate((cos, (sin - cos)[both], (cos + sin)[both]))
    cos, sin = (np.where((f > 0) & (2 * f < n), 2, 1) / n * wave for wave in (cos, sin))
    result = np.concatenate((cos - sin, -sin[both], -cos[both]))
    return operand, kernel, result
'''.strip()


def constant(length: int) -> str:
    """The name of the matrices of a circle."""
    return f"WAVES_{length}"


def definition(lengths: Iterable[int]) -> str:
    """The function, and the matrices of some circles as constants of a module."""
    lines = [f"{constant(length)} = waves({length})" for length in sorted(set(lengths))]
    return "\n\n\n".join((WAVES_TEXT, "\n".join(lines)))
