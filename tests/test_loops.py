"""The proof of loops for numba: what it accepts, what it must refuse, and the claims that its argument rests on.

The oracle is tests/oracle.py. Loops are run by Python, but where a test says that they are compiled.
"""

import math
import re
from dataclasses import replace
from itertools import islice, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symconv.layer import Conv
from symconv.lowering import numba_backend
from symconv.lowering.choice import Options
from symconv.proof import loops as proof
from symconv.proof.loops import LoopsDiffer, prove_loops, run_loops, watched
from symconv.proof.natural import Kind, unnatural
from symconv.proof.points import ROLES, Points
from tests.strategies import layers, small_layers
from tests.test_numba import MAPS, ORACLES, TABLE, _Code, arrays, as_python, looped, written_out

LAYERS = {
    **{name: TABLE[name] for name in ("depthwise", "narrow", "strided", "dilated", "tiny")},
    "line": Conv(31, 5, stride=2, dilation=3, padding=(4,), in_channels=2, out_channels=3, bias=False, batch=4),
    "solid": Conv((3, 4, 5), (2, 3, 2), padding=1, in_channels=2, out_channels=2, bias=False, flip=True),
    "exchanged": Conv((5, 6), (3, 3), padding=((1, -1), (0, 2)), groups=2, in_channels=4, out_channels=6, bias=False,
                      weight_layout="IO"),
    "eight taps": Conv(15, 8, bias=False),
    "two tiles": Conv((50, 48), (1, 3), out_channels=2, bias=False),
    "two images": Conv((6, 5), (3, 2), padding=1, in_channels=2, out_channels=2, bias=False, batch=2),
}  # fmt: skip


def with_source(loops, source):
    return as_python(replace(loops, kernel=replace(loops.kernel, source=source)))


def changed(loops, *changes):
    """The loops with a text in which each (old, new) is replaced where it first stands."""
    source = loops.kernel.source
    for old, new in changes:
        assert old in source
        source = source.replace(old, new, 1)
    return with_source(loops, source)


def values(loops, layer, seed=1):
    """What the loops give for random integers, NaN where they write nothing, and what the convolution is."""
    first, second = arrays(layer, loops.of, seed=seed)
    x, other = (second, first) if loops.of == "weight" else (first, second)
    return watched(loops).run(x, other), ORACLES[loops.of](layer, first, second)


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("name", [name for name in LAYERS if name != "two tiles"])
def test_the_loops_of_every_kind_of_layer_are_proved(name, of):
    layer = LAYERS[name]
    found = prove_loops(as_python(looped(layer, of)))
    assert found.proved
    batches = "1, 2, 3 and 4" if layer.batch == 4 else "1, 2 and 3"
    assert found.sentences[0].startswith(f"PROVED for batches {batches}, on 1 thread: ")


def test_loops_in_tiles_are_proved():
    loops = looped(LAYERS["two tiles"], "forward")
    assert "for tile in range(2)" in loops.kernel.source
    assert prove_loops(as_python(loops)).proved


@pytest.mark.parametrize("of", MAPS)
def test_loops_without_loops_are_proved(of):
    assert prove_loops(as_python(written_out(TABLE["tiny"], of))).proved


@pytest.mark.parametrize("of", MAPS)
def test_loops_on_two_threads_are_proved(of, monkeypatch):
    monkeypatch.setattr(numba_backend, "WORTH_A_THREAD", 1)
    for name in ("dilated", "two images"):
        found = prove_loops(as_python(looped(LAYERS[name], of, 2)))
        assert found.proved
        assert "on 2 threads" in found.sentences[0]


@pytest.mark.parametrize("of", ["forward", "weight"])
def test_compiled_loops_are_proved(of):
    layer = Conv((24, 24), (3, 3), padding=1, in_channels=4, out_channels=4, bias=False, batch=8)
    found = run_loops(_Code(layer, Options(backend="numba", threads=2)), of)
    assert found.proved
    assert found.sentences[0].startswith("PROVED for batches 1, 2, 3 and 8, on 2 threads")


def test_compiled_loops_that_leave_an_array_are_found_out():
    loops = looped(LAYERS["two images"], "forward")
    source = loops.kernel.source.replace("w1_11 = weights[23]", "w1_11 = weights[24]")
    assert source != loops.kernel.source
    with pytest.raises(LoopsDiffer, match="leave an array"):
        prove_loops(replace(loops, kernel=replace(loops.kernel, source=source)))


# The corpus that must fail.

TWICE = {1: 0, 2: 3, 4: 5, 7: 6}  # as many, with the same sum and the same sum of squares: 0, 3, 5, 6 and 1, 2, 4, 7
TAPS = [(f"w0_{k} = weights[{k}]", f"w0_{k} = weights[{to}]") for k, to in TWICE.items()]
READS = [(f"x{k} = values[j + {k}]", f"x{k} = values[j + {to}]") for k, to in TWICE.items()]
LOOP = " " * 20
POSITIONS = "".join(f"{LOOP}if j == {j}:\n{LOOP}    j = {to}\n" for j, to in TWICE.items())

DEEP = " " * 28  # where results are written, and nothing else is

WRONG = {
    "another weight": ("two images", "forward", ("w0_3 = weights[3]", "w0_3 = weights[2]")),
    "the weights of another output channel": ("two images", "forward", ("w1_0 = weights[12]", "w1_0 = weights[0]")),
    "another tap's place": ("two images", "forward", ("x3 = values[j + 8]", "x3 = values[j + 7]")),
    "another channel's place": ("two images", "forward", ("x6 = values[j + 80]", "x6 = values[j + 0]")),
    "a tap left out": ("two images", "forward", (" + w0_5 * x5", "")),
    "a tap twice": ("two images", "forward", (" + w0_5 * x5", " + w0_5 * x5 + w0_5 * x5")),
    "one tap for another": ("two images", "forward", ("w0_5 * x5", "w0_4 * x4")),
    "taps for others with the same sums": ("eight taps", "forward", *TAPS, *READS),
    "positions for others with the same sums": ("eight taps", "weight", (f"{LOOP}d0 =", f"{POSITIONS}{LOOP}d0 =")),
    "a tile that starts late": ("two tiles", "forward", ("first = tile * 25 * 48 + 0", "first = tile * 24 * 48 + 0")),
    "a tile too few": ("two tiles", "forward", ("for tile in range(2)", "for tile in range(1)")),
    "a tile that is short": ("two tiles", "forward", ("min(25, 50 - tile * 25)", "min(25, 49 - tile * 25)")),
    "a store elsewhere": ("two tiles", "forward", ("tile * 25 * 46 + 0", "tile * 24 * 46 + 0")),
    "a row elsewhere": ("two tiles", "forward", ("to_row[j] = row[j]", "to_row[j + 1] = row[j]")),
    "channels that are not summed": ("narrow", "weight", ("for some in range(3)", "for some in range(2)")),
    "the first image always": ("two images", "forward", ("x[(((image + i) * 1", "x[(((0 * image + i) * 1")),
    "the first image of those together": ("two images", "weight", ("x[(((image + i) * 1", "x[(((image + 0) * 1")),
    "no sum over images": ("two tiles", "weight", ("s0_0 = sums[0]", f"sums[0] = 0\n{LOOP[4:]}s0_0 = sums[0]")),
    "the row of another delta": ("two images", "weight", ("(block * 2 + 1)", "(block * 2 + 0)")),
    "rows of delta that overlap": ("two images", "weight", ("to[j0 * 7 + 0:]", "to[j0 * 6 + 0:]")),
    "no sum over taps": ("strided", "forward", ("sums[j + 0] += w0_0", "sums[j + 0] = w0_0")),
    "sums that are not cleared": ("strided", "forward", ("sums[o * 32 + j] = 0", "sums[0] = 0")),
    "results that are not written": ("two images", "forward", ("range(positions)", "range(positions - 1)")),
    "results that are added to": ("two images", "forward", (f"{DEEP}to_row[j] =", f"{DEEP}to_row[j] +=")),
}


@pytest.mark.parametrize("name", WRONG)
def test_loops_that_are_wrong_are_refused(name):
    layer, of, *changes = WRONG[name]
    layer = replace(LAYERS[layer], batch=2)
    loops = changed(looped(layer, of), *changes)
    got, wanted = values(loops, layer)
    assert not np.array_equal(got, wanted)
    with pytest.raises(LoopsDiffer, match=r"give (nan|\d+) at \(.*\), not \d+, at point \d+ of the proof"):
        prove_loops(loops)


@pytest.mark.parametrize("name", ["taps for others with the same sums", "positions for others with the same sums"])
def test_only_the_digits_see_products_that_are_counted_twice_for_others(name):
    layer, of, *changes = WRONG[name]
    loops = watched(changed(looped(LAYERS[layer], of), *changes))
    points = Points(LAYERS[layer], of)
    agree = [np.array_equal(loops.run(x, other), wanted) for x, other, wanted in filled(points)]
    assert agree == [*[True] * (len(agree) - 1), False]


def filled(points):
    """The arrays of all points."""
    for point in points:
        found = []
        for vectors, shape in zip(point.all, points.shapes, strict=True):
            whole = np.ones(())
            for vector in vectors:
                whole = np.multiply.outer(whole, vector)
            found.append(whole.reshape(shape))
        yield found


def test_threads_that_write_the_same_places_are_refused(monkeypatch):
    monkeypatch.setattr(numba_backend, "WORTH_A_THREAD", 1)
    layer = Conv((4, 4), (3, 3), in_channels=2, out_channels=6, groups=1, bias=False)
    one, two = (changed(looped(layer, "forward", threads), ("range(part, ", "range(0 * part, ")) for threads in (1, 2))
    assert one.kernel.blocks > 1
    assert prove_loops(one).proved
    with pytest.raises(LoopsDiffer, match="give nan at"):
        prove_loops(two)


@pytest.mark.parametrize("times", [0, 2])
@pytest.mark.parametrize(
    ("name", "of"), [("two images", "forward"), ("strided", "forward"), ("strided", "input"), ("eight taps", "weight")]
)
def test_a_line_left_out_or_written_twice_is_refused_where_it_bites(name, of, times):
    loops = looped(LAYERS[name], of)
    lines = loops.kernel.source.splitlines(keepends=True)
    bitten = 0
    for at in range(1, len(lines)):
        try:
            other = with_source(loops, "".join([*lines[:at], *times * [lines[at]], *lines[at + 1 :]]))
            got, wanted = values(other, LAYERS[name])
        except SyntaxError:  # the line opens a block
            continue
        except (NameError, IndexError, ValueError):
            pass
        else:
            if np.array_equal(got, wanted):
                continue
        bitten += 1
        try:
            proved = prove_loops(other).proved
        except LoopsDiffer:
            proved = False
        assert not proved
    assert bitten > 3 or times == 2  # what is only assigned may be assigned twice


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=25, deadline=None)
@given(layer=small_layers(max_ndim=2), data=st.data())
def test_what_is_proved_after_a_change_is_the_convolution(of, layer, data):
    layer = replace(layer, bias=False)
    loops = looped(layer, of)
    numbers = list(re.finditer(r"\b\d+\b", loops.kernel.source))
    at = data.draw(st.sampled_from(numbers))
    number = data.draw(st.integers(0, 2 * int(at[0]) + 2).filter(lambda n: n != int(at[0])))
    source = loops.kernel.source[: at.start()] + str(number) + loops.kernel.source[at.end() :]
    loops = with_source(loops, source)
    try:
        proved = prove_loops(loops).proved
    except (LoopsDiffer, ZeroDivisionError):
        proved = False
    assume(proved)
    for seed in range(3):
        got, wanted = values(loops, layer, seed)
        assert np.array_equal(got, wanted)


# Texts that are of another form.

HEAD = "def kernel(x, w, z, padded, sums, batch, together, start, stop, parts):\n"
FLAT = HEAD + "".join(f"    {name} = {name}.reshape(-1)\n" for name in "xwz")
UNNATURAL = {
    "z[0] = z[0] - x[0] * w[0]": "entries are added and multiplied, and nothing else",
    "z[0] = -z[0]": "z[0] is a sum of products, and an integer is needed",
    "z[0] -= x[0] * w[0]": "no such statement is known",
    "z[0] = x[0] * x[1] * w[0]": "an entry of the first operand is not multiplied by an entry of the first operand",
    "z[0] = x[0] * w[0] * w[1]": "a sum of products is not multiplied by an entry of the other operand",
    "z[0] = 2 * x[0] * w[0]": "an integer is not multiplied by an entry of the first operand",
    "z[0] = x[0] * w[0] + 1": "a sum of products is not added to an integer",
    "z[0] = 1": "an integer would stand among an array, each a sum of products",
    "z[0] = x[0]": "an entry of the first operand would stand among an array, each a sum of products",
    "padded[0] = w[0]": "an entry of the other operand would stand among an array, each an entry of the first operand",
    "padded[0] = x[0] + x[1]": "an entry of the first operand is not added to an entry of the first operand",
    "padded[0] += x[0]": "an entry of the first operand is not added to an entry of the first operand",
    "z[0] = sums[x[0]]": "x[0] is an entry of the first operand, and an integer is needed",
    "z[x[0]] = 0": "x[0] is an entry of the first operand, and an integer is needed",
    "for j in range(w[0]):\n        z[j] = 0": "w[0] is an entry of the other operand, and an integer is needed",
    "if x[0] > 0:\n        z[0] = 0": "x[0] is an entry of the first operand, and an integer is needed",
    "while batch:\n        z[0] = 0": "no such statement is known",
    "padded[0] = min(x[0], x[1])": "x[0] is an entry of the first operand, and an integer is needed",
    "z[0] = x[0] * w[0] if batch else z[0]": "x[0] * w[0] if batch else z[0] is neither an integer nor an entry",
    "z[0] = abs(z[0])": "abs(z[0]) is neither an integer nor an entry",
    "x[0] = 0": "an operand is never written",
    "w[1] = w[0]": "an operand is never written",
    "z[0] = value": "value may have no value here",
    "for j in range(batch):\n        s = z[j]\n    z[0] = s": "s may have no value here",
    "batch = x[0]": "batch was an integer and would become an entry of the first operand",
    "padded = w": "padded was an array, each an entry of the first operand and would become an array, each an entry "
                  "of the other operand",
    "min = batch": "min is a function",
    "z[0] = z[0] ** batch": "entries are added and multiplied, and nothing else",
    "z[0:2] = 0": "slice(0, 2) is neither",
    "z = x @ w": "entries are added and multiplied, and nothing else",
    "return": "no such statement is known",
    "z[0] = 0.0": "0.0 is neither an integer nor an entry",
}  # fmt: skip


@pytest.mark.parametrize("body", UNNATURAL)
def test_a_text_of_another_form_is_refused_with_the_reason(body):
    reason = unnatural(f"{FLAT}    {body}\n", Kind.PRODUCT)
    assert reason is not None
    assert re.match(r"line [5-7], ", reason)
    assert UNNATURAL[body] in reason or body == "z[0:2] = 0"


@pytest.mark.parametrize(
    "text", ["", "kernel = 1", "import os", "def kernel(x, *rest):\n    x = x", "@f\ndef kernel(x):\n    x = x",
             FLAT.replace("together", "min") + "    z[0] = 0", FLAT.replace("parts", "parts=1") + "    z[0] = 0"]
)  # fmt: skip
def test_what_is_not_one_function_is_refused(text):
    assert unnatural(text, Kind.PRODUCT) is not None


@pytest.mark.parametrize("name", "xwz")
def test_an_operand_or_result_that_is_not_flat_has_no_entries(name):
    text = FLAT.replace(f"    {name} = {name}.reshape(-1)\n", "") + "    z[0] = x[0] * w[0]\n"
    assert f"{name} is not flat" in unnatural(text, Kind.PRODUCT)
    assert "padded is not flat" not in unnatural(text, Kind.PRODUCT)
    again = f"{FLAT}    y = {name}\n    for j in range(batch):\n        y[0] = 0\n"
    assert "is not flat" not in str(unnatural(again, Kind.PRODUCT))
    first = f"{HEAD}    y = {name}.reshape(-1)\n    y = {name}\n"
    assert "y was an array" in unnatural(first, Kind.PRODUCT)


def test_products_may_be_taken_up_and_put_back():
    body = "    s = z[0]\n    for j in range(batch):\n        s += x[j] * w[j]\n    z[0] = s + z[1]\n"
    assert unnatural(FLAT + body, Kind.PRODUCT) is None


@pytest.mark.parametrize(
    "change", [(" + w0_5 * x5", " - w0_5 * x5"), ("w0_5 * x5", "w0_5 * x5 * x5"), ("w0_5 * x5", "w0_5 * (x5 + x5)"),
               ("w0_5 * x5", "w0_5 * min(x5, x4)")]
)  # fmt: skip
def test_loops_of_another_form_are_undecided(change):
    layer = LAYERS["two images"]
    loops = changed(looped(layer, "forward"), change)
    got, wanted = values(loops, layer)
    assert not np.array_equal(got, wanted)
    found = prove_loops(loops)
    assert not found.proved
    assert re.match(r"UNDECIDED: the text is of no form that is proved: line \d+, sums", found.sentences[0])


# What the argument rests on.


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=30, deadline=None)
@given(layer=layers(max_size=4, max_channels=3))
def test_what_the_theorem_gives_at_a_point_is_the_convolution_of_brute_force(of, layer):
    layer = replace(layer, bias=False)
    points = Points(layer, of)
    assert points.count == len(list(points))
    for x, other, wanted in islice(filled(points), 40):
        first, second = (other, x) if of == "weight" else (x, other)
        assert np.array_equal(ORACLES[of](layer, first, second), wanted)


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=30, deadline=None)
@given(layer=layers(max_size=4, max_channels=3))
def test_the_digits_of_all_parts_are_as_many_as_the_products(of, layer):
    points = Points(replace(layer, bias=False), of)
    ones, *rest = (wanted for _, _, wanted in filled(points))
    parts = int(np.prod(points._parts))
    assert max(wanted.max() for wanted in rest[-parts:]) < 2**53
    digits = sum(np.vectorize(lambda n: int(n).bit_count())(wanted) for wanted in rest[-parts:])
    assert np.array_equal(digits, ones)


def test_a_sum_of_powers_has_the_fewest_terms_in_binary_and_only_there():
    digits = 4
    for counts in product(range(5), repeat=digits):
        total = sum(count << place for place, count in enumerate(counts))
        assert sum(counts) >= total.bit_count()
        if sum(counts) == total.bit_count():
            assert counts == tuple(total >> place & 1 for place in range(digits))


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=40, deadline=None)
@given(layer=small_layers(max_ndim=2), data=st.data())
def test_a_form_of_as_many_products_that_has_others_is_seen_at_a_point_of_the_equations(of, layer, data):
    layer = replace(layer, bias=False)
    points = Points(layer, of)
    sizes = points.shapes
    t = tuple(data.draw(st.integers(0, size - 1)) for size in sizes[2])
    pairs = list(product(np.ndindex(sizes[0]), np.ndindex(sizes[1])))
    right = [pair for pair in pairs if belong(layer, of, *pair, t)]
    wrong = [pair for pair in pairs if not belong(layer, of, *pair, t)]
    if not wrong:
        return
    others = data.draw(st.lists(st.sampled_from(wrong), min_size=1, max_size=max(1, len(right))))
    form = [*right[len(others) :], *others]
    equations = points.count - int(np.prod(points._parts))
    seen = [sum(x[i] * w[j] for i, j in form) != wanted[t] for x, w, wanted in islice(filled(points), equations)]
    assert any(seen)


def belong(layer, of, i, j, t):
    """Whether entries of the operands make a product at a place of the result."""
    found = dict(zip(ROLES[of], (i, j, t), strict=True))
    (n, y, *x), (row, column, *k), (image, o, *z) = found["a"], found["w"], found["z"]
    ins, outs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    group = o // outs
    channel = (y, o - group * outs) if layer.weight_layout == "IO" else (o, y - group * ins)
    taps = [size - 1 - at if layer.flip else at for size, at in zip(layer.kernel_size, k, strict=True)]
    along = zip(x, z, taps, layer.stride, layer.dilation, layer.input_dilation, layer.padding, strict=True)
    return (
        n == image
        and y // ins == group
        and (row, column) == channel
        and all(u * at == s * place + d * tap - low for at, place, tap, s, d, u, (low, _) in along)
    )


# What is said where nothing is proved.


def test_loops_that_would_take_too_long_are_undecided_and_run_on_random_integers(monkeypatch):
    monkeypatch.setattr(proof, "ONE_IMAGE", 1e6)
    code = _Code(TABLE["depthwise"], Options(backend="numba"))
    code = code.changed("forward", code.loops["forward"].kernel.source)
    found = run_loops(code, "forward")
    assert not found.proved
    assert found.sentences[0] == "UNDECIDED: loops of this size are not proved, which would take too long"
    assert int(re.search(r"chance below 2\*\*-(\d+)", found.sentences[1])[1]) > 60


def test_numbers_that_float64_would_round_are_not_computed_with(monkeypatch):
    monkeypatch.setattr(proof, "DIGITS", 3)
    found = prove_loops(as_python(looped(TABLE["narrow"], "forward")))
    assert found.sentences == ("UNDECIDED: the points of a proof would have numbers that float64 rounds",)


@pytest.mark.parametrize(
    ("of_work", "batches"),
    [
        (0, "a batch of 1"),
        (3, "batches 1 and 2"),
        (9, "batches 1 and 8"),
        (11, "batches 1, 2 and 8"),
        (14, "batches 1, 2, 3 and 8"),
    ],
)
def test_more_images_are_proved_where_there_is_time_those_of_the_layer_first(monkeypatch, of_work, batches):
    layer = replace(LAYERS["eight taps"], batch=8)
    monkeypatch.setattr(proof.Points, "work", property(lambda points: points.layer.batch))
    monkeypatch.setattr(proof, "MORE_IMAGES", of_work)
    found = prove_loops(as_python(looped(layer, "forward")))
    assert found.sentences[0].startswith(f"PROVED for {batches}, on 1 thread")


def test_a_proof_that_takes_long_is_made_if_it_is_asked_for():
    loops = as_python(looped(TABLE["narrow"], "forward"))
    found = prove_loops(loops, largest=0)
    assert found.sentences == ("UNDECIDED: loops of this size are not proved, which would take too long",)
    assert prove_loops(loops, largest=math.inf).proved


def test_without_checks_of_indices_nothing_is_proved(monkeypatch):
    monkeypatch.setattr("numba.config.BOUNDSCHECK", 0)
    found = prove_loops(looped(TABLE["narrow"], "forward"))
    assert found.sentences == ("UNDECIDED: NUMBA_BOUNDSCHECK=0 is set, and a proof needs the checks of indices",)
