"""A task for which no model is named, where the builder's default is not set up on this machine."""

from __future__ import annotations

import pytest

import fms_dgt
from fms_dgt.generators.watsonx.access import VARIABLES

TASK = """task_name: t
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - {question: Tell me a joke about a saw., answer: I saw it.}
"""
SAID = """\
error: no model can be asked: nothing names one, and watsonx, the default, has no URL and has no project
         name one:
           --teacher local               a model on this machine; 'fms_dgt models' lists and fetches some
           --teacher openai:gpt-4o-mini  or another server of that protocol, by OPENAI_BASE_URL
           --config-path my.yaml         a config of your own; 'fms_dgt init' writes a first one
           --config-path offline         no model: made-up answers, to see how everything works
         or set up watsonx:
           set WATSONX_URL, or write 'region: us-south', say, or 'url: https://...'
           set WATSONX_PROJECT_ID (or WATSONX_SPACE_ID), or write 'project_id: ...'
"""


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in (name for names in VARIABLES.values() for name in names):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("more", [(), ("--check",), ("--estimate",)], ids=str)
def test_one_message_names_the_flags(project, more):
    result = project({"t.yaml": TASK}).run("run", "t.yaml", *more)
    assert (result.code, result.stdout, result.stderr) == (2, "", SAID)


def test_several_tasks_have_one_message(project):
    files = {"t.yaml": TASK, "u.yaml": TASK.replace("task_name: t", "task_name: u")}
    result = project(files).run("run", "t.yaml", "u.yaml")
    assert result.stderr == SAID


def test_try_says_so_too(project):
    assert project({"t.yaml": TASK}).run("try", "t.yaml").stderr == SAID


def test_what_the_message_proposes_works(project):
    made = project({"t.yaml": TASK})
    assert made.run("run", "t.yaml", "--config-path", "offline", "--check").code == 0


def test_other_mistakes_are_told_beside_it(project):
    result = project({"t.yaml": TASK + "sed_examples: []\n"}).run("run", "t.yaml")
    (slip, *rest) = result.stderr.splitlines(keepends=True)
    assert slip.startswith("error: t.yaml:7: sed_examples: unknown key 'sed_examples'")
    assert "".join(rest) == SAID


def test_a_block_that_somebody_wrote_is_told_with_its_line(project):
    config = "databuilders:\n  skills_sdg:\n    blocks:\n      - {name: generator, type: watsonx}\n"
    result = project({"t.yaml": TASK, "c.yaml": config}).run("run", "t.yaml", "-c", "c.yaml")
    lines = result.stderr.splitlines()
    assert lines[0].startswith(
        "error: c.yaml:4: databuilders.skills_sdg.blocks[0]: the watsonx generator has no URL"
    )


def test_a_block_that_is_left_to_the_default_is_named(project):
    config = "databuilders:\n  skills_sdg:\n    blocks:\n      - {name: generator, type: simulated}\n"
    result = project({"t.yaml": TASK, "c.yaml": config}).run("run", "t.yaml", "-c", "c.yaml")
    assert result.stderr.splitlines()[0] == (
        "error: no model is named for 'validator', and watsonx, the default, has no URL and has no project"
    )


def test_from_python_it_names_the_arguments(project):
    project({"t.yaml": TASK})
    with pytest.raises(fms_dgt.UserError) as raised:
        fms_dgt.run("t.yaml")
    lines = str(raised.value).split("\n")
    assert lines[2] == (
        "    generator=\"local\"               a model on this machine; 'fms_dgt models' lists and fetches some"
    )
