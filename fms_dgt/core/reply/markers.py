"""Items behind numbers, headings or bullets, for replies that left the tags out."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from fms_dgt.core.reply.cleaning import fence_count, key_of, plain, spelling
from fms_dgt.core.reply.parts import COLON, LEAD, unbold

Style: TypeAlias = tuple[object, ...]

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BULLET = re.compile(
    r"^(?P<lead>[ \t]{0,12})[-*•+·\u2013\u2014‣◦▪●○■➤→][ \t]+(?:\[[ xX]?\][ \t]+)?(?=\S)", re.MULTILINE
)
_CIRCLED = re.compile(rf"^({LEAD})(?:([①-⑳])|([1-9])\ufe0f?\u20e3)[.):]?[ \t]{{0,4}}", re.MULTILINE)
_LAST_FENCE = re.compile(r"(?:\A|\n)[ \t]{0,3}(?:```|~~~)")
_SENTENCE_END = r"(?<=[.?!:;,…\"'”\u2019)*\]])"


@functools.lru_cache(maxsize=256)
def _number_pattern(item: str) -> re.Pattern[str]:
    return re.compile(
        rf"^{LEAD}(?:(?P<word>{_words(item)})[ \t\u00a0]?\#?[ \t]?)?(?P<number>\d{{1,3}})"
        rf"(?P<tail>[*_`]{{0,3}}\\?(?:[.):\]\uff0e\u3001\uff09\u3011]{{1,2}}(?:{COLON})?|{COLON}"
        r"|(?P<alone>(?=[ \t]{0,12}$))|[ \t][-\u2013\u2014](?=[ \t]))[*_`]{0,3})(?!\d)",
        re.IGNORECASE | re.MULTILINE,
    )


@functools.lru_cache(maxsize=256)
def _inline_pattern(item: str) -> re.Pattern[str]:
    words = _words(item)
    return re.compile(
        rf"(?:{_SENTENCE_END}\s|\A)\s*[*_(]{{0,3}}(?:(?:{words})[ \t]?\#?)?"
        r"(\d{1,3})[.):]{1,2}[*_]{0,3}\s",
        re.IGNORECASE,
    )


def _words(item: str) -> str:
    """The words that may stand before a number: another one would make steps or chapters items."""
    if key_of(item) == "item":
        return "[a-z]{1,20}"
    last = key_of(item).rsplit("_", 1)[-1]
    return "|".join((spelling(item), re.escape(last), "item", re.escape(last[:1])))


def numbered(text: str, item: str) -> list[str]:
    """What follows `1.`, `2.` ... or `### Question 1:`, `### Question 2:` ... at the start of a line."""
    if not text.isascii():
        text = _CIRCLED.sub(_in_digits, text)
    marks = [mark for mark in _number_pattern(item).finditer(text) if _is_number(mark)]
    run = max((_in_sequence(marks, style) for style in (_exact_style, _rough_style)), key=len)
    if len(run) <= 1:
        inline = _inline(text, run, item)
        if inline:
            return inline
    items = _between(text, run)
    return without_chatter(items, sole=bool(run and run[0]["word"]))


def _in_digits(circled: re.Match[str]) -> str:
    number = ord(circled[3]) - ord("①") + 1 if circled[3] else int(circled[4])
    return f"{circled[1]}{number}. "


def bulleted(text: str) -> list[str]:
    """What follows `-`, `*` or `•` at the start of a line; deeper bullets belong to their item."""
    marks = list(_BULLET.finditer(text))
    outer = [mark for mark in marks if _indent(mark) == _indent(marks[0])]
    return without_chatter(_between(text, outer), sole=False)


def _is_number(mark: re.Match[str]) -> bool:
    # a bare number on a line of its own is content, unless it is a heading
    return mark["alone"] is None or bool(mark["word"]) or "#" in mark["lead"] or "**" in mark["lead"]


def _exact_style(mark: re.Match[str]) -> Style:
    end = mark["tail"].strip("*_`\\ \t")[:1]
    return (*_rough_style(mark), "#" in mark["lead"], "**" in mark["lead"], end)


def _rough_style(mark: re.Match[str]) -> Style:
    return (key_of(mark["word"] or ""), _indent(mark))


def _indent(mark: re.Match[str]) -> int:
    lead = mark.group().expandtabs(4)
    return (len(lead) - len(lead.lstrip())) // 2


def _in_sequence(
    marks: Sequence[re.Match[str]], style: Callable[[re.Match[str]], Style]
) -> list[re.Match[str]]:
    first = next((mark for mark in marks if int(mark["number"]) == 1), None)
    if first is None:
        return []
    alike = [mark for mark in marks if style(mark) == style(first)]
    if all(int(mark["number"]) == 1 for mark in alike):
        return alike  # Markdown counts for its writer: "1." before each item
    run: list[re.Match[str]] = []
    for mark in alike:
        if int(mark["number"]) == len(run) + 1:
            run.append(mark)
    return run


def _between(text: str, marks: Sequence[re.Match[str]]) -> list[str]:
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    items = [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)] if marks else []
    if items and fence_count(text[: marks[0].start()]) % 2 and fence_count(items[-1]) % 2:
        items[-1] = items[-1][: [found.start() for found in _LAST_FENCE.finditer(items[-1])][-1]]
    return [
        unbold(item, mark["lead"], mark.groupdict().get("tail") or "")
        for mark, item in zip(marks, items, strict=True)
    ]


def without_chatter(items: list[str], *, sole: bool) -> list[str]:
    """The items, the last one without what comes after a blank line, if no other has a blank line.

    `sole` says that a single item may have paragraphs.
    """
    several = len(items) > 1
    if items and (several or not sole) and not any(_BLANK_LINE.search(item) for item in items[:-1]):
        items[-1] = plain(_BLANK_LINE.split(items[-1], maxsplit=1)[0])
    return items


def _inline(text: str, run: Sequence[re.Match[str]], item: str) -> list[str]:
    """`1. What? 2. Why?` in one line."""
    begins, expected = (run[0].end(), 2) if run else (0, 1)
    starts = [(begins, begins)] if run else []
    for mark in _inline_pattern(item).finditer(text, begins):
        if int(mark[1]) == expected:
            starts.append(mark.span())
            expected += 1
    if len(starts) <= 1:
        return []
    ends = [*(start for start, _ in starts[1:]), len(text)]
    return [plain(text[begin:end].strip(" \t\n*")) for (_, begin), end in zip(starts, ends, strict=True)]
