"""Plain generation over the rows of a table."""

from __future__ import annotations

import json

import fms_dgt
import pyarrow as pa
import pyarrow.parquet
import pytest
from fms_dgt.errors import InputError
from fms_dgt.testing import ModelServer, prompt_of

ROWS = [{"prompt": "What are tides?", "id": 1}, {"prompt": "What is moss?", "id": 2}]
SMALLEST = """
created_by: me
task_description: Answer the questions.
data_builder: text_generation
input: rows.jsonl
"""


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def task(**said):
    return {
        "task_name": "rows",
        "task_description": "Answer.",
        "created_by": "us",
        "data_builder": "text_generation",
        **said,
    }


@pytest.fixture
def server():
    with ModelServer(answer=lambda body: f"re: {prompt_of(body)}").in_thread() as one:
        yield one


@pytest.fixture
def run(tmp_path, server):
    teacher = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}

    def go(data=None, generator=None, **said):
        said = {"input": [], **said} if data is not None else said
        return fms_dgt.run(
            task(**said), data=data, generator=generator or teacher, output_dir=tmp_path / "out"
        )

    return go


def test_the_smallest_task_has_four_lines(project):
    here = project({"task.yaml": SMALLEST.lstrip(), "rows.jsonl": lines(ROWS)})
    assert here.run("--task-paths", "task.yaml", "--config-path", "offline", "--output-dir", "out").code == 0
    (made,) = here.path.glob("out/*/data.jsonl")
    records = [json.loads(line) for line in made.read_text().splitlines()]
    assert [{key: record[key] for key in ("prompt", "id")} for record in records] == ROWS
    assert all(record["generation"] for record in records)
    assert records[0].keys() == {"prompt", "id", "generation"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_tables_of_every_kind_are_read(tmp_path, run, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"rows.{kind}"
    if kind == "csv":
        path.write_text("id,prompt\n1,What are tides?\n2,What is moss?\n")
    elif kind == "parquet":
        pa.parquet.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path.mkdir()
        (path / "train.jsonl").write_text(lines(ROWS))
    records = list(run(input=str(path)).records)
    assert [record["generation"] for record in records] == ["re: What are tides?", "re: What is moss?"]


def test_the_prompt_is_over_the_columns_and_the_answer_goes_where_it_is_wanted(run, server):
    rows = [{"text": "Tides turn.", "language": "French"}]
    outcome = run(
        rows,
        prompt="Into {{ language }}: {{ text }}",
        system="You translate {{ language }}.",
        into="translation",
    )
    (record,) = outcome.records
    assert record.keys() == {"text", "language", "translation"}
    assert server.requests[0].body["messages"] == [
        {"role": "system", "content": "You translate French."},
        {"role": "user", "content": "Into French: Tides turn."},
    ]


def test_a_column_may_take_its_own_place(run):
    assert list(run([{"text": "a"}], prompt="{{ text }}!", into="text").records) == [{"text": "re: a!"}]


def test_params_of_the_task_reach_the_request(run, server):
    run(ROWS[:1], params={"temperature": 0.1, "max_new_tokens": 9})
    assert {key: server.requests[0].body[key] for key in ("temperature", "max_tokens")} == {
        "temperature": 0.1,
        "max_tokens": 9,
    }


def test_several_answers_are_rows_of_their_own(run):
    records = list(run(ROWS, num_generations=3).records)
    assert [record["id"] for record in records] == [1, 1, 1, 2, 2, 2]


def test_several_answers_may_be_a_list_in_one_row(run):
    records = list(run(ROWS, num_generations=3, group_generations=True).records)
    assert [len(record["generation"]) for record in records] == [3, 3]


def test_one_answer_that_fails_takes_no_other_with_it(tmp_path):
    given = {"type": "simulated", "malformed_rate": 0.4}
    outcome = fms_dgt.run(task(input=ROWS, num_generations=20), generator=given, output_dir=tmp_path)
    counts = outcome.counts
    assert counts["records"] + counts["rejected"] == 40
    assert 0 < counts["rejected"] < 20
    assert {rejection["reason"] for rejection in outcome.rejections} == {"unreadable reply"}


def test_a_list_reply_makes_a_row_of_each_item(run):
    outcome = run(
        ROWS,
        generator="simulated",
        prompt="Ask {{ count }} questions about {{ prompt }} {{ reply_format }}",
        reply={"list": "question"},
        into="question",
        num_generations=4,
    )
    assert [record["id"] for record in outcome.records] == [1] * 4 + [2] * 4
    assert outcome.counts["calls"] == 2


@pytest.mark.parametrize("grouped", [False, True])
def test_fields_of_a_reply_become_columns(run, grouped):
    outcome = run(
        ROWS,
        generator="simulated",
        prompt="{{ prompt }} {{ reply_format }}",
        reply={"fields": ["title", "summary"]},
        group_generations=grouped,
        num_generations=2,
    )
    records = list(outcome.records)
    assert len(records) == (2 if grouped else 4)
    assert all(record.keys() == {"prompt", "id", "title", "summary"} for record in records)
    assert {type(record["title"]) for record in records} == {list if grouped else str}


def test_json_keys_go_by_name_whatever_their_order(tmp_path):
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    with ModelServer(answer=lambda body: '{"b": 2, "a": "x"}').in_thread() as server:
        said = task(input=ROWS[:1], prompt="{{ prompt }} {{ reply_format }}", reply={"json": schema})
        teacher = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}
        outcome = fms_dgt.run(said, generator=teacher, output_dir=tmp_path)
    assert list(outcome.records) == [{**ROWS[0], "a": "x", "b": 2}]


def test_parts_stay_together_where_a_column_is_named(run):
    outcome = run(
        ROWS[:1],
        generator="simulated",
        prompt="{{ prompt }} {{ reply_format }}",
        reply={"fields": ["title", "summary"]},
        into="card",
    )
    assert outcome.records[0]["card"].keys() == {"title", "summary"}


def test_rows_without_what_the_prompt_uses_are_rejected_and_the_others_go_on(run):
    rows = [ROWS[0], {"id": 3}, {"prompt": None, "id": 4}, {"prompt": " ", "id": 5}, ROWS[1]]
    outcome = run(rows)
    assert [record["id"] for record in outcome.records] == [1, 2]
    assert [rejection["reason"] for rejection in outcome.rejections] == [
        "no value in the column 'prompt'",
        "no value in the column 'prompt'",
        "nothing to ask about",
    ]


def test_it_goes_on_where_it_was_and_more_rows_cost_only_themselves(run):
    assert run(ROWS).counts["calls"] == 2
    assert run(ROWS).counts["calls"] == 0


WRONG = [
    ({"input": "none.jsonl"}, "there is no file 'none.jsonl'"),
    ({"input": "none.xlsx"}, "there is no file, folder or dataset 'none.xlsx'"),
    (
        {"input": ROWS, "prompt": "{{ prompt }} {{ 1 / 0 }}"},
        "cannot be filled in: division by zero (with the first row)",
    ),
    ({"input": []}, "input: is empty"),
    ({"input": ROWS, "prompt": "{{ promt }}"}, "uses 'promt', which is not there"),
    ({"input": ROWS, "prompt": "{{ prompt"}, "is not a valid template"),
    ({"input": ROWS, "prompt": " "}, "prompt: is empty"),
    ({"input": ROWS, "reply": "list"}, "never says how to reply"),
    ({"input": ROWS, "reply": {"lst": "x"}}, "unknown key 'lst'"),
    ({"input": ROWS, "num_generations": 0}, "it must be 1 or more"),
    ({"input": ROWS, "params": {"temprature": 1}}, "unknown key 'temprature'"),
    ({}, "the key 'input' is missing"),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_what_is_wrong_is_said_before_the_first_call(tmp_path, said, words):
    with pytest.raises(InputError) as caught:
        fms_dgt.run(task(**said), generator="simulated", output_dir=tmp_path)
    assert words in str(caught.value)


def test_a_broken_line_is_told_with_its_file_and_number(project):
    here = project({"task.yaml": SMALLEST.lstrip(), "rows.jsonl": lines(ROWS) + '{"prompt": \n'})
    result = here.run("--task-paths", "task.yaml", "--config-path", "offline")
    assert result.code == 2
    assert "rows.jsonl:3: is not JSON" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_shipped_task_runs_offline(project):
    here = project({})
    result = here.run("--task-paths", "text_generation", "--config-path", "offline", "--output-dir", "out")
    assert result.code == 0
    records = [json.loads(line) for line in here.read("out/text_generation/data.jsonl").splitlines()]
    assert len(records) == 6
    assert records[0].keys() == {"id", "notice", "title", "text"}


def test_it_is_said_where_the_answer_takes_the_place_of_a_column(project):
    here = project(
        {"task.yaml": SMALLEST.lstrip(), "rows.jsonl": lines([{"prompt": "Why?", "generation": "old"}])}
    )
    result = here.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert result.code == 0
    assert "the column 'generation' of the rows is replaced by the answer" in result.stdout + result.stderr


def test_a_prompt_that_is_refused_is_the_only_problem(run):
    with pytest.raises(InputError) as caught:
        run(input=ROWS, reply="list")
    assert len(caught.value.problems) == 1
