"""What a task's checks against earlier records remember: a memory for each check and group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.bound import BoundTask
from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.fits_json import json_text
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.validator import Keep, Match, Memory, OrderedValidator
from fms_dgt.plugins import must_pass
from fms_dgt.runner.code_faults import CodeFault
from fms_dgt.runner.outcome import Mark

# The record number of what a check knew from the beginning.
KNOWN = 0
# The record number that stands for an error in a validator's own code; the text says which.
FAULT = -1


@dataclass(frozen=True)
class _Compared:
    check: Check
    validator: OrderedValidator[Any]
    keep: Keep


class Memories:
    """Compares rows with earlier records. Only commits add to it, in the order of the dataset."""

    def __init__(self, compared: Mapping[str, _Compared]) -> None:
        self._compared = compared
        self._memories: dict[tuple[str, str], Memory] = {}
        # told of errors in a check's own code that are met at commit
        self.crashed: Callable[[CodeFault], None] = lambda _: None

    @classmethod
    def of(cls, bound: BoundTask) -> Memories:
        """Empty memories for a task's checks."""
        compared = {}
        for name, check in bound.ordered_checks.items():
            validator, keep = bound.validators[check.validator].ordered, check.keep
            if validator is not None and keep is not None:
                compared[name] = _Compared(check, validator, keep)
        return cls(compared)

    def __contains__(self, stage: str) -> bool:
        return stage in self._compared

    def mark(self, stage: str, row: Row) -> tuple[Mark, bool]:
        """Compare a row in passing: its mark, and whether what is remembered refuses it for good."""
        compared = self._compared[stage]
        on, within = compared.check.on or "", compared.check.within
        group = hexdigest(row[within]) if within else ""
        value = compared.validator.value(row, on)
        if type(value) is not str:
            json_text(value)
        refused, clear_of = self._in_passing(stage, group, value)
        # children that inherited the column share a mark: they do not compete with each other
        path = row.made_at(*(column for column in (on, within) if column))
        return Mark(stage, path, on, value, group, 0 if refused else clear_of), refused

    def _in_passing(self, stage: str, group: str, value: Any) -> tuple[bool, int]:
        try:
            memory = self._memory(stage, group)
            return memory.find(value) is not None, len(memory)
        except BaseException as error:
            if must_pass(error):
                raise
            # what is remembered by now depends on timing; commit will meet the error, or will not
            return False, 0

    def repeats(self, stage: str, rows: Sequence[Row]) -> Iterator[tuple[Row, Row, Match]]:
        """Of rows that one stage made at once: those that the check would not let stand by an earlier one.

        Each with that earlier row. Rows on which the check's own code fails are left to `mark` and `find`.
        """
        compared = self._compared[stage]
        on, within = compared.check.on or "", compared.check.within
        memories: dict[str, Memory] = {}
        for number, row in enumerate(rows):
            try:
                group = hexdigest(row[within]) if within else ""
                if group not in memories:
                    memories[group] = compared.validator.memory(compared.keep)
                value = compared.validator.value(row, on)
                match = memories[group].find(value)
                _check(match)
                if match is None:
                    memories[group].add(value, number)
            except BaseException as error:
                if must_pass(error):
                    raise
                continue
            if match is not None and 0 <= match.record < number:
                yield row, rows[match.record], match

    def find(self, mark: Mark) -> Match | None:
        """The earliest record that a marked row may not stand beside, or the FAULT of looking for it."""
        try:
            match = self._memory(mark.stage, mark.group).find(mark.value, mark.clear_of)
            _check(match)
        except BaseException as error:  # noqa: BLE001 (a stranger's code; _fault raises what must pass)
            return self._fault(mark.stage, error)
        return match

    def add(self, mark: Mark, record: int) -> Match | None:
        """Remember a marked row, of which a record has come; the FAULT of that, if any."""
        try:
            self._memory(mark.stage, mark.group).add(mark.value, record)
        except BaseException as error:  # noqa: BLE001 (as above)
            return self._fault(mark.stage, error)
        return None

    def _fault(self, stage: str, error: BaseException) -> Match:
        if must_pass(error):
            raise error
        validator = type(self._compared[stage].validator).__name__
        fault = CodeFault.of(stage, f"{validator} of the stage '{stage}'", error)
        self.crashed(fault)
        return Match(0.0, FAULT, f"{fault.text}\n{fault.at.short if fault.at else ''}")

    def _memory(self, stage: str, group: str) -> Memory:
        at = (stage, group)
        if at not in self._memories:
            self._memories[at] = _begun(self._compared[stage])
        return self._memories[at]


def _check(match: Any) -> None:
    """Raises TypeError or ValueError for what is no match."""
    if match is None:
        return
    if not isinstance(match, Match):
        raise TypeError(f"find() must give a Match or None, not {type(match).__name__}")
    if not (isinstance(match.record, int) and isinstance(match.text, str)):
        raise TypeError("find() gave a Match whose record is not a whole number, or whose text is not text")
    json_text(round(match.score, 4))


def _begun(compared: _Compared) -> Memory:
    """A memory of what the check knows from the beginning."""
    memory = compared.validator.memory(compared.keep)
    on = compared.check.on or ""
    for value in compared.check.known:
        memory.add(compared.validator.value({on: value}, on), KNOWN)
    return memory
