"""Rows as trainers read them, and where they are written to."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeAlias

from fms_dgt.core.canonical import hexdigest
from fms_dgt.datasets.parquet import ParquetFile
from fms_dgt.errors import FolderError, InputError, Problem, SetupError
from fms_dgt.safety.files import PART, OutputFolder

if TYPE_CHECKING:
    import pandas as pd

Message: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[int], None]
Make: TypeAlias = Callable[[list[str]], Iterator["TrainingRow"]]

SUFFIXES = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One conversation. `kind` is counted and not written; where `id` is empty, it is derived."""

    kind: str
    messages: list[Message]
    metadata: Mapping[str, Any]
    unmask: bool = False
    id: str = ""

    def columns(self) -> dict[str, Any]:
        """The row as it is written. The id follows from the content alone."""
        return {
            "id": self.id or hexdigest([self.messages, dict(self.metadata)]),
            "messages": self.messages,
            "metadata": json.dumps(self.metadata, ensure_ascii=False),
            "unmask": self.unmask,
        }


@dataclass(frozen=True)
class Written:
    """A file that was written: its rows, those of each kind, and what should be known about them.

    `kind` is what the file is; a recipe's rows are its datasets.
    """

    path: Path
    kind: str
    rows: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class TrainingSet:
    """Rows for a trainer, made while they are read; reading again gives the same rows.

    `notes` are of the last reading: what should be known about the rows.
    """

    def __init__(self, name: str, make: Make) -> None:
        self.name = name
        self.notes: list[str] = []
        self._make = make

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (row.columns() for row in self.rows())

    def rows(self) -> Iterator[TrainingRow]:
        """The rows, with their kinds."""
        self.notes = []
        return self._make(self.notes)

    def to_pandas(self) -> pd.DataFrame:
        """All rows in a frame."""
        import pandas as pd  # noqa: PLC0415 (heavy)

        return pd.DataFrame(list(self))

    def to_dataset(self) -> Any:
        """All rows in a Hugging Face dataset. Raises SetupError where the package is missing."""
        try:
            from datasets import Dataset  # noqa: PLC0415 (not needed otherwise)
        except ImportError as error:
            raise SetupError("this needs the package datasets; pip install datasets") from error
        return Dataset.from_list(list(self))

    def write(self, path: str | Path, *, force: bool = False, progress: Progress | None = None) -> Written:
        """Write JSONL or Parquet, by the path's ending; whole or not at all.

        Raises FolderError where the file is there and `force` is not set.
        """
        kinds: Counter[str] = Counter()

        def counted() -> Iterator[dict[str, Any]]:
            for row in self.rows():
                kinds[row.kind] += 1
                yield row.columns()

        rows = write_rows(Path(path), counted(), force=force, progress=progress)
        return Written(Path(path), self.name, rows, dict(sorted(kinds.items())), tuple(self.notes))


def write_rows(
    path: Path, rows: Iterator[dict[str, Any]], *, force: bool = False, progress: Progress | None = None
) -> int:
    """Write rows as they come, and say how many. Raises FolderError, InputError."""
    check_target(path, force=force)
    number = 0
    if progress is not None:
        progress(number)
    with in_place_of(path) as part:
        for number, row in enumerate(_written(part, path.suffix, rows), 1):  # noqa: B007
            if progress is not None:
                progress(number)
    return number


def check_target(path: Path, *, force: bool) -> None:
    """Whether a file may be written there. Raises FolderError, InputError."""
    if path.suffix not in SUFFIXES:
        what = "the ending of a training set's file says its format"
        raise InputError([Problem(what, f"let it end in {' or '.join(SUFFIXES)}", str(path))])
    if path.is_dir():
        raise FolderError(f"{path}: is a folder; name a file")
    if path.exists() and not force:
        raise FolderError(f"{path}: is there already; name another, or write over it: --force")


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place in the end, or goes away."""
    # a name that nobody can put a link under before
    part = path.with_name(f".{path.name}.{token_hex(8)}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(OutputFolder(path.parent).create(part.name))
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderError(f"{path}: cannot be written to: {why}; name another place") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _written(part: Path, suffix: str, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if suffix == ".jsonl":
        with part.open("wb") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                yield row
        return
    turn = {"role": "", "content": ""}
    with ParquetFile(part, {"id": "", "messages": [turn], "metadata": "", "unmask": True}) as table:
        for row in rows:
            if extra := {key for said in row["messages"] for key in said if key not in turn}:
                what = f"a turn also says {', '.join(sorted(extra))}, which Parquet has no column for"
                raise InputError([Problem(what, "write JSONL", f"row {row['id']}")])
            table.write(row)
            yield row
