"""One unit's way through its flow. Rows wait for nothing but their own answers."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.composed import Branch
from fms_dgt.core.row import Row, Unit
from fms_dgt.core.stages import Stage
from fms_dgt.errors import FmsDgtError, Rejected
from fms_dgt.runner.bound import BoundTask
from fms_dgt.runner.calls import Calls
from fms_dgt.runner.kit import StageKit
from fms_dgt.runner.limits import Priority
from fms_dgt.runner.memories import Memories
from fms_dgt.runner.outcome import Leaf, Mark, UnitOutcome
from fms_dgt.runner.stop import Abandoned, Stop
from fms_dgt.runner.tries import CallFailed

# Where rejections stand that the builder's record class causes.
RECORD = "record"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every walk of a task shares."""

    task: BoundTask
    task_id: int
    calls: Calls
    stop: Stop
    memories: Memories
    moved: Callable[[str, str], None]
    crashed: Callable[[str, Exception], None]
    fatal: Callable[[FmsDgtError], None]
    asking: Callable[[], None] = lambda: None


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
            if stage.name in self._around.memories:
                mark, refused = self._around.memories.mark(stage.name, row)
                trail = (*trail, mark)
                if refused:
                    # against the committed prefix, so commit will find the same, whatever else comes
                    self._outcome.leaves.append(Leaf(row.path, trail))
                    return
                continue
            given = await self._step(stage, row, trail)
            if given is None:
                return
            if isinstance(stage, Branch):
                stages, at = self.task.paths[stage.name][stage.chosen(row)], 0
            elif isinstance(given, Row):
                row = given
            else:
                await self._spread(given, stages[at:], trail, origin)
                return
        self._record(row, trail, origin)

    async def _step(self, stage: Stage, row: Row, trail: tuple[Mark, ...]) -> Row | list[Row] | None:
        """What the stage made of the row; None where the row ends here."""
        try:
            if isinstance(stage, Branch):
                stage.chosen(row)
                return row
            given = await stage.run(row, StageKit(self, row, stage.name, self.task.generators))
            if given == []:
                raise Rejected("gave nothing")
        except Rejected as rejected:
            self._reject(row, trail, stage.name, rejected)
        except Abandoned:
            self.abandoned = True
        except FmsDgtError as error:
            self.abandoned = True
            self._around.fatal(error)
        except Exception as error:  # noqa: BLE001 (a stranger's stage: its fault stays with its row)
            self._crash(row, trail, stage.name, error)
        else:
            return given
        return None

    def _crash(self, row: Row, trail: tuple[Mark, ...], stage: str, error: Exception) -> None:
        self._around.crashed(stage, error)
        where = traceback.extract_tb(error.__traceback__)[-1]
        evidence = {
            "error": f"{type(error).__name__}: {error}",
            "at": f"{where.filename.rsplit('/', 1)[-1]}:{where.lineno}",
        }
        self._reject(row, trail, stage, Rejected("error in the stage's code", evidence))

    async def _spread(
        self, rows: list[Row], stages: tuple[Stage, ...], trail: tuple[Mark, ...], came_from: str
    ) -> None:
        children = [row.child(at) for at, row in enumerate(rows)]
        if len(children) == 1:
            await self._follow(children[0], stages, trail, came_from)
            return
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(self._follow(child, stages, trail, came_from))

    def _record(self, row: Row, trail: tuple[Mark, ...], came_from: str) -> None:
        values = {**self.task.columns, **row}
        fields = self.task.record.__dataclass_fields__
        try:
            record = self.task.record(**{name: values[name] for name in fields if name in values})
            leaf = Leaf(row.path, trail, record=record.to_dict())
        except Exception as error:  # noqa: BLE001 (a stranger's record class)
            self.moved(RECORD, came_from)
            self._crash(row, trail, RECORD, error)
        else:
            self.moved("", came_from)
            self._outcome.leaves.append(leaf)

    def _reject(self, row: Row, trail: tuple[Mark, ...], stage: str, rejected: Rejected) -> None:
        self._outcome.failed = self._outcome.failed or isinstance(rejected, CallFailed)
        made = {name: value for name, value in row.items() if name not in self.unit.values}
        rejection = {
            "stage": stage,
            "reason": rejected.reason,
            "evidence": rejected.evidence,
            "values": made,
        }
        self._outcome.leaves.append(Leaf(row.path, trail, rejection=rejection))
