"""Plugin code that blocks the event loop, noticed from a thread while it does."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fms_dgt.core.events import CodeBlocked
from fms_dgt.plugins.code_place import CodePlace, code_called_by_engine

_logger = logging.getLogger("fms_dgt")

# Seconds between two looks at the loop.
TICK = 0.1
# A look that comes so much later than it should: the machine was suspended, or has no time for us.
LATE = 0.3
MOST_REPORTED = 10
# Code that blocks so long may never go on: it is told from the thread, since the loop cannot.
HOPELESS = 30.0


class _Sample:
    """The step of the loop that was seen at work in plugin code, and since when."""

    def __init__(self, step: FrameType, now: float) -> None:
        self.step = step
        self.since = self.until = now
        # set by the loop, once it goes on
        self.is_over = False
        self.calls: list[CodePlace] = []


class BlockedLoop:
    """Reports plugin code that takes more than `seconds` in one step of the loop: each line once.

    It looks at the stack of the loop's thread ten times a second, which takes microseconds. The loop itself
    is asked only where plugin code is seen: whether it goes on in between. `report` is called in the loop.
    """

    def __init__(self, seconds: float, report: Callable[[CodeBlocked], None]) -> None:
        self._seconds = seconds
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._stop = threading.Event()
        self._sample: _Sample | None = None
        self._reported: set[CodePlace] = set()

    def run(self) -> None:
        """Look until `stop`; runs in a thread of its own."""
        last = time.monotonic()
        while not self._stop.wait(TICK):
            now = time.monotonic()
            if now - last > TICK + LATE:
                self._sample = None
            else:
                self._look(now)
            last = now
        self._sample = None

    def stop(self) -> None:
        """End the thread at its next look."""
        self._stop.set()

    def _look(self, now: float) -> None:
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001 (Python has no other way)
        found = code_called_by_engine(frame) if frame is not None else None
        sample = self._sample
        if found is None:
            if sample is not None and not sample.calls:
                self._sample = None
            return
        step, calls = found
        if sample is None or sample.is_over or sample.step is not step:
            sample = self._sample = _Sample(step, now)
            self._call_loop(self._goes_on, sample)
        sample.until = now + TICK
        if now - sample.since >= self._seconds and not sample.calls:
            sample.calls = calls
        elif sample.calls and now - sample.since >= HOPELESS:
            self._tell_hopeless(sample, now)

    def _goes_on(self, sample: _Sample) -> None:
        """In the loop: the step is over."""
        sample.is_over = True
        if sample.calls and self._is_new(sample.calls[0]):
            own, *inner = sample.calls
            shown = [f"{place} in {place.function}" for place in inner]
            self._report(CodeBlocked(own.file, own.line, sample.until - sample.since, shown))

    def _tell_hopeless(self, sample: _Sample, now: float) -> None:
        own = sample.calls[0]
        if self._is_new(own):
            text = "plugin code keeps the whole run waiting, for %.0f s by now: %s in %s"
            _logger.warning(text, now - sample.since, own, own.function)

    def _is_new(self, own: CodePlace) -> bool:
        if own in self._reported or len(self._reported) >= MOST_REPORTED:
            return False
        self._reported.add(own)
        return True

    def _call_loop(self, function: Callable[[_Sample], None], sample: _Sample) -> None:
        try:
            self._loop.call_soon_threadsafe(function, sample)
        except RuntimeError:
            # the loop is closed
            self._stop.set()


@contextmanager
def blocked_loop_reported(seconds: float, report: Callable[[CodeBlocked], None]) -> Iterator[None]:
    """Within it, plugin code that blocks the running loop for longer is reported; with 0, none is."""
    if not seconds:
        yield
        return
    watching = BlockedLoop(seconds, report)
    thread = threading.Thread(target=watching.run, name="fms_dgt blocked loop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watching.stop()
        thread.join()
