"""A toy builder whose rows say how they are lost: by a check, by an error of its code, by a value."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Endless, Flow, Generate, Map, Record, Rejected, Task


@dataclass(frozen=True)
class LossesTask(Task):
    seed_examples: list[dict]


@dataclass(frozen=True)
class Left(Record):
    number: int
    text: str
    value: object = None


class LossesBuilder(DataBuilder[LossesTask]):
    record = Left

    def source(self, task: LossesTask) -> EachOf | Endless:
        if task.task_description == "endless":
            seeds = task.seed_examples
            return Endless(
                lambda index, random, accepted: {**seeds[min(index, len(seeds) - 1)], "number": index}
            )
        return EachOf(task.seed_examples)

    def flow(self, task: LossesTask) -> Flow:
        def value(row):
            if row["fault"] == "check":
                raise Rejected("not good enough")
            if row["fault"] == "code":
                raise ValueError("no such thing")
            return {"value": datetime.date(2026, 1, 1) if row["fault"] == "value" else 1}

        return Flow(Generate("grain", into="text"), Map(value, makes=["value"]))
