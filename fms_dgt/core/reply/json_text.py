"""JSON in a reply: the whole of it, in a fence or between sentences, or a list that breaks off.

It is read strictly at first, then with the slips that `json_repair` reads in one way only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fms_dgt.core.reply.chatter import check_one_version, is_example
from fms_dgt.core.reply.json_repair import BrokenJson, elements, repaired
from fms_dgt.core.reply.lazy_pattern import LazyPattern
from fms_dgt.errors import Unreadable

MOST_ELEMENTS = 10_000  # JSON values one after the other
MOST_STARTS = 64  # places between sentences that are tried

NOTHING: Final = object()

DEEPEST = 100  # lists and objects within each other

_NESTING = LazyPattern(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_HALF = LazyPattern(r"\\u[dD][89a-fA-F]")  # maybe half a character, which cannot be written again
_JSON_FENCE = LazyPattern(r"```json\b\s{0,100}", re.IGNORECASE)
_LINE_START = LazyPattern(r"^[ \t]{0,12}(?=[\[{])", re.MULTILINE)
_LINE_END = LazyPattern(r"[ \t]{0,12}(?:```|$)", re.MULTILINE)
_ARRAY_START = LazyPattern(
    r"""\s{0,100}(?:\{\s{0,100}["'\u201c]?[^"'\u201c\u201d\n:{}\[\]]{1,100}["'\u201d]?\s{0,100}:\s{0,100})?(?=\[)"""
)
_BETWEEN = LazyPattern(r"[\s,]*")


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refused(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs) and any(value[key] != entry for key, entry in pairs):
        raise ValueError("one name has two values")
    return value


# line breaks inside strings are common; NaN and infinities cannot be written again
_DECODER = json.JSONDecoder(
    strict=False, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_object
)


def decode_at(text: str, position: int, *, open_end: bool = False) -> tuple[Any, int]:
    """The JSON value that starts here, and where it ends; NOTHING and how far it was understood.

    `open_end` allows closing braces to be missing at the end of the text.
    """
    value, end = _decoded(text, position)
    if value is not NOTHING or (end == len(text) and text[end - 1 : end] in ("{", "[")):
        return value, end
    try:
        return repaired(text, position, open_end=open_end)
    except BrokenJson as error:
        return NOTHING, max(end, error.at)


def _decoded(text: str, position: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, position)
        if _is_deep(text, position, end):
            return NOTHING, end
        if _HALF.search(text, position, end):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return NOTHING, max(position, error.pos)
    except (ValueError, RecursionError):
        return NOTHING, len(text)
    return value, end


def _is_deep(text: str, start: int, end: int) -> bool:
    """Whether a JSON text may have more than DEEPEST levels: too many for those who walk through it."""
    if text.count("[", start, end) + text.count("{", start, end) <= DEEPEST:
        return False
    depth = deepest = 0
    for mark in _NESTING.finditer(text, start, end):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark.group(), 0)
        deepest = max(deepest, depth)
    return deepest > DEEPEST


def json_in(text: str) -> Any:
    """The JSON object or list that `text` is; a list of them where they follow each other; else NOTHING."""
    values: list[Any] = []
    position = _after_blanks(text, 0)
    text = text.rstrip("; \n\t")
    while text[position : position + 1] in ("{", "[") and len(values) < MOST_ELEMENTS:
        value, position = decode_at(text, position)
        if value is NOTHING:
            return NOTHING
        values.append(value)
        position = _after_blanks(text, position)
    if not values or position < len(text):
        return NOTHING
    return values[0] if len(values) == 1 else values


class Within(NamedTuple):
    """A JSON value, and where it stands."""

    value: Any
    start: int
    end: int


def json_within(text: str) -> list[Within]:
    """The JSON objects and lists in a fence, or on lines of their own between sentences.

    What breaks off or is no JSON for long ends the search: its inner values are not the reply.
    """
    if "{" not in text and "[" not in text:
        return []
    fence = _json_fence(text)
    starts = [fence.end()] if fence else []
    for found, _ in zip(_LINE_START.finditer(text), range(MOST_STARTS), strict=False):
        starts.append(found.end())
    within: list[Within] = []
    understood = 0
    for start in sorted(set(starts)):
        if start < understood or text[start : start + 1] not in ("{", "["):
            continue
        value, end = decode_at(text, start)
        if value is NOTHING and end > _after_blanks(text, start + 1):
            break
        if value is not NOTHING and not is_schema(value) and _LINE_END.match(text, end):
            within.append(Within(value, start, end))
        understood = end
    return within


def without_examples(within: Sequence[Within], text: str) -> list[Within]:
    """The values less repetitions, and less those that are called an example where others follow.

    Raises Unreadable where a later one takes back another.
    """
    ends = [0, *(one.end for one in within)]
    before = [text[end : one.start] for one, end in zip(within, ends, strict=False)]
    check_one_version(before[1:])
    kept = [one for one, words in zip(within, before, strict=True) if not is_example(words)]
    different: list[Within] = []
    for one in kept or within[-1:]:
        if all(one.value != other.value for other in different[-MOST_STARTS:]):
            different.append(one)
    return different


def agreed(within: Sequence[Within], text: str) -> Within:
    """The one value that all places give that are not called an example. Raises Unreadable."""
    kept = without_examples(within, text)
    if len(kept) > 1:
        raise Unreadable("The reply has several different JSON values; give one.")
    return kept[0]


def is_schema(value: Any) -> bool:
    """Whether a JSON value says how a JSON value must look."""
    return isinstance(value, dict) and isinstance(value.get("properties"), dict) and "type" in value


def _json_fence(text: str) -> re.Match[str] | None:
    return _JSON_FENCE.search(text) if "```" in text else None


def _after_blanks(text: str, position: int) -> int:
    return _BETWEEN.match(text, position).end()  # type: ignore[union-attr]


class Elements(NamedTuple):
    """The whole elements at the beginning of a JSON list, and whether another one breaks off."""

    values: list[Any]
    has_rest: bool


def elements_of_broken_list(text: str) -> Elements:
    """What can be read of a JSON list (alone, in a fence, or an object's first) that breaks off."""
    start = _ARRAY_START.match(text)
    fence = _json_fence(text) if start is None else None
    start = _ARRAY_START.match(text, fence.end()) if fence else start
    return Elements(*elements(text, start.end())) if start else Elements([], has_rest=False)
