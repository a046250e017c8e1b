"""What stands above the boards and below them, in words.

In: a layer and its boards.  Out: runs of text, or plain words.
"""

from __future__ import annotations

from symconv.arrays import ArrayExpression, Correlate, Dilate, Pad, shape
from symconv.figures.boards import LIMIT, Board, Boards
from symconv.figures.labels import Runs, gradient, symbol
from symconv.figures.speech import Speech
from symconv.layer import Conv
from symconv.polynomial import Entry
from symconv.report.notation import Names
from symconv.report.writer import options, per_axis


def by(sizes: tuple[int, ...]) -> str:
    """``3×3``."""
    return "×".join(map(str, sizes))


def each(values: tuple[int, ...] | tuple[tuple[int, int], ...]) -> str:
    """A value of every axis, once if they agree: ``0×1×1``, ``1:2``."""
    return per_axis(values).replace("x", "×").replace("-", "−")


def title(tell: Speech, layer: Conv, kind: str) -> str:
    """The line on top."""
    flipped = layer.flip and kind in ("input", "channels")
    return tell.words(f"figure.{kind}.flip" if flipped else f"figure.{kind}")


def captions(tell: Speech, names: Names, layer: Conv, of: str) -> tuple[Runs, Runs, Runs]:
    """What operand, kernel and result are."""
    a, z, w, delta = (symbol(names, name) for name in ("a", "z", "w", "delta"))
    ins, taps, outs = by(layer.input_size), by(layer.kernel_size), by(layer.output_size)
    rotated = "figure.is.rotated" if layer.flip == (of == "forward") else "figure.is.filter"
    kernel = tell(rotated, symbol=w, size=taps)
    match of:
        case "forward":
            return tell("figure.is.input", symbol=a, size=ins), kernel, tell("figure.is.result", symbol=z, size=outs)
        case "input":
            result = tell("figure.is.result", symbol=gradient(names, "a"), size=ins)
            return tell("figure.is.error", symbol=delta, size=outs), kernel, result
        case _:
            result = tell("figure.is.result", symbol=gradient(names, "w"), size=taps)
            filtering = tell("figure.is.as_filter", symbol=delta, size=outs)
            return tell("figure.is.input", symbol=a, size=ins), filtering, result


def made(tell: Speech, operand: ArrayExpression) -> str:
    """How an operand was made of a tensor: ``dilated by 2, padded by 1: 7×7``."""
    inner = operand.operand if isinstance(operand, Pad) else operand
    said = [tell.words("figure.made.dilated", factor=each(inner.factors))] if isinstance(inner, Dilate) else []
    if isinstance(operand, Pad):
        crops = min(n for pair in operand.padding for n in pair) < 0
        said.append(tell.words(f"figure.made.{'cropped' if crops else 'padded'}", padding=each(operand.padding)))
    return tell.words("figure.made", how=tell.listed(said), size=by(shape(operand)[2:])) if said else ""


def stepped(tell: Speech, correlation: Correlate) -> str:
    """The stride and the dilation of a correlation, where they are not 1."""
    return tell.listed(
        [tell.words("figure.option", name=tell.words(f"word.{name}"), value=value.replace("x", "×"))
         for name, value in options(correlation) if name != "groups"]
    )  # fmt: skip


def shown_note(tell: Speech, *parts: str) -> tuple[str, ...]:
    """One line that says what is shown of a larger whole, if anything is left out."""
    said = [part for part in parts if part]
    return (tell.words("figure.shown", what=tell.listed(said, "separator;")),) if said else ()


def channels_note(tell: Speech, layer: Conv) -> str:
    """Which channels, and which image, are shown of several."""
    counts = {"input_channel": layer.in_channels, "output_channel": layer.out_channels, "image": layer.batch}
    return tell.listed([tell.words(f"figure.shown.{name}") for name, n in counts.items() if n > 1])


def planes_note(tell: Speech, boards: Boards, base: int, of: tuple[str, str, str]) -> str:
    """Where the planes lie that are shown of an array with three or more spatial axes, as their entries say it."""
    hidden = len(boards.planes[0])
    if not hidden:
        return ""
    planes = zip(of, (boards.operand, boards.kernel, boards.result), strict=True)
    at = {name: _plane(one, hidden) for name, one in planes}
    told = [tell.words("figure.shown.plane", name=name, at=", ".join(str(n + base) for n in plane))
            for name, plane in at.items() if plane]  # fmt: skip
    return tell.words(f"figure.shown.planes{'_of' if hidden > 1 else ''}", planes=tell.listed(told))


def _plane(one: Board, hidden: int) -> tuple[int, ...]:
    """The leading spatial indices that all entries of a board share; none, if all its places hold zeros."""
    places = (cell.place for _, cell in one.cells)
    return next((place.indices[2 : 2 + hidden] for place in places if isinstance(place, Entry)), ())


def crop_note(tell: Speech, cropped: bool) -> str:
    """That something is left out."""
    return tell.words("figure.shown.crop", limit=LIMIT) if cropped else ""


def remainder_note(tell: Speech, layer: Conv, of: str) -> str:
    """What the remainder of the stride does to this picture."""
    return tell.words(f"figure.remainder.{of}", rest=each(layer.remainder)) if any(layer.remainder) else ""
