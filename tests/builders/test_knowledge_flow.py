from __future__ import annotations

import json
from collections import Counter

import pytest
from knowledge_samples import (
    CONTEXT_SEED,
    GOOD,
    PLAIN_SEEDS,
    Teacher,
    between,
    builder,
    run,
    score,
    tagged,
    task,
)

from fms_dgt.builders.knowledge_sdg.record import KnowledgeRecord
from fms_dgt.core.stages import Check
from fms_dgt.testing import Answer

SUMMARIES = ["detailed_summary", "extractive_summary", "atomic_facts"]
CHECKS = ["not_a_seed", "answer_copies", "dedup_question", "judge_question", "judge_relevancy", "faithfulness"]
PRICES = {"prices.md": "A helmet costs nothing at Saltmarsh Cycles."}


def stages(**options) -> dict:
    return {stage.name: stage for stage in builder(**options).flow(task()).stages}


def counted(outcome) -> Counter:
    return Counter((row["stage"], row["reason"]) for row in outcome.rejections)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["summaries", "variants", "each_variant", "summary_copies", "draw", "question_answer_pairs", "nothing_to_ask"]),
        (
            {"variants": ["document"]},
            ["variants", "each_variant", "draw", "question_answer_pairs", "nothing_to_ask"],
        ),
        (
            {"mode": "key_facts"},
            ["key_facts", "nothing_to_learn", "key_fact_copies", "key_fact_shown", "draw", "key_fact_pairs"],
        ),
    ],
)
def test_cheap_checks_come_before_dear_ones(options, names):
    assert list(stages(**options)) == [*names, *CHECKS]


ONE_CALL = ["variants", "each_variant", "draw", "question_answer_pairs", "nothing_to_ask", *CHECKS[:3]]


@pytest.mark.parametrize("said", [{}, {"mode": "key_facts"}, {"variants": ["atomic_facts"]}])
def test_simple_is_one_call_a_chunk_whatever_else_is_said(said):
    flow = builder(simple=True, **said).flow(task())
    assert [stage.name for stage in flow.stages] == ONE_CALL
    assert [template for stage in flow.walk() for _, template in stage.asks()] == ["question_answer_pairs"]


def test_simple_asks_no_judge_and_still_drops_what_is_there_already(tmp_path):
    seed = CONTEXT_SEED["questions_and_answers"][0]["question"]

    def pairs(prompt):
        said = (seed, "What does a helmet cost?", "What does a HELMET cost")
        return tagged(*(pair for q in said for pair in (("question", q), ("answer", "Nothing."))))

    teacher = Teacher(question_answer_pairs=pairs)
    outcome = run(tmp_path, teacher, PRICES, simple=True)
    assert [name for name, prompts in teacher.prompts.items() if prompts] == ["question_answer_pairs"]
    assert outcome.counts["calls"] == 1
    assert [record["question"] for record in outcome.records] == ["What does a helmet cost?"]
    assert [stage for stage, _ in counted(outcome)] == ["not_a_seed", "dedup_question"]


def test_what_is_kept():
    flow = stages()
    inner = {stage.name: stage for name in ("faithfulness",) for stage in builder().flow(task()).walk()}
    kept = {
        name: str(inner[name].keep) for name in inner if isinstance(inner[name], Check) and inner[name].keep
    }
    assert kept == {"judge_question": "equal 1", "judge_relevancy": "equal 2", "judge_claims": "equal 1"}
    assert flow["dedup_question"].within == "document_name"


@pytest.mark.parametrize(
    ("options", "most"),
    [({}, 40), ({"max_pairs": 3}, 12), ({"variants": ["document"]}, 10), ({"summaries_per_chunk": 2}, 80)],
)
def test_the_engine_knows_how_many_records_a_chunk_may_give(options, most):
    assert builder(**options).flow(task()).multiplies() == most


def test_a_chunk_is_asked_about_as_it_stands_and_by_three_summaries(tmp_path):
    teacher = Teacher()
    outcome = run(tmp_path, teacher, PRICES)
    chunk = PRICES["prices.md"]
    shown = {record["dataset_type"]: record["document"] for record in outcome.records}
    assert shown == {
        "document": chunk,
        "detailed_summary": f"Detailed: {chunk}",
        "extractive_summary": f"Extract: {chunk}",
        "atomic_facts": f"- {chunk}",
    }
    assert {record["raw_document"] for record in outcome.records} == {chunk}
    assert {name: len(prompts) for name, prompts in teacher.prompts.items() if prompts} == {
        **dict.fromkeys(SUMMARIES, 1),
        "question_answer_pairs": 4,
        **dict.fromkeys(["judge_question", "judge_relevancy", "extract_claims", "judge_claims"], 4),
    }


@pytest.mark.parametrize("count", [1, 3])
def test_a_summary_that_cannot_be_read_is_left_out_alone(tmp_path, count):
    cut = Answer("<facts>- One fact. - Another", finish="length")
    outcome = run(tmp_path, Teacher(atomic_facts=cut), PRICES, summaries_per_chunk=count)
    made = Counter(record["dataset_type"] for record in outcome.records)
    wrong = [row for row in outcome.rejections if row["stage"] == "each_variant"]
    assert set(made) == {"document", "detailed_summary", "extractive_summary"}
    assert [row["reason"] for row in wrong] == ["unreadable reply"] * count
    assert "was cut off" in wrong[0]["evidence"]["missing"]


def test_claims_are_checked_against_the_chunk_never_against_a_summary(tmp_path):
    teacher = Teacher()
    run(tmp_path, teacher, PRICES)
    assert {between(prompt, "document") for prompt in teacher.prompts["judge_claims"]} == {PRICES["prices.md"]}


def test_a_record_says_where_it_came_from_and_what_the_judges_said(tmp_path):
    text = "# Prices\n\n## Extras\n\nA helmet costs nothing at Saltmarsh Cycles.\n"
    outcome = run(
        tmp_path, Teacher(judge_question=score(1, "Clear.")), {"d/prices.md": text}, variants=["document"]
    )
    (record,) = outcome.records
    assert list(record) == list(KnowledgeRecord.__dataclass_fields__)
    assert record["document_name"] == "d/prices.md"
    assert record["headings"] == ["Prices", "Extras"]
    assert text[record["start"] : record["end"]] == record["raw_document"]
    assert (record["question_score"], record["question_reason"], record["relevancy_score"]) == (
        1,
        "Clear.",
        2,
    )
    assert record["claims"] == [record["response"]]
    assert (record["task_name"], record["domain"]) == ("prices", "bicycle rental")
    assert record["question_kind"] == "any"
    assert str(tmp_path) not in json.dumps(record)


def test_as_many_pairs_as_the_text_carries_and_no_more_than_are_wanted(tmp_path):
    def several(prompt):
        words = ["price", "deposit", "value", "weight", "colour"]
        return tagged(*(p for w in words for p in (("question", f"What is the {w}?"), ("answer", f"A {w}."))))

    teacher = Teacher(question_answer_pairs=several)
    outcome = run(tmp_path, teacher, PRICES, variants=["document"], max_pairs=3)
    assert [record["response"] for record in outcome.records] == ["A price.", "A deposit.", "A value."]
    assert "3 at the most" in teacher.prompts["question_answer_pairs"][0]


@pytest.mark.parametrize(
    "none", ["NONE", "None.", "**NONE**", " none ", '"NONE"', "[NONE]", "(None)", "**NONE:** no text"]
)
def test_a_chunk_with_nothing_to_ask_yields_none_and_says_so(tmp_path, none):
    nothing = tagged(("question", none), ("answer", "It is a table of contents."))
    outcome = run(tmp_path, Teacher(question_answer_pairs=nothing), PRICES, variants=["document"])
    assert outcome.counts["records"] == 0
    (row,) = outcome.rejections
    assert (row["stage"], row["reason"]) == ("nothing_to_ask", "nothing to ask about in this text")
    assert row["evidence"] == "It is a table of contents."
    (end,) = outcome.tasks.values()
    assert (end.end, end.failed) == ("exhausted", 0)


def test_pairs_that_repeat_a_seed_or_each_other_are_dropped_before_a_judge_is_asked(tmp_path):
    seed = CONTEXT_SEED["questions_and_answers"][0]["question"]

    def pairs(prompt):
        said = (f"{seed.lower()} ", "What does a helmet cost?", "What does a HELMET cost")
        return tagged(*(pair for q in said for pair in (("question", q), ("answer", "Nothing."))))

    teacher = Teacher(question_answer_pairs=pairs)
    outcome = run(tmp_path, teacher, {**PRICES, "zoo.md": "A zoo."}, variants=["document"])
    # the same question about another document is another question
    assert [record["document_name"] for record in outcome.records] == ["prices.md", "zoo.md"]
    assert counted(outcome)[("not_a_seed", "same as a known text")] == 2
    assert sum(count for (stage, _), count in counted(outcome).items() if stage == "dedup_question") == 2
    assert seed.lower() not in "".join(teacher.prompts["judge_question"])


@pytest.mark.parametrize(
    ("answers", "stage", "reason"),
    [
        ({"judge_question": score(0)}, "judge_question", "score not 1"),
        ({"judge_relevancy": score(1)}, "judge_relevancy", "score not 2"),
        ({"judge_claims": score(0)}, "faithfulness", "a claim is not supported by the document"),
        ({"extract_claims": "I would rather not."}, "faithfulness", "unreadable reply"),
        ({"judge_claims": "Perhaps."}, "faithfulness", "unreadable reply"),
    ],
)
def test_each_judgement_rejects_at_its_own_stage(tmp_path, answers, stage, reason):
    outcome = run(tmp_path, Teacher(**answers), PRICES, variants=["document"])
    assert counted(outcome) == {(stage, reason): 1}


@pytest.mark.parametrize("off", ["judge_question", "judge_relevancy", "faithfulness"])
def test_each_judgement_can_be_switched_off_and_costs_nothing_then(tmp_path, off):
    bad = {"judge_question": score(0), "judge_relevancy": score(0), "judge_claims": score(0)}
    asked = {"faithfulness": ["extract_claims", "judge_claims"]}.get(off, [off])
    answers = {name: answer for name, answer in bad.items() if name in asked}
    teacher = Teacher(**answers)
    stages = {off: {"enabled": False}}
    outcome = run(tmp_path, teacher, PRICES, variants=["document"], stages=stages)
    assert outcome.counts["records"] == 1
    assert [teacher.prompts[name] for name in asked] == [[]] * len(asked)


@pytest.mark.parametrize(
    ("judge", "given", "keep"),
    [("judge_relevancy", 1, {"at_least": 1}), ("judge_question", 0, {"at_least": 0}), ("judge_claims", 0, 0)],
)
def test_each_threshold_can_be_set(tmp_path, judge, given, keep):
    teacher = Teacher(**{judge: score(given)})
    outcome = run(tmp_path, teacher, PRICES, variants=["document"], stages={judge: {"keep": keep}})
    assert outcome.counts["records"] == 1


def test_faithfulness_in_one_call(tmp_path):
    teacher = Teacher(judge_faithfulness=score(0, "No helmet there."))
    outcome = run(tmp_path, teacher, PRICES, variants=["document"], faithfulness="one_call")
    (row,) = outcome.rejections
    assert (row["stage"], row["evidence"]["reason"]) == ("faithfulness", "No helmet there.")
    assert not teacher.prompts["extract_claims"]


def test_a_list_of_claims_that_was_cut_off_checks_nothing(tmp_path):
    # a claim that is missing cannot be checked
    cut = Answer(tagged(("claim", "Helmets are free.")) + "<claim>They are", finish="length")
    outcome = run(tmp_path, Teacher(extract_claims=cut), PRICES, variants=["document"])
    assert counted(outcome) == {("faithfulness", "the list was cut off"): 1}


def test_a_list_of_claims_without_end_is_not_paid_for(tmp_path):
    many = tagged(*(("claim", f"There is the number {n}.") for n in range(51)))
    teacher = Teacher(extract_claims=many)
    outcome = run(tmp_path, teacher, PRICES, variants=["document"])
    assert counted(outcome) == {("faithfulness", "the list has more than 50 entries"): 1}
    assert not teacher.prompts["judge_claims"]


def test_several_summaries_of_a_chunk(tmp_path):
    number = iter(range(100))
    teacher = Teacher(
        detailed_summary=lambda prompt: f"Helmets are free, {next(number)}."
    )
    outcome = run(tmp_path, teacher, PRICES, variants=["document", "detailed_summary"], summaries_per_chunk=4)
    shown = sorted(record["document"] for record in outcome.records)
    assert shown == [PRICES["prices.md"], *(f"Helmets are free, {n}." for n in range(4))]
    assert "detailed_summary" not in outcome.records[0]


def test_rejections_do_not_carry_every_summary_along(tmp_path):
    outcome = run(tmp_path, Teacher(judge_question=score(0)), PRICES)
    for row in outcome.rejections:
        assert [row["values"][name] for name in SUMMARIES] == ["", "", ""]


def test_key_facts_give_five_pairs_each(tmp_path):
    facts = ["A helmet is free.", "A basket costs 2 euros."]

    def pairs(prompt):
        fact = between(prompt, "fact")
        ways = ["How", "When it rains, why", "Which of all things", "Tell me how", "Is it so that"]
        return tagged(*(p for way in ways for p in (("question", f"{way} {fact}"), ("answer", fact))))

    teacher = Teacher(key_facts=tagged(*(("fact", fact) for fact in facts)), key_fact_pairs=pairs)
    outcome = run(tmp_path, teacher, PRICES, mode="key_facts")
    assert Counter(record["document"] for record in outcome.records) == dict.fromkeys(facts, 5)
    assert {record["dataset_type"] for record in outcome.records} == {"key_fact"}
    assert {between(prompt, "document") for prompt in teacher.prompts["judge_claims"]} == {PRICES["prices.md"]}


def test_a_chunk_without_a_key_fact_says_so(tmp_path):
    teacher = Teacher(key_facts=tagged(("fact", "NONE: a list of links")))
    outcome = run(tmp_path, teacher, PRICES, mode="key_facts")
    (row,) = outcome.rejections
    assert (row["stage"], row["evidence"]) == ("nothing_to_learn", "NONE: a list of links")


def test_kinds_of_questions_are_asked_for_by_their_weight(tmp_path):
    documents = {f"{n:03}.md": f"Price number {n} is {n}." for n in range(120)}
    teacher = Teacher()
    outcome = run(
        tmp_path,
        teacher,
        documents,
        variants=["document"],
        faithfulness="one_call",
        question_kinds={"short_answer": 1, "multiple_choice": 3},
    )
    kinds = Counter(record["question_kind"] for record in outcome.records)
    assert kinds.keys() == {"short_answer", "multiple_choice"}
    assert 70 <= kinds["multiple_choice"] <= 110
    asked = Counter("multiple choice: the question" in p for p in teacher.prompts["question_answer_pairs"])
    assert asked[True] == kinds["multiple_choice"]


def test_examples_are_drawn_for_each_text_and_depend_on_the_seed_alone(tmp_path):
    documents = {f"{n:03}.md": f"Price number {n} is {n}." for n in range(40)}

    def shown(folder) -> list[str]:
        teacher = Teacher()
        run(folder, teacher, documents, variants=["document"], faithfulness="one_call")
        prompts = sorted(teacher.prompts["question_answer_pairs"], key=lambda p: between(p, "document"))
        return [prompt.partition("</example>")[0] for prompt in prompts]

    assert shown(tmp_path / "a") == shown(tmp_path / "b")


def test_plain_seeds_are_shown_in_turns_and_contexts_with_their_pairs():
    said = task(seed_examples=[CONTEXT_SEED, *PLAIN_SEEDS])
    examples = builder(num_prompt_instructions=2).columns(said)["examples"]
    assert [one["context"] != "" for one in examples] == [True] * 3 + [False] * 4
    assert all(len(one["pairs"]) == 2 for one in examples)
    firsts = [one["pairs"][0]["question"] for one in examples[3:]]
    assert firsts == [seed["question"] for seed in PLAIN_SEEDS]


def test_a_target_ends_the_run(tmp_path):
    documents = {f"{n:03}.md": f"Price number {n} is {n}." for n in range(200)}
    teacher = Teacher()
    wanted = {"runner_config": {"num_outputs_to_generate": 5}}
    outcome = run(tmp_path, teacher, documents, said=wanted, variants=["document"])
    assert outcome.complete
    assert outcome.counts["records"] == 5
    assert len(teacher.prompts["question_answer_pairs"]) < 100


def test_good_answers_are_there_for_every_template():
    assert set(GOOD) == {path for path in Teacher().prompts}
