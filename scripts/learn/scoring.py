"""What answers are worth: shares right, and intervals around them. No model is needed here."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from questions import Question, normal

RESAMPLES = 2000


def best(log_likelihoods: Sequence[float], lengths: Sequence[int] | None = None) -> int:
    """The index of the likeliest option; with `lengths` (in tokens), by token."""
    values = log_likelihoods
    if lengths is not None:
        values = [value / length for value, length in zip(log_likelihoods, lengths, strict=True)]
    return max(range(len(values)), key=values.__getitem__)


def contains_answer(reply: str, question: Question) -> bool:
    """An accepted answer stands in the reply as words of their own, and none of the wrong ones does."""
    text = f" {normal(reply)} "
    accepted = question.accepted or (question.right,)
    wrong = [option for option in question.options if option not in accepted]
    return any(f" {normal(a)} " in text for a in accepted) and not any(
        f" {normal(w)} " in text for w in wrong
    )


def chance(questions: Sequence[Question]) -> float:
    return fmean(1 / len(question.options) for question in questions)


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float

    def percent(self, *, signed: bool = False) -> str:
        sign = "+" if signed else ""
        return f"{self.mean * 100:{sign}.1f} ({self.low * 100:{sign}.1f} to {self.high * 100:{sign}.1f})"


def bootstrap(by_seed: Sequence[Sequence[float]]) -> Interval:
    """The mean of scores, a row a seed and a column a question.

    Questions are resampled, and seeds among themselves, since both are samples of what could have been asked
    and how training could have gone.
    """
    return _resampled(by_seed, fmean)


def bootstrap_difference(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> Interval:
    """The mean of ours less theirs on the same questions, each question with itself."""
    base = [fmean(column) for column in zip(*theirs, strict=True)]
    return _resampled([[a - b for a, b in zip(row, base, strict=True)] for row in ours], fmean)


def _resampled(by_seed: Sequence[Sequence[float]], mean: Callable[[list[float]], float]) -> Interval:
    draw = random.Random(0)
    count = len(by_seed[0])
    means = []
    for _ in range(RESAMPLES):
        columns = draw.choices(range(count), k=count)
        rows = draw.choices(by_seed, k=len(by_seed))
        means.append(mean([row[column] for row in rows for column in columns]))
    means.sort()
    whole = mean([value for row in by_seed for value in row])
    return Interval(whole, means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975) - 1])
