"""Named parts of a reply: in tags, or behind labels at the start of a line."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fms_dgt.core.reply.chatter import before_end_mark, before_next_turn, without_remarks
from fms_dgt.core.reply.cleaning import fence_count, key_of, plain, says_nothing, spelling

FENCE_LINE = re.compile(r"^[ \t]{0,3}(?:`{3,8}|~{3,8})", re.MULTILINE)

_LETTER = re.compile(r"[^\W\d_]")
_MARKS = "*`_"

# what may stand before a label or a number: heading, quote, bullet, bold, bracket
LEAD = r"[ \t]{0,12}(?P<lead>(?:[#>*_\-•`(\[\uff08\u3010]{1,6}[ \t]?){0,3})"
# French puts a hard blank before a colon
COLON = r"[ \t\u00a0\u202f]?[:\uff1a]"

_RULE = re.compile(
    r"[ \t]{0,12}(?:[-*_=]{3,80}|#{1,6}[ \t].{0,80}|\d{1,3}[.)]"
    r"|[*_]{0,2}(?:pair|set|example|item|sample|entry|record|number|question)[ \t]#?\d{1,3}[.:)]?[*_]{0,2}:?)"
    r"[ \t]{0,12}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A named part, where it stands, and whether it runs to the end of the reply or to an end tag.

    `number` is the one behind its name: `Question 2:`, `<question_2>`. `tail` is what was taken off its end.
    """

    name: str
    text: str
    start: int
    end: int
    is_open: bool = False
    is_closed: bool = False
    in_tag: bool = False
    number: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class _Tag:
    key: str
    closes: bool
    start: int
    end: int
    number: str = ""


def tagged(text: str, names: tuple[str, ...]) -> list[Part]:
    """The parts between tags, in the order of the text; `name` is as in `names`.

    A tag that is never closed ends at the next one. It counts only at the start of a line: elsewhere
    it is a word about tags ("I will use <question> tags").
    """
    if "<" not in text:
        return []
    tags = _counting(text, list(_tags(text, names)))
    known = {key_of(name): name for name in names}
    parts: list[Part] = []
    opened: _Tag | None = None
    for tag in tags:
        if opened:
            end = tag.end if tag.closes else tag.start
            inner = before_end_mark(text[opened.end : tag.start])
            is_closed = tag.closes and tag.key == opened.key
            parts.append(
                Part(known[opened.key], inner, opened.start, end, is_closed=is_closed, number=opened.number)
            )
        opened = None if tag.closes else tag
    if opened:
        inner = _up_to_fence(text[: opened.start], text[opened.end :])
        kept = without_remarks(inner, names)
        start, end, number = opened.start, len(text), opened.number
        tail = inner[len(kept) :]
        parts.append(
            Part(known[opened.key], kept, start, end, is_open=True, in_tag=True, number=number, tail=tail)
        )
    return parts


def _up_to_fence(before: str, inner: str) -> str:
    """`inner` up to the end of a fence that was opened before it."""
    fences = list(FENCE_LINE.finditer(inner)) if fence_count(before) % 2 else []
    return inner[: fences[-1].start()] if len(fences) % 2 else inner


def in_plain_tags(text: str, names: Sequence[str]) -> str:
    """`text` with its tags written as tags, where they are escaped, in full width or `[a]...[/a]`.

    Where the tags are escaped as HTML, so is what stands in them.
    """
    if not any(mark in text for mark in ("&lt;", "\\<", "[/", "\uff1c")):
        return text
    if not all(says_nothing(part.text, part.name) for part in tagged(text, tuple(names))):
        return text
    any_name = _any_name(tuple(names))
    if re.search(rf"&lt;/? ?(?:{any_name}) ?&gt;", text, re.IGNORECASE):
        return html.unescape(text)
    text = re.sub(rf"\\<([/\\]{{0,2}} ?(?:{any_name}) ?)\\?>", r"<\1>", text, flags=re.IGNORECASE)
    text = re.sub(rf"\uff1c([/\uff0f]?) ?({any_name}) ?\uff1e", _in_ascii, text, flags=re.IGNORECASE)
    if re.search(rf"\[/(?:{any_name})\]", text, re.IGNORECASE):
        text = re.sub(rf"\[(/? ?(?:{any_name}) ?)\]", r"<\1>", text, flags=re.IGNORECASE)
    return text


def _in_ascii(found: re.Match[str]) -> str:
    return f"<{'/' if found[1] else ''}{found[2]}>"


@functools.lru_cache(maxsize=256)
def _any_name(names: tuple[str, ...]) -> str:
    return "|".join(spelling(name) for name in sorted(names, key=len, reverse=True))


@functools.lru_cache(maxsize=256)
def _tag_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Tags with blanks, numbers (`<question_1>`) or attributes in them, and end tags without a `>`."""
    any_name = _any_name(names)
    whole = (
        rf"([/\\]{{0,2}})[ \t]{{0,3}}({any_name})(?:[ _-]?(\d{{1,3}}))?(?=[\s/>])(?:\s[^<>]{{0,200}}?)?(/?)>"
    )
    return re.compile(
        rf"<[ \t]{{0,3}}(?:{whole}|/({any_name})(?=[ \t]{{0,12}}$))", re.IGNORECASE | re.MULTILINE
    )


def _tags(text: str, names: tuple[str, ...]) -> Iterator[_Tag]:
    for found in _tag_pattern(names).finditer(text):
        start, end = found.span()
        # bold or backticks around a tag belong to the tag, where they are on both sides of it
        for _ in range(3):
            if start > 0 and end < len(text) and text[start - 1] == text[end] and text[end] in _MARKS:
                start, end = start - 1, end + 1
        closes = bool(found[1] or found[4] or found[5])
        yield _Tag(key_of(found[2] or found[5]), closes, start, end, found[3] or "")


def _counting(text: str, tags: list[_Tag]) -> list[_Tag]:
    counting: list[_Tag] = []
    for index, tag in enumerate(tags):
        following = tags[index + 1] if index + 1 < len(tags) else None
        closed = following is not None and following.closes and following.key == tag.key
        if tag.closes or closed or _starts_line(text, tags[index - 1].end if index else 0, tag.start):
            counting.append(tag)
    return counting


def _starts_line(text: str, after: int, position: int) -> bool:
    line = max(after, text.rfind("\n", after, position) + 1)
    return _LETTER.search(text, line, position) is None


@functools.lru_cache(maxsize=256)
def _label_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    # "Q." and "A)" have no colon
    end = rf"(?:{COLON}|[.)])" if all(len(name) == 1 for name in names) else COLON
    return re.compile(
        rf"^{LEAD}(?:\d{{1,3}}[.)][ \t]?[*_]{{0,2}})?(?P<name>{_any_name(names)})"
        rf"(?:[ \t\u00a0]?\#?(?P<number>\d{{1,3}}))?"
        rf"(?P<tail>[*_`\]\u3011]{{0,4}}(?:{end})?[*_`]{{0,3}})(?P<alone>[ \t]{{0,12}}$)?",
        re.IGNORECASE | re.MULTILINE,
    )


def labelled(text: str, names: tuple[str, ...]) -> list[Part]:
    """The parts behind labels (`Question: ...`, `**Question:** ...`, `### Question`), in order."""
    known = {key_of(name): name for name in names}
    labels = [found for found in _label_pattern(names).finditer(text) if _is_label(found)]
    parts: list[Part] = []
    for index, label in enumerate(labels):
        last = index + 1 == len(labels)
        end = len(text) if last else labels[index + 1].start()
        inner = text[label.end() : end]
        kept = without_remarks(before_next_turn(inner) if last else _without_rules(inner), names)
        name, number, tail = known[key_of(label["name"])], label["number"] or "", inner[len(kept) :]
        kept = unbold(kept, label["lead"], label["tail"])
        parts.append(Part(name, kept, label.start(), end, is_open=last, number=number, tail=tail))
    return parts


def renamed(parts: Sequence[Part], names: Mapping[str, str]) -> list[Part]:
    """The parts under the names that their words stand for."""
    return [replace(part, name=names[part.name]) for part in parts]


def _is_label(found: re.Match[str]) -> bool:
    lead, tail = found["lead"], found["tail"]
    in_brackets = ("[" in lead and "]" in tail) or ("\u3010" in lead and "\u3011" in tail)
    is_letter = len(found["name"]) == 1 and bool(set(tail) & {".", ")"})
    if ":" in tail or "\uff1a" in tail or in_brackets or is_letter:
        return True
    return found["alone"] is not None and ("#" in lead or "**" in lead)


def unbold(inner: str, lead: str, tail: str) -> str:
    """`inner` less the end of a bold that began before its label: `**Question: What?**`."""
    return plain(inner.replace("**", "", 1) if "**" in lead and "**" not in tail else inner)


def _without_rules(inner: str) -> str:
    lines = inner.rstrip().split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or is_rule(lines[-1]) or _is_lead_in(lines)):
        lines.pop()
    return "\n".join(lines).rstrip()


def _is_lead_in(lines: Sequence[str]) -> bool:
    """Whether the last line, after a blank one, says what follows: "And another one:"."""
    return len(lines) > 2 and not lines[-2].strip() and lines[-1].rstrip(" *_").endswith((":", "\uff1a"))


def is_rule(line: str) -> bool:
    """Whether a line only parts what is before it from what follows: `---`, `### Hard`, `2.`, `Pair 2`."""
    return _RULE.fullmatch(line) is not None


def without_own_label(text: str, name: str) -> str:
    """`text` without its own name before it: `Question: What?`."""
    label = _label_pattern((name,)).match(text)
    has_label = label is not None and _is_label(label) and ":" in label["tail"].replace("\uff1a", ":")
    return unbold(text[label.end() :], label["lead"], label["tail"]) if label and has_label else text
