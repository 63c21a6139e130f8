"""Refusals: a model that declines, or speaks of itself as an AI, where an answer was wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.validators.phrases import Phrases
from fms_dgt.validators.term_list import TermList
from fms_dgt.validators.text_check import Finding, TextCheck

# How far beyond what is looked at a quotation may end.
_BEYOND = 2_000
# Each runs to the end where it is not closed, so that no text is gone through twice.
_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*(?:`|$)|(?P<line>^[ \t]*>[^\n]*)"
    r'|"[^"\n]*(?:"|$)|\u201c[^\u201d]*(?:\u201d|\Z)|\u201e[^\u201c\u201d]*(?:[\u201c\u201d]|\Z)'
    r"|\u00ab[^\u00bb]*(?:\u00bb|\Z)|\u300c[^\u300d]*(?:\u300d|\Z)|\u300e[^\u300f]*(?:\u300f|\Z)",
    re.DOTALL | re.MULTILINE,
)
_CLOSING = '`"\u201d\u201c\u00bb\u300d\u300f'


@dataclass(frozen=True, kw_only=True)
class RefusalOptions(ValidatorOptions):
    """Which phrases are looked for, and where."""

    phrases: TermList | None = option(None, help="in place of the built-in list (refusals.txt)")
    more: TermList = option(default_factory=TermList, help="in addition to it")
    within: int | None = option(300, low=1, help="characters of the beginning; null looks at the whole text")


class Refusal(TextCheck[RefusalOptions]):
    """Refuses a text that begins by declining, in any of 18 languages. The score is 0.

    A refusal stands at the beginning: further on, the same words are usually part of an answer. What
    stands in quotation marks, in code or behind `>` is somebody else's words and does not count, unless
    the whole text is quoted.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: refusal, on: response}
    """

    Options = RefusalOptions

    @cached_property
    def _phrases(self) -> Phrases:
        own = self.options.phrases
        return Phrases([*(_builtin() if own is None else own.texts), *self.options.more.texts])

    def look(self, text: str) -> Finding:
        found = self._phrases.find(_own_words(text, self.options.within))
        if found is None:
            return Finding(0)
        return Finding(1, "refusal", {"phrase": found.phrase, "text": found.text})


def _own_words(text: str, within: int | None) -> str:
    """The beginning of a text, with something else in place of what it quotes."""
    text = text.strip()
    # quotes around the whole are the model's way of answering
    quoted = _QUOTED.match(text)
    if quoted is not None and quoted.end() == len(text):
        text = text.lstrip('`"\u201c\u201e\u00ab\u300c\u300e> ')
    looked_at = text if within is None else text[: within + _BEYOND]
    return _QUOTED.sub(_blanked, looked_at)[:within]


def _blanked(found: re.Match[str]) -> str:
    quoted = found[0]
    closed = found["line"] is not None or (len(quoted) > 1 and quoted[-1] in _CLOSING)
    return "_" * len(quoted) if closed else quoted


@cache
def _builtin() -> Sequence[str]:
    return TermList.from_file(Path(__file__).with_name("refusals.txt")).texts
