"""What became of units in earlier runs, read from the journal and never trusted further than its form."""

from __future__ import annotations

from fms_dgt.journal import Journal, OutcomeEntry
from fms_dgt.journal.entries import Damaged
from fms_dgt.runner.decide import Known, known_matches
from fms_dgt.runner.outcome import UnitOutcome


def outcome_of(entry: OutcomeEntry, *, cut: bool = False) -> tuple[UnitOutcome, Known | None]:
    """An outcome and what was decided of it, see `known_matches` on `cut`. Raises Damaged."""
    try:
        outcome = UnitOutcome.from_json(entry.number, entry.key, entry.body, failed=entry.failed)
        known = None if entry.decided is None else known_matches(entry.decided, cut=cut)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise Damaged("has another form") from error
    return outcome, known


class StoredOutcomes:
    """The outcomes of one task that the journal has. One that is damaged is as good as none."""

    def __init__(self, journal: Journal, task: int) -> None:
        self._journal = journal
        self._task = task
        self._numbers = journal.outcome_numbers(task)
        self._last: tuple[int, tuple[UnitOutcome, Known | None] | None] = (-1, None)

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, number: int, key: str) -> tuple[UnitOutcome, Known | None] | None:
        """What became of the unit with this number and key; None where that has to be made again."""
        if number not in self._numbers:
            return None
        if self._last[0] != number:
            self._last = (number, self._read(number))
        found = self._last[1]
        return found if found is not None and found[0].key == key else None

    def _read(self, number: int) -> tuple[UnitOutcome, Known | None] | None:
        entry = self._journal.outcome(self._task, number)
        if entry is None:
            return None
        try:
            return outcome_of(entry)
        except Damaged:
            self._journal.damaged_outcome(self._task, number)
            return None

    def again(self, number: int) -> UnitOutcome:
        """What became of a unit of this run, which was let go of meanwhile. Raises JournalDamaged."""
        entry = self._journal.outcome(self._task, number)
        try:
            if entry is not None:
                return outcome_of(entry)[0]
        except Damaged:
            pass
        raise self._journal.damaged(f"it lost what became of unit {number} during the run")
