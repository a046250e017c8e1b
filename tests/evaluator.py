"""What an array expression means, by another direction than the product: one entry at a time, pulled from the leaves.

In: an expression built from the nodes of `symconv.arrays`.
Out: its shape, and its entries as exact polynomials: plain dicts from monomials to coefficients, as in tests/oracle.py.
Never: index notation, a guard, a solved equation.  Each node says of one entry of its own which entries of its parts
it is made of; what lies outside an operand, or between its dilated entries, is zero.
"""

from collections import defaultdict
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np

from symconv.arrays import Add, Broadcast, Correlate, Dilate, Input, Merge, Pad, Rotate, Scale, Split, Sum, Transpose


@lru_cache(maxsize=100_000)
def size(node):
    """The shape of an expression that is well formed."""
    match node:
        case Input(_, shape) | Broadcast(_, shape, _):
            return shape
        case Pad(operand, padding):
            inner = size(operand)
            around = ((0, 0),) * (len(inner) - len(padding)) + padding
            return tuple(low + n + high for n, (low, high) in zip(inner, around, strict=True))
        case Dilate(operand, factors):
            inner = size(operand)
            spread = (1,) * (len(inner) - len(factors)) + factors
            return tuple(n + (f - 1) * (n - 1) for n, f in zip(inner, spread, strict=True))
        case Transpose(operand, axes):
            return tuple(size(operand)[axis] for axis in axes)
        case Split(operand, axis, outer):
            inner = size(operand)
            return (*inner[:axis], outer, inner[axis] // outer, *inner[axis + 1 :])
        case Merge(operand, axis):
            inner = size(operand)
            return (*inner[:axis], inner[axis] * inner[axis + 1], *inner[axis + 2 :])
        case Correlate(operand, kernel, stride, dilation, _):
            space, taps = size(operand)[2:], size(kernel)[2:]
            starts = (
                len([i for i in range(0, n, s) if i + d * (k - 1) < n])
                for n, k, s, d in zip(space, taps, stride, dilation, strict=True)
            )
            return (size(operand)[0], size(kernel)[0], *starts)
        case Sum(operand, axes):
            return tuple(n for axis, n in enumerate(size(operand)) if axis not in axes)
        case Rotate(operand, _) | Add(operand, _) | Scale(operand, _):
            return size(operand)
    raise TypeError(f"{node!r} is no array expression")


def entry(node, at):
    """One entry, as a polynomial: ``{monomial: coefficient}``, a monomial the sorted tuple of its (tensor, index)."""
    match node:
        case Input(name, _):
            return {((name, at),): 1}
        case Pad(operand, padding):
            inner = size(operand)
            around = ((0, 0),) * (len(inner) - len(padding)) + padding
            here = tuple(p - low for p, (low, _) in zip(at, around, strict=True))
            return entry(operand, here) if all(p in range(n) for p, n in zip(here, inner, strict=True)) else {}
        case Dilate(operand, factors):
            spread = (1,) * (len(at) - len(factors)) + factors
            inside = not any(p % f for p, f in zip(at, spread, strict=True))
            return entry(operand, tuple(p // f for p, f in zip(at, spread, strict=True))) if inside else {}
        case Rotate(operand, axes):
            inner = size(operand)
            return entry(
                operand,
                tuple(range(n)[-1 - p] if j in axes else p for j, (p, n) in enumerate(zip(at, inner, strict=True))),
            )
        case Transpose(operand, axes):
            return entry(operand, tuple(p for _, p in sorted(zip(axes, at, strict=True))))
        case Split(operand, axis, _):
            whole = at[axis] * size(node)[axis + 1] + at[axis + 1]
            return entry(operand, (*at[:axis], whole, *at[axis + 2 :]))
        case Merge(operand, axis):
            return entry(operand, (*at[:axis], *divmod(at[axis], size(operand)[axis + 1]), *at[axis + 1 :]))
        case Correlate():
            return _correlated(node, at)
        case Sum(operand, axes):
            every = product(*(range(n) for axis, n in enumerate(size(operand)) if axis in axes))
            return _total(entry(operand, _woven(axes, along, at)) for along in every)
        case Broadcast(operand, _, axis):
            return entry(operand, (at[axis],))
        case Add(left, right):
            return _total((entry(left, at), entry(right, at)))
        case Scale(operand, factor):
            return _total({monomial: factor * c} for monomial, c in entry(operand, at).items())
    raise TypeError(f"{node!r} is no array expression")


def polynomials(node):
    """All entries, in the order of their indices."""
    return {at: entry(node, at) for at in np.ndindex(size(node))}


def values(node, tensors):
    """The array of numbers that an expression is for these tensors of integers."""
    array = np.zeros(size(node), dtype=object)
    for at, polynomial in polynomials(node).items():
        array[at] = value(polynomial, tensors)
    return array


def value(polynomial, tensors):
    """The number that a polynomial is for these tensors of integers."""
    return sum(c * prod(int(tensors[name][at]) for name, at in monomial) for monomial, c in polynomial.items())


def _correlated(node, at):
    n, o, *positions = at
    kernel = size(node.kernel)
    first = o // (kernel[0] // node.groups) * kernel[1]
    terms = []
    for c, *taps in product(*map(range, kernel[1:])):
        read = (s * i + d * k for s, i, d, k in zip(node.stride, positions, node.dilation, taps, strict=True))
        left = entry(node.operand, (n, first + c, *read))
        terms.append(_times(left, entry(node.kernel, (o, c, *taps))) if left else {})
    return _total(terms)


def _woven(axes, along, rest):
    """An index with `along` at these axes, in their order, and the rest at the others."""
    ndim = len(along) + len(rest)
    along, rest = iter(along), iter(rest)
    return tuple(next(along) if axis in axes else next(rest) for axis in range(ndim))


def _times(left, right):
    return _total({tuple(sorted(m1 + m2)): c1 * c2} for m1, c1 in left.items() for m2, c2 in right.items())


def _total(terms):
    total = defaultdict(int)
    for term in terms:
        for monomial, c in term.items():
            total[monomial] += c
    return {monomial: c for monomial, c in total.items() if c}
