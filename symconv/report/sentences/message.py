"""A message: one text for each language, with the same named fields in all of them."""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("en", "zh")


class Message(NamedTuple):
    """A sentence, or a part of one, in English and in Chinese.

    ``{name}`` is a field; what stands between dollar signs is mathematics, as `symconv.report.inline` reads it.
    """

    en: str
    zh: str
