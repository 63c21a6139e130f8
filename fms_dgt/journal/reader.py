"""The read side of a journal: for the runner, and for whoever looks at a run."""

from __future__ import annotations

import bisect
import json
import sqlite3
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fms_dgt.errors import FolderError, JournalDamaged
from fms_dgt.journal import database
from fms_dgt.journal.database import FILE_NAME, database_error, open_database
from fms_dgt.journal.entries import (
    Damaged,
    OutcomeEntry,
    TaskEntry,
    columns,
    completion_of,
    task_digest,
    unit_number,
    unpack,
)
from fms_dgt.journal.schema import VERSION
from fms_dgt.safety.working_folder import shown

# Outcomes have one integer as key: the task's id above, the unit's number below.
NUMBER_BITS = 40
# A query may take so long; a damaged or forged file can have one go on without an end.
LONGEST_QUERY = 120.0
# Steps of SQLite's between two looks at the clock, about 10 ms.
_STEPS = 1_000_000
# A body whose type was damaged, too, is bytes: what it says is for its checksum to judge.
_CALL = "digest, row, stage, CAST(body AS BLOB)"
# Bytes of a query's rows after which they are compared with those of the file.
_UNCHECKED = 1 << 22


class JournalReader:
    """Reads the journal of one output folder. Raises FolderError where there is none.

    The file may be damaged, or made by a stranger to do harm: whatever is not a row of a journal is a
    JournalDamaged, and no query goes on without an end.
    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        if not (folder / FILE_NAME).is_file():
            raise FolderError(f"{shown(folder)}: holds no journal; name the output folder of a run")
        self.folder = folder
        self._reader = open_database(folder, write=write)
        self._deadline = 0.0
        self._reader.set_progress_handler(lambda: time.monotonic() > self._deadline, _STEPS)
        self._seen: dict[int, array[int]] = {}
        # whether bodies without a checksum are taken for what an earlier version wrote
        self._old = self._one("SELECT version FROM meta")[0] != VERSION
        self._has_checks = bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'checks'"))

    def close_reader(self) -> None:
        """Close the connection."""
        self._reader.close()

    def find_task(self, name: str) -> TaskEntry | None:
        """The newest edition of a task."""
        return self._newest(name)

    def is_unused(self, task: int) -> bool:
        """Whether nothing of a task is kept: no answer was paid for, and no unit came to its end."""
        calls = "SELECT EXISTS (SELECT 1 FROM calls WHERE task = ?)"
        outcomes = "SELECT EXISTS (SELECT 1 FROM outcomes WHERE id >= ? AND id < ?)"
        ids = (outcome_id(task, 0), outcome_id(task + 1, 0))
        return not self._one(calls, (task,))[0] and not self._one(outcomes, ids)[0]

    def outcome(self, task: int, number: int) -> OutcomeEntry | None:
        """What became of unit `number`. Raises JournalDamaged."""
        sql = "SELECT id, key, failed, CAST(body AS BLOB), CAST(decided AS BLOB) FROM outcomes WHERE id = ?"
        for row in self._rows(sql, (outcome_id(task, number),)):
            try:
                return _outcome(row, old=self._old)
            except Damaged as error:
                raise self.damaged(f"what became of unit {number} of task {task}: {error}") from error
        return None

    def outcome_numbers(self, task: int) -> range:
        """From 0 up to the highest number for which an outcome was written, gaps included."""
        low, high = outcome_id(task, 0), outcome_id(task + 1, 0)
        top = self._one("SELECT max(id) FROM outcomes WHERE id >= ? AND id < ?", (low, high))[0]
        return range(0 if top is None else top - low + 1)

    def answers(self, task: int, unit: str) -> dict[bytes, Any]:
        """The completions of a unit by call digest; no query for a unit without any."""
        seen = self._seen.get(task)
        if seen is None:
            seen = self._seen[task] = self._units_seen(task)
        number = unit_number(unit)
        at = bisect.bisect_left(seen, number)
        if at == len(seen) or seen[at] != number:
            return {}
        answers = {}
        sql = f"SELECT {_CALL} FROM calls WHERE task = ? AND unit = ?"  # noqa: S608 (ours)
        for digest, row, stage, body in self._rows(sql, (task, number)):
            try:
                answers[digest] = completion_of(
                    unpack(body, columns(task, number, digest, row, stage), old=self._old)
                )
            except Damaged as error:
                self.damaged_answer(task, unit, error)
        return answers

    def calls_of(self, task: int, unit: str) -> Iterator[tuple[str, str, Any]]:
        """The (row, stage, body) of every call of a unit, in the order they were answered.

        Raises JournalDamaged.
        """
        number = unit_number(unit)
        sql = f"SELECT {_CALL} FROM calls WHERE task = ? AND unit = ? ORDER BY id"  # noqa: S608 (ours)
        for digest, row, stage, packed in self._rows(sql, (task, number)):
            try:
                body = unpack(packed, columns(task, number, digest, row, stage), old=self._old)
                completion_of(body)
            except Damaged as error:
                raise self.damaged(f"an answer of unit {unit} of task {task}: {error}") from error
            yield row, stage, body

    def count_calls(self, task: int) -> int:
        """How many answers a task has."""
        return int(self._one("SELECT count(*) FROM calls WHERE task = ?", (task,))[0])

    def damaged(self, what: str) -> JournalDamaged:
        """The error for a row that is not what was written."""
        return database.damaged(self.folder / FILE_NAME, what)

    def damaged_answer(self, task: int, unit: str, error: Damaged) -> None:
        """An answer that cannot be used. Raises JournalDamaged."""
        raise self.damaged(f"an answer of unit {unit} of task {task}: {error}") from error

    def _units_seen(self, task: int) -> array[int]:
        rows = self._rows("SELECT DISTINCT unit FROM calls WHERE task = ? ORDER BY unit", (task,))
        try:
            return array("q", (row[0] for row in rows))
        except (TypeError, OverflowError) as error:
            raise self.damaged("a unit of `calls` is not a number") from error

    def _newest(self, name: str) -> TaskEntry | None:
        sql = "SELECT id, name, edition, fingerprint, ended FROM tasks WHERE name = ?"
        sql += " ORDER BY edition DESC LIMIT 1"
        for row in self._rows(sql, (name,)):
            return self._task_entry(row)
        return None

    def _task_entry(self, row: tuple[Any, ...]) -> TaskEntry:
        try:
            checks = self._checks_of(row[0])
            if checks and checks != [(task_digest(row),)]:
                raise Damaged("it does not have its checksum")
            id_, name, edition, fingerprint, ended = row
            entry = TaskEntry(id_, name, edition, json.loads(fingerprint), json.loads(ended))
            if not isinstance(entry.fingerprint, dict) or not isinstance(entry.ended, dict):
                raise Damaged("it has no fingerprint")
        except (ValueError, TypeError, RecursionError) as error:
            raise self.damaged(f"the entry of the task '{row[1]:.80}': {error}") from error
        return entry

    def _checks_of(self, task: int) -> list[Any]:
        if not self._has_checks:
            return []
        return self._rows("SELECT digest FROM checks WHERE task = ?", (task,))

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        self._deadline = time.monotonic() + LONGEST_QUERY
        rows: list[Any] = []
        taken = looked_at = 0
        try:
            for row in self._reader.execute(sql, values):
                rows.append(row)
                taken += 1 + sum(len(value) for value in row if isinstance(value, str | bytes))
                if taken - looked_at > _UNCHECKED:
                    looked_at = taken
                    self._check_size(taken)
        except (sqlite3.Error, UnicodeError) as error:
            raise database_error(self.folder / FILE_NAME, error) from error
        return rows

    def _check_size(self, taken: int) -> None:
        """A forged file can have more rows than bytes. Raises JournalDamaged."""
        files = (self.folder / FILE_NAME, self.folder / f"{FILE_NAME}-wal")
        if taken > sum(file.stat().st_size for file in files if file.exists()):
            raise self.damaged("it has more rows than bytes")

    def _one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._rows(sql, values)[0]


def outcome_id(task: int, number: int) -> int:
    return (task << NUMBER_BITS) + number


def _outcome(row: Any, *, old: bool) -> OutcomeEntry:
    id_, key, failed, body, decided = row
    number = id_ & ((1 << NUMBER_BITS) - 1)
    value = unpack(body, columns(id_, key, failed), old=old)
    return OutcomeEntry(
        number, key, value, None if decided is None else unpack(decided, columns(id_), old=old), bool(failed)
    )
