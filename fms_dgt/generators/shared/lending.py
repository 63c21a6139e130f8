"""Models in this process: loaded once for each of their settings, lent to whoever wants the same."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar, cast


class Lent(Protocol):
    """What is lent. It is loaded by the first who borrows it."""

    def end(self) -> None:
        """Break off what is under way, and free the model. It may be loading."""


S = TypeVar("S", bound=Hashable)
L = TypeVar("L", bound=Lent)
T = TypeVar("T")


class Lender(Generic[S, L]):
    """Who has borrowed what, from any event loop of the process."""

    def __init__(self, make: Callable[[S], L]) -> None:
        self._make = make
        self._lent: dict[S, L] = {}
        self._users: dict[S, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lent)

    async def borrow(self, settings: S, load: Callable[[L], None]) -> L:
        """What belongs to the settings, after `load`, which is called in a thread.

        Whoever borrows it gives it back; where `load` raises, it is given back already.
        """
        with self._lock:
            if settings not in self._lent:
                self._lent[settings] = self._make(settings)
            lent = self._lent[settings]
            self._users[settings] = self._users.get(settings, 0) + 1
        try:
            await asyncio.to_thread(load, lent)
        except BaseException:
            await self.give_back(settings)
            raise
        return lent

    async def give_back(self, settings: S) -> None:
        """End what nobody else has borrowed."""
        with self._lock:
            self._users[settings] -= 1
            if self._users[settings]:
                return
            del self._users[settings]
            lent = self._lent.pop(settings)
        await asyncio.to_thread(lent.end)

    def end_all(self) -> None:
        """End what was never given back."""
        with self._lock:
            never = list(self._lent.values())
            self._lent.clear()
            self._users.clear()
        for lent in never:
            lent.end()


async def in_daemon(work: Callable[[], T]) -> T:
    """What a blocking function gives, from a thread that keeps no program from ending."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(cast("T", value))
        else:
            outcome.set_exception(error)

    def run() -> None:
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 (it is raised where the outcome is awaited)
            hand_over(loop, settle, None, error)
        else:
            hand_over(loop, settle, value, None)

    threading.Thread(target=run, name="in_daemon", daemon=True).start()
    return await outcome


def hand_over(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *came: object) -> None:
    """Call `settle` with what came, from any thread, in the thread of the loop."""
    # a loop that was closed meanwhile waits for nothing
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle, *came)
