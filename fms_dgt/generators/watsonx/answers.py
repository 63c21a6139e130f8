"""What watsonx sends back, read: completions, and pieces of text fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import BadResponse, RequestRefused

SHOWN = 300
# shorter ones are no secrets, and parts of words
SHORTEST_SECRET = 6
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
            choice, usage = payload["choices"][0], payload.get("usage") or {}
            message = choice["message"]
            text, refusal = message.get("content"), message.get("refusal")
            finish = choice.get("finish_reason")
            counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
            thoughts = message.get("reasoning_content") or message.get("reasoning")
        except (TypeError, LookupError, AttributeError) as error:
            raise self._unknown(payload) from error
        if not text and refusal:
            raise RequestRefused(f"the model refused to answer: {self.excerpt(refusal)}")
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
        for secret in self.secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        text = TOKEN.sub("***", text)
        text = " ".join(text[: 10 * SHOWN].split())
        return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

    def _completion(self, payload: Any, parts: tuple[Any, ...], thoughts: Any = None) -> Completion:
        text, finish, asked, made = parts
        if not isinstance(text, str | None) or not isinstance(finish, str | None):
            raise self._unknown(payload)
        reason = (finish or "stop").lower()
        if reason == FAILED:
            raise BadResponse(f"{self.url} broke off the answer: {self.excerpt(payload)}")
        return Completion(
            text=_storable(text or ""),
            finish="length" if reason in CUT_OFF else "stop",
            input_tokens=_whole(asked),
            output_tokens=_whole(made),
            extra={"reasoning": _storable(thoughts)} if isinstance(thoughts, str) and thoughts else {},
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


def _storable(text: str) -> str:
    """The text with lone surrogates replaced, which JSON allows and UTF-8 files do not."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
