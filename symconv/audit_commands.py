"""The commands about implementations: ``symconv audit`` and ``symconv write-tests``.

In: a TARGET and options.  Out: a report, an exit code; a test file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from symconv.printing import EXIT_CODES, count, print_json, print_lines, shows_unicode, suffix_of

LARGEST = ("stride", "padding", "dilation", "groups", "batch")
FLAGS = ("symmetric", "uniform", "square", "negative_padding")


def support_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """What an implementation claims to support."""
    decorators = [
        click.option("--adapter", metavar="NAME", help="The convention TARGET is written to.  [default: native]"),
        click.option("--forward", metavar="TARGET", help="Its forward function, which is checked first."),
        click.option("--ndim", metavar="N", help="Numbers of spatial axes, as in 2 or 1,2.  [default: 1,2,3]"),
        *(click.option(f"--{name}", metavar="N", help=f"The largest {name} that is tested.") for name in LARGEST),
        click.option("--symmetric", is_flag=True, help="Low and high padding are equal."),
        click.option("--uniform", is_flag=True, help="Stride, padding and dilation are the same along all axes."),
        click.option("--square", is_flag=True, help="Inputs and kernels are square, too."),
        click.option("--negative-padding", is_flag=True, help="Negative padding, which crops, is tested, too."),
        click.option("--no-remainder", is_flag=True, help="Only output sizes that are not rounded down."),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def supported(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as keyword arguments of `symconv.audit`."""
    given: dict[str, Any] = {
        name: count(options[name], f"--{name}") for name in LARGEST if options[name] is not None
    } | {name: True for name in FLAGS if options[name]}  # fmt: skip
    if options["ndim"] is not None:
        given["ndim"] = tuple(count(part, "--ndim") for part in options["ndim"].split(","))
    if options["no_remainder"]:
        given["remainder"] = False
    return given


@click.command()
@click.argument("target")
@support_arguments
@click.option("--dtype", metavar="NAME", help="The dtype of the data.  [default: float64 where TARGET takes it]")
@click.option("--layers", default="600", metavar="N", show_default=True, help="How many layers are tested at most.")
@click.option("--seconds", default="20", metavar="S", show_default=True, help="When the sweep ends.")
@click.option("--limit", default="10", metavar="S", show_default=True, help="Seconds for each call.")
@click.option("--seed", default="0", metavar="N", show_default=True, help="What random layers and data depend on.")
@click.option("--format", "form", type=click.Choice(["text", "latex", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def audit(
    target: str,
    adapter: str | None,
    forward: str | None,
    dtype: str | None,
    layers: str,
    seconds: str,
    limit: str,
    seed: str,
    form: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Test a conv backward against the theorem, exactly, and name its mistake.

    TARGET is package.module:function, file.py:function, or the name of an adapter that stands for a library (torch).
    The function is called as f(delta, a, w, *, stride, padding, dilation, groups) and returns (da, dw, db), unless an
    --adapter says otherwise. It runs in a process of its own.
    """
    from symconv.audits import audit as audit_target

    given = supported(options)
    with _progress() as shown:
        report = audit_target(
            target, forward=forward, adapter=adapter, dtype=dtype, layers=count(layers, "--layers"),
            seconds=_seconds(seconds, "--seconds"), limit=_seconds(limit, "--limit"), seed=count(seed, "--seed"),
            progress=shown, **given,
        )  # fmt: skip
    if as_json or form == "json":
        print_json(report.to_json())
    elif form == "latex":
        click.echo(report.latex(), nl=False)
    else:
        print_lines(report.lines(unicode=shows_unicode()))
    raise SystemExit(EXIT_CODES[report.status])


@click.command("write-tests")
@click.argument("target")
@support_arguments
@click.option("-o", "--output", metavar="FILE", help="Write to FILE.")
def write_tests(target: str, adapter: str | None, forward: str | None, output: str | None, **options: Any) -> None:
    """Write a pytest file for TARGET: a whole audit, and properties for Hypothesis."""
    from symconv.files import write_text
    from symconv.testing.template import test_file

    suffix_of(output, [".py"])
    text = test_file(target, adapter=adapter, forward=forward, options=supported(options), output=output)
    if output in (None, "-"):
        click.echo(text, nl=False)
    else:
        write_text(str(output), text)


def _seconds(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise click.UsageError(f"{name} {text!r} is no number of seconds") from None
    if not 0 < value < 10**6:
        raise click.UsageError(f"{name} {text!r} is not above 0")
    return value


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr, where that is a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from symconv.report.terminal import bar

    with bar("auditing") as shown:
        yield shown
