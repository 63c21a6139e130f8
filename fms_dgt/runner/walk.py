"""One unit's way through its flow. Rows wait for nothing but their own answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.bound import BoundTask
from fms_dgt.core.composed import Branch
from fms_dgt.core.reply import Reading
from fms_dgt.core.row import Row, Unit
from fms_dgt.core.stages import Stage
from fms_dgt.errors import FmsDgtError, Rejected
from fms_dgt.plugins import place
from fms_dgt.runner.calls import Calls
from fms_dgt.runner.kit import StageKit
from fms_dgt.runner.limits import Priority
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.outcome import Leaf, Mark, UnitOutcome
from fms_dgt.runner.stop import Abandoned, Stop, cancelled_from_outside

# Where rejections stand that the builder's record class causes.
RECORD = "record"
# The reason of rows on which a stage's or record's own code fails.
CODE_ERROR = "error in the stage's code"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every walk of a task shares."""

    task: BoundTask
    task_id: int
    calls: Calls
    stop: Stop
    memories: Memories
    moved: Callable[[str, str], None]
    crashed: Callable[[str, BaseException], None]
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
        self.moved = around.moved
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
        if self.abandoned:
            return None
        self._outcome.sort()
        return self._outcome

    async def _follow(
        self, row: Row, stages: tuple[Stage, ...], trail: tuple[Mark, ...], came_from: str = ""
    ) -> None:
        at, origin = 0, came_from
        while at < len(stages):
            stage = stages[at]
            at += 1
            if not isinstance(stage, Branch):
                self.moved(stage.name, origin)
                origin = stage.name
            given = await self._step(stage, row, trail)
            if given is None:
                return
            if isinstance(given, Mark):
                trail = (*trail, given)
            elif isinstance(stage, Branch):
                stages, at = self.task.paths[stage.name][stage.chosen(row)], 0
            elif isinstance(given, Row):
                row = given
            else:
                await self._spread(row, given, stages[at - 1 :], trail)
                return
        self._record(row, trail, origin)

    async def _step(
        self, stage: Stage, row: Row, trail: tuple[Mark, ...]
    ) -> Row | list[Row | Rejected] | Mark | None:
        """What the stage made of the row; None where the row ends here."""
        try:
            if stage.name in self._around.memories:
                return self._compare(stage, row, trail)
            if isinstance(stage, Branch):
                stage.chosen(row)
                return row
            return _rows(await stage.run(row, StageKit(self, row, stage.name, self.task.generators)))
        except Rejected as rejected:
            self._reject(row, trail, stage.name, rejected)
        except Abandoned:
            self.abandoned = True
        except FmsDgtError as error:
            self.fatal(error)
        except asyncio.CancelledError as error:
            if cancelled_from_outside():
                raise
            self._crash(row, trail, stage.name, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's fault stays with its row)
            self._crash(row, trail, stage.name, error)
        return None

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

    def failed(self) -> None:
        """A call that this unit needs failed for good, whatever its stage makes of that."""
        self._outcome.failed = True

    async def _spread(
        self,
        parent: Row,
        rows: list[Row | Rejected],
        stages: tuple[Stage, ...],
        trail: tuple[Mark, ...],
    ) -> None:
        """Take the rows that the first of `stages` made of their parent through the others."""
        came_from = stages[0].name
        children = []
        for at, row in enumerate(rows):
            if isinstance(row, Rejected):
                self._reject(parent.child(at), trail, came_from, row)
            else:
                children.append(parent.child(at, **row.beyond(parent)))
        if len(children) == 1:
            await self._follow(children[0], stages[1:], trail, came_from)
            return
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(self._follow(child, stages[1:], trail, came_from))

    def _crash(self, row: Row, trail: tuple[Mark, ...], stage: str, error: BaseException) -> None:
        self._around.crashed(stage, error)
        # the reason may lie outside (a file that is missing): such rows may be taken up again
        self._outcome.failed = True
        # the author's line, without a folder: what is written must not depend on the machine
        evidence = {"error": f"{type(error).__name__}: {error}", "at": place(error).rsplit("/", 1)[-1]}
        self._reject(row, trail, stage, Rejected(CODE_ERROR, evidence))

    def _record(self, row: Row, trail: tuple[Mark, ...], came_from: str) -> None:
        try:
            leaf = Leaf(row.path, trail, record=self.task.record_of(row))
        except Exception as error:  # noqa: BLE001 (a stranger's record class)
            self.moved(RECORD, came_from)
            self._crash(row, trail, RECORD, error)
        else:
            self.moved("", came_from)
            self._outcome.leaves.append(leaf)

    def _reject(self, row: Row, trail: tuple[Mark, ...], stage: str, rejected: Rejected) -> None:
        # of a finite source, the item is what a reader looks for; of a draw, what was made of it
        given = self.unit.values if self.task.source.endless else {}
        made = {name: value for name, value in row.items() if name not in given}
        rejection = {
            "stage": stage,
            "reason": rejected.reason,
            "evidence": rejected.evidence,
            "values": made,
        }
        self._outcome.leaves.append(Leaf(row.path, trail, rejection=rejection))


def _rows(given: Any) -> Row | list[Row | Rejected]:
    """What a stage returned, if it is what stages return."""
    if isinstance(given, Row):
        return given
    if not isinstance(given, list | tuple):
        raise TypeError(f"a stage gives a Row or a list of them, not {type(given).__name__}")
    if not given:
        raise Rejected("gave nothing")
    wrong = [type(row).__name__ for row in given if not isinstance(row, Row | Rejected)]
    if wrong:
        raise TypeError(f"a stage gives a list of Rows; in this one there is {wrong[0]}")
    return list(given)
