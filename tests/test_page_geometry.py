"""The geometry of the page, run by Node: which entries meet, what a kernel that does not fit is told, what mistakes do.

The oracle is brute force over the axis relation (tests/oracle.py), and for mistakes the forms of the audit's catalogue.
"""

import json
import random
import shutil
import subprocess
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from symconv import Conv, InvalidLayer
from symconv.auditing.catalogue import Kind, mistakes
from symconv.auditing.exact import integers
from symconv.auditing.forms import Form, derivative
from symconv.report.lens import LENS
from tests import oracle

SCRIPT = Path(__file__).parent / "page_geometry.mjs"
TENSORS = ("delta", "w", "a")
SMALL = 160  # products of z in a layer whose products are all compared

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def in_node(task, layers):
    """What the page's geometry finds for each layer."""
    data = json.dumps({"task": task, "layers": [x if isinstance(x, dict) else x.to_json() for x in layers]})
    run = subprocess.run(["node", SCRIPT], input=data, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(run.stdout)


def drawn(number, seed, *, audited=False, ndim=(1, 2)):
    """Random layers, valid and small; `audited` ones are those that the catalogue of mistakes is about."""
    draw, found = random.Random(seed), []
    while len(found) < number:
        rank, groups = draw.choice(ndim), draw.choice((1, 1, 2, 3))

        def each(low, high, rank=rank):
            return tuple(draw.randint(low, high) for _ in range(rank))

        options = {} if audited else {
            "input_dilation": each(1, 3), "flip": draw.random() < 0.3, "weight_layout": draw.choice(("OI", "OI", "IO")),
        }  # fmt: skip
        low, high = (0, 3) if audited else (-3, 4)
        try:
            layer = Conv(
                each(1, 6), each(1, 4), stride=each(1, 3), dilation=each(1, 3),
                padding=tuple((draw.randint(low, high), draw.randint(low, high)) for _ in range(rank)), groups=groups,
                in_channels=groups * draw.randint(1, 2), out_channels=groups * draw.randint(1, 2),
                batch=draw.choice((1, 1, 2)), bias=True, **options,
            )  # fmt: skip
        except InvalidLayer:
            continue
        if layer.monomials <= SMALL:
            found.append(layer)
    return found


def listed(value):
    return tuple(map(listed, value)) if isinstance(value, list) else value


def counted(products):
    """How often each product occurs, by the indices of its factors."""
    found = Counter()
    for c, *factors in products:
        monomial = tuple((n, listed(at)) for n, at in zip(TENSORS, factors, strict=True) if at is not None)
        found[tuple(sorted(monomial))] += c
    return dict(found)


def differences(rows):
    """The right and the wrong coefficient of each product that the lens shows."""
    monomials = [next(iter(counted([(1, *factors)]))) for _, _, *factors in rows]
    return {m: (Fraction(*right), Fraction(*wrong)) for m, (right, wrong, *_) in zip(monomials, rows, strict=True)}


def brute_force(layer):
    """Every entry of every map as its products: those of z are those of dE/da, read by delta."""
    found = oracle.polynomial_gradients(layer)
    z = defaultdict(dict)
    for at_a, products in found["input"].items():
        for ((_, at_delta), (_, at_w)), c in products.items():
            z[at_delta][("a", at_a), ("w", at_w)] = c
    return found | {"forward": {at: z[at] for at in np.ndindex(layer.output_shape)}}


def test_the_products_of_every_entry_are_those_of_brute_force_on_2000_layers():
    layers = drawn(2000, 1)
    seen = Counter()
    for layer, maps in zip(layers, in_node("maps", layers), strict=True):
        expected = brute_force(layer)
        for slot, entries in maps.items():
            assert {listed(at): counted(found) for at, found in entries} == expected[slot], (layer, slot)
            seen[slot] += sum(len(found) for _, found in entries)
    assert min(seen.values()) > 5000
    for feature in (
        lambda x: max(x.stride) > 1 and any(x.remainder),
        lambda x: max(x.input_dilation) > 1,
        lambda x: x.groups > 1,
        lambda x: x.flip,
        lambda x: x.weight_layout == "IO",
        lambda x: any(low < 0 or high < 0 for low, high in x.padding),
        lambda x: any(low != high for low, high in x.padding),
    ):
        assert sum(map(feature, layers)) > 100


def test_products_are_listed_in_the_order_in_which_they_are_written():
    for maps in in_node("maps", drawn(200, 2)):
        for entries in maps.values():
            for _, found in entries:
                keys = [tuple(tuple(at or ()) for at in factors) for _, *factors in found]
                assert keys == sorted(keys)


def test_the_window_over_the_padded_operand_meets_what_the_axis_relation_says():
    layers = drawn(1500, 3)
    for layer, windows in zip(layers, in_node("windows", layers), strict=True):
        relation = oracle.relation(layer)
        for slot, places in windows.items():
            for place, met in places:
                for j, (at, pairs) in enumerate(zip(place, met, strict=True)):
                    last = layer.kernel_size[j] - 1
                    tap = {k: last - k if layer.flip else k for k in range(last + 1)}
                    expected = {
                        "forward": {(x, tap[k]) for i, k, x in relation[j] if i == at},
                        "input": {(i, tap[k]) for i, k, x in relation[j] if x == at},
                        "weight": {(x, i) for i, k, x in relation[j] if tap[k] == at},
                    }[slot]
                    assert {tuple(pair) for pair in pairs} == expected, (layer, slot, place)


def test_a_layer_that_does_not_exist_is_told_what_symconv_tells():
    draw, cases = random.Random(4), []
    for _ in range(3000):
        rank = draw.choice((1, 2, 3))

        def each(low, high, rank=rank):
            return [draw.randint(low, high) for _ in range(rank)]

        cases.append({
            "input_size": each(1, 5), "kernel_size": each(1, 5), "stride": each(1, 3), "dilation": each(1, 3),
            "input_dilation": each(1, 3), "padding": [[draw.randint(-4, 2), draw.randint(-4, 2)] for _ in range(rank)],
            "groups": draw.randint(1, 3), "in_channels": draw.randint(1, 4), "out_channels": draw.randint(1, 4),
            "batch": 1, "bias": True, "flip": False, "weight_layout": "OI",
        })  # fmt: skip
    refused = 0
    for arguments, problem in zip(cases, in_node("problems", cases), strict=True):
        try:
            Conv(**arguments)
            expected = ""
        except InvalidLayer as error:
            expected = str(error)
            refused += 1
        assert problem == expected
    assert 500 < refused < 2900


# --- the lens ---


@cache
def data(layer, seed):
    return integers(layer, "float64", seed, 99).in_float64()


def by_catalogue(layer, slot, name, seed):
    """What the catalogue's mistake computes; None where it says nothing, or gives another shape."""
    (mistake,) = (m for m in mistakes(slot) if m.name == name)
    form = mistake.changes[0](Form.of(layer))
    if form.resized:
        form = form.reaching(slot, form.sizes(slot)[1])
    found = derivative(form, slot, data(layer, seed))
    return None if found is None else found * float(form.scale)


def by_page(layer, found, shape, seed):
    """The page's products, multiplied and added up."""
    result = np.zeros(shape)
    terms = [(at, *product) for at, products in found["entries"] for product in products]
    if not terms:
        return result
    places, counts, *factors = zip(*terms, strict=True)
    values = np.array(counts, dtype=float)
    for name, indices in zip(TENSORS, factors, strict=True):
        if indices[0] is not None:
            values *= data(layer, seed)[name][tuple(np.array(indices).T)]
    np.add.at(result, tuple(np.array(places).T), values)
    return result * float(Fraction(*found["scale"]))


AUDITED = [
    *drawn(60, 5, audited=True),
    Conv((5, 5), (3, 3), stride=2, padding=((1, 0), (0, 1))),
    Conv((7, 6), (3, 3), stride=(2, 3), dilation=(2, 1), padding=((2, 1), (0, 2))),
    Conv((6, 6), (2, 2), stride=(3, 2), groups=2, in_channels=4, out_channels=4, batch=2),
]


@cache
def lens_runs():
    return in_node("mistakes", AUDITED)


def exactly(one, other):
    """Equal; a factor such as 1/3 is the only thing that rounds."""
    return np.allclose(one, other, rtol=1e-12, atol=0)


def test_every_mistake_of_the_lens_computes_what_the_catalogue_says():
    compared = Counter()
    for layer, runs in zip(AUDITED, lens_runs(), strict=True):
        for found in runs:
            slot, name = found["slot"], found["name"]
            expected = by_catalogue(layer, slot, name, seed=0)
            if expected is None:
                continue
            shape = expected.shape if found["length"] else RESULT_SHAPES[slot](layer)
            assert expected.shape == shape, (layer, slot, name)
            assert exactly(by_page(layer, found, shape, seed=0), expected), (layer, slot, name)
            compared[name, slot] += 1
    assert set(compared) == {(name, slot) for name, of in LENS for slot in of}
    assert min(compared.values()) > 20


RESULT_SHAPES = {
    "forward": lambda x: x.output_shape, "input": lambda x: x.input_shape, "weight": lambda x: x.weight_shape,
    "bias": lambda x: x.bias_shape,
}  # fmt: skip


def test_every_mistake_of_the_lens_bites_and_shows_the_entries_and_the_products_that_differ():
    bitten = Counter()
    for layer, runs in zip(AUDITED, lens_runs(), strict=True):
        expected = brute_force(layer)
        for found in runs:
            scale = Fraction(*found["scale"])
            theirs = {listed(at): counted(products) for at, products in found["entries"]}
            wrong = {
                at
                for at, right in expected[found["slot"]].items()
                if right != {m: c * scale for m, c in theirs.get(at, {}).items() if c * scale}
            }
            told = {listed(at): differences(rows) for at, rows in found["wrong"]}
            assert told.keys() == wrong, (layer, found["slot"], found["name"])
            for at, rows in told.items():
                right = expected[found["slot"]][at]
                other = {m: c * scale for m, c in theirs.get(at, {}).items()}
                both = {m: (right.get(m, 0), other.get(m, 0)) for m in right.keys() | other.keys()}
                assert rows == {m: pair for m, pair in both.items() if pair[0] != pair[1]}
            bitten[found["name"], found["slot"]] += bool(wrong)
    assert min(bitten[name, slot] for name, of in LENS for slot in of) > 0


def test_the_lens_of_the_page_and_its_data_name_the_same_mistakes():
    assert in_node("names", [AUDITED[0]])[0] == [[name, list(of)] for name, of in LENS]


def test_the_lens_shows_every_class_of_mistakes_that_changes_a_formula():
    kinds = {m.kind for name, of in LENS for slot in of for m in mistakes(slot) if m.name == name}
    assert kinds == set(Kind) - {Kind.CRASH, Kind.UNKNOWN}


def test_every_mistake_of_the_lens_shows_on_an_example():
    layers = in_node("examples", [AUDITED[0]])[0]
    assert [name for name, layer in layers if layer is None] == []
    assert all(Conv.from_json(layer) for _, layer in layers)
    assert [name for name, _ in layers] == [name for name, _ in LENS]
