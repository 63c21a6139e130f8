"""The turns of a conversation, each begun where the chat template would begin it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fms_dgt.builders.magpie.chat_format import ChatFormat, Turn
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import FunctionStage, stage
from fms_dgt.errors import Rejected

ROLE, TEMPLATE = "generator", "turn"

# a header whose special tokens a backend leaves out: the role's name alone, or stuck to the end of a turn
_HEADER = re.compile(
    r"^(?:user|assistant|model|system)[ \t]*$"
    r"|[?!](?:user|assistant|model)[ \t]*$"
    # behind a full stop in prose alone: `return request.user` is code
    r"|^(?!return\b|import\b|from\b|await\b|yield\b|del\b)(?![^\n]*[=(){}`\[\]])"
    r"\S[^\n]*\s[^\s.]+\.(?:user|assistant|model)[ \t]*$",
    re.MULTILINE,
)


def first_instruction(form: ChatFormat) -> FunctionStage:
    """The user's first turn, from nothing but what stands before it."""

    @stage(needs={"system_prompt"}, makes={"instruction"}, asks={ROLE: [TEMPLATE]})
    async def instruction(row: Row, kit: Kit) -> Row:
        return row.with_(instruction=await _user(form, row["system_prompt"], (), kit))

    return instruction


def first_response(form: ChatFormat) -> FunctionStage:
    """The first answer of a longer conversation, from the same text as all that follow it."""

    @stage(needs={"system_prompt", "instruction"}, makes={"response"}, asks={ROLE: [TEMPLATE]})
    async def response(row: Row, kit: Kit) -> Row:
        turns = [_turn("user", row["instruction"])]
        return row.with_(response=await _assistant(form, row["system_prompt"], turns, kit))

    return response


def more_turns(form: ChatFormat, number: int) -> FunctionStage:
    """The conversation after its first two turns, `number` turns of each in all.

    Each turn is there before the next is asked for: one that cannot be had ends the row.
    """

    @stage(needs={"system_prompt", "instruction", "response"}, makes={"messages"}, asks={ROLE: [TEMPLATE]})
    async def conversation(row: Row, kit: Kit) -> Row:
        system = row["system_prompt"]
        turns = [_turn("user", row["instruction"]), _turn("assistant", row["response"])]
        for _ in range(number - 1):
            turns.append(_turn("user", await _user(form, system, turns, kit)))
            turns.append(_turn("assistant", await _assistant(form, system, turns, kit)))
        begun = [_turn("system", system)] if system else []
        return row.with_(messages=[*begun, *turns])

    return conversation


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


async def _user(
    form: ChatFormat, system: str, turns: tuple[Turn, ...] | list[dict[str, str]], kit: Kit
) -> str:
    return await _said(form, form.before_user(system, turns), "instruction", kit)


async def _assistant(form: ChatFormat, system: str, turns: list[dict[str, str]], kit: Kit) -> str:
    return await _said(form, form.before_assistant(system, turns), "answer", kit)


async def _said(form: ChatFormat, text: str, what: str, kit: Kit) -> str:
    """What the model goes on with. Raises Rejected where that is no whole turn, or more than one."""
    params: Mapping[str, Any] = {"stop": form.stop} if form.stop else {}
    reply = await kit.ask(ROLE, TEMPLATE, params=params, text=text)
    said = str(reply.value)
    if reply.cut:
        raise Rejected(f"the {what} breaks off", said)
    if any(mark in said for mark in form.marks):
        raise Rejected(f"the {what} has marks of the chat template in it", said)
    if _HEADER.search(said):
        raise Rejected(f"the {what} goes on into the next turn", said)
    return said
