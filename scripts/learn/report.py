"""The table of a run's results, in Markdown."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from questions import Question, blind_guesses
from scoring import bootstrap, bootstrap_difference, chance

Row = dict[str, Any]
Arm = tuple[str, str]
MEASURES = {
    "multiple_choice": (("normalised", "by token"), ("plain", "whole")),
    "short_answer": (("normalised", "by token"), ("plain", "whole"), ("said", "said freely")),
}


def read_results(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def tables(results: list[Row], questions: list[Question]) -> str:
    parts = []
    for kind, measures in MEASURES.items():
        asked = [question for question in questions if question.kind == kind]
        parts.append(f"### {kind.replace('_', ' ').capitalize()}: {len(asked)} questions")
        parts.append("\n".join(_table(results, asked, measures)))
        guesses = ", ".join(f"{rule} {share * 100:.0f}" for rule, share in blind_guesses(asked).items())
        parts.append(f"Guessing without a model: {guesses}.")
    return "\n\n".join([*parts, "### What was trained on", "\n".join(_tokens(results))])


def _table(results: list[Row], asked: list[Question], measures: Sequence[tuple[str, str]]) -> list[str]:
    heads = [head for _, head in measures]
    first = measures[0][0]
    lines = [
        f"| arm | teacher | seeds | {' | '.join(heads)} | less raw, {heads[0]} |",
        f"| --- | --- | ---: |{' ---: |' * (len(heads) + 1)}",
        f"| chance | | | {' | '.join([f'{chance(asked) * 100:.1f}'] * 2 + ['0.0'] * (len(heads) - 2))} | |",
    ]
    arms = _by_arm([result for result in results if result["answers"]])
    raw = arms.get(("raw", ""))
    for arm, runs in arms.items():
        cells = [bootstrap(_scores(runs, asked, measure)).percent() for measure, _ in measures]
        other = ""
        if raw and arm[0] not in ("raw", "none", "open-book"):
            ours, theirs = _scores(runs, asked, first), _scores(raw, asked, first)
            other = bootstrap_difference(ours, theirs).percent(signed=True)
        lines.append(f"| {arm[0]} | {arm[1]} | {len(runs)} | {' | '.join(cells)} | {other} |")
    return lines


def _tokens(results: list[Row]) -> list[str]:
    lines = [
        "| arm | teacher | rows | tokens in them | tokens trained | of them learned | steps | last loss |",
        "| --- | --- |" + " ---: |" * 6,
    ]
    for arm, runs in _by_arm(results).items():
        if not runs[0].get("tokens"):
            if "rows" in runs[0]:
                lines.append(f"| {arm[0]} | {arm[1]} | 0 | | | | | |")
            continue
        keys = ("rows", "rows_tokens", "tokens", "learned", "steps")
        cells = [f"{sum(run[key] for run in runs) / len(runs):,.0f}" for key in keys]
        loss = sum(run["loss"] for run in runs) / len(runs)
        lines.append(f"| {arm[0]} | {arm[1]} | {' | '.join(cells)} | {loss:.2f} |")
    return lines


def _by_arm(results: list[Row]) -> dict[Arm, list[Row]]:
    arms: dict[Arm, list[Row]] = defaultdict(list)
    for result in results:
        arms[(result["arm"], result["teacher"])].append(result)
    return arms


def _scores(runs: list[Row], asked: list[Question], measure: str) -> list[list[float]]:
    return [[run["answers"][question.id][measure] for question in asked] for run in runs]
