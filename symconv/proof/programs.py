"""The proof that an array program computes its convolution, entry by entry, whatever the entries are.

In: a problem and a program of two operands, x and kernel.  Out: why it is equal, or `Unequal`: what was not seen.
Never: an evaluation on samples, and never a program's own description: what it means is read off its nodes.

Both sides are brought to one form, sums over the axis relation ``u*x = s*i + d*k - p`` of x[.., x] * kernel[.., k]:

* a place that is read where it exists becomes an index of its own, under an equation (and back);
* an index that only names a tap anew is replaced, where the ranges show that it does so one to one;
* flat indices are split into their digits, tiles joined, an equation of two-digit numbers read digit by digit;
* products that differ in nothing but their number are collected: Winograd's cancel here;
* a sum over the rows of three matrices of waves is an equation between their columns: the convolution theorem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import gcd

from symconv.errors import InvalidExpression
from symconv.lowering.candidates import GROUPS, Tiled
from symconv.lowering.meaning import Intervals, Product, Ranges, Reader, multiples
from symconv.lowering.nodes import WAVES, Node, Operand, Waves, ceil_divided, check, wave_count
from symconv.lowering.problem import Problem, Task
from symconv.polynomial import Atom, Polynomial, Quotient
from symconv.proof.roots_of_unity import mixtures_agree, waves_cancel
from symconv.terms import At, Binder, Equal, Guard, Size, Within, binders, index, number, substitute_guard

X, KERNEL = "x", "kernel"
IMAGE = "image"  # the index of the batch: a name that no size has, least of all the batch's own n
Sizes = dict[str, Size]


class Unequal(Exception):
    """The program was not seen to be the convolution; the message says where."""


def operands(problem: Problem) -> Task:
    """The task of a problem, about operands that are nothing but themselves."""
    x = (problem.batch, *problem.lead, problem.in_channels, *problem.input_size)
    kernel = (*problem.lead, problem.out_channels, problem.in_channels, *problem.kernel_size)
    return Task(problem, Operand(X, x), Operand(KERNEL, kernel))


def prove_program(
    problem: Problem,
    program: Node,
    tiled: Sequence[Tiled] = (),
    ranges: Ranges | None = None,
    counts: Sequence[Size] = (),
) -> None:
    """Prove that a program of the operands x and kernel is the problem's convolution.

    For a problem of numbers this includes that every place that is read or written is there; for one of parameters,
    `ranges` decide what is known of them, and that is left to each instance.

    Raises
    ------
    Unequal
        If that was not seen.
    """
    if program.shape != problem.output_shape:
        raise Unequal(f"the result has shape {program.shape}, not {problem.output_shape}")
    _check_operands(problem, program)
    if ranges is None:
        try:
            check(program)
        except InvalidExpression as error:
            raise Unequal(str(error)) from error
    for case in _cases(problem, tiled, counts):
        _prove_case(problem, program, case, ranges or Intervals())


def _check_operands(problem: Problem, program: Node) -> None:
    """Every operand is x or the kernel, and has its shape: flat places of another shape are other entries."""
    given = operands(problem)
    todo, seen = [program], set[Node]()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        todo += node.operands
        if isinstance(node, Operand) and node not in (given.operand, given.kernel):
            raise Unequal(f"the program reads {node}, which is neither {given.operand} nor {given.kernel}")


@dataclass(frozen=True)
class _Case:
    """The free indices, their ranges, and the index of the result that they make: the group, if any, and positions."""

    sizes: Sizes
    group: tuple[Polynomial, ...]
    positions: tuple[Polynomial, ...]


def _cases(problem: Problem, tiled: Sequence[Tiled], counts: Sequence[Size]) -> list[_Case]:
    """Every case of the result's index: one, or one for each place in a tile; `counts` are the tiles of parameters."""
    steps = {tiling.axis: tiling.step for tiling in tiled}
    cases = [_first_case(problem, steps.get(GROUPS))]
    each = {tiling.axis for tiling in tiled if tiling.each}
    for at, size in enumerate(problem.output_size):
        if at not in steps:
            name = f"i{at}"
            found = [({name: size}, index(name, size))]
        else:
            step = steps[at]
            tiles = counts[at] if counts else ceil_divided(size, step)
            sizes: Sizes = {f"t{at}": tiles}
            place = step * index(f"t{at}", tiles)
            if at in each:
                last = number(step) if counts else min(number(step), number(size))
                found = [(sizes, place + r) for r in range(last)]
            else:
                found = [({**sizes, f"r{at}": step}, place + index(f"r{at}", step))]
        cases = [_Case({**c.sizes, **sizes}, c.group, (*c.positions, p)) for c in cases for sizes, p in found]
    return cases


def _first_case(problem: Problem, chunk: Size | None) -> _Case:
    """The group, which is one of a chunk where they are made in chunks."""
    if not problem.grouped:
        return _Case({}, (), ())
    if chunk is None:
        return _Case({"g": problem.groups}, (index("g", problem.groups),), ())
    count = _rounded_up(problem.groups, chunk)
    return _Case({"h": count, "g": chunk}, (chunk * index("h", count) + index("g", chunk),), ())


def _prove_case(problem: Problem, program: Node, case: _Case, ranges: Ranges) -> None:
    free: Sizes = {IMAGE: problem.batch, "m": problem.out_channels, **case.sizes}
    named = (index(IMAGE, problem.batch), *case.group, index("m", problem.out_channels))
    reader = Reader(ranges, free)
    try:
        read = reader.read(program, (*named, *case.positions), {})
    except ArithmeticError as error:
        raise Unequal(str(error)) from error
    known = _Known(problem, ranges, reader.sizes, free, reader.waves)
    computed = _collected([_normal(term, known) for term in read], known)
    relation = _relation(problem, case)
    known.sizes.update({b.name: b.size for b in relation.binders})
    wanted = _collected(_expanded(relation, computed, known), known)
    if computed != wanted:
        raise Unequal(_difference(computed, wanted))


Key = tuple[frozenset[Binder], frozenset[Guard], frozenset[At]]


def _collected(terms: Iterable[Product], known: _Known) -> dict[Key, Fraction]:
    total: dict[Key, Fraction] = {}
    for term in terms:
        if any(map(known.never, (*term.guards, *_with_numbers(term.guards)))):
            continue
        key = (frozenset(term.binders), frozenset(term.guards), frozenset(term.factors))
        total[key] = total.get(key, Fraction(0)) + term.coefficient
    return {key: c for key, c in total.items() if c}


def _with_numbers(guards: Iterable[Guard]) -> list[Guard]:
    """The guards with numbers in the places of those indices that an equation gives as a number."""
    values: dict[str, Polynomial] = {}
    for guard in guards:
        gap = guard.left - guard.right if isinstance(guard, Equal) else Polynomial()
        for name in gap.names:
            step = gap.coefficient(name)
            if abs(step) == 1 and gap == step * Polynomial.of(name) + gap.constant:
                values[name] = Polynomial.of(-step * gap.constant)
    return [substitute_guard(g, values) for g in guards] if values else []


def _difference(computed: dict[Key, Fraction], wanted: dict[Key, Fraction]) -> str:
    extra = next((key for key in computed if computed[key] != wanted.get(key)), None)
    missing = next((key for key in wanted if wanted[key] != computed.get(key)), None)
    return f"computed: {_shown(extra)}; wanted: {_shown(missing)}"


def _shown(key: Key | None) -> str:
    if key is None:
        return "nothing else"
    _, guards, factors = key
    read = " * ".join(sorted(f"{f.tensor}[{', '.join(map(str, f.index))}]" for f in factors))
    return f"{read} where {sorted(map(str, guards))}"


def _relation(problem: Problem, case: _Case) -> Product:
    """The theorem's form: the sum over the axis relation."""
    n, m = index(IMAGE, problem.batch), index("m", problem.out_channels)
    c = index("c", problem.in_channels)
    summed = [("c", problem.in_channels)]
    guards: list[Guard] = []
    places, taps = [], []
    for at, (line, i) in enumerate(zip(problem.lines, case.positions, strict=True)):
        k, x = index(f"k{at}", line.kernel_size), index(f"x{at}", line.input_size)
        summed += [(f"k{at}", line.kernel_size), (f"x{at}", line.input_size)]
        guards.append(_equation(line.input_dilation * x - line.stride * i - line.dilation * k + line.low))
        places.append(x)
        taps.append(k)
    factors = (At(X, (n, *case.group, c, *places)), At(KERNEL, (*case.group, m, c, *taps)))
    return Product(Fraction(1), binders(*summed), tuple(guards), factors)


def _expanded(term: Product, computed: Mapping[Key, Fraction], known: _Known) -> list[Product]:
    """The taps one by one, along the axes where the program has them so."""
    terms = [term]
    bound = {b.name for found, _, _ in computed for b in found}
    for binder in term.binders:
        if binder.name.startswith("k") and binder.name not in bound and computed:
            number = Polynomial.of(binder.size)
            if not number.is_constant:
                raise Unequal(f"the program has no index for the taps, of which there are {number}")
            terms = [t.put({binder.name: Polynomial.of(k)}) for t in terms for k in range(number.constant)]
    for at, line in enumerate(known.problem.lines):
        terms = [part for t in terms for part in _by_remainder(t, f"k{at}", line.kernel_size, computed, known)]
    return [_rewritten(t, known) for t in terms]


def _by_remainder(term: Product, k: str, size: Size, computed: Mapping[Key, Fraction], known: _Known) -> list[Product]:
    """A sum over k as sums over h, one for each r: ``k = c*h + r`` with ``0 <= r < c``, if the program has it so.

    Every k has one h and one r, and the h are below their number H where ``c*H >= K``.
    """
    found = next((f for bound, guards, _ in computed if (f := _stepped(k, bound, guards)) is not None), None)
    if found is None:
        return [term]
    step, h = found.step, found.index
    if not known.inside(Polynomial.of(size) - 1, step * Polynomial.of(h.size)):
        raise Unequal(
            f"{k} is {step}*{h.name} and a remainder, and {h.size} values of {h.name} may not reach all {size}"
        )
    parts = []
    for r in range(step):
        value = step * Polynomial.of(h.name) + r
        guards = (*(substitute_guard(g, {k: value}) for g in term.guards), Equal(Polynomial.of(k), value))
        parts.append(replace(term, binders=(*term.binders, h), guards=guards))
    return parts


@dataclass(frozen=True)
class _Stepped:
    """An equation ``k = step * index + rest`` with a step above 1."""

    step: int
    index: Binder
    rest: int


def _stepped(k: str, bound: Iterable[Binder], guards: Iterable[Guard]) -> _Stepped | None:
    """How k is read in steps, if it is, of an index that is none of the relation's."""
    others = [binder for binder in bound if binder.name != "c" and not binder.name.startswith("x")]
    for guard in guards:
        if not isinstance(guard, Equal):
            continue
        gap = guard.left - guard.right
        gap = gap if gap.coefficient(k) > 0 else -gap
        for binder in others:
            step = -gap.coefficient(binder.name)
            if step > 1 and gap.coefficient(k) == 1 and gap.names == {k, binder.name}:
                return _Stepped(step, binder, -gap.constant)
    return None


def _rewritten(term: Product, known: _Known) -> Product:
    """With its equations split as far as they go and written in one way, and nothing else for guards."""
    equations = (part for g in term.guards if isinstance(g, Equal) for part in _by_digit(g, known, axes=1))
    gaps = (e.left - e.right for e in equations)
    return replace(term, guards=tuple(_equation(gap) for gap in gaps if gap))


def _equation(gap: Polynomial) -> Equal:
    """``gap = 0``, written in one way: without a common factor, and with one sign; ``1 = 0`` where it never holds."""
    common = gcd(*(c for m, c in gap.coefficients.items() if m))
    if gap.constant % common if common else gap.constant:
        return NEVER
    reduced = Polynomial({m: c // common for m, c in gap.coefficients.items()}) if common else gap
    for _, c in reduced:
        return Equal(reduced if c > 0 else -reduced, Polynomial())
    return Equal(reduced, Polynomial())


ENDLESS = 2**62  # a range beyond every number met
NEVER = Equal(Polynomial.of(1), Polynomial())


@dataclass
class _Known:
    """What is known while one case is proved."""

    problem: Problem
    ranges: Ranges
    sizes: Sizes
    free: Sizes
    waves: Mapping[str, Waves]
    named: set[str] = field(default_factory=set)

    def inside(self, value: Polynomial, size: Size) -> bool:
        return self.ranges.inside(value, size, self.sizes)

    def never(self, guard: Guard) -> bool:
        """Whether a guard is seen to hold nowhere: of two sides one is larger everywhere, or a place is outside."""
        if isinstance(guard, Within):
            return any(self.inside(p, ENDLESS) for p in (guard.value - guard.size, -guard.value - 1))
        if not isinstance(guard, Equal) or guard == NEVER:
            return guard == NEVER
        gap = guard.left - guard.right
        return any(self.inside(p - 1, ENDLESS) for p in (gap, -gap))


def _normal(term: Product, known: _Known) -> Product:
    """A term in the form of the axis relation."""
    known.named = set()
    term = _tiles_joined(_waves_summed(term, known), known)
    lead = len(known.problem.lead)
    by_name = {f.tensor: f for f in term.factors}
    if sorted(by_name) != sorted((X, KERNEL)) or len(term.factors) != 2:
        raise Unequal(f"expected products of x and kernel but got {[f.tensor for f in term.factors]}")
    term = _named(term, KERNEL, lead + 1, ["c"], (known.problem.in_channels,), known)
    term = _resolved(term, known)
    taps = [f"k{at}" for at in range(len(known.problem.lines))]
    term = _named(term, KERNEL, lead + 2, taps, known.problem.kernel_size, known)
    term = _ranges_told(term, KERNEL, lead + 2, known.problem.kernel_size, known)
    places = [f"x{at}" for at in range(len(known.problem.lines))]
    term = _named(term, X, lead + 2, places, known.problem.input_size, known)
    term = _equations_by_digit(term, known)
    term = _bound(term, X, lead + 2, places, known.problem.input_size, known)
    term = _bound(term, KERNEL, lead + 2, taps, known.problem.kernel_size, known)
    return _guards_dropped(_steps_named(term, taps, known), known)


def _waves_summed(term: Product, known: _Known) -> Product:
    """``sum over r of operand[r, t] * kernel[r, k] * result[r, j]`` is 1 where ``t = j + k`` and 0 elsewhere.

    It is so for all places of the circle: with ``0 <= t < n`` and ``0 <= j + k < n``, n divides ``t - j - k`` only if
    that is 0.
    """
    mixed = {known.waves[f.tensor].part: f for f in term.factors if f.tensor in known.waves}
    if not mixed:
        return term
    found = [f for f in term.factors if f.tensor in known.waves]
    lengths = {known.waves[f.tensor].length for f in found}
    if sorted(mixed) != sorted(WAVES) or len(found) != len(WAVES) or len(lengths) != 1:
        raise Unequal(f"expected one matrix of waves of each kind, of one length, but got {[f.tensor for f in found]}")
    (length,) = lengths
    established = waves_cancel(number(length)) if Polynomial.of(length).is_constant else mixtures_agree()
    if not established:
        raise Unequal(f"the convolution theorem was not established for a circle of {length}")
    row = mixed[WAVES[0]].index[0]
    binder = next((b for b in term.binders if Polynomial.of(b.name) == row), None)
    if binder is None or binder.size != wave_count(length) or any(f.index[0] != row for f in found):
        raise Unequal(
            f"the waves are not summed over all of their rows, but read at {[str(f.index[0]) for f in found]}"
        )
    rest = tuple(f for f in term.factors if f.tensor not in known.waves)
    summed = replace(term, binders=tuple(b for b in term.binders if b != binder), factors=rest)
    t, k, j = (mixed[part].index[1] for part in WAVES)
    if any(binder.name in p.names for p in (t, k, j, *_polynomials(summed))):
        raise Unequal(f"{binder.name} is the row of the waves, and is read elsewhere too")
    for place in (t, j + k):
        if not known.inside(place, length):
            raise Unequal(f"{place} may go around a circle of {length}")
    return replace(summed, guards=(*summed.guards, Equal(t, j + k)))


def _steps_named(term: Product, taps: Sequence[str], known: _Known) -> Product:
    """With one name and range for the index h of an equation ``k = c*h + r``, whatever the program calls it.

    As ``0 <= k < K`` and r is not negative, h is below ``ceil(K/c)``: larger values are left out.
    """
    for at, (k, line) in enumerate(zip(taps, known.problem.lines, strict=True)):
        found, own = _stepped(k, term.binders, term.guards), f"h{at}"
        if found is None or found.rest < 0:
            continue
        size = ceil_divided(line.kernel_size, found.step)
        enough = known.inside(Polynomial.of(line.kernel_size) - 1, found.step * Polynomial.of(size))
        there = known.inside(Polynomial.of(size) - 1, found.index.size)
        if not (enough and there and Binder(k, line.kernel_size) in term.binders):
            continue
        if size == 1:  # then h is 0, and k a number
            if found.rest < number(line.kernel_size):
                term = term.put({found.index.name: Polynomial(), k: Polynomial.of(found.rest)})
            continue
        known.sizes[own] = size
        put = term.put({found.index.name: Polynomial.of(own)})
        term = replace(put, binders=(*put.binders, *binders((own, size))))
    return term


def _factor(term: Product, tensor: str) -> At:
    return next(f for f in term.factors if f.tensor == tensor)


def _polynomials(term: Product) -> list[Polynomial]:
    found = [p for f in term.factors for p in f.index]
    for guard in term.guards:
        found += [guard.left, guard.right] if isinstance(guard, Equal) else [guard.value]
    return found


def _tiles_joined(term: Product, known: _Known) -> Product:
    """``sum over t < B and r < T of f(T*t + r) = sum over j < B*T of f(j)``."""
    for r in term.binders:
        for t in term.binders:
            if t == r:
                continue
            name = f"{t.name}*{r.name}"
            put = term.put({r.name: Polynomial.of(name) - r.size * Polynomial.of(t.name)})
            if not any(t.name in p.names for p in _polynomials(put)):
                known.sizes[name] = r.size * t.size
                rest = tuple(b for b in put.binders if b != t)
                return _tiles_joined(replace(put, binders=(*rest, Binder(name, r.size * t.size))), known)
    return term


def _named(term: Product, tensor: str, first: int, names: list[str], sizes: Sequence[Size], known: _Known) -> Product:
    """The indices of a factor, from axis `first` on, under their own names, where a bound index can be solved for."""
    term = _digits_named(term, tensor, first, names, sizes, known)
    for at, (name, size) in enumerate(zip(names, sizes, strict=True)):
        p = _factor(term, tensor).index[first + at]
        solved = None if p.is_constant else _solved(term, p, name, size, known)
        if solved is not None:
            term = solved
    return _resolved(term, known)


def _ranges_told(term: Product, tensor: str, first: int, sizes: Sequence[Size], known: _Known) -> Product:
    """With a condition for every place of a factor that is there for all values of its indices.

    It says nothing new, until an index of the place is replaced by one of a wider range.
    """
    places = _factor(term, tensor).index[first:]
    told = (Within(p, size) for p, size in zip(places, sizes, strict=True) if known.inside(p, size))
    plain = known.sizes.keys()
    new = tuple(g for g in told if g not in term.guards and str(g.value) not in plain and not g.value.is_constant)
    return replace(term, guards=term.guards + new)


def _solved(term: Product, p: Polynomial, name: str, size: Size, known: _Known) -> Product | None:
    """``p = name``, solved for a bound index: its sum is one over ``0 <= name < size``, where each gives the other."""
    guard = Within(p, size)
    if guard not in term.guards and not known.inside(p, size):
        return None
    for binder in term.binders:
        c = p.coefficient(binder.name)
        rest = p - c * Polynomial.of(binder.name)
        if abs(c) != 1 or binder.name in rest.names or any(isinstance(a, Quotient) for a in rest.atoms):
            continue
        if binder.name in known.named:
            continue
        value = c * (index(name, size) - rest)
        known.sizes[name] = size
        kept = replace(term, guards=tuple(g for g in term.guards if g != guard))
        if not known.inside(value, binder.size) and not _implied(kept, binder, known):
            continue
        known.named.add(name)
        put = kept.put({binder.name: value})
        return replace(put, binders=(*put.binders, *binders((name, size))))
    return None


def _implied(term: Product, binder: Binder, known: _Known) -> bool:
    """Whether a condition of the term leaves an index j no value outside of its range.

    It is so where ``c*j = w`` with c > 0 and ``-c < w < c*J``: then ``0 <= j < J``.
    """
    for guard in term.guards:
        if isinstance(guard, Equal):
            gap, sizes = guard.left - guard.right, known.sizes
        elif isinstance(guard, Within):
            gap, sizes = guard.value - index("w", guard.size), {**known.sizes, "w": guard.size}
        else:
            continue
        for sign in (1, -1):
            c, rest = multiples(sign * gap, Polynomial.of(binder.name))
            if not c or binder.name in rest.names or c.names & sizes.keys():
                continue
            room = binder.size * c + c - 1
            if known.inside(Polynomial(), c) and known.ranges.inside(c - 1 - rest, room, sizes):
                return True
    return False


def _digits_named(
    term: Product, tensor: str, first: int, names: list[str], sizes: Sequence[Size], known: _Known
) -> Product:
    """The digits of a bound index as indices of their own: ``j = S*high + low``, one to one; the lowest digit first."""
    for at in reversed(range(len(names) - 1)):
        term = _two_digits(term, _factor(term, tensor).index[first + at + 1], names[at + 1], sizes[at + 1], known)
    return _resolved(term, known)


def _two_digits(term: Product, low_place: Polynomial, low: str, size: Size, known: _Known) -> Product:
    """``j mod S``, read in a place of its own: j becomes ``S*h + low``, with h for its quotient."""
    quotients = [atom for atom in low_place.atoms if isinstance(atom, Quotient)]
    if len(quotients) != 1:
        return term
    (quotient,) = quotients
    j, divisor = quotient.numerator, quotient.divisor
    binder = next((b for b in term.binders if Polynomial.of(b.name) == j), None)
    if binder is None or low_place != j - divisor * Polynomial.of(quotient):
        return term
    guard = Within(low_place, size)
    if guard not in term.guards and not known.inside(low_place, size):
        return term
    high = f"{binder.name}/{divisor}"  # the divisor, for what is known of the name is known in every term
    high_size = _rounded_up(binder.size, divisor)
    known.sizes[low], known.sizes[high] = size, high_size
    known.named.add(low)
    flat = divisor * Polynomial.of(high) + index(low, size)
    if not known.inside(index(low, size), divisor):
        return term
    kept = replace(term, guards=tuple(g for g in term.guards if g != guard))
    put = _quotients_put(kept, {quotient: Polynomial.of(high)}).put({binder.name: flat})
    # the last row of j may be cut off: what reads it there has to be excluded by a range of its own
    whole = () if known.inside(flat, binder.size) else (Within(flat, binder.size),)
    return replace(
        put, binders=(*put.binders, Binder(high, high_size), *binders((low, size))), guards=put.guards + whole
    )


def _rounded_up(size: Size, divisor: Size) -> Size:
    """How many rows of so many places hold all of them."""
    whole, parts = Polynomial.of(size), Polynomial.of(divisor)
    if whole.is_constant and parts.is_constant:
        return -(-whole.constant // parts.constant)
    quotient, rest = multiples(whole, divisor)
    return whole if rest else quotient  # a quotient is not larger than the number


def _resolved(term: Product, known: _Known) -> Product:
    """Quotients that the ranges show: ``(S*A + B) div S = A`` for ``0 <= B < S``."""
    values: dict[Quotient, Polynomial] = {}
    for p in _polynomials(term):
        for atom in p.atoms:
            if isinstance(atom, Quotient):
                high, low = multiples(atom.numerator, atom.divisor)
                if known.inside(low, atom.divisor):
                    values[atom] = high
    return _resolved(_quotients_put(term, values), known) if values else term


def _quotients_put(term: Product, values: Mapping[Quotient, Polynomial]) -> Product:
    def value(atom: Atom) -> Polynomial:
        if not isinstance(atom, Quotient):
            return Polynomial.of(atom)
        return values[atom] if atom in values else Polynomial.of(Quotient(put(atom.numerator), atom.divisor))

    def put(p: Polynomial) -> Polynomial:
        return p.replace(value)

    guards: list[Guard] = []
    for g in term.guards:
        guards.append(Equal(put(g.left), put(g.right)) if isinstance(g, Equal) else replace(g, value=put(g.value)))
    return replace(
        term, guards=tuple(guards), factors=tuple(At(f.tensor, tuple(map(put, f.index))) for f in term.factors)
    )


def _equations_by_digit(term: Product, known: _Known) -> Product:
    """``S*A + B = 0`` with ``-S < B < S`` means that A = 0 and B = 0."""
    guards: list[Guard] = []
    for g in term.guards:
        guards += _by_digit(g, known) if isinstance(g, Equal) else [g]
    return replace(term, guards=tuple(guards))


def _by_digit(equation: Equal, known: _Known, axes: int = 2) -> list[Equal]:
    """The equations of the digits, for an equation about so many axes at least."""
    gap = equation.left - equation.right
    if len({name[-1] for name in gap.names if name.isalnum()}) < axes:
        return [equation]
    for divisor in _divisors(gap, known):
        most, least = multiples(gap, divisor)
        for carry in (0, 1, -1):
            high, low = most + carry, least - carry * divisor
            shifted = Polynomial.of(divisor) - 1
            if high and known.inside(low + shifted, 2 * Polynomial.of(divisor) - 1):
                return [part for p in (high, low) for part in _by_digit(Equal(p, Polynomial()), known, axes)]
    return [equation]


def _divisors(gap: Polynomial, known: _Known) -> list[Size]:
    """What an equation may be divided by: a coefficient that is a number, the largest first, or a parameter."""
    numbers = {abs(c) for m, c in gap.coefficients.items() if m and abs(c) > 1}
    parameters = sorted(name for name in gap.names if name not in known.sizes)
    return [*sorted(numbers, reverse=True), *map(Polynomial.of, parameters)]


def _bound(term: Product, tensor: str, first: int, names: list[str], sizes: Sequence[Size], known: _Known) -> Product:
    """Every place of a factor is an index of its own: ``x[p]`` is the sum over y of ``x[y]`` under ``y = p``."""
    place = list(_factor(term, tensor).index)
    bound, guards = list(term.binders), list(term.guards)
    for at, (name, size) in enumerate(zip(names, sizes, strict=True)):
        p = place[first + at]
        own = index(name, size)
        if p == own or (tensor == KERNEL and p.is_constant):  # taps may be there one by one
            continue
        guard = Within(p, size)
        if guard in guards:
            guards.remove(guard)
        elif not known.inside(p, size):
            raise Unequal(f"{tensor} is read at {p}, which is not seen to be there")
        if any(name == binder.name for binder in bound):
            raise Unequal(f"{tensor} is read at {p}, and {name} is another index")
        known.sizes[name] = size
        bound += binders((name, size))
        guards.append(Equal(own, p))
        place[first + at] = own
    factors = tuple(At(tensor, tuple(place)) if f.tensor == tensor else f for f in term.factors)
    return Product(term.coefficient, tuple(bound), tuple(guards), factors)


def _guards_dropped(term: Product, known: _Known) -> Product:
    """Without the ranges that follow from the equations, which are written in one way."""
    if any(known.never(g) for g in term.guards):
        return replace(term, guards=(NEVER,))
    equations = [g for g in term.guards if isinstance(g, Equal)]
    for g in term.guards:
        if isinstance(g, Equal):
            continue
        if not isinstance(g, Within):
            raise Unequal(f"a condition is left: {g}")
        others = [e.right if e.left == g.value else e.left for e in equations if g.value in (e.left, e.right)]
        if not any(known.inside(p, g.size) for p in [g.value, *others]):
            raise Unequal(f"a condition is left: 0 <= {g.value} < {g.size}")
    return _rewritten(term, known)
