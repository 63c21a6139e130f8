"""A config file: what it says of builders, tasks and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fms_dgt.config.blocks import block_problems
from fms_dgt.config.expand import Expander
from fms_dgt.config.ibm_configs import read_builder
from fms_dgt.config.settings import NOTHING, SaidSettings, read_settings
from fms_dgt.core.node import Node
from fms_dgt.errors import Problem, did_you_mean

EVERY = "*"


@dataclass(frozen=True)
class ConfigFile:
    """A config file's parts. `folder` is where its relative paths start.

    `tasks` is as the file says it, includes unresolved. `readable` is False where there is no telling what
    it says, `doubtful` names the builders of which it says something that does not fit.
    """

    folder: Path = field(default_factory=Path)
    builders: Mapping[str, Node] = field(default_factory=dict)
    tasks: Mapping[str, Node] = field(default_factory=dict)
    task_files: Sequence[Node] = ()
    settings: SaidSettings = NOTHING
    readable: bool = True
    doubtful: frozenset[str] = frozenset()
    notes: Sequence[str] = ()

    def is_sure_of(self, builder: str) -> bool:
        """Whether all that it says of a builder could be read."""
        return self.readable and self.doubtful.isdisjoint({EVERY, builder})


def read_config(node: Node, folder: Path, expander: Expander, problems: list[Problem]) -> ConfigFile:
    """The parts of a config; what is wrong goes to `problems`, the rest is read all the same."""
    if not node.is_mapping:
        mend = "begin with 'databuilders:', 'tasks:', 'task_files:' or 'runner_config:'"
        problems.append(node.problem(f"a config must be a mapping, not {node.kind()}", mend))
        return ConfigFile(folder, doubtful=frozenset({EVERY}))
    known = ("databuilders", "tasks", "task_files", "runner_config")
    doubtful: set[str] = set()
    notes: list[str] = []
    for key, child in node.items():
        if key not in known:
            mend = did_you_mean(key, known, noun="known keys")
            problems.append(child.problem(f"unknown key '{key}'", mend))
            # it may be 'databuilders' that is meant
            doubtful.add(EVERY)
    builders, tasks = node.get("databuilders"), node.get("tasks")
    files, runner = node.get("task_files"), node.get("runner_config")
    return ConfigFile(
        folder,
        _builders(builders, expander, doubtful, problems, notes) if builders else {},
        _tasks(tasks, problems) if tasks else {},
        [expander.path(file) for file in _task_files(files, problems)] if files else (),
        read_settings(
            expander.everywhere(runner, secrets=False) if runner else None, problems, run_wide=True
        ),
        doubtful=frozenset(doubtful),
        notes=notes,
    )


def _builders(
    node: Node, expander: Expander, doubtful: set[str], problems: list[Problem], notes: list[str]
) -> Mapping[str, Node]:
    if not node.is_mapping:
        mend = "write 'skills_sdg:' and its blocks below it, say"
        problems.append(node.problem(f"must be a mapping of builder names, not {node.kind()}", mend))
        doubtful.add(EVERY)
        return {}
    result: dict[str, Node] = {}
    for called, entry in node.items():
        before = len(problems)
        name, child = called, entry
        if entry.is_mapping and not block_problems(entry):
            name, child = read_builder(called, entry, notes)
        if name in result:
            problems.append(entry.problem(f"speaks of '{name}' a second time", "make them one"))
        if child.is_mapping:
            faults = block_problems(child)
            problems.extend(faults)
            result[name] = expander.everywhere(child.without("blocks") if faults else child)
        else:
            mend = "write 'blocks:' below it, say, or remove it"
            problems.append(child.problem(f"must be a mapping, not {child.kind()}", mend))
        if len(problems) > before:
            doubtful.add(name)
    return result


def _tasks(node: Node, problems: list[Problem]) -> Mapping[str, Node]:
    if node.is_list:
        return _listed_tasks(node, problems)
    if not node.is_mapping:
        mend = "write each task's name with what it says below it"
        problems.append(node.problem(f"must be a mapping or a list of tasks, not {node.kind()}", mend))
        return {}
    result = {}
    for name, child in node.items():
        said = child.get("task_name")
        if not child.is_mapping:
            problems.append(
                child.problem(f"must be a mapping, not {child.kind()}", "write 'key: value' below it")
            )
        elif said is not None and said.value != name:
            problems.append(said.problem(f"is not '{name}', its key", "remove it"))
        else:
            result[name] = child.without("task_name")
    return result


def _listed_tasks(node: Node, problems: list[Problem]) -> Mapping[str, Node]:
    result: dict[str, Node] = {}
    for child in node.value:
        name = child.get("task_name")
        if name is None or not isinstance(name.value, str):
            problems.append(child.problem("a task in a list needs its name", "add 'task_name: ...'"))
        elif name.value in result:
            problems.append(name.problem(f"duplicate task '{name.value}'", "remove one"))
        else:
            result[name.value] = child.without("task_name")
    return result


def _task_files(node: Node, problems: list[Problem]) -> Sequence[Node]:
    entries = node.value if node.is_list else [node]
    paths = [entry for entry in entries if isinstance(entry.value, str)]
    problems.extend(
        entry.problem(f"must be a path, not {entry.kind()}", "name a task file")
        for entry in entries
        if entry not in paths
    )
    return paths
