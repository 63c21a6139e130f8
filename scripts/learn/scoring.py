"""What answers are worth: shares right, and intervals around them. No model is needed here."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
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


def probability(log_likelihoods: Sequence[float], lengths: Sequence[int], right: int) -> float:
    """The share of the right one among the options, each with the mean probability of its tokens."""
    means = [value / length for value, length in zip(log_likelihoods, lengths, strict=True)]
    highest = max(means)
    shares = [math.exp(mean - highest) for mean in means]
    return shares[right] / sum(shares)


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
    return _resampled([by_seed])


def bootstrap_difference(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> Interval:
    """The mean of ours less that of theirs on the same questions, each question with itself."""
    return _resampled([ours, theirs])


def _resampled(arms: Sequence[Sequence[Sequence[float]]]) -> Interval:
    """The interval of the first arm's mean, less that of the second where there are two."""
    draw = random.Random(0)
    count = len(arms[0][0])
    means = []
    for _ in range(RESAMPLES):
        columns = draw.choices(range(count), k=count)
        runs = [draw.choices(arm, k=len(arm)) for arm in arms]
        means.append(_difference([[[row[column] for column in columns] for row in arm] for arm in runs]))
    means.sort()
    return Interval(_difference(arms), means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975) - 1])


def _difference(arms: Sequence[Sequence[Sequence[float]]]) -> float:
    first, *others = (fmean(value for row in arm for value in row) for arm in arms)
    return first - sum(others)
