"""A scene as PNG, PDF or GIF, drawn by matplotlib: the same bytes whenever it is drawn.

In: a `Scene`.  Out: bytes.
Never: pyplot, a window, the time or a name of this machine.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from symconv.errors import MissingLibrary
from symconv.figures.fonts import FAMILY, advance, pieces
from symconv.figures.palette import CROSS, HATCH, INK, PAINTS, PAPER, mixed
from symconv.figures.scene import Arrow, Group, Label, Lines, Rect, Run, Scene, Shape
from symconv.figures.svg import LOWER, SMALL, UPPER

INCH = 96.0  # units of a scene in an inch, as in SVG
POINT = 72 / INCH
SHARP = 192.0  # dots in an inch of a PNG: twice as fine as the screen
MOVING = 96.0  # of a GIF
MILLISECONDS = 700  # for which each frame of an animation is shown
STEPS = 10  # shades between two colours of an animation: edges of letters
STYLE = {"font.family": FAMILY, "path.snap": False}
TYPES = {"en": 42, "zh": 3}  # of fonts in a PDF: most Chinese ones hold outlines that do not fit into the first


def png(scene: Scene, frame: int = 0) -> bytes:
    """One frame as PNG."""
    return _saved(scene, frame, "png", {"Software": None})


def pdf(scene: Scene, frame: int = 0) -> bytes:
    """One frame as PDF, with its text as text."""
    return _saved(scene, frame, "pdf", {"Creator": None, "Producer": None, "CreationDate": None, "Title": scene.title})


def _saved(scene: Scene, frame: int, form: str, metadata: dict[str, Any]) -> bytes:
    with _matplotlib().rc_context(STYLE | {"pdf.fonttype": TYPES[scene.lang]}):
        figure, axes = _page(scene, SHARP)
        for order, artist in enumerate(_artists(scene.still(frame))):
            artist.set_zorder(order)  # as they come, not, as matplotlib would, all letters above all cells
            axes.add_artist(artist)
        out = io.BytesIO()
        figure.savefig(out, format=form, dpi=SHARP, metadata=metadata)
    return out.getvalue()


def gif(scene: Scene) -> bytes:
    """Every frame in turn, for ever. What does not move is drawn once."""
    with _matplotlib().rc_context(STYLE):
        images = list(_images(scene))
    out = io.BytesIO()
    images[0].save(out, format="GIF", save_all=True, append_images=images[1:], duration=MILLISECONDS, loop=0,
                   optimize=True)  # fmt: skip
    return out.getvalue()


def _images(scene: Scene) -> Iterator[Any]:
    """The frames as images that share one palette."""
    figure, axes = _page(scene, MOVING)
    palette = _Palette()
    canvas = figure.canvas
    canvas.draw()

    def draw(shapes: Iterable[Shape]) -> None:
        for artist in _artists(shapes):
            axes.add_artist(artist)
            axes.draw_artist(artist)
            artist.remove()

    draw(scene.base)
    standing = canvas.copy_from_bbox(figure.bbox)
    for at, frame in enumerate(scene.frames):
        draw(frame)
        yield palette.image(canvas.buffer_rgba())
        canvas.restore_region(standing)
        draw(scene.trail[at] if scene.trail else ())
        standing = canvas.copy_from_bbox(figure.bbox)


class _Palette:
    """Every colour that was met, with the nearest one of the palette."""

    def __init__(self) -> None:
        import numpy as np

        self.colours = np.array([[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in _colours()], dtype=np.int64)
        self.nearest = np.full(2**24, -1, dtype=np.int16)

    def image(self, pixels: Any) -> Any:
        """An image of the palette's colours, each pixel the nearest one."""
        import numpy as np
        from PIL import Image

        found = np.asarray(pixels)[:, :, :3].astype(np.int64)
        packed = found[:, :, 0] * 65536 + found[:, :, 1] * 256 + found[:, :, 2]
        new = np.unique(packed[self.nearest[packed] < 0])
        apart = np.stack([new // 65536, new // 256 % 256, new % 256], axis=1)[:, None] - self.colours
        self.nearest[new] = (apart**2).sum(axis=2).argmin(axis=1)
        image = Image.fromarray(self.nearest[packed].astype(np.uint8))
        image.putpalette(self.colours.astype(np.uint8).tobytes())
        return image


def _colours() -> list[str]:
    """At most 255: of fills, of borders, and the shades between a fill and its text. One is left for no change."""
    pairs = {(p.fill, p.text) for p in PAINTS.values()} | {(p.stroke, PAPER) for p in PAINTS.values()}
    shades = {mixed(a, b, n / STEPS) for a, b in pairs for n in range(STEPS + 1)} | {HATCH, CROSS, PAPER, INK}
    return sorted(shades)[:255]


def _matplotlib() -> Any:
    try:
        import matplotlib
        import PIL  # noqa: F401  it writes the pictures
    except ImportError:
        raise MissingLibrary(
            "PNG, PDF and GIF are drawn by matplotlib and Pillow: pip install 'symconv[figures]'; SVG needs neither"
        ) from None
    return matplotlib


def _page(scene: Scene, dpi: float) -> tuple[Any, Any]:
    """A figure of the scene's size with one pair of axes in the scene's units."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (round(scene.width) / INCH, round(scene.height) / INCH)
    figure = Figure(figsize=size, dpi=dpi, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, round(scene.width))
    axes.set_ylim(round(scene.height), 0)
    return figure, axes


def _artists(shapes: Iterable[Shape]) -> Iterator[Any]:
    from matplotlib.patches import Rectangle

    for shape in shapes:
        match shape:
            case Rect(x, y, width, height, name):
                paint = PAINTS[name]
                dashes = (0, (3, 2)) if paint.dashed else "solid"
                yield Rectangle((x, y), width, height, facecolor=paint.fill, edgecolor=paint.stroke,
                                linewidth=paint.width * POINT, linestyle=dashes)  # fmt: skip
            case Label():
                yield from _texts(shape)
            case Lines(strokes, colour, thick):
                yield from (_line(stroke, colour, thick) for stroke in strokes)
            case Arrow(x1, y1, x2, y2):
                yield from _arrow(x1, y1, x2, y2)
            case Group(inner, _, _):
                yield from _artists(inner)
            case _:
                assert_never(shape)


def _line(stroke: tuple[float, float, float, float], colour: str, thick: float) -> Any:
    from matplotlib.lines import Line2D

    x1, y1, x2, y2 = stroke
    return Line2D([x1, x2], [y1, y2], color=colour, linewidth=thick * POINT)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> Iterator[Any]:
    from matplotlib.patches import Polygon

    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    dx, dy = (x2 - x1) / length * 8, (y2 - y1) / length * 8
    yield _line((x1, y1, x2 - dx, y2 - dy), INK, 1.5)
    wings = (x2, y2), (x2 - dx - dy / 2, y2 - dy + dx / 2), (x2 - dx + dy / 2, y2 - dy - dx / 2)
    yield Polygon(wings, closed=True, facecolor=INK, linewidth=0)


def _texts(label: Label) -> Iterator[Any]:
    """Each piece of a label by itself, where the ones before it end: matplotlib's own notation for formulas is slow."""
    from matplotlib.text import Text

    x, baseline = label.x, label.y + 0.32 * label.size
    if label.centred:
        x -= sum(_advance(run, label.size) for run in label.runs) / 2
    for run in label.runs:
        shift = {-1: LOWER, 0: 0.0, 1: UPPER}[run.level] * label.size
        size = label.size * (SMALL if run.level else 1)
        for piece, font in pieces(run.text, run.italic):
            yield Text(x, baseline + shift, piece.replace("$", r"\$"), fontproperties=font, fontsize=size * POINT,
                       color=label.colour or INK, verticalalignment="baseline")  # fmt: skip
            x += sum(advance(c, run.italic) for c in piece) * size


def _advance(run: Run, size: float) -> float:
    """How far a piece of a label moves the pen."""
    return sum(advance(c, run.italic) for c in run.text) * size * (SMALL if run.level else 1)
