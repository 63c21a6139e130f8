"""What a file of a run holds, in a form that the journal keeps and the next run compares with."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from fms_dgt.safety.files import OutputFolder

_DIGEST_SIZE = 16
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileState:
    """A file's content by its digest, and the state in which it had it.

    `stat` has inode, size and the times of the last change of the content and of the inode. As long as
    it is the same, the content is; the last of these cannot be set back.
    """

    digest: str
    stat: tuple[int, int, int, int]

    def to_json(self) -> dict[str, Any]:
        """What `is_as_left` reads."""
        return {"digest": self.digest, "stat": list(self.stat)}


def new_digest() -> blake2b:
    """A digest to which a file's content is added."""
    return blake2b(digest_size=_DIGEST_SIZE)


def digest_of(folder: OutputFolder, name: str) -> FileState | None:
    """What a regular file holds; None where there is none. Raises OSError."""
    state = folder.state(name)
    if state is None or not stat.S_ISREG(state.st_mode):
        return None
    digest = new_digest()
    with os.fdopen(folder.open(name, os.O_RDONLY), "rb", buffering=0) as file:
        before = _times(os.fstat(file.fileno()))
        while block := file.read(_BLOCK):
            digest.update(block)
    return FileState(digest.hexdigest(), before)


def is_as_left(folder: OutputFolder, name: str, noted: Any) -> bool:
    """Whether a file holds what it held when `noted` was written.

    Its content is read only where its state differs, as that of a copied folder does.
    """
    state = folder.state(name)
    if state is None or not stat.S_ISREG(state.st_mode):
        return False
    if isinstance(noted, list):
        # earlier versions noted size and time; nothing at all where the file was missing by then
        return noted == [state.st_size, state.st_mtime_ns]
    if not isinstance(noted, dict):
        return False
    if noted.get("stat") == list(_times(state)):
        return True
    try:
        found = digest_of(folder, name)
    except OSError:
        return False
    return found is not None and found.digest == noted.get("digest")


def _times(state: os.stat_result) -> tuple[int, int, int, int]:
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
