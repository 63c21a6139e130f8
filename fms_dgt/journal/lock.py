"""One process a folder: a lock that dies with its holder and says who that is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from fms_dgt.errors import FolderError

LOCK_NAME = ".lock"


class FolderLock:
    """Holds a folder for this process. Raises FolderError where another one has it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise folder_error(self._path.parent, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = self._holder()
            os.close(self._file)
            self._file = None
            text = f"{self._path.parent}: is in use by {holder}; wait for it, or choose another --output-dir"
            raise FolderError(text) from error
        except OSError:
            # no locks on this file system: the note below is all there is
            pass
        mine = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(mine).encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _holder(self) -> str:
        try:
            said = json.loads(self._path.read_text())
            return f"process {said['pid']} on {said['host']}, since {said['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def folder_error(folder: Path, error: OSError) -> FolderError:
    """What an operating system error means for an output folder."""
    why = error.strerror or str(error)
    return FolderError(f"{folder}: cannot be written: {why}; choose another --output-dir or mend it")
