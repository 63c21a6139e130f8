"""The files of a working tree, hashed as git hashes them, without git: its filters can be any program."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fms_dgt.safety.regular_file import open_regular
from fms_dgt.taxonomy.repository import LINK, Blob

# Beyond this a file is hashed in pieces, and its line ends count.
_IN_MEMORY: Final = 1 << 24
_PIECE: Final = 1 << 20
_FILES: Final = ("100644", "100755", "100664")


class WorkingTree:
    """The files below `top`, by the names that git has for them."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._folders: dict[Path, bool] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a file or link, not reached through a link to another folder."""
        path = self._top / name
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            return False
        return not stat.S_ISDIR(mode) and self._is_plain(path.parent)

    def equals(self, name: str, blob: Blob) -> bool:
        """Whether a file is as it is in a commit.

        Line ends do not count where a checkout may have made CR LF of them, nor do permissions. A file that
        cannot be read equals nothing.
        """
        path = self._top / name
        try:
            if path.is_symlink():
                return blob.mode == LINK and _id([os.fsencode(path.readlink())], blob.id) == blob.id
            return blob.mode in _FILES and blob.id in _ids(path, blob.id)
        except OSError:
            return False

    def content(self, name: str, largest: int) -> bytes:
        """What is in a file; nothing where it is not a file or larger."""
        try:
            with open_regular(self._top / name, follow_link=False) as file:
                data = file.read(largest + 1)
        except OSError:
            return b""
        return data if len(data) <= largest else b""

    def _is_plain(self, folder: Path) -> bool:
        if folder not in self._folders:
            at_top = folder == self._top
            self._folders[folder] = at_top or (not folder.is_symlink() and self._is_plain(folder.parent))
        return self._folders[folder]


def _ids(path: Path, like: str) -> Iterator[str]:
    with open_regular(path, follow_link=False) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _IN_MEMORY:
            yield _id(iter(lambda: file.read(_PIECE), b""), like, size)
            return
        data = file.read()
    yield _id([data], like, len(data))
    if b"\r\n" in data:
        yield _id([data.replace(b"\r\n", b"\n")], like)


def _id(pieces: Iterator[bytes] | list[bytes], like: str, size: int | None = None) -> str:
    """The id that git gives a content, by the algorithm that another id was made by."""
    if size is None:
        assert isinstance(pieces, list)
        size = sum(map(len, pieces))
    digest = hashlib.new("sha256" if len(like) == 64 else "sha1", b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
