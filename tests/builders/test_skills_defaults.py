from __future__ import annotations

from skills_samples import FREE, GROUNDED, ROOT, builder, task

from fms_dgt.builders.skills_sdg.builder import SkillsOptions
from fms_dgt.builders.skills_sdg.record import SkillsRecord
from fms_dgt.builders.skills_sdg.teacher import shipped_files
from fms_dgt.core.generator import GeneratorSpec
from fms_dgt.core.stages import Check, Generate
from fms_dgt.core.typed import decode, field_names
from fms_dgt.core.yaml_file import read_yaml

DEFAULTS = read_yaml(ROOT / "fms_dgt/builders/skills_sdg/skills_sdg.yaml")
OFFLINE = read_yaml(ROOT / "configs/offline.yaml")


def test_the_yaml_says_the_defaults_of_the_code():
    problems: list = []
    options = decode(SkillsOptions, DEFAULTS.without("name", "blocks"), problems)
    assert not problems
    assert options == SkillsOptions()


def test_the_blocks_are_the_roles_that_the_flow_asks_for():
    asked = set()
    for branch in builder().flow(task(*FREE, *GROUNDED)).stages:
        for stage in branch.inner():
            asked |= {stage.role} if isinstance(stage, Generate) else set()
            asked |= {stage.validator} if isinstance(stage, Check) else set()
    blocks = {block["name"]: block for block in DEFAULTS.plain()["blocks"]}
    # without a block, a role is played by the validator of its name
    assert {*blocks, "copies"} == asked
    assert blocks["generator"]["model_id_or_path"] == "mistralai/mixtral-8x7b-instruct-v01"
    assert blocks["validator"]["lm_config"]["type"] == blocks["generator"]["type"] == "watsonx"
    assert blocks["dedup"] == {"name": "dedup", "type": "rouge", "threshold": 0.7}


def test_offline_plays_every_builders_models_by_the_simulated_one():
    every = OFFLINE.plain()["databuilders"]["*"]
    generator, validator = every["blocks"]
    assert generator == {"name": "generator", "type": "simulated"}
    assert validator == {"name": "validator", "lm_config": {"type": "simulated"}}
    problems: list = []
    node = OFFLINE.value["databuilders"].value["*"].value["blocks"].value[1].value["lm_config"]
    assert GeneratorSpec.from_node(node, problems).type == "simulated"
    assert not problems


def test_the_page_names_every_option_template_stage_and_field():
    page = (ROOT / "docs/builders/skills_sdg.md").read_text(encoding="utf-8")
    flow = builder(join_context=True).flow(task(*FREE, *GROUNDED))
    stages = [stage.name for branch in flow.stages for stage in branch.inner()]
    for name in [*field_names(SkillsOptions), *shipped_files(), *stages]:
        assert f"`{name}`" in page
    for name in SkillsRecord.__dataclass_fields__:
        assert f'"{name}":' in page
