from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from knowledge_samples import SAID, builder, task
from skills_samples import decoded

from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask


@pytest.fixture
def said(tmp_path):
    """The task of a file in the folder `task`, with these documents beside it."""

    def make(files: dict[str, str] | None = None, **changes) -> KnowledgeTask:
        for name, text in (files or {}).items():
            path = tmp_path / "task" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        value, problems = decoded(KnowledgeTask, {**SAID, **changes}, str(tmp_path / "task" / "task.yaml"))
        assert not problems
        return value

    return make


def rows(read: KnowledgeTask) -> list[dict]:
    assert builder().check(read) == []
    return [dict(unit.values) for unit in builder().source(read).units(0)]


def names(read: KnowledgeTask) -> list[str]:
    return [row["document_name"] for row in rows(read)]


FILES = {"docs/a.md": "A is a.", "docs/b.txt": "B is b.", "docs/deep/c.md": "C is c.", "other.md": "O is o."}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ({"one": "docs/a.md"}, ["docs/a.md"]),
        ({"some": "docs/*.md"}, ["docs/a.md"]),
        ({"all": "docs/**/*.md"}, ["docs/a.md", "docs/deep/c.md"]),
        ({"folder": "docs"}, ["docs/a.md", "docs/b.txt", "docs/deep/c.md"]),
        ({"several": ["other.md", "docs/a.md"]}, ["docs/a.md", "other.md"]),
        # a file under two names is one file
        ({"a": "docs/a.md", "again": "docs/*.md"}, ["docs/a.md"]),
        ("other.md", ["other.md"]),
    ],
)
def test_paths_start_at_the_task_file(said, documents, expected):
    assert names(said(FILES, documents=documents)) == expected


def test_paths_may_start_at_the_working_directory(said, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "here.md").write_text("Here.")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert names(said(documents={"a": "here.md"})) == ["here.md"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/a.md", ["a.md"]),
        ("docs/**/*.md", ["a.md", "deep/c.md"]),
        ("docs", ["a.md", "b.txt", "deep/c.md"]),
    ],
)
def test_no_record_has_a_path_of_this_machine(said, tmp_path, path, expected):
    read = said(FILES, documents={"a": str(tmp_path / "task" / path)})
    assert names(read) == expected
    assert str(tmp_path) not in json.dumps(rows(read))


def test_a_store_of_texts(said):
    store = {"store_name": "s", "data_path": "docs", "data_format": "md"}
    assert names(said(FILES, knowledge_datastore=store)) == ["docs/a.md", "docs/deep/c.md"]


def test_a_store_of_rows(said):
    lines = [{"text": f"Row {n} is {n}.", "title": f"T{n}", "id": n} for n in range(2)]
    files = {"rows.jsonl": "\n".join(map(json.dumps, lines))}
    store = {"data_path": "rows.jsonl", "fields_to_extract": ["text", "title"], "content_key": "text"}
    made = rows(said(files, knowledge_datastore=store))
    assert [(row["raw_document"], row["document_fields"]) for row in made] == [
        ("Row 0 is 0.", {"title": "T0"}),
        ("Row 1 is 1.", {"title": "T1"}),
    ]
    assert [row["document_name"] for row in made] == ["rows.jsonl:1", "rows.jsonl:2"]


def test_what_is_wrong_with_documents_is_said_with_their_place(said, tmp_path):
    read = said(FILES, documents={"a": "docs/a.md", "b": "docs/nothing.md"})
    (problem,) = builder().check(read)
    where = f"{tmp_path}/task/task.yaml: documents.b: docs/nothing.md"
    assert str(problem).startswith(f"{where}: there is no such file")


def test_a_unit_keeps_its_name_when_other_text_changes(said):
    def keys(text: str) -> list[str]:
        read = said({"docs/a.md": text}, documents={"a": "docs/a.md"}, chunk_size=7)
        return [unit.key for unit in builder().source(read).units(0)]

    before = keys("# A\n\nOne is one.\n\n# B\n\nTwo is two.\n\n# B\n\nTwo is two.")
    after = keys("# A\n\nOne is one, no more.\n\n# B\n\nTwo is two.\n\n# B\n\nTwo is two.")
    assert len(before) == len(set(before)) == 3
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_a_unit_keeps_its_name_when_its_place_changes(said):
    def keys(files: dict[str, str], **where) -> list[str]:
        return [unit.key for unit in builder().source(said(files, **where)).units(0)]

    row, new = '{"content": "One is one."}\n', '{"content": "New."}\n'
    (before,) = keys({"rows.jsonl": row}, knowledge_datastore={"data_path": "rows.jsonl"})
    after = keys({"rows.jsonl": new + row}, knowledge_datastore={"data_path": "rows.jsonl"})
    assert after[1:] == [before]
    (moved,) = keys({"docs/moved.md": "One is one."}, documents={"a": "docs/moved.md"})
    assert moved == before


@pytest.mark.parametrize(
    ("places", "fault"),
    [("x" * 300, "is too long for a path"), ("a\0b", "has a control character"), (" ", "is empty")],
)
def test_places_that_cannot_be(places, fault):
    _, problems = decoded(KnowledgeTask, {**SAID, "documents": {"a": places}}, "task.yaml")
    assert len(problems) == 1
    assert fault in str(problems[0])


def test_the_fingerprint_follows_the_content_and_the_size(said):
    def stamp(text: str, **changes) -> str:
        return (
            builder().source(said({"docs/a.md": text}, documents={"a": "docs/a.md"}, **changes)).fingerprint()
        )

    assert stamp("One.") == stamp("One.")
    different = [stamp("One."), stamp("Two."), stamp("One.", chunk_size=5), stamp("One.", chunk_tokens=600)]
    assert len(set(different)) == 4


def test_a_source_can_be_walked_again_and_from_the_middle(said):
    source = builder().source(said(FILES, documents={"all": "docs"}))
    every = list(source.units(0))
    assert [unit.number for unit in every] == [0, 1, 2]
    assert list(source.units(0)) == every
    assert list(source.units(0, start=1)) == every[1:]


def test_a_chunk_has_600_words_unless_the_task_says_otherwise():
    size = builder().source(task()).chunk_size
    assert (size.words, size.tokens) == (600, None)
    size = builder(chunk_tokenizer="t.json").source(task(chunk_tokens=500)).chunk_size
    assert (size.words, size.tokens, size.tokenizer) == (None, 500, "t.json")


def git(folder: Path, *words: str) -> None:
    me = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True)


def test_a_local_repository_is_found_from_the_task_file(said, tmp_path, monkeypatch):
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path / "cache"))
    repository = tmp_path / "manuals"
    repository.mkdir()
    for name, text in FILES.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "all")
    read = said(document={"repo": "../manuals", "commit": "main", "patterns": ["docs/**/*.md"]})
    assert names(read) == ["docs/a.md", "docs/deep/c.md"]
    wrong = said(document={"repo": "../manuals", "commit": "main", "patterns": ["nothing/*.md"]})
    (problem,) = builder().check(wrong)
    assert str(problem).startswith(f"{tmp_path}/task/task.yaml: document")


def test_all_that_a_task_names_is_asked_about(said):
    store = {"data_path": "other.md"}
    read = said(FILES, documents={"a": "docs/a.md"}, knowledge_datastore=store)
    assert names(read) == ["docs/a.md", "other.md"]
