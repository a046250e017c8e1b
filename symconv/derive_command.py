"""The command `derive`: the derivation of a layer, or for every shape, as a document.

In: what a person typed.  Out: text, LaTeX, a page, a PDF or JSON, to the terminal or to a file.
Never: half a file.
"""

from __future__ import annotations

from typing import Any

import click

from symconv.general_options import general_verdict
from symconv.layer_options import layer_arguments, read_layer, read_notation, writing_arguments
from symconv.printing import print_document, suffix_of

SUFFIXES = {
    ".tex": "latex",
    ".html": "html",
    ".pdf": "pdf",
    ".json": "json",
    ".txt": "text",
}  # what the name of a file says about its format


@click.command()
@layer_arguments
@writing_arguments
@click.option("--of", "sections", default="input,error,weight,bias,update", metavar="LIST", show_default=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "html", "pdf", "json"]),
    help="[default: by the name of the file given with -o (.tex, .html, .pdf, .json, .txt), else text]",
)
@click.option("--fragment", is_flag=True, help="LaTeX without preamble, for \\input.")
@click.option("--every-shape", is_flag=True, help="The theorem for all shapes: of rank --ndim, or about LAYER.")
@click.option("--ndim", metavar="N", help="With --every-shape: the number of spatial axes.  [default: 2]")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE.")
def derive(
    every_shape: bool,
    ndim: str | None,
    sections: str,
    form: str | None,
    fragment: bool,
    output: str | None,
    activation: str,
    weighted_input: str | None,
    index_base: str | None,
    symbols: tuple[str, ...],
    lang: str,
    **layer_options: Any,
) -> None:
    """Write the derivation of LAYER as a document."""
    from symconv.api import derive as derive_layer

    form = form or SUFFIXES.get(suffix_of(output, SUFFIXES, mend=", or name the format with --format"), "text")
    if fragment and form != "latex":
        raise click.UsageError("--fragment belongs to --format latex")
    if form == "pdf" and output in (None, "-"):
        raise click.UsageError("--format pdf is no text for a terminal: name a file with -o, as in -o gradients.pdf")
    if every_shape:
        from symconv.report.general import GeneralDocument

        notation = read_notation(weighted_input, index_base, symbols)
        _write(GeneralDocument(general_verdict(layer_options, ndim), notation, lang), form, fragment, output)
        return
    if ndim is not None:
        raise click.UsageError("--ndim belongs to --every-shape")
    layer, default = read_layer(layer_options)
    of = [name.strip() for name in sections.split(",")]
    notation = read_notation(weighted_input, index_base, symbols, default)
    document = derive_layer(layer, of=of, activation=activation, notation=notation, lang=lang)
    if form == "html":
        from symconv.api import with_verdict

        document = with_verdict(document)
    _write(document, form, fragment, output)


def _write(document: Any, form: str, fragment: bool, output: str | None) -> None:
    """A document in a form: to a file, or to the terminal."""
    from symconv.files import write_bytes, write_text

    if output == "-":
        output = None
    if output is None and form == "text":
        print_document(document)
        return
    if form == "pdf":
        write_bytes(output or "", document.pdf())
        return
    forms = {"text": document.text, "latex": lambda: document.latex(fragment=fragment), "json": document.json,
             "html": document.html}  # fmt: skip
    text = forms[form]()
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)
