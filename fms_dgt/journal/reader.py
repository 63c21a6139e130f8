"""The read side of a journal: for the runner, and for whoever looks at a run."""

from __future__ import annotations

import bisect
import json
import sqlite3
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME, database_error, open_database
from fms_dgt.journal.entries import OutcomeEntry, TaskEntry, unit_number, unpack

# Outcomes have one integer as key: the task's id above, the unit's number below.
NUMBER_BITS = 40


class JournalReader:
    """Reads the journal of one output folder. Raises FolderError where there is none."""

    def __init__(self, folder: Path) -> None:
        if not (folder / FILE_NAME).is_file():
            raise FolderError(f"{folder}: holds no journal; name the output folder of a run")
        self.folder = folder
        self._reader = open_database(folder, write=False)
        self._seen: dict[int, array[int]] = {}

    def close_reader(self) -> None:
        """Close the connection."""
        self._reader.close()

    def find_task(self, name: str) -> TaskEntry | None:
        """The newest edition of a task."""
        return self._newest(name)

    def outcome(self, task: int, number: int) -> OutcomeEntry | None:
        """What became of unit `number`."""
        found = self._rows(
            "SELECT id, key, failed, body, decided FROM outcomes WHERE id = ?", (outcome_id(task, number),)
        )
        return next((_outcome(row) for row in found), None)

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
        rows = self._rows("SELECT digest, body FROM calls WHERE task = ? AND unit = ?", (task, number))
        return {digest: unpack(body)["completion"] for digest, body in rows}

    def calls_of(self, task: int, unit: str) -> Iterator[tuple[str, str, Any]]:
        """The (row, stage, body) of every call of a unit, in the order they were answered."""
        sql = "SELECT row, stage, body FROM calls WHERE task = ? AND unit = ? ORDER BY id"
        for row, stage, body in self._rows(sql, (task, unit_number(unit))):
            yield row, stage, unpack(body)

    def count_calls(self, task: int) -> int:
        """How many answers a task has."""
        return int(self._one("SELECT count(*) FROM calls WHERE task = ?", (task,))[0])

    def _units_seen(self, task: int) -> array[int]:
        rows = self._rows("SELECT DISTINCT unit FROM calls WHERE task = ? ORDER BY unit", (task,))
        return array("q", (row[0] for row in rows))

    def _newest(self, name: str) -> TaskEntry | None:
        sql = "SELECT id, name, edition, fingerprint, ended FROM tasks WHERE name = ?"
        sql += " ORDER BY edition DESC LIMIT 1"
        for id_, name_, edition, fingerprint, ended in self._rows(sql, (name,)):
            return TaskEntry(id_, name_, edition, json.loads(fingerprint), json.loads(ended))
        return None

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise database_error(self.folder / FILE_NAME, error) from error

    def _one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._rows(sql, values)[0]


def outcome_id(task: int, number: int) -> int:
    return (task << NUMBER_BITS) + number


def _outcome(row: Any) -> OutcomeEntry:
    id_, key, failed, body, decided = row
    number = id_ & ((1 << NUMBER_BITS) - 1)
    return OutcomeEntry(number, key, unpack(body), None if decided is None else unpack(decided), bool(failed))
