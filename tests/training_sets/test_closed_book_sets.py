from __future__ import annotations

import json

import pytest
from knowledge_made import about, lines, read, record, records, text_of

from fms_dgt.datasets import create_closed_book_pairs_ds, create_closed_book_text_ds

ARGV = ["datasets", "knowledge", "run.jsonl", "--phase", "closed-book"]


def test_each_chunk_and_each_list_of_facts_is_a_text_once():
    made = create_closed_book_text_ds(records(documents=1, chunks=2, pairs=3))
    rows = list(made)
    assert [row["text"] for row in rows] == [
        text_of("d0.md", chunk, variant) for chunk in range(2) for variant in ("document", "atomic_facts")
    ]
    assert [about(row)["dataset"] for row in rows] == ["document_text", "document_facts"] * 2
    assert all(row.keys() == {"id", "text", "metadata"} for row in rows)
    assert made.notes == []


def test_the_pairs_of_a_chunk_are_one_conversation_also_where_they_are_apart():
    rows = list(create_closed_book_pairs_ds([record(), record(chunk=1), record(variant="key_fact")]))
    assert [[turn["content"] for turn in row["messages"]] for row in rows] == [
        [
            "What does a.md/0/document/0 cost?",
            "a.md/0/document/0 costs nothing.",
            "What does a.md/0/key_fact/0 cost?",
            "a.md/0/key_fact/0 costs nothing.",
        ],
        ["What does a.md/1/document/0 cost?", "a.md/1/document/0 costs nothing."],
    ]
    assert all(row["unmask"] for row in rows)
    assert about(rows[1])["raw_document"] == text_of("a.md", 1, "document")


def test_missing_facts_are_noted():
    made = create_closed_book_text_ds([record()])
    assert len(list(made)) == 1
    assert made.notes == ["the records have no lists of facts: the text is that of the documents alone"]
    made = create_closed_book_text_ds([record(variant="atomic_facts"), record(chunk=1)])
    assert len(list(made)) == 3
    assert made.notes == ["1 of 2 chunks have no list of facts"]


def test_a_long_conversation_is_noted():
    made = create_closed_book_pairs_ds([record(response="word " * 700)])
    assert len(list(made)) == 1
    assert "the longest conversation has 704 words" in made.notes[0]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_the_command_writes_both_files_the_same_each_time(project, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    made = project({"run.jsonl": lines(records(documents=2, chunks=1))})
    result = made.run(*ARGV, "--format", suffix)
    assert result.stdout.splitlines() == [
        f"wrote training/knowledge_closed_book_text.{suffix}: 4 rows (2 chunk, 2 list of facts)",
        f"wrote training/knowledge_closed_book_pairs.{suffix}: 2 rows (2 conversation)",
    ]
    assert result.stderr == ""
    made.run(*ARGV, "--format", suffix, "-o", "again")
    for name in ("text", "pairs"):
        file = f"knowledge_closed_book_{name}.{suffix}"
        assert (made.path / "training" / file).read_bytes() == (made.path / "again" / file).read_bytes()
    if suffix == "jsonl":
        pair = read(made.path / "training/knowledge_closed_book_pairs.jsonl")[0]
        assert json.loads(pair["metadata"])["dataset"] == "document_pairs"


def test_it_refuses_prompts_and_completions_and_runs_without_knowledge(project):
    made = project({"run.jsonl": lines([record()]), "other.jsonl": lines([{"a": 1}])})
    result = made.run(*ARGV, "--form", "prompt-completion")
    assert result.code == 2
    assert "leave out --form prompt-completion" in result.stderr
    result = made.run("datasets", "knowledge", "other.jsonl", "--phase", "closed-book")
    assert result.code == 2
    assert "has no column 'question'" in result.stderr
    assert not (made.path / "training").exists()
