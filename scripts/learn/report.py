"""The table of a run's results, in Markdown."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

from questions import Question, blind_guesses
from scoring import bootstrap, bootstrap_difference, chance

Row = dict[str, Any]
Arm = tuple[str, str]
LIKELIEST = (("normalised", "by token"), ("plain", "whole"))
COMPARED = ("normalised", "probability")  # with the raw documents
USED = ("rows", "rows_tokens", "tokens", "learned", "steps", "loss")
USED_HEADS = (
    "rows",
    "tokens in them",
    "tokens trained",
    "of them learned",
    "times through",
    "steps",
    "last loss",
)
REFERENCES = ("raw", "none", "open-book")
MEASURES = {
    "multiple_choice": (*LIKELIEST, ("probability", "probability")),
    "short_answer": (*LIKELIEST, ("probability", "probability"), ("said", "said freely")),
}


def read_results(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def joined(folders: Sequence[list[Row]]) -> list[Row]:
    """The results of folders of different documents: one row for the students of an arm and a seed."""
    students: dict[tuple[str, str, int], Row] = {}
    for result in chain.from_iterable(folders):
        key = (result["arm"], result["teacher"], result["seed"])
        first = students.setdefault(key, {**result, "answers": {}, "parts": 0})
        first["parts"] += 1
        first["answers"] |= result["answers"]
        if first["parts"] > 1:
            first |= {name: first[name] + result[name] for name in USED if name in result}
    whole = [student for student in students.values() if student["parts"] == len(folders)]
    return [student | {"loss": student.get("loss", 0) / len(folders)} for student in whole]


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
    compared = [f"less raw, {head}" for name, head in measures if name in COMPARED]
    by_chance = ["0.0" if name == "said" else f"{chance(asked) * 100:.1f}" for name, _ in measures]
    lines = [
        f"| arm | teacher | seeds | {' | '.join([*heads, *compared])} |",
        f"| --- | --- | ---: |{' ---: |' * len([*heads, *compared])}",
        f"| chance | | | {' | '.join(by_chance)} |{' |' * len(compared)}",
    ]
    arms = _by_arm([result for result in results if result["answers"]])
    raw = arms.get(("raw", ""))
    for arm, runs in arms.items():
        cells = [bootstrap(_scores(runs, asked, measure)).percent() for measure, _ in measures]
        for measure in COMPARED:
            cells.append(_less(runs, raw, asked, measure) if raw and arm[0] not in REFERENCES else "")
        lines.append(f"| {arm[0]} | {arm[1]} | {len(runs)} | {' | '.join(cells)} |")
    return lines


def _less(runs: list[Row], raw: list[Row], asked: list[Question], measure: str) -> str:
    ours, theirs = _scores(runs, asked, measure), _scores(raw, asked, measure)
    return bootstrap_difference(ours, theirs).percent(signed=True)


def _tokens(results: list[Row]) -> list[str]:
    lines = [
        f"| arm | teacher | {' | '.join(USED_HEADS)} |",
        f"| --- | --- |{' ---: |' * len(USED_HEADS)}",
    ]
    for arm, runs in _by_arm(results).items():
        if not runs[0].get("tokens"):
            if "rows" in runs[0]:
                lines.append(f"| {arm[0]} | {arm[1]} | 0 | | | | | | |")
            continue
        means = {key: fmean(run[key] for run in runs) for key in USED}
        cells = [f"{means[key]:,.0f}" for key in ("rows", "rows_tokens", "tokens", "learned")]
        times = means["tokens"] / means["rows_tokens"]
        end = f"{times:.1f} | {means['steps']:,.0f} | {means['loss']:.2f}"
        lines.append(f"| {arm[0]} | {arm[1]} | {' | '.join(cells)} | {end} |")
    return lines


def _by_arm(results: list[Row]) -> dict[Arm, list[Row]]:
    arms: dict[Arm, list[Row]] = defaultdict(list)
    for result in results:
        arms[(result["arm"], result["teacher"])].append(result)
    return arms


def _scores(runs: list[Row], asked: list[Question], measure: str) -> list[list[float]]:
    return [[run["answers"][question.id][measure] for question in asked] for run in runs]
