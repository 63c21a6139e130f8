"""Words that make a number no score: it is asked, explained, quoted, one of several or taken back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.score_words import WORDS, number_of

_MARKS = r"[\s*_`\])]{0,4}"
_N = rf"(?P<number>[+-]?\d{{1,9}}(?:\.\d{{1,3}})?|\b(?:{'|'.join(WORDS)})\b)"
# behind the number: a question, another number, what the number would mean
_BEHIND = LazyPattern(
    r"[ \t*_`\])]{0,4}(?:\?|~~|->|=>|[\u2192\u21d2]|\+[ ]?\d"
    r"|[(\[]?(?:revised|corrected|changed|now|down|up|updated|adjusted|lowered|raised|reduced|initially|originally|maybe|or)\b"
    r"|(?:is|are|was|were|would|means?|indicates?|if|when|unless|only|could|might)\b"
    r"|(?<=[ ])(?!(?:stars|points|marks|as|is|this|has|its)\b)(?-i:[a-z]{3,20}s\b)"
    # the other ends of the scale: "1 (poor) to 5", "5 - perfect, 4 - good"
    r"|\([^()\n]{0,40}\)[ ]?(?:to|and|or|bis|[,;\u2013-])[ ]?\d"
    r"|[^\n]{0,60}?[,;][ ]?\d{1,2}[ ]?[-\u2013=:(][ ]?[a-z]"
    r"|for (?!(?:this|that|it|its|the (?:answer|response|question|pair|instruction|claim|text|reply))\b))",
    re.IGNORECASE | re.MULTILINE,
)
_BEFORE = LazyPattern(
    r"\bexample:?[ *_]{0,4}\Z"
    r"|\b(?:if|when|unless|until|would|could|might|cannot|for|not|never)\b[^,;:]{0,25}\Z",
    re.IGNORECASE | re.MULTILINE,
)
_TAKEN_BACK = LazyPattern(
    r"\b(?:corrections?|corrected|revis(?:e|ed|ion|ing)|re-?(?:evaluat|consider)\w{1,5}"
    r"|on (?:reflection|second thoughts?)|wait|hmm|sorry|oops|misread|my mistake|actually|edit|no(?=,)"
    r"|go with|settle (?:on|for)|updated?|scratch that"
    r"|should (?:rather |instead )?be|make (?:it|that)|instead"
    r"|(?:chang(?:e|ed|ing)|lower(?:ed|ing)?|rais(?:e|ed|ing)|reduc(?:e|ed|ing)) (?:this|it|that|my|the|to)"
    r"|(?:drop|fall|go|come|move)(?:s|es)? (?:down |up )?to|becomes"
    r"|korrektur|corrección|更正|修正)\b"
    rf"[^\n]{{0,120}}?(?<![\w./-]){_N}(?={_MARKS}(?:[.,;:!)。]|$|/[ ]?\d|out of|instead|rather))",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER_CHOICE = LazyPattern(
    r"\b(?:though|although|but|or|maybe|perhaps|possibly)[ ](?:(?:maybe|perhaps|even|possibly|a|an)[ ]){0,2}"
    rf"{_N}(?=[ ](?:would|could|might|may|is|seems)\b|[*_]{{0,2}}(?:[.;)!]|$))",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTES = tuple("\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb")
_PART = re.compile(
    r"(?:\A|[\n.,;:|])[ \t>*_#•\-\d.)|]{0,10}(?P<part>(?:the[ ])?(?:[^\W\d_]{2,20}[ ]){1,3})\Z"
)
_WHOLE = frozenset(
    {"my", "a", "this", "final", "total", "overall", "our", "so", "its", "is", "and", "thus", "hence"}
)


def is_hypothetical(text: str, start: int, end: int) -> bool:
    """Whether the sentence around a number says what a score would mean, or asks, and not what it is."""
    before = re.split(r"[.!?\n]", text[max(0, start - 60) : start])[-1]
    return bool(_BEHIND.match(text, end) or _BEFORE.search(before))


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether the label and its number are quoted from elsewhere: `the text says "Score: 5"`."""
    return text[max(0, start - 1) : start] in _QUOTES and any(
        mark in _QUOTES for mark in text[end - 1 : end + 1]
    )


def other_score(text: str, start: int, score: float) -> str | None:
    """Another score behind `start`, by which the first one is taken back or made one of two."""
    places = (
        _TAKEN_BACK.finditer(text, start),
        _OTHER_CHOICE.finditer(text, start, start + 200),
    )
    for found in (found for place in places for found in place):
        if number_of(found["number"]) != score:
            return found["number"]
    return None


def parts_of_score(text: str, starts: Iterable[int]) -> Sequence[str]:
    """The words before the labels at `starts`, where they make them scores of parts: "Accuracy score"."""
    parts = []
    for start in starts:
        found = _PART.search(text, max(0, start - 70), start)
        words = found["part"].lower().split() if found else []
        if words and not _WHOLE & set(words):
            parts.append(" ".join(words))
    return parts
