"""`run.json`: what made a dataset, and how the making went."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fms_dgt.binding.bound import stage_names
from fms_dgt.core.events import TaskFinished
from fms_dgt.core.typed import encode
from fms_dgt.journal import Journal
from fms_dgt.journal.lock import folder_error
from fms_dgt.runner.calls import PaidCalls, ReplayedCalls
from fms_dgt.runner.folder import REPORT
from fms_dgt.runner.task_run import TaskRun


def task_report(
    run: TaskRun, finished: TaskFinished, *, partial: bool, seconds: float, started: float
) -> dict[str, Any]:
    """Everything about one task's run, as JSON values. Holds no secret."""
    bound = run.bound
    return {
        "task": bound.name,
        "builder": bound.builder_name,
        "end": finished.end,
        "complete": finished.complete,
        "why": finished.why,
        "partial": partial,
        "records": finished.kept,
        "target": finished.target,
        "rejected": finished.rejected,
        "failed": run.counts.failed,
        "units": run.committed,
        "seed": bound.settings.seed,
        "edition": run.entry.edition,
        "for_training": all(backend.for_training for backend in bound.backends),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(started)),
        "seconds": round(seconds, 3),
        "stages": _stages(run),
        "config": dict(bound.resolved),
        "settings": encode(run.bound.settings),
        "versions": {"python": platform.python_version(), **_versions(run)},
        "fingerprint": dict(bound.fingerprint),
        "files": {name: str(path) for name, path in finished.files.items()},
    }


def _stages(run: TaskRun) -> list[dict[str, Any]]:
    names = stage_names(run.bound.flow)
    seen = dict.fromkeys([*run.counts.entered, *(stage for stage, _ in run.counts.rejected)])
    others = [name for name in seen if name and name not in names]
    result = []
    for name in [*names, *others]:
        reasons = {
            reason: count for (stage, reason), count in run.counts.rejected.most_common() if stage == name
        }
        entered = run.counts.entered.get(name, 0)
        line = {"stage": name, "in_this_run": entered, "rejected": sum(reasons.values()), "reasons": reasons}
        left_out = {what: count for (stage, what), count in run.counts.left_out.items() if stage == name}
        result.append({**line, "left_out": left_out} if left_out else line)
    return result


def _versions(run: TaskRun) -> dict[str, str]:
    prefix = "the version of "
    return {
        name.removeprefix(prefix): version
        for name, version in run.bound.fingerprint.items()
        if name.startswith(prefix)
    }


def add_totals(
    report: dict[str, Any], run: TaskRun, calls: PaidCalls | ReplayedCalls, journal: Journal
) -> None:
    """What the run and the folder have cost, all tasks together; and what this task has."""
    spending, totals = calls.spending, journal.totals
    paid = spending.totals(spending.paid, calls.paid)
    report["this_run"] = {**paid, "replayed": calls.replayed}
    report["folder"] = {
        **spending.totals(journal.spent, totals.calls),
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
    }
    stages = stage_names(run.bound.flow)
    report["spending"] = {
        "this_run": spending.of_task(run.entry.id, stages),
        "folder": spending.of_folder(journal, run.bound.name, stages),
    }


def write_report(folder: Path, report: Mapping[str, Any]) -> None:
    """Put `run.json` in place, whole or not at all."""
    part = folder / (REPORT + ".part")
    try:
        part.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, folder / REPORT)
    except OSError as error:
        raise folder_error(folder, error) from error


def read_report(folder: Path) -> dict[str, Any]:
    """The `run.json` of a task's folder; empty where it cannot be read."""
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}
