"""Whether a file is so plainly written that yamllint would find nothing: fifty times faster than asking it.

Most files are. "No" only means that yamllint has to look.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# anchors, flow collections and whatever else is seldom: left to yamllint
_PLAIN = (
    yaml.StreamStartToken,
    yaml.StreamEndToken,
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockEntryToken,
    yaml.BlockEndToken,
    yaml.KeyToken,
    yaml.ValueToken,
    yaml.ScalarToken,
)
_STARTS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)


def is_tidy(text: str) -> bool:
    """Whether yamllint, as InstructLab asks it, surely finds nothing but keys that stand twice."""
    if not _has_tidy_lines(text):
        return False
    try:
        tokens = list(yaml.scan(text, Loader=_Loader))
    except (yaml.YAMLError, UnicodeError):
        return False
    if not isinstance(tokens[1], yaml.BlockMappingStartToken) or tokens[1].start_mark.column:
        return False
    if not all(isinstance(token, _PLAIN) for token in tokens):
        return False
    return all(_spaced(one, other) for one, other in pairwise(tokens)) and _indented(tokens)


def _has_tidy_lines(text: str) -> bool:
    untidy = (" \n", "\t\n", "\r", "\n\n\n\n", "\x85", "\u2028", "\u2029", "\ufeff")
    if not text.endswith("\n") or text.endswith("\n\n") or text.startswith("\n"):
        return False
    return not any(mark in text for mark in untidy)


def _spaced(one: Any, other: Any) -> bool:
    """One space after a colon and a hyphen, none before a colon; a value in the line of its key."""
    same_line: bool = one.end_mark.line == other.start_mark.line
    gap: int = other.start_mark.column - one.end_mark.column
    if isinstance(other, yaml.ValueToken):
        return same_line and gap == 0
    if isinstance(one, yaml.BlockEntryToken):
        return same_line and gap == 1 and not isinstance(other, yaml.BlockSequenceStartToken)
    if isinstance(one, yaml.ValueToken):
        return gap == 1 if same_line else not isinstance(other, yaml.ScalarToken)
    return True


def _indented(tokens: list[Any]) -> bool:
    """Whether all levels are indented by the same, lists as well, or all lists not at all."""
    steps: set[int] = set()
    lists: set[int] = set()
    columns: list[int] = []
    for before, token in pairwise(tokens):
        if isinstance(token, yaml.BlockEndToken):
            columns.pop()
        elif isinstance(token, yaml.BlockEntryToken) and isinstance(before, yaml.ValueToken):
            lists.add(0)
        elif isinstance(token, _STARTS):
            column = token.start_mark.column
            if isinstance(before, yaml.ValueToken):
                is_list = isinstance(token, yaml.BlockSequenceStartToken)
                (lists if is_list else steps).add(column - columns[-1])
            columns.append(column)
    return len(lists) < 2 and len(steps | (lists - {0})) < 2
