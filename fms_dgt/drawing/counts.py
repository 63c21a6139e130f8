"""What a run has counted, stage by stage, from its `run.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

MOST_REASONS = 3
MOST = 1 << 63


@dataclass(frozen=True)
class Counts:
    """Rows that came to each stage, and what each rejected, in words; no rows where they are not known."""

    rows: Mapping[str, int]
    lost: Mapping[str, Sequence[str]]
    records: int
    said: str

    @classmethod
    def of_report(cls, report: Mapping[str, Any]) -> Self | None:
        """The counts in a run's report; None where it has none, or is no run's."""
        try:
            return cls._of_report(report)
        except (TypeError, ValueError, AttributeError):
            return None

    @classmethod
    def _of_report(cls, report: Mapping[str, Any]) -> Self | None:
        stages = report.get("stages")
        if (
            not isinstance(stages, list)
            or not stages
            or not all(isinstance(line, dict) and "stage" in line for line in stages)
        ):
            return None
        lost = {str(s["stage"]): _lost(_whole(s.get("rejected")), _reasons(s.get("reasons"))) for s in stages}
        records, rows = _whole(report.get("records")), _rows(stages)
        ended = report.get("end")
        rejected = _whole(report.get("rejected"))
        said = (
            f"last run: {records:,} records, {rejected:,} rejected, {ended if isinstance(ended, str) else ''}"
        )
        if not rows:
            said += "; how many rows came to each stage is not known, since an earlier version counted them"
        return cls(rows, lost, records, said)


def _rows(stages: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """The rows of the dataset by stage; an earlier version has noted those of its last run alone."""
    key = "rows" if all("rows" in line for line in stages) else "in_this_run"
    rows = {str(line["stage"]): _whole(line.get(key)) for line in stages}
    return rows if key == "rows" or any(rows.values()) else {}


def _whole(value: Any) -> int:
    """A count in a report, which may be anybody's file; 0 where it is none."""
    return value if type(value) is int and 0 <= value < MOST else 0


def _reasons(value: Any) -> Mapping[str, int]:
    return {name: _whole(count) for name, count in value.items()} if isinstance(value, dict) else {}


def _lost(number: int, reasons: Mapping[str, int]) -> list[str]:
    if not number:
        return []
    most = sorted(reasons.items(), key=lambda entry: -entry[1])
    if len(most) == 1:
        return [f"{number:,} rejected: {most[0][0]}"]
    lines = [f"{count:,}: {reason}" for reason, count in most[:MOST_REASONS]]
    rest = number - sum(count for _, count in most[:MOST_REASONS])
    return [f"{number:,} rejected", *lines, *([f"{rest:,}: other reasons"] if rest > 0 else [])]
