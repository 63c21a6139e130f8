"""A toy builder that feeds on its own results: each draw shows a few of the riddles made so far."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from fms_dgt import BuilderOptions, Check, DataBuilder, Endless, Flow, Generate, Judge, Record, Task
from fms_dgt import at_least, option


@dataclass(frozen=True, kw_only=True)
class RiddleOptions(BuilderOptions):
    lag: int = option(6, low=0)


@dataclass(frozen=True)
class RiddleTask(Task):
    seed_examples: list[str]


@dataclass(frozen=True)
class Riddle(Record):
    riddle: str
    riddle_score: float
    riddle_reason: str


class RiddlesBuilder(DataBuilder[RiddleTask]):
    """Riddles like the seeds and like those that were accepted."""

    Options = RiddleOptions
    record = Riddle

    def source(self, task: RiddleTask) -> Endless:
        def draw(index: int, random: Random, accepted) -> dict:
            shown = [random.choice(task.seed_examples)]
            shown += [row["riddle"] for row in random.sample(accepted, min(2, len(accepted)))]
            return {"shown": shown}

        return Endless(draw, lag=self.options.lag)

    def flow(self, task: RiddleTask) -> Flow:
        return Flow(
            Generate("write_riddles", into="riddle", count=3),
            Check("dedup", on="riddle"),
            Judge("judge_riddle", keep=at_least(2), into="riddle"),
        )
