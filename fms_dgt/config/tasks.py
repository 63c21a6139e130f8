"""Task files, and what a config file lays on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fms_dgt.config.include import Includes
from fms_dgt.config.names import default_name, fault_of, path_below_tasks
from fms_dgt.config.paths import shown
from fms_dgt.config.settings import setting_mend
from fms_dgt.core.node import Node, Place
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem, did_you_mean
from fms_dgt.safety.permissions import Permissions

BUILDER = "data_builder"
RUNNER = "runner_config"
EVERY_TASKS_KEYS = (BUILDER, RUNNER, "include", "instruction_format", "save_formatted_output")


@dataclass(frozen=True)
class SaidTask:
    """A task as files say it. `over` is what the config file lays on it; its `runner_config` comes last.

    `whole` is False where an include or a variable is missing from it. One of many that is `spare` is
    left out of the run where its own file is wrong; the others go on.
    """

    name: str
    said: Node
    taxonomy_path: str
    over: Node | None = None
    whole: bool = True
    spare: bool = False
    permissions: Permissions = field(default_factory=Permissions)

    def merged(self) -> Node:
        """Everything said of the task; null in a config takes a key away."""
        if self.over is None:
            return self.said
        taken = [key for key, child in self.over.items() if child.value is None]
        return Node(self.said.merged(self.over).without(*taken).value, self.said.place)


def read_task(path: Path, cwd: Path, includes: Includes, problems: list[Problem]) -> SaidTask | None:
    """The task in a file; None, and entries in `problems`, where it cannot be one."""
    try:
        node = read_yaml(path, shown=shown(path, cwd))
    except InputError as error:
        problems.extend(error.problems)
        return None
    return task_of(node, path, includes, problems)


def task_of(node: Node, path: Path, includes: Includes, problems: list[Problem]) -> SaidTask | None:
    """The task that a mapping describes; `path` is the file it stands in, or would."""
    if not node.is_mapping:
        mend = "begin with 'task_description: ...' and 'data_builder: ...'"
        problems.append(node.problem(f"a task must be a mapping, not {node.kind()}", mend))
        return None
    before = len(problems)
    permissions = includes.permissions.of_task(path.parent, path)
    if path.is_file():
        permissions.uses.files[str(path)] = None
    said = includes.task(node, path.parent, permissions, (path.resolve(),))
    whole = len(problems) == before
    named = said.get("task_name")
    if named is not None and not isinstance(named.value, str):
        problems.append(named.problem(f"must be text, not {named.kind()}", "put it in quotes"))
        return None
    name = named.value if named else default_name(path)
    fault = fault_of(name)
    if fault:
        where = str(named.place) if named else node.place.origin
        what = f"the task's name '{name}' {fault}" if name else "the task has no name"
        problems.append(
            Problem(what, "add 'task_name: my_task'" if named is None else "choose another", where)
        )
        return None
    return SaidTask(name, said, path_below_tasks(path), whole=whole, permissions=permissions)


def distinct(tasks: Sequence[SaidTask], problems: list[Problem]) -> dict[str, SaidTask]:
    """The tasks by name. Names are folders, so letter case alone does not tell them apart."""
    seen: dict[str, SaidTask] = {}
    for task in tasks:
        other = seen.setdefault(task.name.casefold(), task)
        if other is not task:
            what = f"the task '{task.name}' is in {other.said.place.origin}, too"
            where = str(_name_place(task))
            problems.append(Problem(what, "give one of them another 'task_name'", where))
    return {task.name: task for task in seen.values()}


def with_config(
    tasks: Mapping[str, SaidTask],
    over: Mapping[str, Node],
    folder: Path,
    includes: Includes,
    problems: list[Problem],
) -> list[SaidTask]:
    """The tasks with a config file's `tasks` laid on them; one that only the config knows is added."""
    result = dict(tasks)
    for name, node in over.items():
        before = len(problems)
        known = result.get(name)
        permissions = (
            known.permissions.with_folders(folder) if known else includes.permissions.of_task(folder)
        )
        said = includes.task(node, folder, permissions)
        whole = len(problems) == before
        if known:
            result[name] = replace(known, over=said, whole=whole and known.whole, permissions=permissions)
        elif said.get(BUILDER) is None:
            hint = did_you_mean(name, tasks, noun="tasks")
            what = f"no task of this run is called '{name}'"
            problems.append(node.problem(what, f"add its 'data_builder' to make it one; {hint}"))
        elif fault := fault_of(name):
            problems.append(node.problem(f"the task's name '{name}' {fault}", "choose another"))
        else:
            result[name] = SaidTask(name, said, "", whole=whole, permissions=permissions)
    return list(result.values())


def builder_of(task: Node, problems: list[Problem]) -> Node | None:
    """The node that names a task's builder."""
    node = task.get(BUILDER)
    if node is None:
        where = Place(task.place.origin, task.place.line)
        what = f"the key '{BUILDER}' is missing"
        problems.append(Problem(what, "add 'data_builder: skills_sdg', say", str(where)))
    elif not isinstance(node.value, str) or not node.value:
        problems.append(node.problem(f"must be the name of a builder, not {node.kind()}", "put it in quotes"))
        return None
    return node


def known_keys(said: Node, fields: Iterable[str], problems: list[Problem]) -> Node:
    """A task less the keys that mean nothing to its builder, whose task has `fields`; they are problems."""
    known = {*fields, *EVERY_TASKS_KEYS}
    strays = {key: child for key, child in said.items() if key not in known}
    for key, child in strays.items():
        mend = setting_mend(key) or did_you_mean(key, known, noun="known keys")
        problems.append(child.problem(f"unknown key '{key}'", mend))
    return said.without(*strays)


def _name_place(task: SaidTask) -> Place:
    named = task.said.get("task_name")
    return named.place if named else Place(task.said.place.origin)
