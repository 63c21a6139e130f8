"""One piece of data on its way through a flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Unit:
    """One independent start of a flow.

    `number` is its position in the source and decides the order of the dataset; `key` names its
    answers in the journal and holds when other items come before it.
    """

    number: int
    key: str
    values: Mapping[str, Any]


class Row(Mapping[str, Any]):
    """Values by column, and the key that says where they came from. Never changed, only replaced."""

    __slots__ = ("_values", "path", "unit")

    def __init__(self, unit: str, values: Mapping[str, Any], path: tuple[int, ...] = ()) -> None:
        self.unit = unit
        self.path = path
        self._values = values

    @property
    def key(self) -> str:
        """The unit's key, then the position in each list the row was spread from: `17/0.2`."""
        return f"{self.unit}/{'.'.join(map(str, self.path))}" if self.path else self.unit

    def with_(self, **values: Any) -> Row:
        """The same row with columns added or replaced."""
        return Row(self.unit, {**self._values, **values}, self.path)

    def child(self, position: int, **values: Any) -> Row:
        """One of several rows that come out of this one."""
        return Row(self.unit, {**self._values, **values}, (*self.path, position))

    def __getitem__(self, column: str) -> Any:
        return self._values[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Row({self.key!r}, {dict(self._values)!r})"
