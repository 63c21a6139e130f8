"""What an OpenAI-protocol server sends back, read: a completion, or the error it amounts to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import BadResponse, GeneratorError, RequestRefused
from fms_dgt.generators.openai.failures import error_of, failure_of

SHOWN = 300

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
            raise self._failure(status, headers, error_of(_json_or_none(content)), content)
        try:
            payload = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadResponse(f"{self.url} sent no valid JSON: {self.excerpt(content)}") from error
        choices = payload.get("choices") if isinstance(payload, dict) else None
        if not choices:
            # gateways send their upstream's error with a status of 200
            raise self._without_choices(headers, error_of(payload), content)
        try:
            return self._completion(choices[0], payload.get("usage") or {})
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            what = f"{self.url} sent an answer of an unknown shape: {self.excerpt(content)}"
            raise BadResponse(what) from error

    def excerpt(self, said: Any) -> str:
        """A piece of what a server said, on one line and without secrets."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = " ".join(text[: 10 * SHOWN].split())
        return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

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
        text, thoughts = _parts(said) if isinstance(said, list) else (said, "")
        if not text and (message.get("refusal") or finish == "content_filter"):
            why = str(message.get("refusal") or "filtered content")
            raise RequestRefused(f"the model refused to answer: {self.excerpt(why)}")
        if not isinstance(text, str | None) or not isinstance(finish, str | None):
            raise TypeError("text is no text")
        thoughts = message.get("reasoning_content") or message.get("reasoning") or thoughts
        return Completion(
            text=storable(text or ""),
            finish="length" if finish in CUT else finish or "stop",
            input_tokens=_whole(usage.get("prompt_tokens")),
            output_tokens=_whole(usage.get("completion_tokens")),
            extra=_extra(thoughts, choice.get("logprobs"), usage),
        )

    def _without_choices(
        self, headers: Mapping[str, str], error: Mapping[str, Any], content: bytes
    ) -> GeneratorError:
        code = error.get("code")
        if isinstance(code, int) and code >= HTTPStatus.BAD_REQUEST:
            return self._failure(code, headers, error, content)
        return BadResponse(f"{self.url} sent an answer without choices: {self.excerpt(content)}")

    def _failure(
        self, status: int, headers: Mapping[str, str], error: Mapping[str, Any], content: bytes
    ) -> GeneratorError:
        said = self.excerpt(error.get("message") or content)
        what = f"{self.url} answered {status}: {said}" if said else f"{self.url} answered {status}"
        return failure_of(status, headers, error, what, self.mend)


def storable(value: Any) -> Any:
    """A JSON value that every file can hold.

    JSON allows lone surrogates, which UTF-8 does not; Python's reader allows NaN, which JSON does not.
    """
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, dict):
        return {storable(name): storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parts(said: list[Any]) -> tuple[str, str]:
    """The text and the thoughts of a content that comes in parts."""
    text, thoughts = [], []
    for part in said:
        if part["type"] == "thinking":
            inner = part["thinking"]
            thoughts.append(inner if isinstance(inner, str) else _parts(inner)[0])
        elif part["type"] == "text":
            text.append(part["text"])
    return "".join(text), "".join(thoughts)


def _extra(thoughts: Any, logprobs: Any, usage: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer has beyond its text, where it has it."""
    extra: dict[str, Any] = {}
    if isinstance(thoughts, str) and thoughts:
        extra["reasoning"] = storable(thoughts)
    if logprobs:
        extra["logprobs"] = storable(logprobs)
    counted = (
        ("cached_tokens", "prompt_tokens_details", "cached_tokens"),
        ("reasoning_tokens", "completion_tokens_details", "reasoning_tokens"),
    )
    for name, group, entry in counted:
        count = _whole((usage.get(group) or {}).get(entry))
        if count:
            extra[name] = count
    return extra


def _json_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
