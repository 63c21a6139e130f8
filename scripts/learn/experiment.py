"""Students trained and asked, one after the other; each result is written down as soon as it is there."""

from __future__ import annotations

import copy
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from arms import ARMS, TEACHERLESS, arm_packs, source_rows
from evaluation import ask_all
from model_file import fetch_gguf
from questions import Question
from report import Row, read_results
from rows import Tokens
from student import load_student
from teachers import training_sets
from training import device, train


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is compared, and how students are trained. `step` and `longest` are in tokens, as `tokens` is."""

    arms: list[str]
    teachers: list[str]
    documents: list[str]
    seeds: int
    tokens: int
    rate: float
    step: int
    longest: int
    work: Path

    @property
    def results(self) -> Path:
        return self.work / "results.jsonl"


@dataclass(frozen=True)
class Student:
    """One to be trained; an arm without a teacher has none to name."""

    arm: str
    teacher: str
    seed: int


def students(plan: Plan) -> Iterator[Student]:
    """All of a plan, seed by seed. What is not trained is asked once."""
    for seed in range(plan.seeds):
        for arm in plan.arms:
            if arm not in TEACHERLESS:
                yield from (Student(arm, teacher, seed) for teacher in plan.teachers)
            elif seed == 0 or ARMS[arm]:
                yield Student(arm, "", seed)


def run(plan: Plan, questions: list[Question]) -> None:
    """Train and ask every student that has no result yet."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    base, tokenizer = load_student(fetch_gguf())
    base.to(device())
    done = {Student(row["arm"], row["teacher"], row["seed"]) for row in read_results(plan.results)}
    for student in students(plan):
        if student in done:
            continue
        started = time.monotonic()
        result = _result(plan, student, copy.deepcopy(base), tokenizer, questions)
        result["seconds"] = round(time.monotonic() - started)
        with plan.results.open("a") as file:
            file.write(json.dumps({**asdict(student), "rate": plan.rate, **result}) + "\n")
        _say(student, f"done after {result['seconds']} s")


def _result(plan: Plan, student: Student, model: Any, tokenizer: Any, questions: list[Question]) -> Row:
    """The answers by question, and what the training used; no answers where the teacher gave no data."""
    used: Row = {}
    if ARMS[student.arm]:
        stages = _stages(plan, student, tokenizer)
        rows = [row for stage in stages for source in stage for row in source]
        if not rows:
            return {"rows": 0, "answers": {}}
        steps = arm_packs(stages, student.seed, plan.tokens, plan.step, plan.longest)
        spent = train(model, steps, plan.tokens, plan.rate, lambda text: _say(student, text))
        used = {"rows": len(rows), "rows_tokens": sum(map(len, rows)), **asdict(spent)}
    answers = ask_all(model, tokenizer, questions, open_book=student.arm == "open-book")
    return {**used, "answers": {answer.pop("id"): answer for answer in answers}}


def _stages(plan: Plan, student: Student, tokenizer: Any) -> list[list[list[Tokens]]]:
    sets = training_sets(student.teacher, plan.documents, plan.work) if student.teacher else None
    return [
        [source_rows(source, tokenizer, plan.documents, sets) for source in stage]
        for stage in ARMS[student.arm]
    ]


def _say(student: Student, text: str) -> None:
    name = " ".join(filter(None, [student.arm, student.teacher, f"seed {student.seed}"]))
    print(f"{name}: {text}", file=sys.stderr, flush=True)
