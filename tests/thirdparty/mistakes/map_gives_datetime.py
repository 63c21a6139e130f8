"""A Map that gives a datetime, which JSON cannot hold."""

from dataclasses import dataclass
from datetime import datetime

from fms_dgt import DataBuilder, EachOf, Flow, Map, Record, Task


@dataclass(frozen=True)
class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str
    made_at: object


def stamp(row):
    return {"made_at": datetime(2026, 11, 28)}


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow(Map(stamp, makes=["made_at"]))
