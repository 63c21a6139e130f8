"""A Task subclass without @dataclass."""

from dataclasses import dataclass

from fms_dgt import DataBuilder, EachOf, Flow, Record, Task


class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow()
