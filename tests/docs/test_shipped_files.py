"""Every task, config and template that comes with the package loads and binds."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_snippets import ROOT

from fms_dgt.config import PlanRequest, load_plan
from fms_dgt.config.shipped import shipped_names
from fms_dgt.core.template import Template
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.plugins import Plugins
from fms_dgt.runner import check

TEMPLATES = sorted(
    path
    for folder in (ROOT / "templates", *(ROOT / "fms_dgt" / "builders").glob("*/templates"))
    for path in folder.glob("*.yaml")
    if path.stem != "teacher_config"
)
TEACHERS = sorted([*ROOT.glob("templates/teacher_config.yaml"), *ROOT.glob("fms_dgt/**/teacher_config.yaml")])
SHIPPED = [path for folder in ("configs", "tasks", "templates") for path in (ROOT / folder).rglob("*.*")]
# what a knowledge task is about stands beside it, and so do tables
YAML = sorted(path for path in SHIPPED if path.parent.name != "documents" and path.suffix != ".jsonl")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", shipped_names("tasks"))
def test_a_task_binds_with_no_model(name: str, tmp_path: Path) -> None:
    (task,) = load_plan(PlanRequest(tasks=[name], config="offline", cwd=tmp_path)).tasks
    assert task.name == name
    report = check(load_plan(PlanRequest(tasks=[name], config="offline", cwd=tmp_path)), Plugins.discover())
    assert report.tasks[0].stages


# what the services' configs take from the environment, and the extras that some need
KEYS = ["OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "RITS_API_KEY"]
KEYS += ["WATSONX_URL", "WATSONX_API_KEY", "WATSONX_PROJECT_ID"]
NEEDS = {"transformers": ("torch", "transformers")}


@pytest.mark.parametrize("name", shipped_names("configs"))
def test_a_config_binds_with_every_task(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module)
    for variable in KEYS:
        monkeypatch.setenv(variable, "https://us-south.ml.cloud.ibm.com")
    # magpie is refused where a model's chat template is not known, and has a test of its own
    tasks = [task for task in shipped_names("tasks") if task != "magpie"]
    report = check(load_plan(PlanRequest(tasks=tasks, config=name, cwd=tmp_path)), Plugins.discover())
    assert {task.task for task in report.tasks} == set(tasks)


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_a_template_compiles_and_uses_names(path: Path) -> None:
    assert Template.from_file(path).variables


@pytest.mark.parametrize("path", TEACHERS, ids=shown)
def test_a_teacher_config_binds(path: Path, tmp_path: Path) -> None:
    model = {"type": "simulated"}
    blocks = [{"name": "generator", **model}, {"name": "validator", "lm_config": model}]
    config = {"databuilders": {"skills_sdg": {"teacher_config": str(path), "blocks": blocks}}}
    skills = [name for name in shipped_names("tasks") if "/skills/" in name]
    plan = load_plan(PlanRequest(tasks=skills, config=config, cwd=tmp_path))
    assert len(check(plan, Plugins.discover()).tasks) == len(skills)


@pytest.mark.parametrize("path", YAML, ids=shown)
def test_whatever_is_shipped_is_yaml(path: Path) -> None:
    assert read_yaml(path).is_mapping


def test_the_starter_runs(project) -> None:
    made = project({})
    assert made.run("init").code == 0
    result = made.run("--task-paths", "task.yaml", "--config-path", "config.yaml")
    assert result.code == 0, result.stderr
    assert len(made.read("output/plain_words/data.jsonl").splitlines()) == 20
