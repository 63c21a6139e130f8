"""Conversations as rows have them: lists of turns, each with a role and a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.node import kind_of
from fms_dgt.datasets.row_file import Message

ROLES = ("system", "user", "assistant", "tool", "pretraining")


def conversation_problem(value: Any, column: str = "messages") -> str:
    """What keeps a value from being a conversation; "" where nothing does."""
    if not isinstance(value, list):
        return f"'{column}' is {kind_of(value)}, and must be a list of turns"
    if not value:
        return f"'{column}' has no turns"
    for number, turn in enumerate(value, 1):
        if not isinstance(turn, Mapping) or not isinstance(turn.get("content"), str):
            return f"turn {number} of '{column}' must have a role and a text as its content"
        if turn.get("role") not in ROLES:
            return f"'{turn.get('role')}' is not a role; there are: {', '.join(ROLES)}"
        if not turn["content"].strip() and _needs_text(turn):
            return f"turn {number} of '{column}', the {turn['role']}'s, is empty"
    return ""


def _needs_text(turn: Mapping[str, Any]) -> bool:
    """Whether a turn says nothing without a text, as a system turn or a call of a tool does."""
    return turn["role"] != "system" and all(turn[name] is None for name in turn.keys() - {"role", "content"})


def conversation(value: list[Mapping[str, Any]]) -> list[Message]:
    """The turns with all that they have; a dataset's reader puts null where other turns have more."""
    return [{name: part for name, part in turn.items() if part is not None} for turn in value]


def turns(user: str, assistant: str) -> list[Message]:
    """One question and one answer."""
    return [message("user", user), message("assistant", assistant)]


def message(role: str, content: str) -> Message:
    """One turn."""
    return {"role": role, "content": content}


def with_system(messages: list[Message], prompt: str) -> list[Message]:
    """The same turns below a system turn; those that have one, or an empty `prompt`, as they are."""
    if not prompt or any(turn["role"] == "system" for turn in messages):
        return messages
    return [message("system", prompt), *messages]
