"""Requests that ask nothing, which llama.cpp's server would answer all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

# larger ones have pictures in them, and are llama.cpp's to judge
LARGEST_READ: Final = 1 << 24
ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
_CHATS: Final = ("/chat/completions", "/v1/chat/completions", "/v1/messages")
_RESPONSES: Final = ("/responses", "/v1/responses")
_COMPLETIONS: Final = ("/completion", "/completions", "/v1/completions")


def nonsense_in(path: str, body: bytes, template: str) -> str:
    """What is wrong with a request for an answer; "" where nothing is, or llama.cpp says it itself.

    `template` is the model's chat template: some have roles of their own.
    """
    if path not in (*_CHATS, *_COMPLETIONS, *_RESPONSES) or len(body) > LARGEST_READ:
        return ""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(asked, Mapping):
        return "the request must be a JSON object"
    if path in _COMPLETIONS:
        is_empty = asked.get("prompt") == ""
        return "'prompt' is empty: send the text that the answer continues" if is_empty else ""
    if path in _RESPONSES:
        is_empty = "input" in asked and _is_blank(asked["input"])
        return "'input' is empty: send the text that is to be answered" if is_empty else ""
    messages = asked.get("messages")
    # what is missing or no list, llama.cpp refuses
    return _fault_of_chat(messages, template) if isinstance(messages, list) else ""


def _fault_of_chat(messages: Sequence[Any], template: str) -> str:
    if not messages:
        return "'messages' is empty: send at least one message with a role and a content"
    faults = (_fault_of_message(f"messages[{at}]", each, template) for at, each in enumerate(messages))
    if fault := next((fault for fault in faults if fault), ""):
        return fault
    if all(_is_blank(message.get("content")) and not message.get("tool_calls") for message in messages):
        return "no message has any content"
    return ""


def _fault_of_message(where: str, message: Any, template: str) -> str:
    if not isinstance(message, Mapping):
        return f"{where} must be an object with 'role' and 'content'"
    role = message.get("role")
    if not isinstance(role, str) or not role.strip():
        return f"{where} has no role; there are: {', '.join(ROLES)}"
    # some templates have roles of several words, of which the first is their own
    if role not in ROLES and role.split()[0] not in template:
        return f"{where}: '{role[:80]}' is not a role; there are: {', '.join(ROLES)}"
    if role != "assistant" and message.get("content") in (None, []):
        return f"{where} has no content"
    return ""


def _is_blank(content: Any) -> bool:
    """Whether a content is nothing, blanks, or parts of nothing else."""
    if isinstance(content, str):
        return not content.strip()
    if isinstance(content, list):
        return all(
            isinstance(part, Mapping) and isinstance(part.get("text"), str) and not part["text"].strip()
            for part in content
        )
    return content is None
