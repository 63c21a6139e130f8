"""Prompts are product: what a teacher is sent is compared word for word (UPDATE_SNAPSHOTS=1)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from instruct_samples import template, template_names

from fms_dgt.builders.evol_instruct.builder import IN_DEPTH, MUTATIONS, OF_ANSWERS
from fms_dgt.builders.evol_instruct.elimination import PROMPT_WORDS
from fms_dgt.core.reply import FieldsReply, ScoreReply

SNAPSHOTS = Path(__file__).parent / "evol_instruct_snapshots"
NAMES = template_names("evol_instruct")
VALUES = {
    "instruction": "Say why the sky is blue.\n{{ not a column }} <b>&</b>",
    "parent_instruction": "Is the sky blue?",
    "response": "Air scatters blue light.",
    "parent_response": "It just is.",
}


def rendered(name: str) -> str:
    (message,) = template("evol_instruct", name).messages(VALUES, count=1)
    return message["content"]


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_is_as_it_was(name):
    path = SNAPSHOTS / f"{name}.txt"
    text = rendered(name) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_template_and_every_template_is_used():
    mutations = {name for names in MUTATIONS.values() for name in names}
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == NAMES
    assert set(NAMES) == mutations | {"judge_instruction", "judge_response", "answer"}


@pytest.mark.parametrize("name", NAMES)
def test_no_prompt_has_markup_of_one_model_or_gaps(name):
    text = rendered(name)
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n", text)
    assert not re.search(r"\[/?INST\]|<s>|<\|", text)


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_has_what_it_is_about(name):
    of_answers = name in OF_ANSWERS or name == "judge_response"
    assert VALUES["instruction"] in rendered(name)
    assert (VALUES["response"] in rendered(name)) == of_answers


@pytest.mark.parametrize("name", [*IN_DEPTH, "breadth", *OF_ANSWERS])
def test_a_mutation_gives_one_text_of_what_evolves(name):
    column = "response" if name in OF_ANSWERS else "instruction"
    assert template("evol_instruct", name).reply == FieldsReply([column])


@pytest.mark.parametrize("name", NAMES)
def test_prompts_teach_no_words_that_evolutions_must_not_copy(name):
    assert not [words for words in PROMPT_WORDS if words in rendered(name).casefold()]


@pytest.mark.parametrize("column", ["instruction", "response"])
def test_the_judge_sees_both_and_says_yes_or_no(column):
    judge = template("evol_instruct", f"judge_{column}")
    assert judge.reply == ScoreReply(0, 1)
    assert {column, f"parent_{column}"} <= judge.variables <= {column, f"parent_{column}", "instruction"}
