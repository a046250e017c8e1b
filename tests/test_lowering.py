"""Lowering: the printed programs against brute force, exact polynomials, their own meaning, and PyTorch.

The oracle is tests/oracle.py; beside it, `meaning` (what an expression says) and PyTorch.
"""

import gc
import linecache
import os
import pickle
import subprocess
import sys
import traceback
from dataclasses import fields, replace
from itertools import permutations, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_array_equal

from symconv import closed
from symconv.arrays import (
    Add,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    meaning,
    operands,
    shape,
)
from symconv.enumeration import written_out
from symconv.errors import InvalidArray, InvalidExpression, InvalidLayer
from symconv.forward import weighted_input
from symconv.layer import Conv
from symconv.lowering import Program, formula, lower, programs
from symconv.lowering.lowered import compiled_module
from symconv.lowering.module import module
from symconv.lowering.printer import body
from symconv.lowering.program import tidied
from symconv.polynomial import Entry, Polynomial
from symconv.terms import Binder
from tests import oracle
from tests.strategies import layers, small_layers, torch_arguments

GOLDEN = Path(__file__).parent / "golden" / "lowered_5x5_3x3_stride2.py.txt"
UPDATE = os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1"
ROOT = Path(__file__).parent.parent

# Asymmetric in every way that a mistake could hide behind: sizes, strides, padding, channels, and a remainder.
TELLING = Conv(
    (7, 8), (2, 3), stride=(2, 3), padding=((1, 0), (2, 1)), dilation=(2, 1), groups=2, in_channels=4, out_channels=6
)  # fmt: skip
TABLE = [
    TELLING,
    replace(TELLING, bias=False, flip=True),
    replace(TELLING, weight_layout="IO", input_dilation=(2, 3)),
    Conv(1, 1),
    Conv((3, 2), (1, 1), in_channels=2, out_channels=3),
    Conv((4, 4), (1, 1), stride=2, groups=2, in_channels=2, out_channels=2),
    Conv(6, 2, padding=((-2, 1),)),
    Conv((5, 4, 3), (2, 2, 2), stride=2, padding=1, in_channels=2),
    Conv.transposed((3, 4), (3, 2), stride=2, padding=1, output_padding=1, in_channels=4, out_channels=2, groups=2),
]
WAYS = {
    "strided": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=-1)[::2][..., ::3],
    "Fortran": np.asfortranarray,
    "negative strides": lambda x: np.flip(np.ascontiguousarray(np.flip(x))),
    "axes swapped": lambda x: np.ascontiguousarray(x.swapaxes(0, x.ndim - 1)).swapaxes(0, x.ndim - 1),
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "memory shared by all": lambda x: np.broadcast_to(x.flat[0], x.shape),
}
seeds = st.integers(0, 2**32 - 1)


def batched(layer, batch):
    """The layer's fields with another batch, which may be 0."""
    return SimpleNamespace(**{f.name: getattr(layer, f.name) for f in fields(layer)} | {"batch": batch})


def shapes(layer, batch):
    return {
        "a": (batch, *layer.input_shape[1:]),
        "w": layer.weight_shape,
        "b": layer.bias_shape,
        "delta": (batch, *layer.output_shape[1:]),
    }


def integers(layer, batch=2, seed=0, bound=9):
    return {
        name: oracle.integers(size, seed + at, bound) for at, (name, size) in enumerate(shapes(layer, batch).items())
    }


def run(code, a, w, b, delta):
    """Everything the code computes: z, dE/da, dE/dw and, with a bias, dE/db."""
    z = code.forward(a, w, b if code.layer.bias else None)
    return [z, *(g for g in code.backward(delta, a, w) if g is not None)]


def expected(layer, batch, a, w, b, delta):
    plain = batched(layer, batch)
    return [oracle.forward(plain, a, w, b), *(g for g in oracle.backward(plain, delta, a, w) if g is not None)]


def entries(name, size):
    """An array of objects: each entry is the polynomial that is its own name."""
    array = np.empty(size, dtype=object)
    for at in np.ndindex(size):
        array[at] = Polynomial.of(Entry(name, at))
    return array


# Values.


@settings(deadline=None, max_examples=400)
@given(layers(max_size=5), st.sampled_from((0, 1, 3)), seeds)
def test_lowered_code_computes_what_brute_force_does_for_any_batch(layer, batch, seed):
    arrays = integers(layer, batch, seed)
    for got, wanted in zip(run(lower(layer), **arrays), expected(layer, batch, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@settings(deadline=None, max_examples=300)
@given(small_layers())
def test_lowered_gradients_of_symbols_are_the_exact_polynomials(layer):
    symbols = {name: entries(name, size) for name, size in shapes(layer, layer.batch).items()}
    code, polynomials = lower(layer), oracle.polynomial_gradients(layer)
    gradients = code.backward(symbols["delta"], symbols["a"], symbols["w"])
    for gradient, wanted in zip(gradients, polynomials.values(), strict=True):
        if gradient is None:
            assert wanted == {}
            continue
        assert list(np.ndindex(gradient.shape)) == list(wanted)
        assert {at: dict(Polynomial.of(gradient[at]).coefficients) for at in wanted} == wanted


@settings(deadline=None, max_examples=200)
@given(small_layers())
def test_lowered_forward_map_of_symbols_is_the_weighted_input(layer):
    symbols = {name: entries(name, size) for name, size in shapes(layer, layer.batch).items()}
    z = lower(layer).forward(symbols["a"], symbols["w"], symbols["b"] if layer.bias else None)
    assert written_out(weighted_input(layer)) == {Entry("z", at): z[at] for at in np.ndindex(z.shape)}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@settings(deadline=None, max_examples=150)
@given(torch_arguments(), seeds)
def test_lowered_code_agrees_with_torch_and_its_autograd(arguments, seed):
    torch = pytest.importorskip("torch")
    layer = Conv.from_torch_args(**arguments)
    arrays = integers(layer, 2, seed)
    a, w, b = (torch.from_numpy(arrays[name]).requires_grad_() for name in "awb")
    options = {"groups": layer.groups, **{k: arguments[k] for k in ("stride", "padding", "dilation")}}
    if arguments["transposed"]:
        options["output_padding"] = arguments["output_padding"]
    kind = "conv_transpose" if arguments["transposed"] else "conv"
    z = getattr(torch.nn.functional, f"{kind}{layer.ndim}d")(a, w, b if layer.bias else None, **options)
    wrt = [a, w, b][: 2 + layer.bias]
    gradients = torch.autograd.grad(z, wrt, torch.from_numpy(arrays["delta"]))
    for got, wanted in zip(run(lower(layer), **arrays), [z, *gradients], strict=True):
        assert_array_equal(got, wanted.detach().numpy())


@pytest.mark.parametrize("layer", TABLE, ids=repr)
@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64", "longdouble",
     "complex64", "complex128", "object"],
)  # fmt: skip
def test_dtype_is_kept(layer, dtype):
    arrays = {name: abs(array) for name, array in integers(layer, bound=1).items()}
    for batch in (0, 2):
        cast = {name: (x[:batch] if name in ("a", "delta") else x).astype(dtype) for name, x in arrays.items()}
        for got, wanted in zip(run(lower(layer), **cast), expected(layer, batch, **cast), strict=True):
            assert got.dtype == np.dtype(dtype)
            assert_array_equal(got, wanted.astype(dtype))


@pytest.mark.parametrize("layer", TABLE, ids=repr)
def test_small_integers_wrap_around(layer):
    wide = {name: array.astype(np.int64) for name, array in integers(layer, bound=127).items()}
    narrow = {name: array.astype(np.int8) for name, array in wide.items()}
    for got, wanted in zip(run(lower(layer), **narrow), expected(layer, 2, **wide), strict=True):
        assert_array_equal(got, wanted.astype(np.int8), strict=True)


def test_complex_numbers_are_not_conjugated():
    real, imaginary = integers(TELLING, seed=1), integers(TELLING, seed=9)
    arrays = {name: real[name] + 1j * imaginary[name] for name in real}
    for got, wanted in zip(run(lower(TELLING), **arrays), expected(TELLING, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


def test_integers_of_any_size_are_exact_as_objects():
    small = {name: array.astype(int).astype(object) for name, array in integers(TELLING).items()}
    large = {name: array * 10**30 for name, array in small.items()}
    for got, unit in zip(
        lower(TELLING).backward(*(large[n] for n in ("delta", "a", "w"))),
        expected(TELLING, 2, **small)[1:],
        strict=True,
    ):
        assert_array_equal(got, unit * 10 ** (60 if got.ndim > 1 else 30))


# Memory.


@pytest.mark.parametrize("layer", TABLE, ids=repr)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_inputs_may_lie_in_memory_in_any_way_and_are_never_changed(layer, way):
    arrays = {name: way(array) for name, array in integers(layer).items()}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    results = run(lower(layer), **arrays)
    for got, wanted in zip(results, expected(layer, 2, **before), strict=True):
        assert_array_equal(got, wanted)
        assert got.flags.c_contiguous
        assert got.flags.writeable
        assert not any(np.shares_memory(got, array) for array in arrays.values())
    for name, array in arrays.items():
        assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    "node",
    [
        Input("w", (2, 3)),
        Transpose(Input("w", (2, 3)), (1, 0)),
        Rotate(Input("w", (2, 3)), (1,)),
        Pad(Input("w", (2, 3)), ((0, -1),)),
        Merge(Input("w", (2, 3)), 0),
        Scale(Input("w", (2, 3)), 1),
        Broadcast(Input("w", (3,)), (2, 3)),
    ],
    ids=lambda node: type(node).__name__,
)
def test_what_could_be_a_view_is_copied(node):
    w = np.arange(6.0).reshape(2, 3) if len(operands(node)) == 0 or shape(operands(node)[0]) != (3,) else np.arange(3.0)
    result = execute(node, w=w)
    assert result.shape == shape(node)
    assert result.flags.writeable
    assert not np.shares_memory(result, w)


# Nodes: what is printed is what `meaning` says.


def execute(node, **arrays):
    namespace = {"np": np, "sliding_window_view": sliding_window_view}
    lines = [f"def run({', '.join(arrays)}):", *body(node, tuple(arrays))]
    exec("\n".join(lines), namespace)
    return namespace["run"](**arrays)


@st.composite
def expressions(draw):
    """Expressions of every kind of node over `name`, an axis of which may be the batch, and kernels and vectors."""
    node = Input(draw(st.sampled_from(("a", "x"))), tuple(draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))))
    for _ in range(draw(st.integers(1, 4))):
        size = shape(node)
        kind = draw(st.sampled_from([k for k in NODES if len(size) >= (3 if k is grown_correlate else 1)]))
        node = kind(draw, node, size)
        assume(np.prod(shape(node)) <= 120)
    return node


def grown_pad(draw, node, size):
    last = size[draw(st.integers(0, len(size) - 1)) :]
    lows = [draw(st.integers(1 - n, 2)) for n in last]
    return Pad(node, tuple((low, draw(st.integers(1 - n - low, 2))) for n, low in zip(last, lows, strict=True)))


def grown_dilate(draw, node, size):
    return Dilate(node, tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=len(size)))))


def grown_rotate(draw, node, size):
    return Rotate(node, tuple(draw(st.lists(st.integers(0, len(size) - 1), unique=True))))


def grown_transpose(draw, node, size):
    return Transpose(node, tuple(draw(st.permutations(range(len(size))))))


def grown_split(draw, node, size):
    axis = draw(st.integers(0, len(size) - 1))
    return Split(node, axis, draw(st.sampled_from([n for n in range(1, size[axis] + 1) if size[axis] % n == 0])))


def grown_merge(draw, node, size):
    return Merge(node, draw(st.integers(0, len(size) - 2))) if len(size) > 1 else node


def grown_sum(draw, node, size):
    return Sum(node, tuple(draw(st.lists(st.integers(0, len(size) - 1), unique=True, max_size=len(size) - 1))))


def grown_add(draw, node, size):
    axis = draw(st.integers(0, len(size) - 1))
    other = draw(st.sampled_from((node, Rotate(node, (axis,)), Broadcast(Input("b", (size[axis],)), size, axis))))
    return draw(st.sampled_from((Add(node, other), Add(other, node))))


def grown_scale(draw, node, size):
    return Scale(node, draw(st.integers(-3, 3)))


def grown_correlate(draw, node, size):
    groups = draw(st.sampled_from([g for g in range(1, size[1] + 1) if size[1] % g == 0]))
    taps = tuple(draw(st.integers(1, n)) for n in size[2:])
    gaps = tuple(draw(st.integers(1, (n - 1) // (k - 1) if k > 1 else 3)) for n, k in zip(size[2:], taps, strict=True))
    stride = tuple(draw(st.integers(1, 3)) for _ in taps)
    kernel = Input("w", (groups * draw(st.integers(1, 2)), size[1] // groups, *taps))
    return Correlate(node, kernel, stride, gaps, groups)


NODES = (
    grown_pad, grown_dilate, grown_rotate, grown_transpose, grown_split, grown_merge, grown_sum, grown_add,
    grown_scale, grown_correlate,
)  # fmt: skip


def read(node):
    """The inputs of an expression; None if one name stands for two shapes."""
    found = {}
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Input) and found.setdefault(here.name, here.shape) != here.shape:
            return None
        stack += operands(here)
    return found


@settings(deadline=None, max_examples=1500)
@given(expressions(), st.sampled_from("CF"))
def test_every_expression_is_printed_with_its_meaning(node, order):
    found = read(node)
    assume(found is not None)
    symbols = {name: entries(name, size).copy(order) for name, size in found.items()}
    try:
        result = execute(node, **symbols)
    except InvalidExpression:
        assume("a" not in symbols)  # only the batch may be asked too much of
        raise
    assert result.flags.c_contiguous
    assert not any(np.shares_memory(result, array) for array in symbols.values())
    names = tuple(f"j{axis}" for axis in range(len(shape(node))))
    free = tuple(Binder(name, size) for name, size in zip(names, shape(node), strict=True))
    formula = meaning(node, "r", free, tuple(map(Polynomial.of, names)))
    assert written_out(formula) == {Entry("r", at): result[at] for at in np.ndindex(shape(node))}


@settings(deadline=None, max_examples=200)
@given(small_layers())
def test_the_program_has_the_meaning_of_the_closed_forms(layer):
    for expression in fields(Program):
        if expression.name != "bias_gradient" or layer.bias:
            node, plain = getattr(programs(layer), expression.name), getattr(closed, expression.name)(layer)
            names = tuple(f"j{axis}" for axis in range(len(shape(node))))
            free = tuple(Binder(name, size) for name, size in zip(names, shape(node), strict=True))
            at = tuple(map(Polynomial.of, names))
            assert written_out(meaning(node, "r", free, at)) == written_out(meaning(plain, "r", free, at))


def test_tidying_only_leaves_out_groups_of_one():
    x, before, names = Input("x", (2, 3, 2)), 0, ("j0", "j1", "j2")
    for axes, axis, at in product(permutations(range(4)), range(3), range(3)):
        node = Merge(Transpose(Split(x, axis, 1), axes), at)
        tidy = tidied(node)
        before += tidy == node
        free = tuple(Binder(name, size) for name, size in zip(names, shape(node), strict=True))
        index = tuple(map(Polynomial.of, names))
        assert written_out(meaning(tidy, "r", free, index)) == written_out(meaning(node, "r", free, index))
    assert before == 3 * 3 * 24 // 2  # the axis of size 1 is one of the two that are merged in half of all cases


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Input("a; import os", (2, 3)), "Input: expected one of a, w but got 'a; import os'"),
        (Input("delta", (2, 3)), "Input: expected one of a, w but got 'delta'"),
        (
            Correlate(Transpose(Input("a", (2, 1, 3)), (1, 0, 2)), Input("w", (1, 2, 2)), (1,), (1,)),
            "Correlate: expected sizes that agree for every batch n but got (1, n, 3) and (1, 2, 2)",
        ),
        (Input("a", ()), "expected one batch size but got Input(name='a', shape=())"),
        (Split(Input("a", (4, 3)), 0, 2), "expected an axis that 2 divides but got n, where n is any batch"),
        (Dilate(Input("a", (4, 3)), (2, 1)), "expected an axis of one size but got n, where n is the batch"),
        (
            Add(Input("a", (2, 3)), Input("w", (2, 3))),
            "Add: expected sizes that agree for every batch n but got (n, 3) and (2, 3)",
        ),
        (
            Broadcast(Sum(Input("a", (2, 3)), (1,)), (1, 2)),
            "Broadcast: expected sizes that agree for every batch n but got (n,) and (1, 2)",
        ),
        (
            Pad(Input("w", (2,)), ((-2, 0),)),
            "Pad: expected to leave at least one entry of (2,) along each axis but got",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_for_one_batch_only_or_reads_a_stranger_is_refused(node, text):
    with pytest.raises(InvalidExpression) as error:
        body(node, ("a", "w"))
    assert str(error.value).startswith(text)


# Mutants: the tests above would see a wrongly printed node.

MUTANTS = {
    "padding low and high swapped": lambda n: (
        replace(n, padding=tuple((high, low) for low, high in n.padding)) if isinstance(n, Pad) else n
    ),
    "padding of one axis at the other": lambda n: replace(n, padding=n.padding[::-1]) if isinstance(n, Pad) else n,
    "dilation of one axis at the other": lambda n: replace(n, factors=n.factors[::-1]) if isinstance(n, Dilate) else n,
    "stride of one axis at the other": lambda n: replace(n, stride=n.stride[::-1]) if isinstance(n, Correlate) else n,
    "kernel gaps of one axis at the other": lambda n: (
        replace(n, dilation=n.dilation[::-1]) if isinstance(n, Correlate) else n
    ),
    "kernel rotated along one axis only": lambda n: replace(n, axes=n.axes[:1]) if isinstance(n, Rotate) else n,
    "kernel not rotated": lambda n: n.operand if isinstance(n, Rotate) else n,
    "groups interleaved": lambda n: (
        _interleaved(n) if isinstance(n, Split) else n
    ),
    "bias along another axis": lambda n: (
        replace(n, operand=Rotate(n.operand, (0,))) if isinstance(n, Broadcast) else n
    ),
    "sum scaled": lambda n: Scale(n, 2) if isinstance(n, Sum) else n,
}  # fmt: skip


def _interleaved(node):
    """The axis split the other way round: the same shape, another order."""
    order = list(range(len(shape(node))))
    order[node.axis : node.axis + 2] = order[node.axis : node.axis + 2][::-1]
    return Transpose(replace(node, outer=shape(node)[node.axis + 1]), tuple(order))


def mutated(node, change):
    """The expression with `change` made to every node."""
    parts = {f.name: getattr(node, f.name) for f in fields(node)}
    below = {name: mutated(part, change) for name, part in parts.items() if part in operands(node)}
    return change(replace(node, **below))


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_node_makes_a_wrong_result(change):
    layer = replace(TELLING, input_size=(7, 7), kernel_size=(3, 3), dilation=(1, 2), padding=((1, 0), (2, 3)))
    arrays, program, plain = integers(layer), programs(layer), lower(layer, program="closed")
    wrong = 0
    for f in fields(Program):
        expression = getattr(program, f.name)
        mutant = mutated(expression, change)
        if mutant == expression:
            continue
        reads = {"forward": "awb", "bias_gradient": ["delta"], "weight_gradient": ["delta", "a"]}
        given_to_it = [arrays[name] for name in reads.get(f.name, ["delta", "w"])]
        right = getattr(plain, f.name)(*given_to_it)
        try:
            code = compiled_module(layer, module(layer, replace(program, **{f.name: mutant})))
            got = getattr(code, f.name)(*given_to_it)
        except InvalidExpression:  # some shapes are wrong enough to be refused
            wrong += 1
            continue
        assert got.shape != right.shape or not np.array_equal(got, right), f.name
        wrong += 1
    assert wrong


# Text.


def test_source_is_the_golden_text():
    source = lower(Conv((5, 5), (3, 3), stride=2), program="closed").source
    if UPDATE:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(source)
    assert source == GOLDEN.read_text(), "run with SYMCONV_UPDATE_GOLDEN=1 to accept the new text"


@settings(deadline=None, max_examples=60)
@given(layers(max_ndim=4))
def test_source_is_formatted_and_clean(layer):
    pytest.importorskip("ruff")
    source = lower(layer).source
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W"]):
        done = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", "-"], input=source, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stdout + done.stderr + source


def test_long_statements_are_broken_as_ruff_does():
    pytest.importorskip("ruff")
    big = Conv((1024,) * 6, (2,) * 6, stride=3, padding=1000, groups=64, in_channels=4096, out_channels=4096)
    source = lower(big, program="closed").source
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--no-cache", "-"]
    done = subprocess.run(ruff, input=source, text=True, capture_output=True)
    assert done.returncode == 0, source
    assert max(map(len, source.splitlines())) <= 88


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv((3, 3), (2, 2)), "dE/da = corr(pad(delta, 1), rot180(w))\n"),
        (Conv((3, 3), (2, 2), flip=True), "dE/dw = rot180(corr(a, delta))\n"),
        (Conv(8, 3, stride=2, padding=1), "dE/da = corr(pad(dilate(delta, 2), ((1, 2),)), rot180(w))\n"),
        (Conv((4, 4), (1, 1), bias=False), "z = corr(a, w)\n"),
        (Conv((4, 4), (1, 1), bias=False), "a (N, 1, 4, 4), w (1, 1, 1, 1) -> z (N, 1, 4, 4)\n"),
    ],
)  # fmt: skip
def test_docstrings_state_the_formula_and_the_shapes(layer, text):
    assert text in lower(layer).source


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Rotate(Input("w", (2, 3)), (0,)), "reverse(w, axes=(0,))"),
        (Scale(Add(Input("w", (2,)), Input("b", (2,))), 3), "3 * (w + b)"),
        (Correlate(Input("a", (1, 2, 5)), Input("w", (2, 1, 2)), (2,), (3,), 2),
         "corr(a, w, stride=2, dilation=3, groups=2)"),
    ],
)  # fmt: skip
def test_formulas_of_single_nodes(node, text):
    assert formula(node) == text


def test_what_does_nothing_is_not_printed():
    functions = lower(Conv((4, 4), (1, 1), bias=False), program="closed").source.split("def ")
    for word in ("np.zeros", "sliding_window_view", "::", "[:"):
        assert word not in functions[1] + functions[2]


@pytest.mark.parametrize("program", ["windows", "toeplitz"])
def test_the_source_of_a_program_does_not_depend_on_the_batch(program):
    assert lower(TELLING, program=program).source == lower(replace(TELLING, batch=5), program=program).source


def test_module_runs_alone(tmp_path):
    (tmp_path / "alone.py").write_text(lower(TELLING).source)
    arrays = integers(TELLING, batch=3)
    np.savez(tmp_path / "arrays.npz", **arrays)
    script = """
import runpy, sys
import numpy as np
f = runpy.run_path("alone.py")
x = np.load("arrays.npz")
z = f["forward"](x["a"], x["w"], x["b"])
da, dw, db = f["backward"](x["delta"], x["a"], x["w"])
assert not any(name.partition(".")[0] in ("symconv", "sympy") for name in sys.modules)
np.savez("results.npz", z, da, dw, db)
"""
    subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, check=True)
    results = np.load(tmp_path / "results.npz")
    for at, wanted in enumerate(expected(TELLING, 3, **arrays)):
        assert_array_equal(results[f"arr_{at}"], wanted, strict=True)


# The object.


def test_lowered_is_a_value():
    code, again, other = lower(TELLING), lower(TELLING), lower(Conv(3, 2))
    assert code == again
    assert hash(code) == hash(again)
    assert code != other
    assert repr(other) == "Lowered(Conv((3,), (2,)))"
    copy = pickle.loads(pickle.dumps(code))
    assert copy == code
    arrays = integers(TELLING)
    assert_array_equal(copy.forward(*(arrays[n] for n in "awb")), code.forward(*(arrays[n] for n in "awb")))
    with pytest.raises(AttributeError):
        code.source = ""


def test_tracebacks_show_the_printed_lines_and_nothing_is_left_behind():
    code = lower(Conv(13, 11, bias=False), program="closed")  # a layer that nothing else keeps
    texts = np.full((1, 1, 13), "x", dtype=object)
    with pytest.raises(TypeError) as error:
        code.forward(texts, np.full((1, 1, 11), 1.5, dtype=object))
    shown = "".join(traceback.format_exception(error.value))
    assert "return kernel @ columns" in shown
    name = next(name for name in linecache.cache if name.startswith("<symconv Conv((13,), (11,), bias=False)"))
    del code, error
    gc.collect()
    assert name not in linecache.cache


def test_lowering_loads_neither_sympy_nor_derivations_nor_proofs():
    script = """
import sys
import symconv.lowering
late = ("sympy", "symconv.derivation", "symconv.proof", "symconv.enumeration", "symconv.report")
assert not [name for name in sys.modules if name.startswith(late)], sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


PLAIN = Conv((3, 3), (2, 2), in_channels=2)
A, W, B, DELTA = np.ones((1, 2, 3, 3)), np.ones((1, 2, 2, 2)), np.ones(1), np.ones((1, 1, 2, 2))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.forward(A, W), "b is missing: expected shape (1,), for the layer has a bias"),
        (lambda c: c.forward(A[:, :1], W, B), "a has shape (1, 1, 3, 3) but expected (N, 2, 3, 3)"),
        (lambda c: c.forward(A[0], W, B), "a has 3 axes but expected (N, 2, 3, 3): add a batch axis with a[None]"),
        (lambda c: c.forward(A, W[0], B), "w has shape (2, 2, 2) but expected (1, 2, 2, 2)"),
        (lambda c: c.forward(A, W, A), "b has shape (1, 2, 3, 3) but expected (1,), a value for each output channel"),
        (lambda c: c.input_gradient(A, W), "delta has shape (1, 2, 3, 3) but expected (N, 1, 2, 2), the shape of z"),
        (lambda c: c.weight_gradient(DELTA[[0, 0]], A),
         "delta has batch 2 but a has batch 1: expected one batch for both"),
        (lambda c: c.bias_gradient(np.float64(1)), "delta is a float64, not a NumPy array: give np.asarray(delta)"),
        (lambda c: c.bias_gradient(np.array(1.0)), "delta has shape () but expected (N, 1, 2, 2), the shape of z"),
        (lambda c: c.backward(DELTA, A, W > 0),
         "w has dtype bool, but expected integers, floats, complex numbers or objects: cast it, as in w.astype(float)"),
        (lambda c: c.backward(DELTA, A, W.astype("f4")),
         "delta has dtype float64 but w has dtype float32: cast one of them, as in w.astype(delta.dtype)"),
        (lambda c: c.bias_gradient(np.ma.ones((1, 1, 2, 2))),
         "delta is a masked array: fill what is masked, with delta.filled(0)"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_belong_to_the_layer_are_refused(call, text):
    with pytest.raises(InvalidArray) as error:
        call(lower(PLAIN))
    assert str(error.value) == text


def test_a_bias_without_a_place_is_refused():
    code = lower(replace(PLAIN, bias=False))
    with pytest.raises(InvalidArray, match=r"^b was given, but the layer has no bias: leave b out$"):
        code.forward(A, W, B)
    assert code.bias_gradient(DELTA) is None
    assert code.backward(DELTA, A, W)[2] is None


def test_only_layers_are_lowered():
    with pytest.raises(InvalidLayer, match=r"^expected a Conv but got 3 \(type int\)$"):
        lower(3)
