"""The command `prove`: the derivation of a layer, of every shape, or of all presets, and the verdict.

In: what a person typed.  Out: text or JSON, certificates in files, and an exit code.
Never: a verdict of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from symconv.general_options import general_verdict
from symconv.layer_options import layer_arguments, read_layer, read_notation, refuse_layer, writing_arguments
from symconv.printing import EXIT_CODES, print_document, print_json, print_lines, shows_unicode, suffix_of

if TYPE_CHECKING:
    from symconv.steps import Verdict


@click.command()
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
        print_document(document)
    raise SystemExit(EXIT_CODES[verdict.status])


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
    verdict = general_verdict(options, ndim)
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
