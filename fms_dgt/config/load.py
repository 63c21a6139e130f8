"""From what a command says to a plan: every file read, every problem found, for one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fms_dgt.config.config_file import EVERY, ConfigFile, read_config
from fms_dgt.config.expand import Expander
from fms_dgt.config.flags import PlanRequest, flag_place, in_words_of
from fms_dgt.config.ibm_tasks import Reading, builder_note, counterpart, read_keys
from fms_dgt.config.include import Includes
from fms_dgt.config.paths import at, exists, find_config, find_tasks, is_file, shown
from fms_dgt.config.permissions import permissions_of
from fms_dgt.config.plan import Layer, RunPlan, TaskPlan, TaskSettings
from fms_dgt.config.run_settings import Findings, run_settings
from fms_dgt.config.settings import TASK_NAMES, read_settings
from fms_dgt.config.shipped import task_files_below
from fms_dgt.config.tasks import (
    BUILDER,
    RUNNER,
    SaidTask,
    builder_of,
    distinct,
    read_task,
    task_of,
    with_config,
)
from fms_dgt.config.taxonomies import is_of_taxonomy, taxonomy_tasks
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import decode
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError, Problem

_NO_TASK = Problem(
    "there is no task to run",
    "name a file, a folder or a shipped task: fms_dgt run TASK; 'fms_dgt init' writes a first one",
)


def load_plan(request: PlanRequest) -> RunPlan:
    """The plan that a request describes; everything that is wrong stands in its `problems`."""
    return _Loading(request).plan()


@dataclass(frozen=True)
class _Read:
    """A task with all that was said of it; None is what does not fit."""

    task: SaidTask
    said: Node
    builder: Node | None
    settings: TaskSettings | None
    output_dir: Node | None
    # options of its builder that the task itself gives
    options: Node | None = None


class _Loading:
    """One plan in the making."""

    def __init__(self, request: PlanRequest) -> None:
        self._request = request
        self._found = Findings()
        permissions = permissions_of(request, self._found.problems)
        self._permissions = permissions
        self._expander = Expander(
            request.environ,
            self._found.problems,
            permissions.variables,
            lenient=request.flags.teacher is not None,
        )
        self._includes = Includes(request.cwd, self._expander, permissions, self._found.problems)
        self._whole = True

    def plan(self) -> RunPlan:
        config, problems = self._config(), self._found.problems
        tasks = self._tasks(config)
        if not tasks and not problems:
            problems.append(_NO_TASK)
        read = [self._read(task, config) for task in tasks]
        outputs = {entry.task.name: entry.output_dir for entry in read}
        settings = run_settings(self._request, config.settings.run, outputs, self._found)
        # what could not be read well enough would only be said to lack what it has
        usable = [entry for entry in read if entry.builder is not None and entry.task.whole]
        sure = settings.teacher is not None or self._request.flags.teacher is None
        plans = [_task_plan(entry, config, settings.output_dir, sure=sure) for entry in usable]
        used = {EVERY, *(plan.builder for plan in plans)}
        others = {name: node for name, node in config.builders.items() if name not in used}
        origin, includes = self._request.origin, self._included()
        return RunPlan(
            plans,
            settings,
            tuple(in_words_of(origin, note) for note in dict.fromkeys(self._found.notes)),
            includes,
            self._found.origins,
            others,
            [replace(problem, mend=in_words_of(origin, problem.mend)) for problem in problems],
            whole=self._whole and len(plans) == len(read),
            environ=self._request.environ,
            origin=origin,
            variables=[(name, node.place) for name, node in self._expander.used],
        )

    def _config(self) -> ConfigFile:
        said, cwd = self._request.config, self._request.cwd
        if said is None:
            return ConfigFile(cwd)
        if isinstance(said, Mapping):
            return self._config_of(Node.of(said, "the given config"), cwd)
        place = flag_place(self._request.origin, "config_path")
        path = find_config(str(said), cwd, place, self._found.problems)
        try:
            node = read_yaml(path, shown=shown(path, cwd)) if path else None
        except InputError as error:
            self._found.problems.extend(error.problems)
            node = None
        return self._config_of(node, path.parent) if node and path else ConfigFile(cwd, readable=False)

    def _config_of(self, node: Node, folder: Path) -> ConfigFile:
        config = read_config(node, folder, self._expander, self._found.problems)
        self._found.notes.extend([*config.notes, *config.settings.notes])
        return config

    def _tasks(self, config: ConfigFile) -> list[SaidTask]:
        problems = self._found.problems
        before = len(problems)
        files = self._of_files(self._paths(config))
        given = [self._given(said) for said in self._request.tasks if isinstance(said, Mapping)]
        read = distinct([task for task in (*files, *given) if task is not None], problems)
        tasks = with_config(read, config.tasks, config.folder, self._includes, problems)
        self._whole = len(problems) == before
        return tasks

    def _paths(self, config: ConfigFile) -> Sequence[Path]:
        """Every task file and taxonomy once, in the order in which they were named."""
        cwd, problems = self._request.cwd, self._found.problems
        place = flag_place(self._request.origin, "task_paths")
        named = [(str(said), [cwd], place) for said in self._request.tasks if not isinstance(said, Mapping)]
        named.extend((file.value, [config.folder, cwd], file.place) for file in config.task_files)
        found: list[Path] = []
        for said, bases, where in named:
            taxonomy = next((path for base in bases if is_of_taxonomy(path := at(base, said))), None)
            # a folder may hold both
            found.extend(self._with_task_files(taxonomy) if taxonomy else [])
            found.extend([] if taxonomy else find_tasks(said, bases, where, problems))
        unique: dict[Path, Path] = {}
        for path in found:
            unique.setdefault(path.resolve(), path)
        return list(unique.values())

    def _with_task_files(self, taxonomy: Path) -> list[Path]:
        """What changed is known of taxonomies alone."""
        return [taxonomy, *([] if self._request.flags.changed else task_files_below(taxonomy))]

    def _of_files(self, paths: Sequence[Path]) -> list[SaidTask | None]:
        """The tasks in files, and those of taxonomies."""
        problems, flags = self._found.problems, self._request.flags
        trees = [path for path in paths if is_of_taxonomy(path)]
        said = [
            read_task(path, self._request.cwd, self._includes, problems)
            for path in paths
            if path not in trees
        ]
        if not trees and not flags.changed:
            return said
        place = flag_place(self._request.origin, "changed")
        tasks = taxonomy_tasks(trees, place, flags, problems, self._found.notes)
        return [*said, *(self._of_taxonomy(task) for task in tasks)]

    def _of_taxonomy(self, task: SaidTask) -> SaidTask:
        file = at(self._request.cwd, task.said.place.origin)
        permissions = self._permissions.of_task(file.parent, file)
        permissions.uses.files[task.said.place.origin] = None
        return replace(task, permissions=permissions)

    def _given(self, said: Mapping[str, object]) -> SaidTask | None:
        node = Node.of({"task_name": "task", **said}, "the given task")
        return task_of(node, self._request.cwd / "task.yaml", self._includes, self._found.problems)

    def _read(self, task: SaidTask, config: ConfigFile) -> _Read:
        """What was said of the task, lowest first: config, task file, the config on this task, flags."""
        problems = self._found.problems
        flow = self._request.flags.node(self._request.origin, "flow")
        task = self._with_flow(task)
        said = task.merged().with_(**flow.value)
        parts = [part.get(RUNNER) for part in (task.said, task.over) if part is not None]
        own = [config.settings, *(read_settings(part, problems, run_wide=False) for part in parts)]
        # an unreadable config might have named the builder
        builder = builder_of(said, problems) if config.readable else said.get(BUILDER)
        builder, said, other = self._in_our_words(builder, said)
        merged = own[0].task.merged(Node(other.settings, said.place))
        for part in own[1:]:
            merged = merged.merged(part.task)
            self._found.notes.extend(part.notes)
        merged = merged.merged(self._request.flags.node(self._request.origin, *TASK_NAMES))
        self._found.origins.update({f"{task.name}: {key}": str(node.place) for key, node in merged.items()})
        output = next((part.output_dir for part in reversed(own) if part.output_dir), None)
        if output is not None and output is own[1].output_dir:
            self._check_output(task, output)
        options = Node(other.options, said.place) if other.options else None
        return _Read(task, said, builder, decode(TaskSettings, merged, problems), output, options)

    def _in_our_words(self, builder: Node | None, said: Node) -> tuple[Node | None, Node, Reading]:
        """The builder and what the task says, where it is written for IBM's fms-dgt."""
        reading = Reading()
        if builder is None or not isinstance(builder.value, str):
            return builder, said, reading
        name = counterpart(builder.value)
        if name:
            reading.notes.append(builder_note(builder.value))
            builder = Node(name, builder.place)
        said = read_keys(said, str(builder.value), reading)
        self._found.notes.extend(reading.notes)
        self._found.problems.extend(reading.problems)
        return builder, said, reading

    def _with_flow(self, task: SaidTask) -> SaidTask:
        """The task, which may read the flow that a flag names, and the templates beside it."""
        flow = self._request.flags.flow
        path = at(self._request.cwd, str(flow or ""))
        if flow is None or not is_file(path):
            return task
        return replace(task, permissions=task.permissions.with_folders(path.parent, path))

    def _check_output(self, task: SaidTask, output: Node) -> None:
        """A task may name its output folder below the working folder; a flag goes before it."""
        path = at(self._request.cwd, str(output.value))
        if self._request.flags.output_dir is None and not task.permissions.may_write(path):
            what = f"'{output.written}' is hidden, or outside of the folders that tasks may write to"
            name = shown(path, self._request.cwd)
            mend = f"name it with --output-dir, or if you trust this task, pass --allow-path {name}"
            self._found.problems.append(output.problem(what, mend))

    def _included(self) -> Sequence[Path]:
        place, cwd = str(flag_place(self._request.origin, "include")), self._request.cwd
        paths = [at(cwd, str(said)) for said in self._request.flags.include]
        self._found.problems.extend(
            Problem(f"there is no file or folder '{shown(path, cwd)}'", "name a Python file", place)
            for path in paths
            if not exists(path)
        )
        return [path for path in paths if exists(path)]


def _task_plan(read: _Read, config: ConfigFile, output_dir: Path, *, sure: bool) -> TaskPlan:
    assert read.builder is not None
    name, builder = read.task.name, str(read.builder.value)
    layers: list[Layer] = [
        (config.builders[key], key == EVERY) for key in (EVERY, builder) if key in config.builders
    ]
    if read.options is not None:
        layers.append((read.options, False))
    here = Place(read.said.place.origin)
    defaults = {"task_name": Node(name, here), "taxonomy_path": Node(read.task.taxonomy_path, here)}
    missing = {key: node for key, node in defaults.items() if read.said.get(key) is None}
    said = read.said.without(BUILDER, RUNNER).with_(**missing)
    return TaskPlan(
        name,
        builder,
        said,
        read.settings or TaskSettings(),
        tuple(layers),
        output_dir / name,
        read.builder.place,
        doubtful=not (sure and config.is_sure_of(builder)),
        spare=read.task.spare,
        permissions=read.task.permissions,
    )
