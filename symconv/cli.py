"""The command line: arguments in, text out, and an exit code.

Exit codes: 0 PROVED or PASSED, 1 REFUTED, 2 usage or bad input, 3 UNDECIDED or UNSUPPORTED.
SymPy and the proofs are imported when a command runs, not before.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from symconv import __version__
from symconv.audit_commands import audit, write_tests
from symconv.derive_command import derive
from symconv.errors import SymconvError
from symconv.explore_command import explore
from symconv.figure_command import figure
from symconv.layer_options import layer_arguments, read_layer
from symconv.lower_command import lower
from symconv.printing import print_json
from symconv.prove_command import prove

if TYPE_CHECKING:
    from symconv.layer import Conv

BAD_INPUT = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="symconv")
@click.pass_context
def cli(context: click.Context) -> None:
    """Derive, prove and lower the gradients of convolution layers.

    LAYER is INPUT KERNEL and options, or --preset NAME; without a LAYER: the worked example, 3x3 under 2x2.
    Sizes and options are one number for all axes, or one per axis: 8x8, 2x1; padding also low:high, as in 1:0x2:1.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@click.argument("certificates", nargs=-1, required=True, metavar="CERTIFICATE...")
@click.option(
    "--layer",
    "about",
    metavar="LAYER",
    help="Refuse a certificate that is about another layer, as in --layer '8x8 3x3 --stride 2'.",
)
def check(certificates: tuple[str, ...], about: str | None) -> None:
    """Check certificates with the independent checker, and print what they establish."""
    from symconv.proof.checking import check_file

    layer = None if about is None else _layer_of(about)
    worst = 0
    for path in certificates:
        code, lines = check_file(path, layer)
        for line in lines:
            click.echo(line)
        worst = max(worst, code)
    raise SystemExit(worst)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def layers(as_json: bool) -> None:
    """List the presets: layers of published networks, one a line."""
    from symconv.presets import presets

    if as_json:
        print_json(
            {
                p.name: {"layer": p.layer.to_json(), "network": p.network, "source": p.source, "note": p.note}
                for p in presets()
            }
        )
        return
    width = max(len(p.name) for p in presets())
    for p in presets():
        click.echo(f"{p.name.ljust(width)}  {p.layer!r}  {p.network}")


cli.add_command(prove)
cli.add_command(derive)
cli.add_command(audit)
cli.add_command(write_tests)
cli.add_command(lower)
cli.add_command(figure)
cli.add_command(explore)


def main() -> None:
    """Run the command line; every error is one line on stderr and an exit code."""
    if sys.stdout is None:  # closed before we began
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  it stays open for as long as we run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with cli.make_context("symconv", sys.argv[1:]) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stopped:
        raise SystemExit(stopped.exit_code) from None
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except SymconvError as error:
        _fail(str(error), BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone: nothing more can be said to it, and flushing at exit must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        _fail(f"cannot write the output: {error.strerror or error}", BAD_INPUT)
    raise SystemExit(0)


def _fail(message: str, code: int) -> None:
    line = " ".join(message.split())
    sys.stderr.write(f"symconv: {line}\n")
    raise SystemExit(code)


@click.command()
@layer_arguments
def _layer_command(**layer_options: Any) -> Conv:
    return read_layer(layer_options)[0]


def _layer_of(text: str) -> Conv:
    """The layer that a text names, as on a command line."""
    layer: Conv = _layer_command.main(shlex.split(text), prog_name="--layer", standalone_mode=False)
    return layer
