"""From an array program to the statements of a Python function: one statement a node, loops around those in loops.

In: a node, and the names of the function's parameters.  Out: lines.
Never: a choice of algorithm. What stands in a loop and does not depend on it is moved out of it, and what a loop writes
again and again has one workspace, made before the loops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import prod
from typing import assert_never

from symconv.errors import InvalidExpression
from symconv.lowering.combining import combined_into
from symconv.lowering.constants import Constants, Table, place_table
from symconv.lowering.nodes import (
    WAVES,
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
    axis,
)
from symconv.lowering.slicing import One, Place, Range, Sliced, Strided, read_view, written
from symconv.lowering.statements import INDENT, WIDTH, Link, call, plain, sequence, slice_text
from symconv.lowering.waves import constant
from symconv.polynomial import Polynomial, signed_sum
from symconv.terms import Size, number

STRIDED = "as_strided"


@dataclass(frozen=True)
class Value:
    """What a name holds: its sizes, the depth of loops at which the name is valid, and how it lies in memory."""

    name: str
    shape: Shape
    depth: int
    ordered: bool  # in C order, for sure
    fresh: bool  # shares no memory with what was given


@dataclass
class _Scope:
    """The statements of the function or of one loop."""

    header: str = ""
    variable: str = ""
    count: Size = 1
    items: list[Link | str | _Scope | tuple[str, Link]] = field(default_factory=list)

    def lines(self, depth: int) -> list[str]:
        indent = INDENT * depth
        found = [indent + self.header] if self.header else []
        inner = INDENT * (depth + bool(self.header))
        for item in self.items:
            match item:
                case str():
                    found.append(inner + item)
                case _Scope():
                    found += item.lines(depth + bool(self.header))
                case (before, link):
                    found += link.lines(inner, before, "")
                case Link():
                    found += item.lines(inner, "", "")
        return found


class Emitter:
    """Emits one function body; what it needs of the module is collected in `constants`."""

    def __init__(self, parameters: Sequence[str], constants: Constants | None = None) -> None:
        self.names = {"np", "n", "dtype", *parameters}
        self.parameters = tuple(parameters)
        self.scopes = [_Scope()]
        self.known: list[dict[Node, Value]] = [{}]
        self.strides: dict[str, str] = {}
        self.loops: dict[str, str] = {}  # Python's names of the loop variables
        self.imports: set[str] = set()
        self.constants = Constants() if constants is None else constants
        self.root: Node | None = None  # what is given back

    # -- what is written -------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The statements written so far, indented as the body of a function; n and dtype only where they are read."""
        written = self.scopes[0].lines(1)
        read = set(re.findall(r"\w+", "\n".join(written)))
        first = [f"{INDENT}n = {self.parameters[0]}.shape[0]"] if "n" in read else []
        first += [f"{INDENT}dtype = {self.parameters[0]}.dtype"] if "dtype" in read else []
        return first + written

    def give_back(self, node: Node, added: str = "") -> None:
        """Return a value, which shares no memory with what was given, plus something that is broadcast."""
        self.root = node
        while isinstance(self.root, Merge | Split):
            self.root = self.root.operand
        value = self.value(node)
        items = self.scopes[0].items
        if added:
            if not (value.fresh and value.ordered):
                self.write(0, ("return ", plain(f"np.ascontiguousarray({value.name} + {added})")))
                return
            self.write(0, f"{value.name} += {added}")
        last = items[-1]
        if not value.fresh:
            self.write(0, ("return ", call("np.array", value.name, 'order="C"')))
        elif not value.ordered:
            self.write(0, ("return ", call("np.ascontiguousarray", value.name)))
        elif isinstance(last, tuple) and last[0] == f"{value.name} = ":
            items[-1] = ("return ", last[1])
        else:
            self.write(0, f"return {value.name}")

    def write(self, depth: int, item: Link | str | _Scope | tuple[str, Link]) -> None:
        """A statement in the loop of this depth, 0 for none."""
        self.scopes[depth].items.append(item)

    def put(self, depth: int, array: str, places: Sequence[Place | str], operator: str, value: str) -> None:
        """Write a value into some places of an array, or add it there."""
        subscript = self.subscript(places) or "[...]"
        line = f"{array}{subscript} {operator} {value}"
        if len(line) + len(INDENT) * (depth + 1) <= WIDTH:
            self.write(depth, line)
            return
        name = self.name("place")
        self.write(depth, (f"{name} = ", Link(array, tuple(map(plain, subscript[1:-1].split(", "))), "[]")))
        self.write(depth, f"{name}[...] = {value}" if operator == "=" else f"{name} {operator} {value}")

    def name(self, wanted: str, node: Node | None = None) -> str:
        """A name that is not taken; that of a node says which given array it is made from, if it is one."""
        if node is not None and len(node.given) == 1:
            wanted = f"{wanted}_{next(iter(node.given))}"
        numbered = (f"{wanted}{at}" for at in count(2))
        found = wanted if wanted not in self.names else next(name for name in numbered if name not in self.names)
        self.names.add(found)
        return found

    def depth_of(self, variables: frozenset[str]) -> int:
        """How deep a statement has to stand that reads these loop variables."""
        return max((at for at, scope in enumerate(self.scopes) if scope.variable in variables), default=0)

    # -- values ----------------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """The node under a name, computed where it was not yet."""
        for known in self.known:
            if node in known:
                return known[node]
        found = self.computed(node)
        self.known[self.depth_of(node.free)][node] = found
        return found

    def computed(self, node: Node) -> Value:
        """The node under a new name."""
        match node:
            case Operand(name, size):
                return Value(name, size, 0, ordered=False, fresh=False)
            case View():
                return self.viewed(node)
            case Merge() | Split():
                return self.reshaped(node)
            case Pad():
                return self.padded(node)
            case Circular():
                return self.circular(node)
            case Take():
                return self.taken(node)
            case Waves():
                return self.waves(node)
            case Each() | Total() | Overlap() | Combine():
                return self.stored(node)
            case Copy() | MatMul() | Sum():
                return self.stored(node) if self.depth_of(node.free) else self.at_once(node)
            case _:
                assert_never(node)

    def at_once(self, node: Copy | MatMul | Sum) -> Value:
        """A value outside of all loops, as an expression."""
        match node:
            case Copy(operand):
                given = self.value(operand)
                if given.ordered:
                    return given
                link, label = call("np.ascontiguousarray", given.name), _label(node)
            case MatMul(left, right):
                one, other = self.value(left).name, self.value(right).name
                flat = len(left.shape) == len(right.shape) == 2  # then dot is the same, and called faster
                operator = "*" if left.shape[-1] == 1 else "@"
                link, label = call(f"{one}.dot", other) if flat else plain(f"{one} {operator} {other}"), "product"
            case Sum(operand, at):
                given = self.value(operand)
                link, label = call(f"{given.name}.sum", str(at), f"dtype={given.name}.dtype.type"), "summed"
            case _:
                assert_never(node)
        name = self.name(label, node)
        self.write(0, (f"{name} = ", link))
        ordered = not isinstance(node, MatMul) or len(node.shape) < 4
        return Value(name, node.shape, 0, ordered=ordered, fresh=True)

    def stored(self, node: Node) -> Value:
        """A value in a workspace of its own, which is made before all loops."""
        name = self.name("result" if node is self.root else _label(node), node)
        self.write(0, (f"{name} = ", call("np.empty", self.tuple(node.shape), "dtype")))
        self.into(node, name)
        return Value(name, node.shape, 0, ordered=True, fresh=True)

    def into(self, node: Node, target: str, loose: int = 0) -> None:
        """Write a value to a place, which is in C order once its first `loose` axes are run through."""
        depth = self.depth_of(node.free)
        match node:
            case Each():
                self.each(node, target, loose)
            case Total():
                self.total(node, target)
            case Split(operand) | Merge(operand) if not loose and not isinstance(operand, Pad):
                whole = re.sub(r"\.reshape\([^()]*\)$", "", target)
                self.into(operand, f"{whole}.reshape{self.tuple(operand.shape).text}")
            case MatMul(left, right):
                one, other = self.value(left), self.value(right)
                multiply = "np.multiply" if left.shape[-1] == 1 else "np.matmul"  # a sum of one: far faster
                self.write(depth, call(multiply, one.name, other.name, f"out={target}"))
            case Overlap():
                self.overlap(node, target)
            case Combine():
                self.combine(node, target)
            case Copy(operand):
                self.assign(depth, target, self.value(operand).name)
            case _:
                self.assign(depth, target, self.value(node).name)

    def assign(self, depth: int, target: str, value: str) -> None:
        """Write an array into a place."""
        place = target if target.endswith("]") else f"{target}[...]"
        array, reshaped, places = place.rpartition(")[")
        if reshaped and len(f"{place} = {value}") + len(INDENT) * (depth + 1) > WIDTH:
            name = self.name("place")
            self.write(depth, f"{name} = {array})")
            place = f"{name}[{places}"
        self.write(depth, (f"{place} = ", plain(value)))

    # -- loops -----------------------------------------------------------------------------------------------------

    def within(self, variable: str, size: Size, body: Callable[[str], None]) -> None:
        """A loop, and in it what `body` writes, given the name of the variable."""
        depth = len(self.scopes) - 1
        name = self.name(variable.lstrip("@"))
        scope = _Scope(f"for {name} in range({self.text(Polynomial.of(size))}):", variable, size)
        outer = self.loops.get(variable)
        self.loops[variable] = name
        self.scopes.append(scope)
        self.known.append({})
        body(name)
        self.scopes.pop()
        self.known.pop()
        self.names.discard(name)
        self.write(depth, scope)
        if outer is not None:
            self.loops[variable] = outer

    def each(self, node: Each, target: str, loose: int) -> None:
        """A loop that writes place by place."""
        self.prepare(node.body, node.variable)

        def body(name: str) -> None:
            self.into(node.body, _one_place(target, node.at, name), loose - 1 if node.at < loose else node.at)

        self.within(node.variable, node.count, body)

    def total(self, node: Total, target: str) -> None:
        """A loop that adds up, to a name: ``rows[i] += x`` would copy the row to itself afterwards."""
        depth = self.depth_of(node.free)
        if not target.isidentifier():
            place, target = target, self.name("total")
            self.write(depth, (f"{target} = ", plain(place)))
        self.write(depth, (f"{target}[...] = ", plain("0")))
        self.accumulate(node, target)

    def accumulate(self, node: Node, target: str) -> None:
        """Add a value to a place; a sum in a sum adds to the same."""
        if isinstance(node, Overlap):
            self.land(node, target)
            return
        if not isinstance(node, Total):
            value = self.value(node)
            self.write(len(self.scopes) - 1, f"{target} += {value.name}")
            return
        self.prepare(node.body, node.variable)
        self.within(node.variable, node.count, lambda _: self.accumulate(node.body, target))

    def prepare(self, node: Node, variable: str) -> None:
        """Compute what a loop reads but does not change before it."""
        known = node.free <= {scope.variable for scope in self.scopes}
        if variable not in node.free and known:
            if not isinstance(node, Operand):
                self.value(node)
            return
        for operand in node.operands:
            self.prepare(operand, variable)

    # -- views -----------------------------------------------------------------------------------------------------

    def viewed(self, node: View) -> Value:
        """A view, made where what it views is known."""
        given = self.value(node.operand)
        depth = max(given.depth, self.depth_of(_names(node.index)))
        match read_view(node):
            case Sliced(places, order, new):
                if places and all(isinstance(place, One) for place in places):  # an entry would be a number, not a view
                    *before, last = places
                    places = (*before, _kept(last, node.operand.shape[-1]))
                    new = new or (0,)
                text = given.name + self.subscript(places)
                label, link = self.label(node, given, places), plain(text)
                if order != tuple(range(len(order))):
                    link = call(f"{text}.transpose", *map(str, order))
                if new or len(node.size) != len(order):  # axes of one place: a view, as any reshape that only adds them
                    if link.text != text:
                        text = self.name(label)
                        self.write(depth, (f"{text} = ", link))
                    link = call(f"{text}.reshape", *(self.texts(node.size) or ("()",)))
                ordered = False
            case Strided():
                return self.strided(node, given, depth)
        name = self.name(label)
        self.write(depth, (f"{name} = ", link))
        return Value(name, node.size, depth, ordered=ordered, fresh=given.fresh)

    def label(self, node: View, given: Value, places: Sequence[Place]) -> str:
        """What a view is called: a part of an array, or one place of it, or all of it in another order."""
        cut = [written(place, self.text) for place in places]
        single = [text for place, text in zip(places, cut, strict=True) if isinstance(place, One)]
        rest = {text for place, text in zip(places, cut, strict=True) if not isinstance(place, One)}
        whole = rest <= {":"}
        if whole and single and all(text.isalnum() for text in single):
            return "_".join((given.name, *single))
        label = "turned" if whole and not single else "rotated" if rest <= {":", "::-1"} and not single else "part"
        return f"{label}_{next(iter(node.given))}" if len(node.given) == 1 else label

    def strided(self, node: View, given: Value, depth: int) -> Value:
        """Windows, made once: the loops that they depend on are axes of their own, of which a loop reads one place."""
        loops = [scope for scope in self.scopes[given.depth + 1 : depth + 1] if scope.variable in _names(node.index)]
        outer = {scope.variable: axis(at) for at, scope in enumerate(loops)}
        inner = {f"j{at}": axis(at + len(loops)) for at in range(len(node.size))}
        size = (*(scope.count for scope in loops), *node.size)
        how = read_view(View(node.operand, size, tuple(p.substitute(outer | inner) for p in node.index)))
        assert isinstance(how, Strided), "more axes do not make it a slice"
        steps = self.steps_of(given)
        strides = sequence(_stride(row, steps) for row in how.rows)
        self.imports.add(STRIDED)
        link = call(STRIDED, given.name + self.subscript(how.places), self.tuple(size), strides)
        name = self.name("tiles" if loops else "windows", node)
        self.write(given.depth if loops else depth, (f"{name} = ", link))
        if loops:
            places = ", ".join(self.loops[scope.variable] for scope in loops)
            tiles, name = name, self.name("windows", node)
            self.write(depth, (f"{name} = ", plain(f"{tiles}[{places}]")))
        return Value(name, node.size, depth, ordered=False, fresh=given.fresh)

    def subscript(self, places: Sequence[Place | str]) -> str:
        """The places of a slice, without full ones at the end."""
        texts = [place if isinstance(place, str) else written(place, self.text) for place in places]
        while texts and texts[-1] == ":":
            texts.pop()
        return f"[{', '.join(texts)}]" if texts else ""

    def steps_of(self, given: Value) -> str:
        """The name that holds the strides of an array."""
        if given.name not in self.strides:
            name = self.strides[given.name] = self.name("steps")
            self.write(given.depth, (f"{name} = ", plain(f"{given.name}.strides")))
        return self.strides[given.name]

    def reshaped(self, node: Merge | Split) -> Value:
        """Axes merged and split, as many as follow each other at once."""
        operand, merges = node.operand, isinstance(node, Merge)
        while isinstance(operand, Merge | Split) and not self.is_known(operand):
            merges = merges or isinstance(operand, Merge)
            operand = operand.operand
        if isinstance(operand, View) and not self.is_known(operand) and _keeps_order(operand):
            operand = operand.operand
        given = self.taken(operand, node.shape) if isinstance(operand, Take) else self.value(operand)
        if given.shape == node.shape:
            return given
        views = given.ordered or not merges
        depth = given.depth if views else max(given.depth, self.depth_of(node.free))
        name = self.name("flat" if isinstance(node, Merge) else "parts", node)
        self.write(depth, (f"{name} = ", call(f"{given.name}.reshape", *self.texts(node.shape))))
        return Value(name, node.shape, depth, ordered=given.ordered, fresh=given.fresh)

    def is_known(self, node: Node) -> bool:
        """Whether the node has a name."""
        return any(node in known for known in self.known)

    # -- arrays with places of their own ---------------------------------------------------------------------------

    def padded(self, node: Pad) -> Value:
        """Zeros, made once; the entries are written in among them."""
        given = self.value(node.operand)
        kept = len(node.shape) - len(node.padded)
        if given.shape == node.shape and not any(node.low):
            return given
        depth = self.depth_of(node.free)
        name = self.name("padded", node)
        self.write(0, (f"{name} = ", call("np.zeros", self.tuple(node.shape), "dtype")))
        places, taken = [":"] * kept, [":"] * kept
        for size, low, whole in zip(given.shape[kept:], node.low, node.padded, strict=True):
            if isinstance(low, Polynomial) and not low.is_constant:
                place, take = self.band(depth, name, low, number(size), number(whole))
            else:
                place, take = _fixed_places(number(low), number(size), number(whole))
            places.append(place)
            taken.append(take)
        self.put(depth, name, places, "=", given.name + self.subscript(taken))
        return Value(name, node.shape, 0, ordered=True, fresh=True)

    def band(self, depth: int, name: str, low: Polynomial, size: int, whole: int) -> tuple[str, str]:
        """The places of an array that a loop moves over the padded one; elsewhere zeros are written anew."""
        first, start, stop = (self.name(label) for label in ("low", "start", "stop"))
        self.write(depth, f"{first} = {self.text(low)}")
        self.write(depth, f"{start} = min(max({first}, 0), {whole})")
        self.write(depth, f"{stop} = max({start}, min({first} + {size}, {whole}))")
        self.write(depth, f"{name}[...] = 0")
        return slice_text(start, stop), slice_text(f"{start} - {first}", f"{stop} - {first}")

    def overlap(self, node: Overlap, target: str) -> None:
        """Zeros, to which the operand is added tap by tap."""
        self.value(node.operand)
        self.write(len(self.scopes) - 1, f"{target}[...] = 0")
        self.land(node, target)

    def land(self, node: Overlap, target: str) -> None:
        """Add the operand tap by tap to where it belongs."""
        given = self.value(node.operand)
        taps = [(f"@k{at}", node.operand.shape[at]) for at in node.taps]
        values = {f"j{at}": Polynomial.of(name) for at, (name, _) in zip(node.taps, taps, strict=True)}
        rest = [at for at in range(len(node.operand.shape)) if at not in node.taps]
        moved = {f"j{at}": Polynomial.of(f"j{place}") for place, at in enumerate(rest)}
        index = tuple(p.substitute(values | moved) for p in node.index)
        sizes = tuple(node.operand.shape[at] for at in rest)

        def body(loops: list[tuple[str, Size]]) -> None:
            if loops:
                (variable, size), *more = loops
                self.within(variable, size, lambda _: body(more))
                return
            here = read_view(View(Operand(target, node.size), sizes, index))
            if not isinstance(here, Sliced) or here.order != tuple(range(len(here.order))):
                raise InvalidExpression("Overlap: expected each axis to land on one axis, in order")
            kept = {f"j{at}" for at in range(len(rest))}
            places = [_kept(place, whole) if p.names & kept else place
                      for place, p, whole in zip(here.places, index, node.size, strict=True)]  # fmt: skip
            read = [self.loops[f"@k{at}"] if at in node.taps else ":" for at in range(len(node.operand.shape))]
            self.put(len(self.scopes) - 1, target, places, "+=", f"{given.name}{self.subscript(read)}")

        body(list(taps))

    def combine(self, node: Combine, target: str) -> None:
        """Each row a sum of the parts, with as few operations as it has terms."""
        depth = self.depth_of(node.free)
        names = [self.value(part).name for part in node.parts]
        for at, row in enumerate(node.matrix):
            for line in combined_into(f"{target}[{at}]", [(c, x) for c, x in zip(row, names, strict=True) if c]):
                self.write(depth, line)

    def circular(self, node: Circular) -> Value:
        """By the convolution theorem: one product for every frequency, summed over the channels."""
        x, w = self.value(node.operand), self.value(node.kernel)
        axes = str(tuple(range(-len(node.sizes), 0)))
        sizes = self.tuple(node.sizes).text
        kernel = self.spectrum(node.kernel, w, sizes, axes, conjugate=True)
        image = self.spectrum(node.operand, x, sizes, axes, conjugate=False)
        depth = self.depth_of(node.free)
        product = plain(f"{kernel} * {image}") if node.kernel.shape[1] != 1 else plain(f"{kernel}[:, 0] * {image}[0]")
        name = self.name("product")
        self.write(depth, (f"{name} = ", product))
        if node.kernel.shape[1] != 1:
            self.write(depth, f"{name} = {name}.sum(1)")
        circle = self.name("circle")
        self.write(depth, (f"{circle} = ", call("np.fft.irfftn", name, sizes, axes)))
        return Value(circle, node.shape, depth, ordered=False, fresh=True)

    def spectrum(self, node: Node, value: Value, sizes: str, axes: str, *, conjugate: bool) -> str:
        """The name of an array's spectrum."""
        name = self.name("kernel_spectrum" if conjugate else "spectrum")
        link = call("np.fft.rfftn", value.name, sizes, axes)
        self.write(self.depth_of(node.free), (f"{name} = ", call("np.conj", link) if conjugate else link))
        return name

    def taken(self, node: Take, shape: Shape | None = None) -> Value:
        """By a table, which is a constant of the module; its last place is a zero.

        What is then reshaped is taken in that shape at once, as far as its last axes are made of whole axes.
        """
        kept = len(node.shape) - len(node.size)
        operand, table = node.operand, place_table(node)
        if not kept and isinstance(operand, View) and not self.is_known(operand) and not _names(operand.index) - AXES:
            table = place_table(node, through=operand)
            operand = operand.operand
        given = self.value(operand)
        sizes = [number(size) for size in operand.shape[kept:]]
        size = _aligned(tuple(map(number, node.size)), (shape or node.shape)[kept:])
        constant = self.table(table, size)
        flat, depth = given.name, self.depth_of(node.free)
        lead = operand.shape[:kept]
        if len(sizes) > 1:
            flat = self.name("flat", operand)
            link = call(f"{given.name}.reshape", *self.texts((*lead, prod(sizes))))
            self.write(depth, (f"{flat} = ", link))
        if prod(sizes) in table:
            padded = self.name("padded", operand)
            longer = self.tuple((*lead, prod(sizes) + 1)) if lead else str(prod(sizes) + 1)
            self.write(depth, (f"{padded} = ", call("np.zeros", longer, "dtype")))
            self.write(depth, (f"{padded}[{', '.join([':'] * kept + [':-1'])}] = ", plain(flat)))
            flat = padded
        name = self.name("columns" if kept else "matrix", operand)
        self.write(depth, (f"{name} = ", call(f"{flat}.take", constant, *([str(kept)] if kept else []))))
        return Value(name, (*lead, *size), depth, ordered=True, fresh=True)

    def table(self, places: Sequence[int], size: tuple[int, ...]) -> str:
        """The name of a constant table."""
        tables = self.constants.tables
        for known in tables:
            if (known.places, known.shape) == (tuple(places), size):
                return known.name
        name = "PLACES" if not tables else f"PLACES_{len(tables) + 1}"
        tables.append(Table(name, tuple(places), size))
        return name

    def waves(self, node: Waves) -> Value:
        """A constant matrix of the module, in the numbers of the function."""
        length = number(node.length)
        self.constants.circles.add(length)
        name = self.name(f"{node.part}_waves")
        self.write(0, (f"{name} = ", call(f"{constant(length)}[{WAVES.index(node.part)}].astype", "dtype")))
        return Value(name, node.shape, 0, ordered=True, fresh=True)

    # -- texts -----------------------------------------------------------------------------------------------------

    def text(self, size: Polynomial) -> str:
        """A size or a place as an expression of Python."""
        return signed_sum(((c, " * ".join(self.loops.get(str(x), str(x)) for x in m)) for m, c in size), times=" * ")

    def texts(self, shape: Shape) -> tuple[str, ...]:
        """Sizes as expressions of Python."""
        return tuple(self.text(Polynomial.of(size)) for size in shape)

    def tuple(self, shape: Shape) -> Link:
        """A shape as a tuple."""
        return sequence(self.texts(shape))


def _label(node: Node) -> str:
    """What an array with places of its own is called."""
    match node:
        case Copy(operand):
            return "columns" if isinstance(operand, View) and isinstance(read_view(operand), Strided) else "packed"
        case Each():
            return "rows"
        case Total():
            return "total"
        case Overlap():
            return "spread"
        case Combine():
            return "mixed"
        case _:
            return "product"


def _kept(place: Place, whole: Size) -> Place:
    """A single place as a stretch of one place, so that its axis stays."""
    return Range(place.at, 1, Polynomial.of(1), Polynomial.of(whole)) if isinstance(place, One) else place


AXES = frozenset(f"j{at}" for at in range(32))


def _aligned(sizes: tuple[int, ...], wanted: Shape) -> tuple[int, ...]:
    """Sizes with their last axes merged as they are wanted, as far as that goes; all others as one."""
    left, found = list(sizes), list[int]()
    for size in reversed(wanted):
        count = next((n for n in range(1, len(left) + 1) if prod(left[-n:]) == size), None)
        if count is None:
            break
        found.insert(0, prod(left[-count:]))
        del left[-count:]
    return tuple(found) if found and prod(left) == 1 else (prod(left), *found)


def _keeps_order(node: View) -> bool:
    """Whether a view only moves axes of one place, so that it is a reshape."""
    wide = [at for at, size in enumerate(node.size) if size != 1]
    read = [p for p, size in zip(node.index, node.operand.shape, strict=True) if size != 1]
    whole = [size for size in node.operand.shape if size != 1]
    return read == [axis(at) for at in wide] and whole == [node.size[at] for at in wide]


def _names(index: Sequence[Polynomial]) -> frozenset[str]:
    return frozenset().union(*(p.names for p in index))


def _stride(row: tuple[int, ...], steps: str) -> str:
    parts = [f"{steps}[{at}]" if c == 1 else f"{c} * {steps}[{at}]" for at, c in enumerate(row) if c]
    return " + ".join(parts) or "0"


def _one_place(target: str, at: int, name: str) -> str:
    """One place along axis `at` of what a name and a subscript of places and full axes stand for.

    Examples
    --------
    >>> _one_place("rows", 1, "g"), _one_place("rows[:, g]", 0, "i"), _one_place("rows[i].reshape(2, 3)", 1, "t")
    ('rows[:, g]', 'rows[i, g]', 'rows[i].reshape(2, 3)[:, t]')
    """
    plain_target = re.fullmatch(r"(\w+)(?:\[([^][]*)\])?", target)
    if plain_target is None:
        return f"{target}[{', '.join([':'] * at + [name])}]"
    array, places = plain_target[1], plain_target[2]
    before = places.split(", ") if places else []
    free = [place for place, text in enumerate(before) if text == ":"]
    if at < len(free):
        before[free[at]] = name
    else:
        before += [":"] * (at - len(free)) + [name]
    return f"{array}[{', '.join(before)}]"


def _fixed_places(low: int, size: int, whole: int) -> tuple[str, str]:
    """Where an axis of so many places lies in the padded one, and which of its places lie there."""
    start, stop = max(low, 0), min(low + size, whole)
    if start >= stop:  # it lies outside: nothing is written
        return "0:0", "0:0"
    place = ":" if (start, stop) == (0, whole) else f"{start}:{stop}"
    return place, ":" if (start, stop) == (low, low + size) else f"{start - low}:{stop - low}"
