"""A plugin that cancels the task it runs in, told apart from whoever else cancels that task."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

from fms_dgt.runner.stop import this_task

T = TypeVar("T")


async def taking_back(given: Awaitable[T], seconds: float | None = None) -> T:
    """Await a plugin's code, and take back what it did to cancel its own task; an answer is kept.

    Raises TimeoutError where the code still waits after `seconds`. Cancellations by others (the end of
    the run, a stage's time limit) come between its steps, and stay.
    """
    code = _Steps(_awaited(given), this_task())
    try:
        waits_for = code.step()
    except BaseException as end:
        if code.cancelled:
            await code.take_back()
        if not isinstance(end, StopIteration):
            raise
        # there at once, and so without the work of a timer
        answer: T = end.value
        return answer
    async with asyncio.timeout(seconds):
        try:
            answer = await code.go_on(waits_for)
        finally:
            if code.cancelled:
                await code.take_back()
    return answer


async def _awaited(given: Awaitable[T]) -> T:
    return await given


class _Steps:
    """Runs code step by step, and counts the cancellations of its task within them."""

    __slots__ = ("_code", "_task", "cancelled")

    def __init__(self, code: Coroutine[Any, Any, Any], task: asyncio.Task[Any]) -> None:
        self._code = code
        self._task = task
        self.cancelled = 0

    def step(self, fault: BaseException | None = None) -> Any:
        """Run the code up to where it waits: what it waits for. Raises StopIteration with its answer."""
        before = self._task.cancelling()
        try:
            return self._code.send(None) if fault is None else self._code.throw(fault)
        finally:
            self.cancelled = max(0, self.cancelled + self._task.cancelling() - before)

    @types.coroutine
    def go_on(self, waits_for: Any) -> Generator[Any, Any, Any]:
        """Run the code to its end; its answer."""
        while True:
            fault: BaseException | None = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 (it is the code's to handle)
                fault = error
            try:
                waits_for = self.step(fault)
            except StopIteration as end:
                return end.value

    async def take_back(self) -> None:
        """Uncancel the task as often as the code has cancelled it."""
        # one that the code has not met yet would be raised at our next await
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        for _ in range(self.cancelled):
            self._task.uncancel()
