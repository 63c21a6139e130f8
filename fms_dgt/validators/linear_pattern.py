"""Regular expressions whose time grows with the text and nothing else.

Python's own go back and try again, which one long answer can drag out for hours; RE2 never does. It has
no look-around and no back-references.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.errors import Problem
from fms_dgt.validators.term_list import Term
from fms_dgt.validators.text import excerpt

LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern, and the piece of text that it matches."""

    pattern: str
    text: str


class LinearPatterns:
    """Several patterns, in order. Compiling raises ValueError."""

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False) -> None:
        self._patterns = [(pattern, compiled(pattern, ignore_case)) for pattern in patterns]

    def first_match(self, text: str) -> Hit | None:
        """The first of the patterns that matches somewhere."""
        data = text.encode("utf-8", "replace")
        for pattern, search in self._patterns:
            found = search.search(data)
            if found is not None:
                start, end = found.span()
                return Hit(
                    pattern, excerpt(data[start : min(end, start + LONGEST)].decode("utf-8", "replace"))
                )
        return None

    def first_missing(self, text: str) -> str | None:
        """The first of the patterns that matches nowhere."""
        data = text.encode("utf-8", "replace")
        return next((pattern for pattern, search in self._patterns if search.search(data) is None), None)


def compiled(pattern: str, ignore_case: bool = False) -> Any:
    """A pattern with `search`, for bytes. Raises ValueError."""
    import re2  # noqa: PLC0415 (loads a library that most runs have no use for)

    if len(pattern) > LONGEST:
        raise ValueError(f"has more than {LONGEST:,} characters")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "no valid pattern"
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from error
    except UnicodeEncodeError as error:
        raise ValueError("has half a character in it") from error


def pattern_problems(terms: Sequence[Term], *, ignore_case: bool = False) -> list[Problem]:
    """The patterns that cannot be compiled."""
    problems = []
    for term in terms:
        try:
            compiled(term.text, ignore_case)
        except ValueError as error:
            what = f"'{excerpt(term.text)}' is no pattern: {error}"
            mend = "patterns are RE2's: no look-around, no back-references, \\z for the end of the text"
            problems.append(Problem(what, mend, term.where))
    return problems
