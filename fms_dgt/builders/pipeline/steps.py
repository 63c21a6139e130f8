"""Stages that a flow in YAML has beside those of every flow: small changes of a row, without a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.composed import Branch
from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Outcome, Stage
from fms_dgt.core.template import arender, names_in
from fms_dgt.errors import Rejected

OTHERWISE = "(otherwise)"


@dataclass(frozen=True)
class SetColumns(Stage):
    """Columns with the same values in every row."""

    values: Mapping[str, Any]

    def makes(self) -> frozenset[str]:
        return frozenset(self.values)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return row.with_(**self.values)


@dataclass(frozen=True)
class CopyColumns(Stage):
    """Columns under further names: `columns` has the old name of each new one.

    All are read before any is written, so that two columns may change places.
    """

    columns: Mapping[str, str]

    def needs(self) -> frozenset[str]:
        return frozenset(self.columns.values())

    def makes(self) -> frozenset[str]:
        return frozenset(self.columns)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return row.with_(**{new: row[old] for new, old in self.columns.items()})


@dataclass(frozen=True)
class WriteText(Stage):
    """Columns with text made of others, by template text."""

    texts: Mapping[str, str]

    def needs(self) -> frozenset[str]:
        return frozenset().union(*(names_in(text) for text in self.texts.values()))

    def makes(self) -> frozenset[str]:
        return frozenset(self.texts)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return row.with_(**{name: await arender(text, row) for name, text in self.texts.items()})


@dataclass(frozen=True)
class Collect(Stage):
    """One column that holds several: a mapping with the name of each."""

    into: str
    columns: Mapping[str, str]

    def needs(self) -> frozenset[str]:
        return frozenset(self.columns.values())

    def makes(self) -> frozenset[str]:
        return frozenset([self.into])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return row.with_(**{self.into: {name: row[column] for name, column in self.columns.items()}})


@dataclass(frozen=True)
class Choose(Stage):
    """The value of one of several columns: `columns` has one for each value of the column `by`."""

    into: str
    by: str
    columns: Mapping[str, str]

    def needs(self) -> frozenset[str]:
        return frozenset([self.by, *self.columns.values()])

    def makes(self) -> frozenset[str]:
        return frozenset([self.into])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        value = as_key(row[self.by])
        if value not in self.columns:
            raise Rejected(f"no column to choose for this {self.by}", {self.by: row[self.by]})
        return row.with_(**{self.into: row[self.columns[value]]})


@dataclass(frozen=True)
class Pick(Stage):
    """Entries of a list, drawn at random: as many as `count`, none twice; one alone is no list.

    `among` is the list, or the column that holds it. `weights` has a number for each entry of `among`.
    """

    into: str
    among: Sequence[Any] | str
    count: int = 1
    weights: Sequence[float] = ()

    def needs(self) -> frozenset[str]:
        return frozenset([self.among] if isinstance(self.among, str) else [])

    def makes(self) -> frozenset[str]:
        return frozenset([self.into])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        given = row[self.among] if isinstance(self.among, str) else self.among
        if not isinstance(given, list | tuple) or not given:
            raise Rejected("nothing to pick from", {str(self.among): given})
        random, left = kit.random(), list(range(len(given)))
        picked: list[Any] = []
        while left and len(picked) < self.count:
            weights = [self.weights[at] for at in left] if self.weights else None
            (at,) = random.choices(left, weights)
            left.remove(at)
            picked.append(given[at])
        return row.with_(**{self.into: picked[0] if self.count == 1 else picked})


@dataclass(frozen=True)
class Repeat(Stage):
    """The same row several times; `label` numbers the copies from 0."""

    count: int
    label: str

    def makes(self) -> frozenset[str]:
        return frozenset([self.label])

    def multiplies(self) -> int:
        return self.count

    async def run(self, row: Row, kit: Kit) -> Outcome:
        return [row.with_(**{self.label: number}) for number in range(self.count)]


@dataclass(frozen=True)
class Spread(Stage):
    """One row an entry of a list."""

    column: str
    into: str

    def needs(self) -> frozenset[str]:
        return frozenset([self.column])

    def makes(self) -> frozenset[str]:
        return frozenset([self.into])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        entries = row[self.column]
        if not isinstance(entries, list) or not entries:
            raise Rejected(f"{self.column} is no list with entries", {self.column: entries})
        return [row.with_(**{self.into: entry}) for entry in entries]


@dataclass(frozen=True)
class ChooseFlow(Branch):
    """A branch whose ways are named in YAML, where every key is text.

    `1` and `true` are found under "1" and "true". `OTHERWISE` is the way of all values without one.
    """

    def chosen(self, row: Row) -> Any:
        key = as_key(row[self.on])
        if key in self.to and key != OTHERWISE:
            return key
        if OTHERWISE in self.to:
            return OTHERWISE
        raise Rejected(f"no branch for this {self.on}", {self.on: row[self.on]})


def as_key(value: Any) -> str:
    """A value as the YAML key that stands for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
