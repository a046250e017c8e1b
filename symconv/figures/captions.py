"""What stands above the boards and below them, in words.

In: a layer and its boards.  Out: runs of text.
"""

from __future__ import annotations

from symconv.arrays import ArrayExpression, Correlate, Dilate, Pad, shape
from symconv.figures.boards import LIMIT, Boards
from symconv.figures.labels import Runs, gradient, symbol
from symconv.figures.layout import words
from symconv.layer import Conv
from symconv.report.notation import Names
from symconv.report.writer import options, per_axis

TITLES = {
    "forward": "Forward: the window slides over the input",
    "input": "Backward: the rotated filter slides over delta",
    "weight": "Backward: delta is the filter that slides over the input",
    "stride": "Stride: delta gets the places back that the stride skipped",
    "channels": "Channels: every delta goes back through its own rotated filters, and adds up",
}


def by(sizes: tuple[int, ...]) -> str:
    """``3×3``."""
    return "×".join(map(str, sizes))


def title(layer: Conv, kind: str) -> str:
    """The line on top."""
    if layer.flip and kind in ("input", "channels"):
        return TITLES[kind].replace("rotated filter", "filter")
    return TITLES[kind]


def captions(names: Names, layer: Conv, of: str) -> tuple[Runs, Runs, Runs]:
    """What operand, kernel and result are."""
    a, z, w, delta = (symbol(names, name) for name in ("a", "z", "w", "delta"))
    sizes = by(layer.input_size), by(layer.kernel_size), by(layer.output_size)
    rotated = words(w, " rotated by 180°")
    match of:
        case "forward":
            kernel = rotated if layer.flip else w
            return words(a, f", input {sizes[0]}"), words(kernel, f", filter {sizes[1]}"), words(z, f", {sizes[2]}")
        case "input":
            kernel = w if layer.flip else rotated
            return (
                words(delta, f", error {sizes[2]}"),
                words(kernel, f", {sizes[1]}"),
                words(gradient(names, "a"), f", {sizes[0]}"),
            )
        case _:
            return (
                words(a, f", input {sizes[0]}"),
                words(delta, f" as the filter, {sizes[2]}"),
                words(gradient(names, "w"), f", {sizes[1]}"),
            )


def made(operand: ArrayExpression) -> str:
    """How an operand was made of a tensor: ``dilated by 2, padded by 1: 7×7``."""
    inner = operand.operand if isinstance(operand, Pad) else operand
    said = [f"dilated by {per_axis(inner.factors)}"] if isinstance(inner, Dilate) else []
    if isinstance(operand, Pad):
        crops = " (below 0: cropped)" if min(n for pair in operand.padding for n in pair) < 0 else ""
        said.append(f"padded by {per_axis(operand.padding)}{crops}")
    return f"{', '.join(said)}: {by(shape(operand)[2:])}" if said else ""


def stepped(correlation: Correlate) -> str:
    """The stride and the dilation of a correlation, where they are not 1."""
    return ", ".join(f"{name} {value}" for name, value in options(correlation) if name != "groups")


def channels_note(layer: Conv) -> str:
    """Which channels, and which image, are shown of several."""
    several = [name for name, n in (("input channel", layer.in_channels), ("output channel", layer.out_channels),
                                    ("image", layer.batch)) if n > 1]  # fmt: skip
    return f"the first {', the first '.join(several)}" if several else ""


def planes_note(boards: Boards, base: int, of: tuple[str, str, str]) -> str:
    """Where the planes lie that are shown of an array with three or more spatial axes."""
    if not boards.planes[0]:
        return ""
    at = [f"{name} at {', '.join(str(n + base) for n in plane)}" for name, plane in zip(of, boards.planes, strict=True)]
    return f"the planes {'; '.join(at)} along the first {'axis' if len(boards.planes[0]) == 1 else 'axes'}"


def crop_note(cropped: bool) -> str:
    """That something is left out."""
    return f"cropped to what {LIMIT}×{LIMIT} cells can show" if cropped else ""


def remainder_note(layer: Conv, of: str) -> str:
    """What the remainder of the stride does to this picture."""
    r = per_axis(layer.remainder)
    if not any(layer.remainder):
        return ""
    return {
        "forward": f"Remainder r = {r}: the stride leaves so many places at the high end to no window.",
        "input": f"Remainder r = {r}: so many more zeros at the high end, for the places that no window reached.",
        "weight": f"Remainder r = {r}: so many places at the high end are cut off, for no window reached them.",
    }[of]
