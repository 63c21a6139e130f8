"""Toy builders, one for each shape of flow."""

from __future__ import annotations

from dataclasses import dataclass, field

from fms_dgt import (
    Branch,
    Check,
    DataBuilder,
    EachOf,
    Flow,
    ForEach,
    Generate,
    Map,
    Record,
    Rejected,
    Task,
    Together,
    Unfold,
    Validator,
    Verdict,
    at_least,
    stage,
)


@dataclass(frozen=True)
class ShapeTask(Task):
    seed_examples: list[dict]


@dataclass(frozen=True)
class Shape(Record):
    number: int
    made: object = None
    label: str = ""
    others: list = field(default_factory=list)


class _ShapeBuilder(DataBuilder[ShapeTask]):
    record = Shape

    def source(self, task: ShapeTask) -> EachOf:
        return EachOf(task.seed_examples)


class TogetherBuilder(_ShapeBuilder):
    def flow(self, task: ShapeTask) -> Flow:
        both = Together(Generate("grain", into="a", name="left"), Generate("grain", into="b", name="right"))
        return Flow(both, Map(lambda row: {"made": [row["a"], row["b"]]}, needs=["a", "b"], makes=["made"]))


class UnfoldBuilder(_ShapeBuilder):
    def flow(self, task: ShapeTask) -> Flow:
        return Flow(
            Map(lambda row: {"x": "ex", "y": "why"}, makes=["x", "y"], name="letters"),
            Unfold(["x", "y"], into="made", label="label"),
            Generate("grain", into="said"),
        )


class EachBuilder(_ShapeBuilder):
    def flow(self, task: ShapeTask) -> Flow:
        def even(row):
            if row["item"] % 2:
                raise Rejected("odd", row["item"])
            return {}

        return Flow(
            Map(lambda row: {"items": list(range(row["number"]))}, makes=["items"], name="count"),
            ForEach(
                "items",
                "item",
                Map(even),
                Generate("grain", into="said"),
                gather={"others": "item", "made": "said"},
                otherwise=task.task_description,
            ),
        )


class BranchBuilder(_ShapeBuilder):
    def flow(self, task: ShapeTask) -> Flow:
        return Flow(
            Map(lambda row: {"kind": row["number"] % 3}, makes=["kind"], name="sort"),
            Branch(
                "kind",
                to={
                    0: Flow(Map(lambda row: {"label": "fizz"}, makes=["label"], name="fizz")),
                    1: Flow(Generate("grain", into="label", name="buzz")),
                },
            ),
            Generate("grain", into="made", name="last"),
        )


@stage(needs={"number"}, makes={"made"}, asks={"generator": ["gr*"]})
async def ask_thrice(row, kit):
    luck = kit.random("luck").random()

    async def twice():
        first = await kit.ask("generator", "grain")
        second = await kit.ask("generator", "grain")
        return [first.text, second.text]

    answers = await kit.together(twice(), twice(), twice())
    return row.with_(made=[*answers, luck])


class ThriceBuilder(_ShapeBuilder):
    def flow(self, task: ShapeTask) -> Flow:
        return Flow(ask_thrice)


class DuplicatesBuilder(_ShapeBuilder):
    """Each item lists words; each word is a record unless it came before."""

    def flow(self, task: ShapeTask) -> Flow:
        @stage(needs={"words"}, makes={"label"})
        async def spread(row, kit):
            return [row.with_(label=word) for word in row["words"]]

        return Flow(
            spread,
            Check("dedup", on="label", within="group" if task.task_description == "within" else None),
            Check("letters", on="label", keep=at_least(2)),
        )


class LettersValidator(Validator):
    async def validate(self, row, kit) -> Verdict:
        return Verdict(len(row[kit.check.on]))
