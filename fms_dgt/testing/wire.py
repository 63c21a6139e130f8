"""The OpenAI protocol as the stand-in server speaks it: answers and payloads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BytesOrJson = bytes | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the stand-in model says. Tokens that are not given are counted as four characters each.

    `message` has further entries of a chat message (`refusal`, `reasoning_content`); `text` may be None
    as some servers send it.
    """

    text: str | None
    finish: str = "stop"
    input_tokens: int | None = None
    output_tokens: int | None = None
    message: Mapping[str, Any] = field(default_factory=dict)


def prompt_of(body: Mapping[str, Any]) -> str:
    """The prompt of a request: its text, or the contents of its messages with an empty line between."""
    if "messages" not in body:
        return str(body.get("prompt", ""))
    return "\n\n".join(str(message.get("content", "")) for message in body["messages"])


def encoded(body: BytesOrJson) -> bytes:
    """A body as it goes over the wire."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def error_payload(status: int, message: str, **more: Any) -> dict[str, Any]:
    """An error as OpenAI words it."""
    return {"error": {"message": message, "type": f"status_{status}", "param": None, "code": None, **more}}


def models_payload(model: str) -> dict[str, Any]:
    """The answer to `GET /v1/models`."""
    entry = {"id": model, "object": "model", "created": 0, "owned_by": "fms_dgt.testing"}
    return {"object": "list", "data": [entry]}


def answer_payload(answer: Answer, body: Mapping[str, Any], *, number: int, chat: bool) -> dict[str, Any]:
    """The answer to a completion request."""
    given, made = answer.input_tokens, answer.output_tokens
    asked = len(prompt_of(body)) // 4 + 1 if given is None else given
    said = len(answer.text or "") // 4 + 1 if made is None else made
    choice: dict[str, Any] = {"index": 0, "finish_reason": answer.finish}
    if chat:
        choice["message"] = {"role": "assistant", "content": answer.text, **answer.message}
    else:
        choice["text"] = answer.text
    return {
        "id": f"stand-in-{number}",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": body.get("model", ""),
        "choices": [choice],
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
    }
