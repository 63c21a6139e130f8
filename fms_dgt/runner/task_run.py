"""One task under way: its units in order, what is finished, what is committed, how it ends."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.binding.bound import BoundTask, stage_names
from fms_dgt.core.events import End, RecordKept, RowMoved, RowRejected, UnitFinished
from fms_dgt.core.reply import Reading
from fms_dgt.core.row import Unit
from fms_dgt.core.source import Endless
from fms_dgt.errors import RunError, StageCrashed, TaskFails, UserError
from fms_dgt.journal import Journal, TaskEntry
from fms_dgt.journal.entries import to_text
from fms_dgt.plugins import Hooks, described, must_pass
from fms_dgt.runner.admission import Cost, Yield, calls_of
from fms_dgt.runner.barren import Barren
from fms_dgt.runner.code_faults import CodeFault
from fms_dgt.runner.dataset import Dataset
from fms_dgt.runner.decide import Decision, Judgement, Known
from fms_dgt.runner.judge_check import JudgeResult
from fms_dgt.runner.judges import JudgeCounts
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.open_files import OpenFiles
from fms_dgt.runner.outcome import CODE_ERROR, NOT_JSON, RECORD, UnitOutcome
from fms_dgt.runner.rebuild import committed_decisions, rebuild
from fms_dgt.runner.soundness import Soundness
from fms_dgt.runner.stop import Stop
from fms_dgt.runner.stored import StoredOutcomes
from fms_dgt.runner.writable import as_text
from fms_dgt.safety.files import OutputFolder

# Finished units beyond this many wait in the journal alone.
HELD_IN_MEMORY = 256
# Reasons that say nothing about the row.
MAY_PASS = ("failed", CODE_ERROR, NOT_JSON)
# So many units of an endless source may fail without a record, however little patience is asked for.
FEWEST_FAILED = 20
# What a reading counts of what it had to leave out.
LEFT_OUT = ("cut", "incomplete", "surplus")
# So many units are taken from the journal before anybody else has a turn.
STORED_AT_ONCE = 500
# So many of the newest units tell what the rest may cost.
UNITS_SEEN = 200


@dataclass(slots=True)
class Counts:
    """What happened in a task, for its report."""

    entered: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: int = 0
    # rows by stage, of all units that the dataset is made of; None where an earlier version did not note them
    rows: Counter[str] | None = field(default_factory=Counter)

    def add_rows(self, rows: Counter[str] | None) -> None:
        """Count the rows of one more unit."""
        if rows is None:
            self.rows = None
        elif self.rows is not None:
            self.rows.update(rows)

    def leave_out(self, stage: str, reading: Reading) -> None:
        """Count what a reply had that its value has not."""
        for name in LEFT_OUT:
            number = getattr(reading, name)
            if number:
                self.left_out[stage, name] += number


class TaskRun:
    """The state of one task. Everything here happens on the event loop, in between awaits."""

    def __init__(
        self, bound: BoundTask, entry: TaskEntry, journal: Journal, hooks: Hooks, files: OpenFiles
    ) -> None:
        self.bound = bound
        self.entry = entry
        self.stop = Stop()
        self.counts = Counts()
        self.judges = JudgeCounts(bound.name)
        # what the judges made of rows of known quality, where that was wanted
        self.judged: Sequence[JudgeResult] = ()
        self.yields = Yield(bound.flow.multiplies())
        self.cost = Cost(calls_of(bound.flow))
        self.memories = Memories.of(bound)
        self.memories.crashed = lambda fault: hooks.code_failed(fault.event(bound.name))
        self._journal = journal
        self._files = files
        self.dataset = self._new_dataset()
        self.under_way: dict[int, int] = {}
        # no unit beyond this many is begun, for an estimate
        self.most_units: int | None = None
        # the last committed units: key, records
        self.units_seen: deque[tuple[str, int]] = deque(maxlen=UNITS_SEEN)
        self.admitted = 0
        self.committed = 0
        self._hooks = hooks
        self._judgement = Judgement(self.memories)
        self._finished: dict[int, UnitOutcome | None] = {}
        self._waiting_rows = 0
        self._next = 0
        self._stored = StoredOutcomes(journal, entry.id)
        self._units: Iterator[Unit] | None = None
        self._counted: deque[tuple[int, int]] = deque(maxlen=bound.source.lag or 1)
        self._exhausted = False
        self._closed = False
        self._barren, self._failed = Barren(), Barren()
        self._soundness = Soundness([*stage_names(bound.flow), RECORD])
        self._unit: Unit | None = None
        # set while there are stored units left to finish: the event loop gets its turn in between
        self.catching_up = False
        self._had = self.dataset.records_there()
        self._tail: list[Decision] = []
        self._rebuilt: Sequence[str] = ()

    def _new_dataset(self) -> Dataset:
        folder = OutputFolder(self._journal.folder, self.bound.folder)
        lag = self.bound.source.lag
        return Dataset(folder, self.bound.instruction_format, self._files, keep_places=lag is not None)

    @property
    def units_before(self) -> int:
        """How many units earlier runs have worked on to their end."""
        return len(self._stored)

    # --- units -------------------------------------------------------------------------------

    def wants(self) -> bool:
        """Whether the target may need a unit beyond those under way."""
        if self.stop or self._exhausted or self._has_most_units:
            return False
        target = self.bound.target
        if target is None:
            return True
        expected = self._waiting_rows * self.yields.a_row + len(self.under_way) * self.yields.a_unit
        return self.dataset.kept + expected < target

    @property
    def _has_most_units(self) -> bool:
        """Whether an estimate needs no further unit. Those that earlier runs finished are all taken."""
        if self.most_units is None or self._unit is not None:
            return False
        return self._next >= max(self.most_units, len(self._stored))

    def peek(self) -> Unit | None:
        """The next unit that has to be worked on, None where there is none now.

        Units whose outcome is in the journal are finished on the way.
        """
        stored = 0
        while self._unit is None and not self.stop and not self._exhausted and self.in_reach():
            stored += 1
            self.catching_up = stored > STORED_AT_ONCE
            if self.catching_up:
                return None
            unit = self._drawn()
            if unit is None:
                self._exhausted = True
            elif not self._finish_from_journal(unit):
                self._unit = unit
        return self._unit

    def take(self) -> Unit:
        """Start the unit that `peek` showed."""
        unit = self._unit
        if unit is None:
            raise RuntimeError("take without peek")
        self._soundness.check(self.bound.name)
        self._unit = None
        self._publish()
        self.under_way[unit.number] = 0
        self.admitted += 1
        return unit

    def _publish(self) -> None:
        """Put the files in place, unless the earlier ones still have more."""
        if self.dataset.kept >= self._had:
            self.dataset.publish()

    def close(self) -> None:
        """Write what is left and close the files; earlier ones stay where an error left fewer records."""
        if self._closed or self.stop.end == "exhausted":
            self.dataset.publish()
        self._publish()
        self.dataset.close()
        if self.dataset.changed:
            self._rebuild()

    def _rebuild(self) -> None:
        """Make the files anew, since another program changed them while they grew."""
        bound = self.bound
        self._rebuilt = self.dataset.changed
        committed = committed_decisions(
            self._journal, self.entry.id, self.committed, bound.target, bound.folder
        )
        self.dataset = self._new_dataset()
        rebuild(self.dataset, itertools.chain(committed, self._tail))

    def in_reach(self) -> bool:
        """Whether the next unit's lag allows it, and the target may need it."""
        lag = self.bound.source.lag
        return self.wants() and (lag is None or self._next - lag < self.committed)

    def _drawn(self) -> Unit | None:
        number = self._next
        self._next += 1
        try:
            unit = self._draw(number)
            if unit is not None:
                _check_unit(unit, number)
        except (UserError, RunError):
            raise
        except BaseException as error:
            if must_pass(error):
                raise
            text = f"the source of {self.bound.name} failed at unit {number}: {described(error)}"
            raise StageCrashed(text) from error
        return unit

    def _draw(self, number: int) -> Unit | None:
        source = self.bound.source
        if not isinstance(source, Endless):
            if self._units is None:
                self._units = source.units(self.bound.settings.seed)
            return next(self._units, None)
        if self._stored.read(number, str(number)) is not None:
            return Unit(number, str(number), {})
        return source.unit(number, self.bound.settings.seed, self._accepted(number))

    def _accepted(self, number: int) -> Any:
        lag = self.bound.source.lag
        if lag is None or number < lag:
            return ()
        count = next(count for unit, count in self._counted if unit == number - lag)
        return self.dataset.accepted(count)

    def _finish_from_journal(self, unit: Unit) -> bool:
        stored = self._stored.read(unit.number, unit.key)
        if stored is None:
            return False
        outcome, known = stored
        if unit.number == self.committed:
            self._commit(outcome, known)
            self._commit_ready()
        else:
            self._hold(outcome)
            if len(self._finished) > HELD_IN_MEMORY:
                self._finished[outcome.number] = None
        return True

    # --- what comes back ---------------------------------------------------------------------

    def finish(self, number: int, outcome: UnitOutcome | None, asks: int, money: float = 0.0) -> None:
        """A unit is through (or was abandoned): keep what became of it, commit what is due."""
        self.under_way.pop(number, None)
        if outcome is None:
            return
        self.cost.finished(asks, money)
        written = self._put(outcome)
        self._hold(outcome)
        self._commit_ready()
        if len(self._finished) > HELD_IN_MEMORY and number in self._finished:
            written.add_done_callback(lambda done: self._let_go(number, done))

    def _put(self, outcome: UnitOutcome) -> asyncio.Future[None]:
        text = as_text(outcome, self.bound.flow, self.crashed)
        number, key, failed = outcome.number, outcome.key, outcome.failed
        return self._journal.put_outcome(self.entry.id, number, key, text, failed=failed)

    def _hold(self, outcome: UnitOutcome) -> None:
        self._waiting_rows += outcome.records
        self._finished[outcome.number] = outcome

    def _let_go(self, number: int, written: asyncio.Future[None]) -> None:
        """Once it is on the disk, a finished unit that others wait before need not be held in memory."""
        failed = written.cancelled() or written.exception() is not None
        if not failed and number in self._finished:
            self._finished[number] = None

    def _commit_ready(self) -> None:
        # units that were under way when the task stopped still count, up to the first gap
        while not self._closed and self.committed in self._finished:
            outcome = self._load(self.committed)
            self._waiting_rows -= outcome.records
            self._commit(outcome, None)
        self.dataset.show()

    def _load(self, number: int) -> UnitOutcome:
        return self._finished.pop(number) or self._stored.again(number)

    def _commit(self, outcome: UnitOutcome, known: Known | None) -> None:
        decision = self._judgement.decide(outcome, self.dataset.kept, self.bound.target, known)
        if known is None:
            if decision.faulty:
                outcome.fail(())
                self._put(outcome)
            self._journal.put_decision(self.entry.id, outcome.number, to_text(decision.to_json()))
        self._add(decision, again=known is not None)
        self.counts.add_rows(outcome.rows)
        for doubt in self.judges.add(decision.judged, again=known is not None):
            self._hooks.judge_doubted(doubt)
        self.committed += 1
        self.units_seen.append((outcome.key, len(decision.records)))
        if not decision.only_failed:
            self.yields.committed(len(decision.records), outcome.records)
        if self.bound.source.lag is not None:
            self._counted.append((outcome.number, self.dataset.kept))
        self._hooks.unit_finished(UnitFinished(self.bound.name, outcome.number, again=known is not None))
        self._judge_end(decision)
        self._soundness.committed(decision)
        if self.under_way:
            self._publish()
        if known is None and not self._closed:
            self._soundness.check(self.bound.name)
            self._check_failed()

    def _add(self, decision: Decision, *, again: bool) -> None:
        first = self.dataset.kept + 1
        # written before it is told: what a hook does to a record stays its own affair
        self.dataset.add(decision)
        for at, record in enumerate(decision.records, first):
            self._hooks.record_kept(RecordKept(self.bound.name, at, record, again))
        for line in decision.rejections:
            reason = (line["stage"], line["reason"])
            self.counts.rejected[reason] += 1
            self.counts.failed += line["reason"] in MAY_PASS
            self._hooks.row_rejected(
                RowRejected(self.bound.name, *reason, evidence=line["evidence"], again=again)
            )

    # --- ends --------------------------------------------------------------------------------

    def _judge_end(self, decision: Decision) -> None:
        target = self.bound.target
        if target is not None and self.dataset.kept >= target:
            self._close("reached")
            return
        if decision.records:
            self._barren.clear()
            self._failed.clear()
            return
        # what failed says nothing of what the task's prompts and checks give
        (self._failed if decision.only_failed else self._barren).add(decision)
        if self.bound.source.endless and self._barren.units >= self.bound.settings.max_stalled_requests:
            self._close("stalled", self._why_stalled())

    def _check_failed(self) -> None:
        """Raises TaskFails where an endless source would go on and on, and each unit fails."""
        most = max(FEWEST_FAILED, self.bound.settings.max_stalled_requests)
        if self.bound.source.endless and self._failed.units >= most:
            text = f"{self.bound.name}: {self._failed.units} units gave no record, as calls or code failed"
            raise TaskFails(f"{text}{self._failed.why()}", task=self.bound.name)

    def _close(self, end: End, why: str = "") -> None:
        """The dataset ends here, whatever else is still under way."""
        self._closed = True
        self.stop.set(end, why, instead=True)

    def _why_stalled(self) -> str:
        mend = "change the prompt, the threshold or the seeds, or raise --max-stalled-requests"
        return f"{self._barren.units} units in a row gave no record{self._barren.why()}; {mend}"

    def why(self) -> str:
        """A sentence on how the task ended, where that was not by having all that was wanted."""
        target = self.bound.target
        if self.stop.end == "exhausted" and target is not None and self.dataset.kept < target:
            return f"the source had {self.committed:,} units, which gave {self.dataset.kept:,} records"
        if self.stop.end == "exhausted" and self.counts.failed:
            return what_failed(self.counts.failed)
        return self.stop.why

    def notes(self) -> Iterator[str]:
        """What the user should know of the files beside the counts."""
        name = self.bound.name
        if self.counts.failed:
            yield f"{name}: {what_failed(self.counts.failed)}"
        if self._rebuilt:
            yield (
                f"{name}: {', '.join(self._rebuilt)} was changed by another program during the run, "
                "and was made anew from the journal"
            )
        if self.dataset.unformatted:
            first = self.dataset.format_error
            yield f"{name}: {self.dataset.unformatted:,} records have no formatted line; the first: {first}"

    def check_exhausted(self) -> None:
        """End the task where its source, or an estimate, has no unit left and everything is committed."""
        if self.stop or self.under_way or self._finished:
            return
        if self._exhausted:
            self.stop.set("exhausted")
        elif self._has_most_units:
            self.stop.set("estimated", "the units of the estimate are through; the run goes on from there")

    def crashed(self, fault: CodeFault) -> None:
        """A stage's code failed on a row."""
        self._soundness.crashed(fault.stage)
        self._hooks.code_failed(fault.event(self.bound.name))

    @property
    def may_be_broken(self) -> bool:
        """Whether a stage fails on every row so far: no unit begins until commit has judged it."""
        return bool(self.under_way) and self._soundness.doubtful(self.counts.entered)

    def moved(self, stage: str, origin: str) -> None:
        """A row reached a stage, or with "" the end of the flow."""
        self.counts.entered[stage] += 1
        self._hooks.row_moved(RowMoved(self.bound.name, stage, origin))

    def write_tail(self) -> bool:
        """Where the task was ended early: append the finished units behind the prefix, in order.

        Whether there were any. Nothing of this is noted: the next run cuts back to the prefix. A task
        that ended by itself, stalled ones included, ends in the same place whatever else was under way.
        """
        if self._closed:
            return False
        numbers = sorted(self._finished)
        for number in numbers:
            outcome = self._load(number)
            decision = self._judgement.decide(outcome, self.dataset.kept, self.bound.target)
            self._add(decision, again=False)
            self.counts.add_rows(outcome.rows)
            self._tail.append(decision)
        return bool(numbers)


def what_failed(rows: int) -> str:
    """That so many rows failed, and what to do."""
    return f"{rows:,} {'row' if rows == 1 else 'rows'} failed; --retry-failed takes them up again"


def _check_unit(unit: Any, number: int) -> None:
    """Raises TypeError or ValueError where a source gave no unit, or not the next."""
    if not isinstance(unit, Unit):
        raise TypeError(f"a source gives Units, not {type(unit).__name__}")
    if not isinstance(unit.values, Mapping):
        raise TypeError(f"a unit's values are a mapping, not {type(unit.values).__name__}")
    if unit.number != number:
        raise ValueError(f"units are numbered in order from 0; this one has {unit.number}")
