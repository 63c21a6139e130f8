"""Repetition within a text: the same words, lines or character over and over."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from fms_dgt.core.typed import option
from fms_dgt.core.validator import ValidatorOptions
from fms_dgt.validators.text import excerpt, spaced
from fms_dgt.validators.text_check import Finding, TextCheck

# Fewer than these say nothing about a text: a refrain of two lines is no loop.
FEWEST_LINES = 4
FEWEST_GROUPS = 8

_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"([^\s\-=_*#.~+|\u2500-\u257f])\1+")
# large, odd, and the same in every process
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class RepetitionOptions(ValidatorOptions):
    """How much of a text may be repetition; 1 allows any."""

    words: int = option(4, low=1, high=50, help="how many words in a row are compared")
    word_share: float = option(0.3, low=0, high=1, help="groups of words that may have occurred before")
    line_share: float = option(0.3, low=0, high=1, help="lines that may have occurred before")
    run: int | None = option(40, low=2, help="the longest run of one character; null allows any")


class Repetition(TextCheck[RepetitionOptions]):
    """Refuses a text that goes round in circles. The score is the larger of its two shares.

    Of all groups of `words` words in a row, and of all lines that are not blank, the share that occurred
    before, case apart. Texts of fewer than 4 lines or 8 groups have none. Runs of white space and of the
    characters that rules and tables are drawn with are no fault.

    In a config file:

        databuilders:
          skills_sdg:
            postprocessors:
              - {name: repetition, on: response}
    """

    Options = RepetitionOptions

    def look(self, text: str) -> Finding:
        options = self.options
        run = max(_RUN.finditer(text), key=lambda found: len(found[0]), default=None)
        if run is not None and options.run is not None and len(run[0]) > options.run:
            return Finding(1, "one character over and over", {"text": run[0][:20], "characters": len(run[0])})
        lines, line = _repeated_lines(text)
        groups, group = _repeated_groups(_WORD.findall(spaced(text.casefold())), options.words)
        score = max(lines, groups)
        if lines > options.line_share:
            return Finding(score, "repeated lines", {"share": round(lines, 4), "text": excerpt(line)})
        if groups > options.word_share:
            return Finding(score, "repeated words", {"share": round(groups, 4), "text": excerpt(group)})
        return Finding(score)


def _repeated_lines(text: str) -> tuple[float, str]:
    """The share of lines that occurred before, and the one that did most often."""
    lines = [line for given in text.casefold().splitlines() if (line := given.strip())]
    if len(lines) < FEWEST_LINES:
        return 0.0, ""
    counts = Counter(lines)
    return 1 - len(counts) / len(lines), counts.most_common(1)[0][0]


def _repeated_groups(words: list[str], size: int) -> tuple[float, str]:
    """The share of groups of words that occurred before, and the one that did most often."""
    total = len(words) - size + 1
    if total < FEWEST_GROUPS:
        return 0.0, ""
    known: dict[str, int] = {}
    numbers = np.array([known.setdefault(word, len(known) + 1) for word in words], np.uint64)
    # a group as one number; tuples of words would take a hundred times the text
    groups = np.zeros(total, np.uint64)
    for at in range(size):
        groups = (groups ^ numbers[at : at + total]) * _MIX
        groups ^= groups >> np.uint64(29)
    _, first, counts = np.unique(groups, return_index=True, return_counts=True)
    most = int(first[counts == counts.max()].min())
    return 1 - len(counts) / total, " ".join(words[most : most + size])
