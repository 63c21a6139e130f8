from __future__ import annotations

import dataclasses

import pytest
from knowledge_made import about, lines, record, said, skill

import fms_dgt
from fms_dgt.builders.skills_sdg.record import SkillsRecord
from fms_dgt.datasets import SkillsColumns, create_skills_ds
from fms_dgt.errors import InputError


def test_the_builders_records_have_the_columns():
    assert set(skill()) == {field.name for field in dataclasses.fields(SkillsRecord)}


def test_a_free_skill():
    (row,) = create_skills_ds([skill(1)])
    assert said(row) == ("Argue for number 1.", "Number 1 is best.")
    assert row["unmask"] is False
    assert about(row) == {
        "dataset": "skills_free",
        "task_name": "debate",
        "taxonomy_path": "compositional_skills/writing/debate",
        "task_description": "to argue",
        "question_score": 1.0,
        "pair_score": 3.0,
        "pair_reason": "clear",
    }


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        (skill(context="A text."), "A text.\n\nArgue for number 0."),
        (skill(context=" "), "Argue for number 0."),
        ({"instruction": "I", "input": "X", "output": "O"}, "X\n\nI"),
        ({"question": "Q?", "answer": "A"}, "Q?"),
        ({"context": "C", "question": "C\n\nQ?", "response": "R"}, "C\n\nQ?"),
    ],
)
def test_the_context_stands_above_and_once(row, asked):
    assert said(next(iter(create_skills_ds([row]))))[0] == asked


def test_grounded_and_free_are_counted(tmp_path):
    written = create_skills_ds([skill(), skill(context="C"), skill(1)]).write(tmp_path / "a.jsonl")
    assert written.kinds == {"free": 2, "grounded": 1}


def test_knowledge_is_no_skill(tmp_path):
    with pytest.raises(InputError, match="its rows are knowledge rows: fms_dgt datasets knowledge"):
        create_skills_ds([record()])


def turn(role, content):
    return {"role": role, "content": content}


CHAT = [turn("user", "Q"), turn("assistant", "A"), turn("user", "More?"), turn("assistant", "No.")]


def test_the_system_turn_that_an_answer_was_written_under():
    (row,) = create_skills_ds([{"system_prompt": "Be kind.", "instruction": "I", "response": "R"}])
    assert row["messages"] == [turn("system", "Be kind."), turn("user", "I"), turn("assistant", "R")]
    assert about(row) == {"dataset": "skills_free"}


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_no_system_turn_without_a_text(nothing):
    (row,) = create_skills_ds([{"system_prompt": nothing, "instruction": "I", "response": "R"}])
    assert said(row) == ("I", "R")


@pytest.mark.parametrize("more", [{}, {"instruction": "I", "response": "R"}])
def test_messages_are_taken_as_they_are(more):
    (row,) = create_skills_ds([{"messages": CHAT, "topic": "x", **more}])
    assert row["messages"] == CHAT
    assert about(row)["topic"] == "x"
    assert about(row)["dataset"] == "skills_conversation"


def test_messages_keep_their_own_system_turn():
    own = [turn("system", "Be brief."), *CHAT]
    rows = [{"messages": own, "system": "Be kind."}, {"messages": CHAT, "system": "Be kind."}]
    first, second = create_skills_ds(rows)
    assert first["messages"] == own
    assert second["messages"] == [turn("system", "Be kind."), *CHAT]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (CHAT[:3], "the last turn of 'messages' is not the assistant's"),
        ([], "'messages' has no turns"),
        ("Q", "'messages' is text, and must be a list of turns"),
        ([*CHAT[:1], turn("assistant", " \n")], "turn 2 of 'messages', the assistant's, is empty"),
        ([turn("user", ""), *CHAT[1:2]], "turn 1 of 'messages', the user's, is empty"),
        ([turn("human", "Q")], "'human' is not a role"),
        ([{"role": "user", "content": 3}], "a text as its content"),
    ],
)
def test_messages_that_are_no_conversation(messages, words):
    with pytest.raises(InputError, match=words):
        list(create_skills_ds([{"messages": messages}]))


def test_turns_that_need_no_text():
    call = {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}
    turns = [turn("system", ""), turn("user", "Q"), call, turn("tool", "3"), turn("assistant", "A")]
    (row,) = create_skills_ds([{"messages": turns}])
    assert row["messages"] == turns


def test_a_later_row_is_named_with_its_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        lines([{"messages": CHAT}, {"messages": [*CHAT[:1], turn("assistant", "")]}])
    )
    with pytest.raises(InputError, match=r"a.jsonl:2: turn 2 of 'messages', the assistant's, is empty"):
        list(create_skills_ds(tmp_path / "a.jsonl"))


@pytest.mark.parametrize(
    ("columns", "both"),
    [
        ({"prompt": "x", "response": "x"}, "'x' would be both instruction and response"),
        ({"context": "x", "system": "x"}, "'x' would be both context and system"),
        ({"context": "instruction"}, "'instruction' would be both instruction and context"),
        ({"prompt": "response"}, "'response' would be both instruction and response"),
    ],
)
def test_one_column_is_not_two_things(tmp_path, columns, both):
    (tmp_path / "a.jsonl").write_text(lines([{"instruction": "I", "response": "R", "x": "X"}]))
    with pytest.raises(InputError, match=f"a.jsonl: the column {both}; name two columns"):
        create_skills_ds(tmp_path / "a.jsonl", SkillsColumns(**columns))


def test_own_columns():
    columns = SkillsColumns(prompt="email", response="rewrite", system="tone", context="thread")
    given = {"email": "E", "rewrite": "R", "tone": "Be kind.", "thread": "T", "score": 3}
    (row,) = create_skills_ds([given], columns)
    assert row["messages"] == [
        turn("system", "Be kind."),
        turn("user", "T\n\nE"),
        turn("assistant", "R"),
    ]
    assert about(row) == {"dataset": "skills_grounded", "score": 3}


def test_a_named_column_goes_before_messages_and_before_the_usual_one():
    given = {"messages": CHAT, "instruction": "I", "response": "R", "email": "E"}
    (row,) = create_skills_ds([given], SkillsColumns(prompt="email"))
    assert said(row) == ("E", "R")
    assert about(row)["instruction"] == "I"


def test_a_misspelt_column(project):
    row = {"email": "E", "rewrite": "R"}
    made = project({"output/a/data.jsonl": lines([row]), "output/b/data.jsonl": lines([{"x": 1}])})
    result = made.run("datasets", "skills", "output", "--prompt", "emial", "--response", "rewrite")
    assert result.code == 2
    assert "output/a/data.jsonl: has no column 'emial'; did you mean 'email'?" in result.stderr
    result = made.run("datasets", "skills", "output", "--prompt", "email", "--response", "rewrite")
    assert result.stdout == "wrote training/skills.jsonl: 1 row (1 free)\n"
    assert "output/b/data.jsonl: left out" in result.stderr


@pytest.mark.parametrize("turns", [1, 2])
def test_the_magpie_builders_system_prompt(tmp_path, monkeypatch, turns):
    monkeypatch.chdir(tmp_path)
    task = {
        "task_name": "chat",
        "created_by": "us",
        "task_description": "chats",
        "data_builder": "magpie",
        "system_prompt": "You help with baking.",
        "turns": turns,
    }
    fms_dgt.run(task, config="offline", num_outputs_to_generate=2, output_dir="out")
    rows = list(create_skills_ds("out"))
    assert rows
    for row in rows:
        assert row["messages"][0] == turn("system", "You help with baking.")
        assert [each["role"] for each in row["messages"][1:]] == ["user", "assistant"] * turns
