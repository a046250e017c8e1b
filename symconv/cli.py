"""The command line: arguments in, text out, and an exit code.

Exit codes: 0 PROVED or PASSED, 1 REFUTED, 2 usage or bad input, 3 UNDECIDED or UNSUPPORTED.
SymPy and the proofs are imported when a command runs, not before.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from symconv import __version__
from symconv.audit_commands import audit, write_tests
from symconv.errors import SymconvError
from symconv.explore_command import explore
from symconv.figure_command import figure
from symconv.layer_options import (
    layer_arguments,
    notation_arguments,
    per_axis,
    read_layer,
    read_notation,
    read_padding,
    refuse_layer,
    was_given,
)
from symconv.lower_command import lower
from symconv.printing import EXIT_CODES, count, print_json, print_lines, shows_unicode, suffix_of

if TYPE_CHECKING:
    from symconv.layer import Conv
    from symconv.steps import GeneralVerdict, Verdict

BAD_INPUT = 2
GENERAL_OPTIONS = ("--stride", "--padding", "--dilation", "--input-dilation", "--flip", "--no-bias")
INTERRUPTED = 130
SUFFIXES = {
    ".tex": "latex",
    ".html": "html",
    ".pdf": "pdf",
    ".json": "json",
    ".txt": "text",
}  # what the name of a file says about its format


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


def writing_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """How formulas are written."""
    names = "f (arbitrary), identity, relu, leaky_relu, sigmoid, tanh, softplus or gelu."
    for decorator in (
        click.option("--activation", default="f", metavar="NAME", show_default=True, help=names),
        notation_arguments,
        click.option("--lang", default="en", metavar="en|zh", show_default=True, help="The language of the sentences."),
    ):
        command = decorator(command)
    return command


@cli.command()
@layer_arguments
@writing_arguments
@click.option("--all-presets", is_flag=True, help="Prove every preset at its real size, one line each.")
@click.option("--every-shape", is_flag=True, help="Prove the theorem for all shapes: of rank --ndim, or about LAYER.")
@click.option("--ndim", metavar="N", help="With --every-shape: the number of spatial axes.  [default: 2]")
@click.option("--second-opinion", is_flag=True, help="With --every-shape: ask z3 and cvc5, too.")
@click.option("--certificate", metavar="FILE", help="Write a certificate, for symconv check.")
@click.option("--coq", metavar="FILE", help="Write a Coq certificate about LAYER, for coqc or symconv check.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the derivation.")
def prove(
    coq: str | None,
    all_presets: bool,
    every_shape: bool,
    ndim: str | None,
    second_opinion: bool,
    certificate: str | None,
    as_json: bool,
    activation: str,
    weighted_input: str | None,
    index_base: str | None,
    symbols: tuple[str, ...],
    lang: str,
    **layer_options: Any,
) -> None:
    """Derive the gradients of LAYER and prove them: the derivation, then the verdict."""
    suffix_of(certificate, [".json"], "--certificate")
    suffix_of(coq, [".v"], "--coq")
    if all_presets:
        refuse_layer(layer_options, "--all-presets")
        others = {"every_shape": every_shape, "certificate": certificate, "activation": activation,
                  "weighted_input": weighted_input, "index_base": index_base, "ndim": ndim, "coq": coq,
                  "symbols": symbols, "lang": lang}  # fmt: skip
        refuse_layer({name: value for name, value in others.items() if value is not False}, "--all-presets")
        _prove_presets(as_json)
        return
    if coq is not None:
        from symconv.files import write_text as write_file
        from symconv.proof.checking import coq_file

        write_file(coq, coq_file(read_layer(layer_options)[0]))
    if every_shape:
        written = read_notation(weighted_input, index_base, symbols), lang
        _prove_every_shape(layer_options, ndim, second_opinion, certificate, as_json, *written)
        return
    if ndim is not None or second_opinion:
        raise click.UsageError(f"{'--second-opinion' if second_opinion else '--ndim'} belongs to --every-shape")
    from symconv.api import certificate as certificate_of
    from symconv.api import prove as prove_layer
    from symconv.files import write_text
    from symconv.report.data import verdict_data
    from symconv.report.document import Document
    from symconv.report.outline import SECTIONS

    layer, default = read_layer(layer_options)
    notation = read_notation(weighted_input, index_base, symbols, default)
    verdict = prove_layer(layer, activation=activation, entries=not as_json)
    if certificate is not None:
        write_text(certificate, certificate_of(verdict))
    if as_json:
        print_json(verdict_data(verdict))
    else:
        document = Document(verdict.derivation, notation, SECTIONS, verdict, default, lang)
        _print_document(document)
    raise SystemExit(EXIT_CODES[verdict.status])


@cli.command()
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
        _write(GeneralDocument(_every_shape(layer_options, ndim), notation, lang), form, fragment, output)
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
        _print_document(document)
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


def _every_shape(options: dict[str, Any], ndim: str | None) -> GeneralVerdict:
    """The theorem for the rank that was asked for, or for the rank of a layer."""
    from symconv.api import prove as prove_layer
    from symconv.layer import Conv

    given = was_given(options)
    if options["input_size"] is not None or options["preset_name"] is not None:
        if ndim is not None:
            raise click.UsageError(f"--ndim goes without a LAYER: leave out {', '.join(given)}")
        return prove_layer(read_layer(options)[0], every_shape=True)
    others = [name for name in given if name not in GENERAL_OPTIONS]
    if others:
        raise click.UsageError(f"{', '.join(others)} without a LAYER: the theorem is about all of them")
    numbers: dict[str, Any] = {
        option[2:].replace("-", "_"): per_axis(options[option[2:].replace("-", "_")], option)
        for option in ("--stride", "--dilation", "--input-dilation")
        if option in given
    }
    rank = count(ndim or "2", "--ndim")
    if "--padding" in given:
        padding = read_padding(options["padding"])
        numbers["padding"] = padding * rank if isinstance(padding, list) and len(padding) == 1 else padding
    general = Conv.general(rank, flip=options["flip"], bias=not options["no_bias"], **numbers)
    return prove_layer(general, every_shape=True)


def _prove_every_shape(
    options: dict[str, Any],
    ndim: str | None,
    second_opinion: bool,
    certificate: str | None,
    as_json: bool,
    notation: Any,
    lang: str,
) -> None:
    from symconv.files import write_text
    from symconv.report.data import general_verdict_data
    from symconv.report.general import GeneralDocument

    opinions = _second_opinion() if second_opinion else []
    verdict = _every_shape(options, ndim)
    if certificate is not None:
        write_text(certificate, verdict.certificate)
    if as_json:
        print_json(general_verdict_data(verdict) | ({"second_opinion": opinions} if opinions else {}))
    else:
        lines = [("", f"{o['solver']}: {o['condition']}: {o['says']}") for o in opinions]
        heading = [("", ""), ("heading", "Second opinion")] if opinions else []
        document = GeneralDocument(verdict, notation, lang)
        print_lines([*document.lines(unicode=shows_unicode()), *heading, *lines])
    raise SystemExit(EXIT_CODES[verdict.status])


def _second_opinion() -> list[dict[str, str]]:
    from dataclasses import asdict

    from symconv.proof.checker import STATEMENTS
    from symconv.proof.second_opinion import ask

    return [asdict(opinion) for opinion in ask(tuple(STATEMENTS))]


def _print_document(document: Any) -> None:
    print_lines(document.lines(unicode=shows_unicode()))


def _prove_presets(as_json: bool) -> None:
    from symconv.api import prove as prove_layer
    from symconv.presets import presets
    from symconv.report.data import verdict_data
    from symconv.report.terminal import progress
    from symconv.steps import Status

    everything = presets()
    found: list[tuple[str, Verdict]] = []
    for p in progress(everything, "proving"):
        verdict = prove_layer(p.layer)
        found.append((p.name, verdict))
        if not as_json:
            gradients = ", ".join(f"{of} {outcome.status}" for of, outcome in verdict.gradients.items())
            click.echo(f"{verdict.status}  {p.name}: {gradients}  {p.layer!r}")
    worst = min((v.status for _, v in found), key=list(Status).index)
    seconds = sum(v.seconds for _, v in found)
    if as_json:
        print_json({"verdict": worst.value, "scope": "shape", "presets": {n: verdict_data(v) for n, v in found},
                     "seconds": round(seconds, 6)})  # fmt: skip
    else:
        gradients_count = sum(len(v.gradients) for _, v in found)
        click.echo(f"{worst}: {gradients_count} gradients of {len(found)} layers in {seconds:.1f} s")
    raise SystemExit(EXIT_CODES[worst])
