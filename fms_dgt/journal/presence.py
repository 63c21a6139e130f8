"""Whether the journal still is the file that the run has open: people remove and replace files."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME
from fms_dgt.safety.files import PART, PRIVATE, OutputFolder


class Presence:
    """The journal of a folder, as it was when it was opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._opened = _identity(self._path)

    def check(self) -> None:
        """Raises FolderError where the file is gone, or another one has its name."""
        if _identity(self._path) != self._opened:
            raise FolderError(f"{self._path}: {_CHANGED}; put the right one back to go on")

    def restored(self, connection: sqlite3.Connection, error: FolderError) -> FolderError:
        """Put a file that is gone back, out of what the connection still has; what to say then."""
        if _identity(self._path) is not None:
            return error
        files = OutputFolder(self._folder)
        copy = FILE_NAME + PART
        try:
            os.close(files.create(copy, PRIVATE))
            connection.execute("VACUUM INTO ?", (str(self._folder / copy),))
            # not `replace`: whatever was put there meanwhile stays
            os.link(self._folder / copy, self._path)
        except (OSError, sqlite3.Error):
            return error
        finally:
            with contextlib.suppress(OSError):
                files.remove(copy)
        return FolderError(f"{self._path}: {_CHANGED}; it was put back with every answer so far")


_CHANGED = "was removed or replaced by another program while the run was using it, and the run stopped"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
