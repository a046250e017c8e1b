"""The words of a picture in one language, with the names of tensors among them.

In: the key of a message, its fields.  Out: runs of text for a `Label`, or plain words.
Never: a sentence that is not in the catalogue of messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from symconv.figures.scene import Run
from symconv.report.messages import CATALOGUE, fields_of, language, say


@dataclass(frozen=True)
class Speech:
    """Says messages in one language.

    Examples
    --------
    >>> Speech("zh").words("figure.key.unread")
    '没有窗口读到'
    >>> Speech("en")("figure.is.channel", symbol=(Run("w", italic=True),), channel=0)
    (Run(text='w', level=0, italic=True), Run(text=', channel 0', level=0, italic=False))
    """

    lang: str = "en"

    def words(self, key: str, **fields: object) -> str:
        """A message whose fields are plain."""
        return say(key, self.lang, **fields)

    def listed(self, parts: list[str], key: str = "separator,") -> str:
        """Parts of a sentence with the language's comma between them, or another separator."""
        return self.words(key).join(parts)

    def __call__(self, key: str, **fields: object) -> tuple[Run, ...]:
        """A message as a label; a field may be a label, too."""
        template = getattr(CATALOGUE[key], language(self.lang))
        if fields.keys() != fields_of(template):
            raise KeyError(f"the message {key} has the fields {sorted(fields_of(template))}, not {sorted(fields)}")
        runs: list[Run] = []
        for words, name, _, _ in Formatter().parse(template):
            given = fields[name] if name is not None else ()
            runs += [Run(words), *(given if isinstance(given, tuple) else (Run(str(given)),))]
        return _joined(runs)


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """Plain pieces that stand side by side as one."""
    found: list[Run] = []
    for run in runs:
        if found and not (run.level or run.italic or found[-1].level or found[-1].italic):
            found[-1] = Run(found[-1].text + run.text)
        elif run.text:
            found.append(run)
    return tuple(found)
