"""The one writer: a thread that commits whatever is queued, then tells everybody who waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME, database_error, open_database
from fms_dgt.journal.entries import NOT_WRITABLE, Call, Payer, Tally, columns, pack, to_text, unit_number
from fms_dgt.journal.presence import Presence
from fms_dgt.safety.working_folder import shown

Statement: TypeAlias = tuple[str, Sequence[Any]]
Work: TypeAlias = Callable[[], Iterable[Statement]]
# A call, with its body as JSON text where that is made already; or what makes the statements of the rest.
Entry: TypeAlias = tuple[Call, str | None] | Work
Waiter: TypeAlias = asyncio.Future[None] | threading.Event | None

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
# Seconds without anything to write after which the file is looked at.
LOOK_AFTER = 0.5


class Writer:
    """Puts entries into the journal, in the order they were given.

    A write begins when it is queued: whoever waits for it may be cancelled without losing it. The
    first error fails everything queued then and later; an answer that JSON cannot hold fails by itself.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: SimpleQueue[tuple[Entry, Waiter] | None] = SimpleQueue()
        self._error: FolderError | None = None
        self._told = False
        self._tell_failure: Callable[[FolderError], None] | None = None
        self._connection = open_database(folder, write=True)
        self._presence = Presence(folder)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="fms_dgt journal", daemon=True)
        self._thread.start()

    def when_it_fails(self, tell: Callable[[FolderError], None]) -> None:
        """Have `tell` called, on the event loop, with the first error."""
        self._tell_failure = tell

    def check(self) -> None:
        """Whether what is queued now would be kept, as far as is known. Raises FolderError."""
        # no look at the disk: it would let go of the interpreter's lock, for each call
        if self._error is not None:
            self._raise()

    def settle(self) -> None:
        """Wait, without the event loop, until all that is queued is written or has failed."""
        settled = threading.Event()
        self._queue.put((lambda: (), settled))
        settled.wait()

    def put(self, entry: Entry) -> asyncio.Future[None]:
        """Queue an entry; the future is done when it is on the disk. Raises FolderError."""
        if not self._presence.lost:
            self._raise()
        future = self._loop.create_future()
        self._queue.put((entry, future))
        return future

    def put_later(self, entry: Work) -> None:
        """Queue an entry that nobody waits for; its error shows at the next `put` or at `close`."""
        if not self._presence.lost:
            self._raise()
        self._queue.put((entry, None))

    async def close(self) -> None:
        """Write what is queued and stop. Raises the writer's error, if nobody has seen it yet."""
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._end)
        if not self._told:
            self._raise()

    def _end(self) -> None:
        self._thread.join()
        try:
            self._presence.put_back(self._connection)
        finally:
            self._connection.close()

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

    def _next_batch(self) -> tuple[list[tuple[Entry, Waiter]], bool]:
        entry = self._next_entry()
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

    def _next_entry(self) -> tuple[Entry, Waiter] | None:
        while True:
            try:
                return self._queue.get(timeout=LOOK_AFTER)
            except Empty:
                # calls may take minutes, and none should begin whose answer could not be kept
                if self._error is None:
                    self._commit([])

    def _commit(self, batch: list[tuple[Entry, Waiter]]) -> None:
        faults: dict[Waiter, Exception] = {}
        if self._error is None or self._presence.lost:
            # to a file that has lost its name one can write: it is put back when the run has ended
            try:
                if batch:
                    faults = self._write(batch)
                if self._error is None:
                    self._presence.check()
            except FolderError as error:
                self._error = error
            except sqlite3.Error as error:
                self._error = database_error(self._folder / FILE_NAME, error)
            except Exception as error:  # noqa: BLE001 (whatever it was, those who wait must hear of it)
                self._error = FolderError(f"{shown(self._folder)}: the journal cannot be written: {error!r}")
        self._tell([waiter for _, waiter in batch], faults)

    def _tell(self, waiters: list[Waiter], faults: Mapping[Waiter, Exception]) -> None:
        for waiter in waiters:
            if isinstance(waiter, threading.Event):
                waiter.set()
        waiting = [waiter for waiter in waiters if isinstance(waiter, asyncio.Future)]
        failure = self._tell_failure if self._error is not None and not self._told else None
        if not waiting and failure is None:
            return
        try:
            self._loop.call_soon_threadsafe(_settle, waiting, faults, self._error, failure)
            self._told = self._told or self._error is not None
        except RuntimeError:
            # the loop is gone: nobody waits any more, and what was written stays written
            return

    def _write(self, batch: list[tuple[Entry, Waiter]]) -> dict[Waiter, Exception]:
        """Write all of it, or nothing; but for the answers that JSON cannot hold, which are given back."""
        # one cursor, where the connection would make one for each statement
        execute = self._connection.cursor().execute
        faults: dict[Waiter, Exception] = {}
        spent: dict[Payer, Tally] = {}
        execute("BEGIN IMMEDIATE")
        try:
            for entry, waiter in batch:
                if isinstance(entry, tuple):
                    call, text = entry
                    try:
                        text = to_text(call.body) if text is None else text
                    except NOT_WRITABLE as error:
                        faults[waiter] = error
                        continue
                    payer = call.payer
                    beside = (payer.task, unit_number(call.unit), call.digest, call.row, payer.stage)
                    execute(_INSERT_CALL, (*beside, pack(text, columns(*beside))))
                    spent.setdefault(payer, Tally()).plus(call.tally)
                else:
                    for statement in entry():
                        execute(*statement)
            for payer, tally in spent.items():
                tokens = (tally.calls, tally.input_tokens, tally.output_tokens)
                execute(_ADD_TOTALS, tokens)
                execute(_ADD_SPENT, (*payer, *tokens, tally.cost, tally.seconds))
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        return faults


def _settle(
    waiting: list[asyncio.Future[None]],
    faults: Mapping[Waiter, Exception],
    error: FolderError | None,
    failure: Callable[[FolderError], None] | None,
) -> None:
    for future in waiting:
        if future.done():
            continue
        fault = error or faults.get(future)
        if fault is None:
            future.set_result(None)
        else:
            future.set_exception(fault)
    if failure is not None and error is not None:
        failure(error)
