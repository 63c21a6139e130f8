"""Stages that look into texts: rows are kept or dropped by a value, texts are taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from fms_dgt.core.kit import Kit
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Outcome, Stage
from fms_dgt.core.text_pattern import find_all
from fms_dgt.errors import Rejected

Relation: TypeAlias = Literal[
    "equal", "not_equal", "at_least", "at_most", "above", "below", "one_of", "none_of", "contains", "lacks"
]

_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "at_least": lambda value, bound: value >= bound,
    "at_most": lambda value, bound: value <= bound,
    "above": lambda value, bound: value > bound,
    "below": lambda value, bound: value < bound,
}
_REASONS: Mapping[Relation, str] = {
    "equal": "is not {}",
    "not_equal": "is {}",
    "at_least": "is under {}",
    "at_most": "is over {}",
    "above": "is {} or less",
    "below": "is {} or more",
    "one_of": "is none of {}",
    "none_of": "is one of {}",
    "contains": "does not contain {}",
    "lacks": "contains {}",
}


@dataclass(frozen=True)
class Filter(Stage):
    """Keeps rows by the value of a column.

    Where it is compared with a number, text that is one counts as that number.
    """

    on: str
    relation: Relation
    value: Any

    def needs(self) -> frozenset[str]:
        return frozenset([self.on])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        if not self._keeps(row[self.on]):
            raise Rejected(f"{self.on} {_REASONS[self.relation].format(_shown(self.value))}", row[self.on])
        return row

    def _keeps(self, value: Any) -> bool:
        if self.relation in _NUMBERS:
            number = _number(value)
            return number is not None and _NUMBERS[self.relation](number, self.value)
        if self.relation in ("contains", "lacks"):
            found = self.value in value if isinstance(value, str | list | dict) else False
            return found == (self.relation == "contains")
        wanted = self.value if isinstance(self.value, list) else [self.value]
        return any(_equal(value, one) for one in wanted) == (self.relation in ("equal", "one_of"))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, int | float):
        return _number(value) == wanted
    return bool(value == wanted)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Extract(Stage):
    """Takes parts out of a text: what stands between two marks, or what a pattern's groups match.

    Each of `into` is a column. Each time all parts are found makes a row; with `spread=False`, one row
    with a list in each column. Parts that are not found equally often belong to nobody: the row ends.
    """

    on: str
    into: Sequence[str]
    between: Sequence[Sequence[str]] = ()
    pattern: str = ""
    remove: Sequence[str] = ()
    spread: bool = True

    def needs(self) -> frozenset[str]:
        return frozenset([self.on])

    def makes(self) -> frozenset[str]:
        return frozenset(self.into)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        text = row[self.on]
        if not isinstance(text, str):
            raise Rejected(f"{self.on} is no text", text)
        found = await self._by_pattern(text) if self.pattern else self._between(text)
        if not found:
            raise Rejected("nothing found to extract", text)
        if self.spread:
            return [row.with_(**dict(zip(self.into, parts, strict=True))) for parts in found]
        columns = zip(*found, strict=True)
        return row.with_(**{name: list(parts) for name, parts in zip(self.into, columns, strict=True)})

    async def _by_pattern(self, text: str) -> list[tuple[str, ...]]:
        return [tuple(map(self._clean, parts)) for parts in await find_all(self.pattern, text)]

    def _between(self, text: str) -> list[tuple[str, ...]]:
        columns = [_parts(text, begin, end) for begin, end in self.between]
        if len({len(parts) for parts in columns}) > 1:
            counts = {name: len(parts) for name, parts in zip(self.into, columns, strict=True)}
            raise Rejected("the parts to extract do not pair", {"found": counts, "text": text})
        return [tuple(map(self._clean, parts)) for parts in zip(*columns, strict=True)]

    def _clean(self, text: str) -> str:
        for mark in self.remove:
            text = text.replace(mark, "")
        return text.strip()


def _parts(text: str, begin: str, end: str) -> list[str]:
    """Every piece between two marks; "" marks the beginning or the end of the text."""
    if not begin:
        return [text.partition(end)[0] if end else text]
    pieces = text.split(begin)[1:]
    if not end:
        return pieces
    return [piece.partition(end)[0] for piece in pieces if end in piece]
