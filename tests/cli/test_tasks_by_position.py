"""Tasks named without a flag, and the short flags, with every command that takes tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fms_dgt.testing import ModelServer

DEBATE = "instructlab/skills/writing/freeform/debate"
TASK = """task_name: {name}
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - question: Tell me a joke about a saw.
    answer: I saw it.
"""
FILES = {f"{name}.yaml": TASK.format(name=name) for name in ("saws", "files", "planes")}


@pytest.mark.parametrize(
    "argv",
    [
        ("run", "task.yaml", "-n", "7", "-o", "there", "-c", "c.yaml"),
        ("run", "-n", "7", "-o", "there", "-c", "c.yaml", "task.yaml"),
        ("task.yaml", "-n7", "-o", "there", "--config-path", "c.yaml"),
        ("./task.yaml", "-n", "7", "-o", "there", "-c", "c.yaml"),
        ("--task-paths", "task.yaml", "--num-outputs-to-generate", "7", "--output-dir", "there", "-c", "c.yaml"),
        ("run", "--task-paths", "task.yaml", "-n", "7", "-o", "there", "-c", "c.yaml"),
    ],
)
def test_one_run_in_every_spelling(project, runner, done, argv):
    runner.ends(done("reached", 7, 7))
    made = project(
        {
            "task.yaml": "task_name: t\ndata_builder: haiku\n",
            "c.yaml": "runner_config: {max_stalled_requests: 3}\n",
        }
    )
    assert made.run(*argv).code == 0
    (task,) = runner.asked["plan"].tasks
    settings = task.settings
    assert (settings.num_outputs_to_generate, settings.max_stalled_requests) == (7, 3)
    assert task.folder == Path.cwd() / "there" / "t"


@pytest.mark.parametrize(
    "argv",
    [
        ("run", "saws.yaml", "files.yaml", "planes.yaml"),
        ("run", "saws.yaml", "--seed", "1", "files.yaml", "planes.yaml"),
        ("run", "saws.yaml", "-n", "3", "files.yaml", "--quiet", "planes.yaml"),
        ("saws.yaml", "--task-paths", "files.yaml", "planes.yaml"),
    ],
)
def test_several_tasks_in_their_order_before_and_behind_flags(project, runner, done, argv):
    runner.ends(done("reached", 20))
    project(FILES).run(*argv)
    assert [task.name for task in runner.asked["plan"].tasks] == ["saws", "files", "planes"]


def test_a_folder_named_like_a_command_needs_the_word_run(project, runner, done):
    runner.ends(done("reached", 20))
    made = project({"datasets/task.yaml": TASK.format(name="saws")})
    assert made.run("run", "datasets").code == 0
    assert [task.name for task in runner.asked["plan"].tasks] == ["saws"]


def test_draw_takes_a_task(project):
    made = project({})
    by_flag = made.run("draw", "--task-paths", DEBATE, "--config-path", "offline")
    assert made.run("draw", DEBATE, "-c", "offline") == by_flag
    assert by_flag.code == 0


@pytest.mark.parametrize(
    ("argv", "sent"),
    [
        (("saws.yaml",), "Tell me a joke about a saw."),
        (("What is a saw?",), "What is a saw?"),
        (("saws.yaml", "What is a saw?"), "What is a saw?"),
        (("What is a saw?", "saws.yaml"), "What is a saw?"),
        (("saws/files?",), "saws/files?"),
        # a file of its own would have no space in its name
        (("What is in saws/files?",), "What is in saws/files?"),
    ],
)
def test_try_tells_a_prompt_from_a_task(project, argv, sent):
    made = project(FILES)
    with ModelServer(lambda body: "Because.").in_thread() as server:
        teacher = f"openai:m,base_url={server.base_url}"
        made.run("try", *argv, "--teacher", teacher)
    assert sent in json.dumps(server.requests[-1].body)


def test_try_takes_one_prompt(project):
    result = project({}).run("try", "Name", "three rivers", "--teacher", "simulated")
    assert result.code == 2
    assert result.stderr == (
        "error: 'three rivers' is a second prompt, and no task; put a prompt of several words in quotes\n"
    )


def test_check_teachers_asks_the_models_of_a_task(project):
    result = project(FILES).run("check-teachers", "saws.yaml", "-c", "offline", "--json")
    assert result.code == 0, result.stderr
    teachers = json.loads(result.stdout)["teachers"]
    assert {role for teacher in teachers for role in teacher["roles"]} == {
        "skills_sdg.generator",
        "skills_sdg.validator",
    }


def test_chat_talks_with_the_model_of_a_task(project, monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n"))
    result = project(FILES).run("chat", "saws.yaml", "-c", "offline")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout
