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

    __slots__ = ("_depths", "_values", "path", "unit")

    def __init__(
        self,
        unit: str,
        values: Mapping[str, Any],
        path: tuple[int, ...] = (),
        depths: Mapping[str, int] | None = None,
    ) -> None:
        self.unit = unit
        self.path = path
        self._values = values
        self._depths = depths or {}

    @property
    def key(self) -> str:
        """The unit's key, then the position in each list the row was spread from: `17/0.2`."""
        return f"{self.unit}/{'.'.join(map(str, self.path))}" if self.path else self.unit

    def as_dict(self) -> dict[str, Any]:
        """The values by column, in a dict of its own."""
        return dict(self._values)

    def with_(self, **values: Any) -> Row:
        """The same row with columns added or replaced."""
        depth = len(self.path)
        depths = {**self._depths, **dict.fromkeys(values, depth)} if depth else self._depths
        return Row(self.unit, {**self._values, **values}, self.path, depths)

    def child(self, position: int, **values: Any) -> Row:
        """One of several rows that come out of this one; it inherits the columns that are not given."""
        path = (*self.path, position)
        depths = {**self._depths, **dict.fromkeys(values, len(path))}
        return Row(self.unit, {**self._values, **values}, path, depths)

    def beyond(self, other: Row) -> dict[str, Any]:
        """The columns that this row has and `other` has not, or has with another value."""
        return {
            name: value
            for name, value in self._values.items()
            if name not in other or other[name] is not value
        }

    def made_at(self, *columns: str) -> tuple[int, ...]:
        """The path of the row in which the last of these columns was made: shared with all who inherit."""
        return self.path[: max((self._depths.get(name, 0) for name in columns), default=0)]

    def __getitem__(self, column: str) -> Any:
        return self._values[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Row({self.key!r}, {dict(self._values)!r})"
