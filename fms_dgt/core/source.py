"""Where units come from: a finite list, or draws without end."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from fms_dgt.core.canonical import derived_random, digest, hexdigest
from fms_dgt.core.row import Unit
from fms_dgt.core.table_file import json_lines, unreadable
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.regular_file import open_regular

Accepted: TypeAlias = Sequence[Mapping[str, Any]]
Draw: TypeAlias = Callable[[int, Random, Accepted], Mapping[str, Any]]


class Source(ABC):
    """Offers the units of a task in order; what it offers depends on the task and the seed alone.

    `endless` tells whether a number of records must end the task; `lag` is None where units do not
    depend on earlier records.
    """

    endless: bool
    lag: int | None = None

    @abstractmethod
    def units(self, seed: int, start: int = 0) -> Iterator[Unit]:
        """Units from number `start` on, for sources that do not feed on records."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Stands for everything the units are made of, as far as the task does not say it."""

    def size(self) -> int | None:
        """How many units there are, where that is known."""
        return None


class EachOf(Source):
    """One unit an item. `items` is a list, anything that can be iterated anew, or a JSONL file.

    With `into`, the item becomes that column; without, items are mappings and become the row.
    """

    endless = False

    def __init__(self, items: Iterable[Any] | Path, into: str | None = None) -> None:
        if isinstance(items, str):
            raise TypeError(f"EachOf takes a list, or the Path of a file, not text; write [{items[:60]!r}]")
        # an iterator can be walked once only, and binding looks at the first item already
        self.items = list(items) if isinstance(items, Iterator) else items
        self.into = into

    def units(self, seed: int, start: int = 0) -> Iterator[Unit]:
        """Every item; its key is its content and how often that occurred before."""
        seen: dict[int, int] = {}
        for number, item in enumerate(self._rows()):
            name = digest(item)
            short = int.from_bytes(name[:8], "big")
            occurrence = seen.get(short, 0)
            seen[short] = occurrence + 1
            if number >= start:
                key = f"{name.hex()[:20]}.{occurrence}" if occurrence else name.hex()[:20]
                yield Unit(number, key, {self.into: item} if self.into else self._as_row(item, number))

    def fingerprint(self) -> str:
        """The file's content, or the items' where they are held in memory."""
        if isinstance(self.items, Path):
            return file_digest(self.items)
        return hexdigest(self.items) if isinstance(self.items, list | tuple) else ""

    def size(self) -> int | None:
        """The number of items of a list."""
        return len(self.items) if isinstance(self.items, list | tuple) else None

    def _rows(self) -> Iterable[Any]:
        if isinstance(self.items, Path):
            return (value for _, value in json_lines(self.items))
        return self.items

    def _as_row(self, item: Any, number: int) -> Mapping[str, Any]:
        if isinstance(item, Mapping):
            return item
        origin = f"{self.items}:{number + 1}" if isinstance(self.items, Path) else f"item {number}"
        problem = Problem(f"is {type(item).__name__}, not a mapping", "write one JSON object a line", origin)
        raise InputError([problem])


class Endless(Source):
    """Unit `index` is whatever `draw(index, random, accepted)` makes; `random` depends on the seed
    and the index alone.

    With a `lag`, `accepted` holds the records of the units up to `index - lag`: a builder that feeds
    on its own results stays the same whatever runs at once. The lag bounds how many units can be
    under way.
    """

    endless = True

    def __init__(self, draw: Draw, lag: int = 0) -> None:
        if lag < 0:
            raise ValueError("lag must be 0 or more")
        self.draw = draw
        self.lag = lag or None

    def unit(self, index: int, seed: int, accepted: Accepted) -> Unit:
        """Unit number `index`."""
        values = self.draw(index, derived_random(seed, "draw", index), accepted)
        return Unit(index, str(index), values)

    def units(self, seed: int, start: int = 0) -> Iterator[Unit]:
        """Draws that see no records."""
        index = start
        while True:
            yield self.unit(index, seed, ())
            index += 1

    def fingerprint(self) -> str:
        """The lag: what is drawn from is said by the task, how by the builder's code."""
        return f"lag {self.lag or 0}"


def file_digest(path: Path) -> str:
    """32 characters that stand for the content of a file. Raises InputError."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        raise unreadable(path, error) from error
