"""The view for terminals: drawn from the counters by rich's own thread, four times a second."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from fms_dgt.core.events import RunStopping, TaskFinished
from fms_dgt.hooks.frame import Frame, Screen
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.hooks.wording import lines_of, short_names

TIMES_A_SECOND = 4
# What the terminal itself writes behind the last line on Ctrl-C; a line break there would upset the view.
ECHO = len("^C^C")


def can_show(stream: TextIO) -> bool:
    """Whether the stream is a terminal that lets lines be drawn over."""
    console = _console(stream)
    # rich takes FORCE_COLOR for a terminal; a file is none
    return stream.isatty() and console.is_terminal and not console.is_dumb_terminal


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False, force_jupyter=False)


class LiveView:
    """Shows the counters until it is stopped; then the terminal is as it was."""

    def __init__(self, count: RunCount, stream: TextIO, clock: Callable[[], float]) -> None:
        self._count = count
        self._clock = clock
        self._names = short_names(count.tasks)
        self._console = _console(stream)
        # what others write to stderr meanwhile (warnings, logging) comes above the view; stdout is not ours
        self._live = Live(
            get_renderable=self._frame,
            console=self._console,
            refresh_per_second=TIMES_A_SECOND,
            transient=True,
            redirect_stdout=False,
        )

    def start(self, notes: Iterable[str]) -> None:
        """Write what is to be known, which stays, and begin to draw below it."""
        for note in notes:
            for line in lines_of(note):
                self._console.print(f"note: {line}", style="dim", soft_wrap=True)
        atexit.register(self.stop)
        self._live.start(refresh=True)

    def tick(self) -> None:
        """Nothing: the view looks at the counters by itself."""

    def show(self, lines: Iterable[str]) -> None:
        """Write lines above the view, which stay."""
        self._console.print("\n".join(lines), style="yellow", soft_wrap=True)

    def stopping(self, event: RunStopping) -> None:
        """Nothing: the footer says so."""

    def task_finished(self, event: TaskFinished) -> None:
        """Nothing: the task's line says so."""

    def finish(self, summary: Iterable[Text]) -> None:
        """Take the view away and write the summary in its place."""
        self.stop()
        for line in summary:
            self._console.print(self._fitted(line), soft_wrap=line.no_wrap)

    def stop(self) -> None:
        """Give the terminal back; the second time, nothing."""
        atexit.unregister(self.stop)
        self._live.stop()

    def _fitted(self, line: Text) -> Text:
        """A line that keeps its indent where it wraps, or is cut where it must not (a row of a table)."""
        width = self._console.width
        if line.overflow is not None:
            line.truncate(width, overflow=line.overflow)
        indent = len(line.plain) - len(line.plain.lstrip(" "))
        if line.no_wrap or line.cell_len <= width or not indent:
            return line
        wrapped = line[indent:].wrap(self._console, max(20, width - indent))
        for part in wrapped:
            part.rstrip()
        return Text("\n").join(Text(" " * indent) + part for part in wrapped)

    def _frame(self) -> Text:
        now = self._clock()
        self._count.sample(now)
        console = self._console
        width, height = console.size
        colours = console.color_system is not None and not console.no_color
        screen = Screen(width - ECHO, height, console.options.ascii_only, colours)
        return Frame(self._count, self._names, screen, now).draw()
