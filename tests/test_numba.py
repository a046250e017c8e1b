"""The lowering to numba: its loops against brute force and exact polynomials, as Python and compiled.

The oracle is tests/oracle.py. Floats hold small integers, whose sums are exact in any order.
"""

import ast
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symconv.errors import InvalidArray, InvalidOption, MissingLibrary
from symconv.explained import explain, unproved
from symconv.layer import Conv
from symconv.lowering import Lowered, numba_backend
from symconv.lowering.choice import Options
from symconv.lowering.loops.gathering import gathering
from symconv.lowering.loops.phases import Phases
from symconv.lowering.loops.plan import plan
from symconv.lowering.loops.summing import TOGETHER, summing
from symconv.lowering.loops.tiny import tiny
from symconv.lowering.numba_backend import WORTH_A_THREAD, Compiled, compiled, numba_source, offered
from symconv.lowering.problem import task
from symconv.proof import loops
from symconv.proof.execution import tensor
from symconv.proof.loops import LoopsDiffer, run_loops, shapes
from tests import oracle
from tests.strategies import layers, small_layers

pytest.importorskip("numba", reason="numba is not installed")

MAPS = ("forward", "input", "weight")
ORACLES = {"forward": oracle.forward, "input": oracle.input_gradient, "weight": oracle.weight_gradient}

# One of each kind of loop: rows of whole vectors or not, sums in place or apart, phases, slabs, parts of taps.
TABLE = {
    "depthwise": Conv((9, 32), (3, 3), padding=1, groups=4, in_channels=4, out_channels=4, bias=False, batch=2),
    "narrow": Conv((9, 7), (3, 2), padding=((1, 0), (2, 1)), in_channels=3, out_channels=4, bias=False, batch=3),
    "strided": Conv((9, 11), (3, 3), stride=(2, 3), padding=1, in_channels=2, out_channels=3, bias=False, batch=2),
    "dilated": Conv((9, 8), (2, 3), stride=(4, 2), dilation=(2, 3), input_dilation=(6, 4), padding=2, groups=2,
                    in_channels=4, out_channels=2, bias=False, batch=2, flip=True, weight_layout="IO"),
    "long": Conv(1500, 9, dilation=4, in_channels=2, out_channels=2, bias=False, batch=7),
    "slabs": Conv((4, 5, 16), (3, 3, 3), padding=1, in_channels=2, out_channels=2, bias=False, batch=2),
    "tiny": Conv((3, 3), (2, 2), bias=False, batch=3),
}  # fmt: skip


def looped(layer, of, threads=1):
    """The map by loops, even where it would be written out."""
    numbers = plan(layer, of)
    return Compiled(layer, of, threads, summing(numbers) if of == "weight" else gathering(numbers))


def written_out(layer, of):
    return Compiled(layer, of, 1, tiny(plan(layer, of), of_weight=of == "weight"))


def as_python(function):
    """The same function, run by Python whatever the dtype."""
    function.__dict__["fast"] = function.plain
    return function


def arrays(layer, of, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"a": layer.input_shape, "w": layer.weight_shape, "delta": layer.output_shape}
    names = {"forward": ("a", "w"), "input": ("delta", "w"), "weight": ("delta", "a")}[of]
    return [rng.integers(-4, 5, shapes[name]).astype(dtype) for name in names]


def exact(layer, of):
    shapes = {"a": layer.input_shape, "w": layer.weight_shape, "delta": layer.output_shape}
    names = {"forward": ("a", "w"), "input": ("delta", "w"), "weight": ("delta", "a")}[of]
    return [tensor(name, shapes[name]) for name in names]


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=40, deadline=None)
@given(layer=layers(max_size=5), threads=st.sampled_from((1, 2)))
def test_the_loops_are_the_convolution_for_any_layer(of, layer, threads):
    layer = replace(layer, bias=False)
    first, second = arrays(layer, of)
    expected = ORACLES[of](layer, first, second)
    function = as_python(looped(layer, of, threads))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_backend, "WORTH_A_THREAD", 1)
        assert_array_equal(function(first, second), expected)


@pytest.mark.parametrize("of", MAPS)
@settings(max_examples=25, deadline=None)
@given(layer=small_layers())
def test_the_loops_give_the_polynomials_of_the_theorem(of, layer):
    layer = replace(layer, bias=False)
    first, second = exact(layer, of)
    expected = ORACLES[of](layer, first, second)
    for function in (looped(layer, of), written_out(layer, of)):
        result = function(first, second)
        assert result.shape == expected.shape
        assert all(x == y for x, y in zip(result.flat, expected.flat, strict=True))


@settings(max_examples=100, deadline=None)
@given(layer=layers())
def test_phases_hold_the_axis_relation_and_nothing_else(layer):
    for of in ("forward", "input"):
        problem = task(layer, of).problem
        found = Phases.of(problem)
        for along, line in zip(found.axes, problem.lines, strict=False):
            boxes = (range(line.output_size), range(line.kernel_size), range(line.input_size))
            u, s, d, low = line.input_dilation, line.stride, line.dilation, line.low
            wanted = {(i, k, x) for i in boxes[0] for k in boxes[1] for x in boxes[2] if u * x == s * i + d * k - low}
            assert sorted(along.relation) == sorted(wanted)


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("name", TABLE)
def test_compiled_loops_are_the_convolution(name, of):
    layer = TABLE[name]
    function = looped(layer, of)
    for dtype in (np.float32, np.float64) if name in ("depthwise", "strided") else (np.float32,):
        first, second = arrays(layer, of, dtype)
        result = function(first, second)
        assert result.dtype == dtype
        assert_array_equal(result, ORACLES[of](layer, first.astype(np.float64), second.astype(np.float64)))


@pytest.mark.parametrize("of", MAPS)
def test_a_tiny_layer_is_written_out_and_computes_the_same(of):
    layer = TABLE["tiny"]
    function = compiled(layer, of)
    assert "range" not in function.kernel.source.replace("range(batch)", "")
    first, second = arrays(layer, of, np.float32)
    assert_array_equal(function(first, second), ORACLES[of](layer, first, second))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.complex64, np.complex128])
def test_integers_and_complex_numbers_keep_their_dtype(dtype):
    layer = TABLE["tiny"]
    for of in MAPS:
        first, second = (abs(x).astype(dtype) for x in arrays(layer, of, np.int64))
        result = compiled(layer, of)(first, second)
        assert result.dtype == dtype
        assert_array_equal(result, ORACLES[of](layer, first, second).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_dtypes_that_numba_does_not_have_are_computed_by_python(dtype):
    layer = TABLE["tiny"]
    for of in MAPS:
        first, second = arrays(layer, of, dtype)
        function = compiled(layer, of)
        result = function(first, second)
        assert result.dtype == dtype
        assert "fast" not in function.__dict__
        assert_array_equal(result, ORACLES[of](layer, first, second))


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("batch", [1, 4, 5])
def test_two_threads_agree_with_one(of, batch):
    layer = Conv((20, 24), (3, 3), padding=1, in_channels=8, out_channels=16, bias=False, batch=batch)
    assert layer.monomials // batch * 4 > WORTH_A_THREAD
    first, second = arrays(layer, of, np.float32)
    assert_array_equal(looped(layer, of, 2)(first, second), looped(layer, of)(first, second))


def test_what_a_unit_before_has_left_in_a_workspace_is_never_read():
    layer = Conv((16, 17), (3, 2), groups=2, in_channels=2, out_channels=2, bias=False, batch=TOGETHER // 272 + 1)
    assert layer.batch == looped(layer, "weight").kernel.images + 1
    first, second = arrays(layer, "weight")
    assert_array_equal(as_python(looped(layer, "weight"))(first, second), oracle.weight_gradient(layer, first, second))


@pytest.mark.parametrize("of", MAPS)
def test_inputs_may_lie_in_memory_in_any_way_and_are_never_changed(of):
    layer, function = TABLE["narrow"], looped(TABLE["narrow"], of)
    first, second = arrays(layer, of, np.float32)
    expected = ORACLES[of](layer, first, second)
    for way in (np.asfortranarray, lambda x: np.repeat(x, 2, axis=-1)[..., ::2], lambda x: x.astype(">f4")):
        given_first, given_second = way(first), way(second)
        assert_array_equal(function(given_first, given_second), expected)
        assert_array_equal(given_first, first)
        assert_array_equal(given_second, second)
    for array in (first, second):
        array.flags.writeable = False
    assert_array_equal(function(first, second), expected)


@pytest.mark.parametrize("of", MAPS)
def test_a_batch_of_no_images_has_an_empty_or_zero_result(of):
    for name in ("narrow", "tiny"):
        layer = TABLE[name]
        first, second = arrays(layer, of, np.float32)
        first = first[:0]
        second = second[:0] if of == "weight" else second
        result = compiled(layer, of, threads=2)(first, second)
        assert result.shape == (layer.weight_shape if of == "weight" else (0, *expected_shape(layer, of)))
        assert not result.any()


def expected_shape(layer, of):
    return (layer.output_shape if of == "forward" else layer.input_shape)[1:]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["depthwise", "narrow", "strided"])
def test_nan_and_infinity_reach_the_results_that_read_them_and_no_others(name, bad):
    layer = TABLE[name]
    a, w = (np.abs(x) + 1 for x in arrays(layer, "forward", np.float32))
    a[0, 0, 2, 3] = bad
    function = looped(layer, "forward")
    touched = function(np.isfinite(a).astype(np.float32), w) != function(np.ones_like(a), w)
    assert_array_equal(np.isfinite(function(a, w)), ~touched)


def test_no_nan_of_a_is_lost_in_the_weight_gradient_and_none_leaves_its_channel():
    layer = TABLE["narrow"]
    delta, a = (np.abs(x) + 1 for x in arrays(layer, "weight", np.float32))
    a[1, 2, 3, 3] = np.nan
    dw = looped(layer, "weight")(delta, a)
    assert np.isnan(dw[:, 2]).all()
    assert np.isfinite(dw[:, :2]).all()


def test_an_array_that_does_not_belong_to_the_layer_is_refused():
    function = compiled(TABLE["narrow"], "forward")
    a, w = arrays(TABLE["narrow"], "forward", np.float32)
    for first, second in ((a[:, 1:], w), (a, w[1:]), (a, w.astype(float)), (a.astype(str), w)):
        with pytest.raises(InvalidArray):
            function(first, second)
    delta, a = arrays(TABLE["narrow"], "weight", np.float32)
    with pytest.raises(InvalidArray, match="batch"):
        compiled(TABLE["narrow"], "weight")(delta, a[1:])


def test_sources_are_offered_where_numpy_is_slower():
    assert "def kernel" in numba_source(TABLE["depthwise"], "forward")
    dense = Conv((28, 28), (3, 3), padding=1, in_channels=64, out_channels=64)
    assert [offered(dense, of, 1) for of in MAPS] == [False, False, False]  # dE/dw by Winograd
    strided = replace(dense, stride=2)
    assert [offered(strided, of, 1) for of in MAPS] == [False, True, True]
    assert all(offered(dense, of, 2) for of in MAPS)
    assert numba_source(Conv((14, 14), (1, 1), in_channels=64, out_channels=64), "forward", 2) is None
    assert numba_source(Conv((64, 64), (15, 15)), "forward", 2) is None


def test_a_map_that_is_none_is_refused():
    for function in (numba_source, compiled):
        with pytest.raises(InvalidOption, match="expected one of forward, input, weight but got 'bias'"):
            function(TABLE["tiny"], "bias")


def test_without_numba_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingLibrary, match=r"^numba is not installed: pip install symconv\[numba\]$"):
        compiled(TABLE["tiny"], "forward")


# What is said of them.


class _Code(Lowered):
    """Lowered code with loops that were changed; they are run by Python."""

    def changed(self, of, source):
        kernel = replace(self.loops[of].kernel, source=source)
        self._loops[of] = as_python(replace(self.loops[of], kernel=kernel))
        return self


def as_code(layer):
    return _Code(layer, Options(backend="numba"))


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)
def test_no_branch_of_the_loops_depends_on_an_entry(layer, of):
    """So that they compute one bilinear form of the entries, whatever these are."""
    arrays = {"x", "w", "z", "padded", "sums", "values", "row", "delta", "total"}
    for node in ast.walk(ast.parse(looped(layer, of).kernel.source)):
        assert not isinstance(node, ast.While | ast.IfExp | ast.Try)
        if isinstance(node, ast.If):
            assert not arrays & {name.id for name in ast.walk(node.test) if isinstance(name, ast.Name)}


def test_explain_says_how_loops_are_proved_by_symbols_or_by_points():
    small, large = (explain(as_code(TABLE[name]), measure=False) for name in ("tiny", "depthwise"))
    assert all(e.proved and e.program == "loops" for e in (*small, *large))
    assert all("PROVED for batches up to 3: run on symbols" in e.text for e in small)
    assert all("PROVED for batches 1, 2 and 3, on " in e.text for e in large)
    assert unproved(large) == ()


def test_explain_says_that_loops_are_undecided(monkeypatch):
    monkeypatch.setattr(loops, "ONE_IMAGE", 0)
    found = explain(as_code(TABLE["depthwise"]), measure=False)
    assert unproved(found) == ("z", "dE/da", "dE/dw")
    assert all("UNDECIDED: loops of this size are not proved" in e.text for e in found)


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize("name", ["tiny", "narrow", "strided"])
def test_loops_that_compute_something_else_are_found_out(name, of):
    """Every number of the text is made larger by one, of those that bite a few; each must be refused."""
    layer = replace(TABLE[name], batch=2)
    source = as_code(layer).loops[of].kernel.source
    draw = np.random.default_rng(5)
    x, other = (draw.integers(-9, 10, size) for size in shapes(layer, of))
    wanted = as_python(as_code(layer).loops[of])(x, other)
    bitten = 0
    numbers = list(re.finditer(r"\b\d+\b", source))
    for at in draw.permutation(len(numbers))[:40]:
        found = numbers[at]
        code = as_code(layer).changed(of, source[: found.start()] + str(int(found[0]) + 1) + source[found.end() :])
        try:
            bites = not np.array_equal(code.loops[of](x, other), wanted)
        except (IndexError, ValueError, ZeroDivisionError):  # it is no kernel
            continue
        if bites:
            bitten += 1
            with pytest.raises((LoopsDiffer, IndexError)):
                run_loops(code, of)
        if bitten == 5:
            break
    assert bitten > 2
