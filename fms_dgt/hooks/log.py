"""`run.log`: what happened in a run, line by line. No prompt, no answer, no key is in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    CodeBlocked,
    CodeFailed,
    EndpointSilent,
    JudgeDoubted,
    RunFinished,
    RunStarted,
    RunStopping,
    TaskFinished,
    TaskStarted,
)
from fms_dgt.hooks.own_code import place
from fms_dgt.hooks.wording import (
    duration,
    error_line,
    how_it_ended,
    lines_of,
    notes_at_end,
    one_line,
    plural,
    what_failed,
    what_is_waited_for,
    why_it_ended,
)
from fms_dgt.plugins.hookspecs import hookimpl
from fms_dgt.safety.files import PRIVATE, OutputFolder, write_all
from fms_dgt.safety.masking import hide_secrets

NAME = "run.log"
EACH = 100
MAX_KINDS = 100
LONG_TROUBLE = 160
_NUMBERS = re.compile(r"\d+")


def _now() -> datetime:
    return datetime.now(UTC)


class RunLog:
    """`run.log`: what happened in a run, line by line, without prompts and answers.

    Appends to `<folder>/run.log`; where it cannot, it is silent.

    Of retries and failed calls that are alike but for their numbers, the first and every hundredth
    are written.
    """

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._folder: Path | None = None
        self._seen: dict[tuple[str, str], int] = {}
        self._notes: set[str] = set()
        self._silent: set[str] = set()

    @hookimpl
    def run_started(self, event: RunStarted) -> None:
        self._folder = event.folder
        self._seen = {}
        self._notes = set()
        self._silent = set()
        names = ", ".join(one_line(name) for name in event.tasks)
        self._write(f"run started: {plural(len(event.tasks), 'task')}: {names}")
        self._note(event.notes)

    @hookimpl
    def task_started(self, event: TaskStarted) -> None:
        wanted = "all" if event.target is None else f"{event.target:,}"
        stages = ", ".join(one_line(name) for name in event.stages)
        self._write(f"task {one_line(event.task)} started: {wanted} wanted; stages: {stages}")

    @hookimpl
    def judge_doubted(self, event: JudgeDoubted) -> None:
        # the text of a reason is an answer
        what = f"score {event.value}" if event.by == "score" else "one reason"
        judge = one_line(event.stage)
        self._write(f"judge {judge} gave {what} in {event.count:,} of {event.judged:,} judgements")

    @hookimpl
    def call_retried(self, event: CallRetried) -> None:
        if self._folder is not None:
            self._trouble("retry", event.task, event.stage, event.error, f"; again in {event.delay:.1f} s")

    @hookimpl
    def endpoint_silent(self, event: EndpointSilent) -> None:
        if event.left is None:
            self._silent.discard(event.endpoint)
        elif event.endpoint not in self._silent:
            self._silent.add(event.endpoint)
            self._write(what_is_waited_for(event, 0.0))

    @hookimpl
    def call_finished(self, event: CallFinished) -> None:
        if event.error and self._folder is not None:
            tries = f"; {plural(event.attempts, 'try', 'tries')}"
            self._trouble("failed call", event.task, event.stage, event.error, tries)

    @hookimpl
    def code_failed(self, event: CodeFailed) -> None:
        # the text may have a row's words in it
        kind = "error" if event.error is None else type(event.error).__name__
        if self._folder is not None:
            at = place(event.file, event.line)
            self._trouble("code error", event.task, event.part, f"{kind} {at}".rstrip(), "")

    @hookimpl
    def code_blocked(self, event: CodeBlocked) -> None:
        at = place(event.file, event.line)
        self._write(f"plugin code kept the run waiting for {event.seconds:.1f} s: {at}")

    @hookimpl
    def run_stopping(self, event: RunStopping) -> None:
        seconds = f"calls in flight have {event.seconds:g} s to come in"
        self._write(f"run stopping: {one_line(event.why)}; {seconds}")

    @hookimpl
    def task_finished(self, event: TaskFinished) -> None:
        more = filter(None, [*why_it_ended(event), what_failed(event)])
        self._write(
            f"task {one_line(event.task)} finished: {how_it_ended(event)}", *(f"  {line}" for line in more)
        )

    @hookimpl
    def run_finished(self, event: RunFinished) -> None:
        self._write(*self._counts())
        self._note(notes_at_end(event, ()))
        if event.error:
            self._write(f"error: {error_line(event.error)}")
        self._write(
            f"run finished: {plural(event.calls, 'call')}, {event.replayed:,} replayed, "
            f"{duration(event.seconds)}, exit code {event.exit_code}"
        )
        self._folder = None

    def _note(self, notes: Iterable[str]) -> None:
        for note in notes:
            if note not in self._notes:
                self._notes.add(note)
                self._write(*(f"note: {line}" for line in lines_of(hide_secrets(note))))

    def _trouble(self, noun: str, task: str, stage: str, error: str, rest: str) -> None:
        kind = (noun, _NUMBERS.sub("#", error[:EACH]))
        if kind not in self._seen and len(self._seen) >= MAX_KINDS:
            kind = (noun, "")
        seen = self._seen[kind] = self._seen.get(kind, 0) + 1
        if seen == 1 or seen % EACH == 0:
            count = f" no. {seen:,}" if seen > 1 else ""
            where = f"{one_line(task)}, {one_line(stage)}"
            self._write(f"{noun}{count}: {where}: {error_line(error, LONG_TROUBLE)}{rest}")

    def _counts(self) -> Iterable[str]:
        nouns = (("retry", "retries"), ("failed call", "failed calls"), ("code error", "code errors"))
        for noun, many in nouns:
            number = sum(seen for kind, seen in self._seen.items() if kind[0] == noun)
            if number:
                yield f"{plural(number, noun, many)} in all"

    def _write(self, *lines: str) -> None:
        if self._folder is None or not lines:
            return
        stamp = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        text = "".join(f"{stamp} {line}\n" for line in lines)
        try:
            # lines are rare: a file that is closed in between survives every way to die
            file = OutputFolder(self._folder).open(NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
            try:
                write_all(file, text.encode("utf-8", "backslashreplace"))
            finally:
                os.close(file)
        except OSError:
            self._folder = None
