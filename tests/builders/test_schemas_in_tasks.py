"""Schemas and options of checks in tasks: in the flow, in files beside it, and what is told of them."""

from __future__ import annotations

import json

import pytest
from fms_dgt.testing import ModelServer

HEAD = """task_name: t
task_description: Rows.
created_by: the tests
data_builder: pipeline
seed_examples: [{topic: tides}, {topic: winds}]
flow:
"""
SCHEMA = """{
  "type": "array",
  "minItems": 2,
  "maxItems": 2,
  "items": {"$ref": "#/$defs/Fact"},
  "$defs": {
    "Fact": {
      "type": "object",
      "properties": {
        "fact": {"type": "string", "maxLength": 40},
        "since": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}
      },
      "required": ["fact", "since"],
      "additionalProperties": false
    }
  }
}
"""
FACTS = "  - generate: {prompt: 'Facts on {{ topic }}. {{ reply_format }}', reply: {json: schemas/facts.json}, into: fact}\n"
RUN = ("--task-paths", "task.yaml", "--teacher", "simulated", "--output-dir", "out")


def records(made):
    return [
        json.loads(line) for line in (made.path / "out" / "t" / "data.jsonl").read_text("utf-8").splitlines()
    ]


@pytest.fixture
def facts(project):
    return project({"task.yaml": HEAD + FACTS, "schemas/facts.json": SCHEMA})


def test_a_list_by_a_schema_file_becomes_a_row_an_entry(facts):
    assert facts.run(*RUN).code == 0
    made = records(facts)
    assert [row["topic"] for row in made] == ["tides", "tides", "winds", "winds"]
    assert {tuple(row["fact"]) for row in made} == {("fact", "since")}


def test_a_list_may_stay_in_its_row(project):
    made = project(
        {
            "task.yaml": HEAD + FACTS.replace("into: fact", "into: facts, spread: false"),
            "schemas/facts.json": SCHEMA,
        }
    )
    assert made.run(*RUN).code == 0
    assert [len(row["facts"]) for row in records(made)] == [2, 2]


def test_check_names_the_schema_file_among_what_is_read(facts):
    printed = facts.run(*RUN, "--check")
    assert printed.code == 0
    assert "schemas/facts.json" in printed.stdout


def test_another_schema_is_another_template(facts):
    assert facts.run(*RUN).code == 0
    facts.write({"schemas/facts.json": SCHEMA.replace("40", "50")})
    told = facts.run(*RUN)
    assert told.code == 2
    assert "the template fact changed" in told.stderr


def test_what_is_wrong_in_a_schema_file_is_told_with_its_line(facts):
    facts.write({"schemas/facts.json": SCHEMA.replace("maxLength", "maxLenght")})
    told = facts.run(*RUN)
    assert told.code == 2
    assert (
        "schemas/facts.json:10: $defs.Fact.properties.fact.maxLenght: the schema's 'maxLenght' is not supported; "
        "did you mean 'maxLength'?" in told.stderr
    )
    assert told.stderr.count("error:") == 1


def test_a_task_names_no_schema_elsewhere(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.json"
    elsewhere.write_text(SCHEMA)
    made = project({"task.yaml": HEAD + FACTS.replace("schemas/facts.json", str(elsewhere))})
    told = made.run(*RUN)
    assert told.code == 2
    assert (
        "outside of the folders that tasks may read; if you trust this task, pass --allow-path" in told.stderr
    )


def test_text_generation_takes_a_schema_file(project):
    task = (
        "task_name: t\ntask_description: Rows.\ncreated_by: the tests\ndata_builder: text_generation\n"
        "input: [{topic: tides}]\nprompt: 'Facts on {{ topic }}. {{ reply_format }}'\nreply: {json: facts.json}\n"
    )
    made = project({"task.yaml": task, "facts.json": SCHEMA})
    assert made.run(*RUN).code == 0
    assert [set(row) for row in records(made)] == [{"topic", "fact", "since"}] * 2


def test_the_keys_of_an_object_go_into_the_columns_of_their_names(project):
    flow = (
        "  - generate: {prompt: 'A pair on {{ topic }}. {{ reply_format }}', into: [answer, question], "
        "reply: {json: {type: object, required: [question, answer], properties: "
        "{question: {const: Why?}, answer: {const: So.}}, additionalProperties: false}}}\n"
    )
    made = project({"task.yaml": HEAD + flow})
    assert made.run(*RUN).code == 0
    told = {"answer": "So.", "question": "Why?"}
    assert [row == {"topic": row["topic"], **told} for row in records(made)] == [True, True]


def test_a_format_that_is_not_checked_is_noted_by_the_run(facts):
    facts.write({"schemas/facts.json": SCHEMA.replace('"date"', '"iban"')})
    told = facts.run(*RUN)
    assert "t: the reply to 'fact': the format 'iban' is not checked" in told.stdout + told.stderr


WORD = "  - generate: {prompt: 'A word on {{ topic }}', into: word}\n"
CHECKS = f"""{WORD}  - check: {{validator: length, on: word, high: 2000, unit: characters}}
    name: not_long
  - check: {{validator: length, on: word, low: 200}}
    name: long_enough
  - judge: {{prompt: "Is {{{{ word }}}} good? {{{{ reply_format }}}}", reply: {{score: [1, 3]}}, threshold: 1}}
    name: good
"""


def test_options_of_a_check_in_the_flow(project):
    made = project({"task.yaml": HEAD + CHECKS})
    assert made.run(*RUN).code == 0
    rejected = [
        json.loads(line) for line in (made.path / "out/t/rejected.jsonl").read_text("utf-8").splitlines()
    ]
    assert [(row["stage"], row["reason"]) for row in rejected] == [("long_enough", "too short")] * 2
    assert made.run(*RUN).code == 0
    made.write({"task.yaml": HEAD + CHECKS.replace("low: 200", "low: 1")})
    assert "the validator in the role length (long_enough) changed" in made.run(*RUN).stderr
    assert made.run(*RUN, "--accept-changes").code == 0
    assert len(records(made)) == 2


def test_options_in_the_flow_are_laid_on_those_of_the_block(project):
    config = """databuilders:
  pipeline:
    blocks:
      - name: short
        type: length
        unit: characters
        high: 2
"""
    flow = f"{WORD}  - check: {{validator: short, on: word, high: 2000}}\n"
    made = project({"task.yaml": HEAD + flow, "config.yaml": config})
    assert made.run(*RUN, "--config-path", "config.yaml").code == 0
    assert len(records(made)) == 2


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (
            "{validator: length, on: word, hihg: 80}",
            "task.yaml:8: flow[1].check.hihg: unknown key 'hihg'; did you mean 'high'? "
            "keys of a check and options of 'length': high, into, keep, low,",
        ),
        (
            "{validator: length, on: word, keeep: 80}",
            "flow[1].check.keeep: unknown key 'keeep'; did you mean 'keep'?",
        ),
        (
            "{validator: length, on: word, high: lots}",
            "flow[1].check.high: must be a whole number, not the text 'lots'",
        ),
        ("{validator: lenght, on: word, high: 80}", "no block plays 'lenght'"),
        (
            "{validator: pattern, on: word, must_match: /etc/passwd}",
            "flow[1].check.must_match: the option 'must_match' of 'pattern' cannot be set in a flow; "
            "say it in the config, in a block of the validator",
        ),
        ("{validator: pattern, on: word, must_match: [{file: /etc/passwd}]}", "cannot be set in a flow"),
        ("{validator: lm_judge, on: word, lm_config: {type: openai}}", "cannot be set in a flow"),
        ("{validator: prohibited, on: word, policy: {file: /etc/passwd}}", "cannot be set in a flow"),
    ],
)
def test_what_no_flow_may_say(project, check, told):
    made = project({"task.yaml": f"{HEAD}{WORD}  - check: {check}\n"})
    result = made.run(*RUN)
    assert result.code == 2
    assert told in result.stderr


def test_texts_of_a_check_may_stand_in_the_flow(project):
    made = project(
        {"task.yaml": f"{HEAD}{WORD}  - check: {{validator: pattern, on: word, must_match: ['[a-z]']}}\n"}
    )
    assert made.run(*RUN).code == 0
    assert len(records(made)) == 2


PAIR = (
    "  - generate: {{prompt: 'A pair on {{{{ topic }}}}. {{{{ reply_format }}}}', into: [{into}], reply: {{json: {{"
    "type: object, required: [{required}], properties: {{question: {{type: string}}, answer: {{type: string}}}}"
    "}}}}}}\n"
)
STAND_IN = "databuilders: {{pipeline: {{blocks: [{{name: generator, type: openai, base_url: '{url}', model: m}}]}}}}\n"


@pytest.mark.parametrize(
    ("into", "required", "reply", "columns"),
    [
        ("question, answer", "question, answer", {"answer": "A", "question": "Q"}, {"question": "Q", "answer": "A"}),
        ("q, a", "question, answer", {"answer": "A", "question": "Q"}, {"q": "Q", "a": "A"}),
        ("question, answer", "question", {"note": "N", "question": "Q"}, {"question": "Q", "answer": None}),
        ("question, answer", "question", {"question": "Q", "answer": "A", "note": "N"}, {"question": "Q", "answer": "A"}),
        ("q, a", "question", {"question": "Q"}, {"q": "Q", "a": None}),
    ],
)
def test_what_a_model_leaves_out_adds_or_turns_round_changes_no_column(project, into, required, reply, columns):
    with ModelServer(lambda _: json.dumps(reply)).in_thread() as server:
        made = project(
            {"task.yaml": HEAD + PAIR.format(into=into, required=required), "c.yaml": STAND_IN.format(url=server.base_url)}
        )
        result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", "--output-dir", "out")
    assert result.code == 0, result.stderr
    assert [row == {"topic": row["topic"], **columns} for row in records(made)] == [True, True]


def test_a_column_that_is_no_key_of_the_reply(project):
    made = project({"task.yaml": HEAD + PAIR.format(into="ansewr, question", required="question, answer")})
    result = made.run(*RUN)
    assert result.code == 2
    assert "names the column 'ansewr', and its JSON reply has no such key; did you mean 'answer'?" in result.stderr
