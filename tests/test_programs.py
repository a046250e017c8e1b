"""Array programs: each is the convolution that it is proved to be, and none that is not is proved."""

import ast
import json
import multiprocessing
import random
import subprocess
import sys
import tracemalloc
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symconv.enumeration import written_out
from symconv.errors import InvalidExpression, InvalidOption
from symconv.explained import explain, unproved
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.lowering import Lowered, lower, tuning
from symconv.lowering.algorithms import plane as planes
from symconv.lowering.algorithms import winograd, winograd_rows, winograd_sum
from symconv.lowering.algorithms.blocks import Blocks
from symconv.lowering.algorithms.fourier import fast_length
from symconv.lowering.algorithms.fourier_rows import fourier_rows
from symconv.lowering.algorithms.plane import Tiling, plane
from symconv.lowering.algorithms.windows import Bands, windows, windows_sum
from symconv.lowering.candidates import WORKSPACE, Candidate, Tiled, _under_rows, candidates
from symconv.lowering.choice import MAPS, PROGRAMS, Options, considered
from symconv.lowering.lowered import FUNCTIONS
from symconv.lowering.nodes import (
    Combine,
    Copy,
    Each,
    MatMul,
    Merge,
    Operand,
    Overlap,
    Pad,
    Total,
    View,
    Waves,
    at_place,
    axis,
    check,
    merge,
    split,
    view,
    wave_count,
)
from symconv.lowering.problem import Task, task
from symconv.lowering.waves import MIXTURES, constant, definition
from symconv.polynomial import Entry, Polynomial
from symconv.proof import roots_of_unity
from symconv.proof.execution import run_forward_and_gradients
from symconv.proof.general_programs import algorithms, domain, prove_algorithm
from symconv.proof.programs import Unequal, operands, prove_program
from symconv.proof.roots_of_unity import cyclotomic, rounding_bound, sums_vanish, waves_bound, waves_cancel
from symconv.proof.symbolic_ranges import Witnessed
from tests import oracle
from tests.programs import by_hand, drawn_changes, instance, printed
from tests.strategies import layers, small_layers

# Layers that have between them every program, with steps that are larger than 1 where a program allows it.
TABLE = {
    "plain": Conv((7, 6), (3, 3), padding=((1, 2), (0, 1)), in_channels=2, out_channels=3),
    "dilated": Conv((7, 8), (3, 2), padding=((2, 1), (1, 0)), dilation=(2, 3), in_channels=2, out_channels=2),
    "strided": Conv((8, 9), (3, 2), padding=((2, 1), (1, 0)), stride=(2, 3), in_channels=2, out_channels=3),
    "grouped": Conv((6, 5), (2, 3), padding=1, groups=2, in_channels=4, out_channels=6),
    "volume": Conv((4, 5, 4), (2, 2, 3), padding=1, dilation=(1, 2, 1), in_channels=2, out_channels=2),
    "line": Conv(11, 4, padding=2, dilation=2, in_channels=2, out_channels=3),
    "pointwise": Conv((4, 3), (1, 1), in_channels=3, out_channels=2),
    "spread": Conv((4, 5), (3, 2), stride=(2, 1), input_dilation=(2, 3), padding=((1, 2), (2, 0)), in_channels=2),
    "transposed": Conv.transposed((4, 3), (3, 2), stride=2, padding=1, output_padding=1, in_channels=2, out_channels=3),
    "small": Conv((4, 3), (2, 3), stride=(2, 1), padding=((1, 1), (0, 2)), in_channels=2, out_channels=3),
    "tall": Conv((18, 5), (3, 2), padding=((1, 1), (-1, 2)), in_channels=2, out_channels=2),
    "cropped": Conv((9, 8), (3, 2), padding=((-1, 2), (1, -2)), in_channels=2, out_channels=2, flip=True),
}


# Layers whose workspaces are large enough for bands.
BANDED = (
    Conv((256, 256), (15, 15), padding=7),
    Conv((512, 512), (5, 5), padding=2, stride=2, in_channels=16, out_channels=8),
)


def offered(layer, dtype="float64", of=None):
    """The candidates of every map of a layer."""
    options = Options(dtype=dtype, accuracy=10.0)
    return [(m, c) for m in MAPS if of in (None, m) for c in considered(layer, m, options)]


def small_numbers(layer, batch, seed, dtype=np.float64):
    draw = np.random.default_rng(seed)
    sizes = {"a": (batch, *layer.input_shape[1:]), "w": layer.weight_shape, "b": layer.bias_shape,
             "delta": (batch, *layer.output_shape[1:])}  # fmt: skip
    return {name: draw.integers(-4, 5, size).astype(dtype) for name, size in sizes.items()}


def arguments(of, layer, arrays):
    names = {
        "forward": ("a", "w", "b") if layer.bias else ("a", "w"),
        "input": ("delta", "w"),
        "weight": ("delta", "a"),
    }
    return [arrays[name] for name in names[of]]


def result(layer, of, program, arrays, dtype="float64"):
    return getattr(lower(layer, program=program, dtype=dtype, accuracy=10.0), FUNCTIONS[of])(
        *arguments(of, layer, arrays)
    )


# Values.


@settings(deadline=None, max_examples=100)
@given(layers(), st.integers(0, 3), st.integers(0, 2**32))
def test_every_program_computes_the_closed_form(layer, batch, seed):
    arrays = small_numbers(layer, batch, seed)
    for of, one in offered(layer):
        wanted = result(layer, of, "closed", arrays)
        got = result(layer, of, one.candidate.name, arrays)
        assert got.shape == wanted.shape
        assert got.flags.c_contiguous
        assert not any(np.shares_memory(got, array) for array in arrays.values())
        if one.candidate.name in ("fourier", "fourier-rows", "winograd-rows"):
            assert_allclose(got, wanted, atol=1e-9)
        else:
            assert_array_equal(got, wanted, strict=True)


@settings(deadline=None, max_examples=60)
@given(small_layers(max_batch=2))
def test_every_exact_program_run_on_symbols_gives_the_polynomials_of_the_theorem(layer):
    symbols = {name: array.astype(object) for name, array in small_numbers(layer, layer.batch, 0).items()}
    for name, array in symbols.items():
        for at in np.ndindex(array.shape):
            array[at] = Polynomial.of(Entry(name, at))
    z, gradients = written_out(weighted_input(layer)), list(oracle.polynomial_gradients(layer).values())
    for of, one in offered(layer, "other"):
        got = result(layer, of, one.candidate.name, symbols, "other")
        if of == "forward":
            assert {Entry("z", at): got[at] for at in np.ndindex(got.shape)} == z
        else:
            wanted = gradients[0 if of == "input" else 1]
            assert {at: dict(Polynomial.of(got[at]).coefficients) for at in np.ndindex(got.shape)} == wanted


@pytest.mark.parametrize("of", [winograd, winograd_rows, winograd_sum])
def test_the_matrices_of_winograd_are_exact(of):
    products = of.STEP + of.TAPS - 1
    for r in range(len(of.A)):
        for k in range(products + 1 - len(of.A)):
            for j in range(products):
                assert sum(of.A[r][q] * of.G[q][k] * of.B[q][j] for q in range(products)) == (j == r + k)


def test_sums_of_roots_of_unity_vanish_exactly_for_every_length_that_is_used():
    lengths = {fast_length(n) for n in range(1, 400)}
    assert all(sums_vanish(n) for n in lengths)


@pytest.mark.parametrize("n", [2, 6, 9, 30])
def test_a_polynomial_that_is_not_cyclotomic_is_found_out(n, monkeypatch):
    monkeypatch.setattr(roots_of_unity, "cyclotomic", lambda size: (*cyclotomic(size)[:-1], 0, 1))
    assert not sums_vanish.__wrapped__(n)


@pytest.mark.parametrize("size", [(31, 30), (64, 64), (90, 7)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_fourier_program_rounds_within_its_stated_bound(size, dtype):
    layer = Conv(size, (5, 5), padding=2, in_channels=2, bias=False)
    draw = np.random.default_rng(3)
    a, w = (draw.standard_normal(s) for s in (layer.input_shape, layer.weight_shape))
    exact = lower(layer, program="windows").forward(a, w)
    got = lower(layer, program="fourier", dtype=dtype).forward(a.astype(dtype), w.astype(dtype))
    norms = max(np.linalg.norm(a[0, c]) * np.linalg.norm(w[0, c]) for c in range(2))
    circle = tuple(fast_length(n + 4) for n in size)
    assert np.abs(got - exact).max() <= rounding_bound(circle, 2, np.finfo(dtype).eps, norms)


def _matrices(n):
    """The matrices of waves as a printed module makes them."""
    names = {"np": np, "Array": np.ndarray}
    exec(definition([n]), names)
    return names[constant(n)]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 23, 30, 61, 64])
def test_the_matrices_of_waves_take_circular_correlation_to_products(n):
    operand, kernel, result = _matrices(n)
    assert {m.shape for m in (operand, kernel, result)} == {(wave_count(n), n)}
    t, k, j = np.ogrid[:n, :n, :n]
    wanted = (t - j - k) % n == 0
    assert_allclose(np.einsum("rt,rk,rj->tkj", operand, kernel, result), wanted, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 23, 64])
def test_the_printed_waves_are_the_mixtures_that_are_proved(n):
    angle = 2 * np.pi / n * np.outer(np.arange(n // 2 + 1), np.arange(n))
    cos, sin = np.cos(angle), np.sin(angle)
    between = [f for f in range(n // 2 + 1) if 0 < 2 * f < n]
    weight = np.array([2.0 if f in between else 1.0 for f in range(n // 2 + 1)])[:, None] / n
    for matrix, (part, mixtures) in zip(_matrices(n), MIXTURES.items(), strict=True):
        rows = [c * cos + s * sin for c, s in mixtures]
        wanted = np.concatenate([rows[0], *(row[between] for row in rows[1:])])
        if part == "result":
            wanted *= np.concatenate([weight, weight[between], weight[between]])
        assert_allclose(matrix, wanted, atol=1e-12)


def test_waves_cancel_for_every_length_that_is_used():
    assert all(waves_cancel(n) for n in range(1, 130))


@pytest.mark.parametrize("part", MIXTURES)
@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("wave", range(2))
@pytest.mark.parametrize("by", [1, -1])
def test_other_mixtures_of_waves_are_found_out(part, row, wave, by, monkeypatch):
    changed = [list(one) for one in MIXTURES[part]]
    changed[row][wave] += by
    monkeypatch.setitem(roots_of_unity.MIXTURES, part, tuple(map(tuple, changed)))
    assert not roots_of_unity.mixtures_agree.__wrapped__()


def _with_waves(node, change):
    """A program with its matrices of waves changed."""
    if isinstance(node, Waves):
        return change(node)
    if isinstance(node, tuple):
        return tuple(_with_waves(one, change) for one in node)
    if not is_dataclass(node) or isinstance(node, Polynomial):
        return node
    return replace(node, **{f.name: _with_waves(getattr(node, f.name), change) for f in fields(node)})


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize(
    "change",
    [
        lambda w: replace(w, part={"operand": "kernel", "kernel": "operand"}.get(w.part, w.part)),
        lambda w: replace(w, part="kernel"),
        lambda w: Operand("x", w.shape),
        lambda w: replace(w, length=w.length + 2),
        lambda w: View(replace(w, length=w.length + 2), w.shape, (axis(0), axis(1))),
        lambda w: View(w, w.shape, (axis(0), w.length - 1 - axis(1))),
        lambda w: View(w, w.shape, (w.shape[0] - 1 - axis(0), axis(1))) if w.part == "kernel" else w,
    ],
    ids=["exchanged", "alike", "given", "longer", "not all rows", "turned", "other rows"],
)
def test_a_program_with_other_waves_is_not_proved(of, change):
    given_task = task(Conv((20, 9), (3, 4), stride=(1, 3), padding=((1, 2), (2, 1)), in_channels=2, batch=2), of)
    problem = _numbered(given_task.problem)
    (candidate,) = (c for c in candidates(given_task) if c.name == "fourier-rows")
    program = candidate.build(operands(problem))
    prove_program(problem, program)
    with pytest.raises((Unequal, InvalidExpression)):
        prove_program(problem, _with_waves(program, change))


def test_rows_on_a_circle_that_is_too_short_are_not_proved():
    problem = _numbered(task(Conv((20, 9), (3, 4), padding=1, in_channels=2), "forward").problem)
    *outer, last = problem.lines
    short = replace(problem, lines=(*outer, replace(last, padded_size=last.padded_size - 1)))
    with pytest.raises((Unequal, InvalidExpression), match=r"may go around a circle|may leave the axis"):
        prove_program(problem, fourier_rows(operands(short), padded=False))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "layer",
    [
        Conv((20, 31), (5, 5), padding=2, in_channels=8, bias=False),
        Conv((24, 40), (3, 7), stride=2, dilation=(1, 3), padding=3, in_channels=16, out_channels=4, bias=False),
    ],
    ids=["plain", "strided"],
)
def test_fourier_of_rows_rounds_within_its_stated_bound(layer, dtype):
    draw = np.random.default_rng(4)
    a, w = (draw.standard_normal(s).astype(dtype) for s in (layer.input_shape, layer.weight_shape))
    exact = lower(layer, program="windows").forward(a.astype(float), w.astype(float))
    got = lower(layer, program="fourier-rows", dtype=dtype).forward(a, w)
    length = task(layer, "forward").problem.lines[-1].padded_size
    taps = layer.in_channels * layer.kernel_size[0]
    norms = taps * np.abs(a).sum(-1).max() * np.abs(w).sum(-1).max()
    sums = layer.input_size[-1] + layer.kernel_size[-1] + taps + wave_count(length)
    assert 0 < np.abs(got - exact).max() <= waves_bound(length, sums, np.finfo(dtype).eps, norms)


@pytest.mark.parametrize(
    "layer",
    [
        Conv((20, 20), (5, 5), padding=2, in_channels=8, out_channels=8, bias=False),
        Conv((24, 24), (7, 7), stride=2, padding=3, in_channels=3, out_channels=8, bias=False),
        Conv((28, 28), (3, 3), padding=1, in_channels=16, out_channels=8, bias=False),
    ],
    ids=["5x5", "strided", "3x3"],
)
def test_fourier_of_rows_rounds_no_more_than_it_says(layer):
    """In float32, against direct summation one product after the other."""
    draw = np.random.default_rng(5)
    a, w = (draw.standard_normal(s).astype(np.float32) for s in (layer.input_shape, layer.weight_shape))
    exact = lower(layer, program="windows").forward(a.astype(float), w.astype(float))
    padded = np.pad(a, ((0, 0), (0, 0), *layer.padding))
    direct = np.zeros(exact.shape, np.float32)
    for c, *k in np.ndindex(layer.in_channels, *layer.kernel_size):
        reach = (slice(tap, tap + s * (o - 1) + 1, s)
                 for tap, s, o in zip(k, layer.stride, layer.output_size, strict=True))  # fmt: skip
        direct += w[None, :, c, *k, None, None] * padded[:, c, None, *reach]
    got = lower(layer, program="fourier-rows").forward(a, w)
    (candidate,) = (c for c in candidates(task(layer, "forward")) if c.name == "fourier-rows")
    error, of_direct = (np.abs(z - exact).max() for z in (got, direct))
    assert candidate.error <= 2
    assert error <= candidate.error * of_direct


def test_a_short_sum_of_waves_is_offered_only_with_leave_to_round():
    layer = Conv((56, 56), (3, 3), padding=1, out_channels=64, bias=False)
    names = {accuracy: {c.candidate.name for c in considered(layer, "forward", Options(accuracy=accuracy))}
             for accuracy in (2.0, 10.0)}  # fmt: skip
    assert "fourier-rows" in names[10.0] - names[2.0]


def test_a_small_layer_keeps_small_whole_numbers_exact():
    layer = Conv((6, 5), (2, 3), padding=1, groups=2, in_channels=4, out_channels=6, batch=8)
    quickest, *_ = considered(layer, "input", Options(dtype="float64", accuracy=10.0))
    code = lower(layer, dtype="float64", accuracy=10.0, threads=1)
    assert quickest.candidate.name == "fourier-rows"
    assert "keeps small whole numbers exact" in code.choices()["input"].reason
    arrays = small_numbers(layer, 8, 0)
    assert_array_equal(code.input_gradient(arrays["delta"], arrays["w"]), result(layer, "input", "closed", arrays))
    assert code.choices()["input"].chosen.candidate.exact


@pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float16", "float32", "complex64", "object"])
def test_dtype_is_kept_whatever_the_program(layer, dtype):
    arrays = small_numbers(layer, 2, 0, dtype)
    for program in PROGRAMS:
        try:
            code = lower(layer, program=program, accuracy=10.0)
        except InvalidOption:
            continue
        for of in MAPS:
            got = getattr(code, FUNCTIONS[of])(*arguments(of, layer, arrays))
            wanted = result(layer, of, "closed", arrays)
            assert got.dtype == wanted.dtype
            if dtype in ("float32", "complex64", "float16"):
                assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)
            else:
                assert_array_equal(got, wanted)


@settings(deadline=None, max_examples=120)
@given(layers(max_size=5), st.integers(0, 2**32))
def test_a_nan_or_infinity_stays_where_direct_summation_has_it_in_programs_that_promise_it(layer, seed):
    arrays = small_numbers(layer, 2, seed)
    draw = np.random.default_rng(seed)
    for array in arrays.values():
        array.flat[draw.integers(array.size)] = draw.choice([np.nan, np.inf, -np.inf])
    for of, one in offered(layer):
        if not one.candidate.finite:
            continue
        with np.errstate(all="ignore"):
            wanted, got = (result(layer, of, p, arrays) for p in ("closed", one.candidate.name))
        finite = np.isfinite(wanted)
        assert_array_equal(got[finite], wanted[finite])  # what is finite in the formula is finite, and the same


def test_programs_that_may_spread_a_nan_are_left_out_on_request():
    layer = Conv((32, 32), (3, 3), padding=1, in_channels=32, out_channels=32)
    for of in MAPS:
        names = {c.candidate.name for c in considered(layer, of, Options(finite_only=False))}
        assert "windows" in names
        assert not names & {"winograd", "fourier", "fourier-rows", "toeplitz"}


# Proofs.


@settings(deadline=None, max_examples=200)
@given(layers())
@example(Conv((1,), (1,), padding=((1, -1),)))  # z reads nothing but a zero of the padding
@example(Conv((1,), (3,), padding=((0, 3),)))  # and so do some taps
@example(Conv((2,), (4,), padding=((1, 2),), input_dilation=2))  # all taps that a block may read are there
def test_every_program_that_is_offered_is_proved(layer):
    for of in MAPS:
        given_task = task(layer, of)
        for candidate in candidates(given_task):
            prove_program(given_task.problem, candidate.build(operands(given_task.problem)), candidate.tiled)


@pytest.mark.parametrize("name", algorithms())
def test_every_algorithm_is_proved_for_every_shape(name):
    for ndim, grouped in domain(name):
        if ndim < 3 or not grouped:  # in groups, rank 3 adds a label to what rank 2 shows
            assert prove_algorithm(name, ndim, grouped=grouped).algorithm == name


def test_every_candidate_names_an_algorithm_that_is_proved_for_every_shape():
    names = {c.candidate.algorithm for layer in TABLE.values() for _, c in offered(layer)}
    assert names <= set(algorithms())
    assert {
        "plane",
        "plane, summed",
        "rows",
        "rows, summed",
        "winograd",
        "fourier",
        "fourier, summed",
        "fourier-rows",
        "fourier-rows, padded",
        "fourier-rows, at once",
        "fourier-rows, at once, padded",
        "toeplitz",
        "subpixel",
        "tiny",
        "tiny, summed",
        "taps, summed",
        "winograd, summed",
        "columns, summed",
        "dense",
    } <= names


def _numbered(problem):
    """The problem with two images."""
    return replace(problem, batch=2) if isinstance(problem.batch, Polynomial) else replace(problem, in_channels=2)


@pytest.mark.parametrize("name", TABLE)
def test_no_program_that_computes_something_else_is_proved(name):
    """Every number and index of every program is changed, one at a time; a change that bites must be refused."""
    draw = random.Random(name)
    bitten = 0
    for of in MAPS:
        given_task = task(TABLE[name], of)
        problem = _numbered(given_task.problem)
        plain = operands(problem)
        rng = np.random.default_rng(1)
        x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
        wanted = by_hand(problem, x, kernel)
        for candidate in candidates(given_task):
            program = candidate.build(plain)
            run, _ = printed(program, ("x", "kernel"))
            assert_allclose(run(x, kernel), wanted, atol=1e-6)
            for other in drawn_changes(program, draw, 25):
                bitten += _bites_and_is_refused(problem, other, candidate, (x, kernel), wanted)
    assert bitten > 40


def _bites_and_is_refused(problem, other, candidate, arrays, wanted):
    try:
        check(other)
    except InvalidExpression:
        bites = True  # it reads what is not there
    else:
        try:
            run, _ = printed(other, ("x", "kernel"))
            with np.errstate(all="ignore"):
                bites = not np.allclose(run(*arrays), wanted, atol=1e-6)
        except (InvalidExpression, ValueError, TypeError, IndexError):  # it is no program: there is nothing to compare
            return 0
    if bites:
        with pytest.raises((Unequal, InvalidExpression)):
            prove_program(problem, other, candidate.tiled)
    return bites


# pointwise has no index of a parameter, and of the changes of winograd hardly any makes a program
@pytest.mark.parametrize("name", sorted({*algorithms()} - {"pointwise", "winograd"}))
def test_no_algorithm_that_computes_something_else_is_proved_for_every_shape(name):
    """Indices of the program of parameters are changed; a change that bites on numbers must be refused for all."""
    found = prove_algorithm(name, 2)
    draw = random.Random(name)
    numbers = [_ample(sample) for sample in found.ranges.samples]
    telling = [f"{size}{at}" for size in "LOK" for at in range(2)] + ["H", "J"]
    numbers = sorted(numbers, key=lambda n: [n.get(name) for name in telling].count(1))[:6]
    others = drawn_changes(found.program, draw, 40)
    bitten = sum(_bites_on_numbers_and_is_refused(found, other, numbers) for other in others)
    assert bitten > 1


@pytest.mark.parametrize("name", ["toeplitz", "subpixel"])
def test_blocks_are_proved_only_if_they_begin_early_and_are_long_enough(name):
    """What a block reads holds all its taps: without the hypotheses that say so there is no proof."""
    found = prove_algorithm(name, 1)
    begins, long = (
        next(h for h in found.ranges.hypotheses if h.names >= names) for names in ({"b0", "p0"}, {"W0", "K0"})
    )
    for needed in (begins, long):
        rest = tuple(h for h in found.ranges.hypotheses if h != needed)
        with pytest.raises(Unequal):
            prove_program(
                found.problem, found.program, found.tiled, Witnessed(rest, found.ranges.samples), found.counts
            )


# Six groups, in a layer with steps that are larger than 1, and in one that more programs fit.
IN_GROUPS = (
    Conv((9, 8), (3, 2), padding=((2, 1), (1, 0)), stride=(2, 1), dilation=(1, 2), groups=6, in_channels=12,
         out_channels=6),
    Conv((5, 4), (3, 3), padding=1, groups=6, in_channels=6, out_channels=6),
)  # fmt: skip


def chunked(of, groups):
    """The candidates of a task when the windows of so many groups are near, and no more."""
    chosen = candidates(of, _under_rows(replace(of.problem, groups=groups)))
    assert all(c.in_chunks and c.algorithm.endswith(", in chunks") for c in chosen)
    assert all(f"{6 // groups} chunks of {groups} groups" in c.note for c in chosen)
    return chosen


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("layer", IN_GROUPS, ids=["strided", "plain"])
def test_chunks_of_groups_are_the_convolution_and_nothing_else_is_proved(layer, groups):
    draw = random.Random(groups)
    bitten, names = 0, set()
    for of in MAPS:
        given_task = task(layer, of)
        problem = _numbered(given_task.problem)
        plain = operands(problem)
        rng = np.random.default_rng(2)
        x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
        wanted = by_hand(problem, x, kernel)
        for candidate in chunked(given_task, groups):
            names.add(candidate.name)
            prove_program(problem, candidate.build(plain), candidate.tiled)
            program = candidate.build(plain)
            run, _ = printed(program, ("x", "kernel"))
            assert_allclose(run(x, kernel), wanted, rtol=0, atol=0 if candidate.exact else 1e-9)
            for other in drawn_changes(program, draw, 12):
                bitten += _bites_and_is_refused(problem, other, candidate, (x, kernel), wanted)
    assert bitten > 40
    assert {"windows", "rows", "toeplitz"} <= names


def test_the_source_in_chunks_is_run_on_symbols():
    layer = Conv((112, 112), (3, 3), padding=1, groups=96, in_channels=96, out_channels=96, bias=False)
    for one in explain(lower(layer), measure=False):
        assert "groups; identity" in one.text
        assert "its source, run on symbols for Conv((3, 3), (3, 3), padding=1, groups=2" in one.text


@pytest.mark.parametrize("layer", IN_GROUPS, ids=["strided", "plain"])
def test_every_program_in_chunks_run_on_symbols_gives_the_polynomials_of_the_theorem(layer):
    for of in MAPS:
        for one in considered(layer, of, Options(dtype="other", near=1)):
            code = Lowered(layer, Options(program=one.candidate.name, dtype="other", near=1))
            assert code.choices()[of].chosen.candidate.in_chunks
            assert run_forward_and_gradients(code, of, 1) is None


def test_chunks_of_groups_bound_the_windows_of_a_large_depthwise_layer():
    layer = Conv((56, 56), (7, 7), padding=3, groups=96, in_channels=96, out_channels=96)
    notes = {c.name: c.note for c in candidates(task(layer, "forward"))}
    assert notes["windows"] == "6 chunks of 16 groups"
    small = replace(layer, input_size=(14, 14))
    assert {c.name: c.note for c in candidates(task(small, "forward"))}["windows"] == ""


def test_rows_are_proved_only_if_their_steps_hold_all_taps():
    found = prove_algorithm("rows", 2)
    (needed,) = (h for h in found.ranges.hypotheses if h.names >= {"T", "K0"})
    rest = tuple(h for h in found.ranges.hypotheses if h != needed)
    with pytest.raises(Unequal):
        prove_program(found.problem, found.program, found.tiled, Witnessed(rest, found.ranges.samples), found.counts)


@pytest.mark.parametrize("ndim", [1, 2])
def test_winograd_of_a_sum_is_proved_only_if_its_tiles_hold_all_pairs_of_rows(ndim):
    found = prove_algorithm("winograd, summed", ndim)
    needed = [h for h in found.ranges.hypotheses if {"B", "T"} <= h.names]
    rest = tuple(h for h in found.ranges.hypotheses if h not in needed)
    assert len(needed) + len(rest) == len(found.ranges.hypotheses) > len(rest)
    with pytest.raises(Unequal):
        prove_program(found.problem, found.program, found.tiled, Witnessed(rest, found.ranges.samples), found.counts)


def _winograd_sum(tiling=None):
    """The program for a layer of odd height, its problem, and its tiling where none is given."""
    layer = Conv((7, 6), (3, 3), padding=1, in_channels=2, out_channels=2, bias=False)
    problem = _numbered(task(layer, "weight").problem)
    tiling = tiling or winograd_sum.tiling_for(problem, 100)
    return problem, winograd_sum.winograd_sum(operands(problem), tiling, Blocks(1, 2, 1, 2)), tiling


def test_winograd_of_a_sum_in_too_few_places_is_not_proved():
    _, _, tiling = _winograd_sum()
    for few in (replace(tiling, kernel_rows=tiling.kernel_rows - 1, tile=18), replace(tiling, tile=tiling.tile - 1)):
        problem, program, _ = _winograd_sum(few)
        with pytest.raises(Unequal):
            prove_program(problem, program, (Tiled(0, winograd_sum.TAPS, each=True),))


@pytest.mark.parametrize("padding", [(3, -1), (0, 0), (1, 0), (2, -2)])
def test_winograd_of_a_sum_over_a_row_or_two_is_proved(padding):
    layer = Conv((3, 4), (3, 2), padding=(padding, (1, 0)), in_channels=2, out_channels=2)
    problem = _numbered(task(layer, "weight").problem)
    for candidate in candidates(task(layer, "weight")):
        prove_program(problem, candidate.build(operands(problem)), candidate.tiled)
    assert any(c.algorithm == "winograd, summed" for c in candidates(task(layer, "weight")))


@pytest.mark.parametrize("missing", [0, 1])
def test_a_sum_over_the_rows_of_one_remainder_alone_is_not_proved(missing, monkeypatch):
    kept = tuple(tuple(Fraction(0) if k == missing else c for k, c in enumerate(row)) for row in winograd_sum.G)
    monkeypatch.setattr(winograd_sum, "G", kept)
    problem, program, _ = _winograd_sum()
    with pytest.raises(Unequal):
        prove_program(problem, program, (Tiled(0, winograd_sum.TAPS, each=True),))


def _ample(sample):
    """The numbers of a sample, with tiles and rows enough for all of its positions."""
    ample = {**sample, "R": 40, "S": 40, "T": 30, "B": 3, "A0": 10, "A1": 10, "T0": 8, "T1": 8}
    ample |= {f"Y{at}": 700 for at in range(3) if f"Y{at}" in sample}
    for at in range(2):
        ample |= {f"ceil(O{at}/{step})": -(-sample.get(f"O{at}", 1) // step) for step in (2, 4)}
    return ample


def _bites_on_numbers_and_is_refused(found, other, numbers):
    for given_numbers in numbers:
        problem = instance(found.problem, given_numbers)
        plain = operands(problem)
        rng = np.random.default_rng(1)
        x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
        try:
            program = instance(other, given_numbers)
            check(program)
            run, _ = printed(program, ("x", "kernel"))
            bites = not np.allclose(run(x, kernel), by_hand(problem, x, kernel), atol=1e-6)
        except Exception:  # these numbers do not make a program of it
            continue
        if bites:
            with pytest.raises((Unequal, InvalidExpression)):
                prove_program(found.problem, other, found.tiled, found.ranges, found.counts)
            return 1
    return 0


@pytest.mark.parametrize("name", algorithms())
def test_an_instance_of_an_algorithm_of_parameters_computes_the_convolution(name):
    found = prove_algorithm(name, min(domain(name)[-1][0], 2))
    done = 0
    for sample in found.ranges.samples[:12]:
        numbers = _ample(sample)
        problem, program = instance(found.problem, numbers), instance(found.program, numbers)
        plain = operands(problem)
        rng = np.random.default_rng(1)
        x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
        try:
            check(program)
        except InvalidExpression:  # too few tiles or rows for these sizes
            continue
        run, _ = printed(program, ("x", "kernel"))
        assert_allclose(run(x, kernel), by_hand(problem, x, kernel), atol=1e-6)
        done += 1
    assert done > 1


def _moved_by_the_batch(p, given):
    """Padded by n - i more, with i the image: the index of the batch is not its size."""

    def moved(node):
        if isinstance(node, Pad):
            return replace(node, low=(node.low[0] + Polynomial.of("n") - Polynomial.of("@i"),))
        below = {f.name for f in fields(node)} & {"operand", "left", "right", "body"}
        return replace(node, **{name: moved(getattr(node, name)) for name in below})

    return moved(windows(given))


def _with_the_sixth_image(p, given):
    """Some products of the sixth image once more, if there is one."""

    def sixth(node):
        one = (node.shape[0], 1, *node.shape[2:])
        return View(Pad(node, (0, -5, 0), one), one, (axis(0), 0 * axis(1), axis(2)))

    more = windows_sum(Task(replace(p, in_channels=1), sixth(given.operand), sixth(given.kernel)))
    return _sum_of(windows_sum(given), more)


def _on_the_diagonal(p, given):
    """Of x nothing but its first entry, by way of a matrix that has x on its diagonal."""
    size = (*given.operand.shape, given.operand.shape[-1])
    diagonal = Overlap(given.operand, size, (axis(0), axis(1), axis(2), axis(2)), ())
    return windows(Task(p, at_place(diagonal, 2, 0), given.kernel))


def _read_by_two_divisors(p, given):
    """A flat place that is read by twos in one term, and by sixes in another, which is zero."""
    place = Polynomial.of("@c")
    x = merge(view(at_place(given.operand, 0, 0), (1, 3, 3), tuple(map(axis, range(3)))), 1, 2)
    spread = View(Pad(given.kernel, (8, 0), (12, 2)), (1, 1, 6, 2), (axis(0), axis(1), 2 * axis(2), axis(3)))
    twos, sixes = (
        MatMul(at_place(Merge(kernel, 2, 2), 2, place), x) for kernel in (spread, Pad(given.kernel, (100, 0), (2, 6)))
    )
    more = split(Total("@c", 12, _sum_of(twos, sixes)), 1, (3, 3))
    return _sum_of(windows(given), View(more, (1, 1, 3, 3), tuple(map(axis, (1, 2, 3)))))


def _sum_of(*parts):
    return at_place(Combine(((Fraction(1),) * len(parts),), parts), 0, 0)


@pytest.mark.parametrize(
    ("layer", "of", "batch", "build"),
    [
        (Conv(5, 3, padding=1), "forward", None, _moved_by_the_batch),
        (Conv(5, 3, padding=1, in_channels=2), "weight", None, _with_the_sixth_image),
        (Conv(5, 3), "forward", 2, _on_the_diagonal),
        (Conv((4, 4), (2, 2)), "forward", 1, _read_by_two_divisors),
    ],
)
def test_programs_by_hand_that_are_not_the_convolution_are_not_proved(layer, of, batch, build):
    problem = task(layer, of).problem
    problem = problem if batch is None else replace(problem, batch=batch)
    given = operands(problem)
    prove_program(problem, (windows_sum if of == "weight" else windows)(given))
    with pytest.raises(Unequal):
        prove_program(problem, build(problem, given))


def test_a_program_of_operands_of_other_shapes_is_refused():
    problem = replace(task(Conv((4, 5), (2, 3)), "forward").problem, batch=1)
    given = operands(problem)
    good = windows(given)
    prove_program(problem, good)
    turned = (axis(0), axis(1), axis(3), axis(2))
    for other in (View(Operand("kernel", (1, 1, 3, 2)), (1, 1, 2, 3), turned), Operand("w", (1, 1, 2, 3))):
        with pytest.raises(Unequal, match="which is neither"):
            prove_program(problem, windows(Task(problem, given.operand, other)))


def test_a_small_layer_without_the_program_is_not_said_to_have_run_it():
    layer = Conv((5, 5, 5), (3, 3, 3), padding=2)
    (forward, *_) = explain(lower(layer, program="scatter"), measure=False)
    assert forward.program == "scatter"
    assert "was not run on symbols" in forward.text


def test_a_read_beyond_an_array_is_refused_before_it_is_run():
    x = Operand("x", (5,))
    check(View(x, (3, 3), (axis(0) + axis(1),)))
    with pytest.raises(InvalidExpression, match="may leave the axis of size 5"):
        check(View(x, (3, 4), (axis(0) + axis(1),)))


def test_tiles_that_do_not_cover_the_positions_are_refused():
    layer = Conv((6, 6), (3, 3), padding=1)
    given_task = task(layer, "forward")
    short = plane(operands(given_task.problem), Tiling(2, 20, 9))
    with pytest.raises(InvalidExpression):
        check(short)


# Memory.

LARGE = {
    "224": Conv((224, 224), (3, 3), padding=1, in_channels=64, out_channels=64, bias=False),
    "wide": Conv((1024, 1024), (3, 3), padding=1, in_channels=8, out_channels=4, bias=False),
    "strided": Conv((512, 512), (5, 5), padding=2, stride=2, in_channels=16, out_channels=8, bias=False),
    "long": Conv(400_000, 9, padding=4, in_channels=8, out_channels=4, bias=False),
    "transposed": Conv((600, 600), (3, 3), padding=1, stride=2, in_channels=32, out_channels=8, bias=False),
    "depthwise": Conv((512, 512), (3, 3), padding=1, in_channels=16, out_channels=16, groups=16, bias=False),
}


@pytest.mark.parametrize("layer", LARGE.values(), ids=LARGE)
def test_workspaces_stay_below_their_bound(layer):
    arrays = small_numbers(layer, 1, 0)
    code = lower(layer, dtype="float64")
    for of in MAPS:
        given_arrays = arguments(of, layer, arrays)
        getattr(code, FUNCTIONS[of])  # compiled on the first call, which is not measured
        code._module(given_arrays[0])
        tracemalloc.start()
        got = getattr(code, FUNCTIONS[of])(*given_arrays)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - got.nbytes <= WORKSPACE, (of, code.choices("float64")[of].name, peak - got.nbytes)


def test_a_large_batch_of_a_tiny_layer_is_taken_in_blocks():
    layer = Conv((8, 8), (3, 3), in_channels=4, out_channels=2)
    arrays = small_numbers(layer, 5000, 0)
    for of in MAPS:
        code = lower(layer, program="tiny", dtype="float64")
        wanted = result(layer, of, "windows", arrays)
        tracemalloc.start()
        got = getattr(code, FUNCTIONS[of])(*arguments(of, layer, arrays))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert_array_equal(got, wanted)
        assert peak - got.nbytes <= WORKSPACE


def test_more_threads_are_expected_to_help_large_products_only():
    for channels, helps in ((4, False), (256, True)):
        layer = Conv((14, 14), (1, 1), in_channels=channels, out_channels=channels, bias=False)
        one, two = (
            next(c.seconds for c in considered(layer, "forward", Options(threads=n)) if c.candidate.name == "pointwise")
            for n in (1, 2)
        )
        assert (two < one) == helps
        assert two >= one / 2


def test_accuracy_of_direct_summation_leaves_out_what_rounds_more():
    layer = Conv((32, 32), (3, 3), padding=1, in_channels=32, out_channels=32)
    names = {c.candidate.name for c in considered(layer, "forward", Options(accuracy=1.0))}
    assert "plane" in names
    assert "winograd" not in names


@pytest.mark.parametrize("name", ["plain", "grouped", "strided"])
def test_a_name_in_a_printed_program_says_from_which_given_array_it_is_made(name):
    """``padded_a`` is made from a alone; what is made from two arrays is named after none."""
    told = 0
    for of in MAPS:
        given = {"forward": "aw", "input": ["delta", "w"], "weight": ["delta", "a"]}[of]
        for _, one in offered(TABLE[name], of=of):
            run = lower(TABLE[name], program=one.candidate.name, dtype="float64", accuracy=10.0)
            (function,) = (f for f in ast.parse(run.source).body
                           if isinstance(f, ast.FunctionDef) and f.name == FUNCTIONS[of])  # fmt: skip
            origin = {array: {array} for array in given}
            for statement in ast.walk(function):
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    wanted = statement.targets[0].id.rstrip("0123456789_").rpartition("_")[2]
                    read = [n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)]
                    if wanted in origin:
                        assert set().union(*(origin.get(n, ()) for n in read)) <= {wanted}
                        origin[statement.targets[0].id] = {wanted}
                        told += 1
    assert told > 20


@pytest.mark.parametrize("blocks", [Blocks(2, 2, 3, 2), Blocks(4, 1, 1, 6), Blocks(1, 4, 6, 1)])
@pytest.mark.parametrize("largest", [7, 100])
def test_blocks_of_channels_make_the_same_result_and_changed_ones_are_refused(blocks, largest):
    layer = Conv((7, 6), (3, 3), padding=(1, 2), in_channels=4, out_channels=6, bias=False)
    problem = _numbered(task(layer, "weight").problem)
    plain = operands(problem)
    rng = np.random.default_rng(1)
    x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
    wanted = by_hand(problem, x, kernel)
    flat = planes.flat_tiling(problem, largest, of_kernel=True)
    tiling = winograd_sum.tiling_for(problem, largest)
    bitten = 0
    for program, tiled in (
        (windows_sum(plain, blocks=blocks), ()),
        (windows_sum(plain, Bands(7, 1), blocks), ()),
        (planes.taps_sum(plain, flat, blocks, packed=True), ()),
        (winograd_sum.winograd_sum(plain, tiling, blocks), (Tiled(0, winograd_sum.TAPS, each=True),)),
    ):
        prove_program(problem, program, tiled)
        run, _ = printed(program, ("x", "kernel"))
        assert_array_equal(run(x, kernel), wanted)
        candidate = Candidate("", lambda given: given.operand, tiled=tiled)
        for other in drawn_changes(program, random.Random(largest), 25):
            bitten += _bites_and_is_refused(problem, other, candidate, (x, kernel), wanted)
    assert bitten > 10


@pytest.mark.parametrize("banded", [Bands(3, 3), Bands(7, 1), Bands(2, 4)])
def test_bands_make_the_same_result(banded):
    layer = Conv((7, 6), (7, 2), padding=((3, 3), (1, 0)), in_channels=2, out_channels=3, bias=False)
    for of, build in (("forward", windows), ("weight", windows_sum)):
        problem = _numbered(task(layer, of).problem)
        plain = operands(problem)
        rng = np.random.default_rng(1)
        x, kernel = (rng.integers(-9, 10, node.shape).astype(float) for node in (plain.operand, plain.kernel))
        program = build(plain, banded)
        prove_program(problem, program)
        run, _ = printed(program, ("x", "kernel"))
        assert_array_equal(run(x, kernel), by_hand(problem, x, kernel))


# Choice and tuning.


def test_a_program_that_is_asked_for_is_used_wherever_it_fits():
    layer = Conv((12, 12), (3, 3), padding=1, in_channels=2, out_channels=2)
    names = {of: c.name for of, c in lower(layer, program="winograd").choices().items()}
    assert set(names.values()) == {"winograd"}
    strided = replace(layer, stride=2)
    assert {c.name for c in lower(strided, program="windows").choices().values()} == {"windows"}
    with pytest.raises(InvalidOption, match="winograd does not fit"):
        lower(strided, program="winograd")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"program": "fastest"}, "no program is named 'fastest': expected one of closed, windows"),
        ({"program": "winograd"}, r"program winograd does not fit Conv\(\(8,\), \(4,\)\): choose of closed, "),
        ({"dtype": "int32"}, "no dtype is named 'int32': expected one of float32"),
        ({"threads": 0}, "a number of threads of at least 1 but got 0"),
        ({"accuracy": 0.5}, "expected accuracy >= 1 .* but got 0.5"),
        ({"finite_only": 1}, "expected finite_only=True or False but got 1"),
        ({"backend": "cuda"}, "no backend is named 'cuda': expected one of numpy, numba"),
        ({"tune": "yes"}, "expected tune=True or False but got 'yes'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, text):
    with pytest.raises(InvalidOption, match=text):
        lower(Conv(8, 4), **options)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tuned"


def test_a_tuned_layer_is_measured_once_and_kept(cache, monkeypatch):
    layer = Conv((6, 6), (3, 3), padding=1)
    first = {of: c.name for of, c in lower(layer, tune=True).choices().items()}
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(tuning, "race", None)  # nothing is measured again
    assert {of: c.name for of, c in lower(layer, tune=True).choices().items()} == first


def test_a_broken_file_in_the_cache_is_measured_anew(cache):
    layer = Conv((6, 6), (3, 3), padding=1)
    lower(layer, tune=True)
    for file, text in zip(
        sorted(cache.iterdir()), ("", "[1]", '{"format": 1, "fastest": "no such program"}'), strict=True
    ):
        file.write_text(text)
    lower(layer, tune=True)
    assert all(json.loads(file.read_text())["format"] == tuning.FORMAT for file in cache.iterdir())


def test_without_a_place_to_write_tuning_still_works(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SYMCONV_CACHE", str(tmp_path / "file"))
    assert lower(Conv(6, 3), tune=True).choices()["forward"].name in PROGRAMS


def _write_again(place):
    for at in range(200):
        tuning._write(place, {"format": tuning.FORMAT, "fastest": "tiny", "seconds": {"tiny": at}})


def test_writers_at_the_same_time_never_leave_half_a_file(cache):
    place = cache / "one.json"
    writers = [multiprocessing.get_context("spawn").Process(target=_write_again, args=(place,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        if place.exists():
            seen += json.loads(place.read_text())["format"] == tuning.FORMAT
    for writer in writers:
        writer.join()
    assert seen
    assert [file.name for file in cache.iterdir()] == ["one.json"]


@pytest.mark.parametrize("name", ["grouped", "plain", "strided", "line"])
def test_loops_of_numba_stand_in_for_programs(name):
    pytest.importorskip("numba")
    layer = TABLE[name]
    code, plain = lower(layer, backend="numba", threads=1), lower(layer)
    arrays = small_numbers(layer, 2, 0)
    assert_array_equal(code.forward(*arguments("forward", layer, arrays)),
                       plain.forward(*arguments("forward", layer, arrays)))  # fmt: skip
    for got, wanted in zip(code.backward(arrays["delta"], arrays["a"], arrays["w"]),
                           plain.backward(arrays["delta"], arrays["a"], arrays["w"]), strict=True):  # fmt: skip
        assert_array_equal(got, wanted)


# How views are printed.


A_SQUARE = Operand("a", (1, 3, 1, 3))


@pytest.mark.parametrize(
    ("size", "index", "entry", "reshaped"),
    [
        ((3, 1, 1, 3), (0, axis(0), 0, axis(3)), lambda i, j: (0, i, 0, j), True),
        ((3, 1, 1, 3), (0, axis(3), 0, axis(0)), lambda i, j: (0, j, 0, i), False),
        ((3, 1, 1, 3), (0, 2 - axis(0), 0, axis(3)), lambda i, j: (0, 2 - i, 0, j), False),
        ((3, 1, 1, 3), (0, axis(0), 0, axis(0)), lambda i, j: (0, i, 0, i), False),
        ((3, 1, 1, 3), (0, axis(0), 0, 1), lambda i, j: (0, i, 0, 1), False),
    ],
)
def test_a_view_that_only_moves_axes_of_one_place_is_a_reshape_and_no_other_is(size, index, entry, reshaped):
    places = tuple(Polynomial.of(p) if isinstance(p, int) else p for p in index)
    run, source = printed(Merge(View(A_SQUARE, size, places), 0, 4), ("a",))
    a = np.arange(9.0).reshape(1, 3, 1, 3)
    assert_array_equal(run(a), [a[entry(i, j)] for i in range(3) for j in range(3)])
    assert ("transpose" not in source and "[" not in source.split("def program")[1]) == reshaped


def test_tiles_in_nested_loops_are_one_view_of_windows():
    first, second = Polynomial.of("@p"), Polynomial.of("@q")
    row = View(Operand("a", (40,)), (2, 3), (3 * first + 5 * second + axis(0) + 2 * axis(1),))
    run, source = printed(Each("@p", 4, Each("@q", 3, Copy(row), 0), 0), ("a",))
    a = np.arange(40.0)
    wanted = [
        [[[a[3 * p + 5 * q + i + 2 * j] for j in range(3)] for i in range(2)] for q in range(3)] for p in range(4)
    ]
    assert_array_equal(run(a), wanted)
    assert source.index("as_strided(") < source.index("for p")


# What is refused.


def misshapen(array):
    """Arrays of the same dtype that do not belong where this one does, among them ones that would broadcast."""
    yield array[..., :-1]
    yield np.concatenate([array, array], axis=-1)
    yield array[None]
    yield array[:, :1] if array.shape[1] > 1 else array.repeat(2, axis=1)
    yield array.reshape(len(array), -1)
    yield array[0, 0, 0]
    yield np.array(array.flat[0])


@pytest.mark.parametrize("name", TABLE)
def test_every_printed_function_refuses_arrays_that_do_not_belong_to_the_layer(name):
    layer = TABLE[name]
    arrays = small_numbers(layer, 2, 0)
    for program in ("closed", *{c.candidate.name for _, c in offered(layer)}):
        code = {}
        exec(lower(layer, program=program, dtype="float64", accuracy=10.0).source, code)
        reads = {FUNCTIONS[of]: ("a", "w", "b")[: 2 + layer.bias] for of in MAPS}
        reads |= {"input_gradient": ("delta", "w"), "weight_gradient": ("delta", "a"), "bias_gradient": ("delta",)}
        for function, names in reads.items():
            given = {name: arrays[name] for name in names}
            code[function](**given)
            for one, array in given.items():
                for wrong in misshapen(array) if array.ndim > 1 else [array[:, None], array[:0], array[0]]:
                    if wrong.shape[1:] != array.shape[1:] or one not in ("a", "delta"):
                        with pytest.raises(ValueError, match=r"expected .*, but got"):
                            code[function](**{**given, one: wrong})
                if len(given) > 1:
                    with pytest.raises(ValueError, match=r"of one dtype, but got .*float32"):
                        code[function](**{**given, one: array.astype(np.float32)})
        with pytest.raises(ValueError, match="expected delta"):
            code["weight_gradient"](arrays["delta"], arrays["a"][:1])


def test_arrays_of_two_byte_orders_are_of_one_dtype():
    layer = TABLE["plain"]
    arrays = small_numbers(layer, 2, 0)
    swapped = arrays["w"].astype(">f8")
    got = lower(layer).forward(arrays["a"], swapped, arrays["b"])
    assert_array_equal(got, lower(layer).forward(*arguments("forward", layer, arrays)), strict=True)


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({"program": "winograd-rows"}, r"accuracy=6 \(--accuracy 6\) for"),
        (
            {"program": "winograd-rows", "dtype": "complex64"},
            r"accuracy=6 \(--accuracy 6\) and dtype float32 or float64 for",
        ),
        ({"program": "winograd", "finite_only": False}, r"finite_only=True \(without --any-value\) for"),
        ({"program": "pointwise"}, "choose of closed, "),
    ],
)
def test_a_program_that_needs_an_option_says_which(options, needed):
    with pytest.raises(InvalidOption, match=f"program {options['program']} .*{needed}"):
        lower(TABLE["plain"], **options)


# What a reader sees.


@pytest.mark.parametrize("name", TABLE)
def test_every_printed_program_is_formatted_and_clean(name, tmp_path):
    pytest.importorskip("ruff")
    files = []
    for program in PROGRAMS:
        try:
            source = lower(TABLE[name], program=program, accuracy=10.0).source
        except InvalidOption:
            continue
        files.append(tmp_path / f"{program}.py".replace("-", "_"))
        files[-1].write_text(source)
    paths = list(map(str, files))
    assert files
    for at, layer in enumerate(BANDED if name == "plain" else ()):
        files.append(tmp_path / f"banded_{at}.py")
        files[-1].write_text(lower(layer).source)
    options = ["--isolated", "--no-cache"]
    formatted = subprocess.run([sys.executable, "-m", "ruff", "format", *options, "--check", "--diff", *paths],
                               capture_output=True, text=True, check=False)  # fmt: skip
    assert formatted.returncode == 0, formatted.stdout
    subprocess.run([sys.executable, "-m", "ruff", "check", *options, "--select", "E,F,I,W,B", *paths], check=True)


def test_every_program_of_a_layer_is_explained_with_its_proof():
    found = explain(lower(TABLE["plain"], program="plane"), measure=False)
    assert unproved(found) == ()
    assert [e.program for e in found] == ["plane"] * 3
    assert all(any(line.startswith("PROVED for every shape of rank 2") for line in e.proof) for e in found)
    assert all("gives the theorem's polynomials" in e.proof[-1] for e in found)


def test_the_command_line_explains():
    done = subprocess.run([sys.executable, "-m", "symconv", "lower", "8x8", "3x3", "--padding", "1", "--explain"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.count("PROVED for every shape") == 3
    assert "measured" in done.stdout
