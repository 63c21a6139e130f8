"""What the tests of counters and views tell them, with a clock that stands still."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

from fms_dgt.core.events import (
    CallFinished,
    RecordKept,
    RowMoved,
    RowRejected,
    RunStarted,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.display import Display
from fms_dgt.hooks.task_count import TaskCount

OUT = Path("out")
FOLDER = OUT / "t"


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def begin(stream: io.StringIO, *tasks: str, display: str = "plain") -> tuple[Display, Clock]:
    clock = Clock()
    view = Display(stream, clock)
    view.run_started(RunStarted(OUT, tasks, display))
    for task in tasks:
        view.task_started(TaskStarted(task, OUT / task, ["write", "judge"], 20))
    return view, clock


def work(view: Display, task: str, *, calls: int, kept: int, rejected: int) -> None:
    for _ in range(calls):
        view.call_finished(CallFinished(task, "write", 0.1, 100, 20))
    for number in range(kept):
        view.record_kept(RecordKept(task, number + 1, {}))
    for _ in range(rejected):
        view.row_rejected(RowRejected(task, "judge", "score 0"))


def started(*stages: str, target: int | None = 10, units: int | None = None) -> TaskCount:
    task = TaskCount("t")
    task.begin(TaskStarted("t", FOLDER, stages, target, units), now=0.0)
    return task


def move(task: TaskCount, *path: str, rows: int = 1) -> None:
    """Rows that go from each stage to the next; "" is where they come from and where they end."""
    for origin, stage in pairwise(path):
        for _ in range(rows):
            task.move(RowMoved("t", stage, origin))


def finish(task: TaskCount, units: int, *, again: bool = False, now: float = 0.0) -> None:
    for _ in range(units):
        task.unit(UnitFinished("t", task.done, again), now)


def keep(task: TaskCount, number: int, *, again: bool = False) -> None:
    for _ in range(number):
        task.keep(RecordKept("t", task.kept + 1, {}, again))


def reject(task: TaskCount, stage: str, reason: str = "bad", *, again: bool = False) -> None:
    task.reject(RowRejected("t", stage, reason, again=again))
