"""A text without what names it or formats it: labels such as `Question 2:`, HTML tags, code fences."""

from __future__ import annotations

import html
import re
from typing import Final

from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.vocabulary import WORDS

_ENGLISH: Final = (
    "question|answer|instruction|response|reply|prompt|query|input|output|task|problem|exercise|example"
    "|item|step|request|statement|solution|text|sample|user|human|assistant|context|passage|document"
)
_NAME: Final = "|".join([_ENGLISH, *(re.escape(word) for words in WORDS.values() for word in words)])
_NUMBER: Final = r"[ \t]{0,3}(?:no\.?|nr\.?|#)?[ \t]{0,2}\d{1,3}"
# quotation marks, brackets, and what Markdown puts before a line or around a word
_SIGNS: Final = r"[\s\"'`*_#>|\-\u2022\u00b7\[\](){}\u201c\u300c\u3010\uff08]{0,20}"
_BEHIND: Final = r"[\"'`*_)\]}\u201d\u300d\u3011\uff09]{0,6}"
_COLON: Final = rf"{_BEHIND}[:\uff1a]"
_NAMED: Final = (
    rf"(?:(?:new|next|first|my|the)[ \t])?(?:{_NAME})(?:{_NUMBER})?{_BEHIND}[ \t]{{0,3}}"
    r"(?:[:\uff1a\u2013\u2014]|(?<=\d)[.)](?=\s)|(?=\n))"
)
_LETTER: Final = rf"[qa](?:{_NUMBER}(?:[.)](?=\s)|{_COLON})|{_COLON})"
_LABEL: Final = LazyPattern(rf"{_SIGNS}(?:{_NAMED}|{_LETTER}){_BEHIND}", re.IGNORECASE)
_LABEL_BEHIND: Final = LazyPattern(
    rf"\n[*_#> \t]{{0,10}}(?:{_NAME}|[qa])(?:{_NUMBER})?[ \t]{{0,3}}{_COLON}{_BEHIND}\s{{0,10}}\Z",
    re.IGNORECASE,
)
# `1.` and `a)` are no words anyway
_ITEM: Final = LazyPattern(
    rf"{_SIGNS}(?:\#[ \t]?)?(?:\d{{1,3}}|[a-z]|[ivx]{{2,5}})[.):\]]{{1,2}}{_BEHIND}\s", re.IGNORECASE
)
_TAG: Final = LazyPattern(r"<(?:/?[a-z][\w:-]{0,40}(?:\s[^<>]{0,400})?/?|!--[^<>]{0,400}--)>", re.IGNORECASE)
_FENCE: Final = LazyPattern(r"^[ \t]{0,3}(?:`{3,8}|~{3,8})[\w+#.-]{0,20}[ \t]*$", re.MULTILINE)
# `Task 3. Question: What?`
_MOST_LABELS: Final = 4


def unlabelled(text: str) -> str:
    """The text without the label that it begins or ends with; as it is where it is nothing else."""
    kept = text
    for _ in range(_MOST_LABELS):
        found = _LABEL.match(kept)
        if found is None:
            break
        kept = kept[found.end() :]
    kept = _LABEL_BEHIND.sub("", kept)
    return kept if kept.strip() else text


def unformatted(text: str) -> str:
    """The text without HTML tags, character references, code fences and the number of a list's item."""
    kept = _FENCE.sub("", text) if "```" in text or "~~~" in text else text
    kept = html.unescape(_TAG.sub(" ", kept)) if "<" in text or "&" in text else kept
    found = _ITEM.match(kept)
    kept = kept[found.end() :] if found else kept
    kept = kept.strip("| \t\n")
    return kept if kept.strip() else text
