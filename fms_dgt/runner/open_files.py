"""Files that grow, few of them open at once: a run of two thousand tasks has more than a process may open."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

MOST_OPEN = 64
_BUFFER = 1 << 16


class OpenFiles:
    """The files of one run that are open now; the one that was used longest ago is closed first."""

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._handles: OrderedDict[GrowingFile, BinaryIO] = OrderedDict()

    def handle(self, file: GrowingFile) -> BinaryIO:
        """The file, open at its end. Raises OSError."""
        handle = self._handles.get(file)
        if handle is None:
            while len(self._handles) >= self._most:
                self._handles.popitem(last=False)[1].close()
            handle = self._handles[file] = file.path.open("a+b", buffering=_BUFFER)
        self._handles.move_to_end(file)
        return handle

    def opened(self, file: GrowingFile) -> BinaryIO | None:
        """The file, if it is open."""
        return self._handles.get(file)

    def close(self, file: GrowingFile) -> None:
        """Write everything to the disk and close. Raises OSError."""
        handle = self.handle(file)
        handle.flush()
        os.fsync(handle.fileno())
        del self._handles[file]
        handle.close()


class GrowingFile:
    """A file that begins empty. Its methods raise OSError."""

    def __init__(self, path: Path, among: OpenFiles) -> None:
        self.path = path
        self._among = among
        path.open("wb").close()

    def append(self, data: bytes) -> None:
        """Add to its end; `flush` lets readers see it."""
        self._among.handle(self).write(data)

    def flush(self) -> None:
        """Let readers see everything."""
        handle = self._among.opened(self)
        if handle is not None:
            handle.flush()

    def part(self, start: int, end: int) -> bytes:
        """Some of what was added."""
        handle = self._among.handle(self)
        handle.flush()
        return os.pread(handle.fileno(), end - start, start)

    def move(self, path: Path) -> None:
        """Go on growing at `path`, in the place of what is there."""
        self.flush()
        os.replace(self.path, path)
        self.path = path

    def close(self) -> None:
        """Put everything on the disk; the file grows no more."""
        self._among.close(self)
