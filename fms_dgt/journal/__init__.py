"""Every answer that was paid for, and what became of each unit, in one SQLite file an output folder."""

from fms_dgt.journal.entries import Call, OutcomeEntry, TaskEntry, Totals
from fms_dgt.journal.journal import Journal
from fms_dgt.journal.lock import FolderLock

__all__ = ["Call", "FolderLock", "Journal", "OutcomeEntry", "TaskEntry", "Totals"]
