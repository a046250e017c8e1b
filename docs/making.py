"""What the site and the README show and symconv makes: pictures as SVG, and a live page for each layer of the gallery.

A Sphinx extension. The gallery lies in ``docs/_made``, which is no part of the repository: the same sources give the
same bytes. The pictures of the texts lie in ``docs/pictures``, for the README is read where nothing is built: `make
golden` writes them, and a test says that they are what symconv draws now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symconv import Conv, Document, figure, notation, prove

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MADE = Path(__file__).parent / "_made"
SHAPE = re.compile(r"(?<![\w*`])\*(?=\w|,)")


@dataclass(frozen=True)
class Exhibit:
    """One layer of the gallery: what its page is called, the layer, and what there is to see."""

    name: str
    title: str
    layer: Conv
    shows: str


GALLERY = (
    Exhibit("worked-example", "The worked example", Conv((3, 3), (2, 2)),
            "a ring of zeros around delta, and the kernel rotated by 180 degrees"),
    Exhibit("same-padding", "Padding that keeps the size", Conv((5, 5), (3, 3), padding=1),
            "padding of the input takes zeros away from delta: K - 1 - p are left"),
    Exhibit("stride", "Stride 2", Conv((6, 6), (3, 3), stride=2, padding=1),
            "zeros between the entries of delta, and one input row that no window reaches"),
    Exhibit("dilation", "A dilated kernel", Conv((7, 7), (3, 3), dilation=2),
            "the rotated kernel keeps its gaps, and delta gets a wider ring"),
    Exhibit("transposed", "A transposed convolution",
            Conv.transposed((3, 3), (3, 3), stride=2, padding=1, output_padding=1),
            "stride and input dilation change places: the gradient of an upsampling is a strided convolution"),
    Exhibit("groups", "Groups", Conv((4, 4), (2, 2), groups=2, in_channels=4, out_channels=4),
            "every group is a layer by itself: no entry of one reaches the other"),
    Exhibit("asymmetric", "Asymmetric padding", Conv((5, 4), (3, 2), padding=((2, 0), (0, 1)), stride=(2, 1)),
            "low and high change sides, and every axis has numbers of its own"),
    Exhibit("one-axis", "One axis", Conv(9, 3, stride=2, padding=1, in_channels=2, out_channels=2),
            "the same theorem along time"),
)  # fmt: skip

PICTURES = {
    "worked-forward": (Conv((3, 3), (2, 2)), "forward", "en"),
    "worked-input": (Conv((3, 3), (2, 2)), "input", "en"),
    "worked-input-zh": (Conv((3, 3), (2, 2)), "input", "zh"),
    "stride": (Conv((5, 5), (3, 3), stride=2), "stride", "en"),
    "channels": (Conv((3, 3), (2, 2), in_channels=2, out_channels=2), "channels", "en"),
}


def drawn(name: str) -> str:
    """A picture of the texts, in the names of the worked example."""
    layer, kind, lang = PICTURES[name]
    return figure(layer, kind, notation=notation("net"), lang=lang).svg()


def make(*_: object) -> None:
    """Write the live pages of the gallery, their pictures, and the page that names them."""
    pictures, pages = MADE / "pictures", MADE / "pages" / "live"
    for folder in (pictures, pages):
        folder.mkdir(parents=True, exist_ok=True)
    for exhibit in GALLERY:
        verdict = prove(exhibit.layer, entries=True)
        page = Document(verdict.derivation, verdict=verdict).html()
        (pages / f"{exhibit.name}.html").write_text(page, encoding="utf-8")
        figure(exhibit.layer, kind="input").save(str(pictures / f"gallery-{exhibit.name}.svg"))
    (MADE / "gallery.md").write_text(gallery(), encoding="utf-8")


def gallery() -> str:
    """The page of the gallery."""
    lines = [
        "# Gallery of live pages",
        "",
        "Each layer has a page of its own, made by `symconv derive LAYER --format html`: the derivation, the verdict,",
        "and grids to point at. A page is one file; save it, and it works without a network.",
        "",
    ]
    for exhibit in GALLERY:
        page = f"live/{exhibit.name}.html"
        lines += [
            f"## {exhibit.title}",
            "",
            f'<a href="{page}">Open the page of this layer</a>: {exhibit.shows}.',
            "",
            f"`{exhibit.layer!r}`",
            "",
            f"![dE/da of this layer: {exhibit.shows}](/_made/pictures/gallery-{exhibit.name}.svg)",
            "",
        ]
    return "\n".join(lines)


def escaped(*given: Any) -> None:
    """Docstrings and help are written for people: the star of a shape (N, C, *L) begins no emphasis.

    Two events hand over their lines as the last of their arguments.
    """
    lines: list[str] = given[-1]
    lines[:] = [SHAPE.sub(r"\\\g<0>", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("config-inited", make)  # before Sphinx looks for the folder of the pages
    app.connect("autodoc-process-docstring", escaped)
    app.connect("sphinx-click-process-description", escaped)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
