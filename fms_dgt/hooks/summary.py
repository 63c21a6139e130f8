"""What is said when a run is over: each task, then the whole. The same lines for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from fms_dgt.core.events import RunFinished, TaskFinished, to_go_on
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.tables import (
    columns_tables,
    funnel_table,
    rows_unsaid,
    spending_table,
)
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.task_table import task_table
from fms_dgt.hooks.wording import (
    duration,
    error_line,
    how_it_ended,
    lines_of,
    money,
    notes_at_end,
    one_line,
    plural,
    what_failed,
    what_judges_repeated,
    what_was_left_out,
    why_it_ended,
)
from fms_dgt.safety.working_folder import shown as shown_path

MANY_TASKS = 3


def summary(event: RunFinished, count: RunCount) -> Iterator[Text]:
    """The lines. Of many tasks each has one in a table; `run.json` has the rest."""
    if len(event.tasks) > MANY_TASKS:
        yield Text()
        yield from task_table(event, count)
    else:
        for task in event.tasks:
            yield Text()
            yield from _task(task, event, count.task(task.task))
    yield Text()
    yield from _whole(event, count)


def _task(task: TaskFinished, event: RunFinished, counted: TaskCount) -> Iterator[Text]:
    yield from _title(task, counted, event.error)
    stages = event.report.get(task.task, {}).get("stages", ())
    yield from (Text(f"  {line}", style="yellow") for line in what_was_left_out(stages))
    # the report of a task that was complete already is an earlier run's
    report = event.report.get(task.task, {}) if counted.begun else {}
    judges = report.get("judges", ())
    yield from (Text(f"  {line}", style="yellow") for line in what_judges_repeated(judges))
    yield from _full(task, counted, report.get("spending", {}).get("this_run", {}))


def _title(event: TaskFinished, task: TaskCount, error: str) -> Iterator[Text]:
    style = "green" if event.complete else "yellow"
    yield Text(one_line(event.task, 200), style="bold")
    yield Text(f"  {how_it_ended(event, idle=task.idle)}", style=style)
    # what is the same for every task is said once, at the end
    if event.end != "interrupted" and event.why != error:
        yield from (Text(f"  {line}", style=style) for line in why_it_ended(event))
    if failed := what_failed(event):
        yield Text(f"  {failed}", style="yellow")


def _full(event: TaskFinished, task: TaskCount, paid: Mapping[str, Any]) -> Iterator[Text]:
    if not task.idle:
        yield from funnel_table(task)
        yield from rows_unsaid(task, event.end)
        columns = list(columns_tables(task.columns))
        yield from [Text()] * bool(columns)
        yield from columns
        asked = list(spending_table(paid.get("by_stage", [])))
        yield from [Text()] * bool(asked)
        yield from asked
    yield from _files(event.files)


def _files(files: Mapping[str, Path]) -> Iterator[Text]:
    for name, path in files.items():
        label = "" if path.name == name else f"{name}  "
        # not wrapped: a path must be whole to be pasted
        yield Text.assemble((f"  {label}", "dim"), shown_path(path), no_wrap=True)


def _whole(event: RunFinished, count: RunCount) -> Iterator[Text]:
    parts = [
        plural(event.calls, "call"),
        f"{count.input_tokens:,} tokens in" if count.calls else "",
        f"{count.output_tokens:,} out" if count.calls else "",
        f"cost {money(event.cost)}" if event.calls and event.cost is not None else "",
        f"{plural(event.replayed, 'answer')} replayed" if event.replayed else "",
        plural(count.retries, "retry", "retries") if count.retries else "",
        f"{count.failed:,} failed" if count.failed else "",
        duration(event.seconds),
    ]
    yield Text(", ".join(part for part in parts if part))
    yield from (Text(line, style="red") for line in count.code_errors)
    for note in notes_at_end(event, count.notes):
        yield from (Text(f"note: {line}", style="yellow") for line in lines_of(note))
    if event.error:
        yield Text(f"error: {error_line(event.error)}", style="red")
    if how := _how_to_go_on(event):
        yield Text(how, style="bold")


def _how_to_go_on(event: RunFinished) -> str:
    again = f"{to_go_on(restarted=event.restarted)}; what was answered is not asked again"
    if event.error:
        return f"fix this, then {again}" if event.mendable else again
    if any(task.end == "interrupted" for task in event.tasks):
        return f"interrupted: {again}"
    if event.restarted and any(task.failed or not task.complete for task in event.tasks):
        return "leave --restart out to continue; with it, everything is begun anew"
    return ""
