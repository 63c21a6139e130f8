from __future__ import annotations

import pytest
from skills_samples import FREE, GROUNDED, ROOT, builder, decoded, task

from fms_dgt.builders.skills_sdg.builder import SkillsBuilder
from fms_dgt.builders.skills_sdg.task import SkillsSeed, SkillsTask
from fms_dgt.core.typed import decode
from fms_dgt.core.yaml_file import read_yaml

SHIPPED = sorted((ROOT / "tasks/instructlab/skills").rglob("task.yaml"))


def test_the_builder_names_its_task():
    assert SkillsBuilder.task_type() is SkillsTask


def test_seeds_may_say_instruction_and_response():
    seed, problems = decoded(SkillsSeed, {"instruction": "Why?", "response": "So."})
    assert not problems
    assert seed == SkillsSeed(question="Why?", answer="So.")


@pytest.mark.parametrize(
    ("seed", "problem"),
    [
        (
            {"question": "Why?", "answr": "So."},
            "task.yaml: answr: unknown key 'answr'; did you mean 'answer'? "
            "known keys: answer, context, question",
        ),
        ({"question": "Why?"}, "task.yaml: the key 'answer' is missing; add 'answer: ...'"),
        (
            {"question": "Why?", "instruction": "Why?", "answer": "So."},
            "task.yaml: instruction: says 'question' a second time; remove one of the two",
        ),
        ({"question": 4, "answer": "So."}, "task.yaml: question: must be text, not 4; put it in quotes"),
    ],
)
def test_mistakes_in_a_seed_are_named(seed, problem):
    _, problems = decoded(SkillsSeed, seed)
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(("context", "kind"), [("", "free"), (" \n", "free"), ("A text.", "grounded")])
def test_a_seed_with_a_context_is_grounded(context, kind):
    assert SkillsSeed(question="Why?", answer="So.", context=context).kind == kind


@pytest.mark.parametrize(
    ("seeds", "problem"),
    [
        ([], "task.yaml: seed_examples: is empty; give at least one entry"),
        (
            [FREE[0], {"question": " ", "answer": "So."}],
            "task.yaml: seed_examples[1].question: is empty; write it out",
        ),
        ([{"question": "Why?", "answer": ""}], "task.yaml: seed_examples[0].answer: is empty; write it out"),
    ],
)
def test_empty_seeds_are_refused_with_their_place(seeds, problem):
    said = {"task_name": "t", "task_description": "d", "created_by": "me", "seed_examples": seeds}
    assert decoded(SkillsTask, said) == (None, [problem])


def test_fewer_seeds_than_a_prompt_may_show_are_fine():
    assert builder(num_prompt_instructions=9).check(task(*FREE, *GROUNDED)) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_tasks_are_read(path):
    said = read_yaml(path)
    assert list(said.value) == ["created_by", "task_description", "data_builder", "seed_examples"]
    problems: list = []
    name = said.value["created_by"]
    read = decode(SkillsTask, said.without("data_builder").with_(task_name=name), problems)
    assert not problems
    assert builder().check(read) == []
    assert len(read.seed_examples) >= 5
    assert {seed.kind for seed in read.seed_examples} == {"grounded" if "grounded" in str(path) else "free"}


def test_both_shipped_tasks_are_there():
    assert [path.parent.name for path in SHIPPED] == ["debate", "grammar"]
