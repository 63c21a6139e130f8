"""What an OpenAI-protocol server sends back, read: a completion, or the error it amounts to."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
)

SHOWN = 300

ANY_CALL = frozenset({401, 402, 403, 404, 405, 407})
OVERLOADED = frozenset({429, 503, 529})
TRY_AGAIN = frozenset({408, 409})
# codes that say more than their status does; servers do not agree on the status
ANY_CALL_CODES = frozenset({"insufficient_quota", "invalid_api_key", "model_not_found"})
THIS_CALL_CODES = frozenset({"content_filter", "content_policy_violation", "context_length_exceeded"})

MEND = {
    401: "check the key",
    403: "check what the key may do",
    404: "check the model's name, and that the base URL ends where the server wants it (often in /v1)",
}


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads answers. Errors name `url` and show a piece of what came, without any of the `secrets`."""

    url: str
    secrets: Sequence[str] = ()

    def read(self, status: int, headers: Mapping[str, str], content: bytes) -> Completion:
        """The completion in an answer. Raises GeneratorError."""
        if status != HTTPStatus.OK:
            raise self._failure(status, headers, _error_of(_json_or_none(content)), content)
        try:
            payload = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadResponse(f"{self.url} sent no valid JSON: {self.excerpt(content)}") from error
        choices = payload.get("choices") if isinstance(payload, dict) else None
        if not choices:
            # gateways send their upstream's error with a status of 200
            raise self._without_choices(headers, _error_of(payload), content)
        try:
            return self._completion(choices[0], payload.get("usage") or {})
        except (TypeError, KeyError, AttributeError) as error:
            what = f"{self.url} sent an answer of an unknown shape: {self.excerpt(content)}"
            raise BadResponse(what) from error

    def excerpt(self, said: Any) -> str:
        """A piece of what a server said, on one line and without secrets."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = " ".join(text[: 10 * SHOWN].split())
        return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

    def _completion(self, choice: Any, usage: Any) -> Completion:
        message = choice["message"]
        text, finish = message.get("content"), choice.get("finish_reason")
        if not text and (message.get("refusal") or finish == "content_filter"):
            why = str(message.get("refusal") or "filtered content")
            raise RequestRefused(f"the model refused to answer: {self.excerpt(why)}")
        if not isinstance(text, str | None) or not isinstance(finish, str | None):
            raise TypeError("text is no text")
        thoughts = message.get("reasoning_content") or message.get("reasoning")
        return Completion(
            text=_storable(text or ""),
            finish=finish or "stop",
            input_tokens=_whole(usage.get("prompt_tokens")),
            output_tokens=_whole(usage.get("completion_tokens")),
            extra={"reasoning": _storable(thoughts)} if isinstance(thoughts, str) and thoughts else {},
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
        if status in ANY_CALL and status in MEND:
            what = f"{what}; {MEND[status]}"
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return EveryCallFails(f"{what}; it has moved, so set 'base_url' to where it is now")
        kind = _kind(status, error)
        return kind(what, retry_after=_retry_after(headers) if kind.retryable else None)


def _kind(status: int, error: Mapping[str, Any]) -> type[GeneratorError]:
    code, metadata = error.get("code"), error.get("metadata")
    # moderation of one prompt comes as 403 from some gateways
    flagged = isinstance(metadata, Mapping) and "flagged_input" in metadata
    if flagged or code in THIS_CALL_CODES:
        return RequestRefused
    if status in ANY_CALL or code in ANY_CALL_CODES:
        return EveryCallFails
    if status in OVERLOADED:
        return Overloaded
    if status in TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ConnectionFailed
    return RequestRefused if status >= HTTPStatus.BAD_REQUEST else BadResponse


def _json_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _error_of(payload: Any) -> Mapping[str, Any]:
    """The error in a payload: `{"error": {...}}` as OpenAI has it, or one of its simpler cousins."""
    if not isinstance(payload, dict):
        return {}
    error = payload.get("error", payload)
    if isinstance(error, dict):
        code = error.get("code")
        message = error.get("message") or error.get("detail")
        return {**error, "message": message, "code": code if isinstance(code, int | str) else None}
    return {"message": error}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    said = headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _storable(text: str) -> str:
    """The text with lone surrogates replaced, which JSON allows and UTF-8 files do not."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
