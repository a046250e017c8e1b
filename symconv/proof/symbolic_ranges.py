"""What is known of indices whose ranges are parameters: decided by witnesses, which are replayed.

In: hypotheses about parameters, and a way to sample numbers that satisfy them.  Out: whether a value lies in a range.
Never: a guess. True is said only where an identity ``-D = sum of products of facts`` was found for each half of the
claim and was checked by multiplying it out; samples are only used to give up early.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from symconv.lowering.meaning import multiples
from symconv.polynomial import Polynomial
from symconv.proof.witnesses import Fact, Leaf, Poly, find_leaf
from symconv.terms import Size, bounds

Sample = Mapping[str, int]


@dataclass
class Witnessed:
    """Ranges over parameters.

    Attributes
    ----------
    hypotheses
        Polynomials in the parameters that are at least 0.
    samples
        Values of all parameters that satisfy the hypotheses: none of them may contradict what is claimed.
    """

    hypotheses: tuple[Polynomial, ...]
    samples: tuple[Sample, ...]
    established: dict[str, Leaf] = field(default_factory=dict)
    _known: dict[tuple[Polynomial, Polynomial, tuple[tuple[str, Polynomial], ...]], bool] = field(default_factory=dict)

    def inside(self, value: Polynomial, size: Size, sizes: Mapping[str, Size]) -> bool:
        """Whether ``0 <= value < size`` follows from the hypotheses and the ranges of the indices."""
        whole = Polynomial.of(size)
        if any(not isinstance(atom, str) for p in (value, whole) for atom in p.atoms):
            return False
        ranges = tuple(sorted((name, Polynomial.of(sizes[name])) for name in value.names & sizes.keys()))
        key = (value, whole, ranges)
        if key not in self._known:
            self._known[key] = self._decided(value, whole, dict(ranges))
        return self._known[key]

    def _decided(self, value: Polynomial, whole: Polynomial, ranges: Mapping[str, Polynomial]) -> bool:
        if len(value.names) == 1 and value == Polynomial.of(next(iter(value.names))):
            own = ranges.get(next(iter(value.names)))
            if own == whole:
                return True
        if self._digits_inside(value, whole, ranges):
            return True
        goals = (value, whole - 1 - value)
        if not all(self._plausible(goal, ranges) for goal in goals):
            return False
        return all(self._follows(goal, ranges) for goal in goals)

    def _digits_inside(self, value: Polynomial, whole: Polynomial, ranges: Mapping[str, Polynomial]) -> bool:
        """``S*A + B < S*H`` where ``0 <= B < S`` and ``0 <= A < H``."""
        for name in sorted(whole.names - ranges.keys()):
            high, rest = multiples(whole, Polynomial.of(name))
            if rest or high == 1:
                continue
            above, below = multiples(value, Polynomial.of(name))
            if above and self.inside(below, Polynomial.of(name), ranges) and self.inside(above, high, ranges):
                return True
        return False

    def _plausible(self, goal: Polynomial, ranges: Mapping[str, Polynomial]) -> bool:
        """Whether no sample contradicts that the goal is at least 0, at the corners of the ranges."""
        for sample in self.samples:
            values = {name: Polynomial.of(n) for name, n in sample.items()}
            sizes = {name: size.substitute(values).constant for name, size in ranges.items()}
            if min(sizes.values(), default=1) < 1:
                continue  # nothing lies in an empty range
            if bounds(goal.substitute(values), sizes)[0] < 0:
                return False
        return True

    def _follows(self, goal: Polynomial, ranges: Mapping[str, Polynomial]) -> bool:
        """Whether ``goal >= 0``: its negation contradicts the facts, by a witness."""
        if goal.is_constant:
            return goal.constant >= 0
        facts = [p for name, size in ranges.items() for p in (Polynomial.of(name), size - 1 - Polynomial.of(name))]
        facts += self._relevant({*goal.names, *(n for p in facts for n in p.names)})
        given: list[Fact] = [("ge", _poly(p)) for p in (*dict.fromkeys(facts), -goal - 1)]
        leaf = find_leaf(given)
        if leaf is None or not replayed(leaf, given):
            return False
        self.established[f"{goal} >= 0"] = leaf
        return True

    def _relevant(self, names: set[str]) -> list[Polynomial]:
        """The hypotheses about these parameters, and about those that they are compared with."""
        for _ in range(2):
            near = [p for p in self.hypotheses if p.names & names]
            if sum(map(len, near)) > LARGEST:
                break
            names = names | {n for p in near for n in p.names}
        return [p for p in self.hypotheses if p.names <= names]


LARGEST = 24  # monomials of the hypotheses up to which those that they are about are looked at too


def _poly(p: Polynomial) -> Poly:
    return {tuple(str(atom) for atom in monomial): c for monomial, c in p.coefficients.items()}


def replayed(leaf: Leaf, facts: Sequence[Fact]) -> bool:
    """Multiply a witness out: whether products of facts, with positive numbers, add up to a negative number."""
    total = Polynomial.of(leaf.scale)
    for c, used in leaf.products:
        if c <= 0:
            return False
        term = Polynomial.of(c)
        for at in used:
            kind, p = facts[at]
            if kind != "ge":
                return False
            term = term * _polynomial(p)
        total = total + term
    for multiplier, at in leaf.equations:
        kind, p = facts[at]
        if kind != "eq":
            return False
        total = total + _polynomial({names: c for c, names in multiplier}) * _polynomial(p)
    return leaf.scale >= 1 and not total


def _polynomial(p: Poly) -> Polynomial:
    total = Polynomial()
    for names, c in p.items():
        total = total + c * Polynomial.product(*names)
    return total


def evaluated(p: Polynomial, values: Sample) -> int:
    """A polynomial of parameters, for a sample of them."""
    return p.evaluate(lambda atom: values[str(atom)])


@dataclass
class Parameters:
    """Parameters with their hypotheses, and samples that are drawn by giving each parameter a value in turn."""

    draws: dict[str, Callable[[dict[str, int], Callable[[int, int], int]], int]] = field(default_factory=dict)
    hypotheses: list[Polynomial] = field(default_factory=list)

    def new(self, name: str, draw: Callable[[dict[str, int], Callable[[int, int], int]], int]) -> Polynomial:
        """A parameter, and how a value is drawn once those before it have theirs."""
        self.draws[name] = draw
        return Polynomial.of(name)

    def assume(self, *at_least_zero: Polynomial) -> None:
        """Hypotheses: polynomials that are at least 0."""
        self.hypotheses += at_least_zero

    def samples(self, count: int, draw: Callable[[int, int], int]) -> tuple[Sample, ...]:
        """Values of all parameters; those that break a hypothesis are not taken."""
        found: list[Sample] = []
        for _ in range(count):
            values: dict[str, int] = {}
            for name, one in self.draws.items():
                values[name] = one(values, draw)
            if all(evaluated(p, values) >= 0 for p in self.hypotheses):
                found.append(values)
        return tuple(found)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameters."""
        return tuple(self.draws)
