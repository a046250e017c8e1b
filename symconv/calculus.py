"""The gradients of a small layer written out, by SymPy alone, in two ways that share nothing with the indexed steps.

In: a `Conv`.  Out: exact polynomials, entry by entry.
Never: an index rule of ours; the forward map is written out entry by entry, and SymPy does the calculus.
"""

from __future__ import annotations

from collections.abc import Mapping

from symconv.polynomial import Atom, Entry, Monomial, Polynomial
from symconv.symbols import RingElement, squared_error_gradient, squared_error_gradients

MULTIPLIED_OUT = 60_000  # monomials of E up to which it is multiplied out
SAMPLED_ENTRIES = 12  # entries for which E is differentiated where it is not multiplied out


def chain_rule_gradients(z: Mapping[Entry, Polynomial]) -> dict[Entry, Polynomial]:
    """``dE/de = sum over z of delta * dz/de`` for every entry e that occurs: every z differentiated by every entry.

    The derivatives are SymPy's (``PolyElement.diff``).

    Examples
    --------
    >>> w, a = Entry("w", (0,)), Entry("a", (0,))
    >>> print(chain_rule_gradients({Entry("z", (0,)): Polynomial.product(w, a)})[a])
    delta[0]*w[0]
    """
    totals: dict[Entry, dict[Monomial, int]] = {}
    for at, value in z.items():
        delta = Entry("delta", at.indices)
        for e, derivative in RingElement.of(value).derivatives():
            total = totals.setdefault(e, {})
            for monomial, coefficient in derivative.items():
                product = in_order(delta, *monomial)
                total[product] = total.get(product, 0) + coefficient
    return {e: Polynomial(total) for e, total in totals.items()}


def in_order(*atoms: Atom) -> Monomial:
    """The monomial of these entries."""
    return tuple(sorted(atom for atom in atoms if isinstance(atom, Entry)))


def entries_of(z: Mapping[Entry, Polynomial]) -> tuple[Entry, ...]:
    """Every entry that occurs in some z, in one fixed order."""
    return tuple(sorted({atom for value in z.values() for atom in value.atoms if isinstance(atom, Entry)}))


def error_gradients(z: Mapping[Entry, Polynomial]) -> tuple[dict[Entry, Polynomial], str]:
    """Twice the gradient of ``E = sum (z - t)^2 / 2``, by SymPy with no chain rule of ours, and for which entries.

    E is multiplied out where it has at most 60,000 monomials, and differentiated by every entry; else the sum of
    squares is differentiated as it stands, by a few entries spread over all of them.
    """
    by = entries_of(z)
    size = sum(len(value) * (len(value) + 1) // 2 for value in z.values())
    if size <= MULTIPLIED_OUT:
        return squared_error_gradients(z), f"by all {len(by)} entries"
    chosen = by[:: max(1, len(by) // SAMPLED_ENTRIES)][:SAMPLED_ENTRIES]
    return {e: squared_error_gradient(z, e) for e in chosen}, f"by {len(chosen)} of {len(by)} entries"


def with_squared_error(gradient: Polynomial, z: Mapping[Entry, Polynomial]) -> Polynomial:
    """Twice a gradient with ``delta = z - t`` put in, multiplied out by our own arithmetic."""
    total: dict[Monomial, int] = {}
    for monomial, coefficient in gradient.coefficients.items():
        (delta,) = (atom for atom in monomial if isinstance(atom, Entry) and atom.tensor == "delta")
        rest = tuple(atom for atom in monomial if atom is not delta)
        gap = z[Entry("z", delta.indices)] - Polynomial.of(Entry("t", delta.indices))
        for m, c in gap.coefficients.items():
            product = in_order(*m, *rest)
            total[product] = total.get(product, 0) + 2 * c * coefficient
    return Polynomial(total)
