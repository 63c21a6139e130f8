"""The journal of one output folder, as the runner has it: everything is written through it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME, database_error
from fms_dgt.journal.entries import Call, Payer, Tally, TaskEntry, Totals, pack
from fms_dgt.journal.reader import JournalReader, outcome_id
from fms_dgt.journal.writer import Statement, Writer


class Journal(JournalReader):
    """Opened inside a running event loop, closed with `await close()`. The folder must be locked."""

    def __init__(self, folder: Path) -> None:
        self._writer = Writer(folder)
        super().__init__(folder)
        self.totals = Totals(*self._one("SELECT calls, input_tokens, output_tokens FROM totals"))
        columns = ", ".join((*Payer._fields, *Tally.__dataclass_fields__))
        found = self._rows(f"SELECT {columns} FROM spent")  # noqa: S608 (the names are ours)
        self.spent = {Payer(*row[:4]): Tally(*row[4:]) for row in found}

    async def close(self) -> None:
        """Write everything that is queued, then close. Raises the writer's error, if it had one."""
        try:
            await self._writer.close()
        finally:
            self.close_reader()

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

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is noted of many tasks before the run, as one write: a disk takes milliseconds for each."""
        self._now("BEGIN IMMEDIATE", ())
        try:
            yield
        except BaseException:
            self._now("ROLLBACK", ())
            raise
        self._now("COMMIT", ())

    def end(self, task: int, ended: Mapping[str, Any]) -> None:
        """Note how the task ended."""
        statement: Statement = ("UPDATE tasks SET ended = ? WHERE id = ?", (json.dumps(dict(ended)), task))
        self._writer.put_later(lambda: statement)

    def editions(self, name: str) -> frozenset[int]:
        """The ids of all editions of a task."""
        return frozenset(row[0] for row in self._rows("SELECT id FROM tasks WHERE name = ?", (name,)))

    def put_call(self, call: Call) -> asyncio.Future[None]:
        """Queue an answer; the future is done when it is on the disk."""
        self.totals.calls += 1
        self.totals.input_tokens += call.input_tokens
        self.totals.output_tokens += call.output_tokens
        self.spent.setdefault(call.payer, Tally()).add(call)
        return self._writer.put(call)

    def put_outcome(
        self, task: int, number: int, key: str, body: str, *, failed: bool
    ) -> asyncio.Future[None]:
        """Queue what became of a unit (`body` is JSON text); the future is done when it is on the disk."""
        sql = "INSERT OR REPLACE INTO outcomes (id, key, failed, body) VALUES (?, ?, ?, ?)"
        future = self._writer.put(lambda: (sql, (outcome_id(task, number), key, failed, pack(body))))
        # most callers do not wait: the writer's error shows at the next `put` and at `close`
        future.add_done_callback(_looked_at)
        return future

    def put_decision(self, task: int, number: int, decided: str) -> None:
        """Queue what was decided of a unit when it was committed; JSON text."""
        sql = "UPDATE outcomes SET decided = ? WHERE id = ?"
        self._writer.put_later(lambda: (sql, (pack(decided), outcome_id(task, number))))

    def forget_outcomes(self, task: int) -> None:
        """Drop what became of the units; the answers stay and serve again."""
        self._now(
            "DELETE FROM outcomes WHERE id >= ? AND id < ?", (outcome_id(task, 0), outcome_id(task + 1, 0))
        )

    def forget_failures(self, task: int) -> int:
        """Drop every outcome from the first with failed rows on; how many had some.

        What came after them may have been decided, or even drawn, by what they were.
        """
        low, high = outcome_id(task, 0), outcome_id(task + 1, 0)
        failed = "SELECT count(*), min(id) FROM outcomes WHERE failed AND id >= ? AND id < ?"
        count, first = self._one(failed, (low, high))
        if count:
            self._now("DELETE FROM outcomes WHERE id >= ? AND id < ?", (first, high))
        return int(count)

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


def _looked_at(future: asyncio.Future[None]) -> None:
    """Keep asyncio from complaining about an error that nobody asked for."""
    if not future.cancelled():
        future.exception()
