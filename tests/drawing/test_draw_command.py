"""`fms_dgt draw`: files, text, several tasks, no keys; and the lines of long texts."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from fms_dgt.drawing.words import cells, wrapped

SVG = "{http://www.w3.org/2000/svg}"
DEBATE = "instructlab/skills/writing/freeform/debate"
GRAMMAR = "instructlab/skills/writing/grounded/editing/grammar"


def test_a_file_for_each_form(project):
    made = project({})
    for name in ("flow.svg", "flow.html", "flow.mmd"):
        result = made.run("draw", "--task-paths", DEBATE, "--config-path", "offline", "-o", name)
        assert (result.code, result.stdout) == (0, "")
        assert result.stderr == f"wrote {name}\n"
    root = ElementTree.fromstring(made.read("flow.svg"))
    assert root.tag == f"{SVG}svg"
    stages = [group.get("data-stage") for group in root.iter(f"{SVG}g")]
    assert "filter_qa_template" in stages
    assert made.read("flow.mmd").splitlines()[1] == "flowchart TD"
    assert ": answer_template (generate): asks generator" in made.read("flow.html")


@pytest.mark.parametrize("form", ["svg", "html"])
def test_nothing_is_fetched_from_anywhere(project, form):
    made = project({})
    made.run("draw", "--task-paths", DEBATE, "--config-path", "offline", "-o", f"flow.{form}")
    text = made.read(f"flow.{form}").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert "<script" not in text


def test_no_key_and_no_model_are_needed(project, monkeypatch):
    for name in ("WATSONX_API_KEY", "WATSONX_URL", "WATSONX_PROJECT_ID", "WATSONX_APIKEY"):
        monkeypatch.delenv(name, raising=False)
    result = project({}).run("draw", "--task-paths", DEBATE)
    assert result.code == 0, result.stderr
    assert "up to 5 rows of one" in result.stdout


def test_counts_come_from_the_run_beside_it(project):
    made = project({})
    task = ("--task-paths", DEBATE, "--config-path", "offline")
    assert "rejected" not in made.run("draw", *task).stdout
    assert made.run(*task, "--quiet", "--output-dir", "there").code == 0
    assert "rejected" not in made.run("draw", *task).stdout
    shown = made.run("draw", *task, "--output-dir", "there").stdout
    assert shown.startswith(f"%% {DEBATE} (skills_sdg); last run: 20 records, ")
    assert '-->|"20 records"| records' in shown


def arrows(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "-->" in line]


def test_arrows_count_the_rows_of_the_dataset_however_many_runs_made_it(project):
    made = project({})
    task = (DEBATE, "-c", "offline")
    made.run("run", *task, "-n", "20")
    twenty = made.run("draw", *task).stdout
    assert 's1 -->|"' in twenty
    assert not [line for line in arrows(twenty) if '"0 rows"' in line]
    made.run("run", *task, "-n", "60")
    sixty = made.run("draw", *task).stdout
    assert sixty != twenty
    # every answer is there, and no row goes anywhere
    made.run("run", *task, "-n", "20")
    assert made.run("draw", *task).stdout == twenty
    made.run("run", *task, "-n", "60")
    assert made.run("draw", *task).stdout == sixty


def test_a_report_of_an_earlier_version_has_the_rows_of_its_run_or_none(project):
    made = project({})
    task = (DEBATE, "-c", "offline")
    made.run("run", *task)
    report = json.loads(made.read(f"output/{DEBATE}/run.json"))
    for line in report["stages"]:
        del line["rows"]
    made.write({f"output/{DEBATE}/run.json": json.dumps(report)})
    assert [line for line in arrows(made.run("draw", *task).stdout) if "rows" in line]
    for line in report["stages"]:
        line["in_this_run"] = 0
    made.write({f"output/{DEBATE}/run.json": json.dumps(report)})
    drawn = made.run("draw", *task).stdout
    assert [line for line in arrows(drawn) if "rows" in line] == []
    assert "how many rows came to each stage is not known" in drawn


def test_several_tasks_are_one_page_and_no_picture(project):
    made = project({})
    tasks = ("--task-paths", DEBATE, GRAMMAR, "--config-path", "offline")
    refused = made.run("draw", *tasks, "-o", "flow.svg")
    assert refused.code == 2
    assert f"there are 2 tasks: {DEBATE}, {GRAMMAR}; name one task" in refused.stderr
    assert made.run("draw", *tasks, "-o", "flow.html").code == 0
    assert made.read("flow.html").count("<svg") == 2


@pytest.mark.parametrize("name", ["flow.png", "flow"])
def test_a_form_that_is_not_known(project, name):
    result = project({}).run("draw", "--task-paths", DEBATE, "-o", name)
    assert result.code == 2
    assert "it may end with: .html, .mmd, .svg" in result.stderr


def test_a_task_that_is_wrong_is_told(project):
    result = project({"task.yaml": "data_builder: pipeline\n"}).run("draw", "--task-paths", "task.yaml")
    assert result.code == 2
    assert "the key 'flow' is missing" in result.stderr


TEXTS = [
    ("short", ["short"]),
    ("", [""]),
    ("columns: one, two, three", ["columns:", "one, two,", "three"]),
    ("a_very_long_name_that_goes_on", ["a_very_", "long_name_", "that_goes\u2026"]),
    ("abcdefghijklmnopqrstuvwxyz", ["abcdefghij", "klmnopqrst", "uvwxyz"]),
    ("潮汐の説明", ["潮汐の説明"]),
    ("潮汐の説明を書いて", ["潮汐の説明", "を書いて"]),
]


@pytest.mark.parametrize(("text", "lines"), TEXTS)
def test_lines_of_ten_cells(text, lines):
    assert wrapped(text, 10, 3) == lines
    assert all(cells(line) <= 10 for line in lines)


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"stages": []}', '{"stages": [1]}', '{"stages": "x"}'])
def test_a_report_that_is_none_gives_no_counts(project, report):
    made = project({f"output/{DEBATE}/run.json": report})
    result = made.run("draw", "--task-paths", DEBATE, "--config-path", "offline")
    assert result.code == 0, result.stderr
    assert "rows" not in result.stdout.replace("rows of one", "")


def test_a_filter_says_what_it_keeps(project):
    task = "task_description: x\ncreated_by: us\ndata_builder: pipeline\nrows: [{n: 1}]\n"
    made = project({"task.yaml": f"{task}flow: [{{filter: {{on: n, at_least: 2}}}}]\n"})
    assert "on: n, relation: at_least, value: 2.0" in made.run("draw", "--task-paths", "task.yaml").stdout


def test_stages_of_which_some_are_drawn_have_no_arrows_between_them(project):
    shown = project({}).run("draw", "--task-paths", "evol_instruct", "--config-path", "offline").stdout
    inside = shown.partition("subgraph")[2].partition("  end\n")[0]
    assert "deepen" in inside
    assert "-->" not in inside


def test_a_line_break_in_a_name_ends_no_line(project):
    task = "task_description: x\ncreated_by: us\ndata_builder: pipeline\nrows: [{n: 1}]\n"
    made = project({"task.yaml": task + 'flow: [{name: "a\\n b --> c", set: {x: 1}}]\n'})
    assert '["a b --> c<br/>makes: x"]' in made.run("draw", "--task-paths", "task.yaml").stdout
