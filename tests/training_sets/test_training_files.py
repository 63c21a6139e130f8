from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest
from knowledge_made import lines, read, record, records

from fms_dgt.datasets import (
    Ingredient,
    Recipe,
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    mix,
)
from fms_dgt.datasets.tables import tables
from fms_dgt.errors import FolderError, InputError

MAKERS = [create_knowledge_pretraining_ds, create_knowledge_regular_ds]
PROGRAM = """
import sys
from fms_dgt.datasets import create_knowledge_regular_ds
create_knowledge_regular_ds(sys.argv[1], seed=7).write(sys.argv[2])
"""


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_equal_seeds_write_equal_bytes(tmp_path, make, suffix):
    given = records(documents=6, chunks=3)
    digests = set()
    for name in "abc":
        written = make(given, seed=3).write(tmp_path / f"{name}{suffix}")
        digests.add(hashlib.sha256(written.path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_equal_bytes_in_another_process_with_another_hash_seed(tmp_path):
    (tmp_path / "in.jsonl").write_text(lines(records(documents=6, chunks=3)))
    for hash_seed in "12":
        argv = [sys.executable, "-c", PROGRAM, tmp_path / "in.jsonl", tmp_path / f"{hash_seed}.jsonl"]
        subprocess.run(argv, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_both_formats_hold_the_same(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    made = create_knowledge_regular_ds(records())
    written = [made.write(tmp_path / name) for name in ("a.jsonl", "a.parquet")]
    assert read(tmp_path / "a.jsonl") == pq.read_table(tmp_path / "a.parquet").to_pylist() == list(made)
    assert written[0].kinds == written[1].kinds == {"raft": 40, "summary": 30}
    assert written[0].rows == 70


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    made, path = create_knowledge_pretraining_ds([record()]), tmp_path / "a.jsonl"
    path.write_text("mine")
    with pytest.raises(FolderError, match="is there already"):
        made.write(path)
    assert path.read_text() == "mine"
    made.write(path, force=True)
    assert len(read(path)) == 1


def test_a_file_is_whole_or_not_there(tmp_path):
    (tmp_path / "in.jsonl").write_text(lines(records()) + "{\n")
    with pytest.raises(InputError, match="is not JSON"):
        create_knowledge_pretraining_ds(tmp_path / "in.jsonl").write(tmp_path / "out" / "a.jsonl")
    assert os.listdir(tmp_path / "out") == []


def test_nothing_is_left_of_what_was_interrupted(tmp_path):
    def interrupt(rows):
        if rows == 3:
            raise KeyboardInterrupt

    for name in ("a.jsonl", "a.parquet"):
        with pytest.raises(KeyboardInterrupt):
            create_knowledge_pretraining_ds(records()).write(tmp_path / name, progress=interrupt)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("a.csv", InputError, "let it end in .jsonl or .parquet"),
        ("folder.jsonl", FolderError, "is a folder"),
        ("file/a.jsonl", FolderError, "cannot be written to"),
    ],
)
def test_where_nothing_can_be_written(tmp_path, name, error, words):
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(error, match=words):
        create_knowledge_pretraining_ds([record()]).write(tmp_path / name)


def test_progress_is_told(tmp_path):
    told = []
    create_knowledge_pretraining_ds(records()).write(tmp_path / "a.jsonl", progress=told.append)
    assert told == list(range(71))


def create_list(path):
    return [row for table in tables(path) for _, row in table.rows()]


def test_as_a_frame_and_as_a_dataset():
    pytest.importorskip("datasets")
    made = create_knowledge_pretraining_ds([record()])
    assert (
        made.to_pandas().columns.tolist()
        == made.to_dataset().column_names
        == ["id", "messages", "metadata", "unmask"]
    )


def test_text_that_no_encoding_has(tmp_path):
    made = create_knowledge_regular_ds([record(question="a\ud800b?"), record()])
    for name in ("a.jsonl", "a.parquet"):
        made.write(tmp_path / name)
    (jsonl, _), parquet = read(tmp_path / "a.jsonl"), create_list(tmp_path / "a.parquet")[0]
    assert jsonl["messages"] == parquet["messages"]
    assert jsonl["messages"][0]["content"].endswith("a?b?")


def test_what_a_turn_says_beside_its_text_is_kept_or_refused(tmp_path):
    turns = [
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "A", "reasoning_content": "R"},
    ]
    (tmp_path / "in.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    mixed = mix(Recipe([Ingredient("in.jsonl")], folder=tmp_path))
    mixed.write(tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl")[0]["messages"] == turns
    with pytest.raises(InputError, match="reasoning_content, which Parquet has no column for; write JSONL"):
        mixed.write(tmp_path / "a.parquet")
