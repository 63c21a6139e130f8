"""Stages made of stages, and the flow itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Outcome, Stage
from fms_dgt.errors import CallFailed, Rejected


@dataclass(frozen=True, init=False)
class Flow:
    """The stages that a row goes through, in order."""

    stages: tuple[Stage, ...]

    def __init__(self, *stages: Stage) -> None:
        object.__setattr__(self, "stages", stages_of(stages, "Flow"))

    def walk(self) -> Iterator[Stage]:
        """Every stage in it, inner ones after the one they are in."""
        for stage in self.stages:
            yield from walk(stage)

    def depth(self) -> int:
        """How many levels of stages inside stages it has; 1 where none is inside another."""
        deepest, level = 0, self.stages
        while level:
            deepest += 1
            level = tuple(inner for stage in level for inner in stage.inner())
        return deepest

    def multiplies(self) -> int:
        """How many records one unit can become, as far as that is known; at least 1."""
        product = 1
        for stage in self.stages:
            product *= stage.multiplies()
        return max(1, product)


def stages_of(given: Sequence[Any], of: str) -> tuple[Stage, ...]:
    """The stages that somebody listed. Raises TypeError for what is none, with what to write."""
    for each in given:
        if isinstance(each, Stage):
            continue
        if isinstance(each, list | tuple):
            raise TypeError(f"{of} takes stages, not a list of them; write {of}(*stages)")
        if callable(each) and not isinstance(each, type):
            mend = "put @stage(...) above it, or write Map(function, makes=[...])"
        else:
            mend = "write Map(...), Generate(...), Check(...), say"
        raise TypeError(f"{of} takes stages, not {getattr(each, '__name__', repr(each)[:60])}; {mend}")
    return tuple(given)


def walk(stage: Stage) -> Iterator[Stage]:
    """A stage and every stage inside it."""
    yield stage
    for inner in stage.inner():
        yield from walk(inner)


@dataclass(frozen=True, init=False)
class _Composed(Stage):
    stages: tuple[Stage, ...] = ()

    def inner(self) -> tuple[Stage, ...]:
        return self.stages

    def with_inner(self, inner: Sequence[Stage]) -> Self:
        # frozen dataclasses with their own __init__ cannot be `replace`d
        copy = object.__new__(type(self))
        for spec in dataclasses.fields(self):
            object.__setattr__(copy, spec.name, getattr(self, spec.name))
        object.__setattr__(copy, "stages", tuple(inner))
        return copy

    def named(self, name: str) -> Self:
        copy = self.with_inner(self.stages)
        object.__setattr__(copy, "name", name)
        return copy


@dataclass(frozen=True, init=False)
class Together(_Composed):
    """The same row through several stages at once; their columns are united.

    Each inner stage gives one row. A row that any of them rejects is rejected, by the first in the
    order written.
    """

    def __init__(self, *stages: Stage, name: str = "") -> None:
        object.__setattr__(self, "stages", stages_of(stages, "Together"))
        object.__setattr__(self, "name", name or "together_" + "_".join(s.name for s in stages))

    def makes(self) -> frozenset[str]:
        return frozenset().union(*(stage.makes() for stage in self.stages))

    async def run(self, row: Row, kit: Kit) -> Outcome:
        results = await kit.together(*(kit.step(stage, row) for stage in self.stages))
        united = row
        for stage, rows in zip(self.stages, results, strict=True):
            made = one_row(rows, stage)
            united = united.with_(**made.beyond(row))
        return united


@dataclass(frozen=True, init=False)
class ForEach(_Composed):
    """Each item of a list through inner stages, inside one row.

    The item stands in the column `item`; afterwards, for each entry of `gather`, the row has a list
    of what the items have in that column, in item order. Items may be worked on at once. With
    `otherwise="row"`, a rejected item rejects the row; with "item", it is left out.
    """

    column: str = ""
    item: str = ""
    gather: Mapping[str, str] = field(default_factory=dict)
    otherwise: Literal["row", "item"] = "row"

    def __init__(
        self,
        column: str,
        item: str,
        *stages: Stage,
        gather: Mapping[str, str],
        otherwise: Literal["row", "item"] = "row",
        name: str = "",
    ) -> None:
        values = {
            "column": column,
            "item": item,
            "stages": stages_of(stages, "ForEach"),
            "gather": dict(gather),
            "otherwise": otherwise,
            "name": name or f"each_{item}",
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def needs(self) -> frozenset[str]:
        return frozenset([self.column])

    def makes(self) -> frozenset[str]:
        return frozenset(self.gather)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        items = [row.child(i, **{self.item: value}) for i, value in enumerate(row[self.column])]
        done = await kit.together(*(self._one(item, kit) for item in items))
        kept = [item for item in done if item is not None]
        return row.with_(**{new: [item[old] for item in kept] for new, old in self.gather.items()})

    async def _one(self, item: Row, kit: Kit) -> Row | None:
        try:
            for stage in self.stages:
                item = one_row(await kit.step(stage, item), stage)
        except CallFailed:
            # no judgement on the item: the row is to be taken up again
            raise
        except Rejected:
            if self.otherwise == "row":
                raise
            return None
        return item


@dataclass(frozen=True)
class Unfold(Stage):
    """One row a column: the value goes into `into`, the column's name into `label`."""

    columns: Sequence[str]
    into: str
    label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or f"unfold_{self.into}")

    def needs(self) -> frozenset[str]:
        return frozenset(self.columns)

    def makes(self) -> frozenset[str]:
        return frozenset([self.into, self.label])

    def multiplies(self) -> int:
        return len(self.columns)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return [row.with_(**{self.into: row[name], self.label: name}) for name in self.columns]


@dataclass(frozen=True)
class Branch(Stage):
    """Each row down its own flow: `on` is a column, `to` has a flow for each of its values.

    What follows the branch follows each of its flows. A value without a flow rejects the row.
    """

    on: str
    to: Mapping[Any, Flow]

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or f"branch_{self.on}")

    def needs(self) -> frozenset[str]:
        return frozenset([self.on])

    def inner(self) -> tuple[Stage, ...]:
        return tuple(stage for flow in self.to.values() for stage in flow.stages)

    def multiplies(self) -> int:
        return max((flow.multiplies() for flow in self.to.values()), default=1)

    def chosen(self, row: Row) -> Any:
        """The key of the flow that this row takes. Raises Rejected where there is none."""
        value = row[self.on]
        if value not in self.to:
            raise Rejected(f"no branch for this {self.on}", {self.on: value})
        return value

    async def run(self, row: Row, kit: Kit) -> Outcome:
        raise NotImplementedError("the engine follows a branch itself")


def one_row(rows: list[Row], stage: Stage) -> Row:
    """The row that a stage gave where it must give one."""
    if len(rows) != 1:
        raise Rejected(f"{stage.name} gave {len(rows)} rows where one is needed")
    return rows[0]
