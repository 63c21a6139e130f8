"""How a task comes to an end before its source does."""

from __future__ import annotations

import asyncio

from fms_dgt.core.events import End


class Abandoned(Exception):
    """Raised in a unit's own steps when its task has stopped; its answers are in the journal."""


def cancelled_from_outside() -> bool:
    """In an `except CancelledError`: whether somebody cancelled this task, or its own code raised it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


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
