"""A generator that raises: its table of answers lacks the prompt."""

from dataclasses import dataclass

from fms_dgt import Completion, DataBuilder, EachOf, Flow, Generate, Generator, Prompt, Record, Task


@dataclass(frozen=True)
class ShoutTask(Task):
    words: list[str]


@dataclass(frozen=True)
class Shout(Record):
    text: str
    loud: str


class TableGenerator(Generator):
    answers = {"Shout: hello": "HELLO"}

    async def generate(self, request):
        return Completion(self.answers[request.messages[-1]["content"]])


class ShoutBuilder(DataBuilder[ShoutTask]):
    record = Shout
    defaults = {"blocks": [{"name": "generator", "type": "table"}]}

    def source(self, task):
        return EachOf(task.words, into="text")

    def flow(self, task):
        return Flow(Generate(Prompt("Please shout: {{ text }}"), into="loud", name="ask"))
