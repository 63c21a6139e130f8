"""Files that grow, few of them open at once: a run of two thousand tasks has more than a process may open."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from pathlib import Path

from fms_dgt.runner.file_state import FileState, digest_of, new_digest
from fms_dgt.safety.files import OutputFolder, write_all

MOST_OPEN = 64
_BUFFER = 1 << 16
_GONE = "was removed or replaced by another program while the run was writing it"


class OpenFiles:
    """The files of one run that are open now; the one that was used longest ago is closed first."""

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._handles: OrderedDict[GrowingFile, int] = OrderedDict()

    def add(self, file: GrowingFile, handle: int) -> int:
        """Take on a file that was just opened."""
        while len(self._handles) >= self._most:
            os.close(self._handles.popitem(last=False)[1])
        self._handles[file] = handle
        return handle

    def opened(self, file: GrowingFile) -> int | None:
        """The file's descriptor, if it is open."""
        handle = self._handles.get(file)
        if handle is not None:
            self._handles.move_to_end(file)
        return handle

    def close(self, file: GrowingFile) -> None:
        """Close a file, if it is open. Raises OSError."""
        handle = self._handles.pop(file, None)
        if handle is not None:
            os.close(handle)


class GrowingFile:
    """A file that begins empty, and knows what was written to it. Its methods raise OSError.

    Another program may delete, replace or edit it meanwhile. `close` tells whether one did; to a file that
    is another than the one that was begun, nothing is written.
    """

    def __init__(self, folder: OutputFolder, name: str, among: OpenFiles) -> None:
        self._folder = folder
        self._name = name
        self._among = among
        self._pending = bytearray()
        self._digest = new_digest()
        self._inode = os.fstat(among.add(self, folder.create(name))).st_ino
        self._lost = False

    @property
    def path(self) -> Path:
        """Where it is now."""
        return self._folder.path / self._name

    def append(self, data: bytes) -> None:
        """Add to its end; `flush` lets readers see it."""
        self._pending += data
        if len(self._pending) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        """Let readers see everything."""
        if not self._pending:
            return
        data, self._pending = self._pending, bytearray()
        self._digest.update(data)
        handle = self._handle()
        if handle is not None:
            write_all(handle, data)

    def part(self, start: int, end: int) -> bytes:
        """Some of what was added."""
        self.flush()
        handle = self._handle()
        if handle is None:
            raise OSError(errno.ESTALE, f"{self._name} {_GONE}")
        return os.pread(handle, end - start, start)

    def move(self, name: str) -> None:
        """Go on growing under another name, in the place of what has it."""
        self.flush()
        try:
            self._folder.replace(self._name, name)
        except FileNotFoundError:
            self._lost = True
        self._name = name

    def remove(self) -> None:
        """Close it and take it away."""
        self._among.close(self)
        self._folder.remove(self._name)

    def close(self) -> FileState | None:
        """Put everything on the disk; the file grows no more.

        What it holds now; None where that is not what was written to it.
        """
        self.flush()
        handle = self._handle()
        if handle is not None:
            os.fsync(handle)
        self._among.close(self)
        found = None if self._lost else digest_of(self._folder, self._name)
        return found if found is not None and found.digest == self._digest.hexdigest() else None

    def _handle(self) -> int | None:
        """Open at its end; None once the file is gone."""
        handle = self._among.opened(self)
        if handle is not None or self._lost:
            return handle
        try:
            handle = self._folder.open(self._name, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL):
                raise
            self._lost = True
            return None
        if os.fstat(handle).st_ino != self._inode:
            os.close(handle)
            self._lost = True
            return None
        return self._among.add(self, handle)
