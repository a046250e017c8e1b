"""The product's polynomials as the oracle writes them: plain dicts from monomials to coefficients."""


def plain(polynomial):
    """``{monomial: coefficient}``, a monomial the sorted tuple of its (tensor, index); None for no polynomial."""
    if polynomial is None:
        return None
    return {tuple(sorted((atom.tensor, atom.indices) for atom in m)): c for m, c in polynomial.coefficients.items()}
