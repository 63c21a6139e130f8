"""The settings of a whole run, and the one folder it writes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fms_dgt.config.flags import PlanRequest, flag_place
from fms_dgt.config.names import fault_of
from fms_dgt.config.paths import at
from fms_dgt.config.plan import RunSettings
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import decode
from fms_dgt.errors import Problem

DEFAULT_FOLDER = "output"
FOLDER_VARIABLE = "DGT_OUTPUT_DIR"

_FLAGS = (
    "max_concurrency",
    "max_calls",
    "max_tokens",
    "max_cost",
    "startup_timeout",
    "teacher",
    "replay",
    "accept_changes",
    "retry_failed",
    "restart",
    "estimate",
)


@dataclass(frozen=True)
class Findings:
    """What gathers while a plan is made: problems, notes for the user, where each setting came from."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)


def run_settings(
    request: PlanRequest, said: Node, outputs: Mapping[str, Node | None], findings: Findings
) -> RunSettings:
    """The run's settings: `said` by the config file, then the flags.

    `outputs` is the output folder that each task's files name. What does not fit goes to the findings,
    and is not among the settings.
    """
    folder = _output_dir(request, outputs, findings)
    node = said.merged(request.flags.node(request.origin, *_FLAGS))
    for key, child in node.items():
        findings.origins[key] = str(child.place)
    teacher = node.get("teacher")
    if teacher is not None and not _is_teacher(teacher, findings.problems):
        node = node.without("teacher")
    place = Place(request.origin)
    replay = node.get("replay")
    if replay is not None:
        source = at(request.cwd, str(replay.value))
        if source.resolve() == folder.resolve():
            mend = "name another --output-dir"
            findings.problems.append(replay.problem("is the folder that this run writes to", mend))
        node = node.with_(replay=Node(str(source), replay.place))
    node = node.with_(output_dir=Node(str(folder), place))
    made = decode(RunSettings, node, findings.problems)
    # numbers can be wrong, and nothing that is checked later depends on them
    return made or RunSettings(
        output_dir=folder,
        teacher=node.value["teacher"].plain() if "teacher" in node.value else None,
        replay=Path(node.value["replay"].value) if "replay" in node.value else None,
    )


def _output_dir(request: PlanRequest, outputs: Mapping[str, Node | None], findings: Findings) -> Path:
    folder = at(request.cwd, _said_folder(request, outputs, findings))
    build = request.flags.build_id
    if build is None:
        return folder
    fault = fault_of(build)
    if fault:
        where = str(flag_place(request.origin, "build_id"))
        findings.problems.append(
            Problem(f"'{build}' {fault}", "give a plain name: it becomes a folder", where)
        )
    return folder / build


def _said_folder(request: PlanRequest, outputs: Mapping[str, Node | None], findings: Findings) -> str:
    flag = request.flags.output_dir
    said = {task: node for task, node in outputs.items() if node is not None}
    if flag is not None and not str(flag):
        where = str(flag_place(request.origin, "output_dir"))
        findings.problems.append(Problem("is empty", "name a folder", where))
    elif flag is not None:
        findings.origins["output_dir"] = str(flag_place(request.origin, "output_dir"))
        findings.notes.extend(
            f"{node.place} has no effect: the output folder is '{flag}', by {findings.origins['output_dir']}"
            for node in said.values()
            if node.value != str(flag)
        )
        return str(flag)
    if said:
        return _agreed(outputs, said, findings)
    by_variable = request.environ.get(FOLDER_VARIABLE)
    findings.origins["output_dir"] = f"${FOLDER_VARIABLE}" if by_variable else "default"
    return by_variable or DEFAULT_FOLDER


def _agreed(outputs: Mapping[str, Node | None], said: Mapping[str, Node], findings: Findings) -> str:
    first_task, first = next(iter(said.items()))
    findings.origins["output_dir"] = str(first.place)
    for task, node in outputs.items():
        if node is None or node.value != first.value:
            other = f"says '{node.written}'" if node else "says none"
            folder = first.written
            what = f"the task '{first_task}' has the output folder '{folder}', the task '{task}' {other}"
            mend = "a run has one: name it with --output-dir, or run them one after the other"
            findings.problems.append(Problem(what, mend, str(first.place)))
            break
    return str(first.value)


def _is_teacher(teacher: Node, problems: list[Problem]) -> bool:
    if teacher.is_mapping:
        said = teacher.get("type")
        if said is not None and isinstance(said.value, str):
            return True
        problems.append(teacher.problem("must have a 'type'", "name a generator"))
        return False
    kind, colon, model = str(teacher.value).partition(":")
    if isinstance(teacher.value, str) and kind and (model or not colon):
        return True
    mend = "write TYPE or TYPE:MODEL, 'openai:gpt-4o-mini', say"
    problems.append(teacher.problem(f"'{teacher.value}' names no teacher", mend))
    return False
