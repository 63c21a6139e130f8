"""What every contract does first: take thinking and fences away, find JSON, tidy a value.

Every pattern here and in its neighbours is bounded: no reply, however long or odd, takes more than
about a second to read or refuse.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from typing import Any, Final

from fms_dgt.errors import Unreadable

LONGEST_REPLY = 1_000_000  # characters: a quarter of a million tokens; more is no answer
MOST_ELEMENTS = 10_000  # of a JSON list that was cut off

PLAIN_FENCES = frozenset({"", "text", "txt", "plain", "plaintext", "markdown", "md"})

NOTHING: Final = object()

# quoted or in backticks it is a word of the answer
_THINK = re.compile(r"(?<![`'\"])<(/?)think>(?![`'\"])", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,8}|~{3,8})[ \t]*([\w+#.-]{0,30})[ \t]*$", re.MULTILINE)
_JSON_FENCE = re.compile(r"```json\b", re.IGNORECASE)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # maybe half a character, which cannot be written again
_ARRAY_START = re.compile(r'\s*(?:\{\s*"[^"\n]{0,100}"\s*:\s*)?\[')
_BETWEEN = re.compile(r"[\s,]*")
_DOTS = re.compile(r"[\s.…]*")
_QUOTES = {'"': '"', "'": "'", "“": "”", "\u2018": "\u2019", "«": "»"}


def clean(text: str) -> str:
    """The answer in a reply: without thinking, outer blank lines and half characters.

    The first line keeps its indentation. Raises Unreadable where there is no answer.
    """
    if len(text) > LONGEST_REPLY:
        raise Unreadable(f"The reply is too long: it has more than {LONGEST_REPLY:,} characters.")
    if not text.isascii():
        # a lone half of a surrogate pair cannot be written to any file
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").lstrip("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Unreadable("The reply is empty.")
    answer = _without_thinking(text)
    if not answer.strip():
        raise Unreadable("The reply has no answer after its thinking.")
    first = len(answer) - len(answer.lstrip())
    return answer[answer.rfind("\n", 0, first) + 1 :].rstrip()


def _without_thinking(text: str) -> str:
    if "think>" not in text.lower():
        return text
    kept: list[str] = []
    position, thinking = 0, False
    for mark in _THINK.finditer(text):
        closes = bool(mark[1])
        if closes and not thinking:
            kept.clear()  # the chat template had opened it: all so far is thinking
        elif not closes and not thinking:
            kept.append(text[position : mark.start()])
        position, thinking = mark.end(), not closes
    return "" if thinking else "".join((*kept, text[position:]))


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


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refused(digits)


# line breaks inside strings are common; NaN and infinities cannot be written again
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refused, parse_float=_finite)


def decode_at(text: str, position: int) -> tuple[Any, int]:
    """The JSON value that starts here, and where it ends; NOTHING and how far it was understood."""
    try:
        value, end = _DECODER.raw_decode(text, position)
        if _HALF.search(text, position, end):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return NOTHING, max(position, error.pos)
    except (ValueError, RecursionError):
        return NOTHING, len(text)
    return value, end


def json_in(text: str) -> Any:
    """The JSON object or list that `text` is, or that its JSON fence holds; NOTHING otherwise."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] in ("{", "["):
        value, end = decode_at(text, start)
        return value if not text[end:].strip() else NOTHING
    fence = _JSON_FENCE.search(text)
    if fence is None:
        return NOTHING
    start = _BETWEEN.match(text, fence.end()).end()  # type: ignore[union-attr]
    return decode_at(text, start)[0] if text[start : start + 1] in ("{", "[") else NOTHING


def elements_of_cut_list(text: str) -> list[Any]:
    """The whole elements at the beginning of a JSON list (alone, or an object's first) that breaks off."""
    start = _ARRAY_START.match(text)
    if start is None:
        return []
    elements: list[Any] = []
    position = start.end()
    while len(elements) < MOST_ELEMENTS:
        value, position = decode_at(text, _BETWEEN.match(text, position).end())  # type: ignore[union-attr]
        if value is NOTHING:
            break
        elements.append(value)
    return elements


def plain(value: str) -> str:
    """`value` without the bold or the quotes that wrap all of it."""
    value = value.strip()
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


def says_nothing(value: str) -> bool:
    """Whether a value is empty or a placeholder of dots."""
    return _DOTS.fullmatch(value) is not None


def key_of(name: str) -> str:
    """What spellings of one name have in common: case, hyphens and blanks do not count."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def spelling(name: str) -> str:
    """A pattern for every spelling of a name that `key_of` takes for the same."""
    return "[ _-]".join(re.escape(word) for word in re.split(r"[ _-]", name))
