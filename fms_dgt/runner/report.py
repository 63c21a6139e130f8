"""`run.json`: what made a dataset, and how the making went."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from typing import Any

from fms_dgt.binding.bound import stage_names
from fms_dgt.core.events import TaskFinished
from fms_dgt.core.report_file import REPORT
from fms_dgt.core.task import Task
from fms_dgt.core.typed import encode
from fms_dgt.journal import Journal
from fms_dgt.journal.folder import folder_error
from fms_dgt.runner.calls import PaidCalls, ReplayedCalls
from fms_dgt.runner.file_state import FileState, digest_of
from fms_dgt.runner.spending import by_task
from fms_dgt.runner.task_run import TaskRun
from fms_dgt.safety.files import OutputFolder
from fms_dgt.safety.working_folder import shown

MOST_SEEDS = 1_000


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
        "judges": run.judges.report(),
        "judge_check": [result.to_json() for result in run.judged],
        "seeds": _seeds(bound.task),
        "config": dict(bound.resolved),
        "settings": encode(run.bound.settings),
        "versions": {"python": platform.python_version(), **_versions(run)},
        "fingerprint": dict(bound.fingerprint),
        "files": {name: shown(path) for name, path in finished.files.items()},
    }


def _seeds(task: Task) -> list[Any]:
    """What the task shows as examples; what is too much for that is a source, and stays where it is."""
    found = getattr(task, task.data_field, None)
    is_short = isinstance(found, list | tuple) and len(found) <= MOST_SEEDS
    return encode(task)[task.data_field] if is_short else []


def _stages(run: TaskRun) -> list[dict[str, Any]]:
    names = stage_names(run.bound.flow)
    counts = run.counts
    seen = dict.fromkeys([*counts.entered, *(counts.rows or ()), *(stage for stage, _ in counts.rejected)])
    others = [name for name in seen if name and name not in names]
    result = []
    for name in [*names, *others]:
        reasons = {
            reason: count for (stage, reason), count in run.counts.rejected.most_common() if stage == name
        }
        entered, rows = run.counts.entered.get(name, 0), run.counts.rows
        line: dict[str, Any] = {"stage": name}
        if rows is not None:
            line["rows"] = rows.get(name, 0)
        line |= {"in_this_run": entered, "rejected": sum(reasons.values()), "reasons": reasons}
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


class Totals:
    """What a run that is over and its folder have cost, summed up once for the reports of all tasks."""

    def __init__(self, calls: PaidCalls | ReplayedCalls, journal: Journal) -> None:
        self._spending = calls.spending
        self._journal = journal
        self._asked = by_task({**self._spending.paid, **self._spending.replayed})
        self._spent = by_task(journal.spent)
        self.paid = self._spending.totals(self._spending.paid, calls.paid)
        self._this_run = {**self.paid, "replayed": calls.replayed}
        self._folder = {
            **self._spending.totals(journal.spent, journal.totals.calls),
            "input_tokens": journal.totals.input_tokens,
            "output_tokens": journal.totals.output_tokens,
        }

    def add_to(self, report: dict[str, Any], run: TaskRun) -> None:
        """What the run and the folder have cost, all tasks together; and what this task has."""
        stages = stage_names(run.bound.flow)
        editions = sorted(self._journal.editions(run.bound.name))
        spent = [self._spent.get(number, {}) for number in editions]
        report["this_run"] = dict(self._this_run)
        report["folder"] = dict(self._folder)
        report["spending"] = {
            "this_run": self._spending.of_task(self._asked.get(run.entry.id, ()), stages),
            "folder": self._spending.of_folder(spent, run.entry.id, stages),
        }


def write_report(folder: OutputFolder, report: Mapping[str, Any]) -> FileState | None:
    """Put `run.json` in place, whole or not at all; what it holds then."""
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    try:
        # a reason may hold half a character, as data may
        folder.write(REPORT, text.encode("utf-8", "replace"))
        return digest_of(folder, REPORT)
    except OSError as error:
        raise folder_error(folder.path, error) from error
