"""Requests as the protocol has them: chats, and prompts that stand in the middle of a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.generator import Request
from fms_dgt.errors import Problem, RequestRefused
from fms_dgt.generators.openai.options import ServerOptions
from fms_dgt.generators.shared.requests import plain_prompt, written
from fms_dgt.generators.shared.schemas import held_to

# what an answer would come back in several pieces with, or in another form than is read here
ONE_ANSWER = {"n": (None, 1), "stream": (None, False)}
MEND_SEVERAL = "take it out: each answer is asked for, and paid for, by itself"
PENALTY = "repetition_penalty"
# what a request says itself
OWN = ("messages", "prompt")


class BodyWriter:
    """Writes the bodies of one generator's requests. `max_tokens_name` is for chats.

    `hosted` is set for OpenAI's own models.
    """

    def __init__(self, options: ServerOptions, max_tokens_name: str, *, hosted: bool = False) -> None:
        self._options = options
        self._hosted = hosted
        self._max_tokens_name = options.max_tokens_name or max_tokens_name
        self._logprobs = options.logprobs

    def chat(self, request: Request) -> bytes:
        """The body of a chat. Raises RequestRefused."""
        body = self._common(request)
        if "max_tokens" in body and self._max_tokens_name != "max_tokens":
            body[self._max_tokens_name] = body.pop("max_tokens")
        if self._logprobs is not None:
            body["logprobs"] = True
            if self._logprobs:
                body["top_logprobs"] = self._logprobs
        return self._written(body, messages=[dict(message) for message in request.messages])

    def plain(self, request: Request) -> bytes:
        """The body of a plain completion; the turns of a chat follow one another. Raises RequestRefused."""
        body = self._common(request)
        if self._logprobs is not None:
            body["logprobs"] = self._logprobs
        return self._written(body, prompt=plain_prompt(request))

    def _common(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._options.model_id_or_path}
        if self._options.send_seed:
            body["seed"] = request.seed
        body.update(request.params)
        if PENALTY in body:
            body[self._options.repetition_penalty_name] = body.pop(PENALTY)
        if self._options.enforce_schema and request.schema is not None:
            body["response_format"] = held_to(request.schema, hosted=self._hosted)
        return body

    def _written(self, body: dict[str, Any], **asked: Any) -> bytes:
        body = {**body, **self._options.extra_body, **asked}
        several = several_in(body)
        if several:
            raise RequestRefused(f"{several} cannot be asked for; {MEND_SEVERAL}")
        return written(body)


def several_in(body: Mapping[str, Any]) -> str:
    """The first parameter that would bring more or other than one whole answer, '' if there is none."""
    for name, allowed in ONE_ANSWER.items():
        value = body.get(name)
        if value is None and None in allowed:
            continue
        if not any(value is one or (type(value) is type(one) and value == one) for one in allowed):
            return f"'{name}: {str(value).lower()}'"
    return ""


def body_problems(kind: str, options: ServerOptions) -> list[Problem]:
    """What in the options no request can say."""
    problems = []
    for said, where in (({"n": options.n}, ""), (options.extra_body, " in 'extra_body'")):
        several = several_in(said)
        if several:
            what = f"the {kind} generator asks for one answer a call, so {several}{where} cannot be"
            problems.append(Problem(what, MEND_SEVERAL))
    for name in OWN:
        if name in options.extra_body:
            what = f"the {kind} generator's 'extra_body' says '{name}', which each request says itself"
            problems.append(Problem(what, "take it out"))
    return problems
