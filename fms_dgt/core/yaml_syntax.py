"""What a YAML parser's error means to the person who wrote the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from fms_dgt.errors import Problem

MAX_DEPTH = 100
TOO_DEEP = (f"values are nested more than {MAX_DEPTH} deep", "flatten them")
# newer parsers have a limit of their own; it is higher than ours, but they read ahead of their events
_TOO_DEEP_FOR_PARSER = re.compile(r"(?s)nest(ed|ing)\b.*\b(depth|deep)|increasing (flow|block) level")

_MENDS = {
    "mapping values are not allowed in this context": (
        "a line has a second ': '",
        "put the value in quotes, or write it below '|'",
    ),
    "found character that cannot start any token": (
        "a value begins with a character that YAML keeps for itself",
        "put the value in quotes",
    ),
    "found unexpected end of stream": ("a quote is opened and never closed", "close it"),
    "could not find expected ':'": ("a key without its ':'", "write 'key: value'"),
    "did not find expected key": (
        "the indentation does not fit, or a quote ends too early",
        "line it up with the keys around it",
    ),
    "did not find expected '-' indicator": (
        "the indentation does not fit the list around it",
        "line it up with the '- ' above",
    ),
    "did not find expected ',' or ']'": ("a '[' is opened and never closed", "close it with ']'"),
    "did not find expected ',' or '}'": ("a '{' is opened and never closed", "close it with '}'"),
    "did not find expected comment or line break": (
        "there is text behind '|' or '>'",
        "begin it on the next line, further in",
    ),
    "did not find expected node content": (
        "a '[' or '{' is opened and never closed, or what follows it is not a value",
        "close it, or put the value in quotes",
    ),
    "control characters are not allowed": ("there is a control character here", "remove it"),
}
_FROM_THE_START = ("while scanning a quoted scalar", "while parsing a flow", "while scanning a simple key")


def syntax_problem(error: yaml.YAMLError, text: str, origin: str) -> Problem:
    """What is wrong in `text`, where it begins to be wrong, and how to fix it."""
    context = str(getattr(error, "context", None) or "")
    detail = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    mark = getattr(error, "problem_mark", None)
    if context.startswith(_FROM_THE_START):
        mark = getattr(error, "context_mark", None) or mark
    # a parser that stops at the end of a file is one line below its last
    line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else None
    where = f"{origin}:{line}" if line else origin
    if mark and _begins_with_tab(text, mark.line):
        return Problem("a tab is not allowed here, only spaces are", "indent with spaces", where)
    if _TOO_DEEP_FOR_PARSER.search(f"{context} {detail}"):
        return Problem(*TOO_DEEP, where)
    slip = _slip(text.split("\n"), mark.line) if mark and detail in _BY_LAYOUT else None
    if slip is not None:
        return Problem(f"is not valid YAML: {slip.what}", slip.mend, f"{origin}:{slip.line + 1}")
    what, mend = _MENDS.get(detail, (detail.replace("\n", " "), "fix it at or just above this line"))
    return Problem(f"is not valid YAML: {what}", mend, where)


def _begins_with_tab(text: str, number: int) -> bool:
    lines = text.split("\n", number + 1)
    return number < len(lines) and lines[number].lstrip(" ").startswith("\t")


@dataclass(frozen=True)
class _Slip:
    """A frequent mistake of layout; `line` counts from 0."""

    what: str
    mend: str
    line: int


_BY_LAYOUT = {
    "could not find expected ':'",
    "did not find expected key",
    "did not find expected '-' indicator",
    "mapping values are not allowed in this context",
}
_DASH_WITHOUT_SPACE = re.compile(r" *-([A-Za-z_]\w*):(\s|$)")
_BLOCK_TEXT_HEADER = re.compile(r"( *(?:- +)*)([^\s#:][^:]*): *[|>][-+0-9]* *(#.*)?\r?$")
_KEY = re.compile(r" *(- +)*[^\s:][^:]*:(\s|$)")


def _slip(lines: list[str], at: int) -> _Slip | None:
    """The mistake that made a parser stop at a line, which is often below the mistake itself."""
    if at < len(lines) and lines[at].strip() == "...":
        # as templates have it; at the beginning of a line it ends a document
        return _Slip("'...' is not a key or an entry", "replace it by what it stands for", at)
    return _dash_without_space(lines, at) or _text_not_indented(lines, at)


def _dash_without_space(lines: list[str], at: int) -> _Slip | None:
    # only lines that are further out than all below them: the others may belong to a text
    most = _indent(lines[at]) if at < len(lines) else 0
    for number in range(min(at, len(lines) - 1), -1, -1):
        line = lines[number]
        if not line.strip() or _indent(line) > most:
            continue
        most = _indent(line)
        if match := _DASH_WITHOUT_SPACE.match(line):
            key = match[1]
            return _Slip(f"'-{key}:' has no space after its '-'", f"write '- {key}:'", number)
    return None


def _text_not_indented(lines: list[str], at: int) -> _Slip | None:
    if at >= len(lines) or not lines[at].strip():
        return None
    indent = _indent(lines[at])
    keys_between = False
    for number in range(at - 1, -1, -1):
        line = lines[number]
        if not line.strip():
            continue
        if header := _BLOCK_TEXT_HEADER.match(line):
            return _out_of_text(lines, number, at, len(header[1]), header[2], keys_between)
        if _indent(line) < indent:
            return None
        keys_between = keys_between or (_indent(line) == indent and _KEY.match(line) is not None)
    return None


def _out_of_text(
    lines: list[str], header: int, at: int, column: int, key: str, keys_between: bool
) -> _Slip | None:
    first = next(number for number in range(header + 1, at + 1) if lines[number].strip())
    mend = f"indent the whole text further than '{key}'"
    if _indent(lines[first]) <= column:
        return _Slip(f"the text below '{key}: |' is not indented further than its key", mend, first)
    if not keys_between and _indent(lines[at]) < _indent(lines[first]):
        return _Slip(f"this line of the text below '{key}: |' is indented less than its first line", mend, at)
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
