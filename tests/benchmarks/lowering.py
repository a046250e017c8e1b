"""The lowered code against PyTorch, JAX and NumPy code as people write it: ``python -m tests.benchmarks.lowering``.

Prints tables in Markdown, or writes them to docs/benchmarks.md (--write); --json keeps every time in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from symconv import Conv
from tests.benchmarks import machine, peers
from tests.benchmarks.cases import DIRECTIONS, DTYPES, SETS, Array, Task, tasks
from tests.benchmarks.contenders import CONTENDERS, SYMCONV, Contender, environment, installed
from tests.benchmarks.races import TURNS, Call, agree, error, race
from tests.benchmarks.tables import page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
PAUSE = 0.03  # seconds before each turn, with several threads: as long as those of a BLAS wait for more work


@dataclass
class Timing:
    """The least seconds of a call of every contender that does the task, and why the others that try do not."""

    set: str
    case: str
    direction: str
    dtype: str
    threads: int
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass
class Rounding:
    """Errors in float32 against float64, as parts of the largest entry, of a contender and of direct summation."""

    contender: str
    case: str
    direction: str
    error: float
    direct: float


def timed(options: argparse.Namespace) -> Iterator[Timing]:
    """A race for every task, in this process."""
    threads = options.threads[0]
    settle()
    contenders = {name: c for name, c in installed(threads).items() if name in {*SYMCONV, *options.against}}
    for dtype in options.dtypes:
        for kind, case, layer in chosen(options):
            for task in tasks(layer, dtype, options.directions):
                print(f"{threads} threads  {dtype}  {case}  {task.direction}", file=sys.stderr)
                calls, failed = checked(task, contenders)
                seconds = race(calls, options.seconds, PAUSE if threads > 1 else 0)
                yield Timing(kind, case, task.direction, dtype, threads, seconds, failed)


def settle() -> None:
    """Free a large array: from then on glibc keeps what is freed, as in any process that has run for a while."""
    np.ones(2**25 - 2**16, np.uint8)


def chosen(options: argparse.Namespace) -> Iterator[tuple[str, str, Conv]]:
    """The sets, cases and layers that were asked for."""
    for kind in options.sets:
        for case, layer in SETS[kind].items():
            if not options.cases or case in options.cases:
                yield kind, case, layer


def checked(task: Task, contenders: dict[str, Contender]) -> tuple[dict[str, Call], dict[str, str]]:
    """The functions of those that do the task as the lowered code does it, and why others do not."""
    expected: Array | None = None
    calls: dict[str, Call] = {}
    failed = {}
    for name, contender in contenders.items():
        try:
            if (call := contender.make(task)) is None:
                continue
            result = np.asarray(call())
        except MemoryError:
            failed[name] = "memory"
            continue
        expected = result if expected is None else expected
        if agree(result, expected):
            calls[name] = call
        else:
            failed[name] = "wrong"
    return calls, failed


def rounded(options: argparse.Namespace) -> Iterator[Rounding]:
    """The errors of the lowered code and of direct summation, on the suite."""
    for kind, case, layer in chosen(options):
        for task in tasks(layer, "float32", options.directions) if kind == "suite" else ():
            exact = peers.einsum(task.astype("float64"))()
            direct = error(peers.one_by_one(task), exact)
            for name, contender in SYMCONV.items():
                if (call := contender.make(task)) is not None:
                    yield Rounding(name, case, task.direction, error(np.asarray(call()), exact), direct)


def measured(options: argparse.Namespace) -> dict[str, list[dict[str, object]]]:
    """Everything for each number of threads, each in a process of its own, for libraries read it when they start."""
    found: dict[str, list[dict[str, object]]] = {"timings": [], "rounding": []}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        for at, threads in enumerate(options.threads):
            given = [*sys.argv[1:], "--inside", "--threads", str(threads), "--json", str(file)]
            if at:
                given.append("--no-rounding")
            command = [sys.executable, "-m", "tests.benchmarks.lowering", *given]
            subprocess.run(command, check=True, cwd=ROOT, env=os.environ | environment(threads))
            for key, records in json.loads(file.read_text()).items():
                found[key] += records
    return found


def measured_inside(options: argparse.Namespace) -> dict[str, list[dict[str, object]]]:
    """Everything for one number of threads, which the environment has set."""
    timings = [asdict(timing) for timing in timed(options)]
    rounding = [] if options.no_rounding else [asdict(rounding) for rounding in rounded(options)]
    return {"timings": timings, "rounding": rounding}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks.lowering", description=__doc__)
    made.add_argument(
        "--seconds", type=float, default=0.5, help="for each contender and task (default 0.5; below 0.2 noisy)"
    )
    made.add_argument("--write", action="store_true", help=f"write the tables to {PAGE.relative_to(ROOT)}")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every time to a file")
    made.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N")
    made.add_argument("--dtypes", nargs="+", choices=DTYPES, default=DTYPES)
    made.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    made.add_argument("--cases", nargs="+", choices=[c for cases in SETS.values() for c in cases], metavar="CASE")
    made.add_argument("--directions", nargs="+", choices=DIRECTIONS, default=DIRECTIONS)
    made.add_argument("--against", nargs="*", choices=CONTENDERS, default=list(CONTENDERS), metavar="CONTENDER")
    made.add_argument("--no-rounding", action="store_true", help="leave the errors in float32 out")
    made.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return made


def main() -> None:
    """Measure, and print or write what was found."""
    options = parser().parse_args()
    found = (measured_inside if options.inside else measured)(options)
    if options.json:
        about = {} if options.inside else {"machine": machine.description(), "seconds": options.seconds}
        options.json.write_text(json.dumps(about | found, indent=1) + "\n", encoding="utf-8")
    if options.inside:
        return
    text = page(found["timings"], found["rounding"], options.seconds, TURNS)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
