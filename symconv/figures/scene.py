"""A picture as data: rectangles, labels, lines and arrows, in groups; y grows downwards, as in SVG.

Data only: `svg` and `raster` draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDE, NARROW = "mwMW→⟶—⋯≥≤∂δ⋆=+−Σ", "ijl.,;:'()[]|/1 ft"

CJK = "\u2e80"  # from here on characters are squares


@dataclass(frozen=True)
class Run:
    """A piece of a label: below the line (-1), on it (0) or above it (1); names of mathematics are italic."""

    text: str
    level: int = 0
    italic: bool = False


@dataclass(frozen=True)
class Rect:
    """A cell, painted as `symconv.figures.palette.PAINTS` says under the name `paint`."""

    x: float
    y: float
    width: float
    height: float
    paint: str


@dataclass(frozen=True)
class Label:
    """A line of text; `y` is its middle, `x` its start or its middle. Without a colour it has the page's."""

    x: float
    y: float
    runs: tuple[Run, ...]
    size: float
    centred: bool = True
    colour: str = ""


@dataclass(frozen=True)
class Lines:
    """Straight strokes, (x1, y1, x2, y2) each."""

    strokes: tuple[tuple[float, float, float, float], ...]
    colour: str
    width: float = 1


@dataclass(frozen=True)
class Arrow:
    """An arrow from a point to a point, in the colour of the page's text."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Group:
    """Shapes that belong together, with a title for whoever cannot see them; `name` is a class in SVG."""

    shapes: tuple[Shape, ...]
    title: str = ""
    name: str = ""


Shape = Rect | Label | Lines | Arrow | Group


@dataclass(frozen=True)
class Scene:
    """A picture: what is always there, what each frame marks, and what it leaves behind when it has gone.

    One frame, and nothing left behind, for a picture that does not move.
    """

    width: float
    height: float
    title: str
    description: str
    base: tuple[Shape, ...]
    frames: tuple[tuple[Shape, ...], ...] = ((),)
    trail: tuple[tuple[Shape, ...], ...] = ()
    cropped: bool = False
    lang: str = "en"

    def still(self, frame: int) -> tuple[Shape, ...]:
        """All shapes of one frame as a picture that does not move: what every frame leaves behind is there."""
        return (*self.base, *(shape for left in self.trail for shape in left), *self.frames[frame])


def text(words: str) -> tuple[Run, ...]:
    """Plain words as a label."""
    return (Run(words),)


def width(runs: tuple[Run, ...], size: float) -> float:
    """About how wide a label is, whatever font it is shown in."""
    return sum(_width(run.text) * size * (0.72 if run.level else 1) for run in runs)


def _width(words: str) -> float:
    return sum(1 if c >= CJK else 0.85 if c in WIDE else 0.36 if c in NARROW else 0.58 for c in words)
