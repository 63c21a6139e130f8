"""Folders of a stranger, looked at or gone on with: nothing in them runs, fills the memory or goes on for ever."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.errors import FolderError
from fms_dgt.journal import JournalReader, reader
from fms_dgt.journal.entries import LARGEST_BODY
from fms_dgt.runner.trace import trace

TASK = {
    "task_name": "t",
    "task_description": "Words.",
    "created_by": "the tests",
    "data_builder": "pipeline",
    "seed_examples": [{"x": n} for n in range(5)],
    "flow": [{"generate": {"prompt": "Say {{ x }}.", "into": "y"}}],
}
MEMORY = 1 << 30


def make(folder: Path) -> Path:
    fms_dgt.run(TASK, generator="simulated", output_dir=folder)
    with sqlite3.connect(folder / "journal.sqlite") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return folder


def change(folder: Path, *statements: str | tuple[str, tuple[object, ...]]) -> None:
    with sqlite3.connect(folder / "journal.sqlite") as db:
        for statement in statements:
            db.execute(*((statement,) if isinstance(statement, str) else statement))
    db.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "out")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
SCHEMAS = {
    "an endless view of the tasks": (
        "ALTER TABLE tasks RENAME TO hidden",
        f"CREATE VIEW tasks AS {ENDLESS} i AS id, 't' AS name, i AS edition, '{{}}' AS fingerprint, "
        "'{}' AS ended FROM n",
    ),
    "an endless view of the calls": (
        "DROP TABLE calls",
        f"CREATE VIEW calls AS {ENDLESS} i AS id, 1 AS task, i AS unit, x'00' AS digest, '' AS row, "
        "'' AS stage, zeroblob(100000000) AS body FROM n",
    ),
    "a trigger": ("CREATE TRIGGER x AFTER UPDATE ON tasks BEGIN DELETE FROM calls; END",),
    "a generated column": (
        "DROP TABLE outcomes",
        "CREATE TABLE outcomes (id INTEGER PRIMARY KEY, key TEXT, failed INTEGER, body BLOB "
        "AS (zeroblob(900000000)), decided BLOB)",
    ),
    "a virtual table": ("CREATE VIRTUAL TABLE x USING fts5(y)",),
    "an index with an expression": ("CREATE INDEX x ON calls (length(hex(body)))",),
    "a default that is code": ("CREATE TABLE x (y DEFAULT (randomblob(1000000)))",),
}


def look(folder: Path) -> None:
    trace(folder / "t", 1)


def replay(folder: Path) -> None:
    fms_dgt.run(TASK, generator="simulated", output_dir=folder.parent / "other", replay=folder)


def go_on(folder: Path) -> None:
    fms_dgt.run(TASK, generator="simulated", output_dir=folder)


@pytest.mark.parametrize("use", [look, replay, go_on])
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_journal_has_its_own_tables_and_nothing_else(
    folder: Path, name: str, use: Callable[[Path], None]
) -> None:
    change(folder, *SCHEMAS[name])
    started = time.monotonic()
    with pytest.raises(FolderError, match=r"journal\.sqlite: is not a journal of fms_dgt, or is damaged"):
        use(folder)
    assert time.monotonic() - started < 60


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return (
        b"z" + b"".join(packer.compress(b"[" * 1_000_000) for _ in range(size // 1_000_000)) + packer.flush()
    )


def test_a_body_that_unpacks_to_gigabytes_is_refused_within_bounds(folder: Path) -> None:
    packed = bomb(1_500_000_000)
    assert len(packed) < 2_000_000
    change(folder, ("UPDATE outcomes SET body = ?", (packed,)), ("UPDATE calls SET body = ?", (packed,)))
    change(folder, "UPDATE meta SET version = 1", "DELETE FROM checks")
    code = f"import sys; from fms_dgt.cli.main import main; sys.exit(main(['trace', {str(folder / 't')!r}, '1']))"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "is damaged" in done.stderr
    assert "MemoryError" not in done.stderr


def test_a_query_that_would_not_end_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file forged page by page can lead a plain query in circles; the clock ends that."""
    monkeypatch.setattr(reader, "LONGEST_QUERY", 0.2)
    found = JournalReader(folder)
    try:
        with pytest.raises(FolderError, match="damaged"):
            found._rows(f"{ENDLESS} count(*) FROM n")
    finally:
        found.close_reader()


def test_rows_beyond_the_size_of_the_file_are_not_taken(folder: Path) -> None:
    found = JournalReader(folder)
    try:
        with pytest.raises(FolderError, match="more rows than bytes"):
            found._rows(f"{ENDLESS} zeroblob(1000000) FROM n")
    finally:
        found.close_reader()


def test_reading_writes_nothing(folder: Path) -> None:
    before = (folder / "journal.sqlite").read_bytes()
    look(folder)
    found = JournalReader(folder)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        found._reader.execute("DELETE FROM calls")
    found.close_reader()
    assert (folder / "journal.sqlite").read_bytes() == before


REPORTS = {
    "endless": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "huge": lambda path: os.truncate(path, 40 * 1024**3),
    "deep": lambda path: path.write_text("[" * 1_000_000),
    "another form": lambda path: path.write_text(
        json.dumps({"task": 1, "records": [], "stages": [{"stage": {}}]})
    ),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports_and_data_of_strangers_are_read_within_bounds(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from fms_dgt.cli.main import main

    REPORTS[name](folder / "t" / "run.json")
    assert main(["runs", str(folder)]) == 0
    assert main(["trace", str(folder / "t"), "1"]) in (0, 2)
    assert main(["datasets", "skills", str(folder / "t"), "--output", str(folder / "x.jsonl")]) in (0, 2)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "fault in fms_dgt" not in captured.err


@pytest.mark.parametrize(
    ("name", "why"), [("endless", "is a link; name the file that it leads to"), ("a pipe", "is not a regular file")]
)
def test_data_that_is_no_file_is_not_waited_for(
    folder: Path, name: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from fms_dgt.cli.main import main

    (folder / "t" / "run.json").unlink()
    REPORTS[name](folder / "t" / "data.jsonl")
    assert main(["runs", str(folder)]) == 0
    assert main(["datasets", "skills", str(folder / "t"), "--output", str(folder / "x.jsonl")]) == 2
    assert why in capsys.readouterr().err


def test_bodies_of_ours_are_below_the_bound() -> None:
    from fms_dgt.generators.shared.http import LARGEST_ANSWER

    assert LARGEST_ANSWER < LARGEST_BODY
