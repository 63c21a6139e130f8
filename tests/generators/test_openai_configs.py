"""The shipped configs that speak the OpenAI protocol: what they ask, and that their documents know them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fms_dgt.config import PlanRequest, load_plan
from fms_dgt.config.shipped import shipped_names
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError
from fms_dgt.plugins import Plugins
from fms_dgt.runner import check
from fms_dgt.testing import ModelServer

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "generators" / "openai.md"
DEBATE = "instructlab/skills/writing/freeform/debate"
KEY = "a-key-to-recognise"

# the environment that each asks for, and the variable that says where its server is
CONFIGS = {
    "openai": ({"OPENAI_API_KEY": KEY}, "OPENAI_BASE_URL"),
    "vllm": ({}, "VLLM_BASE_URL"),
    "ollama": ({}, "OLLAMA_BASE_URL"),
    "llama_server": ({}, "LLAMA_SERVER_BASE_URL"),
    "llama_stack": ({}, "LLAMA_STACK_BASE_URL"),
    "lm_studio": ({}, "LM_STUDIO_BASE_URL"),
    "azure": ({"AZURE_OPENAI_API_KEY": KEY}, "AZURE_OPENAI_ENDPOINT"),
    "skills_sdg_rits": ({"RITS_API_KEY": KEY}, "RITS_BASE_URL"),
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for needed, url in CONFIGS.values():
        for name in (*needed, url, "TEACHER_MODEL", "JUDGE_MODEL"):
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_makes_data(name, project, monkeypatch) -> None:
    needed, url = CONFIGS[name]
    with ModelServer().in_thread() as server:
        base = server.base_url.removesuffix("/v1") if name == "azure" else server.base_url
        for variable, value in {**needed, url: base}.items():
            monkeypatch.setenv(variable, value)
        made = project({})
        result = made.run("--task-paths", DEBATE, "--config-path", name, "--num-outputs-to-generate", "2")
        models = {one.body["model"] for one in server.requests}
    assert result.code == 0, result.stderr
    assert models == models_of(name)


def models_of(name: str) -> set[str]:
    text = (ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{(?:TEACHER|JUDGE)_MODEL:-([^}]+)\}", text))


@pytest.mark.parametrize("name", [name for name, (needed, _) in CONFIGS.items() if needed])
def test_a_key_that_is_not_set_is_said_with_its_place(name, tmp_path) -> None:
    plan = PlanRequest(tasks=[DEBATE], config=name, cwd=tmp_path)
    with pytest.raises(InputError) as caught:
        check(load_plan(plan), Plugins.discover())
    for variable in CONFIGS[name][0]:
        assert re.search(
            rf"{name}\.yaml:\d+: .*the environment variable {variable} is not set", str(caught.value)
        )


def test_ports_are_those_of_the_servers() -> None:
    ports = {"vllm": 8000, "ollama": 11434, "llama_server": 8080, "llama_stack": 8321, "lm_studio": 1234}
    for name, port in ports.items():
        [generator, judge] = read_yaml(ROOT / "configs" / f"{name}.yaml").plain()["databuilders"]["*"][
            "blocks"
        ]
        for block in (generator, judge["lm_config"]):
            assert block["base_url"].endswith(f":-http://localhost:{port}/v1}}")


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_has_a_paragraph(name) -> None:
    assert f"--config-path {name}\n" in DOCUMENT.read_text(encoding="utf-8")
    assert name in shipped_names("configs")
