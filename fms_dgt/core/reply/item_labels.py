"""What stands in a list's items and belongs to none of them: labels before them, remarks behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fms_dgt.core.reply.chatter import without_remarks
from fms_dgt.core.reply.cleaning import plain
from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.parts import without_own_label

_NUMBER = LazyPattern(r"[*_(]{0,3}(\d{1,3})[.)]{1,2}[*_]{0,3}[ \t]+")
_LEVEL = LazyPattern(r"[*_]{0,2}[\[(][\w -]{1,30}[\])][*_]{0,2}:?[ \t]+(?=\S)")
_LEVEL_BEHIND = LazyPattern(r"(?<=[?\uff1f])[ \t]{1,4}[*_]{0,2}[\[(][\w -]{1,30}[\])][*_]{0,2}\Z")
_BOLD = LazyPattern(r"\*\*[^*\n]{1,60}(?::\*\*|\*\*[ ]?:)[ \t]*(?=\S)")
_ANSWER = LazyPattern(
    r"\n[ \t>*_\-•]{0,10}(?:correct |expected |sample )?"
    r"(?:answers?|antwort|réponse|respuesta|答案|答)(?:[ ]?\d{1,2})?[*_ ]{0,3}[:\uff1a]",
    re.IGNORECASE,
)
_ABOUT = LazyPattern(
    r"(?<=[?\uff1f\"*)])\s{1,20}[*\-•(_]{0,3}[ \t]{0,8}This (?:question )?"
    r"(?:asks|tests|requires|checks|covers|assesses|explores|encourages)\b",
    re.IGNORECASE,
)
_QUESTION_MARK = LazyPattern(r"[?\uff1f][\"'*_”]{0,3}\Z")


def without_labels(items: Sequence[str], item: str, *, in_tags: bool = False) -> list[str]:
    """The items alone: `1. Question: What? (Note: easy)` is "What?".

    A bold or bracketed label goes only where all items have one and are questions without it: elsewhere it
    may be what the item is about. `in_tags` says that what is behind it is its own.
    """
    texts = list(items) if in_tags else [without_remarks(text, (item,)) for text in items]
    if not in_tags and item not in ("answer", "response"):
        for remark in (_ANSWER, _ABOUT):
            texts = [text[: found.start()] if (found := remark.search(text)) else text for text in texts]
    numbers = [_NUMBER.match(text) for text in texts]
    if len(texts) > 1 and [int(found[1]) for found in numbers if found] == list(range(1, len(texts) + 1)):
        texts = [text[found.end() :] for text, found in zip(texts, numbers, strict=True) if found]
    texts = [without_own_label(text, item) for text in texts]
    for label in (_LEVEL, _BOLD):
        labels = [label.match(text) for text in texts]
        if all(labels) and all(map(_QUESTION_MARK.search, texts)):
            texts = [text[one.end() :] for text, one in zip(texts, labels, strict=True) if one]
    if all(map(_LEVEL_BEHIND.search, texts)):
        texts = [_LEVEL_BEHIND.sub("", text) for text in texts]
    return [plain(text) for text in texts]
