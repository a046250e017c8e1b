"""z and dE/da as loops: every place of the result gathers what reaches it.

In: a layer, and "forward" or "input".  Out: a `Kernel`.
Never: a copied column. In a padded image every tap of the kernel reads one contiguous stretch, so that the innermost
loop runs along it, with a few taps and channels written out in its body: a stream of fused multiply-adds.

The stretch runs over the ends of the rows, whose places are computed too and left out of the result; where the rows are
whole vectors and the input channels few, it runs along one row at a time, and the sums stand in the result itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from symconv.lowering.loops.phases import Phase, Reach
from symconv.lowering.loops.plan import (
    LANES,
    Kernel,
    Lines,
    Plan,
    affine,
    blocks,
    fill,
    flat_place,
    terms,
    units,
    whole_vectors,
)

BODY = 24  # products in the body of the innermost loop: their weights stay in registers
LONGEST = 2048  # positions in a tile of the result: the sums of a few channels stay in the nearest cache
FEW = 4  # how often the sums may be read and written where they stand in the result


@dataclass(frozen=True)
class _Tile:
    """How one phase of the result is run through: in tiles of so many rows, `outs` output channels at a time."""

    plan: Plan
    phase: Phase
    outs: int
    rows: int

    @property
    def slabs(self) -> list[tuple[str, int]]:
        """The loops over all axes but the last two."""
        return [(f"s{at}", count) for at, count in enumerate(self.phase.counts[:-2])]

    @property
    def row(self) -> int:
        """The places from one row to the next."""
        return self.plan.phases.places[-1]

    @property
    def length(self) -> int:
        """The positions of a tile, in whole vectors."""
        return whole_vectors(self.rows * self.row)


@dataclass(frozen=True)
class _Run:
    """The innermost loops: what they run through, where they read, and where the sums are kept."""

    loops: tuple[tuple[str, int | str], ...]
    read: str
    sums: str
    at: str
    step: int  # from one output channel to the next


def gathering(plan: Plan) -> Kernel:
    """The kernel of a plan."""
    row = plan.phases.places[-1]
    most = max(phase.counts[-2] for phase in plan.phases.phases)
    tiles = -(-most // max(1, LONGEST // row))
    rows = -(-most // tiles)
    outs = min(blocks(plan, max(1, len(phase.reaches)), BODY, stores=True)[0] for phase in plan.phases.phases)
    found = [_Tile(plan, phase, outs, rows) for phase in plan.phases.phases]
    out = Lines()
    with units(out, plan, "x, w, z, padded, sums"):
        fill(out, plan)
        for tile in found:
            _gather(out, tile)
    return Kernel(
        out.text, plan.groups, 1, plan.ins * plan.channel(), outs * found[0].length, plan.outs // outs, adds=False
    )


def _gather(out: Lines, tile: _Tile) -> None:
    plan, phase, outs, rows = tile.plan, tile.phase, tile.outs, tile.rows
    ins, parts = terms(plan, phase.reaches, BODY // outs)
    passes = len(parts) * (plan.ins // ins)
    tiles = -(-phase.counts[-2] // rows)
    with out.loops(*tile.slabs, ("tile", tiles)):
        out.add(f"rows = min({rows}, {phase.counts[-2]} - tile * {rows})")
        ends = phase.counts[-1] - tile.row + LANES - 1
        out.add(f"count = (rows * {tile.row} + {ends}) // {LANES} * {LANES}")
        slabs = [name for name, _ in tile.slabs]
        out.add(f"first = {flat_place([*slabs, f'tile * {rows}', '0'], plan.phases.places)}")
        with out.block(f"for block in range(part, {plan.outs // outs}, parts)"):
            out.add(f"to = {_to(tile, slabs)}")
            area, stride = prod(plan.output_sizes), plan.strides
            place = f"row * {stride[-2] * plan.output_sizes[-1]} + {affine('j', stride[-1], 0)}"
            row = (("row", "rows"), ("j", phase.counts[-1]))
            direct = passes <= FEW and stride[-1] == 1 and phase.counts[-1] % LANES == 0
            if direct:
                run = _Run(row, f"row * {tile.row} + j", "to", place, area)
            else:
                run = _Run((("j", "count"),), "j", "sums", "j", tile.length)
            if passes != 1:
                with out.loops(("o", outs), *run.loops):
                    out.add(f"{run.sums}[o * {run.step} + {run.at}] = 0")
            for some in parts:
                _multiply(out, tile, some, ins, run, "=" if passes == 1 else "+=")
            if not direct:
                _write(out, tile, area)


def _write(out: Lines, tile: _Tile, area: int) -> None:
    """The sums to their places in the result."""
    plan, counts = tile.plan, tile.phase.counts
    rows, columns = plan.strides[-2:]
    name = "positions"
    with out.loops(("o", tile.outs), *([("r", "rows")] if plan.ndim > 1 else [])):
        row = f"r * {tile.row}" if plan.ndim > 1 else "0"
        to = f"r * {rows * plan.output_sizes[-1]}" if plan.ndim > 1 else "0"
        out.add(f"row = sums[o * {tile.length} + {row}:]", f"to_row = to[o * {area} + {to}:]")
        gap = plan.output_sizes[-1] - counts[-1]
        count: int | str = (f"{name} - {gap}" if gap else name) if plan.ndim > 1 else "rows"
        if plan.ndim > 1 and columns != 1:
            count = counts[-1]
        with out.loops(("j", count)):
            out.add(f"to_row[{affine('j', columns if plan.ndim > 1 else rows, 0)}] = row[j]")


def _multiply(out: Lines, tile: _Tile, reaches: Sequence[Reach], ins: int, run: _Run, sign: str) -> None:
    """Some taps of some input channels, times their weights, into the sums of some output channels."""
    plan, outs, w = tile.plan, tile.outs, tile.plan.weights
    places = [(c, reach) for c in range(ins) for reach in reaches]
    with out.loops(("some", plan.ins // ins)):
        out.add(f"values = padded[some * {ins * plan.channel()} + first:]")
        out.add(f"weights = w[group * {w.group} + block * {outs * w.out} + some * {ins * w.into}:]")
        for o in range(outs):
            for at, (c, reach) in enumerate(places):
                out.add(f"w{o}_{at} = weights[{o * w.out + c * w.into + w.tap(reach.tap)}]")
        with out.loops(*run.loops):
            for at, (c, reach) in enumerate(places):
                place = c * plan.channel() + reach.phase * plan.pitch() + reach.place
                out.add(f"x{at} = values[{run.read} + {place}]")
            for o in range(outs):
                total = " + ".join(f"w{o}_{at} * x{at}" for at in range(len(places)))
                out.add(f"{run.sums}[{run.at} + {o * run.step}] {sign} {total}")


def _to(tile: _Tile, slabs: Sequence[str]) -> str:
    """Where the first row of a tile begins in the result, in the first of its output channels."""
    plan, start, strides = tile.plan, tile.phase.start, tile.plan.strides
    at = [affine(name, step, r) for name, step, r in zip(slabs, strides, start, strict=False)]
    at += [affine(f"tile * {tile.rows}", strides[-2], start[-2]), str(start[-1])]
    channel = f"(image * {plan.groups} + group) * {plan.outs} + block * {tile.outs}"
    return f"z[({channel}) * {prod(plan.output_sizes)} + {flat_place(at, plan.output_sizes)}:]"
