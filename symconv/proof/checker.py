"""An independent checker of symconv's certificates: ``python checker.py FILE...``. Standard library only.

A certificate brings a claim, a trace of rules and witnesses. It brings no statement: the forward map, the theorem and
every integer side condition are built here, so that a certificate cannot prove something else than it says. Along every
axis, with s, d, u, L, K >= 1, t = u*(L-1) + p + P - d*(K-1) >= 0, t = s*q + r with 0 <= r < s and O = q + 1:

    z[n,g,o,i] = b[g,o] + sum over c, k, x with u*x = s*i + d*k - p of w[g,o,c,k] * a[n,g,c,x]

A polynomial is a dict from monomials (sorted tuples of variables) to integers. A variable is a name, or the quotient
("/", m, q), which stands for m/q where a guard says that q divides m. A term (sizes, guards, factors) is a sum over the
indices in `sizes`, where all guards hold, of the product of the factors; the order of finite sums does not matter.
Guards: ("eq", p): p = 0; ("in", p, n): 0 <= p < n; ("div", q, p): q divides p.
"""

import json
import sys
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import pairwise, product
from math import prod
from typing import Any

FORMAT, VERSION = "symconv certificate", 1
MAX_BYTES, MAX_DEPTH, MAX_BITS, MAX_NDIM, MAX_ITEMS = 1_000_000, 40, 256, 8, 1_000
BRUTE_FORCE = 2_000_000

Poly = dict[tuple[Any, ...], int]
Term = tuple[dict[str, Poly], set[tuple[Any, ...]], dict[str, tuple[Poly, ...]]]
Fact = tuple[str, Poly]  # ("ge", p): p >= 0, or ("eq", p): p = 0


class Rejected(Exception):
    """The certificate does not establish its claim, for this reason."""


def need(condition: object, why: str) -> None:
    if not condition:
        raise Rejected(why)


def poly(text: str) -> Poly:
    """Reads ``"u*L - u + 1"``: products of variables and numbers between signs. For the formulas of this file only."""
    terms = []
    for word in text.replace("- ", "-1*").replace("+ ", "").split():
        numbers = [int(part) for part in word.split("*") if part.lstrip("-").isdigit()]
        names = [part for part in word.split("*") if not part.lstrip("-").isdigit()]
        terms.append({tuple(sorted(names, key=repr)): prod(numbers)})
    return plus(*terms)


def plus(*ps: Poly) -> Poly:
    total: Poly = {}
    for p in ps:
        for m, c in p.items():
            total[m] = total.get(m, 0) + c
    return {m: c for m, c in total.items() if c}


def times(p: Poly, q: Poly) -> Poly:
    return plus(*({tuple(sorted(m + n, key=repr)): a * b} for m, a in p.items() for n, b in q.items()))


def minus(p: Poly, q: Poly) -> Poly:
    return plus(p, times({(): -1}, q))


def key(p: Poly) -> tuple[Any, ...]:
    return tuple(sorted(p.items(), key=repr))


def quotient(m: Poly, q: Poly) -> Poly:
    return {(("/", key(m), key(q)),): 1}


def substitute(p: Poly, name: str, value: Poly) -> Poly:
    """The polynomial `value` in the place of a variable, inside quotients too."""

    def put_in(v: Any) -> Poly:
        if isinstance(v, tuple):
            return quotient(*(substitute(dict(part), name, value) for part in v[1:]))
        return value if v == name else {(v,): 1}

    return plus(*(reduce(times, map(put_in, m), {(): c}) for m, c in p.items()))


# A claim: the tensors in the three slots of T, the sum of delta*w*a over the relation, and the slot T is derived by.
# <v, dE/da> is T with v in the slot of a, and <v, dE/dw> is T with v in the slot of w.
CLAIMS = {
    "forward": (("delta", "w", "a"), "delta"),
    "input": (("delta", "w", "a"), "a"),
    "weight": (("delta", "w", "a"), "w"),
    "bias": (("delta", "w", "a"), "b"),
    "input.delta": (("delta", "w", "v"), "delta"),
    "input.w": (("delta", "w", "v"), "w"),
    "weight.delta": (("delta", "v", "a"), "delta"),
    "weight.a": (("delta", "v", "a"), "a"),
}
SLOTS = {"delta": ("ngo", "i"), "w": ("goc", "k"), "a": ("ngc", "x"), "b": ("go", "")}  # labels, and what moves
RANGES = {"n": "N", "g": "G", "o": "M", "c": "C", "i": "O", "k": "K", "x": "L"}


def guard(kind: str, *ps: Poly) -> tuple[Any, ...]:
    return (kind, *map(key, ps))


def slot_index(slot: str, prime: str, ndim: int, flip: bool) -> tuple[Poly, ...]:
    labels, moving = SLOTS[slot]
    places = [f"{moving}{j}{prime}" for j in range(ndim) if moving]
    spatial = [poly(f"K{j} - 1 - {at}" if flip and slot == "w" else at) for j, at in enumerate(places)]
    return tuple([poly(label + prime) for label in labels] + spatial)


def derived(claim: str, ndim: int, flip: bool) -> Term:
    """dT/d(slot) by the product rule: the other tensors, where every index of the slot is the wanted one."""
    tensors, by = CLAIMS[claim]
    bias = by == "b"  # the bias part of <delta, z> is the sum of delta * b
    names = [*("ngo" if bias else "ngoc"), *(f"{v}{j}" for j in range(ndim) for v in ("i" if bias else "ikx"))]
    relations = [] if bias else [poly(f"u{j}*x{j}' - s{j}*i{j}' - d{j}*k{j}' + p{j}") for j in range(ndim)]
    wanted = zip(slot_index(by, "'", ndim, flip), slot_index(by, "", ndim, False), strict=True)
    guards = {guard("eq", p) for p in [*relations, *(minus(one, other) for one, other in wanted)]}
    kept = ["delta"] if bias else [slot for slot in ("delta", "w", "a") if slot != by]
    factors = {tensors[("delta", "w", "a").index(slot)]: slot_index(slot, "'", ndim, flip) for slot in kept}
    return {name + "'": poly(RANGES[name[0]] + name[1:]) for name in names}, guards, factors


def theorem(claim: str, ndim: int, flip: bool) -> Term:
    """The closed form of a claim, by the definition of its operations: dilated by q, padded with zeros, read at m/q."""
    (delta, w, a), by = CLAIMS[claim]
    axes = range(ndim)
    label, moving = {"a": ("o'", "k"), "delta": ("c'", "k"), "w": ("n'", "i"), "b": ("n'", "i")}[by]
    taps = [f"{moving}{j}'" for j in axes]
    sizes = {name: poly(RANGES[name[0]] + name[1:].rstrip("'")) for name in (label, *taps)}
    if by == "b":
        return sizes, set(), {delta: tuple(map(poly, ("n'", "g", "o", *taps)))}
    guards, read = set(), []
    for j in axes:
        mirrored = f"d{j}*K{j} - d{j} - d{j}*k{j} + s{j}*i{j}' - p{j}"  # of a flipped layer: the plain result, rotated
        m, q, n = {
            "a": (f"u{j}*x{j} + d{j}*k{j}' - d{j}*K{j} + d{j} + p{j}", f"s{j}", f"O{j}"),
            "delta": (f"s{j}*i{j} + d{j}*k{j}' - p{j}", f"u{j}", f"L{j}"),
            "w": (mirrored if flip else f"d{j}*k{j} + s{j}*i{j}' - p{j}", f"u{j}", f"L{j}"),
        }[by]
        guards |= {guard("div", poly(q), poly(m)), guard("in", poly(m), poly(f"{q}*{n} - {q} + 1"))}
        read.append(quotient(poly(m), poly(q)))
    batch, g, o, c, inner = map(poly, ("n", "g", "o", "c", label))
    kernel = [poly(f"K{j} - 1 - {k}" if flip != (by == "a") else k) for j, k in enumerate(taps)]
    factors = {
        "a": {delta: (batch, g, inner, *read), w: (g, inner, c, *kernel)},
        "delta": {w: (g, o, inner, *kernel), a: (batch, g, inner, *read)},
        "w": {delta: (inner, g, o, *map(poly, taps)), a: (inner, g, c, *read)},
    }[by]
    return sizes, guards, factors


def put(term: Term, name: str, value: Poly) -> Term:
    """The term with `value` in the place of an index, which is summed over no longer."""
    sizes, guards, factors = term
    return (
        {v: n for v, n in sizes.items() if v != name},
        {(g[0], *(key(substitute(dict(part), name, value)) for part in g[1:])) for g in guards},
        {t: tuple(substitute(p, name, value) for p in index) for t, index in factors.items()},
    )


def solved(term: Term, name: str, wanted: Callable[[Poly], bool]) -> tuple[Poly, Poly, Term]:
    """``coefficient * name = m``: the one equation with this index that is wanted, taken out of the term."""
    sizes, guards, factors = term
    found = [g for g in guards if g[0] == "eq" and repr(name) in repr(g) and wanted(dict(g[1]))]
    need(len(found) == 1, f"{len(found)} equations, not one, fix the index {name}")
    equation = dict(found[0][1])
    m = minus({}, substitute(equation, name, {}))
    coefficient = plus(substitute(equation, name, poly("1")), m)
    need(equation == minus(times(coefficient, poly(name)), m), f"{name} does not occur linearly")
    if min(coefficient.values()) < 0:
        coefficient, m = minus({}, coefficient), minus({}, m)
    return coefficient, m, (sizes, guards - {found[0]}, factors)


def apply(rule: str, index: str, term: Term, ndim: int) -> tuple[Term, list[str]]:
    """One step: the term after it, and the side conditions that it rests on."""
    sizes = term[0]
    if rule == "extent":
        need(index == "", "extent is not about one index")
        return extents(term)
    need(index in sizes, f"the index {index[:20]!a} is not summed over")
    mirror = minus(plus(sizes[index], poly("- 1")), poly(index))
    if rule == "reverse":
        turned = put(term, index, mirror)
        return (sizes, turned[1], turned[2]), ["reverse"]
    if rule == "kronecker":
        free = {*"ngoc", *(f"{v}{j}" for v in "ikx" for j in range(ndim))}
        q, m, rest = solved(term, index, lambda p: any(v in free for monomial in p for v in monomial))
        other = index.rstrip("'")
        plain = m == poly(other)
        need(q == poly("1") and (plain or m == substitute(mirror, index, poly(other))), f"kronecker: not {other}")
        return put(rest, index, m), [] if plain else ["reverse"]
    need(rule == "sift", f"unknown rule {rule[:20]!a}")
    q, m, rest = solved(term, index, lambda p: bool(p))
    need(q in [poly(f"{v}{j}") for v in "sdu" for j in range(ndim)], f"sift: the coefficient of {index} may be 0")
    left, guards, factors = put(rest, index, quotient(m, q))
    guards |= {guard("div", q, m), guard("in", quotient(m, q), sizes[index])}
    return (left, guards, factors), ["sift, only", "sift, indeed"]


def extents(term: Term) -> tuple[Term, list[str]]:
    """``0 <= m/q < n`` becomes ``0 <= m < q*(n-1) + 1`` where q divides m: the length of a dilated array."""
    sizes, guards, factors = term
    after = set(guards)
    for _, q, m in [g for g in guards if g[0] == "div"]:
        for g in [g for g in guards if g[:2] == ("in", key(quotient(dict(m), dict(q))))]:
            longest = plus(times(dict(q), minus(dict(g[2]), poly("1"))), poly("1"))
            after = after - {g} | {guard("in", dict(m), longest)}
    need(after != guards, "extent: no range of a quotient to rewrite")
    return (sizes, after, factors), ["extent", "outputs exist"]


def follow(name: str, ndim: int, flip: bool, trace: Any) -> set[str]:
    """Apply a trace to the derivative of the forward map, up to the theorem: the side conditions that it rests on."""
    term, used = derived(name, ndim, flip), set()
    for rule, index in map(pair, items(trace, list)):
        need(type(rule) is str and type(index) is str, "a step is a rule and an index")
        term, conditions = apply(rule, index, term, ndim)
        used |= set(conditions)
    need(term == theorem(name, ndim, flip), f"{name}: the trace does not end at the closed form")
    return used


# Side conditions over the integers: hypotheses and goals. Two goals are claimed to be equivalent. In the rules, the
# divisor b is any parameter of at least 1.
SIZES = "s >= 1, d >= 1, u >= 1, L >= 1, K >= 1, t = u*L - u + p + P - d*K + d, t >= 0"
AXIS = f"{SIZES}, t = s*q + r, 0 <= r <= s - 1, O = q + 1"
DIVISION = "b >= 1, m = b*Q + R, 0 <= R <= b - 1"
WINDOW = f"{AXIS}, 0 <= i <= O - 1, 0 <= k <= K - 1"
INPUT_LENGTH, WEIGHT_LENGTH = "s*O - s + d*K - d - p - P + r", "u*L - u + p + P - r"
STATEMENTS = {
    "reverse": ("K >= 1, 0 <= k <= K - 1", "0 <= K - 1 - k <= K - 1"),
    "sift, only": (f"{DIVISION}, b*v = m", "v = Q, R = 0"),
    "sift, indeed": (f"{DIVISION}, R = 0", "b*Q = m"),
    "extent": ("b >= 1, n >= 1, m = b*Q", "0 <= Q <= n - 1", "0 <= m <= b*n - b"),
    "outputs exist": (AXIS, "O >= 1"),
    "forward, size": (f"{AXIS}, t = s*Q + R, 0 <= R <= s - 1", "Q + 1 = O, R = r"),
    "forward, reads": (WINDOW, "0 <= s*i + d*k <= u*L - u + p + P"),
    "input, size": (f"{AXIS}, {INPUT_LENGTH} = u*Q + R, 0 <= R <= u - 1", "Q + 1 = L, R = 0"),
    "input, reads": (f"{AXIS}, 0 <= x <= L - 1, 0 <= k <= K - 1", f"0 <= u*x + d*k <= {INPUT_LENGTH} + d*K - d"),
    "weight, size": (f"{AXIS}, {WEIGHT_LENGTH} - s*O + s = d*Q + R, 0 <= R <= d - 1", "Q + 1 = K, R = 0"),
    "weight, reads": (WINDOW, f"0 <= s*i + d*k <= {WEIGHT_LENGTH}"),
}
KINDS = {"a": "input", "w": "weight", "delta": "forward"}  # the row of the theorem, by the slot of a claim


def facts(text: str) -> list[Fact]:
    """Reads ``"a >= b, a = b, a <= b <= c"``."""
    found: list[Fact] = []
    for part in text.split(", "):
        sign = next(s for s in (">=", "<=", "=") if s in part)
        sides = [poly(side) for side in part.split(sign)]
        for low, high in pairwise(reversed(sides) if sign == ">=" else sides):
            found.append(("eq" if sign == "=" else "ge", minus(high, low)))
    return found


def negation(goal: list[Fact]) -> list[list[Fact]]:
    """The cases of not(A and B and ...): not A, or A and not B, or ...; over the integers, not(p >= 0) is -p-1 >= 0."""
    found, before = [], list[Fact]()
    for kind, p in goal:
        if kind == "eq":
            found.append([*before, ("ge", minus(p, poly("1")))])
        found.append([*before, ("ge", minus(poly("- 1"), p))])
        before = [*before, (kind, p)]
    return found


def cases(statement: tuple[str, ...]) -> tuple[list[Fact], list[list[Fact]]]:
    """The hypotheses of a statement, and the cases in which it would be false."""
    hypotheses, *goals = map(facts, statement)
    if len(goals) == 1:
        return hypotheses, negation(goals[0])
    one, other = goals
    return hypotheses, [one + case for case in negation(other)] + [case + other for case in negation(one)]


def check_witness(name: str, witness: Any) -> None:
    """Every case contradicts itself, by ``-scale = sum c*h*h' + sum p*e``; the hypotheses do not."""
    hypotheses, leaves = cases(STATEMENTS[name])
    fields(witness, ("cases", "model"))
    fields(witness["model"], {v for _, p in hypotheses for m in p for v in m})
    model = {v: integer(n) for v, n in witness["model"].items()}
    for kind, p in hypotheses:
        value = reduce(lambda p, v: substitute(p, v, {(): model[v]}), model, p).get((), 0)
        need(value >= 0 if kind == "ge" else value == 0, f"{name}: the model does not satisfy the hypotheses")
    need(len(items(witness["cases"], list)) == len(leaves), f"{name}: expected {len(leaves)} cases")
    for case, leaf in zip(leaves, witness["cases"], strict=True):
        check_leaf(name, hypotheses + case, leaf)


def check_leaf(name: str, known: list[Fact], leaf: Any) -> None:
    fields(leaf, ("scale", "products", "equations"))
    need(integer(leaf["scale"]) >= 1, "the scale is not positive")

    def fact(at: Any, kind: str) -> Poly:
        need(0 <= integer(at) < len(known) and known[at][0] == kind, f"expected the number of a fact, of kind {kind}")
        return known[int(at)][1]

    terms: list[Poly] = [{(): leaf["scale"]}]
    for c, ats in map(pair, items(leaf["products"], list)):
        need(integer(c) >= 1 and 1 <= len(items(ats, list)) <= 2, "expected c >= 1 and one or two facts")
        terms.append(reduce(times, [fact(at, "ge") for at in ats], {(): c}))
    for multiplier, at in map(pair, items(leaf["equations"], list)):
        terms.append(times(polynomial_in(multiplier), fact(at, "eq")))
    need(not plus(*terms), f"{name}: the identity does not hold")


def integer(n: Any) -> int:
    need(type(n) is int and n.bit_length() <= MAX_BITS, f"expected an integer of at most {MAX_BITS} bits")
    return int(n)


def items(found: Any, kind: type[list[Any]] | type[dict[str, Any]]) -> Any:
    need(type(found) is kind and len(found) <= MAX_ITEMS, f"expected a {kind.__name__} of at most {MAX_ITEMS} items")
    return found


def pair(found: Any) -> Any:
    need(len(items(found, list)) == 2, "expected a pair")
    return found


def fields(found: Any, names: Iterable[str]) -> None:
    need(set(items(found, dict)) == set(names), f"expected exactly the fields {', '.join(sorted(names)) or '(none)'}")


def polynomial_in(found: Any) -> Poly:
    terms = []
    for c, names in map(pair, items(found, list)):
        need(len(items(names, list)) <= 6 and all(type(v) is str for v in names), "expected up to 6 variables")
        terms.append({tuple(sorted(names, key=repr)): integer(c)})
    return plus(*terms)


def parse(text: bytes) -> Any:
    """JSON with integers only, no field twice, and bounded size and depth."""
    need(len(text) <= MAX_BYTES, f"larger than {MAX_BYTES} bytes")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len({name for name, _ in pairs}) == len(pairs), "a field occurs twice")
        return dict(pairs)

    def whole(digits: str) -> int:
        need(len(digits) <= MAX_BITS // 3, "a number is too long")
        return int(digits)

    hooks: Any = {"object_pairs_hook": unique, "parse_int": whole, "parse_float": whole, "parse_constant": whole}
    try:
        found = json.loads(text.decode("utf-8"), **hooks)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"not JSON with integers only: {error}") from None
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [v for x in level for v in (x.values() if type(x) is dict else x if type(x) is list else ())]
    need(not level, f"nested deeper than {MAX_DEPTH}")
    return found


PER_AXIS = ("input_size", "kernel_size", "stride", "dilation", "input_dilation", "padding")
COUNTS = ("groups", "in_channels", "out_channels", "batch")


def axes_of(layer: Any) -> list[dict[str, int]]:
    """The parameters of each axis of a layer, its hypotheses checked."""
    fields(layer, (*PER_AXIS, *COUNTS, "bias", "flip", "weight_layout"))
    columns = [items(layer[name], list) for name in PER_AXIS]
    ndim = len(columns[0])
    need(1 <= ndim <= MAX_NDIM and {len(c) for c in columns} == {ndim}, f"expected 1 to {MAX_NDIM} values each")
    known = type(layer["bias"]) is type(layer["flip"]) is bool and layer["weight_layout"] in ("OI", "IO")
    need(known, "bias and flip are true or false, weight_layout is OI or IO")
    need(all(integer(layer[name]) >= 1 for name in COUNTS), "counts are at least 1")
    need(not any(layer[f"{end}_channels"] % layer["groups"] for end in ("in", "out")), "groups divide channels")
    axes = []
    for *numbers, padding in zip(*columns, strict=True):
        axis = dict(zip("LKsdupP", map(integer, [*numbers, *pair(padding)]), strict=True))
        need(min(axis[v] for v in "LKsdu") >= 1, "sizes, stride and dilations are at least 1")
        t = axis["u"] * (axis["L"] - 1) + axis["p"] + axis["P"] - axis["d"] * (axis["K"] - 1)
        need(t >= 0, "the kernel does not fit the padded input")
        axes.append(axis | {"r": t % axis["s"], "O": t // axis["s"] + 1})
    return axes


def row(axis: dict[str, int], kind: str) -> tuple[list[int], list[int], tuple[int, int]]:
    """A row of the theorem along an axis: lengths of operand, kernel and result; stride and dilations; padding."""
    low, high = (axis["d"] * (axis["K"] - 1) - axis[end] for end in "pP")
    lengths, steps, padding = {
        "forward": ("LKO", "sdu", (axis["p"], axis["P"])),
        "input": ("OKL", "uds", (low, high + axis["r"])),
        "weight": ("LOK", "dsu", (axis["p"], axis["P"] - axis["r"])),
    }[kind]
    return [axis[v] for v in lengths], [axis[v] for v in steps], padding


def brute_force(axis: dict[str, int], kinds: list[str]) -> None:
    """The relation, tested triple by triple, against rows of the theorem, read position by position."""
    L, K, O, s, d, u, p = (axis[v] for v in "LKOsdup")
    need(L * K * O <= BRUTE_FORCE, f"more than {BRUTE_FORCE} triples to test")
    triples = {(x, i, k) for x in range(L) for i in range(O) for k in range(K) if u * x == s * i + d * k - p}
    for kind in kinds:
        (length, taps, results), (stride, dilation, factor), (low, high) = row(axis, kind)
        last = factor * (length - 1)
        need((low + last + high - dilation * (taps - 1)) // stride + 1 == results, f"{kind}: another size")
        found = set()
        for at, j in product(range(results), range(taps)):
            m = stride * at + dilation * j - low
            if 0 <= m <= last and m % factor == 0:
                read, mirror = m // factor, K - 1 - j
                found.add({"forward": (read, at, j), "input": (at, read, mirror), "weight": (read, j, at)}[kind])
        need(found == triples, f"{kind}: the closed form reads other entries than the relation holds")


def check(certificate: Any) -> list[str]:
    """The lines that say what a parsed certificate establishes; `Rejected` if it establishes nothing."""
    fields(certificate, ("format", "version", "claim", "layer", "traces", "witnesses", "note"))
    known = certificate["format"] == FORMAT and integer(certificate["version"]) == VERSION
    need(known and type(certificate["note"]) is str, f"expected the format {FORMAT!r}, version {VERSION}, and a note")
    claim, layer = certificate["claim"], certificate["layer"]
    fields(claim, ("scope", "ndim", "flip", "gradients"))
    known = 1 <= integer(claim["ndim"]) <= MAX_NDIM and type(claim["flip"]) is bool
    need(known, f"expected ndim from 1 to {MAX_NDIM}, and flip true or false")
    names = items(claim["gradients"], list)
    known = names and all(type(n) is str and n in CLAIMS for n in names) and len(set(names)) == len(names)
    need(known, f"expected gradients among {', '.join(CLAIMS)}, each once")
    axes = [] if layer is None else axes_of(layer)
    need(layer is None or (len(axes), layer["flip"]) == (claim["ndim"], claim["flip"]), "the layer is another one")
    kinds = sorted({KINDS[CLAIMS[n][1]] for n in names if n != "bias"})
    if claim["scope"] == "every shape":
        used = {f"{kind}, {what}" for kind in kinds for what in ("size", "reads")}
        fields(certificate["traces"], names)
        for name in names:
            used |= follow(name, claim["ndim"], claim["flip"], certificate["traces"][name])
        fields(certificate["witnesses"], used)
        for name in sorted(used):
            check_witness(name, certificate["witnesses"][name])
    else:
        need(claim["scope"] == "shape" and axes, "expected the scope 'every shape', or 'shape' with a layer")
        need(certificate["traces"] == certificate["witnesses"] == {}, "the scope 'shape' has no trace and no witness")
        for axis in axes:
            brute_force(axis, kinds)
    return established(claim, kinds, layer, axes)


INPUT = "dE/da: delta, dilated by s and padded (d(K-1) - p, d(K-1) - P + r); w{1}, channels exchanged within each group"
TABLE = {
    "forward": "z - b: a, dilated by u and padded (p, P); w{0}; stride s, dilation d",
    "input": f"{INPUT}; stride u, dilation d",
    "weight": "dE/dw{0}: a, dilated by u and padded (p, P - r); delta, summed over the batch; stride d, dilation s",
    "bias": "dE/db: the sum of delta over the batch and all positions",
    "input.delta": "the derivative of <v, dE/da> by delta: as z - b, with v for a",
    "input.w": "the derivative of <v, dE/da> by w: as dE/dw, with v for a",
    "weight.delta": "the derivative of <v, dE/dw> by delta: as z - b, with v for w",
    "weight.a": "the derivative of <v, dE/dw> by a: as dE/da, with v for w",
}
EVERY = """every layer with {} spatial axes, sizes L, K >= 1, strides s, dilations d, input dilations u >= 1 and
paddings p, P in Z with t = u(L-1) + p + P - d(K-1) >= 0 along each axis (r = t mod s, O = t div s + 1), every batch,
every number of groups and of channels in a group"""


def established(claim: Any, kinds: list[str], layer: Any, axes: list[dict[str, int]]) -> list[str]:
    """The claim in full: over what it is quantified, and what it says."""
    about = EVERY.format(claim["ndim"]) if claim["scope"] == "every shape" else "the layer below"
    rotated = ", rotated by 180 degrees"
    flipped, words = (", with a flipped kernel", (rotated, "")) if claim["flip"] else ("", ("", rotated))
    lines = [f"For {about}{flipped}, over every commutative ring, for every"]
    lines.append("differentiable E of z with delta = dE/dz, these are correlations (operand; kernel; options):")
    lines += ["  " + TABLE[name].format(*words) for name in claim["gradients"]]
    lines += [] if layer is None else ["The layer: " + ", ".join(f"{name}={layer[name]}" for name in sorted(layer))]
    for j, axis in enumerate(axes):
        for kind in kinds:
            _, steps, padding = row(axis, kind)
            reading = "stride {}, dilation {}, operand dilated by {}".format(*steps)
            lines.append(f"  axis {j}, O={axis['O']}, r={axis['r']}, {kind}: {reading}, padded {padding}")
    return lines


def main(paths: list[str]) -> int:
    """Check files: 0 if each establishes its claim, 1 if one does not, 2 if one cannot be read."""
    worst = 0 if paths else 2
    for path in paths:
        name = path.encode("ascii", "backslashreplace").decode()
        try:
            with open(path, "rb") as file:
                lines = check(parse(file.read(MAX_BYTES + 1)))
            print(f"{name}: ACCEPTED", *lines, sep="\n")
        except Rejected as error:
            print(f"{name}: REJECTED: {error}")
            worst = max(worst, 1)
        except OSError as error:
            print(f"{name}: cannot be read: {error.strerror}")
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
