"""`fms_dgt datasets`: training sets of what runs made, mixtures of them, InstructLab's files."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fms_dgt.cli.parser import Parser, number, whole_number
from fms_dgt.cli.written import RowCounter, tell
from fms_dgt.datasets import (
    Layout,
    RaftSettings,
    TrainingSet,
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    create_skills_ds,
    mix,
    write_instructlab,
)
from fms_dgt.datasets.training_set import check_target
from fms_dgt.errors import InputError, Problem, did_you_mean

FOLDER = "training"
_RUNS = "output folders, folders of tasks, JSONL or Parquet files; several are merged"
ABOUT = """\
Make training sets of what runs made: conversations that InstructLab's trainer, TRL and others read.

actions:
  knowledge RUN [RUN ...]     both phases of knowledge tuning: the document in view, then RAFT
  skills RUN [RUN ...]        a conversation for each record
  mix RECIPE -o FILE          put sets together, by share or number
  instructlab RUN [RUN ...]   the files that InstructLab leaves for its training, all at once

'fms_dgt datasets ACTION --help' shows the flags."""
_PHASES = """\
examples:
  fms_dgt datasets knowledge output
  fms_dgt datasets knowledge output/first output/second -o training --format parquet"""
_RECIPE = """\
a recipe:
  datasets:
    - {path: training/knowledge_phase2.jsonl, sampling_size: 1.0}   # a share; 1.0 is all
    - {path: training/skills.jsonl, sampling_size: 500}             # a number
  metadata: {sys_prompt: You are a helpful assistant.}              # may be left out"""


def main(argv: Sequence[str]) -> int:
    """Do one of the actions. Raises UserError."""
    doing: dict[str, Callable[[Sequence[str]], int]] = {
        "knowledge": _knowledge,
        "skills": _skills,
        "mix": _mix,
        "instructlab": _instructlab,
    }
    action, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else ("", argv)
    if not action:
        parser = _parser("", ABOUT)
        parser.parse(rest)
        raise InputError([Problem("an action is missing", did_you_mean("", doing, noun="actions"))])
    if action not in doing:
        what = f"there is no 'fms_dgt datasets {action}'"
        raise InputError([Problem(what, did_you_mean(action, doing, noun="actions"))])
    return doing[action](rest)


def _knowledge(argv: Sequence[str]) -> int:
    about = "Make the training sets of both phases of knowledge tuning."
    parser = _parser("knowledge RUN [RUN ...]", about, _PHASES)
    _add_runs(parser)
    parser.add_argument(
        "--phase", choices=("1", "2", "both"), default="both", help="which set (default: both)"
    )
    _add_format(parser)
    _add_raft(parser)
    parser.add_argument("--no-auxiliary", action="store_true", help="leave out the summarisation rows")
    parser.add_argument(
        "--keep-document-outline", action="store_true", help="phase 1: the outline above each document"
    )
    options = parser.parse(argv)
    raft, auxiliary = _raft(options), not options.no_auxiliary
    sets = {
        "1": lambda: create_knowledge_pretraining_ds(
            options.runs, auxiliary, keep_document_outline=options.keep_document_outline, seed=options.seed
        ),
        "2": lambda: create_knowledge_regular_ds(
            options.runs,
            auxiliary,
            p=raft.p,
            num_doc_in_context=raft.size,
            distractors=raft.distractors,
            seed=options.seed,
        ),
    }
    wanted = sets if options.phase == "both" else [options.phase]
    made = {f"knowledge_phase{phase}": sets[phase]() for phase in wanted}
    return _write(
        {Path(options.output, f"{name}.{options.format}"): one for name, one in made.items()}, options
    )


def _skills(argv: Sequence[str]) -> int:
    parser = _parser("skills RUN [RUN ...]", "Make a training set of skills: a conversation for each record.")
    _add_runs(parser)
    _add_format(parser)
    options = parser.parse(argv)
    return _write({Path(options.output, f"skills.{options.format}"): create_skills_ds(options.runs)}, options)


def _mix(argv: Sequence[str]) -> int:
    parser = _parser("mix RECIPE -o FILE", "Put training sets together by a recipe.", _RECIPE)
    parser.add_argument("recipe", metavar="RECIPE", help="a YAML file; its paths start at its own folder")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the file to write, .jsonl or .parquet"
    )
    _add_seed(parser)
    options = parser.parse(argv)
    return _write({Path(options.output): mix(options.recipe, seed=options.seed)}, options)


def _instructlab(argv: Sequence[str]) -> int:
    parser = _parser("instructlab RUN [RUN ...]", "Write the files that InstructLab leaves for its training.")
    _add_runs(parser)
    parser.add_argument(
        "--task-paths",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATH",
        help="tasks whose seed examples become test_*.jsonl (default: those that the runs were made with)",
    )
    parser.add_argument(
        "--stamp", metavar="TEXT", help="the end of the files' names (default: the time, 2026-01-31T12_00_00)"
    )
    parser.add_argument(
        "--system-prompt", metavar="TEXT", default="", help="the system turn of every row (default: none)"
    )
    _add_raft(parser)
    options = parser.parse(argv)
    stamp = options.stamp or time.strftime("%Y-%m-%dT%H_%M_%S")
    layout = Layout(
        folder=Path(options.output),
        stamp=stamp,
        sys_prompt=options.system_prompt,
        raft=_raft(options),
        seed=options.seed,
        force=options.force,
    )
    tasks = _tasks(options.task_paths)
    with RowCounter("instructlab") as counter:
        written = write_instructlab(options.runs, layout, tasks=tasks or None, progress=counter)
    if not any(one.kind == "test" for one in written):
        what = "no test file: what was given keeps no seed examples; name the tasks with --task-paths"
        print(f"note: {what}", file=sys.stderr)
    tell(written, as_json=options.json)
    return 0


def _tasks(paths: Sequence[str]) -> list[Mapping[str, Any]]:
    """The tasks as their files say them. Raises InputError."""
    if not paths:
        return []
    from fms_dgt.config import PlanRequest, load_plan  # noqa: PLC0415 (only this needs it)

    plan = load_plan(PlanRequest(tasks=paths))
    if plan.problems:
        raise InputError(plan.problems)
    return [task.said.plain() for task in plan.tasks]


def _parser(usage: str, about: str, examples: str = "") -> Parser:
    parser = Parser(
        prog=f"fms_dgt datasets {usage.split(' ', maxsplit=1)[0]}".rstrip(),
        description=about,
        epilog=examples,
    )
    parser.usage = f"fms_dgt datasets {usage or 'ACTION ...'} [flags]"
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _add_runs(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help=_RUNS)
    parser.add_argument("-o", "--output", metavar="DIR", default=FOLDER, help=f"where to (default: {FOLDER})")
    _add_seed(parser)


def _add_seed(parser: Parser) -> None:
    parser.add_argument(
        "--seed", type=whole_number, metavar="N", default=0, help="of all that is drawn (default: 0)"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--json", action="store_true", help="tell as JSON what was written")


def _add_format(parser: Parser) -> None:
    parser.add_argument(
        "--format", choices=("jsonl", "parquet"), default="jsonl", help="of the files (default: jsonl)"
    )


def _add_raft(parser: Parser) -> None:
    usual = RaftSettings()
    parser.add_argument(
        "--golden-share",
        type=number,
        metavar="P",
        default=usual.p,
        help=f"the share of contexts that have the answer's document (default: {usual.p:g})",
    )
    parser.add_argument(
        "--context-documents",
        type=whole_number,
        metavar="N",
        default=usual.size,
        help=f"documents in a context (default: {usual.size})",
    )
    parser.add_argument(
        "--distractors",
        choices=("documents", "chunks"),
        default=usual.distractors,
        help="the others are from other documents (default), or from other chunks of any document",
    )


def _raft(options: Namespace) -> RaftSettings:
    settings = RaftSettings(options.golden_share, options.context_documents, options.distractors)
    settings.check()
    return settings


def _write(sets: Mapping[Path, TrainingSet], options: Namespace) -> int:
    for path in sets:
        # before the first of them is written
        check_target(path, force=options.force)
    written = []
    for path, one in sets.items():
        with RowCounter(path.name) as counter:
            written.append(one.write(path, force=options.force, progress=counter))
    tell(written, as_json=options.json)
    return 0
