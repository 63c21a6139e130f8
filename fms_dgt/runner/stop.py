"""How a task comes to an end before its source does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fms_dgt.core.events import End

# Turns of the event loop in which a cancellation of everything reaches every task.
_TURNS = 3


class Abandoned(Exception):
    """Raised in a unit's own steps when its task has stopped; its answers are in the journal."""


def this_task() -> asyncio.Task[Any]:
    """The running task: how often it was cancelled is compared before and after somebody's code."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("no task is running")
    return task


async def run_has_ended(task: asyncio.Task[Any], stop: Stop, before: int) -> bool:
    """Whether a cancellation that came to this task since `before` is the end of the run.

    If not, somebody's code cancelled the task that it runs in; that is taken back.
    """
    for _ in range(_TURNS):
        if stop:
            return True
        # whoever cancels the whole run cancels the scheduler, too, which then sets the stop
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
    while not stop and task.cancelling() > before:
        task.uncancel()
    return bool(stop)


class Stop:
    """Set once, with the reason; whoever waits for a slot or a retry is let go."""

    def __init__(self) -> None:
        self.end: End | None = None
        self.why = ""
        self._event = asyncio.Event()

    def set(self, end: End, why: str = "", *, instead: bool = False) -> bool:
        """Stop; the first reason counts, or the last one given with `instead`. Whether it was this."""
        if self.end is not None and not instead:
            return False
        self.end, self.why = end, why
        self._event.set()
        return True

    def __bool__(self) -> bool:
        return self.end is not None

    def check(self) -> None:
        """Raises Abandoned once stopped."""
        if self.end is not None:
            raise Abandoned

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the stop: then Abandoned."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        raise Abandoned
