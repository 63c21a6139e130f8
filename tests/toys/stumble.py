"""A toy builder whose own code fails."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import DataBuilder, Endless, Flow, Map, Record, Task


@dataclass(frozen=True)
class Stumbled(Record):
    number: int

    def __post_init__(self) -> None:
        if self.number == 13 and self.wanted_fault == "record":
            raise ValueError("never thirteen")

    wanted_fault: str = ""


class StumbleBuilder(DataBuilder[Task]):
    record = Stumbled

    def source(self, task: Task) -> Endless:
        def draw(index, random, accepted):
            if task.task_description == "source" and index == 20:
                raise KeyError("dry")
            number = 1j if task.task_description == "json" and index == 3 else index
            return {"number": number, "wanted_fault": task.task_description}

        return Endless(draw)

    def flow(self, task: Task) -> Flow:
        def stumble(row):
            if task.task_description == "always" or (task.task_description == "stage" and row["number"] == 13):
                1 / 0
            return {}

        return Flow(Map(stumble))
