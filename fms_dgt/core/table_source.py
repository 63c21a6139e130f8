"""Rows of a table as units: a JSONL, CSV or Parquet file, a Hugging Face dataset by name or folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeAlias

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.node import Node
from fms_dgt.core.source import EachOf, Source, file_digest
from fms_dgt.core.table_dataset import Dataset
from fms_dgt.core.table_file import Numbered, csv_rows, json_rows, parquet_rows, plain_row
from fms_dgt.core.typed import decode, option
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.safety.permissions import Permissions, current, under

Format: TypeAlias = Literal["jsonl", "csv", "tsv", "parquet", "dataset"]

_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_FORMS = "name a .jsonl, .csv, .tsv or .parquet file, or a Hugging Face dataset by name or folder"
_SHOWN = 25


@dataclass(frozen=True, kw_only=True)
class _Said:
    """A table as a mapping. What stands here shapes the rows; the path alone does not."""

    path: str = option(nonempty=True, aliases=("dataset",), help=f"add 'path: ...': {_FORMS}")
    format: Format | None = option(None, help="by default what the name says")
    columns: list[str] | None = option(None, nonempty=True, help="the columns to read; all by default")
    subset: str = option("", help="the configuration of a dataset")
    split: str = option("", help="the split of a dataset; needed where it has several")
    revision: str = option("", help="the commit, branch or tag of a dataset on the Hub")


@dataclass(frozen=True)
class Table:
    """A table that a task names; its rows can be read as often as they are needed, as a stream.

    A field of this type takes a path or name as text, or a mapping (`{path: ..., columns: [...]}`).
    Paths are relative to the file that says them, or to the working directory.
    """

    path: Path
    format: Format
    columns: Sequence[str] | None = None
    dataset: Dataset | None = field(default=None, repr=False)

    path_keys: ClassVar[tuple[str, ...]] = ("path", "dataset")

    @classmethod
    def at(cls, said: str | Path, **options: Any) -> Self:
        """The table that a program names. Raises InputError."""
        problems: list[Problem] = []
        with under(Permissions()):
            table = cls.from_node(Node.of({"path": str(said), **options}, "the program"), problems)
        if table is None:
            raise InputError(problems)
        return table

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read a path, a name or a mapping."""
        said = decode(_Said, node if node.is_mapping else Node({"path": node}, node.place), problems)
        if said is None:
            return None
        named = node if not node.is_mapping else node.get("path") or node.get("dataset") or node
        path = _found(said.path, Path(node.place.origin).parent)
        if path.exists():
            try:
                current().read(path)
            except InputError as error:
                problems.extend(named.problem(problem.what, problem.mend) for problem in error.problems)
                return None
        form = said.format or _format_of(path, said.path)
        if form is None:
            what = f"'{said.path}' is there, and its name does not say what it is"
            if not path.exists():
                what = f"there is no file, folder or dataset '{said.path}'"
            problems.append(named.problem(what, _mend(path)))
            return None
        if form != "dataset":
            stray = next((key for key in ("subset", "split", "revision") if getattr(said, key)), None)
            if stray:
                problems.append(named.problem(f"a {form} file has no {stray}", f"remove '{stray}'"))
                return None
            if not path.exists():
                problems.append(named.problem(f"there is no file '{said.path}'", _near(path)))
                return None
            return cls(path, form, said.columns)
        name = path if path.is_dir() else said.path
        dataset = Dataset(name, said.subset, said.split, said.revision, str(named.place))
        return cls(path, form, said.columns, dataset)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """The rows as JSON values. Raises InputError, SetupError."""
        for number, row in self._numbered():
            yield plain_row(self._chosen(row, number), self.place(number))

    def place(self, number: int) -> str:
        """Where row `number` stands, for messages: its line in a text file."""
        if self.format in ("jsonl", "csv", "tsv"):
            return f"{self.path}:{number}"
        return f"{self.dataset.name if self.dataset else self.path}: row {number}"

    def problems(self) -> list[Problem]:
        """What is wrong with it, found before the first call.

        A file here is read to its end; of a dataset, which may be large and far away, only the first row.
        """
        rows = iter(self)
        try:
            if next(rows, None) is None:
                return [Problem("has no rows", where=str(self.path))]
            if self.dataset is None:
                for _ in rows:
                    pass
        except InputError as error:
            return list(error.problems)[:_SHOWN]
        except SetupError as error:
            return [Problem(str(error), where=str(self.path))]
        return []

    def fingerprint(self) -> str:
        """Stands for the rows: the content of the files, or the commit of a dataset on the Hub."""
        content = self.dataset.fingerprint() if self.dataset else file_digest(self.path)
        return hexdigest([content, self.format, self.columns])

    def _numbered(self) -> Iterator[Numbered]:
        if self.dataset is not None:
            return self.dataset.rows(self.columns)
        if self.format == "parquet":
            return parquet_rows(self.path, self.columns)
        if self.format == "jsonl":
            return json_rows(self.path)
        return csv_rows(self.path, "\t" if self.format == "tsv" else ",")

    def _chosen(self, row: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        if self.columns is None:
            return row
        for name in self.columns:
            if name not in row:
                mend = did_you_mean(name, map(str, row), noun="it has")
                raise InputError([Problem(f"has no column '{name}'", mend, self.place(number))])
        return {name: row[name] for name in self.columns}


class TableRows(EachOf):
    """One unit a row of the table, its key the row's content, as in `EachOf`."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.table = table

    def fingerprint(self) -> str:
        """The table's."""
        return self.table.fingerprint()


def rows_of(given: Table | Iterable[Any]) -> Source:
    """The source of a task's `input: Table | list[...]`: a table, or the rows themselves."""
    return TableRows(given) if isinstance(given, Table) else EachOf(given)


def _found(said: str, beside: Path) -> Path:
    path = Path(said).expanduser()
    return next((place for place in (beside / path, path) if place.exists()), beside / path)


def _format_of(path: Path, said: str) -> Format | None:
    form = _SUFFIXES.get(path.suffix.lower())
    if path.is_dir():
        return "dataset"
    if form is not None or path.exists():
        return form
    return "dataset" if _HUB_NAME.fullmatch(said) and path.suffix != ".json" else None


def _near(path: Path) -> str:
    """The tables in the folder where one was looked for."""
    tables = [one.name for one in path.parent.glob("*") if one.suffix.lower() in _SUFFIXES]
    return did_you_mean(path.name, tables, noun="tables there")


def _mend(path: Path) -> str:
    if path.suffix == ".json":
        return "write one JSON object a line (jq -c '.[]' FILE > FILE.jsonl), and name the .jsonl file"
    return "say its format: '{path: ..., format: jsonl}'" if path.is_file() else _FORMS
