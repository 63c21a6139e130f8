"""Items behind numbers, headings, bullets or letters, for replies that left the tags out."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from fms_dgt.core.reply.chatter import check_one_version, is_example
from fms_dgt.core.reply.cleaning import fence_count, key_of, plain, spelling
from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.core.reply.parts import COLON, LEAD, unbold
from fms_dgt.core.reply.signs import in_digits, letters_in_digits
from fms_dgt.core.reply.vocabulary import words_for

Style: TypeAlias = tuple[object, ...]

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BULLET = LazyPattern(
    r"^(?P<lead>[ \t]{0,12})(?:[-*•+·\u2013\u2014‣◦▪●○■➤→]"
    r"|[\u2190-\u21ff\u25a0-\u27bf\U0001f300-\U0001faff]\ufe0f?)"
    r"[ \t]+(?:\[[ xX]?\][ \t]+)?(?=\S)",
    re.MULTILINE,
)
_LAST_FENCE = LazyPattern(r"(?:\A|\n)[ \t]{0,3}(?:```|~~~)")
_SENTENCE_END = r"(?<=[.?!:;,…\"'”\u2019)*\]])"
# a line that says what the items below it are: "### Hard", "**Open questions:**", "The others:"
_HEADING = LazyPattern(r"\n[ \t]{0,3}(?:#{1,6}[ \t][^\n]{1,100}|\*\*[^*\n]{1,100}\*\*:?)\s{0,100}\Z")
_BEFORE_IT = r"(?:\n[ \t]*|(?<=[.?!\uff1f\u3002][*_\"'])|(?<=[.?!\uff1f\u3002]))\n"
_LEAD_IN = LazyPattern(_BEFORE_IT + r"[^\n]{1,300}[:\uff1a][*_ \t]{0,4}\s{0,100}\Z")
# where the numbers begin anew, it needs no marks: "Hard questions"
_FIRST = LazyPattern(r"[^\w\n]{0,12}1[.):]")
_TITLE = LazyPattern(_BEFORE_IT + r"[^\n.?!\uff1f\u3002]{1,60}\n\s{0,100}\Z")
_OTHER_KIND = LazyPattern(
    r"\b(?:(?:answers?|solutions?|rules?|requirements?|criteria|constraints?|guidelines?|steps|plan|analysis"
    r"|topics?|key \w{1,20}|notes?|explanations?|rationales?|reasoning|sources?"
    r"|references)\W*\Z|antworten|réponses|respuestas)|答案|解答",
    re.IGNORECASE,
)
LONGEST_LEAD_IN = 1_000


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
    return "|".join((spelling(item), re.escape(last), "item", re.escape(last[:1]), *words_for(item)))


def numbered(text: str, item: str) -> list[str]:
    """What follows `1.`, `2.` ... or `### Question 1:`, `### Question 2:` ... at the start of a line."""
    text = in_digits(text)
    marks = [mark for mark in _number_pattern(item).finditer(text) if _is_number(mark)]
    run = max((_in_sequence(text, marks, style) for style in (_exact_style, _rough_style)), key=len)
    if len(run) <= 1:
        inline = _inline(text, run, item)
        if inline:
            return inline
    items = _between(text, run, item)
    return without_chatter(items, sole=bool(run and run[0]["word"]))


def lettered(text: str, item: str) -> list[str]:
    """What follows `a)`, `b)` ... or `I.`, `II.` ..., where they are not the choices of a question."""
    return numbered(letters_in_digits(text), item)


def bulleted(text: str, item: str) -> list[str]:
    """What follows `-`, `*` or `•` at the start of a line; deeper bullets belong to their item."""
    marks = list(_BULLET.finditer(text))
    outer = [mark for mark in marks if _indent(mark) == _indent(marks[0])]
    return without_chatter(_between(text, outer, item), sole=False)


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
    text: str, marks: Sequence[re.Match[str]], style: Callable[[re.Match[str]], Style]
) -> list[re.Match[str]]:
    """The marks that count 1, 2, 3 ...; below a heading they may begin anew."""
    first = next((mark for mark in marks if int(mark["number"]) == 1), None)
    if first is None:
        return []
    alike = [mark for mark in marks if style(mark) == style(first)]
    if all(int(mark["number"]) == 1 for mark in alike):
        return alike  # Markdown counts for its writer: "1." before each item
    run: list[re.Match[str]] = []
    expected = 1
    for mark in alike:
        number = int(mark["number"])
        is_anew = number == 1 and bool(run) and bool(_lead_in(text, run[-1].end(), mark.start()))
        if number in (expected, expected + 1) or is_anew:
            run.append(mark)
            expected = number + 1
    return run


def _lead_in(text: str, begin: int, end: int) -> str:
    """The line before `end` that says what follows, with the line breaks around it."""
    before = text[max(begin, end - LONGEST_LEAD_IN) : end]
    found = _HEADING.search(before) or _LEAD_IN.search(before)
    if found is None and _FIRST.match(text, end):
        found = _TITLE.search(before)
    return found.group() if found else ""


def _between(text: str, marks: Sequence[re.Match[str]], item: str) -> list[str]:
    """The items behind the marks, less the headings between them, examples, and lists of something else.

    Raises Unreadable where a later group of items takes back an earlier one.
    """
    if not marks:
        return []
    groups: list[list[str]] = []
    lead_in = text[max(0, marks[0].start() - LONGEST_LEAD_IN) : marks[0].start()]
    lead_ins: list[str] = []
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(text)], strict=True):
        if lead_in or not groups:
            groups.append([])
            lead_ins.append(lead_in)
        lead_in = _lead_in(text, mark.end(), end) if end < len(text) else ""
        inner = text[mark.end() : end - len(lead_in)]
        groups[-1].append(unbold(inner, mark["lead"], mark.groupdict().get("tail") or ""))
    check_one_version(lead_ins[1:])
    if fence_count(text[: marks[0].start()]) % 2 and fence_count(groups[-1][-1]) % 2:
        last = groups[-1][-1]
        groups[-1][-1] = last[: [found.start() for found in _LAST_FENCE.finditer(last)][-1]]
    return list(_of_the_kind(groups, lead_ins, item))


def _of_the_kind(groups: Sequence[list[str]], lead_ins: Sequence[str], item: str) -> Iterator[str]:
    """What is in the groups: "Questions:" says that the rules before and the answers behind are none."""
    name = key_of(item).replace("_", " ")
    for group, lead_in in zip(groups, lead_ins, strict=True):
        words = lead_in.strip().rpartition("\n")[2].lower()
        is_other = name not in words and _OTHER_KIND.search(words)
        if len(groups) == 1 or not (is_other or is_example(lead_in)):
            yield from group


def without_chatter(items: list[str], *, sole: bool) -> list[str]:
    """The items, the last one without what comes after a blank line, if no other has a blank line.

    `sole` says that a single item may have paragraphs. Raises Unreadable where what comes after them takes
    them back.
    """
    several = len(items) > 1
    if items and (several or not sole) and not any(_BLANK_LINE.search(item) for item in items[:-1]):
        last, *rest = _BLANK_LINE.split(items[-1].strip("\n"), maxsplit=1)
        check_one_version(rest)
        items[-1] = plain(last)
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
