from __future__ import annotations

import pytest

from fms_dgt.config import apply_layers, apply_teacher, block_problems, wildcard_problems
from fms_dgt.config.blocks import merge_blocks, merge_builder_config
from fms_dgt.core.node import Node, Place
from fms_dgt.core.yaml_file import parse_yaml

BUILDER = """
name: haiku
size: 5
options: {a: 1, b: 1}
blocks:
  - name: generator
    type: watsonx
    model_id_or_path: mixtral
    url: https://there
    temperature: 0.8
    max_new_tokens: 128
    stop_sequences: [x]
    top_p: 0.9
  - name: validator
    type: lm_judge
    retries: 2
    lm_config: {type: watsonx, model_id_or_path: mixtral, url: https://there, temperature: 0}
  - {name: dedup, type: rouge, threshold: 0.7}
"""


def node(text: str) -> Node:
    return parse_yaml(text, "f.yaml")


def merged(over: str, **settings):
    result = merge_builder_config(node(BUILDER), node(over), **settings).plain()
    return {block["name"]: block for block in result["blocks"]}


def test_a_block_keeps_what_is_not_said():
    blocks = merged("blocks: [{name: dedup, threshold: 0.5}, {name: generator, temperature: 0.1}]")
    assert blocks["dedup"] == {"name": "dedup", "type": "rouge", "threshold": 0.5}
    assert (blocks["generator"]["url"], blocks["generator"]["temperature"]) == ("https://there", 0.1)
    assert list(blocks) == ["generator", "validator", "dedup"]


def test_another_type_takes_the_old_ones_options_away_but_not_the_sampling():
    assert merged("blocks: [{name: generator, type: openai, timeout: 3}]")["generator"] == {
        "name": "generator",
        "type": "openai",
        "timeout": 3,
        "temperature": 0.8,
        "max_new_tokens": 128,
        "stop_sequences": ["x"],
        "top_p": 0.9,
    }


def test_the_same_type_takes_nothing_away():
    assert merged("blocks: [{name: generator, type: watsonx}]")["generator"]["url"] == "https://there"


def test_a_judges_model_merges_by_its_own_type():
    judge = merged("blocks: [{name: validator, lm_config: {type: openai, base_url: here}}]")["validator"]
    assert (judge["type"], judge["retries"]) == ("lm_judge", 2)
    assert judge["lm_config"] == {"type": "openai", "base_url": "here", "temperature": 0}
    judge = merged("blocks: [{name: validator, lm_config: {temperature: 1}}]")["validator"]
    assert judge["lm_config"]["model_id_or_path"] == "mixtral"


def test_another_judge_loses_the_model():
    assert merged("blocks: [{name: validator, type: classifier}]")["validator"] == {
        "name": "validator",
        "type": "classifier",
    }


def test_a_model_may_be_its_type_alone():
    assert merged("blocks: [{name: validator, lm_config: simulated}]")["validator"]["lm_config"] == {
        "type": "simulated",
        "temperature": 0,
    }


@pytest.mark.parametrize(
    ("said", "gone", "stays"),
    [
        ("max_tokens: 5", "max_new_tokens", "max_tokens"),
        ("stop: [y]", "stop_sequences", "stop"),
        ("model: y", "model_id_or_path", "model"),
    ],
)
def test_another_spelling_replaces_the_first(said, gone, stays):
    block = merged(f"blocks: [{{name: generator, {said}}}]")["generator"]
    assert gone not in block
    assert stays in block


def test_null_takes_a_value_away():
    block = merged("blocks: [{name: generator, temperature: null, stop: }]")["generator"]
    assert "temperature" not in block
    assert not {"stop", "stop_sequences"} & set(block)


def test_blocks_may_be_a_mapping_by_name():
    assert merged("blocks: {dedup: {threshold: 0.1}}")["dedup"]["threshold"] == 0.1


def test_a_new_block_is_added_unless_it_was_said_of_every_builder():
    assert "llm1" in merged("blocks: [{name: llm1, type: a}]")
    assert "llm1" not in merged("blocks: [{name: llm1, type: a}]", only_known=True)


def test_all_else_merges_as_mappings():
    result = merge_builder_config(
        node(BUILDER), node("size: 6\noptions: {b: 2}\nstages: {write: {count: 1}}")
    ).plain()
    assert (result["size"], result["options"], result["stages"]) == (
        6,
        {"a": 1, "b": 2},
        {"write": {"count": 1}},
    )
    assert len(result["blocks"]) == 3


def test_a_builder_without_blocks():
    assert merge_builder_config(node("name: haiku"), node("size: 6")).plain() == {"name": "haiku", "size": 6}
    assert merge_blocks(None, None).plain() == []


def test_layers_lie_one_on_the_other():
    layers = [
        (node("blocks: [{name: generator, type: simulated, temperature: 0}, {name: other, type: x}]"), True),
        (node("blocks: [{name: generator, latency: 1}]"), False),
    ]
    result = apply_layers(node(BUILDER), layers)
    generator = result.plain()["blocks"][0]
    assert (generator["type"], generator["latency"], generator["temperature"]) == ("simulated", 1, 0)
    assert len(result.plain()["blocks"]) == 3
    assert apply_layers(node(BUILDER), []).plain() == node(BUILDER).plain()


def test_every_value_keeps_its_place():
    over = parse_yaml("blocks:\n  - name: dedup\n    threshold: 2\n", "c.yaml")
    block = apply_layers(node(BUILDER), [(over, False)]).value["blocks"].value[2]
    assert str(block.value["threshold"].place) == "c.yaml:3: blocks[0].threshold"
    assert str(block.value["type"].place) == "f.yaml:18: blocks[2].type"


HERE = Place("the command line", None, "--teacher")


def taught(teacher):
    config = apply_teacher(node(BUILDER), teacher, lambda kind: kind in ("watsonx", "openai"), HERE)
    return {block["name"]: block for block in config.plain()["blocks"]}


def test_a_teacher_plays_every_generator():
    blocks = taught("openai:gpt:4")
    assert blocks["generator"]["type"] == "openai"
    assert blocks["generator"]["model_id_or_path"] == "gpt:4"
    assert blocks["validator"]["type"] == "lm_judge"
    assert blocks["validator"]["lm_config"] == {
        "type": "openai",
        "model_id_or_path": "gpt:4",
        "temperature": 0,
    }
    assert blocks["dedup"] == {"name": "dedup", "type": "rouge", "threshold": 0.7}


def test_a_teacher_without_a_model_brings_none():
    assert "model_id_or_path" not in taught("openai")["generator"]


def test_a_teacher_of_the_same_type_keeps_the_options():
    blocks = taught("watsonx:granite")
    assert (blocks["generator"]["url"], blocks["generator"]["model_id_or_path"]) == (
        "https://there",
        "granite",
    )
    assert taught("watsonx")["generator"]["model_id_or_path"] == "mixtral"


def test_a_teacher_with_options_of_its_own():
    generator = taught({"type": "openai", "model": "m", "temperature": 0})["generator"]
    assert (generator["type"], generator["model"], generator["temperature"]) == ("openai", "m", 0)
    assert "url" not in generator


def test_a_teacher_where_there_are_no_blocks():
    assert apply_teacher(node("name: x"), "openai", bool, HERE).plain() == {"name": "x"}


def test_a_models_place_is_the_flag():
    config = apply_teacher(node(BUILDER), "openai:m", lambda kind: True, HERE)
    assert (
        str(config.value["blocks"].value[0].value["model_id_or_path"].place) == "the command line: --teacher"
    )


def test_blocks_that_nobody_has_though_they_were_said_of_all():
    layers = [
        (node("blocks:\n  - name: generater\n    type: x\n  - name: dedup"), True),
        (node("blocks: [{name: own}]"), False),
    ]
    assert [str(problem) for problem in wildcard_problems([node(BUILDER), node("name: x")], layers)] == [
        "f.yaml:2: blocks[0]: no builder of this run has a block 'generater'; "
        "did you mean 'generator'? blocks: dedup, generator, validator"
    ]


def test_a_builders_own_blocks_are_looked_at_the_same_way():
    assert block_problems(node(BUILDER)) == []
    assert block_problems(node("name: x")) == []
