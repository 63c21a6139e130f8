"""Files that somebody else names, opened only where they are files: not devices, pipes or the kernel's own.

A device may be read without end, a pipe waits for whoever writes to it, and a file of /proc may hold
secrets of this process.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from io import BufferedReader
from pathlib import Path

from fms_dgt.safety.permissions import current


class NotRegular(OSError):
    """Something that is there and is not a file; the message says what it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.strerror = message


def open_regular(path: Path, *, follow_link: bool = True) -> BufferedReader:
    """The file, open for reading. Raises NotRegular for anything that is not a file, OSError as `open` does.

    It is noted as one that the task at hand reads. Whether it may be read is up to the caller.
    """
    current().note(path)
    # a pipe without a writer would be waited for, and some devices act when they are opened
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    handle = os.open(path, flags if follow_link else flags | os.O_NOFOLLOW)
    try:
        _check(os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def check_regular(path: Path) -> None:
    """Raises as `open_regular` does, for a file that a library opens by its name."""
    open_regular(path).close()


def _check(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise NotRegular("is a folder, not a file")
    if not stat.S_ISREG(found.st_mode) or found.st_dev in _kernel_devices():
        raise NotRegular("is not a regular file")


@cache
def _kernel_devices() -> frozenset[int]:
    """The file systems that the kernel makes up: /proc and /sys, where they are mounted."""
    root = os.stat("/").st_dev  # noqa: PTH116
    found = set()
    for folder in ("/proc", "/sys"):
        if os.path.isdir(folder):  # noqa: PTH112
            found.add(os.stat(folder).st_dev)  # noqa: PTH116
    return frozenset(found - {root})
