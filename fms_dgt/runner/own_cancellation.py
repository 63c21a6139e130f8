"""A plugin that cancels the task it runs in, told apart from whoever else cancels that task."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

from fms_dgt.runner.stop import this_task

T = TypeVar("T")


async def taking_back(given: Awaitable[T]) -> T:
    """Await a plugin's code, and take back what it did to cancel its own task; an answer is kept.

    Cancellations by others (the end of the run, a stage's time limit) come between its steps, and stay.
    """
    steps = _Steps(this_task())
    try:
        return await steps.run(_awaited(given))
    finally:
        if steps.cancelled:
            # one that the code has not met yet would be raised at our next await
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        for _ in range(steps.cancelled):
            steps.task.uncancel()


async def _awaited(given: Awaitable[T]) -> T:
    return await given


class _Steps:
    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.cancelled = 0

    @types.coroutine
    def run(self, code: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Run the code step by step, and count the cancellations of the task within them."""
        fault: BaseException | None = None
        while True:
            before = self.task.cancelling()
            try:
                waits_for = code.send(None) if fault is None else code.throw(fault)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self.cancelled = max(0, self.cancelled + self.task.cancelling() - before)
            fault = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 (it is the code's to handle)
                fault = error
