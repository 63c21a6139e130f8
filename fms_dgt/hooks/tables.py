"""The tables of the summary: the stages with their reasons, and what the records look like. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from rich.text import Text

from fms_dgt.core.events import End
from fms_dgt.hooks.measures import Columns
from fms_dgt.hooks.task_count import TaskCount
from fms_dgt.hooks.wording import money, one_line
from fms_dgt.safety.masking import hide_secrets

SHOWN_STAGES = 30
SHOWN_COLUMNS = 6
# Lines for reasons beside the most common one of each stage.
MORE_REASONS = 3
WIDTH = 78
# What happened when rows stayed under way.
UNDER_WAY: dict[End, str] = {
    "reached": "the target was reached",
    "stalled": "the task stalled",
    "spent": "the budget was spent",
    "interrupted": "the run was interrupted",
    "stopped": "the run stopped",
}
SCORES = ["score", "mean", "records by score"]
WORDS = ["words", "median", "90 % up to"]


def funnel_table(task: TaskCount) -> Iterator[Text]:
    """The stages in use: rows in, out and rejected, and why."""
    before = task.resumed
    why = _reasons(task.reasons)
    head = ["stage (this run)", "in", "out", "rejected", "before"]
    rows = [[*head, ""] if before else ["stage", *head[1:4], ""]]
    stages = [*task.stages.values(), *task.others.values()]
    in_use = [stage for stage in stages if stage.reached or stage.rejected or stage.rejected_before]
    for stage in in_use[:SHOWN_STAGES]:
        is_step = stage.name in task.stages
        counts = [f"{stage.reached:,}", f"{stage.gone_on:,}"] if is_step else ["", ""]
        counts.append(f"{stage.rejected:,}")
        counts += [f"{stage.rejected_before:,}"] * before
        first, *more = why.get(stage.name, [""])
        rows.append([shown_name(stage.name), *counts, first])
        rows += [["", *[""] * len(counts), reason] for reason in more]
    if len(rows) > 1:
        yield from table(rows, left=(0, len(rows[0]) - 1))


def rows_unsaid(task: TaskCount, end: End) -> Iterator[Text]:
    """Why the table does not add up, where it does not."""
    late = [shown_name(name) for name in task.late()]
    if late:
        some = ", ".join(late[:2]) if len(late) <= 2 else f"{late[0]} and others"
        yield Text(f"  later stages also saw rows that {some} refused only afterwards", style="dim")
    if task.unsaid() and end in UNDER_WAY:
        yield Text(f"  in and out also count rows that were under way when {UNDER_WAY[end]}", style="dim")


def columns_tables(columns: Columns) -> Iterator[Text]:
    """Scores and lengths, beside one another where there is room."""
    scores = [[shown_name(name), f"{v.mean:.2f}", v.spread()] for name, v in columns.scores.items()]
    words = [
        [shown_name(name), f"{lengths.quantile(0.5):,}", f"{lengths.quantile(0.9):,}"]
        for name, lengths in columns.texts().items()
    ]
    both = [SCORES, *scores[:SHOWN_COLUMNS]], [WORDS, *words[:SHOWN_COLUMNS]]
    if scores and words:
        beside = [[*a, "", *b] for a, b in zip_longest(*both, fillvalue=["", "", ""])]
        lines = list(table(beside, left=(0, 2, 4)))
        if max(line.cell_len for line in lines) <= WIDTH:
            yield from lines
            return
    if scores:
        yield from table(both[0], left=(0, 2))
    if words:
        yield from table(both[1], left=(0,))


def spending_table(lines: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """What was paid for in this run, by stage and role; nothing where nothing was."""
    paid = [line for line in lines if line["calls"]]
    priced = any(line["cost"] is not None for line in paid)
    rows = [["asked in", "role", "calls", "tokens in", "out", *["cost"] * priced]]
    for line in paid[:SHOWN_STAGES]:
        counts = [f"{line[name]:,}" for name in ("calls", "input_tokens", "output_tokens")]
        cost = ["" if line["cost"] is None else money(line["cost"])] * priced
        rows.append([shown_name(line["stage"]), shown_name(line["role"]), *counts, *cost])
    if paid:
        yield from table(rows, left=(0, 1))


def most_common(reasons: Mapping[tuple[str, str], int]) -> list[tuple[tuple[str, str], int]]:
    """Stages and reasons with their counts; by name where the counts are the same."""
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def shown_name(name: str) -> str:
    """A name of the user's or of a plugin, bounded."""
    return one_line(name, 60)


def shown_reason(reason: str) -> str:
    """A reason of a plugin, bounded and harmless."""
    return one_line(hide_secrets(reason), 100)


def _reasons(reasons: Mapping[tuple[str, str], int]) -> dict[str, list[str]]:
    """For each stage its reasons, the most common ones first."""
    shown: dict[str, list[tuple[str, int]]] = {}
    hidden: dict[str, list[int]] = {}
    more = MORE_REASONS
    for (stage, reason), number in most_common(reasons):
        if stage not in shown or more > 0:
            more -= stage in shown
            shown.setdefault(stage, []).append((reason, number))
        else:
            hidden.setdefault(stage, []).append(number)
    return {stage: _said(found, hidden.get(stage, [])) for stage, found in shown.items()}


def _said(found: Sequence[tuple[str, int]], hidden: Sequence[int]) -> list[str]:
    if len(found) == 1 and not hidden:
        return [shown_reason(found[0][0])]
    lines = [f"{shown_reason(reason)} ({number:,})" for reason, number in found]
    if hidden:
        lines[-1] += f", {len(hidden):,} more ({sum(hidden):,})"
    return lines


def table(rows: Sequence[Sequence[str]], left: Sequence[int]) -> Iterator[Text]:
    """Rows as lines, the first one as their head; `left` are the columns that are not numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        sized = list(zip(row, widths, strict=True))
        cells = [c.ljust(w) if column in left else c.rjust(w) for column, (c, w) in enumerate(sized)]
        style = "" if number else "dim"
        yield Text(f"  {'  '.join(cells).rstrip()}", style=style, no_wrap=True, overflow="ellipsis")
