"""The command `lower`: NumPy source of a layer, and why it is as it is; or of every layer of one rank.

In: what a person typed.  Out: a module, or the explanation of its programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from symconv.layer_options import layer_arguments, read_layer, refuse_layer
from symconv.printing import EXIT_CODES, count, suffix_of

if TYPE_CHECKING:
    from symconv.lowering import Lowered


@click.command()
@layer_arguments
@click.option("-o", "--output", metavar="FILE", help="Write to FILE.")
@click.option("--program", metavar="NAME", help="The program to use, where it fits; --explain lists them.")
@click.option("--dtype", default="float32", show_default=True, help="float32, float64, complex64, complex128 or other.")
@click.option("--threads", type=int, help="Threads of NumPy's products; by default what the environment says.")
@click.option("--accuracy", type=float, default=2.0, show_default=True,
              help="Rounding error allowed, as a multiple of that of direct summation.")  # fmt: skip
@click.option("--finite-only/--any-value", default=True, help="Whether inputs may be taken to be finite.")
@click.option("--tune", is_flag=True, help="Choose by measuring on this machine; the result is kept.")
@click.option("--explain", "explained", is_flag=True, help="Say which programs were chosen and why, with their proofs.")
@click.option("--general", is_flag=True, help="One module for every layer with --ndim spatial axes, without a LAYER.")
@click.option("--ndim", metavar="N", help="With --general: the number of spatial axes.  [default: 2]")
def lower(output: str | None, *, explained: bool, general: bool, ndim: str | None, **options: Any) -> None:
    """Write NumPy source for the forward map and the gradients of LAYER."""
    from symconv.files import write_text
    from symconv.lowering import lower as lower_layer

    suffix_of(output, [".py"])
    if general:
        refuse_layer(options | ({"explained": True} if explained else {}), "--general")
        _general(ndim, output)
        return
    if ndim is not None:
        raise click.UsageError("--ndim belongs to --general")
    asked = {name: options.pop(name) for name in ("program", "dtype", "threads", "accuracy", "finite_only", "tune")}
    layer, _ = read_layer(options)
    lowered = lower_layer(layer, **asked)
    if output not in (None, "-"):
        write_text(str(output), lowered.source)
    if explained:
        _explain(lowered)
    elif output in (None, "-"):
        click.echo(lowered.source, nl=False)


def _general(ndim: str | None, output: str | None) -> None:
    from symconv.files import write_text
    from symconv.lowering.general_module import general_module

    source = general_module(count(ndim or "2", "--ndim"))
    if output in (None, "-"):
        click.echo(source, nl=False)
    else:
        write_text(str(output), source)


def _explain(lowered: Lowered) -> None:
    from symconv.explained import explain, unproved

    found = explain(lowered)
    click.echo("\n\n".join(explanation.text for explanation in found))
    if unproved(found):
        raise SystemExit(EXIT_CODES["UNDECIDED"])
