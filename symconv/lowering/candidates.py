"""The programs that may compute a task: which algorithms fit it, with which parameters.

In: a `Task` of numbers (the batch may be n).  Out: `Candidate`s.
Never: a preference between programs; `symconv.lowering.choice` has that. The workspace of a candidate is bounded by
`WORKSPACE`: what would need more is made in tiles or bands, or is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, prod, sqrt

from symconv.errors import InvalidExpression
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
from symconv.lowering.cost import CACHE, SMALL_PRODUCT, Moved, Products, Work, machine, seconds
from symconv.lowering.nodes import Node, check
from symconv.lowering.problem import Line, Problem, Task
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

WORKSPACE = 64 * 2**20  # bytes beyond inputs and outputs
ENTRIES = WORKSPACE // 8  # of all workspaces together: of float64 or smaller (of complex128 twice as many bytes)
SHORT_TILE = 256  # below this many columns a tile is not worth its statements
LONG_TILE = 1024  # columns of which a sum is made while they are in the cache
MANY = 32  # channels from which on a product is quicker with the rows of its second factor in order
IMAGES = 8  # the batch that a block of results is chosen for
NEAR = 2 * CACHE  # entries of windows that are read again and again
BLOCK = 32, 64  # rows and columns of a block of a product whose second factor lies in order
SHORT_BLOCK = 512  # entries of such a block below which it is not worth its call
SHORT_SUM = 32  # products in each of its sums below which it is not either
LARGE = 4096  # entries of a product from which on a library multiplies more quickly in blocks
TABLE = 4096  # places in a constant table
CIRCLE = 512  # places on a circle whose waves are a matrix
SHORT_ROWS = 16  # rows of a result below which those of several images are made at once


GROUPS = -1  # the axis of the groups, for `Tiled`


@dataclass(frozen=True)
class Tiled:
    """Along axis `axis` the result is made in tiles of `step`: ``i = step*t + r``; each r by itself, or any r.

    The axes are spatial ones, but for `GROUPS`, whose tiles are all whole.
    """

    axis: int
    step: Size
    each: bool


@dataclass(frozen=True)
class Candidate:
    """A program for a task.

    Attributes
    ----------
    name
        The algorithm; one candidate of a task has it.
    build
        The program, as a function of the task (of any operands).
    note
        Its parameters, for a reader.
    tiled
        The tiles in which the result is made, where the program's meaning is read tile by tile.
    exact
        Whether it only adds and multiplies entries, so that it serves integers and objects too.
    finite
        Whether a NaN or an infinity stays where direct summation has it; else it may spread.
    error
        The rounding error in float32 as a multiple of that of direct summation, as measured.
    algorithm
        The name under which it is proved for every shape (`symconv.proof.general_programs`).
    images
        How many images it takes at once, so that its workspaces stay small; 0 for any number.
    """

    name: str
    build: Callable[[Task], Node]
    note: str = ""
    tiled: tuple[Tiled, ...] = ()
    exact: bool = True
    finite: bool = True
    error: float = 1.0
    algorithm: str = ""
    images: int = 0

    @property
    def in_chunks(self) -> bool:
        """Whether the groups are taken in chunks."""
        return any(tiling.axis == GROUPS for tiling in self.tiled)


def candidates(of: Task, near: int = NEAR) -> tuple[Candidate, ...]:
    """Every candidate of a task, the most general first.

    Groups whose windows have more than `near` entries are taken in chunks.

    Examples
    --------
    >>> from symconv.layer import Conv
    >>> from symconv.lowering.problem import forward_task
    >>> print(*(c.name for c in candidates(forward_task(Conv((8, 8), (3, 3), padding=1)))))
    windows rows plane scatter scatter-plane toeplitz fourier-rows winograd fourier winograd-rows tiny dense
    """
    return tuple(c for c in _offered(of.problem, near) if _is_safe(c, of))


def _offered(p: Problem, near: int) -> Iterator[Candidate]:
    """What fits, for some of the groups at a time where the columns of all are far away."""
    largest = max(1, near * number(p.groups) // _under_rows(p)) if p.grouped else 1
    groups = number(p.groups)
    size = next(n for n in range(min(groups, largest), 0, -1) if groups % n == 0)
    count = groups // size
    for found in _fitting(replace(p, groups=size)):
        if count == 1:
            yield found
        else:
            build = partial(chunks.in_chunks, build=found.build, count=count, size=size)
            note = ", ".join(filter(None, (found.note, f"{count} chunks of {size} groups")))
            tiled = (Tiled(GROUPS, size, each=False), *found.tiled)
            yield replace(found, build=build, note=note, tiled=tiled, algorithm=f"{found.algorithm}, in chunks")


def _under_rows(p: Problem) -> int:
    """The entries of an image's windows along all axes but the first; of a line's windows, where there is one axis."""
    first, *rest = p.lines if p.ndim > 1 else (replace(p.lines[0], padded_size=1), p.lines[0])
    windows = prod(number(line.kernel_size) * number(line.output_size) for line in rest)
    return _channels(p, sums=not isinstance(p.batch, Polynomial)) * number(first.padded_size) * windows


def _is_safe(candidate: Candidate, of: Task) -> bool:
    """Whether every place that is read or written is seen to be there."""
    try:
        check(candidate.build(of))
    except InvalidExpression:
        return False
    return True


def _fitting(p: Problem) -> Iterator[Candidate]:
    sums = not isinstance(p.batch, Polynomial)  # over the images: their number is that of the channels
    yield from _windows(p, sums)
    if sums:
        yield from _columns_sum(p)
    if p.ndim > 1 and all(line.input_dilation == 1 for line in p.lines):
        yield from _by_rows(p, sums)
    if all(line.stride == line.input_dilation == 1 for line in p.lines) and not sums:
        yield from _planes(p)
    if all(line.dilation == line.input_dilation == 1 for line in p.lines) and sums:
        yield from _plane_sums(p)
    if not sums:
        yield from _scatters(p)
        yield from _in_blocks(p)
    if all(line.input_dilation == 1 for line in p.lines[:-1]):
        yield from _fourier_rows(p, sums)
    if all(line.stride == line.dilation == line.input_dilation == 1 for line in p.lines) and not p.grouped:
        yield from _plain_sums(p) if sums else _plain(p)
    if not p.grouped:
        if not sums:
            yield from _rows(p)
        yield from _tables(p, sums)
        if not sums and pointwise.fits(p):
            yield Candidate("pointwise", pointwise.pointwise, algorithm="pointwise")


def _tables(p: Problem, sums: bool) -> Iterator[Candidate]:
    """What is looked up in a constant table; a large batch is taken in blocks, for its columns are in memory."""
    columns = prod(map(number, (*p.kernel_size, *p.output_size)))
    whole = number(p.batch if sums else p.in_channels) * columns
    images = max(1, ENTRIES // (2 * whole))
    if all(line.input_dilation == 1 for line in p.lines):
        if sums and whole <= TABLE:
            note = f"a table of {whole} places"
            yield Candidate("tiny", tiny.tiny_sum, note, algorithm="tiny, summed", images=images)
        elif not sums and number(p.out_channels) == 1 and whole <= TABLE:
            note = f"a table of {whole} places"
            yield Candidate("tiny", tiny.tiny_of_one, note, algorithm="tiny, one channel", images=images)
        elif columns <= TABLE:
            yield Candidate("tiny", tiny.tiny, f"a table of {columns} places", algorithm="tiny", images=images)
    if all(line.dilation == 1 for line in p.lines) and not sums:
        sizes = (p.in_channels, *p.input_size, p.out_channels, *p.output_size)
        if (entries := prod(map(number, sizes))) <= TABLE:
            note = f"a matrix of {entries} entries"
            yield Candidate("dense", dense.dense, note, finite=False, algorithm="dense")


def _windows(p: Problem, sums: bool) -> Iterator[Candidate]:
    along = p.kernel_size if sums else p.output_size
    build = windows.windows_sum if sums else windows.windows
    image = _channels(p, sums) * prod(number(line.padded_size) for line in p.lines)
    columns = _columns(p, sums) * prod(map(number, along))
    if image + columns <= ENTRIES:
        found = _windows_in_blocks(p) if sums else None
        yield found or Candidate("windows", build, algorithm="windows, summed" if sums else "windows")
        return
    if any(line.input_dilation != 1 for line in p.lines):
        return
    line = p.lines[0]
    step = number(line.dilation if sums else line.stride)
    a_row = _columns(p, sums) * prod(map(number, along[1:])) + image // number(line.padded_size) * step
    bands = _bands(number(along[0]), ENTRIES // (2 * a_row))
    algorithm = "windows, summed in bands" if sums else "windows, in bands"
    note = f"{bands.bands} bands of {bands.rows} rows"
    yield Candidate("windows", partial(build, banded=bands), note, algorithm=algorithm)


def _windows_in_blocks(p: Problem) -> Candidate | None:
    """For dE/dw of many channels: products of small blocks, of bands of rows of delta where these are long."""
    outs, ins, taps = number(p.out_channels), number(p.batch), prod(map(number, p.output_size))
    blocks = Blocks.of(ins, outs, max(1, BLOCK[1] // taps), BLOCK[1])
    block = number(blocks.rows) * taps * number(blocks.columns)
    first, *rest = map(number, p.kernel_size)
    bands = _even_bands(first, SMALL_PRODUCT // (block * prod(rest)))
    if ins * taps * outs < LARGE or block < SHORT_BLOCK or number(bands.rows) * prod(rest) < SHORT_SUM:
        return None
    if bands.bands == 1:
        build = partial(windows.windows_sum, blocks=blocks)
        return Candidate("windows", build, _blocks(blocks), algorithm="windows, summed in blocks")
    if any(line.input_dilation != 1 for line in p.lines):
        return None
    build = partial(windows.windows_sum, banded=bands, blocks=blocks)
    note = f"{bands.bands} bands of {bands.rows} rows, {_blocks(blocks)}"
    return Candidate("windows", build, note, algorithm="windows, summed in bands and blocks")


def _by_rows(p: Problem, sums: bool) -> Iterator[Candidate]:
    """One tap of the first axis at a time, if there are several; the columns of the others."""
    steps = rows.steps_for(p, summed=sums)
    if steps > 1 and rows.entries(p, summed=sums) <= ENTRIES:
        build = partial(rows.rows_sum if sums else rows.rows, steps=steps)
        tiled = (Tiled(0, p.lines[0].dilation, each=False),) if sums else ()
        algorithm = "rows, summed" if sums else "rows"
        finite = sums or number(p.kernel_size[0]) % number(p.lines[0].stride) == 0  # no taps of zero are added
        yield Candidate("rows", build, f"{steps} steps", tiled, finite=finite, algorithm=algorithm)


def _columns_sum(p: Problem) -> Iterator[Candidate]:
    """All images in one product, or blocks of them, for their columns are in memory."""
    image = _image(p, sums=True) + (_columns(p, sums=True) + _outs(p)) * prod(map(number, p.kernel_size))
    if image <= ENTRIES // 2:
        images = max(1, min(ENTRIES // (2 * image), 4 * CACHE // image))
        note = f"{images} image{'s' if images > 1 else ''} at once"
        yield Candidate("columns", windows.columns_sum, note, algorithm="columns, summed", images=images)


def _outs(p: Problem) -> int:
    """Output channels of all groups."""
    return number(p.groups) * number(p.out_channels)


def _even_bands(whole: int, largest: int) -> windows.Bands:
    """Bands of the most rows, not more than the largest, that make the whole."""
    rows = next(n for n in range(max(1, min(whole, largest)), 0, -1) if whole % n == 0)
    return windows.Bands(whole // rows, rows)


def _bands(whole: int, largest: int) -> windows.Bands:
    """Even bands; where they are much smaller than the largest, bands that hold the whole and a little more."""
    even = _even_bands(whole, largest)
    if 2 * number(even.rows) > min(whole, largest):
        return even
    count = -(-whole // largest)
    return windows.Bands(count, -(-whole // count))


def _channels(p: Problem, sums: bool) -> int:
    """Channels of one image, of all groups."""
    return number(p.groups) * number(p.batch if sums else p.in_channels)


def _columns(p: Problem, sums: bool) -> int:
    """The rows of the columns of one image: taps (or positions, where the images are summed) of all channels."""
    return _channels(p, sums) * prod(map(number, p.output_size if sums else p.kernel_size))


def _planes(p: Problem) -> Iterator[Candidate]:
    rows = _columns(p, sums=False)
    products = number(p.out_channels) * rows // number(p.groups)
    small = SMALL_PRODUCT // products // 16 * 16
    wide = _outs(p) * _padded(p.lines[-2:])
    near = max(2 * CACHE // rows, SHORT_TILE)
    largest = min(small if small >= SHORT_TILE else near, near, (ENTRIES - 2 * _image(p) - wide) // rows)
    if largest < 64:
        return
    tiling = plane.flat_tiling(p, largest)
    yield Candidate("plane", partial(plane.plane, tiling=tiling), _tiles(tiling), algorithm="plane")


def _plane_sums(p: Problem) -> Iterator[Candidate]:
    kernel = _outs(p) * _padded(p.lines)
    free = ENTRIES - 2 * _image(p, sums=True) - 2 * kernel
    outs, ins = number(p.out_channels), number(p.batch)
    rows = _columns(p, sums=True)
    long = max(LONG_TILE, SMALL_PRODUCT * number(p.groups) // (outs * rows) // 16 * 16)
    if outs * ins > 1 and (largest := min(long, free // rows)) >= 64:
        tiling = plane.flat_tiling(p, largest, of_kernel=True)
        build = partial(plane.plane_sum, tiling=tiling)
        yield Candidate("plane", build, _tiles(tiling), finite=False, algorithm="plane, summed")
    yield from _taps_sum(p, free)


def _taps_sum(p: Problem, free: int) -> Iterator[Candidate]:
    """The taps one by one, in tiles that fit into `free`; many channels in blocks that are multiplied as they lie."""
    outs, ins = number(p.out_channels), number(p.batch)
    small = SMALL_PRODUCT // (outs * ins) // 16 * 16
    blocks = Blocks.of(ins, outs, *BLOCK)
    in_blocks = small < SHORT_TILE and number(blocks.rows) * number(blocks.columns) >= SHORT_BLOCK
    quick = _block_tile(blocks) if in_blocks else small
    largest = min(quick, free) if quick >= SHORT_TILE else free
    if largest < 64:
        return
    tiling = plane.flat_tiling(p, largest, of_kernel=True)
    build = partial(plane.taps_sum, tiling=tiling, packed=outs >= MANY)
    if in_blocks:
        note = f"{_tiles(tiling)}, {_blocks(blocks)}"
        build = partial(build, blocks=blocks)
        yield Candidate("taps", build, note, finite=False, algorithm="taps, summed in blocks")
    else:
        yield Candidate("taps", build, _tiles(tiling), finite=False, algorithm="taps, summed")


def _block_tile(blocks: Blocks) -> int:
    """The longest tile of a product of small blocks."""
    return SMALL_PRODUCT // (number(blocks.rows) * number(blocks.columns))


def _blocks(blocks: Blocks) -> str:
    return f"blocks of {blocks.rows} x {blocks.columns} channels"


def _winograd_sum(p: Problem) -> Iterator[Candidate]:
    """Winograd along the rows of delta, for three taps there."""
    if p.ndim > 2 or p.output_size[0] != winograd_sum.TAPS:
        return
    blocks = Blocks.of(number(p.batch), number(p.out_channels), *BLOCK)
    tiling = winograd_sum.tiling_for(p, _block_tile(blocks))
    if winograd_sum.entries(p, tiling) <= ENTRIES:
        build = partial(winograd_sum.winograd_sum, tiling=tiling, blocks=blocks)
        note = f"F(3, 2) along the first axis, {_tiles(tiling)}, {_blocks(blocks)}"
        tiled = (Tiled(0, winograd_sum.TAPS, each=True),)
        yield Candidate("winograd", build, note, tiled, False, False, 1.5, "winograd, summed")


def _image(p: Problem, *, sums: bool = False) -> int:
    return _channels(p, sums) * _padded(p.lines)


def _padded(lines: tuple[Line, ...]) -> int:
    return prod(number(line.padded_size) for line in lines)


def _tiles(tiling: plane.Tiling) -> str:
    return "one tile" if tiling.tiles == 1 else f"{tiling.tiles} tiles of {tiling.tile} places"


def _scatters(p: Problem) -> Iterator[Candidate]:
    if not all(number(line.stride) == 1 and scatter.first_place(line) >= 0 for line in p.lines):
        return
    products = _outs(p) * prod(map(number, p.kernel_size))
    outs = _outs(p)
    landing = scatter.landing_sizes(p, plane=False)
    sizes = tuple(map(number, p.input_size))
    free = ENTRIES - outs * prod(landing)
    if (products + _channels(p, sums=False)) * prod(sizes) <= free:
        yield Candidate("scatter", partial(scatter.scatter, landing=landing), algorithm="scatter")
    elif free > 0:
        bands = _even_bands(sizes[0], free // (products * prod(sizes[1:])))
        build = partial(scatter.scatter, landing=landing, banded=bands)
        yield Candidate("scatter", build, f"{bands.bands} bands of {bands.rows} rows", algorithm="scatter, in bands")
    elif not p.grouped and prod(landing) <= ENTRIES // 2:
        a_row = (prod(map(number, p.kernel_size)) + products) * prod(sizes[1:])
        bands = _even_bands(sizes[0], ENTRIES // (2 * a_row))
        build = partial(scatter.scatter_by_channel, landing=landing, banded=bands)
        note = f"a channel at a time, {bands.bands} bands of {bands.rows} rows"
        yield Candidate("scatter", build, note, algorithm="scatter, by channel")
    if all(line.input_dilation == 1 for line in p.lines):
        landing = scatter.landing_sizes(p, plane=True)
        wide = prod(scatter.wide_sizes(p, landing))
        if products * wide + outs * prod(landing) + _channels(p, sums=False) * wide <= ENTRIES:
            plane_build = partial(scatter.scatter_plane, landing=landing)
            yield Candidate("scatter-plane", plane_build, finite=False, algorithm="scatter-plane")


def _in_blocks(p: Problem) -> Iterator[Candidate]:
    """In the blocks of results that are expected to be fastest; and, where zeros are between inputs, in periods."""
    fitting = [blocks for blocks in toeplitz.blocks_for(p) if toeplitz.entries(p, blocks) <= ENTRIES]
    if fitting:
        blocks = min(fitting, key=lambda blocks: _seconds(p, blocks))
        build = partial(toeplitz.toeplitz, blocks=blocks)
        note = f"blocks of {_results(blocks)} results"
        yield Candidate("toeplitz", build, note, _tiled(blocks), finite=False, algorithm="toeplitz")
    blocks = tuple(toeplitz.block_for(line, 1) for line in p.lines)
    if any(line.input_dilation != 1 for line in p.lines) and toeplitz.entries(p, blocks) <= ENTRIES:
        build = partial(subpixel.subpixel, blocks=blocks)
        note = f"periods of {_results(blocks)} results"
        yield Candidate("subpixel", build, note, _tiled(blocks), finite=False, algorithm="subpixel")


def _results(blocks: tuple[toeplitz.Block, ...]) -> str:
    return "x".join(str(b.results) for b in blocks)


def _tiled(blocks: tuple[toeplitz.Block, ...]) -> tuple[Tiled, ...]:
    return tuple(Tiled(at, b.results, each=False) for at, b in enumerate(blocks))


def _seconds(p: Problem, blocks: tuple[toeplitz.Block, ...]) -> float:
    """What a block of results is chosen by: the time of `IMAGES` images."""
    windows, results, table = toeplitz.moved(p, blocks)
    groups, count = number(p.groups), prod(number(b.count) for b in blocks)
    products = Products(IMAGES, groups, count, results // (groups * count), windows // (groups * count))
    moved = (
        Moved(IMAGES * windows, number(blocks[-1].span), windows),
        Moved(IMAGES * results, number(blocks[-1].results), results),
        Moved(table, 1, table),
    )
    return seconds(Work((products,), moved, 0, 0, 0, 0, 0), machine("float32", 1))


def _plain(p: Problem) -> Iterator[Candidate]:
    """For strides and dilations of 1, in one group."""
    if p.ndim == 2 and p.kernel_size == (3, 3) and winograd.entries(p) <= ENTRIES:
        tiled = tuple(Tiled(at, winograd.STEP, each=True) for at in range(2))
        build = partial(winograd.winograd, tiles=winograd.tiles_for(p.output_size))
        yield Candidate("winograd", build, "F(2x2, 3x3)", tiled, False, False, 1.5, "winograd")
    yield from _fourier(p, sums=False)


def _plain_sums(p: Problem) -> Iterator[Candidate]:
    """The same, summed over the images."""
    yield from _winograd_sum(p)
    yield from _fourier(p, sums=True)


def _rows(p: Problem) -> Iterator[Candidate]:
    """Winograd along the rows, for three taps there."""
    plain = all(line.stride == line.dilation == line.input_dilation == 1 for line in p.lines)
    fits = plain and p.ndim <= 2 and p.kernel_size[0] == winograd_rows.TAPS
    if fits and winograd_rows.entries(p) <= ENTRIES:
        tiled = (Tiled(0, winograd_rows.STEP, each=True),)
        build = partial(winograd_rows.winograd_rows, tiles=winograd_rows.tiles_for(p))
        yield Candidate(
            "winograd-rows", build, "F(4, 3) along the first axis", tiled, False, False, 6.0, "winograd-rows"
        )


def _fourier(p: Problem, sums: bool) -> Iterator[Candidate]:
    circle = tuple(fourier.fast_length(number(line.padded_size)) for line in p.lines)
    ins = 1 if sums else number(p.in_channels)
    spectra = (1 + number(p.out_channels)) * (1 + ins) * prod(circle)
    if _image(p, sums=sums) + 2 * spectra <= ENTRIES:
        build = partial(fourier.fourier_sum if sums else fourier.fourier, circle=circle)
        algorithm = "fourier, summed" if sums else "fourier"
        around = "x".join(map(str, circle))
        yield Candidate("fourier", build, f"a circle of {around}", (), False, False, algorithm=algorithm)


def _fourier_rows(p: Problem, sums: bool) -> Iterator[Candidate]:
    """Fourier along the last axis, for several taps and results there, and several rows of results."""
    last, rows = p.lines[-1], prod(map(number, p.output_size[:-1]))
    length, padded = number(last.padded_size), not fourier_rows.unpadded(p)
    if length > CIRCLE or 1 in (number(last.kernel_size), number(last.output_size)):
        return
    if (padded and last.input_dilation != 1) or (not sums and rows == 1):
        return
    image, besides = fourier_rows.entries(p, summed=sums)
    if image + besides > ENTRIES:
        return
    at_once = sums or rows < SHORT_ROWS
    images = max(1, min((ENTRIES - besides) // image, 4 * CACHE // image)) if at_once else 0
    build = partial(fourier_rows.fourier_rows_at_once if at_once else fourier_rows.fourier_rows, padded=padded)
    many = f", {images} image{'s' if images > 1 else ''} at once" if at_once else ""
    algorithm = f"fourier-rows{', at once' if at_once else ''}{', padded' if padded else ''}"
    note = f"circles of {length}{many}"
    summed = prod(map(number, p.kernel_size)) * (1 if sums else number(p.in_channels))
    yield Candidate("fourier-rows", build, note, (), False, False, _error_of_rows(summed), algorithm, images)


def _error_of_rows(summed: int) -> float:
    """That of sums of so many products: the transforms round by as much in short sums, where direct summation does not.

    An upper bound of what was measured on 325 maps of random layers: 5.8 for 3 products, 2.1 for 64, 1.5 above 128.
    """
    return max(1.5, ceil(200 / sqrt(summed)) / 10)
