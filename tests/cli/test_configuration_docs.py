from __future__ import annotations

import re
from pathlib import Path

import pytest

from fms_dgt.cli.parser import NOTED, REFUSED, run_parser
from fms_dgt.cli.reference import flags_table, with_flags_table
from fms_dgt.config import PlanRequest, load_plan

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
EXAMPLE = re.compile(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", re.DOTALL)


@pytest.fixture
def text():
    return DOCUMENT.read_text(encoding="utf-8")


def test_the_table_of_flags_is_up_to_date(text):
    assert with_flags_table(text) == text, "bring it up to date: fms_dgt.cli.reference.with_flags_table"


def test_the_table_has_every_flag():
    table = flags_table()
    shown = [a for a in run_parser()._actions if a.help != "==SUPPRESS=="]
    assert all(f"`{option}" in table for action in shown for option in action.option_strings[-1:])
    assert all(f"`{name}`" in table for names in (*NOTED, *REFUSED) for name in names)


def test_the_examples_load(text, project):
    examples = dict(EXAMPLE.findall(text))
    made = project({**examples, "tasks/writing/plain_words/notes/a.md": "hi\n"})
    environ = {"JUDGE_KEY": "k"}
    plan = load_plan(PlanRequest(config="config.yaml", environ=environ))
    (task,) = plan.tasks
    assert task.name == task.said.plain()["taxonomy_path"] == "writing/plain_words"
    assert task.said.plain()["notes"] == ["hi\n"]
    assert (
        task.settings.num_outputs_to_generate,
        task.settings.seed,
        task.settings.max_stalled_requests,
    ) == (100, 7, 20)
    assert (plan.settings.max_concurrency, plan.notes, plan.other_builders) == (32, (), {})
    assert [wildcard for _, wildcard in task.builder_layers] == [True, False]
    assert made.path.exists()


def test_the_examples_bind(text, project, monkeypatch):
    examples = dict(EXAMPLE.findall(text))
    examples["tasks/writing/plain_words/task.yaml"] = re.sub(
        r"# Added.*?\n\n", "", examples["tasks/writing/plain_words/task.yaml"], flags=re.DOTALL
    )
    monkeypatch.setenv("JUDGE_KEY", "hunter22")
    result = project(examples).run("--config-path", "config.yaml", "--check")
    assert (result.code, result.stderr) == (0, "")
    assert "hunter22" not in result.stdout
    assert "config.yaml:" in result.stdout


def test_every_key_of_runner_config_is_told(text):
    from fms_dgt.config.settings import RUN_WIDE, TASK_NAMES

    assert all(f"`{name}`" in text for name in (*TASK_NAMES, *RUN_WIDE))
