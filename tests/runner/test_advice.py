"""What a run that ended early advises is true: the advised command pays for nothing twice."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from fms_dgt.core.events import RunFinished, TaskFinished
from fms_dgt.errors import FolderError
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.summary import summary
from fms_dgt.journal.database import database_error
from launch import DEBATE, SLOW, Launch
from tampering import ROWS, Rows

AGAIN = "run the same command to continue"
WITHOUT = "run the same command, without --restart, to continue"


def test_a_spent_restart_names_the_command_that_goes_on(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    rows.run()
    finished = rows.run(restart=True, max_calls=ROWS + 10).finished
    assert finished.restarted
    assert finished.tasks[0].why.endswith("raise --max-calls, without --restart, to continue")
    rows.run(max_calls=3 * ROWS)
    assert set(Counter(rows.asked).values()) == {2}, "once for each edition"


@pytest.mark.parametrize("flag", ["accept_changes", "retry_failed", "estimate"])
def test_the_same_command_with_other_flags_pays_for_nothing_twice(tmp_path: Path, flag: str) -> None:
    rows = Rows(tmp_path)
    finished = rows.run(max_calls=5, **{flag: True}).finished
    assert not finished.restarted
    for _ in range(2):
        rows.run(**{flag: True})
    rows.run()
    assert set(Counter(rows.asked).values()) == {1}


def end_of(**more: object) -> list[str]:
    task = TaskFinished("t", "spent", 3, 5, 0, "spent")
    finished = RunFinished(Path("out"), [task], {}, 1.0, 3, 0, **more)  # type: ignore[arg-type]
    return [str(line) for line in summary(finished, RunCount(["t"], 0.0))]


def test_the_summary_says_what_restart_would_do_again() -> None:
    assert end_of(restarted=True)[-1] == "leave --restart out to continue; with it, everything is begun anew"
    assert "--restart" not in end_of()[-1]
    again = "run the same command, without --restart, to continue; what was answered is not asked again"
    assert end_of(restarted=True, error="gone")[-1] == again
    assert end_of(restarted=True, error="full", mendable=True)[-1] == f"fix this, then {again}"


def test_an_interrupted_restart_names_the_command_that_goes_on(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW)
    argv = ("--task-paths", DEBATE, "--config-path", "slow.yaml", "--num-outputs-to-generate", "80")
    run = Launch(tmp_path, (*argv, "--max-concurrency", "8"))
    process = run.process("--restart")
    deadline = time.monotonic() + 60
    while run.calls() < 30 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert WITHOUT in err
    assert AGAIN not in err
    paid = run.calls()
    assert run.run("--max-calls", str(paid)) == 1
    assert run.calls() == paid, "the advised command asked for what it had"


@pytest.mark.parametrize(
    "text", ["database or disk is full", "disk I/O error", "unable to open database file"]
)
def test_errors_of_the_journal_leave_the_advice_to_who_knows_the_flags(tmp_path: Path, text: str) -> None:
    error = database_error(tmp_path, OSError(text))
    assert isinstance(error, FolderError)
    assert "same command" not in str(error)
