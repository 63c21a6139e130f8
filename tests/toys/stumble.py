"""A toy builder whose own code fails."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import DataBuilder, Endless, Flow, Map, Record, Rejected, Task, stage


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
            number = "three" if task.task_description == "type" and index == 3 else index
            return {"number": number, "wanted_fault": task.task_description}

        return Endless(draw)

    def flow(self, task: Task) -> Flow:
        def stumble(row):
            if task.task_description == "always" or (
                task.task_description == "stage" and row["number"] == 13
            ):
                raise ZeroDivisionError("division by zero")
            if task.task_description == "evidence" and row["number"] == 13:
                raise Rejected("no", {1, 2})
            return {}

        @stage()
        async def give(row, kit):
            fault = task.task_description if row["number"] == 13 else ""
            if fault == "exit":
                raise SystemExit(0)
            return {"none": None, "dict": {}}.get(fault, row)

        return Flow(Map(stumble), give)
