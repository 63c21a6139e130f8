from __future__ import annotations

import pytest
from instruct_samples import ROOT, decoded, said, template_names

from fms_dgt.builders.evol_instruct.builder import MUTATIONS, EvolInstructBuilder, EvolInstructOptions
from fms_dgt.builders.evol_instruct.task import EvolInstructTask
from fms_dgt.core.typed import decode, field_names
from fms_dgt.core.yaml_file import read_yaml

ROWS = [{"instruction": "Why is the sky blue?", "id": 7}]
PAGE = ROOT / "docs/builders/evol_instruct.md"


def task(**more) -> EvolInstructTask:
    value, problems = decoded(
        EvolInstructTask, {k: v for k, v in said("x", **more).items() if k != "data_builder"}
    )
    assert not problems
    return value


def builder(**options) -> EvolInstructBuilder:
    value, problems = decoded(EvolInstructOptions, options)
    assert not problems
    return EvolInstructBuilder(value)


def test_the_yaml_says_the_defaults_of_the_code():
    file = read_yaml(ROOT / "fms_dgt/builders/evol_instruct/evol_instruct.yaml")
    problems: list = []
    assert decode(EvolInstructOptions, file.without("name", "blocks"), problems) == EvolInstructOptions()
    assert not problems
    assert [block["name"] for block in file.plain()["blocks"]] == ["generator", "validator"]


@pytest.mark.parametrize(
    ("variant", "drawn"),
    [
        (
            "instruct",
            ["add_constraints", "deepen", "concretize", "add_reasoning_steps", "complicate_input", "breadth"],
        ),
        (
            "complexity",
            ["add_constraints", "deepen", "concretize", "add_reasoning_steps", "complicate_input"],
        ),
        ("quality", ["helpfulness", "relevance", "depth", "creativity", "details"]),
    ],
)
def test_each_variant_has_its_mutations_judge_and_answer(variant, drawn):
    column = "response" if variant == "quality" else "instruction"
    answer = [] if variant == "quality" else ["answer", "answer_copies"]
    flow = builder(variant=variant).flow(task(seed_examples=ROWS))
    names = [stage.name for stage in flow.walk()]
    assert names == ["begin", "evolve", *drawn, "copies", f"judge_{column}", *answer]


def test_options_choose_mutations_and_leave_out_answers():
    flow = builder(mutations=["breadth", "deepen"], answers=False).flow(task(seed_examples=ROWS))
    names = [stage.name for stage in flow.walk()]
    assert names == ["begin", "evolve", "breadth", "deepen", "copies", "judge_instruction"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"mutations": ["deeper"]}, "cannot be the text 'deeper'; did you mean 'deepen'?"),
        (
            {"variant": "complexity", "mutations": ["breadth"]},
            "'breadth' is none of the variant 'complexity'",
        ),
        ({"variant": "quality", "mutations": ["deepen"]}, "'deepen' is none of the variant 'quality'"),
        ({"mutations": ["deepen", "deepen"]}, "one is there twice; name each once"),
        ({"num_evolutions": 0}, "it must be 1 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, problem):
    _, problems = decoded(EvolInstructOptions, options)
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("options", "rows", "problem"),
    [
        ({}, ROWS, ""),
        ({}, [], "has nothing to begin with; add 'seed_examples:' with an instruction each"),
        (
            {},
            [*ROWS, {"instuction": "Why?"}],
            "seed_examples[1]: the key 'instruction' is missing; did you mean",
        ),
        (
            {"variant": "quality"},
            ROWS,
            "seed_examples[0]: the key 'response' is missing; it has: id, instruction",
        ),
    ],
)
def test_what_is_wrong_with_a_task_is_found_before_the_first_call(options, rows, problem):
    found = "; ".join(map(str, builder(**options).check(task(seed_examples=rows))))
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 4),
        ({"num_evolutions": 7, "include_original": True}, 8),
        ({"keep": "last"}, 1),
        ({"keep": "last", "include_original": True}, 2),
    ],
)
def test_one_row_becomes_as_many_records_as_are_kept(options, most):
    assert builder(**options).flow(task(seed_examples=ROWS)).multiplies() == most


def test_the_shipped_task_is_read():
    file = read_yaml(ROOT / "tasks/evol_instruct/task.yaml")
    problems: list = []
    read = decode(
        EvolInstructTask, file.without("data_builder").with_(task_name=file.value["created_by"]), problems
    )
    assert not problems
    assert builder().check(read) == []


def test_the_page_names_every_option_template_stage_and_column():
    page = PAGE.read_text(encoding="utf-8")
    mutations = [name for names in MUTATIONS.values() for name in names]
    for name in [
        *field_names(EvolInstructOptions),
        *template_names("evol_instruct"),
        *mutations,
        *("begin", "evolve", "copies", "answer_copies"),
    ]:
        assert f"`{name}`" in page, name
    for name in (
        "instruction",
        "parent_instruction",
        "original_instruction",
        "generation",
        "mutation",
        "response",
    ):
        assert f'"{name}":' in page
