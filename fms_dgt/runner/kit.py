"""The kit that stages and validators get: asks become calls, randomness is derived."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Mapping, Sequence
from contextvars import ContextVar
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.core.canonical import canonical, derived_random
from fms_dgt.core.fits_json import json_copy
from fms_dgt.core.generator import Completion, Message, Request
from fms_dgt.core.kit import Kit, Reply
from fms_dgt.core.reply import JsonReply, ScoreReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.validator import Validator, Verdict
from fms_dgt.core.wrong_result import WrongResult, kind_of
from fms_dgt.errors import CallFailed, FmsDgtError, InputError, Rejected, Unreadable
from fms_dgt.plugins import must_pass
from fms_dgt.runner.fresh_asking import asked_fresh, asked_longer, ended_early
from fms_dgt.runner.outcome import Mark, Path
from fms_dgt.runner.stop import Abandoned
from fms_dgt.runner.token_limits import has_usual_limit, sampling_of
from fms_dgt.runner.tries import Ask

if TYPE_CHECKING:
    from fms_dgt.runner.walk import Walk

SHOWN_REPLY = 2_000

# Where in a nest of `together` an ask stands; keeps keys apart that would differ by timing alone.
_scope: ContextVar[tuple[int, ...]] = ContextVar("fms_dgt_scope", default=())


class StageKit(Kit):
    """The kit of one stage on one row."""

    __slots__ = ("_check", "_generators", "_path", "_row", "_stage", "_trail", "_walk")

    def __init__(
        self,
        walk: Walk,
        row: Row,
        stage: str,
        generators: Mapping[str, BoundGenerator],
        check: Check | None = None,
        *,
        trail: tuple[Mark, ...] = (),
        path: Path | None = None,
    ) -> None:
        self._walk = walk
        self._row = row
        self._stage = stage
        self._generators = generators
        self._check = check
        # the ordered checks that the row has passed: a failure counts where none refuses it after all
        self._trail = trail
        # the row of the flow that this one stands in: an item of a list is not a row of its own
        self._path = row.path if path is None else path

    @property
    def check(self) -> Check:
        if self._check is None:
            raise RuntimeError("kit.check is there in validators only")
        return self._check

    @property
    def fixed_texts(self) -> Sequence[str]:
        return self._walk.task.fixed_texts

    async def ask(
        self,
        role: str,
        template: str,
        *,
        count: int | None = None,
        params: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Reply:
        generator = self._generators.get(role)
        name = self._walk.task.prompt_names.get((self._stage, str(template)), template)
        prompt = self._walk.task.templates.get(name)
        if generator is None or prompt is None:
            what = f"role '{role}'" if generator is None else f"template '{template}'"
            raise ValueError(f"{self._stage} asks with the {what}, which it does not declare in `asks`")
        as_json = generator.backend.enforces_schema and prompt.reply.schema(count) is not None
        scope = {**self._walk.task.columns, **self._row.as_dict(), **values}
        try:
            plain = await prompt.atext(scope, count=count, as_json=as_json) if prompt.plain else None
            if prompt.plain:
                messages: tuple[Message, ...] = ()
            elif prompt.trusted:
                # filled in here and now, with no other task between
                messages = prompt.messages(scope, count=count, as_json=as_json)
            else:
                messages = await prompt.amessages(scope, count=count, as_json=as_json)
        except InputError as error:
            # this row's values do not fit; others may
            raise ValueError(str(error)) from error
        merged = {**generator.sampling, **sampling_of(prompt, generator, count), **(params or {})}
        request = Request(
            messages,
            {name: json_copy(value) for name, value in merged.items() if value is not None},
            reply=prompt.reply,
            count=count,
            schema=prompt.reply.schema(count) if as_json else None,
            prompt=plain,
        )
        more = has_usual_limit(prompt, generator, count, params or {})
        return await self._read(generator, request, may_take_more=more)

    async def _read(self, generator: BoundGenerator, request: Request, *, may_take_more: bool) -> Reply:
        completion = await self._call(generator, request)
        try:
            return self._reply(request, completion)
        except Unreadable as error:
            again = self._again(generator, request, completion, str(error), may_take_more=may_take_more)
        completion = await self._call(generator, again)
        try:
            return self._reply(again, completion)
        except Unreadable as error:
            evidence = {"missing": str(error), "reply": completion.text[:SHOWN_REPLY]}
            raise Rejected("unreadable reply", {**evidence, **_cut_off(again, completion)}) from error

    def _again(
        self,
        generator: BoundGenerator,
        request: Request,
        completion: Completion,
        missing: str,
        *,
        may_take_more: bool,
    ) -> Request:
        """What is asked after a reply that could not be read."""
        shown = _asked_again(request, completion, missing)
        if not ended_early(completion) or self._answered(generator, shown):
            return shown
        fresh = asked_fresh(generator.backend, request)
        longer = asked_longer(request, completion) if may_take_more else None
        return fresh if longer is None or self._answered(generator, fresh) else longer

    def _answered(self, generator: BoundGenerator, request: Request) -> bool:
        """Whether this was asked by an earlier version, which asked so after every bad reply."""
        _, ask = self._asking(generator, request)
        return self._walk.calls.answered(ask, self._walk.answers)

    def _reply(self, request: Request, completion: Completion) -> Reply:
        reading = request.reply.reading(completion.text, finish=completion.finish, count=request.count)
        self._walk.left_out(self._stage, reading)
        if isinstance(request.reply, ScoreReply):
            self._walk.judged(self._stage, self._path, self._trail, reading.value)
        keys = request.reply.keys if isinstance(request.reply, JsonReply) else ()
        return Reply(reading.value, completion.text, completion, bool(reading.cut), keys)

    def _asking(self, generator: BoundGenerator, request: Request) -> tuple[bytes, Ask]:
        """What is asked, as a digest, and the next call that asks it."""
        walk = self._walk
        sent: Any = request.messages if request.prompt is None else request.prompt
        scope = _places(_scope.get())
        asked = [generator.identity, sent, request.params, self._row.key, self._stage, scope]
        base = blake2b(canonical(asked), digest_size=16).digest()
        nth = walk.asked.get(base, 0)
        digest = blake2b(b"%b/%d/%d" % (base, walk.seed, nth), digest_size=16).digest()
        ask = Ask(
            generator,
            request,
            digest,
            walk.task.name,
            walk.task_id,
            walk.unit.key,
            self._row.key,
            self._stage,
            walk.priority,
            walk.stop,
        )
        return base, ask

    async def _call(self, generator: BoundGenerator, request: Request) -> Completion:
        walk = self._walk
        base, ask = self._asking(generator, request)
        walk.asked[base] = walk.asked.get(base, 0) + 1
        walk.asking()
        # noted here, for a stage may catch what is raised, and must not turn it into data
        try:
            return await walk.calls.completion(ask, walk.answers)
        except Abandoned:
            walk.abandoned = True
            raise
        except CallFailed:
            walk.failed(self._trail)
            raise
        except FmsDgtError as error:
            walk.fatal(error)
            raise

    async def together(self, *steps: Awaitable[Any]) -> list[Any]:
        if len(steps) == 1:
            return [await steps[0]]
        results: list[Any] = [None] * len(steps)
        errors: dict[int, BaseException] = {}

        async def settle(at: int, step: Awaitable[Any]) -> None:
            _scope.set((*_scope.get(), at))
            try:
                results[at] = await step
            except BaseException as error:
                if must_pass(error):
                    raise
                # raised below, once the others have ended; also what a task group would take for the
                # wish of somebody who cancels its tasks
                errors[at] = error

        async with asyncio.TaskGroup() as group:
            for at, step in enumerate(steps):
                group.create_task(settle(at, step))
        if errors:
            raise errors[min(errors)]
        return results

    def random(self, name: str = "") -> Random:
        return derived_random(self._walk.seed, self._row.key, self._stage, name, _scope.get())

    async def measure(self, check: Check, row: Row) -> Verdict:
        bound = self._walk.task.validators[check.validator]
        if not isinstance(bound.validator, Validator):
            raise Rejected(f"{check.name} compares with earlier records and cannot stand inside a stage")
        kit = StageKit(
            self._walk, row, check.name, bound.generators, check, trail=self._trail, path=self._path
        )
        verdict: Any = await bound.validator.validate(row, kit)
        if not isinstance(verdict, Verdict):
            function = bound.validator.validate
            mend = "; write Verdict(float(passed), passed=passed)" if isinstance(verdict, bool) else ""
            raise WrongResult(f"validate() must give a Verdict, not {kind_of(verdict)}{mend}", function)
        return verdict

    async def step(self, stage: Stage, row: Row) -> list[Row]:
        self._walk.moved(stage.name, self._stage)
        kit = StageKit(self._walk, row, stage.name, self._generators, trail=self._trail, path=self._path)
        given = await stage.run(row, kit)
        rows = list(given) if isinstance(given, list | tuple) else [given]
        if any(isinstance(row, Rejected) for row in rows):
            raise TypeError(f"{stage.name} rejects some of its rows, and cannot be inside a stage")
        wrong = [row for row in rows if not isinstance(row, Row)]
        if wrong:
            function = next(stage.functions(), stage.run)
            raise WrongResult(f"a stage gives a Row or a list of them, not {kind_of(wrong[0])}", function)
        return [row for row in rows if isinstance(row, Row)]


def _places(scope: tuple[int, ...]) -> list[tuple[int, int]]:
    """A scope as part of a call's key.

    The first of several things done at once is keyed like a thing done alone, so that one vote more
    costs one call, not all of them; nothing else asks under that key while it is under way.
    """
    return [(depth, at) for depth, at in enumerate(scope) if at]


def _cut_off(request: Request, completion: Completion) -> Mapping[str, Any]:
    """How many tokens a reply had when it was cut off; nothing where it was not."""
    if completion.finish != "length":
        return {}
    return {"cut_off_at": request.params.get("max_tokens") or completion.output_tokens}


def _asked_again(request: Request, completion: Completion, missing: str) -> Request:
    """The second turn after a reply that could not be read; a plain prompt, which has no turns, once more."""
    if request.prompt is not None:
        return request
    says = f"Your reply could not be used: {missing}. Write the whole reply once more, in the form asked for."
    turns: tuple[Message, ...] = (
        {"role": "assistant", "content": completion.text[:SHOWN_REPLY] or "(nothing)"},
        {"role": "user", "content": says},
    )
    return dataclasses.replace(request, messages=(*request.messages, *turns))
