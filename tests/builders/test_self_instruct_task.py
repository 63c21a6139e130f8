from __future__ import annotations

import pytest
from instruct_samples import ROOT, SEEDS, decoded, said, template_names

from fms_dgt.builders.self_instruct.builder import SelfInstructBuilder, SelfInstructOptions
from fms_dgt.builders.self_instruct.record import SelfInstructRecord
from fms_dgt.builders.self_instruct.task import SelfInstructSeed, SelfInstructTask
from fms_dgt.core.source import Endless
from fms_dgt.core.typed import decode, field_names
from fms_dgt.core.yaml_file import read_yaml


def task(**more) -> SelfInstructTask:
    value, problems = decoded(
        SelfInstructTask, {k: v for k, v in said("x", **more).items() if k != "data_builder"}
    )
    assert not problems
    return value


def builder(**options) -> SelfInstructBuilder:
    value, problems = decoded(SelfInstructOptions, options)
    assert not problems
    return SelfInstructBuilder(value)


def test_the_yaml_says_the_defaults_of_the_code():
    file = read_yaml(ROOT / "fms_dgt/builders/self_instruct/self_instruct.yaml")
    problems: list = []
    assert decode(SelfInstructOptions, file.without("name", "blocks"), problems) == SelfInstructOptions()
    assert not problems
    blocks = {block["name"]: block for block in file.plain()["blocks"]}
    assert blocks.keys() == {"generator", "dedup", "answer_copies"}
    assert blocks["dedup"] == {"name": "dedup", "type": "rouge", "threshold": 0.7}


def test_seeds_may_be_in_the_words_of_other_builders():
    seed, _ = decoded(SelfInstructSeed, {"question": "Why?", "context": "It rains.", "answer": "So."})
    assert seed == SelfInstructSeed(instruction="Why?", input="It rains.", output="So.")


@pytest.mark.parametrize(
    ("seed", "problem"),
    [
        ({"instuction": "Why?"}, "unknown key 'instuction'; did you mean 'instruction'?"),
        ({"instruction": " "}, "is empty; add 'instruction: ...'"),
        ({"input": "It rains.", "output": "So."}, "has an output and no instruction"),
    ],
)
def test_mistakes_in_a_seed_are_named(seed, problem):
    _, problems = decoded(SelfInstructSeed, seed)
    assert any(problem in one for one in problems)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({}, "has nothing to begin with; add 'seed_examples:' with an instruction each"),
        (
            {"seed_examples": [*SEEDS, {"input": "A text."}]},
            "seed_examples[10] has no instruction, and others have one; give each an instruction, or none",
        ),
        ({"seed_examples": SEEDS}, ""),
        ({"seed_examples": [{"input": "A text."}]}, ""),
    ],
)
def test_what_is_wrong_with_a_task_is_found_before_the_first_call(more, problem):
    assert "; ".join(map(str, builder().check(task(**more)))).startswith(problem)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('{"input": "A text."}\n{"text": "Another."}\n', "rows.jsonl:2: has no column 'input'; it has: text"),
        ("", "has no rows"),
        ('{"input": "A text.", "id": 3}\n', ""),
    ],
)
def test_a_table_of_texts_must_have_the_column(tmp_path, rows, problem):
    (tmp_path / "rows.jsonl").write_text(rows)
    said_problems = builder().check(task(input=str(tmp_path / "rows.jsonl")))
    assert problem in "; ".join(map(str, said_problems))
    assert bool(said_problems) == bool(problem)


def test_a_table_and_seeds_are_too_much(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"input": "A text."}\n')
    (problem,) = builder().check(task(input=str(tmp_path / "rows.jsonl"), seed_examples=SEEDS))
    assert str(problem).startswith("has an input and seed_examples; keep")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"min_words": 9, "max_words": 8}, "min_words is 9, more than max_words (8)"),
        ({"lag": 0}, "it must be 1 or more"),
        ({"num_prompt_instructions": 1}, "it must be 2 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, problem):
    _, problems = decoded(SelfInstructOptions, options)
    assert problem in problems[0]


GROWING = [
    *(
        "new_instructions",
        "usable",
        "instruction_copies",
        "dedup_instruction",
        "classification",
        "kind",
        "branch_is_classification",
    ),
    *("output_first", "input_first", "input_copies", "output_copies"),
]


@pytest.mark.parametrize(
    ("seeds", "options", "stages"),
    [
        (SEEDS, {}, GROWING),
        (SEEDS, {"answers": False}, GROWING[:4]),
        ([{"input": "A text."}], {}, ["has_text", "queries", *GROWING[1:4], "answer", "answer_copies"]),
        ([{"input": "A text."}], {"answers": False}, ["has_text", "queries", *GROWING[1:4]]),
    ],
)
def test_the_stages(seeds, options, stages):
    flow = builder(**options).flow(task(seed_examples=seeds))
    assert [stage.name for stage in flow.walk()] == stages


@pytest.mark.parametrize(("options", "lag"), [({}, 16), ({"lag": 3}, 3), ({"num_accepted": 0}, None)])
def test_the_lag_is_the_tasks_and_there_is_none_where_prompts_show_seeds_alone(options, lag):
    source = builder(**options).source(task(seed_examples=SEEDS))
    assert isinstance(source, Endless)
    assert source.lag == lag


def test_the_shipped_task_is_read():
    said_file = (
        read_yaml(ROOT / "tasks/self_instruct/task.yaml")
        .without("data_builder")
        .with_(task_name=read_yaml(ROOT / "tasks/self_instruct/task.yaml").value["created_by"])
    )
    problems: list = []
    read = decode(SelfInstructTask, said_file, problems)
    assert not problems
    assert builder().check(read) == []
    assert len(read.seed_examples) >= 8
    assert all(seed.output for seed in read.seed_examples)
    assert sum(seed.is_classification for seed in read.seed_examples) >= 2


def test_the_page_names_every_option_key_template_stage_and_field():
    page = (ROOT / "docs/builders/self_instruct.md").read_text(encoding="utf-8")
    names = [*field_names(SelfInstructOptions), *template_names("self_instruct"), *GROWING[:6], *GROWING[-2:], "has_text"]
    for name in [*names, *SelfInstructSeed.__dataclass_fields__, "application_description", "criteria"]:
        assert f"`{name}`" in page, name
    for name in SelfInstructRecord.__dataclass_fields__:
        assert f'"{name}":' in page
