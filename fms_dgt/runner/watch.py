"""Watches an endpoint while a run goes on: tells that it is waited for, and ends it where it hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fms_dgt.core.events import EndpointSilent
from fms_dgt.core.generator import Generator
from fms_dgt.errors import BackendGone, FmsDgtError, Unreachable
from fms_dgt.plugins import Hooks, must_pass
from fms_dgt.runner.silence import Silence
from fms_dgt.runner.stop import this_task
from fms_dgt.runner.unanswered import hangs

# Seconds that the first call leaves to a sign of life: a server that works on one call at a time has no
# time for it later.
HEAD_START = 1.0
# Seconds of silence that are nothing to speak of, and between two words on it.
SHORT, EVERY = 5.0, 5.0
# Seconds between two looks.
LOOK = 1.0


class Watch:
    """Of one endpoint. `who` names the block and its model; `gone` is told why it is given up."""

    def __init__(
        self,
        backend: Generator[Any],
        who: str,
        silence: Silence,
        hooks: Hooks,
        gone: Callable[[FmsDgtError], None],
    ) -> None:
        self._backend = backend
        self._who = who
        self._silence = silence
        self._hooks = hooks
        self._gone = gone
        self._reached = asyncio.Event()
        # seconds of silence at which the next word is due; 0 where none was told
        self._due = 0.0

    async def reached(self) -> None:
        """Wait until it gave a sign of life, but for no longer than a moment."""
        try:
            async with asyncio.timeout(HEAD_START):
                await self._reached.wait()
        except TimeoutError:
            # the calls that follow need not wait for that
            self._reached.set()

    async def run(self) -> None:
        """Watch, until it is given up; to be cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ping())
            group.create_task(self._look())

    async def _ping(self) -> None:
        while not self._silence.responds:
            try:
                async with asyncio.timeout(self._silence.limits.first):
                    await self._backend.ping()
            except (Unreachable, TimeoutError):
                self._reached.set()
                await asyncio.sleep(LOOK)
            except BaseException as error:
                if must_pass(error) or this_task().cancelling():
                    raise
                # something is there; what it makes of this tells nothing of its calls
                break
            else:
                break
        self._silence.responds = True
        self._reached.set()

    async def _look(self) -> None:
        silence = self._silence
        pause = min(LOOK, max(0.02, silence.limits.first / 4))
        while not silence.hangs:
            await asyncio.sleep(pause)
            if not silence.is_worrying:
                self.over()
            elif silence.seconds >= max(SHORT, self._due):
                self._due = silence.seconds + EVERY
                self._tell(max(silence.left, 0.0))
        # what follows the address tells the limits of models apart
        text = hangs(self._who, self._backend.endpoint.partition(" ")[0], silence)
        self._gone(BackendGone(text, endpoint=self._backend.endpoint))

    def over(self) -> None:
        """Tell that it is no longer waited for, where it was told that it is."""
        if self._due:
            self._due = 0.0
            self._tell(None)

    def _tell(self, left: float | None) -> None:
        silence = self._silence
        self._hooks.endpoint_silent(
            EndpointSilent(self._who, silence.error, silence.seconds, left, busy=silence.busy)
        )
