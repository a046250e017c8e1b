"""Modules for the array-API standard, on NumPy, PyTorch, JAX and the standard's strict library, against brute force.

The oracle is tests/oracle.py; beside it, the libraries' own gradients, and the proof of every program that is printed.
"""

import ast
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symconv.errors import InvalidExpression, InvalidLayer, MissingLibrary
from symconv.layer import Conv
from symconv.lowering import array_api_module, compiled_array_api
from symconv.lowering.algorithms.dense import dense
from symconv.lowering.algorithms.fourier import fourier
from symconv.lowering.algorithms.plane import flat_tiling, plane, plane_sum
from symconv.lowering.algorithms.pointwise import pointwise
from symconv.lowering.algorithms.rows import rows, rows_sum, steps_for
from symconv.lowering.algorithms.scatter import landing_sizes, scatter, scatter_plane
from symconv.lowering.algorithms.tiny import tiny, tiny_sum
from symconv.lowering.algorithms.toeplitz import block_for, toeplitz
from symconv.lowering.algorithms.windows import Bands, windows, windows_sum
from symconv.lowering.algorithms.winograd import tiles_for, winograd
from symconv.lowering.array_api import DILATE_TEXT, PAD_TEXT, whole_batch
from symconv.lowering.functional import Functional
from symconv.lowering.nodes import (
    Circular,
    Combine,
    Copy,
    Each,
    MatMul,
    Operand,
    Overlap,
    Pad,
    Sum,
    Total,
    View,
    axis,
    check,
    loop,
)
from symconv.lowering.problem import as_result, task
from symconv.lowering.vectorised import vectorised
from symconv.polynomial import Polynomial
from symconv.proof.programs import Tiled, Unequal, operands, prove_program
from tests.strategies import layers
from tests.test_lowering import TABLE, TELLING, expected, integers

pytest.importorskip("array_api_compat", reason="array_api_compat is not installed")

WIDE = Conv(
    (11, 9), (4, 3), stride=(3, 2), padding=((2, 1), (0, 3)), dilation=(1, 2), input_dilation=(2, 1), in_channels=3,
    out_channels=2,
)  # fmt: skip
seeds = st.integers(0, 2**32 - 1)

# Every function of the standard (2023.12) that a text may use.
STANDARD = {
    "asarray", "broadcast_to", "concat", "conj", "fft", "flip", "irfftn", "permute_dims", "reshape", "rfftn", "stack",
    "sum", "take", "zeros", "zeros_like",
}  # fmt: skip


# The libraries.


def _numpy():
    return np.asarray, np.asarray, nullcontext()


def _torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return torch.tensor, lambda x: x.numpy(), nullcontext()


def _jax():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    home = jax if hasattr(jax, "enable_x64") else pytest.importorskip("jax.experimental")
    return jax.numpy.asarray, np.asarray, home.enable_x64(True)


def _strict():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    return strict.asarray, np.asarray, nullcontext()


LIBRARIES = {"numpy": _numpy, "torch": _torch, "jax": _jax, "array_api_strict": _strict}


def run(code, layer, arrays):
    """Everything the module computes: z, dE/da, dE/dw and, with a bias, dE/db."""
    bias = [arrays["b"]] if layer.bias else []
    z = code.forward(arrays["a"], arrays["w"], *bias)
    return [z, *(g for g in code.backward(arrays["delta"], arrays["a"], arrays["w"]) if g is not None)]


def on(library, layer, arrays):
    """What the module computes on a library, as NumPy arrays."""
    give, take, context = LIBRARIES[library]()
    with context:
        code = compiled_array_api(layer)
        if library == "jax":  # traced, since one operation at a time takes long to compile
            jit = sys.modules["jax"].jit
            code = SimpleNamespace(forward=jit(code.forward), backward=jit(code.backward))
        results = run(code, layer, {name: give(array) for name, array in arrays.items()})
        return [take(result) for result in results]


# Values.


@settings(deadline=None, max_examples=400)
@given(layers(max_size=5), st.sampled_from((0, 1, 3)), seeds)
def test_modules_compute_what_brute_force_does_for_any_batch(layer, batch, seed):
    arrays = integers(layer, batch, seed)
    for got, wanted in zip(on("numpy", layer, arrays), expected(layer, batch, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@settings(deadline=None, max_examples=150)
@given(layer=layers(max_size=5), batch=st.sampled_from((0, 1, 3)), seed=seeds)
def test_modules_compute_the_same_on_other_libraries(library, layer, batch, seed):
    arrays = integers(layer, batch, seed)
    for got, wanted in zip(on(library, layer, arrays), expected(layer, batch, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("layer", [*TABLE, WIDE], ids=repr)
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_agrees_on_the_telling_layers(library, layer):
    arrays = integers(layer, 2)
    for got, wanted in zip(on(library, layer, arrays), expected(layer, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("layer", [TELLING, WIDE], ids=repr)
def test_jax_traces_and_differentiates_the_module(layer):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    give, _, context = _jax()
    code, arrays = compiled_array_api(layer), integers(layer, 2)
    with context:
        a, w, b, delta = (give(arrays[name]) for name in ("a", "w", "b", "delta"))
        z, back = jax.vjp(jax.jit(code.forward), a, w, b)
        assert_array_equal(np.asarray(code.forward(a, w, b)), np.asarray(z), strict=True)
        gradients = jax.jit(code.backward)(delta, a, w)
        for got, wanted in zip([z, *gradients], expected(layer, 2, **arrays), strict=True):
            assert_array_equal(np.asarray(got), wanted, strict=True)
        for got, wanted in zip(back(delta), gradients, strict=True):
            assert_array_equal(np.asarray(got), np.asarray(wanted), strict=True)


@settings(deadline=None, max_examples=60)
@given(layers(max_size=4), seeds)
def test_autograd_of_the_forward_function_is_the_backward_function(layer, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    code = compiled_array_api(layer)
    given_to_it = {name: torch.from_numpy(array) for name, array in integers(layer, 2, seed).items()}
    inputs = [given_to_it[name].requires_grad_() for name in ("a", "w", "b")[: 2 + layer.bias]]
    gradients = torch.autograd.grad(code.forward(*inputs), inputs, given_to_it["delta"], materialize_grads=True)
    for got, wanted in zip(code.backward(given_to_it["delta"], *inputs[:2]), gradients, strict=False):
        assert got is None or torch.equal(got, wanted)


DTYPES = {
    "numpy": ["int8", "uint8", "int32", "float16", "float32", "complex64", "complex128"],
    "torch": ["int8", "uint8", "int32", "int64", "float16", "float32", "complex64"],
    "jax": ["int8", "int32", "float16", "float32", "complex64"],
    "array_api_strict": ["int8", "uint16", "int32", "float32", "complex64"],
}


@pytest.mark.parametrize(("library", "dtype"), [(library, dtype) for library in DTYPES for dtype in DTYPES[library]])
def test_dtype_is_kept(library, dtype):
    arrays = {name: abs(array).astype(dtype) for name, array in integers(TELLING, bound=1).items()}
    for got, wanted in zip(on(library, TELLING, arrays), expected(TELLING, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("layer", [TELLING, WIDE], ids=repr)
def test_complex_numbers_are_not_conjugated(library, layer):
    real, imaginary = integers(layer, seed=1), integers(layer, seed=9)
    arrays = {name: real[name] + 1j * imaginary[name] for name in real}
    for got, wanted in zip(on(library, layer, arrays), expected(layer, 2, **arrays), strict=True):
        assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("layer", [*TABLE, WIDE], ids=repr)
def test_inputs_are_never_changed_and_results_are_new(layer):
    arrays = integers(layer)
    for array in arrays.values():
        array.flags.writeable = False
    for got in run(compiled_array_api(layer), layer, arrays):
        assert not any(np.shares_memory(got, array) for array in arrays.values())


@pytest.mark.parametrize("layer", [TELLING, WIDE], ids=repr)
def test_everything_stays_on_the_device_of_the_inputs(layer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    arrays = {name: torch.empty(x.shape, device="meta") for name, x in integers(layer).items()}
    for got, wanted in zip(
        run(compiled_array_api(layer), layer, arrays), expected(layer, 2, **integers(layer)), strict=True
    ):
        assert (got.device.type, tuple(got.shape)) == ("meta", wanted.shape)


# Programs.


@settings(deadline=None, max_examples=300)
@given(layers())
def test_every_program_that_is_printed_is_proved(layer):
    for of in ("forward", "input", "weight"):
        problem = task(layer, of).problem
        program = whole_batch(operands(problem))
        check(program)
        prove_program(problem, program)


@settings(deadline=None, max_examples=50)
@given(layers(max_size=4))
def test_no_program_that_is_printed_has_a_loop(layer):
    for of in ("forward", "input", "weight"):
        todo = [whole_batch(task(layer, of))]
        while todo:
            node = todo.pop()
            assert not isinstance(node, Each | Total | Copy)
            todo += node.operands


def test_a_wrong_program_is_not_proved():
    problem = task(TELLING, "input").problem
    program = whole_batch(operands(problem))
    for shift in (-1, 1):
        index = tuple(p + shift * (at == len(program.index) - 1) for at, p in enumerate(program.index))
        with pytest.raises(Unequal):
            prove_program(problem, replace(program, index=index))


def _bands(of, sizes):
    return Bands(-(-getattr(of.problem, sizes)[0] // 2), 2)


def _blocks(of):
    return toeplitz(of, tuple(block_for(line, times) for line, times in zip(of.problem.lines, (2, 3), strict=True)))


PLAIN = Conv((7, 8), (3, 3), padding=((1, 2), (0, 1)), in_channels=3, out_channels=2, bias=False)
SPREAD = Conv((7, 9), (3, 2), padding=1, dilation=(1, 2), groups=2, in_channels=4, out_channels=4, bias=False)
POINT = Conv((5, 6), (1, 1), in_channels=3, out_channels=4, bias=False)
CUBE = Conv((4, 5, 6), (2, 3, 2), padding=1, in_channels=2, out_channels=3, bias=False)
STRIDED = replace(WIDE, bias=False)
STEPPED = replace(STRIDED, input_dilation=1)
TILES = tuple(Tiled(at, 2, each=True) for at in (0, 1))
BLOCKS = (Tiled(0, 2, each=False), Tiled(1, 3, each=False))
THREES = (Tiled(0, 3, each=False),)
BOTH, WEIGHT = ("forward", "input"), ("weight",)
# An algorithm, layers and maps for it, and the tiles of its proof; None where the proof does not reach without loops.
ALGORITHMS = {
    "windows": (windows, (SPREAD, STRIDED, CUBE), (*BOTH, *WEIGHT), ()),
    "windows in bands": (lambda of: windows(of, _bands(of, "output_size")), (SPREAD, PLAIN), BOTH, ()),
    "rows": (lambda of: rows(of, steps_for(of.problem, summed=False)), (STEPPED, CUBE), BOTH[:1], ()),
    "rows summed": (lambda of: rows_sum(of, steps_for(of.problem, summed=True)), (STEPPED,), WEIGHT, THREES),
    "windows summed": (windows_sum, (SPREAD, STRIDED), WEIGHT, ()),
    "windows summed in bands": (lambda of: windows_sum(of, _bands(of, "kernel_size")), (SPREAD, PLAIN), WEIGHT, ()),
    "plane": (lambda of: plane(of, flat_tiling(of.problem, 10)), (SPREAD, PLAIN, CUBE), BOTH, ()),
    "plane summed": (
        lambda of: plane_sum(of, flat_tiling(of.problem, 10, of_kernel=True)), (PLAIN, CUBE), WEIGHT, (),
    ),
    "scatter": (lambda of: scatter(of, landing_sizes(of.problem, plane=False)), (SPREAD, CUBE), BOTH, ()),
    "scatter, flat": (
        lambda of: scatter_plane(of, landing_sizes(of.problem, plane=True)),
        (SPREAD, CUBE),
        ("input",),
        (),
    ),
    "tiny": (tiny, (PLAIN, CUBE), BOTH, ()),
    "tiny summed": (tiny_sum, (PLAIN, CUBE), WEIGHT, ()),
    "dense": (dense, (PLAIN,), BOTH, ()),
    "pointwise": (pointwise, (POINT,), BOTH, ()),
    "Winograd": (lambda of: winograd(of, tiles_for(of.problem.output_size)), (PLAIN,), BOTH, TILES),
    "Toeplitz": (_blocks, (PLAIN,), BOTH, BLOCKS),
}  # fmt: skip


def printed(node, parameters, **constants):
    """A function of a program."""
    write = Functional(parameters)
    result = write.value(node)
    lines = [f"def run(xp, n, {', '.join(parameters)}):", *write.returning(result)]
    compat = pytest.importorskip("array_api_compat")
    namespace = {"Any": object, "Array": object, "device": compat.device, **constants, **dict(write.tables)}
    exec("\n".join([PAD_TEXT, DILATE_TEXT, *lines]), namespace)
    return namespace["run"]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_without_its_loops_computes_the_convolution(name):
    algorithm, found, ofs, tiled = ALGORITHMS[name]
    reads = {"forward": ("a", "w"), "input": ("delta", "w"), "weight": ("delta", "a")}
    compat = pytest.importorskip("array_api_compat")
    for layer in found:
        arrays = integers(layer, 3)
        wanted = dict(zip(("forward", "input", "weight"), expected(layer, 3, **arrays), strict=False))
        for of in ofs:
            problem = task(layer, of).problem
            if tiled is not None:
                prove_program(problem, vectorised(algorithm(operands(problem))), tiled)
            program = vectorised(as_result(layer, of, algorithm(task(layer, of))))
            check(program)
            given_to_it = [arrays[name] for name in reads[of]]
            xp = compat.array_namespace(*given_to_it)
            assert_array_equal(printed(program, reads[of])(xp, 3, *given_to_it), wanted[of], strict=True)


A, B = np.arange(24.0).reshape(2, 3, 4), np.arange(24.0, 48.0).reshape(2, 3, 4)
X, Y = Operand("a", (2, 3, 4)), Operand("b", (2, 3, 4))
HERE, THERE = Polynomial.of(loop("i")), Polynomial.of(loop("j"))
ROW = View(X, (3, 4), (HERE, axis(0), axis(1)))
TAPS_APART = np.array(
    [[[[A[1, p + s, q + r] for s in range(2)] for r in range(3)] for q in range(2)] for p in range(2)]
)
CONSTANTS = ((Fraction(1), Fraction(-2)), (Fraction(-1, 3), Fraction(1, 2)), (Fraction(0), Fraction(0)))
SIGNS = ((Fraction(1), Fraction(1)), (Fraction(1), Fraction(-1)))
NODES = {
    "sum": (Sum(X, 1), A.sum(1)),
    "diagonal": (View(X, (2, 4), (axis(0), axis(0), axis(1))), A[[0, 1], [0, 1]]),
    "reversed": (View(X, (3, 2), (Polynomial.of(1), 2 - axis(0), 3 - 2 * axis(1))), A[1, ::-1, ::-2]),
    "repeated": (View(X, (5, 3), (Polynomial(), axis(1), Polynomial.of(2))), np.broadcast_to(A[0, :, 2], (5, 3))),
    "taps apart": (View(X, (2, 2, 3, 2), (Polynomial.of(1), axis(0) + axis(3), axis(1) + axis(2))), TAPS_APART),
    "cropped away": (Pad(X, (-4,), (2,)), np.zeros((2, 3, 2))),
    "cropped and padded": (Pad(X, (-1, 2), (2, 5)), np.pad(A[:, 1:], ((0, 0), (0, 0), (2, 0)))[:, :, :5]),
    "constants": (Combine(CONSTANTS, (X, Y)), np.stack([A - 2 * B, B / 2 - A / 3, 0 * A])),
    "each, last": (Each(loop("i"), 2, ROW, 2), np.moveaxis(A, 0, 2)),
    "total": (Total(loop("i"), 2, ROW), A.sum(0)),
    "total of products": (Total(loop("i"), 2, MatMul(ROW, View(Y, (4, 3), (Polynomial(), axis(1), axis(0))))),
                          sum(A[i] @ B[0].T for i in range(2))),
    "total of each": (Total(loop("i"), 2, Each(loop("j"), 3, View(X, (4,), (HERE, THERE, axis(0))), 0)), A.sum(0)),
    "each of a sum": (Each(loop("i"), 2, Sum(ROW, 0), 0), A.sum(1)),
    "each of products": (
        Each(loop("i"), 2, MatMul(ROW, View(Y, (4, 3), (1 - HERE, axis(1), axis(0)))), 0),
        np.stack([A[0] @ B[1].T, A[1] @ B[0].T]),
    ),
    "each of constants": (Each(loop("i"), 2, Combine(SIGNS, (ROW, ROW)), 0), np.stack([2 * A, 0 * A], 1)),
    "each of a pad that moves": (
        Each(loop("i"), 2, Pad(View(Y, (4,), (Polynomial(), Polynomial(), axis(0))), (HERE - 1,), (4,)), 0),
        np.stack([np.pad(B[0, 0, 1:], (0, 1)), B[0, 0]])),
    "overlap without taps": (Overlap(X, (2, 3, 7), (axis(0), axis(1), 2 * axis(2)), ()),
                             np.stack([A, 0 * A], -1).reshape(2, 3, 8)[..., :7]),
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_single_nodes_compute_what_they_say(name):
    node, wanted = NODES[name]
    program = vectorised(node)
    check(program)
    xp = pytest.importorskip("array_api_compat").array_namespace(A)
    assert_allclose(printed(program, ("a", "b"))(xp, 2, A, B), wanted, rtol=1e-15, atol=1e-14, strict=True)


def test_the_circular_convolution_is_printed_by_way_of_the_fft():
    node = Circular(Operand("a", (2, 5)), Operand("w", (3, 2, 2)), (6,))
    a, w = np.arange(10.0).reshape(2, 5), np.arange(12.0).reshape(3, 2, 2)
    xp = pytest.importorskip("array_api_compat").array_namespace(a)
    around = np.pad(a, ((0, 0), (0, 1)))
    wanted = sum(w[:, c, k, None] * np.roll(around[c], -k) for c in range(2) for k in range(2))
    assert_allclose(printed(node, ("a", "w"))(xp, 1, a, w), wanted, atol=1e-9)


def test_loops_are_refused_where_they_cannot_be_axes():
    of = task(PLAIN, "forward")
    with pytest.raises(InvalidExpression, match="expected a node that has an axis for @i but got Circular"):
        vectorised(fourier(of, (12, 12)))
    with pytest.raises(InvalidExpression, match="Each: expected a program without loops: vectorise it first"):
        Functional(("a", "w")).value(windows(of))
    with pytest.raises(InvalidExpression, match="Overlap: expected one axis, and taps of its own, to land at"):
        Functional(("a",)).value(Overlap(X, (2, 7), (axis(0), axis(1) + axis(2)), ()))


# Text.


def names_of_the_standard(tree):
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("xp", "xp.fft")
    }


@settings(deadline=None, max_examples=150)
@given(layers(max_ndim=4))
def test_only_names_of_the_standard_are_used(layer):
    tree = ast.parse(array_api_module(layer))
    assert names_of_the_standard(tree) <= STANDARD
    others = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not ast.unparse(node.value).startswith("xp")
    }
    assert others <= {"shape", "dtype", "replace"}
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [node.module for node in imported] == ["typing", "array_api_compat"]
    stores = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)]
    assert not stores
    assert not any(isinstance(node, ast.AugAssign) for node in ast.walk(tree))


def formatted(source):
    pytest.importorskip("ruff")
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "-"],
            input=source, text=True, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr + source


@settings(deadline=None, max_examples=60)
@given(layers(max_ndim=4))
def test_source_is_formatted_and_clean(layer):
    formatted(array_api_module(layer))


def test_long_statements_are_broken_as_ruff_does():
    for options in ({"padding": 1000}, {"padding": -10, "dilation": 2, "flip": True}):
        layer = Conv((1024,) * 6, (2,) * 6, stride=3, groups=64, in_channels=4096, out_channels=4096, **options)
        source = array_api_module(layer)
        formatted(source)
        assert max(map(len, source.splitlines())) <= 88


def test_source_does_not_depend_on_the_batch():
    assert array_api_module(TELLING) == array_api_module(replace(TELLING, batch=5))


@pytest.mark.parametrize(
    "text",
    [
        "dE/da = corr(pad(delta, 1), rot180(w))\n",
        "delta (N, 1, 2, 2), w (1, 1, 2, 2) -> dE/da (N, 1, 3, 3)\n",
        '_check("delta", delta, ("N", 1, 2, 2))\n',
        "return xp.sum(delta, axis=(0, 2, 3), dtype=delta.dtype)\n",
    ],
)
def test_functions_state_the_formula_and_the_shapes(text):
    assert text in array_api_module(Conv((3, 3), (2, 2)))


def test_module_runs_alone(tmp_path):
    (tmp_path / "alone.py").write_text(array_api_module(TELLING))
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


# Bad input.


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"a": (4, 7, 8)}, r"a has shape \(4, 7, 8\) but expected \(N, 4, 7, 8\)"),
        ({"a": (2, 3, 7, 8)}, r"a has shape \(2, 3, 7, 8\) but expected \(N, 4, 7, 8\)"),
        ({"a": ()}, r"a has shape \(\) but expected \(N, 4, 7, 8\)"),
        ({"w": (6, 4, 2, 3)}, r"w has shape \(6, 4, 2, 3\) but expected \(6, 2, 2, 3\)"),
        ({"b": (1, 6)}, r"b has shape \(1, 6\) but expected \(6,\)"),
    ],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_an_array_of_another_shape_is_refused_with_what_was_expected(library, change, text):
    give, _, context = LIBRARIES[library]()
    arrays = {name: give(np.zeros(change.get(name, x.shape))) for name, x in integers(TELLING).items()}
    with context, pytest.raises(ValueError, match=f"^{text}$"):
        run(compiled_array_api(TELLING), TELLING, arrays)


def test_two_batches_are_refused():
    arrays = integers(TELLING)
    expected_shape = str((2, *TELLING.input_shape[1:]))
    with pytest.raises(ValueError, match="a has shape") as error:
        compiled_array_api(TELLING).weight_gradient(arrays["delta"], arrays["a"][:1])
    assert str(error.value).endswith(f"but expected {expected_shape}")


def test_what_is_no_layer_is_refused():
    for function in (array_api_module, compiled_array_api):
        with pytest.raises(InvalidLayer, match=r"expected a Conv but got namespace\(\)"):
            function(SimpleNamespace())


def test_the_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "array_api_compat", None)
    with pytest.raises(
        MissingLibrary, match=r"^array_api_compat is not installed: pip install 'symconv\[array-api\]'$"
    ):
        compiled_array_api(Conv((13, 17), (3, 5)))
