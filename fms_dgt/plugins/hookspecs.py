"""The hooks of a run. A plugin implements any of them, marked with `fms_dgt.hookimpl`.

Hooks are told what happened; what they return is ignored. They are called in the run's own loop, so
they must return at once: slow work belongs in a thread of the plugin's own. One that raises is
switched off for the rest of the run. An implementation takes the argument `event`, or none.
"""

from __future__ import annotations

import pluggy

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    CodeBlocked,
    CodeFailed,
    EndpointSilent,
    JudgeDoubted,
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

PROJECT = "fms_dgt"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    """One method an event; events are frozen dataclasses of `fms_dgt.core.events`."""

    @hookspec
    def run_started(self, event: RunStarted) -> None:
        """Everything is bound and nothing is called yet. Once a run, before any other hook."""

    @hookspec
    def task_started(self, event: TaskStarted) -> None:
        """A task begins or goes on. Once a task, before anything else of it."""

    @hookspec
    def row_moved(self, event: RowMoved) -> None:
        """A row reached a stage. As it happens, in no fixed order; often."""

    @hookspec
    def call_retried(self, event: CallRetried) -> None:
        """A try failed and will be made again. As it happens."""

    @hookspec
    def endpoint_silent(self, event: EndpointSilent) -> None:
        """An endpoint answers nothing. Every few seconds, and once when that is over."""

    @hookspec
    def call_finished(self, event: CallFinished) -> None:
        """A call was answered, or failed for good. As it happens; often."""

    @hookspec
    def code_failed(self, event: CodeFailed) -> None:
        """A plugin's own code failed on a row. As it happens, each time."""

    @hookspec
    def code_blocked(self, event: CodeBlocked) -> None:
        """A plugin's code kept all other rows waiting. As it happens; each line of code once."""

    @hookspec
    def record_kept(self, event: RecordKept) -> None:
        """A record became part of the dataset. In the order of the dataset."""

    @hookspec
    def row_rejected(self, event: RowRejected) -> None:
        """A row was dropped. In the order of the dataset."""

    @hookspec
    def judge_doubted(self, event: JudgeDoubted) -> None:
        """A judge gave nearly always one score, or one reason. In unit order; each once."""

    @hookspec
    def unit_finished(self, event: UnitFinished) -> None:
        """A unit was committed. In unit order, after what came of it."""

    @hookspec
    def run_stopping(self, event: RunStopping) -> None:
        """The run was told to stop, and lets calls in flight come in. At most once a run."""

    @hookspec
    def task_finished(self, event: TaskFinished) -> None:
        """A task ended and its files are written. Once a task that started."""

    @hookspec
    def run_finished(self, event: RunFinished) -> None:
        """The run ended, well or not. Once a run, after every other hook."""


HOOK_NAMES = tuple(name for name in vars(HookSpecs) if not name.startswith("_"))
