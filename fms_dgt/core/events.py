"""What a run tells its hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

# "estimated": an estimate has worked on as many units as it needs.
End: TypeAlias = Literal["reached", "exhausted", "stalled", "spent", "interrupted", "stopped", "estimated"]

# What a judge gave again and again.
Sameness: TypeAlias = Literal["score", "reason"]


def to_go_on(action: str = "run the same command", *, restarted: bool) -> str:
    """What to do to go on with a run that ended early; --restart would begin anew once more."""
    return f"{action}, without --restart, to continue" if restarted else f"{action} to continue"


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A task begins or goes on. `target` is None for "all"; `units` is known for finite sources.

    What earlier runs had kept and rejected is told again right after it.
    """

    task: str
    folder: Path
    stages: Sequence[str]
    target: int | None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins. `display` is how much the face may show: live, plain, in a notebook's cell, or none."""

    folder: Path
    tasks: Sequence[str]
    display: Literal["live", "plain", "notebook", "none"] = "none"
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CallFinished:
    """One call was answered, or failed for good (`error`). `replayed` answers cost nothing."""

    task: str
    stage: str
    seconds: float
    input_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 1
    replayed: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class CallRetried:
    """One try failed and will be made again in `delay` seconds."""

    task: str
    stage: str
    error: str
    delay: float


@dataclass(frozen=True, slots=True)
class EndpointSilent:
    """An endpoint answers nothing: told every few seconds, and once more when that is over.

    `endpoint` names the block and its model, `error` is what the last call met, "" where calls wait and
    nothing comes. It has been silent for `seconds`, and is waited for `left` more; None once it answers, or
    is given up. It is `busy` where it is there, and too slow or overloaded.
    """

    endpoint: str
    error: str
    seconds: float
    left: float | None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class RowMoved:
    """A row reached a stage, coming from the stage `origin` ("" for a new unit's row).

    A `stage` of "" is the end of the flow: the row came through.
    """

    task: str
    stage: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class UnitFinished:
    """A unit was committed: what came of it has been told. `again` is set for an earlier run's."""

    task: str
    number: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class RunStopping:
    """The run was told to stop; calls in flight may still come in for `seconds`."""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RecordKept:
    """A record became part of the dataset. Told in the order of the dataset.

    `again` is set for those that an earlier run had kept already.
    """

    task: str
    number: int
    record: Mapping[str, Any]
    again: bool = False


@dataclass(frozen=True, slots=True)
class RowRejected:
    """A row was dropped. Told in the order of the dataset."""

    task: str
    stage: str
    reason: str
    evidence: Any = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class CodeFailed:
    """A plugin's own code raised, or gave what it must not give; it costs a row. Told as it happens.

    `part` is what failed: "the stage 'shout'". `file` and `line` are the plugin's own line on the way to
    `error`, where there is one; `text` is that error's, as it stands in rejected.jsonl.
    """

    task: str
    stage: str
    part: str
    text: str
    file: str = ""
    line: int = 0
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class CodeBlocked:
    """A plugin's code kept the event loop, and so every other row, waiting. Told once it goes on.

    `calls` are the lines that it was at, "file:line in function", each called by the one before.
    """

    file: str
    line: int
    seconds: float
    calls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class JudgeDoubted:
    """A judge gave one score, or one reason, to nearly all rows that are committed.

    `stage` names the judge. `by` is "score" or "reason", `value` which one it is, `count` in how many of
    `judged` judgements it came. Every row may have deserved it; `fms_dgt check-teachers --judge` tells.
    """

    task: str
    stage: str
    by: Sameness
    value: str
    count: int
    judged: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """How a task ended.

    `why` is a sentence where there is more to say: what it did not get, or that it was complete already.
    Of the rejected rows, `failed` may be taken up again (`--retry-failed`).
    """

    task: str
    end: End
    kept: int
    target: int | None
    rejected: int
    why: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)
    failed: int = 0

    @property
    def complete(self) -> bool:
        """Whether the task has what it was asked for: so many records, or all rows of its source.

        What failed on the way to a number of records is made up for; of all rows, one that failed is missing.
        """
        if self.target is not None:
            return self.end in ("reached", "exhausted") and self.kept >= self.target
        return self.end == "exhausted" and not self.failed

    @property
    def estimated(self) -> bool:
        """Whether there is an estimate, and not only because every row failed."""
        return self.end == "estimated" and (self.kept > 0 or not self.failed)


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The end of a run, with one entry a task; `report` is what `run.json` says, by task.

    `error` is what stopped the run, or some of its tasks, early, `mendable` whether the user can do something
    about it.
    `cost` is what this run's calls cost, in the currency of the prices; None where a price is not known.
    `estimate` is what the rest of all tasks takes, where the run was made for that; `report` has each task's.
    `restarted` is set where it was begun anew (`--restart`), which the same command would do once more.
    """

    folder: Path
    tasks: Sequence[TaskFinished]
    report: Mapping[str, Mapping[str, Any]]
    seconds: float
    calls: int
    replayed: int
    notes: Sequence[str] = ()
    error: str = ""
    mendable: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    estimate: Mapping[str, Any] | None = None
    restarted: bool = False

    @property
    def exit_code(self) -> int:
        """0 where every task has what it was asked for, or its estimate, 2 where the user can fix what is
        in the way, 130 where it was interrupted, else 1.
        """
        if self.error:
            return 2 if self.mendable else 1
        if any(task.end == "interrupted" for task in self.tasks):
            return 130
        return 0 if all(task.complete or task.estimated for task in self.tasks) else 1
