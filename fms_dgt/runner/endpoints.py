"""The endpoints of a run: opened once, watched while they are asked, closed in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from fms_dgt.core.generator import Generator
from fms_dgt.errors import FmsDgtError, SetupError, UserError
from fms_dgt.plugins import Hooks, described, must_pass, shown, summary
from fms_dgt.runner.limits import Budget, Endpoint
from fms_dgt.runner.silence import USUAL_LIMITS, RetryLimits
from fms_dgt.runner.watch import Watch

_logger = logging.getLogger("fms_dgt")

# Seconds that backends may take to close, all together.
CLOSE_SECONDS = 10.0


class Endpoints:
    """The endpoints of a run: backends that name the same one share its slots."""

    def __init__(
        self, max_concurrency: int | None, budget: Budget, limits: RetryLimits = USUAL_LIMITS
    ) -> None:
        self._max_concurrency = max_concurrency
        self._budget = budget
        self._limits = limits
        self._by_name: dict[str, Endpoint] = {}
        self._of: dict[int, Endpoint] = {}
        self._opened: dict[int, asyncio.Task[None]] = {}
        self._backends: list[Generator[Any]] = []
        self._watches: dict[Endpoint, tuple[Watch, asyncio.Task[None]]] = {}
        self.changed: Callable[[], None] = lambda: None
        # told of an endpoint that is given up; without it, none is watched
        self.gone: Callable[[FmsDgtError], None] | None = None
        self.last_calls: Callable[[], bool] = lambda: False
        self.answered_before = False

    def of(self, backend: Generator[Any]) -> Endpoint:
        """The endpoint of a backend; the widest of those that share it says how much it carries."""
        known = self._of.get(id(backend))
        return known if known is not None else self._taken_on(backend)

    def _taken_on(self, backend: Generator[Any]) -> Endpoint:
        wanted = self._max_concurrency or backend.options.max_concurrency
        if backend.at_most is not None:
            # calls that wait inside a backend wait there in no order, and their timeout runs
            wanted = min(wanted, backend.at_most)
        endpoint = self._by_name.get(backend.endpoint)
        if endpoint is None:
            # looked up at each call: the scheduler sets it once it stands
            changed, last_calls = (lambda: self.changed()), (lambda: self.last_calls())  # noqa: PLW0108
            endpoint = Endpoint(wanted, self._budget, changed, self._limits)
            endpoint.last_calls = last_calls
            endpoint.answered_before = self.answered_before
            self._by_name[backend.endpoint] = endpoint
        endpoint.width.widen(wanted)
        options = backend.options
        endpoint.limit(calls=options.requests_per_minute, tokens=options.tokens_per_minute)
        if self.is_open(backend):
            # it lives as long as the run now, so its id is its own
            self._of[id(backend)] = endpoint
        return endpoint

    def opened(self, backend: Generator[Any]) -> Endpoint | None:
        """The endpoint of a backend that has been opened and asked."""
        return self._of.get(id(backend))

    def all(self) -> list[Endpoint]:
        """Every endpoint so far."""
        return list(self._by_name.values())

    async def open(self, backend: Generator[Any]) -> None:
        """Open a backend, once."""
        if id(backend) not in self._opened:
            self._backends.append(backend)
            opening = self._opened[id(backend)] = asyncio.create_task(_opened(backend))
            # whoever waits for it may have been cancelled
            opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(self._opened[id(backend)])

    def is_open(self, backend: Generator[Any]) -> bool:
        """Whether a backend has been opened."""
        task = self._opened.get(id(backend))
        return task is not None and task.done() and task.exception() is None

    async def watch(self, endpoint: Endpoint, backend: Generator[Any], who: str, hooks: Hooks) -> None:
        """Watch an endpoint from before its first call on, until the run ends."""
        if self.gone is None:
            return
        if endpoint not in self._watches:
            watch = Watch(backend, who, endpoint.silence, hooks, self.gone)
            self._watches[endpoint] = watch, asyncio.create_task(watch.run())
        await self._watches[endpoint][0].reached()

    def unwatch(self, name: str = "") -> None:
        """End the watch of an endpoint that is given up, or all: nobody needs an answer any more."""
        for endpoint, (watch, watching) in self._watches.items():
            if endpoint is self._by_name.get(name) or not name:
                watching.cancel()
                watch.over()

    async def close(self, leave: asyncio.Event) -> None:
        """Close every backend that was opened, as long as `leave` is not set, and not for ever."""
        self.unwatch()
        # the data is safe by now; a backend that cannot close must not turn that into a failure
        for opening in self._opened.values():
            opening.cancel()
        closing: dict[asyncio.Task[Any], str] = {
            asyncio.create_task(_closed(backend)): type(backend).__name__ for backend in self._backends
        }
        leaving = asyncio.create_task(leave.wait())
        left = set(closing)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while left and not leaving.done():
                    done, _ = await asyncio.wait({*left, leaving}, return_when=asyncio.FIRST_COMPLETED)
                    left -= done
        except TimeoutError:
            names = ", ".join(sorted({closing[task] for task in left}))
            _logger.warning("%s did not close within %g s", names, CLOSE_SECONDS)
        finally:
            for task in (leaving, *left):
                task.cancel()


async def _closed(backend: Generator[Any]) -> None:
    """Close a backend, whatever it makes of that."""
    try:
        await backend.close()
    except BaseException as error:
        if must_pass(error):
            raise
        _logger.debug("%s cannot be closed: %s", type(backend).__name__, summary(error))


async def _opened(backend: Generator[Any]) -> None:
    """Open a backend; whatever goes wrong would go wrong for every call."""
    try:
        await backend.open()
    except UserError:
        raise
    except BaseException as error:
        if must_pass(error):
            raise
        text = (isinstance(error, FmsDgtError) and shown(error)) or described(error)
        raise SetupError(f"{type(backend).__name__} cannot be opened: {text}") from error
