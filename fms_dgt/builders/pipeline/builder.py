"""A flow that stands in YAML: ready-made stages with their prompts, inputs and outputs, and no Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from fms_dgt.builders.pipeline.columns import ColumnCheck
from fms_dgt.builders.pipeline.reading import Reading
from fms_dgt.builders.pipeline.task import Draw, PipelineTask
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.record import Columns
from fms_dgt.core.source import Accepted, EachOf, Endless, Source
from fms_dgt.core.source import Draw as DrawFunction
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.errors import InputError, Problem, did_you_mean


class PipelineBuilder(DataBuilder[PipelineTask]):
    """A flow in YAML: rows of a table, or draws of seed examples, through ready-made stages."""

    record = Columns

    def source(self, task: PipelineTask) -> Source:
        if task.draw is not None:
            return Endless(in_turn(task.seed_examples, task.draw))
        return EachOf(task.seed_examples) if task.seed_examples else rows_of(task.input or [])

    def flow(self, task: PipelineTask) -> Flow:
        reading = Reading(task.seed_examples)
        self._files = reading.files
        return Flow(*reading.stages(task.flow.stages))

    def template_files(self) -> Mapping[str, Path]:
        return self._files

    def output(self, task: PipelineTask) -> Sequence[str] | None:
        return task.columns or None

    def notes(self, task: PipelineTask) -> list[str]:
        unread = task.input is not None and bool(task.seed_examples)
        missing = [f"not imported with the flow: {part}" for part in task.flow.missing]
        return ["'input' is not read: the seed_examples are the rows", *missing] if unread else missing

    def check(self, task: PipelineTask) -> list[Problem]:
        problems = _row_problems(task)
        if problems:
            return problems
        there = frozenset({*self.columns(task), *_first(self.source(task))})
        found = [
            name.problem(f"the flow begins with '{name.value}', which no row has", _has(name.value, there))
            for name in task.flow.input
            if name.value not in there
        ]
        reading = Reading(task.seed_examples)
        stages = reading.stages(task.flow.stages)
        if found or reading.problems:
            return found or reading.problems
        wiring = ColumnCheck(reading)
        wiring.output(task.output or task.flow.output, wiring.stages(tuple(stages), there))
        return wiring.problems


def in_turn(seeds: Sequence[Mapping[str, Any]], wanted: Draw) -> DrawFunction:
    """Unit `index` is one seed's turn; others that are alike stand beside it, in any order."""

    def draw(index: int, random: Random, _: Accepted) -> dict[str, Any]:
        seed = seeds[index % len(seeds)]
        own = {name: seed.get(name) for name in wanted.alike}
        others = [
            other
            for other in seeds
            if other is not seed and all(other.get(name) == value for name, value in own.items())
        ]
        examples = [seed, *random.sample(others, min(wanted.examples - 1, len(others)))]
        random.shuffle(examples)
        return {**own, wanted.into: [dict(example) for example in examples]}

    return draw


def _row_problems(task: PipelineTask) -> list[Problem]:
    if task.draw is not None and not task.seed_examples:
        return [Problem("'draw' draws seed examples, and there are none", "add 'seed_examples:'")]
    if not task.input and not task.seed_examples:
        return [Problem("the task has no rows", "add 'input: rows.jsonl', or 'seed_examples:'")]
    if task.draw is not None:
        known = {name for seed in task.seed_examples for name in seed}
        strange = [name for name in task.draw.alike if name not in known]
        return [
            Problem(f"draw: no seed example has the column '{name}'", did_you_mean(name, known))
            for name in strange
        ]
    # rows that come from Python take the table's place
    return task.input.problems() if isinstance(task.input, Table) and not task.seed_examples else []


def _first(source: Source) -> Mapping[str, Any]:
    try:
        unit = source.unit(0, 0, ()) if isinstance(source, Endless) else next(source.units(0), None)
    except InputError:
        # told where the source is bound
        return {}
    return unit.values if unit is not None else {}


def _has(name: str, there: frozenset[str]) -> str:
    return did_you_mean(name, there, noun="rows have")
