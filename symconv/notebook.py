"""How layers, derivations, verdicts and lowered code look in a notebook.

In: an object of symconv.  Out: HTML; its formulas are set by the notebook's MathJax, its pictures are SVG.
Never: an error that reaches the reader: what cannot be shown is left to the plain text.

These objects live on lower floors than what draws them, so they do not show themselves: `register` tells IPython how,
by their names, and nothing is imported before one of them is shown. ``import symconv`` calls it where IPython runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from symconv.explained import Explanation
    from symconv.layer import Conv
    from symconv.lowering import Lowered
    from symconv.report.audit import AuditReport
    from symconv.report.blocks import Block, Pictures
    from symconv.report.document import Document
    from symconv.report.notation import Notation
    from symconv.steps import Derivation, GeneralVerdict, Verdict

KINDS = {"14": "forward", "23": "input", "34": "weight"}  # what the numbered pictures of a derivation show


def register(shell: Any) -> None:
    """Tell an IPython shell how the objects of symconv look."""
    formatter = shell.display_formatter.formatters["text/html"]
    for home, name, show in SHOWN:
        formatter.for_type_by_name(home, name, quiet(show))


def quiet(show: Callable[[Any], str]) -> Callable[[Any], str | None]:
    """The same function, but where it fails there is nothing: the notebook falls back to plain text."""

    def shown(value: Any) -> str | None:
        try:
            return show(value)
        except Exception:
            return None

    return shown


def layer_html(layer: Conv) -> str:
    """A layer: its sizes, and the picture of its forward map."""
    from symconv.figures.captions import by

    sizes = f"input {by(layer.input_size)}, kernel {by(layer.kernel_size)}, output {by(layer.output_size)}"
    return f"<p><code>{escape(repr(layer))}</code><br>{sizes}</p>\n{_picture(layer, 'forward')}\n"


def document_html(document: Document) -> str:
    """A document as it would be printed."""
    return _told(document.blocks, document.derivation.layer, document.notation, document.lang)


def derivation_html(derivation: Derivation) -> str:
    """A derivation, told in the order in which it is taught."""
    from symconv.report.notation import STANDARD
    from symconv.report.outline import outline

    return _told(outline(derivation), derivation.layer, STANDARD)


def verdict_html(verdict: Verdict) -> str:
    """A verdict: what was found for each gradient, with its evidence."""
    from symconv.report.messages import Teller
    from symconv.report.notation import STANDARD
    from symconv.report.outline import verdict_outline

    return _told(verdict_outline(verdict, Teller("en")), verdict.layer, STANDARD)


def general_verdict_html(verdict: GeneralVerdict) -> str:
    """A verdict about every shape; its derivation unfolds."""
    from symconv.report.blocks import Heading
    from symconv.report.general import general_parts
    from symconv.report.mathjax import mathjax_html
    from symconv.report.notation import STANDARD, Names

    general, special = general_parts(verdict)
    names = Names(STANDARD, verdict.instance or verdict.layer)
    here = max(at for at, block in enumerate(special) if isinstance(block, Heading))
    found = mathjax_html(special[here:], names, _no_picture)
    steps = mathjax_html(general, Names(STANDARD, verdict.layer), _no_picture)
    steps += mathjax_html(special[:here], names, _no_picture)
    return f"{found}<details><summary>The derivation, line by line</summary>\n{steps}</details>\n"


def _no_picture(_: Pictures) -> str:
    return ""


def lowered_html(lowered: Lowered) -> str:
    """Lowered code: which programs it is made of, their proof, and the source."""
    from symconv.explained import explain

    rows = "".join(_program(e) for e in explain(lowered, measure=False))
    said = f"<p><code>{escape(repr(lowered.layer))}</code> in NumPy</p>"
    source = f'<div style="max-height:32em;overflow:auto">{_source(lowered.source)}</div>'
    return f"{said}\n<table>{rows}</table>\n{source}\n"


def audit_html(report: AuditReport) -> str:
    """An audit's report, as it is printed."""
    return f"<pre>{escape(report.text(unicode=True))}</pre>\n"


def _program(e: Explanation) -> str:
    from symconv.explained import TITLES
    from symconv.report.mathjax import badge

    proof = "<br>".join(escape(sentence) for sentence in e.proof)
    what = f"{e.program}{f', {e.note}' if e.note else ''}"
    status = badge("PROVED" if e.proved else "UNDECIDED")
    return f"<tr><th>{TITLES[e.of]}</th><td>{escape(what)}</td><td>{status}<br>{proof}</td></tr>"


def _source(source: str) -> str:
    """Python with colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return str(highlight(source, PythonLexer(), HtmlFormatter(noclasses=True, nobackground=True)))


def _told(blocks: Iterable[Block], layer: Conv, notation: Notation, lang: str = "en") -> str:
    from symconv.report.mathjax import mathjax_html
    from symconv.report.notation import Names

    def draw(block: Pictures) -> str:
        return _picture(layer, KINDS[block.picture], notation, lang)

    return mathjax_html(blocks, Names(notation, layer), draw, lang)


def _picture(layer: Conv, kind: str, notation: Notation | None = None, lang: str = "en") -> str:
    """A picture for a page; its classes are named after what it shows, so that no two pictures meet."""
    from symconv.figures.figure import figure
    from symconv.report.notation import STANDARD

    drawn = figure(layer, kind, notation=notation or STANDARD, lang=lang)
    name = crc32(drawn.svg().encode())
    return drawn.svg(prefix=f"symconv{name:08x}", inline=True)


SHOWN: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("symconv.layer", "Conv", layer_html),
    ("symconv.report.document", "Document", document_html),
    ("symconv.steps", "Derivation", derivation_html),
    ("symconv.steps", "Verdict", verdict_html),
    ("symconv.steps", "GeneralVerdict", general_verdict_html),
    ("symconv.lowering.lowered", "Lowered", lowered_html),
    ("symconv.report.audit", "AuditReport", audit_html),
)
