"""Whether the journal still is the file that the run has open: people remove and replace files."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from fms_dgt.errors import FolderError
from fms_dgt.journal.database import FILE_NAME
from fms_dgt.safety.files import PART, PRIVATE, OutputFolder
from fms_dgt.safety.working_folder import shown


class Presence:
    """The journal of a folder, as it was when it was opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._opened = _identity(self._path)
        # whether the file is gone, and nothing has its name
        self.lost = False

    def check(self) -> None:
        """Raises FolderError where the file is gone, or another one has its name."""
        identity = _identity(self._path)
        if identity == self._opened:
            return
        self.lost = identity is None and self._folder.is_dir()
        what = "was removed by another program while the run was using it, and the run stopped"
        if self.lost:
            raise FolderError(f"{shown(self._path)}: {what}; it is put back with every answer")
        if identity is not None:
            what = "was replaced by another program while the run was using it, and the run stopped"
        raise FolderError(f"{shown(self._path)}: {what}; put it back to continue")

    def put_back(self, connection: sqlite3.Connection) -> None:
        """Put a file that is gone back, out of what the connection still has. Raises FolderError."""
        if not self.lost:
            return
        files = OutputFolder(self._folder)
        copy = FILE_NAME + PART
        try:
            os.close(files.create(copy, PRIVATE))
            connection.execute("VACUUM INTO ?", (str(self._folder / copy),))
            # not `replace`: whatever was put there meanwhile stays
            os.link(self._folder / copy, self._path)
        except (OSError, sqlite3.Error) as error:
            raise FolderError(f"{shown(self._path)}: was removed, and cannot be put back: {error}") from error
        finally:
            with contextlib.suppress(OSError):
                files.remove(copy)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
