"""A toy builder whose rows are asked about by one model, then by another; two more roles are asked by nobody."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Endless, Flow, Generate, Record, Task


@dataclass(frozen=True)
class RelayTask(Task):
    seed_examples: list[dict]


@dataclass(frozen=True)
class Relayed(Record):
    number: int
    first: str
    second: str


class RelayBuilder(DataBuilder[RelayTask]):
    record = Relayed

    def source(self, task: RelayTask) -> EachOf | Endless:
        if task.task_description == "endless":
            return Endless(lambda index, random, accepted: {"number": index})
        return EachOf(task.seed_examples)

    def flow(self, task: RelayTask) -> Flow:
        return Flow(
            Generate("grain", into="first", name="ask"),
            Generate("grain", into="second", name="judge", role="judge"),
        )
