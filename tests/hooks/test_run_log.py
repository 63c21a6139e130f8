from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from scripted_run import DOWN, events, tell

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    EndpointSilent,
    RunFinished,
    RunStarted,
    RunStopping,
    TaskFinished,
    TaskStarted,
)
from fms_dgt.hooks.log import EACH, RunLog
from fms_dgt.plugins.hooks import Hooks

STAMP = "2026-01-02T03:04:05Z "


def started(folder: Path, *notes: str) -> RunLog:
    log = RunLog(lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    log.run_started(RunStarted(folder, ["a", "b"], notes=notes))
    return log


def written(folder: Path) -> list[str]:
    lines = (folder / "run.log").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith(STAMP) for line in lines)
    return [line.removeprefix(STAMP) for line in lines]


def test_a_run_from_its_start_to_its_end(tmp_path):
    log = started(tmp_path, "simulated")
    log.task_started(TaskStarted("a", tmp_path, ["write", "judge"], 20))
    log.run_stopping(RunStopping("interrupted", 5.0))
    log.task_finished(TaskFinished("a", "stalled", 3, 20, 90, why="50 units in a row gave no record"))
    log.run_finished(
        RunFinished(
            tmp_path, [], {}, 61.0, 86, 3, ["simulated", "a hook was switched off"], "401: sk-abcdefgh1234"
        )
    )
    assert written(tmp_path) == [
        "run started: 2 tasks: a, b",
        "note: simulated",
        "task a started: 20 wanted; stages: write, judge",
        "run stopping: interrupted; calls in flight have 5 s to come in",
        "task a finished: 3 of 20 kept, 90 rejected: stalled",
        "  50 units in a row gave no record",
        "note: a hook was switched off",
        "error: 401: ***",
        "run finished: 86 calls, 3 replayed, 0:01:01, exit code 1",
    ]


def test_an_endpoint_that_is_silent_is_noted_once_each_time(tmp_path):
    log = started(tmp_path)
    for left in (15.0, 10.0, None, 15.0):
        log.endpoint_silent(
            EndpointSilent("judge (openai:m)", "http://h/v1 refused the connection", 5.0, left)
        )
    assert (
        written(tmp_path)[1:]
        == ["waiting for judge (openai:m), 0:00:15 left: http://h/v1 refused the connection"] * 2
    )


def test_what_failed_stands_with_its_task_and_nowhere_else(tmp_path):
    log = started(tmp_path)
    task = TaskFinished("a", "reached", 3, 3, 9, failed=2)
    log.task_finished(task)
    notes = ["a: 2 rows failed; --retry-failed takes them up again"]
    log.run_finished(RunFinished(tmp_path, [task], {}, 1.0, 5, 0, notes))
    assert written(tmp_path)[1:4] == [
        "task a finished: 3 of 3 kept, 9 rejected: target reached",
        "  2 failed: --retry-failed takes them up again",
        "run finished: 5 calls, 0 replayed, 0:00:01, exit code 0",
    ]


def test_the_text_of_a_backend_is_one_bounded_line(tmp_path):
    log = started(tmp_path)
    log.call_retried(CallRetried("a", "write", DOWN, 1.0))
    log.task_finished(TaskFinished("a", "stopped", 0, 3, 0, why=DOWN))
    log.run_finished(RunFinished(tmp_path, [], {}, 1.0, 0, 0, error=DOWN))
    lines = [line for line in written(tmp_path) if "502" in line]
    assert len(lines) == 3
    assert max(map(len, lines)) < 550


def test_a_task_that_was_complete_before_is_one_line(tmp_path):
    log = started(tmp_path)
    log.task_finished(TaskFinished("a", "reached", 3, 3, 9, "complete already; nothing was asked"))
    assert written(tmp_path)[1:] == [
        "task a finished: 3 of 3 kept, 9 rejected: complete already; nothing was asked"
    ]


def test_of_alike_retries_the_first_and_every_hundredth_are_written(tmp_path):
    log = started(tmp_path)
    for number in range(2 * EACH + 1):
        log.call_retried(CallRetried("a", "write", f"Overloaded: 429, try again in {number} s", 1.5))
    log.call_retried(CallRetried("a", "write", "ConnectionFailed: reset", 0.5))
    log.run_finished(RunFinished(tmp_path, [], {}, 1.0, 0, 0))
    assert written(tmp_path)[1:6] == [
        "retry: a, write: Overloaded: 429, try again in 0 s; again in 1.5 s",
        "retry no. 100: a, write: Overloaded: 429, try again in 99 s; again in 1.5 s",
        "retry no. 200: a, write: Overloaded: 429, try again in 199 s; again in 1.5 s",
        "retry: a, write: ConnectionFailed: reset; again in 0.5 s",
        "202 retries in all",
    ]


def test_retries_of_ever_new_kinds_are_bounded(tmp_path):
    log = started(tmp_path)
    for number in range(1_000):
        log.call_retried(CallRetried("a", "write", "x" * (number % 90) + "y" * (number // 90), 1.0))
    assert len(written(tmp_path)) < 150


def test_calls_that_failed_for_good_are_written(tmp_path):
    log = started(tmp_path)
    log.call_finished(CallFinished("a", "write", 0.1))
    log.call_finished(
        CallFinished("a", "write", 0.1, attempts=8, error="RequestRefused: 400\ncontext too long")
    )
    assert written(tmp_path)[1:] == ["failed call: a, write: RequestRefused: 400 context too long; 8 tries"]


def test_runs_follow_one_another(tmp_path):
    for _ in range(2):
        started(tmp_path).run_finished(RunFinished(tmp_path, [], {}, 1.0, 0, 0))
    assert written(tmp_path).count("run started: 2 tasks: a, b") == 2


def test_no_record_is_in_it(tmp_path):
    log = started(tmp_path)
    for event in events(1, folder=tmp_path):
        if not isinstance(event, RunStarted):
            tell(log, event)
    assert "word word" not in (tmp_path / "run.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["missing", "a file", "a folder in the way"])
def test_where_it_cannot_write_it_is_silent(tmp_path, kind, capsys):
    folder = tmp_path / "out"
    if kind == "a file":
        folder.write_text("")
    elif kind == "a folder in the way":
        (folder / "run.log").mkdir(parents=True)
    hooks = Hooks()
    hooks.add(RunLog(), name="log")
    for event in events(1, folder=folder):
        tell(hooks, event)
    assert hooks.warnings == []
    assert capsys.readouterr() == ("", "")
