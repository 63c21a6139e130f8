"""The terminal's view of a run: live, or a line every few seconds; at the end a summary. All on stderr."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    CodeBlocked,
    CodeFailed,
    EndpointSilent,
    RecordKept,
    RowMoved,
    RowRejected,
    RunFinished,
    RunStarted,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.notebook import NotebookView
from fms_dgt.hooks.own_code import CodeErrors, blocked_lines
from fms_dgt.hooks.plain import PlainView
from fms_dgt.hooks.run_count import RunCount
from fms_dgt.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from rich.text import Text


_logger = logging.getLogger("fms_dgt")


class View(Protocol):
    """Shows the counters of a run while they grow."""

    def start(self, notes: Iterable[str]) -> None: ...
    def tick(self) -> None: ...
    def show(self, lines: Iterable[str]) -> None: ...
    def stopping(self, event: RunStopping) -> None: ...
    def task_finished(self, event: TaskFinished) -> None: ...
    def finish(self, summary: Iterable[Text]) -> None: ...
    def stop(self) -> None: ...


class Display:
    """The terminal's view of a run: live, or a line every few seconds; at the end a summary.

    Counts the events of a run and shows the counters as `RunStarted.display` says.

    "live" on something that is not a terminal is shown as "plain". With "none" nothing is counted.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._count: RunCount | None = None
        self._view: View | None = None
        self._code_errors = CodeErrors()

    @hookimpl
    def run_started(self, event: RunStarted) -> None:
        if self._view is not None:
            self._view.stop()
        self._count = self._view = None
        self._code_errors = CodeErrors()
        # a notebook shows stderr as if something had gone wrong
        stream = self._stream or (sys.stdout if event.display == "notebook" else sys.stderr)
        # sys.stderr is None where a program has no terminal at all
        if event.display == "none" or stream is None:
            return
        self._count = RunCount(event.tasks, self._clock(), event.notes)
        self._view = _view(event.display, self._count, stream, self._clock)
        self._view.start(event.notes)

    @hookimpl
    def task_started(self, event: TaskStarted) -> None:
        if self._count is not None:
            self._count.task(event.task).begin(event, self._clock())

    @hookimpl
    def row_moved(self, event: RowMoved) -> None:
        if self._count is not None and self._view is not None:
            self._count.task(event.task).move(event)
            self._view.tick()

    @hookimpl
    def call_retried(self, event: CallRetried) -> None:
        if self._count is not None and self._view is not None:
            self._count.retry(event, self._clock())
            self._view.tick()

    @hookimpl
    def endpoint_silent(self, event: EndpointSilent) -> None:
        if self._count is not None and self._view is not None:
            self._count.silence(event, self._clock())
            self._view.tick()

    @hookimpl
    def call_finished(self, event: CallFinished) -> None:
        if self._count is not None and self._view is not None:
            self._count.call(event, self._clock())
            self._view.tick()

    @hookimpl
    def code_failed(self, event: CodeFailed) -> None:
        self._show(list(self._code_errors.add(event)))

    @hookimpl
    def code_blocked(self, event: CodeBlocked) -> None:
        self._show(list(blocked_lines(event)))

    def _show(self, lines: Sequence[str]) -> None:
        """Show at once what concerns the author of a plugin; where nothing is shown, in the log of Python."""
        if lines and self._view is not None:
            self._view.show(lines)
        elif lines:
            _logger.warning("%s", "\n".join(lines))

    @hookimpl
    def record_kept(self, event: RecordKept) -> None:
        if self._count is not None and self._view is not None:
            self._count.task(event.task).keep(event)
            self._view.tick()

    @hookimpl
    def row_rejected(self, event: RowRejected) -> None:
        if self._count is not None and self._view is not None:
            self._count.task(event.task).reject(event)
            self._view.tick()

    @hookimpl
    def unit_finished(self, event: UnitFinished) -> None:
        if self._count is not None and self._view is not None:
            self._count.unit(event, self._clock())
            self._view.tick()

    @hookimpl
    def run_stopping(self, event: RunStopping) -> None:
        if self._count is not None and self._view is not None:
            self._count.stop(event, self._clock())
            self._view.stopping(event)

    @hookimpl
    def task_finished(self, event: TaskFinished) -> None:
        if self._count is not None and self._view is not None:
            self._count.task(event.task).end(event, self._clock())
            self._view.task_finished(event)

    @hookimpl
    def run_finished(self, event: RunFinished) -> None:
        count, view = self._count, self._view
        self._count = self._view = None
        if count is None or view is None:
            self._show(list(self._code_errors.summary()))
            return
        count.code_errors = tuple(self._code_errors.summary())
        # imported here, since it brings in rich, which a run that shows nothing does not need
        from fms_dgt.hooks.summary import summary  # noqa: PLC0415

        try:
            view.finish(summary(event, count))
        finally:
            view.stop()


def _view(
    display: Literal["live", "plain", "notebook"], count: RunCount, stream: TextIO, clock: Callable[[], float]
) -> View:
    if display == "live":
        from fms_dgt.hooks.live import LiveView, can_show  # noqa: PLC0415 (rich, as above)

        if can_show(stream):
            return LiveView(count, stream, clock)
    if display == "notebook":
        return NotebookView(count, stream, clock)
    return PlainView(count, stream, clock)
