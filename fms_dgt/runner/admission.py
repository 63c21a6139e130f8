"""Whether a task should start another unit: follows the yield seen so far, never orders too much."""

from __future__ import annotations

from collections.abc import Sequence

from fms_dgt.core.composed import Branch, Flow, walk
from fms_dgt.core.stages import Check, Stage


def calls_of(flow: Flow) -> int:
    """How many calls a unit takes where every stage gives all it can."""
    return _calls(flow.stages, 1)


def _calls(stages: Sequence[Stage], rows: int) -> int:
    calls = 0
    for stage in stages:
        if isinstance(stage, Branch):
            return calls + max((_calls(way.stages, rows) for way in stage.to.values()), default=0)
        asked = sum(1 for inner in walk(stage) for _ in inner.asks())
        judged = sum(1 for inner in walk(stage) if isinstance(inner, Check) and inner.template)
        calls += rows * (asked + judged)
        rows *= max(1, stage.multiplies())
    return calls


class Yield:
    """How many records a unit gives, from what the flow promises and what the units gave.

    Before anything is known the flow's own arithmetic counts, which is the most a unit can give: a
    task begins with few units and starts more as it learns.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = max(1, at_most)
        self._units = 0
        self._records = 0
        self._provisional = 0

    def committed(self, records: int, provisional: int) -> None:
        """A unit was committed: how many of its rows became records, of how many that came through."""
        self._units += 1
        self._records += records
        self._provisional += provisional

    @property
    def a_unit(self) -> float:
        """Records to expect of a unit under way."""
        return (self._at_most + self._records) / (1 + self._units)

    @property
    def a_row(self) -> float:
        """Records to expect of a row that came through and waits for its commit."""
        return (1 + self._records) / (1 + self._provisional)


class Cost:
    """How many calls a unit takes, from the flow and from the units so far; and how much money."""

    def __init__(self, at_least: int) -> None:
        self._units = 1
        self._calls = max(1, at_least)
        self._paid_units = 0
        self._money = 0.0

    def finished(self, calls: int, money: float) -> None:
        """A unit is through: how often it asked, and what all its answers are worth."""
        self._units += 1
        self._calls += calls
        self.paid_before(1, money)

    def paid_before(self, units: int, money: float) -> None:
        """What units cost."""
        self._paid_units += units
        self._money += money

    @property
    def known(self) -> bool:
        """Whether any unit of this run is through: votes, items and re-asks multiply what a flow says."""
        return self._units > 1

    @property
    def a_unit(self) -> float:
        """Calls to expect of a unit."""
        return self._calls / self._units

    @property
    def money_a_unit(self) -> float | None:
        """Money to expect of a unit; None as long as none is through: its last calls may be the dear ones."""
        return self._money / self._paid_units if self._paid_units else None
