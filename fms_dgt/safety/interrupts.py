"""Ctrl-C and SIGTERM during a run, and how they differ from an exception that some code raises itself."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fms_dgt.errors import Interrupted


class Interrupts:
    """Asks a run to stop: the first time gently, from then on at once."""

    def __init__(self) -> None:
        self.asked = 0
        self._served = 0
        self._stop: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """Have `stop` called on the event loop; works from any thread, and in a signal handler."""
        self.asked += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._serve)

    @contextmanager
    def heard_by(self, stop: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `stop` is called for each request, and at once where one came before."""
        before = self._stop, self._loop
        self._stop, self._loop = stop, asyncio.get_running_loop()
        if self.asked > self._served:
            self._loop.call_soon(self._serve)
        try:
            yield
        finally:
            self._stop, self._loop = before

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for requests, in the main thread only.

        Where nobody hears them, or where the event loop has not served the one before since some
        code holds it up, the signal raises Interrupted on the spot.
        """
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        held_up = self.asked > self._served
        self.ask()
        if held_up or self._stop is None:
            raise Interrupted

    def _serve(self) -> None:
        # one that came with the last request for which somebody listened
        if self._stop is not None and self._served < self.asked:
            self._served += 1
            self._stop()


def is_of_user(error: KeyboardInterrupt) -> bool:
    """Whether Ctrl-C raised this, as far as can be known; some code may raise one of its own.

    Python hands signals to the main thread alone, and a run that listens raises Interrupted.
    """
    if isinstance(error, Interrupted):
        return True
    if threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(signal.SIGINT)
    return not isinstance(getattr(handler, "__self__", None), Interrupts)
