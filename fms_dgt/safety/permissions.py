"""What a task may read, fetch and write, and what it did name.

A task is often a stranger's. What it names is read only below a few folders, fetched only from public
hosts, and noted, so that `--check` can print it. The permissions of the task that is being worked on are
found with `current()`; a program that reads files on its own account is under no task, and may read all.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

from fms_dgt.errors import InputError, Problem, UserError


class NotFetched(UserError):
    """Rows that are known only once something is fetched, which is not done now."""


@dataclass
class Uses:
    """What a task named, in the order in which it was met; `pending` is what was not fetched."""

    files: dict[str, None] = field(default_factory=dict)
    fetches: dict[str, None] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What one task may do.

    `folders` are resolved, below them files may be read; None is everywhere. `writable` are those below
    which results may be put. `variables` may stand in the task, `hosts` are hosts that need not be public.
    Without `requests` nothing is fetched. `homes` are the home folders, none of which a task gets as its own.
    """

    folders: tuple[Path, ...] | None = None
    writable: tuple[Path, ...] | None = None
    variables: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    requests: bool = True
    homes: tuple[Path, ...] = ()
    uses: Uses = field(default_factory=Uses)

    def of_task(self, *folders: Path) -> Permissions:
        """These for one task, which may read in its own folders, too, where these are no shared ones."""
        found = (resolved(folder) for folder in folders)
        own = tuple(folder for folder in found if not is_shared(folder, self.homes))
        known = None if self.folders is None else tuple(dict.fromkeys((*self.folders, *own)))
        return replace(self, folders=known, uses=Uses())

    def with_folders(self, *folders: Path) -> Permissions:
        """The same task's, with more folders to read in."""
        return replace(self.of_task(*folders), uses=self.uses)

    def without_requests(self) -> Permissions:
        """The same, with nothing fetched."""
        return replace(self, requests=False)

    def of_config(self) -> Permissions:
        """Those of a config, which whoever runs it names: it reads anywhere, and that is noted."""
        return replace(self, folders=None)

    def may_read(self, path: Path) -> bool:
        """Whether a file or folder is below one of the folders, links resolved, and not hidden there."""
        return self.folders is None or is_below(path, self.folders)

    def may_write(self, path: Path) -> bool:
        """Whether results may be put there."""
        return self.writable is None or is_below(path, self.writable)

    def check_read(self, path: Path, shown: str = "") -> None:
        """Raises InputError where the task may not read a file or look into a folder."""
        name = shown or str(path)
        if not self.may_read(path):
            raise InputError([Problem(outside(name), allow_path(path), name)])

    def read(self, path: Path, shown: str = "") -> None:
        """Note that the task reads a file or folder. Raises InputError where it may not."""
        self.check_read(path, shown)
        self.note(path)

    def note(self, path: Path) -> None:
        """Note that a file or folder is read on the task's behalf."""
        if self is not _UNDER_NO_TASK:
            self.uses.files[str(path)] = None


_UNDER_NO_TASK = Permissions()
_current: ContextVar[Permissions] = ContextVar("permissions", default=_UNDER_NO_TASK)


def current() -> Permissions:
    """Those of the task that is being worked on."""
    return _current.get()


@contextlib.contextmanager
def under(permissions: Permissions) -> Iterator[None]:
    """Work on a task with these permissions."""
    token = _current.set(permissions)
    try:
        yield
    finally:
        _current.reset(token)


def resolved(path: Path) -> Path:
    """The path with its links resolved; one that cannot be is taken as it stands."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path.absolute()


def is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    """Whether a path, links resolved, is below one of the folders with no hidden part in between."""
    full = resolved(path)
    for folder in folders:
        if full.is_relative_to(folder):
            parts = full.relative_to(folder).parts
            if not any(part.startswith(".") for part in parts):
                return True
    return False


def is_shared(folder: Path, homes: tuple[Path, ...]) -> bool:
    """Whether more than one project is kept in a folder: it is `/`, holds a home, or is like /tmp."""
    if folder == Path(folder.anchor) or any(home.is_relative_to(folder) for home in homes):
        return True
    try:
        mode = folder.stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISVTX and mode & stat.S_IWOTH)


def outside(name: str) -> str:
    """What is wrong with a path that a task may not read."""
    return f"'{name}' is hidden, or outside of the folders that tasks may read"


def allow_path(path: Path) -> str:
    """How to let a task read a path nevertheless."""
    full = resolved(path)
    if full.parts[1:2] in (("proc",), ("sys",)):
        return "no task may read what the kernel makes up; name a file"
    return f"if you trust this task, pass --allow-path {full}"
