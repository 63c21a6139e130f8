"""What the records of a task look like, in bounded memory: scores, and lengths of texts. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

MAX_COLUMNS = 40
MAX_SCORES = 10
MAX_READ = 100_000
# Of so many records every one is looked at; of the rest, one in EVERY, which tells as much.
ALL_UP_TO = 10_000
EVERY = 16
HUGE = 1e300
OF_THE_TASK = frozenset({"task_name", "task_description", "taxonomy_path", "created_by"})


class Scores:
    """The mean of a column of numbers, and how often each value came where there are few."""

    __slots__ = ("counts", "high", "low", "number", "total")

    def __init__(self) -> None:
        self.number = 0
        self.total = 0.0
        self.low = math.inf
        self.high = -math.inf
        self.counts: Counter[float] | None = Counter()

    def add(self, value: float) -> None:
        self.number += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        if self.counts is not None:
            self.counts[value] += 1
            if len(self.counts) > MAX_SCORES:
                self.counts = None

    @property
    def mean(self) -> float:
        return self.total / self.number

    def spread(self) -> str:
        """`1: 3, 2: 12`, or the range where there are too many values to list."""
        if self.counts is None:
            return f"{self.low:.3g} to {self.high:.3g}"
        return ", ".join(f"{value:g}: {count:,}" for value, count in sorted(self.counts.items()))


class Words:
    """How long the texts of a column are: exact up to 100 words, to two digits above."""

    __slots__ = ("_first", "counts", "varies")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.varies = False
        self._first: int | None = None

    def add(self, text: str) -> None:
        mark = hash(text)
        if self._first is None:
            self._first = mark
        elif mark != self._first:
            self.varies = True
        self.counts[_two_digits(_words(text))] += 1

    def quantile(self, share: float) -> int:
        """The length that `share` of the texts do not go beyond."""
        wanted = share * self.counts.total()
        seen = 0
        for length, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return length
        return 0


class Columns:
    """The columns of a task's records that are worth a line of summary."""

    __slots__ = ("records", "scores", "words")

    def __init__(self) -> None:
        self.records = 0
        self.scores: dict[str, Scores] = {}
        self.words: dict[str, Words] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record into account."""
        self.records += 1
        look = self.records <= ALL_UP_TO or self.records % EVERY == 0
        for name, value in record.items():
            if isinstance(value, str):
                if look:
                    self._add_text(name, value)
            elif name.endswith("_score") and _is_number(value):
                self._add_score(name, value)

    def texts(self) -> dict[str, Words]:
        """The text columns less those that are the same in every record."""
        some = self.records > 1
        return {name: words for name, words in self.words.items() if words.varies or not some}

    def _add_text(self, name: str, value: str) -> None:
        if name in OF_THE_TASK or name.endswith(("_reason", "_explanation")):
            return
        words = self.words.get(name)
        if words is None:
            if len(self.words) >= MAX_COLUMNS:
                return
            words = self.words[name] = Words()
        words.add(value)

    def _add_score(self, name: str, value: float) -> None:
        scores = self.scores.get(name)
        if scores is None:
            if len(self.scores) >= MAX_COLUMNS:
                return
            scores = self.scores[name] = Scores()
        scores.add(float(value))


def _is_number(value: Any) -> bool:
    # a comparison, since isfinite() cannot take a whole number beyond the floats; NaN fails it
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < HUGE


def _words(text: str) -> int:
    if len(text) <= MAX_READ:
        return len(text.split())
    return len(text[:MAX_READ].split()) * len(text) // MAX_READ


def _two_digits(number: int) -> int:
    step = 1
    while number // step >= 100:
        step *= 10
    return number // step * step
