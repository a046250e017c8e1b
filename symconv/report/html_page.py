"""The page: one file that holds the derivation, its style, its script and its data, and asks the network for nothing.

In: blocks, in one language or several, a layer, a notation.  Out: one string.
The policy in the page's head lets run what this module put in, by its hash, and nothing else.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from symconv.forward import AnyLayer
from symconv.layer import Conv
from symconv.report.blocks import Block, Finding, Heading
from symconv.report.html import Article, Tellings
from symconv.report.html_prose import spans
from symconv.report.lab import drawable, lab_data, strings
from symconv.report.notation import Names, Notation

# In the order in which they are read: each may import those before it.
SCRIPTS = (
    "geometry", "planes", "mistakes", "comparison", "examples", "formulas", "frame", "grids", "tensors", "machine",
    "telling", "controls", "lens", "lens_panel", "hands", "lab", "main",
)  # fmt: skip
IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
COMMENT = re.compile(r"^ *(?:/\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)  # on lines of its own
INDENTED = re.compile(r"^ +", re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)


def html_page(tellings: Tellings, layer: AnyLayer, notation: Notation, *, version: str) -> str:
    """A document as a page.

    Parameters
    ----------
    tellings
        The blocks by language, in the same order in each; the first language is that of the page.
    layer
        What the blocks are about; a `Conv` has grids to point at.
    notation
        How formulas are written.
    version
        The version of symconv, for the page's foot.
    """
    language, blocks = next(iter(tellings.items()))
    findings = {block.of or block.name.strip("$"): block for block in blocks if isinstance(block, Finding)}
    article = Article(Names(notation, layer), findings, tuple(tellings))
    body = article.sections({lang: told[1:] for lang, told in tellings.items()})
    style, script = _plain(_resource("page.css")), bundle()
    return TEMPLATE.format(
        lang=language,
        policy=escape(policy(style, script)),
        title=_tab_title(_title(blocks[0])),
        titles="".join(f' data-{lang}="{_tab_title(_title(told[0]))}"' for lang, told in tellings.items()),
        style=style,
        heading=said("title"),
        about=article.each([_title(told[0]) for told in tellings.values()]),
        theme=said("theme"),
        lab=_lab(layer) if isinstance(layer, Conv) else "",
        contents=_contents(article.headings),
        article=body,
        made=spans({lang: words["made"].replace("{version}", version) for lang, words in strings().items()}),
        data=data_text(lab_data(layer, notation) if isinstance(layer, Conv) else {"strings": strings()}),
        script=script,
    )


def _tab_title(heading: str) -> str:
    """What the browser's tab shows."""
    return escape(f"{heading.replace('$', '')} - symconv")


def _title(block: Block) -> str:
    """The heading that a document begins with."""
    return block.text if isinstance(block, Heading) else "symconv"


def said(key: str, **values: str) -> str:
    """A sentence of the page in every language that it has."""

    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return spans({lang: filled(words[key]) for lang, words in strings().items()})


def _contents(headings: list[str]) -> str:
    items = "".join(f'<li><a href="#section-{at}">{text}</a></li>' for at, text in enumerate(headings, start=1))
    return f'<nav aria-labelledby="contents"><h2 id="contents">{said("contents")}</h2><ol>{items}</ol></nav>'


def _lab(layer: Conv) -> str:
    shown = drawable(layer)
    notice = ""
    if shown != layer:
        code = {"shown": f"<code>{escape(repr(shown))}</code>", "layer": f"<code>{escape(repr(layer))}</code>"}
        notice = f'<p class="notice">{said("smaller", **code)}</p>'
    return (
        f'<section id="lab" aria-labelledby="lab-title" data-script hidden>\n<h2 id="lab-title">{said("labTitle")}</h2>'
        f'{notice}\n{_resource("lab.html")}</section>\n<noscript><p class="notice">{said("noScript")}</p></noscript>'
    )


@lru_cache
def _resource(name: str) -> str:
    return (files("symconv.report") / "page" / name).read_text("utf-8")


@lru_cache
def bundle() -> str:
    """The page's modules as one script, without comments: each in a scope of its own that gives out what it exports.

    Examples
    --------
    >>> "const geometry = (() => {" in bundle(), "import" in bundle().split()
    (True, False)
    """
    return "\n".join(map(_scoped, SCRIPTS))


def _scoped(name: str) -> str:
    source = _plain(_resource(f"{name}.js"))
    exported = [match[1] for match in EXPORT.findall(source)]
    inside = EXPORT.sub(r"\1", IMPORT.sub(r"const \1 = \2;" + "\n", source))
    return f"const {name} = (() => {{\n{inside}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def _plain(source: str) -> str:
    """A script or a style sheet without comments and indentation: a page is read, its sources are in the package."""
    return re.sub(r"\n{2,}", "\n", INDENTED.sub("", COMMENT.sub("", source))).lstrip("\n")


def policy(style: str, script: str) -> str:
    """The content security policy of the page: its own style and script by their hashes, no network at all."""
    styles, scripts = (f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script))
    return f"default-src 'none'; style-src {styles}; script-src {scripts}; base-uri 'none'; form-action 'none'"


def data_text(data: Mapping[str, object]) -> str:
    """JSON that can stand in a page: no character of it can end the element that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


TEMPLATE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title{titles}>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<div><h1>{heading}</h1>
<p class="about">{about}</p></div>
<div class="switches" data-script hidden>
<button type="button" id="language" data-label="language"></button>
<button type="button" id="theme" data-text="theme">{theme}</button>
</div>
</header>
<main>
{lab}
<div class="read">
{contents}
<article>
{article}
</article>
</div>
</main>
<footer><p>{made}</p></footer>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""
