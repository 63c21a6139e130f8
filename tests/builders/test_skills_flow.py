from __future__ import annotations

import pytest
from skills_samples import FREE, GROUNDED, builder, task

from fms_dgt.builders.skills_sdg.record import SkillsRecord
from fms_dgt.core.composed import Branch, Flow
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check, Generate, Map

FREE_STAGES = [
    "question_template_freeform",
    "not_a_seed_question",
    "dedup_question",
    "filter_questions_template",
    "answer_template",
    "answer_copies",
    "filter_qa_template",
]
GROUNDED_STAGES = [
    "context_template",
    "not_a_seed_context",
    "dedup_context",
    "question_template_grounded",
    "copies_grounded_question",
    "dedup_grounded_question",
    "filter_questions_context_template",
    "answer_context_template",
    "grounded_answer_copies",
    "filter_qa_context_template",
]
SIMPLE_FREE_STAGES = [
    "simple_template_freeform",
    "not_a_seed_question",
    "dedup_question",
    "answer_copies",
    "filter_qa_template",
]
SIMPLE_GROUNDED_STAGES = [
    "simple_template_grounded",
    "not_a_seed_context",
    "dedup_context",
    "copies_grounded_question",
    "dedup_grounded_question",
    "grounded_answer_copies",
    "filter_qa_context_template",
]


def branches(*seeds, **options) -> dict[str, Flow]:
    (branch,) = builder(**options).flow(task(*seeds)).stages
    assert isinstance(branch, Branch)
    assert branch.on == "kind"
    return dict(branch.to)


def stages(flow: Flow) -> dict[str, object]:
    return {stage.name: stage for stage in flow.stages}


@pytest.mark.parametrize(
    ("simple", "free", "grounded"),
    [(False, FREE_STAGES, GROUNDED_STAGES), (True, SIMPLE_FREE_STAGES, SIMPLE_GROUNDED_STAGES)],
)
def test_each_kind_has_its_own_stages(simple, free, grounded):
    flows = branches(*FREE, *GROUNDED, simple=simple)
    assert list(stages(flows["free"])) == free
    assert list(stages(flows["grounded"])) == grounded


@pytest.mark.parametrize(("seeds", "kinds"), [(FREE, ["free"]), (GROUNDED, ["grounded"])])
def test_a_task_has_only_the_flows_that_its_seeds_need(seeds, kinds):
    assert list(branches(*seeds)) == kinds


def test_the_counts_reach_the_prompts():
    flows = branches(*FREE, *GROUNDED, request_batch_size=7, contexts_per_draw=4, questions_per_context=2)
    asked = {
        stage.name: stage.count
        for flow in flows.values()
        for stage in flow.stages
        if isinstance(stage, Generate)
    }
    assert asked == {
        "question_template_freeform": 7,
        "answer_template": 1,
        "context_template": 4,
        "question_template_grounded": 2,
        "answer_context_template": 1,
    }


@pytest.mark.parametrize("kind", ["free", "grounded"])
def test_questions_are_kept_at_1_and_pairs_from_2_on(kind):
    checks = [stage for stage in branches(*FREE, *GROUNDED)[kind].stages if isinstance(stage, Check)]
    kept = {check.into: str(check.keep) for check in checks if check.into}
    assert kept == {"question": "equal 1", "pair": "at least 2"}


@pytest.mark.parametrize("simple", [False, True])
@pytest.mark.parametrize("join", [False, True])
@pytest.mark.parametrize("kind", ["free", "grounded"])
def test_every_column_is_made_before_it_is_needed(simple, join, kind):
    made_by = builder(simple=simple, join_context=join)
    said = task(*FREE, *GROUNDED)
    unit = next(u for u in made_by.source(said).units(0) if u.values["kind"] == kind)
    there = {*made_by.columns(said), *unit.values}
    for stage in branches(*FREE, *GROUNDED, simple=simple, join_context=join)[kind].stages:
        assert stage.needs() <= there
        there |= stage.makes()
    made = {name: None for name in there & set(SkillsRecord.__dataclass_fields__)}
    assert SkillsRecord(**made).task_name is None


def run_map(stage: Map, **columns: str) -> dict[str, str]:
    return dict(stage.function(Row("0", columns)))


@pytest.mark.parametrize(
    ("stage", "column"),
    [
        ("not_a_seed_question", "question"),
        ("dedup_question", "question"),
        ("answer_copies", "answer"),
    ],
)
def test_what_is_made_is_compared_with_the_seeds(stage, column):
    check = stages(branches(*FREE)["free"])[stage]
    assert list(check.known) == [seed[column] for seed in FREE]


@pytest.mark.parametrize(
    ("stage", "column"),
    [
        ("not_a_seed_context", "context"),
        ("dedup_context", "context"),
        ("grounded_answer_copies", "answer"),
        # a question may be asked about another text, too
        ("dedup_grounded_question", None),
    ],
)
def test_what_is_made_about_a_text_is_compared_with_the_seeds(stage, column):
    check = stages(branches(*GROUNDED)["grounded"])[stage]
    assert list(check.known) == ([seed[column] for seed in GROUNDED] if column else [])


def test_join_context_puts_both_in_one_column_at_the_end():
    flow = branches(*GROUNDED, join_context=True)["grounded"]
    assert next(reversed(stages(flow))) == "join_context"
    joined = run_map(stages(flow)["join_context"], context="It rains.", instruction="Does it rain?")
    assert joined == {"instruction": "It rains.\n\nDoes it rain?", "context": ""}
    assert "join_context" not in stages(branches(*FREE, join_context=True)["free"])


def test_one_unit_becomes_as_many_records_as_were_asked_for():
    assert builder().flow(task(*FREE)).multiplies() == 5
    assert builder().flow(task(*GROUNDED)).multiplies() == 30
