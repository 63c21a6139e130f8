from __future__ import annotations

from knowledge_samples import NAMES, builder, task
from skills_samples import ROOT

from fms_dgt.builders.knowledge_sdg.options import KnowledgeOptions
from fms_dgt.builders.knowledge_sdg.record import KnowledgeRecord
from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask
from fms_dgt.core.stages import Check
from fms_dgt.core.typed import decode, field_names
from fms_dgt.core.yaml_file import read_yaml

DEFAULTS = read_yaml(ROOT / "fms_dgt/builders/knowledge_sdg/knowledge_sdg.yaml")


def flows() -> list:
    options = [{}, {"mode": "key_facts", "faithfulness": "one_call"}]
    return [stage for one in options for stage in builder(**one).flow(task()).walk()]


def test_the_yaml_says_the_defaults_of_the_code():
    problems: list = []
    options = decode(KnowledgeOptions, DEFAULTS.without("name", "blocks"), problems)
    assert not problems
    assert options == KnowledgeOptions()


def test_the_blocks_are_the_roles_that_the_flow_asks_for():
    asked = {role for stage in flows() for role, _ in stage.asks()}
    asked |= {stage.validator for stage in flows() if isinstance(stage, Check)}
    blocks = {block["name"]: block for block in DEFAULTS.plain()["blocks"]}
    # without a block, a role is played by the validator of its name
    assert {*blocks, "copies"} == asked
    assert blocks["validator"]["lm_config"]["type"] == blocks["generator"]["type"] == "watsonx"


def test_the_page_names_every_key_option_template_stage_and_field():
    page = (ROOT / "docs/builders/knowledge_sdg.md").read_text(encoding="utf-8")
    stages = [stage.name for stage in flows()]
    for name in [*field_names(KnowledgeTask), *field_names(KnowledgeOptions), *NAMES, *stages]:
        if name != "task_name":
            assert f"`{name}`" in page, name
    for name in KnowledgeRecord.__dataclass_fields__:
        assert f'"{name}":' in page, name


def test_offline_from_an_empty_folder(project):
    made = project({})
    result = made.run("--task-paths", "instructlab/knowledge", "--config-path", "offline")
    assert result.code == 0, result.stderr
    folder = "output/instructlab/knowledge/services/bicycle_rental"
    records = made.read(f"{folder}/data.jsonl").splitlines()
    assert len(records) >= 10
    assert "the handbook" in made.read(f"{folder}/data.jsonl").lower()
