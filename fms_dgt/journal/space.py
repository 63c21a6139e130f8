"""Whether an output folder has room for the first answers, found out before one is paid for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from fms_dgt.journal.folder import folder_error
from fms_dgt.safety.files import PRIVATE, OutputFolder, write_all

# About what the first answers take that come in at once.
ROOM = 1 << 20
_NAME = ".space"


def check_space(folder: Path) -> None:
    """Write as much as the first answers take, and take it away again. Raises FolderError."""
    files = OutputFolder(folder)
    try:
        file = files.create(_NAME, PRIVATE)
        try:
            # random: a file system that compresses must not make little of it
            write_all(file, os.urandom(ROOM))
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise folder_error(folder, error) from error
    finally:
        with contextlib.suppress(OSError):
            files.remove(_NAME)
