"""One unit's way through its flow. Rows wait for nothing but their own answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeAlias

from fms_dgt.binding.bound import BoundTask, BoundValidator
from fms_dgt.core.composed import Branch
from fms_dgt.core.fits_json import NotJson
from fms_dgt.core.reply import Reading
from fms_dgt.core.row import Row, Unit
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.wrong_result import UndeclaredColumns, WrongResult, kind_of
from fms_dgt.errors import FmsDgtError, PluginError, Rejected
from fms_dgt.plugins import must_pass, own_place, shown, text_of
from fms_dgt.runner.calls import Calls
from fms_dgt.runner.code_faults import CodeFault
from fms_dgt.runner.kit import StageKit
from fms_dgt.runner.limits import Priority
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.outcome import CODE_ERROR, RECORD, Judged, Leaf, Mark, Path, UnitOutcome
from fms_dgt.runner.stop import Abandoned, Stop, run_has_ended, this_task
from fms_dgt.safety.working_folder import shown as shown_path

# The reason of rows that are like another one of the list that they came in.
REPEATED = "like another item of the same reply"
# Characters of a judge's reason.
KEPT_OF_REASON, READ_OF_REASON = 120, 1_000

_Given: TypeAlias = "Row | list[Row] | Mark | tuple[Stage, ...]"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every walk of a task shares."""

    task: BoundTask
    task_id: int
    calls: Calls
    stop: Stop
    memories: Memories
    moved: Callable[[str, str], None]
    crashed: Callable[[CodeFault], None]
    fatal: Callable[[FmsDgtError], None]
    asking: Callable[[], None] = lambda: None
    left_out: Callable[[str, Reading], None] = lambda _stage, _reading: None


class Walk:
    """Takes a unit's row through the flow and notes where each row that comes of it ends."""

    def __init__(
        self, around: Surroundings, unit: Unit, answers: Mapping[bytes, Any], priority: Priority
    ) -> None:
        self.task = around.task
        self.task_id = around.task_id
        self.calls = around.calls
        self.stop = around.stop
        self.asking = around.asking
        self.left_out = around.left_out
        self.seed = around.task.settings.seed
        self.unit = unit
        self.answers = answers
        self.priority = priority
        self.asked: dict[bytes, int] = {}
        self.abandoned = False
        self._around = around
        self._outcome = UnitOutcome(unit.number, unit.key)

    async def run(self) -> UnitOutcome | None:
        """What became of the unit; None where its task stopped before it was through."""
        row = Row(self.unit.key, self.unit.values)
        await self._follow(row, self.task.flow.stages, ())
        return self.outcome()

    def outcome(self) -> UnitOutcome | None:
        """What became of the unit, once its rows have ended."""
        if self.abandoned:
            return None
        self._outcome.sort()
        return self._outcome

    def moved(self, stage: str, origin: str) -> None:
        """A row reached a stage, or with "" the end of the flow."""
        rows = self._outcome.rows
        if stage and rows is not None:
            rows[stage] += 1
        self._around.moved(stage, origin)

    async def _follow(
        self, row: Row, stages: tuple[Stage, ...], trail: tuple[Mark, ...], came_from: str = ""
    ) -> None:
        at, origin = 0, came_from
        task = this_task()
        while at < len(stages):
            stage = stages[at]
            at += 1
            if not isinstance(stage, Branch):
                self.moved(stage.name, origin)
                origin = stage.name
            given = await self._step(task, stage, row, trail)
            if given is None:
                return
            if isinstance(given, Mark):
                trail = (*trail, given)
            elif isinstance(given, Row):
                row = given
            elif isinstance(given, tuple):
                stages, at = given, 0
            else:
                rows = self._without_repeats(given, stages[at:], trail, origin)
                if len(rows) != 1:
                    await self._spread(rows, stages[at:], trail, origin)
                    return
                row = rows[0]
        self._record(row, trail, origin)

    async def _step(
        self, task: asyncio.Task[Any], stage: Stage, row: Row, trail: tuple[Mark, ...]
    ) -> _Given | None:
        """What came of the row in a stage; None where it ends here, whatever its code did."""
        given: _Given | None = None
        fault: BaseException | None = None
        before = task.cancelling()
        try:
            if stage.name in self._around.memories:
                given = self._compare(stage, row, trail)
            elif isinstance(stage, Branch):
                given = self.task.paths[stage.name][stage.chosen(row)]
            else:
                kit = StageKit(self, row, stage.name, self.task.generators, trail=trail)
                made = _rows(await stage.run(row, kit), row, stage)
                given = made if isinstance(made, Row) else self._children(row, made, trail, stage.name)
        except BaseException as error:
            if must_pass(error):
                raise
            fault = error
        if task.cancelling() > before and await run_has_ended(task, self.stop, before):
            # what code makes of being cancelled is not data
            self.abandoned = True
            raise asyncio.CancelledError
        if fault is not None:
            self._end(row, trail, stage.name, fault)
        return given

    def _children(
        self, row: Row, rows: list[Row | Rejected], trail: tuple[Mark, ...], stage: str
    ) -> list[Row]:
        """The rows of a list that go on; those that do not are rejected."""
        children = [
            each if isinstance(each, Rejected) else row.child(at, **each.beyond(row))
            for at, each in enumerate(rows)
        ]
        for at, child in enumerate(children):
            if isinstance(child, Rejected):
                self._reject(row.child(at), trail, stage, child)
        return [child for child in children if isinstance(child, Row)]

    def _without_repeats(
        self, rows: list[Row], stages: tuple[Stage, ...], trail: tuple[Mark, ...], came_from: str
    ) -> list[Row]:
        """The rows of a list, less those that a check before the next call would find alike."""
        if len(rows) < 2:
            return rows
        for check in checks_ahead(stages, self._around.memories, self.task.validators):
            compared = [row for row in rows if row.made_at(check.on or "") == row.path]
            repeated = list(self._around.memories.repeats(check.name, compared))
            for row, first, match in repeated:
                text = {"text": match.text} if match.text else {}
                evidence = {"score": round(match.score, 4), "row": first.key, **text}
                self.moved(check.name, came_from)
                self._reject(row, trail, check.name, Rejected(REPEATED, evidence))
            paths = {row.path for row, _, _ in repeated}
            rows = [row for row in rows if row.path not in paths]
        return rows

    def _end(self, row: Row, trail: tuple[Mark, ...], stage: str, fault: BaseException) -> None:
        """A stage raised: the row is rejected, unless the run stops."""
        if self.abandoned or isinstance(fault, Abandoned):
            self.abandoned = True
            return
        if isinstance(fault, UndeclaredColumns):
            # what is paid for serves again once it is declared; rows that were lost would be made anew
            at = own_place(fault)
            where = f" ({shown_path(FilePath(at.file))}:{at.line})" if at else ""
            self.fatal(PluginError(f"{fault}{where}"))
            return
        if isinstance(fault, Rejected):
            try:
                self._reject(row, trail, stage, fault)
            except BaseException as error:
                if must_pass(error):
                    raise
                fault = error
            else:
                return
        self._crash(row, trail, stage, fault)

    def _compare(self, stage: Stage, row: Row, trail: tuple[Mark, ...]) -> Mark | None:
        mark, refused = self._around.memories.mark(stage.name, row)
        if refused:
            # against the committed prefix, so commit will find the same, whatever else comes
            self._outcome.leaves.append(Leaf(row.path, (*trail, mark)))
        return None if refused else mark

    def fatal(self, error: FmsDgtError) -> None:
        """What would fail every row: the run stops, and nothing of this unit is kept but its answers."""
        self.abandoned = True
        self._around.fatal(error)

    def failed(self, trail: tuple[Mark, ...]) -> None:
        """A call failed for good, whatever its stage makes of that; its row had passed these checks."""
        self._outcome.fail(trail)

    def judged(self, stage: str, path: Path, trail: tuple[Mark, ...], said: Mapping[str, Any]) -> None:
        """A judge gave its score and reason; the reason is kept as far as it tells one from another."""
        reason = " ".join(said["reason"][:READ_OF_REASON].split())[:KEPT_OF_REASON]
        self._outcome.judged.append(Judged(stage, path, trail, said["score"], reason))

    async def _spread(
        self, rows: list[Row], stages: tuple[Stage, ...], trail: tuple[Mark, ...], came_from: str
    ) -> None:
        """Take several rows on, at once."""

        async def follow(row: Row) -> None:
            try:
                await self._follow(row, stages, trail, came_from)
            except GeneratorExit as error:
                # see Scheduler: the row's end is noted
                if must_pass(error):
                    raise

        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(follow(row))

    def _crash(self, row: Row, trail: tuple[Mark, ...], stage: str, error: BaseException) -> None:
        fault = CodeFault.of(stage, self._part(stage), error)
        self._around.crashed(fault)
        # the reason may lie outside (a file that is missing): such rows may be taken up again
        self._outcome.fail(trail)
        self._reject(row, trail, stage, Rejected(CODE_ERROR, fault.evidence()))

    def _part(self, stage: str) -> str:
        """What of a plugin is at work in a stage, for messages."""
        if stage == RECORD:
            return f"the record {self.task.record.__name__}"
        check = next((each for each in self.task.flow.walk() if each.name == stage), None)
        if isinstance(check, Check):
            return f"the validator '{self.task.validators[check.validator].type}' of the stage '{stage}'"
        return f"the stage '{stage}'"

    def _record(self, row: Row, trail: tuple[Mark, ...], came_from: str) -> None:
        try:
            leaf = Leaf(row.path, trail, record=self.task.record_of(row))
        except NotJson:
            # what it is will be found where the outcome is written
            self._outcome.leaves.append(Leaf(row.path, trail, record=dict(row)))
        except BaseException as error:
            if must_pass(error):
                raise
            self.moved(RECORD, came_from)
            self._crash(row, trail, RECORD, error)
        else:
            self.moved("", came_from)
            self._outcome.leaves.append(leaf)

    def _reject(self, row: Row, trail: tuple[Mark, ...], stage: str, rejected: Rejected) -> None:
        # of a finite source, the item is what a reader looks for; of a draw, what was made of it
        given = self.unit.values if self.task.source.endless else {}
        made = {name: value for name, value in row.items() if name not in given}
        reason: object = rejected.reason
        rejection = {
            "stage": stage,
            "reason": shown(reason) if type(reason) is str else text_of(reason),
            "evidence": rejected.evidence,
            "values": made,
        }
        self._outcome.leaves.append(Leaf(row.path, trail, rejection=rejection))


def checks_ahead(
    stages: tuple[Stage, ...], memories: Memories, validators: Mapping[str, BoundValidator]
) -> list[Check]:
    """The checks against earlier records that come before anything is asked; none where nothing is.

    Where no call follows, a row that is dropped later shuts nobody out. What a stage before the check makes
    is not there to be compared yet.
    """
    found: list[Check] = []
    made: set[str] = set()
    for stage in stages:
        if stage.inner() or any(stage.asks()):
            return found
        made.update(stage.makes())
        if isinstance(stage, Check):
            if stage.name in memories:
                found.extend([] if made & {stage.on, stage.within} else [stage])
            elif validators[stage.validator].generators:
                return found
    return []


def _rows(given: Any, row: Row, stage: Stage) -> Row | list[Row | Rejected]:
    """What a stage returned, if it is what stages return."""
    if isinstance(given, Row):
        return _own(given, row)
    function = next(stage.functions(), stage.run)
    if not isinstance(given, list | tuple):
        raise WrongResult(f"a stage gives a Row or a list of them, not {kind_of(given)}", function)
    rows = list(given)
    if not rows:
        raise Rejected("gave nothing")
    wrong = [each for each in rows if not isinstance(each, Row | Rejected)]
    if wrong:
        raise WrongResult(f"a stage gives a list of Rows; in this one there is {kind_of(wrong[0])}", function)
    return rows


def _own(given: Row, row: Row) -> Row:
    """The row that a stage gave for another, where it is made from that."""
    if given.unit != row.unit or (given.path != row.path and given.path[: len(row.path)] != row.path):
        raise TypeError(f"a stage gives the row that it got, with more columns; this is row {given.key}")
    return given
