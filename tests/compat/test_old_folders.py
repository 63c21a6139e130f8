"""Folders made by an earlier version go on: no call that is not new, no question about changes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import fms_dgt
import pytest

# made by the commit before journals had checksums (version 1)
MADE = Path(__file__).parent
ROWS, ANSWERS_OF_THE_KILLED_RUN = 10, 6


def go(folder: Path, **settings: Any) -> fms_dgt.Outcome:
    """Make the data, or go on with it."""
    return fms_dgt.run(MADE / "task.yaml", generator="simulated", output_dir=folder, **settings)


@pytest.fixture(params=["complete", "killed"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return shutil.copytree(MADE / request.param, tmp_path / request.param)


def as_left(folder: Path) -> None:
    """Give the files the times that the journal has of them; a checkout does not keep times."""
    with sqlite3.connect(folder / "journal.sqlite") as db:
        noted = json.loads(db.execute("SELECT ended FROM tasks").fetchone()[0])["files"]
    db.close()
    for name, (size, time) in noted.items():
        path = folder / "numbers" / name
        assert path.stat().st_size == size
        os.utime(path, ns=(time, time))


def test_a_complete_folder_asks_nothing(tmp_path: Path) -> None:
    folder = shutil.copytree(MADE / "complete", tmp_path / "complete")
    as_left(folder)
    outcome = go(folder)
    assert outcome.tasks["numbers"].why == "complete already; nothing was asked"
    assert outcome.counts["calls"] == outcome.counts["replayed"] == 0


def test_an_old_folder_goes_on_with_new_calls_only(old: Path) -> None:
    stored = ROWS if old.name == "complete" else ANSWERS_OF_THE_KILLED_RUN
    outcome = go(old)
    assert outcome.complete
    assert outcome.counts["calls"] == ROWS - stored
    for name in ("data.jsonl", "rejected.jsonl"):
        assert (old / "numbers" / name).read_bytes() == (MADE / "complete" / "numbers" / name).read_bytes()
    assert go(old).tasks["numbers"].why == "complete already; nothing was asked"


def test_an_old_folder_without_its_files_gets_them_back(old: Path) -> None:
    go(old)
    for name in ("data.jsonl", "rejected.jsonl", "run.json"):
        (old / "numbers" / name).unlink()
    outcome = go(old)
    assert outcome.counts["calls"] == 0
    assert (old / "numbers" / "data.jsonl").read_bytes() == (
        MADE / "complete/numbers/data.jsonl"
    ).read_bytes()
    assert (old / "numbers" / "run.json").is_file()


def test_a_replay_of_an_old_folder_asks_nobody(tmp_path: Path) -> None:
    outcome = go(tmp_path / "new", replay=MADE / "complete")
    assert outcome.counts["calls"] == 0
    assert outcome.complete
    assert (tmp_path / "new/numbers/data.jsonl").read_bytes() == (
        MADE / "complete/numbers/data.jsonl"
    ).read_bytes()
