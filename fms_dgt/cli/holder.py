"""Who works on an output folder just now."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from fms_dgt.journal.lock import is_locked, read_note


def holder_of(folder: Path) -> str:
    """The process that holds the folder's lock: "process N on HOST since ..."; "" where none does."""
    note, locked = read_note(folder), is_locked(folder)
    if locked is None and note is not None:
        # no locks on this file system: the note is all there is
        locked = note[1] != socket.gethostname() or _is_alive(note[0])
    if not locked:
        # after a clean end the note is empty; one that is there may be a killed process's
        return ""
    return f"process {note[0]} on {note[1]} since {note[2]}" if note else "another process"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
