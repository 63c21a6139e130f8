"""A stage that makes a column which `makes` does not name."""

from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Flow, Record, Task, stage


@dataclass(frozen=True)
class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str
    loud: str = ""


@stage(needs={"text"}, makes={"text"})
async def shout(row, kit):
    return row.with_(loud=row["text"].upper())


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow(shout)
