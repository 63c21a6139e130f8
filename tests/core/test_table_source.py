"""Tables as sources: what is read, how its units are named, and what is said of files that cannot be read."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet
import pytest

from fms_dgt.core.node import Node
from fms_dgt.core.source import EachOf
from fms_dgt.core.table_source import Table, rows_of
from fms_dgt.errors import InputError

ROWS = [{"prompt": "Why do tides turn?", "level": 3}, {"prompt": "What is moss?\nSay it.", "level": 1}]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows in the format that the path's name says."""
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix in (".csv", ".tsv"):
        mark = "," if path.suffix == ".csv" else "\t"
        cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
        quoted = [mark.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells]
        path.write_text("\n".join(quoted) + "\n", encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def found(table: Table) -> list[str]:
    return [str(problem) for problem in table.problems()]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.parquet"])
def test_rows_are_read_with_their_types(tmp_path: Path, name: str) -> None:
    assert list(Table.at(write(tmp_path / name, ROWS))) == ROWS


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
def test_cells_are_text_and_may_hold_line_breaks(tmp_path: Path, name: str) -> None:
    rows = list(Table.at(write(tmp_path / name, ROWS)))
    assert rows == [{**row, "level": str(row["level"])} for row in ROWS]


def test_a_folder_of_a_saved_dataset_is_read(tmp_path: Path) -> None:
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    assert list(Table.at(tmp_path / "saved")) == ROWS


def test_a_folder_with_data_files_is_read_as_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine" / "train.jsonl", ROWS)
    assert list(Table.at(tmp_path / "mine")) == ROWS


def test_a_dataset_with_splits_needs_the_name_of_one(tmp_path: Path) -> None:
    both = datasets.DatasetDict(
        train=datasets.Dataset.from_list(ROWS), test=datasets.Dataset.from_list(ROWS[:1])
    )
    both.save_to_disk(tmp_path / "both")
    assert list(Table.at(tmp_path / "both", split="test")) == ROWS[:1]
    (none,) = found(Table.at(tmp_path / "both"))
    assert "has several splits: train, test; say which: 'split: train'" in none
    (wrong,) = found(Table.at(tmp_path / "both", split="tset"))
    assert "has no split 'tset'; did you mean 'test'?" in wrong


def test_units_are_named_by_their_content_in_every_format(tmp_path: Path) -> None:
    rows = [{"a": "x"}, {"a": "y"}, {"a": "x"}]
    expected = [(unit.key, dict(unit.values)) for unit in EachOf(rows).units(0)]
    for name in ("rows.jsonl", "rows.csv", "rows.parquet"):
        source = rows_of(Table.at(write(tmp_path / name, rows)))
        assert [(unit.key, dict(unit.values)) for unit in source.units(0)] == expected
    assert [unit.number for unit in source.units(0, start=2)] == [2]


def test_rows_of_a_program_are_a_source_too() -> None:
    assert [dict(unit.values) for unit in rows_of(ROWS).units(0)] == ROWS


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet", "folder"])
def test_the_fingerprint_follows_the_content_not_the_place(tmp_path: Path, name: str) -> None:
    prints = []
    for number, rows in enumerate((ROWS, ROWS, ROWS[:1])):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        if name == "folder":
            path.mkdir()
            write(path / "train.jsonl", rows)
        else:
            write(path, rows)
        prints.append(rows_of(Table.at(path)).fingerprint())
    assert prints[0] == prints[1] != prints[2]


def test_chosen_columns_alone_are_read_and_shape_the_fingerprint(tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.csv", "rows.parquet"):
        path = write(tmp_path / name, ROWS)
        table = Table.at(path, columns=["prompt"])
        assert list(table) == [{"prompt": row["prompt"]} for row in ROWS]
        assert table.fingerprint() != Table.at(path).fingerprint()
        (problem,) = found(Table.at(path, columns=["promt"]))
        assert "has no column 'promt'; did you mean 'prompt'?" in problem


def test_values_become_what_json_can_hold(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    row = {"day": day, "at": datetime.datetime(2026, 1, 2, 3), "sum": Decimal("1.50"), "bad": float("nan")}
    table = Table.at(write(tmp_path / "rows.parquet", [{**row, "more": [{"day": day}]}]))
    assert list(table) == [
        {
            "day": "2026-01-02",
            "at": "2026-01-02T03:00:00",
            "sum": "1.50",
            "bad": None,
            "more": [{"day": "2026-01-02"}],
        }
    ]


def test_a_column_without_such_a_form_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.parquet", [{"prompt": "a", "image": b"\x89PNG"}])
    (problem,) = found(Table.at(path))
    assert "row 1: the column 'image' holds bytes, which JSON cannot hold; name the columns" in problem
    assert list(Table.at(path, columns=["prompt"])) == [{"prompt": "a"}]


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.jsonl", '{"a": 1}\n\n{"a": \n', 3, "is not JSON"),
        ("a.jsonl", '{"a": 1}\n[1]\n', 2, "is not a JSON object"),
        ("a.jsonl", '[\n{"a": 1}]', 1, "jq -c"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', 2, "is not UTF-8"),
        ("a.jsonl", "[" * 100_000, 1, "nested too deeply"),
        ("a.csv", 'a,b\n1,"2\n2"\n3\n', 4, "has 1 cells for 2 columns"),
        ("a.csv", "a,b\n1,2\n1,2,3\n", 3, "has 3 cells for 2 columns"),
        ("a.csv", "a,a\n1,2\n", 1, "names the column 'a' twice"),
        ("a.csv", "a,\n1,2\n", 1, "column 2 has no name"),
        ("a.csv", 'a,b\n1,"2"2\n', 2, "is not CSV"),
        ("a.csv", 'a,b\n1,2\n1,"2\n1,2\n1,2\n', 3, "is not CSV: unexpected end of data"),
        ("a.csv", "a;b\n1;2\n", 1, "its columns are separated by ';', not by commas; save it with commas"),
        ("a.csv", "a\tb\n1\t2\n", 1, "name it .tsv"),
        ("a.csv", b"a\n\xff\n", None, "is not UTF-8"),
        ("a.parquet", "no", None, "is not a Parquet file"),
        ("a.jsonl", "", None, "has no rows"),
        ("a.csv", "a,b\n", None, "has no rows"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, name: str, text: str | bytes, line: int | None, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (problem,) = found(Table.at(path))
    assert problem.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert words in problem


def test_long_cells_and_a_byte_order_mark_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeffprompt\n" + "x" * 200_000 + "\n", encoding="utf-8")
    (row,) = Table.at(path)
    assert len(row["prompt"]) == 200_000
    path = tmp_path / "a.jsonl"
    path.write_text('\ufeff{"prompt": 1e999}\n', encoding="utf-8")
    assert list(Table.at(path)) == [{"prompt": None}]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("rows.txt", "there is no file, folder or dataset 'rows.txt'"),
        ("there.txt", "its name does not say what it is; say its format"),
        ("there.json", "write one JSON object a line"),
        ({"path": "rows.jsonl", "fromat": "csv"}, "unknown key 'fromat'"),
        ({"path": "rows.jsonl", "split": "train"}, "a jsonl file has no split; remove 'split'"),
        ({"path": "rows.jsonl", "columns": []}, "is empty"),
        ({"split": "train"}, "the key 'path' is missing"),
        (7, "must be text, not 7"),
    ],
)
def test_slips_of_the_pen_are_told(tmp_path: Path, said: Any, words: str) -> None:
    for name in ("there.txt", "there.json", "rows.jsonl"):
        (tmp_path / name).write_text("[]")
    problems: list[Any] = []
    assert Table.from_node(Node.of(said, str(tmp_path / "task.yaml")), problems) is None
    assert words in str(problems[0])


def test_paths_are_found_beside_the_file_that_says_them_first(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks").mkdir()
    write(tmp_path / "tasks" / "rows.jsonl", ROWS[:1])
    write(tmp_path / "rows.jsonl", ROWS)
    write(tmp_path / "other.jsonl", ROWS)

    def rows(said: str) -> list[Any]:
        table = Table.from_node(Node.of(said, "tasks/task.yaml"), [])
        assert table is not None
        return list(table)

    assert rows("rows.jsonl") == ROWS[:1]
    assert rows("other.jsonl") == ROWS


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", ROWS)
    problems: list[Any] = []
    assert Table.from_node(Node.of("row.jsonl", str(tmp_path / "task.yaml")), problems) is None
    (problem,) = problems
    assert str(problem).startswith(
        f"{tmp_path / 'task.yaml'}: there is no file 'row.jsonl'; did you mean 'rows.jsonl'?"
    )


@pytest.mark.parametrize(
    ("name", "missing", "command"),
    [
        ("rows.parquet", "pyarrow", "pip install 'fms-dgt[parquet]'"),
        ("folder", "datasets", "pip install 'fms-dgt[datasets]'"),
    ],
)
def test_a_missing_package_is_named_with_its_command(
    tmp_path: Path, monkeypatch: Any, name: str, missing: str, command: str
) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
        write(tmp_path / name / "train.jsonl", ROWS)
    else:
        write(tmp_path / name, ROWS)
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    (problem,) = found(Table.at(tmp_path / name))
    assert command in problem


def test_a_name_on_the_hub_is_taken_for_a_dataset() -> None:
    table = Table.at("nobody-here/no-such-rows")
    assert table.format == "dataset"


def test_a_dataset_that_is_not_on_the_hub_is_told_with_its_place(monkeypatch: Any) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    table = Table.from_node(Node.of({"input": "nobody/no-rows"}, "task.yaml").value["input"], [])
    assert table is not None
    (problem,) = found(table)
    assert problem.startswith("task.yaml: input: the dataset 'nobody/no-rows' is not found on the Hub")
    assert "a folder must be there" in problem


class Hub:
    """A hub whose branch `main` has moved on to another commit since the last look."""

    def __init__(self, *commits: str) -> None:
        self.commits = list(commits)
        self.read: list[str] = []

    def dataset_info(self, _: Any, name: str, *, revision: str | None) -> Any:
        return type("Info", (), {"sha": self.commits.pop(0)})

    def load_dataset(self, name: str, subset: str | None, *, revision: str, streaming: bool) -> Any:
        assert streaming
        self.read.append(revision)
        rows = datasets.Dataset.from_list(ROWS).to_iterable_dataset()
        return datasets.IterableDatasetDict({"train": rows})


def test_a_run_reads_one_commit_of_a_dataset_on_the_hub(tmp_path: Path, monkeypatch: Any) -> None:
    hub = Hub("c1", "c2")
    monkeypatch.setattr(
        "huggingface_hub.HfApi.dataset_info", lambda *args, **said: hub.dataset_info(*args, **said)
    )
    monkeypatch.setattr(datasets, "load_dataset", hub.load_dataset)
    (tmp_path / "README.md").write_text("---\nconfigs: [{config_name: a, data_files: 'data/*'}]\n---\n")
    (tmp_path / ".huggingface.yaml").touch()
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda _, name, **__: str(tmp_path / name))
    first, second = Table.at("nobody/rows"), Table.at("nobody/rows")
    assert list(first) == list(first) == ROWS
    assert hub.read == ["c1", "c1"]
    assert second.fingerprint() != first.fingerprint() == first.fingerprint()


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\nnonsense\n')
    rows = iter(Table.at(path))
    assert next(rows) == {"a": 1}
    with pytest.raises(InputError):
        next(rows)
