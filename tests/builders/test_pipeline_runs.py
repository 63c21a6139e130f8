"""Flows in YAML, from the task file to the records: offline and against the stand-in server."""

from __future__ import annotations

import json

import pytest

import fms_dgt
from fms_dgt.testing import ModelServer

HEAD = """
task_name: t
task_description: Rows.
created_by: the tests
data_builder: pipeline
"""
ROWS = 'seed_examples: [{topic: tides, kind: a, score: "2"}, {topic: winds, kind: b, score: "x"}]\n'


def task(flow: str, rows: str = ROWS) -> str:
    return HEAD + rows + "flow:\n" + flow


def ran(project, flow: str, rows: str = ROWS, **files: str):
    made = project({"task.yaml": task(flow, rows), **files})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--quiet")
    assert result.code == 0, result.stderr
    records = [json.loads(line) for line in made.read("output/t/data.jsonl").splitlines()]
    rejected = [json.loads(line) for line in made.read("output/t/rejected.jsonl").splitlines()]
    return records, rejected


# a stage, what it makes of the first row, why the second is gone ("" where it is not)
STEPS = [
    ("set: {n: 1, l: [1, {a: b}]}", {"n": 1, "l": [1, {"a": "b"}]}, ""),
    ("copy: {topic: kind, kind: topic}", {"topic": "a", "kind": "tides"}, ""),
    ('text: {said: "{{ topic }}, {{ kind }}"}', {"said": "tides, a"}, ""),
    ("collect: {into: both, columns: [topic, kind]}", {"both": {"topic": "tides", "kind": "a"}}, ""),
    ("collect: {into: both, columns: {x: topic}}", {"both": {"x": "tides"}}, ""),
    ("choose: {into: it, by: kind, columns: {a: topic}}", {"it": "tides"}, "no column to choose for this kind"),
    ("filter: {on: kind, equal: a}", {}, "kind is not a"),
    ("filter: {on: kind, not_equal: b}", {}, "kind is b"),
    ("filter: {on: kind, one_of: [a, c]}", {}, "kind is none of a, c"),
    ("filter: {on: kind, none_of: [b]}", {}, "kind is one of b"),
    ("filter: {on: topic, contains: tid}", {}, "topic does not contain tid"),
    ("filter: {on: topic, lacks: win}", {}, "topic contains win"),
    ("filter: {on: score, at_least: 2}", {}, "score is under 2"),
    ("filter: {on: score, equal: 2}", {}, "score is not 2"),
    ("filter: {on: score, above: 1.5}", {}, "score is 1.5 or less"),
    ("filter: {on: score, at_most: 2}", {}, "score is over 2"),
    ("filter: {on: score, below: 3}", {}, "score is 3 or more"),
    ('extract: {on: topic, into: end, between: [["ti", "s"]]}', {"end": "de"}, "nothing found to extract"),
    ('extract: {on: topic, into: all, between: [["", ""]]}', {"all": "tides"}, ""),
    ("extract: {on: topic, into: [x, y], pattern: '(t)(i)'}", {"x": "t", "y": "i"}, "nothing found to extract"),
    ("extract: {on: topic, into: x, pattern: '[td]', spread: false}", {"x": ["t", "d"]}, ""),
    ("extract: {on: topic, into: x, pattern: '.+', remove: [de]}", {"x": "tis"}, ""),
    ('extract: {on: topic, into: [x, y], between: [["t", "d"], ["i", ""]]}', {"x": "i", "y": "des"}, "the parts to extract do not pair"),
    ("not_a_seed: {on: kind, column: topic}", {}, ""),
    ("branch: {on: kind, to: {a: [{set: {x: 1}}]}}", {"x": 1}, "no branch for this kind"),
    ("branch: {on: kind, to: {a: [{set: {x: 1}}]}, otherwise: []}", {"x": 1}, ""),
    ("together: [{set: {x: 1}}, {copy: {y: kind}}]", {"x": 1, "y": "a"}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "made", "gone"), STEPS, ids=[step[0] for step in STEPS])
def test_a_small_stage(project, stage, made, gone):
    records, rejected = ran(project, f"  - {stage}\n")
    assert records[0] == {"topic": "tides", "kind": "a", "score": "2", **made}
    assert [row["reason"] for row in rejected] == ([gone] if gone else [])


def test_what_repeats_a_seed_is_dropped(project):
    records, rejected = ran(project, '  - text: {x: " TIDES "}\n  - not_a_seed: {on: x, column: topic}\n')
    assert not records
    assert {row["reason"] for row in rejected} == {"same as a known text"}


def test_one_row_becomes_several(project):
    flow = """
  - set: {all: [x, y]}
  - spread: {column: all, into: one}
  - repeat: {count: 2, into: copy}
  - unfold: {columns: [topic, kind], into: value, label: name}
"""
    records, _ = ran(project, flow)
    assert len(records) == 2 * 2 * 2 * 2
    shown = [(row["one"], row["copy"], row["name"], row["value"]) for row in records[:4]]
    assert shown == [("x", 0, "topic", "tides"), ("x", 0, "kind", "a"), ("x", 1, "topic", "tides"), ("x", 1, "kind", "a")]


def test_each_entry_of_a_list(project):
    flow = """
  - set: {all: [1, 2, 3]}
  - for_each:
      column: all
      item: one
      stages: [{filter: {on: one, not_equal: 2}}, {text: {said: "{{ one }}!"}}]
      gather: {said: said}
      otherwise: item
"""
    records, _ = ran(project, flow)
    assert records[0]["said"] == ["1!", "3!"]


def test_a_branch_on_a_number(project):
    flow = "  - branch: {on: n, to: {1: [{set: {x: one}}], true: [{name: other, set: {x: 'yes'}}]}}\n"
    records, _ = ran(project, flow, "seed_examples: [{n: 1}, {n: 1.0}, {n: true}]\n")
    assert [row["x"] for row in records] == ["one", "one", "yes"]


def test_picks_are_the_same_in_every_run_and_follow_their_weights(project):
    rows = "seed_examples: [" + ", ".join(f"{{n: {n}}}" for n in range(60)) + "]\n"
    flow = "  - pick: {into: x, among: [a, b, c], weights: [8, 1, 0]}\n  - {name: two, pick: {into: y, among: [1, 2, 3], count: 2}}\n"
    records, _ = ran(project, flow, rows)
    again = project({}).run("--task-paths", "task.yaml", "--config-path", "offline", "--quiet", "--output-dir", "b")
    assert again.code == 0
    assert [json.loads(line) for line in project({}).read("b/t/data.jsonl").splitlines()] == records
    assert [row["x"] for row in records].count("a") > 40
    assert "c" not in {row["x"] for row in records}
    assert all(len(set(row["y"])) == 2 for row in records)


def test_a_flow_and_templates_beside_it(project):
    made = project(
        {
            "tasks/task.yaml": HEAD + ROWS + "flow: mine\n",
            "tasks/flows/mine.yaml": "stages: [{generate: {template: ask, into: said}}]\noutput: [said, topic]\n",
            "tasks/flows/templates/ask.yaml": "prompt: Say something about {{ topic }}.\n",
        }
    )
    result = made.run("--task-paths", "tasks/task.yaml", "--config-path", "offline", "--quiet")
    assert result.code == 0, result.stderr
    assert list(json.loads(made.read("output/t/data.jsonl").splitlines()[0])) == ["said", "topic"]


@pytest.mark.parametrize("named", ["flows/other.yaml", "other"])
def test_the_flag_names_another_flow(project, named):
    made = project({"task.yaml": task("  - set: {x: 1}\n"), "flows/other.yaml": "- set: {y: 2}\n"})
    result = made.run("--task-paths", "task.yaml", "--flow", named, "--config-path", "offline", "--quiet")
    assert result.code == 0, result.stderr
    record = json.loads(made.read("output/t/data.jsonl").splitlines()[0])
    assert record["y"] == 2
    assert "x" not in record


def test_rows_from_python_take_the_place_of_the_table(project):
    made = project({"task.yaml": task("  - set: {x: 1}\n", "input: rows.jsonl\n"), "rows.jsonl": '{"n": 1}\n'})
    outcome = fms_dgt.run("task.yaml", data=[{"n": 2}], config="offline", output_dir="a", progress=False)
    assert list(outcome.records) == [{"n": 2, "x": 1}]
    outcome = fms_dgt.run("task.yaml", config="offline", output_dir="b", progress=False)
    assert list(outcome.records) == [{"n": 1, "x": 1}]
    assert made


def test_a_changed_output_is_a_changed_task(project):
    made = project({"task.yaml": task("  - set: {x: 1}\n")})
    arguments = ("--task-paths", "task.yaml", "--config-path", "offline", "--quiet")
    assert made.run(*arguments).code == 0
    made.write({"task.yaml": task("  - set: {x: 1}\n") + "output: [x]\n"})
    refused = made.run(*arguments)
    assert refused.code == 2
    assert "the task changed" in refused.stderr


def test_against_a_server(project):
    with ModelServer().in_thread() as server:
        config = f"""
databuilders:
  pipeline:
    blocks:
      - {{name: generator, type: openai, model_id_or_path: m, base_url: "{server.base_url}", api_key: k}}
      - {{name: validator, lm_config: {{type: openai, model_id_or_path: m, base_url: "{server.base_url}", api_key: k}}}}
"""
        made = project({"config.yaml": config})
        result = made.run("--task-paths", "flows/harbour_questions", "--config-path", "config.yaml", "--quiet")
        assert result.code == 0, result.stderr
        assert made.read("output/flows/harbour_questions/data.jsonl")
        prompts = [request.prompt for request in server.requests]
    asked = next(prompt for prompt in prompts if "Write 5 pairs about this text." in prompt)
    assert "<document>\nBoats of up to nine metres" in "".join(prompts)
    assert asked.rstrip().endswith("between <answer> and </answer>, 5 times, and nothing else.")
    

PAIRS = """You write questions and answers from which an AI assistant learns what a document says.

Subject: tides
The document: A leaflet

<document>
Water rises.
</document>

Write 5 pairs about this text.

- Each question names what it is about, so that somebody who has never seen the text knows what is asked.
- Each answer is what the text says, in whole sentences, and has nothing from anywhere else.
- No two pairs ask the same. Write in the language of the text.

Write the question between <question> and </question>, then the answer between <answer> and </answer>, \
5 times, and nothing else."""


def test_the_librarys_own_prompt_word_for_word():
    from fms_dgt.builders.pipeline.flow_file import SHIPPED, FlowFile
    from fms_dgt.builders.pipeline.reading import Reading
    from fms_dgt.core.yaml_file import read_yaml

    reading = Reading()
    flow = FlowFile.from_node(read_yaml(SHIPPED / "document_questions.yaml"), reading.problems)
    reading.stages(flow.stages)
    values = {"domain": "tides", "document_outline": "A leaflet", "document": "Water rises."}
    (message,) = reading.templates["pairs"].messages(values, count=5)
    assert message["content"] == PAIRS


def test_another_flow_from_python(project):
    project({"task.yaml": task("  - set: {x: 1}\n"), "flows/other.yaml": "- set: {y: 2}\n"})
    outcome = fms_dgt.run("task.yaml", flow="other", config="offline", progress=False)
    assert {row["y"] for row in outcome.records} == {2}


def test_a_config_changes_the_stages_of_a_branch(project):
    flow = """
  - name: way
    branch:
      on: kind
      to: {a: [{set: {x: 1}}]}
      otherwise: [{name: other, set: {x: 2}}]
"""
    made = project({"task.yaml": task(flow)})
    config = {"databuilders": {"pipeline": {"stages": {"set_x": {"enabled": False}}, "blocks": []}}}
    outcome = fms_dgt.run("task.yaml", config=config, generator="simulated", progress=False)
    assert [row.get("x") for row in outcome.records] == [None, 2]
    assert made


@pytest.mark.parametrize("rows", ["input: [{n: 1}, {n: 2}]", "rows: [{n: 1}, {n: 2}]", "seed_examples: [{n: 1}, {n: 2}]", "input: n.csv"])
def test_where_rows_stand(project, rows):
    project({"n.csv": "n\n1\n2\n"})
    records, _ = ran(project, "  - set: {x: 1}\n", rows + "\n")
    assert [str(row["n"]) for row in records] == ["1", "2"]
