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


def test_in_a_task_only_the_output_folder_before_its_builder_is_known(plan_of, tmp_path):
    text = """
        data_builder: haiku
        task_description: costs ${A}
        data_path: ${DGT_DATA_DIR}/x
        seed_examples: [{question: "echo ${HOME}", file: "${A}"}]
        runner_config: {output_dir: "${DGT_OUTPUT_DIR}/b"}
    """
    environ = {"DGT_DATA_DIR": "one", "DGT_OUTPUT_DIR": "out"}
    (task,) = plan_of({"task.yaml": text}, "task.yaml", environ=environ).tasks
    said = task.said.plain()
    assert said["task_description"] == "costs ${A}"
    assert said["data_path"] == "${DGT_DATA_DIR}/x"
    assert said["seed_examples"] == [{"question": "echo ${HOME}", "file": "${A}"}]
    assert task.folder.is_relative_to(tmp_path / "out/b")


def test_the_rule_for_tasks_holds_for_those_in_a_config(problems_of):
    task = {"data_builder": "haiku", "seed_examples": ["${X}"], "runner_config": {"output_dir": "${A}/b"}}
    assert problems_of({}, config={"tasks": {"poem": task}}, environ={"A": "one"}) == [
        "the given config: tasks.poem.runner_config.output_dir: the environment variable A is not allowed in a "
        "task (DGT_DATA_DIR, DGT_OUTPUT_DIR, HOME may); if you trust this task, pass --allow-env A"
    ]


def test_task_files_of_a_config(plan_of):
    config = {"task_files": ["${DIR}/task.yaml", "$DIR/other.yaml"]}
    files = {"tasks/task.yaml": f"task_name: a\n{HEAD}", "tasks/other.yaml": HEAD}
    plan = plan_of(files, config=config, environ={"DIR": "tasks"})
    assert [task.name for task in plan.tasks] == ["a", "other"]
