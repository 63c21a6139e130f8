"""The journal of one output folder: what the runner writes and reads."""

from __future__ import annotations

import asyncio
import bisect
import json
import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME, database_error, open_database
from fms_dgt.journal.entries import Call, OutcomeEntry, TaskEntry, Totals, pack, unit_number, unpack
from fms_dgt.journal.writer import Statement, Writer

# Outcomes have one integer as key: the task's id above, the unit's number below.
NUMBER_BITS = 40


class Journal:
    """Opened inside a running event loop, closed with `await close()`. The folder must be locked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = Writer(folder)
        self._reader = open_database(folder, write=False)
        self._seen: dict[int, array[int]] = {}
        self.totals = Totals(*self._one("SELECT calls, input_tokens, output_tokens FROM totals"))

    async def close(self) -> None:
        """Write everything that is queued, then close. Raises the writer's error, if it had one."""
        try:
            await self._writer.close()
        finally:
            self._reader.close()

    def task(self, name: str) -> TaskEntry:
        """The newest edition of a task, made where there is none."""
        found = self._newest(name)
        return found if found is not None else self._new_edition(name, 1)

    def restart(self, name: str) -> TaskEntry:
        """A new edition of a task; the rows of earlier ones stay."""
        found = self._newest(name)
        return self._new_edition(name, found.edition + 1 if found else 1)

    def begin(self, task: int, fingerprint: Mapping[str, str]) -> None:
        """Note what the task is made from now."""
        sql = "UPDATE tasks SET fingerprint = ?, ended = '{}' WHERE id = ?"
        self._now(sql, (json.dumps(dict(fingerprint)), task))

    def end(self, task: int, ended: Mapping[str, Any]) -> None:
        """Note how the task ended."""
        statement: Statement = ("UPDATE tasks SET ended = ? WHERE id = ?", (json.dumps(dict(ended)), task))
        self._writer.put_later(lambda: statement)

    def put_call(self, call: Call) -> asyncio.Future[None]:
        """Queue an answer; the future is done when it is on the disk."""
        self.totals.calls += 1
        self.totals.input_tokens += call.input_tokens
        self.totals.output_tokens += call.output_tokens
        return self._writer.put(call)

    def put_outcome(self, task: int, number: int, key: str, body: str, *, failed: bool) -> None:
        """Queue what became of a unit; `body` is JSON text."""
        sql = "INSERT OR REPLACE INTO outcomes (id, key, failed, body) VALUES (?, ?, ?, ?)"
        self._writer.put_later(lambda: (sql, (_id(task, number), key, failed, pack(body))))

    def put_decision(self, task: int, number: int, decided: str) -> None:
        """Queue what was decided of a unit when it was committed; JSON text."""
        sql = "UPDATE outcomes SET decided = ? WHERE id = ?"
        self._writer.put_later(lambda: (sql, (pack(decided), _id(task, number))))

    def outcome(self, task: int, number: int) -> OutcomeEntry | None:
        """What became of unit `number`."""
        found = self._rows(
            "SELECT id, key, failed, body, decided FROM outcomes WHERE id = ?", (_id(task, number),)
        )
        return next((_outcome(row) for row in found), None)

    def outcome_numbers(self, task: int) -> range:
        """From 0 up to the highest number for which an outcome was written, gaps included."""
        low, high = _id(task, 0), _id(task + 1, 0)
        top = self._one("SELECT max(id) FROM outcomes WHERE id >= ? AND id < ?", (low, high))[0]
        return range(0 if top is None else top - low + 1)

    def forget_outcomes(self, task: int) -> None:
        """Drop what became of the units; the answers stay and serve again."""
        self._now("DELETE FROM outcomes WHERE id >= ? AND id < ?", (_id(task, 0), _id(task + 1, 0)))

    def forget_failures(self, task: int) -> int:
        """Drop the outcomes that have failed rows, and every decision from the first of them on."""
        low, high = _id(task, 0), _id(task + 1, 0)
        where = "failed AND id >= ? AND id < ?"
        count, first = self._one(f"SELECT count(*), min(id) FROM outcomes WHERE {where}", (low, high))  # noqa: S608
        if count:
            self._now("UPDATE outcomes SET decided = NULL WHERE id >= ? AND id < ?", (first, high))
            self._now(f"DELETE FROM outcomes WHERE {where}", (low, high))  # noqa: S608
        return int(count)

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

    def _new_edition(self, name: str, edition: int) -> TaskEntry:
        self._now("INSERT INTO tasks (name, edition) VALUES (?, ?)", (name, edition))
        made = self._newest(name)
        if made is None:
            raise FolderError(f"{self.folder}: the journal lost the task '{name}' while it was written")
        return made

    def _now(self, sql: str, values: tuple[Any, ...]) -> None:
        """Write at once, before the run's own writes begin."""
        try:
            self._reader.execute(sql, values)
        except sqlite3.Error as error:
            raise database_error(self.folder / FILE_NAME, error) from error

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise database_error(self.folder / FILE_NAME, error) from error

    def _one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._rows(sql, values)[0]


def _id(task: int, number: int) -> int:
    return (task << NUMBER_BITS) + number


def _outcome(row: Any) -> OutcomeEntry:
    id_, key, failed, body, decided = row
    number = id_ & ((1 << NUMBER_BITS) - 1)
    return OutcomeEntry(number, key, unpack(body), None if decided is None else unpack(decided), bool(failed))
