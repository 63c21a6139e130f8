"""Errors in plugins' own code, as people read them: each once, with a count at the end."""

from __future__ import annotations

import linecache
import logging
import re
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fms_dgt.core.events import CodeBlocked, CodeFailed
from fms_dgt.hooks.wording import error_line, lines_of, one_line, plural
from fms_dgt.safety.masking import hide_secrets
from fms_dgt.safety.working_folder import shown

# So many different errors are shown as they happen, and in the end.
SHOWN_ERRORS, SHOWN_AT_END = 20, 5
MAX_ERRORS = 200
SHOWN_CALLS = 8
SHORT = 80
LONG_TRACEBACK, LONG_TEXT = 200, 100_000
_NUMBERS = re.compile(r"\d+")
_logger = logging.getLogger("fms_dgt")

Error = tuple[str, str, str]


@dataclass(slots=True)
class CodeErrors:
    """The errors of a run, those that are alike counted together: same part, same kind, same line."""

    counts: Counter[Error] = field(default_factory=Counter)
    _lines: dict[Error, str] = field(default_factory=dict)

    def add(self, event: CodeFailed) -> Iterator[str]:
        """Count an error; what to show of it, where it is the first of its kind."""
        kind = _kind(event)
        if kind not in self.counts and len(self.counts) >= MAX_ERRORS:
            return
        self.counts[kind] += 1
        if self.counts[kind] > 1:
            return
        at = place(event.file, event.line)
        self._lines[kind] = f"{event.part}: {error_line(event.text, SHORT)}" + (f" ({at})" if at else "")
        if len(self.counts) <= SHOWN_ERRORS:
            yield from failure_lines(event)

    def summary(self) -> Iterator[str]:
        """Each kind with how often it came, the most common first."""
        for kind, number in self.counts.most_common(SHOWN_AT_END):
            yield f"{plural(number, 'error')} in {self._lines[kind]}"
        left = len(self.counts) - SHOWN_AT_END
        if left > 0:
            yield f"... and {plural(left, 'other kind')} of errors in plugins' code; see rejected.jsonl"


def _kind(event: CodeFailed) -> Error:
    if event.line:
        # a text often has the row's own words in it
        return event.part, event.text.partition(":")[0], f"{event.file}:{event.line}"
    return event.part, _NUMBERS.sub("#", event.text[:100]), ""


def failure_lines(event: CodeFailed) -> Iterator[str]:
    """What went wrong, where, and the line itself; with debug logging, the whole traceback."""
    yield f"error: {event.part}: {error_line(event.text)}"
    at = place(event.file, event.line)
    if at:
        source = linecache.getline(event.file, event.line).strip()
        yield f"  at {at}" + (f": {error_line(source, 120)}" if source else "")
    if event.error is not None and _logger.isEnabledFor(logging.DEBUG):
        yield from traceback_lines(event.error)


def blocked_lines(event: CodeBlocked) -> Iterator[str]:
    """What kept the run waiting, and what to write instead."""
    at = place(event.file, event.line)
    yield f"warning: plugin code kept the whole run waiting for {event.seconds:.1f} s (told once)"
    source = linecache.getline(event.file, event.line).strip()
    yield f"  at {at}" + (f": {error_line(source, 120)}" if source else "")
    yield from (f"  called from there: {one_line(hide_secrets(call))}" for call in event.calls[:SHOWN_CALLS])
    yield "  no other row moves meanwhile: use an async library, or, in an async function,"
    yield "  await asyncio.to_thread(function, ...)"


def place(file: str, line: int) -> str:
    """`file:line`, from the working folder."""
    return one_line(f"{shown(Path(file))}:{line}", 300) if line else ""


def traceback_lines(error: BaseException) -> Iterator[str]:
    """A traceback without secrets, in lines that can do nothing to a terminal."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 (a stranger's exception may not even be shown)
        return
    yield from (f"  {line}" for line in lines_of(hide_secrets(text[:LONG_TEXT]), lines=LONG_TRACEBACK))
