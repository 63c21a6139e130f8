"""Patterns of a schema, searched by RE2: in time that grows with the text and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

LONGEST = 10_000
# steps of RE2 at the worst, for one text: its instructions times the bytes
MOST_WORK = 200_000_000


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """A pattern with `search`, for bytes. Raises ValueError, with what is wrong with it."""
    import re2  # noqa: PLC0415 (loads a library that most runs have no use for)

    if len(pattern) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0] if error.args else "no valid pattern"
        raise ValueError(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)) from error
    except UnicodeEncodeError as error:
        raise ValueError("it has half a character in it") from error


def matches(pattern: str, text: str) -> bool | None:
    """Whether a pattern is somewhere in a text; None where that would take too long to find out."""
    search = compiled(pattern)
    data = text.encode("utf-8", "replace")
    if search.programsize * len(data) > MOST_WORK:
        return None
    return search.search(data) is not None
