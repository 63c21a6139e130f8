"""How many records a run makes of tasks that its folder has already: never fewer than before unless told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fms_dgt.binding.bound import MOST_NAMED, BoundTask
from fms_dgt.config.flags import in_words_of
from fms_dgt.config.plan import DEFAULT_RECORDS, RunPlan
from fms_dgt.journal import TaskEntry
from fms_dgt.runner.dataset import DATA
from fms_dgt.safety.files import count_lines

FLAG = "--num-outputs-to-generate"


@dataclass(frozen=True)
class _Cut:
    """A dataset with more records than are wanted now; `back` is how the others come back."""

    task: str
    records: int
    wanted: int
    back: str


def with_targets(
    tasks: Sequence[BoundTask], plan: RunPlan, find_task: Callable[[str], TaskEntry | None]
) -> tuple[list[BoundTask], list[str]]:
    """The tasks with the number of records that each is to have, and notes on what the run cuts away.

    Without a number, it is the one that the folder was last run for, if that is more than the
    default.
    """
    if plan.settings.restart:
        # the files are moved aside, and all begins anew
        return [_with_default(task) for task in tasks], []
    entries = [find_task(task.name) for task in tasks]
    settled = [_with_earlier(task, entry) for task, entry in zip(tasks, entries, strict=True)]
    cuts = [cut for task, entry in zip(settled, entries, strict=True) if (cut := _cut(task, entry))]
    return settled, [in_words_of(plan.origin, note) for note in _notes(cuts)]


def _with_earlier(task: BoundTask, entry: TaskEntry | None) -> BoundTask:
    earlier = entry.ended.get("target") if entry is not None else None
    if not task.target_is_default or not isinstance(earlier, int) or earlier <= DEFAULT_RECORDS:
        return _with_default(task)
    settings = dataclasses.replace(task.settings, num_outputs_to_generate=earlier)
    note = f"no number of records is given; making {earlier:,}, as in the last run of this folder ({FLAG})"
    return dataclasses.replace(task, settings=settings, notes=(f"{task.name}: {note}", *task.notes))


def _with_default(task: BoundTask) -> BoundTask:
    if not task.target_is_default:
        return task
    note = f"no number of records is given; making {DEFAULT_RECORDS} ({FLAG})"
    return dataclasses.replace(task, notes=(f"{task.name}: {note}", *task.notes))


def _cut(task: BoundTask, entry: TaskEntry | None) -> _Cut | None:
    wanted = task.target
    kept = entry.ended.get("kept") if entry is not None else 0
    if wanted is None or (isinstance(kept, int) and kept <= wanted):
        return None
    try:
        records = count_lines(task.folder / DATA)
    except OSError:
        return None
    same = entry is not None and entry.fingerprint == task.fingerprint
    back = "brings them back without a call" if same else "brings back those that the change leaves"
    return _Cut(task.name, records, wanted, back) if records > wanted else None


def _notes(cuts: Sequence[_Cut]) -> Iterator[str]:
    """What is cut away, and how it comes back: a note for each task, or one for many."""
    if len(cuts) <= MOST_NAMED:
        for cut in cuts:
            rest = cut.records - cut.wanted
            yield (
                f"{cut.task}: {DATA} has {cut.records:,} records and is cut to the first {cut.wanted:,}; the "
                f"other {rest:,} stay in the journal: {FLAG} {cut.records} {cut.back}"
            )
        return
    records, wanted = sum(cut.records for cut in cuts), sum(cut.wanted for cut in cuts)
    most = max(cut.records for cut in cuts)
    yield (
        f"{len(cuts):,} tasks: each {DATA} is cut to the number of records that is wanted now, {records:,} "
        f"to {wanted:,} in all; the others stay in the journal: {FLAG} {most} {cuts[0].back}"
    )
