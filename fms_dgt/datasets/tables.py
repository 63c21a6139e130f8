"""Where rows come from: run folders, JSONL and Parquet files, pandas frames, Hugging Face datasets.

Nothing here holds more than a batch of rows: a table is read again where its rows are needed again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from fms_dgt.core.report_file import read_report
from fms_dgt.datasets.parquet import parquet_rows
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.lines import LineTooLong, bounded_lines
from fms_dgt.safety.regular_file import open_regular

# A path, a pandas frame, a Hugging Face dataset, rows, or several of these.
Given: TypeAlias = Any
SomeRow: TypeAlias = Mapping[str, Any]

DATA = "data.jsonl"
# what a run that was begun anew has moved aside
_ASIDE = "earlier"
_BATCH = 1_000
_FORMS = "name a run folder, a .jsonl or a .parquet file"
_KINDS = "give a path, a pandas frame, a Hugging Face dataset, a list of rows, or a list of these"


@dataclass(frozen=True)
class Table:
    """Rows that can be read as often as they are needed, in the same order each time.

    `stray` is set where nobody named this very table: it was found in a folder that was named.
    """

    name: str
    read: Callable[[], Iterator[SomeRow]]
    by_line: bool = False
    path: Path | None = None
    stray: bool = False

    def rows(self) -> Iterator[tuple[int, SomeRow]]:
        """Each row with its number, from 1; in a JSONL file that is its line."""
        return enumerate(self.read(), 1)

    def place(self, number: int) -> str:
        """Where row `number` stands, for messages."""
        return f"{self.name}:{number}" if self.by_line else f"{self.name}: row {number}"

    def first(self) -> SomeRow | None:
        """The first row; None where there is none."""
        return next((row for _, row in self.rows() if row), None)


def tables(given: Given) -> list[Table]:
    """The tables that are meant; a file that is named twice is read once. Raises InputError."""
    found = list(_tables(given))
    unique = {table.path.resolve() if table.path else id(table): table for table in found}
    if not unique:
        raise InputError([Problem("nothing is given to read", _KINDS)])
    return list(unique.values())


def _tables(given: Given) -> Iterator[Table]:
    if isinstance(given, str | os.PathLike):
        yield from _of_path(Path(given))
    elif isinstance(given, Table):
        yield given
    elif hasattr(given, "iloc") and hasattr(given, "columns"):
        yield Table("the frame", lambda: _frame_rows(given))
    elif isinstance(getattr(given, "column_names", None), list):
        yield Table("the dataset", lambda: map(_plain_row, given))
    elif isinstance(getattr(given, "column_names", None), dict):
        split = next(iter(given), "train")
        raise InputError([Problem("a dataset with splits is given", f"give one of them: dataset['{split}']")])
    elif isinstance(given, Sequence) and not (given and isinstance(given[0], Mapping)):
        for one in given:
            yield from _tables(one)
    elif isinstance(given, Iterable) and not isinstance(given, Mapping | Iterator):
        yield Table("the rows", lambda: map(_plain_row, given))
    elif isinstance(given, Iterator):
        what = f"a {type(given).__name__} can be read only once"
        raise InputError([Problem(what, "put its rows into a list, or give the folder that they are from")])
    else:
        raise InputError([Problem(f"cannot read rows from {type(given).__name__}", _KINDS)])


def _of_path(path: Path) -> Iterator[Table]:
    if path.is_dir():
        found = sorted(_data_files(path))
        if not found:
            mend = "name the output folder of a run, or the folder of one of its tasks"
            raise InputError([Problem(f"there is no {DATA} in it", mend, str(path))])
        link = next((file for file in found if file.is_symlink()), None)
        if link:
            # whoever gave you the folder could mean any file of yours
            raise InputError([Problem("is a link", "name the file that it leads to", str(link))])
        stray = found != [path / DATA]
        yield from (replace(_of_file(file), stray=stray) for file in found)
    elif path.is_file():
        yield _of_file(path)
    else:
        raise InputError([Problem("there is no such file or folder", _FORMS, str(path))])


def _data_files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        # a folder of that name may be a node of a taxonomy, too
        aside = _ASIDE if DATA in files else ""
        folders[:] = [name for name in folders if name != aside and not name.startswith(".")]
        if DATA in files:
            yield Path(root, DATA)


def _of_file(path: Path) -> Table:
    name = str(path)
    if path.suffix == ".parquet":
        return Table(name, lambda: map(_plain_row, parquet_rows(path)), path=path)
    if path.suffix in (".jsonl", ".json"):
        return Table(name, lambda: _json_lines(path), by_line=True, path=path)
    raise InputError([Problem("is neither JSONL nor Parquet by its name", _FORMS, name)])


def _json_lines(path: Path) -> Iterator[SomeRow]:
    """One row a line. A blank line is an empty row, which keeps the numbers right."""
    try:
        with open_regular(path) as file:
            for number, line in enumerate(bounded_lines(file), 1):
                yield _json_row(line, f"{path}:{number}") if line.strip() else {}
    except LineTooLong as error:
        mend = "leave that row out"
        raise InputError([Problem(str(error), mend, f"{path}:{error.number}")]) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError([Problem(f"cannot be read: {why}", "check its permissions", str(path))]) from error


def _json_row(line: bytes, where: str) -> SomeRow:
    try:
        row = json.loads(line, parse_constant=lambda _: None)
    except RecursionError as error:
        raise InputError([Problem("is nested too deeply", "leave that row out", where)]) from error
    except ValueError as error:
        if not line.endswith(b"\n"):
            what, mend = "is cut off", "if a run is still writing the file, wait for its end"
        else:
            what, mend = "is not JSON", "write one JSON object a line"
        raise InputError([Problem(what, mend, where)]) from error
    if not isinstance(row, dict):
        raise InputError([Problem("is not a JSON object", "write one JSON object a line", where)])
    return row


def _frame_rows(frame: Any) -> Iterator[SomeRow]:
    for start in range(0, len(frame), _BATCH):
        yield from map(_plain_row, frame.iloc[start : start + _BATCH].to_dict("records"))


def _plain_row(row: SomeRow) -> SomeRow:
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """A value as JSON has it: no NaN, no arrays, other things as text."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return _plain_row(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    # arrays and numbers of numpy
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def not_for_training(found: Sequence[Table]) -> list[str]:
    """A note where a stand-in for a model has made some of the tables."""
    made = [
        table.name
        for table in found
        if table.path is not None and read_report(table.path.parent).get("for_training") is False
    ]
    if not made:
        return []
    which = made[0] if len(found) == 1 else f"{len(made):,} of {len(found):,} files, {made[0]} the first,"
    return [f"{which} came from a stand-in for a model: good for trying things out, not for training"]


def seeds_of_runs(found: Sequence[Table]) -> list[SomeRow]:
    """The tasks that made the tables, as far as the runs have kept what they were shown."""
    reports = [read_report(table.path.parent) for table in found if table.path is not None]
    return [{"seed_examples": report["seeds"]} for report in reports if isinstance(report.get("seeds"), list)]
