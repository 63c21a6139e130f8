"""The one writer: a thread that commits whatever is queued, then tells everybody who waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import database_error, open_database
from fms_dgt.journal.entries import Call, Payer, Tally, pack, to_text, unit_number

Statement: TypeAlias = tuple[str, Sequence[Any]]
Work: TypeAlias = Callable[[], Statement]

_INSERT_CALL = "INSERT INTO calls (task, unit, digest, row, stage, body) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_TOTALS = (
    "UPDATE totals SET calls = calls + ?, input_tokens = input_tokens + ?, output_tokens = output_tokens + ?"
)
_ADD_SPENT = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls, input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens, cost = cost + excluded.cost,
    seconds = seconds + excluded.seconds
"""
MOST_AT_ONCE = 2_000


class Writer:
    """Puts entries into the journal, in the order they were given.

    A write begins when it is queued: whoever waits for it may be cancelled without losing it. The
    first error fails everything queued then and later.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: SimpleQueue[tuple[Call | Work, asyncio.Future[None] | None] | None] = SimpleQueue()
        self._error: FolderError | None = None
        self._told = False
        self._connection = open_database(folder, write=True)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="fms_dgt journal", daemon=True)
        self._thread.start()

    def put(self, entry: Call | Work) -> asyncio.Future[None]:
        """Queue an entry; the future is done when it is on the disk. Raises FolderError."""
        self._raise()
        future = self._loop.create_future()
        self._queue.put((entry, future))
        return future

    def put_later(self, entry: Work) -> None:
        """Queue an entry that nobody waits for; its error shows at the next `put` or at `close`."""
        self._raise()
        self._queue.put((entry, None))

    async def close(self) -> None:
        """Write what is queued and stop. Raises the writer's error, if nobody has seen it yet."""
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._connection.close()
        if not self._told:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            self._told = True
            raise self._error

    def _run(self) -> None:
        while True:
            batch, last = self._next_batch()
            if batch:
                self._commit(batch)
            if last:
                return

    def _next_batch(self) -> tuple[list[tuple[Call | Work, asyncio.Future[None] | None]], bool]:
        entry = self._queue.get()
        batch = []
        while entry is not None:
            batch.append(entry)
            if len(batch) >= MOST_AT_ONCE:
                return batch, False
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[tuple[Call | Work, asyncio.Future[None] | None]]) -> None:
        waiting = [future for _, future in batch if future is not None]
        if self._error is None:
            try:
                self._write([entry for entry, _ in batch])
            except sqlite3.Error as error:
                self._error = database_error(self._folder, error)
            except Exception as error:  # noqa: BLE001 (whatever it was, those who wait must hear of it)
                self._error = FolderError(f"{self._folder}: the journal cannot be written: {error!r}")
        if waiting:
            self._tell(waiting)

    def _tell(self, waiting: list[asyncio.Future[None]]) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, waiting, self._error)
            self._told = self._told or self._error is not None
        except RuntimeError:
            # the loop is gone: nobody waits any more, and what was written stays written
            return

    def _write(self, entries: list[Call | Work]) -> None:
        execute = self._connection.execute
        spent: dict[Payer, Tally] = {}
        execute("BEGIN IMMEDIATE")
        try:
            for entry in entries:
                if isinstance(entry, Call):
                    body = pack(to_text(entry.body))
                    unit = unit_number(entry.unit)
                    execute(_INSERT_CALL, (entry.task, unit, entry.digest, entry.row, entry.stage, body))
                    spent.setdefault(entry.payer, Tally()).add(entry)
                else:
                    execute(*entry())
            for payer, tally in spent.items():
                tokens = (tally.calls, tally.input_tokens, tally.output_tokens)
                execute(_ADD_TOTALS, tokens)
                execute(_ADD_SPENT, (*payer, *tokens, tally.cost, tally.seconds))
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise


def _settle(waiting: list[asyncio.Future[None]], error: FolderError | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
