"""Does it teach? Students are tuned on documents, or on what the product makes of them, and asked."""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from arms import ARMS, TEACHERLESS, arm_packs, source_rows
from evaluation import ask_all
from model_file import fetch_gguf
from questions import TASKS, Question, faults, load_questions
from report import read_results, tables
from student import load_student
from teachers import LOCAL, training_sets
from training import device, train

HELP = {
    "arms": "what students are trained on: " + ", ".join(ARMS),
    "teacher": "who writes the data: local (SmolLM2 itself), simulated, oracle (written by hand), "
    "or TYPE:MODEL as in `fms_dgt --teacher`; several are compared",
    "documents": "which tasks' documents and questions: " + ", ".join(TASKS),
    "tokens": "tokens that each student is trained on",
    "simple": "teachers: one call a chunk and no judge (`--pipeline simple`)",
    "work": "where records, training sets and results go; what is there is not made again",
}


def main() -> None:
    flags = _flags()
    questions = load_questions(flags.documents)
    if found := faults(questions):
        sys.exit("\n".join(found))
    flags.work.mkdir(parents=True, exist_ok=True)
    results = flags.work / "results.jsonl"
    if not flags.report:
        _run_all(flags, questions, results)
    print(tables(read_results(results), questions))


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/learn/run", description=__doc__)
    parser.add_argument(
        "--arms",
        nargs="+",
        default=["none", "open-book", "raw", "phase1", "phase1+2"],
        choices=ARMS,
        metavar="ARM",
        help=HELP["arms"],
    )
    parser.add_argument("--teacher", nargs="+", default=[LOCAL], metavar="TEACHER", help=HELP["teacher"])
    parser.add_argument(
        "--documents", nargs="+", default=list(TASKS), choices=TASKS, metavar="TASK", help=HELP["documents"]
    )
    parser.add_argument("--seeds", type=int, default=3, help="students of each arm (default: 3)")
    parser.add_argument("--tokens", type=int, default=100_000, help=HELP["tokens"] + " (default: 100,000)")
    parser.add_argument("--rate", type=float, default=3e-4, help="the highest learning rate (default: 3e-4)")
    parser.add_argument("--step", type=int, default=1024, help="tokens of a step (default: 1024)")
    parser.add_argument(
        "--longest", type=int, default=4096, help="tokens of a row; what is longer is cut off (default: 4096)"
    )
    parser.add_argument("--simple", action="store_true", help=HELP["simple"])
    parser.add_argument("--work", type=Path, default=Path("output/learn"), help=HELP["work"])
    parser.add_argument(
        "--report", action="store_true", help="print the tables of what is there, and train nothing"
    )
    return parser.parse_args()


def _run_all(flags: argparse.Namespace, questions: list[Question], results: Path) -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    base, tokenizer = load_student(fetch_gguf())
    base.to(device())
    done = {(row["arm"], row["teacher"], row["seed"]) for row in read_results(results)}
    for seed in range(flags.seeds):
        for arm, teacher in _students(flags, seed):
            if (arm, teacher, seed) in done:
                continue
            started = time.monotonic()
            row = {"arm": arm, "teacher": teacher, "seed": seed, "rate": flags.rate}
            row |= _student(flags, (base, tokenizer), (arm, teacher, seed), questions)
            row["seconds"] = round(time.monotonic() - started)
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            _say(f"{arm} {teacher} seed {seed}: {row['seconds']} s")


def _students(flags: argparse.Namespace, seed: int) -> list[tuple[str, str]]:
    """The arms with their teachers; what no training changes is asked once."""
    arms = [(arm, teacher) for arm in flags.arms if arm not in TEACHERLESS for teacher in flags.teacher]
    alone = [(arm, "") for arm in flags.arms if arm in TEACHERLESS and (ARMS[arm] or seed == 0)]
    return [*alone, *arms]


def _student(
    flags: argparse.Namespace, base: tuple[Any, Any], who: tuple[str, str, int], questions: list[Question]
) -> dict[str, Any]:
    """A student trained and asked: its scores by question, and what the training used."""
    model, tokenizer = copy.deepcopy(base[0]), base[1]
    arm, teacher, seed = who
    used: dict[str, Any] = {}
    if ARMS[arm]:
        sets = training_sets(teacher, flags.documents, flags.work, simple=flags.simple) if teacher else None
        stages = [
            [source_rows(source, tokenizer, flags.documents, sets) for source in stage] for stage in ARMS[arm]
        ]
        steps = arm_packs(stages, seed, flags.tokens, flags.step, flags.longest)
        used = asdict(
            train(
                model,
                steps,
                flags.tokens,
                flags.rate,
                lambda text: _say(f"{arm} {teacher} seed {seed}: {text}"),
            )
        )
        rows = [row for stage in stages for source in stage for row in source]
        used |= {"rows": len(rows), "rows_tokens": sum(map(len, rows))}
    answers = ask_all(model, tokenizer, questions, open_book=arm == "open-book")
    return {**used, "answers": {answer.pop("id"): answer for answer in answers}}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
