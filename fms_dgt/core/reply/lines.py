"""Items that nothing marks: one a line, or one alone."""

from __future__ import annotations

from fms_dgt.core.reply.chatter import CLOSING, ends_sentence, is_opening, is_refusal, without_remarks
from fms_dgt.core.reply.cleaning import plain, says_nothing
from fms_dgt.core.reply.lazy_pattern import LazyPattern

LONGEST_LINE = 600  # characters; more is no item of a list but prose
_LABEL = LazyPattern(r"[*_]{0,2}[^\W\d_]{1,20}(?:[ ][\w#]{1,20})?[*_]{0,2}[:\uff1a]")
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")


def bare_items(text: str, item: str, count: int | None) -> list[str]:
    """The lines of a reply, where they can be nothing but the items; none where they may be prose.

    Each ends as a question does, or there are as many as were asked for, all alike at their ends. A single
    one has to have been asked for.
    """
    if "```" in text or len(text) > LONGEST_LINE * max(count or 0, 50) or is_refusal(text):
        return []
    lines = [line.strip() for line in without_remarks(text).split("\n") if line.strip()]
    if lines and is_opening(lines[0]) and (len(lines) > 1 or count != 1 or lines[0].endswith(":")):
        lines.pop(0)
    if not lines or any(_is_none(line, item) for line in lines):
        return []
    if len(lines) > 1 and all(map(_LABEL.match, lines)):
        return []
    items = [plain(line) for line in lines]
    if count == 1 or len(lines) == 1:
        return items if count == 1 and len(lines) == 1 and len(items[0].split()) > 1 else []
    if all(line.endswith(_QUESTION_MARKS) for line in items):
        return items
    return items if len(items) == count and len(set(map(ends_sentence, items))) == 1 else []


def _is_none(line: str, item: str) -> bool:
    is_other = is_refusal(line) or CLOSING.match(line) is not None or says_nothing(line, item)
    return is_other or len(line) > LONGEST_LINE or line.endswith((":", "\uff1a")) or line[0] in "#<|[{"
