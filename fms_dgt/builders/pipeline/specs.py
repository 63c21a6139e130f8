"""What may be said of each kind of stage, and the stages that this becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from fms_dgt.builders.pipeline.asking import CheckSpec, GenerateSpec, JudgeSpec, Making
from fms_dgt.builders.pipeline.sifting import Extract, Filter, Relation
from fms_dgt.builders.pipeline.steps import (
    OTHERWISE,
    Choose,
    ChooseFlow,
    Collect,
    Pick,
    Repeat,
    Spread,
)
from fms_dgt.core.composed import Flow, ForEach, Together, Unfold
from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.text_pattern import group_count
from fms_dgt.core.typed import option
from fms_dgt.errors import did_you_mean


@dataclass(frozen=True, kw_only=True)
class FilterSpec:
    """Keeps rows by the value of a column; one relation."""

    on: str = option(nonempty=True, help="add 'on: ...', the column it looks at")
    equal: Any = None
    not_equal: Any = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    one_of: list[Any] | None = None
    none_of: list[Any] | None = None
    contains: str | None = None
    lacks: str | None = None

    RELATIONS: ClassVar[tuple[Relation, ...]] = (
        "equal", "not_equal", "at_least", "at_most", "above", "below",
        "one_of", "none_of", "contains", "lacks",
    )  # fmt: skip

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        said = [relation for relation in self.RELATIONS if getattr(self, relation) is not None]
        if len(said) != 1:
            what = "says no relation" if not said else f"says {len(said)} relations: {', '.join(said)}"
            making.problems.append(node.problem(what, f"write one of: {', '.join(self.RELATIONS)}"))
            return None
        return Filter(self.on, said[0], getattr(self, said[0]), name=name or f"filter_{self.on}")


@dataclass(frozen=True, kw_only=True)
class NotASeedSpec:
    """Drops rows that copy a seed example, or the prompt."""

    on: str = option(nonempty=True, help="add 'on: ...', the column it looks at")
    column: str | None = option(None, help="the seeds' column; by default the same name")
    validator: str = option("copies", nonempty=True, help="the block that says what a copy is")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        column = self.column or self.on
        seeds = making.seeds(node)
        if seeds and not any(column in seed for seed in seeds):
            names = {name for seed in seeds for name in seed}
            what, at = f"no seed example has the column '{column}'", node.get("column") or node
            making.problems.append(at.problem(what, did_you_mean(column, names, noun="they have")))
        known = [seed[column] for seed in seeds if seed.get(column)]
        return Check(self.validator, on=self.on, name=name or f"not_a_seed_{self.on}", known=known)


@dataclass(frozen=True, kw_only=True)
class ExtractSpec:
    """Takes parts out of a text, by the marks around them or by a pattern."""

    on: str = option(nonempty=True, help="add 'on: ...', the column it looks at")
    into: str | list[str] = option(nonempty=True, help="add 'into: ...', a column for each part")
    between: list[list[str]] = option(default_factory=list, help="[begin, end] for each part")
    pattern: str = option("", help="a regular expression with a group for each part")
    remove: list[str] = option(default_factory=list, help="marks to take out of what was found")
    spread: bool = True

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        into = [self.into] if isinstance(self.into, str) else self.into
        fault = self._fault(len(into))
        if fault:
            making.problems.append(node.problem(*fault))
            return None
        name = name or f"extract_{'_'.join(into)}"
        return Extract(self.on, into, self.between, self.pattern, self.remove, self.spread, name=name)

    def _fault(self, columns: int) -> tuple[str, str] | None:
        if bool(self.between) == bool(self.pattern):
            return "must say either 'between' or 'pattern'", 'write \'between: [["<a>", "</a>"]]\', say'
        if self.pattern:
            try:
                groups = group_count(self.pattern) or 1
            except ValueError as error:
                return (
                    f"the pattern is no regular expression: {error}",
                    "mend it, and put it in single quotes",
                )
            return None if groups == columns else (
                f"the pattern has {groups} groups for {columns} columns", "write one group for each column"
            )  # fmt: skip
        if any(len(pair) != 2 for pair in self.between):
            return (
                "each entry of 'between' must be two marks",
                'write ["begin", "end"]; "" is an end of the text',
            )
        if len(self.between) != columns:
            return (
                f"has {len(self.between)} pairs of marks for {columns} columns",
                "write one for each column",
            )
        return None


@dataclass(frozen=True, kw_only=True)
class ChooseSpec:
    """The value of one of several columns."""

    into: str = option(nonempty=True, help="add 'into: ...', the new column")
    by: str = option(nonempty=True, help="add 'by: ...', the column that decides")
    columns: dict[str, str] = option(nonempty=True, help="add 'columns: {VALUE: COLUMN}'")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        return Choose(self.into, self.by, self.columns, name=name or f"choose_{self.into}")


@dataclass(frozen=True, kw_only=True)
class CollectSpec:
    """Several columns as one mapping."""

    into: str = option(nonempty=True, help="add 'into: ...', the new column")
    columns: dict[str, str] | list[str] = option(
        nonempty=True, help="add 'columns: [...]', or '{NAME: COLUMN}'"
    )

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        said = self.columns if isinstance(self.columns, dict) else {one: one for one in self.columns}
        return Collect(self.into, said, name=name or f"collect_{self.into}")


@dataclass(frozen=True, kw_only=True)
class PickSpec:
    """Draws from a list."""

    into: str = option(nonempty=True, help="add 'into: ...', the new column")
    among: str | list[Any] = option(
        nonempty=True, help="add 'among: ...', a list, or the column that holds one"
    )
    count: int = option(1, low=1)
    weights: list[float] = option(default_factory=list, help="how often each, in relation to the others")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        if self.weights and (isinstance(self.among, str) or len(self.weights) != len(self.among)):
            what = "the weights must be one for each entry of 'among'"
            making.problems.append((node.get("weights") or node).problem(what, "give as many"))
        elif self.weights and (min(self.weights) < 0 or not any(self.weights)):
            what = "the weights must be 0 or more, and not all of them 0"
            making.problems.append((node.get("weights") or node).problem(what))
        return Pick(self.into, self.among, self.count, self.weights, name=name or f"pick_{self.into}")


@dataclass(frozen=True, kw_only=True)
class RepeatSpec:
    """The same row several times."""

    count: int = option(low=1, help="add 'count: ...', how many times")
    into: str = option("copy", help="the column with the copy's number")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        return Repeat(self.count, self.into, name=name or f"repeat_{self.count}")


@dataclass(frozen=True, kw_only=True)
class SpreadSpec:
    """One row an entry of a list."""

    column: str = option(nonempty=True, help="add 'column: ...', the column that holds a list")
    into: str = option(nonempty=True, help="add 'into: ...', the column for an entry")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        return Spread(self.column, self.into, name=name or f"spread_{self.into}")


@dataclass(frozen=True, kw_only=True)
class UnfoldSpec:
    """One row a column."""

    columns: list[str] = option(nonempty=True, help="add 'columns: [...]'")
    into: str = option(nonempty=True, help="add 'into: ...', the column for the value")
    label: str = option(nonempty=True, help="add 'label: ...', the column for the name")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        return Unfold(self.columns, self.into, self.label, name=name)


@dataclass(frozen=True, kw_only=True)
class TogetherSpec:
    """The same row through several stages at once."""

    stages: list[Node] = option(nonempty=True, help="add 'stages:' and the stages below it")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        return Together(*making.stages(self.stages, "together"), name=name)


@dataclass(frozen=True, kw_only=True)
class ForEachSpec:
    """Each entry of a list through stages, inside one row."""

    column: str = option(nonempty=True, help="add 'column: ...', the column that holds a list")
    item: str = option(nonempty=True, help="add 'item: ...', the column for an entry")
    stages: list[Node] = option(nonempty=True, help="add 'stages:' and the stages below it")
    gather: dict[str, str] = field(default_factory=dict)
    otherwise: Literal["row", "item"] = option("row", help="what a rejected entry takes with it")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        stages = making.stages(self.stages, "for_each")
        return ForEach(
            self.column, self.item, *stages, gather=self.gather, otherwise=self.otherwise, name=name
        )


@dataclass(frozen=True, kw_only=True)
class BranchSpec:
    """Each row down its own stages."""

    on: str = option(nonempty=True, help="add 'on: ...', the column that decides")
    to: dict[str, list[Node]] = option(help="add 'to: {VALUE: [stages]}'")
    otherwise: list[Node] | None = option(None, help="stages for all other values; [] goes on")

    def stage(self, name: str, node: Node, making: Making) -> Stage | None:
        """The stage."""
        ways = {**self.to, **({} if self.otherwise is None else {OTHERWISE: self.otherwise})}
        if not ways:
            making.problems.append(node.problem("has no way to go", "add 'to: {VALUE: [stages]}'"))
        to = {value: Flow(*making.stages(nodes, "")) for value, nodes in ways.items()}
        return ChooseFlow(self.on, to, name=name)


KINDS: Mapping[str, type[Any]] = {
    "generate": GenerateSpec,
    "check": CheckSpec,
    "judge": JudgeSpec,
    "filter": FilterSpec,
    "not_a_seed": NotASeedSpec,
    "extract": ExtractSpec,
    "choose": ChooseSpec,
    "collect": CollectSpec,
    "pick": PickSpec,
    "repeat": RepeatSpec,
    "spread": SpreadSpec,
    "unfold": UnfoldSpec,
    "together": TogetherSpec,
    "for_each": ForEachSpec,
    "branch": BranchSpec,
}
