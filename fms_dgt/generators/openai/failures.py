"""Which of this package's errors a failed answer is: by its status, and by what its body says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    GeneratorError,
    Overloaded,
    RequestRefused,
)
from fms_dgt.generators.shared.http import ANY_CALL, OVERLOADED, TRY_AGAIN, retry_after

# codes that say more than their status does; servers do not agree on the status
ANY_CALL_CODES = frozenset(
    {"insufficient_quota", "invalid_api_key", "model_not_found", "unsupported_parameter", "unsupported_value"}
)
THIS_CALL_CODES = frozenset({"content_filter", "content_policy_violation", "context_length_exceeded"})

MEND = {
    401: "check the key",
    403: "check what the key may do",
    404: "check the model's name, and that the base URL ends where the server wants it (often in /v1)",
    407: "check the proxy's user and password",
}

# parameters that some servers or models do not take, and what keeps them from being sent
PARAMETERS = {
    "max_tokens": "set 'max_tokens_name: max_completion_tokens'",
    "max_completion_tokens": "set 'max_tokens_name: max_tokens'",
    "seed": "set 'send_seed: false'",
    "response_format": "set 'enforce_schema: false'",
    "json_schema": "set 'enforce_schema: false'",
    "logprobs": "take out 'logprobs'",
    "top_logprobs": "set 'logprobs: 0'",
    "temperature": "set 'temperature: null' in the block and in the stages' params",
    "top_p": "set 'top_p: null' in the block and in the stages' params",
    "stop": "set 'stop: null' in the block and in the stages' params",
    **{
        name: f"take '{name}' out of the block, the stages' params and the templates"
        for name in ("top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty")
    },
    "repeat_penalty": "set 'repetition_penalty_name: repetition_penalty'",
}
_PARAMETER = re.compile(rf"\b({'|'.join(sorted(PARAMETERS, key=len, reverse=True))})\b")
_UNKNOWN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|no longer", re.IGNORECASE
)
PARAMETER_STATUSES = (400, 422)


def failure_of(
    status: int, headers: Mapping[str, str], error: Mapping[str, Any], what: str, mend: Mapping[int, str]
) -> GeneratorError:
    """The error that a status and its body amount to; `what` is its text, `mend` goes before MEND."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return EveryCallFails(f"{what}; it has moved, so set 'base_url' to where it is now")
    hint = _parameter_hint(error) if status in PARAMETER_STATUSES else ""
    if not hint and status in ANY_CALL:
        hint = mend.get(status) or MEND.get(status, "")
    kind = _kind(status, error)
    text = f"{what}; {hint}" if hint else what
    return kind(text, retry_after=retry_after(headers) if kind.retryable else None)


def error_of(payload: Any) -> Mapping[str, Any]:
    """The error in a payload: `{"error": {...}}` as OpenAI has it, or one of its simpler cousins."""
    if not isinstance(payload, dict):
        return {}
    error = payload.get("error", payload)
    if isinstance(error, dict):
        code = error.get("code")
        message = error.get("message") or error.get("detail")
        return {**error, "message": message, "code": code if isinstance(code, int | str) else None}
    return {"message": error}


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


def _parameter_hint(error: Mapping[str, Any]) -> str:
    """Which option keeps away the parameter that was refused; '' where none was."""
    message = str(error.get("message") or "")
    if not _UNKNOWN.search(message):
        return ""
    # several may be named: the first is the culprit, others are what to use instead
    found = _PARAMETER.search(f"{error.get('param') or ''} {message}")
    return PARAMETERS[found[1]] if found else ""
