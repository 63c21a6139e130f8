"""Looking through folders for what somebody else's pattern means, as far as that is reasonable.

`**` in a task can mean the whole disk. Links to folders are not followed below `**`: they may lead anywhere,
and round in circles.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.permissions import current

MOST_ENTRIES = 500_000
_SECONDS = 60


class Search:
    """Looks into folders for `pattern`, and counts what it sees. Raises InputError when that is too much."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._left = MOST_ENTRIES
        self._end = time.monotonic() + _SECONDS

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What is in a folder, by name; nothing where it cannot, or may not, be read."""
        found: list[os.DirEntry[str]] = []
        if not current().may_read(folder):
            return found
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found.append(entry)
                    self._count()
        except OSError:
            return []
        return sorted(found, key=lambda entry: entry.name)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise self._given_up(f"more than {MOST_ENTRIES:,} files")
        if time.monotonic() > self._end:
            raise self._given_up(f"folders for more than {_SECONDS} seconds")

    def _given_up(self, much: str) -> InputError:
        what = f"'{self._pattern}' means looking through {much}"
        return InputError([Problem(what, "name the folder that holds the files")])


def files_below(
    folder: Path, search: Search, depth: int | None = None, *, hidden: bool = False
) -> Iterator[Path]:
    """The files below a folder, `depth` levels of folders deep. Raises InputError."""
    pending = [(folder, 1)]
    while pending:
        here, level = pending.pop()
        for entry in search.entries(here):
            if entry.name.startswith(".") and not hidden:
                continue
            if not entry.is_dir():
                yield here / entry.name
            elif level != depth and not entry.is_symlink():
                pending.append((here / entry.name, level + 1))


def matching(pattern: Path) -> list[Path]:
    """What a glob matches, sorted; `**` means folders at any depth. Raises InputError."""
    return sorted(dict.fromkeys(matches(pattern)), key=str)


def matches(pattern: Path) -> Iterator[Path]:
    """What a glob matches, as it is seen; some of it twice, perhaps. Raises InputError."""
    fixed, parts = Path(pattern.anchor), list(pattern.parts[1:] if pattern.anchor else pattern.parts)
    while parts and not glob.has_magic(parts[0]):
        fixed /= parts.pop(0)
    if parts:
        wanted = [part for at, part in enumerate(parts) if part != "**" or parts[at - 1 : at] != ["**"]]
        yield from _matches(fixed, wanted, Search(str(pattern)))
    elif os.path.lexists(fixed):
        yield fixed


def _matches(folder: Path, parts: list[str], search: Search) -> Iterator[Path]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _below(folder, rest, search)
    elif not glob.has_magic(part):
        path = folder / part
        if rest:
            yield from _matches(path, rest, search)
        elif os.path.lexists(path):
            yield path
    else:
        fits = re.compile(fnmatch.translate(part))
        for entry in search.entries(folder):
            if not fits.match(entry.name) or (entry.name.startswith(".") and not part.startswith(".")):
                continue
            if not rest:
                yield folder / entry.name
            elif entry.is_dir():
                yield from _matches(folder / entry.name, rest, search)


def _below(folder: Path, rest: list[str], search: Search) -> Iterator[Path]:
    """What `**` and then `rest` match: in the folder itself, and in all below it."""
    pending = [folder]
    while pending:
        here = pending.pop()
        if rest:
            yield from _matches(here, rest, search)
        elif os.path.lexists(here):
            yield here
        for entry in search.entries(here):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(here / entry.name)
            elif not rest:
                yield here / entry.name
