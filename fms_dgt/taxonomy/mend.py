"""Mending what is only style, and nothing else: what a file says stays as it is, to the byte."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.errors import InputError
from fms_dgt.taxonomy.style import blank_runs, last_text_start, literal_lines


def fixed(text: str) -> str:
    """The text without what is only style: line ends, spaces at the end of lines, blank lines.

    What the file says stays as it is: a step that would change that is not taken. Where the file ends
    in a text below `|` without a line break, that becomes `|-`, so that the text does not get one.
    """
    said = _said(text)
    steps: list[Callable[[str], str]] = [
        _with_lf,
        _without_trailing_spaces,
        _without_blank_lines,
        _ended,
        _ended_after_text,
    ]
    for step in steps if said is not None else ():
        mended = step(text)
        if mended != text and _said(mended) == said:
            text = mended
    return text


def rewrite(file: Path, text: str) -> None:
    """Put `text` in place of what the file says, all at once; a link stays one. Raises OSError."""
    target = Path(os.path.realpath(file))
    mark = b"\xef\xbb\xbf" if target.read_bytes().startswith(b"\xef\xbb\xbf") else b""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(mark + text.encode())
        shutil.copymode(target, name)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n")


def _without_trailing_spaces(text: str) -> str:
    texts = literal_lines(text)
    lines = text.split("\n")
    for at, line in enumerate(lines):
        bare = line.rstrip(" \t")
        # a blank line of a text may be indented like the text, but what is more is said
        if at + 1 not in texts or (not bare and len(line) <= texts[at + 1]):
            lines[at] = bare
    return "\n".join(lines)


def _without_blank_lines(text: str) -> str:
    texts = literal_lines(text)
    lines = text.split("\n")
    drop: set[int] = set()
    for number, (run, most) in blank_runs(lines).items():
        at_the_end = number >= len(lines) - 1
        surplus = range(number - run + most + 1, number + 1)
        drop |= {one for one in surplus if at_the_end or one not in texts}
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in drop)


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _ended_after_text(text: str) -> str:
    """As `_ended`, with the `|` or `>` of a text that the file ends in as `|-` or `>-`."""
    if text.endswith("\n") or (start := last_text_start(text)) is None:
        return text
    header, rest = text[start:].split("\n", 1)
    stripped = _STRIPPED.sub(r"\1\2-", header, count=1)
    return f"{text[:start]}{stripped}\n{rest}\n"


_STRIPPED = re.compile(r"([|>])[-+]?([1-9]?)[-+]?")


def _said(text: str) -> Any:
    """What a file says; None where it cannot be read, or says nothing."""
    try:
        return parse_yaml(text, "").plain()
    except InputError:
        return None
