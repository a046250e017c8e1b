"""The command `figure`: a picture of a layer, or an animation.

In: what a person typed.  Out: a file, or SVG on the terminal.
"""

from __future__ import annotations

from typing import Any

import click

from symconv.layer_options import layer_arguments, notation_arguments, read_layer, read_notation
from symconv.printing import count

KINDS = ("forward", "input", "backward", "weight", "stride", "channels")


@click.command()
@layer_arguments
@notation_arguments
@click.option("--kind", type=click.Choice(KINDS), default="forward", show_default=True,
              help="The window on the input, on delta (input, or backward), on the input with delta as the filter "
                   "(weight); what the stride skips; several channels.")  # fmt: skip
@click.option("--frame", metavar="N", help="The entry of the result to mark, counted from 0, row by row.")
@click.option("--lang", default="en", metavar="en|zh", show_default=True, help="The language of its words.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE.svg, .png, .pdf, or, animated, .gif.")
def figure(
    kind: str,
    frame: str | None,
    output: str | None,
    lang: str,
    weighted_input: str | None,
    index_base: str | None,
    symbols: tuple[str, ...],
    **layer_options: Any,
) -> None:
    """Draw LAYER: without -o as SVG on the terminal.

    A .gif shows every entry of the result in turn; the other formats show one, the one that tells most by default.
    """
    from symconv.figures.figure import figure as draw

    layer, default = read_layer(layer_options)
    picture = draw(layer, kind, notation=read_notation(weighted_input, index_base, symbols, default), lang=lang)
    if frame is not None:
        picture = picture.at(count(frame, "--frame"))
    if output in (None, "-"):
        click.echo(picture.svg(), nl=False)
    else:
        picture.save(str(output))
    if picture.cropped:
        from symconv.figures.boards import LIMIT

        click.echo(f"symconv: {layer!r} is cropped to what {LIMIT}x{LIMIT} cells can show", err=True)
