"""A reply that is the answer itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.reply.cleaning import PLAIN_FENCES, clean, unfenced
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.errors import Unreadable


@dataclass(frozen=True)
class TextReply(ReplyContract):
    """Any text. It needs no instructions, so a template may do without `{{ reply_format }}`."""

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        return ""

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> str:
        """The stripped text, out of a fence that is not code."""
        answer = unfenced(clean(text), PLAIN_FENCES).strip()
        if not answer:
            raise Unreadable("The reply is empty.")
        return answer

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "text"}
