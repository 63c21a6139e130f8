"""`--check`: bind everything, call and fetch nothing, and print what a run would do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fms_dgt.binding.bind import bind
from fms_dgt.binding.bound import BoundTask, notes_of, stage_names
from fms_dgt.binding.fingerprint import changes
from fms_dgt.config.plan import RunPlan, RunSettings, TaskPlan
from fms_dgt.core.node import Expanded, Node
from fms_dgt.core.typed import encode, without_credentials
from fms_dgt.errors import FolderChanged
from fms_dgt.journal import JournalReader, TaskEntry
from fms_dgt.journal.database import FILE_NAME
from fms_dgt.plugins import Plugins
from fms_dgt.runner.access import TaskAccess, access_of, files_of, lines_of
from fms_dgt.runner.folder import changed_lines, changed_text
from fms_dgt.runner.target import with_targets
from fms_dgt.safety.working_folder import shown as shown_path

HIDDEN = "(hidden)"
LONGEST_VALUE = 60
SHOWN_PENDING = 5
SOURCE = "the source"


@dataclass(frozen=True)
class Setting:
    """One setting: its key, its value and where it was said."""

    key: str
    value: Any
    said: str


@dataclass(frozen=True)
class TaskCheck:
    """One task, as it would run."""

    task: str
    builder: str
    records: int | None
    folder: str
    stages: Sequence[str]
    settings: Sequence[Setting]
    access: TaskAccess = field(default_factory=TaskAccess)


@dataclass(frozen=True)
class CheckReport:
    """What a run would do."""

    tasks: Sequence[TaskCheck]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        lines = [line for tasks in _alike(self.tasks) for line in _lines(tasks)]
        lines.extend(f"note: {note}" for note in self.notes)
        return "\n".join([*lines, "the configuration is valid; nothing was asked or fetched"])


def check(plan: RunPlan, plugins: Plugins) -> CheckReport:
    """Bind the plan. Raises InputError with everything that is wrong."""
    left_out: list[str] = []
    unfetched: list[TaskPlan] = []
    closed = [replace(task, permissions=task.permissions.without_requests()) for task in plan.tasks]
    plan = replace(plan, tasks=closed)
    tasks = bind(plan, plugins, left_out, unfetched)
    entries = _entries(tasks, plan.settings)
    _check_folder(tasks, entries, plan.settings)
    tasks, cuts = with_targets(tasks, plan, entries.get)
    pending = [task for task in tasks if task.permissions.uses.pending]
    notes = [*plan.notes, *left_out, *cuts, *notes_of(tasks)]
    notes += [*map(_not_fetched, pending), *map(_unknown, unfetched)]
    checks = [_task_check(task, plan) for task in tasks]
    return CheckReport([*checks, *(_unfetched_check(task) for task in unfetched)], notes)


def _not_fetched(task: BoundTask) -> str:
    pending = task.permissions.uses.pending
    return f"{task.name}: {len(pending)} not fetched by --check: {', '.join(list(pending)[:SHOWN_PENDING])}"


def _unknown(task: TaskPlan) -> str:
    pending = ", ".join(task.permissions.uses.pending)
    return f"{task.name}: its flow is not checked: its columns are known once {pending} is fetched"


def _unfetched_check(task: TaskPlan) -> TaskCheck:
    uses = task.permissions.uses
    access = TaskAccess(
        reads=files_of(uses),
        fetches=list(uses.fetches),
        pending=list(uses.pending),
        writes=[shown_path(task.folder)],
        variables=list(uses.variables),
    )
    records = task.settings.num_outputs_to_generate
    return TaskCheck(task.name, task.builder, records, shown_path(task.folder), (), (), access)


def _entries(tasks: Sequence[BoundTask], settings: RunSettings) -> Mapping[str, TaskEntry | None]:
    """What the output folder has of the tasks."""
    if not (settings.output_dir / FILE_NAME).is_file():
        return {}
    reader = JournalReader(settings.output_dir)
    try:
        entries = {task.name: reader.find_task(task.name) for task in tasks}
        # of what nothing is kept, nothing can change
        return {
            name: dataclasses.replace(entry, fingerprint={})
            if entry and reader.is_unused(entry.id)
            else entry
            for name, entry in entries.items()
        }
    finally:
        reader.close_reader()


def _check_folder(
    tasks: Sequence[BoundTask], entries: Mapping[str, TaskEntry | None], settings: RunSettings
) -> None:
    """Raises FolderChanged where the run would, as far as reading alone tells."""
    changed = []
    for task in () if settings.restart or settings.accept_changes else tasks:
        entry = entries.get(task.name)
        before, now = dict(entry.fingerprint) if entry else {}, dict(task.fingerprint)
        if task.permissions.uses.pending:
            # whether it changed is known once it is fetched
            before.pop(SOURCE, None)
            now.pop(SOURCE, None)
        different = changes(before, now) if before else []
        changed.extend(["\n".join(changed_lines(task, different))] if different else [])
    if changed:
        raise FolderChanged(changed_text(changed, len(changed)))


def _task_check(task: BoundTask, plan: RunPlan) -> TaskCheck:
    said = {**encode(plan.settings), **encode(task.settings)}
    settings = [
        Setting(name, value, plan.origins.get(f"{task.name}: {name}", plan.origins.get(name, "the default")))
        for name, value in said.items()
        if value is not None
    ]
    settings.extend(_settings(task.config, "", _secrets(task)))
    return TaskCheck(
        task.name,
        task.builder_name,
        task.target,
        shown_path(task.folder),
        stage_names(task.flow),
        settings,
        access_of(task, plan),
    )


def _settings(node: Node, key: str, secrets: frozenset[str]) -> Iterator[Setting]:
    if node.is_mapping:
        for name, child in node.items():
            yield from _settings(child, f"{key}.{name}" if key else name, secrets)
    elif node.is_list and any(isinstance(child.value, dict) for child in node.value):
        for at, child in enumerate(node.value):
            name = child.get("name")
            label = name.value if name is not None else at
            yield from _settings(child, f"{key}.{label}", secrets)
    else:
        hidden = not secrets.isdisjoint(key.split(".")) or bool(
            isinstance(node.value, Expanded) and node.value.secrets
        )
        where = f"{node.place.origin}:{node.place.line}" if node.place.line else node.place.origin
        value = _as_written(node)
        shown = without_credentials(value) if isinstance(value, str) else value
        yield Setting(key, HIDDEN if hidden else shown, where)


def _as_written(node: Node) -> Any:
    """The value, with the names of variables in place of what they stand for."""
    if node.is_list:
        return [_as_written(child) for child in node.value]
    return node.written


def _secrets(task: BoundTask) -> frozenset[str]:
    """The names of all options that must not be shown."""
    options = [backend.options for backend in task.backends]
    options.extend(bound.validator.options for bound in task.validators.values())
    fields = [field for each in options for field in dataclasses.fields(each) if field.metadata.get("secret")]
    return frozenset(name for field in fields for name in (field.name, *field.metadata.get("aliases", ())))


def _alike(tasks: Sequence[TaskCheck]) -> Iterable[list[TaskCheck]]:
    """The tasks of a taxonomy differ in their files, not in their settings: those are shown once."""
    found: dict[str, list[TaskCheck]] = {}
    for task in tasks:
        found.setdefault(repr((task.builder, task.stages, task.settings)), []).append(task)
    return found.values()


def _lines(tasks: Sequence[TaskCheck]) -> Iterator[str]:
    for task in tasks:
        wanted = "all that the source gives" if task.records is None else f"{task.records:,} records"
        yield f"{task.task}: {task.builder}, {wanted}, into {task.folder}"
        yield from lines_of(task.access)
    if task.stages:
        yield f"  {' -> '.join(task.stages)}"
    # a task's setting and an option of its builder may have the same name
    shown = [f"{setting.key} = {_shown(setting.value)}" for setting in task.settings]
    wide = max(map(len, shown), default=0)
    for setting, text in zip(task.settings, shown, strict=True):
        yield f"  {text:<{min(wide, LONGEST_VALUE + 20)}}  {setting.said}"


def _shown(value: Mapping[str, Any] | Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
