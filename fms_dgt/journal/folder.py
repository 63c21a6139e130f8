"""What an operating system error means for an output folder."""

from __future__ import annotations

import errno
from pathlib import Path

from fms_dgt.errors import FolderError
from fms_dgt.safety.working_folder import shown

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "the limit on the size of files is reached",
}


def folder_error(folder: Path, error: OSError) -> FolderError:
    """An error that says what to do."""
    if error.errno in _FULL:
        return FolderError(f"{shown(folder)}: cannot be written: {_FULL[error.errno]}; free some space")
    why = error.strerror or str(error)
    return FolderError(f"{shown(folder)}: cannot be written: {why}; choose another --output-dir or fix it")
