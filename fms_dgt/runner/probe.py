"""One call outside of a run: no journal, no queue, a few tries, and an end within a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.binding.prices import model_of
from fms_dgt.core.generator import Completion, Request
from fms_dgt.errors import ConnectionFailed, GeneratorError, RequestRefused, UserError
from fms_dgt.plugins import own_place, text_of
from fms_dgt.runner.code_faults import fault_text
from fms_dgt.runner.completions import checked_completion
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.limits import Bounds, Budget
from fms_dgt.runner.unanswered import with_advice

MAX_TRIES = 3
FIRST_DELAY = 0.5


@dataclass(frozen=True)
class Probe:
    """What came of a call: a completion, or the error; `mendable` where trying later does not help.

    `seconds` is what the backend took for the last try, loading a model apart.
    """

    completion: Completion | None = None
    error: str = ""
    mendable: bool = False
    seconds: float = 0.0
    tries: int = 0


class Hearing:
    """Hands on the pieces of an answer while it is waited for; `begun` once there was one."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self.begun = False
        self.over = False

    def __call__(self, piece: str) -> None:
        # a backend's thread may have one more in hand when the call is broken off
        if piece and not self.over:
            self.begun = True
            self._heard(piece)


class Prober:
    """Makes such calls. `timeout` bounds each with its tries; opening a backend takes what it takes.

    `told` hears of tries that failed and are made again, of each failure once.
    """

    def __init__(self, timeout: float, told: Callable[[str], None]) -> None:
        self._timeout = timeout
        self._told = told
        self._known: set[str] = set()
        self._endpoints = Endpoints(None, Budget(Bounds()))

    async def close(self) -> None:
        """Close what was opened."""
        await self._endpoints.close(asyncio.Event())

    async def ask(
        self, generator: BoundGenerator, request: Request, heard: Callable[[str], None] | None = None
    ) -> Probe:
        """Open the backend, ask, and again where that may help. Raises nothing that a backend raised.

        `heard` is given the pieces of the answer as they come; after the first there is no other try.
        """
        try:
            await self._endpoints.open(generator.backend)
        except UserError as error:
            return Probe(error=text_of(error), mendable=True)
        hearing = Hearing(heard) if heard else None
        try:
            return await self._tried(generator, request, hearing)
        finally:
            if hearing:
                hearing.over = True

    async def _tried(self, generator: BoundGenerator, request: Request, hearing: Hearing | None) -> Probe:
        until = time.monotonic() + self._timeout
        tries = 0
        while True:
            tries += 1
            started = time.monotonic()
            try:
                completion = await self._once(generator, request, until - started, hearing)
            except GeneratorError as error:
                seconds = time.monotonic() - started
                wait = _wait(error, tries, until - time.monotonic())
                if wait is None or (hearing and hearing.begun):
                    return Probe(None, with_advice(error), not error.retryable, seconds, tries)
                self._tell(f"{model_of(generator)}: {text_of(error)}; trying again")
                await asyncio.sleep(wait)
            else:
                return Probe(completion, seconds=time.monotonic() - started, tries=tries)

    def _tell(self, text: str) -> None:
        if text not in self._known:
            self._known.add(text)
            self._told(text)

    async def _once(
        self, generator: BoundGenerator, request: Request, seconds: float, hearing: Hearing | None
    ) -> Completion:
        backend = generator.backend
        try:
            async with asyncio.timeout(seconds):
                given: Any = (
                    await backend.generate_in_pieces(request, hearing)
                    if hearing
                    else await backend.generate(request)
                )
            return checked_completion(given, generator.type, [])
        except GeneratorError:
            raise
        except TimeoutError as error:
            mend = "if it is loading a model, give it longer with --timeout"
            raise ConnectionFailed(f"no answer within {self._timeout:g} s; {mend}") from error
        except Exception as error:
            text, at = f"the generator '{generator.type}' raised {fault_text(error)}", own_place(error)
            raise RequestRefused(f"{text} ({at})" if at else text) from error


def _wait(error: GeneratorError, tries: int, left: float) -> float | None:
    """How long until the next try; None where there is none."""
    wait = FIRST_DELAY * 2.0 ** (tries - 1) if error.retry_after is None else error.retry_after
    return wait if error.retryable and tries < MAX_TRIES and wait < left else None
