"""How long a program takes: what it has to do, counted from its nodes, and what that costs.

In: a program.  Out: `Work`, and seconds predicted from it.
Never: a measurement; `symconv.lowering.tuning` measures. The constants are those of one machine (two cores with
AVX-512, OpenBLAS); it is their proportions that choose between programs, and those differ less than the constants.

The model: a product of an M x K and a K x N matrix takes ``2*M*N*K / rate``, slowed down where a side is short; a
copied entry takes a time that depends on the stretches in which memory is read; every statement takes its call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log2, prod
from typing import assert_never

from symconv.lowering.nodes import (
    Circular,
    Combine,
    Copy,
    Each,
    MatMul,
    Merge,
    Node,
    Operand,
    Overlap,
    Pad,
    Shape,
    Split,
    Sum,
    Take,
    Total,
    View,
    Waves,
)
from symconv.lowering.slicing import Strided, read_view
from symconv.polynomial import Polynomial
from symconv.terms import Size, in_range

SMALL_PRODUCT = 10**6  # OpenBLAS multiplies smaller matrices without packing them


CACHE = 2**18  # entries that are near
TRANSFORM = 30  # a call of a Fourier transform takes as long as so many other statements
FREQUENCIES = 12  # a product of two spectra that is summed over channels costs as much as so many additions
WINDOWS = 6  # a view of windows takes as long as so many other statements
REST = (0, 3.0, 3.1, 6.0)  # what 0 to 3 rows of a small product cost that are left over by four
ZERO = 2  # statements that put a zero beside an operand, for a table to look up
GATHERED = 6  # entries at equal distances cost as much as stretches of so many neighbours
SMALL_STEP, GATHERED_CLOSE = 4, 16  # and up to this distance, as stretches of so many
FEW_ROWS, TURNED = 256, 16  # up to so many rows, a copy of them across costs as much as stretches of so many
SHORT_TURNED = 1.0, 0.0  # `Machine.short` for M and N of a small product whose second factor lies transposed
SHORT_SUMS = 7  # an entry of a product with a vector takes as long as so many products more


@dataclass(frozen=True)
class Products:
    """So many products of an M x K and a K x N matrix, `stacked` in a call.

    `turned` if the second lies transposed, `across` if the first does.
    """

    count: int
    stacked: int
    rows: int
    columns: int
    inner: int
    turned: bool = False
    across: bool = False


@dataclass(frozen=True)
class Moved:
    """So many entries read and written, in stretches of neighbours of so many entries, into an array of so many."""

    entries: int
    run: int
    whole: int = 0


@dataclass(frozen=True)
class Work:
    """What a program does for a batch."""

    products: tuple[Products, ...]
    moved: tuple[Moved, ...]
    combined: int  # entries added or multiplied one by one
    landed: int  # stretches of neighbours that are added to others
    transformed: float  # entries of Fourier transforms, times the logarithm of their number
    looked_up: int
    calls: int


@dataclass(frozen=True)
class Machine:
    """Seconds, for one dtype and a number of threads.

    Attributes
    ----------
    rate
        Multiplications and additions of large products in a second.
    short
        Sides M, N and K of a product at which it runs at half that rate.
    entry, stretch, across
        A copied entry, the beginning of a stretch, and that of a stretch of one.
    far
        What an entry costs more in an array that is too large for the cache.
    combined, landed, transformed, looked_up
        An entry of a sum, a stretch of one, an entry of a transform (times a logarithm), of a look-up.
    call
        A statement.
    packed
        An entry of the factors of a product that is not small: the library packs them.
    written
        An entry of a product that is too large for the cache.
    vector
        Multiplications and additions in a second where a factor is a vector.
    turned
        The side M at which a product that is not small, and whose second factor lies transposed, takes twice the time.
    spread
        How much faster products that are not small are on these threads; smaller ones are done on one.
    """

    rate: float
    short: tuple[float, float, float]
    entry: float
    stretch: float
    across: float
    far: float
    combined: float
    landed: float
    transformed: float
    looked_up: float
    call: float
    packed: float
    written: float
    vector: float
    turned: float
    spread: float = 1.0


def seconds(work: Work, machine: Machine) -> float:
    """The time that the model predicts."""
    total = work.calls * machine.call
    for p in work.products:
        if p.inner == 1:  # multiplied entry by entry
            total += p.count * p.stacked * p.rows * p.columns * 3 * machine.combined
            continue
        if 1 in (p.rows, p.columns):  # a product with a vector, or of two
            multiplied = 2 * p.rows * p.columns * (p.inner + SHORT_SUMS)
            total += p.count * p.stacked * (multiplied / machine.vector + machine.call / 16)
            continue
        total += p.count * (p.stacked - 1) * machine.call / 8
        if (whole := p.stacked * p.inner * max(p.rows, p.columns)) > 4 * CACHE:
            total += p.count * whole * machine.far
        large = p.rows * p.columns * p.inner > SMALL_PRODUCT
        short = machine.short if large or not p.turned else (*SHORT_TURNED, machine.short[2])
        rows, columns, inner = (1 + half / side for half, side in zip(short, (p.rows, p.columns, p.inner), strict=True))
        if not large and not p.turned:  # four rows at a time
            rows = (p.rows // 4 * 4 + REST[p.rows % 4]) / p.rows
        slow = rows * columns * inner
        slow *= 1 + machine.turned / p.rows if p.turned and large else 1
        rate = machine.rate * (machine.spread if large else 1)
        total += p.count * p.stacked * 2 * p.rows * p.columns * p.inner / rate * slow
        if large:
            packed = p.inner * (p.rows + p.columns + p.across * p.rows)
            total += p.count * p.stacked * packed * machine.packed
            if p.rows * p.columns > CACHE:
                total += p.count * p.stacked * p.rows * p.columns * machine.written
    for m in work.moved:
        begun = machine.stretch / m.run if m.run > 1 else machine.across
        total += m.entries * (machine.entry + begun + (machine.far if m.whole > CACHE else 0))
    total += work.combined * machine.combined + work.landed * machine.landed
    total += work.transformed * machine.transformed
    return total + work.looked_up * machine.looked_up


def work(node: Node, batch: int) -> Work:
    """What a program does, counted.

    Examples
    --------
    >>> from symconv.layer import Conv
    >>> from symconv.lowering.algorithms.pointwise import pointwise
    >>> from symconv.lowering.problem import forward_task
    >>> work(pointwise(forward_task(Conv((4, 4), (1, 1), in_channels=2, out_channels=3))), 5).products
    (Products(count=1, stacked=5, rows=3, columns=16, inner=2, turned=False, across=False),)
    """
    counter = _Counter(batch)
    counter.count(node, {})
    counter.laid_out(node)
    return Work(tuple(counter.products), tuple(counter.moved), counter.combined, counter.landed,
                counter.transformed, counter.looked_up, counter.calls)  # fmt: skip


class _Counter:
    """Counts every node once, as often as its loops run."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.seen: set[Node] = set()
        self.products: list[Products] = []
        self.moved: list[Moved] = []
        self.combined = self.landed = self.looked_up = self.calls = 0
        self.transformed = 0.0

    def size(self, size: Size) -> int:
        return Polynomial.of(size).substitute({"n": Polynomial.of(self.batch)}).constant

    def sizes(self, shape: Shape) -> tuple[int, ...]:
        return tuple(map(self.size, shape))

    def count(self, node: Node, loops: Mapping[str, int]) -> None:
        if node in self.seen:
            return
        self.seen.add(node)
        times = prod(count for variable, count in loops.items() if variable in node.free)
        inner = {**loops, node.variable: self.size(node.count)} if isinstance(node, Each | Total) else loops
        for operand in node.operands:
            self.count(operand, inner)
        self.count_one(node, times, inner)

    def count_one(self, node: Node, times: int, inner: Mapping[str, int]) -> None:
        entries = prod(self.sizes(node.shape))
        match node:
            case Operand() | Merge() | Split():
                return
            case View():
                self.calls += times if any(p.names & inner.keys() for p in node.index) else 1
                self.calls += WINDOWS if isinstance(read_view(node), Strided) else 0
                return
            case Copy(operand):
                self.moved.append(Moved(times * entries, self.copied_run(operand), entries))
            case Pad(operand):
                written = self.sizes(operand.shape)
                self.moved.append(Moved(times * prod(written), written[-1]))
            case MatMul(left, right):
                *_, rows, inner_size = self.sizes(left.shape)
                stacked = prod(self.sizes(right.shape[:-2]))
                columns = self.size(right.shape[-1])
                turned = columns > 1 and isinstance(_below(right), View) and self.run(right) == 1
                across = rows > 1 and isinstance(_below(left), View) and self.run(left) == 1
                self.products.append(Products(times, stacked, rows, columns, inner_size, turned, across))
            case Sum(operand):
                self.combined += times * prod(self.sizes(operand.shape))
            case Each(variable, _, body):
                times = prod(count for v, count in inner.items() if v in body.free)
                if not isinstance(_below(body), MatMul | Each):
                    self.moved.append(Moved(times * prod(self.sizes(body.shape)), self.run(body)))
                self.calls += inner[variable]
            case Total(variable, _, body):
                if not isinstance(body, Total):
                    run_through = prod(count for v, count in inner.items() if v in body.free)
                    self.combined += run_through * prod(self.sizes(body.shape))
                    times = run_through
            case Overlap(operand, _, _, taps):
                added = prod(self.sizes(operand.shape))
                self.moved.append(Moved(times * added, added, added))
                self.landed += times * added // self.size(operand.shape[-1])
                self.combined += times * (2 * added + entries)
                times *= 1 + prod(self.size(operand.shape[at]) for at in taps)
            case Combine(matrix, parts):
                terms = sum(sum(1 for c in row if c) - 1 or 1 for row in matrix)
                self.combined += times * terms * prod(self.sizes(parts[0].shape))
                times *= terms
            case Circular(operand, kernel, sizes):
                channels, outs = self.size(operand.shape[0]), self.size(kernel.shape[0])
                points = prod(self.sizes(sizes))
                self.transformed += times * (channels + outs) * points * log2(points)
                of_kernel = prod(count for variable, count in inner.items() if variable in kernel.free)
                self.transformed += of_kernel * channels * outs * points * log2(points)
                self.combined += times * channels * outs * points * (FREQUENCIES if channels > 1 else 1)
                self.calls += 2 * times * TRANSFORM + (0 if kernel.free else TRANSFORM)
            case Take(operand, size, index):
                table = {f"j{at}": self.size(whole) for at, whole in enumerate(size)}
                places = zip(index, operand.shape[-len(index) :], strict=True)
                if not all(in_range(p, self.size(whole), table) for p, whole in places):
                    self.calls += ZERO * times
                self.looked_up += times * entries * (1 if entries <= CACHE else 2)
                self.moved.append(Moved(times * entries, entries, entries))
            case Waves():
                self.moved.append(Moved(entries, entries, entries))
            case _:
                assert_never(node)
        self.calls += times

    def laid_out(self, node: Node) -> None:
        """A result whose entries lie in another order is copied."""
        entries = prod(self.sizes(node.shape))
        if isinstance(_below(node), View) and (run := self.run(node)) < self.size(node.shape[-1]):
            self.moved.append(Moved(entries, run, entries))

    def copied_run(self, node: Node) -> int:
        """The same of a copy, which reads few rows across by whole lines of the cache."""
        run = self.run(node)
        if run > 1 or not isinstance(node, View) or not 1 < self.size(node.size[-1]) <= FEW_ROWS:
            return run
        along = {f"j{at}": self.size(size) for at, size in enumerate(node.size[:-1])}
        near = max((size for name, size in along.items() if node.index[-1].coefficient(name) == 1), default=1)
        return min(near, TURNED)

    def run(self, node: Node) -> int:
        """How many neighbours in memory a view reads in one stretch."""
        while isinstance(node, Merge | Split):
            node = node.operand
        if not isinstance(node, View):
            return self.size(node.shape[-1])
        last = len(node.size) - 1
        step = node.index[-1].coefficient(f"j{last}")
        size = self.size(node.size[last])
        if step in (0, 1):
            return size if step else 1
        return min(size, GATHERED_CLOSE if abs(step) <= SMALL_STEP else GATHERED)


def _below(node: Node) -> Node:
    while isinstance(node, Merge | Split):
        node = node.operand
    return node


def machine(dtype: str, threads: int) -> Machine:
    """The constants for a dtype and a number of threads; more than two are taken to be two."""
    if dtype == "other":
        return EXACT
    real = MACHINES["float32" if dtype in ("float32", "complex64") else "float64"]
    spread = 1.0 if threads == 1 else SECOND_THREAD
    if dtype.startswith("complex"):
        real = replace(real, rate=real.rate / 4, vector=real.vector / 4)
        real = replace(real, entry=2 * real.entry, combined=2 * real.combined)
    return replace(real, spread=spread)


# Fitted to measured times of all candidates of 150 layers, each in three maps, so that the choice is good.
MACHINES = {
    "float32": Machine(
        rate=101000000000.0,
        short=(0.92, 3.1, 4.4),
        entry=7.6e-11,
        stretch=4.5e-09,
        across=1.5e-09,
        far=4e-11,
        combined=9.1e-11,
        landed=2.3e-08,
        transformed=2.8e-10,
        looked_up=4.1e-10,
        call=4.5e-07,
        packed=1.3e-10,
        written=4e-10,
        vector=45000000000.0,
        turned=11.0,
    ),
    "float64": Machine(
        rate=55000000000.0,
        short=(0.52, 2.7, 5.9),
        entry=1.4e-10,
        stretch=4.5e-09,
        across=4.5e-09,
        far=1.1e-10,
        combined=7.6e-11,
        landed=1.2e-08,
        transformed=3e-10,
        looked_up=5.5e-10,
        call=6.5e-07,
        packed=4.2e-10,
        written=8e-10,
        vector=21000000000.0,
        turned=0.0,
    ),
}
SECOND_THREAD = 1.8
EXACT = Machine(
    rate=100000000.0,
    short=(0.0, 0.0, 0.0),
    entry=2e-09,
    stretch=4e-09,
    across=4e-09,
    far=0.0,
    combined=2e-08,
    landed=0.0,
    transformed=1.0,
    looked_up=1e-08,
    call=7e-07,
    packed=1e-10,
    written=0.0,
    vector=100000000.0,
    turned=0.0,
)  # products one by one
