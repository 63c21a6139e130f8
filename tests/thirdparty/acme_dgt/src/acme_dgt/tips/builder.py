"""A builder that asks for one tip a topic."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt import BuilderOptions, Check, DataBuilder, EachOf, Flow, Generate, Record, Source, Task, option

from acme_dgt.marker import mark

mark(__name__)


@dataclass(frozen=True, kw_only=True)
class TipsOptions(BuilderOptions):
    """`opening` is how every prompt begins."""

    opening: str = option("Give a tip.")


@dataclass(frozen=True, kw_only=True)
class TipsTask(Task):
    """`topics` are what the tips are about."""

    topics: list[str] = option(help="add 'topics:', a list")


@dataclass(frozen=True)
class Tip(Record):
    """One tip; `tip_score` is its length in words."""

    topic: str
    tip: str
    tip_score: float


class TipsBuilder(DataBuilder[TipsTask]):
    """Tips that are long enough."""

    Options = TipsOptions
    record = Tip

    def source(self, task: TipsTask) -> Source:
        return EachOf(task.topics, into="topic")

    def flow(self, task: TipsTask) -> Flow:
        return Flow(Generate("tip", into="tip"), Check("length", on="tip", into="tip"))

    def columns(self, task: TipsTask) -> dict[str, str]:
        return {**super().columns(task), "opening": self.options.opening}
