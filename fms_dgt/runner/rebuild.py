"""The files of a task written once more from the journal, where another program changed them in mid-run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fms_dgt.errors import FolderError
from fms_dgt.journal import Journal
from fms_dgt.journal.entries import Damaged
from fms_dgt.runner.dataset import Dataset
from fms_dgt.runner.decide import Decision, Judgement
from fms_dgt.runner.stored import outcome_of
from fms_dgt.safety.working_folder import shown


def rebuild(dataset: Dataset, decisions: Iterable[Decision]) -> None:
    """Fill an empty dataset, put its files in place and close it. Raises FolderError."""
    for decision in decisions:
        dataset.add(decision)
    dataset.publish()
    dataset.close()
    if dataset.changed:
        raise _changed(dataset.folder, dataset.changed, "and again while it was written anew")


def committed_decisions(
    journal: Journal, task: int, units: int, target: int | None, folder: Path
) -> Iterator[Decision]:
    """What the first `units` units of a task gave, as it was decided. Raises FolderError."""
    journal.settle()
    judgement, kept = Judgement(), 0
    for number in range(units):
        entry = journal.outcome(task, number)
        try:
            outcome, known = outcome_of(entry, cut=True) if entry else (None, None)
        except Damaged:
            outcome = known = None
        if outcome is None or known is None:
            raise _changed(folder, ["a file"], "and the journal does not have all that was in it")
        decision = judgement.decide(outcome, kept, target, known)
        kept += len(decision.records)
        yield decision


def _changed(folder: Path, names: Iterable[str], why: str) -> FolderError:
    return FolderError(
        f"{shown(folder)}: {', '.join(names)} was changed by another program during the run, {why}; "
        "leave the folder alone and go on: the files are made anew from the journal, without a call"
    )
