"""Prompts are product: what a teacher is sent is compared word for word.

After a change that is meant, run with UPDATE_SNAPSHOTS=1 and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from knowledge_samples import CONTEXT_SEED, NAMES, PLAIN_SEEDS, builder, task, template

from fms_dgt.builders.knowledge_sdg.options import QuestionKinds
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.stages import Check, Generate

SNAPSHOTS = Path(__file__).parent / "knowledge_snapshots"
VALUES = {
    **builder().columns(task(seed_examples=[CONTEXT_SEED, *PLAIN_SEEDS])),
    "document": "| Class | Day |\n| --- | --- |\n| Tandem | 28 |",
    "raw_document": "# Prices\n\n| Class | Day |\n| --- | --- |\n| Tandem | 28 |",
    "headings": ["Prices", "Rental prices"],
    "example": 0,
    "question_kind": "any",
    "question": "What does a tandem of Saltmarsh Cycles cost a day?",
    "response": "A tandem costs 28 euros a day.",
    "claim": "A tandem costs 28 euros a day.",
    "claims": ["A tandem costs 28 euros a day.", "Saltmarsh Cycles has tandems."],
    "key_fact": "A tandem costs 28 euros a day.",
}
COUNTS = {"key_fact_pairs": 5}
ASKING = ["question_answer_pairs", "key_fact_pairs"]
KINDS = [f"{name}-{kind}" for name in ASKING for kind in QuestionKinds.__dataclass_fields__ if kind != "any"]
PLAIN = [f"{name}-plain_seeds" for name in ASKING]


def rendered(name: str, *, as_json: bool = False, **changes: object) -> str:
    (message,) = template(name).messages({**VALUES, **changes}, count=COUNTS.get(name), as_json=as_json)
    return message["content"]


def shown(case: str) -> str:
    name, _, way = case.partition("-")
    if way == "plain_seeds":
        return rendered(name, example=1)
    return rendered(name, question_kind=way or "any")


@pytest.mark.parametrize("case", [*NAMES, *KINDS, *PLAIN])
def test_the_prompt_is_as_it_was(case):
    path = SNAPSHOTS / f"{case}.txt"
    text = shown(case) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_template():
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == sorted([*NAMES, *KINDS, *PLAIN])


@pytest.mark.parametrize("case", [*NAMES, *KINDS, *PLAIN])
def test_no_prompt_has_markup_of_one_model_or_gaps(case):
    text = shown(case)
    assert not re.search(r"\[/?INST\]|<s>|<\|", text)
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n", text)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_whole_where_a_task_says_little(name):
    text = rendered(name, domain="", document_outline="", headings=[])
    assert "Subject" not in text
    assert "The document:" not in text
    assert "stands under:" not in text
    assert "\n\n\n" not in text


def test_a_judge_of_questions_sees_the_question_alone():
    assert template("judge_question").variables == {"domain", "question"}


@pytest.mark.parametrize("name", ["judge_claim", "judge_faithfulness"])
def test_faithfulness_is_judged_by_the_chunk_and_where_it_stands(name):
    variables = template(name).variables
    assert {"raw_document", "headings", "document_outline"} <= variables
    assert "document" not in variables


@pytest.mark.parametrize("options", [{}, {"mode": "key_facts"}, {"faithfulness": "one_call"}])
def test_scales_and_what_is_kept_fit(options):
    judges = [
        one for one in builder(**options).flow(task()).walk() if isinstance(one, Check) and one.template
    ]
    assert judges
    for judge in judges:
        contract = template(judge.template).reply
        assert isinstance(contract, ScoreReply)
        assert (contract.low, contract.high) == (0, 2 if judge.name == "judge_relevancy" else 1)
        assert judge.keep(contract.high)
        assert not judge.keep(contract.high - 1)


def test_flows_and_files_name_the_same_templates():
    asked = set()
    ways = ({}, {"faithfulness": "each_claim"}, {"mode": "key_facts", "faithfulness": "one_call"})
    for options in ways:
        for stage in builder(**options).flow(task()).walk():
            asked |= {stage.template} if isinstance(stage, Generate | Check) else set()
    assert asked - {None} == set(NAMES)
