"""An event loop that the code of plugins cannot end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fms_dgt.safety.interrupts import is_of_user

T = TypeVar("T")

# Seconds that tasks which are left over have to end, once they are cancelled.
LEFT_OVER = 2.0


def run_to_end(main: Coroutine[Any, Any, T]) -> T:
    """What `asyncio.run` does, where SystemExit in a task of a plugin's own does not end the loop.

    asyncio lets SystemExit and KeyboardInterrupt of any task out of the loop. Here they stay the result
    of that task, for whoever awaits it. Ctrl-C cancels `main`, waits for it, and raises.
    """
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        task = loop.create_task(main)
        try:
            _complete(loop, task)
        except BaseException:
            # a second one leaves without waiting
            task.cancel()
            _complete(loop, task)
            raise
        return task.result()
    finally:
        try:
            _wind_up(loop)
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Run the loop until the task is done. Raises KeyboardInterrupt where the user asked for it."""
    while not task.done():
        try:
            loop.run_until_complete(asyncio.wait([task]))
        except KeyboardInterrupt as error:
            if is_of_user(error):
                raise
        except SystemExit:
            continue


def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        # no longer: code that ignores its cancellation must not keep the program from ending
        _complete(loop, loop.create_task(_ended(left)))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    done, _ = await asyncio.wait(tasks, timeout=LEFT_OVER)
    for task in done:
        if not task.cancelled():
            # looked at, so that nothing is printed of it
            task.exception()
