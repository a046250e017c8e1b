"""A campaign of audits: ``python -m tests.audit_campaign [--layers 10000] [--seed 1] [--every 1]``.

Every wrong backward of the corpus, and every pair of mistakes, goes through `symconv.audits.audit`; correct libraries,
where they are installed, are audited on so many layers each. Prints the rates by gradient and class. The exit code is
1 if something wrong was not refuted, or something right was, or too few mistakes were named.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from unittest import mock

from symconv.auditing import audit as auditing
from symconv.auditing.adapters import find_adapter
from symconv.auditing.audit import Audit, Settings
from symconv.auditing.exact import integers
from symconv.auditing.protocol import Implementation, described
from symconv.auditing.running import Call, Failed, Failure, InProcess
from symconv.auditing.sandbox import Sandbox
from symconv.auditing.sweep import at_random
from symconv.auditing.verdicts import Agreed, Mistaken, NoResult
from symconv.audits import audit
from symconv.errors import MissingLibrary, SymconvError
from symconv.numpy import conv_backward
from tests.audit_mutants import mutants, pairs
from tests.audit_names import named, of_right_kind
from tests.test_adapters import WRONG

WORKERS = 2
LIBRARIES = ("symconv", "torch", "jax", "autograd", "mygrad", "onnx-reference")
BUGS = {
    "jax": "XLA aborts while it compiles dE/da of some layers with a single output position along a dilated axis",
    "autograd": "convolves forever where neither array is the larger",
    "mygrad": "refuses a dilated kernel that fits",
    "onnx-reference": "wrong for groups that are not depthwise",
}
ABORTING = ("jax",)  # run apart, and dE/da, dE/dw, dE/db alone: each shape is compiled anew
CHUNK = 250  # layers of a library in one audit
NAMED = {1: 0.95, 2: 0.9}  # least rates, for single mistakes and pairs


@dataclass(frozen=True)
class Found:
    """What came of one mutant."""

    name: str
    of: str
    kind: str
    mistakes: int
    refuted: bool
    failed: bool  # it only ever fails; then the class is judged, not the name
    right: bool
    diagnoses: tuple[str, ...]
    accused: tuple[str, ...]  # other gradients that were refuted, wrongly
    slowest: float  # seconds of the diagnosis


@cache
def corpus():
    return [*mutants(), *pairs()]


def audited(number: int, seed: int) -> Found:
    """One mutant, by its place in the corpus."""
    mutant, took = corpus()[number], [0.0]
    support = mutant.support
    diagnose = auditing.diagnose

    def timed(*arguments):
        begun = time.perf_counter()
        found = diagnose(*arguments)
        took.append(time.perf_counter() - begun)
        return found

    with mock.patch.object(auditing, "diagnose", timed):
        outcomes = audit(
            mutant.backward, ndim=support.ndim, stride=support.stride, padding=support.padding,
            dilation=support.dilation, groups=support.groups, batch=support.batch, symmetric=support.symmetric,
            negative_padding=support.negative_padding, uniform=support.uniform, square=support.square_kernel,
            remainder=support.remainder, layers=200, seconds=5.0, seed=seed,
        ).outcomes  # fmt: skip
    own = outcomes[mutant.of]
    failed = isinstance(own, Mistaken) and isinstance(own.finding, NoResult)
    diagnoses = own.diagnoses if isinstance(own, Mistaken) else ()
    right = bool(diagnoses) and (of_right_kind(mutant, diagnoses[0]) if failed else named(mutant, diagnoses))
    accused = [slot for slot, o in outcomes.items() if slot != mutant.of and isinstance(o, Mistaken)
               and not isinstance(o.finding, NoResult)]  # fmt: skip
    return Found(
        mutant.name, mutant.of, mutant.kind, len(mutant.mistakes), isinstance(own, Mistaken), failed, right,
        tuple(diagnosis.name for diagnosis in diagnoses), tuple(accused), max(took),
    )  # fmt: skip


@cache
def library(name: str) -> Implementation:
    if name == "symconv":
        return Implementation(name, conv_backward)
    own = find_adapter(name).own
    assert own is not None, "each of these adapters stands for a library"
    return own()


def compared(name: str, seed: int, count: int) -> Counter[str]:
    """A correct library on random layers, those apart on which it is known to be wrong; texts of what is refuted."""
    figures: Counter[str] = Counter()
    try:
        implementation = library(name)
    except MissingLibrary as error:
        return Counter({f"not installed: {error}": 1})
    known_bug = WRONG.get(name, lambda _: False)
    layers = []
    for layer in at_random(implementation.support, seed, 10 * count):
        if len(layers) == count:
            break
        figures["left out, for a known bug"] += known_bug(layer)
        layers += [] if known_bug(layer) else [layer]
    try:
        with _runner(name, implementation) as runner:
            if name in ABORTING:
                layers = _surviving(runner, layers, implementation.dtypes[0], figures)
            figures["layers"] = len(layers)
            settings = Settings(implementation.dtypes[0], seed, len(layers), 1e6, tuple(layers))
            about = described(implementation)
            if name in ABORTING:
                about = replace(about, has_forward=False)
            outcomes = Audit(runner, about, settings).run().outcomes
    except SymconvError as error:
        return figures + Counter({f"NOT AUDITED: {error}": 1})
    for slot, outcome in outcomes.items():
        if isinstance(outcome, Mistaken):
            figures[f"REFUTED: {slot} on {outcome.layer}: {outcome.finding}"] += 1
        elif isinstance(outcome, Agreed):
            figures[f"{slot} agreed"] += outcome.layers
            figures[f"{slot} not supported"] += outcome.unsupported
    return figures


@contextmanager
def _runner(name: str, implementation: Implementation):
    """A process of its own for a library that may end it, with room for all that it compiles."""
    if name not in ABORTING:
        yield InProcess(implementation)
        return
    with Sandbox(name, limit=120.0, memory=None) as sandbox:
        yield sandbox


def _surviving(runner, layers, dtype, figures):
    """The layers that do not end the process; the others are counted and shown."""
    calls = [Call(layer, integers(layer, dtype, 0).backward) for layer in layers]
    kept = []
    for layer, seen in zip(layers, runner.run(calls), strict=True):
        if isinstance(seen, Failed) and seen.failure is Failure.DIED:
            figures["left out, for it ended the process (known bug)"] += 1
            print(f"  {layer!r}: {seen.text}", flush=True)
        else:
            kept.append(layer)
    return kept


def report(found: list[Found]) -> bool:
    """Print the rates of the corpus; whether they are what they should be."""
    rows = defaultdict(list)
    for one in found:
        rows["pairs" if one.mistakes == 2 else f"{one.of}: {one.kind}"].append(one)
        rows[f"all, {one.mistakes} in one"].append(one)
    print(f"{'':<24}{'refuted':>12}{'named rightly':>16}{'class of failures':>20}")
    for name, row in sorted(rows.items()):
        valued, failing = ([one for one in row if one.failed is failed] for failed in (False, True))
        print(
            f"{name:<24}{_share(one.refuted for one in row):>12}{_share(one.right for one in valued):>16}"
            f"{_share(one.right for one in failing):>20}"
        )
    for one in found:
        if not one.right or one.accused:
            print(f"  {one.name}: {'; '.join(one.diagnoses) or 'NOT REFUTED'} {' '.join(one.accused)}")
    slowest = max(found, key=lambda one: one.slowest)
    print(f"slowest diagnosis: {slowest.slowest:.2f} s, {slowest.name}")
    return all(one.refuted and not one.accused for one in found) and all(
        sum(one.right for one in valued) >= least * len(valued)
        for mistakes, least in NAMED.items()
        for valued in [[one for one in found if one.mistakes == mistakes and not one.failed]]
    )


def _share(rights) -> str:
    rights = list(rights)
    return f"{sum(rights)}/{len(rights)}" if rights else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=10_000, help="for each library")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="audit every so-manieth mutant only")
    options = parser.parse_args()
    begun = time.perf_counter()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        numbers = range(0, len(corpus()), options.every)
        found = list(pool.map(audited, numbers, [options.seed] * len(numbers), chunksize=4))
        fine = report(found)
        print(f"{len(found)} audits in {time.perf_counter() - begun:.0f} s", flush=True)
        for name in LIBRARIES:
            fine &= _library(pool, name, options.layers, options.seed)
    return 0 if fine else 1


def _library(pool, name: str, layers: int, seed: int) -> bool:
    """Print what came of a library; whether nothing of it was refuted."""
    begun = time.perf_counter()
    counts = [min(CHUNK, layers - done) for done in range(0, layers, CHUNK)]
    seeds = [1000 * seed + number for number in range(len(counts))]
    figures = sum(pool.map(compared, [name] * len(counts), seeds, counts), Counter())
    print(f"{name}: {time.perf_counter() - begun:.0f} s" + (f" (known bug: {BUGS[name]})" if name in BUGS else ""))
    for text, number in sorted(figures.items()):
        print(f"  {number:>7}  {text}")
    sys.stdout.flush()
    return not any(text.startswith(("REFUTED", "NOT AUDITED")) for text in figures)


if __name__ == "__main__":
    sys.exit(main())
