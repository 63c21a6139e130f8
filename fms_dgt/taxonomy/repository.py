"""A git repository as its objects, its index and its names tell it: no file of its working tree is read."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.git import GitFailed, git
from fms_dgt.safety.git_folders import git_folder
from fms_dgt.safety.permissions import Permissions

LINK: Final = "120000"
_SUBMODULE: Final = "160000"
_MOST_CONTENT: Final = 1 << 26
_DESCRIBED: Final = re.compile(r"[0-9a-f]+ blob \d+$")
# no folder is a repository that only looks like one: somebody may have put it into a taxonomy
_REPOSITORIES: Final = ("-c", "safe.bareRepository=explicit")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit: its mode and the id of its content."""

    mode: str
    id: str


@dataclass(frozen=True, slots=True)
class Index:
    """The names that git tracks, those that a sparse checkout leaves out, and those in conflict."""

    names: frozenset[str]
    left_out: frozenset[str]
    conflicts: frozenset[str]


class Repository:
    """A git repository with a working tree at `top`."""

    def __init__(self, folder: Path) -> None:
        """The repository that `folder` is in. Raises InputError where it is in none."""
        _inspect(folder.resolve())
        try:
            top = git([*_REPOSITORIES, "rev-parse", "--show-toplevel"], folder=folder)
        except GitFailed as error:
            raise InputError([_no_repository(folder, str(error))]) from error
        self.top = Path(os.fsdecode(top.removesuffix(b"\n")))
        # core.worktree can name any folder
        if not folder.resolve().is_relative_to(self.top) or not os.path.lexists(self.top / ".git"):
            fix = "remove core.worktree from its settings"
            raise InputError(
                [Problem(f"its repository says that its files are in {self.top}", fix, str(folder))]
            )

    def ask(self, *args: str, written: bytes = b"") -> str:
        """What git writes. Raises InputError where it fails."""
        return os.fsdecode(self._bytes(*args, written=written))

    def commit(self, name: str) -> str:
        """The commit that a branch, a tag or an id stands for; "" where there is none."""
        if not name or name.startswith("-") or not name.isprintable():
            return ""
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        try:
            return git([*_REPOSITORIES, *arguments], folder=self.top).decode().strip()
        except GitFailed:
            return ""

    @property
    def is_shallow(self) -> bool:
        """Whether older commits are missing."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() == "true"

    def files(self, commit: str) -> dict[str, Blob]:
        """The files of a commit, by name."""
        files = {}
        for line in self.ask("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
            about, _, name = line.partition("\t")
            mode, _, id_ = about.partition(" ")
            if name and mode != _SUBMODULE:
                files[name] = Blob(mode, id_.rpartition(" ")[2])
        return files

    def index(self) -> Index:
        """What git tracks."""
        names, left_out, conflicts = set(), set(), set()
        for line in self.ask("ls-files", "-z", "--cached", "--stage", "-t").split("\0"):
            about, _, name = line.partition("\t")
            if not name:
                continue
            tag, mode, *_ = about.split(" ")
            if mode == _SUBMODULE:
                continue
            names.add(name)
            if tag == "S":
                left_out.add(name)
            elif tag == "M":
                conflicts.add(name)
        return Index(frozenset(names), frozenset(left_out), frozenset(conflicts))

    def untracked(self) -> list[str]:
        """The names of files that git does not track and was not told to ignore. Raises InputError."""
        self._check_ignored_names()
        names = self.ask("ls-files", "-z", "--others", "--exclude-standard").split("\0")
        return [name for name in names if name]

    def _check_ignored_names(self) -> None:
        """Raises InputError for a `.gitignore` that git would wait for: a pipe."""
        for folder, folders, files in os.walk(self.top):
            if ".git" in folders:
                folders.remove(".git")
            path = Path(folder, ".gitignore")
            if ".gitignore" in files and not (path.is_symlink() or path.is_file()):
                raise InputError([Problem("is not a regular file", "remove it", str(path))])

    def contents(self, ids: Collection[str], largest: int) -> dict[str, bytes]:
        """The contents of blobs that are there and have at most `largest` bytes, up to 64 MB of them."""
        sizes = self.ask("cat-file", "--batch-check", written=_lines(sorted(ids))).splitlines()
        room = _MOST_CONTENT
        fitting: list[tuple[str, int]] = []
        for id_, size in (
            (line.split()[0], int(line.split()[2])) for line in sizes if _DESCRIBED.match(line)
        ):
            if size <= min(largest, room):
                room -= size
                fitting.append((id_, size))
        data = self._bytes("cat-file", "--batch", written=_lines(id_ for id_, _ in fitting))
        found = {}
        at = 0
        for id_, size in fitting:
            at = data.index(b"\n", at) + 1
            found[id_] = data[at : at + size]
            at += size + 1
        return found

    def _bytes(self, *args: str, written: bytes = b"") -> bytes:
        try:
            return git([*_REPOSITORIES, *args], folder=self.top, written=written)
        except GitFailed as error:
            text = f"git {args[0]} failed: {' '.join(str(error).split())[:300]}"
            fix = "see whether the repository is complete; nothing is fetched for it"
            raise InputError([Problem(text, fix, str(self.top))]) from error


def _lines(ids: Iterable[str]) -> bytes:
    return "".join(f"{id_}\n" for id_ in ids).encode()


def _inspect(folder: Path) -> None:
    """Raises InputError where git would wait for a pipe in the place of a file."""
    for each in (folder, *folder.parents):
        if os.path.lexists(each / ".git"):
            # links and alternates may lead anywhere: names of files and ids are all that is compared
            git_folder(each, Permissions())
            return


def _no_repository(folder: Path, error: str) -> Problem:
    if "dubious ownership" in error:
        text = "git does not trust this repository: it belongs to somebody else"
        fix = f"if you trust it: git config --global --add safe.directory {quote(str(folder))}"
        return Problem(text, fix, str(folder))
    fix = "name a folder of one, or '--base empty' for everything that is there"
    return Problem("is in no git repository", fix, str(folder))
