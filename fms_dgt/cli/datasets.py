"""`fms_dgt datasets`: training sets of what runs made, mixtures of them, InstructLab's files."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fms_dgt.cli.datasets_flags import (
    CLOSED_BOOK,
    COMPLETIONS,
    add_columns,
    add_form,
    add_format,
    add_raft,
    add_runs,
    add_seed,
    datasets_parser,
    raft_settings,
)
from fms_dgt.cli.written import RowCounter, tell
from fms_dgt.datasets import (
    Layout,
    PreferenceColumns,
    SkillsColumns,
    TrainingSet,
    Written,
    create_closed_book_pairs_ds,
    create_closed_book_text_ds,
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    create_preference_ds,
    create_skills_ds,
    mix,
    write_completions,
    write_instructlab,
)
from fms_dgt.datasets.completions import whole_file
from fms_dgt.datasets.row_file import check_target
from fms_dgt.errors import InputError, Problem, did_you_mean

ABOUT = """\
Make training sets of what runs made: conversations that InstructLab's trainer, TRL and others read.

actions:
  knowledge RUN [RUN ...]     both phases of knowledge tuning: the document in view, then RAFT
  skills RUN [RUN ...]        a conversation for each record
  preference RUN [RUN ...]    a prompt with a chosen and a rejected answer, for DPO
  mix RECIPE -o FILE          put sets together, by share or number
  instructlab RUN [RUN ...]   the files that InstructLab leaves for its training, all at once

'fms_dgt datasets ACTION --help' shows the flags."""
_PHASES = """\
examples:
  fms_dgt datasets knowledge output
  fms_dgt datasets knowledge output/first output/second -o training --format parquet"""
_OWN_COLUMNS = """\
examples:
  fms_dgt datasets skills output
  fms_dgt datasets skills output --form prompt-completion
  fms_dgt datasets skills output/emails --prompt email --response rewrite"""
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
        "preference": _preference,
        "mix": _mix,
        "instructlab": _instructlab,
    }
    action, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else ("", argv)
    if not action:
        parser = datasets_parser("", ABOUT)
        parser.parse(rest)
        raise InputError([Problem("an action is missing", did_you_mean("", doing, noun="actions"))])
    if action not in doing:
        what = f"there is no 'fms_dgt datasets {action}'"
        raise InputError([Problem(what, did_you_mean(action, doing, noun="actions"))])
    return doing[action](rest)


def _knowledge(argv: Sequence[str]) -> int:
    about = "Make the training sets of both phases of knowledge tuning."
    parser = datasets_parser("knowledge RUN [RUN ...]", about, _PHASES)
    add_runs(parser)
    add_form(parser)
    parser.add_argument(
        "--phase",
        choices=("1", "2", "both", CLOSED_BOOK),
        default="both",
        help="which set (default: both); closed-book: documents, facts and pairs, to be known by heart",
    )
    add_format(parser)
    add_raft(parser)
    parser.add_argument("--no-auxiliary", action="store_true", help="leave out the summarisation rows")
    parser.add_argument(
        "--keep-document-outline", action="store_true", help="phase 1: the outline above each document"
    )
    options = parser.parse(argv)
    if options.phase == CLOSED_BOOK:
        return _closed_book(options)
    raft, auxiliary = raft_settings(options), not options.no_auxiliary
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


def _closed_book(options: Namespace) -> int:
    if options.form == COMPLETIONS:
        what = f"--phase {CLOSED_BOOK} has no prompts and completions: all of it is learned"
        raise InputError([Problem(what, f"leave out --form {COMPLETIONS}")])
    made = {
        "knowledge_closed_book_text": create_closed_book_text_ds(options.runs),
        "knowledge_closed_book_pairs": create_closed_book_pairs_ds(options.runs),
    }
    return _write(
        {Path(options.output, f"{name}.{options.format}"): rows for name, rows in made.items()}, options
    )


def _skills(argv: Sequence[str]) -> int:
    about = "Make a training set of skills: a conversation for each record."
    parser = datasets_parser("skills RUN [RUN ...]", about, _OWN_COLUMNS)
    add_runs(parser)
    add_form(parser)
    add_format(parser)
    add_columns(
        parser,
        prompt="the instruction (default: instruction, or question)",
        response="the answer (default: response, answer or output)",
        context="what is above the instruction (default: context, or input)",
        system="the system turn (default: system_prompt, or system)",
    )
    options = parser.parse(argv)
    columns = SkillsColumns(
        prompt=options.prompt, response=options.response, context=options.context, system=options.system
    )
    return _write(
        {Path(options.output, f"skills.{options.format}"): create_skills_ds(options.runs, columns)}, options
    )


def _preference(argv: Sequence[str]) -> int:
    about = "Make a training set of preferences: a prompt, a chosen and a rejected answer, each as messages."
    parser = datasets_parser("preference RUN [RUN ...]", about)
    add_runs(parser)
    add_format(parser)
    add_columns(
        parser,
        prompt="the prompt, a text or messages (default: prompt)",
        chosen="the better answer (default: chosen)",
        rejected="the worse answer (default: rejected)",
        system="the system turn (default: system_prompt, or system)",
    )
    options = parser.parse(argv)
    columns = PreferenceColumns(
        prompt=options.prompt, chosen=options.chosen, rejected=options.rejected, system=options.system
    )
    made = create_preference_ds(options.runs, columns)
    return _write({Path(options.output, f"preference.{options.format}"): made}, options)


def _mix(argv: Sequence[str]) -> int:
    parser = datasets_parser("mix RECIPE -o FILE", "Put training sets together by a recipe.", _RECIPE)
    parser.add_argument("recipe", metavar="RECIPE", help="a YAML file; its paths start at its own folder")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the file to write, .jsonl or .parquet"
    )
    add_form(parser)
    add_seed(parser)
    options = parser.parse(argv)
    return _write({Path(options.output): mix(options.recipe, seed=options.seed)}, options)


def _instructlab(argv: Sequence[str]) -> int:
    parser = datasets_parser(
        "instructlab RUN [RUN ...]", "Write the files that InstructLab leaves for its training."
    )
    add_runs(parser)
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
    add_raft(parser)
    options = parser.parse(argv)
    stamp = options.stamp or time.strftime("%Y-%m-%dT%H_%M_%S")
    layout = Layout(
        folder=Path(options.output),
        stamp=stamp,
        sys_prompt=options.system_prompt,
        raft=raft_settings(options),
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


def _write(sets: Mapping[Path, TrainingSet], options: Namespace) -> int:
    as_completions = getattr(options, "form", "") == COMPLETIONS
    for path in sets:
        # before the first of them is written
        for target in (path, whole_file(path)) if as_completions else (path,):
            check_target(target, force=options.force)
    written: list[Written] = []
    for path, made in sets.items():
        with RowCounter(path.name) as counter:
            if as_completions:
                written.extend(write_completions(made, path, force=options.force, progress=counter))
            else:
                written.append(made.write(path, force=options.force, progress=counter))
    tell(written, as_json=options.json)
    return 0
