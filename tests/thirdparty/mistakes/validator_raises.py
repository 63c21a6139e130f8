"""A validator that raises: a text has no `size`."""

from dataclasses import dataclass

from fms_dgt import Check, DataBuilder, EachOf, Flow, Record, Task, Validator, Verdict


@dataclass(frozen=True)
class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str


class LongValidator(Validator):
    async def validate(self, row, kit):
        return Verdict(row[kit.check.on].size)


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout
    defaults = {"blocks": [{"name": "length", "type": "long"}]}

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow(Check("length", on="text"))
