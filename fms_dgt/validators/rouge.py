"""De-duplication by ROUGE-L: a text too much like an earlier record's is refused."""

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from fms_dgt.core.expressions import Expressions, differ, expressions
from fms_dgt.core.plain_words import unnumbered
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import option
from fms_dgt.core.validator import Keep, Match, Memory, OrderedValidator, ValidatorOptions, below
from fms_dgt.errors import Problem
from fms_dgt.validators.text import UNSPACED, as_text, excerpt

DEFAULT_THRESHOLD = 0.7
# Words in common that are counted, not taken as given, before two texts are compared. More of them
# means longer lists to count, fewer means more texts to compare.
COUNTED = 4

_LATIN = re.compile(r"[a-z0-9]+")
_NONE = Expressions()


@dataclass(frozen=True, kw_only=True)
class RougeOptions(ValidatorOptions):
    """`threshold` is the ROUGE-L score from which two texts count as the same; 0.7 unless the stage says."""

    threshold: float | None = option(None, low=0, high=1)


class RougeDeduplication(OrderedValidator[RougeOptions]):
    """De-duplication: refuses a text whose ROUGE-L F-measure with an earlier record's reaches the threshold.

    Scores are those of the package rouge-score without stemming; `tokens` says where the words of a
    text come from. A number, letter or bullet at its beginning is left out. Texts with other arithmetic in
    them (`2 + 1`, `2 - 1`) are never alike.
    A value that is not text is compared as its canonical JSON text.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: rouge, on: response, threshold: 0.8}
    """

    Options = RougeOptions

    def memory(self, keep: Keep) -> Memory:
        return RougeMemory(keep)

    def keep(self) -> Keep:
        threshold = self.options.threshold
        return below(DEFAULT_THRESHOLD if threshold is None else threshold)

    def problems(self, check: Check, template: Template | None) -> list[Problem]:
        keep = check.keep or self.keep()
        if keep.relation in ("below", "at_most"):
            return []
        what = f"keeps scores {keep}, but rouge scores say how alike two texts are"
        return [Problem(what, f"write 'keep: {{below: {DEFAULT_THRESHOLD}}}', say", f"stage '{check.name}'")]


def tokens(text: str) -> list[str]:
    """The words that are compared: runs of a-z and 0-9 in the lower-cased text.

    Where these hold less than half of the letters and digits of a text (Chinese, Russian, Hindi ...),
    its words are unicode words instead, and single characters in scripts without spaces. A text
    without any word (`!?`) is one word as a whole, so that it is like itself.
    """
    lowered = text.lower()
    words = _LATIN.findall(lowered)
    if not lowered.isascii() and 2 * sum(map(len, words)) < sum(map(str.isalnum, lowered)):
        words = list(_unicode_words(lowered))
    return words or [lowered.strip()]


def _unicode_words(text: str) -> Iterator[str]:
    normal = unicodedata.normalize("NFKC", text)
    # marks belong to the word: Indic vowels are marks
    spaced = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in normal)
    yield from UNSPACED.sub(r" \g<0> ", spaced).split()


class RougeMemory(Memory):
    """The texts of the records so far as word numbers, with an inverted index over the words.

    A record of 20 words takes about 480 bytes, and 8 to 10 for each word over these; a word that no
    record had before takes about 220 more.

    Two bounds say exactly which earlier texts are worth comparing: LCS <= words in common <= the
    shorter length. Words in common are counted from the rarest up; the commonest, fewer than any match
    needs, are taken as shared without looking.
    """

    def __init__(self, keep: Keep) -> None:
        # the lowest score that is refused
        self._limit = math.nextafter(keep.value, math.inf) if keep.relation == "at_most" else keep.value
        self._numbers: dict[str, int] = {}
        self._holders: list[array[int]] = []
        self._texts: list[array[int]] = []
        self._lengths = array("I")
        self._records = array("Q")
        self._excerpts: list[str] = []
        # by position, of the few texts that have some
        self._expressions: dict[int, Expressions] = {}

    def add(self, value: Any, record: int) -> None:
        text = as_text(value)
        words = tokens(unnumbered(text))
        position = len(self._texts)
        for word in _told_apart(words):
            number = self._numbers.setdefault(word, len(self._numbers))
            if number == len(self._holders):
                self._holders.append(array("I"))
            self._holders[number].append(position)
        self._texts.append(array("I", [self._numbers[word] for word in words]))
        self._lengths.append(len(words))
        self._records.append(record)
        self._excerpts.append(excerpt(text))
        if (arithmetic := expressions(text)).found:
            self._expressions[position] = arithmetic

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, value: Any, start: int = 0) -> Match | None:
        text = as_text(value)
        words, arithmetic = tokens(unnumbered(text)), expressions(text)
        # a word that no record has can only count in the length
        known = [self._numbers[word] for word in words if word in self._numbers]
        for position in self._candidates(words, start):
            other = self._texts[position]
            # in one division, so that a score on the threshold reaches it; rouge-score rounds thrice
            score = 2 * LCSseq.similarity(known, other) / (len(words) + len(other))
            theirs = self._expressions.get(position, _NONE)
            if score >= self._limit and not differ(arithmetic, theirs, same_words=score == 1):
                return Match(score, self._records[position], self._excerpts[position])
        return None

    def _candidates(self, words: Sequence[str], start: int) -> Sequence[int]:
        """The positions from `start`, ascending, of every text that may be alike enough and few others."""
        limit = self._limit
        if limit <= 0:
            return range(start, len(self))
        if limit > 1:
            return ()
        # 2 * common >= limit * (length + other) and common <= other; less a hair for rounding
        needed = max(1, math.ceil(len(words) * limit / (2 - limit) - 1e-6))
        numbers = [self._numbers[word] for word in _told_apart(words) if word in self._numbers]
        if len(numbers) < needed:
            return ()
        holders = sorted((self._holders[number] for number in numbers), key=len)
        taken = max(0, needed - COUNTED)
        counted = [_from(start, each) for each in holders[: len(holders) - taken]]
        counts = np.bincount(np.concatenate(counted))
        found = np.flatnonzero(counts >= needed - taken)
        others = np.frombuffer(self._lengths, np.uint32)[found].astype(np.int64)
        common = np.minimum(counts[found] + taken, others)
        alike: list[int] = found[2 * common / (len(words) + others) >= limit].tolist()
        return alike


def _told_apart(words: Sequence[str]) -> Iterator[str]:
    """The words, with later occurrences of the same one as words of their own."""
    seen: dict[str, int] = {}
    for word in words:
        count = seen.get(word, 0)
        seen[word] = count + 1
        yield f"{word} {count}" if count else word


def _from(start: int, positions: array[int]) -> npt.NDArray[np.uint32]:
    first = bisect_left(positions, start) if start else 0
    return np.frombuffer(positions, np.uint32)[first:]
