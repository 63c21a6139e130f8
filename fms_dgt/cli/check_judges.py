"""`fms_dgt check-teachers --judge`: whether the judges of tasks tell good rows from bad ones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fms_dgt.binding.bound import BoundTask
from fms_dgt.cli.aligned import aligned
from fms_dgt.cli.teachers import Meant, tell, telling_what_for
from fms_dgt.core.events import CallRetried
from fms_dgt.errors import FmsDgtError, UserError
from fms_dgt.journal import Journal
from fms_dgt.plugins import Hooks, hookimpl
from fms_dgt.runner.calls import PaidCalls
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.judge_check import JudgeCheck, JudgeResult, Scored
from fms_dgt.runner.limits import Bounds, Budget
from fms_dgt.runner.silence import RetryLimits
from fms_dgt.runner.spending import Prices, Spending
from fms_dgt.runner.stop import Abandoned, Stop
from fms_dgt.safety.terminal import harmless

SEES, BLIND, MENDABLE = 0, 1, 2
MAX_ATTEMPTS = 3
MOST_ERRORS = 3
LONGEST_ERROR = 300
SAID = {
    "sees": "can tell good from bad",
    "blind": "cannot tell good from bad",
    "too few rows": "too few rows to tell; add seed examples or 'calibrate'",
    "not checked": "not checked",
    "unanswered": "gave no score",
}


def check_judges(options: argparse.Namespace) -> int:
    """Ask the judges of the tasks that are meant. Raises InputError."""
    # plugins that print when they are imported would spoil the JSON
    with contextlib.redirect_stdout(sys.stderr):
        tasks = Meant.by(options).tasks()
        results, error = asyncio.run(_asked(tasks, options.timeout))
    code = _exit_code(results, error)
    if options.json:
        judges = [{"task": result.task, **result.to_json()} for result in results]
        said = {"exit_code": code, "error": str(error or ""), "judges": judges}
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        print(harmless("\n".join(lines_of(results))))
        if error:
            print(f"error: {harmless(str(error))}", file=sys.stderr)
    return code


def _exit_code(results: Sequence[JudgeResult], error: FmsDgtError | None) -> int:
    if error is not None:
        return MENDABLE if isinstance(error, UserError) else BLIND
    concluded = {result.conclusion for result in results}
    return BLIND if concluded & {"blind", "unanswered"} else SEES


class _Retries:
    """Tells of tries that failed, of each failure once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    @hookimpl
    def call_retried(self, event: CallRetried) -> None:
        if event.error not in self._told:
            self._told.add(event.error)
            tell(f"{event.stage}: {event.error}; trying again")


def _waited_for(check: JudgeCheck) -> list[str]:
    return [f"the judges of {check.name}: {check.judged} of {check.rows} rows"]


async def _asked(tasks: Sequence[BoundTask], seconds: float) -> tuple[list[JudgeResult], FmsDgtError | None]:
    """What the judges made of their rows, and the error that would fail every call. Nothing is kept."""
    stop, fatal = Stop(), list[FmsDgtError]()

    def fail(error: FmsDgtError) -> None:
        fatal.append(error)
        stop.set("stopped", str(error))
        for endpoint in endpoints.all():
            endpoint.turn_away(stop, Abandoned())

    hooks = Hooks()
    hooks.add(_Retries(), name="retries")
    limits = RetryLimits(MAX_ATTEMPTS, seconds, seconds, "--timeout")
    endpoints = Endpoints(None, Budget(Bounds()), limits)
    results: list[JudgeResult] = []
    with TemporaryDirectory(prefix="fms-dgt-judges-") as folder:
        journal = Journal(Path(folder))
        spending = Spending(Prices(tasks, {task.name: () for task in tasks}))
        calls = PaidCalls(journal, hooks, endpoints, spending)
        try:
            for task in tasks:
                entry = journal.task(task.name)
                check = JudgeCheck(task, entry.id, calls, journal, stop=stop, fatal=fail)
                async with telling_what_for(partial(_waited_for, check)):
                    results.extend(await check.results())
        finally:
            await endpoints.close(asyncio.Event())
            await journal.close()
    return results, fatal[0] if fatal else None


def lines_of(results: Sequence[JudgeResult]) -> Iterator[str]:
    """What is shown of the results: a table for each judge."""
    if not results:
        yield "no judge: the tasks have no check in which a model gives a score"
    for number, result in enumerate(results):
        if number:
            yield ""
        yield from _lines(result)


def _lines(result: JudgeResult) -> Iterator[str]:
    keeps = f", keeps {result.keep}" if result.keep else ""
    origin = " by the task's calibrate" if result.origin == "calibrate" else ""
    yield f"{result.task}: {result.judge} ({result.role}, {result.model}{keeps}){origin}"
    table = [("row", "scores", "kept"), *(_cells(kind, rows) for kind, rows in _by_kind(result).items())]
    if result.rows:
        yield from (f"  {line}" for line in aligned(table))
    told = f": {result.told_apart} of {result.pairs} pairs told apart" if result.pairs else ""
    wanted = f", {100 * result.bound:g} % wanted" if result.conclusion in ("sees", "blind") else ""
    why = f": {result.why}" if result.why else ""
    yield f"  {SAID[result.conclusion]}{told}{wanted}{why}"
    errors = sorted({row.error for row in result.rows if row.error})
    for error in errors[:MOST_ERRORS]:
        yield f"  no score: {' '.join(error.split())[:LONGEST_ERROR]}"


def _by_kind(result: JudgeResult) -> Mapping[str, list[Scored]]:
    found: dict[str, list[Scored]] = {}
    for row in result.rows:
        found.setdefault(row.kind, []).append(row)
    return found


def _cells(kind: str, rows: Sequence[Scored]) -> tuple[str, str, str]:
    scores: list[Any] = ["-" if row.score is None else f"{row.score:g}" for row in rows]
    return kind, " ".join(scores), f"{sum(row.kept for row in rows)} of {len(rows)}"
