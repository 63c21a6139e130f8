"""Where a record came from: the prompts and answers behind a line of data.jsonl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.core.report_file import read_report
from fms_dgt.errors import FolderError
from fms_dgt.journal import JournalReader, TaskEntry
from fms_dgt.journal.database import FILE_NAME
from fms_dgt.journal.entries import Damaged
from fms_dgt.runner.decide import Judgement
from fms_dgt.runner.outcome import Path as RowPath
from fms_dgt.runner.outcome import UnitOutcome
from fms_dgt.runner.stored import outcome_of
from fms_dgt.safety.working_folder import shown


@dataclass(frozen=True)
class TracedCall:
    """One call that a record depends on."""

    row: str
    stage: str
    generator: str
    request: Mapping[str, Any]
    completion: Mapping[str, Any]


@dataclass(frozen=True)
class Trace:
    """A record, the row it was, and its calls in the order they were answered."""

    record: Mapping[str, Any]
    row: str
    calls: Sequence[TracedCall]


def trace(folder: Path, number: int) -> Trace:
    """Record `number` (a line of data.jsonl, from 1) of a task's folder. Raises FolderError."""
    name = read_report(folder).get("task")
    home = next((parent for parent in (folder, *folder.parents) if (parent / FILE_NAME).is_file()), None)
    if not isinstance(name, str) or home is None:
        raise FolderError(f"{shown(folder)}: is not the folder of a task; name one that has a run.json")
    reader = JournalReader(home)
    try:
        entry = reader.find_task(name)
        if entry is None:
            raise FolderError(f"{home}: its journal knows no task '{name}'")
        return _trace(reader, entry, number)
    finally:
        reader.close_reader()


def _trace(reader: JournalReader, entry: TaskEntry, number: int) -> Trace:
    judgement, kept = Judgement(), 0
    for at in reader.outcome_numbers(entry.id):
        stored = reader.outcome(entry.id, at)
        if stored is None:
            break
        try:
            outcome, known = outcome_of(stored, cut=True)
            if known is None:
                break
            decision = judgement.decide(outcome, kept, None, known)
        except (Damaged, TypeError, ValueError, LookupError, AttributeError) as error:
            raise reader.damaged(f"what became of unit {at} of {entry.name}") from error
        if kept < number <= kept + len(decision.records):
            which = number - kept - 1
            return _traced(reader, entry, outcome, decision.records[which], decision.paths[which])
        kept += len(decision.records)
    raise FolderError(
        f"there is no record {number}: the journal has committed {kept:,} of {entry.name}; "
        "records behind these (of a run that ended early) can be traced once it has gone on"
    )


def _traced(
    reader: JournalReader, entry: TaskEntry, outcome: UnitOutcome, record: Mapping[str, Any], path: RowPath
) -> Trace:
    try:
        calls = [
            _call(row, stage, body)
            for row, stage, body in reader.calls_of(entry.id, outcome.key)
            if _related(_path_of(row, outcome.key), path)
        ]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise reader.damaged(f"an answer of unit {outcome.number} of {entry.name}") from error
    row = f"{outcome.key}/{'.'.join(map(str, path))}" if path else outcome.key
    return Trace(record, row, calls)


def _call(row: str, stage: str, body: Mapping[str, Any]) -> TracedCall:
    """A call as the journal has it. Raises what a body of another form does."""
    request = {**body["request"]}
    request["messages"] = [
        {"role": str(turn["role"]), "content": str(turn["content"])} for turn in request["messages"]
    ]
    completion = {"input_tokens": 0, "output_tokens": 0, **body["completion"]}
    return TracedCall(row, stage, str(body["generator"]), request, completion)


def _path_of(row: str, unit: str) -> RowPath | None:
    """A row's path in its unit; None for another unit that shares the index entry."""
    if row == unit:
        return ()
    head, _, tail = row.rpartition("/")
    return tuple(int(part) for part in tail.split(".")) if head == unit else None


def _related(call: RowPath | None, record: RowPath) -> bool:
    """Whether a call was made on the way to a record, or for a part of it."""
    if call is None:
        return False
    shorter = min(len(call), len(record))
    return call[:shorter] == record[:shorter]
