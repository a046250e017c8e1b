"""What a run of the benchmark has found, as a page in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from math import exp, log
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.cases import DIRECTIONS, SETS, SPECIAL
from tests.benchmarks.contenders import FRAMEWORKS, PEERS, SYMCONV

Record = dict[str, Any]
Ratio = tuple[float, str]  # and against whom

INTRODUCTION = """\
# Benchmarks of the lowered code

`python -m tests.benchmarks.lowering --write` wrote this page; `make bench-lowering` prints it.

What `symconv.lower` makes of a layer is timed against PyTorch, JAX and NumPy code as people write it: the forward map
without bias, dE/da and dE/dw, each alone. Every number is a ratio, the time of symconv divided by the time of the
other: below 1 symconv is faster. All who compute a thing take turns of {turn:.0f} ms in one process, until each has
used {seconds:g} s and has made two calls at least, and the least time of a call counts. Arrays and tensors are made,
and code is compiled, outside of the time. A result that does not agree with that of symconv is not timed. "memory"
says that symconv itself did not get as much memory as it asked for.

- PyTorch: `torch.nn.functional.conv*d`, and `aten::convolution_backward` for one gradient alone.
- JAX: `lax.conv_general_dilated` and its pullbacks, compiled by `jax.jit`.
- NumPy peers, the best of which is shown, with its name: einsum (`np.einsum` over `sliding_window_view`), im2col
  (and `np.tensordot` or `np.matmul`, as in Chainer and CS231n), autograd (`autograd.scipy.signal.convolve`), mygrad
  (`mygrad.nnet.conv_nd`), and scipy (`scipy.signal` for each pair of channels, direct or fft). A peer that does not
  do a layer is left out; "-" says that nobody does it.

Machine: {machine}
"""


def page(timings: Sequence[Record], rounding: Sequence[Record], seconds: float, turns: int) -> str:
    """Everything as one page."""
    parts = [INTRODUCTION.format(seconds=seconds, turn=1e3 * seconds / turns, machine=machine.description())]
    for subject in [name for name in SYMCONV if any(name in {*t["seconds"], *t["failed"]} for t in timings)]:
        parts += suite(subject, timings)
        parts += presets(subject, timings)
    return "\n".join([*parts, *errors(rounding), *legend({t["set"] for t in timings})])


def suite(subject: str, timings: Sequence[Record]) -> Iterator[str]:
    """A table of the suite for each dtype and number of threads."""
    for dtype, threads in runs(timings):
        chosen = [t for t in timings if (t["set"], t["dtype"], t["threads"]) == ("suite", dtype, threads)]
        if chosen:
            yield heading(f"{subject}, {dtype}, {count(threads, 'thread')}")
            yield (
                f"Time of {subject} over that of PyTorch, of JAX, and of the best NumPy peer; the rows at the end are "
                f"geometric means, without {' and '.join(SPECIAL)} in the second, and the worst case.\n"
            )
            yield table(["case", *columns(DIRECTIONS)], ratio_rows(subject, chosen))
            yield overall(subject, chosen)


def overall(subject: str, records: Sequence[Record]) -> str:
    """The geometric means over all three computations, as a sentence."""
    usual = [record for record in records if record["case"] not in SPECIAL]
    means = [
        f"{mean_ratio(subject, records, DIRECTIONS, rival)} of {name} "
        f"({mean_ratio(subject, usual, DIRECTIONS, rival)} without {', '.join(SPECIAL)})"
        for name, rival in RIVALS.items()
    ]
    return f"Geometric means over all three: {'; '.join(means)}.\n"


def presets(subject: str, timings: Sequence[Record]) -> Iterator[str]:
    """One table of the geometric means over the presets, a row for each dtype and number of threads."""
    chosen = [t for t in timings if t["set"] == "presets"]
    if not chosen:
        return
    yield heading(f"{subject}, layers of published networks")
    yield (
        f"Time of {subject} over that of PyTorch, of JAX, and of the best NumPy peer: geometric means over "
        f"{count(len({t['case'] for t in chosen}), 'preset')} that no choice was made by.\n"
    )
    rows = []
    for dtype, threads in runs(chosen):
        run = [t for t in chosen if (t["dtype"], t["threads"]) == (dtype, threads)]
        means = [mean_ratio(subject, run, directions, rival) for rival, directions in over(ALL_DIRECTIONS)]
        rows.append([f"{dtype}, {count(threads, 'thread')}", *means])
    yield table(["run", *columns([*DIRECTIONS, "all"])], rows)


Rival = Callable[[Record], tuple[float, str] | None]
ALL_DIRECTIONS = [*((d,) for d in DIRECTIONS), DIRECTIONS]


def framework(name: str) -> Rival:
    """The time of a framework in a record, if it is there."""
    return lambda record: (record["seconds"][name], "") if name in record["seconds"] else None


def best_peer(record: Record) -> tuple[float, str] | None:
    """The time of the fastest NumPy peer in a record, if there is one, and its name."""
    return min(((record["seconds"][name], name) for name in PEERS if name in record["seconds"]), default=None)


RIVALS: dict[str, Rival] = {**{name: framework(name) for name in FRAMEWORKS}, "best NumPy": best_peer}


def over(directions: Iterable[tuple[str, ...]]) -> Iterator[tuple[Rival, tuple[str, ...]]]:
    """The columns of a table: every rival in all directions."""
    return product(RIVALS.values(), list(directions))


def columns(directions: Sequence[str]) -> list[str]:
    """The heads of those columns."""
    return [f"{rival}: {direction}" for rival, direction in product(RIVALS, directions)]


def ratios(subject: str, records: Iterable[Record], directions: Iterable[str], rival: Rival) -> dict[str, Ratio]:
    """The ratio in each case and direction where both were timed."""
    found = {}
    for record in records:
        if record["direction"] in directions and subject in record["seconds"] and (theirs := rival(record)):
            time, name = theirs
            found[f"{record['case']} {record['direction']}"] = (record["seconds"][subject] / time, name)
    return found


def ratio_rows(subject: str, records: Sequence[Record]) -> Iterator[list[str]]:
    """A row for each case, then means and the worst."""
    each = list(over((d,) for d in DIRECTIONS))
    for case in dict.fromkeys(record["case"] for record in records):
        run = [record for record in records if record["case"] == case]
        yield [case, *(shown(subject, run, directions, rival) for rival, directions in each)]
    usual = [record for record in records if record["case"] not in SPECIAL]
    for name, run in (("all", list(records)), (f"without {', '.join(SPECIAL)}", usual)):
        yield [f"**{name}**", *(mean_ratio(subject, run, directions, rival) for rival, directions in each)]
    yield ["**worst**", *(worst(ratios(subject, records, directions, rival)) for rival, directions in each)]


def shown(subject: str, records: Sequence[Record], directions: Sequence[str], rival: Rival) -> str:
    """One ratio, with the name of whom it is against if that is not clear; why symconv has failed, if it has."""
    for ratio, name in ratios(subject, records, directions, rival).values():
        return f"{ratio:.2f} {name}".strip()
    return " ".join(failures(subject, records, directions)) or "-"


def failures(subject: str, records: Iterable[Record], directions: Sequence[str]) -> list[str]:
    """Why the contender did not do what it was to do, as often as it did not."""
    return [r["failed"][subject] for r in records if r["direction"] in directions and subject in r["failed"]]


def mean_ratio(subject: str, records: Sequence[Record], directions: Sequence[str], rival: Rival) -> str:
    """The geometric mean of the ratios, and how many are not in it because symconv has failed."""
    mean = geometric_mean([ratio for ratio, _ in ratios(subject, records, directions, rival).values()])
    failed = len(failures(subject, records, directions))
    return f"{mean} ({failed} failed)" if failed else mean


def geometric_mean(values: Sequence[float]) -> str:
    """The geometric mean, as it is printed."""
    return f"{exp(sum(map(log, values)) / len(values)):.2f}" if values else "-"


def worst(found: dict[str, Ratio]) -> str:
    """The largest ratio and its case."""
    if not found:
        return "-"
    case = max(found, key=lambda case: found[case])
    return f"{found[case][0]:.2f} {case.split()[0]}"


def errors(rounding: Sequence[Record]) -> Iterator[str]:
    """A table of the errors in float32, for each contender of symconv."""
    for subject in dict.fromkeys(record["contender"] for record in rounding):
        yield heading(f"{subject}, rounding in float32")
        yield (
            f"The largest error of {subject} against float64, as a part of the largest entry; the same of direct "
            "summation in float32, one product after the other; and their ratio, below 1 where symconv is nearer.\n"
        )
        of_subject = [record for record in rounding if record["contender"] == subject]
        yield table(["case", *DIRECTIONS], error_rows(of_subject))


def error_rows(records: Sequence[Record]) -> Iterator[list[str]]:
    """A row for each case, then the geometric means of the ratios of those that have errors."""
    for case in dict.fromkeys(record["case"] for record in records):
        known = {record["direction"]: record for record in records if record["case"] == case}
        yield [case, *(shown_error(known[d]) if d in known else "-" for d in DIRECTIONS)]
    means = []
    for direction in DIRECTIONS:
        both = [r for r in records if r["direction"] == direction and r["error"] > 0 < r["direct"]]
        means.append(geometric_mean([r["error"] / r["direct"] for r in both]))
    yield ["**all**", *means]


def shown_error(record: Record) -> str:
    """Both errors, and the ratio where there is one."""
    ratio = f" = {record['error'] / record['direct']:.2f}" if record["direct"] else ""
    return f"{record['error']:.1e} / {record['direct']:.1e}{ratio}"


def legend(kinds: set[str]) -> Iterator[str]:
    """The layers of the sets."""
    yield heading("The layers")
    for kind in SETS:
        if kind in kinds:
            rows = ([case, str(layer.batch), f"`{layer!r}`"] for case, layer in SETS[kind].items())
            yield table([kind, "batch", "layer"], rows)


def runs(timings: Iterable[Record]) -> list[tuple[str, int]]:
    """The dtypes and numbers of threads that were run, float32 first."""
    return sorted({(t["dtype"], t["threads"]) for t in timings})


def heading(text: str) -> str:
    """A heading of the page."""
    return f"## {text}\n"


def count(number: int, noun: str) -> str:
    """The noun with its number."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, its columns as wide as they need be."""
    cells = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"
