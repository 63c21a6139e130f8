"""What the output folder holds of each task already, and whether the run may go on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.binding.bound import BoundTask
from fms_dgt.binding.fingerprint import changes
from fms_dgt.config.plan import RunSettings
from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.events import TaskFinished
from fms_dgt.core.report_file import REPORT
from fms_dgt.core.source import Endless
from fms_dgt.errors import FolderChanged, FolderError
from fms_dgt.journal import Journal, TaskEntry
from fms_dgt.journal.folder import folder_error
from fms_dgt.runner.calls import KnownCalls
from fms_dgt.runner.dataset import DATA, FORMATTED, REJECTED
from fms_dgt.runner.file_state import FileState, is_as_left
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.stop import Stop
from fms_dgt.runner.walk import Surroundings, Walk
from fms_dgt.safety.files import OutputFolder
from fms_dgt.safety.working_folder import shown

# Changed tasks are tried against the journal this far; beyond, the share found so far is told.
TRIED_UNITS = 2_000
SHOWN_CHANGES = 12
SHOWN_TASKS = 10


@dataclass(frozen=True)
class Opened:
    """A task's entry in the journal.

    `notes` say what was found; `complete` is set where the folder has all that is wanted, as the last
    run left it.
    """

    entry: TaskEntry
    notes: Sequence[str] = ()
    complete: TaskFinished | None = None


async def open_tasks(tasks: Sequence[BoundTask], journal: Journal, settings: RunSettings) -> list[Opened]:
    """The entries of the tasks. Raises FolderChanged where what they are made from has changed."""
    for task in tasks:
        _check_known(task, journal, settings)
    if settings.restart:
        # before the earlier files are moved aside
        journal.check_space()
        opened = [_restarted(task, journal) for task in tasks]
    else:
        with journal.together():
            entries = [journal.task(task.name) for task in tasks]
        different = [
            changes(entry.fingerprint, task.fingerprint) if entry.fingerprint else []
            for task, entry in zip(tasks, entries, strict=True)
        ]
        said = zip(tasks, entries, different, strict=True)
        changed_tasks = [one for one in said if one[2] and not journal.is_unused(one[1].id)]
        if changed_tasks and not settings.accept_changes:
            told = [await _explained(*one, journal) for one in changed_tasks[:SHOWN_TASKS]]
            raise FolderChanged(changed_text(told, len(changed_tasks)))
        said = zip(tasks, entries, different, strict=True)
        opened = [_opened(task, entry, changed, journal, settings) for task, entry, changed in said]
    with journal.together():
        for task, found in zip(tasks, opened, strict=True):
            if found.complete is None and not _begun_alike(found.entry, task):
                journal.begin(found.entry.id, task.fingerprint, task.target)
    return opened


def _begun_alike(entry: TaskEntry, task: BoundTask) -> bool:
    """Whether the journal has what the task is made from, and how much of it is wanted."""
    return entry.fingerprint == task.fingerprint and entry.ended.get("target") == task.target


def _check_known(task: BoundTask, journal: Journal, settings: RunSettings) -> None:
    """A dataset that the journal does not know is somebody's: it is not written over."""
    if not settings.restart and journal.find_task(task.name) is None and (task.folder / DATA).exists():
        raise FolderError(
            f"{shown(task.folder)}: holds a dataset that the journal of {shown(journal.folder)} does not "
            "know; put its journal back, or begin anew: --restart, which moves the dataset aside"
        )


def _opened(
    task: BoundTask, entry: TaskEntry, changed: list[str], journal: Journal, settings: RunSettings
) -> Opened:
    """Go on with a task; only what the run was told to take up anew is dropped."""
    if changed and journal.is_unused(entry.id):
        return Opened(entry)
    if changed:
        journal.forget_outcomes(entry.id)
        return Opened(entry, (f"{task.name}: goes on with what changed: {'; '.join(changed)}",))
    if entry.ended.get("end") == "stopped":
        # the rows that failed before the run was stopped may have failed for the same reason
        journal.forget_failures(entry.id)
    if settings.retry_failed:
        count = journal.forget_failures(entry.id)
        return Opened(entry, (f"{task.name}: {count} units with failed rows are taken up again",))
    return Opened(entry, (), _complete(task, entry, journal.folder))


def ended_as(task: BoundTask, finished: TaskFinished, left: Mapping[str, FileState | None]) -> dict[str, Any]:
    """How a task ended and what it left, for the journal; `_complete` reads it."""
    return {
        "end": finished.end,
        "kept": finished.kept,
        "rejected": finished.rejected,
        "failed": finished.failed,
        "target": finished.target,
        "format": hexdigest(task.instruction_format),
        "files": {name: state.to_json() for name, state in left.items() if state is not None},
    }


def _complete(task: BoundTask, entry: TaskEntry, root: Path) -> TaskFinished | None:
    """How the task ended, where it needs nothing more and its files hold what they were left with."""
    noted = entry.ended
    same = noted.get("target") == task.target and noted.get("format") == hexdigest(task.instruction_format)
    if noted.get("end") not in ("reached", "exhausted") or not same:
        return None
    wanted = [DATA, REJECTED, *([FORMATTED] if task.instruction_format else [])]
    files = noted.get("files")
    if not isinstance(files, dict) or not set(wanted) <= files.keys():
        return None
    folder = OutputFolder(root, task.folder)
    try:
        if not all(is_as_left(folder, name, state) for name, state in files.items()):
            return None
        if folder.state(REPORT) is None:
            return None
    except OSError:
        return None
    why = "complete already; nothing was asked"
    paths = {name: task.folder / name for name in wanted}
    kept, rejected, failed = noted.get("kept", 0), noted.get("rejected", 0), noted.get("failed", 0)
    done = TaskFinished(task.name, noted["end"], kept, task.target, rejected, why, paths, failed)
    return done if done.complete else None


def _restarted(task: BoundTask, journal: Journal) -> Opened:
    entry = journal.restart(task.name)
    folder = OutputFolder(journal.folder, task.folder)
    aside = folder / "earlier" / str(entry.edition - 1)
    try:
        moved = [name for name in (DATA, REJECTED, FORMATTED, REPORT) if folder.state(name) is not None]
        for name in moved:
            folder.replace(name, name, aside)
    except OSError as error:
        raise folder_error(aside.path, error) from error
    notes = (f"{task.name}: begun anew; the earlier files are in {aside.path}",) if moved else ()
    return Opened(entry, notes)


async def _explained(task: BoundTask, entry: TaskEntry, different: list[str], journal: Journal) -> str:
    have = journal.count_calls(entry.id)
    serve = await _still_serving(task, entry, journal, have) if have else None
    return "\n".join(changed_lines(task, different, have, serve))


def changed_text(told: Sequence[str], changed: int) -> str:
    """What has changed of the first tasks, and how many there are beyond those."""
    more = changed - SHOWN_TASKS
    return "\n".join([*told[:SHOWN_TASKS], *([f"and {more:,} other tasks"] if more > 0 else [])])


def changed_lines(
    task: BoundTask, different: list[str], have: int = 0, serve: int | None = None
) -> list[str]:
    """What to tell a user whose task has changed; `serve` of its `have` answers can be used again."""
    lines = [f"{task.folder}: what {task.name} is made from has changed since this folder was begun:"]
    lines.extend(f"  - {change}" for change in different[:SHOWN_CHANGES])
    if len(different) > SHOWN_CHANGES:
        lines.append(f"  - ... and {len(different) - SHOWN_CHANGES} more")
    if serve is not None:
        cost = f"making the same units again costs about {have - serve:,} calls"
        lines.append(f"  {serve:,} of its {have:,} answers still serve; {cost}")
    lines.append(
        "  continue with the change: --accept-changes; start over, keeping the old files aside: --restart"
    )
    return lines


async def _still_serving(task: BoundTask, entry: TaskEntry, journal: Journal, have: int) -> int:
    """How many of a task's answers the changed task would ask for again."""
    known = KnownCalls()
    numbers = journal.outcome_numbers(entry.id)
    around = Surroundings(
        task,
        entry.id,
        known,
        Stop(),
        Memories.of(task),
        lambda _s, _o: None,
        lambda _s: None,
        lambda _e: None,
    )
    source = task.source
    if isinstance(source, Endless) and source.lag is not None:
        return _without_replay(task, entry, have)
    tried = 0
    for unit in source.units(task.settings.seed):
        # units beyond those with an outcome were under way when the run ended
        answers = journal.answers(entry.id, unit.key)
        if tried >= TRIED_UNITS or (unit.number >= len(numbers) and not answers):
            break
        tried += 1
        await Walk(around, unit, answers, (0, 0)).run()
    total = max(len(numbers), tried)
    return min(have, round(known.served * total / tried)) if tried else 0


def _without_replay(task: BoundTask, entry: TaskEntry, have: int) -> int:
    """Where units feed on records, what comes of a change shows only as the run goes."""
    shaping = [name for name in changes(entry.fingerprint, task.fingerprint) if "keep" not in name]
    return 0 if shaping else have
