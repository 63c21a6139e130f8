"""`run.json` in the folder of a task, as anybody who reads it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fms_dgt.safety.files import read_at_most

REPORT: Final = "run.json"


class NoReport(ValueError):
    """There is no report that can be read; the text is why."""


def report_in(folder: Path) -> dict[str, Any]:
    """What a task's folder says of its run. Raises NoReport."""
    try:
        report = json.loads(read_at_most(folder / REPORT, follow_link=False).decode("utf-8"))
    except OSError as error:
        raise NoReport(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise NoReport("is not JSON") from error
    if not isinstance(report, dict):
        raise NoReport("is no run's report")
    return report


def read_report(folder: Path) -> dict[str, Any]:
    """The same; empty where it cannot be read."""
    try:
        return report_in(folder)
    except NoReport:
        return {}
