"""Rows of JSONL and Parquet files as documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fms_dgt.documents import Document, table_collection
from fms_dgt.errors import InputError

ROWS = [{"content": f"# {n}\r\ntext", "title": f"T{n}", "n": n} for n in range(3)]


def jsonl(path: Path, rows: list[object]) -> Path:
    path.write_text("\n\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def parquet(path: Path, rows: list[object]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize(
    ("format", "write", "lines"), [("jsonl", jsonl, [1, 3, 5]), ("parquet", parquet, [1, 2, 3])]
)
def test_rows_become_documents(tmp_path: Path, format: str, write: object, lines: list[int]) -> None:
    path = write(tmp_path / f"store.{format}", ROWS)  # type: ignore[operator]
    documents = table_collection(path, format, ["title"], "content")
    assert documents.problems() == []
    assert documents.names() == [f"store.{format}:{line}" for line in lines]
    found = list(documents)
    assert found == [Document(name, f"# {n}\ntext") for n, name in enumerate(documents.names())]
    assert [document.fields for document in found] == [{"title": f"T{n}"} for n in range(3)]
    first = documents.fingerprint()
    write(path, ROWS[:2])  # type: ignore[operator]
    assert table_collection(path, format, ["title"], "content").fingerprint() != first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"content": "x"}\n{"contents": "x"}', "a.jsonl:2: has no 'content'; did you mean 'contents'?"),
        ('{"content": 5}', "'content' is int, not text"),
        ("[1]", "is not a JSON object"),
        ("{", "is not JSON"),
        ("\n", "has no rows"),
        (b'{"content": "\xff"}', "is not UTF-8"),
    ],
)
def test_rows_that_are_wrong(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    documents = table_collection(path, "jsonl")
    assert said in "\n".join(map(str, documents.problems()))
    if "has no rows" not in said:
        with pytest.raises(InputError):
            list(documents)


@pytest.mark.parametrize(
    ("name", "format", "said"),
    [
        ("none.jsonl", "jsonl", "there is no such file"),
        ("a.csv", "csv", "is no format of tables"),
        ("a.csv", "parquet", "is not a Parquet file"),
    ],
)
def test_files_that_are_wrong(tmp_path: Path, name: str, format: str, said: str) -> None:
    (tmp_path / "a.csv").write_text("a,b\n")
    (problem,) = table_collection(tmp_path / name, format).problems()
    assert said in str(problem)
