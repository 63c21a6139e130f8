"""The held-out questions of scripts/learn are sound, and no training data has them."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from questions import TASKS, blind_guesses, faults, load_questions, normal, sections
from scoring import chance
from teachers import oracle, oracle_records

from fms_dgt.datasets import create_knowledge_pretraining_ds, create_knowledge_regular_ds

QUESTIONS = load_questions()
MULTIPLE_CHOICE = [question for question in QUESTIONS if question.kind == "multiple_choice"]
SHORT_ANSWER = [question for question in QUESTIONS if question.kind == "short_answer"]


def test_there_are_100_and_60_of_all_documents():
    assert (len(MULTIPLE_CHOICE), len(SHORT_ANSWER)) == (100, 60)
    assert Counter(question.document for question in SHORT_ANSWER) == dict.fromkeys(TASKS, 20)
    assert min(Counter(question.document for question in MULTIPLE_CHOICE).values()) >= 33


def test_the_documents_have_the_evidence_and_no_seed_has_the_question():
    assert faults(QUESTIONS) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence": "Nobody has written this."},
        {"text": "Does the Marrow ferry charge for a pram?"},
        {"options": ("the same", "The same.", "other", "another")},
        {"text": "Is it a driving licence?", "options": ("a driving licence", "b", "c", "d"), "answer": 0},
    ],
)
def test_a_bad_question_is_seen(changes):
    assert len(faults([dataclasses.replace(MULTIPLE_CHOICE[0], **changes)])) == 1


def test_a_question_asked_twice_is_seen():
    assert faults([MULTIPLE_CHOICE[0], MULTIPLE_CHOICE[0]]) != []


def test_the_right_option_is_in_each_place_equally_often():
    assert set(Counter(question.answer for question in MULTIPLE_CHOICE).values()) == {25}
    assert {len(question.options) for question in MULTIPLE_CHOICE} == {4}


def test_guessing_by_length_or_frequency_is_near_chance():
    assert max(blind_guesses(MULTIPLE_CHOICE).values()) < chance(MULTIPLE_CHOICE) + 0.11
    assert max(blind_guesses(SHORT_ANSWER).values()) < chance(SHORT_ANSWER) + 0.2


def test_what_was_written_in_place_of_a_teacher_has_no_held_out_question():
    held_out = {normal(question.text) for question in QUESTIONS}
    written = {normal(pair["question"]) for task in TASKS for part in oracle(task) for pair in part["pairs"]}
    assert len(written) > 150
    assert not held_out & written


def test_the_written_pairs_become_the_sets_of_both_phases():
    rows = [row for task in TASKS for row in oracle_records(task)]
    assert {row["raw_document"] for row in rows} <= {
        text for task in TASKS for text in sections(task).values()
    }
    first, second = list(create_knowledge_pretraining_ds(rows)), list(create_knowledge_regular_ds(rows))
    assert len(first) == len(second) > len(rows)
