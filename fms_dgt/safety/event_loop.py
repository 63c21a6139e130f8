"""An event loop that the code of plugins cannot end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from fms_dgt.errors import RunError
from fms_dgt.safety.interrupts import is_of_user

T = TypeVar("T")
P = ParamSpec("P")

# Seconds that tasks and threads which are left over have to end, once they are cancelled.
LEFT_OVER = 2.0


class MainTask(asyncio.Task[T]):
    """The task of `run_to_end`, which alone may cancel it for good."""

    is_leaving = False


def is_cancelled_by_plugin(task: asyncio.Task[Any]) -> bool:
    """Whether a cancellation of this task can only be that of code which cancels all the tasks it sees."""
    return isinstance(task, MainTask) and not task.is_leaving


def run_to_end(main: Coroutine[Any, Any, T]) -> T:
    """What `asyncio.run` does, where SystemExit in a task of a plugin's own does not end the loop.

    asyncio lets SystemExit and KeyboardInterrupt of any task out of the loop. Here they stay the result
    of that task, for whoever awaits it. Ctrl-C cancels `main`, waits for it, and raises. Threads that are
    at work in the end have LEFT_OVER seconds.
    """
    loop = asyncio.new_event_loop()
    threads = _Threads()
    loop.set_default_executor(threads)
    try:
        asyncio.set_event_loop(loop)
        task = MainTask(main, loop=loop)
        try:
            _complete(loop, task)
        except BaseException:
            # a second one leaves without waiting
            task.is_leaving = True
            task.cancel()
            _complete(loop, task)
            raise
        if task.cancelled():
            raise RunError("a plugin cancelled the tasks of the run itself; run the same command to continue")
        return task.result()
    finally:
        try:
            _wind_up(loop)
            threads.leave()
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class _Threads(ThreadPoolExecutor):
    """The threads of `asyncio.to_thread`. What still runs in the end is left after a while."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="asyncio")
        self._running: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def leave(self) -> None:
        self.shutdown(wait=False, cancel_futures=True)
        wait(tuple(self._running), timeout=LEFT_OVER)


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Run the loop until the task is done. Raises KeyboardInterrupt where the user asked for it."""
    task.add_done_callback(lambda _: loop.stop())
    while not task.done():
        try:
            # comes back early where some code stops the loop
            loop.run_forever()
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
    _complete(loop, loop.create_task(_ended({loop.create_task(loop.shutdown_asyncgens())})))


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    done, _ = await asyncio.wait(tasks, timeout=LEFT_OVER)
    for task in done:
        if not task.cancelled():
            # looked at, so that nothing is printed of it
            task.exception()
