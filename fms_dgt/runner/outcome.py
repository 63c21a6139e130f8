"""What became of one unit: its leaves in order, and the ordered checks that each passed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

Path: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A row at an ordered check: what will be compared with the records before it, at commit.

    `group` names what it is compared within; `clear_of` is how many remembered values it was compared
    with in passing, without a match.
    """

    stage: str
    path: Path
    on: str
    value: Any
    group: str = ""
    clear_of: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a row ended: `record` where it came through, else `rejection`; neither where an ordered
    check refused it early, which its last mark will repeat at commit.
    """

    path: Path
    trail: tuple[Mark, ...]
    record: Mapping[str, Any] | None = None
    rejection: Mapping[str, Any] | None = None


@dataclass(slots=True)
class UnitOutcome:
    """Everything that came out of a unit, in an order that does not depend on timing."""

    number: int
    key: str
    leaves: list[Leaf] = field(default_factory=list)
    failed: bool = False

    def sort(self) -> None:
        """Put the leaves into the order of the dataset."""
        self.leaves.sort(key=lambda leaf: leaf.path)

    @property
    def records(self) -> int:
        """How many rows came through, before ordered checks are decided."""
        return sum(1 for leaf in self.leaves if leaf.record is not None)

    def to_json(self) -> Any:
        """A compact JSON value; marks that several leaves share are written once."""
        marks: dict[int, int] = {}
        listed: list[Mark] = []
        leaves = []
        for leaf in self.leaves:
            for mark in leaf.trail:
                if id(mark) not in marks:
                    marks[id(mark)] = len(listed)
                    listed.append(mark)
            trail = [marks[id(mark)] for mark in leaf.trail]
            leaves.append([leaf.path, trail, leaf.record, leaf.rejection])
        return [[[m.stage, m.path, m.on, m.value, m.group] for m in listed], leaves]

    @classmethod
    def from_json(cls, number: int, key: str, data: Any, *, failed: bool) -> Self:
        """The inverse of `to_json`."""
        marks = [Mark(stage, tuple(path), on, value, group) for stage, path, on, value, group in data[0]]
        leaves = [
            Leaf(tuple(path), tuple(marks[at] for at in trail), record, rejection)
            for path, trail, record, rejection in data[1]
        ]
        return cls(number, key, leaves, failed)
