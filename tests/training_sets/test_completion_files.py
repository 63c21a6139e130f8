"""`--form prompt-completion`: trainers that learn the completion alone, and take one kind of row a file."""

from __future__ import annotations

import json

import pytest
from knowledge_made import lines, read, records, skill

from fms_dgt.datasets import (
    Ingredient,
    Recipe,
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    create_preference_ds,
    create_skills_ds,
    mix,
    write_completions,
)
from fms_dgt.errors import FolderError, InputError


def turn(role, content):
    return {"role": role, "content": content}


CHAT = [
    turn("system", "Be kind."),
    turn("user", "Q1"),
    turn("assistant", "A1"),
    turn("user", "Q2"),
    turn("assistant", "A2"),
]


def test_the_answer_is_the_completion(tmp_path):
    made = create_knowledge_regular_ds(records())
    (written,) = write_completions(made, tmp_path / "set.jsonl")
    conversations, rows = list(made), read(tmp_path / "set.jsonl")
    assert written.rows == len(rows) == len(conversations)
    assert written.kinds == {"raft": 40, "summary": 30}
    for row, conversation in zip(rows, conversations, strict=True):
        assert set(row) == {"id", "prompt", "completion", "metadata"}
        assert row["prompt"] + row["completion"] == conversation["messages"]
        assert [each["role"] for each in row["completion"]] == ["assistant"]
        assert (row["id"], row["metadata"]) == (conversation["id"], conversation["metadata"])


def test_each_answer_of_a_longer_conversation_is_learned_once(tmp_path):
    made = create_skills_ds([{"messages": CHAT}])
    (whole,) = made
    write_completions(made, tmp_path / "set.jsonl")
    rows = read(tmp_path / "set.jsonl")
    assert [(row["prompt"], row["completion"]) for row in rows] == [
        (CHAT[:2], CHAT[2:3]),
        (CHAT[:4], CHAT[4:]),
    ]
    assert [row["id"] for row in rows] == [f"{whole['id']}-1", f"{whole['id']}-2"]


def test_what_is_learned_whole_has_a_file_of_its_own(tmp_path):
    made = create_knowledge_pretraining_ds(records())
    (written,) = write_completions(made, tmp_path / "phase1.jsonl")
    assert written.path == tmp_path / "phase1_whole.jsonl"
    assert not (tmp_path / "phase1.jsonl").exists()
    rows = read(written.path)
    assert [row["messages"] for row in rows] == [row["messages"] for row in made]
    assert {*rows[0]} == {"id", "messages", "metadata"}
    assert "learned whole" in written.notes[0]


def test_a_mixture_of_both(tmp_path):
    create_knowledge_pretraining_ds(records()).write(tmp_path / "one.jsonl")
    create_skills_ds([skill(n) for n in range(3)]).write(tmp_path / "two.jsonl")
    mixed = mix(Recipe([Ingredient("one.jsonl"), Ingredient("two.jsonl")], "Be kind.", tmp_path))
    answers, whole = sorted(write_completions(mixed, tmp_path / "m.jsonl"), key=lambda each: each.rows)
    assert (answers.path.name, answers.rows) == ("m.jsonl", 3)
    assert (whole.path.name, whole.rows) == ("m_whole.jsonl", 70)
    for row in read(answers.path):
        assert row["prompt"][0] == turn("system", "Be kind.")


def test_parquet_has_the_same_rows(tmp_path):
    pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    made = create_skills_ds([skill(n) for n in range(3)])
    write_completions(made, tmp_path / "set.jsonl")
    write_completions(made, tmp_path / "set.parquet")
    assert parquet.read_table(tmp_path / "set.parquet").to_pylist() == read(tmp_path / "set.jsonl")


def test_conversations_without_a_question_are_left_out_and_counted(tmp_path):
    rows = [
        {"messages": [turn("assistant", "Hello!")]},
        {"messages": [turn("pretraining", "A text.")], "unmask": True},
        {"messages": CHAT},
    ]
    (tmp_path / "given.jsonl").write_text(lines(rows))
    mixed = mix(Recipe([Ingredient("given.jsonl")], "", tmp_path))
    (written,) = write_completions(mixed, tmp_path / "out.jsonl")
    assert written.rows == 2
    assert written.notes == ("2 conversations are left out: no turn answers another",)


def test_no_rows_are_an_empty_file(tmp_path):
    (tmp_path / "given.jsonl").write_text(lines([{"messages": [turn("assistant", "Hello!")]}]))
    mixed = mix(Recipe([Ingredient("given.jsonl")], "", tmp_path))
    (written,) = write_completions(mixed, tmp_path / "out.jsonl")
    assert (written.rows, read(tmp_path / "out.jsonl")) == (0, [])


def test_nothing_is_written_where_a_row_is_wrong(tmp_path):
    rows = [{"messages": CHAT}, {"messages": "text"}]
    (tmp_path / "given.jsonl").write_text(lines(rows))
    mixed = mix(Recipe([Ingredient("given.jsonl")], "", tmp_path))
    with pytest.raises(InputError, match="given.jsonl:2"):
        write_completions(mixed, tmp_path / "out.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["given.jsonl"]


def test_a_file_that_is_there_is_kept(tmp_path):
    (tmp_path / "set_whole.jsonl").write_text("mine")
    with pytest.raises(FolderError, match="set_whole"):
        write_completions(create_skills_ds([skill()]), tmp_path / "set.jsonl")


def test_preferences_have_no_completions(tmp_path):
    made = create_preference_ds([{"prompt": "P", "chosen": "C", "rejected": "R"}])
    with pytest.raises(InputError, match="only conversations"):
        write_completions(made, tmp_path / "set.jsonl")


def test_the_command(project):
    made = project(
        {
            "output/prices/data.jsonl": lines(records()),
            "output/debate/data.jsonl": lines([skill(n) for n in range(10)]),
        }
    )
    form = ["--form", "prompt-completion"]
    result = made.run("datasets", "knowledge", "output/prices", *form, "--json")
    assert result.code == 0
    assert [file["path"] for file in json.loads(result.stdout)["files"]] == [
        "training/knowledge_phase1_whole.jsonl",
        "training/knowledge_phase2.jsonl",
    ]
    result = made.run("datasets", "skills", "output", *form)
    assert result.stdout == "wrote training/skills.jsonl: 10 rows (10 free)\n"
    assert "prompt" in read(made.path / "training/skills.jsonl")[0]
    assert made.run("datasets", "skills", "output", *form).code == 2
    made.write({"recipe.yaml": "datasets:\n- path: set.jsonl\n"})
    create_skills_ds([skill()]).write(made.path / "set.jsonl")
    assert made.run("datasets", "mix", "recipe.yaml", "-o", "m.jsonl", *form).code == 0
    assert "completion" in read(made.path / "m.jsonl")[0]


def test_a_file_of_an_earlier_set_is_told(tmp_path):
    earlier = tmp_path / "set_whole.jsonl"
    earlier.write_text("{}\n")
    (written,) = write_completions(create_skills_ds([{"messages": CHAT}]), tmp_path / "set.jsonl", force=True)
    assert f"{earlier} is of an earlier set; this one has no rows for it: remove it" in written.notes
