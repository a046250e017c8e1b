"""From an array program to statements of the array-API standard: no array is written to, every value is a new one.

In: a program without loops (`symconv.lowering.vectorised`), the names of the function's parameters.  Out: lines.
Never: strides, `out=`, or a function that the standard does not have. Windows are a stack of slices, one for each tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import prod
from typing import assert_never

from symconv.errors import InvalidExpression
from symconv.lowering.combining import combination
from symconv.lowering.constants import place_table
from symconv.lowering.functional_text import (
    INDICES,
    Choices,
    fixed,
    indices,
    label,
    shape_tuple,
    size_text,
)
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
from symconv.lowering.statements import INDENT, Link, call, plain, sequence, slice_text
from symconv.lowering.windowing import Cut, Windows, read_windows, unrepeated
from symconv.polynomial import Polynomial
from symconv.terms import Size, number

PAD, DILATE = "_pad", "_dilate"


@dataclass(frozen=True)
class Laid:
    """A name, and the shape of what it holds: the entries of a value in C order, perhaps with other axes."""

    name: str
    shape: Shape


class Functional:
    """Writes one function body."""

    def __init__(self, parameters: Sequence[str]) -> None:
        self.names = {"xp", "n", *INDICES, *parameters}
        self.statements: list[tuple[str, Link | Choices]] = []
        self.known: dict[Node, Laid] = {}
        self.tables: list[tuple[str, list[int]]] = []

    def returning(self, result: str) -> list[str]:
        """The statements, indented as the body of a function, and the return of a name."""
        *most, last = self.statements
        if last[0] != result:
            most, last = self.statements, (result, plain(result))
        return [
            *(line for name, item in most for line in item.lines(INDENT, f"{name} = ", "")),
            *last[1].lines(INDENT, "return ", ""),
        ]

    def write(self, wanted: str, item: Link | Choices) -> str:
        """A new value; its name."""
        numbered = (f"{wanted}_{at}" for at in count(2))
        name = wanted if wanted not in self.names else next(name for name in numbered if name not in self.names)
        self.names.add(name)
        self.statements.append((name, item))
        return name

    def value(self, node: Node) -> str:
        """The name of an array that is the node's value."""
        found = self.laid(node)
        if found.shape != node.shape:
            name = self.write(label(node), call("xp.reshape", found.name, shape_tuple(node.shape)))
            found = self.known[node] = Laid(name, node.shape)
        return found.name

    def laid(self, node: Node) -> Laid:
        """The node's entries in C order: what is reshaped next need not be reshaped now."""
        if node not in self.known:
            self.known[node] = self.computed(node)
        return self.known[node]

    def computed(self, node: Node) -> Laid:
        """The node under a new name."""
        match node:
            case Operand(name, size):
                return Laid(name, size)
            case Copy(operand) | Merge(operand) | Split(operand):
                return self.laid(operand)
            case View():
                return self.viewed(node)
            case MatMul():
                name = self.write("product", plain(" @ ".join(self.factors(node))))
            case Sum(operand, at):
                x = self.value(operand)
                name = self.write("summed", call("xp.sum", x, f"axis={at}", f"dtype={x}.dtype"))
            case Pad():
                name = self.padded(node)
            case Overlap():
                name = self.overlap(node)
            case Combine(matrix, parts):
                values = [self.value(part) for part in parts]
                rows = Link("", tuple(plain(combination(row, values)) for row in matrix), "[]")
                name = self.write("mixed", call("xp.stack", rows, "axis=0"))
            case Circular():
                name = self.circular(node)
            case Take():
                return self.taken(node)
            case Each() | Total():
                raise InvalidExpression(f"{type(node).__name__}: expected a program without loops: vectorise it first")
            case Waves():
                raise InvalidExpression("Waves: the array-API standard has a Fourier transform: expected Circular")
            case _:
                assert_never(node)
        return Laid(name, node.shape)

    def factors(self, node: MatMul) -> tuple[str, str]:
        """Two factors. They are broadcast: a first axis along which one of them repeats is left out of that one."""
        left, right = node.left, node.right
        if len(left.shape) == len(right.shape):
            left = unrepeated(left)
            right = unrepeated(right) if left is node.left else right
        return self.value(left), self.value(right)

    # -- views -----------------------------------------------------------------------------------------------------

    def viewed(self, node: View) -> Laid:
        """Slices of the operand, stacked where it is read more than once."""
        how = read_windows(node)
        name = self.value(node.operand)
        name = self.permuted(name, how.before)
        name = self.sliced(name, how)
        if how.flipped:
            name = self.write("turned", call("xp.flip", name, f"axis={how.flipped}"))
        return self.arranged(node, how, name)

    def sliced(self, name: str, how: Windows) -> str:
        """The places that are read."""
        names = dict(zip(how.taps, indices(len(how.taps)), strict=True))
        element = Link(name, tuple(plain(self.place(cut, names)) for cut in how.cuts), "[]")
        if how.taps:
            loops = tuple((names[at], number(how.size[at])) for at in how.taps)
            slices = self.write("slices", Choices(element, loops))
            return self.write("windows", call("xp.stack", slices, f"axis={how.stacked_at}"))
        if all(argument.text == ":" for argument in element.arguments):
            return name
        return self.write("part", element)

    def arranged(self, node: View, how: Windows, name: str) -> Laid:
        """The axes in the order of the view, with new ones."""
        sizes = tuple(node.size[at] for at in how.order)
        if how.order == tuple(sorted(how.order)):
            flat = list(sizes)
            if len(how.taps) > 1:
                flat[how.stacked_at : how.stacked_at + len(how.taps)] = [prod(number(node.size[at]) for at in how.taps)]
            found = Laid(name, tuple(flat))
        else:
            if len(how.taps) > 1:
                name = self.write("windows", call("xp.reshape", name, shape_tuple(sizes)))
            rank = sorted(how.order)
            name = self.permuted(name, tuple(how.order.index(at) for at in rank))
            found = Laid(name, tuple(node.size[at] for at in rank))
        if all(node.size[at] == 1 for at in how.new):
            return found
        single = tuple(1 if at in how.new else size for at, size in enumerate(node.size))
        if found.shape != single:
            name = self.write("part", call("xp.reshape", name, shape_tuple(single)))
        return Laid(self.write("repeated", call("xp.broadcast_to", name, shape_tuple(node.size))), node.size)

    def permuted(self, name: str, order: tuple[int, ...]) -> str:
        """Axes in another order."""
        if order == tuple(range(len(order))):
            return name
        return self.write("transposed", call("xp.permute_dims", name, sequence(order)))

    def place(self, cut: Cut, names: dict[int, str]) -> str:
        """A place, or a slice; the taps by their names."""
        shift = sum((c * Polynomial.of(names[at]) for at, c in cut.taps), start=cut.start)
        if cut.size is None:
            return size_text(shift)
        stop = shift + cut.step * (Polynomial.of(cut.size) - 1) + 1
        if not cut.taps and not shift and stop == Polynomial.of(cut.whole):
            return ":" if cut.step == 1 else f"::{cut.step}"
        first = "" if not cut.taps and not shift else size_text(shift)
        last = "" if not cut.taps and stop == Polynomial.of(cut.whole) else size_text(stop)
        return slice_text(first, last, str(cut.step) if cut.step > 1 else "")

    # -- zeros -----------------------------------------------------------------------------------------------------

    def padded(self, node: Pad) -> str:
        """What is cropped, cropped; zeros along the axes that need some."""
        size = node.operand.shape
        kept = len(size) - len(node.padded)
        cuts, widths = [":"] * kept, []
        for length, low, whole in zip(map(number, size[kept:]), node.low, map(number, node.padded), strict=True):
            start, end = -fixed(low), whole - fixed(low)
            first, last = min(max(start, 0), length), max(min(end, length), 0)
            last = max(first, last)
            cuts.append(":" if (first, last) == (0, length) else f"{first or ''}:{last}")
            before = min(max(-start, 0), whole) if last > first else whole
            widths.append((before, whole - before - (last - first)))
        name = self.value(node.operand)
        if any(cut != ":" for cut in cuts):
            name = self.write("part", Link(name, tuple(map(plain, cuts)), "[]"))
        given = [at for at, width in enumerate(widths) if any(width)]
        if not given:
            return name
        texts = [str(width) for width in widths[given[0] : given[-1] + 1]]
        return self.write("padded", call(PAD, "xp", name, str(kept + given[0]), *texts))

    def overlap(self, node: Overlap) -> str:
        """Axis by axis: the products spread, and those of all taps, each moved to where it belongs, added up."""
        name, axes = self.value(node.operand), list(range(len(node.operand.shape)))
        landed: list[int] = []
        for place, whole in zip(node.index, node.size, strict=True):
            taps = [at for at in node.taps if f"j{at}" in place.names]
            own = [at for at in axes if f"j{at}" in place.names and at not in taps]
            if len(own) != 1 or any(at not in axes for at in taps):
                raise InvalidExpression(f"Overlap: expected one axis, and taps of its own, to land at {place}")
            (at,) = own
            landed.append(at)
            name = self.spread(node, name, axes, at, place, whole)
            axes = [at for at in axes if at not in taps]
        return self.permuted(name, tuple(axes.index(at) for at in landed))

    def spread(self, node: Overlap, name: str, axes: list[int], at: int, place: Polynomial, whole: Size) -> str:
        """What lands along one axis of the result."""
        size, step = node.operand.shape[at], place.coefficient(f"j{at}")
        if step > 1 and size != 1:
            name = self.write("spread", call(DILATE, "xp", name, str(axes.index(at)), str(step)))
            size = step * (size - 1) + 1
        taps = [tap for tap in node.taps if f"j{tap}" in place.names]
        names = dict(zip([tap for tap in taps if node.operand.shape[tap] != 1], indices(len(taps)), strict=False))
        low = Polynomial({m: c for m, c in place.coefficients.items() if not {f"j{at}"} & set(m)})
        low = low.substitute({f"j{tap}": Polynomial.of(names.get(tap, 0)) for tap in taps})
        high = Polynomial.of(whole) - Polynomial.of(size) - low
        shown = [names.get(axis, "0") if axis in taps else ":" for axis in axes]
        part = Link(name, tuple(map(plain, shown)), "[]") if taps else plain(name)
        after = [axis for axis in axes if axis not in taps]
        width = sequence((size_text(low), size_text(high)))
        moved = call(PAD, "xp", part, str(after.index(at)), width) if low or high else part
        if not names:
            return name if moved == plain(name) else self.write("spread", moved)
        loops = tuple((name, number(node.operand.shape[tap])) for tap, name in names.items())
        parts = self.write("moved", Choices(moved, loops))
        return self.write("landed", call("sum", f"{parts}[1:]", f"{parts}[0]"))

    # -- the others ------------------------------------------------------------------------------------------------

    def circular(self, node: Circular) -> str:
        """By the convolution theorem: one product for every frequency, summed over the channels."""
        x, w = self.value(node.operand), self.value(node.kernel)
        sizes, axes = f"s={shape_tuple(node.sizes).text}", f"axes={tuple(range(-len(node.sizes), 0))}"
        spectrum = self.write("spectrum", call("xp.fft.rfftn", x, sizes, axes))
        kernel = self.write("kernel_spectrum", call("xp.fft.rfftn", w, sizes, axes))
        product = self.write("product", call("xp.sum", f"xp.conj({kernel}) * {spectrum}", "axis=1"))
        return self.write("circle", call("xp.fft.irfftn", product, sizes, axes))

    def taken(self, node: Take) -> Laid:
        """By a table, which is a constant of the module; a place that is not there is one zero at the end."""
        kept = len(node.shape) - len(node.size)
        lead, sizes = node.shape[:kept], [number(size) for size in node.operand.shape[kept:]]
        flat = self.laid(Merge(node.operand, kept, len(sizes)))
        name = flat.name
        if flat.shape != (*lead, prod(sizes)):
            name = self.write("flat", call("xp.reshape", name, shape_tuple((*lead, prod(sizes)))))
        places = place_table(node)
        if prod(sizes) in places:
            name = self.write("padded", call(PAD, "xp", name, str(kept), "(0, 1)"))
        table = self.write("places", call("xp.asarray", self.table(places), f"device=device({name})"))
        return Laid(self.write("taken", call("xp.take", name, table, f"axis={kept}")), (*lead, len(places)))

    def table(self, places: list[int]) -> str:
        """The name of a constant table, which the module defines."""
        for name, known in self.tables:
            if known == places:
                return name
        self.tables.append((f"PLACES_{len(self.tables) + 1}" if self.tables else "PLACES", places))
        return self.tables[-1][0]
