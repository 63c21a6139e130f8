"""Files of JSON lines as one sequence of rows, read where they are used, in memory that hardly grows."""

from __future__ import annotations

import itertools
import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from fms_dgt.safety.regular_file import open_regular
from fms_dgt.safety.working_folder import shown

# The place of every so-many-th line is known; the others are found by reading on from there.
_STEP = 256


class JsonLines(Sequence[dict[str, Any]]):
    """The rows of several files, one after the other. A file that is written anew meanwhile is read anew."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [_File(path) for path in paths]

    def __len__(self) -> int:
        return sum(len(file) for file in self._files)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file in self._files:
            yield from file.rows(0)

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(at, slice):
            return self._slice(range(*at.indices(len(self))))
        number = at + len(self) if at < 0 else at
        row = next(self._from(number), None) if number >= 0 else None
        if row is None:
            raise IndexError(f"there is no row {at}: there are {len(self):,}")
        return row

    def __repr__(self) -> str:
        places = ", ".join(shown(file.path) for file in self._files[:3])
        more = ", ..." if len(self._files) > 3 else ""
        return f"<{len(self):,} rows of {places}{more}>"

    def _from(self, number: int) -> Iterator[dict[str, Any]]:
        """The rows from one on."""
        for file in self._files:
            if number < len(file):
                yield from file.rows(number)
            number = max(0, number - len(file))

    def _slice(self, wanted: range) -> list[dict[str, Any]]:
        if not wanted:
            return []
        ordered = wanted if wanted.step > 0 else wanted[::-1]
        rows = self._from(ordered[0])
        found = list(itertools.islice(rows, 0, ordered[-1] - ordered[0] + 1, ordered.step))
        return found if wanted.step > 0 else found[::-1]


class _File:
    """One file, and where some of its lines begin."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: tuple[int, int, int] = (-1, -1, -1)
        self._starts = array("Q")
        self._count = 0

    def __len__(self) -> int:
        self._look()
        return self._count

    def rows(self, number: int) -> Iterator[dict[str, Any]]:
        """The rows from one on."""
        start = 0
        if number:
            self._look()
            start = self._starts[number // _STEP]
        with open_regular(self.path) as file:
            file.seek(start)
            lines = file if not number else itertools.islice(file, number % _STEP, None)
            yield from map(json.loads, lines)

    def _look(self) -> None:
        """Find the lines, unless the file is as it was."""
        found = self.path.stat()
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        if state == self._state:
            return
        starts, count, place = array("Q"), 0, 0
        with open_regular(self.path) as file:
            for line in file:
                if count % _STEP == 0:
                    starts.append(place)
                count += 1
                place += len(line)
        self._state, self._starts, self._count = state, starts, count
