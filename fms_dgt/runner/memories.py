"""What a task's checks against earlier records remember: a memory for each check and group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.bound import BoundTask
from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.validator import Keep, Match, Memory, OrderedValidator
from fms_dgt.runner.outcome import Mark

# The record number of what a check knew from the beginning.
KNOWN = 0


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
        memory = self._memory(stage, group)
        refused = memory.find(value) is not None
        # children that inherited the column share a mark: they do not compete with each other
        path = row.made_at(*(column for column in (on, within) if column))
        return Mark(stage, path, on, value, group, 0 if refused else len(memory)), refused

    def find(self, mark: Mark) -> Match | None:
        """The earliest record that a marked row may not stand beside."""
        return self._memory(mark.stage, mark.group).find(mark.value, mark.clear_of)

    def add(self, mark: Mark, record: int) -> None:
        """Remember a marked row, of which a record has come."""
        self._memory(mark.stage, mark.group).add(mark.value, record)

    def _memory(self, stage: str, group: str) -> Memory:
        at = (stage, group)
        if at not in self._memories:
            self._memories[at] = _begun(self._compared[stage])
        return self._memories[at]


def _begun(compared: _Compared) -> Memory:
    """A memory of what the check knows from the beginning."""
    memory = compared.validator.memory(compared.keep)
    on = compared.check.on or ""
    for value in compared.check.known:
        memory.add(compared.validator.value({on: value}, on), KNOWN)
    return memory
