"""A stage that sleeps without giving way to anybody."""

import time
from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Flow, Record, Task, stage


@dataclass(frozen=True)
class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str


@stage(needs={"text"}, makes={"text"})
async def shout(row, kit):
    time.sleep(1)
    return row.with_(text=row["text"].upper())


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow(shout)
