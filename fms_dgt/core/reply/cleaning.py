"""What every contract does first: take thinking and fences away, tidy a value.

Every pattern here and in its neighbours is bounded: no reply, however long or odd, takes more than
about a second to read or refuse.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

from fms_dgt.core.reply.thinking import without_thinking
from fms_dgt.errors import Unreadable

LONGEST_REPLY = 1_000_000  # characters: a quarter of a million tokens; more is no answer

PLAIN_FENCES = frozenset({"", "text", "txt", "plain", "plaintext", "markdown", "md"})

_FENCE = re.compile(r"^[ \t]{0,3}(`{3,8}|~{3,8})[ \t]*([\w+#.-]{0,30})[ \t]*$", re.MULTILINE)
# Zero width: byte order marks, joiners and direction marks. They are taken away where they stand in the
# way of a mark; between letters some scripts need them.
_INVISIBLE = "[\u200b\u200e\u200f\u2060\ufeff]{1,8}"
_MARK = '[<>/*_#`:\uff1a.)\\[\\]{}|"]'
_IN_THE_WAY = re.compile(rf"(?:^|(?<={_MARK})){_INVISIBLE}|{_INVISIBLE}(?={_MARK}|$)", re.MULTILINE)
_DOTS = re.compile(r"[\s.\u2026]*")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_CDATA = ("<![CDATA[", "]]>")

_WHICH = r"(?:first|second|third|fourth|fifth|next|another|last|new|1st|2nd|3rd)"
_FILLED_IN = r"(?:here|goes here|text|text here|\#?\d{1,2}|one|two|three|n)"
LONGEST_PLACEHOLDER = 80


def clean(text: str, names: Collection[str] = ()) -> str:
    """The answer in a reply: without thinking, outer blank lines and half characters.

    The first line keeps its indentation. `names` are the contract's own tags. Raises Unreadable where
    there is no answer.
    """
    if len(text) > LONGEST_REPLY:
        raise Unreadable(f"The reply is too long: it has more than {LONGEST_REPLY:,} characters.")
    if not text.isascii():
        # a lone half of a surrogate pair cannot be written to any file
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _IN_THE_WAY.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Unreadable("The reply is empty.")
    answer = without_thinking(text, names)
    if not answer.strip():
        raise Unreadable("The reply has no answer after its thinking.")
    first = len(answer) - len(answer.lstrip())
    return answer[answer.rfind("\n", 0, first) + 1 :].rstrip()


def unfenced(text: str, languages: Collection[str] | None = None) -> str:
    """What stands in the one code fence around everything; the same text where there is none.

    `languages` are the fences that may go; None for all.
    """
    fences = list(_FENCE.finditer(text)) if text.lstrip()[:3] in ("```", "~~~") else []
    if len(fences) < 2:
        return text
    first, last = fences[0], fences[-1]
    around = not text[: first.start()].strip() and not text[last.end() :].strip() and not last[2]
    if not around or (languages is not None and first[2].lower() not in languages):
        return text
    depth = 1
    for inner in fences[1:-1]:
        depth += 1 if inner[2] else -1
        if depth == 0:
            return text  # the first fence ends before the last one begins
    return text[first.end() + 1 : last.start()].rstrip() if depth == 1 else text


def fence_count(text: str) -> int:
    """How many lines of `text` open or close a fence."""
    return sum(1 for _ in _FENCE.finditer(text)) if "```" in text or "~~~" in text else 0


def plain(value: str) -> str:
    """`value` without the bold, the quotes or the CDATA marks that wrap all of it."""
    value = value.strip()
    if value.startswith(_CDATA[0]) and value.endswith(_CDATA[1]):
        value = value[len(_CDATA[0]) : -len(_CDATA[1])].strip()
    for _ in range(2):
        for mark in ("**", "__"):
            inner = value[2:-2]
            if value.startswith(mark) and value.endswith(mark) and inner.strip() and mark not in inner:
                value = inner.strip()
        opening = value[:1]
        inner = value[1:-1]
        if (
            opening in _QUOTES
            and value.endswith(_QUOTES[opening])
            and inner.strip()
            and opening not in inner
            and _QUOTES[opening] not in inner
        ):
            value = inner.strip()
    return value


def says_nothing(value: str, name: str = "") -> bool:
    """Whether a value is empty or a placeholder: dots or, in a `question`, "first question"."""
    if _DOTS.fullmatch(value):
        return True
    may_be = bool(name) and len(value) <= LONGEST_PLACEHOLDER
    return may_be and _placeholder(name).fullmatch(value) is not None


@functools.lru_cache(maxsize=256)
def _placeholder(name: str) -> re.Pattern[str]:
    noun = spelling(name)
    bare = (
        rf"(?:the\s)?{_WHICH}\s{noun}(?:\shere)?|(?:your|its)\s{noun}(?:\shere)?"
        rf"|{noun}(?:\s{_FILLED_IN}|[\s_#]?\d{{1,2}})"
    )
    inner = rf"(?:(?:insert|write|put|your|its|the|a|an)\s){{0,2}}(?:{_WHICH}\s)?{noun}(?:\s{_FILLED_IN})?"
    return re.compile(rf"\s*(?:(?:{bare})|[\[({{<](?:{inner})[\])}}>])[\s.\u2026]{{0,5}}", re.IGNORECASE)


def key_of(name: str) -> str:
    """What spellings of one name have in common: case, hyphens, blanks and backslashes do not count."""
    return name.strip().replace("\\", "").lower().replace("-", "_").replace(" ", "_")


def spelling(name: str) -> str:
    """A pattern for every spelling of a name that `key_of` takes for the same."""
    return r"\\?[ _-]".join(re.escape(word) for word in re.split(r"[ _-]", name))
