"""Pictures of a layer, to look at and to save.

In: a layer, the kind of picture, how names are written.  Out: a `Figure`, which writes SVG, PNG, PDF and GIF.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.figures.kinds import MOVING, moving_scene
from symconv.figures.scene import Scene
from symconv.figures.svg import svg
from symconv.layer import Conv
from symconv.report.notation import STANDARD, Names, Notation

KINDS = (*MOVING,)


@dataclass(frozen=True)
class Figure:
    scene: Scene
    frame: int = 0

    def svg(self, frame: int | None = None, *, prefix: str = "figure", inline: bool = False) -> str:
        return svg(self.scene, self.frame if frame is None else frame, prefix=prefix, inline=inline)


def figure(layer: Conv, kind: str = "forward", *, notation: Notation = STANDARD) -> Figure:
    return Figure(*moving_scene(layer, Names(notation, layer), kind))
