"""Every algorithm of the lowering is the convolution, for every shape: sizes, strides, tiles and all are parameters.

In: the name of an algorithm, a rank, and whether there are groups.  Out: a `ProgramProof`, or `Unequal`.
Never: an instance. The algorithm builds its program from parameters, the program is read as index notation, and its
ranges are decided by witnesses. That what a program reads is there is checked on its numbers whenever one is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from symconv.errors import InvalidOption
from symconv.lowering.algorithms import (
    chunks,
    dense,
    fourier,
    fourier_rows,
    plane,
    pointwise,
    rows,
    scatter,
    subpixel,
    tiny,
    toeplitz,
    windows,
    winograd,
    winograd_rows,
    winograd_sum,
)
from symconv.lowering.algorithms.blocks import Blocks
from symconv.lowering.candidates import GROUPS, Tiled
from symconv.lowering.nodes import Node, ceil_divided, wave_count
from symconv.lowering.problem import Line, Problem, Task
from symconv.polynomial import Polynomial
from symconv.proof.programs import operands, prove_program
from symconv.proof.symbolic_ranges import Parameters, Sample, Witnessed, evaluated
from symconv.terms import Size, number

SAMPLES = 60
BLOCK_NAMES = ("V", "X", "Y", "Z")  # blocks of rows, rows of a block, blocks of columns, columns of a block
BLOCKS = Blocks(*map(Polynomial.of, BLOCK_NAMES))


@dataclass(frozen=True)
class ProgramProof:
    """An algorithm that was proved for every shape of one rank.

    Attributes
    ----------
    problem, program
        The convolution of parameters, and the program that computes it.
    tiled, counts
        The tiles that the result is made in, and how many there are.
    ranges
        The hypotheses about the parameters.
    conditions
        The inequalities that witnesses establish.
    """

    algorithm: str
    ndim: int
    grouped: bool
    problem: Problem
    program: Node
    tiled: tuple[Tiled, ...]
    counts: tuple[Size, ...]
    ranges: Witnessed
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class _Given:
    """What an algorithm may build with: a general problem, its task, and the parameters met so far."""

    task: Task
    parameters: Parameters

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.task.problem.lines

    def size(self, name: str, least: Size = 1) -> Polynomial:
        """A parameter that is at least so large."""
        bound = Polynomial.of(least)
        found = self.parameters.new(name, lambda values, draw: evaluated(bound, values) + draw(0, 3))
        self.parameters.assume(found - bound)
        return found


@dataclass(frozen=True)
class _Built:
    """A program, the tiles that it makes its result in, and how many of them there are."""

    program: Node
    tiled: tuple[Tiled, ...] = ()
    counts: tuple[Size, ...] = ()


@dataclass(frozen=True)
class _Algorithm:
    """How an algorithm is built from parameters, and which of stride, dilation, input dilation, taps are 1 in it.

    With `spread_last`, the last axis may have an input dilation all the same.
    `taps`, `positions` and `outs` are the taps along each axis, the positions along the first, and the output channels,
    where they are numbers.
    """

    build: Callable[[_Given], _Built]
    ones: str = ""
    ranks: tuple[int, ...] = (1, 2, 3)
    groups: bool = True
    taps: int = 0
    outs: int = 0
    unpadded: bool = False
    chunked: bool = False
    blocked: bool = False
    spread_last: bool = False
    positions: int = 0


def algorithms() -> tuple[str, ...]:
    """The names of all algorithms."""
    return tuple(_ALGORITHMS)


def domain(name: str) -> tuple[tuple[int, bool], ...]:
    """The ranks, each without and with groups, for which an algorithm is proved."""
    known = _named(name)
    kinds = (True,) if known.chunked else (False, True) if known.groups else (False,)
    return tuple((ndim, grouped) for ndim in known.ranks for grouped in kinds)


def _named(name: str) -> _Algorithm:
    if name not in _ALGORITHMS:
        raise InvalidOption(f"no algorithm is named {name!r}: expected one of {', '.join(_ALGORITHMS)}")
    return _ALGORITHMS[name]


def prove_algorithm(name: str, ndim: int, *, grouped: bool = False) -> ProgramProof:
    """Prove an algorithm for every shape of one rank.

    Raises
    ------
    Unequal
        If it was not seen to be the convolution.
    InvalidOption
        If there is no such algorithm.

    Examples
    --------
    >>> prove_algorithm("pointwise", 2).conditions
    ()
    """
    known = _named(name)
    grouped = grouped or known.chunked
    parameters = Parameters()
    task = operands(_problem(parameters, known, ndim, grouped=grouped))
    built = known.build(_Given(task, parameters))
    random = Random(name)
    ranges = Witnessed(tuple(parameters.hypotheses), parameters.samples(SAMPLES, random.randint))
    prove_program(task.problem, built.program, built.tiled, ranges, built.counts)
    conditions = tuple(sorted(ranges.established))
    return ProgramProof(name, ndim, grouped, task.problem, built.program, built.tiled, built.counts, ranges, conditions)


def _not_less(least: Polynomial, values: Sample, draw: Callable[[int, int], int]) -> int:
    """A number that is not less than a polynomial, and not much more."""
    return evaluated(least, values) + draw(0, 2)


def _problem(parameters: Parameters, known: _Algorithm, ndim: int, *, grouped: bool) -> Problem:
    """A problem of parameters. Q is the padded size; ``Q - 1 = s*(O-1) + d*(K-1) + r`` with r at least 0."""

    def least_one(name: str) -> Polynomial:
        found = parameters.new(name, lambda _, draw: draw(1, 4))
        parameters.assume(found - 1)
        return found

    lines = []
    for at in range(ndim):
        ones = "" if known.spread_last and at == ndim - 1 else known.ones
        s, d, u = (1 if letter in ones else least_one(f"{letter}{at}") for letter in "sdu")
        k: Size = known.taps or (1 if "K" in known.ones else least_one(f"K{at}"))
        size = least_one(f"L{at}")
        if known.unpadded:
            lines.append(Line(size, k, size, s, d, u, 0, size))
            continue
        o: Size = known.positions if known.positions and at == 0 else least_one(f"O{at}")
        low = parameters.new(f"p{at}", lambda _, draw: draw(-1, 3))
        reach = Polynomial.of(s) * (o - 1) + d * (k - 1) + 1
        padded = parameters.new(f"Q{at}", partial(_not_less, Polynomial.of(reach)))
        parameters.assume(padded - reach, padded - 1)
        lines.append(Line(size, k, o, s, d, u, low, padded))
    groups: Size = least_one("H") * least_one("J") if known.chunked else least_one("G") if grouped else 1
    if known.blocked:
        row_blocks, rows, column_blocks, columns = (least_one(name) for name in BLOCK_NAMES)
        return Problem(row_blocks * rows, groups, least_one("C"), column_blocks * columns, tuple(lines), grouped)
    batch, ins = least_one("N"), least_one("C")
    outs: Size = known.outs or least_one("M")
    return Problem(batch, groups, ins, outs, tuple(lines), grouped)


def _plane(given: _Given) -> _Built:
    return _Built(plane.plane(given.task, _tiling(given)))


def _plane_sum(given: _Given) -> _Built:
    return _Built(plane.plane_sum(given.task, _sum_tiling(given)))


def _taps_sum(given: _Given) -> _Built:
    return _Built(plane.taps_sum(given.task, _sum_tiling(given), packed=True))


def _taps_sum_in_blocks(given: _Given) -> _Built:
    return _Built(plane.taps_sum(given.task, _sum_tiling(given), BLOCKS, packed=True))


def _sum_tiling(given: _Given) -> plane.Tiling:
    """Tiles in which all of the kernel lies."""
    tiling = _tiling(given)
    lines = given.lines[-2:]
    needed = Polynomial.of(lines[0].kernel_size)
    if len(lines) == 2:
        needed = (needed - 1) * lines[1].padded_size + lines[1].kernel_size
    flat = tiling.tiles * Polynomial.of(tiling.tile)
    given.parameters.assume(flat - needed, flat - lines[0].kernel_size)  # the second follows, for rows are not empty
    return tiling


def _tiling(given: _Given) -> plane.Tiling:
    tile, tiles, rows, kernel_rows = (given.size(name) for name in ("T", "B", "R", "S"))
    return plane.Tiling(tiles, tile, rows, kernel_rows)


def _windows(given: _Given) -> _Built:
    return _Built(windows.windows(given.task))


def _windows_banded(given: _Given) -> _Built:
    return _Built(windows.windows(given.task, windows.Bands(given.size("B"), given.size("R"))))


def _windows_sum(given: _Given) -> _Built:
    return _Built(windows.windows_sum(given.task))


def _windows_sum_banded(given: _Given) -> _Built:
    return _Built(windows.windows_sum(given.task, _bands_of_taps(given)))


def _windows_sum_in_blocks(given: _Given) -> _Built:
    return _Built(windows.windows_sum(given.task, blocks=BLOCKS))


def _windows_sum_banded_in_blocks(given: _Given) -> _Built:
    return _Built(windows.windows_sum(given.task, _bands_of_taps(given), BLOCKS))


def _bands_of_taps(given: _Given) -> windows.Bands:
    """Bands that hold all taps along the first axis."""
    bands, rows = given.size("B"), given.size("R")
    given.parameters.assume(bands * rows - given.lines[0].kernel_size)
    return windows.Bands(bands, rows)


def _columns_sum(given: _Given) -> _Built:
    return _Built(windows.columns_sum(given.task))


def _rows(given: _Given) -> _Built:
    first, steps = given.lines[0], given.size("T")
    given.parameters.assume(steps * Polynomial.of(first.stride) - first.kernel_size)
    return _Built(rows.rows(given.task, steps))


def _rows_sum(given: _Given) -> _Built:
    steps = given.size("T")
    tiled = (Tiled(0, given.lines[0].dilation, each=False),)
    return _Built(rows.rows_sum(given.task, steps), tiled, (steps,))


def _landing(given: _Given) -> tuple[Polynomial, ...]:
    """Large enough for everything that lands there, and for every position of the result."""
    found = []
    for at, line in enumerate(given.lines):
        spread = Polynomial.of(line.input_dilation) * (line.input_size - 1) + line.dilation * (line.kernel_size - 1) + 1
        size = given.size(f"Y{at}", spread)
        first = line.dilation * (Polynomial.of(line.kernel_size) - 1) - line.low
        given.parameters.assume(first, size - first - line.output_size)
        found.append(size)
    return tuple(found)


def _scatter(given: _Given) -> _Built:
    return _Built(scatter.scatter(given.task, _landing(given)))


def _scatter_banded(given: _Given) -> _Built:
    bands = windows.Bands(given.size("B"), given.size("R"))
    given.parameters.assume(Polynomial.of(bands.bands) * bands.rows - given.lines[0].input_size)
    return _Built(scatter.scatter(given.task, _landing(given), bands))


def _scatter_by_channel(given: _Given) -> _Built:
    bands = windows.Bands(given.size("B"), given.size("R"))
    given.parameters.assume(Polynomial.of(bands.bands) * bands.rows - given.lines[0].input_size)
    return _Built(scatter.scatter_by_channel(given.task, _landing(given), bands))


def _scatter_plane(given: _Given) -> _Built:
    return _Built(scatter.scatter_plane(given.task, _landing(given)))


def _pointwise(given: _Given) -> _Built:
    return _Built(pointwise.pointwise(given.task))


def _tiny(given: _Given) -> _Built:
    return _Built(tiny.tiny(given.task))


def _tiny_of_one(given: _Given) -> _Built:
    return _Built(tiny.tiny_of_one(given.task))


def _tiny_sum(given: _Given) -> _Built:
    return _Built(tiny.tiny_sum(given.task))


def _dense(given: _Given) -> _Built:
    return _Built(dense.dense(given.task))


def _toeplitz(given: _Given) -> _Built:
    return _in_blocks(given, toeplitz.toeplitz)


def _subpixel(given: _Given) -> _Built:
    return _in_blocks(given, subpixel.subpixel)


def _in_blocks(given: _Given, build: Callable[[Task, tuple[toeplitz.Block, ...]], Node]) -> _Built:
    blocks = tuple(_block(given, at, line) for at, line in enumerate(given.lines))
    tiled = tuple(Tiled(at, b.results, each=False) for at, b in enumerate(blocks))
    return _Built(build(given.task, blocks), tiled, tuple(b.count for b in blocks))


def _block(given: _Given, at: int, line: Line) -> toeplitz.Block:
    """A block of ``u*v`` results; what it reads begins at ``low div u`` before the input, and holds all its taps."""
    s, u, low = map(Polynomial.of, (line.stride, line.input_dilation, line.low))
    v = given.size(f"v{at}")
    before = given.parameters.new(f"b{at}", lambda values, _: evaluated(low, values) // evaluated(u, values))
    given.parameters.assume(u - 1 - low + u * before)
    last = u * before - low + s * (u * v - 1) + line.dilation * (Polynomial.of(line.kernel_size) - 1)
    span = given.parameters.new(
        f"W{at}", lambda values, draw: evaluated(last, values) // evaluated(u, values) + draw(1, 3)
    )
    given.parameters.assume(u * span - last - 1)
    return toeplitz.Block(u * v, s * v, before, span, given.size(f"A{at}"))


def _winograd(given: _Given) -> _Built:
    tiles = (given.size("T0", 2), given.size("T1", 2))
    tiled = tuple(Tiled(at, winograd.STEP, each=True) for at in range(2))
    return _Built(winograd.winograd(given.task, tiles), tiled, tuple(size - 1 for size in tiles))


def _winograd_rows(given: _Given) -> _Built:
    tiles = given.size("T0", 2)
    tiled = (Tiled(0, winograd_rows.STEP, each=True),)
    return _Built(winograd_rows.winograd_rows(given.task, tiles), tiled, (tiles - 1,))


def _winograd_sum(given: _Given) -> _Built:
    """All pairs of rows of delta lie in the tiles."""
    tiling = _tiling(given)
    lines, step = given.lines, winograd_sum.STEP
    kernel = Polynomial.of(lines[0].kernel_size)
    pairs = Polynomial.of(ceil_divided(kernel, step))
    given.parameters.new(str(pairs), lambda values, _: -(-evaluated(kernel, values) // step))
    given.parameters.assume(step * pairs - kernel, kernel + step - 1 - step * pairs)
    needed = pairs if len(lines) == 1 else (pairs - 1) * lines[1].padded_size + lines[1].kernel_size
    flat = tiling.tiles * Polynomial.of(tiling.tile)
    given.parameters.assume(flat - needed, flat - pairs)  # the second follows, for rows are not empty
    tiled = (Tiled(0, winograd_sum.TAPS, each=True),)
    return _Built(winograd_sum.winograd_sum(given.task, tiling, BLOCKS), tiled, (1,))


def _fourier(given: _Given) -> _Built:
    return _Built(fourier.fourier(given.task, tuple(_circle(given))))


def _fourier_sum(given: _Given) -> _Built:
    return _Built(fourier.fourier_sum(given.task, tuple(_circle(given))))


def _fourier_rows(given: _Given) -> _Built:
    return _Built(fourier_rows.fourier_rows(_unpadded(given), padded=False))


def _fourier_rows_padded(given: _Given) -> _Built:
    return _Built(fourier_rows.fourier_rows(_in_waves(given), padded=True))


def _fourier_rows_at_once(given: _Given) -> _Built:
    return _Built(fourier_rows.fourier_rows_at_once(_unpadded(given), padded=False))


def _fourier_rows_at_once_padded(given: _Given) -> _Built:
    return _Built(fourier_rows.fourier_rows_at_once(_in_waves(given), padded=True))


def _unpadded(given: _Given) -> Task:
    """All places of the image along the last axis are in its padded row."""
    last = given.lines[-1]
    low, reach = Polynomial.of(last.low), Polynomial.of(last.input_dilation) * (last.input_size - 1)
    given.parameters.assume(low, Polynomial.of(last.padded_size) - reach - low - 1)
    return _in_waves(given)


def _in_waves(given: _Given) -> Task:
    """The task; the number of waves is a parameter that its length gives."""
    length = Polynomial.of(given.lines[-1].padded_size)
    given.parameters.new(str(wave_count(length)), lambda values, _: number(wave_count(evaluated(length, values))))
    return given.task


def _circle(given: _Given) -> list[Polynomial]:
    return [given.size(f"F{at}", line.padded_size) for at, line in enumerate(given.lines)]


def _in_chunks(build: Callable[[_Given], _Built]) -> Callable[[_Given], _Built]:
    """What another algorithm builds, for J of the H*J groups at a time."""

    def built(given: _Given) -> _Built:
        parts: list[_Built] = []

        def part(task: Task) -> Node:
            parts.append(build(replace(given, task=task)))
            return parts[-1].program

        whole = chunks.in_chunks(given.task, part, Polynomial.of("H"), Polynomial.of("J"))
        tiled = (Tiled(GROUPS, Polynomial.of("J"), each=False), *parts[-1].tiled)
        return replace(parts[-1], program=whole, tiled=tiled)

    return built


_ALGORITHMS = {
    "windows": _Algorithm(_windows),
    "windows, in bands": _Algorithm(_windows_banded, "u"),
    "windows, summed": _Algorithm(_windows_sum),
    "windows, summed in bands": _Algorithm(_windows_sum_banded, "u"),
    "windows, summed in blocks": _Algorithm(_windows_sum_in_blocks, blocked=True),
    "windows, summed in bands and blocks": _Algorithm(_windows_sum_banded_in_blocks, "u", blocked=True),
    "columns, summed": _Algorithm(_columns_sum),
    "rows": _Algorithm(_rows, "u", (2, 3)),
    "rows, summed": _Algorithm(_rows_sum, "u", (2, 3)),
    "plane": _Algorithm(_plane, "su"),
    "plane, summed": _Algorithm(_plane_sum, "du"),
    "taps, summed": _Algorithm(_taps_sum, "du"),
    "taps, summed in blocks": _Algorithm(_taps_sum_in_blocks, "du", blocked=True),
    "scatter": _Algorithm(_scatter, "s"),
    "scatter, in bands": _Algorithm(_scatter_banded, "s"),
    "scatter, by channel": _Algorithm(_scatter_by_channel, "s", groups=False),
    "scatter-plane": _Algorithm(_scatter_plane, "su"),
    "toeplitz": _Algorithm(_toeplitz),
    "subpixel": _Algorithm(_subpixel),
    "winograd": _Algorithm(_winograd, "sdu", (2,), groups=False, taps=winograd.TAPS),
    "winograd-rows": _Algorithm(_winograd_rows, "sdu", (1, 2), groups=False, taps=winograd_rows.TAPS),
    "winograd, summed": _Algorithm(
        _winograd_sum, "sdu", (1, 2), groups=False, positions=winograd_sum.TAPS, blocked=True
    ),
    "fourier": _Algorithm(_fourier, "sdu", groups=False),
    "fourier, summed": _Algorithm(_fourier_sum, "sdu", groups=False),
    "fourier-rows": _Algorithm(_fourier_rows, "u", (2, 3), spread_last=True),
    "fourier-rows, padded": _Algorithm(_fourier_rows_padded, "u", (2, 3)),
    "fourier-rows, at once": _Algorithm(_fourier_rows_at_once, "u", spread_last=True),
    "fourier-rows, at once, padded": _Algorithm(_fourier_rows_at_once_padded, "u"),
    "tiny": _Algorithm(_tiny, "u", groups=False),
    "tiny, one channel": _Algorithm(_tiny_of_one, "u", groups=False, outs=1),
    "tiny, summed": _Algorithm(_tiny_sum, "u", groups=False),
    "dense": _Algorithm(_dense, "d", groups=False),
    "pointwise": _Algorithm(_pointwise, "sduK", groups=False, unpadded=True),
}
_ALGORITHMS |= {
    f"{name}, in chunks": replace(known, build=_in_chunks(known.build), chunked=True)
    for name, known in _ALGORITHMS.items()
    if known.groups
}
