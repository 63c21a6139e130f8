"""Patterns of a schema, searched by RE2: in time that grows with the text and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

LONGEST = 10_000
# steps of RE2 at the worst, for one text: its instructions times the bytes
MOST_WORK = 200_000_000


class Pattern(NamedTuple):
    """A pattern in RE2's terms: what a text has to have somewhere, and what it may not have."""

    wanted: tuple[Any, ...]
    refused: tuple[Any, ...]


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern:
    """A pattern, ready to search. Raises ValueError, with what is wrong with it."""
    if len(pattern) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} characters")
    rest, ahead = _without_look_ahead(pattern)
    wanted = [rest, *(f"^(?:{inner})" for sign, inner in ahead if sign == "=")]
    refused = [f"^(?:{inner})" for sign, inner in ahead if sign == "!"]
    return Pattern(tuple(map(_search, wanted)), tuple(map(_search, refused)))


def matches(pattern: str, text: str) -> bool | None:
    """Whether a pattern is somewhere in a text; None where that would take too long to find out."""
    searches = compiled(pattern)
    data = text.encode("utf-8", "replace")
    work = sum(search.programsize for each in searches for search in each)
    if work * len(data) > MOST_WORK:
        return None
    found = all(search.search(data) is not None for search in searches.wanted)
    return found and all(search.search(data) is None for search in searches.refused)


def _search(pattern: str) -> Any:
    import re2  # noqa: PLC0415 (loads a library that most runs have no use for)

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0] if error.args else "no valid pattern"
        raise ValueError(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)) from error
    except UnicodeEncodeError as error:
        raise ValueError("it has half a character in it") from error


def _without_look_ahead(pattern: str) -> tuple[str, list[tuple[str, str]]]:
    """A pattern less what it looks ahead for at its very beginning, which is as good as patterns beside it.

    RE2 has none of it; people write passwords so, and pydantic some numbers: `^(?=.*[0-9]).{8,}$`.
    """
    at, ahead = 1, []
    while pattern.startswith(("(?=", "(?!"), at) and pattern.startswith("^"):
        end = _closing(pattern, at)
        if end is None:
            break
        ahead.append((pattern[at + 2], pattern[at + 3 : end]))
        at = end + 1
    rest = f"^{pattern[at:]}"
    # of two ways, the first alone would have the beginning
    return (pattern, []) if not ahead or _closing(rest, 0, stop="|") is not None else (rest, ahead)


def _closing(pattern: str, start: int, stop: str = "") -> int | None:
    """Where the group that begins at `start` ends, or, outside of all groups, where `stop` is."""
    depth, in_set, at = 0, False, start
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
            # "]" as the first of a set is a sign of it
            at += len("^]") if pattern.startswith("^]", at + 1) else pattern.startswith("]", at + 1)
        elif char == stop and depth == 0:
            return at
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
            if not stop and depth == 0:
                return at
        at += 1
    return None
