"""A second checker of certificates, by another algorithm: it evaluates where `checker` rewrites. Standard library only.

In: a certificate, as bytes or parsed.  Out: nothing, or `Refused` with a reason.
Never: polynomial algebra, a rewriting rule, or anything of symconv.

- The claim: every shape up to a bound is tried. Arrays of positions are dilated, padded and correlated as the words
  say, and the pairs that meet are compared with the axis relation; whole layers (labels, groups, several axes) are
  compared on arrays of integers.
- A trace: by bookkeeping. What matters is what became of each index of a sum: how often it was mirrored, and whether it
  was fixed, solved for or kept.
- A witness: its identities are evaluated at pseudo-random points, its model is put into the hypotheses.

It proves less (shapes up to a bound, identities up to a negligible chance) and is weaker in the format: it has no
limits on size, depth, number of items and variables, and length of integers; but it lays out whole arrays, and refuses
a layer that is too long for that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from random import Random
from types import SimpleNamespace
from typing import Any

SLOT_OF = {
    "forward": "delta",
    "input": "a",
    "weight": "w",
    "bias": "b",
    "input.delta": "delta",
    "input.w": "w",
    "weight.delta": "delta",
    "weight.a": "a",
}
ROW_OF = {"delta": "forward", "a": "input", "w": "weight"}
POINTS = 6  # at which an identity is evaluated
BOUND = {"input_size": 5, "kernel_size": 3, "steps": 3, "low": -2, "high": 3}
TRIPLES, LENGTH = 2_000_000, 1_000_000  # along one axis of a layer

LAYER_FIELDS = {
    "input_size", "kernel_size", "stride", "dilation", "input_dilation", "padding", "groups", "in_channels",
    "out_channels", "batch", "bias", "flip", "weight_layout",
}  # fmt: skip


class Refused(Exception):
    """The certificate does not establish its claim, for this reason."""


def _require(condition: object, why: str) -> None:
    if not condition:
        raise Refused(why)


def _whole(n: Any) -> int:
    if type(n) is not int:
        raise Refused("expected an integer")
    return n


def _list(found: Any) -> list[Any]:
    if type(found) is not list:
        raise Refused("expected a list")
    return found


def _two(found: Any) -> list[Any]:
    _require(len(_list(found)) == 2, "expected a pair")
    return _list(found)


def _object(found: Any, names: set[str]) -> dict[str, Any]:
    if type(found) is not dict or found.keys() != names:
        raise Refused(f"expected the fields {sorted(names)}")
    return found


# One axis -------------------------------------------------------------------------------------------------------------


class Axis(SimpleNamespace):
    """The numbers of one axis: size, taps, s, d, u, low, high; and outputs and rest, which follow."""

    def __init__(self, size: int, taps: int, s: int, d: int, u: int, low: int, high: int) -> None:
        slack = u * (size - 1) + low + high - d * (taps - 1)
        self.fits = min(size, taps, s, d, u) >= 1 and slack >= 0
        super().__init__(size=size, taps=taps, s=s, d=d, u=u, low=low, high=high)
        if self.fits:
            self.outputs, self.rest = slack // s + 1, slack % s


def _relation(axis: Axis) -> list[tuple[int, int, int]]:
    """All (i, k, x) with u*x = s*i + d*k - low."""
    ranges = range(axis.outputs), range(axis.taps), range(axis.size)
    return [(i, k, x) for i, k, x in product(*ranges) if axis.u * x == axis.s * i + axis.d * k - axis.low]


def _laid_out(length: int, factor: int, low: int, high: int) -> list[int | None]:
    """The positions of an array, dilated and padded: None where there is a zero. Negative padding crops at the end."""
    dilated: list[int | None] = []
    for position in range(length):
        dilated += [position] + [None] * (factor - 1 if position < length - 1 else 0)
    padded = [None] * max(low, 0) + dilated + [None] * max(high, 0)
    return padded[max(-low, 0) : len(padded) - max(-high, 0)]


def _correlated(operand: list[int | None], taps: int, stride: int, dilation: int) -> list[list[tuple[int, int]]]:
    """For each position of the result: what meets there, as pairs of a position of the operand and a tap."""
    reach = dilation * (taps - 1)
    starts = range(0, len(operand) - reach, stride)
    return [
        [(at, j) for j, at in enumerate(operand[start : start + reach + 1 : dilation]) if at is not None]
        for start in starts
    ]


def _closed_form(axis: Axis, row: str) -> tuple[list[list[tuple[int, int]]], int]:
    """A row of the theorem along one axis, and how long its result ought to be. Its kernel is not rotated here."""
    span = axis.d * (axis.taps - 1)
    if row == "forward":
        operand = _laid_out(axis.size, axis.u, axis.low, axis.high)
        return _correlated(operand, axis.taps, axis.s, axis.d), axis.outputs
    if row == "input":
        operand = _laid_out(axis.outputs, axis.s, span - axis.low, span - axis.high + axis.rest)
        return _correlated(operand, axis.taps, axis.u, axis.d), axis.size
    operand = _laid_out(axis.size, axis.u, axis.low, axis.high - axis.rest)
    return _correlated(operand, axis.outputs, axis.d, axis.s), axis.taps


def _row_holds(axis: Axis, row: str) -> bool:
    result, length = _closed_form(axis, row)
    met = [(at, read, j) for at, pairs in enumerate(result) for read, j in pairs]
    if row == "forward":
        triples = [(at, j, read) for at, read, j in met]
    elif row == "input":
        triples = [(read, axis.taps - 1 - j, at) for at, read, j in met]
    else:
        triples = [(j, at, read) for at, read, j in met]
    return len(result) == length and sorted(triples) == sorted(_relation(axis))


def small_axes() -> Iterator[Axis]:
    """Every axis up to the bound."""
    steps, paddings = range(1, BOUND["steps"] + 1), range(BOUND["low"], BOUND["high"] + 1)
    sizes, taps = range(1, BOUND["input_size"] + 1), range(1, BOUND["kernel_size"] + 1)
    for numbers in product(sizes, taps, steps, steps, steps, paddings, paddings):
        axis = Axis(*numbers)
        if axis.fits:
            yield axis


@cache
def _rows_hold() -> dict[str, bool]:
    """Whether each row of the theorem holds along every axis up to the bound."""
    axes = list(small_axes())
    return {row: all(_row_holds(axis, row) for axis in axes) for row in ROW_OF.values()}


# Whole layers ---------------------------------------------------------------------------------------------------------

Entries = dict[tuple[Any, ...], int]
LABELS = {"batch": 2, "groups": 2, "outs": 2, "ins": 3}
SAMPLES = (
    (4, 2, 3, 1, 1, 1, 2),
    (3, 2, 2, 1, 2, 1, 2),
    (2, 2, 1, 2, 1, 1, 1),
    (3, 2, 2, 2, 1, -1, 2),
    (2, 1, 2, 1, 3, 0, 1),
)


def _entries(slot: str, axes: Sequence[Axis], seed: str) -> Entries:
    batch, groups, outs, ins = map(range, LABELS.values())
    labels = {"delta": (batch, groups, outs), "w": (groups, outs, ins), "a": (batch, groups, ins)}[slot]
    lengths = {"delta": "outputs", "w": "taps", "a": "size"}[slot]
    random = Random(seed + slot)
    places = product(*(range(getattr(axis, lengths)) for axis in axes))
    return {(*label, *place): random.randrange(-99, 100) for place in places for label in product(*labels)}


def _by_definition(slot: str, axes: Sequence[Axis], flip: bool, tensors: dict[str, Entries]) -> Entries:
    """The derivative of T by a slot, summed term by term over the relation."""
    total: Counter[tuple[Any, ...]] = Counter()
    if slot == "b":
        for (_, g, o, *_), value in tensors["delta"].items():
            total[(g, o)] += value
        return dict(total)
    for triples in product(*(_relation(axis) for axis in axes)):
        outputs, kernel, positions = zip(*triples, strict=True)
        if flip:
            kernel = tuple(axis.taps - 1 - k for axis, k in zip(axes, kernel, strict=True))
        for n, g, o, c in product(*map(range, LABELS.values())):
            at = {"delta": (n, g, o, *outputs), "w": (g, o, c, *kernel), "a": (n, g, c, *positions)}
            value = 1
            for other in at.keys() - {slot}:
                value *= tensors[other][at[other]]
            total[at[slot]] += value
    return {at: value for at, value in total.items() if value}


def _by_closed_form(slot: str, axes: Sequence[Axis], flip: bool, tensors: dict[str, Entries]) -> Entries:
    """The same, as the theorem says: arrays laid out and correlated, axis by axis."""
    batch, groups, outs, ins = map(range, LABELS.values())
    total: Counter[tuple[Any, ...]] = Counter()
    if slot == "b":
        for g, o in product(groups, outs):
            total[(g, o)] = sum(v for at, v in tensors["delta"].items() if at[1:3] == (g, o))
        return dict(total)
    columns = [_closed_form(axis, ROW_OF[slot])[0] for axis in axes]
    for places in product(*(range(len(column)) for column in columns)):
        meetings = [column[at] for column, at in zip(columns, places, strict=True)]
        for pairs in product(*meetings):
            reads, taps = zip(*pairs, strict=True)
            turned = tuple(axis.taps - 1 - k for axis, k in zip(axes, taps, strict=True))
            if slot == "delta":
                kernel = turned if flip else taps
                for n, g, o, c in product(batch, groups, outs, ins):
                    total[(n, g, o, *places)] += tensors["w"][(g, o, c, *kernel)] * tensors["a"][(n, g, c, *reads)]
            elif slot == "a":
                kernel = taps if flip else turned
                for n, g, c, o in product(batch, groups, ins, outs):
                    total[(n, g, c, *places)] += tensors["delta"][(n, g, o, *reads)] * tensors["w"][(g, o, c, *kernel)]
            else:
                back = tuple(axis.taps - 1 - k for axis, k in zip(axes, places, strict=True)) if flip else places
                for g, o, c, n in product(groups, outs, ins, batch):
                    total[(g, o, c, *back)] += tensors["delta"][(n, g, o, *taps)] * tensors["a"][(n, g, c, *reads)]
    return {at: value for at, value in total.items() if value}


@cache
def _layers_hold(slot: str, ndim: int, flip: bool) -> bool:
    """Whether a closed form is the derivative on a few whole layers of integers."""
    layers = [[Axis(*SAMPLES[(first + j) % len(SAMPLES)]) for j in range(ndim)] for first in range(len(SAMPLES))]
    for number, axes in enumerate(layers):
        tensors = {name: _entries(name, axes, f"{number} {ndim} {flip}") for name in ("delta", "w", "a")}
        one, other = _by_definition(slot, axes, flip, tensors), _by_closed_form(slot, axes, flip, tensors)
        if {k: v for k, v in one.items() if v} != {k: v for k, v in other.items() if v}:
            return False
    return True


# Traces ---------------------------------------------------------------------------------------------------------------

KEPT = {"a": ("o", "k"), "delta": ("c", "k"), "w": ("n", "i"), "b": ("n", "i")}  # what the closed form sums over
SOLVED = {"a": "i", "delta": "x", "w": "x"}


def _follow(claim: str, ndim: int, flip: bool, trace: Any) -> set[str]:
    """What became of each index: does the trace lead to the closed form, and on which side conditions does it rest?"""
    slot = SLOT_OF[claim]
    moving = ("i",) if slot == "b" else ("i", "k", "x")
    labels = {"n", "g", "o"} if slot == "b" else {"n", "g", "o", "c"}
    kept_label, kept_moving = KEPT[slot]
    summed = labels | {f"{v}{j}" for v in moving for j in range(ndim)}
    kept = {kept_label} | {f"{kept_moving}{j}" for j in range(ndim)}
    solved = set() if slot == "b" else {f"{SOLVED[slot]}{j}" for j in range(ndim)}
    fixed = summed - kept - solved
    mirrored: Counter[str] = Counter()
    gone: set[str] = set()
    used: set[str] = set()
    stale = False  # a range of a quotient has not been rewritten
    for step in _list(trace):
        rule, index = _two(step)
        if rule == "extent":
            _require(index == "" and stale, "nothing to rewrite")
            stale = False
            used |= {"extent", "outputs exist"}
            continue
        name = index[:-1] if type(index) is str and index.endswith("'") else ""
        _require(name in summed - gone, "no index of the sum")
        if rule == "reverse":
            mirrored[name] += 1
            used.add("reverse")
        elif rule == "kronecker":
            _require(name in fixed, "the index is not fixed")
            turned = flip and slot == "w" and name[0] == "k"
            if (mirrored[name] + turned) % 2:
                used.add("reverse")
            gone.add(name)
        elif rule == "sift":
            _require(name in solved and mirrored[name] % 2 == 0, "the closed form solves for another index")
            gone.add(name)
            stale = True
            used |= {"sift, only", "sift, indeed"}
        else:
            raise Refused("unknown rule")
    rotated = {f"k{j}" for j in range(ndim)} if slot == "a" else set()
    _require(gone == fixed | solved and not stale, "the trace ends too early")
    _require(all(mirrored[name] % 2 == (name in rotated) for name in kept), "an index runs the wrong way")
    return used


# Side conditions ------------------------------------------------------------------------------------------------------
# A fact is its kind and a function of the variables; its value is the right side minus the left side, at least 0 or 0.

Value = Callable[[Any], int]
Fact = tuple[str, Value]

SIZES: list[Fact] = [
    ("ge", lambda v: v.s - 1),
    ("ge", lambda v: v.d - 1),
    ("ge", lambda v: v.u - 1),
    ("ge", lambda v: v.L - 1),
    ("ge", lambda v: v.K - 1),
    ("eq", lambda v: v.u * (v.L - 1) + v.p + v.P - v.d * (v.K - 1) - v.t),
    ("ge", lambda v: v.t),
    ("eq", lambda v: v.s * v.q + v.r - v.t),
    ("ge", lambda v: v.r),
    ("ge", lambda v: v.s - v.r - 1),
    ("eq", lambda v: v.q + 1 - v.O),
]
TAP: list[Fact] = [("ge", lambda v: v.k), ("ge", lambda v: v.K - v.k - 1)]
WINDOW: list[Fact] = [*SIZES, ("ge", lambda v: v.i), ("ge", lambda v: v.O - v.i - 1), *TAP]
DIVISOR: list[Fact] = [("ge", lambda v: v.b - 1)]
DIVISION: list[Fact] = [
    *DIVISOR,
    ("eq", lambda v: v.b * v.Q + v.R - v.m),
    ("ge", lambda v: v.R),
    ("ge", lambda v: v.b - v.R - 1),
]


def _rest(divisor: str) -> list[Fact]:
    return [("ge", lambda v: v.R), ("ge", lambda v: getattr(v, divisor) - v.R - 1)]


def _operand(v: Any, row: str) -> int:
    """The last position of the padded operand."""
    if row == "input":
        span = v.d * (v.K - 1)
        return int(v.s * (v.O - 1) + (span - v.p) + (span - v.P + v.r))
    return int(v.u * (v.L - 1) + v.p + v.P - (v.r if row == "weight" else 0))


_SIZE_GOALS: dict[str, list[Fact]] = {
    "forward": [("eq", lambda v: v.O - v.Q - 1), ("eq", lambda v: v.r - v.R)],
    "input": [("eq", lambda v: v.L - v.Q - 1), ("eq", lambda v: -v.R)],
    "weight": [("eq", lambda v: v.K - v.Q - 1), ("eq", lambda v: -v.R)],
}
STATEMENTS: dict[str, tuple[list[Fact], ...]] = {
    "reverse": ([("ge", lambda v: v.K - 1), *TAP], [("ge", lambda v: v.K - 1 - v.k), ("ge", lambda v: v.k)]),
    "sift, only": (
        [*DIVISION, ("eq", lambda v: v.m - v.b * v.v)],
        [("eq", lambda v: v.Q - v.v), ("eq", lambda v: -v.R)],
    ),
    "sift, indeed": ([*DIVISION, ("eq", lambda v: -v.R)], [("eq", lambda v: v.m - v.b * v.Q)]),
    "extent": (
        [*DIVISOR, ("ge", lambda v: v.n - 1), ("eq", lambda v: v.b * v.Q - v.m)],
        [("ge", lambda v: v.Q), ("ge", lambda v: v.n - v.Q - 1)],
        [("ge", lambda v: v.m), ("ge", lambda v: v.b * (v.n - 1) - v.m)],
    ),
    "outputs exist": (SIZES, [("ge", lambda v: v.O - 1)]),
    "forward, size": ([*SIZES, ("eq", lambda v: v.s * v.Q + v.R - v.t), *_rest("s")], _SIZE_GOALS["forward"]),
    "input, size": (
        [*SIZES, ("eq", lambda v: v.u * v.Q + v.R - _operand(v, "input") + v.d * (v.K - 1)), *_rest("u")],
        _SIZE_GOALS["input"],
    ),
    "weight, size": (
        [*SIZES, ("eq", lambda v: v.d * v.Q + v.R - _operand(v, "weight") + v.s * (v.O - 1)), *_rest("d")],
        _SIZE_GOALS["weight"],
    ),
    "forward, reads": (
        WINDOW,
        [("ge", lambda v: v.s * v.i + v.d * v.k), ("ge", lambda v: _operand(v, "forward") - v.s * v.i - v.d * v.k)],
    ),
    "input, reads": (
        [*SIZES, ("ge", lambda v: v.x), ("ge", lambda v: v.L - v.x - 1), *TAP],
        [("ge", lambda v: v.u * v.x + v.d * v.k), ("ge", lambda v: _operand(v, "input") - v.u * v.x - v.d * v.k)],
    ),
    "weight, reads": (
        WINDOW,
        [("ge", lambda v: v.s * v.i + v.d * v.k), ("ge", lambda v: _operand(v, "weight") - v.s * v.i - v.d * v.k)],
    ),
}
_AXIS = "s d u L K t p P q r O"
VARIABLES = {
    "reverse": "K k",
    "sift, only": "b m Q R v",
    "sift, indeed": "b m Q R",
    "extent": "b n m Q",
    "outputs exist": _AXIS,
    **{f"{row}, size": f"{_AXIS} Q R" for row in ROW_OF.values()},
    **{f"{row}, reads": f"{_AXIS} {'x' if row == 'input' else 'i'} k" for row in ROW_OF.values()},
}


def _denials(goal: list[Fact]) -> Iterator[list[Fact]]:
    """The ways in which a goal fails first: at its first fact, or at the second while the first holds, and so on."""
    for number, (kind, value) in enumerate(goal):
        if kind == "eq":
            yield [*goal[:number], ("ge", lambda v, f=value: f(v) - 1)]  # type: ignore[misc]
        yield [*goal[:number], ("ge", lambda v, f=value: -f(v) - 1)]  # type: ignore[misc]


def _cases(name: str) -> list[list[Fact]]:
    hypotheses, *goals = STATEMENTS[name]
    if len(goals) == 1:
        return [hypotheses + denial for denial in _denials(goals[0])]
    one, other = goals
    return [hypotheses + one + denial for denial in _denials(other)] + [
        hypotheses + denial + other for denial in _denials(one)
    ]


class _Point(dict[str, int]):
    """A pseudo-random integer for every name."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def __missing__(self, name: str) -> int:
        self[name] = value = Random(f"{self.seed} {name!a}").randrange(-(10**6), 10**6)
        return value


def _witness(name: str, witness: Any) -> None:
    _object(witness, {"cases", "model"})
    variables = VARIABLES[name].split()
    model = SimpleNamespace(**{v: _whole(n) for v, n in _object(witness["model"], set(variables)).items()})
    for kind, value in STATEMENTS[name][0]:
        _require(value(model) >= 0 if kind == "ge" else value(model) == 0, f"{name}: the model is none")
    cases = _cases(name)
    _require(len(_list(witness["cases"])) == len(cases), f"{name}: another number of cases")
    for known, leaf in zip(cases, witness["cases"], strict=True):
        _require(_is_identity(variables, known, leaf), f"{name}: the identity fails at a point")


def _is_identity(variables: list[str], known: list[Fact], leaf: Any) -> bool:
    """``scale + sum c*h*h' + sum p*e`` is 0 at every point tried."""
    _object(leaf, {"scale", "products", "equations"})
    _require(_whole(leaf["scale"]) > 0, "the scale is not positive")

    def fact(at: Any, kind: str) -> Value:
        number = _whole(at)
        _require(0 <= number < len(known) and known[number][0] == kind, f"no fact of kind {kind}")
        return known[number][1]

    products = [(_whole(c), [fact(at, "ge") for at in _list(ats)]) for c, ats in map(_two, _list(leaf["products"]))]
    _require(all(c > 0 and len(hs) in (1, 2) for c, hs in products), "a product is none of one or two facts")
    equations = [(_multiplier(p), fact(at, "eq")) for p, at in map(_two, _list(leaf["equations"]))]
    for seed in range(POINTS):
        point = _Point(seed)
        v = SimpleNamespace(**{name: point[name] for name in variables})
        total = leaf["scale"]
        for c, hs in products:
            for h in hs:
                c *= h(v)
            total += c
        for monomials, e in equations:
            for c, names in monomials:
                for name in names:
                    c *= point[name]
                total += c * e(v)
        if total:
            return False
    return True


def _multiplier(found: Any) -> list[tuple[int, list[str]]]:
    monomials = [(_whole(c), _list(names)) for c, names in map(_two, _list(found))]
    _require(all(type(v) is str for _, names in monomials for v in names), "a variable is no name")
    return monomials


# Certificates ---------------------------------------------------------------------------------------------------------


def _layer_axes(layer: Any) -> list[Axis]:
    """The axes of a layer that the theorem is about."""
    _object(layer, LAYER_FIELDS)
    columns = [_list(layer[name]) for name in ("input_size", "kernel_size", "stride", "dilation", "input_dilation")]
    paddings = [_two(padding) for padding in _list(layer["padding"])]
    _require(len({len(column) for column in [*columns, paddings]}) == 1, "axes differ in number")
    axes = [
        Axis(*map(_whole, numbers), *map(_whole, padding)) for *numbers, padding in zip(*columns, paddings, strict=True)
    ]
    counts = [_whole(layer[name]) for name in ("groups", "in_channels", "out_channels", "batch")]
    _require(all(axis.fits for axis in axes) and min(counts) >= 1, "not a layer")
    _require(counts[1] % counts[0] == 0 and counts[2] % counts[0] == 0, "groups do not divide channels")
    _require({type(layer["bias"]), type(layer["flip"])} == {bool}, "bias and flip are true or false")
    _require(layer["weight_layout"] in ("OI", "IO"), "unknown layout")
    return axes


def check(certificate: Any) -> None:
    """`Refused`, unless the certificate of this JSON value establishes what it claims."""
    _object(certificate, {"format", "version", "claim", "layer", "traces", "witnesses", "note"})
    _require(certificate["format"] == "symconv certificate" and _whole(certificate["version"]) == 1, "unknown format")
    _require(type(certificate["note"]) is str, "the note is no text")
    claim = _object(certificate["claim"], {"scope", "ndim", "flip", "gradients"})
    ndim, flip, names = _whole(claim["ndim"]), claim["flip"], _list(claim["gradients"])
    _require(1 <= ndim <= 8 and type(flip) is bool, "ndim or flip")
    _require(names and all(type(name) is str and name in SLOT_OF for name in names), "unknown gradients")
    _require(len(set(names)) == len(names), "a gradient occurs twice")
    axes = None if certificate["layer"] is None else _layer_axes(certificate["layer"])
    _require(axes is None or (len(axes) == ndim and certificate["layer"]["flip"] is flip), "the layer is another one")
    slots = {SLOT_OF[name] for name in names}
    _require(all(_layers_hold(slot, min(ndim, 2), flip) for slot in slots), "false on a layer")
    rows = {ROW_OF[slot] for slot in slots - {"b"}}
    if claim["scope"] == "shape":
        _require(axes is not None and certificate["traces"] == {} == certificate["witnesses"], "expected a layer alone")
        for axis in axes or []:
            _require(axis.outputs * axis.taps * axis.size <= TRIPLES, "the layer is too large")
            reach = axis.u * axis.size + axis.s * axis.outputs + axis.d * axis.taps + abs(axis.low) + abs(axis.high)
            _require(reach <= LENGTH, "the layer is too large")
            _require(all(_row_holds(axis, row) for row in rows), "false along an axis of the layer")
        return
    _require(claim["scope"] == "every shape", "unknown scope")
    _require(all(_rows_hold()[row] for row in rows), "false on a small shape")
    used = {f"{row}, {what}" for row in rows for what in ("size", "reads")}
    traces = _object(certificate["traces"], set(names))
    for name in names:
        used |= _follow(name, ndim, flip, traces[name])
    witnesses = _object(certificate["witnesses"], used)
    for name in sorted(used):
        _witness(name, witnesses[name])


def parse(text: bytes) -> Any:
    """JSON in which no field occurs twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _require(len(dict(pairs)) == len(pairs), "a field occurs twice")
        return dict(pairs)

    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from None


def accepts(text: bytes) -> bool:
    """Whether a certificate establishes what it claims, as far as this checker can tell."""
    try:
        check(parse(text))
    except Refused:
        return False
    return True
