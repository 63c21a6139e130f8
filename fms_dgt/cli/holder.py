"""Who works on an output folder just now."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any

from fms_dgt.journal.lock import LOCK_NAME


def holder_of(folder: Path) -> str:
    """The process that holds the folder's lock: "process N on HOST since ..."; "" where none does."""
    try:
        with (folder / LOCK_NAME).open("rb") as file:
            said = json.loads(file.read())
            # after a clean end the note is empty; one that is there may be a killed process's
            return _described(said) if _is_held(file.fileno(), said) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _described(said: Any) -> str:
    return f"process {said['pid']} on {said['host']} since {said['since']}"


def _is_held(file: int, said: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # no locks on this file system: the note is all there is
        return said["host"] != socket.gethostname() or _is_alive(said["pid"])
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
