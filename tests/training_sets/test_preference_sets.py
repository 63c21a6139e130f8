from __future__ import annotations

import json

import pytest
from knowledge_made import lines, read, skill

import fms_dgt
from fms_dgt.datasets import PreferenceColumns, create_preference_ds
from fms_dgt.errors import InputError


def turn(role, content):
    return {"role": role, "content": content}


PAIR = {"prompt": "Why?", "chosen": "Because of this.", "rejected": "Because.", "chosen_score": 4.0}
ASKED, BETTER, WORSE = turn("user", "Q"), turn("assistant", "A"), turn("assistant", "B")


def turns_of(row):
    return row["prompt"], row["chosen"], row["rejected"]


def test_texts_become_turns():
    (row,) = create_preference_ds([PAIR])
    assert turns_of(row) == (
        [turn("user", "Why?")],
        [turn("assistant", "Because of this.")],
        [turn("assistant", "Because.")],
    )
    assert json.loads(row["metadata"]) == {"dataset": "preference", "chosen_score": 4.0}
    assert next(iter(create_preference_ds([PAIR])))["id"] == row["id"]


def test_a_system_turn_is_kept():
    (row,) = create_preference_ds([{**PAIR, "system_prompt": "Be kind."}])
    assert row["prompt"] == [turn("system", "Be kind."), turn("user", "Why?")]
    assert "system_prompt" not in json.loads(row["metadata"])


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [ASKED], "chosen": [BETTER], "rejected": [WORSE]},
        {"prompt": [ASKED], "chosen": "A", "rejected": "B"},
        {"prompt": "Q", "chosen": [ASKED, BETTER], "rejected": [ASKED, WORSE]},
        {"chosen": [ASKED, BETTER], "rejected": [ASKED, WORSE]},
    ],
)
def test_turns_are_taken_as_they_are(row):
    assert turns_of(next(iter(create_preference_ds([row])))) == ([ASKED], [BETTER], [WORSE])


def test_equal_answers_are_left_out_and_counted(tmp_path):
    written = create_preference_ds([PAIR, {**PAIR, "rejected": PAIR["chosen"]}]).write(tmp_path / "a.jsonl")
    assert written.rows == 1
    assert written.notes == ("1 row is left out: the chosen and the rejected answer are the same",)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**PAIR, "prompt": " "}, "'prompt' is empty"),
        ({**PAIR, "chosen": 3}, "'chosen' is a number, and must be a list of turns"),
        ({**PAIR, "chosen": []}, "'chosen' has no turns"),
        ({**PAIR, "chosen": [turn("assistant", "")]}, "turn 1 of 'chosen', the assistant's, is empty"),
        ({"chosen": "A", "rejected": "B"}, "there is no 'prompt'"),
        ({"prompt": [ASKED], "chosen": [ASKED], "rejected": [ASKED, WORSE]}, "nothing but the prompt"),
        ({**PAIR, "chosen": [turn("human", "A")]}, "'human' is not a role"),
    ],
)
def test_what_is_no_pair(row, words):
    with pytest.raises(InputError, match=words):
        list(create_preference_ds([row]))


def test_own_columns():
    columns = PreferenceColumns(prompt="email", chosen="good", rejected="bad", system="tone")
    (row,) = create_preference_ds([{"email": "E", "good": "G", "bad": "B", "tone": "Be kind."}], columns)
    assert turns_of(row) == (
        [turn("system", "Be kind."), turn("user", "E")],
        [turn("assistant", "G")],
        [turn("assistant", "B")],
    )


def test_other_rows_are_named():
    with pytest.raises(InputError, match="its rows are skills rows: fms_dgt datasets skills"):
        create_preference_ds([skill()])


def test_the_command(project):
    made = project(
        {"output/pairs/data.jsonl": lines([PAIR]), "output/debate/data.jsonl": lines([skill()])},
    )
    result = made.run("datasets", "preference", "output")
    assert result.stdout == "wrote training/preference.jsonl: 1 row (1 preference)\n"
    assert result.stderr == "note: output/debate/data.jsonl: left out, its rows are no preference rows\n"
    result = made.run("datasets", "preference", "output", "--chosen", "chossen", "--force")
    assert result.code == 2
    assert "has no column 'chossen'; did you mean 'chosen'?" in result.stderr


def test_parquet_has_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    made = create_preference_ds([PAIR])
    made.write(tmp_path / "set.parquet")
    assert parquet.read_table(tmp_path / "set.parquet").to_pylist() == list(made)


def test_the_shipped_task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fms_dgt.run("preference", config="offline", num_outputs_to_generate=3, output_dir="out")
    made = create_preference_ds("out")
    written = made.write("pairs.jsonl")
    assert written.rows >= 1
    assert all(row["prompt"][-1]["role"] == "user" for row in read(tmp_path / "pairs.jsonl"))
