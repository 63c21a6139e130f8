"""What is wrong with a flow in YAML is told before the first call, with its line and how to fix it."""

from __future__ import annotations

import pytest

HEAD = "task_description: Rows.\ncreated_by: the tests\ndata_builder: pipeline\nseed_examples: [{topic: tides}]\n"
# one line of a flow, which is line 6 of the task, and the words that are told of it
LINES = [
    ("- gnerate: {}", "flow[0].gnerate: unknown key 'gnerate'; did you mean 'generate'?"),
    ("- set: {x: 1}\n    copy: {y: topic}", "flow[0]: is several stages at once: set, copy; begin each with '- '"),
    ("- {}", "flow[0]: does not say what kind of stage it is"),
    ("- word", "flow[0]: must be a stage, not text"),
    ("- generate: {prompt: hello}", "flow[0].generate: the key 'into' is missing; add 'into: ...'"),
    ("- generate: {into: x}", "flow[0].generate: has no prompt; add 'prompt: |', or 'template: NAME'"),
    ("- generate: {into: x, prompt: a, template: b}", "flow[0].generate.template: has a template and a prompt"),
    ("- generate: {into: x, promt: a}", "flow[0].generate.promt: unknown key 'promt'; did you mean 'prompt'?"),
    ("- generate: {into: x, template: skills_sdg/answer_templat}", "did you mean 'skills_sdg/answer_template'?"),
    ("- generate: {into: x, template: other}", "flow[0].generate.template: there is no template 'other'; write other.yaml"),
    ("- generate: {into: x, prompt: '{{ topc }}'}", "has in its prompt the column 'topc', which is not there; did you mean 'topic'?"),
    ("- generate: {into: x, prompt: '{{ topic'}", "is not a valid template"),
    ("- generate: {into: x, prompt: a, reply: lst}", "flow[0].generate.reply: unknown form 'lst'; did you mean 'list'?"),
    ("- generate: {into: [x, y], prompt: a}", "flow[0].generate.into: names 2 columns for one text"),
    ("- generate: {into: [x], prompt: '{{ reply_format }}', reply: {fields: [a, b]}}", "names 1 columns for 2 fields; the reply's fields are: a, b"),
    ("- generate: {into: x, prompt: a, params: {temprature: 1}}", "did you mean 'temperature'?"),
    ("- generate: {into: x, prompt: a, count: 0}", "flow[0].generate.count: is 0; it must be 1 or more"),
    ("- judge: {keep: {equal: 1}}", "flow[0].judge: has no prompt"),
    ("- judge: {template: skills_sdg/filter_qa_template, keep: 2}", "flow[0].judge.keep: must say which scores are kept; write one of {at_least: 2}"),
    ("- check: {on: topic}", "flow[0].check: the key 'validator' is missing"),
    ("- check: {validator: exact, on: topc}", "flow[0]: the stage 'exact' needs the column 'topc', which is not there; did you mean 'topic'?"),
    ("- filter: {on: topic}", "flow[0].filter: says no relation; write one of: equal, not_equal"),
    ("- filter: {on: topic, equal: a, below: 2}", "flow[0].filter: says 2 relations: equal, below"),
    ("- filter: {on: topic, one_of: a}", "flow[0].filter.one_of: must be a list"),
    ("- extract: {on: topic, into: x}", "must say either 'between' or 'pattern'"),
    ("- extract: {on: topic, into: x, pattern: '('}", "the pattern is no regular expression"),
    ("- extract: {on: topic, into: [x, y], pattern: '(a)'}", "the pattern has 1 groups for 2 columns"),
    ("- extract: {on: topic, into: x, between: [[a]]}", "each entry of 'between' must be two marks"),
    ("- pick: {into: x, among: [a, b], weights: [1]}", "the weights must be one for each entry of 'among'"),
    ("- copy: {x: 3}", "flow[0].copy.x: must be the name of a column, not a number"),
    ("- text: {x: '{{ a'}", "flow[0].text.x: is not a template"),
    ("- set: 3", "flow[0].set: must be a mapping of columns, not a number"),
    ("- branch: {on: topic, to: {}}", "flow[0].branch: has no way to go"),
    ("- together: [{branch: {on: topic, to: {a: []}}}]", "a branch cannot stand inside 'together'"),
    ("- set: {x: 1}\n  - set: {x: 2}", "there is a stage 'set_x' already, at task.yaml:6: flow[0]; add 'name: ...'"),
    ("- for_each: {column: topic, item: x, stages: [{set: {y: 1}}], gather: {z: q}}", "the stage 'each_x' gathers the column 'q', which is not there"),
    ("- generate: {into: x, prompt: ''}", "prompt: is empty"),
    ("- pick: {into: x, among: []}", "flow[0].pick.among: is empty; give at least one entry"),
    ("- collect: {into: x, columns: []}", "flow[0].collect.columns: is empty"),
    ("- choose: {into: x, by: topic, columns: {}}", "flow[0].choose.columns: is empty"),
    ("- not_a_seed: {on: topic, column: topc}", "flow[0].not_a_seed.column: no seed example has the column 'topc'; did you mean 'topic'?"),
    ("- together: [{repeat: {count: 2}}]", "makes several rows of one, which cannot stand inside 'together'"),
    ("- &a {set: {x: 1}}\n  - *a", "there is a stage 'set_x' already, at task.yaml:6"),
    ("- {name: 3, set: {x: 1}}", "flow[0].name: must be a name, not a number; put it in quotes"),
]  # fmt: skip


def problems(project, text: str, **files: str) -> list[str]:
    made = project({"task.yaml": text, **files})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert result.code == 2, result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()


@pytest.mark.parametrize(("line", "told"), LINES, ids=[line for line, _ in LINES])
def test_a_stage_that_is_wrong(project, line, told):
    (found,) = problems(project, f"{HEAD}flow:\n  {line}\n")
    assert told in found
    assert found.startswith(("error: task.yaml:6", "error: task.yaml:7"))


# what a task says beside a flow, and what is told of it
TASKS = [
    ("", "flow: nope", "task.yaml:5: flow: there is no flow 'nope'"),
    ("", "flow: document_question", "did you mean 'document_questions'?"),
    ("", "flow: []", "task.yaml:5: flow: is empty; give at least one entry"),
    ("", "flow: {stages: [{set: {x: 1}}], outptu: [x]}", "did you mean 'output'?"),
    ("", "flow: {stages: [{set: {x: 1}}], output: [xx]}", "records are to have the column 'xx', which nothing makes"),
    ("", "flow: {stages: [{set: {x: 1}}], input: [document]}", "the flow begins with 'document', which no row has; rows have: "),
    ("output: [y]", "flow: [{set: {x: 1}}]", "records are to have the column 'y', which nothing makes"),
    ("draw: {alike: [knd]}", "flow: [{set: {x: 1}}]", "draw: no seed example has the column 'knd'"),
    ("draw: {exmples: 2}", "flow: [{set: {x: 1}}]", "did you mean 'examples'?"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "flow", "told"), TASKS, ids=[f"{said} {flow}" for said, flow, _ in TASKS])
def test_a_task_that_is_wrong(project, said, flow, told):
    (found,) = problems(project, f"{HEAD}{said + chr(10) if said else ''}{flow}\n")
    assert told in found


def test_a_task_without_rows(project):
    text = HEAD.replace("seed_examples: [{topic: tides}]\n", "") + "flow: [{set: {x: 1}}]\n"
    (found,) = problems(project, text)
    assert "the task has no rows; add 'input: rows.jsonl', or 'seed_examples:'" in found


def test_a_flow_in_a_file_is_told_with_that_file(project):
    (found,) = problems(
        project, f"{HEAD}flow: mine.yaml\n", **{"mine.yaml": "stages:\n  - set: {x: 1}\n  - st: {}\n"}
    )
    assert "mine.yaml:3: stages[1].st: unknown key 'st'" in found


def test_a_seedless_comparison(project):
    text = (
        HEAD.replace("seed_examples: [{topic: tides}]", "input: rows.jsonl")
        + "flow: [{not_a_seed: {on: n}}]\n"
    )
    (found,) = problems(project, text, **{"rows.jsonl": '{"n": "a"}\n'})
    assert "compares with seed examples, and the task has none" in found


def test_the_flag_is_refused_by_other_builders(project):
    text = HEAD.replace("pipeline", "text_generation").replace(
        "seed_examples: [{topic: tides}]", "input: [{topic: a}]"
    )
    made = project({"task.yaml": text + "prompt: '{{ topic }}'\n"})
    result = made.run("--task-paths", "task.yaml", "--flow", "skills", "--config-path", "offline", "--check")
    assert result.code == 2
    assert "the command line: --flow: unknown key 'flow'" in result.stderr


def test_many_branches_in_a_row_are_checked_at_once(project):
    ways = "{a: [{name: a%d, set: {x%d: 1, y%d: 1}}], b: [{name: b%d, set: {x%d: 1}}]}"
    branches = "".join(
        f"  - {{name: s{n}, branch: {{on: topic, to: {ways % (n, n, n, n, n)}}}}}\n" for n in range(40)
    )
    (found,) = problems(project, f"{HEAD}output: [x39, y39]\nflow:\n{branches}")
    assert "the column 'y39', which nothing makes; did you mean" in found


def test_rows_that_do_not_fit_the_flow_are_told_before_its_stages(project):
    (found,) = problems(project, f"{HEAD}flow: skills\n")
    assert "the flow begins with 'examples', which no row has" in found
