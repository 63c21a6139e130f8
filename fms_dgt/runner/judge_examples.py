"""Examples for judges of tasks without any: rows that the flow itself makes before its first judge."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from itertools import islice

from fms_dgt.binding.bound import BoundTask
from fms_dgt.core.composed import Branch, walk
from fms_dgt.core.judge_rows import MOST_EXAMPLES, Example, examples_of
from fms_dgt.core.row import Row, Unit
from fms_dgt.core.stages import Check, Stage
from fms_dgt.plugins import must_pass
from fms_dgt.runner.kit import StageKit
from fms_dgt.runner.walk import Walk
from fms_dgt.safety.permissions import under

# Of the rows that a stage makes of one, so many go on: what is wanted is variety, and each may cost calls.
MOST_OF_A_STAGE = 2


async def rows_before_judges(around: Walk, judges: Collection[str]) -> list[Example]:
    """Examples made of the source's first units, as far as the flow's model gives some."""
    task = around.task
    with under(task.permissions):
        units: list[Unit] = list(islice(task.source.units(task.settings.seed), MOST_EXAMPLES))
    found: list[Example] = []
    for at, unit in enumerate(units):
        rows = await _made(around, Row(around.unit.key, unit.values, (at,)), judges)
        found.extend(
            Example(example.question, example.answer, example.context, dict(row))
            for row in rows
            for example in examples_of([dict(row)])
        )
    return list(dict.fromkeys(found))


async def _made(around: Walk, begun: Row, judges: Collection[str]) -> list[Row]:
    rows = [begun]
    for stage in _before(around.task, judges):
        made: list[Row] = []
        for row in rows:
            kit = StageKit(around, row, stage.name, around.task.generators)
            try:
                given = await kit.step(stage, row)
            except BaseException as error:
                if must_pass(error) or isinstance(error, asyncio.CancelledError):
                    raise
                # a run will say what is wrong
                continue
            is_same = len(given) == 1 and given[0].path == row.path
            made.extend(
                given if is_same else (row.child(n, **one.beyond(row)) for n, one in enumerate(given))
            )
        rows = made[:MOST_OF_A_STAGE]
    return rows


def _before(task: BoundTask, judges: Collection[str]) -> Iterator[Stage]:
    """The stages that make rows, until one with a judge in it or a branch."""
    for stage in task.flow.stages:
        if isinstance(stage, Branch) or any(inner.name in judges for inner in walk(stage)):
            return
        if not isinstance(stage, Check):
            yield stage
