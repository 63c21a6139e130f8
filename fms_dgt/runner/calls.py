"""One call: answered already? -> limits -> retry -> backend -> journal.

This is the only place where a run asks a model anything; for a sign of life, `watch.py` asks the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from fms_dgt.core.events import CallFinished
from fms_dgt.core.generator import Completion
from fms_dgt.errors import CallFailed, SetupError
from fms_dgt.journal import Call, Journal, JournalReader, Payer, Tally, TaskEntry
from fms_dgt.journal.entries import NOT_WRITABLE
from fms_dgt.plugins import Hooks, text_of
from fms_dgt.runner.completions import keepable
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.spending import Spending
from fms_dgt.runner.stop import Abandoned
from fms_dgt.runner.tries import Ask, Tries
from fms_dgt.runner.unanswered import named
from fms_dgt.safety.working_folder import shown as shown_path


class Calls(Protocol):
    """Answers asks."""

    async def completion(self, ask: Ask, answers: Mapping[bytes, Any]) -> Completion:
        """The answer; from `answers`, the unit's part of the journal, where it is there."""

    def answered(self, ask: Ask, answers: Mapping[bytes, Any]) -> bool:
        """Whether the answer is known, so that nobody would be asked."""


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
