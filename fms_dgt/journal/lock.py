"""One process a folder: locks that die with their holder, and a note that says who that is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from fms_dgt.errors import FolderError
from fms_dgt.journal.folder import folder_error
from fms_dgt.safety.files import OutputFolder
from fms_dgt.safety.working_folder import shown

LOCK_NAME = ".lock"
_SHOWN = 80
_LONGEST_NOTE = 4_096


class FolderLock:
    """Holds a folder for this process. Raises FolderError where another one has it.

    Locked are the folder itself, which nobody removes while it is used, and the file `.lock` in it, as
    earlier versions do; people remove that.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[int] = []

    def __enter__(self) -> Self:
        try:
            OutputFolder(self._folder).make()
            self._lock(_open_folder(self._folder))
            note = self._lock_file()
        except OSError as error:
            self._release()
            raise folder_error(self._folder, error) from error
        except FolderError:
            self._release()
            raise
        mine = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(note, 0)
        os.pwrite(note, json.dumps(mine).encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, IndexError):
            os.ftruncate(self._held[-1], 0)
        self._release()

    def _lock_file(self) -> int:
        """The file that has the name once it is locked: somebody may have removed the one that was opened."""
        files = OutputFolder(self._folder)
        while True:
            file = files.open(LOCK_NAME, os.O_RDWR | os.O_CREAT)
            self._lock(file)
            named = files.state(LOCK_NAME)
            if named is not None and os.path.samestat(named, os.fstat(file)):
                return file
            os.close(self._held.pop())

    def _lock(self, file: int) -> None:
        self._held.append(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = holder_in_note(self._folder) or "another process"
            text = (
                f"{shown(self._folder)}: is in use by {holder}; wait for it, or choose another --output-dir"
            )
            raise FolderError(text) from error
        except OSError:
            # no locks on this file system: the note is all there is
            pass

    def _release(self) -> None:
        while self._held:
            os.close(self._held.pop())


def holder_in_note(folder: Path) -> str:
    """Who the note of a lock names: "process N on HOST, since ..."; "" where it names nobody."""
    note = read_note(folder)
    return f"process {note[0]} on {note[1]}, since {note[2]}" if note else ""


def read_note(folder: Path) -> tuple[int, str, str] | None:
    """Process, host and time of a lock's note, which anybody may have written; None where there is none."""
    try:
        file = _open_note(folder)
        try:
            note = json.loads(os.read(file, _LONGEST_NOTE))
        finally:
            os.close(file)
        return int(note["pid"]), _plain(note["host"]), _plain(note["since"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def is_locked(folder: Path) -> bool | None:
    """Whether a process holds a folder; None where the file system cannot say."""
    answers = [_is_locked(_open_folder, folder), _is_locked(_open_note, folder)]
    return True if True in answers else False if False in answers else None


def _is_locked(opened: Callable[[Path], int], folder: Path) -> bool | None:
    try:
        file = opened(folder)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(file)
    return False


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _open_note(folder: Path) -> int:
    return OutputFolder(folder).open(LOCK_NAME, os.O_RDONLY)


def _plain(value: object) -> str:
    return "".join(character for character in str(value)[:_SHOWN] if character.isprintable())
