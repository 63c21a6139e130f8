"""How a file is written, apart from what it says: what yamllint finds, or the most of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from fms_dgt.taxonomy.finding import Finding, Level
from fms_dgt.taxonomy.schema import is_installed
from fms_dgt.taxonomy.tidy import is_tidy

# what `ilab` asks yamllint for
CONFIG = "{extends: relaxed, rules: {line-length: disable}}"
MAX_BLANK_LINES = 2

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIX = "'fms_dgt taxonomy check --fix' does"
_MENDS = {
    "trailing-spaces": f"remove them; {_FIX}",
    "new-line-at-end-of-file": f"end the last line with a line break; {_FIX}",
    "empty-lines": f"leave {MAX_BLANK_LINES} at most, and none at the beginning or end; {_FIX}",
    "new-lines": f"end lines with LF alone; {_FIX}",
    "indentation": "indent every level by the same number of spaces, lists as well",
}
_SAID = {
    "trailing-spaces": "spaces at the end of the line",
    "new-line-at-end-of-file": "the last line does not end with a line break",
    "new-lines": "lines end with CR LF",
}
_IN_TEXT = "they are part of a text below '|' or '>', so --fix leaves them; remove them by hand"


def style_findings(text: str, shown: str, level: Level) -> Iterator[Finding]:
    """What InstructLab refuses a file of version 2 or 3 for although it says the right things.

    All of it where yamllint is installed, else what `mend.py` mends.
    """
    unix = text.replace("\r\n", "\n")
    if unix != text:
        # Python turns these into LF before InstructLab looks
        yield Finding("warning", "new-lines", _SAID["new-lines"], _MENDS["new-lines"], shown, 1)
    found = list(_linted(unix) if is_installed() else _plain(unix))
    texts = literal_lines(unix) if found else {}
    for line, rule, said in found:
        in_text = line in texts and rule in ("trailing-spaces", "empty-lines")
        mend = _IN_TEXT if in_text else _MENDS.get(rule, "leave one space")
        yield Finding(level, rule, _SAID.get(rule, said), mend, shown, line)


@cache
def _config() -> Any:
    from yamllint.config import YamlLintConfig  # noqa: PLC0415 (an extra)

    return YamlLintConfig(CONFIG)


def _linted(text: str) -> Iterator[tuple[int, str, str]]:
    if is_tidy(text):
        return
    from yamllint import linter  # noqa: PLC0415 (an extra)

    for problem in linter.run(text, _config()):
        if problem.rule:
            yield problem.line, problem.rule, problem.desc


def _plain(text: str) -> Iterator[tuple[int, str, str]]:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip(" \t"):
            yield number, "trailing-spaces", ""
    if lines[-1]:
        yield len(lines), "new-line-at-end-of-file", ""
    for number, (run, most) in blank_runs(lines).items():
        if run > most:
            yield number, "empty-lines", f"too many blank lines ({run} > {most})"


def blank_runs(lines: list[str]) -> dict[int, tuple[int, int]]:
    """Where blank lines end: how many there are, and how many there may be."""
    runs: dict[int, tuple[int, int]] = {}
    count = 0
    last = len(lines) - 1 if not lines[-1] else len(lines)
    for number, line in enumerate(lines[:last], 1):
        if not line:
            count += 1
            if number == last or lines[number]:
                runs[number] = (count, 0 if number in (count, last) else MAX_BLANK_LINES)
        else:
            count = 0
    return runs


def literal_lines(text: str) -> dict[int, int]:
    """The lines, from 1, that belong to texts below `|` or `>`, and how far those are indented."""
    result: dict[int, int] = {}
    lines = text.split("\n")
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
                first, end = token.start_mark.line + 1, token.end_mark.line
                if token.end_mark.column:
                    end += 1
                body = lines[first:end]
                indents = [len(line) - len(line.lstrip(" ")) for line in body if line.strip()]
                result |= dict.fromkeys(range(first + 1, end + 1), min(indents, default=0))
    except (yaml.YAMLError, UnicodeError):
        return result
    return result


def last_text_start(text: str) -> int | None:
    """Where the last text below `|` or `>` begins, by its header."""
    starts: list[int] = []
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
                starts.append(token.start_mark.index)
    except (yaml.YAMLError, UnicodeError):
        return None
    return starts[-1] if starts else None
