"""Every answer that was paid for, and what became of each unit, in one SQLite file an output folder."""

from fms_dgt.journal.entries import Call, OutcomeEntry, Payer, Tally, TaskEntry, Totals
from fms_dgt.journal.journal import Journal
from fms_dgt.journal.lock import FolderLock
from fms_dgt.journal.reader import JournalReader

__all__ = [
    "Call",
    "FolderLock",
    "Journal",
    "JournalReader",
    "OutcomeEntry",
    "Payer",
    "Tally",
    "TaskEntry",
    "Totals",
]
