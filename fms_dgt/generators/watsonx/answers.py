"""What watsonx sends back, read: completions, and pieces of text fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import BadResponse, RequestRefused
from fms_dgt.generators.shared.text import counted, excerpt, in_parts, mapping, storable

# a signed token, as sign-in gives them: nobody else knows these, and they change
TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")

# all the ways in which an answer ends before the model was done
CUT_OFF = frozenset({"length", "max_tokens", "token_limit", "time_limit", "not_finished", "cancelled"})
FAILED = "error"


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads answers. Errors name `url` and show a piece of what came, without any of the `secrets`."""

    url: str
    secrets: Sequence[str] = ()

    def chat(self, payload: Any) -> Completion:
        """The completion in the answer to a chat call. Raises GeneratorError."""
        try:
            choice, usage = payload["choices"][0], mapping(payload.get("usage"))
            message = choice["message"]
            said, refusal = message.get("content"), message.get("refusal")
            text, thoughts = in_parts(said) if isinstance(said, list) else (said, "")
            finish = choice.get("finish_reason")
            counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
            thoughts = message.get("reasoning_content") or message.get("reasoning") or thoughts
        except (TypeError, LookupError, AttributeError) as error:
            raise self._unknown(payload) from error
        if not text and (refusal or finish == "content_filter"):
            why = self.excerpt(refusal or "filtered content")
            raise RequestRefused(f"the model refused to answer: {why}")
        return self._completion(payload, (text, finish, *counts), thoughts)

    def plain(self, payload: Any) -> Completion:
        """The completion in the answer to a plain generation call. Raises GeneratorError."""
        try:
            result = payload["results"][0]
            names = ("generated_text", "stop_reason", "input_token_count", "generated_token_count")
            parts = tuple(result.get(name) for name in names)
        except (TypeError, LookupError, AttributeError) as error:
            raise self._unknown(payload) from error
        return self._completion(payload, parts)

    def excerpt(self, said: Any) -> str:
        """A piece of what a server said, on one line and without secrets."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return excerpt(TOKEN.sub("***", text), self.secrets)

    def _completion(self, payload: Any, parts: tuple[Any, ...], thoughts: Any = None) -> Completion:
        text, finish, asked, made = parts
        if not isinstance(text, str | None) or not isinstance(finish, str | None):
            raise self._unknown(payload)
        reason = (finish or "stop").lower()
        if reason == FAILED:
            raise BadResponse(f"{self.url} broke off the answer: {self.excerpt(payload)}")
        return Completion(
            text=storable(text or ""),
            finish="length" if reason in CUT_OFF else "stop",
            input_tokens=counted(asked),
            output_tokens=counted(made),
            extra={"reasoning": storable(thoughts)} if isinstance(thoughts, str) and thoughts else {},
        )

    def _unknown(self, payload: Any) -> BadResponse:
        return BadResponse(f"{self.url} sent an answer of an unknown shape: {self.excerpt(payload)}")


def error_of(payload: Any) -> Mapping[str, Any]:
    """The error in a payload, by `code` and `message`: watsonx's form, or one of the sign-in services'."""
    if not isinstance(payload, dict):
        return {}
    errors = payload.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else payload
    if not isinstance(first, dict):
        return {"message": first}
    message = first.get("message") or first.get("errorMessage") or first.get("error")
    return {"code": first.get("code") or first.get("errorCode"), "message": message}
