"""The view for logs and pipes: a line every few seconds. No thread; the time is looked at on events."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from fms_dgt.core.events import RunStopping, TaskFinished
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.wording import (
    duration,
    how_it_ended,
    how_it_stops,
    kept_of,
    lines_of,
    one_line,
    plural,
    short_names,
    what_failed,
)

if TYPE_CHECKING:
    from rich.text import Text

EVERY = 5.0
WIDTH = 78
LONG_ERROR = 160
NAMED_TASKS = 3


class PlainView:
    """Writes lines to a stream, and nothing more once the stream is gone."""

    every = EVERY

    def __init__(self, count: RunCount, stream: TextIO, clock: Callable[[], float]) -> None:
        self._count = count
        self._stream: TextIO | None = stream
        self._clock = clock
        self._due = clock() + self.every
        self._names = short_names(count.tasks)

    def start(self, notes: Iterable[str]) -> None:
        """Say what is to be known before the first call."""
        for note in notes:
            self._write(f"note: {line}" for line in lines_of(note))

    def tick(self) -> None:
        """Something happened: write the line if it is due."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + self.every
        self._count.sample(now)
        self._progress(progress_line(self._count, self._names, now))

    def show(self, lines: Iterable[str]) -> None:
        """Say so at once."""
        self._write(lines)

    def stopping(self, event: RunStopping) -> None:
        """Say so at once."""
        self._write(["; ".join(how_it_stops(event, event.seconds))])

    def task_finished(self, event: TaskFinished) -> None:
        """Write how one of a few tasks ended; the summary covers a single task, and many."""
        if 1 < len(self._count.tasks) <= NAMED_TASKS:
            said = [how_it_ended(event, idle=self._count.task(event.task).idle), what_failed(event)]
            name = self._names.get(event.task, event.task)
            self._write([f"{name}: {'; '.join(filter(None, said))}"])

    def finish(self, summary: Iterable[Text]) -> None:
        """Write the summary."""
        self._write(part for line in summary for part in _wrapped(line))

    def stop(self) -> None:
        """Nothing to restore."""

    def _progress(self, line: str) -> None:
        self._write([line])

    def _write(self, lines: Iterable[str]) -> None:
        self._put("".join(f"{line}\n" for line in lines))

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # nobody reads any longer (a closed pipe); the run is worth more than its face
            self._stream = None


def _wrapped(line: Text) -> Iterator[str]:
    """A long sentence below a task in several lines of one indent; every other line whole."""
    text = line.plain
    indent = " " * (len(text) - len(text.lstrip(" ")))
    if line.no_wrap or not indent or len(text) <= WIDTH:
        yield text
        return
    # what can be pasted (a flag, a path) is not broken
    yield from textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def progress_line(count: RunCount, names: Mapping[str, str], now: float) -> str:
    """Where the run stands, in one line."""
    rejected = sum(task.rejected for task in list(count.tasks.values()))
    parts = [
        _kept(count, names, now),
        f"{rejected:,} rejected",
        plural(count.calls, "call"),
        f"{count.calls_per_second():.1f} calls/s",
    ]
    if count.replayed:
        parts.append(f"{count.replayed:,} replayed")
    if count.retries:
        parts.append(plural(count.retries, "retry", "retries"))
    parts.append(f"{duration(now - count.started)} elapsed")
    left = count.left(now)
    if left is not None:
        parts.append(f"{'at least' if left.at_least else 'about'} {duration(left.seconds)} left")
    line, trouble = ", ".join(parts), count.trouble(now)
    return f"{line}; {one_line(trouble, LONG_ERROR)}" if trouble else line


def _kept(count: RunCount, names: Mapping[str, str], now: float) -> str:
    """The total, and the tasks that are open by name while they are few."""
    tasks = list(count.tasks.values())
    open_ = [task for task in tasks if not task.is_over]
    few = (open_ or tasks) if len(tasks) <= NAMED_TASKS else open_ if len(open_) <= NAMED_TASKS else []
    named = ", ".join(f"{names.get(task.name, task.name)} {_amount(task)}" for task in few)
    if len(tasks) <= NAMED_TASKS:
        return named
    total = count.total(now)
    done = f"{total.done:,} of {plural(total.tasks, 'task')} done, {kept_of(total.kept, total.target)} kept"
    return f"{done} ({named})" if named else done


def _amount(task: TaskCount) -> str:
    kept = f"{kept_of(task.kept, task.target)} kept"
    if task.target is not None or task.units is None:
        return kept
    return f"{kept} of {task.done:,}/{task.units:,} units"
