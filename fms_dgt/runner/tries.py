"""The tries of one call: limits, backend, and what each kind of failure means."""

from __future__ import annotations

import asyncio
import math
import random
import time
from typing import Any, NamedTuple, NoReturn

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.core.events import CallFinished, CallRetried
from fms_dgt.core.fits_json import json_copy
from fms_dgt.core.generator import Completion, Request
from fms_dgt.core.wrong_result import WrongResult
from fms_dgt.errors import (
    BackendGone,
    CallFailed,
    ConnectionFailed,
    GeneratorError,
    Overloaded,
    SetupError,
    Unreachable,
)
from fms_dgt.plugins import Hooks, must_pass, text_of
from fms_dgt.runner.addresses import without_addresses
from fms_dgt.runner.code_faults import CodeFault, GeneratorRaised
from fms_dgt.runner.completions import checked_completion
from fms_dgt.runner.limits import Endpoint, Priority
from fms_dgt.runner.own_cancellation import taking_back
from fms_dgt.runner.pace import LONGEST_WAIT
from fms_dgt.runner.stop import Stop, this_task
from fms_dgt.runner.unanswered import gave_up, named
from fms_dgt.safety.masking import hide_secrets

FIRST_DELAY = 0.5
SHORTEST_DELAY = 0.005
LONGEST_DELAY = 60.0
# Until the first answer of a run: a server that starts is soon found to be there.
LONGEST_AT_FIRST = 5.0
# So many refusals in a row, before any answer, mean that every call would be refused.
REFUSALS_THAT_STOP = 20
# What a try that met an overloaded endpoint, or none, counts of one that failed by itself.
NO_FAULT_COUNTS = 0.1


class Ask(NamedTuple):
    """A request, without its seed, and everything that says where it stands."""

    generator: BoundGenerator
    request: Request
    digest: bytes
    task: str
    task_id: int
    unit: str
    row: str
    stage: str
    priority: Priority
    stop: Stop

    @property
    def seed(self) -> int:
        """The request's own: 31 bits, which fit every backend's."""
        return int.from_bytes(self.digest[:4], "big") >> 1


class Tries:
    """Asks a backend until there is an answer, or no use in going on."""

    def __init__(self, ask: Ask, endpoint: Endpoint, hooks: Hooks, who: str = "") -> None:
        self._ask = ask
        self._endpoint = endpoint
        self._silence = endpoint.silence
        self._hooks = hooks
        # the block and its model, for errors
        self._who = who or named("", ask.generator)
        # of the answer: how long the backend took, without earlier tries and waits; what it cost
        self.seconds = 0.0
        self.cost = 0.0
        self._attempts = 0
        # tries that failed, by what they weigh: all of them, and those beside which others were answered
        self._weighed = 0.0
        self._counted = 0.0
        self._answers_before = 0
        # of the last try: how long it took, and whether its own time limit ended it
        self._took = 0.0
        self._timed_out = False

    async def run(self) -> Completion:
        """The answer. Raises CallFailed where this call fails for good, Abandoned where the task has
        stopped, SetupError or BackendGone where every call would fail.
        """
        started = time.monotonic()
        self._endpoint.untried += 1
        self._silence.wanted()
        try:
            while True:
                try:
                    completion = await self._once()
                except GeneratorError as error:
                    await self._after(error)
                else:
                    self._report(completion, time.monotonic() - started)
                    return completion
        finally:
            self._silence.settled()
            if self._counted:
                self._endpoint.retrying -= 1
            else:
                self._endpoint.untried -= 1

    async def _once(self) -> Completion:
        # the task may have stopped while the backend was opened; who waits after that is not turned away
        self._ask.stop.check()
        await self._endpoint.acquire(self._ask.priority, self._ask.stop)
        calls = tokens = 0
        self._attempts += 1
        number = self._silence.began()
        started = time.monotonic()
        try:
            completion = await self._generate()
            self.seconds = time.monotonic() - started
            calls, tokens = 1, completion.input_tokens + completion.output_tokens
            self.cost = self._price_of(completion)
            self._endpoint.answered()
        except Overloaded as error:
            self._endpoint.overloaded(_seconds(error.retry_after))
            raise
        finally:
            self._took = self._silence.ended(number)
            self._endpoint.release(calls, tokens, self.cost)
        return completion

    def _price_of(self, completion: Completion) -> float:
        """What an answer costs; 0 where no price is known."""
        options = self._ask.generator.backend.options
        return options.price_of(completion.input_tokens, completion.output_tokens) or 0.0

    async def _generate(self) -> Completion:
        generator = self._ask.generator
        seconds = generator.backend.options.timeout
        task = this_task()
        before = task.cancelling()
        self._timed_out = False
        try:
            answering = generator.backend.generate(_sent(self._ask))
            given: Any = await taking_back(answering, seconds)
            return checked_completion(given, generator.type, self._hooks.warnings)
        except GeneratorError:
            raise
        except WrongResult as error:
            error.function = generator.backend.generate
            raise self._raised(error) from error
        except TimeoutError as error:
            self._timed_out = True
            raise ConnectionFailed(f"no answer within {seconds:g} s") from error
        except BaseException as error:
            if must_pass(error) or task.cancelling() > before:
                # the run ends, or the stage has a time limit of its own
                raise
            if isinstance(error, asyncio.CancelledError):
                raise ConnectionFailed(f"the generator '{generator.type}' gave the call up") from error
            # a backend owes GeneratorErrors; what it lets through is its fault, and final for the row
            raise self._raised(error) from error

    def _raised(self, error: BaseException) -> GeneratorRaised:
        """An error in the backend's own code, which hooks are told of."""
        part = f"the generator '{self._ask.generator.type}'"
        fault = CodeFault.of(self._ask.stage, part, error)
        self._hooks.code_failed(fault.event(self._ask.task))
        says_so = isinstance(error, WrongResult)
        return GeneratorRaised(fault.text if says_so else f"{part} raised {fault.text}", fault)

    async def _after(self, error: GeneratorError) -> None:
        if error.fails_every_call:
            raise SetupError(f"{self._who}: {text_of(error)}") from error
        if not error.retryable:
            self._refused(error)
        self._note(error)
        self._count(error)
        if self._hopeless(error):
            self._give_up(error)
        if self._silence.is_over:
            if self._alone(error):
                # nothing is left that could show whether it is the backend or these calls
                self._give_up(error)
            endpoint = self._ask.generator.backend.endpoint
            raise BackendGone(gave_up(self._who, self._silence, error), endpoint=endpoint) from error
        # an overloaded endpoint decides itself when the next call goes: the oldest that waits
        delay = 0.0 if isinstance(error, Overloaded) else self._delay(error)
        self._hooks.call_retried(CallRetried(self._ask.task, self._ask.stage, text_of(error), delay))
        if delay:
            await self._ask.stop.sleep(delay)
        self._ask.stop.check()

    def _note(self, error: GeneratorError) -> None:
        """Tell the endpoint's silence of a failure that another try may mend."""
        # a server that was reached and did not answer in time is slow
        slow = self._timed_out and self._silence.responds
        self._silence.failed(text_of(error), self._took, busy=slow or isinstance(error, Overloaded))

    def _count(self, error: GeneratorError) -> None:
        """A try counts against its call only while the backend answers others.

        One that met an overloaded endpoint, or none, which is no fault of the call's, counts little.
        """
        if self._counted == 0.0:
            self._endpoint.untried -= 1
            self._endpoint.retrying += 1
        weight = NO_FAULT_COUNTS if isinstance(error, Overloaded | Unreachable) else 1.0
        self._weighed += weight
        if self._counted == 0.0 or self._silence.answers > self._answers_before:
            self._counted += weight
        self._answers_before = self._silence.answers

    def _hopeless(self, error: GeneratorError) -> bool:
        most = self._silence.limits.max_attempts
        return self._counted >= most or (self._weighed >= most and self._alone(error))

    def _alone(self, error: GeneratorError) -> bool:
        """Whether the calls may be to blame: nothing else is left to ask where there were answers before."""
        endpoint = self._endpoint
        return endpoint.answered_before and endpoint.nothing_else and not isinstance(error, Unreachable)

    def _refused(self, error: GeneratorError) -> NoReturn:
        self._silence.refused()
        self._endpoint.refused_in_row += 1
        endpoint = self._endpoint
        # the last calls of a folder may be those that were refused before
        may_be_the_calls = endpoint.answered_before and endpoint.last_calls()
        is_many = self._silence.answers == 0 and endpoint.refused_in_row >= REFUSALS_THAT_STOP
        if is_many and not may_be_the_calls:
            at = f" ({error.fault.at.short})" if isinstance(error, GeneratorRaised) and error.fault.at else ""
            text = f"{self._who}: refuses every call; the last error: {text_of(error)}{at}"
            raise SetupError(text) from error
        self._give_up(error)

    def _give_up(self, error: GeneratorError) -> NoReturn:
        text = text_of(error)
        self._report(None, 0.0, text)
        # nothing that depends on timing (how often it was tried) may stand in the evidence
        endpoint = self._ask.generator.backend.endpoint
        evidence = {"error": without_addresses(hide_secrets(text), endpoint)}
        if isinstance(error, GeneratorRaised):
            evidence["at"] = error.fault.evidence()["at"]
        raise CallFailed("failed", evidence) from error

    def _delay(self, error: GeneratorError) -> float:
        asked = _seconds(error.retry_after)
        if asked is not None:
            delay = max(min(asked, LONGEST_WAIT), SHORTEST_DELAY * 2.0 ** min(self._attempts, 9))
        else:
            longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._attempts - 1, 10))
            delay = longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, shapes no data)
        # a last try when the time is up, rather than much later
        limits = self._silence.limits
        longest = LONGEST_DELAY if self._silence.answers else min(limits.first / 4, LONGEST_AT_FIRST)
        return min(delay, longest, max(self._silence.left, FIRST_DELAY))

    def _report(self, completion: Completion | None, seconds: float, error: str = "") -> None:
        tokens = (completion.input_tokens, completion.output_tokens) if completion else (0, 0)
        self._hooks.call_finished(
            CallFinished(
                self._ask.task, self._ask.stage, seconds, *tokens, attempts=self._attempts, error=error
            )
        )


def _sent(ask: Ask) -> Request:
    """What a backend may change as it likes: the call's key and the journal hold what was asked."""
    request = ask.request
    return Request(
        tuple(map(dict, request.messages)),
        json_copy(request.params),
        ask.seed,
        request.reply,
        request.count,
        json_copy(request.schema),
        request.prompt,
    )


def _seconds(asked: Any) -> float | None:
    """How long a backend asks to wait, if that is a length of time."""
    if not isinstance(asked, int | float) or math.isnan(asked):
        return None
    return max(0.0, float(min(asked, LONGEST_WAIT)))
