"""Rows of known quality that a task brings along, to check its judges with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.typed import option
from fms_dgt.errors import did_you_mean

GOOD, BAD = "good", "bad"
# Each row is a call of each judge that it is for.
MOST_ROWS = 200
MOST_CHARACTERS = 100_000


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """The columns that a judge's prompt shows, and what the judge should make of them."""

    row: dict[str, Any] = option(nonempty=True, help="add 'row: {...}', the columns that the prompt shows")
    expect: Any = option(help="add 'expect: good', 'expect: bad' or the score that is right")
    judge: str = option("", help="the stage of the judge; by default each that shows no other columns")

    def __post_init__(self) -> None:
        number = isinstance(self.expect, int | float) and not isinstance(self.expect, bool)
        if isinstance(self.expect, str) and self.expect not in (GOOD, BAD):
            mend = did_you_mean(self.expect, (GOOD, BAD), noun="it may be")
            raise ValueError(f"expect: cannot be '{self.expect[:40]}'; {mend}, or a score")
        if not number and not isinstance(self.expect, str):
            raise ValueError("expect: must be 'good', 'bad' or a score")
        size = sum(len(str(value)) for value in self.row.values())
        if size > MOST_CHARACTERS:
            raise ValueError(f"row: has {size:,} characters; {MOST_CHARACTERS:,} is the most")

    @property
    def rank(self) -> float:
        """Rows of a higher rank should get a higher score."""
        named = {GOOD: math.inf, BAD: -math.inf}
        return named[self.expect] if isinstance(self.expect, str) else float(self.expect)
