"""Rows of a JSONL or Parquet file as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.table_file import json_rows, parquet_rows
from fms_dgt.documents.collection import Collection
from fms_dgt.documents.document import Document
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.safety.permissions import current
from fms_dgt.safety.regular_file import open_regular

_FORMATS = ("jsonl", "parquet")


class TableDocuments(Collection):
    """See `table_collection`. Rows are read as a stream, in the order of the file."""

    def __init__(self, path: Path, format: str, *, fields: Sequence[str], content_key: str) -> None:  # noqa: A002
        self._path = path
        self._format = format
        self._fields = list(fields)
        self._key = content_key
        self._permissions = current()

    def names(self) -> list[str]:
        return [self._name(number) for number, _ in self._rows()]

    def __iter__(self) -> Iterator[Document]:
        for number, row in self._rows():
            problem = self._fault(number, row)
            if problem:
                raise InputError([problem])
            text = row[self._key].replace("\r\n", "\n").replace("\r", "\n")
            yield Document(self._name(number), text, {name: row.get(name) for name in self._fields})

    def fingerprint(self) -> str:
        self._raise_if_unusable()
        with open_regular(self._path) as file:
            return hexdigest([hashlib.file_digest(file, "sha256").hexdigest(), self._key, self._fields])

    def problems(self) -> list[Problem]:
        try:
            found = [problem for number, row in self._rows() if (problem := self._fault(number, row))]
        except InputError as error:
            return list(error.problems)
        except SetupError as error:
            return [Problem(str(error), where=str(self._path))]
        return found or ([] if self._any_rows else [Problem("has no rows", where=str(self._path))])

    @cached_property
    def _any_rows(self) -> bool:
        return next(self._rows(), None) is not None

    def _name(self, number: int) -> str:
        return f"{self._path.name}:{number}"

    def _fault(self, number: int, row: Mapping[str, Any]) -> Problem | None:
        where = f"{self._path}:{number}"
        for name in (self._key, *self._fields):
            if name not in row:
                return Problem(f"has no '{name}'", did_you_mean(name, row, noun="it has"), where)
        text = row[self._key]
        if not isinstance(text, str):
            return Problem(
                f"'{self._key}' is {type(text).__name__}, not text", "choose another content_key", where
            )
        return None

    def _raise_if_unusable(self) -> None:
        where = str(self._path)
        if self._format not in _FORMATS:
            mend = did_you_mean(self._format, _FORMATS)
            raise InputError([Problem(f"'{self._format}' is no format of tables", mend, where)])
        if not self._path.is_file():
            raise InputError([Problem("there is no such file", where=where)])
        self._permissions.read(self._path)

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self._raise_if_unusable()
        return json_rows(self._path) if self._format == "jsonl" else parquet_rows(self._path)
