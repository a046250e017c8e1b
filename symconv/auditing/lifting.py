"""From coefficients to index notation: which entry is multiplied with which, as affine functions of the indices.

In: the products that a code computes on one layer, and those of the theorem.  Out: a `Lifted` formula for each, written
with the same indices, so that what differs can be pointed at.
Never: a formula that is not exactly the products: it is checked against every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations, product

from symconv.auditing.forms import FACTORS
from symconv.auditing.probing import Computed, Product, shapes
from symconv.layer import Conv

Row = dict[str, int]


@dataclass(frozen=True)
class Affine:
    """``(c1*v1 + c2*v2 + ... + constant)``, with rational numbers."""

    coefficients: tuple[tuple[str, Fraction], ...]
    constant: Fraction = Fraction(0)

    def at(self, row: Mapping[str, int]) -> Fraction:
        """Its value."""
        return self.constant + sum((c * row[name] for name, c in self.coefficients), Fraction(0))

    @property
    def divisor(self) -> int:
        """The least common denominator."""
        return max(1, *(c.denominator for _, c in self.coefficients), self.constant.denominator)

    def numerator(self) -> tuple[list[tuple[int, str]], int]:
        """(coefficient, name) pairs and the constant, times the divisor."""
        scaled = [(int(c * self.divisor), name) for name, c in sorted(self.coefficients, key=_place) if c]
        return scaled, int(self.constant * self.divisor)

    def written(self, named: Callable[[str], str]) -> str:
        """As text, each index by the name that it is given: ``(x - 2*k + 1)/2``."""
        parts, constant = self.numerator()
        parts = sorted(((c, named(name)) for c, name in parts), key=lambda part: part[0] < 0)
        whole = [(constant, "")] if constant or not parts else []
        leads = constant > 0 and all(c < 0 for c, _ in parts)  # 1 - k
        text = ""
        for c, name in [*whole, *parts] if leads else [*parts, *whole]:
            body = name if abs(c) == 1 and name else f"{abs(c)}*{name}" if name else str(abs(c))
            sign = "-" if c < 0 else "+"
            text += f" {sign} {body}" if text else f"-{body}" if c < 0 else body
        if self.divisor == 1:
            return text
        return f"({text})/{self.divisor}" if len(parts) + bool(constant) > 1 else f"{text}/{self.divisor}"

    def __str__(self) -> str:
        return self.written(str)


def _place(part: tuple[str, Fraction]) -> tuple[int, str]:
    """Positions before taps, as in ``x0 - 2*k0``."""
    return "nygcxoik".index(part[0][0]), part[0]


def _affine(parts: Mapping[str, Fraction], constant: Fraction = Fraction(0)) -> Affine:
    return Affine(tuple(sorted((name, c) for name, c in parts.items() if c)), constant)


@dataclass(frozen=True)
class Lifted:
    """``result[entry] = coefficient * sum over the summed indices of first[...] * second[...]``.

    `conditions` say which of these products are left out, where that can be said by a range of an index.
    """

    slot: str
    layer: Conv
    entry: tuple[str, ...]
    summed: tuple[str, ...]
    factors: tuple[tuple[str, tuple[Affine, ...]], ...]
    coefficient: Fraction
    conditions: tuple[tuple[str, int, int], ...] = ()  # (index, least, largest)


GROUP = "g"  # the group of output channel o: o div (M/groups)

# For each gradient: the indices of an entry, the tensor that is read at indices of its own, and what each index is.
_ENTRY = {"input": "nyx", "weight": "ock", "forward": "noi", "bias": "o"}
_SAME = {"y": ("c",), "c": ("y",)}  # the same channel where there is one group
_NAMES = {"delta": "noi", "w": "ock", "a": "nyx"}
_SUMMED = {"input": ("w", (0, 2)), "weight": ("delta", (0, 2)), "forward": ("w", (1, 2)), "bias": ("delta", (0, 2))}


def lift(computed: Computed, like: Lifted | None = None) -> Lifted | None:
    """The formula of these products; None if they are none of one index notation.

    `like` is the formula of the theorem: the sum is then written with the taps in the order in which most of it is the
    same.
    """
    coefficients = {p.coefficient for p in computed.products}
    if len(coefficients) != 1 or len(computed.shape) != len(_names(_ENTRY[computed.slot], computed.layer.ndim)):
        return None
    rows = [_row(computed, p) for p in computed.products]
    found = _lifted(computed, rows, coefficients.pop())
    if found is None or like is None or computed.slot != "input":
        return found
    rewritten = [_renamed(found, taps) for taps in _tap_orders(computed.layer)]
    return min(rewritten, key=lambda form: (len(differs(form, like)), _moved(form, like), form != found))


def differs(left: Lifted, right: Lifted) -> set[tuple[int, int]]:
    """The (factor, axis) places at which two formulas read different entries."""
    return {
        (at, axis)
        for at, ((_, ours), (_, theirs)) in enumerate(zip(left.factors, right.factors, strict=True))
        for axis, (one, other) in enumerate(zip(ours, theirs, strict=True))
        if one != other
    }


def _moved(form: Lifted, like: Lifted) -> int:
    """How many places differ in the first factor: a kernel that is not rotated should show in the kernel."""
    return sum(at == 0 for at, _ in differs(form, like))


def _names(kind: str, ndim: int) -> list[str]:
    """n, o, i0, i1 for a tensor with two labels; ``o`` for a bias."""
    return [*kind[:2], *(f"{kind[2]}{j}" for j in range(ndim))] if len(kind) == 3 else list(kind)


def _row(computed: Computed, p: Product) -> Row:
    """All the indices of a product by name: the entry's own, then those of each factor, ``w.k0``."""
    ndim = computed.layer.ndim
    row = dict(zip(_names(_ENTRY[computed.slot], ndim), p.entry, strict=True))
    for tensor, at in zip(_tensors(computed.slot), p.at, strict=True):
        row |= {f"{tensor}.{name}": i for name, i in zip(_names(_NAMES[tensor], ndim), at, strict=True)}
    return row


def _tensors(slot: str) -> tuple[str, ...]:
    return FACTORS[slot]


def _lifted(computed: Computed, rows: Sequence[Row], coefficient: Fraction) -> Lifted | None:
    ndim, slot = computed.layer.ndim, computed.slot
    entry = _names(_ENTRY[slot], ndim)
    summing, places = _SUMMED[slot]
    own = [name for j, name in enumerate(_names(_NAMES[summing], ndim)) if min(j, 2) in places]
    aliases = {f"{summing}.{name}": name for name in own}
    known = [{aliases.get(name, name): value for name, value in row.items()} for row in rows]
    free = [*entry, *own]
    outs = computed.layer.out_channels_per_group
    if computed.layer.groups > 1:
        known = [row | {GROUP: row["o"] // outs} for row in known]
        free.append(GROUP)
    factors = []
    for tensor in _tensors(slot):
        indices = []
        for name in _names(_NAMES[tensor], ndim):
            column = aliases.get(f"{tensor}.{name}", f"{tensor}.{name}")
            found = Affine(((column, Fraction(1)),)) if column in own else _fitted(known, column, free)
            if found is None:
                return None
            indices.append(found)
        factors.append((tensor, tuple(indices)))
    lifted = Lifted(slot, computed.layer, tuple(entry), tuple(own), tuple(factors), coefficient)
    return _checked(lifted, known, computed.shape)


def _fitted(rows: Sequence[Row], column: str, free: Sequence[str]) -> Affine | None:
    """The column as an affine function of as few indices as possible; the index of the same name is tried first."""
    alike = column.partition(".")[2]
    for name in (alike, *_SAME.get(alike, ())):
        if name in free and all(row[name] == row[column] for row in rows):
            return Affine(((name, Fraction(1)),))
    order = sorted(free, key=lambda name: (name != alike, name[1:] != alike[1:], free.index(name)))
    for count in (0, 1, 2):
        for names in combinations(order, count):
            found = _solved(rows, column, names)
            if found is not None:
                return found
    return None


def _solved(rows: Sequence[Row], column: str, names: tuple[str, ...]) -> Affine | None:
    """The affine function of these indices that gives the column on every row, if there is exactly one."""
    basis: list[tuple[list[Fraction], Fraction]] = []
    for row in rows:  # rows that determine the coefficients: [1, names...] of full rank
        line = [Fraction(1), *(Fraction(row[name]) for name in names)]
        candidate = [*(b for b, _ in basis), line]
        if _rank(candidate) == len(candidate):
            basis.append((line, Fraction(row[column])))
        if len(basis) == len(names) + 1:
            break
    if len(basis) < len(names) + 1:
        return None
    solution = _solve([line for line, _ in basis], [value for _, value in basis])
    found = _affine(dict(zip(names, solution[1:], strict=True)), solution[0])
    return found if all(found.at(row) == row[column] for row in rows) else None


def _rank(matrix: Sequence[Sequence[Fraction]]) -> int:
    rows = [list(row) for row in matrix]
    rank = 0
    for column in range(len(rows[0])):
        pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for r in range(rank + 1, len(rows)):
            factor = rows[r][column] / rows[rank][column]
            rows[r] = [x - factor * y for x, y in zip(rows[r], rows[rank], strict=True)]
        rank += 1
    return rank


def _solve(matrix: Sequence[Sequence[Fraction]], values: Sequence[Fraction]) -> list[Fraction]:
    """The solution of a square system of full rank."""
    rows = [[*line, value] for line, value in zip(matrix, values, strict=True)]
    for column in range(len(rows)):
        pivot = next(r for r in range(column, len(rows)) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [x / rows[column][column] for x in rows[column]]
        for r in range(len(rows)):
            if r != column:
                rows[r] = [x - rows[r][column] * y for x, y in zip(rows[r], rows[column], strict=True)]
    return [row[-1] for row in rows]


def _checked(lifted: Lifted, rows: Sequence[Row], shape: Sequence[int]) -> Lifted | None:
    """The formula, if its products are exactly those of the rows, or are so within ranges of its indices."""
    columns = [*lifted.entry, *lifted.summed]
    wanted = {tuple(row[name] for name in columns) for row in rows}
    points = list(_points(lifted, shape))
    if len(wanted) != len(rows):
        return None
    if {tuple(point[name] for name in columns) for point in points} == wanted:
        return lifted
    conditions, kept = [], points
    for name in [*lifted.summed, *lifted.entry]:
        values = [row[name] for row in rows]
        low, high = min(values), max(values)
        inside = [point for point in kept if low <= point[name] <= high]
        if len(inside) < len(kept):
            conditions.append((name, low, high))
            kept = inside
    if {tuple(point[name] for name in columns) for point in kept} != wanted:
        return None
    return Lifted(
        lifted.slot, lifted.layer, lifted.entry, lifted.summed, lifted.factors, lifted.coefficient, tuple(conditions)
    )


def _points(lifted: Lifted, shape: Sequence[int]) -> list[Row]:
    """Every choice of the indices at which all factors are read inside of their tensors."""
    sizes, ndim = shapes(lifted.layer), lifted.layer.ndim
    ranges: dict[str, int] = dict(zip(lifted.entry, shape, strict=True))
    for tensor in ("delta", "w", "a"):
        for name, size in zip(_names(_NAMES[tensor], ndim), sizes[tensor], strict=True):
            ranges.setdefault(name, size)
    names = [*lifted.entry, *lifted.summed]
    found = []
    for values in product(*(range(ranges[name]) for name in names)):
        row = dict(zip(names, values, strict=True))
        row[GROUP] = row["o"] // lifted.layer.out_channels_per_group
        if all(_inside(index.at(row), size)
               for tensor, indices in lifted.factors
               for index, size in zip(indices, sizes[tensor], strict=True)):  # fmt: skip
            found.append(row)
    return found


def _inside(value: Fraction, size: int) -> bool:
    return value.denominator == 1 and 0 <= value < size


def _tap_orders(layer: Conv) -> list[dict[str, Affine]]:
    """The ways to rename the taps: axes exchanged where kernels have one size, each axis reversed or not."""
    sizes = layer.kernel_size
    found = []
    for order in permutations(range(layer.ndim)):
        if any(sizes[j] != sizes[order[j]] for j in range(layer.ndim)):
            continue
        for backwards in product((False, True), repeat=layer.ndim):
            found.append({
                f"k{j}": Affine(((f"k{order[j]}", Fraction(-1 if turned else 1)),), Fraction((sizes[j] - 1) * turned))
                for j, turned in enumerate(backwards)
            })  # fmt: skip
    return found


def _renamed(lifted: Lifted, taps: Mapping[str, Affine]) -> Lifted:
    if lifted.conditions:
        return lifted
    factors = tuple((tensor, tuple(_put(index, taps) for index in indices)) for tensor, indices in lifted.factors)
    return Lifted(lifted.slot, lifted.layer, lifted.entry, lifted.summed, factors, lifted.coefficient)


def _put(index: Affine, taps: Mapping[str, Affine]) -> Affine:
    total: dict[str, Fraction] = {}
    constant = index.constant
    for name, c in index.coefficients:
        new = taps.get(name, Affine(((name, Fraction(1)),)))
        constant += c * new.constant
        for other, factor in new.coefficients:
            total[other] = total.get(other, Fraction(0)) + c * factor
    return _affine(total, constant)
