"""Does it teach? Students are tuned on documents, or on what the product makes of them, and asked."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from arms import ARMS
from experiment import Plan, run
from questions import TASKS, faults, load_questions
from report import joined, read_results, tables
from teachers import LOCAL

DEFAULT_ARMS = ["none", "open-book", "raw", "phase1", "phase1+2"]
ARMS_HELP = "what students are trained on: " + ", ".join(ARMS)
TEACHER_HELP = (
    "who writes the data: local (SmolLM2 itself), simulated, oracle (written by hand), or TYPE:MODEL as in "
    "`fms_dgt --teacher`; with `simple:` before it there are no judges. Several are compared"
)
WORK_HELP = "where records, training sets and results go; what is there is not made again"
REPORT_HELP = (
    "print the tables of what is in --work, or in several such folders together, each of other documents; "
    "train nothing"
)


def main() -> None:
    flags = _parser().parse_args()
    questions = load_questions(flags.documents)
    if found := faults(questions):
        sys.exit("\n".join(found))
    flags.work.mkdir(parents=True, exist_ok=True)
    folders = flags.__dict__.pop("report")
    plan = Plan(**vars(flags))
    if folders is None:
        run(plan, questions)
    results = [read_results(folder / plan.results.name) for folder in folders or [plan.work]]
    print(tables(joined(results), questions))


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/learn/run", description=__doc__, formatter_class=formatter)
    add = parser.add_argument
    add("--arms", nargs="+", default=DEFAULT_ARMS, choices=ARMS, metavar="ARM", help=ARMS_HELP)
    add("--teacher", nargs="+", default=[LOCAL], dest="teachers", metavar="TEACHER", help=TEACHER_HELP)
    add("--documents", nargs="+", default=[*TASKS], choices=TASKS, metavar="TASK", help="of which tasks")
    add("--seeds", type=int, default=3, help="students of each arm")
    add("--tokens", type=int, default=100_000, help="tokens that each student is trained on")
    add("--rate", type=float, default=3e-4, help="the highest learning rate")
    add("--step", type=int, default=512, help="tokens of a step")
    add("--longest", type=int, default=4096, help="tokens of a row; what is longer is cut off")
    add("--work", type=Path, default=Path("output/learn"), help=WORK_HELP)
    add("--report", nargs="*", type=Path, metavar="WORK", help=REPORT_HELP)
    return parser


if __name__ == "__main__":
    main()
