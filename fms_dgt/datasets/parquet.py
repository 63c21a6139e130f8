"""Parquet, by pyarrow, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fms_dgt.core.table_file import parquet_rows as numbered_rows
from fms_dgt.errors import SetupError

BATCH = 1_000


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet  # noqa: PLC0415 (an extra)
    except ImportError as error:
        mend = "pip install 'fms-dgt[parquet]', or use JSONL"
        raise SetupError(f"Parquet needs the package pyarrow; {mend}") from error
    return pyarrow


def parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file, a batch at a time. Raises InputError, SetupError."""
    return (row for _, row in numbered_rows(path))


class ParquetFile:
    """Writes training rows a batch at a time."""

    def __init__(self, path: Path, columns: Mapping[str, Any]) -> None:
        pa = _pyarrow()
        self._pa = pa
        self._schema = pa.schema([(name, _type(pa, example)) for name, example in columns.items()])
        self._writer = pa.parquet.ParquetWriter(path, self._schema)
        self._batch: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._batch.append(row)
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        try:
            table = self._pa.Table.from_pylist(self._batch, self._schema)
        except UnicodeEncodeError:
            # as in JSONL: half a character becomes a question mark
            table = self._pa.Table.from_pylist([_encodable(row) for row in self._batch], self._schema)
        self._writer.write_table(table)
        self._batch = []


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _encodable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _type(pa: Any, example: Any) -> Any:
    """Arrow's type for values like this one."""
    if isinstance(example, bool):
        return pa.bool_()
    if isinstance(example, list):
        return pa.list_(_type(pa, example[0]))
    if isinstance(example, dict):
        return pa.struct([(name, _type(pa, value)) for name, value in example.items()])
    return pa.string()
