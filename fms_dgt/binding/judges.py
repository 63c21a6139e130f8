"""The judges of a task, and the rows of known quality that tell whether they can be trusted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.bound import BoundTask, BoundValidator
from fms_dgt.core.calibration import MOST_ROWS, CalibrationRow
from fms_dgt.core.composed import Flow
from fms_dgt.core.judge_rows import QUESTION, Example, JudgeRow, JudgeRows, Shown, examples_of, rows_for
from fms_dgt.core.reply import ScoreReply, TextReply
from fms_dgt.core.row import Row
from fms_dgt.core.source import Endless
from fms_dgt.core.stages import Check, Map
from fms_dgt.core.template import Template
from fms_dgt.core.validator import Validator
from fms_dgt.errors import Problem, Rejected, did_you_mean
from fms_dgt.safety.permissions import under

# Rows of a finite source that are looked at, where its items are what judges see.
FIRST_ITEMS = 20


@dataclass(frozen=True)
class Judge:
    """A check in which a model gives a score. Its prompt is `template`."""

    check: Check
    template: Template
    reply: ScoreReply
    validator: BoundValidator


def judges_of(
    flow: Flow, templates: Mapping[str, Template], validators: Mapping[str, BoundValidator]
) -> list[Judge]:
    """The judges of a flow, in its order."""
    found = []
    for stage in flow.walk():
        if not isinstance(stage, Check) or stage.template is None:
            continue
        validator, template = validators.get(stage.validator), templates.get(stage.template)
        if validator is None or template is None or not isinstance(validator.validator, Validator):
            continue
        if validator.generators and isinstance(template.reply, ScoreReply):
            found.append(Judge(stage, template, template.reply, validator))
    return found


def calibration_problems(
    rows: Sequence[CalibrationRow], judges: Sequence[Judge], columns: Mapping[str, Any]
) -> Iterator[Problem]:
    """What is wrong with a task's own rows of known quality."""
    if len(rows) > MOST_ROWS:
        yield Problem(f"calibrate: has {len(rows):,} rows", f"leave {MOST_ROWS} of them")
        return
    by_name = {judge.check.name: judge for judge in judges}
    for at, row in enumerate(rows):
        where = f"calibrate[{at}]"
        if row.judge and row.judge not in by_name:
            mend = did_you_mean(row.judge, by_name, noun="judges")
            yield Problem(f"{where}: there is no judge '{row.judge}'", mend)
        elif row.judge:
            yield from _row_problems(where, row, by_name[row.judge], columns)
        elif not any(_fits(row, judge, columns) for judge in judges):
            needs = "; ".join(f"'{judge.check.name}' needs {_needs(judge, columns)}" for judge in judges)
            yield Problem(f"{where}: fits none of the judges", needs or "this task has no judge")


def _needs(judge: Judge, columns: Mapping[str, Any]) -> str:
    names = ", ".join(sorted(judge.template.variables - columns.keys()))
    return f"{names} and a score from {judge.reply.low} to {judge.reply.high}"


def _row_problems(
    where: str, row: CalibrationRow, judge: Judge, columns: Mapping[str, Any]
) -> Iterator[Problem]:
    missing = _missing(row, judge, columns)
    if missing:
        what = f"{where}: the prompt of '{row.judge}' shows what the row does not have: {', '.join(missing)}"
        yield Problem(what, f"add to its row: {', '.join(missing)}")
    low, high = judge.reply.low, judge.reply.high
    if not _on_scale(row, judge):
        yield Problem(f"{where}: expects {row.expect}", f"the scale of '{row.judge}' is from {low} to {high}")


def _missing(row: CalibrationRow, judge: Judge, columns: Mapping[str, Any]) -> list[str]:
    return sorted(judge.template.variables - row.row.keys() - columns.keys())


def _on_scale(row: CalibrationRow, judge: Judge) -> bool:
    return isinstance(row.expect, str) or judge.reply.low <= row.expect <= judge.reply.high


def _fits(row: CalibrationRow, judge: Judge, columns: Mapping[str, Any]) -> bool:
    return not _missing(row, judge, columns) and _on_scale(row, judge)


def calibration_rows(task: BoundTask, judge: Judge) -> JudgeRows:
    """The task's own rows for a judge; in each pair the second is expected to get more."""
    name = judge.check.name
    chosen = [
        row
        for row in task.task.calibrate
        if row.judge == name or (not row.judge and _fits(row, judge, task.columns))
    ]
    rows = [JudgeRow(f"expected {row.expect}", at, row.row) for at, row in enumerate(chosen)]
    both = itertools.combinations(range(len(chosen)), 2)
    ordered = (sorted(pair, key=lambda at: chosen[at].rank) for pair in both)
    pairs = [(low, high) for low, high in ordered if chosen[low].rank < chosen[high].rank]
    return JudgeRows(rows, pairs)


def seed_rows(task: BoundTask, judge: Judge, examples: Sequence[Example]) -> tuple[JudgeRows, str]:
    """Rows made from examples; none, and why, where these are not what the judge's prompt shows."""
    shown = Shown(judge.template, task.columns.keys())
    # of what a unit's row begins with, such as headings, an example may have nothing
    there = {*task.first_values, *(name for example in examples for name in example.row)}
    missing = [name for name in shown.others if name not in there]
    if missing:
        what = f"its prompt shows {', '.join(missing)}, which seed examples do not have"
        return JudgeRows(), f"{what}; {_wanted(shown, judge)}"
    if not shown.judges_answer and _keeps_all(judge):
        what = "it keeps every score, and what it measures is not how good a text is"
        return JudgeRows(), f"{what}; {_wanted(shown, judge)}"
    made = rows_for(shown, examples)
    empty = dict.fromkeys(shown.others, "")
    rows = [row._replace(values={**empty, **row.values}) for row in made.rows]
    what = "the task has no seed examples with what its prompt shows"
    return JudgeRows(rows, made.pairs), "" if rows else f"{what}; {_wanted(shown, judge)}"


def _keeps_all(judge: Judge) -> bool:
    keep = judge.check.keep
    return keep is not None and all(map(keep, range(judge.reply.low, judge.reply.high + 1)))


def _wanted(shown: Shown, judge: Judge) -> str:
    """What a task may give, so that a judge can be checked."""
    columns = ", ".join(f"{name}: ..." for name in sorted(shown.names))
    row = f"{{judge: {judge.check.name}, row: {{{columns}}}, expect: good}}"
    return f"add rows of your own to the task, good and bad ones: 'calibrate: [{row}, ...]'"


def answering(task: BoundTask) -> tuple[str, str, list[str]] | None:
    """The role and the template by which the flow answers a question, and the variables that show it."""
    for stage in task.flow.walk():
        for role, name in stage.asks():
            template = task.templates.get(name)
            if template is None or template.plain or not isinstance(template.reply, TextReply):
                continue
            names = template.variables - task.columns.keys()
            if names and names <= set(QUESTION):
                return role, name, sorted(names)
    return None


def seeds_of(task: BoundTask) -> list[Any]:
    """The task's examples; where its items are rows to be worked on, the first of these."""
    given = getattr(task.task, task.task.data_field, None)
    seeds = list(given) if isinstance(given, list | tuple) else []
    if isinstance(task.source, Endless):
        return seeds
    items = _items(task)
    return items if examples_of(items) else seeds


def _items(task: BoundTask) -> list[Mapping[str, Any]]:
    """The first items of a finite source, with the columns that plain functions at the flow's begin make."""
    rows: list[Mapping[str, Any]] = []
    with under(task.permissions):
        units = list(itertools.islice(task.source.units(task.settings.seed), FIRST_ITEMS))
    for unit in units:
        row = Row(unit.key, unit.values)
        try:
            for stage in itertools.takewhile(lambda stage: isinstance(stage, Map), task.flow.stages):
                assert isinstance(stage, Map)
                row = row.with_(**stage.function(row))
        except Rejected:
            continue
        rows.append(dict(row))
    return rows
