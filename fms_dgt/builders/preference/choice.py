"""Which answer is chosen and which is rejected, from points or from comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

from fms_dgt.core.row import Row
from fms_dgt.errors import Rejected

A_IS_BETTER, NEITHER, B_IS_BETTER = 1, 2, 3


class Judged(NamedTuple):
    """An answer, who gave it, and what it came to."""

    text: str
    role: str
    score: float


def by_scores(row: Row) -> tuple[Judged, Judged]:
    """The answers with the most and the fewest points; of equals, the first."""
    if len(row["answers"]) < 2:
        raise Rejected("fewer than two answers could be judged")
    judged = [
        Judged(answer["text"], answer["role"], score)
        for answer, score in zip(row["answers"], row["scores"], strict=True)
    ]
    return max(judged, key=lambda one: one.score), min(judged, key=lambda one: one.score)


def pairs_of(row: Row) -> Mapping[str, Any]:
    """Each two answers, in both orders, one after the other."""
    texts = [answer["text"] for answer in row["answers"]]
    both = [order for a, b in combinations(texts, 2) for order in ((a, b), (b, a))]
    return {"pairs": [{"a": a, "b": b} for a, b in both]}


def by_comparisons(row: Row) -> tuple[Judged, Judged]:
    """The answers that won the most and the fewest comparisons.

    A comparison is won where both orders say so. The two must have a verdict between themselves.
    """
    answers, verdicts = row["answers"], row["verdicts"]
    wins = [0] * len(answers)
    winners: dict[frozenset[int], int | None] = {}
    for at, (a, b) in enumerate(combinations(range(len(answers)), 2)):
        forth, back = verdicts[2 * at], verdicts[2 * at + 1]
        winner = _winner(a, b, forth, back)
        winners[frozenset((a, b))] = winner
        if winner is not None:
            wins[winner] += 1
    best = max(range(len(answers)), key=lambda at: wins[at])
    # of those that won the fewest, one that the best has beaten
    others = [at for at in range(len(answers)) if at != best]
    worst = min(others, key=lambda at: (wins[at], winners[frozenset((best, at))] != best))
    if winners[frozenset((best, worst))] != best:
        raise Rejected(
            "a tie: the verdict changes with the order, or neither is better", {"verdicts": verdicts}
        )
    return _judged(answers[best], wins[best]), _judged(answers[worst], wins[worst])


def _winner(a: int, b: int, forth: float, back: float) -> int | None:
    if (forth, back) == (A_IS_BETTER, B_IS_BETTER):
        return a
    return b if (forth, back) == (B_IS_BETTER, A_IS_BETTER) else None


def _judged(answer: Mapping[str, str], wins: int) -> Judged:
    return Judged(answer["text"], answer["role"], float(wins))
