"""Pictures of a layer, to look at and to save.

In: a layer, the kind of picture, how names are written.  Out: a `Figure`, which writes SVG, PNG, PDF and GIF.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from symconv.errors import InvalidLayer, InvalidOption, shortened
from symconv.figures.channels import channels_scene
from symconv.figures.moving import MOVING, moving_scene
from symconv.figures.scene import Scene
from symconv.figures.speech import Speech
from symconv.figures.stride import stride_scene
from symconv.figures.svg import svg
from symconv.files import write_bytes
from symconv.layer import Conv
from symconv.report.messages import language
from symconv.report.notation import STANDARD, Names, Notation

KINDS = (*MOVING, "stride", "channels")
SAME = {"backward": "input"}  # another name of a kind
SUFFIXES = (".svg", ".png", ".pdf", ".gif")


@dataclass(frozen=True, repr=False)
class Figure:
    """A picture of a layer: displays itself in a notebook, and saves itself.

    Attributes
    ----------
    layer, kind
        What is shown.
    frame
        Which entry of the result is marked in a picture that does not move, counted from 0, row by row; of the kinds
        forward, input and weight only.
    scene
        The picture as data.
    """

    layer: Conv
    kind: str
    scene: Scene
    frame: int = 0

    @property
    def frames(self) -> int:
        """How many frames there are: one for each entry of the result that is drawn."""
        return len(self.scene.frames)

    @property
    def cropped(self) -> bool:
        """Whether the layer is too large to be drawn as a whole."""
        return self.scene.cropped

    def at(self, frame: int) -> Figure:
        """The same picture with another frame.

        Raises
        ------
        InvalidOption
            If there is no such frame.
        """
        given: object = frame
        if type(given) is not int or not 0 <= given < self.frames:
            raise InvalidOption(f"there is no frame {shortened(frame)}: give one from 0 to {self.frames - 1}")
        return replace(self, frame=frame)

    def svg(self, *, prefix: str = "symconv", inline: bool = False) -> str:
        """The picture as SVG.

        Parameters
        ----------
        prefix
            What its classes and ids begin with; give each picture in a page another one.
        inline
            Whether it goes into an HTML page: without background, its text in the page's colour.
        """
        return svg(self.scene, self.frame, prefix=prefix, inline=inline)

    def bytes(self, suffix: str) -> bytes:
        """The picture as the contents of a file with this suffix: .svg, .png, .pdf or .gif.

        Raises
        ------
        InvalidOption
            For another suffix, or for a .gif of a picture that does not move.
        MissingLibrary
            If matplotlib or Pillow is needed and not installed, or a font with Chinese characters.
        """
        if suffix not in SUFFIXES:
            raise InvalidOption(f"no picture is written as {suffix or 'a file without suffix'}: choose of "
                                f"{', '.join(SUFFIXES)}")  # fmt: skip
        if suffix == ".svg":
            return self.svg().encode()
        from symconv.figures import raster

        if suffix == ".gif":
            if self.kind not in MOVING:
                raise InvalidOption(f"a picture of kind {self.kind} does not move: save it as .svg, .png or .pdf")
            return raster.gif(self.scene)
        return raster.png(self.scene, self.frame) if suffix == ".png" else raster.pdf(self.scene, self.frame)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, whole or not at all, as its suffix says: .svg, .png, .pdf or .gif.

        A .gif shows every frame in turn, the others the frame `frame`.

        Raises
        ------
        InvalidOption
            If the file cannot be written there, or for what `bytes` refuses.
        MissingLibrary
            If matplotlib or Pillow is needed and not installed, or a font with Chinese characters.
        """
        write_bytes(path, self.bytes(Path(path).suffix.lower()))

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Figure: {self.kind}, {self.layer!r}>"


def figure(layer: Conv, kind: str = "forward", *, notation: Notation = STANDARD, lang: str = "en") -> Figure:
    """Draw a layer.

    Parameters
    ----------
    layer
        The layer. What is too large is cropped, and the picture says so; of three and more spatial axes the plane
        through the middle is drawn, of several channels the first ones.
    kind
        ``"forward"``: the window on the input, the filter, the feature map.
        ``"input"`` (or ``"backward"``): the window on delta, dilated and padded, under the rotated filter, and dE/da.
        ``"weight"``: the window on the input with delta as the filter, and dE/dw.
        ``"stride"``: what the stride skips, and how delta gets these places back.
        ``"channels"``: delta of every output channel under its own rotated filters, added up.
    notation
        How names are written; see `symconv.notation`.
    lang
        The language of its words: ``"en"`` or ``"zh"``.

    Raises
    ------
    InvalidLayer
        If `layer` is no `Conv`.
    InvalidOption
        For an unknown kind, or an unknown language.

    Examples
    --------
    >>> picture = figure(Conv((3, 3), (2, 2)), "input")
    >>> picture
    <Figure: input, Conv((3, 3), (2, 2))>
    >>> picture.frames, picture.frame
    (9, 4)
    >>> picture.svg().startswith("<svg ")
    True
    """
    _check(layer, notation)
    wanted = SAME.get(kind, kind)
    names, tell = Names(notation, layer), Speech(language(lang))
    match wanted:
        case "stride":
            return Figure(layer, wanted, stride_scene(layer, names, tell))
        case "channels":
            return Figure(layer, wanted, channels_scene(layer, names, tell))
        case _ if wanted in MOVING:
            return Figure(layer, wanted, *moving_scene(layer, names, wanted, tell))
        case _:
            raise InvalidOption(f"unknown kind {shortened(kind)}: choose of {', '.join((*KINDS, *SAME))}")


def _check(layer: object, notation: object) -> None:
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a symconv.Conv but got {shortened(layer)} (type {type(layer).__name__})")
    if not isinstance(notation, Notation):
        raise InvalidOption(f"notation={shortened(notation)} is no Notation: make one with symconv.notation")
