"""The summary of many tasks: a line each, then what needs to be looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from fms_dgt.core.events import RunFinished, TaskFinished
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.tables import most_common, shown_name, table
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.wording import (
    ENDS,
    kept_of,
    plural,
    short_names,
    total_target,
    what_judges_repeated,
    what_was_left_out,
    why_it_ended,
)
from fms_dgt.safety.working_folder import shown as shown_path

MOST_LINES = 40
SHOWN_WHYS = 3
SHOWN_REMARKS = 5
NAME = 34


def task_table(event: RunFinished, count: RunCount) -> Iterator[Text]:
    """The table, and below it why tasks fell short, and what should be known of their data."""
    names = short_names(task.task for task in event.tasks)
    yield from _table(event, count, names)
    yield from _shortfalls(event, names)
    yield from _remarks(event, count, names)
    yield Text.assemble(("  in ", "dim"), shown_path(event.folder), (", a folder for each task", "dim"))


def _table(event: RunFinished, count: RunCount, names: Mapping[str, str]) -> Iterator[Text]:
    tasks = _shown(event.tasks)
    failed = any(task.failed for task in event.tasks)
    head = ["task", "kept", "rejected", *["failed"] * failed, "calls", "end", "most rejected by"]
    rows = [_row(task, count.task(task.task), event, names[task.task], failed=failed) for task in tasks]
    lines = list(table([head, *rows, _total(event, failed=failed)], left=(0, len(head) - 2, len(head) - 1)))
    for line, task in zip(lines[1:-1], tasks, strict=True):
        line.stylize("" if task.complete else "yellow")
    lines[-1].stylize("bold")
    left_out = len(event.tasks) - len(tasks)
    if left_out:
        lines.insert(-1, Text(f"  ... and {plural(left_out, 'more task')}", style="dim"))
    yield from lines
    if failed:
        rows_failed = sum(task.failed for task in event.tasks)
        yield Text(
            f"  {plural(rows_failed, 'row')} failed: --retry-failed takes them up again", style="yellow"
        )


def _shown(tasks: Sequence[TaskFinished]) -> list[TaskFinished]:
    """All of them, or as many as there is room for, those that fell short first."""
    if len(tasks) <= MOST_LINES:
        return list(tasks)
    chosen = {task.task for task in sorted(tasks, key=lambda task: task.complete)[:MOST_LINES]}
    return [task for task in tasks if task.task in chosen]


def _row(task: TaskFinished, counted: TaskCount, event: RunFinished, name: str, *, failed: bool) -> list[str]:
    end = ENDS.get(task.end, task.end)
    if task.complete:
        end = "complete already" if counted.idle or task.why else "done"
    most = most_common(counted.reasons)[:1]
    return [
        name if len(name) <= NAME else f"...{name[3 - NAME :]}",
        kept_of(task.kept, task.target),
        f"{task.rejected:,}",
        *[f"{task.failed:,}"] * failed,
        f"{_paid(event, task).get('calls', 0) if counted.begun else 0:,}",
        end,
        f"{shown_name(most[0][0][0])} ({most[0][1]:,})" if most else "",
    ]


def _total(event: RunFinished, *, failed: bool) -> list[str]:
    tasks = event.tasks
    target = total_target(task.target for task in tasks)
    return [
        plural(len(tasks), "task"),
        kept_of(sum(task.kept for task in tasks), target),
        f"{sum(task.rejected for task in tasks):,}",
        *[f"{sum(task.failed for task in tasks):,}"] * failed,
        f"{event.calls:,}",
        f"{sum(task.complete for task in tasks):,} done",
        "",
    ]


def _paid(event: RunFinished, task: TaskFinished) -> Mapping[str, Any]:
    paid: Mapping[str, Any] = event.report.get(task.task, {}).get("spending", {}).get("this_run", {})
    return paid


def _shortfalls(event: RunFinished, names: Mapping[str, str]) -> Iterator[Text]:
    # what is the same for every task is shown once, at the end
    short = [task for task in event.tasks if task.end != "interrupted" and task.why != event.error]
    whys = [(names[task.task], list(why_it_ended(task))) for task in short]
    told = [(name, lines) for name, lines in whys if lines]
    for name, lines in told[:SHOWN_WHYS]:
        yield Text(f"  {name}: {lines[0]}", style="yellow")
        yield from (Text(f"    {line}", style="yellow") for line in lines[1:])
    if len(told) > SHOWN_WHYS:
        more = plural(len(told) - SHOWN_WHYS, "more task")
        yield Text(f"  {more} fell short; the key 'why' in the run.json of each says why", style="yellow")


def _remarks(event: RunFinished, count: RunCount, names: Mapping[str, str]) -> Iterator[Text]:
    remarks = [f"{names[task.task]}: {line}" for task in event.tasks for line in _of_task(event, task, count)]
    yield from (Text(f"  {line}", style="yellow") for line in remarks[:SHOWN_REMARKS])
    if len(remarks) > SHOWN_REMARKS:
        more = plural(len(remarks) - SHOWN_REMARKS, "remark")
        yield Text(f"  {more} more of this kind; run.json of each task has them", style="yellow")


def _of_task(event: RunFinished, task: TaskFinished, count: RunCount) -> Iterable[str]:
    report = event.report.get(task.task, {})
    yield from what_was_left_out(report.get("stages", ()))
    # the report of a task that was complete already is an earlier run's
    if count.task(task.task).begun:
        yield from what_judges_repeated(report.get("judges", ()))
