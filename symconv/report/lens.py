"""The mistakes that the page's lens shows: names of the catalogue, and what is said of them in each language.

In: nothing.  Out: data for the page.
Never: what a mistake computes: that is in the catalogue, and for the page in page/mistakes.js; tests hold them equal.
"""

from __future__ import annotations

from symconv.auditing.catalogue import Mistake, mistakes
from symconv.auditing.diagnosis import symbol
from symconv.report.sentences.message import LANGUAGES
from symconv.report.sentences.mistakes import CHINESE, Told

MAPS = ("input", "weight", "forward")
EVERYWHERE = (*MAPS, "bias")

# The name in the catalogue, and the maps in which the lens shows it; in the order of page/mistakes.js.
LENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("kernel not rotated", ("input",)),
    ("kernel rotated along one axis only", ("input",)),
    ("kernel transposed instead of rotated", ("input",)),
    ("dE/dw reversed", ("weight",)),
    ("delta rotated", ("input", "weight")),
    ("kernel rotated in the forward map", ("forward",)),
    ("delta not dilated by the stride", ("input", "weight")),
    ("stride ignored", ("forward",)),
    ("stride and dilation swapped", MAPS),
    ("divisibility not checked", ("input",)),
    ("padded before dilating", ("input",)),
    ("output_padding missing", ("input",)),
    ("last rows left at zero", ("input",)),
    ("remainder at the wrong end", MAPS),
    ("padding ignored", MAPS),
    ("low and high padding swapped", MAPS),
    ("padding off by one", MAPS),
    ("padding K - 1 instead of d*(K-1) - p", ("input",)),
    ("delta padded by p", ("input",)),
    ("delta not padded", ("input",)),
    ("negative indices not left out", MAPS),
    ("indices wrap around", MAPS),
    ("border of delta left out", ("bias",)),
    ("dilation ignored", MAPS),
    ("dilation forgotten in the padding", ("input",)),
    ("strides of the axes swapped", MAPS),
    ("paddings of the axes swapped", MAPS),
    ("kernel transposed", MAPS),
    ("input and output channels swapped", MAPS),
    ("groups ignored", MAPS),
    ("kernel of one group used for all", MAPS),
    ("input channels interleaved", MAPS),
    ("only one group computed", MAPS),
    ("wrong sign", EVERYWHERE),
    ("divided by the batch size", EVERYWHERE),
    ("mean instead of sum", EVERYWHERE),
    ("multiplied by the stride", EVERYWHERE),
    ("only the last window survives", ("input", "weight")),
    ("only the last tap survives", ("input", "forward")),
    ("last tap left out", MAPS),
    ("last window left out", MAPS),
    ("only the last filter survives", EVERYWHERE),
    ("only the last sample survives", EVERYWHERE),
    ("only the last position survives", ("bias",)),
)


def lens_data(flip: str) -> dict[str, dict[str, object]]:
    """What the page says of each mistake, by name: its class, and in each language its title, why and how to mend it.

    `flip` is how Python reverses every spatial axis, ``[:, :, ::-1, ::-1]``.

    Examples
    --------
    >>> lens_data("[::-1]")["kernel not rotated"]["zh"]["mend"]
    '使用 w[::-1]。'
    """
    found: dict[str, dict[str, object]] = {}
    for name, slots in LENS:
        mistake = next(m for m in mistakes(slots[0]) if m.name == name)
        told = {"en": _english(mistake), "zh": CHINESE[name]}
        fields = {"flip": flip, **_subjects(slots)}
        found[name] = {"kind": mistake.kind.value, **{lang: _filled(t, lang, fields) for lang, t in told.items()}}
    return found


def _english(mistake: Mistake) -> Told:
    """The catalogue's words; its reasons are parts of sentences."""
    return Told(mistake.name, f"{mistake.why}.", mistake.mend)


def _filled(told: Told, lang: str, fields: dict[str, str]) -> dict[str, str]:
    def filled(text: str) -> str:
        return text.replace("{flip}", fields["flip"]).replace("{of}", fields[lang])

    return {key: filled(text) for key, text in told._asdict().items()}


def _subjects(slots: tuple[str, ...]) -> dict[str, str]:
    """What comes out wrong: one map by its name, of several ones the result."""
    return dict.fromkeys(LANGUAGES, symbol(slots[0])) if len(slots) == 1 else {"en": "the result", "zh": "结果"}
