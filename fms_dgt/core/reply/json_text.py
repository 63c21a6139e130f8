"""JSON in a reply: the whole of it, in a fence or between sentences, or a list that breaks off.

It is read strictly: comments, single quotes and commas too many make it none.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple

MOST_ELEMENTS = 10_000  # of a JSON list that was cut off, or of JSON values one after the other
MOST_STARTS = 64  # places between sentences that are tried

NOTHING: Final = object()

_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # maybe half a character, which cannot be written again
_JSON_FENCE = re.compile(r"```json\b\s{0,100}", re.IGNORECASE)
_LINE_START = re.compile(r"^[ \t]{0,12}(?=[\[{])", re.MULTILINE)
_LINE_END = re.compile(r"[ \t]{0,12}(?:```|$)", re.MULTILINE)
_ARRAY_START = re.compile(r'\s{0,100}(?:\{\s{0,100}"[^"\n]{0,100}"\s{0,100}:\s{0,100})?\[')
_BETWEEN = re.compile(r"[\s,]*")


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
    """The JSON object or list that `text` is; a list of them where they follow each other; else NOTHING."""
    values: list[Any] = []
    position = _after_blanks(text, 0)
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

    value: Any = NOTHING
    start: int = 0
    end: int = 0


def json_within(text: str) -> Within:
    """The first JSON object or list in a fence, or on lines of its own between sentences; or NOTHING.

    What breaks off or is no JSON for long ends the search: its inner values are not the reply.
    """
    if "{" not in text and "[" not in text:
        return Within()
    fence = _json_fence(text)
    starts = [fence.end()] if fence else []
    for found, _ in zip(_LINE_START.finditer(text), range(MOST_STARTS), strict=False):
        starts.append(found.end())
    understood = 0
    for start in starts:
        if start < understood or text[start : start + 1] not in ("{", "["):
            continue
        value, end = decode_at(text, start)
        if value is NOTHING and end > _after_blanks(text, start + 1):
            return Within()
        if value is not NOTHING and _LINE_END.match(text, end):
            return Within(value, start, end)
        understood = end
    return Within()


def _json_fence(text: str) -> re.Match[str] | None:
    return _JSON_FENCE.search(text) if "```" in text else None


def _after_blanks(text: str, position: int) -> int:
    return _BETWEEN.match(text, position).end()  # type: ignore[union-attr]


class Elements(NamedTuple):
    """The whole elements at the beginning of a JSON list, and whether another one breaks off."""

    values: list[Any]
    has_rest: bool


def elements_of_broken_list(text: str) -> Elements:
    """What can be read of a JSON list (alone, in a fence, or an object's first) that is not whole."""
    start = _ARRAY_START.match(text)
    fence = _json_fence(text) if start is None else None
    start = _ARRAY_START.match(text, fence.end()) if fence else start
    if start is None:
        return Elements([], has_rest=False)
    elements: list[Any] = []
    position = _after_blanks(text, start.end())
    while len(elements) < MOST_ELEMENTS:
        value, end = decode_at(text, position)
        if value is NOTHING:
            break
        elements.append(value)
        position = _after_blanks(text, end)
    return Elements(elements, has_rest=text[position : position + 1] not in ("", "]"))
