"""What `--estimate` prints: what the rest of each task takes, and what that was worth to find out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fms_dgt.core.events import RunFinished, TaskFinished
from fms_dgt.hooks.wording import duration, money, paid_in_words, plural
from fms_dgt.safety.working_folder import shown as shown_path

NAMES = {
    "calls": "calls",
    "input_tokens": "tokens in",
    "output_tokens": "tokens out",
    "cost": "cost",
    "seconds": "time",
}
UNKNOWN = {
    "cost": "unknown: give input_price and output_price (per million tokens) where the model is named",
    "seconds": "unknown: no call of it was timed",
}


def lines_of(finished: RunFinished) -> Iterator[str]:
    """The estimate of a run that was made for one."""
    yield "estimate"
    for task in finished.tasks:
        yield from _task(task, finished.report.get(task.task, {}).get("estimate"))
    in_all = finished.estimate or {}
    left = any(in_all.get(name) and in_all[name]["about"] for name in NAMES)
    if len(finished.tasks) > 1 and left:
        yield f"  all {len(finished.tasks)} tasks"
        yield from _figures(in_all)
        if in_all.get("unknown"):
            yield f"    and what {plural(len(in_all['unknown']), 'task')} takes of which nothing can be told"
    yield from _itself(finished)


def _task(task: TaskFinished, said: Mapping[str, Any] | None) -> Iterator[str]:
    wanted = "" if task.target is None else f" of {task.target:,}"
    there = f"  {task.task}: {task.kept:,}{wanted} records are there"
    if said is None or (not said["why"] and said["units_left"] == 0):
        yield f"{there}; nothing is left to do"
        return
    there += f"; {plural(said['units'], 'unit')} gave {said['records']:,}"
    if said["why"]:
        yield f"{there}; the rest cannot be estimated: {said['why']}"
        yield from _unit(said)
        return
    yield f"{there}; the rest takes"
    yield from _figures(said)


def _unit(said: Mapping[str, Any]) -> Iterator[str]:
    each = said["a_unit"]
    parts = [f"{_number(name, each[name])} {NAMES[name]}" for name in each if each[name] is not None]
    if said["units"]:
        yield f"    a unit takes about {', '.join(parts)}"


def _figures(said: Mapping[str, Any]) -> Iterator[str]:
    for name, label in NAMES.items():
        amount = said.get(name)
        if amount is None:
            yield f"    {label:<11} {UNKNOWN.get(name, 'unknown')}"
            continue
        about = f"about {_number(name, amount['about'])}"
        low, high = amount["low"], amount["high"]
        if low is None:
            between = "from so few units, no range can be told"
        else:
            between = f"{_number(name, low)} to {_number(name, high)}"
        if name == "seconds" and max(amount["about"], high or 0.0) < 1:
            yield f"    {label:<11} less than a second"
        else:
            yield f"    {label:<11} {about:<20} ({between})"


def _itself(finished: RunFinished) -> Iterator[str]:
    paid = {name: getattr(finished, name) for name in ("calls", "input_tokens", "output_tokens", "cost")}
    took = paid_in_words(paid)
    yield f"the estimate itself: {took}, {duration(finished.seconds)}; kept in {shown_path(finished.folder)}"
    again = "what was answered is not asked again"
    yield f"run the command without --estimate (and --restart) to continue; {again}"


def _number(name: str, value: float) -> str:
    if name == "seconds":
        return duration(value)
    return money(value) if name == "cost" else f"{value:,.0f}"
