"""The journal of one output folder, as the runner has it: everything is written through it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fms_dgt.errors import FolderError, JournalDamaged
from fms_dgt.journal.database import FILE_NAME, database_error, make_file
from fms_dgt.journal.entries import (
    Call,
    Damaged,
    OutcomeEntry,
    Payer,
    Tally,
    TaskEntry,
    Totals,
    checked_text,
    columns,
    pack,
    task_digest,
)
from fms_dgt.journal.reader import JournalReader, outcome_id
from fms_dgt.journal.space import check_space
from fms_dgt.journal.writer import Statement, Writer
from fms_dgt.safety.working_folder import shown

_NO_LIMIT = float("inf")
_SHOWN_UNITS = 5
_PLAIN_TEXT = 1 << 20
_REPAIRED = {
    "outcomes": "what became of it was made again from its answers",
    "calls": "the answers that cannot be read are asked for again",
}


class Journal(JournalReader):
    """Opened inside a running event loop, closed with `await close()`. The folder must be locked.

    A damaged row costs nothing but itself: what became of a unit is made again from its answers, an answer
    is asked for again. `damage` says so.
    """

    def __init__(self, folder: Path) -> None:
        make_file(folder)
        self._writer = Writer(folder)
        super().__init__(folder, write=True)
        self._entries: dict[int, TaskEntry] = {}
        self._damaged: dict[tuple[int, str], set[int | str]] = {}
        self.totals = Totals(*self._numbers("SELECT calls, input_tokens, output_tokens FROM totals"))
        self.spent = self._read_spent()

    async def close(self) -> None:
        """Write everything that is queued, then close. Raises the writer's error, if it had one."""
        try:
            await self._writer.close()
        finally:
            self.close_reader()

    def when_it_fails(self, tell: Callable[[FolderError], None]) -> None:
        """Have `tell` called, on the event loop, once nothing can be written any more."""
        self._writer.when_it_fails(tell)

    def check(self) -> None:
        """Whether an answer could be kept now. Raises FolderError."""
        self._writer.check()

    def check_space(self) -> None:
        """Whether there is room for the first answers, on the disk, before one is paid for.

        Raises FolderError.
        """
        check_space(self.folder)
        self._now("UPDATE totals SET calls = calls", ())

    def settle(self) -> None:
        """Wait until everything that is queued is on the disk, or has failed; for the end of a run."""
        self._writer.settle()

    def task(self, name: str) -> TaskEntry:
        """The newest edition of a task, made where there is none."""
        entry = self._newest(name)
        return entry if entry is not None else self._new_edition(name, 1)

    def restart(self, name: str) -> TaskEntry:
        """A new edition of a task; the rows of earlier ones stay."""
        entry = self._newest(name)
        return self._new_edition(name, entry.edition + 1 if entry else 1)

    def begin(self, task: int, fingerprint: Mapping[str, str], target: int | None) -> None:
        """Note what the task is made from now, and how many records are wanted (None for all)."""
        ended = {"target": target}
        entry = dataclasses.replace(self._entries[task], fingerprint=dict(fingerprint), ended=ended)
        self._put_task(entry)

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
        entry = self._entries[task] = dataclasses.replace(self._entries[task], ended=dict(ended))
        self._writer.put_later(lambda: _task_statements(entry))

    def editions(self, name: str) -> frozenset[int]:
        """The ids of all editions of a task."""
        return frozenset(row[0] for row in self._rows("SELECT id FROM tasks WHERE name = ?", (name,)))

    def put_call(self, call: Call) -> asyncio.Future[None]:
        """Queue an answer; the future is done when it is on the disk.

        Raises TypeError, ValueError or RecursionError, and queues nothing, where JSON cannot hold it.
        """
        text = None if _is_plain(call.body) else checked_text(call.body)
        future = self._writer.put((call, text))
        self.totals.calls += 1
        self.totals.input_tokens += call.tally.input_tokens
        self.totals.output_tokens += call.tally.output_tokens
        self.spent.setdefault(call.payer, Tally()).plus(call.tally)
        return future

    def put_outcome(
        self, task: int, number: int, key: str, body: str, *, failed: bool
    ) -> asyncio.Future[None]:
        """Queue what became of a unit (`body` is JSON text); the future is done when it is on the disk."""
        sql = "INSERT OR REPLACE INTO outcomes (id, key, failed, body) VALUES (?, ?, ?, ?)"
        beside = (outcome_id(task, number), key, int(failed))
        future = self._writer.put(lambda: ((sql, (*beside, pack(body, columns(*beside)))),))
        # most callers do not wait: the writer's error shows at the next `put` and at `close`
        future.add_done_callback(_looked_at)
        return future

    def put_decision(self, task: int, number: int, decided: str) -> None:
        """Queue what was decided of a unit when it was committed; JSON text."""
        sql = "UPDATE outcomes SET decided = ? WHERE id = ?"
        id_ = outcome_id(task, number)
        self._writer.put_later(lambda: ((sql, (pack(decided, columns(id_)), id_)),))

    def outcome(self, task: int, number: int) -> OutcomeEntry | None:
        try:
            return super().outcome(task, number)
        except JournalDamaged:
            self.damaged_outcome(task, number)
            return None

    def damaged_outcome(self, task: int, number: int) -> None:
        """What became of a unit cannot be used; it is made again from the unit's answers."""
        self._damaged.setdefault((task, "outcomes"), set()).add(number)

    def damaged_answer(self, task: int, unit: str, error: Damaged) -> None:
        self._damaged.setdefault((task, "calls"), set()).add(unit)

    def damage(self) -> Iterator[str]:
        """What was damaged so far, and what was done about it."""
        for (task, table), units in self._damaged.items():
            names = self._rows("SELECT name FROM tasks WHERE id = ?", (task,))
            some = ", ".join(map(str, sorted(units, key=str)[:_SHOWN_UNITS]))
            more = ", ..." if len(units) > _SHOWN_UNITS else ""
            name = names[0][0] if names else task
            where = f"{shown(self.folder / FILE_NAME)} is damaged in the table {table}, unit {some}{more}"
            yield f"{name}: {where}; {_REPAIRED[table]}"

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

    def _newest(self, name: str) -> TaskEntry | None:
        entry = super()._newest(name)
        if entry is not None:
            self._entries[entry.id] = entry
        return entry

    def _new_edition(self, name: str, edition: int) -> TaskEntry:
        last = self._one("SELECT max(id) FROM tasks")[0] or 0
        entry = TaskEntry(last + 1, name, edition, {}, {})
        self._put_task(entry)
        return entry

    def _put_task(self, entry: TaskEntry) -> None:
        self._entries[entry.id] = entry
        with contextlib.nullcontext() if self._reader.in_transaction else self.together():
            for statement in _task_statements(entry):
                self._now(*statement)

    def _numbers(self, sql: str) -> tuple[int, ...]:
        numbers = self._rows(sql)
        if len(numbers) != 1 or not all(type(value) is int and value >= 0 for value in numbers[0]):
            raise self.damaged("its totals are no numbers")
        row: tuple[int, ...] = numbers[0]
        return row

    def _read_spent(self) -> dict[Payer, Tally]:
        names = ", ".join((*Payer._fields, *Tally.__dataclass_fields__))
        rows = self._rows(f"SELECT {names} FROM spent")  # noqa: S608 (the names are ours)
        if any(type(value) not in (int, float) or value < 0 for row in rows for value in row[4:]):
            raise self.damaged("what was spent is not a number")
        return {Payer(*row[:4]): Tally(*row[4:]) for row in rows}

    def _now(self, sql: str, values: Sequence[Any]) -> None:
        """Write at once, before the run's own writes begin."""
        self._deadline = _NO_LIMIT
        try:
            self._reader.execute(sql, values)
        except sqlite3.Error as error:
            raise database_error(self.folder / FILE_NAME, error) from error


def _is_plain(body: Mapping[str, Any]) -> bool:
    """Whether JSON holds a body for sure: its request made the call's key, and the answer is a text.

    Such a body is encoded by the writer, beside the event loop.
    """
    completion = body["completion"]
    return "extra" not in completion and len(completion["text"]) <= _PLAIN_TEXT


def _task_statements(entry: TaskEntry) -> tuple[Statement, ...]:
    fingerprint, ended = json.dumps(dict(entry.fingerprint)), json.dumps(dict(entry.ended))
    row = (entry.id, entry.name, entry.edition, fingerprint, ended)
    sql = "INSERT OR REPLACE INTO tasks (id, name, edition, fingerprint, ended) VALUES (?, ?, ?, ?, ?)"
    checks = "INSERT OR REPLACE INTO checks (task, digest) VALUES (?, ?)"
    return ((sql, row), (checks, (entry.id, task_digest(row))))


def _looked_at(future: asyncio.Future[None]) -> None:
    """Keep asyncio from complaining about an error that nobody asked for."""
    if not future.cancelled():
        future.exception()
