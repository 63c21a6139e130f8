"""Units in a row that gave no record: how many, and what became of their rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from fms_dgt.runner.decide import Decision

MOST_REASONS = 5
LONGEST_EXAMPLE = 200


class Barren:
    """Counts them until a record comes."""

    def __init__(self) -> None:
        self.units = 0
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], Any] = {}

    def add(self, decision: Decision) -> None:
        """One more."""
        self.units += 1
        for line in decision.rejections:
            reason = (line["stage"], line["reason"])
            self._reasons[reason] += 1
            self._examples.setdefault(reason, line["evidence"])

    def clear(self) -> None:
        """There was a record."""
        self.units = 0
        self._reasons.clear()
        self._examples.clear()

    def why(self) -> str:
        """What became of their rows, most common first, with an example; begins with "; "."""
        text = ""
        for (stage, reason), count in self._reasons.most_common(MOST_REASONS):
            text += f"; {stage} rejected {count}: {reason}"
        if self._reasons:
            [(first, _)] = self._reasons.most_common(1)
            example = self._examples[first]
            text += f"; for example: {_short(example)}" if example else ""
        return text


def _short(value: Mapping[str, Any] | Any) -> str:
    said = (value.get("reason") or value.get("error")) if isinstance(value, Mapping) else None
    text = str(said) if said else value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 3] + "..."
