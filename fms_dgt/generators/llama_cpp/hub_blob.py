"""A file of a hub on its way into huggingface_hub's cache: its bytes, checked, and the links to them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import importlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from fms_dgt.errors import SetupError

PACKAGE: Final = "huggingface_hub"
UNFINISHED: Final = ".incomplete"
# the hub serves larger ones by a protocol of its own alone
LARGEST: Final = 50_000_000_000
WRONG: Final = "what was fetched of '{}' has another SHA-256 than the hub announced; fetch it again"

SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PIECE: Final = 1 << 20


class _Checked:
    """A file that takes no more bytes than `limit`, and knows the SHA-256 of those that it has.

    It has what huggingface_hub's download asks of a file.
    """

    def __init__(self, file: BinaryIO, limit: int, shown: str) -> None:
        self._file = file
        self._limit = limit
        self._shown = shown
        self.truncate(file.seek(0, os.SEEK_END))

    def write(self, data: bytes) -> int:
        if self._file.tell() + len(data) > self._limit:
            raise SetupError(f"the hub sent more for '{self._shown}' than it announced; fetch it again")
        self._digest.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def truncate(self, size: int | None = None) -> int:
        kept = self._file.truncate(size)
        self._digest = hashlib.sha256()
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            self._digest.update(piece)
        return kept

    @property
    def sha256(self) -> str:
        """The digest of all that it has."""
        return self._digest.hexdigest()


def fetch_blob(url: str, size: int | None, blob: Path, part: Path, bar: Any) -> None:
    """Fetch a file to `blob` by way of `part`, where an earlier try may have left its beginning.

    Raises SetupError where it is not what the hub announced; its exceptions are many.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    # without this folder the hub's programs take the repository for a broken one
    (part.parent.parent / "snapshots").mkdir(exist_ok=True)
    limit = LARGEST if size is None else size
    # a link in its place would lead elsewhere
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    with os.fdopen(handle, "ab+") as file:
        # another process may be fetching it
        fcntl.flock(file, fcntl.LOCK_EX)
        if blob.exists():
            return
        done = file.seek(0, os.SEEK_END)
        if done > limit or size is None:
            file.truncate(0)
            done = 0
        check_room(part.parent, (size or 0) - done)
        shown = _name_in(part)
        checked = _Checked(file, limit, shown)
        _http_get(url, checked, done, size, shown, bar)
        file.flush()
        if SHA256.fullmatch(blob.name) and checked.sha256 != blob.name:
            file.truncate(0)
            raise SetupError(WRONG.format(shown))
        part.replace(blob)


def link_blob(repo_path: Path, commit: str, file: str, blob: Path) -> Path:
    """The path by which the cache finds a file of a commit: a link to its blob. The commit becomes `main`."""
    reference = repo_path / "refs" / "main"
    if not reference.is_file() or reference.read_text() != commit:
        _put(reference, lambda part: part.write_text(commit))
    place = repo_path / "snapshots" / commit / file
    if not place.exists():
        target = os.path.relpath(blob, place.parent)
        _put(place, lambda part: _link(part, target, blob))
    return place


def _link(part: Path, target: str, blob: Path) -> None:
    try:
        part.symlink_to(target)
    except OSError:
        # some file systems have no links
        shutil.copyfile(blob, part)


def _put(place: Path, make: Callable[[Path], object]) -> None:
    """Make a file in one step, in the place of whatever is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}{UNFINISHED}")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    make(part)
    part.replace(place)


def unfinished_path(blob: Path, file: str) -> Path:
    """Where a file is while it is fetched. Its ending is what the hub's own programs tidy up by."""
    return blob.with_name(f"{blob.name}.{file.replace('/', '--')}{UNFINISHED}")


def unfinished_files(repo_path: Path) -> Iterator[tuple[str, Path]]:
    """Downloads that did not come to their end: the file's name, with '--' for '/', and where it is."""
    for path in sorted(repo_path.glob(f"blobs/*.gguf{UNFINISHED}")):
        if path.is_file() and not path.is_symlink():
            yield _name_in(path), path


def _name_in(part: Path) -> str:
    return part.name.partition(".")[2].removesuffix(UNFINISHED)


def _http_get(url: str, file: _Checked, done: int, size: int | None, shown: str, bar: Any) -> None:
    headers = importlib.import_module(f"{PACKAGE}.utils").build_hf_headers()
    headers["Accept-Encoding"] = "identity"
    get = importlib.import_module(f"{PACKAGE}.file_download").http_get
    get(
        url,
        file,
        resume_size=done,
        headers=headers,
        expected_size=size,
        displayed_filename=shown,
        tqdm_class=bar,
    )


def check_room(folder: Path, needed: int) -> None:
    """Raise OSError where the disk has less room than that."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{size_text(needed)} are needed, {size_text(free)} are free")


def size_text(size: float) -> str:
    """A number of bytes as people write it: '4.9 GB'."""
    units = iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
