"""What is said between the formulas, in each language: a catalogue of messages, each with named fields.

In: the key of a message, a language, the fields.  Out: one string, with its mathematics between dollar signs in the
small notation that `inline` reads: ``"The error flows from layer $l$ to layer $l-1$."``
Never: a format's syntax; never a sentence that is not in the catalogue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from string import Formatter

from symconv.errors import InvalidOption, shortened
from symconv.report.sentences.derivation import DERIVATION
from symconv.report.sentences.figures import FIGURES
from symconv.report.sentences.findings import FINDINGS
from symconv.report.sentences.formulas import FORMULAS
from symconv.report.sentences.message import LANGUAGES, Message
from symconv.report.sentences.rules import RULES
from symconv.report.sentences.theorem import THEOREM

CATALOGUE: dict[str, Message] = {**DERIVATION, **FORMULAS, **RULES, **THEOREM, **FINDINGS, **FIGURES}


def language(name: object) -> str:
    """A language that the catalogue has.

    Raises
    ------
    InvalidOption
        For any other.
    """
    if name not in LANGUAGES:
        raise InvalidOption(f"unknown language {shortened(name)}: choose of {', '.join(LANGUAGES)}")
    return str(name)


def languages(first: str) -> tuple[str, ...]:
    """All languages, this one first.

    Examples
    --------
    >>> languages("zh")
    ('zh', 'en')
    """
    return first, *(lang for lang in LANGUAGES if lang != first)


def say(key: str, lang: str = "en", **fields: object) -> str:
    """A message in a language, its fields filled in.

    Parameters
    ----------
    key
        The name of the message.
    lang
        ``"en"`` or ``"zh"``.
    fields
        What the fields of the message hold: exactly those that it has.

    Examples
    --------
    >>> say("grid.filter", "en", size="2x2")
    'filter $2x2$'
    >>> say("grid.filter", "zh", size="2x2")
    '卷积核 $2x2$'
    """
    template = getattr(CATALOGUE[key], language(lang))
    if fields.keys() != fields_of(template):
        raise KeyError(f"the message {key} has the fields {sorted(fields_of(template))}, not {sorted(fields)}")
    return str(template.format(**fields))


@dataclass(frozen=True)
class Teller:
    """Says messages in one language.

    Examples
    --------
    >>> Teller("zh")("update")
    '参数更新'
    """

    lang: str = "en"

    def __call__(self, key: str, **fields: object) -> str:
        """A message with its fields."""
        return say(key, self.lang, **fields)


@cache
def fields_of(template: str) -> frozenset[str]:
    """The names of the fields of a template.

    Examples
    --------
    >>> sorted(fields_of("{ins} -> {outs} channels"))
    ['ins', 'outs']
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def translated(sentence: str, lang: str) -> str:
    """A sentence of a proof, which speaks English, in a language; as it is where the catalogue does not know it.

    Its fields are translated in turn: the reason of a failure may be another sentence.

    Examples
    --------
    >>> translated("E without a chain rule", "en")
    '$E$ without a chain rule'
    >>> translated("reindex, sift: both sides of each step are the same polynomials", "zh")
    '换元、筛选：每一步两边都是相同的多项式'
    """
    found = _names().get(sentence)
    if found is not None:
        return say(found, lang)
    for key, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            return say(key, lang, **{name: translated(text, lang) for name, text in match.groupdict().items()})
    for separator in ("; ", ", "):
        parts = sentence.split(separator)
        if all(part in _names() for part in parts):
            return say("separator" + separator[0], lang).join(say(_names()[part], lang) for part in parts)
    return sentence


@cache
def _names() -> dict[str, str]:
    """The keys of the messages without fields that proofs name: rules, side conditions, findings."""
    named = {**FINDINGS, **{key: m for key, m in RULES.items() if key.startswith(("rule.", "condition."))}}
    return {m.en.replace("$", ""): key for key, m in named.items() if not fields_of(m.en)}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each finding with fields as a pattern for its English sentence, the most particular first."""

    def pattern(template: str) -> str:
        parts = Formatter().parse(template.replace("$", ""))
        return "".join(re.escape(text) + (f"(?P<{name}>.+)" if name else "") for text, name, _, _ in parts)

    with_fields = [key for key, m in FINDINGS.items() if key.startswith("found.") and fields_of(m.en)]
    ordered = sorted(with_fields, key=lambda key: -len(re.sub(r"\{\w+\}", "", FINDINGS[key].en)))
    return tuple((key, re.compile(pattern(FINDINGS[key].en), re.DOTALL)) for key in ordered)
