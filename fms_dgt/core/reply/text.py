"""A reply that is the answer itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.reply.chatter import before_end_mark, has_part_marks
from fms_dgt.core.reply.cleaning import PLAIN_FENCES, clean, unfenced
from fms_dgt.core.reply.contract import Reading, ReplyContract
from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.errors import Unreadable

# what models that were trained to think put around what they say in the end
_WHOLE = LazyPattern(r"<(answer|response|final_answer)>(.*)</\1>", re.DOTALL | re.IGNORECASE)

# a turn's label, as in a transcript; where others speak, too, the text is one
_OWN_LABEL = LazyPattern(
    r"(?:#{1,4}[ ])?[*_]{0,2}(?:assistant|response|(?:final )?answer)[*_]{0,2}[ ]?:[*_]{0,2}\s", re.IGNORECASE
)
_SPEAKER = LazyPattern(
    r"^[ \t*#]{0,6}(?:user|human|assistant|system|instruction|question|answer|response|q|a)[*]{0,2}[ ]?:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class TextReply(ReplyContract):
    """Any text. It needs no instructions, so a template may do without `{{ reply_format }}`.

    Where it has to be `whole`, one that was cut off is none.
    """

    whole: bool = False

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        return ""

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> str:
        """The stripped text, out of a fence that is not code and of an answer's tags around all of it.

        A text of marked parts keeps its end marks: they belong to what a later stage extracts.
        """
        answer = unfenced(clean(text), PLAIN_FENCES).strip()
        if self.whole and finish == "length":
            raise Unreadable("The reply was cut off before its end; write a shorter one.")
        if not has_part_marks(answer):
            answer = before_end_mark(answer).strip()
        label = _OWN_LABEL.match(answer)
        if label and not _SPEAKER.search(answer, label.end()):
            answer = answer[label.end() :].strip()
        whole = _WHOLE.fullmatch(answer) if answer.startswith("<") else None
        if whole and f"<{whole[1]}>" not in whole[2]:
            answer = whole[2].strip()
        if not answer:
            raise Unreadable("The reply is empty.")
        return answer

    def reading(self, text: str, *, finish: str = "stop", count: int | None = None) -> Reading:
        """A text that was cut off is read, and counted."""
        return Reading(self.read(text, finish=finish), cut=int(finish == "length"))

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "text", **({"whole": True} if self.whole else {})}
