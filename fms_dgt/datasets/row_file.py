"""A file of training rows: JSONL or Parquet by its ending, whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, TypeAlias, TypeVar

from fms_dgt.datasets.parquet import ParquetFile
from fms_dgt.errors import FolderError, InputError, Problem
from fms_dgt.safety.files import PART, OutputFolder

Message: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[int], None]
Columns: TypeAlias = dict[str, Any]
Write: TypeAlias = Callable[[Columns], None]
T = TypeVar("T")

SUFFIXES = (".jsonl", ".parquet")
# columns by a value that each may hold, which gives Parquet their types
TURN = {"role": "", "content": ""}
CONVERSATION: Mapping[str, Any] = {"id": "", "messages": [TURN], "metadata": "", "unmask": True}


def write_rows(
    path: Path, rows: Iterable[Columns], *, force: bool = False, progress: Progress | None = None
) -> int:
    """Write conversations as they come, and return how many. Raises FolderError, InputError."""
    check_target(path, force=force)
    number = 0
    with row_file(path, CONVERSATION) as write:
        for row in counted(rows, progress):
            write(row)
            number += 1
    return number


def counted(rows: Iterable[T], progress: Progress | None) -> Iterator[T]:
    """The same rows; `progress` is called with how many of them are done."""
    count = progress or (lambda _: None)
    count(0)
    for number, row in enumerate(rows, 1):
        yield row
        count(number)


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


@contextmanager
def row_file(path: Path, columns: Mapping[str, Any]) -> Iterator[Write]:
    """What writes a row into the file. Raises FolderError, and InputError for what Parquet cannot hold."""
    with in_place_of(path) as part:
        if path.suffix == ".jsonl":
            with part.open("wb") as file:
                yield lambda row: _write_line(file, row)
        else:
            with ParquetFile(part, columns) as table:
                yield lambda row: _write_to_table(table, row)


def _write_line(file: BinaryIO, row: Columns) -> None:
    file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _write_to_table(table: ParquetFile, row: Columns) -> None:
    turns = (turn for value in row.values() if isinstance(value, list) for turn in value)
    if extra := {key for turn in turns for key in turn if key not in TURN}:
        what = f"a turn also has {', '.join(sorted(extra))}, which Parquet has no column for"
        raise InputError([Problem(what, "write JSONL", f"row {row['id']}")])
    table.write(row)
