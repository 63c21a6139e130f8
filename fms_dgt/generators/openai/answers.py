"""What an OpenAI-protocol server sends back, read: a completion, or the error it amounts to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import BadResponse, GeneratorError, RequestRefused
from fms_dgt.generators.openai.failures import error_of, failure_of
from fms_dgt.generators.shared.http import json_or_none
from fms_dgt.generators.shared.text import counted, excerpt, in_parts, mapping, storable

# how servers say that an answer was cut off at the token limit
CUT = frozenset({"length", "max_tokens", "model_length"})


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads answers, of chats and of plain completions.

    Errors name `url` and show a piece of what came, without any of the `secrets`; `mend` says what to
    do about a status.
    """

    url: str
    secrets: Sequence[str] = field(default=(), repr=False)
    mend: Mapping[int, str] = field(default_factory=dict)

    def read(self, status: int, headers: Mapping[str, str], content: bytes) -> Completion:
        """The completion in an answer. Raises GeneratorError."""
        if status != HTTPStatus.OK:
            raise self._failure(status, headers, error_of(json_or_none(content)), content)
        try:
            payload = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadResponse(f"{self.url} sent no valid JSON: {self.excerpt(content)}") from error
        choices = payload.get("choices") if isinstance(payload, dict) else None
        if not choices:
            # gateways send their upstream's error with a status of 200
            raise self._without_choices(headers, error_of(payload), content)
        try:
            return self._completion(choices[0], mapping(payload.get("usage")))
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            what = f"{self.url} sent an answer of an unknown shape: {self.excerpt(content)}"
            raise BadResponse(what) from error

    def excerpt(self, said: Any) -> str:
        """A piece of what a server said, on one line and without secrets."""
        return excerpt(said, self.secrets)

    def cause(self, error: Exception) -> Exception | None:
        """The error as a cause to show below ours; None where its text has a secret in it."""
        return None if any(secret in str(error) for secret in self.secrets) else error

    def _completion(self, choice: Any, usage: Any) -> Completion:
        # a plain completion's choice is its own message, whose content is called text
        message = choice if "message" not in choice and "text" in choice else choice["message"]
        said, finish = message.get("content", message.get("text")), choice.get("finish_reason")
        if finish == "error":
            error = error_of(choice)
            raise BadResponse(f"{self.url} broke off its answer: {self.excerpt(error.get('message'))}")
        text, thoughts = in_parts(said) if isinstance(said, list) else (said, "")
        if not text and (message.get("refusal") or finish == "content_filter"):
            why = str(message.get("refusal") or "filtered content")
            raise RequestRefused(f"the model refused to answer: {self.excerpt(why)}")
        if not isinstance(text, str | None) or not isinstance(finish, str | None):
            raise TypeError("text is not text")
        thoughts = message.get("reasoning_content") or message.get("reasoning") or thoughts
        return Completion(
            text=storable(text or ""),
            finish="length" if finish in CUT else finish or "stop",
            input_tokens=counted(usage.get("prompt_tokens")),
            output_tokens=counted(usage.get("completion_tokens")),
            extra=_extra(thoughts, choice.get("logprobs"), usage),
        )

    def _without_choices(
        self, headers: Mapping[str, str], error: Mapping[str, Any], content: bytes
    ) -> GeneratorError:
        code = error.get("code")
        if isinstance(code, str) and re.fullmatch(r"[45]\d\d", code):
            code = int(code)
        if isinstance(code, int) and code >= HTTPStatus.BAD_REQUEST:
            return self._failure(code, headers, error, content)
        return BadResponse(f"{self.url} sent an answer without choices: {self.excerpt(content)}")

    def _failure(
        self, status: int, headers: Mapping[str, str], error: Mapping[str, Any], content: bytes
    ) -> GeneratorError:
        said = self.excerpt(error.get("message") or content)
        what = f"{self.url} answered {status}: {said}" if said else f"{self.url} answered {status}"
        return failure_of(status, headers, error, what, self.mend)


def _extra(thoughts: Any, logprobs: Any, usage: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer has beyond its text, where it has it."""
    extra: dict[str, Any] = {}
    if isinstance(thoughts, str) and thoughts:
        extra["reasoning"] = storable(thoughts)
    if logprobs:
        extra["logprobs"] = storable(logprobs)
    details = (
        ("cached_tokens", "prompt_tokens_details", "cached_tokens"),
        ("reasoning_tokens", "completion_tokens_details", "reasoning_tokens"),
    )
    for name, group, entry in details:
        count = counted(mapping(usage.get(group)).get(entry))
        if count:
            extra[name] = count
    return extra
