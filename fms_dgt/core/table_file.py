"""Rows of JSONL, CSV and Parquet files, read as streams. What cannot be read is told with file and line."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

from fms_dgt.core.parquet_work import BATCH, check_parquet
from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.safety.lines import LONGEST_LINE, LineTooLong, bounded_lines
from fms_dgt.safety.regular_file import NotRegular, check_regular, open_regular

TableRow: TypeAlias = dict[str, Any]
# the number that a person would look for: the line of a text file, the row of another
Numbered: TypeAlias = tuple[int, TableRow]


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each JSON value of a file with its line; blank lines are passed over. Raises InputError."""
    try:
        with open_regular(path) as file:
            for number, line in enumerate(bounded_lines(file), 1):
                if line.strip():
                    yield number, _json_value(line, f"{path}:{number}")
    except LineTooLong as error:
        raise _too_long(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _json_value(line: bytes, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        raise InputError([Problem("is not UTF-8 text", "save it as UTF-8", where)]) from error
    except json.JSONDecodeError as error:
        mend = "write one JSON value a line"
        if line.lstrip().startswith(b"[") and where.endswith(":1"):
            mend += "; a file that is one JSON array: jq -c '.[]' FILE > FILE.jsonl"
        raise InputError([Problem(f"is not JSON: {error}", mend, where)]) from error
    except ValueError as error:
        what = f"has a number of more than {sys.get_int_max_str_digits():,} digits"
        raise InputError([Problem(what, "put it in quotes", where)]) from error
    except RecursionError as error:
        raise InputError([Problem("is nested too deeply", "flatten it", where)]) from error


def json_rows(path: Path) -> Iterator[Numbered]:
    """The rows of a JSONL file. Raises InputError."""
    for number, value in json_lines(path):
        if not isinstance(value, dict):
            mend = 'write {"column": ...} on each line'
            raise InputError([Problem("is not a JSON object", mend, f"{path}:{number}")])
        yield number, value


def csv_rows(path: Path, delimiter: str = ",") -> Iterator[Numbered]:
    """The rows of a CSV file whose first line names the columns; values are text. Raises InputError."""
    # the limit is the module's, not a reader's; what asks for a longer one keeps it
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    begins = 1
    try:
        with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as decoded:
            text = _CsvLines(decoded)
            lines = csv.reader(text, delimiter=delimiter, strict=True)
            columns = _header(next(lines, []), path, delimiter)
            begins = lines.line_num + 1
            text.begin_row(begins)
            for cells in lines:
                if cells:
                    yield begins, _csv_row(columns, cells, f"{path}:{begins}")
                begins = lines.line_num + 1
                text.begin_row(begins)
    except LineTooLong as error:
        raise _too_long(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem("is not UTF-8 text", "save it as UTF-8", str(path))]) from error
    except csv.Error as error:
        # where the row begins: a quote that is never closed is noticed at the end of the file
        mend = "check the quotes of this row"
        raise InputError([Problem(f"is not CSV: {error}", mend, f"{path}:{begins}")]) from error


class _CsvLines:
    """The lines of a CSV file; those that one row takes together are bounded, too."""

    def __init__(self, file: IO[str]) -> None:
        self._lines = bounded_lines(file)
        self._row, self._taken = 1, 0

    def begin_row(self, number: int) -> None:
        """A row ended; the next begins in line `number`."""
        self._row, self._taken = number, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._taken += len(line)
            if self._taken > LONGEST_LINE:
                raise LineTooLong(self._row)
            yield line


def _header(columns: list[str], path: Path, delimiter: str) -> list[str]:
    mark = next((mark for mark in ";\t" if len(columns) == 1 and mark in columns[0]), "")
    if mark and delimiter == ",":
        what = f"its columns are separated by {mark!r}, not by commas"
        mend = "save it with commas" if mark != "\t" else "name it .tsv, or say 'format: tsv'"
        raise InputError([Problem(what, mend, f"{path}:1")])
    twice = sorted(name for name, times in Counter(columns).items() if times > 1)
    if twice:
        what = f"names the column '{twice[0]}' twice"
        raise InputError([Problem(what, "give each column its own name", f"{path}:1")])
    if "" in columns:
        what = f"column {columns.index('') + 1} has no name"
        raise InputError([Problem(what, "name the columns in the first line", f"{path}:1")])
    return columns


def _csv_row(columns: Sequence[str], cells: Sequence[str], where: str) -> TableRow:
    if len(cells) != len(columns):
        what = f"has {len(cells)} cells for {len(columns)} columns"
        mend = "put text with commas, quotes or line breaks into double quotes"
        raise InputError([Problem(what, mend, where)])
    return dict(zip(columns, cells, strict=True))


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[Numbered]:
    """The rows of a Parquet file, a batch at a time. Raises InputError, SetupError."""
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        mend = "pip install 'fms-dgt[parquet]', or use JSONL"
        raise SetupError(f"Parquet needs the package pyarrow; {mend}") from error
    number = 0
    try:
        check_regular(path)
        check_parquet(path, columns)
        with pa.parquet.ParquetFile(path) as file:
            known = [name for name in columns or () if name in file.schema_arrow.names]
            for batch in file.iter_batches(BATCH, columns=known or None):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except NotRegular as error:
        raise unreadable(path, error) from error
    except (pa.ArrowException, OSError) as error:
        why = str(error).split("\n", maxsplit=1)[0]
        what = f"is not a Parquet file that can be read: {why}"
        raise InputError([Problem(what, "", str(path))]) from error


def _too_long(path: Path, error: LineTooLong) -> InputError:
    mend = "keep long texts in files of their own, as documents"
    return InputError([Problem(str(error), mend, f"{path}:{error.number}")])


def unreadable(path: Path, error: OSError) -> InputError:
    """A file that cannot be opened or read, as an error with its place."""
    what = str(error) if isinstance(error, NotRegular) else f"cannot be read: {error.strerror or error}"
    return InputError([Problem(what, "check the path", str(path))])


def plain_row(row: Mapping[Any, Any], where: str) -> TableRow:
    """A row as JSON has it: times as text, no NaN. Raises InputError for a value that has no such form."""
    result: TableRow = {}
    for name, value in row.items():
        try:
            result[str(name)] = plain(value)
        except TypeError as error:
            mend = "name the columns that you need: 'columns: [...]'"
            raise InputError([Problem(f"the column '{name}' holds {error}", mend, where)]) from error
    return result


def plain(value: Any) -> Any:
    """A value as JSON has it. Raises TypeError, with what it is, where it has no such form."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | dt.timedelta):
        return str(value)
    if hasattr(value, "tolist"):
        # arrays and numbers of numpy
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__}, which JSON cannot hold")
