"""Which font a character of a PNG, PDF or GIF is drawn with.

In: characters.  Out: fonts of matplotlib.
Never: a box in place of a character: where no font has it, a line says what to install.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from symconv.errors import MissingLibrary

FAMILY = "STIXGeneral"  # comes with matplotlib, so that every machine has it
# Fonts with Chinese characters, those that look most like STIX first; matplotlib before 3.11 knows a collection by its
# first name alone, which is that of Japan.
CHINESE = (
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "Noto Serif CJK JP", "Songti SC", "STSong", "SimSun",
    "FandolSong", "AR PL UMing CN", "AR PL SungtiL GB", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC",
    "Noto Sans CJK JP", "PingFang SC", "Heiti SC", "Microsoft YaHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
)  # fmt: skip
FILES = re.compile("CJK|SourceHan|SerifSC|SansSC|Songti|STSong|simsun|Fandol|uming|gbsn|PingFang|msyh|wqy|Fallback")


def pieces(text: str, italic: bool) -> list[tuple[str, Any]]:
    """A text cut where its font changes, each piece with its font."""
    return [("".join(run), font) for font, run in groupby(text, lambda character: font_of(character, italic))]


def advance(character: str, italic: bool) -> float:
    """How far a character moves the pen, in parts of the size."""
    return _advance(character, font_of(character, italic))


@cache
def _advance(character: str, font: Any) -> float:
    face = _face(font)
    face.set_size(100, 72)
    return float(face.load_char(ord(character)).linearHoriAdvance) / 65536 / 100


@cache
def font_of(character: str, italic: bool) -> Any:
    """The font of a character.

    Raises
    ------
    MissingLibrary
        If no font that is installed has the character.
    """
    for font in (_own(italic), *_chinese()):
        if _face(font).get_char_index(ord(character)):
            return font
    raise MissingLibrary(
        f"no font that is installed has the character {character}: install one with Chinese characters, as in apt-get "
        f"install fonts-noto-cjk, or save as .svg, which needs none"
    )


@cache
def _own(italic: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FAMILY, style="italic" if italic else "normal")


@cache
def _chinese() -> tuple[Any, ...]:
    """The fonts with Chinese characters that are installed, also since matplotlib has last looked."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = _known()
    if not known:
        for path in sorted(findSystemFonts()):
            if FILES.search(Path(path).name):
                fontManager.addfont(path)
        known = _known()
    return known


def _known() -> tuple[Any, ...]:
    from matplotlib.font_manager import FontProperties, fontManager

    there = set(fontManager.get_font_names())
    return tuple(FontProperties(family=family) for family in CHINESE if family in there)


def _face(font: Any) -> Any:
    from matplotlib.font_manager import findfont, get_font

    return get_font(findfont(font))
