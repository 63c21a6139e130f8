"""The least that the engine's promises cost: a task a row, three calls in a chain, each request hashed
and each answer committed to SQLite, in groups, before it is used. No retries, no limits, no order."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

Entry: TypeAlias = tuple[bytes, str, asyncio.Future[None]]

ANSWER = "A short answer that is always the same."
AT_ONCE = 256


class Store:
    """One thread that commits whatever is queued, then tells those who wait."""

    def __init__(self, path: Path) -> None:
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(path,))
        self._thread.start()

    def put(self, key: bytes, body: str) -> asyncio.Future[None]:
        """Done when it is on the disk."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((key, body, future))
        return future

    def close(self) -> None:
        """Write what is queued, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self, path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, key BLOB, body TEXT)")
        while (entry := self._queue.get()) is not None:
            batch = [entry]
            try:
                while (more := self._queue.get_nowait()) is not None:
                    batch.append(more)
            except Empty:
                more = batch[-1]
            database.execute("BEGIN")
            database.executemany(
                "INSERT INTO calls (key, body) VALUES (?, ?)", [(key, body) for key, body, _ in batch]
            )
            database.execute("COMMIT")
            self._loop.call_soon_threadsafe(_settle, [future for _, _, future in batch])
            if more is None:
                break
        database.close()


async def rows(count: int, context: str, folder: Path) -> None:
    """Three calls for each of `count` rows."""
    store = Store(folder / "sketch.sqlite")
    numbers = iter(range(count))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_one_after_the_other(numbers, group, store, context))
    finally:
        store.close()


async def _one_after_the_other(
    numbers: Iterator[int], group: asyncio.TaskGroup, store: Store, context: str
) -> None:
    for number in numbers:
        await group.create_task(_row(number, store, context))


async def _row(number: int, store: Store, context: str) -> None:
    draft = await _ask(store, f"{context}\nWrite text number {number}.")
    review = await _ask(store, f"{context}\nWhat is wrong with this draft? {draft}")
    await _ask(store, f"{context}\nWrite it anew. Draft: {draft} Review: {review}")


async def _ask(store: Store, prompt: str) -> str:
    request: Mapping[str, object] = {"messages": [{"role": "user", "content": prompt}], "seed": 1}
    text = json.dumps(request, sort_keys=True)
    key = blake2b(text.encode(), digest_size=16).digest()
    await store.put(key, json.dumps({"request": request, "completion": ANSWER}))
    return ANSWER


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)
