from __future__ import annotations

import datetime
import json
import math

import pandas as pd
import pytest
from knowledge_made import lines, record, records, skill

import fms_dgt
from fms_dgt.datasets import create_knowledge_pretraining_ds, create_knowledge_regular_ds, create_skills_ds
from fms_dgt.datasets.tables import tables
from fms_dgt.errors import InputError, SetupError

HF = pytest.importorskip("datasets")


@pytest.fixture
def folder(tmp_path):
    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return tmp_path

    return write


def rows(given):
    return list(create_knowledge_regular_ds(given))


def test_all_forms_give_the_same_rows(folder, tmp_path):
    given = records(documents=3, chunks=2)
    frame = pd.DataFrame(given)
    frame.to_parquet(tmp_path / "made.parquet")
    folder({"run/prices/data.jsonl": lines(given)})
    forms = [
        tmp_path / "run",
        str(tmp_path / "run/prices"),
        tmp_path / "run/prices/data.jsonl",
        tmp_path / "made.parquet",
        frame,
        HF.Dataset.from_list(given),
        given,
    ]
    first, *others = [rows(form) for form in forms]
    assert len(first) == 3 * 2 * (4 + 3)
    assert [form for form, other in zip(forms[1:], others, strict=True) if other != first] == []


def test_several_runs_are_merged_in_order(folder):
    made = folder({"a/data.jsonl": lines([record(pair=1)]), "b/data.jsonl": lines([record(pair=2)])})
    merged = create_knowledge_pretraining_ds([made / "b", made / "a", [record(pair=3)]])
    assert [row["messages"][0]["content"][-7] for row in merged] == ["2", "1", "3"]


def test_a_file_that_is_named_twice_is_read_once(folder):
    made = folder({"out/a/data.jsonl": lines([record()])})
    assert len(rows([made / "out", made / "out/a", made / "out/a/data.jsonl"])) == 1


def test_what_was_begun_anew_is_not_read(folder):
    made = folder({"t/data.jsonl": lines([record()]), "t/earlier/1/data.jsonl": lines([record(pair=1)])})
    assert len(tables(made)) == 1


def test_tasks_of_another_kind_in_a_folder_are_left_out_and_said(folder):
    files = {"k/data.jsonl": lines([record()]), "s/data.jsonl": lines([skill()]), "e/data.jsonl": ""}
    made = folder(files)
    knowledge, skills = create_knowledge_pretraining_ds(made), create_skills_ds(made)
    assert (len(list(knowledge)), len(list(skills))) == (1, 1)
    assert knowledge.notes == [
        f"{made}/e/data.jsonl: holds no rows",
        f"{made}/s/data.jsonl: left out, its rows are no knowledge rows",
    ]


def test_a_stand_in_for_a_model_is_said(folder):
    run = {"t/data.jsonl": lines([record()]), "t/run.json": json.dumps({"for_training": False})}
    made = create_knowledge_pretraining_ds(folder(run))
    list(made)
    assert made.notes[0].endswith("not for training")
    assert len(made.notes) == 1


def test_missing_values_of_a_frame_count_as_not_said():
    frame = pd.DataFrame([record(), {"question": "Q?", "response": "A.", "document": "D"}])
    assert json.loads(list(create_knowledge_pretraining_ds(frame))[1]["metadata"])["domain"] == ""


def test_a_blank_line_is_no_row(folder):
    made = folder({"a.jsonl": "\n" + lines([record()]) + "\n\n"})
    assert len(rows(made / "a.jsonl")) == 1


WRONG = [
    (
        {"question": "Q?", "document": "D"},
        "a.jsonl: has no column 'response' or 'answer'; it has: question, document",
    ),
    ({"x": 1}, "has no column 'question', no column 'response' or 'answer', no column 'document'"),
    (
        skill(),
        "a.jsonl: has no column 'question', no column 'document'; its rows are skills rows: fms_dgt datasets skills",
    ),
]


@pytest.mark.parametrize(("row", "words"), WRONG)
def test_missing_columns_are_named(folder, row, words):
    made = folder({"a.jsonl": lines([row])})
    with pytest.raises(InputError) as caught:
        create_knowledge_pretraining_ds(made / "a.jsonl")
    assert words in str(caught.value)


def test_every_file_that_lacks_columns_is_named_at_once(folder):
    made = folder({"a.jsonl": lines([{"x": 1}]), "b.jsonl": lines([{"y": 1}])})
    with pytest.raises(InputError) as caught:
        create_knowledge_pretraining_ds([made / "a.jsonl", made / "b.jsonl"])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (lines([record(response=" ")]), "a.jsonl:2: 'response' is empty, and must be text"),
        (lines([record(question=["Q"])]), "a.jsonl:2: 'question' is a list, and must be text"),
        (lines([{"question": "Q?"}]), "a.jsonl:2: 'response' is nothing, and must be text"),
        ('{"question": \n', "a.jsonl:2: is not JSON"),
        ("[1]\n", "a.jsonl:2: is not a JSON object"),
        ('{"question": "Wh', "a.jsonl:2: is cut off; if a run is still writing the file, wait for its end"),
    ],
)
def test_a_row_that_does_not_fit_is_named(folder, line, words):
    made = folder({"a.jsonl": lines([record()]) + line})
    with pytest.raises(InputError) as caught:
        rows(made / "a.jsonl")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nowhere", "nowhere: there is no such file or folder"),
        (".", "there is no data.jsonl in it"),
        ("notes.csv", "is neither JSONL nor Parquet by its name"),
        ("bad.parquet", "bad.parquet: is not a Parquet file that can be read"),
        ([], "nothing is given to read"),
        (7, "cannot read rows from int"),
        pytest.param(iter([{}]), "a list_iterator can be read only once", id="an iterator"),
        (record(), "cannot read rows from dict"),
        (HF.DatasetDict(train=HF.Dataset.from_list([record()])), "give one of them: dataset\\['train'\\]"),
    ],
    ids=str,
)
def test_what_cannot_be_read(folder, monkeypatch, given, words):
    monkeypatch.chdir(folder({"notes.csv": "a,b", "bad.parquet": "no"}))
    with pytest.raises(InputError, match=words):
        rows(given)


def test_parquet_without_its_package(folder, monkeypatch):
    made = folder({"a.parquet": ""})
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(SetupError, match=r"pip install 'fms-dgt\[parquet\]'"):
        rows(made / "a.parquet")


@pytest.mark.parametrize("form", [list, pd.DataFrame, HF.Dataset.from_list], ids=["rows", "frame", "dataset"])
def test_values_that_json_does_not_have(form):
    odd = {
        "when": datetime.datetime(2026, 1, 2),
        "score": math.nan,
        "vector": [1.0, math.inf],
        "more": {"a": b"x"},
    }
    (row,) = create_skills_ds(form([skill(**odd)]))
    told = json.loads(row["metadata"])
    assert told["when"].startswith("2026-01-02")
    assert "score" not in told
    assert told["vector"] == [1.0, None]


def test_the_records_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = "instructlab/skills/writing/freeform/debate"
    outcome = fms_dgt.run(task, generator="simulated", num_outputs_to_generate=3, output_dir="out")
    made = [list(create_skills_ds(given)) for given in ("out", list(outcome.records), outcome.to_pandas())]
    assert len(made[0]) == 3
    assert [[row["messages"] for row in rows] for rows in made[1:]] == [
        [row["messages"] for row in made[0]]
    ] * 2
