"""Numbers, names and foreign text as people read them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fms_dgt.core.events import End, EndpointSilent, RunFinished, RunStopping, TaskFinished
from fms_dgt.safety.masking import hide_secrets

ENDS: dict[End, str] = {
    "reached": "target reached",
    "exhausted": "source exhausted",
    "stalled": "stalled",
    "spent": "budget spent",
    "interrupted": "interrupted",
    "stopped": "stopped",
    "estimated": "estimated",
}
# A stalled task says what rejected its rows, with an example, and what to do.
LONG_WHY = 2_000
LONG_ERROR = 500
# How much of a backend's text is searched for secrets: it may be a page of HTML.
READ_OF_ERROR = 4 * LONG_ERROR
TRY_JUDGE = "does it tell good from bad? try: fms_dgt check-teachers --judge"
# A file of which no task was made.
LEFT_OUT = "left out: "
# Records that were cut off a dataset.
CUT = "stay in the journal"


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def duration(seconds: float) -> str:
    """`0:00:06`; hours are not cut into days."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def short_number(value: int) -> str:
    """`950`, `12.3k`, `1.24M`: three digits that say enough."""
    number, suffix = float(value), ""
    for bigger in ("k", "M", "G", "T"):
        if number < 999.5:
            break
        number, suffix = number / 1000, bigger
    return f"{number:.3g}{suffix}"


def money(value: float) -> str:
    """`0.0345`, `1,200.50`: money of any currency, cents of large sums, three digits of small ones."""
    if value >= 1 or value <= 0:
        return f"{value:,.2f}" if value > 0 else "0"
    return f"{value:.{min(9, 2 - math.floor(math.log10(value)))}f}"


def paid_in_words(paid: Mapping[str, Any]) -> str:
    """`30 calls, 12,000 tokens in, 4,000 out, cost 0.345`; the cost where it is known."""
    tokens = f"{paid['input_tokens']:,} tokens in, {paid['output_tokens']:,} out"
    text = f"{plural(paid['calls'], 'call')}, {tokens}"
    return text if paid["cost"] is None else f"{text}, cost {money(paid['cost'])}"


def pace(per_second: float) -> str:
    """A rate in the unit that gives it a digit before the point."""
    if per_second <= 0:
        return ""
    for factor, unit in ((1, "s"), (60, "min"), (3600, "h")):
        if per_second * factor >= 1 or unit == "h":
            return f"{per_second * factor:.1f}/{unit}"
    return ""


def one_line(text: str, limit: int = 160) -> str:
    """Foreign text as one line that can do nothing to a terminal."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 4]).split())
    return clean if len(clean) <= limit else clean[: limit - 3].rstrip() + "..."


def lines_of(text: str, *, lines: int = 12, limit: int = 400) -> Iterator[str]:
    """Foreign text of several lines, bounded both ways."""
    found = [line for line in text.splitlines() if line.strip()]
    for line in found[:lines]:
        indent = len(line) - len(line.lstrip(" "))
        yield " " * min(indent, 8) + one_line(line, limit)
    if len(found) > lines:
        yield f"... and {plural(len(found) - lines, 'more line')}"


def error_line(text: str, limit: int = LONG_ERROR) -> str:
    """The text of an error as one bounded line without secrets."""
    return one_line(hide_secrets(text[:READ_OF_ERROR]), limit)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """The shortest ends of paths that still tell them apart."""
    left = list(dict.fromkeys(names))
    chosen: dict[str, str] = {}
    for parts in range(1, 1 + max((name.count("/") + 1 for name in left), default=0)):
        ends = {name: "/".join(name.split("/")[-parts:]) for name in left if name not in chosen}
        seen = Counter(ends.values())
        chosen |= {name: end for name, end in ends.items() if seen[end] == 1 and end not in chosen.values()}
    return {name: one_line(chosen.get(name, name), 60) for name in left}


def kept_of(kept: int, target: int | None) -> str:
    """`12/20`, or `12` where nobody said how many."""
    return f"{kept:,}" if target is None else f"{kept:,}/{target:,}"


def total_target(targets: Iterable[int | None]) -> int | None:
    """How many records several tasks want; None where one of them wants all that there are."""
    wanted = list(targets)
    return None if None in wanted else sum(target or 0 for target in wanted)


def how_it_ended(event: TaskFinished, *, idle: bool = False) -> str:
    """One sentence: kept, rejected, and the way it ended. `idle`: this run did nothing for it."""
    kept = f"{event.kept:,} kept" if event.target is None else f"{event.kept:,} of {event.target:,} kept"
    end = ENDS.get(event.end, event.end)
    if event.complete and event.why:
        end = one_line(event.why)
    elif idle:
        end = f"{'complete already' if event.complete else end}; nothing was asked"
    return f"{kept}, {event.rejected:,} rejected: {end}"


def why_it_ended(event: TaskFinished) -> Iterator[str]:
    """What more there is to say where a task did not get what it was asked for."""
    if event.complete or not event.why:
        return
    if event.end == "stopped":
        # an error, as a backend or a stranger's code words it
        yield error_line(event.why)
    else:
        yield from lines_of(hide_secrets(event.why), limit=LONG_WHY)


def what_failed(event: TaskFinished) -> str:
    """That rows may be taken up again, where there are some, and that is not why the task ended so."""
    if "--retry-failed" in event.why:
        return ""
    return f"{event.failed:,} failed: --retry-failed takes them up again" if event.failed else ""


def what_was_left_out(stages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of each stage's part of the report: what replies had that the data has not."""
    for stage in stages:
        left_out = stage.get("left_out", {})
        name = one_line(str(stage.get("stage", "")), 60)
        if cut := left_out.get("cut"):
            replies = plural(cut, "reply", "replies")
            yield f"{name}: {replies} cut off by the limit of tokens; raise max_tokens"
        if incomplete := left_out.get("incomplete"):
            yield f"{name}: {plural(incomplete, 'item')} of replies left out as incomplete"


def what_judges_repeated(judges: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of the judges' part of the report: what one of them gave to nearly all rows, and what to do."""
    for judge in judges:
        name, judged = one_line(str(judge.get("stage", "")), 60), judge.get("judged", 0)
        for doubt in judge.get("doubts", ()):
            said = one_line(hide_secrets(str(doubt["value"])), 60)
            value = f"score {said}" if doubt["by"] == "score" else f'the reason "{said}"'
            yield f"judge {name}: {value} in {doubt['count']:,} of {judged:,} judgements; {TRY_JUDGE}"


def notes_at_end(event: RunFinished, told: Iterable[str]) -> Iterator[str]:
    """The notes that are news at the end of a run: not told before, and not in the row of a task.

    What was left out of the run and what was cut away is told again.
    """
    before = set(told)
    failed = tuple(f"{task.task}: " for task in event.tasks if task.failed)
    for note in event.notes:
        if note in before and not (CUT in note or note.startswith(LEFT_OUT)):
            continue
        if not (note.startswith(failed) and "--retry-failed" in note):
            yield note


def what_is_waited_for(event: EndpointSilent, since: float, *, others: int = 0) -> str:
    """The endpoint that does not answer, how long it is still waited for, and why. `since` it was told."""
    left = duration(max(0.0, (event.left or 0.0) - since))
    more = f" and {plural(others, 'other endpoint')}" if others else ""
    what = error_line(event.error) or "it sends nothing"
    return f"waiting for {one_line(event.endpoint)}{more}, {left} left: {what}"


def how_it_stops(event: RunStopping, seconds: float) -> list[str]:
    """The parts of a sentence on a run that stops and has `seconds` left for it."""
    return [
        f"stopping: {one_line(event.why)}",
        f"calls in flight have {math.ceil(max(0.0, seconds))} s to come in",
        "Ctrl-C again leaves at once",
    ]
