"""What the judges of a task said, counted: one score, or one reason, for nearly all rows is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.events import JudgeDoubted, Sameness
from fms_dgt.runner.outcome import Judged

# Fewer judgements than these say nothing of a judge.
FEWEST = 20
# One score in so large a share of them, or one reason, is doubted.
ONE_SCORE, ONE_REASON = 0.95, 0.5
# So many different scores and reasons of a judge are told apart; those that come later count as others.
MOST_DIFFERENT = 1_000
SHOWN_SCORES = 10
_NO_WORD = re.compile(r"[\W_]+")


class _Values:
    """How often each value came, in bounded memory; `shown` is how the value was written first."""

    __slots__ = ("counts", "shown")

    def __init__(self) -> None:
        self.counts: Counter[Any] = Counter()
        self.shown: dict[Any, str] = {}

    def add(self, value: Any, shown: str) -> None:
        if value in self.counts or len(self.counts) < MOST_DIFFERENT:
            self.counts[value] += 1
            self.shown.setdefault(value, shown)

    def most_common(self) -> tuple[str, int]:
        """The most common value as it was written, and its number; of equals, the first that came."""
        found = self.counts.most_common(1)
        return (self.shown[found[0][0]], found[0][1]) if found else ("", 0)


@dataclass(slots=True)
class _Judge:
    scores: _Values
    reasons: _Values
    judged: int = 0

    def add(self, one: Judged) -> None:
        self.judged += 1
        self.scores.add(one.score, str(one.score))
        normal = _NO_WORD.sub(" ", one.reason.casefold()).strip()
        # a reason that is not given says nothing of a judge
        if normal:
            self.reasons.add(normal, one.reason)

    def doubts(self) -> Iterator[tuple[Sameness, str, int]]:
        """Whether it is the score or the reason, which one, and how often it came."""
        if self.judged < FEWEST:
            return
        measured: list[tuple[Sameness, _Values, float]] = [
            ("score", self.scores, ONE_SCORE),
            ("reason", self.reasons, ONE_REASON),
        ]
        for by, values, share in measured:
            value, count = values.most_common()
            if count >= share * self.judged:
                yield by, value, count


class JudgeCounts:
    """Counts what is committed, in unit order, so that timing and interruptions change nothing."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._judges: dict[str, _Judge] = {}
        self._told: set[tuple[str, str]] = set()

    def add(self, judged: Iterable[Judged], *, again: bool) -> Iterator[JudgeDoubted]:
        """Count what a unit's rows were given; a judge is doubted once by its scores, and by its reasons."""
        changed: dict[str, _Judge] = {}
        for one in judged:
            judge = self._judges.get(one.stage)
            if judge is None:
                judge = self._judges[one.stage] = _Judge(_Values(), _Values())
            judge.add(one)
            changed[one.stage] = judge
        for stage, judge in changed.items():
            for by, value, count in judge.doubts():
                if (stage, by) not in self._told:
                    self._told.add((stage, by))
                    yield JudgeDoubted(self._task, stage, by, value, count, judge.judged, again)

    def report(self) -> list[dict[str, Any]]:
        """Each judge for `run.json`, by name."""
        return [
            {
                "stage": stage,
                "judged": judge.judged,
                "scores": dict(_shown_scores(judge.scores.counts)),
                "doubts": [{"by": by, "value": value, "count": count} for by, value, count in judge.doubts()],
            }
            for stage, judge in sorted(self._judges.items())
        ]


def _shown_scores(counts: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    """The most common scores, the low ones first."""
    common = sorted(counts, key=lambda score: (-counts[score], score))[:SHOWN_SCORES]
    return ((str(score), counts[score]) for score in sorted(common))
