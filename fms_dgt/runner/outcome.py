"""What became of one unit: its leaves in order, and the ordered checks that each passed on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

Path: TypeAlias = tuple[int, ...]

# Where rejections stand that the builder's record class causes.
RECORD = "record"
# The reason of rows on which a stage's or record's own code fails.
CODE_ERROR = "error in the stage's code"
# The reason of rows that were through, and cannot be written.
NOT_JSON = "holds what JSON cannot"


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


@dataclass(frozen=True, slots=True)
class Judged:
    """The score and the reason that a judge gave, to the row at `path` or something in it.

    `trail` are the ordered checks that the row had passed by then.
    """

    stage: str
    path: Path
    trail: tuple[Mark, ...]
    score: int
    reason: str


@dataclass(slots=True)
class UnitOutcome:
    """Everything that came out of a unit, in an order that does not depend on timing.

    `failures` has, for each call or piece of code that failed, the ordered checks that its row had
    passed by then: where commit refuses the row at one of them, the failure counts for nothing, since
    with other timing the row would have ended there. So it is with what judges said. `rows` are how many
    rows came to each stage; None where an earlier version has not noted it.
    """

    number: int
    key: str
    leaves: list[Leaf] = field(default_factory=list)
    failures: list[tuple[Mark, ...]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    rows: Counter[str] | None = field(default_factory=Counter)

    @property
    def failed(self) -> bool:
        """Whether anything failed, also what will count for nothing."""
        return bool(self.failures)

    def fail(self, trail: tuple[Mark, ...]) -> None:
        """Note a failure of a row that has passed these checks."""
        if trail not in self.failures:
            self.failures.append(trail)

    def sort(self) -> None:
        """Put the leaves into the order of the dataset, and what judges said into one that never changes."""
        self.leaves.sort(key=lambda leaf: leaf.path)
        self.judged.sort(key=lambda one: (one.path, one.stage, one.score, one.reason))

    @property
    def records(self) -> int:
        """How many rows came through, before ordered checks are decided."""
        return sum(1 for leaf in self.leaves if leaf.record is not None)

    def to_json(self) -> Any:
        """A compact JSON value; marks that several leaves share are written once."""
        marks: dict[int, int] = {}
        listed: list[Mark] = []

        def numbers(trail: tuple[Mark, ...]) -> list[int]:
            if not trail:
                return []
            for mark in trail:
                if id(mark) not in marks:
                    marks[id(mark)] = len(listed)
                    listed.append(mark)
            return [marks[id(mark)] for mark in trail]

        leaves = [[leaf.path, numbers(leaf.trail), leaf.record, leaf.rejection] for leaf in self.leaves]
        failures = [numbers(trail) for trail in self.failures]
        judged = [[one.stage, one.path, numbers(one.trail), one.score, one.reason] for one in self.judged]
        written = [[[m.stage, m.path, m.on, m.value, m.group] for m in listed], leaves, failures, judged]
        return written if self.rows is None else [*written, dict(self.rows)]

    @classmethod
    def from_json(cls, number: int, key: str, data: Any, *, failed: bool) -> Self:
        """The inverse of `to_json`; `failed` is all that older versions and units without marks say."""
        marks = [Mark(stage, tuple(path), on, value, group) for stage, path, on, value, group in data[0]]
        leaves = [
            Leaf(tuple(path), tuple(marks[at] for at in trail), record, rejection)
            for path, trail, record, rejection in data[1]
        ]
        trails = data[2] if len(data) > 2 else [[]] * failed
        judged = [
            Judged(str(stage), tuple(path), tuple(marks[at] for at in trail), int(score), str(reason))
            for stage, path, trail, score, reason in (data[3] if len(data) > 3 else ())
        ]
        failures = [tuple(marks[at] for at in trail) for trail in trails]
        rows = None
        if len(data) > 4:
            rows = Counter({str(stage): int(count) for stage, count in data[4].items()})
        return cls(number, key, leaves, failures, judged, rows)
