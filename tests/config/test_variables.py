from __future__ import annotations

import pytest

HEAD = "data_builder: haiku\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "one"),
        ("a ${A} b ${A}", "a one b one"),
        ("${NONE:-two}", "two"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY}", ""),
        ("${NONE:-}", ""),
        ("$${A}", "${A}"),
        ("$A costs $5", "$A costs $5"),
        ("${CURLY}", "${A}"),
        ("{{ a }}", "{{ a }}"),
    ],
)
def test_in_a_config(plan_of, text, expected):
    config = {"databuilders": {"haiku": {"blocks": [{"name": "g", "api_key": text}], "deep": {"er": [text]}}}}
    environ = {"A": "one", "EMPTY": "", "CURLY": "${A}"}
    (task,) = plan_of({"task.yaml": HEAD}, "task.yaml", config=config, environ=environ).tasks
    ((said, _),) = task.builder_layers
    assert said.plain() == {"blocks": [{"name": "g", "api_key": expected}], "deep": {"er": [expected]}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${NONE}", "the environment variable NONE is not set; set it, or write ${NONE:-default}"),
        (
            "${a b}",
            "'${' begins a variable, and none follows; write ${NAME}, or $${ for the characters themselves",
        ),
        (
            "${",
            "'${' begins a variable, and none follows; write ${NAME}, or $${ for the characters themselves",
        ),
    ],
)
def test_that_cannot_be_expanded(problems_of, text, problem):
    files = {"task.yaml": HEAD, "c.yaml": f"databuilders:\n  haiku:\n    url: '{text}'\n"}
    assert problems_of(files, "task.yaml", config="c.yaml") == [
        f"c.yaml:3: databuilders.haiku.url: {problem}"
    ]


def test_in_a_task_only_paths_and_settings(plan_of):
    text = """
        data_builder: haiku
        task_description: costs ${A}
        data_path: ${A}/x
        store: {type: "${A}", data_path: "${A}/y", files: ["${A}", "${A}/z"]}
        teacher_config: ${A}.yaml
        seed_examples: [{question: "echo ${HOME}", file: "${A}"}]
        runner_config: {output_dir: "${A}"}
    """
    (task,) = plan_of({"task.yaml": text}, "task.yaml", environ={"A": "one"}).tasks
    said = task.said.plain()
    assert said["task_description"] == "costs ${A}"
    assert said["data_path"] == "one/x"
    assert said["store"] == {"type": "${A}", "data_path": "one/y", "files": ["one", "one/z"]}
    assert said["teacher_config"] == "one.yaml"
    assert said["seed_examples"] == [{"question": "echo ${HOME}", "file": "${A}"}]
    assert str(task.folder).startswith("one/")


def test_the_rule_for_tasks_holds_for_those_in_a_config(plan_of):
    config = {"tasks": {"poem": {"data_builder": "haiku", "seed_examples": ["${X}"], "data_path": "${A}"}}}
    (task,) = plan_of({}, config=config, environ={"A": "one"}).tasks
    assert (task.said.plain()["seed_examples"], task.said.plain()["data_path"]) == (["${X}"], "one")


def test_task_files_of_a_config(plan_of):
    config = {"task_files": ["${DIR}/task.yaml", "$DIR/other.yaml"]}
    files = {"tasks/task.yaml": f"task_name: a\n{HEAD}", "tasks/other.yaml": HEAD}
    plan = plan_of(files, config=config, environ={"DIR": "tasks"})
    assert [task.name for task in plan.tasks] == ["a", "other"]
