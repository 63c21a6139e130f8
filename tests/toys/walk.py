"""A toy builder that walks a finite list."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Flow, Generate, Record, Task


@dataclass(frozen=True)
class WalkTask(Task):
    seed_examples: list[dict]


@dataclass(frozen=True)
class Step(Record):
    number: int
    text: str


class WalkBuilder(DataBuilder[WalkTask]):
    record = Step

    def source(self, task: WalkTask) -> EachOf:
        return EachOf(task.seed_examples)

    def flow(self, task: WalkTask) -> Flow:
        return Flow(Generate("grain", into="text"))
