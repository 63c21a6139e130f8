"""One call: answered already? -> limits -> retry -> backend -> journal.

This is the only place where a run asks a backend anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fms_dgt.core.events import CallFinished
from fms_dgt.core.generator import Completion, Generator
from fms_dgt.errors import CallFailed, FmsDgtError, SetupError, UserError
from fms_dgt.journal import Call, Journal, JournalReader, Payer, Tally, TaskEntry
from fms_dgt.journal.entries import NOT_WRITABLE
from fms_dgt.plugins import Hooks, described, must_pass, shown, summary, text_of
from fms_dgt.runner.completions import keepable
from fms_dgt.runner.limits import Budget, Endpoint
from fms_dgt.runner.silence import USUAL_LIMITS, RetryLimits
from fms_dgt.runner.spending import Spending
from fms_dgt.runner.stop import Abandoned
from fms_dgt.runner.tries import Ask, Tries
from fms_dgt.runner.unanswered import named
from fms_dgt.runner.watch import Watch
from fms_dgt.safety.working_folder import shown as shown_path

_logger = logging.getLogger("fms_dgt")

# Seconds that backends may take to close, all together.
CLOSE_SECONDS = 10.0


class Calls(Protocol):
    """Answers asks."""

    async def completion(self, ask: Ask, answers: Mapping[bytes, Any]) -> Completion:
        """The answer; from `answers`, the unit's part of the journal, where it is there."""

    def answered(self, ask: Ask, answers: Mapping[bytes, Any]) -> bool:
        """Whether the answer is known, so that nobody would be asked."""


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


class PaidCalls:
    """Asks backends, within limits, again where that may help, and keeps every answer."""

    def __init__(
        self,
        journal: Journal,
        hooks: Hooks,
        endpoints: Endpoints,
        spending: Spending,
    ) -> None:
        self._journal = journal
        self._hooks = hooks
        self._endpoints = endpoints
        self.spending = spending
        self.paid = 0
        self.replayed = 0

    async def completion(self, ask: Ask, answers: Mapping[bytes, Any]) -> Completion:
        """From the journal, or paid for; raises what `Tries.run` raises."""
        payer = self.spending.prices.payer(ask)
        known = answers.get(ask.digest)
        if known is not None:
            self.replayed += 1
            completion = Completion(**known)
            self.spending.answered(ask, payer, _tally(completion), replayed=True)
            self._hooks.call_finished(CallFinished(ask.task, ask.stage, 0.0, replayed=True))
            return completion
        ask.stop.check()
        # nothing is paid for that could not be kept
        self._journal.check()
        backend = ask.generator.backend
        endpoint = self._endpoints.opened(backend)
        if endpoint is None:
            await self._endpoints.open(backend)
            endpoint = self._endpoints.of(backend)
        who = named(payer.role, ask.generator)
        if not endpoint.silence.responds:
            await self._endpoints.watch(endpoint, backend, who, self._hooks)
        tries = Tries(ask, endpoint, self._hooks, who)
        completion = await tries.run()
        self.paid += 1
        tally = _tally(completion, tries.cost, tries.seconds)
        self.spending.answered(ask, payer, tally)
        # queued before anything else can happen: a cancellation from here on loses nothing
        completion, written = self._put(ask, completion, payer, tally)
        try:
            await written
        except NOT_WRITABLE as error:
            raise _not_kept(ask, error) from error
        return completion

    def answered(self, ask: Ask, answers: Mapping[bytes, Any]) -> bool:
        """Whether the journal has the answer."""
        return ask.digest in answers

    def _put(
        self, ask: Ask, completion: Completion, payer: Payer, tally: Tally
    ) -> tuple[Completion, asyncio.Future[None]]:
        """Queue an answer, without what the journal cannot hold. Raises CallFailed where nothing is left."""
        try:
            return completion, self._journal.put_call(_entry(ask, completion, payer, tally))
        except NOT_WRITABLE:
            completion = keepable(completion, ask.generator.type, self._hooks.warnings)
        try:
            return completion, self._journal.put_call(_entry(ask, completion, payer, tally))
        except NOT_WRITABLE as error:
            raise _not_kept(ask, error) from error


class ReplayedCalls:
    """Answers from another run's journal, and asks nobody; the answers are kept in this run's, too."""

    def __init__(self, source: JournalReader, journal: Journal, hooks: Hooks, spending: Spending) -> None:
        self._source = source
        self._journal = journal
        self._hooks = hooks
        self.spending = spending
        self._tasks: dict[str, TaskEntry | None] = {}
        self._unit: tuple[str, str] = ("", "")
        self._answers: Mapping[bytes, Any] = {}
        self.paid = 0
        self.replayed = 0

    async def completion(self, ask: Ask, answers: Mapping[bytes, Any]) -> Completion:
        """The answer of the other run. Raises SetupError where that run was never asked this."""
        ask.stop.check()
        payer = self.spending.prices.payer(ask)
        known = answers.get(ask.digest)
        if known is None:
            known = self._of_unit(ask).get(ask.digest)
            if known is None:
                folder = shown_path(self._source.folder)
                text = f"{folder} has no answer to what {ask.stage} asks for row {ask.row} of {ask.task}"
                raise SetupError(f"{text}; replay a run of the same task, templates and options")
            completion = Completion(**known)
            await self._journal.put_call(_entry(ask, completion, payer, _tally(completion)))
        self.replayed += 1
        self.spending.answered(ask, payer, _tally(Completion(**known)), replayed=True)
        self._hooks.call_finished(CallFinished(ask.task, ask.stage, 0.0, replayed=True))
        return Completion(**known)

    def answered(self, ask: Ask, answers: Mapping[bytes, Any]) -> bool:
        """Whether this run or the other was asked this."""
        return ask.digest in answers or ask.digest in self._of_unit(ask)

    def _of_unit(self, ask: Ask) -> Mapping[bytes, Any]:
        if ask.task not in self._tasks:
            self._tasks[ask.task] = self._source.find_task(ask.task)
        entry = self._tasks[ask.task]
        if self._unit != (ask.task, ask.unit):
            self._unit = (ask.task, ask.unit)
            self._answers = self._source.answers(entry.id, ask.unit) if entry else {}
        return self._answers


class KnownCalls:
    """Answers from the journal alone: tells what a changed task would still be served."""

    def __init__(self) -> None:
        self.served = 0

    def answered(self, ask: Ask, answers: Mapping[bytes, Any]) -> bool:
        """Whether the journal has the answer."""
        return ask.digest in answers

    async def completion(self, ask: Ask, answers: Mapping[bytes, Any]) -> Completion:
        """The known answer; Abandoned where there is none."""
        known = answers.get(ask.digest)
        if known is None:
            raise Abandoned
        self.served += 1
        return Completion(**known)


def _not_kept(ask: Ask, error: Exception) -> CallFailed:
    text = f"an answer of the generator '{ask.generator.type}' cannot be kept: {text_of(error)}"
    return CallFailed("failed", {"error": text})


def _tally(completion: Completion, cost: float = 0.0, seconds: float = 0.0) -> Tally:
    return Tally(1, completion.input_tokens, completion.output_tokens, cost, seconds)


def _entry(ask: Ask, completion: Completion, payer: Payer, tally: Tally) -> Call:
    request = ask.request
    answer: dict[str, Any] = {
        "text": completion.text,
        "finish": completion.finish,
        "input_tokens": completion.input_tokens,
        "output_tokens": completion.output_tokens,
    }
    if completion.extra:
        answer["extra"] = dict(completion.extra)
    asked = {"messages": request.messages, "params": dict(request.params), "seed": ask.seed}
    if request.prompt is not None:
        asked["prompt"] = request.prompt
    body = {
        "generator": ask.generator.type,
        "role": payer.role,
        "request": asked,
        "completion": answer,
    }
    return Call(ask.unit, ask.digest, ask.row, body, payer, tally)
