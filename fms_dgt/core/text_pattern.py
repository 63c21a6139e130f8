"""Regular expressions of flows: Python's meaning, in bounded time.

RE2 finds what Python's own engine finds, in time that grows with the text alone, as long as a pattern uses
nothing that the two read differently. Any other pattern is searched by Python's, in a worker process.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, TypeAlias

from fms_dgt.errors import OverLimit, WorkFailed
from fms_dgt.safety.worker import Limits, Worker

Parts: TypeAlias = tuple[str, ...]

LONGEST = 10_000
LIMITS = Limits(seconds=5, memory=512 * 2**20, output=64 * 2**20)
# what Python's classes mean, in the words of RE2, whose own know ASCII alone
_CLASSES = {
    "d": r"\p{Nd}",
    "w": r"\pL\pN_",
    "s": r"\s\x0b\x1c-\x1f\x{85}\pZ",
}
_SAME_ESCAPES = "nrtfv"
_GROUP = re.compile(r"\((?!\?)|\(\?:|\(\?P<[A-Za-z]\w*>")
_REPEATED_GROUP = re.compile(r"\)[*+?{]")


def group_count(pattern: str) -> int:
    """How many groups a pattern has. Raises ValueError, with what is wrong with it."""
    if len(pattern) > LONGEST:
        raise ValueError(f"has more than {LONGEST:,} characters")
    try:
        return re.compile(pattern, re.DOTALL).groups
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError("is nested too deeply" if isinstance(error, RecursionError) else error) from error


async def find_all(pattern: str, text: str) -> list[Parts]:
    """What the groups of each match hold, the whole match where there is no group; `.` is any character.

    Raises ValueError where that takes too long.
    """
    found = _found_by_re2(pattern, text)
    if found is not None:
        return found
    try:
        rows = await _worker().arun(pattern, text, limits=LIMITS)
    except (OverLimit, WorkFailed) as error:
        raise ValueError(f"searching with the pattern {error}") from error
    return [tuple(row) for row in rows]


def find_all_by_python(pattern: str, text: str) -> list[Parts]:
    """As `find_all`, however long it takes: what the worker does."""
    return [match.groups(default="") or (match[0],) for match in re.finditer(pattern, text, re.DOTALL)]


def _found_by_re2(pattern: str, text: str) -> list[Parts] | None:
    """None where Python's engine may find something else."""
    search = _compiled(pattern)
    if search is None:
        return None
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        return None
    result = []
    for match in search.finditer(data):
        if match.start() == match.end():
            # where they look on after finding nothing differs
            return None
        groups = match.groups(default=b"") or (match[0],)
        result.append(tuple(group.decode("utf-8") for group in groups))
    return result


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:
    linear = _as_re2(pattern)
    if linear is None:
        return None
    import re2  # noqa: PLC0415 (loads a library that most runs have no use for)

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(f"(?s){linear}", options)
    except (re2.error, UnicodeEncodeError):
        return None


def _as_re2(pattern: str) -> str | None:
    """The pattern in RE2's words; None where it has something that RE2 lacks, or reads differently."""
    # what a repeated group holds at last may differ
    if _REPEATED_GROUP.search(pattern):
        return None
    parts: list[str] = []
    at, in_set = 0, False
    while at < len(pattern):
        char, step = pattern[at], 1
        if char == "\\":
            part, step = _escape(pattern[at + 1 : at + 2], in_set=in_set), 2
        elif in_set:
            part, in_set = (None if char == "[" else char), char != "]"
        elif char == "[":
            # "]" as the first of a set is a sign of it
            opening = re.match(r"\[\^?\]?", pattern[at:])
            part = opening[0].replace("]", "\\]") if opening else None
            step, in_set = len(opening[0]) if opening else 1, True
        elif char == "(":
            part = char if _GROUP.match(pattern, at) else None
        else:
            part = None if char == "$" or pattern.startswith("{,", at) else char
        if part is None:
            return None
        parts.append(part)
        at += step
    return "".join(parts)


def _escape(letter: str, *, in_set: bool) -> str | None:
    known = _CLASSES.get(letter.lower()) if letter else None
    if known is not None:
        if letter.islower():
            return known if in_set else f"[{known}]"
        return None if in_set else f"[^{known}]"
    is_sign = letter.isascii() and letter.isprintable() and not letter.isalnum() and letter != ""
    return f"\\{letter}" if is_sign or (letter and letter in _SAME_ESCAPES) else None


@cache
def _worker() -> Worker:
    return Worker("fms_dgt.core.text_pattern:find_all_by_python")
