"""The exit code of every end of a run: 0 only where nothing is missing that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engine import TOYS
from fms_dgt.cli.main import main

CODE, VALUE, CHECK = "code", "value", "check"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run of the losses builder: how each row is lost ("" where it is kept), and how the model answers."""

    code: int
    end: str
    rows: Sequence[str] = ("", "", "")
    failed: int = 0
    mood: str = "well"
    endless: bool = False
    flags: Sequence[str] = ()
    config: Mapping[str, Any] | None = None


WANTED = ("--num-outputs-to-generate", "3")
CASES = {
    "all rows are kept": Case(code=0, end="exhausted"),
    "a check rejects a row": Case(code=0, end="exhausted", rows=["", CHECK, ""]),
    "checks reject every row": Case(code=0, end="exhausted", rows=[CHECK, CHECK]),
    "the code fails on a row": Case(code=1, end="exhausted", rows=["", CODE, ""], failed=1),
    "JSON cannot hold a row": Case(code=1, end="exhausted", rows=["", VALUE, ""], failed=1),
    "JSON cannot hold any row": Case(code=1, end="exhausted", rows=[VALUE, VALUE], failed=2),
    "a call is refused": Case(code=1, end="exhausted", mood="refuse_1", failed=1),
    "every call is refused": Case(code=1, end="exhausted", mood="refuse", failed=3),
    "the number is reached": Case(code=0, end="reached", endless=True, flags=WANTED),
    "the number is reached though rows failed": Case(
        code=0, end="reached", endless=True, rows=[CODE, VALUE, ""], failed=2, flags=WANTED
    ),
    "a finite source has the number though a row failed": Case(
        code=0, end="reached", rows=[CODE, "", "", ""], failed=1, flags=WANTED
    ),
    "a finite source has fewer": Case(code=1, end="exhausted", rows=["", CHECK], flags=WANTED),
    "checks reject all that an endless source gives": Case(
        code=1, end="stalled", endless=True, rows=[CHECK], flags=(*WANTED, "--max-stalled-requests", "5")
    ),
    "JSON can hold nothing that an endless source gives": Case(
        code=1,
        end="stopped",
        endless=True,
        rows=[VALUE],
        failed=10,
        flags=WANTED,
    ),
    "the code fails on all that an endless source gives": Case(
        code=1,
        end="stopped",
        endless=True,
        rows=["", CODE],
        failed=50,
        flags=WANTED,
    ),
    "the budget is spent": Case(
        code=1, end="spent", endless=True, flags=("--num-outputs-to-generate", "9", "--max-calls", "4")
    ),
    "it is an estimate": Case(code=0, end="estimated", endless=True, flags=("--estimate",)),
    "every row of an estimate failed": Case(
        code=1, end="stopped", endless=True, rows=[VALUE], failed=10, flags=("--estimate",)
    ),
    "the key is wrong": Case(code=2, end="stopped", mood="locked"),
    "every call of many is refused": Case(
        code=2, end="stopped", rows=[""] * 60, mood="refuse", flags=("--max-concurrency", "1"), failed=19
    ),
    "the endpoint never answers": Case(
        code=1, end="stopped", mood="gone", config={"runner_config": {"startup_timeout": 0.3}}
    ),
}


def run(folder: Path, case: Case, *more: str, mood: str = "") -> int:
    """Run the command in this process; its exit code."""
    task = {
        "task_name": "losses",
        "task_description": "endless" if case.endless else "Losses.",
        "created_by": "the tests",
        "data_builder": "losses",
        "seed_examples": [{"number": at, "fault": fault} for at, fault in enumerate(case.rows)],
    }
    blocks = [{"name": "generator", "mood": mood or case.mood}]
    config = {**(case.config or {}), "databuilders": {"losses": {"blocks": blocks}}}
    (folder / "task.yaml").write_text(json.dumps(task))
    (folder / "c.yaml").write_text(json.dumps(config))
    files = ["--task-paths", str(folder / "task.yaml"), "--config-path", str(folder / "c.yaml")]
    include = ["--include", str(TOYS / "losses.py"), str(TOYS / "moody.py")]
    return main([*files, *include, "--output-dir", str(folder / "out"), *case.flags, *more])


def report(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "out" / "losses" / "run.json").read_text())
    return said


@pytest.mark.parametrize("name", CASES)
def test_the_exit_code_of_each_end(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    assert run(tmp_path, case) == case.code
    said = report(tmp_path)
    assert said["end"] == case.end
    # what was under way when the task stopped is counted, too
    assert said["failed"] >= case.failed if case.end == "stopped" else said["failed"] == case.failed
    assert said["complete"] == (case.code == 0 and case.end != "estimated")


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.end in ("exhausted", "reached")]
)
def test_the_same_command_again_gives_the_same_exit_code_and_asks_nothing(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    run(tmp_path, case)
    before = report(tmp_path)
    assert run(tmp_path, case) == case.code
    assert report(tmp_path)["folder"]["calls"] == before["folder"]["calls"]


def test_rows_that_failed_and_are_taken_up_again_make_it_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES["a call is refused"]
    assert run(tmp_path, case, "--quiet") == 1
    assert capsys.readouterr().err == "error: losses: 1 row failed; --retry-failed takes them up again\n"
    assert run(tmp_path, case, mood="well") == 1
    shown = capsys.readouterr().err
    assert shown.count("--retry-failed") == 1
    assert run(tmp_path, case, "--retry-failed", mood="well") == 0
    assert len((tmp_path / "out" / "losses" / "data.jsonl").read_text().splitlines()) == 3


def test_what_stopped_the_run_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES["the endpoint never answers"]
    assert run(tmp_path, case, "--quiet") == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: generator (moody): nobody there; ")
    assert shown.count("nobody there") == 1


def test_what_cannot_be_read_is_the_users_to_mend(tmp_path: Path) -> None:
    case = Case(code=2, end="", flags=("--num-outputs-to-generate", "-1"))
    assert run(tmp_path, case) == 2
    assert not (tmp_path / "out").exists()
