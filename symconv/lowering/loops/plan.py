"""What the loops of every map share: the text under its loops, the numbers, and the padded image.

In: a layer, and which of its maps.  Out: a plan, and lines.
Never: an array of its own; whoever calls a kernel gives it its workspaces, of the sizes that stand in `Kernel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

from symconv.layer import Conv
from symconv.lowering.loops.phases import Phases, Reach
from symconv.lowering.problem import task
from symconv.lowering.statements import INDENT
from symconv.steps import Gradient
from symconv.terms import number

LANES = 16  # entries of the widest vectors: the innermost loops run through whole ones


@dataclass(frozen=True)
class Kernel:
    """A function of flat arrays.

    Attributes
    ----------
    source
        The text of ``kernel(x, other, result, padded, space, batch, together, start, stop, parts)``, where x and
        `other` are the operands (the image, then w or delta) in C order, and `padded` and `space` are workspaces of
        zeros. The work has units, of which those from `start` up to `stop` are done: for `together` images, each group,
        each of the `parts` that its output channels are dealt into. Without workspaces it is
        ``kernel(x, other, result, batch)``.
    groups, images
        How many groups are units of their own, and the most images that a unit can have.
    padded, space
        The sizes of the workspaces.
    blocks
        The most parts that there may be.
    adds
        Whether units add to the result, and not each writes places of its own.
    """

    source: str
    groups: int
    images: int
    padded: int
    space: int
    blocks: int
    adds: bool


@dataclass(frozen=True)
class Weights:
    """Where w holds the weight of a group, an output channel, an input channel and a tap: an affine place."""

    group: int
    out: int
    into: int
    taps: int
    rotated: bool

    def tap(self, at: int) -> int:
        """The place of a tap."""
        return self.taps - 1 - at if self.rotated else at


@dataclass(frozen=True)
class Plan:
    """The numbers of a kernel: `ins` and `outs` are the channels of a group, of the task and not of the layer."""

    ndim: int
    phases: Phases
    groups: int
    ins: int
    outs: int
    weights: Weights

    @property
    def input_sizes(self) -> list[int]:
        """L along each axis."""
        return [along.input_size for along in self.phases.axes]

    @property
    def output_sizes(self) -> list[int]:
        """O along each axis."""
        return [along.output_size for along in self.phases.axes]

    @property
    def strides(self) -> list[int]:
        """How far apart the positions of a phase of the result are."""
        return [along.stride for along in self.phases.axes]

    def pitch(self, images: int = 1) -> int:
        """How far apart the phases of so many padded images are: behind each are zeros, for the last vector."""
        return whole_vectors(images * self.phases.plane) + LANES

    def channel(self, images: int = 1) -> int:
        """How far apart the channels of so many padded images are."""
        return len(self.phases.inputs) * self.pitch(images)


def plan(layer: Conv, of: str) -> Plan:
    """The numbers of a map; dE/dw has those of the forward map, of which it is the gradient."""
    problem = task(layer, Gradient.INPUT if of == Gradient.INPUT else "forward").problem
    channels = number(problem.in_channels), number(problem.out_channels)
    return Plan(layer.ndim, Phases.of(problem), layer.groups, *channels, _weights(layer, of))


def _weights(layer: Conv, of: str) -> Weights:
    ins, outs, taps = layer.in_channels_per_group, layer.out_channels_per_group, prod(layer.kernel_size)
    out, into = (1, outs) if layer.weight_layout == "IO" else (ins, 1)
    if of == Gradient.INPUT:
        return Weights(ins * outs * taps, into * taps, out * taps, taps, not layer.flip)
    return Weights(ins * outs * taps, out * taps, into * taps, taps, layer.flip)


@dataclass
class Lines:
    """Lines of Python, under the loops that are open."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def add(self, *lines: str) -> None:
        """More lines."""
        self.lines += [INDENT * self.depth + line for line in lines]

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """What is added while this is open stands under the header."""
        self.add(f"{header}:")
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def loops(self, *loops: tuple[str, int | str]) -> Iterator[None]:
        """What is added while this is open stands in all of the loops."""
        before = self.depth
        for name, count in loops:
            self.add(f"for {name} in range({count}):")
            self.depth += 1
        yield
        self.depth = before

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines) + "\n"


@contextmanager
def units(out: Lines, p: Plan, names: str) -> Iterator[None]:
    """The head of a kernel and its loop over units; `names` are its operands, its result and its workspaces."""
    header = f"def kernel({names}, batch, together, start, stop, parts)"
    first, second, result = names.split(", ")[:3]
    outer = second if second == "delta" else result
    with out.block(header):
        out.add(f"length = {first}.shape[{1 + p.ndim}]", f"positions = {outer}.shape[{1 + p.ndim}]")
        out.add(*(f"{name} = {name}.reshape(-1)" for name in names.split(", ")[:3]))
        with out.block("for unit in range(start, stop)"):
            out.add("part = unit % parts")
            out.add(f"group = unit // parts % {p.groups}")
            out.add(f"image = unit // parts // {p.groups} * together")
            out.add("images = min(together, batch - image)")
            yield


def fill(out: Lines, p: Plan, images: int = 1) -> None:
    """The images of one unit into the padded workspace, phase by phase; what is zero there stays zero."""
    axes, ones = p.phases.axes, [1] * len(p.phases.axes)
    with out.loops(("channel", p.ins), ("i", "images")):
        image = f"((image + i) * {p.groups} + group) * {p.ins} + channel"
        out.add(f"values = x[({image}) * {prod(p.input_sizes)}:]")
        for at, phase in enumerate(p.phases.inputs):
            filled = [along.filled(f) for along, f in zip(axes, phase, strict=True)]
            if any(low >= high for low, high in filled):
                continue
            out.add(f"to = padded[channel * {p.channel(images)} + i * {p.phases.plane} + {at * p.pitch(images)}:]")
            read = [a.steps * (low + a.first) + f for a, f, (low, _) in zip(axes, phase, filled, strict=True)]
            source = Box("values", p.input_sizes, [along.steps for along in axes], read)
            target = Box("to", p.phases.places, ones, [low for low, _ in filled])
            counts = [high - low for low, high in filled]
            copy(out, p, source, target, counts, ("length", p.input_sizes[p.ndim - 1]))


@dataclass(frozen=True)
class Box:
    """Places of an array: of each axis, of this size, every `steps`-th from `start` on; `name` is the array."""

    name: str
    sizes: Sequence[int]
    steps: Sequence[int]
    start: Sequence[int]

    def row(self, last: int) -> str:
        """The array from where the row begins that the outer loops are at."""
        at = [affine(f"j{j}", self.steps[j], self.start[j]) for j in range(last)]
        return f"{self.name}[{flat_place([*at, *map(str, self.start[last:])], self.sizes)}:]"


def copy(out: Lines, p: Plan, source: Box, target: Box, counts: Sequence[int], known: tuple[str, int]) -> None:
    """Copy so many places row by row; `known` is a name for the length of an axis of the layer, and the length.

    The length of a row is written with that name: it is none that a compiler knows. LLVM would write out the whole of
    a short loop before it looks for vectors in it. Where every second place is read it finds none, and may do so.
    """
    last = p.ndim - 1
    name, length = known
    count: int | str = f"{name} - {length - counts[last]}" if counts[last] < length else name
    if source.steps[last] != 1:
        count = counts[last]
    with out.loops(*((f"j{at}", counts[at]) for at in range(last))):
        out.add(f"row = {source.row(last)}", f"to_row = {target.row(last)}")
        with out.loops(("j", count)):
            out.add(f"to_row[{affine('j', target.steps[last], 0)}] = row[{affine('j', source.steps[last], 0)}]")


def blocks(p: Plan, taps: int, most: int, *, stores: bool) -> tuple[int, int]:
    """How many output channels and terms to write out in one body, for the fewest loads (and stores) for a product.

    The terms are those of some input channels with all of their taps, or of a part of the taps of one.
    """
    whole = [n * taps for n in divisors(p.ins)]
    parts = [-(-taps // n) for n in range(2, taps + 1)]
    found = [(outs, terms) for outs in divisors(p.outs) for terms in (*whole, *parts) if outs * terms <= most]

    def moves(block: tuple[int, int]) -> float:
        outs, terms = block
        uneven = -(-taps // terms) * terms / taps if terms < taps else 1
        return uneven * ((2 * outs if stores else outs) + terms) / (outs * terms)

    return min(found, key=moves)


def terms(p: Plan, reaches: Sequence[Reach], most: int) -> tuple[int, list[Sequence[Reach]]]:
    """How many input channels a body has, and the parts that the taps are in."""
    count = max(1, -(-len(reaches) // most))
    size = -(-len(reaches) // count)
    if count > 1 or not reaches:
        return 1, [reaches[at : at + size] for at in range(0, len(reaches), size or 1)]
    return max(n for n in divisors(p.ins) if n * size <= most), [reaches]


def whole_vectors(size: int) -> int:
    """A size, rounded up to whole vectors."""
    return -(-size // LANES) * LANES


def divisors(size: int) -> list[int]:
    """The divisors that channels may be taken together by."""
    return [n for n in range(1, min(size, 2 * LANES) + 1) if size % n == 0]


def affine(name: str, factor: int, start: int) -> str:
    """A place along an axis."""
    text = name if factor == 1 else f"{factor} * {name}"
    return text if start == 0 else f"({text} + {start})"


def flat_place(at: Sequence[str], sizes: Sequence[int]) -> str:
    """The flat place of an index in C order, as an expression."""
    factors = [prod(sizes[j + 1 :]) for j in range(len(sizes))]
    return " + ".join(name if factor == 1 else f"{name} * {factor}" for name, factor in zip(at, factors, strict=True))
