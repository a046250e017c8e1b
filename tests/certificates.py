"""Certificates, valid ones and corrupted ones; theorems and side conditions that are nearly right.

In: what to claim, or a valid certificate.  Out: JSON values, bytes, and variants of terms and statements.
Never: a claim that a variant is false. `tensor` and `counterexample` say so, by brute force over small integers.
"""

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np

from symconv.proof import checker, second_checker, witnesses

Json = Any
AXES = {
    "input_size": (7, 5, 4, 3, 6),
    "kernel_size": (3, 2, 2, 1, 3),
    "stride": (2, 3, 1, 2, 2),
    "dilation": (2, 1, 3, 1, 1),
    "input_dilation": (1, 2, 1, 3, 2),
    "padding": ([2, 1], [-1, 2], [1, 0], [0, 0], [0, 3]),
}
SLOT = {"forward": "delta", "input": "a", "weight": "w", "bias": "b"}


def slot_of(claim: str) -> str:
    """The slot of T that a claim differentiates by: of "input.w", w."""
    return claim.partition(".")[2] or SLOT[claim]


# Valid ----------------------------------------------------------------------------------------------------------------


@cache
def _witness(name: str) -> str:
    hypotheses, cases = checker.cases(checker.STATEMENTS[name])
    leaves = [witnesses.find_leaf(hypotheses + case) for case in cases]
    model = witnesses.find_model(hypotheses)
    assert None not in leaves, name
    assert model is not None, name
    return json.dumps({"cases": [leaf_as_json(leaf) for leaf in leaves], "model": dict(model)})


def leaf_as_json(leaf: witnesses.Leaf) -> Json:
    return {
        "scale": leaf.scale,
        "products": [[c, list(ats)] for c, ats in leaf.products],
        "equations": [[[[c, list(names)] for c, names in p], at] for p, at in leaf.equations],
    }


def witness(name: str) -> Json:
    """A witness of a statement, as JSON; a new object each time."""
    return json.loads(_witness(name))


def trace(claim: str, ndim: int) -> Json:
    """The steps from the derivative to the closed form."""
    slot = slot_of(claim)
    labels, moving = {"a": ("ngc", "x"), "w": ("goc", "k"), "delta": ("ngo", "i"), "b": ("go", "")}[slot]
    steps = [["kronecker", f"{label}'"] for label in labels]
    steps += [["kronecker", f"{moving}{j}'"] for j in range(ndim) if moving]
    if slot == "a":
        steps += [["reverse", f"k{j}'"] for j in range(ndim)]
    if slot != "b":
        steps += [["sift", f"{'i' if slot == 'a' else 'x'}{j}'"] for j in range(ndim)]
        steps += [["extent", ""]]
    return steps


def layer(ndim: int = 2, **changes: Json) -> Json:
    """A layer with a different value in every place."""
    plain = {name: list(copy.deepcopy(values[:ndim])) for name, values in AXES.items()}
    counts = {"groups": 2, "in_channels": 4, "out_channels": 6, "batch": 3}
    return {**plain, **counts, "bias": True, "flip": False, "weight_layout": "OI", **changes}


def certificate(
    ndim: int = 2,
    flip: bool = False,
    gradients: tuple[str, ...] | None = None,
    layer: Json = None,
    scope: str = "every shape",
) -> Json:
    """A valid certificate."""
    names = list(checker.CLAIMS if gradients is None else gradients)
    claim = {"scope": scope, "ndim": ndim, "flip": flip, "gradients": names}
    every = scope == "every shape"
    used: set[str] = set()
    for name in names if every else ():
        slot = slot_of(name)
        used |= {"reverse"} if slot == "a" or (slot == "w" and flip) else set()
        if slot != "b":
            row = {"a": "input", "w": "weight", "delta": "forward"}[slot]
            used |= {"sift, only", "sift, indeed", "extent", "outputs exist", f"{row}, size", f"{row}, reads"}
    return {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": claim,
        "layer": layer,
        "traces": {name: trace(name, ndim) for name in names} if every else {},
        "witnesses": {name: witness(name) for name in sorted(used)},
        "note": "",
    }


def as_bytes(found: Json) -> bytes:
    return json.dumps(found).encode()


def _valid() -> Iterator[tuple[str, Callable[[], Json]]]:
    for flip in (False, True):
        for ndim in (1, 2, 3, 4, 5):
            yield f"rank {ndim}, flip {flip}", partial(certificate, ndim, flip)
            own = layer(ndim, flip=flip, weight_layout="IO")
            yield f"shape of rank {ndim}, flip {flip}", partial(certificate, ndim, flip, None, own, "shape")
        for name in checker.CLAIMS:
            yield f"{name}, flip {flip}", partial(certificate, 2, flip, (name,))
        own = layer(2, flip=flip)
        yield f"a layer, flip {flip}", partial(certificate, 2, flip, ("input", "bias"), own)
    yield "two gradients", partial(certificate, 3, False, ("weight", "forward"))


VALID = dict(_valid())  # functions that make certificates of every kind, by name


# Corrupted ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corruption:
    """A certificate that was tampered with, by the name of the way."""

    kind: str
    text: bytes


# Ways after which a certificate cannot establish anything; so it is with every forgery. After the others it may.
REFUSED = {
    "text", "truncated", "field twice", "field dropped", "field renamed", "field added", "type", "too many items",
    "traces moved", "witnesses moved", "leaf moved", "claim exchanged", "partial model", "false model",
}  # fmt: skip
# Ways that the second checker need not notice: it has no limits.
FORMAT_ONLY = {"text", "integer", "forgery: seven variables", "too many items"}


def judgement(corruption: Corruption) -> str:
    """What the checkers say: "refused", "true" (accepted by both), "stricter" (refused by the first alone), "FALSE"."""
    try:
        accepted = bool(checker.check(checker.parse(corruption.text)))
    except checker.Rejected as error:
        accepted, line = False, str(error)
        assert line.isascii(), line
        assert line.isprintable(), line
        assert 0 < len(line) < 300, line
    second = second_checker.accepts(corruption.text)
    if accepted:
        forbidden = corruption.kind in REFUSED or corruption.kind.startswith("forgery")
        return "true" if second and not forbidden else "FALSE"
    return "stricter" if second else "refused"


Path = tuple[str | int, ...]


def walk(found: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every value inside a JSON value, and where it is."""
    yield path, found
    entries = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for at, value in entries:
        yield from walk(value, (*path, at))


def edited(found: Json, path: Path, change: Callable[[Json], Json]) -> Json:
    """A copy with one value changed."""
    if not path:
        return change(copy.deepcopy(found))
    result = copy.copy(found)
    result[path[0]] = edited(result[path[0]], path[1:], change)
    return result


def _parent(found: Json, path: Path, change: Callable[[Json, Any], None]) -> Json:
    def with_change(holder: Json) -> Json:
        change(holder, path[-1])
        return holder

    return edited(found, path[:-1], with_change)


def numbers(found: Json) -> Iterator[Corruption]:
    """Every integer one more and one less, of the opposite sign, 0, and of another type."""
    for path, value in walk(found):
        if type(value) is not int:
            continue
        for other in {value + 1, value - 1, -value, 0, 2**300} - {value}:
            yield Corruption("integer", as_bytes(edited(found, path, lambda _, n=other: n)))
        for wrong in (float(value), str(value), value > 0, None, [value]):
            yield Corruption("type", as_bytes(edited(found, path, lambda _, n=wrong: n)))


def names(found: Json) -> Iterator[Corruption]:
    """Every string (a rule, an index, a variable, a gradient) in the place of every other one of its part."""
    parts = {path[:1]: set[str]() for path, _ in walk(found)}
    for path, value in walk(found):
        if type(value) is str:
            parts[path[:1]].add(value)
    for path, value in walk(found):
        if type(value) is str:
            for wrong in (None, 1, True, [value], {value: value}):
                yield Corruption("type", as_bytes(edited(found, path, lambda _, n=wrong: n)))
            for other in sorted(parts[path[:1]] | {"", value + "'", "\ud800", "x\ny: ACCEPTED"} - {value}):
                if other != value and path != ("note",):
                    yield Corruption("name", as_bytes(edited(found, path, lambda _, n=other: n)))


def items(found: Json) -> Iterator[Corruption]:
    """Every item of a list or field dropped, doubled, exchanged with the next, or renamed."""
    for path, value in walk(found):
        if not path:
            continue
        if isinstance(path[-1], str):
            yield Corruption("field dropped", as_bytes(_parent(found, path, lambda holder, at: holder.pop(at))))

            def renamed(holder: Json, at: Any) -> None:
                holder[at + "s"] = holder.pop(at)

            yield Corruption("field renamed", as_bytes(_parent(found, path, renamed)))
        else:
            yield Corruption("item dropped", as_bytes(_parent(found, path, lambda holder, at: holder.pop(at))))

            def doubled(holder: Json, at: Any, value: Json = value) -> None:
                holder.insert(at, value)

            yield Corruption("item doubled", as_bytes(_parent(found, path, doubled)))

            def exchanged(holder: Json, at: Any) -> None:
                other = (at + 1) % len(holder)
                holder[at], holder[other] = holder[other], holder[at]

            changed = _parent(found, path, exchanged)
            if changed != found:
                yield Corruption("items exchanged", as_bytes(changed))
        if isinstance(value, dict):
            yield Corruption("field added", as_bytes(edited(found, path, lambda v: {**v, "more": 1})))


def moved(found: Json) -> Iterator[Corruption]:
    """True traces and true witnesses, in the place of others; claims exchanged under the same trace."""
    for part in ("traces", "witnesses"):
        for one, other in product(found[part], repeat=2):
            if found[part][one] != found[part][other]:
                changed = {**found[part], one: found[part][other]}
                yield Corruption(f"{part} moved", as_bytes({**found, part: changed}))
    for name in found["witnesses"]:
        own = found["witnesses"][name]["cases"]
        for other in found["witnesses"]:
            for at, leaf in enumerate(found["witnesses"][other]["cases"][: len(own)]):
                if leaf != own[at]:
                    changed = edited(found, ("witnesses", name, "cases", at), lambda _, n=leaf: n)
                    yield Corruption("leaf moved", as_bytes(changed))
    for one, other in product(found["claim"]["gradients"], checker.CLAIMS):
        if one != other and other not in found["claim"]["gradients"]:
            changed = json.loads(json.dumps(found).replace(f'"{one}"', f'"{other}"'))
            if trace(one, found["claim"]["ndim"]) != trace(other, found["claim"]["ndim"]):
                yield Corruption("claim exchanged", as_bytes(changed))
    changed = edited(found, ("claim", "flip"), lambda flip: not flip)
    yield Corruption("flip", as_bytes(changed))


def zero_of_facts(name: str, case: int, size: int) -> Json:
    """Products of `size` facts that add up to 0, where a case holds a goal's fact and the contrary of it; or None."""
    hypotheses, cases = checker.cases(checker.STATEMENTS[name])
    known = hypotheses + cases[case]
    at_least = [at for at, (kind, _) in enumerate(known) if kind == "ge"]
    for one, other in product(at_least, at_least):
        if checker.plus(known[one][1], known[other][1]) == checker.poly("- 1"):
            more = [at_least[0]] * (size - 1)
            return [[1, [*more, one]], [1, [*more, other]], [1, more]]
    return None


def forgeries(found: Json) -> Iterator[Corruption]:
    """Leaves whose identity holds and which prove nothing: the signs, the kinds or the number of facts are wrong."""
    for name, witness_ in found["witnesses"].items():
        for at, leaf in enumerate(witness_["cases"]):
            path = ("witnesses", name, "cases", at)

            def forged(kind: str, path: Path = path, leaf: Json = leaf, **changes: Json) -> Corruption:
                return Corruption(f"forgery: {kind}", as_bytes(edited(found, path, lambda _: {**leaf, **changes})))

            negated = [[[[-c, v] for c, v in p], e] for p, e in leaf["equations"]]
            opposite = [[-c, ats] for c, ats in leaf["products"]]
            yield forged("scale 0", scale=0, products=[], equations=[])
            yield forged("scale and coefficients negative", scale=-leaf["scale"], products=opposite, equations=negated)
            yield forged("no fact", scale=leaf["scale"] + 1, products=[*leaf["products"], [-1, []]])
            twice = {
                "products": [[2 * c, ats] for c, ats in leaf["products"]],
                "equations": [[[[2 * c, v] for c, v in p], e] for p, e in leaf["equations"]],
            }
            more = [*twice["products"], [1, []]]
            yield forged("no fact", scale=2 * leaf["scale"] - 1, products=more, equations=twice["equations"])
            hypotheses, cases = checker.cases(checker.STATEMENTS[name])
            known = hypotheses + cases[at]
            for fact, (kind, _) in enumerate(known):
                if kind == "ge":
                    cancelled = [*leaf["products"], [1, [fact]], [-1, [fact]]]
                    yield forged("negative coefficient", products=cancelled)
                    yield forged("coefficient 0", products=[*leaf["products"], [0, [fact]]])
                    cancelled = [*leaf["equations"], [[[1, []]], fact], [[[-1, []]], fact]]
                    yield forged("an inequality as an equation", equations=cancelled)
                    as_equations = [[[[c, []]], ats[0]] for c, ats in leaf["products"] if ats == [fact]]
                    if as_equations:
                        kept = [[c, ats] for c, ats in leaf["products"] if ats != [fact]]
                        equations = leaf["equations"] + as_equations
                        yield forged("an inequality as an equation", products=kept, equations=equations)
                    shifted = [
                        [c, [at - len(known) if at == fact else at for at in ats]] for c, ats in leaf["products"]
                    ]
                    if shifted != leaf["products"]:
                        yield forged("a fact counted from the end", products=shifted)
                else:
                    for p, e in leaf["equations"]:
                        if e == fact and all(c > 0 and v == [] for c, v in p):
                            kept = [[q, n] for q, n in leaf["equations"] if n != e]
                            more = [*leaf["products"], *([c, [e]] for c, _ in p)]
                            yield forged("an equation as an inequality", products=more, equations=kept)
            shifted = [[p, e - len(known)] for p, e in leaf["equations"]]
            if shifted:
                yield forged("a fact counted from the end", equations=shifted)
            zero = zero_of_facts(name, at, 3)
            if zero:
                yield forged("three facts", products=leaf["products"] + zero)
            alien = [*leaf["equations"], [[[1, ["s"] * 7], [-1, ["s"] * 7]], _an_equation(known)]]
            if _an_equation(known) is not None:
                yield forged("seven variables", equations=alien)
            yield forged("nothing", scale=1, products=[], equations=[])
        for v in witness_["model"]:
            fewer = {name: n for name, n in witness_["model"].items() if name != v}
            yield Corruption(
                "partial model", as_bytes(edited(found, ("witnesses", name, "model"), lambda _, m=fewer: m))
            )
        far = dict.fromkeys(witness_["model"], -1)
        yield Corruption("false model", as_bytes(edited(found, ("witnesses", name, "model"), lambda _, m=far: m)))


def _an_equation(known: Json) -> int | None:
    return next((at for at, (kind, _) in enumerate(known) if kind == "eq"), None)


def steps(found: Json) -> Iterator[Corruption]:
    """Traces with a step more, two steps exchanged, in the opposite order, or none."""
    for name, own in found["traces"].items():
        for other in ([], own[::-1], own + own, [*own, ["extent", ""]], [["extent", ""], *own]):
            yield Corruption("trace", as_bytes(edited(found, ("traces", name), lambda _, t=other: t)))
        every = sorted({index for _, index in own} | {"n'", "k0'", "i0'", "x0'", "k0", "z"})
        for rule, index, at in product(("reverse", "kronecker", "sift", "extent", "expand"), every, (0, len(own) // 2)):
            more = [*own[:at], [rule, index], *own[at:]]
            yield Corruption("step added", as_bytes(edited(found, ("traces", name), lambda _, t=more: t)))
        index = next((index for _, index in own if index), "")
        twice = [["reverse", index], ["reverse", index], *own]
        yield Corruption("mirrored twice", as_bytes(edited(found, ("traces", name), lambda _, t=twice: t)))


def layers(found: Json) -> Iterator[Corruption]:
    """Layers that do not exist, or that the claim is not about."""
    if found["layer"] is None:
        yield Corruption("layer", as_bytes({**found, "claim": {**found["claim"], "scope": "shape"}}))
        return
    ndim, own = found["claim"]["ndim"], found["layer"]
    changes: list[Json] = [
        {"flip": not own["flip"]},
        {"flip": 0},
        {"bias": 1},
        {"weight_layout": "IOHW"},
        {"weight_layout": []},
        {"groups": 5},
        {"in_channels": 3},
        {"out_channels": 3},
        {"batch": 0},
        {"groups": 0},
        {"groups": -2},
        {"kernel_size": [50] * ndim},
        {"padding": [[-50, 0]] * ndim},
        {"padding": [0] * ndim},
        {"padding": [[0]] * ndim},
        {"padding": [[0, 0, 0]] * ndim},
        *({name: [0] * ndim} for name in AXES if name != "padding"),
        *({name: own[name] * 2} for name in AXES),
        *({name: []} for name in AXES),
        *({name: own[name][0]} for name in AXES),
        {name: own[name] * 9 for name in AXES},
        {name: [] for name in AXES},
    ]
    for change in changes:
        yield Corruption("layer", as_bytes({**found, "layer": {**own, **change}}))
    yield Corruption("layer", as_bytes({**found, "layer": layer(ndim + 1, flip=own["flip"])}))
    if found["claim"]["scope"] == "shape":
        yield Corruption("layer", as_bytes({**found, "layer": None}))
        yield Corruption("layer", as_bytes({**found, "layer": {**own, "input_size": [10**70] * ndim}}))


def texts(found: Json, seed: int = 0, count: int = 100) -> Iterator[Corruption]:
    """Bytes flipped, cut off, doubled fields, and other ways not to be the JSON of a certificate."""
    own, chance = as_bytes(found), random.Random(seed)
    for _ in range(count):
        at = chance.randrange(len(own))
        yield Corruption("bit", own[:at] + bytes([own[at] ^ 1 << chance.randrange(8)]) + own[at + 1 :])
        yield Corruption("byte", own[:at] + bytes([chance.randrange(256)]) + own[at + 1 :])
        yield Corruption("truncated", own[:at])
        other = chance.randrange(at, min(at + 40, len(own)) + 1)
        yield Corruption("bytes dropped", own[:at] + own[other:])
    for path, value in walk(found):
        if path and isinstance(path[-1], str) and len(path) < 4:
            field = f"{json.dumps(path[-1])}: {json.dumps(value)}".encode()
            doubled = own.replace(field, field + b", " + field, 1)
            assert doubled != own
            yield Corruption("field twice", doubled)
    deep = 10**5
    for whole in (
        b"", b"null", b"[]", b"{}", b"0", b'"', b"{", b"\xff\xfe", b"\xef\xbb\xbf" + own, own + own, own + b",",
        b"[" * deep, b"[" * deep + b"]" * deep, b'{"note": ' * deep, b"[" * 41 + b"]" * 41, b'["]",' * deep,
        own.decode().encode("utf-16"), own.replace(b'"version": 1', b'"version": 1.0'),
        own.replace(b'"version": 1', b'"version": 1e0'), own.replace(b'"version": 1', b'"version": NaN'),
        own.replace(b'"version": 1', b'"version": -Infinity'), own.replace(b'"version": 1', b'"version": 2'),
        own.replace(b'"version": 1', b'"version": ' + b"1" * 10**5), own.replace(b'"version": 1', b'"version": true'),
        own + b" " * checker.MAX_BYTES, own.replace(b'"note": ""', b'"note": ' + b"[" * 50 + b"]" * 50),
        own.replace(b'"note": ""', b'"note": 1'), own.replace(b"{", b"[").replace(b"}", b"]"),
        own.replace(b'"note": ""', b'"note": {"' + b"n" * 10**5 + b'": {}}'),
    ):  # fmt: skip
        yield Corruption("text", whole)


def oversized(found: Json) -> Iterator[Corruption]:
    """More items than are read."""
    for path in (("claim", "gradients"), *((part, name) for part in ("traces",) for name in found[part])):
        value = found
        for at in path:
            value = value[at]
        many = (value * checker.MAX_ITEMS)[: checker.MAX_ITEMS + 1]
        yield Corruption("too many items", as_bytes(edited(found, path, lambda _, v=many: v)))


def corruptions(found: Json, seed: int = 0, count: int = 100) -> Iterator[Corruption]:
    """Every way above, in order."""
    yield from texts(found, seed, count)
    for way in (layers, steps, moved, forgeries, items, names, numbers, oversized):
        yield from way(found)


# Terms and theorems that are nearly right -----------------------------------------------------------------------------

Term = Any
Numbers = dict[str, int]
STRANGER = 7  # the value of a variable that a term has no business with


def axis_numbers(j: int, sizes: tuple[int, ...]) -> Numbers:
    """The variables of an axis, from L, K, s, d, u, p, P."""
    size, taps, s, d, u, low, high = sizes
    slack = u * (size - 1) + low + high - d * (taps - 1)
    assert slack >= 0
    values = (*sizes, slack % s, slack // s + 1)
    return {f"{name}{j}": value for name, value in zip("LKsdupPrO", values, strict=True)}


def _name(v: Any) -> str:
    return f"exact({_sum(dict(v[1]))}, {_sum(dict(v[2]))})" if isinstance(v, tuple) else v.replace("'", "_")


def _sum(p: Any) -> str:
    return " + ".join("*".join([f"({c})", *map(_name, m)]) for m, c in sorted(p.items(), key=repr)) or "0"


def _variables(p: Any) -> set[str]:
    found: set[str] = set()
    for m in p:
        for v in m:
            found |= set().union(*(_variables(dict(part)) for part in v[1:])) if isinstance(v, tuple) else {v}
    return found


def _condition(guard: Any) -> str:
    kind, *parts = guard
    sums = [_sum(dict(part)) for part in parts]
    return {"eq": "({0}) == 0", "in": "0 <= {0} < {1}", "div": "divides({0}, {1})"}[kind].format(*sums, "")


def _exact(m: int, q: int) -> int:
    return m // q if q and m % q == 0 else -(10**9)


def compiled(term: Term, claim: str, ndim: int) -> Callable[[Numbers], Counter[Any]]:
    """A term as a function of the sizes: how often each product of entries occurs at each place of the result."""
    sizes, guards, factors = term
    labels, moving = {"a": ("ngc", "x"), "delta": ("ngo", "i"), "w": ("goc", "k"), "b": ("go", "")}[slot_of(claim)]
    lengths = {"n": "N", "g": "G", "o": "M", "c": "C", "i": "O", "k": "K", "x": "L"}
    free = {v: lengths[v] for v in labels} | {f"{moving}{j}": f"{lengths[moving]}{j}" for j in range(ndim) if moving}
    loops = free | {_name(v): _sum(n) for v, n in sorted(sizes.items(), key=lambda entry: entry[0][0] in "ikx")}
    bound = {v for g in guards for part in g[1:] for v in map(_name, _variables(dict(part)))} & loops.keys()
    waiting = {_condition(g): {_name(v) for part in g[1:] for v in _variables(dict(part))} & bound for g in guards}
    lines = ["def tensor(sizes, divides, exact, total):", " " + "; ".join(_unpacked(term, loops) or ["pass"])]
    depth, open_loops = 1, set[str]()
    for name, length in [("", ""), *loops.items()]:
        if name:
            lines.append(f"{' ' * depth}for {name} in range({length}):")
            depth += 1
            open_loops.add(name)
        ready = sorted((c for c, needs in waiting.items() if needs <= open_loops), key=lambda c: ("div" not in c, c))
        for condition in ready:
            waiting.pop(condition)
            lines.append(f"{' ' * depth}if not ({condition}): {'continue' if name else 'return total'}")
    entry = "".join(f"({t!r}, {', '.join(map(_sum, index))}), " for t, index in sorted(factors.items()))
    lines += [f"{' ' * depth}total[({', '.join(free)},), ({entry})] += 1", " return total"]
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)
    return lambda numbers: space["tensor"](numbers, lambda q, m: q != 0 and m % q == 0, _exact, Counter())


def _unpacked(term: Term, loops: dict[str, str]) -> list[str]:
    sizes, guards, factors = term
    polynomials = [
        *sizes.values(),
        *(dict(part) for g in guards for part in g[1:]),
        *(p for i in factors.values() for p in i),
    ]
    used = {v for p in polynomials for v in _variables(p)} | {v for v in loops.values() if v.isidentifier()}
    return [f"{_name(v)} = sizes.get({v!r}, {STRANGER})" for v in sorted(used) if _name(v) not in loops]


def by_definition(claim: str, ndim: int, flip: bool, numbers: Numbers) -> Counter[Any]:
    """The derivative that a claim is about, from the axis relation alone."""
    first, _, second = claim.partition(".")
    by = slot_of(claim)
    total: Counter[Any] = Counter()
    labels = [range(numbers[size]) for size in "NGMC"]
    if by == "b":
        for n, g, o in product(*labels[:3]):
            for outputs in product(*(range(numbers[f"O{j}"]) for j in range(ndim))):
                total[(g, o), (("delta", n, g, o, *outputs),)] += 1
        return total
    tensor = {"delta": "delta", "w": "w", "a": "a"} | ({SLOT[first]: "v"} if second else {})
    relations = []
    for j in range(ndim):
        size, taps, s, d, u, low, outputs = (numbers[f"{v}{j}"] for v in "LKsdupO")
        ranges = range(outputs), range(taps), range(size)
        triples = [(i, k, x) for i, k, x in product(*ranges) if u * x == s * i + d * k - low]
        relations.append([(i, taps - 1 - k if flip else k, x) for i, k, x in triples])
    for triples in product(*relations):
        i, k, x = zip(*triples, strict=True)
        for n, g, o, c in product(*labels):
            at = {"delta": (n, g, o, *i), "w": (g, o, c, *k), "a": (n, g, c, *x)}
            place = at.pop(by)
            total[place, tuple(sorted((tensor[slot], *index) for slot, index in at.items()))] += 1
    return total


# L, K, s, d, u, p, P. Along each: strides or dilations above 1, a remainder, paddings that differ, and windows that
# reach beyond both ends.
BITING = (
    (4, 3, 2, 3, 1, 2, 3),
    (3, 2, 3, 1, 2, 1, 2),
    (3, 3, 2, 1, 3, 2, 1),
    (5, 2, 2, 2, 1, -1, 2),
    (2, 2, 3, 2, 3, 3, 2),
    (3, 2, 1, 1, 1, 1, 2),
)
LABELS = ((2, 1, 3, 2), (1, 2, 2, 3), (3, 2, 1, 1), (1, 3, 2, 1), (2, 2, 1, 3), (1, 1, 1, 2))  # N, G, M, C


def biting(ndim: int) -> list[Numbers]:
    """Numbers for every variable of a term, with nothing for a mistake to hide behind."""
    found = []
    for first in range(len(BITING)):
        numbers = dict(zip("NGMC", LABELS[first], strict=True))
        for j in range(ndim):
            numbers |= axis_numbers(j, BITING[(first + j) % len(BITING)])
        found.append(numbers)
    return found


@cache
def _true(claim: str, ndim: int, flip: bool, number: int) -> Counter[Any]:
    return by_definition(claim, ndim, flip, biting(ndim)[number])


def shown_false(term: Term, claim: str, ndim: int, flip: bool) -> bool:
    """Whether a closed form differs from the derivative on one of the small layers."""
    tensor = compiled(term, claim, ndim)
    return any(tensor(numbers) != _true(claim, ndim, flip, at) for at, numbers in enumerate(biting(ndim)))


def _near(p: Any, j: int, label: bool) -> Iterator[tuple[str, Any]]:
    """Polynomials that are nearly this one."""
    for sign, c in product("+-", (1, 2)):
        yield "constant", checker.plus(p, checker.poly(f"{sign} {c}"))
    for m in p:
        for change in (1, -1, -2 * p[m]):
            yield "coefficient", checker.plus(p, {m: change})
    vocabulary = (
        ["n", "g", "o", "c", "n'", "o'", "c'", "N", "G", "M", "C"] if label else [f"{v}{j}" for v in "sduLKOpPrikx"]
    )
    for v in sorted({v for m in p for v in m if isinstance(v, str)}):
        for other in vocabulary:
            if other != v:
                yield "variable", checker.substitute(p, v, checker.poly(other))
    for v in (f"k{j}", f"k{j}'"):
        if (v,) in p:
            yield "tap mirrored", checker.substitute(p, v, checker.poly(f"K{j} - 1 - {v}"))
    if (f"p{j}",) in p:
        yield "low and high", checker.substitute(p, f"p{j}", checker.poly(f"P{j}"))


def near_terms(term: Term, ndim: int) -> Iterator[tuple[str, Term]]:
    """Closed forms with one thing changed."""
    sizes, guards, factors = term
    for v, n in sizes.items():
        for kind, other in _near(n, int(v[1]) if v[1].isdigit() else 0, not v[1].isdigit()):
            if not any(u.endswith("'") for u in _variables(other)):  # a size that depends on another index is no size
                yield f"size: {kind}", ({**sizes, v: other}, guards, factors)
    for g in sorted(guards, key=repr):
        yield f"guard dropped: {g[0]}", (sizes, guards - {g}, factors)
        j = next((j for j in range(ndim) if f"k{j}" in repr(g) or f"i{j}" in repr(g)), 0)
        for at, part in enumerate(g[1:], start=1):
            for kind, other in _near(dict(part), j, False):
                changed = (*g[:at], checker.key(other), *g[at + 1 :])
                yield f"guard: {kind}", (sizes, guards - {g} | {changed}, factors)
    for tensor, index in factors.items():
        for at, p in enumerate(index):
            j = at - (len(index) - ndim)
            for kind, other in _near(p, max(j, 0), j < 0):
                changed = {**factors, tensor: (*index[:at], other, *index[at + 1 :])}
                yield f"index: {kind}", (sizes, guards, changed)
            for m in p:
                for v in (v for v in m if isinstance(v, tuple)):
                    for kind, other in _near(dict(v[1]), j, False):
                        read = checker.quotient(other, dict(v[2]))
                        changed = {**factors, tensor: (*index[:at], read, *index[at + 1 :])}
                        yield f"read: {kind}", (sizes, guards, changed)
    tensors = sorted(factors)
    if len(tensors) == 2:
        yield (
            "tensors exchanged",
            (sizes, guards, dict(zip(tensors, (factors[tensors[1]], factors[tensors[0]]), strict=True))),
        )
    yield "a factor lost", (sizes, guards, {tensors[0]: factors[tensors[0]]} if len(tensors) == 2 else {})


# Side conditions that are nearly right --------------------------------------------------------------------------------

Statement = tuple[str, ...]


def _text(facts: list[Any]) -> str:
    return ", ".join(f"0 {'=' if kind == 'eq' else '<='} {_plain(p)}" for kind, p in facts)


def _plain(p: Any) -> str:
    words = [f"{'+' if c > 0 else '-'} {'*'.join([str(abs(c)), *m])}" for m, c in sorted(p.items())]
    return " ".join(words) or "0"


def near_statements(statement: Statement) -> Iterator[tuple[str, Statement]]:
    """Statements with one thing changed."""
    parts = [checker.facts(text) for text in statement]
    names = sorted({v for _, p in parts[0] for m in p for v in m})
    for number, part in enumerate(parts):
        side = "goal" if number else "hypothesis"
        for at, (kind, p) in enumerate(part):

            def changed(other: list[Any], number: int = number, at: int = at, part: Any = part) -> Statement:
                new = [*part[:at], *other, *part[at + 1 :]]
                return tuple(_text(new if n == number else old) for n, old in enumerate(parts))

            if len(part) > 1:
                yield f"{side} dropped", changed([])
            yield f"{side}: kind", changed([("ge" if kind == "eq" else "eq", p)])
            for c in (1, -1):
                yield f"{side}: bound", changed([(kind, checker.plus(p, {(): c}))])
            for m in p:
                for c in (1, -1, -2 * p[m]):
                    if m:
                        yield f"{side}: coefficient", changed([(kind, checker.plus(p, {m: c}))])
                for v, other in product(dict.fromkeys(m), names):
                    if v != other:
                        moved = checker.plus(p, {m: -p[m]}, checker.substitute({m: p[m]}, v, checker.poly(other)))
                        yield f"{side}: variable", changed([(kind, moved)])


def _value(p: Any, point: dict[str, Any]) -> Any:
    total: Any = 0
    for m, c in p.items():
        term: Any = c
        for v in m:
            term = term * point[v]
        total = total + term
    return total


def counterexample(statement: Statement, seed: int = 0, tries: int = 20_000, rounds: int = 3) -> dict[str, int] | None:
    """Small integers that satisfy the hypotheses and not the goal; of two goals, one and not the other. Or None."""
    hypotheses, *goals = [checker.facts(text) for text in statement]
    for at in range(rounds):
        point, good = _sampled(hypotheses, {v for g in goals for _, p in g for m in p for v in m}, seed + at, tries)
        held = []
        for goal in goals:
            holds = np.ones(tries, dtype=bool)
            for kind, p in goal:
                holds &= (_value(p, point) == 0) if kind == "eq" else (_value(p, point) >= 0)
            held.append(holds)
        false = good & (~held[0] if len(held) == 1 else held[0] != held[1])
        if false.any():
            first = int(np.flatnonzero(false)[0])
            return {v: int(n[first]) for v, n in point.items()}
    return None


def _sampled(hypotheses: list[Any], more: set[str], seed: int, tries: int) -> tuple[dict[str, Any], Any]:
    """Pseudo-random integers for the variables, solved from an equation where that is possible; which satisfy all."""
    chance = np.random.default_rng(seed)
    open_names = sorted(
        {v for _, p in hypotheses for m in p for v in m} | more, key=lambda v: ("sduLKpPnbRrikxvQ".find(v) % 99, v)
    )
    point: dict[str, Any] = {}
    good = np.ones(tries, dtype=bool)
    while open_names:
        solvable = [
            (p, v)
            for kind, p in hypotheses
            if kind == "eq"
            for v in [[v for v in open_names if any(v in m for m in p)]]
            if len(v) == 1 and all(m.count(v[0]) <= 1 for m in p)
        ]
        if solvable:
            p, (v,) = solvable[0]
            factor = _value({tuple(u for u in m if u != v): c for m, c in p.items() if v in m}, point)
            rest = _value({m: c for m, c in p.items() if v not in m}, point)
            factor, rest = np.broadcast_to(factor, tries), np.broadcast_to(rest, tries)
            whole = np.where(factor == 0, 1, factor)
            good &= (factor != 0) & (rest % whole == 0)
            point[v] = -rest // whole
        else:
            v = open_names[0]
            low, high = (-3, 5) if v in "pP" else (0, 4) if v in "Rrikx" else (1, 5)
            drawn = chance.integers(low, high, tries)
            point[v] = np.where(chance.random(tries) < 0.07, chance.integers(-3, 9, tries), drawn)
        open_names.remove(v)
    for kind, p in hypotheses:
        good &= (_value(p, point) == 0) if kind == "eq" else (_value(p, point) >= 0)
    return point, good
