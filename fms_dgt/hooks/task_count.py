"""What is counted of one task while a run goes on: rows by stage, reasons, units, records. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fms_dgt.core.events import (
    CallFinished,
    RecordKept,
    RowMoved,
    RowRejected,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.measures import Columns

MAX_REASONS = 500
OTHER_REASONS = "other reasons"


@dataclass(slots=True)
class StageCount:
    """Rows that reached a stage, that went on from it, and that it rejected, in earlier runs or this one."""

    name: str
    reached: int = 0
    moved_on: int = 0
    rejected: int = 0
    rejected_before: int = 0
    asked: bool = False

    @property
    def gone_on(self) -> int:
        """Rows that went on from it and were not taken back.

        An ordered check lets a row go on and refuses it at commit. Such a check asks nobody and makes
        no rows, which tells it from a stage that makes several rows of some and rejects others.
        """
        if self.asked or self.moved_on > self.reached:
            return self.moved_on
        return max(0, min(self.moved_on, self.reached - self.rejected))

    @property
    def late(self) -> int:
        """Rows that went on from it and were taken back."""
        return self.moved_on - self.gone_on

    @property
    def unsaid(self) -> int:
        """Rows that ended in it without being told as rejected, as far as the counts show it."""
        return max(0, self.reached - self.gone_on - self.rejected)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the funnel."""

    name: str
    reached: int
    gone_on: int
    rejected: int

    @property
    def active(self) -> bool:
        """Whether the stage saw a row."""
        return self.reached > 0 or self.rejected > 0


@dataclass(slots=True)
class TaskCount:
    """One task. What ends in `_before` is what earlier runs had of it; the funnel is this run's alone.

    `others` are what else rejects rows beside the stages that rows pass: a branch, a record's class.
    `started` is when this run's own work began, for the rates.
    """

    name: str
    target: int | None = None
    units: int | None = None
    begun: int = 0
    done: int = 0
    done_before: int = 0
    through: int = 0
    kept: int = 0
    kept_before: int = 0
    rejected: int = 0
    answers: int = 0
    started: float | None = None
    seconds: float | None = None
    finished: TaskFinished | None = None
    stages: dict[str, StageCount] = field(default_factory=dict)
    others: dict[str, StageCount] = field(default_factory=dict)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    columns: Columns = field(default_factory=Columns)

    def begin(self, event: TaskStarted, now: float) -> None:
        """Take over what is known when a task starts."""
        self.target, self.units, self.started = event.target, event.units, now
        self.stages = {name: StageCount(name) for name in event.stages}

    def end(self, event: TaskFinished, now: float) -> None:
        """Take over what is known when a task ends."""
        self.finished = event
        self.seconds = None if self.started is None else now - self.started
        self.kept, self.rejected, self.target = event.kept, event.rejected, event.target

    def move(self, event: RowMoved) -> None:
        """Count a row from stage to stage; what was not announced is inside a stage, and is not a step."""
        self.begun += not event.origin
        self.through += not event.stage
        reached, origin = self.stages.get(event.stage), self.stages.get(event.origin)
        if reached is not None:
            reached.reached += 1
        elif event.stage:
            return
        if origin is not None:
            origin.moved_on += 1

    def answer(self, event: CallFinished) -> None:
        """Count an answer, replayed or not."""
        self.answers += 1
        stage = self.stages.get(event.stage)
        if stage is not None:
            stage.asked = True

    def unit(self, event: UnitFinished, now: float) -> None:
        """Count a unit that is through."""
        self.done += 1
        if event.again:
            self.done_before += 1
            self.started = now

    def keep(self, event: RecordKept) -> None:
        """Count a record and look at its columns."""
        self.kept += 1
        self.kept_before += event.again
        self.columns.add(event.record)

    def reject(self, event: RowRejected) -> None:
        """Count a rejection by stage and reason."""
        self.rejected += 1
        stage = self.stages.get(event.stage) or self.others.get(event.stage)
        if stage is None:
            stage = self.others[event.stage] = StageCount(event.stage)
        stage.rejected += not event.again
        stage.rejected_before += event.again
        key = (event.stage, event.reason)
        if key not in self.reasons and len(self.reasons) >= MAX_REASONS:
            key = (event.stage, OTHER_REASONS)
        self.reasons[key] += 1

    @property
    def resumed(self) -> bool:
        """Whether earlier runs have worked on it."""
        return self.done_before > 0

    @property
    def idle(self) -> bool:
        """Whether all there is of it is from earlier runs, and this one has begun nothing."""
        return self.begun == 0 and self.done > 0

    @property
    def made(self) -> int:
        """Records of this run."""
        return self.kept - self.kept_before

    @property
    def drawn(self) -> int:
        """Units that this run or an earlier one has begun."""
        return max(self.done_before + self.begun, self.done)

    @property
    def progress(self) -> tuple[int, int] | None:
        """How much of how much is done: records where a number is wanted, else units."""
        if self.target is not None:
            return min(self.kept, self.target), self.target
        return None if self.units is None else (min(self.done, self.units), self.units)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or has all that is wanted: ends are told when the whole run is over."""
        progress = self.progress
        return self.finished is not None or (progress is not None and 0 < progress[1] <= progress[0])

    def records_per_second(self, now: float) -> float:
        """The average of this run."""
        if self.started is None:
            return 0.0
        seconds = now - self.started if self.seconds is None else self.seconds
        return self.made / seconds if seconds > 0 else 0.0

    def funnel(self) -> list[Step]:
        """The stages in the order of the flow."""
        return [Step(s.name, s.reached, s.gone_on, s.rejected) for s in self.stages.values()]

    def late(self) -> list[str]:
        """The stages that refused rows after later stages had seen them."""
        stages = list(self.stages.values())
        return [s.name for at, s in enumerate(stages) if s.late and any(a.reached for a in stages[at + 1 :])]

    def unsaid(self) -> bool:
        """Whether rows were under way of which no word came: neither kept nor rejected.

        A row that was taken back leaves its traces in later stages, too; such rows are no news.
        """
        ended = sum(stage.unsaid for stage in self.stages.values()) + max(0, self.through - self.made)
        told = sum(stage.late for stage in self.stages.values())
        return ended > told + sum(other.rejected for other in self.others.values())

    def answers_left(self) -> float | None:
        """How many answers the rest may take, going by those so far; None where that is unknown."""
        if self.finished is not None:
            return 0.0
        progress = self.progress
        if progress is None:
            return None
        left, done = float(progress[1] - progress[0]), float(self.made)
        if self.target is None:
            done = self.done - self.done_before
            # units under way are taken for half done
            under_way = max(0.0, self.begun - done) / 2
            left, done = left - under_way, done + under_way
        if left <= 0:
            return 0.0
        return left * self.answers / done if done else None
