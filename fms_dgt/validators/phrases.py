"""Words and phrases, found in a text as whole words, whatever their case and punctuation."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from fms_dgt.validators.text import UNSPACED, excerpt

_AROUND = 40
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc")


@dataclass(frozen=True, slots=True)
class Found:
    """The phrase as the list has it, and the text around its first occurrence."""

    phrase: str
    text: str


class Phrases:
    """Finds the first of many phrases; the time grows with the text, not with the number of phrases.

    Case, apostrophes and what stands between words make no difference. A phrase in a script without
    spaces is found anywhere; such phrases are looked for one by one.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._unspaced: list[tuple[str, str]] = []
        for phrase in phrases:
            if UNSPACED.search(phrase):
                self._unspaced.append((_folded(phrase), phrase))
            elif words := tuple(_words(phrase)):
                self._by_first.setdefault(words[0], []).append((words, phrase))

    def find(self, text: str) -> Found | None:
        """The first phrase in a text; those in scripts without spaces after all others."""
        return self._spaced(text) or self._anywhere(text)

    def _spaced(self, text: str) -> Found | None:
        words = _words(text) if self._by_first else []
        if self._by_first.keys().isdisjoint(words):
            return None
        for at, word in enumerate(words):
            for phrase, said in self._by_first.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    return Found(said, _shown(text, at, len(phrase)))
        return None

    def _anywhere(self, text: str) -> Found | None:
        if not self._unspaced or not UNSPACED.search(text):
            return None
        folded = _folded(text)
        found = [(at, phrase, said) for phrase, said in self._unspaced if (at := folded.find(phrase)) >= 0]
        if not found:
            return None
        at, phrase, said = min(found)
        return Found(said, excerpt(folded, max(0, at - _AROUND), at + len(phrase) + _AROUND))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@functools.cache
def _word() -> re.Pattern[str]:
    # marks belong to the word, and `\w` has none: Indic vowels are marks; those beyond the first plane are
    # of historic scripts, and would take eight times the time
    marked = re.escape("".join(c for c in map(chr, range(0x10000)) if unicodedata.category(c)[0] == "M"))
    return re.compile(rf"(?:\w++|[{marked}'\u2019\u02bc]++)++")


def _words(text: str) -> list[str]:
    """The words as they are compared: in one form, without apostrophes."""
    said = _word().findall(text)
    folded = {word: _folded(word.translate(_APOSTROPHES)) for word in set(said)}
    return [folded[word] for word in said]


def _shown(text: str, at: int, count: int) -> str:
    spans = [found.span() for found in islice(_word().finditer(text), at, at + count)]
    return excerpt(text, max(0, spans[0][0] - _AROUND), spans[-1][1] + _AROUND)
