"""How files are opened in folders that others may write, or that came from elsewhere.

Links below such a folder are never followed: a link there may name any file of ours. Only regular files
are opened, a device or a pipe never; nothing is truncated before that is known.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from fms_dgt.safety.regular_file import open_regular

# What holds prompts, answers and addresses is for its owner alone.
PRIVATE = 0o600
SHARED = 0o644
PART = ".part"
# A run's report holds no rows, and of the seeds a thousand at the most.
LARGEST_REPORT = 256 * 1024 * 1024

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BLOCK = 1 << 20


class OutputFolder:
    """A folder at or below `root`. The root may be a link, since its user named it; nothing below it may.

    Names are those of files in the folder, without a slash. Every method raises OSError.
    """

    __slots__ = ("path", "root")

    def __init__(self, root: Path, path: Path | None = None) -> None:
        self.root = root
        self.path = root if path is None else path

    def __truediv__(self, name: str) -> OutputFolder:
        return OutputFolder(self.root, self.path / name)

    def make(self) -> None:
        """Make the folder, and those above it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self.opened(make=True):
            pass

    def open(self, name: str, flags: int, mode: int = SHARED) -> int:
        """A descriptor of a regular file; with O_CREAT it is made where it is missing."""
        with self.opened() as folder:
            return _open_regular(name, flags, mode, folder, self.path / name)

    def create(self, name: str, mode: int = SHARED) -> int:
        """A descriptor of a new, empty file, in the place of whatever has the name."""
        with self.opened() as folder:
            _remove(name, folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            return _open_regular(name, flags, mode, folder, self.path / name)

    def write(self, name: str, data: bytes, mode: int = SHARED) -> None:
        """Put a file in place, whole or not at all."""
        file = self.create(name + PART, mode)
        try:
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        self.replace(name + PART, name)

    def replace(self, name: str, new_name: str, other: OutputFolder | None = None) -> None:
        """Rename a file, in the place of what has the new name; into another folder with `other`."""
        with self.opened() as folder, (other or self).opened(make=other is not None) as target:
            os.replace(name, new_name, src_dir_fd=folder, dst_dir_fd=target)

    def remove(self, name: str) -> None:
        """Remove a file, where it is."""
        with self.opened() as folder:
            _remove(name, folder)

    def state(self, name: str) -> os.stat_result | None:
        """The state of what has the name, of a link itself; None where there is nothing."""
        try:
            with self.opened() as folder:
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextlib.contextmanager
    def opened(self, *, make: bool = False) -> Iterator[int]:
        """A descriptor of the folder, reached from the root without following a link."""
        folder = os.open(self.root, _DIRECTORY)
        try:
            reached = self.root
            for part in self.path.relative_to(self.root).parts:
                reached = reached / part
                below = _open_folder(part, folder, reached, make=make)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)


def _open_folder(name: str, parent: int, path: Path, *, make: bool) -> int:
    if name == os.pardir:
        raise OSError(errno.EINVAL, f"{path} leads out of the output folder")
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
    try:
        return os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        raise _link_error(path, error, name, parent) from error


def _open_regular(name: str, flags: int, mode: int, folder: int | None, path: Path) -> int:
    # O_NONBLOCK: to open a pipe must not wait for whoever writes into it
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        file = os.open(name, flags, mode, dir_fd=folder)
    except OSError as error:
        raise _link_error(path, error, name, folder) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file")
    return file


def _link_error(path: Path, error: OSError, name: str, folder: int | None) -> OSError:
    """The error, in words that say so where it came of a link."""
    try:
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        is_link = False
    if not is_link:
        return error
    return OSError(errno.ELOOP, f"{path.name} is a symbolic link, and links in there are not followed")


def _remove(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def write_all(file: int, data: bytes | bytearray) -> None:
    """Write all of the data. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def read_at_most(path: Path, most: int = LARGEST_REPORT, *, follow_link: bool = True) -> bytes:
    """The content of a regular file. Raises OSError, also where it has more than `most` bytes."""
    with open_regular(path, follow_link=follow_link) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"has more than {most:,} bytes")
    return data


def count_lines(path: Path) -> int:
    """How many line ends a regular file has, in constant memory. Raises OSError."""
    with open_regular(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
