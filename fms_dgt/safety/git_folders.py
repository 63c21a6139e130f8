"""Where a repository on this machine keeps its files, looked at before git is: git follows all of it.

A `.git` file, `commondir`, alternates, links and includes of settings lead to any folder, and git would read
what is there for a task that may not. A pipe in the place of a file would be waited for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.folders import MOST_ENTRIES
from fms_dgt.safety.git import GitFailed, git
from fms_dgt.safety.permissions import Permissions, allow_path, resolved
from fms_dgt.safety.regular_file import NotRegular, check_regular, open_regular

# below a git directory, and read by no command that is run here
_NOT_READ = frozenset({"annex", "hooks", "lfs", "logs", "modules"})
_POINTER = b"gitdir: "
_LARGEST = 1 << 20


def git_folder(folder: Path, permissions: Permissions) -> Path:
    """The git directory of a repository or of its working tree, once all that git reads for it is allowed.

    Folders that are not below `folder` are noted as read. Raises InputError.
    """
    inspection = _Inspection(folder, permissions)
    found = inspection.git_directory()
    inspection.check(found)
    return found


class _Inspection:
    """Goes through all that git reads of one repository."""

    def __init__(self, folder: Path, permissions: Permissions) -> None:
        self._folder = resolved(folder)
        self._permissions = permissions
        # a folder that was looked through may still share objects or settings with others
        self._seen: set[Path] = set()
        self._checked: set[Path] = set()
        self._stores: set[Path] = set()
        self._left = MOST_ENTRIES

    def git_directory(self) -> Path:
        inner = self._folder / ".git"
        if not os.path.lexists(inner):
            return self._folder
        if inner.is_dir():
            return resolved(inner)
        self._allow(resolved(inner))
        written = self._content(inner)
        if not written.startswith(_POINTER):
            raise self._refused(f"{inner} names no git directory", "")
        return resolved(self._folder / os.fsdecode(written.removeprefix(_POINTER).rstrip(b"\r\n")))

    def check(self, folder: Path) -> None:
        """A git directory, and those that it shares objects, references and settings with."""
        if folder in self._checked:
            return
        self._checked.add(folder)
        self._allow(folder)
        if not folder.is_dir():
            raise self._refused(f"there is no git directory in {folder}", "")
        self._check_tree(folder, skipped=_NOT_READ)
        for name in ("config", "config.worktree"):
            self._check_settings(folder / name)
        if os.path.lexists(folder / "commondir"):
            written = self._content(folder / "commondir").rstrip(b"\r\n")
            self.check(resolved(folder / os.fsdecode(written)))
        self._check_alternates(folder / "objects")

    def _check_tree(self, top: Path, skipped: frozenset[str] = frozenset()) -> None:
        """Everything in a folder is a file, and links lead to allowed folders."""
        self._allow(top)
        pending = [top]
        while pending:
            folder = pending.pop()
            if folder in self._seen:
                continue
            self._seen.add(folder)
            for entry in self._entries(folder):
                if folder == top and entry.name in skipped:
                    continue
                path = Path(entry.path)
                if entry.is_symlink():
                    path = resolved(path)
                    self._allow(path)
                if path.is_dir():
                    pending.append(path)
                else:
                    self._check_file(path)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise self._refused(
                            f"its git directory has more than {MOST_ENTRIES:,} files", "run 'git gc'"
                        )
                    yield entry
        except OSError as error:
            raise self._refused(f"{folder} cannot be read: {error.strerror}", "") from error

    def _check_file(self, path: Path) -> None:
        try:
            mode = path.lstat().st_mode
        except OSError:
            return  # a link to nothing
        # git's own monitor of the file system leaves a socket, which cannot be opened
        if stat.S_ISSOCK(mode):
            return
        if not stat.S_ISREG(mode):
            raise self._refused(f"{path} is not a regular file", "remove it")

    def _check_settings(self, path: Path) -> None:
        """Files that settings include are read whether their condition holds or not."""
        path = resolved(path)
        if path in self._seen or not os.path.lexists(path):
            return
        self._seen.add(path)
        self._allow(path)
        try:
            check_regular(path)
            listed = git(["config", "--file", str(path), "--no-includes", "--list", "-z"], folder=Path("/"))
        except NotRegular as error:
            raise self._refused(f"{path} {error}", "remove it") from error
        except (OSError, GitFailed) as error:
            raise self._refused(f"its settings in {path} cannot be read: {error}", "") from error
        for setting in os.fsdecode(listed).split("\0"):
            key, _, value = setting.partition("\n")
            if key == "include.path" or (key.startswith("includeif.") and key.endswith(".path")):
                if value.startswith(("%(prefix)", ":(")):
                    raise self._refused(f"{path} includes '{value}'", "remove it")
                self._check_settings(path.parent / os.path.expanduser(value))  # noqa: PTH111 (any user)

    def _check_alternates(self, objects: Path) -> None:
        file = objects / "info" / "alternates"
        if resolved(objects) in self._stores or not os.path.lexists(file):
            return
        self._stores.add(resolved(objects))
        for line in os.fsdecode(self._content(file)).split("\n"):
            if not line or line.startswith("#"):
                continue
            if line.startswith('"'):
                raise self._refused(f"{file} has a quoted path", "write it without quotes")
            named = os.path.join(resolved(objects), line)  # noqa: PTH118 (normpath below)
            # git takes '..' out of the name before it follows links, in some versions
            for folder in {resolved(Path(named)), resolved(Path(os.path.normpath(named)))}:
                if folder.is_dir():
                    self._check_tree(folder)
                    self._check_alternates(folder)

    def _content(self, path: Path) -> bytes:
        try:
            with open_regular(path) as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise self._refused(f"{path} cannot be read: {error.strerror}", "") from error
        # git takes a NUL for the end of a path
        if len(content) > _LARGEST or b"\0" in content:
            raise self._refused(f"{path} holds no paths", "")
        return content

    def _allow(self, path: Path) -> None:
        """Note a resolved path that is outside of the repository. Raises InputError if it may not be read."""
        if not _is_allowed(path, self._permissions):
            what = f"it uses {path}, which is hidden, or outside of the folders that tasks may read"
            raise self._refused(what, allow_path(path))
        noted = self._permissions.uses.files
        if not any(path.is_relative_to(each) for each in (str(self._folder), *noted)):
            noted[str(path)] = None

    def _refused(self, what: str, fix: str) -> InputError:
        return InputError([Problem(f"the repository is not read: {what}", fix, str(self._folder))])


def _is_allowed(path: Path, permissions: Permissions) -> bool:
    """Whether a resolved path may be read; `.git` and what is in it are no more hidden than their folder."""
    parts = path.parts
    tops = [Path(*parts[:at]) for at, part in enumerate(parts) if part == ".git"]
    return any(permissions.may_read(each) for each in (path, *tops))
