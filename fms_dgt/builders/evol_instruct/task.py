"""What an evol_instruct task says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.source import Source
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem, did_you_mean


@dataclass(frozen=True, kw_only=True)
class EvolInstructTask(Task):
    """The instructions to begin with: rows with a column `instruction`, here or in a table.

    Other columns of a row go along into its records.
    """

    seed_examples: list[dict[str, Any]] = option(
        default_factory=list, help="rows with an 'instruction' each, and a 'response' where answers evolve"
    )
    # what stands there shapes the data and is the source's fingerprint; where it stands does not
    input: Table | None = option(None, shapes=False, help="a table with such rows")

    def rows(self) -> Source:
        """One unit a row."""
        return rows_of(self.seed_examples if self.input is None else self.input)

    def problems(self, needed: tuple[str, ...]) -> list[Problem]:
        """What its fields cannot say by themselves. Blank values concern their row alone: the run tells."""
        if self.input is not None and self.seed_examples:
            return [Problem("has an input and seed_examples", "keep one of the two")]
        if self.input is not None:
            return self.input.problems()
        if not self.seed_examples:
            mend = "add 'seed_examples:' with an instruction each, or 'input: rows.jsonl'"
            return [Problem("has nothing to begin with", mend)]
        rows = enumerate(self.seed_examples)
        return [_missing(at, name, row) for at, row in rows for name in needed if name not in row]


def _missing(at: int, name: str, row: Mapping[str, Any]) -> Problem:
    what = f"seed_examples[{at}]: the key '{name}' is missing"
    return Problem(what, did_you_mean(name, map(str, row), noun="it has"))
