"""A toy builder that asks two endpoints at once: one refuses, the other answers."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Flow, Generate, Record, Task, Together


@dataclass(frozen=True)
class TwoTask(Task):
    seed_examples: list[dict]


@dataclass(frozen=True)
class Two(Record):
    number: int


class TwoEndsBuilder(DataBuilder[TwoTask]):
    record = Two

    def source(self, task: TwoTask) -> EachOf:
        return EachOf(task.seed_examples)

    def flow(self, task: TwoTask) -> Flow:
        return Flow(
            Together(
                Generate("grain", into="a", name="a"), Generate("grain", into="b", name="b", role="other")
            ),
            Generate("grain", into="c", name="c", role="other"),
        )
