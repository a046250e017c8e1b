"""A scene as SVG: small and readable, for a file or inside a page.

In: a `Scene`.  Out: one string.
Never: a script, an outside font, or a name that could meet another picture's: all classes and ids carry a prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never
from xml.sax.saxutils import escape

from symconv.figures.palette import INK, PAINTS, PAPER
from symconv.figures.scene import Arrow, Group, Label, Lines, Rect, Run, Scene, Shape

SERIF = {
    "en": "'STIX Two Text','Times New Roman',serif",
    # letters and signs of formulas from a Latin font, wherever there is one: in a Chinese one ∂ is a square wide
    "zh": "'STIX Two Text','Times New Roman','Liberation Serif','DejaVu Serif','Songti SC','Noto Serif CJK SC',serif",
}
SMALL = 0.72  # of a subscript, against its line
LOWER, UPPER = 0.22, -0.38  # where sub- and superscripts stand, in parts of the size


def svg(scene: Scene, frame: int = 0, *, prefix: str = "figure", inline: bool = False) -> str:
    """One frame of a scene.

    Parameters
    ----------
    prefix
        What all classes and ids begin with: another one for each picture in a page.
    inline
        Whether the picture goes into an HTML page: then it has no background, and its text has the page's colour.
    """
    shapes = scene.still(frame)
    size = f'width="{_n(scene.width)}" height="{_n(scene.height)}"'
    lang = "" if scene.lang == "en" else f' lang="{scene.lang}" xml:lang="{scene.lang}"'
    page = "" if inline else f' style="color:{INK};background:{PAPER}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_n(scene.width)} {_n(scene.height)}"'
            f' role="img" aria-labelledby="{prefix}-title {prefix}-desc"{lang}'
            f' font-family="{SERIF[scene.lang]}"{page}>',
            f'<title id="{prefix}-title">{escape(scene.title)}</title>',
            f'<desc id="{prefix}-desc">{escape(scene.description)}</desc>',
            f"<style>{_style(shapes, prefix)}</style>",
            *([] if inline else [f'<rect width="100%" height="100%" fill="{PAPER}"/>']),
            *_shapes(shapes, prefix),
            "</svg>\n",
        ]
    )


def _style(shapes: Iterable[Shape], prefix: str) -> str:
    rules = [f".{prefix}-text{{fill:currentColor}}", f".{prefix}-i{{font-style:italic}}"]
    for name in sorted(_paints(shapes)):
        paint = PAINTS[name]
        dashes = ";stroke-dasharray:3 2" if paint.dashed else ""
        rules.append(
            f".{prefix}-{name}{{fill:{paint.fill};stroke:{paint.stroke};stroke-width:{_n(paint.width)}{dashes}}}"
        )
    return "".join(rules)


def _paints(shapes: Iterable[Shape]) -> set[str]:
    found: set[str] = set()
    for shape in shapes:
        if isinstance(shape, Group):
            found |= _paints(shape.shapes)
        elif isinstance(shape, Rect):
            found.add(shape.paint)
    return found


def _shapes(shapes: Iterable[Shape], prefix: str) -> Iterator[str]:
    for shape in shapes:
        match shape:
            case Rect(x, y, width, height, paint):
                place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
                yield f'<rect class="{prefix}-{paint}" {place} rx="2"/>'
            case Label():
                yield _label(shape, prefix)
            case Lines(strokes, colour, width):
                path = "".join(f"M{_n(a)} {_n(b)}L{_n(c)} {_n(d)}" for a, b, c, d in strokes)
                yield f'<path d="{path}" stroke="{colour}" stroke-width="{_n(width)}" fill="none"/>'
            case Arrow(x1, y1, x2, y2):
                yield _arrow(x1, y1, x2, y2)
            case Group(inner, title, name):
                kind = f' class="{prefix}-{name}"' if name else ""
                said = f"<title>{escape(title)}</title>" if title else ""
                yield f"<g{kind}>{said}"
                yield from _shapes(inner, prefix)
                yield "</g>"
            case _:
                assert_never(shape)


def _label(label: Label, prefix: str) -> str:
    kind = f' fill="{label.colour}"' if label.colour else f' class="{prefix}-text"'
    anchor = ' text-anchor="middle"' if label.centred else ""
    place = f'x="{_n(label.x)}" y="{_n(label.y + 0.32 * label.size)}" font-size="{_n(label.size)}"'
    return f"<text{kind} {place}{anchor}>{''.join(_runs(label, prefix))}</text>"


def _runs(label: Label, prefix: str) -> Iterator[str]:
    """Each piece moved from where the one before it stood: ``baseline-shift`` is not known to every browser."""
    here = 0.0
    for run in label.runs:
        wanted = {-1: LOWER, 0: 0.0, 1: UPPER}[run.level] * label.size
        yield _run(run, wanted - here, label.size, prefix)
        here = wanted


def _run(run: Run, move: float, size: float, prefix: str) -> str:
    kind = f' class="{prefix}-i"' if run.italic else ""
    shift = f' dy="{_n(move)}"' if move else ""
    small = f' font-size="{_n(SMALL * size)}"' if run.level else ""
    words = escape(run.text).replace(" ", "\u00a0")  # a plain space at the edge of a piece would be dropped
    return f"<tspan{kind}{shift}{small}>{words}</tspan>" if kind or shift or small else words


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    dx, dy = (x2 - x1) / length * 8, (y2 - y1) / length * 8
    wings = (x2 - dx - dy / 2, y2 - dy + dx / 2), (x2 - dx + dy / 2, y2 - dy - dx / 2)
    head = f"M{_n(x2)} {_n(y2)}" + "".join(f"L{_n(x)} {_n(y)}" for x, y in wings) + "Z"
    return (
        f'<path d="M{_n(x1)} {_n(y1)}L{_n(x2 - dx)} {_n(y2 - dy)}" stroke="currentColor" stroke-width="1.5"/>'
        f'<path d="{head}" fill="currentColor"/>'
    )


def _n(value: float) -> str:
    """A number in as few digits as show it."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))
