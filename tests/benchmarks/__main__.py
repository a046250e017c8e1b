"""Prints every figure: proofs against SymPy alone, over all presets, as the layer grows; audits against gradcheck."""

import random
import subprocess
import sys
import time
from statistics import median

import sympy

from symconv import Conv, prove
from symconv.presets import presets
from tests.benchmarks import audits

REPEATS = 7


def seconds(function, repeats=REPEATS):
    """The median of several runs, after one that warms up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return median(times)


class SympyAlone:
    """``E = sum delta * z`` in SymPy, differentiated by every entry of a, w and b, and expanded."""

    def __init__(self, layer):
        (height, width), (rows, columns) = layer.input_size, layer.kernel_size
        channels, (out_rows, out_columns) = range(layer.in_channels), layer.output_size
        a = {(c, i, j): sympy.Symbol(f"a{c}_{i}_{j}") for c in channels for i in range(height) for j in range(width)}
        w = {(c, k, m): sympy.Symbol(f"w{c}_{k}_{m}") for c in channels for k in range(rows) for m in range(columns)}
        b = sympy.Symbol("b")
        self.entries = [*a.values(), *w.values(), b]
        self.error = sympy.Add(
            *(
                sympy.Symbol(f"delta{i}_{j}") * sympy.Add(b, *(w[c, k, m] * a[c, i + k, j + m] for c, k, m in w))
                for i in range(out_rows)
                for j in range(out_columns)
            )
        )

    def seconds(self, budget):
        """For all entries; from a random sample of them if the budget runs out first."""
        order = random.Random(0).sample(self.entries, len(self.entries))
        start, done = time.perf_counter(), 0
        for entry in order:
            sympy.expand(self.error.diff(entry))
            done += 1
            if time.perf_counter() - start > budget:
                break
        return (time.perf_counter() - start) * len(order) / done, done, len(order)


def against_sympy():
    print("prove (warm, all gradients) against SymPy's E.diff by every entry of a, w and b")
    for name, layer in (
        ("8x8 / 3x3", Conv((8, 8), (3, 3))),
        ("16x16 / 5x5, 3 channels", Conv((16, 16), (5, 5), in_channels=3)),
    ):
        ours = seconds(lambda layer=layer: prove(layer))
        sympy.core.cache.clear_cache()
        theirs, done, count = SympyAlone(layer).seconds(budget=20)
        sample = "" if done == count else f" (from {done} of {count} entries)"
        print(f"  {name:26} prove {ours * 1e3:8.1f} ms   SymPy {theirs:7.2f} s{sample}   ratio {theirs / ours:8.1f}")


def against_casadi():
    try:
        import casadi
    except ImportError:
        print("  CasADi is not installed: pip install casadi to compare with it")
        return
    layer = Conv((16, 16), (5, 5), in_channels=3)

    def jacobian():
        a = [[casadi.SX.sym(f"a{c}_{i}", 16) for i in range(16)] for c in range(3)]
        w = [[casadi.SX.sym(f"w{c}_{k}", 5) for k in range(5)] for c in range(3)]
        delta = [casadi.SX.sym(f"d{i}", 12) for i in range(12)]
        error = sum(
            delta[i][j] * w[c][k][m] * a[c][i + k][j + m]
            for i in range(12)
            for j in range(12)
            for c in range(3)
            for k in range(5)
            for m in range(5)
        )
        return casadi.gradient(error, casadi.vertcat(*(row for channel in a for row in channel)))

    ours, theirs = seconds(lambda: prove(layer)), seconds(jacobian, repeats=3)
    print(
        f"  CasADi derives dE/da alone in {theirs:.2f} s; prove, all gradients, {ours:.2f} s: ratio {theirs / ours:.1f}"
    )


def growth():
    print("prove as the layer grows (time per axis triple should not grow)")
    for size in (32, 64, 128, 256, 512, 1024, 2048):
        layer = Conv((size, size), (3, 3), padding=1, in_channels=64, out_channels=64)
        triples = sum(axis.output_size * axis.kernel_size for axis in layer.axes)
        took = seconds(lambda layer=layer: prove(layer), repeats=3)
        print(
            f"  {size:5}x{size:<5} {triples:7} triples  {took * 1e3:8.1f} ms  {took / triples * 1e6:8.2f} us a triple"
        )


def all_presets():
    start = time.perf_counter()
    verdicts = [prove(p.layer) for p in presets()]
    took = time.perf_counter() - start
    print(f"all {len(verdicts)} presets at full size: {took:.2f} s, all proved: {all(verdicts)}")


def every_shape():
    print("the theorem for every shape, all claims, checker included (should grow linearly with the rank)")
    for ndim in range(1, 6):
        took = seconds(lambda n=ndim: prove(Conv.general(n), every_shape=True))
        print(f"  rank {ndim}: {took * 1e3:6.1f} ms")


def commands():
    for arguments in (["--help"], ["prove"], ["prove", "--every-shape"]):
        took = seconds(lambda a=arguments: subprocess.run([sys.executable, "-m", "symconv", *a], capture_output=True))
        print(f"symconv {' '.join(arguments):20} {took:6.3f} s, as a process")


def main():
    against_sympy()
    against_casadi()
    all_presets()
    growth()
    every_shape()
    commands()
    audits.main()


if __name__ == "__main__":
    main()
