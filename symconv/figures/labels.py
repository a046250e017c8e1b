"""Names as labels: a letter with its indices below it.

In: entries, and the names of a layer.  Out: runs of text for a `Label`.
"""

from __future__ import annotations

from symconv.figures.scene import Run
from symconv.polynomial import Entry, Polynomial
from symconv.report.notation import GREEK, Names

GRADIENTS = {"da": "a", "dw": "w", "db": "b"}
Runs = tuple[Run, ...]


def symbol(names: Names, tensor: str, above: str = "") -> Runs:
    """A tensor by the name that the notation gives it."""
    base, letter = names.notation.called(tensor)
    letters = GREEK.get(base, base)
    name = Run(letters, italic=len(letters) == 1)
    return (name, *((Run(letter, -1, True),) if letter else ()), *((Run(above, 1, True),) if above else ()))


def entry(names: Names, one: Entry, running: tuple[int, str] | None = None) -> Runs:
    """An entry with the indices that its layer needs; `running`: the axis that is summed over, and its letter."""
    like = GRADIENTS.get(one.tensor, one.tensor)
    base, letter = names.notation.called(like)
    letters = f"d{GREEK.get(base, base)}" if one.tensor in GRADIENTS else GREEK.get(base, base)
    axis, name = running or (None, "")
    indices = [Polynomial.of(name if at == axis else n) for at, n in enumerate(one.indices)]
    written = [names.index_name(str(p)) if p.names else str(p) for p in names.visible(like, tuple(indices))]
    below = [*([Run(letter, -1, not written)] if letter else []), *_indices(written, bool(letter))]
    return (Run(letters, italic=len(letters) == 1 or one.tensor in GRADIENTS), *below)


def _indices(written: list[str], follows: bool) -> list[Run]:
    """Indices with commas between them: numbers upright, letters italic."""
    runs: list[Run] = []
    for at, text in enumerate(written):
        comma = "," if at or follows else ""
        if text.lstrip("-").isdigit():
            before = runs.pop().text if runs and not runs[-1].italic else ""
            runs.append(Run(before + comma + text, -1))
        else:
            runs += [*([Run(comma, -1)] if comma else []), Run(text, -1, True)]
    return runs


def gradient(names: Names, tensor: str, indices: tuple[int, ...] = ()) -> Runs:
    """``∂E/∂a`` as a whole, or by one entry."""
    by = entry(names, Entry(tensor, indices)) if indices else symbol(names, tensor)
    return (Run("∂"), *symbol(names, "E"), Run("/∂"), *by)


def left_side(names: Names, result: Entry) -> Runs:
    """What a frame computes: ``z_{1,1}`` or ``∂E/∂a_{1,1}``."""
    by = GRADIENTS.get(result.tensor)
    return gradient(names, by, result.indices) if by else entry(names, result)
